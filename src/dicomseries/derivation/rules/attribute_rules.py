"""The rule of each source attribute in a derived series.

The rules are in TOML files beside this module, one section for each reason. Nothing is kept by
default: an attribute without a rule is dropped and reported.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from itertools import chain
from typing import Literal

from dicomseries.lazy_dataclass import dataclass
from dicomseries.standard.attributes.attribute import tag_of
from dicomseries.standard.dictionary import is_repeating

__all__ = [
    "NO_RULE",
    "VERBATIM",
    "Action",
    "Rule",
    "RuleSection",
    "When",
    "rule_entities",
    "rule_for",
    "rule_sections",
    "rules_by_keyword",
    "tag_sections",
]

Action = Literal["keep", "keep forever", "new", "change", "drop", "add", "owned", "judge"]
"""Action for an attribute of the source:

================  ================================================================================
``keep``          kept as it is where the rule's condition holds, else dropped
``keep forever``  kept as it is after any processing of the pixels
``new``           the result has a new value
``change``        made from the source's value
``drop``          dropped: it describes other pixels or another file
``add``           added: it describes the relation of the result to the source
``owned``         follows from the new array, its grid and its values
``judge``         kept, new or dropped by the relation of the values (`value_rules`)
================  ================================================================================
"""

When = Literal[
    "always",
    "same space",
    "same grid",
    "same planes",
    "same slice",
    "same volumes",
    "unfiltered",
]
"""Condition under which a kept attribute still holds:

================  ================================================================================
``always``        in every result
``same space``    in the source's frame of reference
``same grid``     where rows, columns and slices are the source's
``same planes``   where every slice lies in the plane of a source slice
``same slice``    in slices that lie in the plane of a source slice
``same volumes``  where each volume, or picture, comes from one of the source
``unfiltered``    where no filter was applied to the values
================  ================================================================================
"""

VERBATIM = frozenset({"patient", "study", "patient study", "clinical trial"})
"""Entities above the series: equal in all files of a study (PS3.3 section A.1.2)."""

_TABLES = ("subject_rules.toml", "series_rules.toml", "image_rules.toml", "frame_rules.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Rule of an attribute.

    Parameters
    ----------
    action : Action
        What is done with the source's value.
    entity : str
        Information entity or theme of the attribute.
    why : str
        The reason, as it follows a colon.
    when : When
        Condition under which a kept attribute still holds.

    Examples
    --------
    >>> Rule(action="keep", entity="patient", why="same patient").is_kept
    True
    """

    action: Action
    entity: str
    why: str
    when: When = "always"

    @property
    def is_kept(self) -> bool:
        """Whether the result keeps the source's value."""
        return self.action in {"keep", "keep forever"}

    @property
    def is_verbatim(self) -> bool:
        """Whether the whole study keeps it, even if empty."""
        return self.is_kept and self.entity in VERBATIM


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSection:
    """Attributes with the same rule.

    Parameters
    ----------
    rule : Rule
        Their rule.
    keywords : tuple of str
        The attributes by keyword (PS3.6).
    tags : tuple of str
        The attributes by regular expressions of ``group,element``.
    """

    rule: Rule
    keywords: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


NO_RULE = Rule(action="drop", entity="unknown", why="no rule says whether it still holds")
"""Rule of an attribute that no table names."""

_REPEATING = Rule(action="drop", entity="presentation", why="curves and overlays over other pixels")
"""Rule of keywords of repeating groups, which have no single tag."""


@cache
def rule_for(keyword: str) -> Rule:
    """Return the rule of an attribute.

    Parameters
    ----------
    keyword : str
        Keyword of PS3.6, or the tag as text for attributes without a keyword.

    Returns
    -------
    Rule
        `NO_RULE` if no table names it.

    Raises
    ------
    ValueError
        If it is neither a keyword nor a tag.

    Notes
    -----
    PS3.3 section C.7.6.1.1.3 (derivation), annex C.7 and C.8 (the modules of the entities),
    PS3.15 annex E (de-identification flags).

    Examples
    --------
    >>> rule_for("PatientName").action, rule_for("SOPInstanceUID").action
    ('keep', 'new')
    >>> rule_for("(6000,3000)").why, rule_for("(0029,1010)").entity
    ('overlays over other pixels', 'private')
    """
    rule = rules_by_keyword().get(keyword)
    if rule is not None:
        return rule
    if is_repeating(keyword):
        return _REPEATING
    group, element = divmod(tag_of(keyword), 0x10000)
    for section in tag_sections():
        if any(re.fullmatch(tag, f"{group:04X},{element:04X}") for tag in section.tags):
            return section.rule
    return NO_RULE


@cache
def rules_by_keyword() -> Mapping[str, Rule]:
    """Return the rule of each attribute with a keyword.

    Raises
    ------
    ValueError
        If an attribute has two rules.
    """
    rules: dict[str, Rule] = {}
    for section in rule_sections():
        for keyword in section.keywords:
            if keyword in rules:
                message = f"two rules for {keyword}"
                raise ValueError(message)
            rules[keyword] = section.rule
    return rules


@cache
def rule_sections() -> tuple[RuleSection, ...]:
    """Return the rules of keywords, by information entity."""
    return tuple(chain.from_iterable(map(_sections_in, _TABLES)))


@cache
def tag_sections() -> tuple[RuleSection, ...]:
    """Return the rules of tags; the first match counts."""
    return _sections_in("tag_rules.toml")


def rule_entities() -> tuple[str, ...]:
    """Return the information entities in the order of the rules."""
    sections = (*rule_sections(), *tag_sections())
    entities = [section.rule.entity for section in sections]
    return tuple(dict.fromkeys((*entities, NO_RULE.entity)))


def _sections_in(table: str) -> tuple[RuleSection, ...]:
    content = tomllib.loads(files(__package__).joinpath(table).read_text(encoding="utf-8"))
    sections = []
    for section in content["rules"]:
        keywords = tuple(section.pop("keywords", "").split())
        tags = tuple(section.pop("tags", ()))
        sections.append(RuleSection(rule=Rule(**section), keywords=keywords, tags=tags))
    return tuple(sections)
