"""Compressed streams as arrays, unpacked as they are read."""

from __future__ import annotations

import math
import mmap
import threading
import weakref
import zlib
from collections.abc import Sequence
from typing import Any, BinaryIO, Protocol

import numpy as np
import numpy.typing as npt

from dicomseries.errors import SourceError
from dicomseries.sources.frames.files.file_window import file_shrunk
from dicomseries.sources.frames.files.mapped_files import FileArray, MappedPages
from dicomseries.sources.frames.files.scratch_file import scratch_file, scratch_full

__all__ = ["Readable", "ZlibReader", "unpack"]

_BLOCK = 1 << 20
"""Bytes unpacked at a time."""


class Readable(Protocol):
    """A stream of bytes that is read forward and closed."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes, none at the end."""

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


class _Unpacker:
    """Unpacks a stream forward into a file, on demand."""

    def __init__(self, stream: Readable, file: Any, size: int, where: str, skip: int) -> None:
        self._stream = stream
        self._file = file
        self._size = size
        self._where = where
        self._skip = skip
        self._ready = 0
        self._error: SourceError | None = None
        self._lock = threading.Lock()
        weakref.finalize(self, _close, stream, file)

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
        while self._skip > 0:
            self._skip -= len(self._next(self._skip))
        while self._ready < end:
            self._write(self._next(self._size - self._ready))
        if self._ready == self._size and not was_complete:
            self._read(1)  # past the end, where gzip compares its check sum
            self._stream.close()

    def _next(self, size: int) -> bytes:
        block = self._read(min(_BLOCK, size))
        if not block:
            raise file_shrunk(self._where, self._ready, self._size)
        return block

    def _read(self, size: int) -> bytes:
        try:
            return self._stream.read(size)
        except (OSError, EOFError, zlib.error) as error:
            raise SourceError(
                code="file-damaged",
                where=self._where,
                given=f"damaged after {self._ready} of {self._size} bytes ({error})",
                expected="a complete compressed file with its check sum",
                remedy="Copy or download the file again.",
            ) from error

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
