"""The frames of a multi-frame object: how they are indexed, and their functional groups.

PS3.3 sections C.7.6.16 and C.7.6.17. What repeats from frame to frame is made, and later encoded, once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dicomseries.iod import Kind, Leaf, VaryingGroup
from dicomseries.plan.encoded_sizes import BINARY_BYTES, element_bytes
from dicomseries.standard.attribute import Attribute, Value, attribute, tag_of
from dicomseries.uids import SeriesUids

if TYPE_CHECKING:
    from dicomseries.plan.columns import Extent
    from dicomseries.plan.series_plan import SeriesPlan

__all__ = ["FramePart", "frame_facts", "frame_parts", "frames_bytes"]

_DIMENSIONS = {
    "StackID": "Stack ID",
    "TemporalPositionIndex": "Temporal Position Index",
    "InStackPositionNumber": "In-Stack Position Number",
}
"""What frames are indexed by, slowest first, with their labels (PS3.3 section C.7.6.17)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FramePart:
    """A piece of every frame's item: an attribute, or a sequence of one item made of further parts.

    Parameters
    ----------
    keyword, vr : str
        Of the attribute or sequence.
    values : tuple
        Values of the attribute, one entry for each slice, volume or frame; None where it is not there.
    repeat : int
        Frame `f` has the entry ``f // repeat % len(values)``.
    parts : tuple of FramePart
        What the item of a sequence holds.

    Examples
    --------
    >>> FramePart(keyword="StackID", vr="SH", values=(("1",),)).repeat
    1
    """

    keyword: str
    vr: str
    values: tuple[tuple[Value, ...] | None, ...] = ()
    repeat: int = 1
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
    used = [
        keyword for keyword in _DIMENSIONS if extent.is_timed or keyword != "TemporalPositionIndex"
    ]
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

    Examples
    --------
    >>> import numpy as np
    >>> import dicomseries as dcs
    >>> frame_parts(dcs.plan(np.zeros((3, 4, 5), "int16"), kind="CT", spacing=(1, 1, 2)))
    ()
    """
    return tuple(_part(group, plan) for group in plan.per_frame)


def _part(part: VaryingGroup | Leaf | Attribute, plan: SeriesPlan) -> FramePart:
    if isinstance(part, Attribute):
        return FramePart(keyword=part.keyword, vr=part.vr, values=(part.values,))
    if isinstance(part, VaryingGroup):
        return FramePart(
            keyword=part.keyword, vr="SQ", parts=tuple(_part(inner, plan) for inner in part.parts)
        )
    slices, volumes = plan.extent.slices, plan.extent.volumes
    period = plan.period(part.column)
    frames = {"volume": range(0, volumes * slices, slices), "slice": range(slices)}.get(
        period, range(volumes * slices)
    )
    vr, values = plan.values(part, frames)
    return FramePart(
        keyword=part.keyword, vr=vr, values=values, repeat=slices if period == "volume" else 1
    )


def frames_bytes(parts: Sequence[FramePart], frames: int) -> int:
    """Return the length of PerFrameFunctionalGroupsSequence with its head; 0 if there is none.

    Examples
    --------
    >>> frames_bytes([FramePart(keyword="StackID", vr="SH", values=(("1",),))], 3)
    66
    """
    if not parts:
        return 0
    lengths = [_lengths(part, frames)[0] for part in parts]
    return 12 + 8 * frames + sum(sum(own) * (frames // len(own)) for own in lengths)


def _lengths(part: FramePart, frames: int) -> tuple[list[int], int]:
    """Return the length of a part in each of its entries, and how often each repeats."""
    if (
        part.vr in BINARY_BYTES
        and len({-1 if values is None else len(values) for values in part.values}) == 1
    ):
        return [
            _length(part, part.values[0])
        ], part.repeat  # as many numbers in each: all are of one length
    if part.vr != "SQ" or part.values:
        return [_length(part, values) for values in part.values], part.repeat
    inner = [_lengths(one, frames) for one in part.parts]
    fixed = sum(lengths[0] for lengths, _ in inner if len(lengths) == 1)
    others = [(lengths, repeat) for lengths, repeat in inner if len(lengths) > 1]
    spans = {(len(lengths), repeat) for lengths, repeat in others}
    if len(spans) > 1:
        columns = [
            [own[frame // repeat % len(own)] for frame in range(frames)] for own, repeat in others
        ]
    else:
        columns = [own for own, _ in others] or [[0]]
    repeat = spans.pop()[1] if len(spans) == 1 else 1
    totals = [fixed + sum(row) for row in zip(*columns, strict=True)]
    return [20 + length if length else 0 for length in totals], repeat


def _length(part: FramePart, values: tuple[Value, ...] | None) -> int:
    return 0 if values is None else element_bytes(part.vr, values)
