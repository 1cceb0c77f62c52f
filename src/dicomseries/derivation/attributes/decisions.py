"""`Decision`: what became of one attribute of the source, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dicomseries.derivation.rules.attribute_rules import Action, Rule, When
from dicomseries.standard.attribute import Attribute

__all__ = ["Decision", "decided", "dropped", "shown"]

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
"""What is said of an action."""

MISSED: dict[When, str] = {
    "always": "",
    "same space": "the result lies in another space",
    "same grid": "the rows and columns are others",
    "same slice": "no slice lies where a slice of the source does",
    "unfiltered": "the values may have been filtered",
}
"""What is said where the condition of a kept attribute does not hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One row of the table that a dry run prints.

    Parameters
    ----------
    attribute : str
        Keyword; of attributes without one the tag, followed by the creator of private ones.
    source : str
        Its value in the source, empty where it has none.
    outcome : str
        What becomes of it, and why.

    Examples
    --------
    >>> Decision(attribute="PatientID", source="42", outcome="kept: it is the same patient").is_kept
    True
    """

    attribute: str
    source: str
    outcome: str

    @property
    def is_kept(self) -> bool:
        """Whether the source's value is handed on as it is."""
        return self.outcome.startswith("kept")


def decided(keyword: str, source: str, rule: Rule, note: str = "") -> Decision:
    """Return the decision that a rule makes.

    Parameters
    ----------
    keyword, source : str
        The attribute and its value in the source.
    rule : Rule
        Of the attribute.
    note : str
        What is to be said besides, such as the new value; stands in parentheses.

    Examples
    --------
    >>> rule = Rule(action="change", entity="image", why="derived pixels are no scanner's own")
    >>> decided("ImageType", "ORIGINAL", rule, "DERIVED").outcome
    "changed (DERIVED): derived pixels are no scanner's own"
    """
    word = WORDS[rule.action]
    return Decision(
        attribute=keyword,
        source=source,
        outcome=f"{word} ({note}): {rule.why}" if note else f"{word}: {rule.why}",
    )


def dropped(keyword: str, source: str, why: str) -> Decision:
    """Return the decision to drop what a rule would keep elsewhere.

    Examples
    --------
    >>> dropped("SliceLocation", "12.5", "no slice lies there").outcome
    'dropped: no slice lies there'
    """
    return Decision(attribute=keyword, source=source, outcome=f"dropped: {why}")


def shown(frames: Sequence[Attribute | None]) -> str:
    r"""Return the values of an attribute in the frames of the source as one text.

    Examples
    --------
    >>> one, two = Attribute("EchoTime", "DS", ("4.6",)), Attribute("EchoTime", "DS", ("9.2",))
    >>> shown([one, one]), shown([one, two, two]), shown([Attribute("ImageType", "CS", ("ORIGINAL", "PRIMARY"))])
    ('4.6', '4.6 … 9.2 (2 values)', 'ORIGINAL\\PRIMARY')
    """
    different = list(dict.fromkeys(one for one in frames if one is not None))
    if not different:
        return ""
    if len(different) == 1:
        return _text(different[0])
    return f"{_text(different[0])} … {_text(different[-1])} ({len(different)} values)"


def _text(own: Attribute) -> str:
    if own.vr == "SQ":
        return f"{len(own.values)} item{'' if len(own.values) == 1 else 's'}"
    if own.is_empty:
        return "(empty)"
    return "\\".join(
        f"{len(one)} bytes" if isinstance(one, bytes) else str(one) for one in own.values
    )
