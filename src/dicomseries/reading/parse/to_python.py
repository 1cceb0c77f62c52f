"""Elements as plain Python values and names.

Values are decoded here and not by pydicom, whose warnings about odd ones can only be silenced for
the whole process.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import field, replace
from functools import cache
from typing import Any

from dicomseries.lazy_dataclass import dataclass
from dicomseries.reading.parse.character_sets import encodings_of, text_of
from dicomseries.reading.parse.parser import (
    MOST_LEVELS,
    Element,
    Encoding,
    ParseError,
    item_spans,
    scan_elements,
)
from dicomseries.standard.attributes.value_representations import (
    ASCII_VRS,
    MULTI_LINE_VRS,
    TEXT_VRS,
)
from dicomseries.standard.dictionary import (
    dictionary_vr,
    keyword_for_tag,
    private_vr,
    tag_for_keyword,
)

__all__ = ["Decoding", "name_of", "plain_value"]

_PADDING = b" \0"
_CHARACTER_SET, _PIXEL_REPRESENTATION = 0x00080005, 0x00280103
_DESCRIPTORS = frozenset({0x00281101, 0x00281102, 0x00281103, 0x00283002})
"""LUT descriptors; their first value is unsigned (PS3.3 section C.11.1.1.1)."""

_NUMBERS = {"FD": "d", "FL": "f", "SL": "i", "SS": "h", "SV": "q", "UL": "I", "US": "H", "UV": "Q"}
_SINGLE = MULTI_LINE_VRS | {"UR"}
"""VRs of one value, in which a backslash is a character."""
_CODED = TEXT_VRS - ASCII_VRS
"""VRs that use SpecificCharacterSet (PS3.5 section 6.1.2.3)."""
_LONGEST_UNKNOWN = 0xFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoding:
    """Context for decoding the values of a data set.

    Parameters
    ----------
    order : {"<", ">"}
        Byte order.
    encodings : tuple of str
        Of its texts, as `encodings_of` returns them.
    is_signed : bool
        Whether "US or SS" is SS: PixelRepresentation 1.
    elements : mapping of int to Element
        Of the data set, with the creators of private elements.
    depth : int
        Number of sequences around the data set.
    """

    order: str = "<"
    encodings: tuple[str, ...] = ("latin-1",)
    is_signed: bool = False
    elements: Mapping[int, Element] = field(default_factory=dict, repr=False)
    depth: int = 0

    def inside(self, elements: Mapping[int, Element]) -> Decoding:
        """Return the decoding of an item with these elements."""
        inner = replace(self, elements=elements, depth=self.depth + 1)
        if _CHARACTER_SET in elements or _PIXEL_REPRESENTATION in elements:
            return inner.of_elements()
        return inner

    def of_elements(self) -> Decoding:
        """Return the decoding with SpecificCharacterSet and PixelRepresentation applied."""
        encodings, is_signed = self.encodings, self.is_signed
        characters = self.elements.get(_CHARACTER_SET)
        if characters is not None:
            text = characters.raw.strip(_PADDING).decode("latin-1")
            encodings = encodings_of(tuple(part.strip(" \0") for part in text.split("\\")))
        sign = self.elements.get(_PIXEL_REPRESENTATION)
        if sign is not None:
            is_signed = any(sign.raw[:2])
        return replace(self, encodings=encodings, is_signed=is_signed)


def name_of(tag: int, elements: Mapping[int, Any] | None = None) -> str:
    """Return the name of an attribute.

    `elements` have the creators of private ones.

    Examples
    --------
    >>> name_of(0x00280010), name_of(0x60000010), name_of(0x00291010)
    ('Rows', '(6000,0010) OverlayRows', '(0029,1010)')
    """
    keyword = keyword_for_tag(tag)
    if keyword and tag_for_keyword(keyword) == tag:
        return keyword
    number = f"({tag >> 16:04X},{tag & 0xFFFF:04X})"
    if keyword:  # of a repeating group: 60xx is one of sixteen overlays
        return f"{number} {keyword}"
    creator = _private_creator(tag, elements or {})
    if creator is None:
        return number
    return f"{number} {creator}"


def _private_creator(tag: int, elements: Mapping[int, Any]) -> str | None:
    """Return the private creator of a tag.

    None if it is missing. PS3.5 section 7.8.
    """
    if not tag >> 16 & 1:
        return None
    element = elements.get(tag & 0xFFFF0000 | (tag & 0xFF00) >> 8)
    return None if element is None else element.raw.strip(_PADDING).decode("latin-1")


def plain_value(tag: int, element: Element, decoding: Decoding | None = None) -> Any:
    r"""Return a value as plain Python types.

    Parameters
    ----------
    tag : int
        Of the element.
    element : Element
        From the file.
    decoding : Decoding, optional
        Of its data set.

    Returns
    -------
    Any
        The bytes if they do not match the VR, a text if it should be a number but is not; "" if
        there is no value.

    Notes
    -----
    PS3.5 section 6.2. Sequences nested more than 64 deep are returned as bytes.

    Examples
    --------
    >>> plain_value(0x00280010, Element("US", b"\7\0"))
    7
    >>> plain_value(0x00280030, Element("DS", b"1.5\\2 "))
    [1.5, 2.0]
    """
    decoding = decoding or Decoding()
    if tag >> 16 == 2 and decoding.order == ">":  # always little-endian (PS3.10 section 7.1)
        decoding = replace(decoding, order="<")
    vr = _vr_of(tag, element, decoding)
    try:
        if vr == "SQ":
            return _items(element, decoding)
        return _value(tag, vr, element.raw, decoding)
    except (ValueError, OverflowError, struct.error, ParseError):
        return element.raw


def _vr_of(tag: int, element: Element, decoding: Decoding) -> str:
    """Return the VR.

    That of the dictionary if the file has none or UN. PS3.5 section 6.2.2.
    """
    if element.vr != "UN" and not element.implicit:
        return element.vr
    if element.vr == "UN" and len(element.raw) >= _LONGEST_UNKNOWN:
        return "UN"
    vr = element.vr
    if not tag >> 16 & 1:
        vr = _dictionary_vr(tag) or vr
    elif vr == "UN":
        vr = _private_vr(tag, decoding)
    if "US or SS" in vr:
        if vr.endswith("OW") and len(element.raw) > 2:
            return "OW"
        return "SS" if decoding.is_signed else "US"
    if " or " in vr:
        return element.vr
    return vr


@cache
def _dictionary_vr(tag: int) -> str:
    try:
        return dictionary_vr(tag)
    except KeyError:
        return ""


def _private_vr(tag: int, decoding: Decoding) -> str:
    if 0x10 <= tag & 0xFFFF <= 0xFF:
        return "LO"
    creator = _private_creator(tag, decoding.elements)
    if not creator:
        return "UN"
    return private_vr(tag, creator) or "UN"


def _value(tag: int, vr: str, raw: bytes, decoding: Decoding) -> Any:
    if not raw:
        return ""
    if vr in _NUMBERS:
        return _unwrap(_numbers(tag, vr, raw, decoding.order))
    if vr == "AT":
        words = struct.unpack(f"{decoding.order}{len(raw) // 2}H", raw[: len(raw) // 4 * 4])
        pairs = zip(words[::2], words[1::2], strict=True)
        return _unwrap([group << 16 | number for group, number in pairs])
    if vr not in TEXT_VRS:
        return raw
    text = text_of(raw, decoding.encodings) if vr in _CODED else raw.decode("latin-1")
    text = text.rstrip(" \0")
    if vr in _SINGLE:
        return text
    return _unwrap(_texts(vr, text.split("\\")))


def _unwrap(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


def _numbers(tag: int, vr: str, raw: bytes, order: str) -> list[Any]:
    code = _NUMBERS[vr]
    values = list(struct.unpack(f"{order}{len(raw) // struct.calcsize('=' + code)}{code}", raw))
    if tag in _DESCRIPTORS and len(values) > 1 and values[0] < 0:
        values[0] += 1 << 16
    return values


def _texts(vr: str, parts: list[str]) -> list[Any]:
    if vr == "PN":
        return [part.rstrip(" \0=") for part in parts]
    if vr in _CODED:
        return [part.rstrip(" \0") for part in parts]
    if vr in {"AE", "DS", "IS"}:
        parts = [part.strip(" \0") for part in parts]
    parse = _PARSERS.get(vr, str)
    try:
        return [parse(part) if part else "" for part in parts]
    except (ValueError, OverflowError):
        return parts


def _whole_number(text: str) -> int:
    number = float(text)
    if not number.is_integer():
        raise ValueError(text)
    if text.lstrip("+-").isdigit():
        return int(text)  # exact, beyond the integers of a float
    return int(number)


_PARSERS: dict[str, Callable[[str], Any]] = {"DS": float, "IS": _whole_number}


def _items(element: Element, decoding: Decoding) -> Any:
    if decoding.depth >= MOST_LEVELS:
        return element.raw
    if element.vr == "UN":  # its items have implicit VRs (PS3.5 section 6.2.2 note 2)
        element = element._replace(implicit=True)
    encoding = Encoding(element.implicit, decoding.order)
    items = []
    for start, stop in item_spans(element, decoding.order):
        elements = _elements(element.raw[start:stop], encoding)
        inner = decoding.inside(elements)
        item = {}
        for tag in elements:
            item[name_of(tag, elements)] = plain_value(tag, elements[tag], inner)
        items.append(item)
    return items or ""


def _elements(data: bytes, encoding: Encoding) -> dict[int, Element]:
    """Return the elements of an item, icon pixels included."""
    scanned = scan_elements(data, 0, encoding)
    pixels = scanned.pixels
    if pixels is not None and pixels.length is not None:
        raw = data[pixels.offset :][: pixels.length]
        scanned.elements[pixels.tag] = Element(pixels.vr, raw)
    return scanned.elements
