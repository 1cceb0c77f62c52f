"""The data dictionary (PS3.6 chapter 6).

The table is ``data/dictionary.json``, made by ``tools/make_standard_tables.py`` from pydicom's:
a write then starts without pydicom, which takes longer to import than numpy.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from dicomseries.standard.read_table import read_table

__all__ = [
    "dictionary_vm",
    "dictionary_vr",
    "has_tag",
    "is_keyword",
    "is_repeating",
    "keyword_for_tag",
    "keywords",
    "private_vr",
    "tag_for_keyword",
]


class _Entry(NamedTuple):
    vr: str
    vm: str
    keyword: str


def dictionary_vr(tag: int) -> str:
    """Return the value representation of a tag; it may be a choice such as "US or SS".

    Raises
    ------
    KeyError
        If the dictionary does not have the tag.

    Examples
    --------
    >>> dictionary_vr(0x00280030), dictionary_vr(0x60023000)
    ('DS', 'OB or OW')
    """
    return _entry(tag).vr


def dictionary_vm(tag: int) -> str:
    """Return the value multiplicity of a tag, such as "1-n".

    Raises
    ------
    KeyError
        If the dictionary does not have the tag.

    Examples
    --------
    >>> dictionary_vm(0x00280030)
    '2'
    """
    return _entry(tag).vm


def has_tag(tag: int) -> bool:
    """Return whether the dictionary has a tag; False for repeating groups.

    Examples
    --------
    >>> has_tag(0x00280010), has_tag(0x60023000), has_tag(0x00291010)
    (True, False, False)
    """
    return f"{tag:08X}" in _attributes()


def keyword_for_tag(tag: int) -> str:
    """Return the keyword of a tag, that of repeating groups too; empty if there is none.

    Examples
    --------
    >>> keyword_for_tag(0x00280010), keyword_for_tag(0x60023000), keyword_for_tag(0x00291010)
    ('Rows', 'OverlayData', '')
    """
    try:
        return _entry(tag).keyword
    except KeyError:
        return ""


def tag_for_keyword(keyword: str) -> int | None:
    """Return the tag of a keyword; None if unknown, or of a repeating group.

    Examples
    --------
    >>> tag_for_keyword("Rows") == 0x00280010, tag_for_keyword("OverlayData")
    (True, None)
    """
    return _tags().get(keyword)


def keywords() -> tuple[str, ...]:
    """Return all keywords with one tag.

    Examples
    --------
    >>> "Rows" in keywords(), "OverlayData" in keywords()
    (True, False)
    """
    return tuple(_tags())


def is_keyword(name: str) -> bool:
    """Return whether a text is a keyword with one tag.

    Examples
    --------
    >>> is_keyword("Rows"), is_keyword("rows"), is_keyword("OverlayData")
    (True, False, False)
    """
    return name in _tags()


def is_repeating(keyword: str) -> bool:
    """Return whether a keyword belongs to repeating groups, such as 60xx.

    Examples
    --------
    >>> is_repeating("OverlayData"), is_repeating("Rows")
    (True, False)
    """
    return keyword in {entry.keyword for _, _, entry in _repeating()}


def private_vr(tag: int, creator: str) -> str:
    """Return the value representation of a private tag; empty if unknown.

    Examples
    --------
    >>> private_vr(0x00431039, "GEMS_PARM_01"), private_vr(0x00991001, "MY LAB")
    ('IS', '')
    """
    from pydicom.datadict import private_dictionary_VR  # noqa: PLC0415 - for private tags only

    try:
        return str(private_dictionary_VR(tag, creator))
    except KeyError:
        return ""


def _entry(tag: int) -> _Entry:
    line = _attributes().get(f"{tag:08X}")
    if line is not None:
        return _Entry(*line.split("|"))
    if not tag >> 16 & 1:
        for value, mask, entry in _repeating():
            if tag & mask == value:
                return entry
    message = f"({tag >> 16:04X},{tag & 0xFFFF:04X})"
    raise KeyError(message)


@cache
def _attributes() -> dict[str, str]:
    """Return tag → "VR|VM|keyword"."""
    attributes: dict[str, str] = read_table("dictionary.json")["attributes"]
    return attributes


@cache
def _tags() -> dict[str, int]:
    tags: dict[str, int] = {}
    for tag, line in _attributes().items():
        keyword = line[line.rindex("|") + 1 :]
        if keyword:
            tags[keyword] = int(tag, 16)
    return tags


@cache
def _repeating() -> tuple[tuple[int, int, _Entry], ...]:
    """Return value and mask of the tags of repeating groups, and their entry."""
    groups: list[tuple[int, int, _Entry]] = []
    for pattern, line in read_table("dictionary.json")["repeating"].items():
        mask = "".join("0" if digit == "x" else "F" for digit in pattern)
        value = int(pattern.replace("x", "0"), 16)
        groups.append((value, int(mask, 16), _Entry(*line.split("|"))))
    return tuple(groups)
