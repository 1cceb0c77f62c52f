"""The bytes of a data set → its elements, undecoded (PS3.5 section 7); no file is touched here."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator
from typing import NamedTuple

from pydicom.datadict import dictionary_VR

from dicomseries.standard.value_representations import LONG_VRS, SHORT_VRS

__all__ = [
    "BIG",
    "EXPLICIT",
    "IMPLICIT",
    "PIXEL_TAGS",
    "SHORT",
    "UNDEFINED",
    "VR_NAMES",
    "Damaged",
    "Element",
    "Encoding",
    "Field",
    "Pixels",
    "Scanned",
    "Short",
    "check_depth",
    "element_at",
    "fields_of",
    "head_at",
    "item_spans",
    "items_of",
    "scan_elements",
]

UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
PIXEL_TAGS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
_ITEM_BYTES = {"<": b"\xfe\xff\x00\xe0", ">": b"\xff\xfe\xe0\x00"}
_DEEPEST = 64
"""Sequences inside sequences; no object of the standard comes near it, damaged files go on forever."""

_LONG = frozenset(vr.encode() for vr in LONG_VRS)
SHORT = frozenset(vr.encode() for vr in SHORT_VRS)
VR_NAMES: dict[bytes, str] = {name: name.decode() for name in (*_LONG, *SHORT)}
"""Value representations as they stand in a file → their names (PS3.5 section 7.1.2)."""


class Damaged(Exception):  # noqa: N818 - caught at once; what a person sees is a ReadError
    """The bytes at `position` are not DICOM elements."""

    def __init__(self, *, what: str, position: int) -> None:
        super().__init__(f"{what} at byte {position}")


class Short(Exception):  # noqa: N818 - as above
    """An element goes on behind the end of the bytes, up to `end`."""

    def __init__(self, end: int) -> None:
        super().__init__(end)
        self.end = end


class Encoding(NamedTuple):
    """How elements are written: with their VR or without, lowest byte first or last (PS3.5 annex A)."""

    implicit: bool
    order: str

    @property
    def is_little_endian(self) -> bool:
        """Whether the lowest byte comes first."""
        return self.order == "<"


EXPLICIT = Encoding(implicit=False, order="<")
IMPLICIT = Encoding(implicit=True, order="<")
BIG = Encoding(implicit=False, order=">")


class Element(NamedTuple):
    """One element without its tag: value representation, bytes of the value, and whether items in it lack VRs."""

    vr: str
    raw: bytes
    implicit: bool = False


class Field(NamedTuple):
    """Where the value of one element of an item stands: VR, first byte, length, and whether items in it lack VRs."""

    vr: str
    offset: int
    length: int
    implicit: bool


class Pixels(NamedTuple):
    """Where the pixels stand: tag, VR, first byte, and length in bytes (None: in fragments, PS3.5 section A.4)."""

    tag: int
    vr: str
    offset: int
    length: int | None


class Scanned(NamedTuple):
    """What a header holds: its elements by tag, where each begins, where it ends, and the pixels if there are any."""

    elements: dict[int, Element]
    starts: list[int]
    end: int
    pixels: Pixels | None


def scan_elements(
    data: bytes, start: int, encoding: Encoding, *, only_group: int | None = None
) -> Scanned:
    r"""Take apart `data` from `start` up to the pixels or to the end.

    Parameters
    ----------
    data : bytes
        A data set, or the beginning of one.
    start : int
        Where its first element begins.
    encoding : Encoding
        Explicit or implicit VR, byte order.
    only_group : int, optional
        Stop before the first element of another group; 2 for file meta information.

    Raises
    ------
    Damaged
        If an element has a value representation that does not exist, or a sequence is not well formed.
    Short
        If an element goes on behind the end of `data`.

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
    position, size = start, len(data)
    while position < size:
        if (
            only_group is not None
            and int.from_bytes(data[position : position + 2], "little") != only_group
        ):
            break
        tag, vr, value, length = head_at(data, position, encoding)
        if tag in PIXEL_TAGS:
            pixels = Pixels(tag, VR_NAMES[vr], value, None if length == UNDEFINED else length)
            return Scanned(elements, starts, position, pixels)
        if tag >> 16 == 0xFFFE:
            raise Damaged(what="an item delimiter outside of a sequence", position=position)
        starts.append(position)
        element, position = element_at(data, vr, value, length, encoding)
        elements[tag] = element
    return Scanned(elements, starts, position, None)


