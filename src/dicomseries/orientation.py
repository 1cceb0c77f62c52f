"""Directions of rows, columns and slices in the patient.

Turns change the order and direction of axes; every value stays at its point in space. Nothing is
interpolated.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from typing import Any, Literal, cast, get_args

import numpy as np

from dicomseries.errors import OptionError
from dicomseries.geometry import Grid, Vector
from dicomseries.lazy_dataclass import dataclass

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
"""Plane → usual directions of columns, rows and slices (LPS).

Viewers show them upright; slices run along the normal.
"""

_LETTERS = (("L", "R"), ("P", "A"), ("S", "I"))
"""Letters of growing and falling x, y, z of the patient (PS3.3 section C.7.6.1.1.1)."""

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
"""Least cosine to an axis of the patient for advice, about 37°: oblique planes have no usual
way."""

_PARALLEL = 1e-3
"""Largest departure from 1 of the cosine between parallel axes: 2.5°.

Larger angles move a corner by voxels.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """New order and direction of the axes x, y, z.

    x are columns, y rows, z slices.

    Parameters
    ----------
    order : tuple of int
        Old axis of each new one.
    flips : tuple of bool
        Whether each new axis runs against the old one.

    Raises
    ------
    ValueError
        If `order` is not an order of three axes.

    Examples
    --------
    >>> grid = Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 2))
    >>> Turn(order=(0, 1, 2), flips=(False, True, False)).grid(grid).origin_lps
    (0.0, 3.0, 0.0)
    """

    order: tuple[int, int, int] = (0, 1, 2)
    flips: tuple[bool, bool, bool] = (False, False, False)

    def __post_init__(self) -> None:
        if sorted(self.order) != [0, 1, 2] or len(self.flips) != 3:
            message = f"{self.order} is not an order of three axes"
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
        spacing, axes = [], []
        for axis, is_flipped in zip(self.order, self.flips, strict=True):
            direction = np.array(grid.axes[axis])
            if is_flipped:
                first[axis] = grid.shape[2 - axis] - 1
                direction = -direction
            axes.append(direction + 0.0)  # without negative zeros
            spacing.append(grid.spacing_mm[axis])
        return Grid(
            shape=self.shape(grid.shape),
            spacing_mm=cast("Vector", tuple(spacing)),
            origin_lps=grid.point(*first),
            direction_lps=cast("Any", tuple(np.column_stack(axes).ravel().tolist())),
            statement=grid.statement,
        )


