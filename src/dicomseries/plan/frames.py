"""The frames of a multi-frame object: how they are indexed, and their functional groups.

PS3.3 sections C.7.6.16 and C.7.6.17. What repeats from frame to frame is made, and later encoded, once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dicomseries.iod import Kind, Leaf, VaryingGroup
from dicomseries.plan.sizes import encoded_bytes
from dicomseries.standard.attribute import Attribute, attribute, tag_of
from dicomseries.uids import SeriesUids

if TYPE_CHECKING:
    from dicomseries.plan.columns import Extent
    from dicomseries.plan.series import SeriesPlan

__all__ = ["FramePart", "frame_facts", "frame_parts", "frames_bytes"]

_DIMENSIONS = {
    "StackID": "Stack ID",
    "TemporalPositionIndex": "Temporal Position Index",
    "InStackPositionNumber": "In-Stack Position Number",
}
"""What frames are indexed by, slowest first, with their labels (PS3.3 section C.7.6.17)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FramePart:
    """A piece of every frame's item: either entries that repeat, or a sequence of one item made of further parts.

    Parameters
    ----------
    entries : tuple of Attribute or None
        One for each slice, volume or frame, as `repeat` says; None where it is not there.
    repeat : int
        Frame `f` has the entry ``f // repeat % len(entries)``.
    keyword : str
        Of the sequence, if the part is one.
    parts : tuple of FramePart
        What its item holds.
    """

    entries: tuple[Attribute | None, ...] = ()
    repeat: int = 1
    keyword: str = ""
    parts: tuple[FramePart, ...] = ()


def frame_facts(kind: Kind, extent: Extent, uids: SeriesUids) -> dict[str, tuple[Any, ...]]:
    """Return what a multi-frame object says of its frames as a whole.

    Examples
    --------
    >>> from dicomseries.iod import CT
    >>> frame_facts(CT, None, None)
    {}
    """
    if not kind.is_multi_frame:
        return {}
    organization = attribute("DimensionOrganizationUID", uids.other("dimension organization"))
    used = [keyword for keyword in _DIMENSIONS if extent.is_timed or keyword != "TemporalPositionIndex"]
    return {
        "NumberOfFrames": (str(extent.frames),),
        "StackID": ("1",),
        "DimensionOrganizationSequence": ((organization,),),
        "DimensionOrganizationType": ("3D_TEMPORAL" if extent.is_timed else "3D",),
        "DimensionIndexSequence": tuple(_dimension(keyword, organization) for keyword in used),
    }


def _dimension(keyword: str, organization: Attribute) -> tuple[Attribute, ...]:
    return (
        organization,
        attribute("DimensionIndexPointer", tag_of(keyword)),
        attribute("FunctionalGroupPointer", tag_of("FrameContentSequence")),
        attribute("DimensionDescriptionLabel", _DIMENSIONS[keyword]),
    )


def frame_parts(plan: SeriesPlan) -> tuple[FramePart, ...]:
    """Return the functional groups that differ from frame to frame, in the order of their tags.

    What only depends on the slice, or only on the volume, has one entry for each of these: 50 volumes of 100 slices
    have 100 positions, not 5,000.
    """
    return tuple(_part(group, plan) for group in plan.per_frame)


def _part(group: VaryingGroup | Leaf | Attribute, plan: SeriesPlan) -> FramePart:
    if isinstance(group, Attribute):
        return FramePart(entries=(group,))
    if isinstance(group, Leaf):
        return _entries(group, {plan.period(group.column)}, plan)
    periods = {plan.period(column) for column in group.columns}
    if len(periods) == 1:
        return _entries(group, periods, plan)
    return FramePart(keyword=group.keyword, parts=tuple(_part(part, plan) for part in group.parts))


def _entries(part: VaryingGroup | Leaf, periods: set[str], plan: SeriesPlan) -> FramePart:
    extent = plan.extent
    if periods == {"volume"}:
        frames, repeat = range(0, extent.frames, extent.slices), extent.slices
    else:
        frames, repeat = range(extent.slices if periods == {"slice"} else extent.frames), 1
    return FramePart(entries=tuple(plan.filled(part, frame) for frame in frames), repeat=repeat)


def frames_bytes(plan: SeriesPlan) -> int:
    """Return the length of PerFrameFunctionalGroupsSequence with its head."""
    if not plan.per_frame:
        return 0
    frames = plan.extent.frames
    lengths = [_lengths(part, frames) for part in frame_parts(plan)]
    return 12 + 8 * frames + sum(sum(each) for each in lengths)


def _lengths(part: FramePart, frames: int) -> Iterator[int]:
    """Yield the length of a part in each frame; a sequence without anything in it is not there."""
    if not part.keyword:
        known = [0 if entry is None else encoded_bytes(entry) for entry in part.entries]
        yield from (known[frame // part.repeat % len(known)] for frame in range(frames))
        return
    for lengths in zip(*(_lengths(inner, frames) for inner in part.parts), strict=True):
        yield 12 + 8 + sum(lengths) if any(lengths) else 0