def items_of(element: Element, order: str = "<") -> tuple[dict[int, Element], ...]:
    r"""Return the items of a sequence, each as elements by tag.

    Parameters
    ----------
    element : Element
        Of VR SQ.
    order : {"<", ">"}
        Byte order of the data set.

    Raises
    ------
    Damaged, Short
        If its bytes are no items.

    Notes
    -----
    PS3.5 section 7.5.

    Examples
    --------
    >>> items_of(Element("SQ", b"\xfe\xff\0\xe0\x0a\0\0\0\x10\0\x20\0LO\x02\x0042"))
    ({1048608: Element(vr='LO', raw=b'42', implicit=False)},)
    """
    encoding = Encoding(element.implicit, order)
    return tuple(
        scan_elements(element.raw[start:stop], 0, encoding).elements
        for start, stop in item_spans(element, order)
    )


def item_spans(element: Element, order: str = "<") -> list[tuple[int, int]]:
    r"""Return where the content of each item of a sequence begins and stops in its bytes.

    Parameters
    ----------
    element : Element
        Of VR SQ.
    order : {"<", ">"}
        Byte order of the data set.

    Raises
    ------
    Damaged, Short
        If its bytes are no items.

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
            raise Damaged(
                what=f"({group:04X},{number:04X}) in a sequence where an item should be",
                position=position,
            )
        start = position + 8
        position = _after_item(data, start, encoding, 0) if length == UNDEFINED else start + length
        stop = position - 8 if length == UNDEFINED else position
        if stop > len(data):
            raise Short(stop)
        spans.append((start, stop))
    return spans


def check_depth(element: Element, order: str) -> None:
    """Raise where sequences stand more than 64 deep in one another, which ends the stack of whoever follows them.

    Raises
    ------
    Damaged
        If it is so. What is no sequence, or a damaged one, is left to those who take it apart.
    """
    if element.raw.count(_ITEM_BYTES[order]) <= _DEEPEST:
        return
    encoding = Encoding(element.implicit or element.vr == "UN", order)
    pending = [(0, len(element.raw), encoding, 0)]
    while pending:
        start, stop, encoding, depth = pending.pop()
        if depth > _DEEPEST:
            raise Damaged(what="sequences nested without an end", position=start)
        inner = element._replace(raw=element.raw[start:stop], implicit=encoding.implicit)
        with contextlib.suppress(Damaged, Short):
            for first, last in item_spans(inner, order):
                if inner.raw.count(_ITEM_BYTES[order], first, last) > _DEEPEST - depth:
                    pending += _sequences(
                        element.raw[: start + last], start + first, encoding, depth + 1
                    )


def _sequences(
    data: bytes, position: int, encoding: Encoding, depth: int
) -> Iterator[tuple[int, int, Encoding, int]]:
    """Yield where the sequences of an item begin and stop, as far as its bytes are elements."""
    with contextlib.suppress(Damaged, Short):
        while position < len(data):
            tag, vr, value, length = head_at(data, position, encoding)
            found, position = element_at(data, vr, value, length, encoding)
            if found.vr in {"SQ", "UN"} and tag >> 16 != 0xFFFE:
                inner = Encoding(found.implicit or found.vr == "UN", encoding.order)
                yield value, value + len(found.raw), inner, depth


def fields_of(data: bytes, encoding: Encoding, *, depth: int = 0) -> dict[tuple[int, ...], Field]:
    r"""Return where every element of an item stands, those in its sequences too.

    Parameters
    ----------
    data : bytes
        The content of one item.
    encoding : Encoding
        Explicit or implicit VR, byte order.

    Returns
    -------
    dict
        By path: tag, or tag of a sequence, number of the item (from 0), tag inside, and so on. Sequences stand before
        what is in them, in the order of the file.

    Raises
    ------
    Damaged, Short
        If the bytes are no elements.

    Examples
    --------
    >>> fields_of(b"\x10\0\x20\0LO\x02\x0042", EXPLICIT)
    {(1048608,): Field(vr='LO', offset=8, length=2, implicit=False)}
    """
    if depth > _DEEPEST:
        raise Damaged(what="sequences nested without an end", position=0)
    found: dict[tuple[int, ...], Field] = {}
    position = 0
    while position < len(data):
        tag, vr, value, length = head_at(data, position, encoding)
        element, position = element_at(data, vr, value, length, encoding)
        found[(tag,)] = Field(element.vr, value, len(element.raw), element.implicit)
        if element.vr != "SQ":
            continue
        inner = Encoding(element.implicit, encoding.order)
        for index, (start, stop) in enumerate(item_spans(element, encoding.order)):
            for path, field in fields_of(element.raw[start:stop], inner, depth=depth + 1).items():
                found[(tag, index, *path)] = field._replace(offset=field.offset + value + start)
    return found


_HEADS = {order: struct.Struct(f"{order}HH2sH").unpack_from for order in "<>"}
_BARE_HEADS = {order: struct.Struct(f"{order}HHL").unpack_from for order in "<>"}
_LENGTHS = {order: struct.Struct(f"{order}L").unpack_from for order in "<>"}


def head_at(data: bytes, position: int, encoding: Encoding) -> tuple[int, bytes, int, int]:
    """Return tag, VR, where the value begins, and its length."""
    implicit, order = encoding
    if position + 8 > len(data):
        raise Short(position + 8)
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
        raise Damaged(
            what=f"({group:04X},{number:04X}) with {vr!r} in place of a value representation",
            position=position,
        )
    if position + 12 > len(data):
        raise Short(position + 12)
    return tag, vr, position + 12, _LENGTHS[order](data, position + 8)[0]


def element_at(
    data: bytes, vr: bytes, value: int, length: int, encoding: Encoding
) -> tuple[Element, int]:
    """Return the element whose value begins at `value`, and where the next one begins."""
    implicit = encoding.implicit
    if length == UNDEFINED:
        # PS3.5 section 6.2.2 note 4: UN of undefined length is a sequence in Implicit VR Little Endian.
        inner = IMPLICIT if vr == b"UN" else encoding
        stop = _after_items(data, value, inner, 0)
        name = "SQ" if implicit or vr == b"UN" else VR_NAMES[vr]
        return Element(name, data[value : stop - 8], inner.implicit), stop
    stop = value + length
    if stop > len(data):
        raise Short(stop)
    return Element(VR_NAMES[vr], data[value:stop], implicit), stop


def _after_items(data: bytes, position: int, encoding: Encoding, depth: int) -> int:
    """Return where a sequence of undefined length ends: behind its delimiter (PS3.5 section 7.5.2)."""
    if depth > _DEEPEST:
        raise Damaged(what="sequences nested without an end", position=position)
    bare = _BARE_HEADS[encoding.order]
    while True:
        if position + 8 > len(data):
            raise Short(position + 8)
        group, number, length = bare(data, position)
        tag = group << 16 | number
        position += 8
        if tag == _SEQUENCE_END:
            return position
        if tag != _ITEM:
            raise Damaged(
                what=f"({group:04X},{number:04X}) in a sequence where an item should be",
                position=position - 8,
            )
        position = (
            _after_item(data, position, encoding, depth)
            if length == UNDEFINED
            else position + length
        )


def _after_item(data: bytes, position: int, encoding: Encoding, depth: int) -> int:
    """Return where an item of undefined length ends."""
    while True:
        tag, vr, value, length = head_at(data, position, encoding)
        if tag == _ITEM_END:
            return value
        if length == UNDEFINED:
            position = _after_items(data, value, IMPLICIT if vr == b"UN" else encoding, depth + 1)
        else:
            position = value + length


def _looked_up(tag: int) -> bytes:
    """Return the VR of an element written without one; UN for what only its maker knows."""
    if tag & 0xFFFF == 0:
        return b"UL"
    if tag >> 16 & 1:
        return b"LO" if 0x10 <= tag & 0xFFFF <= 0xFF else b"UN"
    try:
        return dictionary_VR(tag).encode()[:2]
    except KeyError:
        return b"UN"
