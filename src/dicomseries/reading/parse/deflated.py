"""Deflated data sets, inflated no further than needed.

PS3.5 section A.5.
"""

from __future__ import annotations

import os
import zlib
from typing import BinaryIO

from dicomseries.errors import ReadError
from dicomseries.reading import read_errors
from dicomseries.reading.parse.parser import EXPLICIT, IncompleteError, Scanned, scan_elements

__all__ = ["fill_inflated", "scan_deflated"]

_FIRST_BYTES = 64 << 10
_BLOCK_BYTES = 1 << 20
_MOST_BYTES = 64 << 20
_MOST_GAIN = 16
"""A header may inflate to 64 MiB, or to 16 times the bytes of its file if that is more."""
_LARGE_PIXELS = 256 << 20
_MOST_PIXEL_GAIN = 256
"""Pixels above 256 MiB, inflated to more than 256 times the file size, count as damaged."""


def scan_deflated(path: str, data: bytes, start: int, size: int) -> Scanned:
    """Return the elements of a deflated data set.

    Parameters
    ----------
    path : str
        Of the file, for messages.
    data : bytes
        The beginning of the file.
    start : int
        Offset of the deflated stream.
    size : int
        Bytes of the file.

    Raises
    ------
    IncompleteError
        If more of the file is needed.
    MalformedError, ReadError
        If the stream is damaged or too large, or contains no data set.

    Notes
    -----
    PS3.5 section A.5.
    """
    most = max(_MOST_BYTES, _MOST_GAIN * size)
    wanted = _FIRST_BYTES
    while True:
        stream = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            content = stream.decompress(data[start:], wanted)
        except zlib.error as error:
            raise _not_inflatable(path, error) from error
        needs = len(content) + 1
        try:
            scanned = scan_elements(content, 0, EXPLICIT)
            if scanned.pixels is not None or stream.eof:
                return scanned
        except IncompleteError as incomplete:
            if stream.eof:
                raise read_errors.truncated(path, has=len(content), needs=incomplete.end) from None
            needs = incomplete.end
        if len(content) < wanted:
            raise IncompleteError(len(data) + 1)
        if max(needs, wanted) >= most:
            raise read_errors.damaged(path, f"a deflated header of more than {most} bytes")
        wanted = min(max(4 * wanted, needs + _FIRST_BYTES), most)


def fill_inflated(path: str, first: int, view: memoryview) -> None:
    """Fill `view` with inflated bytes from offset `first`.

    Raises
    ------
    ReadError
        If the stream is damaged, ends too early, or is too small for so many bytes.
    """
    last = first + len(view)
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - paths are texts here
            size = os.fstat(file.fileno()).st_size
            if last > max(_LARGE_PIXELS, _MOST_PIXEL_GAIN * size):
                message = f"{size} deflated bytes for a data set of {last} bytes"
                raise read_errors.damaged(path, message)
            file.seek(_start_of_stream(path, file.read(_FIRST_BYTES)))
            position = _inflate(file, first, view)
    except zlib.error as error:
        raise _not_inflatable(path, error) from error
    if position < last:
        raise read_errors.truncated(path, has=position, needs=last)


def _start_of_stream(path: str, data: bytes) -> int:
    """Return the offset after the file meta information."""
    try:
        return scan_elements(data, 132, EXPLICIT, only_group=2).end
    except IncompleteError as incomplete:
        raise read_errors.truncated(path, has=len(data), needs=incomplete.end) from None


def _inflate(file: BinaryIO, first: int, view: memoryview) -> int:
    """Fill `view` block by block.

    Return the number of inflated bytes.
    """
    last = first + len(view)
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    position, packed = 0, b""
    while position < last and not stream.eof:
        packed = packed or file.read(_BLOCK_BYTES)
        if not packed:
            break
        block = stream.decompress(packed, _BLOCK_BYTES)
        packed = stream.unconsumed_tail
        skipped = max(first - position, 0)
        part = block[skipped : last - position]
        offset = position + skipped - first
        view[offset : offset + len(part)] = part
        position += len(block)
    return position


def _not_inflatable(path: str, error: zlib.error) -> ReadError:
    return read_errors.damaged(path, f"a deflated data set that cannot be inflated: {error}")
