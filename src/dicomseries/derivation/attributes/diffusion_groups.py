"""Diffusion of classic images: whole, or as the functional group of enhanced images (PS3.3 section C.8.13.5.9)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from dicomseries.derivation.attributes.completed_items import completed
from dicomseries.derivation.attributes.decisions import shown
from dicomseries.derivation.source.source_series import SourceFrame, SourceSeries
from dicomseries.plan import Column
from dicomseries.standard.attribute import Attribute, Item, attribute
from dicomseries.standard.conditional_groups import GROUP_NEEDS
from dicomseries.standard.modules import FUNCTIONAL_GROUPS

__all__ = ["in_groups", "partial_diffusion", "whole_diffusion"]

_GROUP = "MRDiffusionSequence"
_DIRECTIONALITY = "DiffusionDirectionality"
_DIRECTIONS, _ORIENTATION = "DiffusionGradientDirectionSequence", "DiffusionGradientOrientation"
_MEMBERS = frozenset(
    {
        "DiffusionAnisotropyType",
        "DiffusionBMatrixSequence",
        "DiffusionBValue",
        _DIRECTIONALITY,
        _DIRECTIONS,
        _ORIENTATION,
    }
)
"""What classic images hold at the top level as a standard extension."""

Frames = tuple[SourceFrame, ...]


def in_groups(source: SourceSeries, sop_class_uid: str) -> SourceSeries:
    """Return a classic source whose diffusion attributes stand in a functional group.

    Parameters
    ----------
    source : SourceSeries
        Of any class; one with functional groups is returned as it is.
    sop_class_uid : str
        Of the result; one without that functional group changes nothing.

    Examples
    --------
    >>> from dicomseries.geometry import Grid
    >>> own = (attribute("DiffusionBValue", 1000.0), attribute("DiffusionGradientOrientation", 1.0, 0.0, 0.0))
    >>> frame = SourceFrame(sop_class_uid="1.2", sop_instance_uid="1.3", position_lps=(0.0, 0.0, 0.0), own=own)
    >>> source = SourceSeries(kind="MR", sop_class_uid="1.2", modality="MR", study_uid="1", series_uid="2",
    ...                 frame_of_reference_uid="3", grid=Grid(shape=(1, 4, 5), spacing_mm=(1, 1, 2)), frames=(frame,))
    >>> (group,) = in_groups(source, "1.2.840.10008.5.1.4.1.1.4.1").frames[0].groups
    >>> [one.keyword for one in group.values[0]]
    ['DiffusionGradientDirectionSequence', 'DiffusionBValue']
    """
    has_group = _GROUP in FUNCTIONAL_GROUPS.get(sop_class_uid, ())
    if not has_group or source.frames[0].frame_number is not None:
        return source
    items = [_item(source.shared, frame) for frame in source.frames]
    if not any(items):
        return source
    return replace(
        source,
        shared=_others(source.shared),
        frames=tuple(_grouped(*pair) for pair in zip(source.frames, items, strict=True)),
    )


def whole_diffusion(
    shared: tuple[Attribute, ...], frames: Frames
) -> tuple[tuple[Attribute, ...], Frames, dict[str, tuple[str, str]]]:
    """Return attributes of classic images with a DiffusionDirectionality that is right, and what was changed.

    Parameters
    ----------
    shared : tuple of Attribute
        What all frames say alike.
    frames : tuple of SourceFrame
        What each says; frames with functional groups are returned as they are.

    Returns
    -------
    tuple
        The attributes of all, the frames, and keyword → its value in the source and what became of it.

    Examples
    --------
    >>> shared = (attribute("DiffusionDirectionality", "BMATRIX"), attribute("DiffusionBValue", 1000.0))
    >>> frame = SourceFrame(sop_class_uid="1.2", sop_instance_uid="1.3", position_lps=(0.0, 0.0, 0.0))
    >>> [one.keyword for one in whole_diffusion(shared, (frame,))[0]]
    ['DiffusionBValue']
    """
    if frames[0].groups or frames[0].frame_number is not None:
        return shared, frames, {}
    outcomes: dict[str, tuple[str, str]] = {}
    rights: list[Attribute | None] = []
    for frame in frames:
        item = _item(shared, frame)
        found = _named(item)
        if found is not None:
            whole, notes = completed(_GROUP, item)
            outcomes |= {keyword: (shown([found]), outcome) for keyword, outcome in notes}
            found = _named(whole)
        rights.append(found)
    if not outcomes:
        return shared, frames, {}
    kept = tuple(one for one in shared if one.keyword != _DIRECTIONALITY)
    changed = tuple(_with(frame, own) for frame, own in zip(frames, rights, strict=True))
    return kept, changed, outcomes


def partial_diffusion(
    handed: Mapping[str, Attribute | Column], *, is_multi_frame: bool
) -> Iterator[tuple[str, str]]:
    """Yield diffusion attributes that lost what they ask for, and why: volumes of several directions became one.

    Parameters
    ----------
    handed : mapping
        Keyword → what the result has so far.
    is_multi_frame : bool
        Whether the result has functional groups; a b-value alone does not stand in one.

    Examples
    --------
    >>> list(partial_diffusion({_DIRECTIONALITY: attribute(_DIRECTIONALITY, "DIRECTIONAL")}, is_multi_frame=False))
    [('DiffusionDirectionality', 'its kind of diffusion asks for DiffusionGradientDirectionSequence')]
    """
    own = handed.get(_DIRECTIONALITY)
    if own is None or _GROUP in handed:
        return
    words = set(own.values) if isinstance(own, Attribute) else {one[0] for one in own.values if one}
    for need in GROUP_NEEDS[_GROUP]:
        names = {*need.partners, *([_ORIENTATION] if _DIRECTIONS in need.partners else [])}
        if (
            need.keyword == _DIRECTIONALITY
            and words & set(need.values)
            and not names & handed.keys()
        ):
            lost = sorted(_MEMBERS & handed.keys()) if is_multi_frame else [_DIRECTIONALITY]
            yield from (
                (keyword, f"its kind of diffusion asks for {need.partners[0]}") for keyword in lost
            )
            return


def _item(shared: Sequence[Attribute], frame: SourceFrame) -> Item:
    """Return the diffusion attributes of a frame as an item of the functional group."""
    there = (one for one in (*shared, *frame.own) if one.keyword in _MEMBERS and not one.is_empty)
    found = {one.keyword: one for one in there}
    orientation = found.pop(_ORIENTATION, None)
    if orientation is not None and _DIRECTIONS not in found:
        found[_DIRECTIONS] = attribute(_DIRECTIONS, (orientation,))
    return tuple(sorted(found.values(), key=lambda one: one.tag))


def _grouped(frame: SourceFrame, item: Item) -> SourceFrame:
    """Return a frame whose diffusion attributes are the members of a functional group."""
    groups = (Attribute(_GROUP, "SQ", (item,)),) if item else ()
    return replace(frame, own=(*_others(frame.own), *item), groups=(*frame.groups, *groups))


def _others(attributes: Sequence[Attribute]) -> tuple[Attribute, ...]:
    return tuple(one for one in attributes if one.keyword not in _MEMBERS)


def _named(item: Item) -> Attribute | None:
    return next((one for one in item if one.keyword == _DIRECTIONALITY), None)


def _with(frame: SourceFrame, directionality: Attribute | None) -> SourceFrame:
    others = tuple(one for one in frame.own if one.keyword != _DIRECTIONALITY)
    return replace(frame, own=others if directionality is None else (*others, directionality))
