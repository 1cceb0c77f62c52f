"""Decision about one attribute of the source, in words."""

from __future__ import annotations

from collections.abc import Iterable

from dicomseries.derivation.rules.attribute_rules import Action, Rule, When
from dicomseries.lazy_dataclass import dataclass
from dicomseries.standard.attributes.attribute import tag_of

__all__ = [
    "DIFFERING_VOLUMES",
    "UNMET",
    "WORDS",
    "Decision",
    "by_tag",
    "drop_decision",
    "rule_decision",
]

WORDS: dict[Action, str] = {
    "keep": "kept",
    "keep forever": "kept for ever",
    "new": "new",
    "change": "changed",
    "drop": "dropped",
    "add": "added",
    "owned": "new",
    "judge": "by the values",
}
"""Word for an action."""

UNMET: dict[When, str] = {
    "always": "",
    "same space": "the result lies in another space",
    "same grid": "rows and columns are not the source's",
    "same planes": "its slices do not all lie in the planes of the source",
    "same slice": "no slice lies in the plane of a source slice",
    "same volumes": "the result has other volumes than the source",
    "unfiltered": "the values may have been filtered",
}
"""Reason to drop an attribute under an unmet condition."""


DIFFERING_VOLUMES = "the volumes of the source differ in it"
"""Reason to drop an attribute of a result that has other volumes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One row of the table that a dry run prints.

    Parameters
    ----------
    attribute : str
        Keyword; of attributes without one the tag, followed by the creator of private ones.
    source : str
        Its value in the source; empty if it has none.
    outcome : str
        The outcome and its reason.

    Examples
    --------
    >>> Decision(attribute="PatientID", source="42", outcome="kept: same patient").is_kept
    True
    """

    attribute: str
    source: str
    outcome: str

    @property
    def is_kept(self) -> bool:
        """Whether the result keeps the source's value."""
        return self.outcome.startswith("kept")


def rule_decision(keyword: str, source: str, rule: Rule, note: str = "") -> Decision:
    """Return the decision of a rule, with a note."""
    word = WORDS[rule.action]
    if note:
        word = f"{word} ({note})"
    return Decision(attribute=keyword, source=source, outcome=f"{word}: {rule.why}")


def drop_decision(keyword: str, source: str, why: str) -> Decision:
    """Return the decision to drop an attribute."""
    return Decision(attribute=keyword, source=source, outcome=f"dropped: {why}")


def by_tag(decisions: Iterable[Decision]) -> tuple[Decision, ...]:
    """Return decisions in the order of tags."""
    return tuple(sorted(decisions, key=lambda decision: tag_of(decision.attribute.split()[0])))
