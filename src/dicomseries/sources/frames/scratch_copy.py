"""`CopiedSlabs`: a source whose chunks are too deep for memory, copied once to the disk in the order of its chunks."""

from __future__ import annotations

import mmap
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from dicomseries.sources.frames.frame_runs import Piece
from dicomseries.sources.frames.mapped_files import (
    MappedPages,
    MappedSlabs,
    scratch_file,
    scratch_full,
)
from dicomseries.sources.volume import FrameReader

__all__ = ["CopiedSlabs", "Copyable"]

_BAND = 16 << 20
"""Bytes of frames of the scratch file that are touched before they are given back to the system."""

_ZEROS = bytes(1 << 20)


@runtime_checkable
class Copyable(FrameReader, Protocol):
    """FrameReader that can be gone through in the order of their chunks."""

    def blocks(self) -> Iterator[tuple[tuple[slice, ...], npt.NDArray[Any]]]:
        """Yield every block once: its place in (volumes, slices, rows, columns[, 3]), and its numbers."""


class CopiedSlabs:
    """FrameReader of a source that are copied, when the first of them is read, into an unnamed file for temporary use.

    The file has the size of the voxels and lies in the folder for temporary files (``TMPDIR``). It is gone when
    nothing refers to these slabs any more, whatever happens to the program.

    Parameters
    ----------
    slabs : Copyable
        The source.
    slices : int
        Slices of one volume.
    tell : callable, optional
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
    >>> slabs = open_volume(array, spacing=(1, 1, 2)).slabs
    >>> CopiedSlabs(slabs, slices=8).read(2, 4).shape
    (2, 4, 5)
    """

    depth = 1

    def __init__(
        self, slabs: Copyable, *, slices: int, tell: Callable[[int, int], None] | None = None
    ) -> None:
        self.shape: tuple[int, ...] = tuple(slabs.shape)
        self.dtype: np.dtype[Any] = slabs.dtype
        self._slabs, self._slices, self._tell = slabs, slices, tell
        self._where = str(getattr(slabs, "where", "source"))
        self._copy: MappedSlabs | None = None
        self._lock = threading.Lock()

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return a view of the frames [start, stop)."""
        with self._lock:
            if self._copy is None:
                self._copy = self._copied()
        return self._copy.read(start, stop)

    def _copied(self) -> MappedSlabs:
        size = int(np.prod(self.shape)) * self.dtype.itemsize
        file = scratch_file(size, self._where)
        with file:
            try:
                _reserve(file, size)
            except OSError as error:
                raise scratch_full(self._where, size, error) from error
            mapping = mmap.mmap(file.fileno(), size)
        frames = np.ndarray(self.shape, self.dtype, buffer=mapping)
        self._fill(frames.reshape(-1, self._slices, *self.shape[1:]), MappedPages(mapping))
        frames.flags.writeable = False
        return MappedSlabs(frames, MappedPages(mapping))

    def _fill(self, volumes: npt.NDArray[Any], window: MappedPages) -> None:
        """Write the blocks, a band of frames at a time: a block of all slices touches the whole file."""
        band = max(1, _BAND // max(1, volumes[0, 0].nbytes))
        done = 0
        for (times, slices, *inside), block in self._slabs.blocks():
            for piece in _bands(times, slices, band):
                part = volumes[(*piece, *inside)]
                part[...] = block[_within(piece, times, slices)]
                window.drop(part)
            done += block.size
            if self._tell is not None:
                self._tell(self.shape[0] * done // volumes.size, self.shape[0])


def _reserve(file: Any, size: int) -> None:
    """Take the room on the disk at once: a mapping that finds the disk full kills the program (SIGBUS)."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, size)
        return
    for start in range(0, size, len(_ZEROS)):
        file.write(_ZEROS[: size - start])


def _bands(times: slice, slices: slice, band: int) -> Iterator[Piece]:
    for volume in range(times.start, times.stop):
        for first in range(slices.start, slices.stop, band):
            yield slice(volume, volume + 1), slice(first, min(first + band, slices.stop))


def _within(piece: Piece, times: slice, slices: slice) -> Piece:
    volume, part = piece
    return (
        slice(volume.start - times.start, volume.stop - times.start),
        slice(part.start - slices.start, part.stop - slices.start),
    )
