"""Bytes of attributes in Explicit VR Little Endian.

PS3.5 section 7.1.2. In the tests, pydicom makes the same bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from operator import attrgetter

from dicomseries.standard.attributes.attribute import Attribute, Item, Value
from dicomseries.standard.attributes.value_representations import LONG_VRS

__all__ = [
    "element_head",
    "encode",
    "encode_element",
    "encode_elements",
    "encode_items",
    "sequence_head",
]

_LONG_FORM = frozenset(vr.encode() for vr in LONG_VRS)
_NUMBERS = {
    b"FD": "d",
    b"FL": "f",
    b"SL": "i",
    b"SS": "h",
    b"SV": "q",
    b"UL": "I",
    b"US": "H",
    b"UV": "Q",
}
_TEXTS = frozenset(("DS", "IS", "UI"))
_SHORT = struct.Struct("<HH2sH")
_MOST_SHORT = 0xFFFF
"""Most bytes of a value whose length has 2 bytes."""
_ITEM = b"\xfe\xff\x00\xe0"


def encode(attribute: Attribute) -> bytes:
    r"""Return one attribute with its head.

    Examples
    --------
    >>> from dicomseries.standard.attributes.attribute import attribute
    >>> encode(attribute("PatientID", "42"))
    b'\x10\x00 \x00LO\x02\x0042'
    """
    return encode_element(attribute.tag, attribute.vr, attribute.values)


def encode_element(tag: int, vr: str, values: tuple[Value, ...]) -> bytes:
    r"""Return one element with its head.

    Examples
    --------
    >>> encode_element(0x00280010, "US", (4,))
    b'(\x00\x10\x00US\x02\x00\x04\x00'
    """
    name = vr.encode()
    value = _value(name, values)
    return element_head(tag, name, len(value)) + value


def element_head(tag: int, vr: bytes, length: int) -> bytes:
    r"""Return tag, VR and length of an element.

    Examples
    --------
    >>> element_head(0x00280010, b"US", 2)
    b'(\x00\x10\x00US\x02\x00'
    """
    if length > _MOST_SHORT and vr not in _LONG_FORM:
        vr = b"UN"  # PS3.5 section 6.2.2: values that their own VR has no room for
    if vr in _LONG_FORM:
        return struct.pack("<HH2sHI", *divmod(tag, 0x10000), vr, 0, length)
    return struct.pack("<HH2sH", *divmod(tag, 0x10000), vr, length)


def encode_elements(tag: int, vr: str, entries: Sequence[tuple[Value, ...] | None]) -> list[bytes]:
    r"""Return many elements of one tag; empty bytes for None.

    Examples
    --------
    >>> encode_elements(0x00280010, "US", [(4,), None])
    [b'(\x00\x10\x00US\x02\x00\x04\x00', b'']
    """
    encode_entry: Callable[[tuple[Value, ...]], bytes] = partial(encode_element, tag, vr)
    if vr in _TEXTS:
        encode_entry = partial(_text, tag, vr.encode())
    code = _NUMBERS.get(vr.encode())
    counts = {len(values) for values in entries if values is not None}
    if code is None or len(counts) != 1:
        return [b"" if values is None else encode_entry(values) for values in entries]
    # as many numbers in each: head and numbers in one go
    form = struct.Struct(f"<{counts.pop()}{code}")
    head = element_head(tag, vr.encode(), form.size)
    return [b"" if values is None else head + form.pack(*values) for values in entries]


def _text(tag: int, vr: bytes, values: tuple[Value, ...]) -> bytes:
    text = _padded_text(vr, values)
    if len(text) > _MOST_SHORT:
        return element_head(tag, vr, len(text)) + text
    return _SHORT.pack(tag >> 16, tag & 0xFFFF, vr, len(text)) + text


def encode_items(items: Iterable[Item]) -> bytes:
    r"""Return the items of a sequence (PS3.5 section 7.5.2).

    Examples
    --------
    >>> encode_items([()])
    b'\xfe\xff\x00\xe0\x00\x00\x00\x00'
    """
    parts: list[bytes] = []
    for item in items:
        content = b"".join(map(encode, sorted(item, key=attrgetter("tag"))))
        parts += (_ITEM, struct.pack("<I", len(content)), content)
    return b"".join(parts)


def sequence_head(tag: int, length: int) -> bytes:
    r"""Return the head of a sequence with `length` bytes.

    Examples
    --------
    >>> sequence_head(0x52009230, 16)
    b'\x00R0\x92SQ\x00\x00\x10\x00\x00\x00'
    """
    return element_head(tag, b"SQ", length)


def _value(vr: bytes, values: tuple[Value, ...]) -> bytes:
    if vr == b"SQ":
        return encode_items(item for item in values if isinstance(item, tuple))
    if values == ("",):
        return b""
    if vr in _NUMBERS:
        return struct.pack(f"<{len(values)}{_NUMBERS[vr]}", *values)
    if vr == b"AT":
        tags = b""
        for value in values:
            if isinstance(value, int):
                tags += struct.pack("<HH", *divmod(value, 0x10000))
        return tags
    if values and isinstance(values[0], bytes):
        return values[0] + b"\0" * (len(values[0]) % 2)
    return _padded_text(vr, values)


def _padded_text(vr: bytes, values: tuple[Value, ...]) -> bytes:
    text = "\\".join(map(str, values)).encode()
    if len(text) % 2:
        text += b"\0" if vr == b"UI" else b" "
    return text
