"""Binary masks as bits in a temporary file."""

from __future__ import annotations

import threading
import weakref
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dicomseries.sources.frames.files.scratch_file import scratch_file, scratch_full
from dicomseries.sources.frames.used_rows import used_rows

__all__ = ["PackedMasks"]

Numbers = npt.NDArray[Any]

_WHERE = "masks"
"""Their place, in errors."""


class _Frame(NamedTuple):
    """The place of the inside of a frame, and of its bits in the file."""

    offset: int
    rows: slice
    columns: slice


_EMPTY = _Frame(0, slice(0, 0), slice(0, 0))


class PackedMasks:
    """The bits inside of masks, frame by frame.

    A frame needs one bit for each pixel of the rectangle around its inside, none if it is empty.
    Several threads may read and append, one at a time to a mask.

    Examples
    --------
    >>> masks = PackedMasks()
    >>> masks.begin(0, (2, 3, 4))
    >>> masks.append(0, np.eye(3, 4, dtype="uint8")[np.newaxis])
    >>> masks.append(0, np.zeros((1, 3, 4), "uint8"))
    >>> masks.read(0, 0, 2).sum(axis=(1, 2)).tolist(), masks.size
    ([3, 0], 2)
    """

    def __init__(self) -> None:
        self._file: Any = None
        self._shapes: dict[int, tuple[int, int, int]] = {}
        self._frames: dict[int, list[_Frame]] = {}
        self._lock = threading.Lock()
        self.size = 0

    def __contains__(self, index: int) -> bool:
        return index in self._shapes and len(self._frames[index]) == self._shapes[index][0]

    def begin(self, index: int, shape: tuple[int, int, int]) -> None:
        """Begin a mask of (slices, rows, columns)."""
        self._frames[index] = []
        self._shapes[index] = shape

    def append(self, index: int, slab: Numbers) -> None:
        """Add frames, 0 and 1, to a mask.

        Raises
        ------
        SourceError
            If the folder for temporary files is full (code "scratch-full").
        """
        frames = self._frames[index]
        if not slab.max(initial=0):
            frames += [_EMPTY] * len(slab)
            return
        for frame in slab:
            frames.append(self._stored(frame))

    def read(self, index: int, first: int, last: int) -> Numbers:
        """Return the frames [first, last), uint8."""
        _, rows, columns = self._shapes[index]
        array = np.zeros((last - first, rows, columns), np.uint8)
        for voxels, frame in zip(array, self._frames[index][first:last], strict=True):
            inside = voxels[frame.rows, frame.columns]
            if inside.size:
                bits = np.frombuffer(self._read(frame.offset, -(-inside.size // 8)), np.uint8)
                inside[...] = np.unpackbits(bits, count=inside.size).reshape(inside.shape)
        return array

    def used(self, index: int) -> npt.NDArray[np.bool_]:
        """Return whether each frame of a mask has an inside."""
        return np.array([frame is not _EMPTY for frame in self._frames[index]], np.bool_)

    def _stored(self, frame: Numbers) -> _Frame:
        rows = used_rows(frame)
        if rows is None:
            return _EMPTY
        columns = np.flatnonzero(frame[rows].any(axis=0))
        inside = (rows, slice(int(columns[0]), int(columns[-1]) + 1))
        return _Frame(self._written(np.packbits(frame[inside]).tobytes()), *inside)

    def _read(self, offset: int, size: int) -> bytes:
        with self._lock:
            self._file.seek(offset)
            return bytes(self._file.read(size))

    def _written(self, bits: bytes) -> int:
        """Write bits at the end of the file, and return where they begin."""
        rest = memoryview(bits)
        with self._lock:
            offset = self.size
            if self._file is None:
                self._file = scratch_file(0, _WHERE)
                weakref.finalize(self, self._file.close)
            try:
                self._file.seek(offset)
                while rest:
                    rest = rest[self._file.write(rest) :]
            except OSError as error:
                raise scratch_full(_WHERE, offset + len(bits), error) from error
            self.size = offset + len(bits)
        return offset
