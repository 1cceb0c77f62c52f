"""Compressed frames → Pixel Data in fragments, one for each frame, with a table of where each begins.

PS3.5 section A.4; offsets beyond 32 bits go into the Extended Offset Table (PS3.3 section C.7.6.3.1.8).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import accumulate

from dicomseries.part10.encode_elements import encode_element

__all__ = ["DELIMITER", "HEAD", "fragment", "offset_tables"]

HEAD = struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OB", 0, 0xFFFFFFFF)
"""Of Pixel Data whose length is not defined."""
DELIMITER = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)

_ITEM = struct.Struct("<HHI")
_EXTENDED_OFFSETS, _EXTENDED_LENGTHS = 0x7FE00001, 0x7FE00002
_MOST_OFFSET = 0xFFFFFFFE


def fragment(frame: bytes) -> tuple[bytes, bytes]:
    r"""Return the head of the item that holds a frame, and what makes its length even.

    Examples
    --------
    >>> fragment(b"abc")
    (b'\xfe\xff\x00\xe0\x04\x00\x00\x00', b'\x00')
    """
    odd = len(frame) % 2
    return _item(len(frame) + odd), b"\0" * odd


def offset_tables(lengths: Sequence[int]) -> tuple[bytes, bytes]:
    r"""Return what stands before Pixel Data, and its first item, which is the Basic Offset Table.

    Parameters
    ----------
    lengths : sequence of int
        Bytes of each frame.

    Returns
    -------
    tuple of bytes
        Nothing and a filled table; or, where 32 bits do not do, the elements of the extended one and an empty table.

    Examples
    --------
    >>> offset_tables((3, 2))
    (b'', b'\xfe\xff\x00\xe0\x08\x00\x00\x00\x00\x00\x00\x00\x0c\x00\x00\x00')
    """
    padded = [length + length % 2 for length in lengths]
    offsets = [0, *accumulate(length + _ITEM.size for length in padded[:-1])]
    if offsets[-1] <= _MOST_OFFSET:
        return b"", _item(4 * len(offsets)) + struct.pack(f"<{len(offsets)}I", *offsets)
    numbers = struct.Struct(f"<{len(offsets)}Q")
    tables = ((_EXTENDED_OFFSETS, offsets), (_EXTENDED_LENGTHS, padded))
    return b"".join(
        encode_element(tag, "OV", (numbers.pack(*table),)) for tag, table in tables
    ), _item(0)


def _item(length: int) -> bytes:
    return _ITEM.pack(0xFFFE, 0xE000, length)
