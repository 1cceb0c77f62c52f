"""Functional groups handed on whole, be they shared by all frames or another one in each (PS3.3 section C.7.6.16)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from dicomseries.derivation.source.source_facts import SourceFact
from dicomseries.derivation.source.source_series import SourceSeries
from dicomseries.iod import ALWAYS, Kind, rows_of
from dicomseries.plan import Column
from dicomseries.standard.attribute import Attribute
from dicomseries.standard.conditional_groups import FAMILIES, FLAVOUR_GROUPS

__all__ = ["group_facts", "may_differ", "orphans", "without_claimed", "without_flavour"]

_SHARED = "SharedFunctionalGroupsSequence"


def group_facts(source: SourceSeries) -> dict[str, SourceFact]:
    """Return the functional groups of a source, each as one attribute of its frames.

    Parameters
    ----------
    source : SourceSeries
        Of frames with functional groups; others have none.

    Returns
    -------
    dict
        Keyword of the group → the sequence as each frame has it, None where one does not.

    Examples
    --------
    >>> from dicomseries.derivation.source.source_series import SourceFrame
    >>> from dicomseries.standard.attribute import attribute
    >>> from dicomseries.geometry import Grid
    >>> own = (attribute("MREchoSequence", (attribute("EffectiveEchoTime", 4.6),)),)
    >>> frame = SourceFrame(sop_class_uid="1.2", sop_instance_uid="1.3", position_lps=(0.0, 0.0, 0.0), groups=own)
    >>> source = SourceSeries(kind="EnhancedMR", sop_class_uid="1.2", modality="MR", study_uid="1", series_uid="2",
    ...                 frame_of_reference_uid="3", grid=Grid(shape=(1, 4, 5), spacing_mm=(1, 1, 2)), frames=(frame,))
    >>> list(group_facts(source))
    ['MREchoSequence']
    """
    shared = source.get(_SHARED)
    items = shared.values[:1] if shared is not None else ()
    found = {
        group.keyword: SourceFact(keyword=group.keyword, frames=(group,) * len(source.frames))
        for item in items
        if isinstance(item, tuple)
        for group in item
    }
    owns = [{group.keyword: group for group in frame.groups} for frame in source.frames]
    for keyword in dict.fromkeys(keyword for own in owns for keyword in own):
        found.setdefault(
            keyword, SourceFact(keyword=keyword, frames=tuple(own.get(keyword) for own in owns))
        )
    return found


def may_differ(kind: Kind, group: str) -> bool:
    """Return whether a group may differ from frame to frame as the source has it: the kind makes none by itself.

    Examples
    --------
    >>> from dicomseries.iod.kinds.enhanced_mr import EnhancedMR
    >>> may_differ(EnhancedMR, "MRDiffusionSequence"), may_differ(EnhancedMR, "FrameAnatomySequence")
    (True, False)
    """
    return not any(
        own.keyword == group and not own.optional and own.condition is ALWAYS for own in kind.frames
    )


def orphans(handed: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield what may only stand beside something that the result does not have, and why.

    Parameters
    ----------
    handed : mapping
        Keyword → what the result has so far.

    Examples
    --------
    >>> handed = {"MultienergyCTAcquisition": Attribute("MultienergyCTAcquisition", "CS", ("YES",))}
    >>> [keyword for keyword, _ in orphans(handed)]
    ['MultienergyCTAcquisition']
    """
    for head, (needed, family) in FAMILIES.items():
        own = handed.get(head)
        says_none = isinstance(own, Attribute) and own.values in {("NO",), ("NONE",), ()}
        if own is not None and not says_none and needed not in handed:
            yield from (
                (keyword, f"it asks for {needed}") for keyword in family if keyword in handed
            )


def without_flavour(
    own: Attribute, default: tuple[str, ...], handed: Mapping[str, object]
) -> Attribute:
    r"""Return ImageType without a flavour whose functional group the result does not have.

    Parameters
    ----------
    own : Attribute
        ImageType of the result.
    default : tuple of str
        What the kind says otherwise.
    handed : mapping
        Keyword → what the result has.

    Examples
    --------
    >>> own = Attribute("ImageType", "CS", ("DERIVED", "PRIMARY", "ASL", "NONE"))
    >>> without_flavour(own, ("DERIVED", "PRIMARY", "VOLUME", "QUANTITY"), {}).values
    ('DERIVED', 'PRIMARY', 'VOLUME', 'NONE')
    """
    flavour = str(own.values[2]) if len(own.values) > 2 else ""
    needed = FLAVOUR_GROUPS.get(flavour)
    if needed is None or needed in handed:
        return own
    return replace(own, values=(*own.values[:2], default[2], *own.values[3:]))


def without_claimed(
    kind: Kind,
    keywords: frozenset[str],
    groups: Mapping[str, Attribute],
    columns: tuple[Column, ...],
) -> tuple[dict[str, Attribute], tuple[Column, ...], tuple[str, ...]]:
    """Return functional groups of the source without those that the user fills, and what of these is lost.

    Parameters
    ----------
    kind : Kind
        Of the result.
    keywords : set of str
        What the user gives.
    groups : mapping of str to Attribute
        Groups that all frames share.
    columns : tuple of Column
        Groups that differ from frame to frame.

    Returns
    -------
    tuple
        What stands in place of `groups`: whole groups, and members of those that the user fills in part; the columns
        that are left; keywords of what is lost.
    """
    names = {row.given_as: row.keyword for row in rows_of(kind.frames) if row.given_as}
    rows = {row.keyword for row in rows_of(kind.frames)}
    claimed = keywords | {names.get(keyword, keyword) for keyword in keywords}
    handed: dict[str, Attribute] = {}
    lost: list[str] = []
    for keyword, group in groups.items():
        members = group.values[0] if group.values and isinstance(group.values[0], tuple) else ()
        if not claimed & {one.keyword for one in members}:
            handed[keyword] = group
            continue
        rest = [one for one in members if one.keyword not in claimed]
        handed |= {one.keyword: one for one in rest if one.keyword in rows}
        lost += (one.keyword for one in rest if one.keyword not in rows)
    left: list[Column] = []
    for column in columns:
        inside = {one.keyword for entry in column.values if entry for one in _members(entry[0])}
        if claimed & inside:
            lost += sorted(inside - claimed)
        else:
            left.append(column)
    return handed, tuple(left), tuple(lost)


def _members(item: object) -> tuple[Attribute, ...]:
    return item if isinstance(item, tuple) else ()
