"""QIDO-RS (PS3.18 section 10.6): query parameters → the studies, series or instances that are meant, as JSON."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from pydicom.datadict import tag_for_keyword

from dicomseries.standard.attribute import tag_of
from dicomseries.viewing.dicomweb.json_model import model_of
from dicomseries.viewing.dicomweb.rejected_request import RefusedError
from dicomseries.viewing.dicomweb.series_index import Held, address_of, groups

__all__ = ["Query", "parsed", "search"]

Model = dict[str, dict[str, Any]]

_STUDY = (
    "SpecificCharacterSet StudyDate StudyTime AccessionNumber ReferringPhysicianName TimezoneOffsetFromUTC "
    "StudyDescription PatientName PatientID PatientBirthDate PatientSex StudyInstanceUID StudyID"
)
_SERIES = (
    "Modality SeriesDate SeriesTime SeriesDescription PerformedProcedureStepStartDate "
    "PerformedProcedureStepStartTime RequestAttributesSequence SeriesInstanceUID SeriesNumber"
)
_INSTANCE = "SOPClassUID SOPInstanceUID InstanceNumber Rows Columns BitsAllocated NumberOfFrames"
_SAID = (_STUDY, _SERIES, _INSTANCE)
"""What is said without being asked for, by level: PS3.18 tables 10.6.3-3 to 10.6.3-5, and what people look for."""

_RANGES = frozenset({"DA", "TM", "DT"})
_NUMBERS = frozenset({"DS", "FD", "FL", "IS", "SL", "SS", "UL", "US"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is searched for.

    Parameters
    ----------
    matches : mapping of int to str
        By tag, what the attribute is to be; wildcards, ranges and lists as PS3.4 section C.2.2.2 has them.
    included : frozenset of int or None
        Tags that are said besides; None for all.
    limit : int or None
        Results at most.
    offset : int
        Results passed over.
    is_fuzzy : bool
        Whether names were to be matched as they sound, which is not done.
    """

    matches: Mapping[int, str]
    included: frozenset[int] | None = frozenset()
    limit: int | None = None
    offset: int = 0
    is_fuzzy: bool = False


def parsed(text: str) -> Query:
    """Return the query of an address.

    Raises
    ------
    RefusedError
        If a name is no attribute, or a number none.

    Examples
    --------
    >>> query = parsed("PatientName=Doe*&includefield=00081030,Modality&limit=5")
    >>> query.matches, sorted(map(hex, query.included)), query.limit
    ({1048592: 'Doe*'}, ['0x80060', '0x81030'], 5)
    """
    matches: dict[int, str] = {}
    included: list[str] = []
    numbers = {"limit": "", "offset": ""}
    is_fuzzy = False
    for name, value in parse_qsl(text, keep_blank_values=True):
        if name == "includefield":
            included += value.split(",")
        elif name in numbers:
            numbers[name] = value
        elif name == "fuzzymatching":
            is_fuzzy = value.lower() == "true"
        elif name != "accept":
            matches[_tag(name)] = value
    return Query(
        matches=matches,
        included=None if "all" in included else frozenset(map(_tag, filter(None, included))),
        limit=_number("limit", numbers["limit"]),
        offset=_number("offset", numbers["offset"]) or 0,
        is_fuzzy=is_fuzzy,
    )


