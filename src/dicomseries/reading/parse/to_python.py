"""Elements → plain Python values and names, for people and programs.

Values are decoded here and not by pydicom, whose remarks on odd ones can only be silenced for the whole process.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from pydicom.datadict import dictionary_VR, keyword_for_tag, private_dictionary_VR, tag_for_keyword

from dicomseries.reading.parse.character_sets import encodings_of, text_of
from dicomseries.reading.parse.parser import (
    Damaged,
    Element,
    Encoding,
    Short,
    item_spans,
    scan_elements,
)

__all__ = ["Decoding", "name_of", "plain_value"]

_DEEPEST = 64
_PADDING = b" \0"
_CHARACTER_SET, _PIXEL_REPRESENTATION = 0x00080005, 0x00280103
_DESCRIPTORS = frozenset({0x00281101, 0x00281102, 0x00281103, 0x00283002})
"""LUT descriptors, whose first value has no sign (PS3.3 section C.11.1.1.1)."""

_NUMBERS = {"FD": "d", "FL": "f", "SL": "i", "SS": "h", "SV": "q", "UL": "I", "US": "H", "UV": "Q"}
_SINGLE = frozenset({"LT", "ST", "UR", "UT"})
_CODED = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})
"""VRs whose characters are those of SpecificCharacterSet (PS3.5 section 6.1.2.3)."""
_ASCII = frozenset({"AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI", "UR"})
_LONGEST_UNKNOWN = 0xFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoding:
    """What the values of a data set depend on beside their bytes.

    Parameters
    ----------
    order : {"<", ">"}
        Lowest byte first, or highest.
    encodings : tuple of str
        Of its texts, as `encodings_of` returns them.
    is_signed : bool
        Whether what is "US or SS" is SS: PixelRepresentation 1.
    elements : mapping of int to Element
        Of the data set: they name the makers of private ones.
    depth : int
        In how many sequences the data set stands.
    """

    order: str = "<"
    encodings: tuple[str, ...] = ("latin-1",)
    is_signed: bool = False
    elements: Mapping[int, Element] = field(default_factory=dict, repr=False)
    depth: int = 0

    def inside(self, elements: Mapping[int, Element]) -> Decoding:
        """Return the decoding of an item with these elements."""
        own = replace(self, elements=elements, depth=self.depth + 1)
        return (
            own.of_elements()
            if _CHARACTER_SET in elements or _PIXEL_REPRESENTATION in elements
            else own
        )

    def of_elements(self) -> Decoding:
        """Return the decoding that SpecificCharacterSet and PixelRepresentation among the elements ask for."""
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
    """Return the name of an attribute; `elements` of the data set name the makers of private ones.

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
    maker = _maker(tag, elements or {})
    return number if maker is None else f"{number} {maker}"


def _maker(tag: int, elements: Mapping[int, Any]) -> str | None:
    """Return the creator of the block of a private tag; None where it is missing (PS3.5 section 7.8)."""
    block = elements.get(tag & 0xFFFF0000 | (tag & 0xFF00) >> 8) if tag >> 16 & 1 else None
    return None if block is None else block.raw.strip(_PADDING).decode("latin-1")


def plain_value(tag: int, element: Element, decoding: Decoding | None = None) -> Any:
    r"""Return a value as str, int, float, bytes, a list of them, or a list of dictionaries for items.

    Parameters
    ----------
    tag : int
        Of the element.
    element : Element
        As it stands in the file.
    decoding : Decoding, optional
        Of its data set.

    Returns
    -------
    Any
        The bytes where they are not what the VR demands, a text where it should be a number; "" where there is no
        value.

    Notes
    -----
    PS3.5 section 6.2. Sequences that stand 64 deep are returned as bytes.

    Examples
    --------
    >>> plain_value(0x00280010, Element("US", b"\7\0")), plain_value(0x00280030, Element("DS", b"1.5\\2 "))
    (7, [1.5, 2.0])
    """
    decoding = decoding or Decoding()
    if tag >> 16 == 2 and decoding.order == ">":
        decoding = replace(
            decoding, order="<"
        )  # file meta information is always little-endian (PS3.10 section 7.1)
    vr = _vr_of(tag, element, decoding)
    try:
        if vr == "SQ":
            return _items(element, decoding)
        return _value(tag, vr, element.raw, decoding)
    except (ValueError, OverflowError, struct.error, Damaged, Short):
        return element.raw


