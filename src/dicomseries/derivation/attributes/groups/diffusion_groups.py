"""Diffusion attributes of classic images as functional groups.

PS3.3 section C.8.13.5.9.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from dicomseries.derivation.attributes.groups.completed_items import completed
from dicomseries.derivation.source.source_facts import by_keyword, numbers_in, values_text
from dicomseries.derivation.source.source_series import SourceFrame, SourceSeries
from dicomseries.plan import Column
from dicomseries.standard.attributes.attribute import Attribute, Item, attribute
from dicomseries.standard.objects.conditional_groups import GROUP_NEEDS
from dicomseries.standard.objects.modules import FUNCTIONAL_GROUPS

__all__ = ["in_groups", "partial_diffusion", "whole_diffusion"]

_GROUP = "MRDiffusionSequence"
_B_VALUE, _DIRECTIONALITY = "DiffusionBValue", "DiffusionDirectionality"
_DIRECTIONS, _ORIENTATION = "DiffusionGradientDirectionSequence", "DiffusionGradientOrientation"
_MEMBERS = frozenset(
    {
        "DiffusionAnisotropyType",
        "DiffusionBMatrixSequence",
        _B_VALUE,
        _DIRECTIONALITY,
        _DIRECTIONS,
        _ORIENTATION,
    }
)
"""Attributes that classic images hold at the top level as a standard extension."""


def in_groups(source: SourceSeries, sop_class_uid: str) -> SourceSeries:
    """Return a classic source with diffusion in functional groups.

    Parameters
    ----------
    source : SourceSeries
        Source of any class; one with functional groups is returned unchanged.
    sop_class_uid : str
        Class of the result; a class without that functional group changes nothing.

    Examples
    --------
    >>> from dicomseries.geometry import Grid
    >>> frame = SourceFrame(
    ...     sop_class_uid="1.2", sop_instance_uid="1.3", position_lps=(0.0, 0.0, 0.0),
    ...     attributes=(
    ...         attribute("DiffusionBValue", 1000.0),
    ...         attribute("DiffusionGradientOrientation", 1.0, 0.0, 0.0),
    ...     ),
    ... )
    >>> source = SourceSeries(
    ...     kind="MR", sop_class_uid="1.2", modality="MR", study_uid="1", series_uid="2",
    ...     frame_of_reference_uid="3", grid=Grid(shape=(1, 4, 5), spacing_mm=(1, 1, 2)),
    ...     frames=(frame,),
    ... )
    >>> (group,) = in_groups(source, "1.2.840.10008.5.1.4.1.1.4.1").frames[0].groups
    >>> [member.keyword for member in group.values[0]]
    ['DiffusionGradientDirectionSequence', 'DiffusionBValue']
    """
    if _GROUP not in FUNCTIONAL_GROUPS.get(sop_class_uid, ()) or source.is_multi_frame:
        return source
    items = [_diffusion_item(source.shared, frame) for frame in source.frames]
    if not any(items):
        return source
    frames = []
    for frame, item in zip(source.frames, items, strict=True):
        attributes = (*_without(frame.attributes, _MEMBERS), *item)
        groups = frame.groups
        if item:
            groups = (*groups, Attribute(_GROUP, "SQ", (item,)))
        frames.append(replace(frame, attributes=attributes, groups=groups))
    return replace(source, shared=_without(source.shared, _MEMBERS), frames=tuple(frames))


def _diffusion_item(shared: Iterable[Attribute], frame: SourceFrame) -> Item:
    """Return the diffusion attributes of a frame as an item.

    Three zeros are no direction: scanners write them beside b = 0.
    """
    members = {}
    for member in (*shared, *frame.attributes):
        if member.keyword in _MEMBERS and not member.is_empty:
            members[member.keyword] = member
    orientation = members.pop(_ORIENTATION, None)
    is_direction = orientation is not None and any(numbers_in(orientation.values))
    if orientation is not None and is_direction and _DIRECTIONS not in members:
        members[_DIRECTIONS] = attribute(_DIRECTIONS, (orientation,))
    return tuple(sorted(members.values(), key=lambda member: member.tag))


def _without(attributes: Iterable[Attribute], keywords: Collection[str]) -> tuple[Attribute, ...]:
    return tuple(member for member in attributes if member.keyword not in keywords)


def whole_diffusion(
    shared: tuple[Attribute, ...], frames: tuple[SourceFrame, ...]
) -> tuple[tuple[Attribute, ...], tuple[SourceFrame, ...], dict[str, tuple[str, str]]]:
    """Return classic attributes with a correct DiffusionDirectionality.

    Parameters
    ----------
    shared : tuple of Attribute
        Attributes equal in all frames.
    frames : tuple of SourceFrame
        Frames; those with functional groups are returned unchanged.

    Returns
    -------
    tuple
        The shared attributes, the frames, and keyword → its value in the source and its outcome.

    Examples
    --------
    >>> shared = (
    ...     attribute("DiffusionDirectionality", "BMATRIX"), attribute("DiffusionBValue", 1000.0)
    ... )
    >>> frame = SourceFrame(
    ...     sop_class_uid="1.2", sop_instance_uid="1.3", position_lps=(0.0, 0.0, 0.0)
    ... )
    >>> [member.keyword for member in whole_diffusion(shared, (frame,))[0]]
    ['DiffusionBValue']
    """
    if frames[0].groups or frames[0].frame_numbers:
        return shared, frames, {}
    outcomes: dict[str, tuple[str, str]] = {}
    corrected: list[Attribute | None] = []
    for frame in frames:
        item = _diffusion_item(shared, frame)
        stated = by_keyword(item).get(_DIRECTIONALITY)
        if stated is not None:
            complete, item_outcomes = completed(_GROUP, item)
            for keyword, outcome in item_outcomes.items():
                outcomes[keyword] = values_text([stated]), outcome
            stated = by_keyword(complete).get(_DIRECTIONALITY)
        corrected.append(stated)
    if not outcomes:
        return shared, frames, {}
    changed = []
    for frame, directionality in zip(frames, corrected, strict=True):
        attributes = _without(frame.attributes, {_DIRECTIONALITY})
        if directionality is not None:
            attributes = (*attributes, directionality)
        changed.append(replace(frame, attributes=attributes))
    return _without(shared, {_DIRECTIONALITY}), tuple(changed), outcomes


def partial_diffusion(
    result: Mapping[str, Attribute | Column], source: Collection[str], *, is_multi_frame: bool
) -> dict[str, str]:
    """Return diffusion attributes that lost their b-values or directions.

    Parameters
    ----------
    result : mapping
        Keyword → attribute of the result.
    source : collection of str
        Keywords of the source.
    is_multi_frame : bool
        Whether the result has functional groups, in which a b-value alone is not allowed.

    Returns
    -------
    dict
        Keyword → reason to drop it.

    Examples
    --------
    >>> directional = attribute("DiffusionDirectionality", "DIRECTIONAL")
    >>> result = {"DiffusionDirectionality": directional}
    >>> partial_diffusion(result, (), is_multi_frame=False)
    {'DiffusionDirectionality': 'its term requires DiffusionGradientDirectionSequence'}
    >>> partial_diffusion(result, ("DiffusionBValue",), is_multi_frame=False)
    {'DiffusionDirectionality': 'it belongs to DiffusionBValue'}
    """
    if _GROUP in result:
        return {}
    if _B_VALUE in source and _B_VALUE not in result:
        return dict.fromkeys(sorted(_MEMBERS & result.keys()), f"it belongs to {_B_VALUE}")
    directionality = result.get(_DIRECTIONALITY)
    if directionality is None:
        return {}
    if isinstance(directionality, Attribute):
        terms = set(directionality.values)
    else:
        terms = {values[0] for values in directionality.values if values}
    for need in GROUP_NEEDS[_GROUP]:
        partners = set(need.partners)
        if _DIRECTIONS in partners:
            partners.add(_ORIENTATION)
        is_needed = need.keyword == _DIRECTIONALITY and not terms.isdisjoint(need.values)
        if is_needed and partners.isdisjoint(result):
            lost = sorted(_MEMBERS & result.keys()) if is_multi_frame else [_DIRECTIONALITY]
            return dict.fromkeys(lost, f"its term requires {need.partners[0]}")
    return {}
