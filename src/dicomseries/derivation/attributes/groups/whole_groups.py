"""Functional groups kept as a whole.

Shared or per frame: PS3.3 section C.7.6.16.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from itertools import chain

from dicomseries.derivation.source.source_facts import (
    SourceFact,
    by_keyword,
    first_item,
    item_members,
)
from dicomseries.derivation.source.source_series import SourceSeries
from dicomseries.iod import ALWAYS, Kind, rows_of
from dicomseries.metadata import Metadata
from dicomseries.plan import Column
from dicomseries.standard.attributes.attribute import Attribute
from dicomseries.standard.objects.conditional_groups import FAMILIES, FLAVOUR_GROUPS
from dicomseries.standard.objects.modules import FUNCTIONAL_GROUPS

__all__ = [
    "group_facts",
    "group_members",
    "may_differ",
    "orphans",
    "without_flavour",
    "without_user_groups",
]


def group_facts(source: SourceSeries) -> dict[str, SourceFact]:
    """Return each functional group as one attribute of frames.

    Examples
    --------
    >>> from dicomseries.derivation.source.source_series import SourceFrame
    >>> from dicomseries.geometry import Grid
    >>> from dicomseries.standard.attributes.attribute import attribute
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
    for group in first_item(shared):
        frames = (group,) * len(source.frames)
        facts[group.keyword] = SourceFact(keyword=group.keyword, frames=frames)
    by_frame = [by_keyword(frame.groups) for frame in source.frames]
    for keyword in dict.fromkeys(chain.from_iterable(by_frame)):
        varying = tuple(groups.get(keyword) for groups in by_frame)
        facts.setdefault(keyword, SourceFact(keyword=keyword, frames=varying))
    return facts


def group_members(
    kind: Kind, metadata: Metadata, columns: Iterable[Column]
) -> dict[str, frozenset[str]]:
    """Return the keywords inside the functional groups of a result.

    Parameters
    ----------
    kind : Kind
        Kind of the result.
    metadata : Metadata
        Groups that all frames share, among other attributes.
    columns : iterable of Column
        Groups that differ from frame to frame.

    Examples
    --------
    >>> from dicomseries.iod.kinds.enhanced_mr import EnhancedMR
    >>> echo = {"MREchoSequence": [{"EffectiveEchoTime": 4.6}]}
    >>> group_members(EnhancedMR, Metadata.from_mapping(echo), ())
    {'MREchoSequence': frozenset({'EffectiveEchoTime'})}
    """
    known = frozenset(FUNCTIONAL_GROUPS.get(kind.sop_class_uid, ()))
    members: dict[str, set[str]] = {}
    for group in metadata.attributes:
        if group.keyword in known:
            members.setdefault(group.keyword, set()).update(by_keyword(first_item(group)))
    for column in columns:
        for values in column.values:
            item = item_members(values[0]) if values else ()
            members.setdefault(column.keyword, set()).update(by_keyword(item))
    return {group: frozenset(keywords) for group, keywords in members.items()}


def may_differ(kind: Kind, keyword: str) -> bool:
    """Return whether a group may differ between frames.

    The kind does not write it itself.
    """
    for group in kind.frames:
        if group.keyword == keyword and not group.optional and group.condition is ALWAYS:
            return False
    return True


def orphans(result: Mapping[str, Attribute | Column]) -> dict[str, str]:
    """Return attributes without a required one, with reasons.

    Examples
    --------
    >>> multienergy = Attribute("MultienergyCTAcquisition", "CS", ("YES",))
    >>> list(orphans({"MultienergyCTAcquisition": multienergy}))
    ['MultienergyCTAcquisition']
    """
    dropped: dict[str, str] = {}
    for head, (required, family) in FAMILIES.items():
        if head not in result or required in result:
            continue
        member = result[head]
        if isinstance(member, Attribute) and member.values in {("NO",), ("NONE",), ()}:
            continue
        dropped |= {keyword: f"it requires {required}" for keyword in family if keyword in result}
    return dropped


def without_flavour(
    image_type: Attribute, default: tuple[str, ...], result: Collection[str]
) -> Attribute:
    r"""Return ImageType without a flavour that lacks its functional group.

    Parameters
    ----------
    image_type : Attribute
        ImageType of the result.
    default : tuple of str
        ImageType of the kind.
    result : collection of str
        Keywords of the result.

    Examples
    --------
    >>> image_type = Attribute("ImageType", "CS", ("DERIVED", "PRIMARY", "ASL", "NONE"))
    >>> without_flavour(image_type, ("DERIVED", "PRIMARY", "VOLUME", "QUANTITY"), ()).values
    ('DERIVED', 'PRIMARY', 'VOLUME', 'NONE')
    """
    values = image_type.values
    if len(values) <= 2:
        return image_type
    required = FLAVOUR_GROUPS.get(str(values[2]))
    if required is None or required in result:
        return image_type
    return replace(image_type, values=(*values[:2], default[2], *values[3:]))


def without_user_groups(
    kind: Kind,
    keywords: frozenset[str],
    groups: Mapping[str, Attribute],
    columns: tuple[Column, ...],
) -> tuple[dict[str, Attribute], tuple[Column, ...], tuple[str, ...]]:
    """Return functional groups that the user does not fill.

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
    result: dict[str, Attribute] = {}
    lost: list[str] = []
    for keyword, group in groups.items():
        members = by_keyword(first_item(group))
        if filled.isdisjoint(members):
            result[keyword] = group
            continue
        left = {name: member for name, member in members.items() if name not in filled}
        result |= {name: member for name, member in left.items() if name in rows}
        lost += [name for name in left if name not in rows]
    result_columns: list[Column] = []
    for column in columns:
        names: set[str] = set()
        for values in column.values:
            if values:
                names |= by_keyword(item_members(values[0])).keys()
        if filled.isdisjoint(names):
            result_columns.append(column)
        else:
            lost += sorted(names - filled)
    return result, tuple(result_columns), tuple(lost)
