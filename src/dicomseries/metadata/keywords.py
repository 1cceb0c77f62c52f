"""Names written by users → keywords of the data dictionary."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import cache

from dicomseries.errors import MetadataError
from dicomseries.standard.dictionary import (
    is_keyword,
    is_repeating,
    keyword_for_tag,
    keywords,
    tag_for_keyword,
)

__all__ = ["keyword_of"]

_TAG = re.compile(r"\(?([0-9A-Fa-f]{4})[,|]?\s?([0-9A-Fa-f]{4})\)?")
_SUGGESTIONS = 3
_COMMAND, _FILE_META, _DIRECTORY = 0x0000, 0x0002, 0x0004


def keyword_of(name: object) -> str:
    """Return the keyword of a name.

    Parameters
    ----------
    name : object
        A keyword ("PatientName") or a tag as text ("0010,0010", "0010|0010", "(0010,0010)",
        "00100010").

    Raises
    ------
    MetadataError
        For a private, unknown or misspelt name, a group outside of data sets, or a name that is
        no text.

    Examples
    --------
    >>> keyword_of("0010|0010")
    'PatientName'
    """
    if not isinstance(name, str):
        raise MetadataError(
            code="keyword-not-text",
            where="metadata",
            given=repr(name),
            expected='a DICOM keyword as text, such as "PatientName"',
            remedy="Write the keyword in quotes.",
        )
    known_tag = tag_for_keyword(name)
    if known_tag is not None:
        return _in_data_set(name, known_tag)
    match = _TAG.fullmatch(name.strip())
    if match:
        return _keyword_of_tag(name, int("".join(match.groups()), 16))
    if is_repeating(name):
        raise _repeating_group(name)
    raise _unknown(name)


def _repeating_group(name: str) -> MetadataError:
    return MetadataError(
        code="repeating-group",
        where=name,
        given="an attribute of the repeating groups 50xx and 60xx (curves, overlays)",
        expected="an attribute with one tag",
        remedy="Leave it out; overlays are not written.",
    )


def _keyword_of_tag(name: str, tag: int) -> str:
    if (tag >> 16) % 2:
        raise MetadataError(
            code="private-attribute",
            where=name,
            given="a private tag",
            expected="an attribute of the DICOM data dictionary",
            remedy="Use a standard attribute instead, such as ImageComments.",
        )
    keyword = keyword_for_tag(tag)
    if is_repeating(keyword):
        raise _repeating_group(name)
    if not keyword or not is_keyword(keyword):
        raise MetadataError(
            code="tag-unknown",
            where=name,
            given="a tag that the data dictionary does not have",
            expected="a tag of PS3.6",
            remedy="Look the attribute up in PS3.6 and give its keyword.",
        )
    return _in_data_set(keyword, tag)


def _in_data_set(keyword: str, tag: int) -> str:
    if tag >> 16 in {_COMMAND, _FILE_META, _DIRECTORY} or not tag & 0xFFFF:
        raise MetadataError(
            code="attribute-not-in-data-set",
            where=keyword,
            given=f"an attribute of group {tag >> 16:04X}",
            expected="an attribute of the image; the file's own header is written for you",
            remedy="Leave it out.",
        )
    return keyword


def _unknown(name: str) -> MetadataError:
    near = _nearest(name)
    if near:
        others = f" (or {', '.join(near[1:])})" if near[1:] else ""
        remedy = f"Use {near[0]}{others}."
    else:
        remedy = "Look the keyword up in PS3.6; it is the attribute's name without blanks."
    return MetadataError(
        code="keyword-unknown",
        where=name or "metadata",
        given=repr(name),
        expected="a keyword of the DICOM data dictionary",
        remedy=remedy,
    )


def _nearest(name: str) -> list[str]:
    plain = _plain(name)
    keywords = _keyword_by_plain_name()
    if plain in keywords:
        return [keywords[plain]]
    near = []
    if len(plain) > 3:  # an abbreviation ("StudyDesc") is the beginning of a keyword
        near = sorted((key for key in keywords if key.startswith(plain)), key=len)[:_SUGGESTIONS]
    near += get_close_matches(plain, keywords, n=_SUGGESTIONS, cutoff=0.7)
    return [keywords[key] for key in dict.fromkeys(near)][:_SUGGESTIONS]


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold().replace("'s", "")))


@cache
def _keyword_by_plain_name() -> dict[str, str]:
    return {keyword.casefold(): keyword for keyword in keywords()}
