"""Checks of values by their value representation (VR), in sequences too."""

from __future__ import annotations

from collections.abc import Iterator

from dicomseries.checks.registry import Fault, check
from dicomseries.checks.series_view.series_view import SeriesView, printable
from dicomseries.reading import Element, Instance, encodings_of, text_of
from dicomseries.standard.multiplicity import allows_count, multiplicity
from dicomseries.standard.value_representations import (
    MULTI_LINE_VRS,
    TEXT_VRS,
    representations,
    text_fault,
)

__all__: list[str] = []

_SIZES = {
    "AT": 4,
    "FD": 8,
    "FL": 4,
    "OD": 8,
    "OF": 4,
    "OL": 4,
    "OV": 8,
    "OW": 2,
    "SL": 4,
    "SS": 2,
    "SV": 8,
}
_SIZES |= {"UL": 4, "US": 2, "UV": 8}
"""Bytes of one value, PS3.5 table 6.2-1."""
_NUMBERS = frozenset(_SIZES) - {"OD", "OF", "OL", "OV", "OW"}
_CHARACTER_SET_VRS = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})


@check("VR-001", level="error", part="PS3.5 6.2")
def texts_are_legal(view: SeriesView) -> Iterator[Fault]:
    """Texts have the characters, length and form of their VR.

    DS at most 16 characters, CS capital letters, dates YYYYMMDD, UIDs of at most 64 digits and dots, and so on.
    Strict readers refuse the file, others cut the text off.
    """
    for instance, name, _, element in view.elements:
        if element.vr not in TEXT_VRS:
            continue
        text = _decoded(instance, element)
        if text is None:
            continue  # VR-005
        for value in [text] if element.vr in MULTI_LINE_VRS else text.split("\\"):
            fault = text_fault(element.vr, _stripped(element.vr, value))
            if fault:
                yield Fault(
                    f"{instance.name} {name}",
                    f"{printable(value)} should be {fault}.",
                    f"Write {name} in that form.",
                )


def _stripped(vr: str, value: str) -> str:
    return value.rstrip(" \0") if vr in MULTI_LINE_VRS else value.strip(" \0")


@check("VR-002", level="error", part="PS3.5 7.1.1, 6.2")
def lengths_are_legal(view: SeriesView) -> Iterator[Fault]:
    """Values have an even length, and binary ones a multiple of the size of their VR."""
    for instance, name, _, element in view.elements:
        size = _SIZES.get(element.vr, 2)
        if len(element.raw) % size:
            yield Fault(
                f"{instance.name} {name}",
                f"{len(element.raw)} bytes are no multiple of {size} (VR {element.vr}).",
                f"Pad {name} as its VR demands, or write the file anew with pydicom.",
            )


@check("VR-003", level="error", part="PS3.5 6.4, PS3.6")
def multiplicities_are_legal(view: SeriesView) -> Iterator[Fault]:
    """An attribute has as many values as the dictionary allows, such as three in ImagePositionPatient."""
    for instance, name, tag, element in view.elements:
        count = _count(element)
        allowed = multiplicity(tag) if count else None
        if allowed is not None and not allows_count(allowed, count):
            yield Fault(
                f"{instance.name} {name}",
                f"{count} values where {allowed} are allowed.",
                f"Write {name} with as many values as the dictionary allows.",
            )


def _count(element: Element) -> int:
    """Return how many values there are; 0 where that is not counted."""
    raw = element.raw
    if not raw.strip(b" \0") and element.vr not in _NUMBERS:
        return 0
    if element.vr in TEXT_VRS:
        # A backslash may be the second byte of a character of an Asian set; those texts are not counted.
        return (
            1
            if element.vr in MULTI_LINE_VRS
            else (raw.count(b"\\") + 1 if raw.isascii() and b"\x1b" not in raw else 0)
        )
    return len(raw) // _SIZES[element.vr] if element.vr in _NUMBERS else 0


@check("VR-004", level="error", part="PS3.6")
def representations_are_right(view: SeriesView) -> Iterator[Fault]:
    """An attribute of the standard has the VR of the dictionary."""
    for instance, name, tag, element in view.elements:
        allowed = representations(tag)
        if allowed and element.vr not in allowed and element.vr != "UN" and not element.implicit:
            right = " or ".join(sorted(allowed))
            yield Fault(
                f"{instance.name} {name}",
                f"VR {element.vr} where {right} is right.",
                f"Write {name} with that VR.",
            )


@check("VR-005", level="error", part="PS3.3 C.12.1.1.2")
def characters_can_be_decoded(view: SeriesView) -> Iterator[Fault]:
    """Texts are in the character set that SpecificCharacterSet names; without one, in ASCII.

    Else names of patients look different in each viewer.
    """
    for instance, name, _, element in view.elements:
        if element.vr in _CHARACTER_SET_VRS and _decoded(instance, element) is None:
            named = printable(instance.raw("SpecificCharacterSet"))
            yield Fault(
                f"{instance.name} {name}",
                f"The text is not in the character set {named}.",
                "Write SpecificCharacterSet ISO_IR 192 and the texts in UTF-8.",
            )


def _decoded(instance: Instance, element: Element) -> str | None:
    """Return a text; None where it is not in its character set."""
    is_escaped = (
        b"\x1b" in element.raw and element.vr in _CHARACTER_SET_VRS
    )  # PS3.3 section C.12.1.1.2: ISO 2022
    if element.raw.isascii() and not is_escaped:
        return element.raw.decode("ascii")
    if element.vr not in _CHARACTER_SET_VRS:
        return element.raw.decode("latin-1")
    sets = instance.texts("SpecificCharacterSet")
    try:
        if sets == ("ISO_IR 192",):
            return element.raw.decode("utf-8")
        if not any(sets):
            return None
        return text_of(element.raw, encodings_of(sets))
    except (LookupError, UnicodeError):
        return None
