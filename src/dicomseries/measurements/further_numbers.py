"""Numbers of the user about segments: ``numbers=``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from dicomseries.errors import OptionError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.measurements.concepts import (
    named_concept,
    private_concept,
    ucum_concept,
)
from dicomseries.measurements.described_segments import DescribedSegment
from dicomseries.measurements.ucum_form import ucum_fault
from dicomseries.reading import CodedConcept
from dicomseries.standard.attributes.coded_concepts import code_fault, code_parts

__all__ = ["FurtherNumber", "parse_numbers"]

_EXAMPLE = 'numbers={"Liver": {"Elasticity": (3.2, "kPa")}}'
_KEYS = frozenset({"value", "unit", "code"})
_MOST_NAME = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class FurtherNumber:
    """One number that the user gives for a segment."""

    concept: CodedConcept
    value: float
    unit: CodedConcept


def parse_numbers(
    numbers: Any, segments: Sequence[DescribedSegment]
) -> dict[int, tuple[FurtherNumber, ...]]:
    """Return the value of ``numbers=`` by segment number.

    Parameters
    ----------
    numbers : mapping, optional
        Label or number of a segment → mapping from the name of a measurement to (value, UCUM
        unit). A name is one of pydicom's code dictionary, a code ``(value, scheme, meaning)``, or
        any other text, which gets a private code. As in JSON, the pair may be a list, or a mapping
        of ``value``, ``unit`` and ``code``.
    segments : sequence of DescribedSegment
        Those of the Segmentation.

    Raises
    ------
    OptionError
        For all faults at once.

    Examples
    --------
    >>> liver = DescribedSegment(number=1, label="Liver")
    >>> parsed = parse_numbers({"Liver": {"Elasticity": (3.2, "kPa")}}, [liver])
    >>> print(parsed[1][0].concept, parsed[1][0].value, parsed[1][0].unit.value)
    Elasticity (110830, DCM) 3.2 kPa
    """
    if numbers is None:
        return {}
    where = "numbers"
    if not isinstance(numbers, Mapping):
        raise _fault(where, numbers, "a mapping from segments to mappings")
    faults: list[OptionError] = []
    parsed: dict[int, tuple[FurtherNumber, ...]] = {}
    for key, entries in numbers.items():
        where = f"numbers[{key!r}]"
        try:
            number = _segment_number(key, segments, where)
            if number in parsed:
                raise _fault(where, "a second time", "each segment once")
            parsed[number] = _numbers_of_segment(entries, where)
        except OptionError as error:
            faults += [fault for fault in error.faults if isinstance(fault, OptionError)]
    if faults:
        raise OptionError.together(faults)
    return parsed


def _numbers_of_segment(entries: Any, where: str) -> tuple[FurtherNumber, ...]:
    if not isinstance(entries, Mapping):
        raise _fault(where, entries, "a mapping from names to (value, unit)")
    faults: list[OptionError] = []
    numbers: list[FurtherNumber] = []
    for name, entry in entries.items():
        try:
            numbers.append(_further_number(name, entry, f"{where}[{name!r}]"))
        except OptionError as error:
            faults.append(error)
    if faults:
        raise OptionError.together(faults)
    return tuple(numbers)


def _fault(where: str, given: Any, expected: str, remedy: str = "") -> OptionError:
    return OptionError(
        code="numbers-malformed",
        where=where,
        given=given if isinstance(given, str) else repr(given),
        expected=expected,
        remedy=remedy or f"Write for example `{_EXAMPLE}`.",
    )


def _segment_number(key: Any, segments: Sequence[DescribedSegment], where: str) -> int:
    """Return the number of a segment by label or number."""
    matching = [segment.number for segment in segments if key in {segment.label, segment.number}]
    if not matching and isinstance(key, str) and key.isascii() and key.isdigit():
        matching = [segment.number for segment in segments if segment.number == int(key)]
    if len(matching) == 1 and not isinstance(key, bool):
        return matching[0]
    listed = ", ".join(f"{segment.number} {segment.label}" for segment in segments)
    if matching:
        remedy = "Use the number of the segment."
        raise _fault(where, f"{len(matching)} segments of that label", "one segment", remedy)
    raise _fault(where, key, f"a segment: {listed}", "Correct the label.")


def _further_number(name: Any, entry: Any, where: str) -> FurtherNumber:
    code: Any = None
    if isinstance(entry, Mapping):
        if not {"value", "unit"} <= set(entry) <= _KEYS:
            raise _fault(where, entry, "value, unit and, if wanted, code")
        value, unit, code = entry["value"], entry["unit"], entry.get("code")
    elif isinstance(entry, Sequence) and not isinstance(entry, str) and len(entry) == 2:
        value, unit = entry
    else:
        raise _fault(where, entry, "a value and its UCUM unit, (3.2, 'kPa'), '1' for none")
    expected = ucum_fault(unit)
    if expected:
        place = f"{where} unit"
        raise _fault(place, unit, expected, "Correct the unit.")
    return FurtherNumber(
        concept=_concept(name, code, where), value=_number(value, where), unit=ucum_concept(unit)
    )


def _number(value: Any, where: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if isinstance(value, (str, bytes, bool)) or not math.isfinite(number):
        place, expected = f"{where} value", "a finite number"
        raise _fault(place, value, expected, "Leave out what is not known.")
    return number


def _concept(name: Any, code: Any, where: str) -> CodedConcept:
    """Return the code of a name; a private one for unknown names."""
    if code is None and not isinstance(name, str):
        code = name
    if code is not None:
        value, scheme, meaning = code_parts(code)
        meaning = meaning or (name.strip() if isinstance(name, str) else "")
        expected = code_fault(value, scheme, meaning)
        if expected:
            raise _fault(where, code, f"a code of {expected}", "Complete the code.")
        return CodedConcept(value, scheme, meaning)
    name = name.strip()
    if not name or len(name) > _MOST_NAME or "\\" in name:
        expected = f"a name of at most {_MOST_NAME} characters"
        raise _fault(where, name, expected, "Use a shorter name.")
    return named_concept(name) or private_concept(name)
