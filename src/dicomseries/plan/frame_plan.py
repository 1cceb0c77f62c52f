"""Frames of a multi-frame object: their dimensions and functional groups.

PS3.3 sections C.7.6.16 and C.7.6.17. Values that repeat from frame to frame are made, and later
encoded, once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dicomseries.geometry import Grid
from dicomseries.iod import Kind, rows_of
from dicomseries.lazy_dataclass import dataclass
from dicomseries.plan.columns import Column, Extent
from dicomseries.plan.encoded_sizes import BINARY_BYTES, element_bytes
from dicomseries.sources import WrittenPlanes
from dicomseries.standard.attributes.attribute import Attribute, Value, attribute, tag_of
from dicomseries.uids import SeriesUids

__all__ = ["FramePart", "frame_facts", "frames_bytes", "stack_columns", "stacks_of"]

_DIMENSIONS = {
    "StackID": "Stack ID",
    "TemporalPositionIndex": "Temporal Position Index",
    "InStackPositionNumber": "In-Stack Position Number",
}
"""Dimensions of the frames with their labels, slowest first (PS3.3 section C.7.6.17)."""
_SAME_PLACE = 0.01
"""Part of the usual distance of slices within which two are at one place."""
_SAME_MM, _APART_MM = 1e-3, 0.1
"""Distance in mm up to which slices are always at one place, and from which never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FramePart:
    """Attribute or sequence in the item of every frame.

    Parameters
    ----------
    keyword, vr : str
        Of the attribute or sequence.
    values : tuple
        Values of the attribute, one entry for each slice, volume or frame; None if it is absent.
    repeat : int
        Frame `f` has the entry ``f // repeat % len(values)``.
    order : tuple of int, optional
        Entry of each frame, instead of `repeat`.
    parts : tuple of FramePart
        Content of the item of a sequence.

    Examples
    --------
    >>> FramePart(keyword="StackID", vr="SH", values=(("1",),)).repeat
    1
    """

    keyword: str
    vr: str
    values: tuple[tuple[Value, ...] | None, ...] = ()
    repeat: int = 1
    order: tuple[int, ...] | None = None
    parts: tuple[FramePart, ...] = ()


def frame_facts(
    kind: Kind, extent: Extent, uids: SeriesUids, *, is_regular: bool = True
) -> dict[str, tuple[Any, ...]]:
    """Return attributes of a multi-frame object about all frames.

    Slices on separate planes are no 3D set (PS3.3 section C.7.6.17.3).
    """
    if not kind.is_multi_frame:
        return {}
    organization = attribute("DimensionOrganizationUID", uids.other("dimension organization"))
    dimensions, organization_type = dict(_DIMENSIONS), "3D_TEMPORAL"
    if not extent.is_timed:
        del dimensions["TemporalPositionIndex"]
        organization_type = "3D"
    facts: dict[str, tuple[Any, ...]] = {
        "NumberOfFrames": (str(extent.frames),),
        "StackID": ("1",),
        "DimensionOrganizationSequence": ((organization,),),
        "DimensionOrganizationType": (organization_type,),
        "DimensionIndexSequence": tuple(
            _dimension(keyword, label, organization) for keyword, label in dimensions.items()
        ),
    }
    if not is_regular:
        del facts["DimensionOrganizationType"]
    return facts


def stack_columns(kind: Kind, grid: Grid, extent: Extent) -> tuple[Column, ...]:
    """Return the stack of each slice of several orientations or pixel spacings.

    Slices of one orientation and spacing are a stack, numbered along its normal (PS3.3 section
    C.7.6.16.2.2).
    """
    if not isinstance(grid, WrittenPlanes) or not _has_stacks(kind):
        return ()
    if grid.are_parallel and grid.has_one_spacing:
        return ()
    stacks, positions = stacks_of(grid)
    names: list[tuple[Value, ...]] = [(str(stack),) for stack in stacks]
    numbers: list[tuple[Value, ...]] = [(position,) for position in positions]
    indices: list[tuple[Value, ...]] = []
    for volume in range(extent.volumes):
        for stack, position in zip(stacks, positions, strict=True):
            index = (stack, volume + 1, position) if extent.is_timed else (stack, position)
            indices.append(index)
    return (
        Column(keyword="StackID", per="slice", values=tuple(names), vr="SH"),
        Column(keyword="InStackPositionNumber", per="slice", values=tuple(numbers), vr="UL"),
        Column(keyword="DimensionIndexValues", per="frame", values=tuple(indices), vr="UL"),
    )


def _has_stacks(kind: Kind) -> bool:
    """Return whether frames of a kind state their stack; those of a secondary capture do not."""
    return any(row.keyword == "StackID" for row in rows_of(kind.frames))


