"""Deflated data sets (PS3.5 section A.5): only as much is inflated as is needed, and never without a limit."""

from __future__ import annotations

import os
import zlib

from dicomseries.reading import read_errors
from dicomseries.reading.parse.parser import EXPLICIT, Scanned, Short, scan_elements

__all__ = ["fill_inflated", "scan_deflated"]

_FIRST_BYTES = 64 << 10
_BLOCK_BYTES = 1 << 20
_MOST_BYTES = 64 << 20
_MOST_GAIN = 16
"""A header may inflate to 64 MiB, or to 16 times the bytes of its file if that is more."""
_LARGE_PIXELS = 256 << 20
_MOST_PIXEL_GAIN = 256
"""Pixels above 256 MiB that claim to come from less than a 256th of it are taken for damaged."""


def scan_deflated(path: str, data: bytes, start: int, size: int) -> Scanned:
    """Take apart a deflated data set up to its pixels.

    Parameters
    ----------
    path : str
        Of the file, for messages.
    data : bytes
        The beginning of the file.
    start : int
        Where the deflated stream begins.
    size : int
        Bytes of the whole file.

    Raises
    ------
    Short
        If more of the file is needed.
    Damaged, ReadError
        If the stream is broken or too large, or what is in it is no data set.

    Notes
    -----
    PS3.5 section A.5.
    """
    most = max(_MOST_BYTES, _MOST_GAIN * size)
    wanted = _FIRST_BYTES
    while True:
        content, is_whole = _beginning(path, data[start:], wanted)
        needs = len(content) + 1
        try:
            found = scan_elements(content, 0, EXPLICIT)
            if found.pixels is not None or is_whole:
                return found
        except Short as short:
            if is_whole:
                raise read_errors.truncated(path, has=len(content), needs=short.end) from None
            needs = short.end
        if len(content) < wanted:
            raise Short(len(data) + 1)
        if max(needs, wanted) >= most:
            raise read_errors.damaged(path, f"a deflated header of more than {most} bytes")
        wanted = min(max(4 * wanted, needs + _FIRST_BYTES), most)


def _beginning(path: str, packed: bytes, count: int) -> tuple[bytes, bool]:
    """Return the first `count` bytes of a stream, fewer where it ends, and whether it ended."""
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        return stream.decompress(packed, count), stream.eof
    except zlib.error as error:
        raise _broken(path, error) from error


def fill_inflated(path: str, first: int, view: memoryview) -> None:
    """Fill `view` with the bytes of an inflated data set from byte `first` of it on.

    Raises
    ------
    ReadError
        If the stream is broken, ends too early, or is too small for so many bytes.
    """
    last = first + len(view)
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - paths are texts here
            size = os.fstat(file.fileno()).st_size
            if last > max(_LARGE_PIXELS, _MOST_PIXEL_GAIN * size):
                raise read_errors.damaged(
                    path, f"{size} deflated bytes for a data set of {last} bytes"
                )
            file.seek(_start_of_stream(path, file.read(_FIRST_BYTES)))
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
                at = position + skipped - first
                view[at : at + len(part)] = part
                position += len(block)
    except zlib.error as error:
        raise _broken(path, error) from error
    if position < last:
        raise read_errors.truncated(path, has=position, needs=last)


def _start_of_stream(path: str, data: bytes) -> int:
    """Return where the data set begins, behind the file meta information."""
    try:
        return scan_elements(data, 132, EXPLICIT, only_group=2).end
    except Short as short:
        raise read_errors.truncated(path, has=len(data), needs=short.end) from None


def _broken(path: str, error: zlib.error) -> Exception:
    return read_errors.damaged(path, f"a deflated data set that does not inflate: {error}")
