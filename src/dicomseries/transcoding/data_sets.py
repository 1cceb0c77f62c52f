"""Elements of a data set in another encoding (PS3.5 section 7 and annex A).

Where the encoding stays, elements are copied byte by byte.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from dicomseries.part10 import element_head
from dicomseries.reading import Element, Encoding, element_at, head_at, item_spans
from dicomseries.standard.attributes.value_representations import WORD_BYTES
from dicomseries.standard.dictionary import dictionary_vr

__all__ = ["ElementSpan", "element_spans", "joined", "recoded"]

_ITEM = struct.Struct("<HHI")
_NUMBER_BYTES = {
    **WORD_BYTES,
    **dict.fromkeys(("AT", "SS", "US"), 2),
    **dict.fromkeys(("FL", "SL", "UL"), 4),
    **dict.fromkeys(("FD", "SV", "UV"), 8),
}
"""Bytes of one number, of the VRs whose values depend on the byte order (PS3.5 section 7.3)."""
_DELIMITERS = 0xFFFE
_UNDEFINED = 0xFFFFFFFF


class ElementSpan(NamedTuple):
    """An element of the top level, and where its bytes are."""

    tag: int
    start: int
    stop: int
    element: Element


def element_spans(data: bytes, encoding: Encoding) -> Iterator[ElementSpan]:
    r"""Yield the elements of a data set, with the place of their bytes.

    Raises
    ------
    ParseError
        If the bytes are not complete elements.

    Examples
    --------
    >>> from dicomseries.reading import EXPLICIT
    >>> [span.stop for span in element_spans(b"\x10\0\x20\0LO\x02\x0042", EXPLICIT)]
    [10]
    """
    position = 0
    while position < len(data):
        start = position
        tag, vr, value, length = head_at(data, position, encoding)
        if tag >> 16 == _DELIMITERS:  # a stray delimiter, or item, of some writers
            position = value
            if length < _UNDEFINED:
                position += length
            continue
        element, position = element_at(data, vr, value, length, encoding)
        yield ElementSpan(tag, start, position, element)


def recoded(tag: int, element: Element, order: str, *, implicit: bool, is_signed: bool) -> bytes:
    r"""Return an element in Little Endian, with explicit or implicit VR.

    Parameters
    ----------
    tag : int
        Of the element.
    element : Element
        As it was read.
    order : {"<", ">"}
        Byte order of its data set.
    implicit : bool
        Whether the VR is left out.
    is_signed : bool
        Pixel Representation is 1: then "US or SS" is SS.

    Examples
    --------
    >>> recoded(0x00280010, Element("US", b"\0\x04"), ">", implicit=False, is_signed=False)
    b'(\x00\x10\x00US\x02\x00\x04\x00'
    """
    vr = element.vr
    if element.implicit:
        vr = _explicit_vr(tag, vr, is_signed=is_signed)
    if vr == "SQ":
        content = _items(element, order, implicit=implicit, is_signed=is_signed)
    else:
        content = element.raw
        if order == ">" and vr in _NUMBER_BYTES:
            content = _swapped(content, _NUMBER_BYTES[vr])
    if len(content) % 2:
        content += b"\0"
    if implicit:
        return _ITEM.pack(*divmod(tag, 1 << 16), len(content)) + content
    return element_head(tag, vr.encode(), len(content)) + content


def _explicit_vr(tag: int, vr: str, *, is_signed: bool) -> str:
    """Return the VR of an element that was read without one (PS3.5 section A.1)."""
    try:
        choice = dictionary_vr(tag)
    except KeyError:
        return vr
    if "OW" in choice:
        return "OW"
    if choice == "US or SS":
        return "SS" if is_signed else "US"
    return vr


def _items(element: Element, order: str, *, implicit: bool, is_signed: bool) -> bytes:
    parts = []
    encoding = Encoding(element.implicit, order)
    for start, stop in item_spans(element, order):
        elements = []
        for span in element_spans(element.raw[start:stop], encoding):
            if span.tag & 0xFFFF == 0:
                continue  # retired group lengths would be wrong
            elements.append(
                recoded(span.tag, span.element, order, implicit=implicit, is_signed=is_signed)
            )
        content = b"".join(elements)
        parts += [_ITEM.pack(0xFFFE, 0xE000, len(content)), content]
    return b"".join(parts)


def _swapped(content: bytes, size: int) -> bytes:
    """Return numbers of `size` bytes in the other byte order."""
    whole = len(content) // size * size
    swapped = bytearray(content)
    for index in range(size):
        swapped[index:whole:size] = content[size - 1 - index : whole : size]
    return bytes(swapped)


def joined(parts: Mapping[int, bytes]) -> bytes:
    """Return elements in the order of their tags.

    Examples
    --------
    >>> joined({3: b"c", 1: b"a"})
    b'ac'
    """
    return b"".join(parts[tag] for tag in sorted(parts))
