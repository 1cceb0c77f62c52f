"""Private attributes of a source: dropped, but for the creators that the user names (PS3.5 section 7.8)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from dicomseries.derivation.attributes.decisions import Decision
from dicomseries.derivation.rules.attribute_rules import rule_for
from dicomseries.derivation.source.source_facts import SourceFact, creator_of, creators_of
from dicomseries.derivation.source.source_series import SourceSeries

__all__ = ["kept_private", "private_decisions", "unknown_creators"]


def kept_private(
    source: SourceSeries, private: Iterable[SourceFact], creators: Sequence[str]
) -> Iterator[SourceFact]:
    """Yield the private attributes of some creators, with the elements that name these.

    Parameters
    ----------
    source : SourceSeries
        Names the creators.
    private : iterable of SourceFact
        Its private attributes.
    creators : sequence of str
        Whose are kept.

    Yields
    ------
    SourceFact
        As the source has it; what stood in a functional group is left out, as its place would be another one.
    """
    known = _creators(source)
    for fact in private:
        if not fact.group and creator_of(fact.first.tag, known) in creators:
            yield fact


def private_decisions(
    source: SourceSeries, private: Iterable[SourceFact], creators: Sequence[str]
) -> Iterator[Decision]:
    """Yield what becomes of the private attributes, one decision for each block of a creator."""
    known = _creators(source)
    rule = rule_for("(0029,1010)")
    blocks = Counter(_block(fact.first.tag) for fact in private)
    for block, count in sorted(blocks.items()):
        name = known.get(block, "")
        outcome = (
            "kept: `keep_private=` names its creator"
            if name in creators
            else f"dropped: {rule.why}"
        )
        yield Decision(
            attribute=f"({block >> 8:04X},{block & 0xFF:04X}) {name}".rstrip(),
            source=f"{count} attribute{'' if count == 1 else 's'}",
            outcome=outcome,
        )


def unknown_creators(
    source: SourceSeries, private: Iterable[SourceFact], creators: Sequence[str]
) -> Iterator[str]:
    """Yield a sentence for each creator that the user names and the source does not have."""
    known = _creators(source)
    names = sorted({creator_of(fact.first.tag, known) for fact in private} - {""})
    for name in creators:
        if name not in names:
            yield f"keep_private names {name}, yet the source has {', '.join(names) or 'no private attributes'}."


def _creators(source: SourceSeries) -> dict[int, str]:
    return creators_of((*source.shared, *(one for frame in source.frames for one in frame.own)))


def _block(tag: int) -> int:
    """Return group and block of a private attribute, the block of its creator's element being its own number."""
    group, element = divmod(tag, 0x10000)
    return group << 8 | (element >> 8 if element > 0xFF else element)
