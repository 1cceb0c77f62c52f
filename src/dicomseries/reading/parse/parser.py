"""Undecoded elements of a data set, from bytes.

PS3.5 section 7. Touches no file.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator
from typing import NamedTuple

from dicomseries.standard.attributes.value_representations import LONG_VRS, SHORT_VRS
from dicomseries.standard.dictionary import dictionary_vr

__all__ = [
    "BIG",
    "EXPLICIT",
    "IMPLICIT",
    "MOST_LEVELS",
    "PIXEL_TAGS",
    "SHORT",
    "UNDEFINED",
    "VR_NAMES",
    "Element",
    "Encoding",
    "Field",
    "IncompleteError",
    "MalformedError",
    "ParseError",
    "Pixels",
    "Scanned",
    "check_depth",
    "element_at",
    "fields_of",
    "head_at",
    "item_spans",
    "items_of",
    "pixels_of",
    "scan_elements",
]

UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
PIXEL_TAGS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
_ITEM_BYTES = {"<": b"\xfe\xff\x00\xe0", ">": b"\xff\xfe\xe0\x00"}
MOST_LEVELS = 64
"""Limit of nested sequences; only damaged files exceed it."""

_LONG = frozenset(map(str.encode, LONG_VRS))
SHORT = frozenset(map(str.encode, SHORT_VRS))
VR_NAMES: dict[bytes, str] = {name: name.decode() for name in (*_LONG, *SHORT)}
"""Value representations by their bytes in a file (PS3.5 section 7.1.2)."""


class ParseError(Exception):
    """Bytes are not complete DICOM elements."""


class MalformedError(ParseError):
    """The bytes at `position` are not DICOM elements."""

    def __init__(self, *, reason: str, position: int) -> None:
        super().__init__(f"{reason} at byte {position}")


class IncompleteError(ParseError):
    """An element continues after the last byte, up to `end`."""

    def __init__(self, end: int) -> None:
        super().__init__(end)
        self.end = end


class Encoding(NamedTuple):
    """Explicit or implicit VR, and byte order (PS3.5 annex A)."""

    implicit: bool
    order: str


EXPLICIT = Encoding(implicit=False, order="<")
IMPLICIT = Encoding(implicit=True, order="<")
BIG = Encoding(implicit=False, order=">")


class Element(NamedTuple):
    """Element without its tag.

    VR, bytes, and whether its items have implicit VRs.
    """

    vr: str
    raw: bytes
    implicit: bool = False


class Field(NamedTuple):
    """Location of an element's value in an item.

    VR, offset, length, implicit VR.
    """

    vr: str
    offset: int
    length: int
    implicit: bool


class Pixels(NamedTuple):
    """Location of the pixels.

    Tag, VR, offset, length (None: compressed, PS3.5 section A.4).
    """

    tag: int
    vr: str
    offset: int
    length: int | None


class Scanned(NamedTuple):
    """Elements of a header, their offsets, its end, its pixels.

    And the number of items outside of a sequence, whose content was left out.
    """

    elements: dict[int, Element]
    starts: list[int]
    end: int
    pixels: Pixels | None
    stray_items: int = 0


def scan_elements(
    data: bytes,
    start: int,
    encoding: Encoding,
    *,
    only_group: int | None = None,
    may_have_strays: bool = False,
) -> Scanned:
    r"""Return the elements of `data` up to the pixels.

    Parameters
    ----------
    data : bytes
        A data set, or the beginning of one.
    start : int
        Offset of its first element.
    encoding : Encoding
        Explicit or implicit VR, byte order.
    only_group : int, optional
        Stop before the first element of another group; 2 for file meta information.
    may_have_strays : bool
        Leave out items outside of a sequence: the head of their sequence was lost.

    Raises
    ------
    MalformedError
        If a value representation does not exist, or a sequence is malformed.
    IncompleteError
        If an element continues after the end of `data`.

    Notes
    -----
    PS3.5 sections 7.1 and 7.5.

    Examples
    --------
    >>> scan_elements(b"\x10\0\x20\0LO\x02\x0042", 0, EXPLICIT).elements
    {1048608: Element(vr='LO', raw=b'42', implicit=False)}
    """
    elements: dict[int, Element] = {}
    starts: list[int] = []
    position, size, strays = start, len(data), 0
    while position < size:
        if only_group is not None:
            group = int.from_bytes(data[position : position + 2], "little")
            if group != only_group:
                break
        tag, vr, value, length = head_at(data, position, encoding)
        if tag in PIXEL_TAGS:
            pixels = pixels_of(tag, vr, value, length)
            return Scanned(elements, starts, position, pixels, strays)
        starts.append(position)
        if tag >> 16 == 0xFFFE:
            if may_have_strays and tag == _ITEM and length:
                position = _after_stray_item(data, value, length, encoding)
                strays += 1
                continue
            position = _after_stray_delimiter(value, length, position)
            continue
        element, position = element_at(data, vr, value, length, encoding)
        elements[tag] = element
    return Scanned(elements, starts, position, None, strays)


def _after_stray_item(data: bytes, value: int, length: int, encoding: Encoding) -> int:
    """Return the end of an item outside of a sequence.

    Raises
    ------
    ParseError
        If its content are no elements.
    """
    if length == UNDEFINED:
        return _after_item(data, value, encoding, 0)
    if value + length > len(data):
        raise IncompleteError(value + length)
    try:
        scan_elements(data[value : value + length], 0, encoding)
    except IncompleteError as error:
        reason = "an item that ends inside of an element"
        raise MalformedError(reason=reason, position=value) from error
    return value + length


def _after_stray_delimiter(value: int, length: int, position: int) -> int:
    """Return the end of a delimiter outside of a sequence; some writers add them.

    Or of an item of length 0, after a sequence that is stated to be empty.

    Raises
    ------
    MalformedError
        If it has content.
    """
    if length:
        raise MalformedError(reason="an item outside of a sequence", position=position)
    return value


def pixels_of(tag: int, vr: bytes, value: int, length: int) -> Pixels:
    """Return the location of the pixels from the result of `head_at`."""
    return Pixels(tag, VR_NAMES[vr], value, None if length == UNDEFINED else length)


def items_of(element: Element, order: str = "<") -> tuple[dict[int, Element], ...]:
    r"""Return the items of a sequence as elements by tag.

    Parameters
    ----------
    element : Element
        Of VR SQ.
    order : {"<", ">"}
        Byte order of the data set.

    Raises
    ------
    ParseError
        If its bytes are not items.

    Notes
    -----
    PS3.5 section 7.5.

    Examples
    --------
    >>> items_of(Element("SQ", b"\xfe\xff\0\xe0\x0a\0\0\0\x10\0\x20\0LO\x02\x0042"))
    ({1048608: Element(vr='LO', raw=b'42', implicit=False)},)
    """
    encoding = Encoding(element.implicit, order)
    items = []
    for start, stop in item_spans(element, order):
        items.append(scan_elements(element.raw[start:stop], 0, encoding).elements)
    return tuple(items)


def item_spans(element: Element, order: str = "<") -> list[tuple[int, int]]:
    r"""Return begin and end of each item's content.

    Parameters
    ----------
    element : Element
        Of VR SQ.
    order : {"<", ">"}
        Byte order of the data set.

    Raises
    ------
    ParseError
        If its bytes are not items.

    Notes
    -----
    PS3.5 section 7.5.

    Examples
    --------
    >>> item_spans(Element("SQ", b"\xfe\xff\0\xe0\x0a\0\0\0\x10\0\x20\0LO\x02\x0042"))
    [(8, 18)]
    """
    encoding = Encoding(element.implicit, order)
    bare = _BARE_HEADS[order]
    data, position = element.raw, 0
    spans: list[tuple[int, int]] = []
    while position + 8 <= len(data):
        group, number, length = bare(data, position)
        if group << 16 | number != _ITEM:
            raise _not_an_item(group, number, position)
        start = position + 8
        position = stop = start + length
        if length == UNDEFINED:
            position = _after_item(data, start, encoding, 0)
            stop = position - 8  # without the delimiter
        if stop > len(data):
            raise IncompleteError(stop)
        spans.append((start, stop))
    return spans


def _not_an_item(group: int, number: int, position: int) -> MalformedError:
    return MalformedError(
        reason=f"({group:04X},{number:04X}) in a sequence instead of an item", position=position
    )


def check_depth(element: Element, order: str) -> None:
    """Check that sequences are nested at most 64 deep.

    Deeper ones overflow the stack.

    Raises
    ------
    MalformedError
        If they are deeper. Other damage is not checked here.
    """
    if element.raw.count(_ITEM_BYTES[order]) <= MOST_LEVELS:
        return
    encoding = Encoding(element.implicit or element.vr == "UN", order)
    pending = [(0, len(element.raw), encoding, 0)]
    while pending:
        start, stop, encoding, depth = pending.pop()
        if depth > MOST_LEVELS:
            raise MalformedError(reason="sequences nested without end", position=start)
        inner = element._replace(raw=element.raw[start:stop], implicit=encoding.implicit)
        with contextlib.suppress(ParseError):
            for first, last in item_spans(inner, order):
                if inner.raw.count(_ITEM_BYTES[order], first, last) > MOST_LEVELS - depth:
                    pending += _sequences(
                        element.raw[: start + last], start + first, encoding, depth + 1
                    )


def _sequences(
    data: bytes, position: int, encoding: Encoding, depth: int
) -> Iterator[tuple[int, int, Encoding, int]]:
    """Yield begin and end of the sequences in an item."""
    with contextlib.suppress(ParseError):
        while position < len(data):
            tag, vr, value, length = head_at(data, position, encoding)
            element, position = element_at(data, vr, value, length, encoding)
            if element.vr in {"SQ", "UN"} and tag >> 16 != 0xFFFE:
                inner = Encoding(element.implicit or element.vr == "UN", encoding.order)
                yield value, value + len(element.raw), inner, depth


def fields_of(data: bytes, encoding: Encoding, *, depth: int = 0) -> dict[tuple[int, ...], Field]:
    r"""Return the location of all elements, nested ones included.

    Parameters
    ----------
    data : bytes
        The content of one item.
    encoding : Encoding
        Explicit or implicit VR, byte order.

    Returns
    -------
    dict
        By path: tag, or tag of a sequence, index of the item, tag inside, and so on. Sequences
        come before their content, in the order of the file.

    Raises
    ------
    ParseError
        If the bytes are not elements.

    Examples
    --------
    >>> fields_of(b"\x10\0\x20\0LO\x02\x0042", EXPLICIT)
    {(1048608,): Field(vr='LO', offset=8, length=2, implicit=False)}
    """
    if depth > MOST_LEVELS:
        raise MalformedError(reason="sequences nested without end", position=0)
    fields: dict[tuple[int, ...], Field] = {}
    position = 0
    while position < len(data):
        tag, vr, value, length = head_at(data, position, encoding)
        element, position = element_at(data, vr, value, length, encoding)
        fields[(tag,)] = Field(element.vr, value, len(element.raw), element.implicit)
        if element.vr != "SQ":
            continue
        inner = Encoding(element.implicit, encoding.order)
        for index, (start, stop) in enumerate(item_spans(element, encoding.order)):
            for path, field in fields_of(element.raw[start:stop], inner, depth=depth + 1).items():
                fields[(tag, index, *path)] = field._replace(offset=field.offset + value + start)
    return fields


_HEADS = {"<": struct.Struct("<HH2sH").unpack_from, ">": struct.Struct(">HH2sH").unpack_from}
_BARE_HEADS = {"<": struct.Struct("<HHL").unpack_from, ">": struct.Struct(">HHL").unpack_from}
_LENGTHS = {"<": struct.Struct("<L").unpack_from, ">": struct.Struct(">L").unpack_from}


def head_at(data: bytes, position: int, encoding: Encoding) -> tuple[int, bytes, int, int]:
    """Return tag, VR, offset of the value, and its length."""
    implicit, order = encoding
    if position + 8 > len(data):
        raise IncompleteError(position + 8)
    if implicit:
        group, number, length = _BARE_HEADS[order](data, position)
        tag = group << 16 | number
        return tag, _looked_up(tag), position + 8, length
    group, number, vr, length = _HEADS[order](data, position)
    tag = group << 16 | number
    if group == 0xFFFE:
        return tag, b"UN", position + 8, _LENGTHS[order](data, position + 4)[0]
    if vr in SHORT:
        return tag, vr, position + 8, length
    if vr not in _LONG:
        message = f"({group:04X},{number:04X}) with {vr!r} instead of a value representation"
        raise MalformedError(reason=message, position=position)
    if position + 12 > len(data):
        raise IncompleteError(position + 12)
    return tag, vr, position + 12, _LENGTHS[order](data, position + 8)[0]


def element_at(
    data: bytes, vr: bytes, value: int, length: int, encoding: Encoding
) -> tuple[Element, int]:
    """Return the element at an offset, and the next offset."""
    implicit = encoding.implicit
    if length == UNDEFINED:
        # PS3.5 section 6.2.2 note 4: UN of undefined length is a sequence in Implicit VR.
        inner = IMPLICIT if vr == b"UN" else encoding
        stop = _after_items(data, value, inner, 0)
        name = "SQ" if implicit or vr == b"UN" else VR_NAMES[vr]
        return Element(name, data[value : stop - 8], inner.implicit), stop
    stop = value + length
    if stop > len(data):
        raise IncompleteError(stop)
    return Element(VR_NAMES[vr], data[value:stop], implicit), stop


def _after_items(data: bytes, position: int, encoding: Encoding, depth: int) -> int:
    """Return the end of a sequence of undefined length.

    PS3.5 section 7.5.2.
    """
    if depth > MOST_LEVELS:
        raise MalformedError(reason="sequences nested without end", position=position)
    bare = _BARE_HEADS[encoding.order]
    while True:
        if position + 8 > len(data):
            raise IncompleteError(position + 8)
        group, number, length = bare(data, position)
        tag = group << 16 | number
        position += 8
        if tag == _SEQUENCE_END:
            return position
        if tag != _ITEM:
            raise _not_an_item(group, number, position - 8)
        if length == UNDEFINED:
            position = _after_item(data, position, encoding, depth)
        else:
            position += length


def _after_item(data: bytes, position: int, encoding: Encoding, depth: int) -> int:
    """Return the end of an item of undefined length."""
    while True:
        tag, vr, value, length = head_at(data, position, encoding)
        if tag == _ITEM_END:
            return value
        if length == UNDEFINED:
            inner = IMPLICIT if vr == b"UN" else encoding
            position = _after_items(data, value, inner, depth + 1)
        else:
            position = value + length


def _looked_up(tag: int) -> bytes:
    """Return the VR in the dictionary.

    UN for unknown private elements, and for delimiters, whose VR there is NONE.
    """
    if tag >> 16 == 0xFFFE:
        return b"UN"
    if tag & 0xFFFF == 0:
        return b"UL"
    if tag >> 16 & 1:
        return b"LO" if 0x10 <= tag & 0xFFFF <= 0xFF else b"UN"
    try:
        return dictionary_vr(tag).encode()[:2]
    except KeyError:
        return b"UN"