def parse_orient(orient: object) -> Orient | None:
    """Return a choice of `orient=`; None if left out.

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
        remedy="Pass `orient='upright'` for rows and columns in the usual directions, or "
        "`orient='as-is'`.",
    )


def turn_to(grid: Grid, orient: Orient) -> Turn:
    """Return the turn to the usual directions.

    Parameters
    ----------
    grid : Grid
        LPS mm, in any orientation.
    orient : {"as-is", "upright", "axial", "coronal", "sagittal"}
        ``"upright"`` keeps the slices and uses the nearest plane.

    Returns
    -------
    Turn
        Slices run along the normal afterwards, unless `orient` is ``"as-is"``.

    Notes
    -----
    PS3.3 section C.7.6.2.1.1: ImageOrientationPatient is then nearest to 1 0 0 0 1 0 (axial),
    1 0 0 0 0 -1 (coronal) or 0 1 0 0 0 -1 (sagittal).

    Examples
    --------
    >>> affine = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 2, 0]]
    >>> ras = Grid.from_affine((3, 4, 5), affine, space="RAS")
    >>> turn_to(ras, "upright").grid(ras).orientation
    (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    """
    if orient == "as-is":
        return Turn()
    if orient in _USUAL:
        return _best_turn(grid, _USUAL[orient], keep_slices=False)
    return turn_along(grid, _USUAL[_plane_of(grid)])


def turn_along(grid: Grid, axes: Sequence[Vector]) -> Turn:
    """Return the turn of rows and columns towards some axes.

    Slices stay slices.

    Parameters
    ----------
    grid : Grid
        LPS mm.
    axes : sequence of 3 vectors
        Wanted directions of columns, rows and slices (LPS).
    """
    return _best_turn(grid, axes, keep_slices=True)


def turn_onto(grid: Grid, other: Grid) -> Turn | None:
    """Return the turn onto the axes of another grid.

    None if the grids are not parallel.

    Parameters
    ----------
    grid, other : Grid
        LPS mm; their voxels need not coincide.

    Examples
    --------
    >>> grid = Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 2))
    >>> turn_onto(grid.flipped("x"), grid).flips
    (True, False, False)
    """
    along = np.array(grid.axes) @ np.transpose(other.axes)  # [axis, axis of the other]
    order = np.abs(along).argmax(axis=0)
    signs = along[order, [0, 1, 2]]
    if sorted(order.tolist()) != [0, 1, 2] or np.abs(signs).min() < 1 - _PARALLEL:
        return None
    x, y, z = order.tolist()
    flip_x, flip_y, flip_z = (signs < 0).tolist()
    return Turn(order=(x, y, z), flips=(flip_x, flip_y, flip_z))


def _plane_of(grid: Grid) -> str:
    across = np.abs(grid.normal)
    return ("sagittal", "coronal", "axial")[int(np.argmax(across))]


def _best_turn(grid: Grid, axes: Sequence[Vector], *, keep_slices: bool) -> Turn:
    """Return the turn nearest to the wanted axes.

    Of equally near ones it is that of fewest changes.
    """
    along = np.array(grid.axes) @ np.transpose(axes)  # [old axis, new axis]
    orders = [order for order in permutations(range(3)) if order[2] == 2 or not keep_slices]

    def nearness(order: tuple[int, ...]) -> float:
        return round(float(np.abs(along[list(order), [0, 1, 2]]).sum()), 6)

    x, y, z = max(orders, key=nearness)
    flip_x, flip_y = bool(along[x, 0] < 0), bool(along[y, 1] < 0)
    turn = Turn(order=(x, y, z), flips=(flip_x, flip_y, False))
    if not turn.grid(grid).is_right_handed:
        turn = Turn(order=(x, y, z), flips=(flip_x, flip_y, True))
    return turn


# ------------------------------------------------------------------------------------------ letters
def _letters(vector: Vector) -> str:
    """Return the letters of a direction.

    The nearest axis of the patient comes first; small parts are left out.
    """
    letters = ""
    for axis in sorted(range(3), key=lambda axis: -abs(vector[axis])):
        if abs(vector[axis]) > 0.1:
            letters += _LETTERS[axis][int(vector[axis] < 0)]
    return letters


def orientation_code(grid: Grid) -> str:
    """Return the directions of columns, rows, slices, such as LPS.

    Examples
    --------
    >>> orientation_code(Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 2)))
    'LPS'
    """
    return "".join(_letters(axis)[0] for axis in grid.axes)


def course(vector: Vector) -> str:
    """Return start and end of an axis in letters.

    An oblique axis has several.

    Examples
    --------
    >>> course((1.0, 0.0, 0.0)), course((0.0, 0.6, -0.8))
    ('R→L', 'SA→IP')
    """
    end = _letters(vector)
    start = "".join(_OPPOSITE[letter] for letter in end)
    return f"{start}→{end}"


def orientation_text(grid: Grid) -> str:
    """Return the directions of columns, rows and slices as text.

    Examples
    --------
    >>> orientation_text(Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 2)))
    'columns R→L, rows A→P, slices I→S'
    """
    x, y, z = map(course, grid.axes)
    return f"columns {x}, rows {y}, slices {z}"


def unusual_course(grid: Grid) -> str:
    """Return a sentence about unusual rows or columns.

    Empty if they are usual or oblique.

    Examples
    --------
    >>> affine = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 2, 0]]
    >>> ras = Grid.from_affine((3, 4, 5), affine, space="RAS")
    >>> unusual_course(ras)[:77]
    'Columns run from left to right and rows from posterior to anterior: viewers t'
    """
    turn = turn_to(grid, "upright")
    if (turn.order, turn.flips[:2]) == ((0, 1, 2), (False, False)):
        return ""
    if np.abs(grid.axes).max(axis=1).min() < _CLEAR:
        return ""
    x, y = (_letters(axis)[0] for axis in grid.axes[:2])
    columns = f"from {_WORDS[_OPPOSITE[x]]} to {_WORDS[x]}"
    rows = f"from {_WORDS[_OPPOSITE[y]]} to {_WORDS[y]}"
    return (
        f"Columns run {columns} and rows {rows}: viewers that draw rows as stored show the patient "
        f"{_appearance(turn)}. Pass `orient='upright'` to store the same voxels the usual way."
    )


def _appearance(turn: Turn) -> str:
    if turn.order != (0, 1, 2):
        return "lying on the side"
    mirrored, upside_down, _ = turn.flips
    if mirrored and upside_down:
        return "turned by 180°"
    if upside_down:
        return "upside down"
    return "with left and right exchanged"
