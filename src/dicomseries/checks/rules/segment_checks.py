"""Checks of segmentations (SEG)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from dicomseries.checks.registry import Fault, check
from dicomseries.checks.series_view.frame_views import FileFrames, number_in, raw_in
from dicomseries.checks.series_view.series_view import SEGMENTATIONS, SeriesView, printable
from dicomseries.errors import DicomSeriesError
from dicomseries.reading import Instance, read_frames

__all__: list[str] = []

_BITS = {"BINARY": {1}, "FRACTIONAL": {8}, "LABELMAP": {8, 16}}
_FRAMES_A_READ = 64


def _numbers(instance: Instance) -> list[int | None]:
    """Return the SegmentNumber of each item of SegmentSequence."""
    frames = FileFrames(instance)
    order = ">" if frames.is_big_endian else "<"
    found = (number_in(item, "SegmentNumber", order) for item in frames.items("SegmentSequence"))
    return [None if one is None else int(one) for one in found]


def _segmentations(view: SeriesView) -> tuple[Instance, ...]:
    return tuple(one for one in view.instances if one.sop_class_uid in SEGMENTATIONS)


@check("SEG-001", level="error", part="PS3.3 C.8.20.2.4", scope="image")
def segments_are_numbered(view: SeriesView) -> Iterator[Fault]:
    """SegmentNumber counts the segments 1, 2, 3 …; in a label map each has a number of its own, 0 is the background."""
    for instance in _segmentations(view):
        found = _numbers(instance)
        is_map = instance.text("SegmentationType") == "LABELMAP"
        fine = (
            len(found) == len({*found}) and None not in found
            if is_map
            else found == [*range(1, len(found) + 1)]
        )
        if not fine or not found:
            yield Fault(
                f"{instance.name} SegmentSequence",
                f"SegmentNumbers are {found}.",
                "Give each segment a number of its own, from 1.",
            )


@check("SEG-002", level="error", part="PS3.3 C.8.20.3.1", scope="image")
def frames_are_of_known_segments(view: SeriesView) -> Iterator[Fault]:
    """ReferencedSegmentNumber of every frame is the number of a segment; label maps have none."""
    for frames in view.frames if view.is_sparse else ():
        told = frames.numbers("ReferencedSegmentNumber")
        known = _numbers(frames.instance)
        for number in (
            () if told is None else np.unique(told[np.isfinite(told)]).astype(int).tolist()
        ):
            if number not in known:
                yield Fault(
                    frames.name(int(np.argmax(told == number))),
                    f"It is of segment {number}, which SegmentSequence has not.",
                    "Describe the segment in SegmentSequence.",
                )


@check("SEG-003", level="error", part="PS3.3 C.8.20.2.3", scope="image")
def bits_fit_the_segmentation(view: SeriesView) -> Iterator[Fault]:
    """BitsAllocated is 1 for BINARY, 8 for FRACTIONAL, 8 or 16 for LABELMAP, which has a SOP class of its own."""
    for instance in _segmentations(view):
        kind, bits = instance.text("SegmentationType"), instance.number("BitsAllocated")
        if bits not in _BITS.get(kind, set()):
            yield Fault(
                instance.name,
                f"BitsAllocated is {bits} with SegmentationType {printable(kind)}.",
                "Write BitsAllocated 1 for BINARY, 8 for FRACTIONAL, 8 or 16 for LABELMAP.",
            )
        if (kind == "LABELMAP") != instance.sop_class_uid.endswith(".66.7"):
            yield Fault(
                instance.name,
                f"SegmentationType {printable(kind)} in the SOP class {instance.text('SOPClassUID')}.",
                "Write label maps as Label Map Segmentation, all others as Segmentation.",
            )


@check("SEG-004", level="error", part="PS3.3 C.8.20.2", scope="image")
def algorithms_are_named(view: SeriesView) -> Iterator[Fault]:
    """Every segment says how it was made; one that no person drew has a SegmentAlgorithmName."""
    for where, items, _ in view.sequences("SegmentSequence"):
        for index, item in enumerate(items):
            kind = raw_in(item, "SegmentAlgorithmType").strip(b" \0").decode("latin-1")
            if kind not in {"AUTOMATIC", "SEMIAUTOMATIC", "MANUAL"}:
                yield Fault(
                    f"{where} SegmentSequence[{index}]",
                    f"SegmentAlgorithmType is {printable(kind)}.",
                    "Write AUTOMATIC, SEMIAUTOMATIC or MANUAL.",
                )
            elif kind != "MANUAL" and not raw_in(item, "SegmentAlgorithmName").strip(b" \0"):
                yield Fault(
                    f"{where} SegmentSequence[{index}]",
                    f"{kind} without SegmentAlgorithmName.",
                    "Name the algorithm.",
                )


@check("SEG-005", level="error", part="PS3.3 C.8.20.2.3.3", scope="pixels")
def labels_are_described(instance: Instance) -> Iterator[Fault]:
    """Every stored value of a label map is the number of a segment, or 0 for the background."""
    if instance.text("SegmentationType") != "LABELMAP":
        return
    found: set[int] = set()
    try:
        for start in range(0, instance.frames, _FRAMES_A_READ):
            stop = min(instance.frames, start + _FRAMES_A_READ)
            found |= {*np.unique(read_frames(instance, start, stop)).tolist()}
    except DicomSeriesError:
        return  # FIL-004 and PIX-005 say so
    unknown = sorted(found - {0, *_numbers(instance)})
    if unknown:
        yield Fault(
            instance.name,
            f"{len(unknown)} labels are not in SegmentSequence, the first is {unknown[0]}.",
            "Describe every label in SegmentSequence.",
        )
