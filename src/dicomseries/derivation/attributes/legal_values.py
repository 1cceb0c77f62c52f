"""Illegal values of a source, corrected if unambiguous.

PS3.5 section 6.
"""

from __future__ import annotations

import re
from dataclasses import replace

from dicomseries.standard.attributes.attribute import Attribute, Value
from dicomseries.standard.attributes.decimal_string import format_ds
from dicomseries.standard.attributes.multiplicity import allows_count, most_values, multiplicity
from dicomseries.standard.attributes.value_repairs import repaired_text, value_fault
from dicomseries.standard.attributes.value_representations import (
    BINARY_RANGES,
    FLOAT_VRS,
    MAX_CHARS,
    MULTI_LINE_VRS,
    TEXT_VRS,
    representations,
)

__all__ = ["legal_attribute", "long_code"]

_COUNTED_VRS = (TEXT_VRS - MULTI_LINE_VRS) | FLOAT_VRS | BINARY_RANGES.keys()
_MOST_SHOWN = 40
_URN = re.compile(r"urn:|[a-z][a-z0-9+.-]*://", re.IGNORECASE)
"""Start of a URN or URL."""


def legal_attribute(member: Attribute) -> tuple[Attribute | None, str]:
    """Return a legal attribute or None, and the fault."""
    legal: Attribute | None = member
    first_fault = ""
    for step in (_with_right_vr, _with_right_count, _with_legal_texts):
        if legal is None:
            break
        legal, fault = step(legal)
        first_fault = first_fault or fault
    return legal, first_fault


def long_code(code: str) -> Attribute | None:
    """Return the attribute of a code that is too long for CodeValue.

    PS3.3 table 8.8-1.

    Parameters
    ----------
    code : str
        With or without padding.

    Examples
    --------
    >>> long_code("113087") is None, long_code("replace_recognizable").keyword
    (True, 'LongCodeValue')
    >>> long_code("urn:oid:1.2.826.0.1.3680043.2").keyword
    'URNCodeValue'
    """
    text = code.strip()
    if len(text) <= MAX_CHARS["SH"]:
        return None
    if _URN.match(text):
        return Attribute("URNCodeValue", "UR", (text,))
    return Attribute("LongCodeValue", "UC", (text,))


def _with_right_vr(member: Attribute) -> tuple[Attribute | None, str]:
    allowed = representations(member.tag)
    if not allowed or member.vr in allowed or member.vr == "UN":
        return member, ""
    vr = min(allowed)
    fault = f"VR {member.vr} instead of {' or '.join(sorted(allowed))}"
    try:
        values = tuple(_converted(value, vr) for value in member.values)
    except (ValueError, OverflowError):
        return None, fault
    return Attribute(member.keyword, vr, values), fault


def _converted(value: Value, vr: str) -> Value:
    """Return a value in another value representation."""
    if isinstance(value, (bytes, tuple)):
        message = f"no {vr}"
        raise ValueError(message)  # noqa: TRY004 - the value, not its type, does not fit
    if vr in FLOAT_VRS:
        return float(value)
    if vr in TEXT_VRS:
        if isinstance(value, float) and vr == "DS":
            return format_ds(value)
        return str(value)
    low, high = BINARY_RANGES.get(vr, (1, 0))
    number = int(value)
    if not low <= number <= high:
        message = f"no {vr}"
        raise ValueError(message)
    return number


def _with_right_count(member: Attribute) -> tuple[Attribute | None, str]:
    allowed = multiplicity(member.tag)
    values = member.values
    if allowed is None or member.vr not in _COUNTED_VRS or member.is_empty:
        return member, ""
    if allows_count(allowed, len(values)):
        return member, ""
    fault = f"{len(values)} values where {allowed} are allowed"
    most = most_values(allowed)
    if most is None or len(values) <= most:
        return None, fault
    if set(values[most:]) <= {"", "0", 0}:  # only padding
        return replace(member, values=values[:most]), fault
    return None, fault


def _with_legal_texts(member: Attribute) -> tuple[Attribute | None, str]:
    if member.vr not in TEXT_VRS:
        return member, ""
    first_fault = ""
    texts: list[Value] = []
    for value in member.values:
        text: str | None = str(value)
        expected = value_fault(member.keyword, member.vr, str(value))
        if expected:
            first_fault = first_fault or f"{_short(str(value))} should be {expected}"
            text = repaired_text(member.keyword, member.vr, str(value))
        if text is None:
            return None, first_fault
        texts.append(text)
    if first_fault:
        return replace(member, values=tuple(texts)), first_fault
    return member, ""


def _short(text: str) -> str:
    printable = "".join(char if char.isprintable() else "?" for char in text)
    is_short = len(printable) <= _MOST_SHOWN
    if is_short:
        return printable
    return f"{printable[: _MOST_SHOWN - 1]}…"
