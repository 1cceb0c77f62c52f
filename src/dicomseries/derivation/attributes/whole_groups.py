"""Functional groups kept as a whole, shared or per frame (PS3.3 section C.7.6.16)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from dicomseries.derivation.source.source_facts import SourceFact, item_members
from dicomseries.derivation.source.source_series import SourceSeries
from dicomseries.iod import ALWAYS, Kind, rows_of
from dicomseries.plan import Column
from dicomseries.standard.attribute import Attribute
from dicomseries.standard.conditional_groups import FAMILIES, FLAVOUR_GROUPS

__all__ = ["group_facts", "may_differ", "orphans", "without_flavour", "without_user_groups"]


def group_facts(source: SourceSeries) -> dict[str, SourceFact]:
    """Return the functional groups of a source, each as one attribute of its frames.

    Examples
    --------
    >>> from dicomseries.derivation.source.source_series import SourceFrame
    >>> from dicomseries.geometry import Grid
    >>> from dicomseries.standard.attribute import attribute
    >>> echo = attribute("MREchoSequence", (attribute("EffectiveEchoTime", 4.6),))
    >>> frame = SourceFrame(
    ...     sop_class_uid="1.2", sop_instance_uid="1.3", position_lps=(0.0, 0.0, 0.0),
    ...     groups=(echo,),
    ... )
    >>> source = SourceSeries(
    ...     kind="EnhancedMR", sop_class_uid="1.2", modality="MR", study_uid="1", series_uid="2",
    ...     frame_of_reference_uid="3", grid=Grid(shape=(1, 4, 5), spacing_mm=(1, 1, 2)),
    ...     frames=(frame,),
    ... )
    >>> list(group_facts(source))
    ['MREchoSequence']
    """
    facts: dict[str, SourceFact] = {}
    shared = source.get("SharedFunctionalGroupsSequence")
    if shared is not None and shared.values:
        for group in item_members(shared.values[0]):
            frames = (group,) * len(source.frames)
            facts[group.keyword] = SourceFact(keyword=group.keyword, frames=frames)
    by_frame = [{group.keyword: group for group in frame.groups} for frame in source.frames]
    for keyword in dict.fromkeys(keyword for groups in by_frame for keyword in groups):
        varying = tuple(groups.get(keyword) for groups in by_frame)
        facts.setdefault(keyword, SourceFact(keyword=keyword, frames=varying))
    return facts


def may_differ(kind: Kind, keyword: str) -> bool:
    """Return whether a group may differ between frames: the kind does not write it itself."""
    return not any(
        group.keyword == keyword and not group.optional and group.condition is ALWAYS
        for group in kind.frames
    )


def orphans(kept: Mapping[str, Attribute | Column]) -> dict[str, str]:
    """Return attributes without the one that they require, with the reason to drop them.

    Examples
    --------
    >>> multienergy = Attribute("MultienergyCTAcquisition", "CS", ("YES",))
    >>> list(orphans({"MultienergyCTAcquisition": multienergy}))
    ['MultienergyCTAcquisition']
    """
    dropped: dict[str, str] = {}
    for head, (required, family) in FAMILIES.items():
        if head not in kept or required in kept:
            continue
        member = kept[head]
        if isinstance(member, Attribute) and member.values in {("NO",), ("NONE",), ()}:
            continue
        dropped |= {keyword: f"it requires {required}" for keyword in family if keyword in kept}
    return dropped


def without_flavour(
    image_type: Attribute, default: tuple[str, ...], kept: Collection[str]
) -> Attribute:
    r"""Return ImageType without a flavour that lacks its functional group.

    Parameters
    ----------
    image_type : Attribute
        ImageType of the result.
    default : tuple of str
        ImageType of the kind.
    kept : collection of str
        Keywords of the result.

    Examples
    --------
    >>> image_type = Attribute("ImageType", "CS", ("DERIVED", "PRIMARY", "ASL", "NONE"))
    >>> without_flavour(image_type, ("DERIVED", "PRIMARY", "VOLUME", "QUANTITY"), ()).values
    ('DERIVED', 'PRIMARY', 'VOLUME', 'NONE')
    """
    values = image_type.values
    required = FLAVOUR_GROUPS.get(str(values[2])) if len(values) > 2 else None
    if required is None or required in kept:
        return image_type
    return replace(image_type, values=(*values[:2], default[2], *values[3:]))


def without_user_groups(
    kind: Kind,
    keywords: frozenset[str],
    groups: Mapping[str, Attribute],
    columns: tuple[Column, ...],
) -> tuple[dict[str, Attribute], tuple[Column, ...], tuple[str, ...]]:
    """Return functional groups of the source without those that the user fills.

    Parameters
    ----------
    kind : Kind
        Kind of the result.
    keywords : set of str
        Attributes from the user.
    groups : mapping of str to Attribute
        Groups that all frames share.
    columns : tuple of Column
        Groups that differ from frame to frame.

    Returns
    -------
    tuple
        The replacement of `groups`: whole groups, and members of those that the user fills in
        part; the columns that are left; keywords of lost attributes.
    """
    rows = {row.keyword: row for row in rows_of(kind.frames)}
    filled = set(keywords)
    filled |= {row.keyword for row in rows.values() if row.given_as in keywords}
    kept: dict[str, Attribute] = {}
    lost: list[str] = []
    for keyword, group in groups.items():
        members = {
            member.keyword: member
            for member in (item_members(group.values[0]) if group.values else ())
        }
        if filled.isdisjoint(members):
            kept[keyword] = group
            continue
        for member in members.values():
            if member.keyword in filled:
                continue
            if member.keyword in rows:
                kept[member.keyword] = member
            else:
                lost.append(member.keyword)
    kept_columns: list[Column] = []
    for column in columns:
        names = {
            member.keyword
            for values in column.values
            if values
            for member in item_members(values[0])
        }
        if filled.isdisjoint(names):
            kept_columns.append(column)
        else:
            lost += sorted(names - filled)
    return kept, tuple(kept_columns), tuple(lost)
