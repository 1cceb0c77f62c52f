"""Files as arrays without reading them: of raw ones parts are read, compressed ones unpacked forward as far as needed.

What a slab no longer needs is given back to the system, so that memory stays small however long the file is.
"""

from __future__ import annotations

import errno
import math
import mmap
import shutil
import tempfile
import threading
import weakref
import zlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
import numpy.typing as npt
from numpy.lib.array_utils import byte_bounds

from dicomseries.errors import SourceError
from dicomseries.sources.arguments.array_axes import ArrayAxes
from dicomseries.sources.frames.file_window import FileWindow, file_shrunk
from dicomseries.sources.frames.frame_runs import GatheredSlabs, joined
from dicomseries.sources.volume import FrameReader, slices_worth_a_read

__all__ = [
    "Mapped",
    "MappedPages",
    "MappedSlabs",
    "Readable",
    "ZlibReader",
    "map_file",
    "scratch_file",
    "scratch_full",
    "unpack",
]

_BLOCK = 1 << 20
"""Bytes unpacked at a time."""

_KEPT = 32 << 20
"""Bytes of a mapping that may stay in memory after they were read; beyond it the oldest are given back."""

_STREWN = 8 << 20
"""Bytes of a mapping that are looked at for a block of a slab that is strewn over it."""

_AROUND = 2 << 20
"""Bytes around a byte that is looked at, which the system may map with it: a page of the largest size in use."""


class Readable(Protocol):
    """A stream of bytes that is read forward and closed."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes, none at the end."""

    def close(self) -> None:
        """Give the file back."""