def search(level: int, held: Iterable[Held], query: Query, root: str) -> tuple[list[Model], int]:
    """Return what is found at a level, and how many further ones the limit leaves out.

    Parameters
    ----------
    level : int
        0 for studies, 1 for series, 2 for instances.
    held : iterable of Held
        Where to search.
    query : Query
        For what: a study or a series is found if one of its instances is all of it.
    root : str
        Address of the service.
    """
    there = list(held)
    counts = _Counts(
        studies={group[0].uids[0]: _of_study(group) for group in groups(there, 0)},
        series={group[0].uids[:2]: _value("IS", len(group)) for group in groups(there, 1)},
    )
    found = [
        group
        for group in groups(there, level)
        if any(_matches(one, query.matches, counts) for one in group)
    ]
    last = None if query.limit is None else query.offset + query.limit
    chosen = found[query.offset : last]
    results = [_result(group[0], level, query, counts, root) for group in chosen]
    return results, max(len(found) - query.offset - len(chosen), 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counts:
    """What no file says: of each study its modalities and sizes, of each series how many instances it has."""

    studies: Mapping[str, Model]
    series: Mapping[tuple[str, ...], dict[str, Any]]

    def of(self, held: Held, level: int) -> Model:
        study = self.studies[held.uids[0]]
        return study if level == 0 else {**study, "00201209": self.series[held.uids[:2]]}


def _of_study(group: list[Held]) -> Model:
    modalities = sorted({one.instance.text("Modality") for one in group} - {""})
    return {
        "00080061": _value("CS", *modalities),
        "00201206": _value("IS", len({one.uids[1] for one in group})),
        "00201208": _value("IS", len(group)),
    }


def _result(first: Held, level: int, query: Query, counts: _Counts, root: str) -> Model:
    """Return what is said of a study, series or instance: of its level, of those above, and what was asked for."""
    said = {tag_of(keyword) for keyword in " ".join(_SAID[: level + 1]).split()}
    is_all = query.included is None and level == 2
    tags = None if is_all else said | set(query.matches) | (query.included or set())
    address = address_of(first, level, root)
    model = {
        **model_of(first.instance, tags, f"{address}/bulkdata/"),
        **counts.of(first, level),
        "00080056": _value("CS", "ONLINE"),
        "00081190": _value("UR", address),
    }
    return dict(sorted(model.items()))


def _value(vr: str, *values: Any) -> dict[str, Any]:
    return {"vr": vr, "Value": list(values)}


def _matches(held: Held, matches: Mapping[int, str], counts: _Counts) -> bool:
    if not matches:
        return True
    model = {**model_of(held.instance, matches, ""), **counts.of(held, 1)}
    return all(_is(model.get(f"{tag:08X}", {}), wanted) for tag, wanted in matches.items())


def _is(element: Mapping[str, Any], wanted: str) -> bool:
    """Return whether one of the values of an element is what is wanted."""
    if not wanted.strip("*"):
        return True
    vr = element.get("vr", "")
    texts = [
        value.get("Alphabetic", "") if isinstance(value, dict) else str(value)
        for value in element.get("Value", ())
    ]
    if vr in _RANGES and "-" in wanted:
        first, _, last = wanted.partition("-")
        return any(first <= text and (not last or text[: len(last)] <= last) for text in texts)
    if vr in _NUMBERS:
        return any(_same_number(text, wanted) for text in texts)
    if vr == "UI":
        return not {*texts}.isdisjoint(re.split(r"[,\\]", wanted))
    pattern = re.compile(_pattern(wanted), re.IGNORECASE if vr == "PN" else 0)
    return any(pattern.fullmatch(text) for text in texts)


def _pattern(wanted: str) -> str:
    """Return a regular expression for text with the wildcards * and ? (PS3.4 section C.2.2.2.4)."""
    return "".join({"*": ".*", "?": "."}.get(letter) or re.escape(letter) for letter in wanted)


def _same_number(text: str, wanted: str) -> bool:
    try:
        return float(text) == float(wanted)
    except ValueError:
        return False


def _tag(name: str) -> int:
    """Return the tag of an attribute by its keyword or eight hexadecimal digits."""
    tag = int(name, 16) if re.fullmatch("[0-9A-Fa-f]{8}", name) else tag_for_keyword(name)
    if tag is None:
        message = f"{name!r} is no attribute: give a keyword or eight hexadecimal digits, at the top of the data set"
        raise RefusedError(400, message)
    return int(tag)


_MOST_DIGITS = 18
"""Python converts no more than 4,300 digits, and nothing here is so many."""


def _number(name: str, text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        message = f"{name}={text[:40]}: expected a whole number, 0 or more, of {_MOST_DIGITS} digits at most"
        raise RefusedError(400, message)
    return int(text)
