"""Gzip files, inflated by ISA-L where it is installed."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Any, BinaryIO

from dicomseries.sources.frames.files.unpacked_stream import Readable

__all__ = ["open_gzip"]


def open_gzip(file: Path | BinaryIO) -> Readable:
    """Return a gzip file as a stream of its content.

    The package `isal` inflates and computes check sums several times faster than `zlib`. Both
    compare the check sum at the end.

    Parameters
    ----------
    file : Path or binary file
        Read forward.

    Examples
    --------
    >>> import io
    >>> open_gzip(io.BytesIO(gzip.compress(b"abcdef"))).read(4)
    b'abcd'
    """
    try:
        from isal import igzip
    except ImportError:
        return gzip.open(file)
    return _FastGzip(igzip.open(file))


class _FastGzip:
    """A stream of ISA-L with the errors of zlib."""

    def __init__(self, stream: Any) -> None:
        from isal import isal_zlib

        self._stream = stream
        self._error: Any = isal_zlib.error

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes, none at the end."""
        try:
            return bytes(self._stream.read(size))
        except self._error as error:
            raise zlib.error(str(error)) from error

    def readinto(self, view: memoryview, /) -> int:
        """Fill the front of a view, and return the number of bytes; 0 at the end."""
        try:
            return int(self._stream.readinto(view))
        except self._error as error:
            raise zlib.error(str(error)) from error

    def close(self) -> None:
        """Close the stream."""
        self._stream.close()
