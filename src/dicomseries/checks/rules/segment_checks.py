"""Checks of segmentations (SEG)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from dicomseries.checks.registry import Fault, check
from dicomseries.checks.series_view.element_values import items_in, number_in, printable, text_in
from dicomseries.checks.series_view.series_view import LABEL_MAP, SeriesView
from dicomseries.errors import DicomSeriesError
from dicomseries.reading import SEGMENTATIONS, Instance, read_frames
from dicomseries.standard.attributes.attribute import tag_of

__all__: list[str] = []

_BITS = {"BINARY": {1}, "FRACTIONAL": {8}, "LABELMAP": {8, 16}}
_FRAMES_PER_READ = 64


def _segment_numbers(instance: Instance) -> list[int | None]:
    """Return the SegmentNumber of each item of SegmentSequence."""
    numbers: list[int | None] = []
    for item in items_in(instance, instance.element(tag_of("SegmentSequence"))):
        number = number_in(item, "SegmentNumber", instance.byte_order)
        numbers.append(None if number is None else int(number))
    return numbers


def _segmentations(view: SeriesView) -> list[Instance]:
    return [instance for instance in view.instances if instance.sop_class_uid in SEGMENTATIONS]


@check("SEG-001", level="error", part="PS3.3 C.8.20.2.4", scope="image")
def segments_are_numbered(view: SeriesView) -> Iterator[Fault]:
    """SegmentNumber counts the segments 1, 2, 3 ….

    The segments of a label map have any different numbers; 0 is the background.
    """
    for instance in _segmentations(view):
        numbers = _segment_numbers(instance)
        expected = list(range(1, len(numbers) + 1))
        is_legal = numbers == expected
        if instance.text("SegmentationType") == "LABELMAP":
            is_legal = len(numbers) == len({*numbers}) and None not in numbers
        if not is_legal or not numbers:
            yield Fault(
                f"{instance.name} SegmentSequence",
                f"SegmentNumbers are {numbers}.",
                "Number the segments from 1, each with a different number.",
            )


@check("SEG-002", level="error", part="PS3.3 C.8.20.3.1", scope="image")
def frames_are_of_known_segments(view: SeriesView) -> Iterator[Fault]:
    """ReferencedSegmentNumber of every frame is the number of a segment.

    Label maps have none.
    """
    if not view.is_sparse:
        return
    for frames in view.frames:
        numbers = frames.numbers("ReferencedSegmentNumber")
        if numbers is None:
            continue
        known = _segment_numbers(frames.instance)
        for number in np.unique(numbers[np.isfinite(numbers)]).astype(int).tolist():
            if number not in known:
                yield Fault(
                    frames.name(int(np.argmax(numbers == number))),
                    f"It is of segment {number}, which is not in SegmentSequence.",
                    "Describe the segment in SegmentSequence.",
                )


@check("SEG-003", level="error", part="PS3.3 C.8.20.2.3", scope="image")
def bits_fit_the_segmentation(view: SeriesView) -> Iterator[Fault]:
    """BitsAllocated and the SOP class fit the SegmentationType.

    1 bit for BINARY, 8 for FRACTIONAL, 8 or 16 for LABELMAP, which has a separate SOP class.
    """
    for instance in _segmentations(view):
        kind, bits = instance.text("SegmentationType"), instance.number("BitsAllocated")
        if bits not in _BITS.get(kind, set()):
            yield Fault(
                instance.name,
                f"BitsAllocated is {bits} with SegmentationType {printable(kind)}.",
                "Write BitsAllocated 1 for BINARY, 8 for FRACTIONAL, 8 or 16 for LABELMAP.",
            )
        if (kind == "LABELMAP") != (instance.sop_class_uid == LABEL_MAP):
            yield Fault(
                instance.name,
                f"SegmentationType is {printable(kind)} in the SOP class "
                f"{instance.text('SOPClassUID')}.",
                "Write label maps as Label Map Segmentation, all others as Segmentation.",
            )


@check("SEG-004", level="error", part="PS3.3 C.8.20.2", scope="image")
def algorithms_are_named(view: SeriesView) -> Iterator[Fault]:
    """Every segment names its algorithm, or is drawn by hand.

    SegmentAlgorithmType is AUTOMATIC, SEMIAUTOMATIC or MANUAL; the first two have a
    SegmentAlgorithmName.
    """
    for where, items, _ in view.sequences("SegmentSequence"):
        for index, item in enumerate(items):
            segment = f"{where} SegmentSequence[{index}]"
            kind = text_in(item, "SegmentAlgorithmType")
            if kind not in {"AUTOMATIC", "SEMIAUTOMATIC", "MANUAL"}:
                yield Fault(
                    segment,
                    f"SegmentAlgorithmType is {printable(kind)}.",
                    "Write AUTOMATIC, SEMIAUTOMATIC or MANUAL.",
                )
            elif kind != "MANUAL" and not text_in(item, "SegmentAlgorithmName"):
                yield Fault(
                    segment,
                    f"SegmentAlgorithmType is {kind}, but SegmentAlgorithmName is missing.",
                    "Name the algorithm.",
                )


@check("SEG-005", level="error", part="PS3.3 C.8.20.2.3.3", scope="pixels")
def labels_are_described(instance: Instance) -> Iterator[Fault]:
    """Stored values of a label map are segments, or 0."""
    if instance.text("SegmentationType") != "LABELMAP":
        return
    labels: set[int] = set()
    try:
        for start in range(0, instance.frames, _FRAMES_PER_READ):
            stop = min(instance.frames, start + _FRAMES_PER_READ)
            labels.update(np.unique(read_frames(instance, start, stop)).tolist())
    except DicomSeriesError:
        return  # FIL-004 and PIX-005 report it
    unknown = sorted(labels.difference({0, *_segment_numbers(instance)}))
    if unknown:
        yield Fault(
            instance.name,
            f"{len(unknown)} labels are not in SegmentSequence, the first is {unknown[0]}.",
            "Describe every label in SegmentSequence.",
        )
