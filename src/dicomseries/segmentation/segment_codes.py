"""Coded concepts: from what a user writes to value, scheme and meaning (PS3.3 section 8, PS3.16)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any

from dicomseries.errors import MetadataError
from dicomseries.standard.value_representations import text_fault

__all__ = ["CATEGORIES", "Code", "category_of", "code_of"]

CATEGORIES = {7191: "Tissue", 7192: "AnatomicalStructure", 7193: "PhysicalObject"} | {
    7194: "MorphologicallyAbnormalStructure",
    7195: "Function",
    7196: "SpatialAndRelationalConcept",
    7197: "BodySubstance",
    7198: "Substance",
}
"""Context group of property types → the category it belongs to (PS3.16, CID 7150 and 7151)."""

_GROUPS = (7150, 7151, 4, 4031)
"""Where a name is looked up first: categories, property types, anatomic regions."""

_SCHEMES = ("SCT", "DCM")
_SOURCES = (*(f"cid{number}" for number in _GROUPS), *_SCHEMES)
_SUGGESTIONS = 3
_KEYS = {"value": "value", "scheme": "scheme", "meaning": "meaning"} | {
    "CodeValue": "value",
    "CodingSchemeDesignator": "scheme",
    "CodeMeaning": "meaning",
}
_FORM = '["10200004", "SCT", "Liver"]'


@dataclass(frozen=True, slots=True)
class Code:
    """One coded concept.

    Parameters
    ----------
    value, scheme, meaning : str
        CodeValue (SH, at most 16 characters), CodingSchemeDesignator (SH) and CodeMeaning (LO, at most 64).

    Raises
    ------
    MetadataError
        If one of them is empty or no text that its value representation allows.

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
            expected = (
                "text" if not isinstance(text, str) or not text.strip() else text_fault(vr, text)
            )
            if expected:
                faults.append(_malformed(f"code {name}", text, expected))
        if faults:
            raise MetadataError.together(faults)

    def __str__(self) -> str:
        return f"({self.value}, {self.scheme}, {self.meaning!r})"


def code_of(given: Any, where: str) -> Code:
    """Return the code that a user means.

    Parameters
    ----------
    given : str, sequence, mapping or Code
        The plain name of a concept as pydicom's code dictionary has it (``"Liver"``, in any spelling of words and
        case), ``[value, scheme, meaning]``, or a mapping with these keys; the meaning may be left out where the
        dictionary knows the code, the scheme if it is SCT or DCM.
    where : str
        The place, for errors.

    Raises
    ------
    MetadataError
        If the name is unknown (with suggestions) or the code is not whole.

    Examples
    --------
    >>> print(code_of("liver", "type"), code_of(["64033007", "SCT"], "type"))
    (10200004, SCT, 'Liver') (64033007, SCT, 'Kidney')
    """
    if isinstance(given, Code):
        return given
    if isinstance(given, str):
        return _named(given, where)
    parts = _parts(given)
    if not parts.get("value"):
        raise _malformed(where, given, f"a name, or a code such as {_FORM}")
    return _whole(parts, where)


def category_of(kind: Code) -> Code | None:
    """Return the category whose context group has this property type; None if none has, or several have.

    Examples
    --------
    >>> print(category_of(code_of("Liver", "type")))
    (91723000, SCT, 'Anatomical Structure')
    >>> category_of(code_of("Background", "type")) is None
    True
    """
    found = [name for group, name in CATEGORIES.items() if kind in _group(group).values()]
    return _group(7150)[found[0]] if len(found) == 1 else None


def _malformed(where: str, given: Any, expected: str) -> MetadataError:
    remedy = f"Write it as {_FORM}."
    return MetadataError(
        code="code-malformed", where=where, given=repr(given), expected=expected, remedy=remedy
    )


