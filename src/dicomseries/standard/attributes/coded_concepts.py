"""Coded concepts of users: value, scheme and meaning.

PS3.3 section 8.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dicomseries.standard.attributes.value_representations import text_fault

__all__ = ["CODE_KEYS", "code_fault", "code_parts", "plain_name"]

CODE_KEYS: Mapping[str, int] = {
    "value": 0,
    "scheme": 1,
    "meaning": 2,
    "CodeValue": 0,
    "CodingSchemeDesignator": 1,
    "CodeMeaning": 2,
}
"""Key in a mapping → its place in a code."""

_VRS = ("SH", "SH", "LO")


def code_parts(code: Any) -> tuple[str, str, str]:
    """Return value, scheme and meaning; empty texts for missing parts.

    Parameters
    ----------
    code : sequence or mapping
        ``(value, scheme)``, ``(value, scheme, meaning)`` or a mapping with `CODE_KEYS`. Anything
        else has no parts.

    Examples
    --------
    >>> code_parts({"CodeValue": "113087", "scheme": "DCM"})
    ('113087', 'DCM', '')
    """
    parts = ["", "", ""]
    entries: list[tuple[int, Any]] = []
    if isinstance(code, Mapping):
        entries = [(CODE_KEYS[key], part) for key, part in code.items() if key in CODE_KEYS]
    elif isinstance(code, Sequence) and len(code) in {2, 3}:
        entries = list(enumerate(code))
    for place, part in entries:
        parts[place] = part.strip() if isinstance(part, str) else ""
    return parts[0], parts[1], parts[2]


def code_fault(value: str, scheme: str, meaning: str) -> str:
    """Return the requirement that a code does not meet; empty if legal (table 8.8-1)."""
    if not (value and scheme and meaning):
        return "a value, a scheme and a meaning"
    for part, vr in zip((value, scheme, meaning), _VRS, strict=True):
        fault = text_fault(vr, part)
        if fault:
            return fault
    return ""


def plain_name(name: str) -> str:
    """Return the letters and digits of a name in lower case."""
    return "".join(char for char in name.casefold() if char.isalnum())
