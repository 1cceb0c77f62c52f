"""Items of functional groups made whole: completed where only one thing can be meant, else without what is in part."""

from __future__ import annotations

from collections.abc import Iterator

from dicomseries.standard.attribute import Attribute, Item, attribute
from dicomseries.standard.conditional_groups import WHOLE_GROUPS, unmet

__all__ = ["completed"]

_DIFFUSION = "MRDiffusionSequence"
_DIRECTIONS, _MATRIX = "DiffusionGradientDirectionSequence", "DiffusionBMatrixSequence"
_PARTS = {"DIRECTIONAL": _DIRECTIONS, "BMATRIX": _MATRIX}

Notes = list[tuple[str, str]]
"""Keyword and what becomes of it."""


def completed(group: str, item: Item) -> tuple[Item, Notes]:
    """Return the item of a functional group with all that its attributes ask for, and what was changed.

    Parameters
    ----------
    group : str
        Keyword of the functional group.
    item : tuple of Attribute
        What it holds.

    Returns
    -------
    tuple
        The item, empty if nothing is left that says something; keywords with what became of them.

    Notes
    -----
    PS3.3 sections C.8.13.5, C.8.15.3 and C.7.6.16.2: conditions of Type 1C.

    Examples
    --------
    >>> item = (attribute("DiffusionBValue", 1000.0), attribute("DiffusionDirectionality", "BMATRIX"))
    >>> kept, notes = completed("MRDiffusionSequence", item)
    >>> [one.keyword for one in kept], notes[0][1]
    (['DiffusionBValue'], 'dropped: BMATRIX asks for DiffusionBMatrixSequence beside it, which is missing')
    """
    found = {one.keyword: one for one in item}
    notes: Notes = []
    if group == _DIFFUSION:
        notes += _direct(found)
    while True:
        need, missing = next(unmet(group, _texts(found), _filled(found)), (None, ""))
        if need is None:
            break
        value = _texts(found)[need.keyword] if need.values or need.unless else "it"
        del found[need.keyword]
        notes.append(
            (need.keyword, f"dropped: {value} asks for {missing} beside it, which is missing")
        )
    if any(keyword not in _filled(found) for keyword in WHOLE_GROUPS.get(group, ())):
        notes += ((keyword, f"dropped: {group} is not whole") for keyword in found)
        found.clear()
    if not _filled(found):
        found.clear()
    kept = tuple(sorted(found.values(), key=lambda one: one.tag))
    return (item if set(kept) == set(item) else kept), notes


def _direct(found: dict[str, Attribute]) -> Iterator[tuple[str, str]]:
    """Complete DiffusionDirectionality by what stands beside it: gradient directions, a b-matrix, or b = 0."""
    own = found.get("DiffusionDirectionality")
    said = "" if own is None or own.is_empty else str(own.values[0]).strip()
    there = [word for word, part in _PARTS.items() if part in _filled(found)]
    b_value = found.get("DiffusionBValue")
    if said in _PARTS and said not in there and there:
        word = there[0]
    elif not said and there:
        word = there[-1]
    elif not said and b_value is not None and b_value.values == (0.0,):
        word = "NONE"
    else:
        return
    found["DiffusionDirectionality"] = attribute("DiffusionDirectionality", word)
    yield "DiffusionDirectionality", f"kept, repaired to {word}: that is what stands beside it"


def _texts(found: dict[str, Attribute]) -> dict[str, str]:
    return {
        keyword: str(one.values[0]).strip() if one.vr != "SQ" else "an item"
        for keyword, one in found.items()
        if not one.is_empty
    }


def _filled(found: dict[str, Attribute]) -> set[str]:
    return {keyword for keyword, one in found.items() if not one.is_empty}
