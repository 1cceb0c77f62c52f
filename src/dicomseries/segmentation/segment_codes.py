"""Coded concepts of segments, by name or code.

PS3.3 section 8, PS3.16.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any

from dicomseries.errors import MetadataError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.standard.attributes.coded_concepts import code_parts, plain_name
from dicomseries.standard.attributes.value_representations import text_fault

__all__ = [
    "CATEGORIES",
    "Code",
    "category_of",
    "code_of",
    "known_region",
    "known_type",
    "nearest_type",
]

CATEGORIES = {
    7191: "Tissue",
    7192: "AnatomicalStructure",
    7193: "PhysicalObject",
    7194: "MorphologicallyAbnormalStructure",
    7195: "Function",
    7196: "SpatialAndRelationalConcept",
    7197: "BodySubstance",
    7198: "Substance",
}
"""Context group of property types → its category (PS3.16, CID 7150 and 7151)."""

_GROUPS = (7150, 7151, 4, 4031)
"""Context groups of names, first to last: categories, property types, anatomic regions."""

_REGION_GROUPS = ("cid4031", "cid4")
_SCHEMES = ("SCT", "DCM")
_SOURCES = (*(f"cid{number}" for number in _GROUPS), *_SCHEMES)
_SUGGESTIONS = 3
_CLOSE = 0.8
"""Similarity of a label and the name that is proposed for it, of 1."""
_EXAMPLE = '["10200004", "SCT", "Liver"]'


@dataclass(frozen=True, slots=True)
class Code:
    """One coded concept.

    Parameters
    ----------
    value, scheme, meaning : str
        CodeValue (SH, at most 16 characters), CodingSchemeDesignator (SH) and CodeMeaning (LO, at
        most 64).

    Raises
    ------
    MetadataError
        If one of them is empty or illegal in its value representation.

    Notes
    -----
    PS3.3 table 8.8-1.

    Examples
    --------
    >>> Code("10200004", "SCT", "Liver").meaning
    'Liver'
    """

    value: str
    scheme: str
    meaning: str

    def __post_init__(self) -> None:
        faults = []
        for name, vr in (("value", "SH"), ("scheme", "SH"), ("meaning", "LO")):
            text = getattr(self, name)
            expected: str | None = "text"
            if isinstance(text, str) and text.strip():
                expected = text_fault(vr, text)
            if expected:
                faults.append(_malformed(f"code {name}", text, expected))
        if faults:
            raise MetadataError.together(faults)

    def __str__(self) -> str:
        return f"({self.value}, {self.scheme}, {self.meaning!r})"


def _malformed(where: str, code: Any, expected: str) -> MetadataError:
    return MetadataError(
        code="code-malformed",
        where=where,
        given=repr(code),
        expected=expected,
        remedy=f"Write it as {_EXAMPLE}.",
    )


def code_of(code: Any, where: str) -> Code:
    """Return the code for a name or code.

    Parameters
    ----------
    code : str, sequence, mapping or Code
        The name of a concept in pydicom's code dictionary (``"Liver"``, in any spelling of words
        and case), ``[value, scheme, meaning]``, or a mapping with these keys. The meaning may be
        left out if the dictionary knows the code, the scheme if it is SCT or DCM.
    where : str
        The place, for errors.

    Raises
    ------
    MetadataError
        If the name is unknown (with suggestions) or the code is incomplete.

    Examples
    --------
    >>> print(code_of("liver", "type"), code_of(["64033007", "SCT"], "type"))
    (10200004, SCT, 'Liver') (64033007, SCT, 'Kidney')
    """
    if isinstance(code, Code):
        return code
    if isinstance(code, str):
        return _by_name(code, where)
    value, scheme, meaning = code_parts(code)
    if not value:
        raise _malformed(where, code, f"a name, or a code such as {_EXAMPLE}")
    known = _by_value(value, [scheme] if scheme else _SCHEMES)
    if known is not None:
        scheme, meaning = scheme or known.scheme, meaning or known.meaning
    try:
        return Code(value, scheme, meaning)
    except MetadataError as error:
        faults = []
        for fault in error.faults:
            fault_there = MetadataError(
                code=fault.code,
                where=f"{where} ({fault.where})",
                given=fault.given,
                expected=fault.expected,
                remedy=fault.remedy,
            )
            faults.append(fault_there)
        raise MetadataError.together(faults) from None


def category_of(property_type: Code) -> Code | None:
    """Return the only category of a property type.

    Examples
    --------
    >>> print(category_of(code_of("Liver", "type")))
    (91723000, SCT, 'Anatomical Structure')
    >>> category_of(code_of("Background", "type")) is None
    True
    """
    names = []
    for number, name in CATEGORIES.items():
        if property_type in _codes_of(f"cid{number}").values():
            names.append(name)
    if not names and property_type in _regions():
        names = ["AnatomicalStructure"]
    if len(names) == 1:
        return _codes_of("cid7150")[names[0]]
    return None


def known_region(label: str) -> Code | None:
    """Return the anatomic region with this name (CID 4031 and 4).

    Examples
    --------
    >>> print(known_region("thorax"), known_region("Segment 7"))
    (816094009, SCT, 'Thorax') None
    """
    plain = plain_name(label)
    for source in _REGION_GROUPS:
        spelt = _names(source).get(plain)
        code = _entry(source, spelt) if spelt else None
        if code is not None:
            return code
    return None


@cache
def _regions() -> frozenset[Code]:
    """Return the anatomic regions of CID 4031 and CID 4."""
    return frozenset(code for source in _REGION_GROUPS for code in _codes_of(source).values())


def known_type(label: str) -> Code | None:
    """Return the property type with this name and one category.

    Examples
    --------
    >>> print(known_type("gray matter"), known_type("Segment 7"))
    (389081007, SCT, 'Gray Matter') None
    """
    plain = plain_name(label)
    for source in ("cid7151", *(f"cid{number}" for number in CATEGORIES)):
        spelt = _names(source).get(plain)
        code = _entry(source, spelt) if spelt else None
        if code is not None:
            return code if category_of(code) else None
    return None


def nearest_type(label: str) -> str:
    """Return the name of a property type close to a label; empty if none is.

    Examples
    --------
    >>> nearest_type("Livr"), nearest_type("left kidney"), nearest_type("Segment 7")
    ('Liver', 'Kidney', '')
    """
    if len(label) <= 3:
        return ""
    candidates = [*label.split()[::-1], *_close_names(plain_name(label))]
    for name in candidates:
        code = known_type(name) if len(name) > 3 else None
        if code is not None:
            return code.meaning if known_type(code.meaning) == code else name
    return ""


def _close_names(plain: str) -> list[str]:
    names = _names("cid7151")
    close = get_close_matches(plain, names, n=_SUGGESTIONS, cutoff=_CLOSE)
    return [names[name] for name in close]


def _by_name(name: str, where: str) -> Code:
    plain = plain_name(name)
    for source in _SOURCES:
        spelt = _names(source).get(plain)
        if spelt is None:
            continue
        code = _entry(source, spelt)
        if code is not None:
            return code
    code = _by_value(name.strip(), _SCHEMES)
    if code is not None:
        return code
    similar = _similar_names(plain)
    remedy = f"Write the code: {_EXAMPLE}."
    if similar:
        remedy = f"Use {' or '.join(map(repr, similar))}, or write the code: {_EXAMPLE}."
    raise MetadataError(
        code="code-unknown",
        where=where,
        given=repr(name),
        expected="a concept of pydicom's code dictionary",
        remedy=remedy,
    )


def _similar_names(plain: str) -> list[str]:
    names = _names("cid7151")
    similar = get_close_matches(plain, names, n=_SUGGESTIONS, cutoff=0.7)
    if len(plain) > 3:
        similar += sorted((name for name in names if name.startswith(plain)), key=len)
    return [names[name] for name in dict.fromkeys(similar)][:_SUGGESTIONS]


def _by_value(value: str, schemes: list[str] | tuple[str, ...]) -> Code | None:
    for scheme in schemes:
        code = _codes_by_value(scheme).get(value)
        if code is not None:
            return code
    return None


@cache
def _codes_by_value(scheme: str) -> Mapping[str, Code]:
    """Return the codes of a scheme by value.

    Meanings are those of property types.
    """
    from pydicom.sr.codedict import codes  # noqa: PLC0415 - large, needed for names only

    by_value: dict[str, Code] = {}
    if scheme in codes.schemes():
        for source in (scheme, *(f"cid{number}" for number in reversed(_GROUPS))):
            for code in _codes_of(source).values():
                if code.scheme == scheme:
                    by_value[code.value] = code
    return by_value


@cache
def _names(source: str) -> Mapping[str, str]:
    """Return names by plain spelling."""
    return {plain_name(name): name for name in _collection(source).dir()}


@cache
def _codes_of(source: str) -> Mapping[str, Code]:
    """Return the codes of a group or scheme."""
    by_name = {}
    for name in _collection(source).dir():
        code = _entry(source, name)
        if code is not None:
            by_name[name] = code
    return by_name


def _entry(source: str, name: str) -> Code | None:
    try:
        code = getattr(_collection(source), name)
    except RuntimeError:  # one name for several concepts
        return None
    is_legal = len(code.value) <= 16 and len(code.meaning) <= 64
    if is_legal:
        return Code(code.value, code.scheme_designator, code.meaning)
    return None


def _collection(source: str) -> Any:
    from pydicom.sr.codedict import codes  # noqa: PLC0415 - as above

    return getattr(codes, source)
