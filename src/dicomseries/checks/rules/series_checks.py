"""Checks of shared attributes of a series (SER)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

from dicomseries.checks.registry import Fault, check
from dicomseries.checks.series_view.element_values import printable, printed
from dicomseries.checks.series_view.series_view import SeriesView
from dicomseries.errors import counted
from dicomseries.reading import Instance
from dicomseries.standard.objects.series_level import (
    EQUIPMENT_LEVEL,
    FRAME_OF_REFERENCE_LEVEL,
    PATIENT_LEVEL,
    SERIES_LEVEL,
    STUDY_LEVEL,
)

__all__ = ["not_shared"]

_UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID", "SOPInstanceUID")
_PIXEL_FORMAT = (
    "Rows",
    "Columns",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "PlanarConfiguration",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
)


def not_shared(view: SeriesView, keywords: Sequence[str]) -> Iterator[Fault]:
    """Yield the first file with an unusual value."""
    for keyword in keywords:
        if view.differs(keyword):
            unusual = view.unusual(keyword)
            usual = next(instance for instance in view.instances if instance not in unusual)
            counts = f"{len(unusual)} of {len(view.instances)} files differ"
            yield Fault(
                unusual[0].name,
                f"{keyword} is {printed(unusual[0], keyword)}, in other files "
                f"{printed(usual, keyword)} ({counts}).",
                f"Write one {keyword} in all files of the series.",
            )


@check("SER-001", level="error", part="PS3.3 C.7.2.1, A.1.2")
def one_study(view: SeriesView) -> Iterator[Fault]:
    """All files belong to one study.

    StudyInstanceUID, date, time, ID and accession number are equal. Archives file each study apart,
    and dcm2niix does not stack slices of several.
    """
    yield from not_shared(view, STUDY_LEVEL)


@check("SER-002", level="error", part="PS3.3 C.7.3.1")
def one_series(view: SeriesView) -> Iterator[Fault]:
    """Attributes of the series are equal in all files.

    Number, date, time, modality, protocol, description, body part: readers group files by them as
    well as by SeriesInstanceUID.
    """
    yield from not_shared(view, SERIES_LEVEL)


@check("SER-003", level="error", part="PS3.3 C.7.1.1")
def one_patient(view: SeriesView) -> Iterator[Fault]:
    """All files have one patient: name, ID, birth date, sex."""
    yield from not_shared(view, PATIENT_LEVEL)


@check("SER-004", level="error", part="PS3.3 C.7.4.1", scope="image")
def one_frame_of_reference(view: SeriesView) -> Iterator[Fault]:
    """All slices are in one frame of reference.

    Positions in two of them cannot be compared.
    """
    yield from not_shared(view, FRAME_OF_REFERENCE_LEVEL)


@check("SER-005", level="error", part="PS3.3 C.7.5.1")
def one_equipment(view: SeriesView) -> Iterator[Fault]:
    """One device made the series: manufacturer, model, serial number, software."""
    yield from not_shared(view, EQUIPMENT_LEVEL)


@check("SER-006", level="error", part="PS3.3 C.7.6.1", scope="image")
def one_image_type(view: SeriesView) -> Iterator[Fault]:
    """ImageType and SOPClassUID are equal in all slices.

    Readers separate derived from original images by them. ImageType may differ between volumes that
    it distinguishes, such as magnitude and phase.
    """
    keywords = ["ImageType", "SOPClassUID"]
    if any("ImageType" in by.split(" and ") for by in view.arranged_by):
        keywords.remove("ImageType")
    yield from not_shared(view, keywords)


@check("SER-007", level="error", part="PS3.3 C.7.6.3", scope="image")
def one_pixel_format(view: SeriesView) -> Iterator[Fault]:
    """Rows, columns, samples and bits are equal in all slices.

    Only then they form one array.
    """
    yield from not_shared(view, _PIXEL_FORMAT)


@check("SER-008", level="error", part="PS3.3 C.12.1.1, PS3.5 9")
def instances_are_unique(view: SeriesView) -> Iterator[Fault]:
    """SOPInstanceUIDs are unique.

    Archives keep only one of two files with the same SOPInstanceUID.
    """
    yield from _repeated(
        view.instances, "SOPInstanceUID", "Write a different SOPInstanceUID into each file."
    )


@check("SER-009", level="error", part="PS3.3 C.7.6.1", scope="image")
def numbers_are_unique(view: SeriesView) -> Iterator[Fault]:
    """InstanceNumbers are present and unique.

    Viewers without positions sort by them. A single file may have none: the attribute is of Type 2.
    """
    without = [instance for instance in view.instances if not instance.numbers("InstanceNumber")]
    if without and len(view.instances) > 1:
        files = counted(len(view.instances), "file")
        yield Fault(
            without[0].name,
            f"{len(without)} of {files} have no InstanceNumber.",
            "Number the slices from 1.",
        )
    yield from _repeated(view.instances, "InstanceNumber", "Number the slices 1, 2, 3 …")


def _repeated(instances: Sequence[Instance], keyword: str, remedy: str) -> Iterator[Fault]:
    groups: dict[str, list[Instance]] = {}
    for instance in instances:
        groups.setdefault(instance.text(keyword), []).append(instance)
    for value, group in groups.items():
        if len(group) > 1 and value:
            yield Fault(
                group[-1].name, f"{len(group)} files have {keyword} {printable(value)}.", remedy
            )


@check("SER-010", level="warning", part="PS3.3 C.7.6.1", scope="image")
def numbers_run_along_the_normal(view: SeriesView) -> Iterator[Fault]:
    """InstanceNumber rises, or falls, along the normal in every volume.

    Viewers that sort by it would jump back and forth. The first number is free, and numbers of
    several volumes may alternate.
    """
    numbers = []
    for instance in view.instances:
        numbers.append(next(iter(instance.numbers("InstanceNumber")), math.nan))
    has_geometry = view.places.distances_mm is not None
    if not has_geometry or view.is_multi_frame or any(map(math.isnan, numbers)):
        return
    direction = 0.0
    for volume in view.places.volumes:
        for index, (number, following) in enumerate(
            itertools.pairwise(numbers[volume.start : volume.stop]), volume.start
        ):
            step = following - number
            direction = direction or step
            if step * direction < 0:
                yield Fault(
                    view.instances[index + 1].name,
                    f"InstanceNumber goes from {number:g} to {following:g} at the next position, "
                    "against the slices before.",
                    "Number the slices in the order of their positions, or sort them by position "
                    "when you use them.",
                )
                return


@check("SER-011", level="warning", part="PS3.5 9")
def identifiers_are_different(view: SeriesView) -> Iterator[Fault]:
    """UIDs of study, series, frame of reference and instance differ.

    A UID names one thing. If study and frame of reference share one, software that looks the UID up
    finds the wrong one, and cannot separate series of one study in different spaces.
    """
    for instance in view.instances:
        owners: dict[str, str] = {}
        for keyword in _UIDS:
            uid = instance.text(keyword)
            if uid and uid in owners:
                yield Fault(
                    f"{instance.name} {keyword}",
                    f"{keyword} and {owners[uid]} are both {printable(uid)}.",
                    "Create a separate UID for each, in the program that makes the series.",
                )
                return
            owners[uid] = keyword
