"""Coded concepts of a measurement report: quantities, statistics and units."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from typing import Any

from dicomseries.reading import CodedConcept
from dicomseries.standard.attributes.coded_concepts import plain_name

__all__ = [
    "PRIVATE_SCHEME",
    "concept_record",
    "named_concept",
    "private_concept",
    "ucum_concept",
]

PRIVATE_SCHEME = "99DICOMSERIES"
"""Coding scheme of concepts without a standard code (PS3.16 section 8: private ones begin with
99)."""

_GROUPS = ("cid7469", "cid7468", "cid7470", "cid7477", "cid7466", "cid7464", "DCM")
"""Collections of names of measurements, first to last: intensities and sizes, textures, lengths,
shapes, uptake, statistics, all codes of DICOM."""

_MOST_MEANING = 64
"""Characters of CodeMeaning (LO, PS3.5 section 6.2)."""
_HASH_DIGITS = 12


def concept_record(concept: CodedConcept | None) -> dict[str, str] | None:
    """Return the parts of a code by name, for JSON.

    Examples
    --------
    >>> concept_record(CodedConcept("118565006", "SCT", "Volume"))
    {'value': '118565006', 'scheme': 'SCT', 'meaning': 'Volume'}
    """
    if concept is None:
        return None
    return {"value": concept.value, "scheme": concept.scheme, "meaning": concept.meaning}


def private_concept(meaning: str) -> CodedConcept:
    """Return a concept of our private scheme; equal names have equal codes.

    Examples
    --------
    >>> private_concept("Wobble") == private_concept("wobble ")
    False
    >>> private_concept("Wobble").scheme
    '99DICOMSERIES'
    """
    digest = hashlib.sha256(meaning.encode()).hexdigest()[:_HASH_DIGITS].upper()
    return CodedConcept(digest, PRIVATE_SCHEME, meaning[:_MOST_MEANING])


def named_concept(name: str) -> CodedConcept | None:
    """Return the measurement with this name in pydicom's dictionary.

    Examples
    --------
    >>> print(named_concept("elasticity"), named_concept("wobble"))
    Elasticity (110830, DCM) None
    """
    plain = plain_name(name)
    for group in _GROUPS:
        concept = _names(group).get(plain)
        if concept is not None:
            return concept
    return None


@cache
def _names(group: str) -> Mapping[str, CodedConcept]:
    """Return concepts by the plain spelling of name and meaning."""
    concepts: dict[str, CodedConcept] = {}
    for name, code in _codes(group):
        concept = CodedConcept(code.value, code.scheme_designator, code.meaning)
        concepts.setdefault(plain_name(name), concept)
        concepts.setdefault(plain_name(code.meaning), concept)
    return concepts


def _codes(group: str) -> list[tuple[str, Any]]:
    from pydicom.sr.codedict import codes  # noqa: PLC0415 - large, needed for names only

    collection = getattr(codes, group)
    found = []
    for name in collection.dir():
        try:
            found.append((name, getattr(collection, name)))
        except RuntimeError:  # one name for several concepts
            continue
    return found


def ucum_concept(code: str) -> CodedConcept:
    """Return the concept of a UCUM code, with its meaning if known.

    Examples
    --------
    >>> print(ucum_concept("mm3"), ucum_concept("kPa/s"))
    cubic millimeter (mm3, UCUM) kPa/s (kPa/s, UCUM)
    """
    return _units().get(code, CodedConcept(code, "UCUM", code[:_MOST_MEANING]))


@cache
def _units() -> Mapping[str, CodedConcept]:
    """Return the units of pydicom's dictionary by code."""
    units: dict[str, CodedConcept] = {}
    for _, code in _codes("UCUM"):
        units.setdefault(code.value, CodedConcept(code.value, "UCUM", code.meaning))
    return units
