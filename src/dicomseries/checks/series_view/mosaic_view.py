"""Slices of mosaics, to compare them with an input."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from dicomseries.checks.series_view.element_values import AttributeValue
from dicomseries.checks.series_view.series_view import SeriesView
from dicomseries.checks.series_view.slice_places import PlacedVolume, SlicePlaces, SliceSource
from dicomseries.reading import Series, stored_frames
from dicomseries.sources import FrameReader

__all__ = ["MosaicView", "holds_tiles"]

_PLACE = ("ImagePositionPatient", "ImageOrientationPatient")


def holds_tiles(series: Series) -> bool:
    """Return True for a series of mosaics that form a grid."""
    return series.frame_set is not None and series.frame_set.pool[0].are_tiles


class MosaicView(SeriesView):
    """The slices of mosaics, volume by volume and along the normal.

    Checks of single files see the whole images; this is for the comparison with an input.

    Parameters
    ----------
    series : Series
        Of mosaics, with a grid.
    """

    def __init__(self, series: Series) -> None:
        assert series.frame_set is not None  # noqa: S101 - as `holds_tiles` says
        self._series = series
        self._count = series.frame_set.pool[0].count
        self.instances = series.instances
        self.frames = ()
        self.is_multi_frame = False
        self.places = _places(series)

    @property
    def shape(self) -> tuple[int, ...]:
        """Slices of all volumes, rows and columns, and 3 for colours."""
        return self.stored.shape

    @cached_property
    def stored(self) -> FrameReader:
        """The stored values of the slices."""
        return stored_frames(self._series)

    def values(self, keyword: str) -> tuple[AttributeValue, ...]:
        """Return one value if all slices agree, else all.

        No position and orientation of the whole image where those of the slices are unknown.
        """
        if self.places.positions_lps is None and keyword in _PLACE:
            return ()
        return super().values(keyword)

    def numbers_by_slice(
        self, keyword: str, *, default: tuple[float, ...]
    ) -> npt.NDArray[np.float64] | None:
        """Return DS numbers of the files by slice."""
        numbers = super().numbers_by_slice(keyword, default=default)
        return None if numbers is None else np.repeat(numbers, self._count, axis=0)


def _places(series: Series) -> SlicePlaces:
    frames = series.frame_set
    assert frames is not None  # noqa: S101 - the caller has checked it
    sources, positions, volumes = [], [], []
    for file, tile in frames.sources.tolist():
        of_file = frames.pool[file]
        sources.append(SliceSource(of_file.instance, tile, is_only=False))
        if of_file.positions_lps is not None:
            positions.append(of_file.positions_lps[tile])
    count = frames.pool[0].count
    for start in range(0, len(sources), count):
        volumes.append(PlacedVolume(start=start, stop=start + count, stack=""))
    return SlicePlaces(
        sources=tuple(sources),
        order=np.arange(len(sources)),
        positions_lps=np.array(positions) if positions else None,
        volumes=tuple(volumes),
    )
