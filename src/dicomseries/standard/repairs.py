"""Illegal values as they were meant, where there is only one meaning (PS3.5 section 6.2, PS3.3 annex C)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from dicomseries.standard.decimal_string import format_ds
from dicomseries.standard.terms import ENUMERATED
from dicomseries.standard.value_representations import MAX_CHARS, MULTI_LINE_VRS, text_fault

__all__ = ["repaired_text", "value_fault"]

_DATE = re.compile(r"(\d{4})([-./])(\d{2})\2(\d{2})")
_TIME = re.compile(r"(\d{2}):(\d{2})(?::(\d{2})(\.\d+)?)?")
_LONG_TIME = re.compile(r"(\d{6}\.\d{6})\d+")
_AGE = re.compile(r"(\d{1,3})([DWMYdwmy])")
_WHOLE = re.compile(r"([+-]?\d+)\.0*")
_PROSE = ("Description", "Comments")
"""Ends of keywords whose texts may be cut at their end: nobody looks them up."""


def value_fault(keyword: str, vr: str, text: str) -> str:
    """Return what one value should have been; empty if it is legal.

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
    allowed = ENUMERATED.get(keyword) if vr == "CS" else None
    if allowed is not None and plain and plain not in allowed:
        return f"one of {', '.join(allowed)}"
    return text_fault(vr, plain) or ""


def repaired_text(keyword: str, vr: str, text: str) -> str | None:
    """Return the legal value that was meant; None where there are several or none.

    Parameters
    ----------
    keyword, vr : str
        Of the attribute.
    text : str
        One value that `value_fault` finds a fault with.

    Examples
    --------
    >>> repaired_text("PatientAge", "AS", "7Y"), repaired_text("PatientBirthDate", "DA", "1970-01-31")
    ('007Y', '19700131')
    >>> repaired_text("PatientSex", "CS", "0") is None
    True
    """
    plain = _plain(vr, text)
    for candidate in (*_REPAIRS.get(vr, _no_other)(plain), *_of_texts(keyword, vr, plain)):
        if candidate and not value_fault(keyword, vr, candidate):
            return candidate
    return None


def _plain(vr: str, text: str) -> str:
    return text.rstrip(" \0") if vr in MULTI_LINE_VRS else text.strip(" \0")


def _no_other(text: str) -> Iterator[str]:  # noqa: ARG001 - no other form is known
    return iter(())


def _upper_case(text: str) -> Iterator[str]:
    yield text.upper()


def _dates(text: str) -> Iterator[str]:
    found = _DATE.fullmatch(text)
    if found:
        yield found[1] + found[3] + found[4]


def _times(text: str) -> Iterator[str]:
    found, long = _TIME.fullmatch(text), _LONG_TIME.fullmatch(text)
    if found:
        yield found[1] + found[2] + (found[3] or "") + (found[4] or "")[:7]
    if long:
        yield long[1]


def _ages(text: str) -> Iterator[str]:
    found = _AGE.fullmatch(text)
    if found:
        yield f"{int(found[1]):03d}{found[2].upper()}"


def _decimals(text: str) -> Iterator[str]:
    try:
        yield format_ds(float(text))
    except (ValueError, OverflowError):
        return


def _integers(text: str) -> Iterator[str]:
    found = _WHOLE.fullmatch(text)
    if found:
        yield str(int(found[1]))


_REPAIRS: dict[str, Callable[[str], Iterator[str]]] = {
    "AS": _ages,
    "CS": _upper_case,
    "DA": _dates,
    "DS": _decimals,
    "IS": _integers,
    "TM": _times,
}


def _of_texts(keyword: str, vr: str, text: str) -> Iterator[str]:
    """Yield a text without control characters, and the beginning of a long one that is only read by people."""
    if vr not in {"LO", "LT", "SH", "ST", "UC", "UT"}:
        return
    clean = "".join(char if char.isprintable() else " " for char in text).strip()
    yield clean
    if keyword.endswith(_PROSE):
        yield clean[: MAX_CHARS.get(vr, len(clean))].strip()