class MappedPages:
    """The part of a mapped file that stands in memory.

    Parameters
    ----------
    mapping : mmap.mmap
        A mapping that is shared with its file, so that no byte is lost when its pages are dropped.
    fill : callable, optional
        Called with an offset before the bytes in front of it are looked at.
    start : int, optional
        Where in a file of others the mapping begins: before its bytes are looked at, the file must still have them.
    may_drop : bool
        Whether its pages may be dropped, as those of a private mapping, which hold changes, may not.
    """

    def __init__(
        self,
        mapping: mmap.mmap,
        fill: Callable[[int], None] | None = None,
        *,
        start: int | None = None,
        may_drop: bool = True,
    ) -> None:
        self._mapping = mapping
        self._fill = fill
        self._start = start
        self._may_drop = may_drop
        self._address = np.frombuffer(mapping, np.uint8).ctypes.data
        self._recent: deque[tuple[int, int]] = deque()
        self._lock = threading.Lock()

    def show(self, slab: npt.NDArray[Any]) -> None:
        """Make the bytes of `slab` ready, and drop from memory those that were shown long ago.

        Dropping only costs a later look a second reading: another thread may still hold those bytes.
        """
        low, high = self._ready(slab)
        with self._lock:
            self._recent.append(self._mapped(low, high))
            while len(self._recent) > 2 and sum(end - begin for begin, end in self._recent) > _KEPT:
                self._drop(*self._recent.popleft())

    def take(self, part: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return `part` for reading: as a view, or as a copy if it is strewn over more bytes than may stay in memory.

        It is copied in blocks that are each given back before the next. So slices that lie interleaved, as those of an
        array in Fortran order, never bring the whole file into memory, though each of its pages is looked at.
        """
        low, high = self._place(part)
        if high - low <= max(_KEPT, 2 * part.nbytes):
            self.show(part)
            return part
        copy = np.empty(part.shape, part.dtype)
        axis = int(np.argmax(np.abs(part.strides)))
        step = max(1, _STREWN // abs(part.strides[axis]))
        for first in range(0, part.shape[axis], step):
            block = (*[slice(None)] * axis, slice(first, first + step))
            self._ready(part[block])
            copy[block] = part[block]
            self.drop(part[block])
        return copy

    def drop(self, part: npt.NDArray[Any]) -> None:
        """Give the bytes of `part` back now."""
        self._drop(*self._mapped(*self._place(part)))

    def _ready(self, part: npt.NDArray[Any]) -> tuple[int, int]:
        """Return where `part` stands, after what is to be unpacked for it."""
        low, high = self._place(part)
        if self._fill is not None:
            self._fill(high)
        if self._start is not None and self._mapping.size() < self._start + high:
            raise file_shrunk(
                where="memmap", given=self._mapping.size(), expected=self._start + high
            )
        return low, high

    def _place(self, part: npt.NDArray[Any]) -> tuple[int, int]:
        low, high = byte_bounds(part)
        return low - self._address, high - self._address

    def _mapped(self, low: int, high: int) -> tuple[int, int]:
        """Return what a look at these bytes may have brought into memory."""
        return low - low % _AROUND, min(-(-high // _AROUND) * _AROUND, len(self._mapping))

    def _drop(self, low: int, high: int) -> None:
        if self._may_drop and hasattr(self._mapping, "madvise") and hasattr(mmap, "MADV_DONTNEED"):
            self._mapping.madvise(mmap.MADV_DONTNEED, low, high - low)


@dataclass(frozen=True, slots=True, eq=False)
class MappedSlabs:
    """An array in a file, of shape (frames, rows, columns[, 3]), of which slabs are read when they are asked for.

    `read` may be called from several threads.
    """

    array: npt.NDArray[Any]
    window: MappedPages | FileWindow

    @property
    def shape(self) -> tuple[int, ...]:
        """(frames, rows, columns[, 3])."""
        return self.array.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The numbers of the file, its byte order included."""
        return self.array.dtype

    @property
    def depth(self) -> int:
        """1, or more where slices lie interleaved in the file."""
        return slices_worth_a_read(self.array)

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return the frames [start, stop), to be read only."""
        return self.window.take(self.array[start:stop])


@dataclass(frozen=True, slots=True, eq=False)
class Mapped:
    """A mapped array in the axes of its file."""

    array: npt.NDArray[Any]
    window: MappedPages | FileWindow

    def slabs(self, layout: ArrayAxes) -> FrameReader:
        """Return it as slabs of (frames, rows, columns[, 3]), without reading."""
        view = layout.view(self.array)
        frames = joined(view)
        return (
            GatheredSlabs(view, self.window.take)
            if frames is None
            else MappedSlabs(frames, self.window)
        )


def map_file(path: Path, dtype: npt.DTypeLike, shape: Sequence[int], *, offset: int = 0) -> Mapped:
    """Return `shape` numbers of `dtype` (C order) that start `offset` bytes into a file, read in parts.

    Raises
    ------
    SourceError
        If the file is shorter than that.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "raw.bin"
    ...     _ = path.write_bytes(bytes(range(8)))
    ...     map_file(path, ">i2", (3,), offset=2).array.tolist()
    [515, 1029, 1543]
    """
    size = _size(dtype, shape)
    available = path.stat().st_size
    if offset < 0 or available < offset + size:
        raise file_shrunk(str(path), available, offset + size)
    with path.open("rb") as file:
        mapping = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    array: npt.NDArray[Any] = np.ndarray(tuple(shape), dtype, buffer=mapping, offset=offset)
    return Mapped(array, FileWindow(path, mapping, where=str(path)))


def unpack(
    stream: Readable, dtype: npt.DTypeLike, shape: Sequence[int], *, where: str, skip: int = 0
) -> Mapped:
    """Return the numbers of a compressed stream (C order) as an array that is unpacked when it is looked at.

    `skip` bytes of the stream are left out first. The stream is closed when all is unpacked, or no longer needed.

    The bytes go to an unnamed file in the folder for temporary files (``TMPDIR``), forward and each once, as far as
    the slabs that are asked for need them. Any thread may then read any slab, and a second pass costs no unpacking.

    Raises
    ------
    SourceError
        If the folder for temporary files cannot hold the array; when reading, if the stream is short or damaged.

    Examples
    --------
    >>> import io
    >>> mapped = unpack(ZlibReader(io.BytesIO(zlib.compress(bytes(range(6))))), "u1", (2, 3), where="a.mha")
    >>> mapped.window.show(mapped.array)
    >>> mapped.array.tolist()
    [[0, 1, 2], [3, 4, 5]]
    """
    size = _size(dtype, shape)
    file = None
    try:
        file = scratch_file(size, where)  # closed by the finalizer of _Scratch
        mapping = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)
    except (
        OSError,
        OverflowError,
        SourceError,
    ) as error:  # the second for a size that no mapping can have
        _close(stream, *([file] if file else []))
        raise (
            error if isinstance(error, SourceError) else scratch_full(where, size, error)
        ) from error
    scratch = _Scratch(stream, file, size, where, skip)
    return Mapped(
        np.ndarray(tuple(shape), dtype, buffer=mapping), MappedPages(mapping, scratch.fill)
    )


class ZlibReader:
    """Read a zlib or gzip stream forward in bounded memory.

    Examples
    --------
    >>> import io
    >>> ZlibReader(io.BytesIO(zlib.compress(b"abcdef"))).read(4)
    b'abcd'
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes, none at the end."""
        block = b""
        while not block and not self._inflate.eof:
            packed = self._inflate.unconsumed_tail or self._file.read(1 << 16)
            if not packed:
                break
            block = self._inflate.decompress(packed, size)
        return block

    def close(self) -> None:
        """Close the file underneath."""
        self._file.close()


class _Scratch:
    """An unnamed file into which a stream is unpacked, forward, as far as it is asked for."""

    def __init__(self, stream: Readable, file: Any, size: int, where: str, skip: int) -> None:
        self._stream = stream
        self._file = file
        self._size = size
        self._where = where
        self._skip = skip
        self._ready = 0
        self._fault: SourceError | None = None
        self._lock = threading.Lock()
        weakref.finalize(self, _close, stream, file)

    def fill(self, end: int) -> None:
        if self._ready >= end and self._fault is None:
            return
        with self._lock:
            if self._fault is not None:  # a stream that failed once cannot be read on
                raise self._fault
            try:
                self._advance(end)
            except SourceError as error:
                self._fault = error
                raise

    def _advance(self, end: int) -> None:
        done = self._ready == self._size
        while self._skip > 0:
            self._skip -= len(self._next(self._skip))
        while self._ready < end:
            self._write(self._next(self._size - self._ready))
        if self._ready == self._size and not done:
            self._finish()

    def _next(self, size: int) -> bytes:
        try:
            block = self._stream.read(min(_BLOCK, size))
        except (OSError, EOFError, zlib.error) as error:
            raise self._damaged(error) from error
        if not block:
            raise file_shrunk(self._where, self._ready, self._size)
        return block

    def _write(self, block: bytes) -> None:
        rest = memoryview(block)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            raise scratch_full(self._where, self._size, error) from error
        self._ready += len(block)

    def _finish(self) -> None:
        """Read past the end, where gzip compares its check sum, and let go of the packed file."""
        try:
            self._stream.read(1)
        except (OSError, EOFError, zlib.error) as error:
            raise self._damaged(error) from error
        self._stream.close()

    def _damaged(self, error: Exception) -> SourceError:
        return SourceError(
            code="file-damaged",
            where=self._where,
            given=f"damaged after {self._ready} of {self._size} bytes ({error})",
            expected="a compressed file that is whole, with its check sum",
            remedy="Copy or download the file again.",
        )


def _close(*files: Any) -> None:
    for file in files:
        file.close()


def _size(dtype: npt.DTypeLike, shape: Sequence[int]) -> int:
    return math.prod(shape) * np.dtype(dtype).itemsize


def scratch_file(size: int, where: str) -> Any:
    """Return an unnamed file of `size` bytes in the folder for temporary files, for which the disk has room.

    Raises
    ------
    SourceError
        If there is none.

    Examples
    --------
    >>> with scratch_file(8, "volume.zarr") as file:
    ...     len(file.read())
    8
    """
    try:
        free = shutil.disk_usage(tempfile.gettempdir()).free
        if size > free:
            raise scratch_full(where, size, OSError(errno.ENOSPC, f"{free / 1e6:.0f} MB free"))
        file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - the caller's to close
    except OSError as error:
        raise scratch_full(where, size, error) from error
    try:
        file.truncate(size)
    except (OSError, OverflowError) as error:  # the second for a size that no file can have
        file.close()
        raise scratch_full(where, size, error) from error
    return file


def scratch_full(where: str, size: int, error: OSError | OverflowError) -> SourceError:
    """Return the error of a folder for temporary files that cannot hold `size` bytes.

    Examples
    --------
    >>> scratch_full("volume.zarr", 8_000_000, OSError(28, "No space left on device")).code
    'scratch-full'
    """
    return SourceError(
        code="scratch-full",
        where=where,
        given=f"{tempfile.gettempdir()}: {getattr(error, 'strerror', None) or error}",
        expected=f"{size / 1e6:.0f} MB for the voxels in the folder for temporary files",
        remedy="Set the environment variable TMPDIR to a folder with more room, or unpack the file first; an array in "
        "chunks of few slices needs none.",
    )
