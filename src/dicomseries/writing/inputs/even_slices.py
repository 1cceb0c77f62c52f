"""The even slices among which the images of a series with gaps lie."""

from __future__ import annotations

import numpy as np

from dicomseries.derivation import SourceSeries
from dicomseries.geometry import Grid
from dicomseries.lazy_dataclass import dataclass

__all__ = ["EvenSlices", "even_slices"]

_TOLERANCE = 0.01
"""Part of the distance of slices by which an image may miss its place."""
_MOST_EMPTY = 4
"""Slices for each image, at most: beyond, the positions are no gaps in a series."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvenSlices:
    """Even slices, with an image in some of them.

    Parameters
    ----------
    grid : Grid
        Of all slices, LPS mm.
    places : tuple of int
        The slice of each image.
    """

    grid: Grid
    places: tuple[int, ...]


def even_slices(series: SourceSeries) -> EvenSlices | None:
    """Return even slices among which the images lie; None without any.

    Parameters
    ----------
    series : SourceSeries
        Of one volume, its images in the order of its grid.
    """
    if series.volumes > 1 or len(series.frames) < 3:
        return None
    positions = np.array([frame.position_lps for frame in series.frames])
    normal = np.array(series.grid.normal)
    along = (positions - positions[0]) @ normal
    aside = positions - positions[0] - np.outer(along, normal)
    step = float(np.diff(along).min())
    if step <= 0:
        return None
    last = round(along[-1] / step)
    step = float(along[-1] / last)
    places = np.round(along / step)
    misses = np.abs(along - places * step).max(), np.abs(aside).max()
    if max(misses) > _TOLERANCE * step or last >= _MOST_EMPTY * len(positions):
        return None
    x, y, _ = series.grid.spacing_mm
    grid = Grid(
        shape=(last + 1, *series.grid.shape[1:]),
        spacing_mm=(x, y, step),
        origin_lps=tuple(positions[0].tolist()),
        direction_lps=series.grid.direction_lps,
        statement=series.grid.statement,
    )
    return EvenSlices(grid=grid, places=tuple(places.astype(int).tolist()))
