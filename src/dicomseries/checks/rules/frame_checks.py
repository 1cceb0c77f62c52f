"""Checks of frames and functional groups (MFR-001 to 009)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from dicomseries.checks.registry import Fault, check
from dicomseries.checks.series_view.element_values import name_of, plain_text, printable
from dicomseries.checks.series_view.file_frames import PER_FRAME, SHARED, FileFrames
from dicomseries.checks.series_view.series_view import SeriesView
from dicomseries.reading import ParseError, item_spans, path_of
from dicomseries.standard.attributes.attribute import tag_of

__all__: list[str] = []

_OF_ONE_ITEM = (
    "CTImageFrameTypeSequence",
    "FrameAnatomySequence",
    "FrameContentSequence",
    "FrameVOILUTSequence",
    "MRImageFrameTypeSequence",
    "ParametricMapFrameTypeSequence",
    "PixelMeasuresSequence",
    "PixelValueTransformationSequence",
    "PlaneOrientationSequence",
    "PlanePositionSequence",
    "SegmentIdentificationSequence",
    "TemporalPositionSequence",
    "XRay3DFrameTypeSequence",
)
"""Functional groups with one item only (PS3.3 section C.7.6.16.2)."""
_FRAME_TYPES = (
    "CTImageFrameTypeSequence",
    "MRImageFrameTypeSequence",
    "ParametricMapFrameTypeSequence",
    "PETFrameTypeSequence",
    "XRay3DFrameTypeSequence",
)


@check("MFR-001", level="error", part="PS3.3 C.7.6.16", scope="image")
def every_frame_has_its_item(view: SeriesView) -> Iterator[Fault]:
    """NumberOfFrames is the number of items in PerFrameFunctionalGroupsSequence.

    Readers that count frames by one of them fail with the other, or lose frames.
    """
    for frames in view.frames:
        instance = frames.instance
        element = instance.element(tag_of(PER_FRAME))
        if element is None:
            continue
        try:
            items = len(item_spans(element, instance.byte_order))
        except ParseError:
            message = f"{PER_FRAME} is not a sequence of items."
            yield Fault(instance.name, message, "Write the file again.")
            continue
        if items != instance.frames:
            yield Fault(
                instance.name,
                f"NumberOfFrames is {instance.text('NumberOfFrames')}, {PER_FRAME} has {items} "
                "items.",
                "Write one item for each frame.",
            )


@check("MFR-002", level="error", part="PS3.3 C.7.6.16", scope="image")
def groups_are_shared_or_per_frame(view: SeriesView) -> Iterator[Fault]:
    """A functional group is shared or per frame, never both.

    The standard does not define the value that readers take.
    """
    for frames in view.frames:
        shared = {path[0] for path in frames.shared}
        per_frame = {path[0] for path in frames.per_frame}
        for tag in sorted(shared & per_frame):
            yield Fault(
                frames.instance.name,
                f"{name_of(tag)} is in {SHARED} and in {PER_FRAME}.",
                f"Keep {name_of(tag)} in one of the two.",
            )


@check("MFR-003", level="error", part="PS3.3 C.7.6.16.2.2", scope="image")
def frame_content_is_per_frame(view: SeriesView) -> Iterator[Fault]:
    """FrameContentSequence, with the numbers of a frame, is never shared."""
    for frames in view.frames:
        if path_of("FrameContentSequence") in frames.shared:
            yield Fault(
                frames.instance.name,
                f"FrameContentSequence is in {SHARED}.",
                "Write it in the item of each frame.",
            )


@check("MFR-004", level="error", part="PS3.3 C.7.6.16.2", scope="image")
def groups_have_one_item(view: SeriesView) -> Iterator[Fault]:
    """Functional groups such as position and rescale have one item.

    Readers use the first only.
    """
    for frames in view.frames:
        for group in _OF_ONE_ITEM:
            if frames.most_items(path_of(group)) > 1:
                yield Fault(
                    frames.instance.name,
                    f"{group} has more than one item.",
                    f"Write {group} with one item.",
                )


@check("MFR-005", level="error", part="PS3.3 C.8.16.1, C.8.13.3.1.1", scope="image")
def frame_type_fits_the_image_type(view: SeriesView) -> Iterator[Fault]:
    """ImageType agrees with FrameType, or is MIXED."""
    for frames in view.frames:
        for group in _FRAME_TYPES:
            raws = {*frames.column(path_of(group, "FrameType"))} - {None}
            if raws:
                yield from _misfits(frames, [plain_text(raw).split("\\") for raw in raws])


def _misfits(frames: FileFrames, frame_types: list[list[str]]) -> Iterator[Fault]:
    by_position = list(itertools.zip_longest(*frame_types, fillvalue=""))
    for index, value in enumerate(frames.instance.texts("ImageType")[:4]):
        values = {""}
        if index < len(by_position):
            values = {frame_value.strip(" \0") for frame_value in by_position[index]}
        expected = values.pop() if len(values) == 1 else "MIXED"
        if value != expected:
            yield Fault(
                frames.instance.name,
                f"Value {index + 1} of ImageType is {printable(value)}, by FrameType it is "
                f"{printable(expected)}.",
                "Write the same values in both, MIXED if frames differ.",
            )


@check("MFR-006", level="error", part="PS3.3 C.7.6.6.1.1, C.8.6.3", scope="image")
def frame_increment_points_at_an_attribute(view: SeriesView) -> Iterator[Fault]:
    """FrameIncrementPointer names an attribute of the file."""
    for frames in view.frames:
        raw = frames.instance.raw("FrameIncrementPointer") or b""
        for start in range(0, len(raw), 4):
            tag = frames.tag_at(raw[start : start + 4])
            if frames.instance.element(tag) is None:
                yield Fault(
                    frames.instance.name,
                    f"FrameIncrementPointer names {name_of(tag)}, which is missing.",
                    f"Write that attribute, or point at {PER_FRAME}.",
                )
