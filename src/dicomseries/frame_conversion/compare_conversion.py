"""Comparison of converted frames with their source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dicomseries.errors import VerificationError
from dicomseries.reading import (
    FunctionalGroups,
    Instance,
    as_numbers,
    path_of,
    read_frames,
    read_instance,
)
from dicomseries.standard.attributes.attribute import tag_of

__all__ = ["FrameFacts", "check_classic_frame", "check_enhanced_frames", "facts_of_frames"]

FrameFacts = Mapping[str, npt.NDArray[np.float64]]
"""Numbers of all frames by keyword; shape (frames, size)."""

_COMPARED = {
    "ImagePositionPatient": ("PlanePositionSequence", 3),
    "ImageOrientationPatient": ("PlaneOrientationSequence", 6),
    "PixelSpacing": ("PixelMeasuresSequence", 2),
    "RescaleSlope": ("PixelValueTransformationSequence", 1),
    "RescaleIntercept": ("PixelValueTransformationSequence", 1),
    "DiffusionBValue": ("MRDiffusionSequence", 1),
}
_UNSTATED = {"RescaleSlope": (1.0,), "RescaleIntercept": (0.0,)}
"""What it means that they are absent."""
_SOURCE = path_of("ConversionSourceAttributesSequence", "ReferencedSOPInstanceUID")


def facts_of_frames(instance: Instance) -> FrameFacts:
    """Return numbers of geometry and values of the frames of a multi-frame file."""
    groups = FunctionalGroups(instance)
    facts = {}
    for keyword, (sequence, size) in _COMPARED.items():
        numbers = groups.numbers(path_of(sequence, keyword), size)
        if numbers is not None:
            facts[keyword] = numbers
    return facts


def check_classic_frame(instance: Instance, facts: FrameFacts, index: int, path: Path) -> None:
    """Read a file of one frame, and compare it with its frame.

    Raises
    ------
    VerificationError
        If pixels or numbers differ.
    """
    written = read_instance(path)
    expected = read_frames(instance, index, index + 1)
    if not np.array_equal(read_frames(written, 0, 1), expected):
        raise _differs(instance, f"the pixels of frame {index + 1}")
    _compare(written, facts, index, instance)


def check_enhanced_frames(written: Instance, sources: Sequence[Instance]) -> None:
    """Compare the frames of a multi-frame file with the files they come from.

    Raises
    ------
    VerificationError
        If pixels or numbers differ, or a file has no frame.
    """
    uids = FunctionalGroups(written).texts(_SOURCE) or []
    by_uid = {source.text("SOPInstanceUID"): source for source in sources}
    if sorted(uids) != sorted(by_uid) or len(by_uid) != len(sources):
        raise _differs(sources[0], "the list of source images")
    facts = facts_of_frames(written)
    for index, uid in enumerate(uids):
        source = by_uid[uid]
        frame = read_frames(written, index, index + 1)
        if not np.array_equal(frame, read_frames(source, 0, 1)):
            raise _differs(source, "the pixels")
        _compare(source, facts, index, source)


def _compare(single: Instance, facts: FrameFacts, index: int, source: Instance) -> None:
    for keyword, of_frames in facts.items():
        expected = of_frames[index]
        if not np.isfinite(expected).all():
            continue
        numbers = _numbers(single, keyword)[: len(expected)] or _UNSTATED.get(keyword, ())
        if not np.array_equal(numbers, expected):
            raise _differs(source, keyword)


def _numbers(instance: Instance, keyword: str) -> tuple[float, ...]:
    element = instance.element(tag_of(keyword))
    if element is None:
        return ()
    return as_numbers(element.vr, element.raw, instance.byte_order)


def _differs(source: Instance, what: str) -> VerificationError:
    return VerificationError(
        code="frames-differ",
        where=source.name,
        given=f"{what} differ after the conversion",
        expected="the same pixels, place and values as in the source",
        remedy="Convert without this file, and report this.",
    )
