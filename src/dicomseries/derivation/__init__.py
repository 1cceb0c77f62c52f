"""Attributes of a series derived from another.

PS3.3 sections C.7.6.1.1.3 and C.12.4.

The steps, in order: read the source (`SourceSeries`), match its slices to the result's (`match`),
leave out illegal attributes (`screened`), keep the others by the table of rules (`inherit`), relate
the values (`meaning_of`, `relation_of`), and name the source images (`references_to_source`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomseries.lazy_exports import export_lazily

if TYPE_CHECKING:
    from dicomseries.derivation.attributes.attribute_places import AttributePlaces
    from dicomseries.derivation.attributes.classic_names import CLASSIC_NAMES
    from dicomseries.derivation.attributes.contributing_equipment import Model
    from dicomseries.derivation.attributes.decisions import DIFFERING_VOLUMES, Decision
    from dicomseries.derivation.attributes.groups.whole_groups import (
        group_members,
        without_user_groups,
    )
    from dicomseries.derivation.attributes.inherit import Inherited, inherit
    from dicomseries.derivation.attributes.source_screening import (
        KEPT_ILLEGAL,
        screened,
        with_screening,
    )
    from dicomseries.derivation.attributes.unknown_terms import (
        unknown_terms,
        unknown_terms_advice,
        with_unknown_terms,
    )
    from dicomseries.derivation.inheritance import Inheritance
    from dicomseries.derivation.rules.attribute_rules import NO_RULE, Rule, rule_entities, rule_for
    from dicomseries.derivation.rules.value_rules import RELATIONS, VALUE_RULE_OF, ValueRelation
    from dicomseries.derivation.source.derivation_codes import SOURCE_IMAGE, derivation_code
    from dicomseries.derivation.source.slice_matching import Matching, match, match_pictures
    from dicomseries.derivation.source.source_facts import facts_of
    from dicomseries.derivation.source.source_grid import on_source_grid, with_source_texts
    from dicomseries.derivation.source.source_meaning import Meaning, meaning_of
    from dicomseries.derivation.source.source_planes import (
        match_planes,
        on_source_planes,
        planes_of_source,
        thickness_texts,
    )
    from dicomseries.derivation.source.source_references import (
        PlaneReferences,
        SourceReferences,
        references_by_plane,
        references_to_source,
    )
    from dicomseries.derivation.source.source_series import SourceFrame, SourceSeries
    from dicomseries.derivation.source.value_relation import ArrayFacts, relation_of

__all__ = [
    "CLASSIC_NAMES",
    "DIFFERING_VOLUMES",
    "KEPT_ILLEGAL",
    "NO_RULE",
    "RELATIONS",
    "SOURCE_IMAGE",
    "VALUE_RULE_OF",
    "ArrayFacts",
    "AttributePlaces",
    "Decision",
    "Inheritance",
    "Inherited",
    "Matching",
    "Meaning",
    "Model",
    "PlaneReferences",
    "Rule",
    "SourceFrame",
    "SourceReferences",
    "SourceSeries",
    "ValueRelation",
    "derivation_code",
    "facts_of",
    "group_members",
    "inherit",
    "match",
    "match_pictures",
    "match_planes",
    "meaning_of",
    "on_source_grid",
    "on_source_planes",
    "planes_of_source",
    "references_by_plane",
    "references_to_source",
    "relation_of",
    "rule_entities",
    "rule_for",
    "screened",
    "thickness_texts",
    "unknown_terms",
    "unknown_terms_advice",
    "with_screening",
    "with_source_texts",
    "with_unknown_terms",
    "without_user_groups",
]

export_lazily(
    __name__,
    {
        "dicomseries.derivation.attributes.attribute_places": ("AttributePlaces",),
        "dicomseries.derivation.attributes.classic_names": ("CLASSIC_NAMES",),
        "dicomseries.derivation.attributes.contributing_equipment": ("Model",),
        "dicomseries.derivation.attributes.decisions": ("DIFFERING_VOLUMES", "Decision"),
        "dicomseries.derivation.attributes.groups.whole_groups": (
            "group_members",
            "without_user_groups",
        ),
        "dicomseries.derivation.attributes.inherit": ("Inherited", "inherit"),
        "dicomseries.derivation.attributes.source_screening": (
            "KEPT_ILLEGAL",
            "screened",
            "with_screening",
        ),
        "dicomseries.derivation.attributes.unknown_terms": (
            "unknown_terms",
            "unknown_terms_advice",
            "with_unknown_terms",
        ),
        "dicomseries.derivation.inheritance": ("Inheritance",),
        "dicomseries.derivation.rules.attribute_rules": (
            "NO_RULE",
            "Rule",
            "rule_entities",
            "rule_for",
        ),
        "dicomseries.derivation.rules.value_rules": ("RELATIONS", "VALUE_RULE_OF", "ValueRelation"),
        "dicomseries.derivation.source.derivation_codes": ("SOURCE_IMAGE", "derivation_code"),
        "dicomseries.derivation.source.slice_matching": ("Matching", "match", "match_pictures"),
        "dicomseries.derivation.source.source_facts": ("facts_of",),
        "dicomseries.derivation.source.source_grid": ("on_source_grid", "with_source_texts"),
        "dicomseries.derivation.source.source_meaning": ("Meaning", "meaning_of"),
        "dicomseries.derivation.source.source_planes": (
            "match_planes",
            "on_source_planes",
            "planes_of_source",
            "thickness_texts",
        ),
        "dicomseries.derivation.source.source_references": (
            "PlaneReferences",
            "SourceReferences",
            "references_by_plane",
            "references_to_source",
        ),
        "dicomseries.derivation.source.source_series": ("SourceFrame", "SourceSeries"),
        "dicomseries.derivation.source.value_relation": ("ArrayFacts", "relation_of"),
    },
)
