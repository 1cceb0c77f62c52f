"""A copy on the disk of a source with deep chunks."""

from __future__ import annotations

import math
import mmap
import threading
from collections.abc import Callable, Iterator

import numpy as np

from dicomseries.operating_system import reserve
from dicomseries.sources.frames.array_frames import view_frames
from dicomseries.sources.frames.files.mapped_files import MappedPages
from dicomseries.sources.frames.files.scratch_file import scratch_file, scratch_full
from dicomseries.sources.frames.frame_reader import Block, FrameReader, Numbers, VolumeView
from dicomseries.sources.frames.frame_runs import Piece

__all__ = ["scratch_copy"]

_BAND = 16 << 20
"""Bytes of frames of the scratch file that are touched before they are given back to the system."""


def scratch_copy(
    reader: FrameReader, *, slices: int, progress: Callable[[int, int], None] | None = None
) -> FrameReader:
    """Return frames that the first read copies to the disk.

    The copy is an unnamed file of the size of the voxels in the folder for temporary files
    (``TMPDIR``). It is gone when nothing refers to these frames any more, however the program ends.

    Parameters
    ----------
    reader : FrameReader
        The source, with `blocks`.
    slices : int
        Slices of one volume.
    progress : callable, optional
        Called with the frames that are done, as parts of blocks, and all frames.

    Raises
    ------
    SourceError
        From `read`, if the folder for temporary files has no room.

    Examples
    --------
    >>> import zarr
    >>> from dicomseries.sources import open_volume
    >>> array = zarr.create_array({}, shape=(8, 4, 5), chunks=(8, 2, 5), dtype="int16")
    >>> scratch_copy(open_volume(array, spacing=(1, 1, 2)).slabs, slices=8).read(2, 4).shape
    (2, 4, 5)
    """
    copy = _Copy(reader, slices, progress)
    return FrameReader(shape=reader.shape, dtype=reader.dtype, read=copy.read, where=reader.where)


class _Copy:
    """The copy, made by the first thread that reads it."""

    def __init__(
        self, reader: FrameReader, slices: int, progress: Callable[[int, int], None] | None
    ) -> None:
        self._reader, self._slices, self._progress = reader, slices, progress
        self._frames: FrameReader | None = None
        self._lock = threading.Lock()

    def read(self, start: int, stop: int) -> Numbers:
        with self._lock:
            if self._frames is None:
                self._frames = self._copied()
        return self._frames.read(start, stop)

    def _copied(self) -> FrameReader:
        shape, dtype, where = self._reader.shape, self._reader.dtype, self._reader.where
        size = math.prod(shape) * dtype.itemsize
        with scratch_file(size, where) as file:
            try:
                reserve(file.fileno(), size)  # a mapping without space kills (SIGBUS)
            except OSError as error:
                raise scratch_full(where, size, error) from error
            mapping = mmap.mmap(file.fileno(), size)
        volumes = np.ndarray((shape[0] // self._slices, self._slices, *shape[1:]), dtype, mapping)
        self._fill(volumes, MappedPages(mapping))
        volumes.flags.writeable = False
        return view_frames(VolumeView(volumes, MappedPages(mapping).take), where)

    def _fill(self, volumes: Numbers, pages: MappedPages) -> None:
        """Write the blocks, a band of frames at a time."""
        if self._reader.blocks is None:
            message = "only a reader with blocks is copied"
            raise TypeError(message)
        band = max(1, _BAND // max(1, volumes[0, 0].nbytes))
        frames, done = self._reader.shape[0], 0
        for place, block in self._reader.blocks():
            for piece, part in _bands((place, block), band):
                target = volumes[(*piece, *place[2:])]
                target[...] = part
                pages.drop(target)
            done += block.size
            if self._progress is not None:
                self._progress(frames * done // volumes.size, frames)


def _bands(block: Block, band: int) -> Iterator[tuple[Piece, Numbers]]:
    """Yield a block in bands of `band` slices."""
    (volumes, slices, *_), numbers = block
    for volume, part in zip(range(volumes.start, volumes.stop), numbers, strict=True):
        for first in range(slices.start, slices.stop, band):
            last = min(first + band, slices.stop)
            within = slice(first - slices.start, last - slices.start)
            yield (slice(volume, volume + 1), slice(first, last)), part[np.newaxis, within]
