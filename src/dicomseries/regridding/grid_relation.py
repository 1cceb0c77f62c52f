"""Place of one grid among the voxels of another."""

from __future__ import annotations

import math
from itertools import product
from typing import cast

import numpy as np
import numpy.typing as npt

from dicomseries.geometry import Grid
from dicomseries.lazy_dataclass import dataclass
from dicomseries.orientation import Turn

__all__ = ["ExactRelation", "difference_text", "exact_relation"]

Floats = npt.NDArray[np.float64]
Triple = tuple[int, int, int]

_COINCIDES = 1e-3
"""Tolerance of a voxel's centre in voxels: far below visible, far above rounding to DS."""
_MOST_ROUNDED = 0.1
"""Largest tolerance in voxels, for headers with rounded positions."""
_LIMIT = 1e-6
"""Arithmetic tolerance in voxels."""
_SAME_ANGLE = 0.01
"""Degrees of a turn that is not worth a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactRelation:
    """Voxels of a grid that are voxels of another one.

    Parameters
    ----------
    turn : Turn
        Onto the axes of the other grid.
    first : tuple of int
        Index (x, y, z) in the other grid of the first voxel of the turned one; may lie outside.
    steps : tuple of int
        Voxels of the other grid (x, y, z) from one voxel of the turned one to the next.

    Raises
    ------
    ValueError
        If a step is not at least 1.

    Examples
    --------
    >>> ExactRelation(turn=Turn(), first=(0, 0, -2)).range_along(2, 9, 4)
    (slice(0, 4, 1), slice(2, 6, None))
    """

    turn: Turn
    first: Triple
    steps: Triple = (1, 1, 1)

    def __post_init__(self) -> None:
        if min(self.steps) < 1:
            message = f"steps of {self.steps} voxels"
            raise ValueError(message)

    def range_along(self, axis: int, size: int, other_size: int) -> tuple[slice, slice]:
        """Return the common part along x, y or z.

        Parameters
        ----------
        axis : int
            0 is x, 1 is y, 2 is z.
        size, other_size : int
            Of the turned grid and of the other one.

        Returns
        -------
        (slice, slice)
            In the other grid, and in the turned one; both empty if there is none.
        """
        first, step = self.first[axis], self.steps[axis]
        start = max(math.ceil(-first / step), 0)
        stop = min((other_size - 1 - first) // step + 1, size)
        if stop <= start:
            return slice(0, 0, step), slice(0, 0)
        last = first + step * (stop - 1)
        return slice(first + step * start, last + 1, step), slice(start, stop)

    def ranges(self, grid: Grid, other: Grid) -> tuple[tuple[slice, slice], ...]:
        """Return the common part along x, y and z."""
        shape = self.turn.shape(grid.shape)
        return tuple(
            self.range_along(axis, shape[2 - axis], other.shape[2 - axis]) for axis in range(3)
        )


def exact_relation(
    grid: Grid, other: Grid, *, rounding: npt.ArrayLike = 0.0, is_sparse: bool = False
) -> ExactRelation | None:
    """Return the place of a grid whose voxels are voxels of another.

    Parameters
    ----------
    grid, other : Grid
        LPS mm; axes in any order and direction, either may be larger.
    rounding : array_like
        Largest departure of positions in the headers from their even grids, in voxels of the
        other grid (x, y, z). The centres of voxels may lie as far apart, up to a tenth.
    is_sparse : bool
        Whether the slices of `grid` may be every second, third … slice of the other.

    Returns
    -------
    ExactRelation or None
        None if the voxels do not coincide. The grids may still lie beside each other.

    Examples
    --------
    >>> grid = Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 2))
    >>> relation = exact_relation(grid.flipped("x"), grid)
    >>> relation.turn.flips, relation.first
    ((True, False, False), (0, 0, 0))
    >>> exact_relation(Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 2.1)), grid)
    """
    to_other = np.asarray(np.linalg.solve(other.affine(), grid.affine())[:3], np.float64)
    axes = np.abs(to_other[:, :3]).argmax(axis=0)
    if sorted(axes.tolist()) != [0, 1, 2]:
        return None
    sizes = np.array(grid.shape[::-1])
    whole = np.zeros((3, 4))
    steps, first, flips = [1, 1, 1], [0, 0, 0], [False, False, False]
    for axis, target in enumerate(axes.tolist()):
        length = float(to_other[target, axis])
        step = max(round(abs(length)), 1) if is_sparse and axis == 2 else 1
        flips[target], steps[target] = length < 0, step
        whole[target, axis] = -step if length < 0 else step
        start = round(float(to_other[target, 3]))
        whole[target, 3] = start
        first[target] = start - step * int(sizes[axis] - 1) if length < 0 else start
    allowed = np.clip(np.asarray(rounding) + _LIMIT, _COINCIDES, _MOST_ROUNDED)
    if (_departure(to_other - whole, sizes) > allowed).any():
        return None
    order = np.argsort(axes).tolist()
    return ExactRelation(
        turn=Turn(
            order=cast("Triple", tuple(order)),
            flips=cast("tuple[bool, bool, bool]", tuple(flips)),
        ),
        first=cast("Triple", tuple(first)),
        steps=cast("Triple", tuple(steps)),
    )


def _departure(difference: Floats, sizes: npt.NDArray[np.intp]) -> Floats:
    """Return the largest departure of two maps along each axis, over all voxels."""
    columns, rows, slices = (sizes - 1).tolist()
    corners = np.array(list(product((0, columns), (0, rows), (0, slices), (1.0,))))
    departure: Floats = np.abs(corners @ difference.T).max(axis=0)
    return departure


def difference_text(grid: Grid, other: Grid) -> str:
    """Return how the voxels of a grid miss those of another.

    Examples
    --------
    >>> grid = Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 2))
    >>> other = Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 2.5), origin_lps=(0.25, 0, 0))
    >>> difference_text(other, grid)
    'spacing (1, 1, 2.5) mm, not (1, 1, 2) mm; shifted by (0.25, 0, 0) voxels'
    """
    texts = []
    along = np.abs(np.array(other.axes) @ np.transpose(grid.axes))
    order = along.argmax(axis=1)
    angle = math.degrees(math.acos(min(float(along.max(axis=1).min()), 1.0)))
    if angle > _SAME_ANGLE:
        texts.append(f"axes turned by {angle:.3g}°")
    spacing = [grid.spacing_mm[axis] for axis in order.tolist()]
    sizes = [grid.shape[2 - axis] for axis in order.tolist()]
    for length, expected, size in zip(spacing, other.spacing_mm, sizes, strict=True):
        if abs(length / expected - 1) * max(size - 1, 1) > _COINCIDES:
            texts.append(f"spacing {_numbers(spacing)} mm, not {_numbers(other.spacing_mm)} mm")
            break
    index = np.linalg.solve(other.affine(), (*grid.origin_lps, 1.0))[:3]
    shift = index - np.round(index)
    if np.abs(shift).max() > _COINCIDES:
        texts.append(f"shifted by {_numbers(shift)} voxels")
    return "; ".join(texts) or "positions that are not multiples of the spacing"


def _numbers(values: object) -> str:
    numbers = (round(float(value), 4) + 0.0 for value in cast("Floats", values))
    return f"({', '.join(f'{number:g}' for number in numbers)})"
