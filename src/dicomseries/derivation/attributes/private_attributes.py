"""Private attributes of the creators in `keep_private=`.

PS3.5 section 7.8.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from dicomseries.derivation.attributes.decisions import Decision
from dicomseries.derivation.rules.attribute_rules import rule_for
from dicomseries.derivation.source.source_facts import SourceFact, block_of, creator_of

__all__ = ["is_kept_private", "missing_creators", "private_decisions"]


def is_kept_private(
    fact: SourceFact, creators: Mapping[int, str], keep_private: Collection[str]
) -> bool:
    """Return whether a private attribute is kept.

    So is the element of its creator.

    Attributes in a functional group are not: they would move to another place.
    """
    return not fact.group and creator_of(fact.first.tag, creators) in keep_private


def private_decisions(
    private: Iterable[SourceFact], creators: Mapping[int, str], keep_private: Collection[str]
) -> list[Decision]:
    """Return one decision for each block of a creator."""
    why = rule_for("(0029,1010)").why
    decisions = []
    for block, count in sorted(Counter(block_of(fact.first.tag) for fact in private).items()):
        creator = creators.get(block, "")
        outcome = f"dropped: {why}"
        if creator in keep_private:
            outcome = "kept: `keep_private=` names its creator"
        decisions.append(
            Decision(
                attribute=f"({block >> 8:04X},{block & 0xFF:04X}) {creator}".rstrip(),
                source=f"{count} attribute{'' if count == 1 else 's'}",
                outcome=outcome,
            )
        )
    return decisions


def missing_creators(
    private: Iterable[SourceFact], creators: Mapping[int, str], keep_private: Collection[str]
) -> list[str]:
    """Return advice on creators missing in the source."""
    present = sorted({creator_of(fact.first.tag, creators) for fact in private} - {""})
    names = ", ".join(present) or "no private attributes"
    advice = []
    for creator in keep_private:
        if creator not in present:
            advice.append(f"`keep_private=` names {creator}, but the source has {names}.")
    return advice
