"""One Python value → one value of an attribute, checked."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from difflib import get_close_matches
from numbers import Integral, Real
from typing import Any

from dicomseries.errors import MetadataError
from dicomseries.metadata.keywords import keyword_of
from dicomseries.standard.attributes.attribute import Value, tag_of
from dicomseries.standard.attributes.decimal_string import format_ds
from dicomseries.standard.attributes.defined_terms import ENUMERATED
from dicomseries.standard.attributes.value_representations import (
    BINARY_RANGES,
    BYTE_VRS,
    FLOAT_VRS,
    MAX_CHARS,
    MULTI_LINE_VRS,
    TEXT_VRS,
    WORD_BYTES,
    text_fault,
)
from dicomseries.standard.pydicom_objects import is_person_name

__all__ = ["short", "single_value", "value_error"]

_ISO_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_ISO_TIME = re.compile(r"(\d\d):(\d\d)(?::(\d\d(?:\.\d{1,6})?))?")
_OFFSET = re.compile(r"(\+(0\d|1[0-3])[0-5]\d|\+1400|-(0\d|1[01])[0-5]\d|-1200)(?<!-0000)")
_FLOAT32_MAX = 3.4028235e38
_HIGHEST_TAG = 0xFFFFFFFF
_SHOWN_CHARS = 60

_EXPECTED = {
    "AT": "a keyword or a tag",
    "DA": "a date",
    "DS": "a number",
    "DT": "a date and time",
    "FD": "a number",
    "FL": "a number",
    "IS": "a whole number",
    "TM": "a time",
    "UI": "a UID",
    **dict.fromkeys(BYTE_VRS, "bytes"),
    **dict.fromkeys(BINARY_RANGES, "a whole number"),
}
"""VR → its values in words; others hold text."""

_EXAMPLES = {
    "AE": '"SCANNER1"',
    "AS": '"042Y"',
    "AT": '"PatientName"',
    "CS": '"CODE_1"',
    "DA": '"20261122"',
    "DS": "2.5",
    "DT": '"20261122110000"',
    "FD": "2.5",
    "FL": "2.5",
    "PN": '"Doe^Jane"',
    "TM": '"110000"',
    "UI": '"1.2.840.10008.1.1"',
    **dict.fromkeys(BYTE_VRS, 'b"..."'),
    **dict.fromkeys((*BINARY_RANGES, "IS"), "7"),
}


def single_value(keyword: str, vr: str, where: str, value: Any) -> Value:
    """Return one value as the file holds it.

    Parameters
    ----------
    keyword, vr : str
        Of the attribute.
    where : str
        Place of the attribute, for error messages.
    value : object
        Text, number, bytes, date or time; None is zero length.

    Raises
    ------
    MetadataError
        If the type or the value does not fit.

    Examples
    --------
    >>> single_value("PatientBirthDate", "DA", "PatientBirthDate", dt.date(1970, 1, 31))
    '19700131'
    """
    if value is None:
        return ""
    is_text_or_bytes = isinstance(value, str | bytes)
    if isinstance(value, bool | Mapping | Sequence) and not is_text_or_bytes:
        raise _wrong_type(vr, where, value)
    if vr in TEXT_VRS:
        return _checked_text(keyword, vr, where, value)
    if vr in BINARY_RANGES:
        return _integer(vr, where, value)
    if vr in FLOAT_VRS:
        return _float(vr, where, value)
    if vr in BYTE_VRS and isinstance(value, bytes):
        return _padded_words(vr, where, value)
    if vr == "AT":
        return _tag(vr, where, value)
    raise _wrong_type(vr, where, value)


# ------------------------------------------------------------------------------------------ texts
def _checked_text(keyword: str, vr: str, where: str, value: Any) -> str:
    text = _text(vr, where, value)
    text = text.rstrip(" \0") if vr in MULTI_LINE_VRS else text.strip(" \0")
    terms = ENUMERATED.get(keyword, ())
    if terms and text and text not in terms:
        expected = "one of " + ", ".join(terms)
        remedy = _nearest_term(terms, text)
        raise value_error(where, "value-not-enumerated", short(value), expected, remedy)
    fault = text_fault(vr, text)
    if keyword == "TimezoneOffsetFromUTC" and text and not _OFFSET.fullmatch(text):
        fault = fault or "an offset from -1200 to +1400, as &ZZXX (PS3.3 C.12.1.1.8)"
    if fault:
        raise value_error(where, "value-malformed", short(value), fault, _text_remedy(vr, text))
    return text


def _text(vr: str, where: str, value: Any) -> str:
    """Return a Python value as text, not yet checked."""
    if isinstance(value, dt.date | dt.time):
        return _moment_text(vr, where, value)
    if isinstance(value, str) or is_person_name(value):
        return _without_iso_marks(vr, str(value))
    if isinstance(value, Real | Decimal):
        return _number_text(vr, where, value)
    raise _wrong_type(vr, where, value)


def _moment_text(vr: str, where: str, value: dt.date | dt.time) -> str:
    forms = {"DA": "%Y%m%d", "TM": "%H%M%S.%f", "DT": "%Y%m%d%H%M%S.%f%z"}
    has_date, has_time = isinstance(value, dt.date), isinstance(value, dt.datetime | dt.time)
    if vr not in forms or (vr == "TM" and not has_time) or (vr != "TM" and not has_date):
        raise _wrong_type(vr, where, value)
    form = forms["DA"] if vr == "DT" and not has_time else forms[vr]
    if not getattr(value, "microsecond", 0):
        form = form.replace(".%f", "")
    if isinstance(value, dt.date):  # strftime does not pad years before 1000 everywhere
        form = form.replace("%Y", f"{value.year:04d}")
    return value.strftime(form)


def _without_iso_marks(vr: str, text: str) -> str:
    """Return 2026-11-22 as 20261122, 12:30:59 as 123059; other texts unchanged."""
    stripped = text.strip()
    if vr == "DA" and (match := _ISO_DATE.fullmatch(stripped)):
        return "".join(match.groups())
    if vr == "TM" and (match := _ISO_TIME.fullmatch(stripped)):
        return "".join(match.groups(""))
    return text


def _number_text(vr: str, where: str, value: Any) -> str:
    if vr == "DS":
        if not math.isfinite(value):
            expected = "a finite number (VR DS)"
            raise value_error(where, "number-not-finite", short(value), expected, "Leave it out.")
        return format_ds(float(value))
    is_integer = isinstance(value, Integral)
    if vr == "IS" and (is_integer or float(value).is_integer()):
        return str(int(value))
    if vr in {"LO", "SH"} and is_integer:  # PatientID = 42
        return str(int(value))
    if vr == "IS":
        remedy = "Round it."
    elif vr in _EXAMPLES:
        remedy = _example(vr)
    else:
        remedy = "Write it in quotes."
    raise value_error(where, "wrong-type", short(value), _expected(vr), remedy)


def _nearest_term(terms: tuple[str, ...], text: str) -> str:
    upper = text.upper()
    candidates = [term for term in terms if term == upper]
    candidates += get_close_matches(upper, terms, n=1, cutoff=0.7)
    candidates += [term for term in terms if upper.startswith(term)]
    if not candidates:
        return "Choose one of them, or leave it out."
    return f"Write {candidates[0]}, or leave it out."


def _text_remedy(vr: str, text: str) -> str:
    if vr == "CS" and text_fault("CS", text.upper()) is None:
        return f"Write {text.upper()}."
    if vr == "DS" and len(text) > MAX_CHARS["DS"] and _parsed_float(text) is not None:
        return "Give it as a number; it is then printed in 16 characters."
    if vr in _EXAMPLES:
        return _example(vr)
    if vr in MAX_CHARS and len(text) > MAX_CHARS[vr]:
        return f"Shorten it to {MAX_CHARS[vr]} characters."
    return "Change the text."


# ------------------------------------------------------------------------------ numbers and bytes
def _integer(vr: str, where: str, value: Any) -> int:
    low, high = BINARY_RANGES[vr]
    number = _parsed_integer(value)
    if number is None or not low <= number <= high:
        expected = f"a whole number from {low} to {high} (VR {vr})"
        raise value_error(where, "number-out-of-range", short(value), expected, _example(vr))
    return number


def _float(vr: str, where: str, value: Any) -> float:
    number = _parsed_float(value)
    limit = _FLOAT32_MAX if vr == "FL" else math.inf
    if number is None or not math.isfinite(number) or abs(number) > limit:
        expected = f"a finite number (VR {vr})"
        raise value_error(where, "number-out-of-range", short(value), expected, _example(vr))
    return number


def _parsed_integer(value: Any) -> int | None:
    """Return the whole number; None for other values."""
    try:
        if isinstance(value, str | Integral):
            return int(value)
        if isinstance(value, Real) and float(value).is_integer():
            return int(float(value))
    except (ValueError, OverflowError):
        pass
    return None


def _parsed_float(value: Any) -> float | None:
    """Return the number; None for other values."""
    try:
        return float(value) if isinstance(value, str | Real | Decimal) else None
    except (ValueError, OverflowError):
        return None


def _padded_words(vr: str, where: str, value: bytes) -> bytes:
    """Return bytes of complete words, padded to an even length."""
    size = WORD_BYTES.get(vr, 1)
    if len(value) % size:
        raise value_error(
            where,
            "bytes-broken",
            f"{len(value)} bytes",
            f"a multiple of {size} bytes (VR {vr})",
            "Give the bytes of complete numbers, lowest byte first.",
        )
    return value + bytes(len(value) % 2)


def _tag(vr: str, where: str, value: Any) -> int:
    if isinstance(value, str):
        return tag_of(keyword_of(value))
    if isinstance(value, Integral) and 0 <= int(value) <= _HIGHEST_TAG:
        return int(value)
    raise _wrong_type(vr, where, value)


# ----------------------------------------------------------------------------------------- errors
def value_error(where: str, code: str, given: object, expected: str, remedy: str) -> MetadataError:
    """Return the error of a value."""
    return MetadataError(code=code, where=where, given=given, expected=expected, remedy=remedy)


def short(value: object) -> str:
    """Return a value for messages, cut after 57 characters.

    Examples
    --------
    >>> short("a" * 80)
    "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa... (80 characters)"
    """
    text = repr(value)
    if len(text) <= _SHOWN_CHARS:
        return text
    start = text[: _SHOWN_CHARS - 3] + "..."
    if isinstance(value, str):
        return f"{start} ({len(value)} characters)"
    return start


def _wrong_type(vr: str, where: str, value: Any) -> MetadataError:
    remedy = _example(vr)
    if isinstance(value, Mapping):
        remedy = "Write the plain value; only sequences hold mappings."
    return value_error(where, "wrong-type", short(value), _expected(vr), remedy)


def _expected(vr: str) -> str:
    return f"{_EXPECTED.get(vr, 'text')} (VR {vr})"


def _example(vr: str) -> str:
    example = _EXAMPLES.get(vr, '"some text"')
    return f"Write for example {example}."
