"""Voxels of mosaics, read on demand: each file once for neighbouring slices."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.lazy_dataclass import dataclass
from dicomseries.reading.mosaics.mosaic_tiles import Tiles
from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.pixels.native_bytes import bytes_of, read_native_bytes
from dicomseries.reading.pixels.pixel_format import (
    clear_unused_bits,
    frame_shape,
    is_plain,
    stored_dtype,
)
from dicomseries.reading.pixels.read_frames import read_stored
from dicomseries.reading.series_slabs import FrameSlabs, rescale_into

__all__ = ["MosaicSlabs"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MosaicSlabs(FrameSlabs):
    """Slices of mosaics, in any order.

    Parameters
    ----------
    tiles : Tiles
        Where the slices are in each file; `sources` holds file and tile.
    """

    tiles: Tiles

    @property
    def shape(self) -> tuple[int, ...]:
        """(slices, rows, columns)."""
        samples = frame_shape(self.instances[0])[2:]
        return (len(self.sources), self.tiles.rows, self.tiles.columns, *samples)

    def fill(self, array: npt.NDArray[Any], start: int) -> None:
        """Read slices into an array, beginning with slice `start`.

        Raises
        ------
        ReadError, MissingPackageError
            As `read_frames`.
        """
        sources = self.sources[start : start + len(array)]
        steps = np.flatnonzero(np.diff(sources[:, 0])) + 1
        begin = 0
        for end in (*steps.tolist(), len(array)):
            if end > begin:
                self._fill_from(array[begin:end], start + begin, sources[begin:end])
            begin = end

    def _fill_from(
        self, target: npt.NDArray[Any], start: int, sources: npt.NDArray[np.intp]
    ) -> None:
        """Read slices of one file."""
        instance = self.instances[int(sources[0, 0])]
        numbers = sources[:, 1].tolist()
        first_row, end_row = self.tiles.band(min(numbers), max(numbers))
        band = _rows_of(instance, first_row, end_row)
        rescales = self.rescales[start : start + len(target)].tolist()
        for index, tile in enumerate(numbers):
            slope, intercept = rescales[index]
            stored = self.tiles.cut(band, first_row, tile)
            rescale_into(target[index], stored, slope, intercept, self.divisor)


def _rows_of(instance: Instance, first: int, end: int) -> npt.NDArray[Any]:
    """Return rows of the whole image, as stored."""
    if not is_plain(instance):
        return read_stored(instance)[first:end]
    dtype = stored_dtype(instance)
    rows = np.empty((end - first, *frame_shape(instance)[1:]), dtype)
    row_bytes = rows[:1].nbytes
    read_native_bytes(instance, first * row_bytes, bytes_of(rows))
    return clear_unused_bits(instance, rows)
