"""The rule of every attribute: what becomes of it in a series that is derived from the one that has it.

The tables (`rules_subject`, `rules_series`, `rules_image`, `rules_frames`) are read from the top down, one section a
reason. Nothing is kept by default: what no rule names is dropped, and reported as such.
"""

from __future__ import annotations

import re
from functools import cache
from types import MappingProxyType

from pydicom.datadict import repeater_has_keyword

from dicomseries.derivation.rules import frame_rules, image_rules, series_rules, subject_rules
from dicomseries.derivation.rules.rule import Rule, Section
from dicomseries.standard.attribute import tag_of

__all__ = ["GROUP_RULES", "NO_RULE", "RULES", "SECTIONS", "Rule", "Section", "rule_for"]

SECTIONS: tuple[Section, ...] = (
    *subject_rules.SECTIONS,
    *series_rules.SECTIONS,
    *image_rules.SECTIONS,
    *frame_rules.SECTIONS,
)
"""All rules with a keyword, by information entity, in the order in which they are explained."""


def _by_keyword() -> dict[str, Rule]:
    found: dict[str, Rule] = {}
    for section in SECTIONS:
        for keyword in section.keywords:
            if keyword in found:
                message = f"two rules for {keyword}"
                raise ValueError(message)
            found[keyword] = section.rule
    return found


RULES = MappingProxyType(_by_keyword())
"""Keyword → its rule."""


def _drop(entity: str, why: str) -> Rule:
    return Rule(action="drop", entity=entity, why=why)


_PRIVATE = _drop(
    "private",
    "only its maker knows whether it is still true; keep_private= names the creators to keep",
)
_OTHER = "it belongs to another kind of object"

GROUP_RULES: tuple[tuple[str, Rule], ...] = (
    ("....,0000", _drop("encoding", "group lengths are retired (PS3.5 section 7.2)")),
    (
        "0002,....",
        Rule(action="owned", entity="encoding", why="every file has its own file meta information"),
    ),
    ("0004,....", _drop("other objects", "it belongs to a DICOMDIR")),
    (".{3}[13579BDF],....", _PRIVATE),
    ("50..,....", _drop("presentation", "curves were drawn over other pixels (retired)")),
    ("60..,....", _drop("presentation", "overlays were drawn over other pixels")),
    ("0020,31..", _drop("references", "it names source images by retired codes")),
    ("0028,04..", _drop("pixels", "how the source's pixels were stored (retired)")),
    ("0028,08..", _drop("pixels", "how the source's pixels were stored (retired)")),
    ("7F..,....", _drop("pixels", "these are other pixels")),
    ("FFFA,....", _drop("signatures", "it signs other bytes")),
    ("FFFC,....", _drop("encoding", "padding of another file")),
    ("0006,....", _drop("other objects", _OTHER)),
    ("001[46],....", _drop("other objects", _OTHER)),
    ("002[24],....", _drop("other objects", _OTHER)),
    ("003[4A],....", _drop("other objects", _OTHER)),
    ("004[24468],....", _drop("other objects", _OTHER)),
    ("005[24],....", _drop("other objects", _OTHER)),
    ("006[02468],....", _drop("other objects", _OTHER)),
    ("00[78].,....", _drop("other objects", _OTHER)),
    ("[12][0-9]..,....", _drop("other objects", _OTHER)),
    ("30..,....", _drop("other objects", _OTHER)),
    ("40..,....", _drop("other objects", _OTHER)),
    ("4FFE,....", _drop("signatures", "it signs other bytes")),
    ("5[246]..,....", _drop("other objects", _OTHER)),
)
"""Pattern of a tag → its rule, for groups that repeat or that none of the tables goes into; the first that fits."""

NO_RULE = _drop("unknown", "no rule says whether it is still true")
"""What becomes of an attribute that neither table names."""

_REPEATING = _drop("presentation", "curves and overlays were drawn over other pixels")
"""Of keywords of groups that repeat, which have no single tag."""


@cache
def rule_for(keyword: str) -> Rule:
    """Return what becomes of an attribute.

    Parameters
    ----------
    keyword : str
        Keyword of PS3.6, or the tag as text where it has none.

    Returns
    -------
    Rule
        `NO_RULE` if neither table names it.

    Raises
    ------
    ValueError
        If it is neither a keyword nor a tag.

    Notes
    -----
    PS3.3 section C.7.6.1.1.3 (derivation), annex C.7 and C.8 (the modules of the entities), PS3.15 annex E
    (de-identification flags).

    Examples
    --------
    >>> rule_for("PatientName").action, rule_for("SOPInstanceUID").action, rule_for("(6000,3000)").why
    ('keep', 'new', 'overlays were drawn over other pixels')
    >>> rule_for("(0029,1010)").entity
    'private'
    """
    named = RULES.get(keyword)
    if named is not None:
        return named
    if repeater_has_keyword(keyword):
        return _REPEATING
    tag = tag_of(keyword)
    return _group_rule(f"{tag >> 16:04X},{tag & 0xFFFF:04X}")


def _group_rule(tag: str) -> Rule:
    return next((rule for pattern, rule in GROUP_RULES if re.fullmatch(pattern, tag)), NO_RULE)
