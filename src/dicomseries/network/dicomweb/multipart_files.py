"""Parts of a streamed answer as files (RFC 2046, PS3.18 section 8.6)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

__all__ = ["IncompleteAnswerError", "boundary_of", "part_contents"]

_HEAD_END = b"\r\n\r\n"
_LONGEST_HEAD = 1 << 16
_BOUNDARY = re.compile(r';\s*boundary=(?:"([^"]+)"|([^;\s]+))', re.IGNORECASE)


class IncompleteAnswerError(Exception):
    """An answer that ends before its last boundary."""


def boundary_of(content_type: str) -> str:
    """Return the boundary in a header Content-Type, empty if there is none.

    Examples
    --------
    >>> boundary_of('multipart/related; type="application/dicom"; boundary="a b"')
    'a b'
    >>> boundary_of("application/dicom")
    ''
    """
    match = _BOUNDARY.search(content_type)
    if match is None or not content_type.lower().startswith("multipart/"):
        return ""
    return match[1] or match[2]


def part_contents(pieces: Iterable[bytes], boundary: str) -> Iterator[bytes | None]:
    r"""Yield the bytes of each part in pieces, and None after each part.

    Parameters
    ----------
    pieces : iterable of bytes
        The answer as it arrives.
    boundary : str
        Text between the parts.

    Raises
    ------
    IncompleteAnswerError
        If the last boundary does not come.

    Examples
    --------
    >>> pieces = [b"--B\r\nContent-Type: x\r", b"\n\r\nab", b"c\r\n--B\r\n\r\nd\r\n--B--"]
    >>> list(part_contents(pieces, "B"))
    [b'abc', None, b'd', None]
    """
    delimiter = f"\r\n--{boundary}".encode()
    buffer = bytearray(b"\r\n")
    is_in_part = False
    source = iter(pieces)
    while True:
        if not is_in_part:
            is_last = _skip_head(buffer, delimiter, source)
            if is_last:
                return
            is_in_part = True
        end = buffer.find(delimiter)
        if end >= 0:
            if end:
                yield bytes(buffer[:end])
            del buffer[:end]
            is_in_part = False
            yield None
            continue
        ready = len(buffer) - len(delimiter) + 1
        if ready > 0:
            yield bytes(buffer[:ready])
            del buffer[:ready]
        _read_more(buffer, source)


def _skip_head(buffer: bytearray, delimiter: bytes, source: Iterator[bytes]) -> bool:
    """Remove what is before a part's content; return whether the last boundary was met."""
    while (start := buffer.find(delimiter)) < 0:
        del buffer[: max(0, len(buffer) - len(delimiter))]
        _read_more(buffer, source)
    after = start + len(delimiter)
    while len(buffer) < after + len(b"--"):
        _read_more(buffer, source)
    if buffer[after : after + 2] == b"--":
        return True
    while (end := buffer.find(_HEAD_END, after)) < 0:
        if len(buffer) - after > _LONGEST_HEAD:
            raise IncompleteAnswerError
        _read_more(buffer, source)
    del buffer[: end + len(_HEAD_END)]
    return False


def _read_more(buffer: bytearray, source: Iterator[bytes]) -> None:
    piece = next(source, None)
    if piece is None:
        raise IncompleteAnswerError
    buffer += piece
