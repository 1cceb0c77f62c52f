"""A look at a volume: three planes and a histogram from a few slices, however many there are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.geometry import Grid
from dicomseries.orientation import course

__all__ = [
    "Histogram",
    "PreviewPlane",
    "VolumePreview",
    "histogram_of",
    "preview_volume",
    "sampled_slices",
]

_MOST_SLICES = 48
"""Slices that are read, spread evenly: enough for a picture of this height, and few of a volume of thousands."""

_MOST_PIXELS = 256
"""Rows and columns that are kept of each slice."""

_BINS = 64
_ENDS = (0.5, 99.5)
"""Percentiles of the values that become black and white."""

Pixels = npt.NDArray[np.uint8]
Reals = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreviewPlane:
    """A plane through a volume as grey levels or colours, and its size in mm.

    Parameters
    ----------
    name : str
        Which plane it is, such as ``"slice 7"``.
    pixels : ndarray
        uint8, shape (height, width) or (height, width, 3); the slices of a volume go upwards.
    size_mm : tuple of float
        Width and height in mm.
    letters : tuple of str
        Sides of the patient at the left, right, top and bottom edge; empty where these are not known.
    """

    name: str
    pixels: Pixels
    size_mm: tuple[float, float]
    letters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """How many values lie in each of equal steps from the least to the greatest.

    Parameters
    ----------
    counts : tuple of int
        Empty where there is no finite value.
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
    """What a few slices of a volume show.

    Parameters
    ----------
    planes : tuple of PreviewPlane
        One along the slices, one along the rows, one along the columns, through the middle.
    bins : Histogram
        Real values of the voxels that were looked at.
    slices, of : int
        How many slices were read, and how many there are.
    """

    planes: tuple[PreviewPlane, ...]
    bins: Histogram
    slices: int
    of: int


def sampled_slices(slices: int) -> list[int]:
    """Return the indices of a few slices, the first, the middle and the last among them.

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
    """Look at a volume, a few slices at a time: memory and reading are bounded, however large it is.

    Parameters
    ----------
    read : callable
        Gives the slices [start, stop) of a volume, shape (stop - start, rows, columns) or with 3 colours last.
    grid : Grid
        Where they are; the sides of the patient are named if that was stated.
    slope, intercept : float
        real = slope · value + intercept.

    Examples
    --------
    >>> seen = preview_volume(lambda start, stop: np.ones((stop - start, 4, 5)), Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 2)))
    >>> [plane.name for plane in seen.planes], seen.planes[1].size_mm, seen.slices
    (['slice 1', 'row 2', 'column 2'], (5.0, 6.0), 3)
    """
    count, height, width = grid.shape
    places = sampled_slices(count)
    steps = (
        slice(None, None, -(-height // _MOST_PIXELS)),
        slice(None, None, -(-width // _MOST_PIXELS)),
    )
    middle = (count // 2, height // 2, width // 2)
    across: list[Reals] = []
    along_rows: list[Reals] = []
    along_columns: list[Reals] = []
    for place in places:
        whole = np.asarray(read(place, place + 1))[0]
        across.append(_real(whole[steps], slope, intercept))
        along_rows.append(_real(whole[middle[1], steps[1]], slope, intercept))
        along_columns.append(_real(whole[steps[0], middle[2]], slope, intercept))
    seen = np.stack(across)
    shades = _shades(seen)
    x, y, z = (
        step * size for step, size in zip(grid.spacing_mm, (width, height, count), strict=True)
    )
    has_place = grid.statement.has_place
    columns, rows, slices = ((course(axis).split("→") if has_place else []) for axis in grid.axes)
    planes = (
        PreviewPlane(
            name=f"slice {middle[0]}",
            pixels=shades(across[places.index(middle[0])]),
            size_mm=(x, y),
            letters=(*columns, *rows),
        ),
        PreviewPlane(
            name=f"row {middle[1]}",
            pixels=shades(np.stack(along_rows[::-1])),
            size_mm=(x, z),
            letters=(*columns, *slices[::-1]),
        ),
        PreviewPlane(
            name=f"column {middle[2]}",
            pixels=shades(np.stack(along_columns[::-1])),
            size_mm=(y, z),
            letters=(*rows, *slices[::-1]),
        ),
    )
    return VolumePreview(planes=planes, bins=histogram_of(seen), slices=len(places), of=count)


def histogram_of(values: npt.NDArray[Any]) -> Histogram:
    """Return how values are spread; those that are not finite are counted apart.

    Examples
    --------
    >>> bins = histogram_of(np.array([0.0, 1.0, 1.0, np.nan]))
    >>> bins.counts[0], bins.counts[-1], bins.low, bins.high, bins.not_finite
    (1, 2, 0.0, 1.0, 1)
    """
    finite = values[np.isfinite(values)]
    lost = values.size - finite.size
    if not finite.size:
        return Histogram(counts=(), low=0.0, high=0.0, not_finite=lost)
    low, high = float(finite.min()), float(finite.max())
    steps = np.minimum((_share(finite, low, high) * _BINS).astype(np.intp), _BINS - 1)
    counts = np.bincount(steps.ravel(), minlength=_BINS)
    return Histogram(counts=tuple(counts.tolist()), low=low, high=high, not_finite=lost)


def _real(values: npt.NDArray[Any], slope: float, intercept: float) -> Reals:
    return np.asarray(values, dtype=np.float64) * slope + intercept


def _share(values: Reals, low: float, high: float) -> Reals:
    """Return where values lie between two others, from 0 to 1; by halves, since a difference of two may overflow."""
    width = high / 2 - low / 2
    return (values / 2 - low / 2) / width if width else np.zeros(values.shape)


def _shades(seen: Reals) -> Callable[[Reals], Pixels]:
    """Return what makes grey levels of values, by the range of all that were seen."""
    finite = seen[np.isfinite(seen)]
    low, high = (
        map(float, np.percentile(finite, _ENDS, method="nearest")) if finite.size else (0.0, 0.0)
    )
    if low == high and finite.size:
        low, high = float(finite.min()), float(finite.max())

    def shades(values: Reals) -> Pixels:
        known = np.nan_to_num(values, nan=low, posinf=high, neginf=low)
        return np.asarray(np.clip(_share(known, low, high), 0, 1) * 255).astype(np.uint8)

    return shades
