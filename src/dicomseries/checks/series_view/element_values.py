"""Texts, numbers, items and printed values of elements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from dicomseries.reading import Element, Instance, ParseError, as_numbers, items_of
from dicomseries.standard.attributes.attribute import tag_of
from dicomseries.standard.dictionary import keyword_for_tag

__all__ = [
    "AttributeValue",
    "forget_items",
    "has_value",
    "items_in",
    "name_of",
    "number_in",
    "plain_text",
    "printable",
    "printed",
    "raw_in",
    "text_in",
    "unusual_values",
]

_LONGEST_TEXT = 60
_BINARY = frozenset({"AT", "FD", "FL", "OB", "OW", "SL", "SQ", "SS", "UL", "UN", "US"})
"""Value representations in which zeros and blanks are values."""
_BINARY_NUMBERS = frozenset({"FD", "FL", "SL", "SS", "SV", "UL", "US", "UV"})


class AttributeValue(NamedTuple):
    """Bytes of an attribute (None if absent), with their place."""

    where: str
    raw: bytes | None

    @property
    def numbers(self) -> tuple[float, ...]:
        """The values of VR DS or IS, if numeric."""
        return as_numbers("DS", self.raw or b"", "<")

    @property
    def text(self) -> str:
        """The text without padding; "" if it is absent."""
        return plain_text(self.raw)


def unusual_values(values: Sequence[AttributeValue]) -> tuple[list[AttributeValue], str]:
    """Return the unusual values, and the most common text.

    Examples
    --------
    >>> values = [AttributeValue("1", b"A"), AttributeValue("2", b"B "), AttributeValue("3", b"A ")]
    >>> unusual_values(values)
    ([AttributeValue(where='2', raw=b'B ')], 'A')
    """
    texts = [value.text for value in values]
    usual = Counter(texts).most_common(1)[0][0]
    return [value for value in values if value.text != usual], usual


def plain_text(raw: bytes | None) -> str:
    """Return ASCII characters without padding; "" for an absent attribute."""
    return (raw or b"").strip(b" \0").decode("latin-1")


def has_value(vr: str, raw: bytes | None) -> bool:
    """Return whether an attribute is present and not empty."""
    return bool(raw if raw is None or vr in _BINARY else raw.strip(b" \0"))


def items_in(instance: Instance, element: Element | None) -> tuple[dict[int, Element], ...]:
    """Return the items of a sequence; none if damaged."""
    return () if element is None else _items_of(element, instance.byte_order)


@lru_cache(maxsize=512)
def _items_of(element: Element, order: str) -> tuple[dict[int, Element], ...]:
    """Return items; many rules ask for those of the same sequences."""
    try:
        return items_of(element, order)
    except ParseError:
        return ()


def forget_items() -> None:
    """Forget the items that `items_in` keeps: they are data of patients."""
    _items_of.cache_clear()


def raw_in(item: Mapping[int, Element], keyword: str) -> bytes:
    """Return the bytes of an attribute of an item."""
    element = item.get(tag_of(keyword))
    return b"" if element is None else element.raw


def text_in(item: Mapping[int, Element], keyword: str) -> str:
    """Return the text of an attribute of an item."""
    return plain_text(raw_in(item, keyword))


def number_in(item: Mapping[int, Element], keyword: str, order: str) -> float | None:
    """Return the first number of an attribute of an item."""
    element = item.get(tag_of(keyword))
    if element is None:
        return None
    return next(iter(as_numbers(element.vr, element.raw, order)), None)


@cache
def name_of(tag: int) -> str:
    """Return the keyword of a tag, or "(gggg,eeee)".

    Examples
    --------
    >>> name_of(0x00280010), name_of(0x00291001)
    ('Rows', '(0029,1001)')
    """
    return keyword_for_tag(tag) or f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def printable(raw: bytes | str | None) -> str:
    """Return a value for messages: short and quoted, or "absent".

    Examples
    --------
    >>> printable(b"DERIVED "), printable(None)
    ("'DERIVED'", 'absent')
    """
    if raw is None:
        return "absent"
    text = raw if isinstance(raw, str) else raw.strip(b" \0").decode("utf-8", "backslashreplace")
    if len(text) > _LONGEST_TEXT:
        text = text[: _LONGEST_TEXT - 1] + "…"
    return repr(text)


def printed(instance: Instance, keyword: str) -> str:
    """Return an attribute for messages: number, quoted text, or "absent".

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> instance = read_instance(get_testdata_file("CT_small.dcm"))
    >>> printed(instance, "Rows"), printed(instance, "Modality"), printed(instance, "FrameTime")
    ('128', "'CT'", 'absent')
    """
    element = instance.element(tag_of(keyword))
    if element is None or element.vr not in _BINARY_NUMBERS:
        return printable(instance.raw(keyword))
    numbers = as_numbers(element.vr, element.raw, instance.byte_order)
    return ", ".join(f"{number:g}" for number in numbers) or "empty"
