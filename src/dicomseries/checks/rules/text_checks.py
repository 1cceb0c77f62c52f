"""Checks of values by their value representation (VR), sequences included."""

from __future__ import annotations

from collections.abc import Iterator

from dicomseries.checks.registry import Fault, check
from dicomseries.checks.series_view.element_values import printable
from dicomseries.checks.series_view.series_view import SeriesView
from dicomseries.reading import Element, Instance, encodings_of, text_of
from dicomseries.standard.attributes.multiplicity import allows_count, multiplicity
from dicomseries.standard.attributes.value_representations import (
    MULTI_LINE_VRS,
    TEXT_VRS,
    representations,
    text_fault,
)

__all__: list[str] = []

_NUMBER_SIZES = {"AT": 4, "FD": 8, "FL": 4, "SL": 4, "SS": 2, "SV": 8, "UL": 4, "US": 2, "UV": 8}
_SIZES = _NUMBER_SIZES | {"OD": 8, "OF": 4, "OL": 4, "OV": 8, "OW": 2}
"""Bytes of one value, PS3.5 table 6.2-1."""
_CHARACTER_SET_VRS = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})


@check("VR-001", level="error", part="PS3.5 6.2")
def texts_are_legal(view: SeriesView) -> Iterator[Fault]:
    """Texts have the characters, length and form of their VR.

    DS at most 16 characters, CS capital letters, dates YYYYMMDD, UIDs of at most 64 digits and
    dots, and so on. Strict readers reject the file, others truncate the text.
    """
    for located in view.elements:
        vr = located.element.vr
        if vr not in TEXT_VRS:
            continue
        text = _decoded(located.instance, located.element)
        if text is None:
            continue  # VR-005 reports it
        values = [text.rstrip(" \0")]
        if vr not in MULTI_LINE_VRS:
            values = [value.strip(" \0") for value in text.split("\\")]
        for value in values:
            expected = text_fault(vr, value)
            if expected:
                yield Fault(
                    located.where,
                    f"{printable(value)} should be {expected}.",
                    f"Write {located.name} in that form.",
                )


@check("VR-002", level="error", part="PS3.5 7.1.1, 6.2")
def lengths_are_legal(view: SeriesView) -> Iterator[Fault]:
    """Values have the length of their VR.

    The length of binary values is a multiple of the size of one value.
    """
    for located in view.elements:
        vr, length = located.element.vr, len(located.element.raw)
        size = _SIZES.get(vr, 2)
        if length % size:
            yield Fault(
                located.where,
                f"The length of {length} bytes is no multiple of {size} (VR {vr}).",
                f"Pad {located.name} as its VR requires, or rewrite the file with pydicom.",
            )


@check("VR-003", level="error", part="PS3.5 6.4, PS3.6")
def multiplicities_are_legal(view: SeriesView) -> Iterator[Fault]:
    """Attributes have as many values as the dictionary allows.

    ImagePositionPatient has three, for example.
    """
    for located in view.elements:
        count = _count(located.element)
        allowed = multiplicity(located.tag)
        if count and allowed is not None and not allows_count(allowed, count):
            yield Fault(
                located.where,
                f"It has {count} values, the dictionary allows {allowed}.",
                f"Write {located.name} with as many values as the dictionary allows.",
            )


def _count(element: Element) -> int:
    """Return the number of values; 0 if not countable."""
    raw, vr = element.raw, element.vr
    if vr in _NUMBER_SIZES:
        return len(raw) // _NUMBER_SIZES[vr]
    if vr not in TEXT_VRS or not raw.strip(b" \0"):
        return 0
    if vr in MULTI_LINE_VRS:
        return 1
    if not raw.isascii() or b"\x1b" in raw:
        return 0  # a backslash may be the second byte of a character of an Asian character set
    return raw.count(b"\\") + 1


@check("VR-004", level="error", part="PS3.6")
def representations_are_right(view: SeriesView) -> Iterator[Fault]:
    """Standard attributes have the VR of the dictionary."""
    for located in view.elements:
        element = located.element
        allowed = representations(located.tag)
        is_right = not allowed or element.vr in allowed or element.vr == "UN"
        if not is_right and not element.implicit:
            yield Fault(
                located.where,
                f"The VR is {element.vr}, it should be {' or '.join(sorted(allowed))}.",
                f"Write {located.name} with that VR.",
            )


@check("VR-005", level="error", part="PS3.3 C.12.1.1.2")
def characters_can_be_decoded(view: SeriesView) -> Iterator[Fault]:
    """Texts are in the character set of SpecificCharacterSet.

    Without SpecificCharacterSet they are ASCII. Otherwise patient names look different in each
    viewer.
    """
    for located in view.elements:
        instance, element = located.instance, located.element
        if element.vr in _CHARACTER_SET_VRS and _decoded(instance, element) is None:
            name = printable(instance.raw("SpecificCharacterSet"))
            yield Fault(
                located.where,
                f"The text is not in the character set {name}.",
                "Write SpecificCharacterSet ISO_IR 192 and the texts in UTF-8.",
            )


def _decoded(instance: Instance, element: Element) -> str | None:
    """Return a text; None if not in its character set."""
    raw = element.raw
    has_character_set = element.vr in _CHARACTER_SET_VRS
    # Escape sequences switch to another set, PS3.3 section C.12.1.1.2 (ISO 2022).
    is_escaped = has_character_set and b"\x1b" in raw
    if raw.isascii() and not is_escaped:
        return raw.decode("ascii")
    if not has_character_set:
        return raw.decode("latin-1")
    sets = instance.texts("SpecificCharacterSet")
    if not any(sets):
        return None
    try:
        if sets == ("ISO_IR 192",):
            return raw.decode("utf-8")
        return text_of(raw, encodings_of(sets))
    except (LookupError, UnicodeError):
        return None
