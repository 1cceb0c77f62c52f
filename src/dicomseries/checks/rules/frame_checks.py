"""Checks of multi-frame files: frames and their functional groups (MFR-001 to 009)."""

from __future__ import annotations

from collections.abc import Iterator

from dicomseries.checks.registry import Fault, check
from dicomseries.checks.series_view.frame_views import PER_FRAME, SHARED, FileFrames, path_of
from dicomseries.checks.series_view.series_view import SeriesView, name_of, printable
from dicomseries.reading import Damaged, Short, item_spans
from dicomseries.standard.attribute import tag_of

__all__: list[str] = []

_OF_ONE_ITEM = tuple(
    map(
        tag_of,
        (
            *(
                "CTImageFrameTypeSequence",
                "FrameAnatomySequence",
                "FrameContentSequence",
                "FrameVOILUTSequence",
            ),
            *(
                "MRImageFrameTypeSequence",
                "ParametricMapFrameTypeSequence",
                "PixelMeasuresSequence",
            ),
            *(
                "PixelValueTransformationSequence",
                "PlaneOrientationSequence",
                "PlanePositionSequence",
            ),
            *(
                "SegmentIdentificationSequence",
                "TemporalPositionSequence",
                "XRay3DFrameTypeSequence",
            ),
        ),
    )
)
"""Functional groups of which PS3.3 section C.7.6.16.2 allows one item only."""
_FRAME_TYPES = (
    *("CTImageFrameTypeSequence", "MRImageFrameTypeSequence", "ParametricMapFrameTypeSequence"),
    *("PETFrameTypeSequence", "XRay3DFrameTypeSequence"),
)


@check("MFR-001", level="error", part="PS3.3 C.7.6.16", scope="image")
def every_frame_has_its_item(view: SeriesView) -> Iterator[Fault]:
    """NumberOfFrames is the number of items in PerFrameFunctionalGroupsSequence.

    Readers that count the one and index the other fail, or lose frames.
    """
    for frames in view.frames:
        instance = frames.instance
        element = instance.element(tag_of(PER_FRAME))
        if element is None:
            continue
        try:
            items = len(item_spans(element, ">" if frames.is_big_endian else "<"))
        except (Damaged, Short):
            yield Fault(
                instance.name, f"{PER_FRAME} is no sequence of items.", "Write the file again."
            )
            continue
        if items != instance.frames:
            yield Fault(
                instance.name,
                f"NumberOfFrames is {instance.text('NumberOfFrames')}, {PER_FRAME} has {items} items.",
                "Write one item for each frame.",
            )


@check("MFR-002", level="error", part="PS3.3 C.7.6.16", scope="image")
def groups_are_shared_or_of_frames(view: SeriesView) -> Iterator[Fault]:
    """A functional group is either shared by all frames or given for each, never both.

    Which of the two a reader takes is not defined.
    """
    for frames in view.frames:
        if frames.groups is None:
            continue
        both = {path[0] for path in frames.groups.shared} & {
            path[0] for path in frames.groups.per_frame
        }
        for tag in sorted(both):
            yield Fault(
                frames.instance.name,
                f"{name_of(tag)} is in {SHARED} and in {PER_FRAME}.",
                f"Keep {name_of(tag)} in one of the two.",
            )


@check("MFR-003", level="error", part="PS3.3 C.7.6.16.2.2", scope="image")
def frame_content_is_of_frames(view: SeriesView) -> Iterator[Fault]:
    """FrameContentSequence, which numbers a frame, is never shared by all."""
    for frames in view.frames:
        if frames.groups is not None and path_of("FrameContentSequence") in frames.groups.shared:
            yield Fault(
                frames.instance.name,
                f"FrameContentSequence is in {SHARED}.",
                "Write it in the item of each frame.",
            )


@check("MFR-004", level="error", part="PS3.3 C.7.6.16.2", scope="image")
def groups_have_one_item(view: SeriesView) -> Iterator[Fault]:
    """Functional groups such as position, orientation, rescale and window have one item; readers look at the first."""
    for frames in view.frames:
        for tag in _OF_ONE_ITEM:
            if frames.most_items((tag,)) > 1:
                yield Fault(
                    frames.instance.name,
                    f"{name_of(tag)} has more than one item.",
                    f"Write {name_of(tag)} with one item.",
                )


@check("MFR-005", level="error", part="PS3.3 C.8.16.1, C.8.13.3.1.1", scope="image")
def frame_type_fits_the_image_type(view: SeriesView) -> Iterator[Fault]:
    """Each value of ImageType is that of FrameType where all frames have the same, and MIXED where they differ."""
    for frames in view.frames:
        for group in _FRAME_TYPES:
            told = {
                value for value in frames.column(path_of(group, "FrameType")) if value is not None
            }
            if told:
                yield from _misfits(frames, [_parts(value) for value in told])


def _misfits(frames: FileFrames, frame_types: list[tuple[str, ...]]) -> Iterator[Fault]:
    image_type = frames.instance.texts("ImageType")
    for index, value in enumerate(image_type[:4]):
        found = {one[index] if len(one) > index else "" for one in frame_types}
        wanted = found.pop() if len(found) == 1 else "MIXED"
        if value != wanted:
            yield Fault(
                frames.instance.name,
                f"Value {index + 1} of ImageType is {printable(value)}, by FrameType it is {printable(wanted)}.",
                "Write the same values in both, MIXED where frames differ.",
            )


def _parts(raw: bytes) -> tuple[str, ...]:
    return tuple(part.strip(" \0") for part in raw.strip(b" \0").decode("latin-1").split("\\"))


@check("MFR-006", level="error", part="PS3.3 C.7.6.6.1.1, C.8.6.3", scope="image")
def frame_increment_points_at_something(view: SeriesView) -> Iterator[Fault]:
    """FrameIncrementPointer names an attribute that the file has."""
    for frames in view.frames:
        raw = frames.instance.raw("FrameIncrementPointer") or b""
        for start in range(0, len(raw), 4):
            tag = frames.tag_at(raw[start : start + 4])
            if frames.instance.element(tag) is None:
                yield Fault(
                    frames.instance.name,
                    f"FrameIncrementPointer names {name_of(tag)}, which is missing.",
                    "Write that attribute, or point at PerFrameFunctionalGroupsSequence.",
                )