def stacks_of(grid: WrittenPlanes) -> tuple[list[int], list[int]]:
    """Return number of the stack, and place in it, of each slice, from 1.

    Slices at one place are in different stacks.

    Examples
    --------
    >>> from dicomseries.sources import grid_of_planes
    >>> places = [(0, 0, 4), (0, 0, 0), (0, 0, 9)]
    >>> stacks_of(grid_of_planes((3, 2, 2), (1, 1), places, (1, 0, 0, 0, 1, 0)))
    ([1, 1, 1], [2, 1, 3])
    """
    by_plane: dict[tuple[float, ...], list[int]] = {}
    planes = np.column_stack((grid.orientations.round(3), grid.spacings_mm.round(4)))
    for index, plane in enumerate(planes.tolist()):
        by_plane.setdefault(tuple(plane), []).append(index)
    stacks, positions = [0] * grid.shape[0], [0] * grid.shape[0]
    number = 0
    for members in by_plane.values():
        cosines = grid.orientations[members[0]]
        along = grid.positions_lps[members] @ np.cross(cosines[:3], cosines[3:])
        for stack in _without_repeats(along):
            number += 1
            for place, member in enumerate(stack, 1):
                stacks[members[member]], positions[members[member]] = number, place
    return stacks, positions


def _without_repeats(along_mm: npt.NDArray[np.float64]) -> list[list[int]]:
    """Return slices in the order of their distances, in as many stacks as share a place.

    Examples
    --------
    >>> _without_repeats(np.array([0.0, 2.5, 0.0, 5.0, 2.5, 0.0]))
    [[0, 1, 3], [2, 4], [5]]
    """
    order = np.argsort(along_mm, kind="stable").tolist()
    gaps = np.diff(along_mm[order])
    usual = float(np.median(gaps[gaps > _SAME_MM])) if (gaps > _SAME_MM).any() else 0.0
    same_mm = max(_SAME_MM, min(_SAME_PLACE * usual, _APART_MM))
    stacks: list[list[int]] = []
    repeat = 0
    for member, gap in zip(order, [np.inf, *gaps.tolist()], strict=True):
        repeat = repeat + 1 if gap <= same_mm else 0
        if repeat == len(stacks):
            stacks.append([])
        stacks[repeat].append(member)
    return stacks


def _dimension(keyword: str, label: str, organization: Attribute) -> tuple[Attribute, ...]:
    return (
        organization,
        attribute("DimensionIndexPointer", tag_of(keyword)),
        attribute("FunctionalGroupPointer", tag_of("FrameContentSequence")),
        attribute("DimensionDescriptionLabel", label),
    )


def frames_bytes(parts: Sequence[FramePart], frames: int) -> int:
    """Return the length of PerFrameFunctionalGroupsSequence; 0 without parts."""
    if not parts:
        return 0
    total = 12 + 8 * frames
    for part in parts:
        total += sum(_lengths(part, frames).of_frames(frames))
    return total


class _Lengths(NamedTuple):
    """Length of each entry of a part, and the entry of each frame."""

    entries: list[int]
    repeat: int = 1
    order: tuple[int, ...] | None = None

    @property
    def span(self) -> tuple[int, int, int]:
        """Equal for parts whose entries belong to the same frames."""
        return len(self.entries), self.repeat, id(self.order)

    def of_frames(self, frames: int) -> list[int]:
        """Return the length in each frame."""
        entries = self.entries
        if len(entries) == 1:
            return entries * frames
        if self.order is not None:
            return [entries[entry] for entry in self.order]
        return [entries[frame // self.repeat % len(entries)] for frame in range(frames)]


def _lengths(part: FramePart, frames: int) -> _Lengths:
    if part.vr == "SQ" and not part.values:
        return _sequence_lengths(part, frames)
    counts = {-1 if values is None else len(values) for values in part.values}
    if part.vr in BINARY_BYTES and len(counts) == 1:
        return _Lengths([_length(part.vr, part.values[0])])  # as many numbers in each entry
    entries = [_length(part.vr, values) for values in part.values]
    return _Lengths(entries, part.repeat, part.order)


def _sequence_lengths(part: FramePart, frames: int) -> _Lengths:
    fixed = 0
    varying: list[_Lengths] = []
    for inner in part.parts:
        lengths = _lengths(inner, frames)
        if len(lengths.entries) == 1:
            fixed += lengths.entries[0]
        else:
            varying.append(lengths)
    columns = [lengths.entries for lengths in varying] or [[0]]
    repeat, order = 1, None
    if len({lengths.span for lengths in varying}) == 1:
        repeat, order = varying[0].repeat, varying[0].order
    elif varying:  # they repeat differently: one length for each frame
        columns = [lengths.of_frames(frames) for lengths in varying]
    totals: list[int] = []
    for row in zip(*columns, strict=True):
        content = fixed + sum(row)
        totals.append(content and content + 20)  # an empty sequence is left out
    return _Lengths(totals, repeat, order)


def _length(vr: str, values: tuple[Value, ...] | None) -> int:
    if values is None:
        return 0
    return element_bytes(vr, values)
