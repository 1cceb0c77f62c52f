"""Preview of a volume: three planes and a histogram."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.geometry import Grid
from dicomseries.lazy_dataclass import dataclass
from dicomseries.orientation import course
from dicomseries.short_repr import record_repr
from dicomseries.slice_planes import SlicePlanes

__all__ = [
    "Histogram",
    "PreviewPlane",
    "VolumePreview",
    "histogram_of",
    "preview_volume",
    "sampled_slices",
]

_MOST_SLICES = 48
"""Evenly spread slices to read: enough for a picture of this height, few of thousands."""

_MOST_PIXELS = 256
"""Rows and columns used of each slice."""

_BINS = 64
_ENDS = (0.5, 99.5)
"""Percentiles of the values shown black and white."""

Pixels = npt.NDArray[np.uint8]
Reals = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreviewPlane:
    """Grey levels or colours of a plane, and its size.

    Parameters
    ----------
    name : str
        Such as ``"slice 7"``.
    pixels : ndarray
        uint8, shape (height, width) or (height, width, 3); the slices of a volume go upwards.
    size_mm : tuple of float
        Width and height in mm.
    letters : tuple of str
        Sides of the patient at the left, right, top and bottom edge; empty if they are not known.
    """

    name: str
    pixels: Pixels = field(repr=False)
    size_mm: tuple[float, float]
    letters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """Numbers of values in equal steps of their range.

    Parameters
    ----------
    counts : tuple of int
        Empty if there is no finite value.
    low, high : float
        The least and the greatest finite value.
    not_finite : int
        Values that are NaN or infinite.
    """

    counts: tuple[int, ...]
    low: float
    high: float
    not_finite: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumePreview:
    """Planes and values of a few slices of a volume.

    Parameters
    ----------
    planes : tuple of PreviewPlane
        The middle slice, row and column; of irregular slices the first, middle and last one.
    bins : Histogram
        Real values of the sampled voxels.
    slices, of : int
        Number of slices that were read, and of all.
    """

    planes: tuple[PreviewPlane, ...]
    bins: Histogram
    slices: int
    of: int

    __repr__ = record_repr


def sampled_slices(slices: int) -> list[int]:
    """Return a few slices, with first, middle and last.

    Examples
    --------
    >>> sampled_slices(3), len(sampled_slices(2400))
    ([0, 1, 2], 49)
    """
    spread = np.linspace(0, slices - 1, min(slices, _MOST_SLICES)).round().astype(int)
    return sorted({*spread.tolist(), slices // 2})


def preview_volume(
    read: Callable[[int, int], npt.NDArray[Any]],
    grid: Grid,
    *,
    slope: float = 1,
    intercept: float = 0,
) -> VolumePreview:
    """Return a preview of a volume from a few slices.

    Memory and reading are bounded for any number of slices.

    Parameters
    ----------
    read : callable
        Returns the slices [start, stop), shape (stop - start, rows, columns) or with 3 colours
        last.
    grid : Grid
        Their geometry; the sides of the patient are named if it has a position.
    slope, intercept : float
        real = slope · value + intercept.

    Examples
    --------
    >>> grid = Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 2))
    >>> preview = preview_volume(lambda start, stop: np.ones((stop - start, 4, 5)), grid)
    >>> [plane.name for plane in preview.planes], preview.planes[1].size_mm, preview.slices
    (['slice 1', 'row 2', 'column 2'], (5.0, 6.0), 3)
    """

    def real(values: npt.NDArray[Any]) -> Reals:
        return np.asarray(values, dtype=np.float64) * slope + intercept

    if isinstance(grid, SlicePlanes):
        return _preview_planes(read, grid, real)
    count, height, width = grid.shape
    indices = sampled_slices(count)
    row, column = height // 2, width // 2
    down, across = -(-height // _MOST_PIXELS), -(-width // _MOST_PIXELS)
    slices: list[Reals] = []
    middle_rows: list[Reals] = []
    middle_columns: list[Reals] = []
    for index in indices:
        pixels = np.asarray(read(index, index + 1))[0]
        slices.append(real(pixels[::down, ::across]))
        middle_rows.insert(0, real(pixels[row, ::across]))
        middle_columns.insert(0, real(pixels[::down, column]))
    values = np.stack(slices)
    levels = _grey_levels(values)
    x, y, z = np.multiply(grid.spacing_mm, grid.shape[::-1]).tolist()
    right, below, above = _sides(grid)
    planes = (
        PreviewPlane(
            name=f"slice {count // 2}",
            pixels=levels(slices[indices.index(count // 2)]),
            size_mm=(x, y),
            letters=(*right, *below),
        ),
        PreviewPlane(
            name=f"row {row}",
            pixels=levels(np.stack(middle_rows)),
            size_mm=(x, z),
            letters=(*right, *above[::-1]),
        ),
        PreviewPlane(
            name=f"column {column}",
            pixels=levels(np.stack(middle_columns)),
            size_mm=(y, z),
            letters=(*below, *above[::-1]),
        ),
    )
    return VolumePreview(planes=planes, bins=histogram_of(values), slices=len(indices), of=count)


def _preview_planes(
    read: Callable[[int, int], npt.NDArray[Any]],
    grid: SlicePlanes,
    real: Callable[[npt.NDArray[Any]], Reals],
) -> VolumePreview:
    """Return the first, middle and last of irregular slices, each as it is."""
    count, height, width = grid.shape
    down, across = -(-height // _MOST_PIXELS), -(-width // _MOST_PIXELS)
    indices = sampled_slices(count)
    slices = [real(np.asarray(read(index, index + 1))[0][::down, ::across]) for index in indices]
    values = np.stack(slices)
    levels = _grey_levels(values)
    planes = []
    for index in sorted({0, count // 2, count - 1}):
        x_mm, y_mm = grid.spacings_mm[index].tolist()
        planes.append(
            PreviewPlane(
                name=f"slice {index}",
                pixels=levels(slices[indices.index(index)]),
                size_mm=(x_mm * width, y_mm * height),
                letters=_sides_of_slice(grid.orientations[index]),
            )
        )
    return VolumePreview(
        planes=tuple(planes), bins=histogram_of(values), slices=len(indices), of=count
    )


def _sides_of_slice(orientation: Reals) -> tuple[str, ...]:
    """Return the sides of the patient around a slice; none if it has no orientation."""
    if not np.isfinite(orientation).all():
        return ()
    x, y, z, *rows = orientation.tolist()
    return (*course((x, y, z)).split("→"), *course((rows[0], rows[1], rows[2])).split("→"))


def _sides(grid: Grid) -> tuple[tuple[str, ...], ...]:
    """Return the sides of the patient along each axis."""
    if not grid.statement.has_place:
        return ((), (), ())
    return tuple(tuple(course(axis).split("→")) for axis in grid.axes)


def histogram_of(values: npt.NDArray[Any]) -> Histogram:
    """Return the histogram of the finite values.

    Examples
    --------
    >>> histogram = histogram_of(np.array([0.0, 1.0, 1.0, np.nan]))
    >>> histogram.counts[0], histogram.counts[-1], histogram.low, histogram.high
    (1, 2, 0.0, 1.0)
    >>> histogram.not_finite
    1
    """
    finite = values[np.isfinite(values)]
    not_finite = values.size - finite.size
    if not finite.size:
        return Histogram(counts=(), low=0.0, high=0.0, not_finite=not_finite)
    low, high = float(finite.min()), float(finite.max())
    steps = np.minimum((_share(finite, low, high) * _BINS).astype(np.intp), _BINS - 1)
    counts = np.bincount(steps.ravel(), minlength=_BINS)
    return Histogram(counts=tuple(counts.tolist()), low=low, high=high, not_finite=not_finite)


def _share(values: Reals, low: float, high: float) -> Reals:
    """Return values relative to a range, from 0 to 1."""
    width = high / 2 - low / 2  # by halves, as a difference of two may overflow
    if not width:
        return np.zeros(values.shape)
    return (values / 2 - low / 2) / width


def _grey_levels(sample: Reals) -> Callable[[Reals], Pixels]:
    """Return a function from values to grey levels."""
    finite = sample[np.isfinite(sample)]
    low, high = 0.0, 0.0
    if finite.size:
        low, high = np.percentile(finite, _ENDS, method="nearest").tolist()
        if low == high:
            low, high = float(finite.min()), float(finite.max())

    def levels(values: Reals) -> Pixels:
        finite_values = np.nan_to_num(values, nan=low, posinf=high, neginf=low)
        return np.asarray(np.clip(_share(finite_values, low, high), 0, 1) * 255).astype(np.uint8)

    return levels
