"""Terms for facts that a source of the same modality does not state.

A result is written although its source lacks an attribute that the class requires, where the
attribute has defined terms, which anyone may extend (PS3.5 section 7.3).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from dicomseries.derivation.attributes.decisions import Decision, by_tag
from dicomseries.iod import Choice, Kind
from dicomseries.standard.attributes.attribute import Attribute, attribute

__all__ = ["unknown_terms", "unknown_terms_advice", "with_unknown_terms"]

_TERMS = {"ApplicableSafetyStandardAgency": "UNKNOWN", "RescaleType": "US"}
"""Attributes that are demanded for an array → term for a source that does not state them.

US is *unspecified* (PS3.3 section C.11.1.1.2).
"""

_OF_CLASS = frozenset({"RescaleType"})
"""Those of them that a source of another class need not have."""


def unknown_terms(
    kind: Kind, modality: str, stated: Collection[str], *, is_same_class: bool = False
) -> tuple[Attribute, ...]:
    """Return demanded attributes of a scanner that nobody states.

    Parameters
    ----------
    kind : Kind
        Kind of the result.
    modality : str
        Modality of the source; of another modality, the user must state them.
    stated : collection of str
        Attributes with a value from the source or the user.
    is_same_class : bool
        Whether the source is of the class of the result, and may leave out the unit of its values.

    Examples
    --------
    >>> from dicomseries.iod.kinds.enhanced_mr import EnhancedMR
    >>> [(member.keyword, member.values) for member in unknown_terms(EnhancedMR, "MR", ())]
    [('ApplicableSafetyStandardAgency', ('UNKNOWN',))]
    """
    if modality != kind.modality:
        return ()
    terms = []
    for keyword, term in _TERMS.items():
        is_known = keyword in stated or (keyword in _OF_CLASS and not is_same_class)
        if not is_known and _is_demanded(keyword, kind):
            terms.append(attribute(keyword, term))
    return tuple(terms)


def _is_demanded(keyword: str, kind: Kind) -> bool:
    for row in kind.all_rows:
        if row.keyword == keyword and isinstance(row.source, Choice) and row.source.demanded:
            return True
    return False


def unknown_terms_advice(terms: Sequence[Attribute]) -> tuple[str, ...]:
    """Return advice on terms that stand for unstated facts."""
    return tuple(
        f"{member.keyword} is {_TERMS[member.keyword]}, as the source does not state it; give "
        f'`metadata={{"{member.keyword}": ...}}` if you know it.'
        for member in terms
    )


def with_unknown_terms(
    decisions: Iterable[Decision], terms: Sequence[Attribute]
) -> tuple[Decision, ...]:
    """Return the decisions with those about unstated facts."""
    keywords = {member.keyword for member in terms}
    kept = [decision for decision in decisions if decision.attribute not in keywords]
    for member in terms:
        outcome = f"added ({_TERMS[member.keyword]}): the source does not state it"
        kept.append(Decision(attribute=member.keyword, source="", outcome=outcome))
    return by_tag(kept)
