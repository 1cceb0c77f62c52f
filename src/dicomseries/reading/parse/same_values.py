"""Elements of files in different encodings compared by value: byte order, VR and padding are no difference."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
from pydicom.datadict import dictionary_has_tag, dictionary_VR

from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.parse.parser import Damaged, Element, Short, items_of
from dicomseries.standard.transfer_syntaxes import EXPLICIT_VR_BIG_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from dicomseries.standard.value_representations import TEXT_VRS

__all__ = ["are_encoded_alike", "comparable"]

_SWAPPED = {
    "AT": 2,
    "FD": 8,
    "FL": 4,
    "OD": 8,
    "OF": 4,
    "OL": 4,
    "OV": 8,
    "OW": 2,
    "SL": 4,
    "SS": 2,
}
_SWAPPED |= {"SV": 8, "UL": 4, "US": 2, "UV": 8}
"""Bytes that change their order with that of the data set (PS3.5 section 7.3)."""
_ITEM = b"\xfe\xff\x00\xe0"
_DEEPEST = 64


def _encoding(instance: Instance) -> str:
    """Return what matters of the transfer syntax for elements: every other one is Explicit VR Little Endian."""
    syntax = instance.transfer_syntax
    return syntax if syntax in {EXPLICIT_VR_BIG_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN} else ""


def are_encoded_alike(instances: Sequence[Instance]) -> bool:
    """Return whether equal values are equal bytes: all files have the same byte order and write VRs, or do not.

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> names = ("MR_small.dcm", "MR_small_RLE.dcm", "MR_small_bigendian.dcm")
    >>> found = [read_instance(get_testdata_file(name)) for name in names]
    >>> are_encoded_alike(found[:2]), are_encoded_alike(found)
    (True, False)
    """
    first = instances[0]
    families = {one.family.transfer_syntax: one for one in instances}
    return all(_encoding(one) == _encoding(first) for one in families.values())


def comparable(instance: Instance, tag: int) -> Hashable:
    r"""Return the value of an element, equal in files of any encoding; None if it is absent.

    A VR that the dictionary does not allow is part of it, so that one wrong VR among right ones is seen.

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
    items = None if depth > _DEEPEST else _items(element, order)
    if items is not None:
        return tuple(
            tuple(
                (inner, _comparable(inner, item[inner], order, depth + 1))
                for inner in sorted(item)
                if inner & 0xFFFF
            )
            for item in items
        )
    raw = _little(element, order)
    if not dictionary_has_tag(tag):
        return raw
    allowed = dictionary_VR(tag).split(" or ")
    if element.vr not in allowed and element.vr != "UN" and not element.implicit:
        return element.vr, raw
    return raw.rstrip(b" \0") if allowed[0] in TEXT_VRS else raw


def _comparable_item(item: Mapping[int, Element], order: str, depth: int) -> Hashable:
    tags = [tag for tag in sorted(item) if tag & 0xFFFF]  # group lengths differ with the encoding
    return tuple((tag, _comparable(tag, item[tag], order, depth)) for tag in tags)


def _items(element: Element, order: str) -> tuple[dict[int, Element], ...] | None:
    """Return the items of a sequence; None for anything else."""
    if (
        element.vr == "UN" and element.raw[:4] == _ITEM
    ):  # PS3.5 section 6.2.2 note 2: in Implicit VR Little Endian
        element, order = Element("SQ", element.raw, implicit=True), "<"
    if element.vr != "SQ":
        return None
    try:
        return items_of(element, order)
    except (Damaged, Short):
        return None


def _little(element: Element, order: str) -> bytes:
    """Return the bytes of a value with the lowest byte first."""
    size = _SWAPPED.get(element.vr)
    if order == "<" or size is None or len(element.raw) % size:
        return element.raw
    return np.frombuffer(element.raw, f">u{size}").astype(f"<u{size}").tobytes()
