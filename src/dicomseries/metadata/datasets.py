"""A pydicom Dataset as what users write: keywords (or private tags with creators) and plain values."""

from __future__ import annotations

from typing import Any

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.valuerep import PersonName

__all__ = ["plain_mapping"]

_DECODED = frozenset({"SpecificCharacterSet"})
"""What pydicom has used up: its texts are decoded."""


def plain_mapping(dataset: Dataset) -> dict[str, Any]:
    """Return the attributes of a pydicom Dataset as a mapping, as `Metadata.from_mapping` takes it.

    Parameters
    ----------
    dataset : Dataset
        The file meta information, group lengths and SpecificCharacterSet are left out.

    Returns
    -------
    dict
        Keyword → value; sequences as lists of mappings; private attributes as ``"(0099,1001) MY LAB"``.

    Examples
    --------
    >>> dataset = Dataset()
    >>> dataset.PatientID = "42"
    >>> dataset.private_block(0x0099, "MY LAB", create=True).add_new(1, "LO", "run 7")
    >>> plain_mapping(dataset)
    {'PatientID': '42', '(0099,1001) MY LAB': {'vr': 'LO', 'value': 'run 7'}}
    """
    found: dict[str, Any] = {}
    for element in dataset:
        if (
            element.tag.element == 0
            or element.keyword in _DECODED
            or element.tag.is_private_creator
        ):
            continue
        name = element.keyword or f"({element.tag.group:04X},{element.tag.element:04X})"
        if element.tag.is_private:
            found[f"{name} {element.private_creator or ''}".rstrip()] = {
                "vr": str(element.VR),
                "value": _plain(element),
            }
        else:
            found[name] = _plain(element)
    return found


def _plain(element: DataElement) -> Any:
    if element.VR == "SQ":
        return [plain_mapping(item) for item in element.value]
    if element.is_empty:
        return None
    values = element.value if isinstance(element.value, MultiValue) else [element.value]
    plain = [
        _text(one) if element.VR in {"DS", "IS"} or isinstance(one, PersonName) else one
        for one in values
    ]
    return plain[0] if len(plain) == 1 else plain


def _text(value: Any) -> str:
    return str(getattr(value, "original_string", "") or value)
