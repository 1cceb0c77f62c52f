"""Values of elements compared between files of different encodings."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.parse.parser import MOST_LEVELS, Element, ParseError, items_of
from dicomseries.standard.attributes.value_representations import TEXT_VRS, WORD_BYTES
from dicomseries.standard.dictionary import dictionary_vr, has_tag

__all__ = ["are_encoded_alike", "comparable"]

_SWAPPED = WORD_BYTES | {"AT": 2, "FD": 8, "FL": 4, "SL": 4, "SS": 2}
_SWAPPED |= {"SV": 8, "UL": 4, "US": 2, "UV": 8}
"""Sizes of numbers that depend on the byte order (PS3.5 section 7.3)."""
_ITEM = b"\xfe\xff\x00\xe0"


def are_encoded_alike(instances: Sequence[Instance]) -> bool:
    """Return True if equal values are equal bytes.

    One byte order, VRs in all files or none.

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> names = ("MR_small.dcm", "MR_small_RLE.dcm", "MR_small_bigendian.dcm")
    >>> files = [read_instance(get_testdata_file(name)) for name in names]
    >>> are_encoded_alike(files[:2]), are_encoded_alike(files)
    (True, False)
    """
    families = {instance.family: instance for instance in instances}
    forms = {(one.is_implicit, one.byte_order) for one in families.values()}
    return len(forms) == 1


def comparable(instance: Instance, tag: int) -> Hashable:
    r"""Return the value of an element, independent of its encoding.

    None if it is absent. A VR that the dictionary does not allow is part of the value, so that one
    wrong VR among right ones is a difference.

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> names = ("MR_small.dcm", "MR_small_bigendian.dcm", "MR_small_implicit.dcm")
    >>> {comparable(read_instance(get_testdata_file(name)), 0x00280010) for name in names}
    {b'@\x00'}
    """
    element = instance.element(tag)
    if element is None:
        return None
    order = "<" if tag >> 16 == 2 else instance.byte_order
    return _comparable(tag, element, order, 0)


def _comparable(tag: int, element: Element, order: str, depth: int) -> Hashable:
    items = None
    if depth <= MOST_LEVELS:
        items = _items(element, order)
    if items is not None:
        return tuple(_comparable_item(item, order, depth + 1) for item in items)
    raw = _little_endian(element, order)
    if not has_tag(tag):
        return raw
    allowed = dictionary_vr(tag).split(" or ")
    if element.vr not in allowed and element.vr != "UN" and not element.implicit:
        return element.vr, raw
    if allowed[0] in TEXT_VRS:
        return raw.rstrip(b" \0")
    return raw


def _comparable_item(item: dict[int, Element], order: str, depth: int) -> Hashable:
    tags = [tag for tag in sorted(item) if tag & 0xFFFF]  # group lengths depend on the encoding
    return tuple((tag, _comparable(tag, item[tag], order, depth)) for tag in tags)


def _items(element: Element, order: str) -> tuple[dict[int, Element], ...] | None:
    """Return the items of a sequence; None for other elements."""
    if element.vr == "UN" and element.raw[:4] == _ITEM:
        # Implicit VR Little Endian (PS3.5 section 6.2.2 note 2).
        element, order = Element("SQ", element.raw, implicit=True), "<"
    if element.vr != "SQ":
        return None
    try:
        return items_of(element, order)
    except ParseError:
        return None


def _little_endian(element: Element, order: str) -> bytes:
    size = _SWAPPED.get(element.vr)
    if order == "<" or size is None or len(element.raw) % size:
        return element.raw
    return np.frombuffer(element.raw, f">u{size}").astype(f"<u{size}").tobytes()
