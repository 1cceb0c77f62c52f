"""How long things are in Explicit VR Little Endian, before a byte of them is encoded (PS3.5 section 7.1.2)."""

from __future__ import annotations

from dicomseries.standard.attribute import Attribute

__all__ = ["PREAMBLE_BYTES", "encoded_bytes"]

_LONG_FORM = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"})
_BINARY_BYTES = {"AT": 4, "FD": 8, "FL": 4, "SL": 4, "SS": 2, "SV": 8, "UL": 4, "US": 2, "UV": 8}
PREAMBLE_BYTES = 128 + 4 + 12
"""Preamble, DICM, and the group length of the file meta information (PS3.10 section 7.1)."""


def encoded_bytes(own: Attribute) -> int:
    """Return the length of an attribute in Explicit VR Little Endian (PS3.5 section 7.1.2)."""
    return (12 if own.vr in _LONG_FORM else 8) + _value_bytes(own)


def _value_bytes(own: Attribute) -> int:
    if own.vr == "SQ":
        return sum(8 + sum(map(encoded_bytes, item)) for item in own.values if isinstance(item, tuple))
    if own.vr in _BINARY_BYTES:
        return _BINARY_BYTES[own.vr] * len(own.values)
    length = sum(len(value if isinstance(value, bytes) else str(value).encode()) for value in own.values)
    length += max(len(own.values) - 1, 0)
    return length + length % 2
