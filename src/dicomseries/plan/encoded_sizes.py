"""Sizes in Explicit VR Little Endian (PS3.5 section 7.1.2)."""

from __future__ import annotations

from dicomseries.standard.attributes.attribute import Attribute, Value
from dicomseries.standard.attributes.value_representations import LONG_VRS

__all__ = ["BINARY_BYTES", "PREAMBLE_BYTES", "element_bytes", "encoded_bytes", "most_encapsulated"]

BINARY_BYTES = {"AT": 4, "FD": 8, "FL": 4, "SL": 4, "SS": 2, "SV": 8, "UL": 4, "US": 2, "UV": 8}
"""Bytes of one value, by value representation."""

_STREAM_HEADERS = 1024
"""Bytes of a compressed frame that do not grow with it."""
_FRAME_PARTS = 8 + 1 + 16
"""Head and padding of an item, offset and length in the tables."""
_TABLE_HEADS = 12 + 12 + 8 + 8
"""Extended tables, basic table, delimiter."""

PREAMBLE_BYTES = 128 + 4 + 12
"""Preamble, DICM, and the group length of the file meta information (PS3.10 section 7.1)."""


def encoded_bytes(attribute: Attribute) -> int:
    """Return the length of an attribute with its head."""
    return element_bytes(attribute.vr, attribute.values)


def element_bytes(vr: str, values: tuple[Value, ...]) -> int:
    """Return the length of an element with its head."""
    head = 12 if vr in LONG_VRS else 8
    if vr == "SQ":
        length = head
        for item in values:
            if isinstance(item, tuple):
                length += 8 + sum(map(encoded_bytes, item))
        return length
    if vr in BINARY_BYTES:
        return head + BINARY_BYTES[vr] * len(values)
    if values and isinstance(values[0], bytes):
        length = len(values[0])
    else:
        length = len("\\".join(map(str, values)).encode())
    return head + length + length % 2


def most_encapsulated(*, rows: int, row_bytes: int, words: int, frames: int) -> int:
    """Return the largest size of compressed frames (PS3.5 section A.4).

    Parameters
    ----------
    rows, row_bytes : int
        Of one frame, not compressed.
    words : int
        Bytes of a pixel: RLE begins each row of each of them anew.
    frames : int
        Frames of the file.

    Returns
    -------
    int
        With heads of items, tables and delimiter. Every codec makes less even of noise, the least
        compressible content; a test searches for more.
    """
    frame = rows * row_bytes * 5 // 4 + rows * words + _STREAM_HEADERS
    return frames * (frame + _FRAME_PARTS) + _TABLE_HEADS
