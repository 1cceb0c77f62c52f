"""Functional groups made complete, or without their incomplete parts."""

from __future__ import annotations

from collections.abc import Mapping

from dicomseries.derivation.source.source_facts import by_keyword, first_text
from dicomseries.standard.attributes.attribute import Attribute, Item, attribute
from dicomseries.standard.objects.conditional_groups import WHOLE_GROUPS, unmet

__all__ = ["completed"]

_DIRECTIONALITY = "DiffusionDirectionality"
_PARTS = {
    "DIRECTIONAL": "DiffusionGradientDirectionSequence",
    "BMATRIX": "DiffusionBMatrixSequence",
}
"""Term of DiffusionDirectionality → the sequence that it requires."""


def completed(group: str, item: Item) -> tuple[Item, dict[str, str]]:
    """Return an item with all that its attributes require.

    Parameters
    ----------
    group : str
        Keyword of the functional group.
    item : tuple of Attribute
        Its attributes.

    Returns
    -------
    tuple
        The item, empty if no value is left, and the outcomes by keyword.

    Notes
    -----
    PS3.3 sections C.8.13.5, C.8.15.3 and C.7.6.16.2: conditions of Type 1C.

    Examples
    --------
    >>> item = (
    ...     attribute("DiffusionBValue", 1000.0), attribute("DiffusionDirectionality", "BMATRIX")
    ... )
    >>> whole, outcomes = completed("MRDiffusionSequence", item)
    >>> [member.keyword for member in whole], outcomes["DiffusionDirectionality"]
    (['DiffusionBValue'], 'dropped: BMATRIX requires DiffusionBMatrixSequence, which is missing')
    """
    members = by_keyword(item)
    outcomes: dict[str, str] = {}
    if group == "MRDiffusionSequence":
        term = _diffusion_term(members)
        if term:
            members[_DIRECTIONALITY] = attribute(_DIRECTIONALITY, term)
            outcomes[_DIRECTIONALITY] = f"kept, corrected to {term}: the other attributes show it"
    while True:
        texts = _texts(members)
        need, missing = next(unmet(group, texts, set(texts)), (None, ""))
        if need is None:
            break
        value = texts[need.keyword] if need.values or need.unless else "it"
        del members[need.keyword]
        outcomes[need.keyword] = f"dropped: {value} requires {missing}, which is missing"
    if not texts.keys() >= set(WHOLE_GROUPS.get(group, ())):
        outcomes |= dict.fromkeys(members, f"dropped: {group} is not complete")
        members.clear()
    if not texts:
        members.clear()
    complete = tuple(sorted(members.values(), key=lambda member: member.tag))
    if set(complete) == set(item):
        return item, outcomes
    return complete, outcomes


def _diffusion_term(members: Mapping[str, Attribute]) -> str:
    """Return the right DiffusionDirectionality; empty if no change.

    It follows from directions, b-matrix or b = 0.
    """
    texts = _texts(members)
    stated = texts.get(_DIRECTIONALITY, "")
    possible = [term for term, sequence in _PARTS.items() if sequence in texts]
    if stated in _PARTS and stated not in possible and possible:
        return possible[0]
    if not stated and possible:
        return possible[-1]
    b_value = members.get("DiffusionBValue")
    if not stated and b_value is not None and b_value.values == (0.0,):
        return "NONE"
    return ""


def _texts(members: Mapping[str, Attribute]) -> dict[str, str]:
    """Return the text of each attribute with a value."""
    texts = {}
    for keyword, member in members.items():
        if not member.is_empty:
            texts[keyword] = "an item" if member.vr == "SQ" else first_text(member)
    return texts
