"""QIDO-RS (PS3.18 section 10.6): search for studies, series or instances."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from dicomseries.lazy_dataclass import dataclass
from dicomseries.standard.attributes.attribute import tag_of
from dicomseries.standard.dictionary import tag_for_keyword
from dicomseries.viewing.dicomweb.json_model import Model, model_of
from dicomseries.viewing.dicomweb.rejected_request import RejectedRequestError
from dicomseries.viewing.dicomweb.series_index import IndexedInstance, address_of, group_by_level

__all__ = ["Query", "parse_query", "search"]

_STUDY = """
    SpecificCharacterSet StudyDate StudyTime AccessionNumber ReferringPhysicianName
    TimezoneOffsetFromUTC StudyDescription PatientName PatientID PatientBirthDate PatientSex
    StudyInstanceUID StudyID
"""
_SERIES = """
    Modality SeriesDate SeriesTime SeriesDescription PerformedProcedureStepStartDate
    PerformedProcedureStepStartTime RequestAttributesSequence SeriesInstanceUID SeriesNumber
"""
_INSTANCE = "SOPClassUID SOPInstanceUID InstanceNumber Rows Columns BitsAllocated NumberOfFrames"
_RETURNED = (_STUDY, _STUDY + _SERIES, _STUDY + _SERIES + _INSTANCE)
"""Attributes of every result, by level (PS3.18 tables 10.6.3-3 to 10.6.3-5, and common ones)."""

_RANGES = frozenset({"DA", "TM", "DT"})
_NUMBERS = frozenset({"DS", "FD", "FL", "IS", "SL", "SS", "UL", "US"})

_MOST_DIGITS = 18
"""Python converts at most 4,300 digits, and no number here needs so many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Conditions and further parameters of a search.

    Parameters
    ----------
    matches : mapping of int to str
        Wanted value of attributes by tag; with wildcards, ranges and lists (PS3.4 C.2.2.2).
    included : frozenset of int or None
        Tags of further attributes in the results; None for all.
    limit : int or None
        Largest number of results.
    offset : int
        Number of results to skip.
    is_fuzzy : bool
        Whether names should match by sound, which is not supported.
    """

    matches: Mapping[int, str]
    included: frozenset[int] | None = frozenset()
    limit: int | None = None
    offset: int = 0
    is_fuzzy: bool = False


def parse_query(text: str) -> Query:
    """Return the query of an address.

    Raises
    ------
    RejectedRequestError
        If a name is not an attribute, or a number is wrong.

    Examples
    --------
    >>> query = parse_query("PatientName=Doe*&includefield=00081030,Modality&limit=5")
    >>> query.matches, sorted(map(hex, query.included)), query.limit
    ({1048592: 'Doe*'}, ['0x80060', '0x81030'], 5)
    """
    matches: dict[int, str] = {}
    included: set[int] = set()
    is_all = False
    numbers: dict[str, int | None] = {"limit": None, "offset": None}
    is_fuzzy = False
    for name, value in parse_qsl(text, keep_blank_values=True):
        if name == "includefield":
            names = {*value.split(",")} - {""}
            is_all = is_all or "all" in names
            included.update(map(_tag, names - {"all"}))
        elif name in numbers:
            numbers[name] = _number(name, value)
        elif name == "fuzzymatching":
            is_fuzzy = value.lower() == "true"
        elif name != "accept":
            matches[_tag(name)] = value
    return Query(
        matches=matches,
        included=None if is_all else frozenset(included),
        limit=numbers["limit"],
        offset=numbers["offset"] or 0,
        is_fuzzy=is_fuzzy,
    )


def _number(name: str, text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        expected = f"expected a whole number, 0 or more, of at most {_MOST_DIGITS} digits"
        raise RejectedRequestError(400, f"{name}={text[:40]}: {expected}")
    return int(text)


def _tag(name: str) -> int:
    """Return the tag of a keyword or of hexadecimal digits."""
    if re.fullmatch("[0-9A-Fa-f]{8}", name):
        return int(name, 16)
    tag = tag_for_keyword(name)
    if tag is None:
        expected = "give the keyword or eight hexadecimal digits of a top-level attribute"
        raise RejectedRequestError(400, f"{name!r} is not an attribute: {expected}")
    return int(tag)


def search(
    level: int, instances: Iterable[IndexedInstance], query: Query, root: str
) -> tuple[list[Model], int]:
    """Return results, and their number beyond the limit.

    Parameters
    ----------
    level : int
        0 for studies, 1 for series, 2 for instances.
    instances : iterable of IndexedInstance
        Files to search.
    query : Query
        A study or series matches if one of its instances meets all conditions.
    root : str
        Address of the service.
    """
    files = list(instances)
    counts = _Counts.of_files(files)
    matching = []
    for group in group_by_level(files, level):
        if any(_matches(indexed, query.matches, counts) for indexed in group):
            matching.append(group[0])
    chosen = matching[query.offset :]
    if query.limit is not None:
        chosen = chosen[: query.limit]
    results = [_result(first, level, query, counts, root) for first in chosen]
    return results, max(len(matching) - query.offset - len(chosen), 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counts:
    """Modalities and counts by study and series."""

    studies: Mapping[str, Model]
    series: Mapping[tuple[str, ...], Model]

    @classmethod
    def of_files(cls, files: list[IndexedInstance]) -> _Counts:
        studies = {}
        for group in group_by_level(files, 0):
            modalities = {indexed.instance.text("Modality") for indexed in group} - {""}
            studies[group[0].uids[0]] = {
                "00080061": _value("CS", *sorted(modalities)),
                "00201206": _value("IS", len({indexed.uids[1] for indexed in group})),
                "00201208": _value("IS", len(group)),
            }
        series: dict[tuple[str, ...], Model] = {}
        for group in group_by_level(files, 1):
            series[group[0].uids[:2]] = {"00201209": _value("IS", len(group))}
        return cls(studies=studies, series=series)

    def of(self, indexed: IndexedInstance, level: int) -> Model:
        study = self.studies[indexed.uids[0]]
        if level == 0:
            return study
        return {**study, **self.series[indexed.uids[:2]]}


def _result(first: IndexedInstance, level: int, query: Query, counts: _Counts, root: str) -> Model:
    """Return the attributes of a study, series or instance."""
    tags: set[int] | None = {*map(tag_of, _RETURNED[level].split()), *query.matches}
    if query.included is not None and tags is not None:
        tags |= query.included
    elif level == 2:
        tags = None
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


def _matches(indexed: IndexedInstance, matches: Mapping[int, str], counts: _Counts) -> bool:
    if not matches:
        return True
    model = {**model_of(indexed.instance, matches, ""), **counts.of(indexed, 1)}
    return all(
        _matches_value(model.get(f"{tag:08X}", {}), wanted) for tag, wanted in matches.items()
    )


def _matches_value(element: Mapping[str, Any], wanted: str) -> bool:
    """Return whether one of the values of an element matches."""
    if not wanted.strip("*"):
        return True
    vr = element.get("vr", "")
    texts = []
    for value in element.get("Value", ()):
        texts.append(value.get("Alphabetic", "") if isinstance(value, dict) else str(value))
    if vr in _RANGES and "-" in wanted:
        first, _, last = wanted.partition("-")
        return any(first <= text and (not last or text[: len(last)] <= last) for text in texts)
    if vr in _NUMBERS:
        return any(_same_number(text, wanted) for text in texts)
    if vr == "UI":
        return not {*texts}.isdisjoint(re.split(r"[,\\]", wanted))
    pattern = re.compile(_pattern(wanted), re.IGNORECASE if vr == "PN" else 0)
    return any(map(pattern.fullmatch, texts))


def _same_number(text: str, wanted: str) -> bool:
    try:
        return float(text) == float(wanted)
    except ValueError:
        return False


def _pattern(wanted: str) -> str:
    """Return a regular expression for wildcards (PS3.4 C.2.2.2.4)."""
    return re.escape(wanted).replace(r"\*", ".*").replace(r"\?", ".")
