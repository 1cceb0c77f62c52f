"""Compressed streams as arrays, unpacked as they are read."""

from __future__ import annotations

import math
import mmap
import threading
import weakref
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO, Protocol

import numpy as np
import numpy.typing as npt
from numpy.lib.array_utils import byte_bounds

from dicomseries.errors import SourceError
from dicomseries.sources.frames.files.file_window import file_shrunk
from dicomseries.sources.frames.files.mapped_files import FileArray, MappedPages
from dicomseries.sources.frames.files.scratch_file import scratch_file, scratch_full

__all__ = ["Readable", "ZlibReader", "unpack", "unpack_once"]

_BLOCK = 1 << 20
"""Bytes unpacked at a time."""


class Readable(Protocol):
    """A stream of bytes that is read forward and closed."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes, none at the end."""

    def readinto(self, view: memoryview, /) -> int:
        """Fill the front of a view, and return the number of bytes; 0 at the end."""

    def close(self) -> None:
        """Close the stream."""


def unpack(
    stream: Readable, dtype: npt.DTypeLike, shape: Sequence[int], *, where: str, skip: int = 0
) -> FileArray:
    """Return the numbers of a compressed stream (C order), lazily.

    `skip` bytes of the stream are left out first. The stream is closed when all is unpacked, or no
    longer needed.

    The bytes go to an unnamed file in the folder for temporary files (``TMPDIR``), forward and each
    once, as far as they are asked for. Any thread may then read any frames, and a second pass costs
    no unpacking.

    Raises
    ------
    SourceError
        If the folder for temporary files cannot hold the array; when reading, if the stream is
        short or damaged.

    Examples
    --------
    >>> import io
    >>> array = unpack(ZlibReader(io.BytesIO(zlib.compress(bytes(range(6))))), "u1", (2, 3),
    ...     where="a.mha")
    >>> array.window.take(array.array).tolist()
    [[0, 1, 2], [3, 4, 5]]
    """
    size = math.prod(shape) * np.dtype(dtype).itemsize
    file = None
    try:
        file = scratch_file(size, where)  # closed by the finalizer of _Unpacker
        mapping = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)
    except SourceError:
        stream.close()
        raise
    except (OSError, OverflowError) as error:  # the second for a size that no mapping can have
        _close(stream, file)
        raise scratch_full(where, size, error) from error
    unpacker = _Unpacker(stream, file, size, where, skip)
    array: npt.NDArray[Any] = np.ndarray(tuple(shape), dtype, buffer=mapping)
    return FileArray(array, MappedPages(mapping, unpacker.unpack_to), where)


def unpack_once(
    open_stream: Callable[[], Readable],
    dtype: npt.DTypeLike,
    shape: Sequence[int],
    *,
    where: str,
    skip: int = 0,
) -> FileArray:
    """Return the numbers of a compressed stream (C order), to be read forward.

    Nothing is kept: each part is unpacked as it is read. A part before the one that was read last
    is unpacked from the front again.

    Parameters
    ----------
    open_stream : callable
        Returns the stream from its front.
    dtype, shape
        Of the array.
    where : str
        The source, for messages.
    skip : int
        Bytes of the stream before the array.

    Raises
    ------
    SourceError
        When reading, if the stream is short or damaged.

    Examples
    --------
    >>> import io
    >>> packed = zlib.compress(bytes(range(6)))
    >>> array = unpack_once(
    ...     lambda: ZlibReader(io.BytesIO(packed)), "u1", (3, 2), where="a.mha"
    ... )
    >>> array.window.take(array.array[1:]).tolist(), array.window.take(array.array[:1]).tolist()
    ([[2, 3], [4, 5]], [[0, 1]])
    """
    size = math.prod(shape) * np.dtype(dtype).itemsize
    addresses = mmap.mmap(-1, max(1, size))  # its bytes are never used
    array: npt.NDArray[Any] = np.ndarray(tuple(shape), dtype, buffer=addresses)
    return FileArray(array, _ForwardWindow(open_stream, array, where, skip), where)


