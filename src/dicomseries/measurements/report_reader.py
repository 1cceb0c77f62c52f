"""From a measurement report to its table, without highdicom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from dicomseries.errors import ReadError
from dicomseries.measurements.described_segments import concept_in
from dicomseries.measurements.measurement_table import MeasurementRow, MeasurementTable
from dicomseries.reading import CodedConcept, Instance

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["REPORT_CLASSES", "is_report", "table_of_report"]

REPORT_CLASSES = frozenset(
    {
        "1.2.840.10008.5.1.4.1.1.88.22",
        "1.2.840.10008.5.1.4.1.1.88.33",
        "1.2.840.10008.5.1.4.1.1.88.34",
        "1.2.840.10008.5.1.4.1.1.88.35",
        "1.2.840.10008.5.1.4.1.1.88.68",
    }
)
"""Enhanced, Comprehensive, Comprehensive 3D and Extensible SR, and Acquisition Context SR."""

_GROUPS = frozenset({"125007"})
"""Measurement Group."""
_MEASUREMENTS = frozenset({"126010", "126011"})
"""Imaging Measurements, Derived Imaging Measurements."""
_TRACKING, _FINDING, _SITE, _LATERALITY = "112039", "121071", "363698007", "272741003"
_OLD_SITE, _OLD_LATERALITY = "G-C0E3", "G-C171"
_DERIVATION = "121401"
_SEGMENTS = frozenset({"121191", "121214"})
"""Referenced Segment, Referenced Segmentation Frame."""
_DEEPEST = 64


def is_report(instance: Instance) -> bool:
    """Return whether a file is a structured report that can hold measurements."""
    return instance.sop_class_uid in REPORT_CLASSES


def table_of_report(instance: Instance) -> MeasurementTable:
    """Return the numbers of a report by TID 1500, in its order.

    Parameters
    ----------
    instance : Instance
        Of this or any other program.

    Raises
    ------
    ReadError
        If it is no structured report, is damaged, or has no measurements.

    Notes
    -----
    PS3.16, TID 1500, 1410, 1411, 1501 and 300: the numbers of each measurement group, with its
    tracking identifier, finding, site and segment; without groups, those of Imaging Measurements.
    """
    if not is_report(instance):
        raise _without_measurements(instance, f"the class {instance.sop_class_uid or 'unknown'}")
    try:
        root = instance.dataset()
        rows = tuple(_rows_below(root, 0))
    except Exception as error:  # pydicom raises anything for damaged values
        raise ReadError(
            code="file-damaged",
            where=instance.path,
            given=f"{type(error).__name__}: {error}",
            expected="a content tree that can be decoded",
            remedy="Export the report again.",
        ) from error
    if not rows:
        raise _without_measurements(instance, "a report without Imaging Measurements")
    return MeasurementTable(rows)


def _without_measurements(instance: Instance, given: str) -> ReadError:
    return ReadError(
        code="no-measurements",
        where=instance.path,
        given=given,
        expected="a structured report with measurements (PS3.16, TID 1500)",
        remedy="Choose a measurement report: `dicomseries list` shows them with the modality SR.",
    )


def _rows_below(item: Dataset, depth: int) -> Iterator[MeasurementRow]:
    """Yield the numbers in the containers of measurements."""
    if depth > _DEEPEST:
        return
    for child in _children(item):
        name = _name(child)
        if name in _MEASUREMENTS:
            yield from _rows_of_container(child)
        elif child.get("ValueType") == "CONTAINER":
            yield from _rows_below(child, depth + 1)


def _rows_of_container(container: Dataset) -> Iterator[MeasurementRow]:
    for child in _children(container):
        if _name(child) in _GROUPS:
            yield from _rows_of_group(child)
        elif child.get("ValueType") == "NUM":
            yield _row(child, {})


def _rows_of_group(group: Dataset) -> Iterator[MeasurementRow]:
    """Yield the numbers of a measurement group with its facts."""
    facts: dict[str, Any] = {}
    numbers: list[Dataset] = []
    for child in _children(group):
        name, kind = _name(child), child.get("ValueType")
        if kind == "NUM":
            numbers.append(child)
        elif name == _TRACKING:
            facts["label"] = str(child.get("TextValue", "")).strip()
        elif name == _FINDING:
            facts.setdefault("finding", concept_in(child, "ConceptCodeSequence"))
        elif name in {_SITE, _OLD_SITE}:
            _add_site(facts, child)
        elif name in _SEGMENTS:
            facts["segment"] = _segment_number(child)
    for number in numbers:
        yield _row(number, facts)


def _add_site(facts: dict[str, Any], item: Dataset) -> None:
    if "site" in facts:
        return
    facts["site"] = concept_in(item, "ConceptCodeSequence")
    for child in _children(item):
        if _name(child) in {_LATERALITY, _OLD_LATERALITY}:
            facts["laterality"] = concept_in(child, "ConceptCodeSequence")


def _segment_number(item: Dataset) -> int | None:
    for reference in item.get("ReferencedSOPSequence") or ():
        numbers = reference.get("ReferencedSegmentNumber")
        if isinstance(numbers, Sequence) and not isinstance(numbers, str):
            return int(numbers[0]) if len(numbers) == 1 else None
        if numbers is not None:
            return int(numbers)
    return None


def _row(item: Dataset, facts: dict[str, Any]) -> MeasurementRow:
    value, unit = "", None
    for measured in item.get("MeasuredValueSequence") or ():
        number = measured.get("NumericValue")
        if number is None or number == "":
            number = measured.get("FloatingPointValue")
        if number is not None:
            value = _text(number)
        unit = concept_in(measured, "MeasurementUnitsCodeSequence")
        break
    statistic = None
    details = dict(facts)
    for child in _children(item):
        if _name(child) == _DERIVATION:
            statistic = concept_in(child, "ConceptCodeSequence")
        elif _name(child) in {_SITE, _OLD_SITE}:
            details.pop("site", None)
            details.pop("laterality", None)
            _add_site(details, child)
    name = concept_in(item, "ConceptNameCodeSequence")
    return MeasurementRow(
        quantity=name or CodedConcept("", "", "?"),
        statistic=statistic,
        value=value,
        unit=unit,
        **details,
    )


def _text(number: Any) -> str:
    """Return the text of a number in the file."""
    original = getattr(number, "original_string", None)
    if isinstance(original, str) and original:
        return original.strip()
    return str(number).strip()


def _children(item: Dataset) -> Sequence[Dataset]:
    return item.get("ContentSequence") or ()


def _name(item: Dataset) -> str:
    concept = concept_in(item, "ConceptNameCodeSequence")
    return "" if concept is None else concept.value
