"""From a series and a new array to the attributes of a derived series (PS3.3 sections C.7.6.1.1.3 and C.12.4)."""

from __future__ import annotations

from dicomseries.derivation.codes import derivation_code
from dicomseries.derivation.decisions import Decision
from dicomseries.derivation.equipment import Model
from dicomseries.derivation.inherit import Inherited, inherit
from dicomseries.derivation.matching import Matching, match, match_pictures
from dicomseries.derivation.meaning import Meaning, meaning_of
from dicomseries.derivation.references import References, references
from dicomseries.derivation.relation import ArrayFacts, relation_of
from dicomseries.derivation.rules import Rule, rule_for
from dicomseries.derivation.source import Source, SourceFrame
from dicomseries.derivation.source_grid import on_source_grid, with_source_texts
from dicomseries.derivation.value_rules import JUDGED

__all__ = [
    "JUDGED",
    "ArrayFacts",
    "Decision",
    "Inherited",
    "Matching",
    "Meaning",
    "Model",
    "References",
    "Rule",
    "Source",
    "SourceFrame",
    "derivation_code",
    "inherit",
    "match",
    "match_pictures",
    "meaning_of",
    "on_source_grid",
    "references",
    "relation_of",
    "rule_for",
    "with_source_texts",
]
