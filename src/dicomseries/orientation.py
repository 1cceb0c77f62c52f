"""Which way rows, columns and slices run in the patient, and how whole axes are turned without moving a voxel.

Nothing here interpolates: axes change their order and direction, and every value stays on its point in space.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any, Literal, cast, get_args

import numpy as np

from dicomseries.errors import OptionError
from dicomseries.geometry import Grid, Vector

__all__ = [
    "ORIENTS",
    "Orient",
    "Turn",
    "course",
    "orientation_code",
    "orientation_text",
    "parse_orient",
    "turn_along",
    "turn_onto",
    "turn_to",
    "unusual_course",
]

Orient = Literal["as-is", "upright", "axial", "coronal", "sagittal"]
ORIENTS: tuple[str, ...] = get_args(Orient)
"""Choices of `orient=`."""

_USUAL: dict[str, tuple[Vector, Vector, Vector]] = {
    "axial": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "coronal": ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0), (0.0, 1.0, 0.0)),
    "sagittal": ((0.0, 1.0, 0.0), (0.0, 0.0, -1.0), (-1.0, 0.0, 0.0)),
}
"""Plane → where columns, rows and slices usually run (LPS): what viewers show upright, slices along the normal."""

_LETTERS = (("L", "R"), ("P", "A"), ("S", "I"))
"""Toward growing and falling x, y, z of the patient (PS3.3 section C.7.6.1.1.1)."""

_WORDS = {
    "L": "left",
    "R": "right",
    "P": "posterior",
    "A": "anterior",
    "S": "superior",
    "I": "inferior",
}
_OPPOSITE = {"L": "R", "R": "L", "P": "A", "A": "P", "S": "I", "I": "S"}

_CLEAR = 0.8
"""Least cosine to an axis of the patient for which advice is given: about 37°; oblique planes have no usual way."""

_PARALLEL = 1e-3
"""Departure of a cosine from 1 below which axes run along each other: 2.5°; more moves a corner by whole voxels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A new order and direction of the axes x (columns), y (rows), z (slices).

    Parameters
    ----------
    order : tuple of int
        For each new axis which of the old ones it is.
    flips : tuple of bool
        For each new axis whether it runs against the old one.

    Raises
    ------
    ValueError
        If `order` is no order of three axes.

    Examples
    --------
    >>> Turn(order=(0, 1, 2), flips=(False, True, False)).grid(Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 2))).origin_lps
    (0.0, 3.0, 0.0)
    """

    order: tuple[int, int, int] = (0, 1, 2)
    flips: tuple[bool, bool, bool] = (False, False, False)

    def __post_init__(self) -> None:
        if sorted(self.order) != [0, 1, 2] or len(self.flips) != 3:
            message = f"{self.order} is no order of three axes"
            raise ValueError(message)

    @property
    def is_identity(self) -> bool:
        """Whether nothing changes."""
        return self.order == (0, 1, 2) and not any(self.flips)

    @property
    def keeps_slices(self) -> bool:
        """Whether slices stay slices, in either order."""
        return self.order[2] == 2

    def shape(self, shape: Sequence[int]) -> tuple[int, int, int]:
        """Return (slices, rows, columns) after the turn."""
        x, y, z = (shape[2 - axis] for axis in self.order)
        return z, y, x

    def grid(self, grid: Grid) -> Grid:
        """Return the grid of the turned array."""
        first = [0, 0, 0]
        axes = []
        for axis, is_flipped in zip(self.order, self.flips, strict=True):
            first[axis] = grid.shape[2 - axis] - 1 if is_flipped else 0
            sign = -1.0 if is_flipped else 1.0
            axes.append([sign * part + 0.0 for part in grid.axes[axis]])
        return Grid(
            shape=self.shape(grid.shape),
            spacing_mm=cast("Vector", tuple(grid.spacing_mm[axis] for axis in self.order)),
            origin_lps=grid.point(*first),
            direction_lps=cast("Any", tuple(np.transpose(axes).ravel().tolist())),
            statement=grid.statement,
        )


def parse_orient(orient: object) -> Orient | None:
    """Return a choice of `orient=`, None if it was left out.

    Raises
    ------
    OptionError
        If there is no such choice.

    Examples
    --------
    >>> parse_orient("Upright"), parse_orient(None)
    ('upright', None)
    """
    if orient is None:
        return None
    name = orient.strip().lower() if isinstance(orient, str) else ""
    if name in ORIENTS:
        return cast("Orient", name)
    raise OptionError(
        code="orient-unknown",
        where="orient",
        given=repr(orient),
        expected=f"one of {', '.join(map(repr, ORIENTS))}",
        remedy="Pass `orient='upright'` for rows and columns that run the usual way, or `orient='as-is'`.",
    )


def turn_to(grid: Grid, orient: Orient) -> Turn:
    """Return how an array is turned so that rows and columns run the usual way.

    Parameters
    ----------
    grid : Grid
        LPS mm, in any orientation.
    orient : {"as-is", "upright", "axial", "coronal", "sagittal"}
        ``"upright"`` keeps the slices, and takes the plane that they are nearest to.

    Returns
    -------
    Turn
        Slices run along the normal afterwards, unless the array is left as it is.

    Notes
    -----
    PS3.3 section C.7.6.2.1.1: ImageOrientationPatient is then nearest to 1 0 0 0 1 0 (axial), 1 0 0 0 0 -1 (coronal)
    or 0 1 0 0 0 -1 (sagittal).

    Examples
    --------
    >>> ras = Grid.from_affine((3, 4, 5), [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 2, 0]], space="RAS")
    >>> turn_to(ras, "upright").grid(ras).orientation
    (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    """
    if orient == "as-is":
        return Turn()
    if orient in _USUAL:
        return _best_turn(grid, _USUAL[orient], keep_slices=False)
    return turn_along(grid, _USUAL[_plane_of(grid)])


def turn_along(grid: Grid, axes: Sequence[Vector]) -> Turn:
    """Return how rows and columns are turned to run as near to given axes as may be; slices stay slices.

    Parameters
    ----------
    grid : Grid
        LPS mm.
    axes : sequence of 3 vectors
        Where columns, rows and slices should run (LPS).
    """
    return _best_turn(grid, axes, keep_slices=True)


def turn_onto(grid: Grid, other: Grid) -> Turn | None:
    """Return how an array is turned to have the axes of another grid in their order; None if they are not parallel.

    Parameters
    ----------
    grid, other : Grid
        LPS mm; their voxels need not coincide.

    Examples
    --------
    >>> own = Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 2))
    >>> turn_onto(own.flipped("x"), own).flips
    (True, False, False)
    """
    along = np.array(grid.axes) @ np.transpose(other.axes)  # [axis, axis of the other]
    order = np.abs(along).argmax(axis=0)
    signs = along[order, [0, 1, 2]]
    if sorted(order.tolist()) != [0, 1, 2] or np.abs(signs).min() < 1 - _PARALLEL:
        return None
    x, y, z = (int(axis) for axis in order)
    return Turn(order=(x, y, z), flips=(bool(signs[0] < 0), bool(signs[1] < 0), bool(signs[2] < 0)))


def _plane_of(grid: Grid) -> str:
    across = np.abs(grid.normal)
    return ("sagittal", "coronal", "axial")[int(np.argmax(across))]


def _best_turn(grid: Grid, axes: Sequence[Vector], *, keep_slices: bool) -> Turn:
    """Return the turn whose axes are nearest to those that are wanted; of equally near ones that of fewest changes."""
    along = np.array(grid.axes) @ np.transpose(axes)  # [old axis, new axis]
    orders = [order for order in permutations(range(3)) if order[2] == 2 or not keep_slices]
    x, y, z = max(
        orders, key=lambda order: round(float(np.abs(along[list(order), [0, 1, 2]]).sum()), 6)
    )
    flips = [bool(along[x, 0] < 0), bool(along[y, 1] < 0)]
    turned = Turn(order=(x, y, z), flips=(flips[0], flips[1], False))
    return (
        turned
        if turned.grid(grid).is_right_handed
        else Turn(order=(x, y, z), flips=(flips[0], flips[1], True))
    )


# ------------------------------------------------------------------------------------------------------------ letters
def _letters(vector: Vector) -> str:
    """Return the letters of a direction, the nearest axis of the patient first; small parts are left out."""
    parts = sorted(range(3), key=lambda axis: -abs(vector[axis]))
    return "".join(
        _LETTERS[axis][int(vector[axis] < 0)] for axis in parts if abs(vector[axis]) > 0.1
    )


def orientation_code(grid: Grid) -> str:
    """Return the letters of where columns, rows and slices run to, such as LPS.

    Examples
    --------
    >>> orientation_code(Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 2)))
    'LPS'
    """
    return "".join(_letters(axis)[0] for axis in grid.axes)


def course(vector: Vector) -> str:
    """Return from where to where an axis runs, in letters; several of an oblique one.

    Examples
    --------
    >>> course((1.0, 0.0, 0.0)), course((0.0, 0.6, -0.8))
    ('R→L', 'SA→IP')
    """
    letters = _letters(vector)
    return f"{''.join(_OPPOSITE[letter] for letter in letters)}→{letters}"


def orientation_text(grid: Grid) -> str:
    """Return where columns, rows and slices run, for people.

    Examples
    --------
    >>> orientation_text(Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 2)))
    'columns R→L, rows A→P, slices I→S'
    """
    x, y, z = map(course, grid.axes)
    return f"columns {x}, rows {y}, slices {z}"


def unusual_course(grid: Grid) -> str:
    """Return a sentence about rows or columns that run against the usual; empty if they do not, or are oblique.

    Examples
    --------
    >>> ras = Grid.from_affine((3, 4, 5), [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 2, 0]], space="RAS")
    >>> unusual_course(ras)[:77]
    'Columns run from left to right and rows from posterior to anterior: viewers t'
    """
    turn = turn_to(grid, "upright")
    if (turn.order, turn.flips[:2]) == ((0, 1, 2), (False, False)):
        return ""
    if min(max(map(abs, axis)) for axis in grid.axes) < _CLEAR:
        return ""
    x, y = (_letters(axis)[0] for axis in grid.axes[:2])
    return (
        f"Columns run from {_WORDS[_OPPOSITE[x]]} to {_WORDS[x]} and rows from {_WORDS[_OPPOSITE[y]]} to {_WORDS[y]}: "
        f"viewers that draw rows as stored show the patient {_seen(turn)}. Pass `orient='upright'` to store the same "
        "voxels the usual way."
    )


def _seen(turn: Turn) -> str:
    if turn.order != (0, 1, 2):
        return "lying on the side"
    mirrored, upside_down, _ = turn.flips
    if mirrored and upside_down:
        return "turned by 180°"
    return "upside down" if upside_down else "with left and right exchanged"