def _vr_of(tag: int, element: Element, decoding: Decoding) -> str:
    """Return the VR to decode by: the dictionary's where the file has none or UN (PS3.5 section 6.2.2)."""
    if element.vr != "UN" and not element.implicit:
        return element.vr
    known = element.vr if tag >> 16 & 1 else _dictionary_vr(tag) or element.vr
    if tag >> 16 & 1 and element.vr == "UN":
        known = _private_vr(tag, decoding)
    if element.vr == "UN" and len(element.raw) >= _LONGEST_UNKNOWN:
        return "UN"
    if "US or SS" in known:
        is_table = known.endswith("OW") and len(element.raw) > 2
        return "OW" if is_table else ("SS" if decoding.is_signed else "US")
    return element.vr if " or " in known else known


@cache
def _dictionary_vr(tag: int) -> str:
    try:
        return str(dictionary_VR(tag))
    except KeyError:
        return ""


def _private_vr(tag: int, decoding: Decoding) -> str:
    if 0x10 <= tag & 0xFFFF <= 0xFF:
        return "LO"
    maker = _maker(tag, decoding.elements)
    try:
        return str(private_dictionary_VR(tag, maker)) if maker else "UN"
    except KeyError:
        return "UN"


def _value(tag: int, vr: str, raw: bytes, decoding: Decoding) -> Any:
    if not raw:
        return ""
    if vr in _NUMBERS:
        return _single(_numbers(tag, vr, raw, decoding.order))
    if vr == "AT":
        return _single(_tags(raw, decoding.order))
    if vr in _SINGLE:
        return _text(vr, raw, decoding).rstrip(" \0")
    if vr in _ASCII or vr in _CODED:
        return _texts(vr, raw, decoding)
    return raw


def _single(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


def _numbers(tag: int, vr: str, raw: bytes, order: str) -> list[Any]:
    code = _NUMBERS[vr]
    values = list(struct.unpack(f"{order}{len(raw) // struct.calcsize('=' + code)}{code}", raw))
    if tag in _DESCRIPTORS and len(values) > 1 and values[0] < 0:
        values[0] += 1 << 16
    return values


def _tags(raw: bytes, order: str) -> list[int]:
    words = struct.unpack(f"{order}{len(raw) // 2}H", raw[: len(raw) // 4 * 4])
    return [group << 16 | number for group, number in zip(words[::2], words[1::2], strict=True)]


def _text(vr: str, raw: bytes, decoding: Decoding) -> str:
    return text_of(raw, decoding.encodings) if vr in _CODED else raw.decode("latin-1")


def _whole(text: str) -> int:
    number = float(text)
    if not number.is_integer():
        raise ValueError(text)
    return int(text) if text.lstrip("+-").isdigit() else int(number)


_PARSED: dict[str, Callable[[str], Any]] = {"DS": float, "IS": _whole}


def _texts(vr: str, raw: bytes, decoding: Decoding) -> Any:
    parts = _text(vr, raw, decoding).rstrip(" \0").split("\\")
    if vr in {"AE", "DS", "IS"}:
        parts = [part.strip(" \0") for part in parts]
    elif vr in _CODED:
        parts = [part.rstrip(" \0=" if vr == "PN" else " \0") for part in parts]
    parse = _PARSED.get(vr)
    try:
        return _single(parts if parse is None else [parse(part) if part else "" for part in parts])
    except (ValueError, OverflowError):
        return _single(parts)


def _items(element: Element, decoding: Decoding) -> Any:
    if decoding.depth >= _DEEPEST:
        return element.raw
    # PS3.5 section 6.2.2 note 2: what is UN holds its items in Implicit VR Little Endian.
    sequence = element._replace(implicit=True) if element.vr == "UN" else element
    encoding = Encoding(sequence.implicit, decoding.order)
    spans = item_spans(sequence, decoding.order)
    found = [_elements(sequence.raw[start:stop], encoding) for start, stop in spans]
    return [_item(item, decoding.inside(item)) for item in found] or ""


def _elements(data: bytes, encoding: Encoding) -> dict[int, Element]:
    """Return the elements of an item, with the pixels of an icon if there are any."""
    scanned = scan_elements(data, 0, encoding)
    pixels = scanned.pixels
    if pixels is None or pixels.length is None:
        return scanned.elements
    return {
        **scanned.elements,
        pixels.tag: Element(pixels.vr, data[pixels.offset :][: pixels.length]),
    }


def _item(elements: Mapping[int, Element], decoding: Decoding) -> dict[str, Any]:
    return {
        name_of(tag, elements): plain_value(tag, element, decoding)
        for tag, element in elements.items()
    }
