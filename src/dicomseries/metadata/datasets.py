"""pydicom datasets → mappings of keywords to plain values."""

from __future__ import annotations

from collections.abc import MutableSequence
from typing import TYPE_CHECKING, Any

from dicomseries.standard.pydicom_objects import is_person_name

if TYPE_CHECKING:
    from pydicom.dataelem import DataElement
    from pydicom.dataset import Dataset

__all__ = ["plain_mapping"]

_DECODED = frozenset({"SpecificCharacterSet"})
"""Attributes without use once pydicom has decoded the texts."""


def plain_mapping(dataset: Dataset) -> dict[str, Any]:
    """Return a pydicom Dataset as a mapping for `Metadata.from_mapping`.

    Parameters
    ----------
    dataset : Dataset
        The file meta information, group lengths and SpecificCharacterSet are left out.

    Returns
    -------
    dict
        Keyword → value; sequences as lists of mappings; private attributes as ``"(0099,1001) MY
        LAB"``.

    Examples
    --------
    >>> from pydicom import Dataset
    >>> dataset = Dataset()
    >>> dataset.PatientID = "42"
    >>> dataset.private_block(0x0099, "MY LAB", create=True).add_new(1, "LO", "run 7")
    >>> plain_mapping(dataset)
    {'PatientID': '42', '(0099,1001) MY LAB': {'vr': 'LO', 'value': 'run 7'}}
    """
    mapping: dict[str, Any] = {}
    for element in dataset:
        tag = element.tag
        if tag.element == 0 or tag.is_private_creator or element.keyword in _DECODED:
            continue
        name = element.keyword or f"({tag.group:04X},{tag.element:04X})"
        value = _plain(element)
        if tag.is_private:
            name = f"{name} {element.private_creator or ''}".rstrip()
            value = {"vr": str(element.VR), "value": value}
        mapping[name] = value
    return mapping


def _plain(element: DataElement) -> Any:
    if element.VR == "SQ":
        return list(map(plain_mapping, element.value))
    if element.is_empty:
        return None
    values = element.value if isinstance(element.value, MutableSequence) else [element.value]
    plain = []
    for value in values:
        if element.VR in {"DS", "IS"} or is_person_name(value):
            plain.append(str(getattr(value, "original_string", "") or value))
        else:
            plain.append(value)
    return plain[0] if len(plain) == 1 else plain
