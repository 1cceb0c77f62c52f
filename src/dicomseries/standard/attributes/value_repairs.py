"""Corrected forms of illegal values with one possible meaning."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from dicomseries.standard.attributes.decimal_string import format_ds
from dicomseries.standard.attributes.defined_terms import ENUMERATED
from dicomseries.standard.attributes.value_representations import (
    MAX_CHARS,
    MULTI_LINE_VRS,
    text_fault,
)

__all__ = ["repaired_text", "value_fault"]

_DATE = re.compile(r"(\d{4})([-./])(\d{2})\2(\d{2})")
_TIME = re.compile(r"(\d{2}):(\d{2})(?::(\d{2})(\.\d+)?)?")
_LONG_TIME = re.compile(r"(\d{6}\.\d{6})\d+")
_AGE = re.compile(r"(\d{1,3})([DWMYdwmy])")
_INTEGER = re.compile(r"([+-]?\d+)\.0*")
_PROSE = ("Description", "Comments")
"""Ends of keywords of free texts, which may be cut at their end."""


def value_fault(keyword: str, vr: str, text: str) -> str:
    """Return the legal form of an illegal value.

    Parameters
    ----------
    keyword, vr : str
        Of the attribute.
    text : str
        One value, with or without its padding.

    Examples
    --------
    >>> value_fault("PatientSex", "CS", "0"), value_fault("PatientAge", "AS", "042Y ")
    ('one of M, F, O', '')
    """
    plain = _plain(vr, text)
    allowed = ENUMERATED.get(keyword, ())
    if vr == "CS" and allowed and plain and plain not in allowed:
        return f"one of {', '.join(allowed)}"
    return text_fault(vr, plain) or ""


def repaired_text(keyword: str, vr: str, text: str) -> str | None:
    """Return the legal value meant; None if ambiguous.

    Parameters
    ----------
    keyword, vr : str
        Of the attribute.
    text : str
        One value with a fault by `value_fault`.

    Examples
    --------
    >>> repaired_text("PatientAge", "AS", "7Y")
    '007Y'
    >>> repaired_text("PatientBirthDate", "DA", "1970-01-31")
    '19700131'
    >>> repaired_text("PatientSex", "CS", "0") is None
    True
    """
    plain = _plain(vr, text)
    repairs = _REPAIRS.get(vr)
    candidates = [*repairs(plain)] if repairs else []
    for candidate in (*candidates, *_of_texts(keyword, vr, plain)):
        if candidate and not value_fault(keyword, vr, candidate):
            return candidate
    return None


def _plain(vr: str, text: str) -> str:
    if vr in MULTI_LINE_VRS:
        return text.rstrip(" \0")
    return text.strip(" \0")


def _upper_case(text: str) -> Iterator[str]:
    yield text.upper()


def _dates(text: str) -> Iterator[str]:
    match = _DATE.fullmatch(text)
    if match:
        yield match[1] + match[3] + match[4]


def _times(text: str) -> Iterator[str]:
    with_colons = _TIME.fullmatch(text)
    if with_colons:
        hours, minutes, seconds, fraction = with_colons.groups("")
        yield hours + minutes + seconds + fraction[:7]
    too_exact = _LONG_TIME.fullmatch(text)
    if too_exact:
        yield too_exact[1]


def _ages(text: str) -> Iterator[str]:
    match = _AGE.fullmatch(text)
    if match:
        yield f"{int(match[1]):03d}{match[2].upper()}"


def _decimals(text: str) -> Iterator[str]:
    try:
        yield format_ds(float(text))
    except (ValueError, OverflowError):
        return


def _integers(text: str) -> Iterator[str]:
    match = _INTEGER.fullmatch(text)
    if match:
        yield str(int(match[1]))


_REPAIRS: dict[str, Callable[[str], Iterator[str]]] = {
    "AS": _ages,
    "CS": _upper_case,
    "DA": _dates,
    "DS": _decimals,
    "IS": _integers,
    "TM": _times,
}


def _of_texts(keyword: str, vr: str, text: str) -> Iterator[str]:
    """Yield printable text, and shortened text of descriptions."""
    if vr not in {"LO", "LT", "SH", "ST", "UC", "UT"}:
        return
    clean = "".join(char if char.isprintable() else " " for char in text).strip()
    yield clean
    if keyword.endswith(_PROSE):
        yield clean[: MAX_CHARS.get(vr, len(clean))].strip()
