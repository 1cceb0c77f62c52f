"""Order, dimensions and functional groups of the frames of a segmentation.

PS3.3 sections C.7.6.16, C.7.6.17, C.8.20.3 and A.51.5.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dicomseries.geometry import Grid
from dicomseries.iod import Leaf, VaryingGroup, code_item
from dicomseries.lazy_dataclass import dataclass
from dicomseries.plan import Column, FrameTable, grid_facts, plane_columns, stacks_of
from dicomseries.sources import WrittenPlanes
from dicomseries.standard.attributes.attribute import (
    Attribute,
    Item,
    Value,
    attribute,
    tag_of,
    vr_of,
)

__all__ = ["FrameGroups", "FrameOrder", "frame_groups", "frame_order"]

_SEGMENT = ("ReferencedSegmentNumber", "SegmentIdentificationSequence", "Referenced Segment Number")
_POSITION = ("ImagePositionPatient", "PlanePositionSequence", "Image Position Patient")
_PICTURE = ("InStackPositionNumber", "FrameContentSequence", "Picture")
_STACK = ("StackID", "FrameContentSequence", "Stack ID")
_IN_STACK = ("InStackPositionNumber", "FrameContentSequence", "In-Stack Position Number")
"""Dimensions of frames: attribute, functional group and label."""

_MEASURES = ("SliceThickness", "SpacingBetweenSlices", "PixelSpacing")
"""Attributes of PixelMeasuresSequence."""
_SEGMENTATION = code_item("113076", "DCM", "Segmentation")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FrameOrder:
    """Frames of the file, those of each segment along the normal.

    Parameters
    ----------
    table : FrameTable
        Slice and segment of each frame.
    numbers : ndarray of int32, shape (segments, slices)
        Frame of each segment in each slice; -1 where it has none.
    empty : frozenset of int
        Frames without voxels.
    """

    table: FrameTable
    numbers: npt.NDArray[np.int32]
    empty: frozenset[int] = frozenset()


def frame_order(is_present: npt.NDArray[np.bool_]) -> FrameOrder:
    """Return the frames of segments that leave empty frames out.

    That would cut the grid of readers down to the slices with segments. So the first and the last
    slice always have a frame, even an empty one of the first segment.

    Parameters
    ----------
    is_present : ndarray of bool, shape (segments, slices)
        Whether a segment has voxels in a slice.

    Examples
    --------
    >>> order = frame_order(np.array([[False, False, False], [False, True, True]]))
    >>> order.table.slices, order.table.segments, order.empty
    ((0, 1, 2), (0, 1, 1), frozenset({0}))
    """
    is_kept = is_present.copy()
    for outer in {0, is_present.shape[1] - 1}:
        if not is_present[:, outer].any():
            is_kept[0, outer] = True
    segments, slices = np.nonzero(is_kept)
    numbers = np.full(is_present.shape, -1, np.int32)
    numbers[segments, slices] = np.arange(len(slices), dtype=np.int32)
    table = FrameTable(slices=tuple(slices.tolist()), segments=tuple(segments.tolist()))
    empty = numbers[is_kept & ~is_present]
    return FrameOrder(table=table, numbers=numbers, empty=frozenset(empty.tolist()))


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameGroups:
    """Dimensions and functional groups of frames.

    Parameters
    ----------
    shared : tuple of Attribute
        Dimensions, and the functional groups that all frames share.
    per_frame : tuple of VaryingGroup or Leaf
        Functional groups that differ from frame to frame.
    columns : tuple of Column
        Their values.
    """

    shared: tuple[Attribute, ...]
    per_frame: tuple[VaryingGroup | Leaf, ...]
    columns: tuple[Column, ...]


def frame_groups(
    grid: Grid,
    table: FrameTable,
    numbers: Sequence[int] | None,
    source_images: Sequence[tuple[Item, ...]] | None,
    organization_uid: str,
) -> FrameGroups:
    """Return dimensions and functional groups of frames.

    Parameters
    ----------
    grid : Grid
        LPS mm. Without a place a frame has the number of its picture instead of a position.
    table : FrameTable
        Slice and segment of each frame.
    numbers : sequence of int, optional
        SegmentNumber of each segment; None for label maps, whose frames have no segment.
    source_images : sequence of tuple of Item, optional
        Items of SourceImageSequence for each slice; None without a source series.
    organization_uid : str
        DimensionOrganizationUID.
    """
    has_place = grid.statement.has_place
    organization = attribute("DimensionOrganizationUID", organization_uid)
    stacks = _stacks_of(grid)
    dimensions = [_POSITION if has_place else _PICTURE]
    if stacks:
        dimensions = [_STACK, _IN_STACK]
    if numbers is not None:
        dimensions.insert(0, _SEGMENT)
    shared = [
        attribute("DimensionOrganizationSequence", (organization,)),
        attribute(
            "DimensionIndexSequence", *(_dimension(organization, *each) for each in dimensions)
        ),
    ]
    if has_place and not isinstance(grid, WrittenPlanes) and _is_volume(table, numbers):
        shared.append(attribute("DimensionOrganizationType", "3D"))
    groups, per_frame = _groups_of_place(grid)
    columns = [*_index_columns(grid, table, numbers), *plane_columns(grid)]
    if numbers is not None and len(numbers) == 1:
        item = (attribute("ReferencedSegmentNumber", numbers[0]),)
        groups.append(attribute("SegmentIdentificationSequence", item))
    elif numbers is not None:
        of_segments = [(number,) for number in numbers]
        columns.append(_column("ReferencedSegmentNumber", "segment", of_segments))
        per_frame.append(_group("SegmentIdentificationSequence", "ReferencedSegmentNumber"))
    if source_images:
        # If one frame has the sequence, all have it (C.7.6.16.2.6).
        values: list[tuple[Value, ...]] = []
        for images in source_images:
            values.append(_derivation(images))
        columns.append(_column("DerivationImageSequence", "slice", values))
        per_frame.append(Leaf("DerivationImageSequence", "DerivationImageSequence"))
    in_order = tuple(sorted(groups, key=_tag))
    shared.append(attribute("SharedFunctionalGroupsSequence", in_order))
    return FrameGroups(
        shared=tuple(shared),
        per_frame=tuple(sorted(per_frame, key=lambda part: part.tag)),
        columns=tuple(columns),
    )


def _tag(member: Attribute) -> int:
    return member.tag


def _dimension(organization: Attribute, keyword: str, group: str, label: str) -> Item:
    return (
        organization,
        attribute("DimensionIndexPointer", tag_of(keyword)),
        attribute("FunctionalGroupPointer", tag_of(group)),
        attribute("DimensionDescriptionLabel", label),
    )


def _is_volume(table: FrameTable, numbers: Sequence[int] | None) -> bool:
    """Return whether the frames are even slices and nothing else (C.7.6.17.3)."""
    if numbers is not None and len(numbers) > 1:
        return False
    steps = np.diff(table.slices)
    return len(steps) > 0 and bool((steps == steps[0]).all())


def _groups_of_place(grid: Grid) -> tuple[list[Attribute], list[VaryingGroup | Leaf]]:
    """Return shared groups, and groups of each frame.

    A.51.3: Pixel Measures, Plane Position and Plane Orientation require a frame of reference.
    """
    if not grid.statement.has_place:
        content = (
            attribute("StackID", "1"),
            Leaf("InStackPositionNumber", "InStackPositionNumber"),
            Leaf("DimensionIndexValues", "DimensionIndexValues"),
        )
        return [], [VaryingGroup("FrameContentSequence", content)]
    texts = grid_facts(grid)
    differing = {column.keyword for column in plane_columns(grid)}
    shared: list[Attribute] = []
    per_frame: list[VaryingGroup | Leaf] = [
        _frame_content(grid),
        _group("PlanePositionSequence", "ImagePositionPatient"),
    ]
    if "ImageOrientationPatient" in differing:
        per_frame.append(_group("PlaneOrientationSequence", "ImageOrientationPatient"))
    else:
        orientation = attribute("ImageOrientationPatient", *texts["ImageOrientationPatient"])
        shared.append(attribute("PlaneOrientationSequence", (orientation,)))
    measures = [attribute(keyword, *texts[keyword]) for keyword in _MEASURES if keyword in texts]
    if differing.isdisjoint(_MEASURES):
        shared.append(attribute("PixelMeasuresSequence", tuple(measures)))
        return shared, per_frame
    parts: list[Attribute | Leaf] = []
    for member in measures:
        is_same = member.keyword not in differing
        parts.append(member if is_same else Leaf(member.keyword, member.keyword))
    per_frame.append(VaryingGroup("PixelMeasuresSequence", tuple(parts)))
    return shared, per_frame


def _frame_content(grid: Grid) -> VaryingGroup:
    """Return the group of the dimension indices, and of stacks if there are several."""
    keywords = ["DimensionIndexValues"]
    if _stacks_of(grid):
        keywords = ["StackID", "InStackPositionNumber", "DimensionIndexValues"]
    members = []
    for keyword in keywords:
        members.append(Leaf(keyword, keyword))
    return VaryingGroup("FrameContentSequence", tuple(members))


def _group(sequence: str, keyword: str) -> VaryingGroup:
    return VaryingGroup(sequence, (Leaf(keyword, keyword),))


def _stacks_of(grid: Grid) -> list[tuple[int, int]]:
    """Return stack, and number in it, of each slice of several orientations; else nothing."""
    if not isinstance(grid, WrittenPlanes) or grid.are_parallel:
        return []
    return list(zip(*stacks_of(grid), strict=True))


def _index_columns(
    grid: Grid, table: FrameTable, numbers: Sequence[int] | None
) -> Sequence[Column]:
    """Return DimensionIndexValues (C.7.6.17.1), and the stacks of several orientations.

    Positions are counted as far as frames lie there; the number of a picture, and of a slice in
    its stack, is its index.
    """
    stacks = _stacks_of(grid)
    places: list[tuple[int, ...]] = []
    slices = np.array(table.slices)
    if stacks:
        places = [stacks[index] for index in table.slices]
    elif grid.statement.has_place:
        indices = np.unique(slices, return_inverse=True)[1].reshape(-1) + 1
        places = [(index,) for index in indices.tolist()]
    else:
        places = [(index,) for index in (slices + 1).tolist()]
    values: list[tuple[Value, ...]] = []
    for segment, place in zip(table.segments, places, strict=True):
        values.append(place if numbers is None else (numbers[segment], *place))
    columns = [_column("DimensionIndexValues", "frame", values)]
    if stacks:
        columns.append(_column("StackID", "slice", [(str(stack),) for stack, _ in stacks]))
        columns.append(_column("InStackPositionNumber", "slice", [(place,) for _, place in stacks]))
    return columns


def _column(keyword: str, per: str, values: Sequence[tuple[Value, ...]]) -> Column:
    return Column(keyword=keyword, per=per, values=tuple(values), vr=vr_of(keyword))  # type: ignore[arg-type]


def _derivation(images: tuple[Item, ...]) -> tuple[Value, ...]:
    """Return the items of DerivationImageSequence."""
    if not images:
        return ()
    item = (
        attribute("SourceImageSequence", *images),
        attribute("DerivationCodeSequence", _SEGMENTATION),
    )
    return (tuple(sorted(item, key=_tag)),)