class _ForwardWindow:
    """Reads parts of an array from a stream, from its front to its end."""

    def __init__(
        self, open_stream: Callable[[], Readable], array: npt.NDArray[Any], where: str, skip: int
    ) -> None:
        self._open_stream = open_stream
        self._address, end = byte_bounds(array)
        self._size = end - self._address
        self._where = where
        self._skip = skip
        self._stream: _CheckedStream | None = None
        self._place = 0
        self._lock = threading.Lock()

    def take(self, part: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the numbers of a part in new memory.

        Raises
        ------
        SourceError
            If the stream is short or damaged.
        """
        if not part.size:
            return np.empty(part.shape, part.dtype)
        low, high = byte_bounds(part)
        content = np.empty(high - low, np.uint8)
        with self._lock:
            self._fill(content.data, low - self._address)
        offset = part.__array_interface__["data"][0] - low
        return np.ndarray(
            part.shape, part.dtype, buffer=content, offset=offset, strides=part.strides
        )

    def _fill(self, view: memoryview, place: int) -> None:
        if self._stream is None or place < self._place:
            if self._stream is not None:
                self._stream.close()
            self._stream = _CheckedStream(self._open_stream(), self._where, self._size, self._skip)
            self._place = 0
        self._stream.pass_over(place - self._place)
        self._stream.fill(view)
        self._place = place + len(view)
        if self._place == self._size:
            self._stream.end()


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

    def readinto(self, view: memoryview, /) -> int:
        """Fill the front of a view, and return the number of bytes; 0 at the end."""
        block = self.read(len(view))
        view[: len(block)] = block
        return len(block)

    def close(self) -> None:
        """Close the file underneath."""
        self._file.close()


class _CheckedStream:
    """A stream of unpacked bytes whose damage is a `SourceError`."""

    def __init__(self, stream: Readable, where: str, size: int, skip: int) -> None:
        self._stream = stream
        self._where = where
        self._size = size
        self._skip = skip
        self._done = 0
        weakref.finalize(self, _close, stream)

    def pass_over(self, size: int) -> None:
        """Read `size` bytes and forget them."""
        while size > 0:
            size -= len(self.next(size))

    def next(self, size: int) -> bytes:
        """Return some bytes behind the skipped ones, at most `size`."""
        self._pass_skipped()
        block = self._some(size)
        self._done += len(block)
        return block

    def fill(self, view: memoryview) -> None:
        """Fill a view with the bytes that follow."""
        self._pass_skipped()
        done = 0
        while done < len(view):
            with self._damage_named():
                count = self._stream.readinto(view[done:])
            if not count:
                raise file_shrunk(self._where, self._done, self._size)
            done += count
            self._done += count

    def end(self) -> None:
        """Read past the end, where gzip compares its check sum, and close."""
        self._read(1)
        self._stream.close()

    def close(self) -> None:
        """Close the stream before its end."""
        self._stream.close()

    def _pass_skipped(self) -> None:
        while self._skip > 0:
            self._skip -= len(self._some(self._skip))

    def _some(self, size: int) -> bytes:
        block = self._read(min(_BLOCK, size))
        if not block:
            raise file_shrunk(self._where, self._done, self._size)
        return block

    def _read(self, size: int) -> bytes:
        with self._damage_named():
            return self._stream.read(size)

    @contextmanager
    def _damage_named(self) -> Iterator[None]:
        try:
            yield
        except (OSError, EOFError, zlib.error) as error:
            raise SourceError(
                code="file-damaged",
                where=self._where,
                given=f"damaged after {self._done} of {self._size} bytes ({error})",
                expected="a complete compressed file with its check sum",
                remedy="Copy or download the file again.",
            ) from error


class _Unpacker:
    """Unpacks a stream forward into a file, on demand."""

    def __init__(self, stream: Readable, file: Any, size: int, where: str, skip: int) -> None:
        self._stream = _CheckedStream(stream, where, size, skip)
        self._file = file
        self._size = size
        self._where = where
        self._ready = 0
        self._error: SourceError | None = None
        self._lock = threading.Lock()
        weakref.finalize(self, _close, file)

    def unpack_to(self, end: int) -> None:
        if self._ready >= end and self._error is None:
            return
        with self._lock:
            if self._error is not None:  # a stream that failed once cannot be read on
                raise self._error
            try:
                self._advance(end)
            except SourceError as error:
                self._error = error
                raise

    def _advance(self, end: int) -> None:
        was_complete = self._ready == self._size
        while self._ready < end:
            self._write(self._stream.next(self._size - self._ready))
        if self._ready == self._size and not was_complete:
            self._stream.end()

    def _write(self, block: bytes) -> None:
        rest = memoryview(block)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            raise scratch_full(self._where, self._size, error) from error
        self._ready += len(block)


def _close(*files: Any) -> None:
    for file in files:
        if file is not None:
            file.close()
