"""Codes for the derivation of a series.

PS3.3 section C.7.6.1.1.3, PS3.16 CID 7203.

The list is ``data/derivations.json``, made by ``tools/make_code_lists.py``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from dicomseries.errors import OptionError
from dicomseries.iod import code_item
from dicomseries.standard.attributes.attribute import Item
from dicomseries.standard.attributes.coded_concepts import (
    CODE_KEYS,
    code_fault,
    code_parts,
    plain_name,
)
from dicomseries.standard.read_table import read_table

__all__ = ["IMAGE_PROCESSING", "SOURCE_IMAGE", "derivation_code", "derivations"]

IMAGE_PROCESSING: Item = code_item("110001", "DCM", "Image Processing")
"""True of every derived image, if a code is required and none is given."""

SOURCE_IMAGE: Item = code_item("121322", "DCM", "Source image for image processing operation")
"""Purpose of a reference to a source image (CID 7202)."""

_SHORT_NAMES = {"mpr": "113072", "mip": "113078", "minip": "113079"}
"""Usual abbreviations."""

_EXAMPLE = '`("113087", "DCM", "Smoothing")`'


@cache
def derivations() -> Mapping[str, str]:
    """Return CID 7203 as CodeValue → CodeMeaning (scheme DCM)."""
    table: dict[str, str] = read_table("derivations.json", "dicomseries.derivation")["derivations"]
    return table


def derivation_code(code: str | Sequence[str] | Mapping[str, str]) -> Item:
    """Return the item of DerivationCodeSequence for a name or code.

    Parameters
    ----------
    code : str, sequence or mapping
        A code value of CID 7203 (``"113087"``); its meaning in any case and spacing, or words of
        it that no other meaning has (``"smoothing"``, ``"resampling"``); ``MIP``, ``minIP`` or
        ``MPR``; or a complete code as ``(value, scheme, meaning)`` or a mapping with these keys or
        DICOM's. The meaning may be left out for codes of CID 7203; other schemes are allowed.

    Raises
    ------
    OptionError
        If the name is unknown or fits several codes, listing them; if the code is incomplete, too
        long for its value representation (SH, LO: PS3.5 section 6.2), or has the meaning of another
        code.

    Notes
    -----
    PS3.3 section C.7.6.1.1.3 and table 8.8-1, PS3.16 CID 7203.

    Examples
    --------
    >>> [member.values[0] for member in derivation_code("gaussian blur")]
    ['113088', 'DCM', 'Gaussian blur']
    >>> derivation_code("MPR") == derivation_code("113072") == derivation_code(("113072", "DCM"))
    True
    """
    if isinstance(code, str):
        return _by_name(code)
    return _complete(code)


def _by_name(name: str) -> Item:
    candidates = _candidates(name)
    if len(candidates) == 1:
        return code_item(candidates[0], "DCM", derivations()[candidates[0]])
    lines = [f"  {value} {derivations()[value]!r}" for value in candidates or derivations()]
    raise OptionError(
        code="derivation-ambiguous" if candidates else "derivation-unknown",
        where="derivation",
        given=repr(name),
        expected="one of\n" + "\n".join(lines),
        remedy=f"Choose one of these, write another code as {_EXAMPLE}, or leave it out and give a "
        "description.",
    )


def _candidates(name: str) -> list[str]:
    """Return the code values that a name may mean."""
    plain = plain_name(name)
    if name.strip() in derivations():
        return [name.strip()]
    if plain in _SHORT_NAMES:
        return [_SHORT_NAMES[plain]]
    same = [value for value, meaning in derivations().items() if plain_name(meaning) == plain]
    if same or not plain:
        return same
    return [value for value, meaning in derivations().items() if _words(name) in _words(meaning)]


def _words(name: str) -> str:
    """Return the words of a name, each after a space.

    So a part of a meaning starts with a word.
    """
    letters = re.sub(r"[\W_]", " ", name.casefold())
    return " " + " ".join(letters.split())


def _complete(code: Any) -> Item:
    value, scheme, meaning = code_parts(code)
    if isinstance(code, Mapping) and not set(code) <= CODE_KEYS.keys():
        value = ""
    if scheme == "DCM" and not meaning:
        meaning = derivations().get(value, "")
    fault = code_fault(value, scheme, meaning)
    if scheme == "DCM" and not fault:
        # a meaning may be in any language, but not that of another code
        by_meaning = {plain_name(text): known for known, text in derivations().items()}
        other = by_meaning.get(plain_name(meaning), value)
        if other != value:
            fault = f"the meaning of {value}; {meaning!r} is that of {other}"
    if fault:
        raise OptionError(
            code="derivation-malformed",
            where="derivation",
            given=repr(code),
            expected=fault,
            remedy=f'Write it as {_EXAMPLE}, or by name: "smoothing".',
        )
    return code_item(value, scheme, meaning)
