"""Compressed frames as fragments of Pixel Data.

PS3.5 section A.4; offsets beyond 32 bits go into the Extended Offset Table (PS3.3 section
C.7.6.3.1.8).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from dicomseries.part10.encode_elements import encode_element

__all__ = ["DELIMITER", "HEAD", "encapsulated_frames", "fragment", "offset_tables"]

HEAD = struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OB", 0, 0xFFFFFFFF)
"""Head of Pixel Data of undefined length."""
DELIMITER = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)

_ITEM = struct.Struct("<HHI")
_EXTENDED_OFFSETS, _EXTENDED_LENGTHS = 0x7FE00001, 0x7FE00002
_MOST_OFFSET = 0xFFFFFFFE


def fragment(frame: bytes) -> tuple[bytes, bytes]:
    r"""Return the item head of a frame, and its padding.

    Examples
    --------
    >>> fragment(b"abc")
    (b'\xfe\xff\x00\xe0\x04\x00\x00\x00', b'\x00')
    """
    padding = len(frame) % 2
    return _item(len(frame) + padding), b"\0" * padding


def offset_tables(lengths: Sequence[int]) -> tuple[bytes, bytes]:
    r"""Return the offset tables of frames.

    Parameters
    ----------
    lengths : sequence of int
        Bytes of each frame.

    Returns
    -------
    tuple of bytes
        Nothing and a filled table; or, beyond 32 bits, the elements of the extended one and an
        empty table.

    Examples
    --------
    >>> offset_tables((3, 2))
    (b'', b'\xfe\xff\x00\xe0\x08\x00\x00\x00\x00\x00\x00\x00\x0c\x00\x00\x00')
    """
    offsets: list[int] = []
    padded: list[int] = []
    offset = 0
    for length in lengths:
        offsets.append(offset)
        padded.append(length + length % 2)
        offset += padded[-1] + _ITEM.size
    if offsets[-1] <= _MOST_OFFSET:
        return b"", _item(4 * len(offsets)) + struct.pack(f"<{len(offsets)}I", *offsets)
    numbers = struct.Struct(f"<{len(offsets)}Q")
    extended = encode_element(_EXTENDED_OFFSETS, "OV", (numbers.pack(*offsets),))
    extended += encode_element(_EXTENDED_LENGTHS, "OV", (numbers.pack(*padded),))
    return extended, _item(0)


def encapsulated_frames(frames: Sequence[bytes]) -> bytes:
    r"""Return Pixel Data of compressed frames, each in a fragment.

    The elements of an Extended Offset Table are before it if 32 bits are too few.

    Examples
    --------
    >>> len(encapsulated_frames([b"abc"]))
    44
    """
    extended, basic = offset_tables(list(map(len, frames)))
    parts = [extended, HEAD, basic]
    for frame in frames:
        head, padding = fragment(frame)
        parts += [head, frame, padding]
    return b"".join((*parts, DELIMITER))


def _item(length: int) -> bytes:
    return _ITEM.pack(0xFFFE, 0xE000, length)
