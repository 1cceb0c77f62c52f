"""The right-angled, even grid of irregular parallel slices, and their places on it."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from dicomseries.errors import GeometryError
from dicomseries.geometry import Grid
from dicomseries.lazy_dataclass import dataclass
from dicomseries.slice_planes import SlicePlanes

__all__ = ["EvenGrid", "even_grid"]

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

_ROUNDING = 1e-3
"""Part of a slice spacing, or of a pixel, that is rounding."""
_LEAST_GAP = 0.5
"""Part of the usual gap below which a gap does not set the spacing."""
_MOST_VOXELS = 8
"""Voxels of the even grid for each of the series, at most."""
_RIGHT_ANGLES = 5e-3
"""Departure of cosines of two or three decimals from right angles."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EvenGrid:
    """An even grid, and the slices between which each of its slices lies.

    Parameters
    ----------
    grid : Grid
        LPS mm, axes along rows, columns and normal of the slices.
    below : ndarray of int, shape (slices of the grid,)
        The series' slice at or below each slice of the grid.
    weights : ndarray, shape (slices of the grid,)
        Part of the way from there to the next slice of the series, from 0 up to 1.
    is_gap : ndarray of bool, shape (slices of the grid,)
        Whether the series misses this slice.
    shifts : ndarray, shape (slices of the series, 2)
        Row and column of the grid at which the first row and column of each slice are.
    """

    grid: Grid
    below: Indices
    weights: Floats
    is_gap: npt.NDArray[np.bool_]
    shifts: Floats

    def is_covered(self, rows: int, columns: int) -> bool:
        """Whether slices of this size reach all voxels of the grid."""
        return (rows, columns) == self.grid.shape[1:] and not self.shifts.any()


def even_grid(planes: SlicePlanes) -> EvenGrid:
    """Return the even grid that holds all slices.

    The slices of the grid run from the first to the last one, by the smallest usual gap or a little
    less; rows and columns are wider where slices shift sideways.

    Raises
    ------
    GeometryError
        If the slices are not parallel, have no position, or need too large a grid.

    Examples
    --------
    >>> from dicomseries.slice_planes import Irregularity
    >>> planes = SlicePlanes(
    ...     shape=(3, 4, 5), spacings_mm=(1, 1),
    ...     positions_lps=[(0, 0, 0), (0, 0, 2), (0, 0, 6)],
    ...     orientations=[(1, 0, 0, 0, 1, 0)] * 3,
    ...     irregularities=(Irregularity(code="slices-missing", detail="1 of 4"),),
    ... )
    >>> even = even_grid(planes)
    >>> even.grid.shape, even.grid.spacing_mm, even.below.tolist(), even.weights.tolist()
    ((4, 4, 5), (1.0, 1.0, 2.0), [0, 1, 1, 2], [0.0, 0.0, 0.5, 0.0])
    """
    if not (planes.are_placed and planes.are_parallel):
        raise planes.error(where="even")
    distances = planes.distances_mm
    gaps = np.diff(distances)
    if not len(gaps) or gaps.min() <= 0:
        raise planes.error(where="even")
    x_mm, y_mm = planes.pixel_spacing_mm
    usual = float(np.median(gaps))
    smallest = float(gaps[gaps >= _LEAST_GAP * usual].min())
    count = math.ceil(float(distances[-1]) / smallest - _ROUNDING) + 1
    step = float(distances[-1]) / (count - 1)
    shifts = _shifts(planes, (y_mm, x_mm))
    low = np.floor(shifts.min(axis=0) + _ROUNDING)
    high = np.ceil(shifts.max(axis=0) - _ROUNDING)
    rows, columns = (np.array(planes.shape[1:]) + (high - low).astype(int)).tolist()
    _check_size(planes, (count, rows, columns))
    cosines = np.array(planes.orientation)
    unplaced = Grid.from_spacing(
        (count, rows, columns), (x_mm, y_mm, step), direction=cosines, tolerance=_RIGHT_ANGLES
    )
    along = np.array(unplaced.axes)
    origin = planes.positions_lps[0] + along[0] * low[1] * x_mm + along[1] * low[0] * y_mm
    grid = Grid(
        shape=unplaced.shape,
        spacing_mm=unplaced.spacing_mm,
        origin_lps=tuple(origin.tolist()),
        direction_lps=unplaced.direction_lps,
        statement=planes.statement,
    )
    below, weights = _between(distances, step, count)
    is_gap = (weights > 0) & (gaps[np.minimum(below, len(gaps) - 1)] > 1.5 * step)
    return EvenGrid(grid=grid, below=below, weights=weights, is_gap=is_gap, shifts=shifts - low)


def _shifts(planes: SlicePlanes, spacing_mm: tuple[float, float]) -> Floats:
    """Return how many rows and columns each slice lies beside the first."""
    if "slices-sheared" not in planes.codes:
        return np.zeros((planes.shape[0], 2))
    axes = np.reshape(planes.orientation, (2, 3))[::-1]
    aside: Floats = (planes.positions_lps - planes.positions_lps[0]) @ axes.T / spacing_mm
    return np.where(np.abs(aside - np.round(aside)) < _ROUNDING, np.round(aside), aside)


def _between(distances: Floats, step: float, count: int) -> tuple[Indices, Floats]:
    """Return the slice at or below each even place, and the part of the way to the next."""
    places = np.arange(count, dtype=np.float64) * step
    rounding = _ROUNDING * step
    below = np.searchsorted(distances, places + rounding, side="right") - 1
    below = np.clip(below, 0, len(distances) - 1)
    above = np.minimum(below + 1, len(distances) - 1)
    gaps = np.where(above > below, distances[above] - distances[below], 1.0)
    weights = np.clip((places - distances[below]) / gaps, 0.0, 1.0)
    weights[(places - distances[below]) <= rounding] = 0.0
    return np.asarray(below, np.intp), np.asarray(weights, np.float64)


def _check_size(planes: SlicePlanes, shape: tuple[int, int, int]) -> None:
    if math.prod(shape) <= _MOST_VOXELS * math.prod(planes.shape):
        return
    raise GeometryError(
        code="even-grid-large",
        where="even",
        given=f"slices that need a grid of {shape} (slices, rows, columns) for {planes.shape}",
        expected=f"at most {_MOST_VOXELS} voxels for each of the series",
        remedy="Choose a stretch of similar slices with `slices=`, or use the slices one by one.",
    )
