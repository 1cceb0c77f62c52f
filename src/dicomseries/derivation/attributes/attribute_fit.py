"""Conditions for keeping an attribute in a result."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from dicomseries.derivation.attributes.attribute_places import AttributePlaces
from dicomseries.derivation.attributes.decisions import DIFFERING_VOLUMES, UNMET
from dicomseries.derivation.attributes.facts_by_slice import ResultLayout
from dicomseries.derivation.rules.attribute_rules import Rule
from dicomseries.derivation.source.source_facts import SourceFact, numbers_in
from dicomseries.iod import Choice
from dicomseries.plan import Column
from dicomseries.standard.attributes.attribute import Attribute
from dicomseries.standard.objects.series_level import ONE_PER_SERIES

__all__ = ["fitting_column", "lost_values", "obstacle_to", "unmet_condition"]

_BASES = frozenset({"ActualFrameDuration", "AcquisitionDate", "AcquisitionTime", "RepetitionTime"})
"""Attributes of each volume that may be the same for all volumes."""


def unmet_condition(rule: Rule, layout: ResultLayout, *, is_filtered: bool) -> str:
    """Return the unmet condition of a rule; else empty."""
    matching = layout.matching
    is_met = {
        "always": True,
        "same space": matching.relation != "another space",
        "same grid": matching.relation == "same grid" or matching.same_pixels,
        "same planes": None not in matching.exact,
        "same slice": any(index is not None for index in matching.exact),
        "same volumes": layout.has_same_volumes,
        "unfiltered": not is_filtered,
    }
    if is_met[rule.when]:
        return ""
    return UNMET[rule.when]


def lost_values(rule: Rule, layout: ResultLayout) -> str:
    """Return the reason why no value of an attribute holds any more."""
    if not layout.is_paired:
        return DIFFERING_VOLUMES
    return f"{UNMET['same slice']} ({rule.why})"


def obstacle_to(fact: SourceFact, places: AttributePlaces, volumes: int) -> str:
    """Return the obstacle to keeping an attribute; else empty."""
    row = places.row(fact.keyword)
    if fact.is_empty:
        own_row = row if row is not None and row.keyword == fact.keyword else None
        is_optional = own_row is not None and own_row.type in {"2", "2C"}
        if own_row is None or not is_optional or not isinstance(own_row.source, Choice):
            return "it is empty"
    if fact.group and places.kind.is_multi_frame and row is None:
        return f"no functional group of a {places.title} holds it by itself"
    is_per_volume = fact.keyword in places.kind.over_time and fact.keyword not in _BASES
    if is_per_volume and volumes > 1 and fact.constant is not None:
        return "the volumes of the result are counted anew"
    if fact.keyword == "SliceThickness" and not _are_positive(fact.different):
        return "it is no thickness"
    for member in fact.different:
        obstacle = places.obstacle(member)
        if obstacle:
            return obstacle
    return ""


def fitting_column(column: Column, places: AttributePlaces) -> tuple[Column | None, str]:
    """Return a column that fits the kind, or the obstacle."""
    if column.keyword in ONE_PER_SERIES:
        return None, "it differs from slice to slice, but is the same in all files of a series"
    if not places.may_vary(column.keyword):
        return (
            None,
            f"it differs from slice to slice, and no functional group of a {places.title} has it",
        )
    values = []
    for entry in column.values:
        # in a functional group, an attribute without a value leaves its item out
        is_empty = entry is None or not set(entry) - {""}
        values.append(None if is_empty else entry)
    row = places.kind.row(column.keyword)
    must_be_complete = (
        column.keyword == "SliceThickness"
        or (row is not None and row.type == "1")
        or (places.kind.is_multi_frame and places.row(column.keyword) is not None)
    )
    if must_be_complete and None in values:
        return None, "it is unknown for some slices of the result, and all must have it"
    if row is not None and row.type in {"2", "2C"}:
        values = [entry or () for entry in values]
    return replace(column, values=tuple(values)), ""


def _are_positive(members: Iterable[Attribute]) -> bool:
    for member in members:
        numbers = numbers_in(member.values)
        if len(numbers) < len(member.values) or min(numbers, default=1.0) <= 0:
            return False
    return True