def _parts(given: Any) -> dict[str, str]:
    if isinstance(given, Mapping):
        return {
            _KEYS[key]: text
            for key, text in given.items()
            if key in _KEYS and isinstance(text, str)
        }
    if (
        isinstance(given, Sequence)
        and 1 < len(given) <= 3
        and all(isinstance(text, str) for text in given)
    ):
        return dict(zip(("value", "scheme", "meaning"), given, strict=False))
    return {}


def _whole(parts: Mapping[str, str], where: str) -> Code:
    """Return the code with what the dictionary knows of it filled in."""
    value = parts["value"]
    schemes = [parts["scheme"]] if parts.get("scheme") else list(_SCHEMES)
    known = next((code for scheme in schemes if (code := _by_value(scheme).get(value))), None)
    scheme = parts.get("scheme") or (known.scheme if known else "")
    meaning = parts.get("meaning") or (known.meaning if known else "")
    try:
        return Code(value, scheme, meaning)
    except MetadataError as error:
        raise MetadataError.together(
            [
                MetadataError(
                    code=fault.code,
                    where=f"{where} ({fault.where})",
                    given=fault.given,
                    expected=fault.expected,
                    remedy=fault.remedy,
                )
                for fault in error.faults
            ]
        ) from None


def _named(name: str, where: str) -> Code:
    plain = _plain(name)
    found = next(
        (code for source in _SOURCES if (code := _lookup(source, plain))), None
    ) or _numbered(name.strip())
    if found:
        return found
    near = _near(plain)
    remedy = f"Use {' or '.join(map(repr, near))}, or write the code" if near else "Write the code"
    raise MetadataError(
        code="code-unknown",
        where=where,
        given=repr(name),
        expected="a concept of pydicom's code dictionary",
        remedy=f"{remedy}: {_FORM}.",
    )


def _numbered(text: str) -> Code | None:
    return next((code for scheme in _SCHEMES if (code := _by_value(scheme).get(text))), None)


def _near(plain: str) -> list[str]:
    spelt = _spelt("cid7151")
    begins = sorted((key for key in spelt if len(plain) > 3 and key.startswith(plain)), key=len)
    close = get_close_matches(plain, spelt, n=_SUGGESTIONS, cutoff=0.7)
    return [spelt[key] for key in dict.fromkeys([*close, *begins])][:_SUGGESTIONS]


def _plain(name: str) -> str:
    return "".join(char for char in name.casefold() if char.isalnum())


def _lookup(source: str, plain: str) -> Code | None:
    name = _spelt(source).get(plain)
    return None if name is None else _entry(source, name)


@cache
def _spelt(source: str) -> dict[str, str]:
    """Return the names of a context group or a scheme by their letters in lower case."""
    return {_plain(name): name for name in _collection(source).dir()}


@cache
def _group(number: int) -> dict[str, Code]:
    """Return the codes of a context group by name."""
    source = f"cid{number}"
    return {name: code for name in _collection(source).dir() if (code := _entry(source, name))}


@cache
def _by_value(scheme: str) -> dict[str, Code]:
    """Return the codes of a scheme by value; where one has several meanings, that of the property types counts."""
    if scheme not in _schemes():
        return {}
    whole = (code for name in _collection(scheme).dir() if (code := _entry(scheme, name)))
    first = (
        code
        for source in reversed(_GROUPS)
        for code in _group(source).values()
        if code.scheme == scheme
    )
    return {code.value: code for code in (*whole, *first)}


def _entry(source: str, name: str) -> Code | None:
    try:
        code = getattr(_collection(source), name)
    except RuntimeError:  # one name for several concepts says nothing
        return None
    fits = len(code.value) <= 16 and len(code.meaning) <= 64
    return Code(code.value, code.scheme_designator, code.meaning) if fits else None


def _collection(source: str) -> Any:
    from pydicom.sr.codedict import codes  # noqa: PLC0415 - the dictionary is large, and only names ask it

    return getattr(codes, source)


def _schemes() -> list[str]:
    from pydicom.sr.codedict import codes  # noqa: PLC0415 - as above

    return list(codes.schemes())
