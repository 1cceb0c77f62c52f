"""Answers to STOW-RS: what is stored, and why something is not (PS3.18 annex I)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

from pydicom.datadict import keyword_for_tag

from dicomseries.lazy_dataclass import dataclass
from dicomseries.network.peer import Outcome

__all__ = ["StowEntry", "is_unsupported_syntax", "parse_stow_answer"]

_FAILED_SEQUENCE = "00081198"
_STORED_SEQUENCE = "00081199"
_OTHER_FAILURES = "0008119A"
_INSTANCE_UID = "00081155"
_WARNING = "00081196"
_FAILURE = "00081197"
_ORIGINAL = "04000561"
_MODIFIED = "04000550"


class _Meaning(NamedTuple):
    """Reasons from `first` to `last`, and what they mean."""

    first: int
    last: int
    text: str


_FAILURES = (
    _Meaning(0x0110, 0x0110, "the archive failed while it stored it; look at its log"),
    _Meaning(
        0x0111,
        0x0111,
        "the archive has another instance with this SOPInstanceUID; write the series with new UIDs",
    ),
    _Meaning(0x0112, 0x0112, "the archive does not know this instance; send it again"),
    _Meaning(0x0117, 0x0117, "the archive takes the SOPInstanceUID for invalid"),
    _Meaning(0x0118, 0x0118, "the archive does not know the SOP class"),
    _Meaning(
        0x0119,
        0x0119,
        "the archive has the SOPInstanceUID with another SOP class; write the series with new UIDs",
    ),
    _Meaning(
        0x0122, 0x0122, "the archive does not take this SOP class; ask its administrator for it"
    ),
    _Meaning(
        0x0124,
        0x0124,
        "the archive does not let this user store it; ask its administrator for the permission",
    ),
    _Meaning(0x0213, 0x0213, "the archive has no resources left; send again later"),
    _Meaning(
        0xA700,
        0xA7FF,
        "the archive is out of resources; send again later, or ask its administrator for space",
    ),
    _Meaning(
        0xA900,
        0xA9FF,
        "the data set does not match its SOP class, or the study of the URL; "
        "check the series with `dicomseries check`",
    ),
    _Meaning(0xC122, 0xC122, "the archive does not take this transfer syntax"),
    _Meaning(
        0xC000,
        0xCFFF,
        "the archive cannot understand the data set; check the series with `dicomseries check`",
    ),
    _Meaning(0x0000, 0xFFFF, "the archive did not store it; look at its log"),
)
"""Failure Reasons (PS3.18 table I.2-2, PS3.7 annex C); the first that fits counts."""
_WARNINGS = (
    _Meaning(0xB000, 0xB000, "the archive changed attributes"),
    _Meaning(0xB006, 0xB006, "the archive left out attributes"),
    _Meaning(0xB007, 0xB007, "the data set does not match its SOP class"),
    _Meaning(0x0000, 0xFFFF, "the archive reports a warning"),
)
"""Warning Reasons (PS3.18 table I.2-1)."""
_UNSUPPORTED = (0x0122, 0xC122)


@dataclass(frozen=True, slots=True, kw_only=True)
class StowEntry:
    """What the archive says about one instance.

    Parameters
    ----------
    outcome : {"stored", "warning", "refused", "failed"}
        What became of it.
    reason : int, optional
        Warning Reason or Failure Reason.
    text : str
        A sentence.
    coerced : tuple of str
        Keywords of attributes that the archive changed.
    """

    outcome: Outcome
    reason: int | None = None
    text: str = ""
    coerced: tuple[str, ...] = ()


def is_unsupported_syntax(reason: int | None) -> bool:
    """Return whether another transfer syntax may help.

    Archives say 0122 (SOP class) as well as C122 (transfer syntax) for a compression that they do
    not take.

    Examples
    --------
    >>> is_unsupported_syntax(0xC122), is_unsupported_syntax(0x0110)
    (True, False)
    """
    return reason in _UNSUPPORTED


def parse_stow_answer(content: bytes) -> dict[str, StowEntry]:
    """Return SOP Instance UID → entry of an answer in DICOM JSON or XML.

    Nothing is returned if it is neither, or names no instance.

    Examples
    --------
    >>> content = b'''{"00081198": {"vr": "SQ", "Value": [{
    ...   "00081155": {"vr": "UI", "Value": ["1.2.3"]},
    ...   "00081197": {"vr": "US", "Value": [272]}}]}}'''
    >>> parse_stow_answer(content)["1.2.3"].text
    'the archive failed while it stored it; look at its log (0110)'
    """
    items = _items(content)
    entries: dict[str, StowEntry] = {}
    for item in items:
        for stored in _sequence(item, _STORED_SEQUENCE):
            entries[_uid(stored)] = _stored_entry(stored)
        for failed in (*_sequence(item, _FAILED_SEQUENCE), *_sequence(item, _OTHER_FAILURES)):
            entries[_uid(failed)] = _failed_entry(_number(failed, _FAILURE))
    entries.pop("", None)
    return entries


def _items(content: bytes) -> list[dict[str, Any]]:
    """Return the data sets of an answer as DICOM JSON."""
    text = content.strip()
    if text.startswith(b"<"):
        try:
            root = ET.fromstring(text)  # noqa: S314 - expat bounds entities
        except ET.ParseError:
            return []
        models = [part for part in root.iter() if _name(part) == "NativeDicomModel"]
        return list(map(_from_xml, models or [root]))
    try:
        answer = json.loads(text or b"{}")
    except ValueError:
        return []
    items = answer if isinstance(answer, list) else [answer]
    return [item for item in items if isinstance(item, dict)]


def _from_xml(element: ET.Element) -> dict[str, Any]:
    """Return a data set of the Native DICOM Model (PS3.19 annex A) as DICOM JSON."""
    dataset: dict[str, Any] = {}
    for attribute in element:
        tag = attribute.get("tag", "").upper()
        if _name(attribute) != "DicomAttribute" or not tag:
            continue
        values: list[Any] = []
        for part in attribute:
            if _name(part) == "Item":
                values.append(_from_xml(part))
            elif _name(part) == "Value":
                values.append((part.text or "").strip())
        dataset[tag] = {"Value": values}
    return dataset


def _name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _values(item: Mapping[str, Any], tag: str) -> list[Any]:
    entry = item.get(tag)
    values = entry.get("Value") if isinstance(entry, dict) else None
    return values if isinstance(values, list) else []


def _sequence(item: Mapping[str, Any], tag: str) -> Iterator[dict[str, Any]]:
    for value in _values(item, tag):
        if isinstance(value, dict):
            yield value


def _uid(item: Mapping[str, Any]) -> str:
    values = _values(item, _INSTANCE_UID)
    return str(values[0]) if values else ""


def _number(item: Mapping[str, Any], tag: str) -> int | None:
    values = _values(item, tag)
    try:
        return int(values[0]) if values else None
    except (TypeError, ValueError):
        return None


def _stored_entry(item: Mapping[str, Any]) -> StowEntry:
    coerced = tuple(_coerced(item))
    reason = _number(item, _WARNING)
    if reason is None and not coerced:
        return StowEntry(outcome="stored")
    if reason is None:
        reason = _WARNINGS[0].first
    text = _text(_WARNINGS, reason)
    if coerced:
        text = f"{text}: {', '.join(coerced)}"
    return StowEntry(outcome="warning", reason=reason, text=text, coerced=coerced)


def _failed_entry(reason: int | None) -> StowEntry:
    if reason is None:
        text = "the archive did not store it, and gives no reason; look at its log"
        return StowEntry(outcome="refused", text=text)
    return StowEntry(outcome="refused", reason=reason, text=_text(_FAILURES, reason))


def _text(table: tuple[_Meaning, ...], reason: int) -> str:
    for meaning in table:
        if meaning.first <= reason <= meaning.last:
            return f"{meaning.text} ({reason:04X})"
    return f"a reason that the standard does not have ({reason})"


def _coerced(item: Mapping[str, Any]) -> Iterator[str]:
    """Yield keywords among the Modified Attributes of the Original Attributes Sequence."""
    for original in _sequence(item, _ORIGINAL):
        for modified in _sequence(original, _MODIFIED):
            for tag in modified:
                yield keyword_for_tag(tag) or f"({tag[:4]},{tag[4:]})"
