"""Elements → plain Python values and names, for people and programs."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pydicom.datadict import keyword_for_tag, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence as DicomSequence
from pydicom.valuerep import PersonName

__all__ = ["name_of", "plain_value_of", "quiet"]


@contextmanager
def quiet() -> Iterator[None]:
    """Silence pydicom's remarks on values that break rules of the standard: to say so is what `check` is for."""
    logger = logging.getLogger("pydicom")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


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
    block = (elements or {}).get(tag & 0xFFFF0000 | (tag & 0xFF00) >> 8) if tag >> 16 & 1 else None
    return f"{number} {block.raw.strip(b' ' + bytes(1)).decode('latin-1')}" if block is not None else number


def plain_value_of(dataset: Dataset, tag: int, raw: bytes) -> Any:
    """Return one attribute of a data set as str, int, float, bytes, lists of them, or dictionaries for items.

    Its bytes where they are not what the VR demands; "" where there is no value.

    Examples
    --------
    >>> dataset = Dataset()
    >>> dataset.Rows = 7
    >>> plain_value_of(dataset, 0x00280010, b"")
    7
    """
    try:
        return _plain(dataset[tag])
    except Exception:  # noqa: BLE001 - whatever pydicom cannot decode is handed on as it stands in the file
        return raw


def _plain(element: DataElement) -> Any:
    return "" if element.is_empty else _plain_value(element.value)


def _plain_value(value: Any) -> Any:
    if isinstance(value, DicomSequence):
        return [_plain_item(item) for item in value]
    if isinstance(value, MultiValue | list | tuple):
        return [_plain_value(one) for one in value]
    for kind in (int, float, bytes):
        if isinstance(value, kind):
            return kind(value)  # type: ignore[arg-type]
    if isinstance(value, PersonName | str):
        return str(value)
    return float(value) if hasattr(value, "as_tuple") else str(value)


def _plain_item(item: Dataset) -> dict[str, Any]:
    creators = {int(tag): element for tag, element in item.items() if int(tag) >> 16 & 1}
    named = {int(tag): _Raw(element.value) for tag, element in creators.items()}
    return {name_of(int(element.tag), named): _plain(element) for element in item}


class _Raw:
    """A private creator inside an item, as bytes like those of an element."""

    def __init__(self, value: Any) -> None:
        self.raw = value if isinstance(value, bytes) else str(value).encode("latin-1", "replace")
