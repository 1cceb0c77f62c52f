r"""Legal texts of value representations (PS3.5 section 6.2).

`text_fault` looks at one value (no backslash-separated list) and says what would have been right.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from functools import cache

from dicomseries.standard.dictionary import dictionary_vr, has_tag

__all__ = [
    "ASCII_VRS",
    "BINARY_RANGES",
    "BYTE_VRS",
    "FLOAT_VRS",
    "LONG_VRS",
    "MAX_CHARS",
    "MULTI_LINE_VRS",
    "SHORT_VRS",
    "TEXT_VRS",
    "WORD_BYTES",
    "representations",
    "text_fault",
]

MAX_CHARS: dict[str, int] = {
    "AE": 16,
    "AS": 4,
    "CS": 16,
    "DA": 8,
    "DS": 16,
    "DT": 26,
    "IS": 12,
    "LO": 64,
    "LT": 10240,
    "SH": 16,
    "ST": 1024,
    "TM": 14,
    "UI": 64,
}
"""Longest value in characters (PS3.5 table 6.2-1).

PN may have 64 in each component group; UC, UR and UT have no practical limit.
"""

TEXT_VRS = frozenset({*MAX_CHARS, "PN", "UC", "UR", "UT"})
"""Value representations whose values are texts."""

ASCII_VRS = frozenset({"AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI", "UR"})
"""Texts without SpecificCharacterSet."""

MULTI_LINE_VRS = frozenset({"LT", "ST", "UT"})
"""Texts of one value that may hold line breaks and backslashes."""

BINARY_RANGES: dict[str, tuple[int, int]] = {
    "SL": (-(2**31), 2**31 - 1),
    "SS": (-(2**15), 2**15 - 1),
    "SV": (-(2**63), 2**63 - 1),
    "UL": (0, 2**32 - 1),
    "US": (0, 2**16 - 1),
    "UV": (0, 2**64 - 1),
}
"""Smallest and largest number of the integer value representations."""

FLOAT_VRS = frozenset({"FD", "FL"})
"""Value representations of binary floating point numbers."""

BYTE_VRS = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
"""Value representations of byte strings."""

LONG_VRS = frozenset({*BYTE_VRS, "SQ", "SV", "UC", "UR", "UT", "UV"})
"""Value representations with a length of 4 bytes in explicit VR (PS3.5 section 7.1.2)."""

SHORT_VRS = (TEXT_VRS | FLOAT_VRS | {"AT", *BINARY_RANGES}) - LONG_VRS
"""Value representations with a length of 2 bytes in explicit VR."""

WORD_BYTES: dict[str, int] = {"OD": 8, "OF": 4, "OL": 4, "OV": 8, "OW": 2}
"""Bytes of one number in the byte strings that consist of numbers."""

_PN_GROUPS, _PN_COMPONENTS, _PN_CHARS = 3, 5, 64
_DS = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_IS = re.compile(r"[+-]?\d+")
_UI = re.compile(r"(0|[1-9]\d*)(\.(0|[1-9]\d*))*")
_CS = re.compile(r"[A-Z0-9_ ]*")
_AS = re.compile(r"\d{3}[DWMY]")
_TM = re.compile(r"([01]\d|2[0-3])([0-5]\d([0-5]\d|60)?)?", re.ASCII)
_TM_FULL = re.compile(r"([01]\d|2[0-3])[0-5]\d([0-5]\d|60)\.\d{1,6}")
_ZONE = re.compile(r"[+-](0\d|1[0-4])[0-5]\d$")
_UR = re.compile(r"[A-Za-z0-9:/?#\[\]@!$&'()*+,;=%._~-]*")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_LINE_BREAKS = dict.fromkeys(map(ord, "\t\n\f\r"))
_SURROGATE = re.compile("[\ud800-\udfff]")


@cache
def representations(tag: int) -> frozenset[str]:
    """Return the value representations allowed by the dictionary.

    Examples
    --------
    >>> sorted(representations(0x00280120)), representations(0x00291010)
    (['SS', 'US'], frozenset())
    """
    if not has_tag(tag):
        return frozenset()
    return frozenset(dictionary_vr(tag).split(" or "))


def text_fault(vr: str, text: str) -> str | None:
    """Return the legal form of an illegal text.

    Parameters
    ----------
    vr : str
        Value representation; those without texts have no fault.
    text : str
        One value without its padding.

    Notes
    -----
    PS3.5 section 6.2 and table 6.2-1. An empty text is legal: it is zero length.

    Examples
    --------
    >>> text_fault("CS", "axial")
    'capital letters, digits, blank and underscore'
    >>> text_fault("DA", "20260230")
    'a date as YYYYMMDD'
    >>> text_fault("DS", "2.5") is None
    True
    """
    if vr not in TEXT_VRS or not text:
        return None
    # the form first: "a date as YYYYMMDD" helps more than "at most 8 characters"
    return _characters_fault(vr, text) or _form_fault(vr, text) or _length_fault(vr, text)


def _length_fault(vr: str, text: str) -> str | None:
    limit = MAX_CHARS.get(vr)
    if limit is None or len(text) <= limit:
        return None
    return f"at most {limit} characters (VR {vr})"


def _characters_fault(vr: str, text: str) -> str | None:
    if text.isascii() and text.isprintable() and "\\" not in text:  # nearly all
        return None
    without_breaks = text.translate(_LINE_BREAKS) if vr in MULTI_LINE_VRS else text
    if _CONTROL.search(without_breaks):
        also = "" if vr in MULTI_LINE_VRS else " and no line breaks"
        return f"no control characters{also} (VR {vr})"
    if _SURROGATE.search(text):
        return "characters that UTF-8 can hold"
    if vr in ASCII_VRS and not text.isascii():
        return f"ASCII characters only (VR {vr})"
    if vr not in MULTI_LINE_VRS and "\\" in text:
        return "no backslash, which separates values in DICOM"
    return None


def _form_fault(vr: str, text: str) -> str | None:
    if vr == "PN":
        return _name_fault(text)
    if vr not in _FORMS:
        return None
    is_legal, expected = _FORMS[vr]
    return None if is_legal(text) else expected


def _name_fault(text: str) -> str | None:
    groups = text.split("=")
    if len(groups) > _PN_GROUPS:
        return "at most three name groups joined by '='"
    if any(len(group) > _PN_CHARS for group in groups):
        return "at most 64 characters in a name group (VR PN)"
    if any(group.count("^") >= _PN_COMPONENTS for group in groups):
        return "at most five name components joined by '^': Family^Given^Middle^Prefix^Suffix"
    return None


def _is_date(text: str) -> bool:
    if len(text) != 8 or not text.isdecimal():
        return False
    try:
        dt.date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return False
    return True


def _is_time(text: str) -> bool:
    return bool(_TM.fullmatch(text) or _TM_FULL.fullmatch(text))


def _is_moment(text: str) -> bool:
    moment = _ZONE.sub("", text)
    date, time = moment[:8], moment[8:]
    if len(date) in {4, 6}:  # the month and the day may be missing
        date += "0101"[len(date) - 4 :]
    return _is_date(date) and (not time or _is_time(time))


def _is_integer(text: str) -> bool:
    low, high = BINARY_RANGES["SL"]
    return bool(_IS.fullmatch(text)) and low <= int(text) <= high


_FORMS: dict[str, tuple[Callable[[str], object], str]] = {
    "AS": (_AS.fullmatch, "three digits and D, W, M or Y, such as 042Y"),
    "CS": (_CS.fullmatch, "capital letters, digits, blank and underscore"),
    "DA": (_is_date, "a date as YYYYMMDD"),
    "DS": (_DS.fullmatch, "a decimal number"),
    "DT": (
        _is_moment,
        "a date and time as YYYYMMDDHHMMSS.FFFFFF&ZZXX; parts may be left out from the right",
    ),
    "IS": (_is_integer, "a whole number from {} to {}".format(*BINARY_RANGES["SL"])),
    "TM": (_is_time, "a time as HHMMSS or HHMMSS.FFFFFF"),
    "UI": (_UI.fullmatch, "a UID: numbers without leading zeros, joined by dots"),
    "UR": (_UR.fullmatch, "a URI: no blanks, other characters as %XX (RFC 3986)"),
}
"""VR → test of a text, and the legal form in words."""
