"""Checks of what all files of a series must share (SER)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from dicomseries.checks.registry import Fault, check
from dicomseries.checks.series_view.series_view import SeriesView, printable, printed
from dicomseries.errors import counted
from dicomseries.reading import Instance
from dicomseries.standard.series_level import (
    EQUIPMENT_LEVEL,
    FRAME_OF_REFERENCE_LEVEL,
    PATIENT_LEVEL,
    SERIES_LEVEL,
    STUDY_LEVEL,
)

__all__ = ["not_shared"]


def not_shared(view: SeriesView, keywords: Sequence[str]) -> Iterator[Fault]:
    """Yield the first file in which an attribute is not what it is in most."""
    for keyword in keywords:
        if view.differs(keyword):
            odd = view.odd(keyword)
            usual = next(one for one in view.instances if one not in odd)
            yield Fault(
                odd[0].name,
                f"{keyword} is {printed(odd[0], keyword)}, in other files {printed(usual, keyword)} "
                f"({len(odd)} of {len(view.instances)} files differ).",
                f"Write one {keyword} in all files of the series.",
            )


@check("SER-001", level="error", part="PS3.3 C.7.2.1, A.1.2")
def one_study(view: SeriesView) -> Iterator[Fault]:
    """All files belong to one study: StudyInstanceUID, date, time, ID and accession number are equal.

    A series lies in one study; archives file each study apart, and dcm2niix does not stack across them.
    """
    yield from not_shared(view, STUDY_LEVEL)


@check("SER-002", level="error", part="PS3.3 C.7.3.1")
def one_series(view: SeriesView) -> Iterator[Fault]:
    """What describes the series is equal in all files: number, date, time, modality, protocol, description, body part.

    Readers group by these as well as by SeriesInstanceUID.
    """
    yield from not_shared(view, SERIES_LEVEL)


@check("SER-003", level="error", part="PS3.3 C.7.1.1")
def one_patient(view: SeriesView) -> Iterator[Fault]:
    """All files are of one patient: name, ID, birth date, sex are equal."""
    yield from not_shared(view, PATIENT_LEVEL)


@check("SER-004", level="error", part="PS3.3 C.7.4.1", scope="image")
def one_frame_of_reference(view: SeriesView) -> Iterator[Fault]:
    """All slices are in one frame of reference; positions in two of them cannot be compared."""
    yield from not_shared(view, FRAME_OF_REFERENCE_LEVEL)


@check("SER-005", level="error", part="PS3.3 C.7.5.1")
def one_equipment(view: SeriesView) -> Iterator[Fault]:
    """One device made the series: manufacturer, model, serial number and software are equal."""
    yield from not_shared(view, EQUIPMENT_LEVEL)


@check("SER-006", level="error", part="PS3.3 C.7.6.1", scope="image")
def one_image_type(view: SeriesView) -> Iterator[Fault]:
    """ImageType and SOPClassUID are equal in all slices; readers sort derived from original images by them.

    ImageType may differ between volumes that it tells apart, such as magnitude and phase.
    """
    arrangements = [sorting.arrangement for sorting in view.places.sortings]
    tells = any(one is not None and "ImageType" in one.by.split(" and ") for one in arrangements)
    yield from not_shared(view, ("SOPClassUID",) if tells else ("ImageType", "SOPClassUID"))


@check("SER-007", level="error", part="PS3.3 C.7.6.3", scope="image")
def one_pixel_format(view: SeriesView) -> Iterator[Fault]:
    """Rows, columns, samples and bits are equal in all slices, so that they form one array."""
    yield from not_shared(
        view,
        (
            *(
                "Rows",
                "Columns",
                "SamplesPerPixel",
                "PhotometricInterpretation",
                "PlanarConfiguration",
            ),
            *("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation"),
        ),
    )


@check("SER-008", level="error", part="PS3.3 C.12.1.1, PS3.5 9")
def instances_are_unique(view: SeriesView) -> Iterator[Fault]:
    """SOPInstanceUIDs are unique. Archives keep one of two files with the same one."""
    yield from _repeated(
        view.instances, "SOPInstanceUID", "Give each file a SOPInstanceUID of its own."
    )


@check("SER-009", level="error", part="PS3.3 C.7.6.1", scope="image")
def numbers_are_unique(view: SeriesView) -> Iterator[Fault]:
    """InstanceNumbers are there and unique; viewers sort by them where they do not use positions.

    A single file may have none: the attribute is of Type 2.
    """
    empty = [instance for instance in view.instances if not instance.numbers("InstanceNumber")]
    if empty and len(view.instances) > 1:
        lacking = f"{len(empty)} of {counted(len(view.instances), 'file')} have no InstanceNumber."
        yield Fault(empty[0].name, lacking, "Number the slices from 1.")
    yield from _repeated(view.instances, "InstanceNumber", "Number the slices 1, 2, 3 …")


@check("SER-010", level="warning", part="PS3.3 C.7.6.1", scope="image")
def numbers_run_along_the_normal(view: SeriesView) -> Iterator[Fault]:
    """InstanceNumber rises, or falls, along the normal in every volume: sorting by it gives the order of the slices.

    Viewers that sort by it jump to and fro otherwise. Where it begins, and whether volumes alternate, is the maker's.
    """
    numbers = [
        next(iter(instance.numbers("InstanceNumber")), math.nan) for instance in view.instances
    ]
    if view.distances_mm is None or view.is_framed or any(map(math.isnan, numbers)):
        return
    direction = 0.0
    for volume in view.places.volumes:
        for index in range(volume.start, volume.stop - 1):
            step = numbers[index + 1] - numbers[index]
            direction = direction or step
            if step * direction < 0:
                yield Fault(
                    view.instances[index + 1].name,
                    f"InstanceNumber goes from {numbers[index]:g} to {numbers[index + 1]:g} at the next place, "
                    f"against the slices before.",
                    "Number the slices in the order of their positions, or sort them by position when you use them.",
                )
                return


@check("SER-011", level="warning", part="PS3.5 9")
def identifiers_name_one_thing(view: SeriesView) -> Iterator[Fault]:
    """StudyInstanceUID, SeriesInstanceUID, FrameOfReferenceUID and SOPInstanceUID differ from each other.

    A UID names one thing. Where study and frame of reference share one, software that looks a UID up finds the wrong
    thing, and series of one study in another space cannot be told apart.
    """
    for instance in view.instances:
        owners: dict[str, str] = {}
        for keyword in (
            "StudyInstanceUID",
            "SeriesInstanceUID",
            "FrameOfReferenceUID",
            "SOPInstanceUID",
        ):
            uid = instance.text(keyword)
            if uid and uid in owners:
                yield Fault(
                    f"{instance.name} {keyword}",
                    f"{keyword} and {owners[uid]} are both {printable(uid)}.",
                    "Give each a UID of its own where the series is made.",
                )
                return
            owners[uid] = keyword


def _repeated(instances: Sequence[Instance], keyword: str, remedy: str) -> Iterator[Fault]:
    groups: dict[str, list[Instance]] = {}
    for instance in instances:
        groups.setdefault(instance.text(keyword), []).append(instance)
    for value, group in groups.items():
        if len(group) > 1 and value:
            yield Fault(
                group[-1].name,
                f"{keyword} {printable(value)} stands in {len(group)} files.",
                remedy,
            )
