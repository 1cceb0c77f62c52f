"""Checks of what all files of a series must share (SER), of windows (WIN) and of the rescale (VAL)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from dicomseries.readback import Instance
from dicomseries.verify.registry import Fault, check
from dicomseries.verify.view import SeriesView, printable

__all__: list[str] = []

_PT = "1.2.840.10008.5.1.4.1.1.128"


def _not_shared(view: SeriesView, keywords: Sequence[str]) -> Iterator[Fault]:
    for keyword in keywords:
        if view.differs(keyword):
            odd = view.odd(keyword)
            usual = next(one for one in view.instances if one not in odd)
            yield Fault(
                odd[0].name,
                f"{keyword} is {printable(odd[0].raw(keyword))}, in other files {printable(usual.raw(keyword))} "
                f"({len(odd)} of {len(view.instances)} files differ).",
                f"Write one {keyword} in all files of the series.",
            )


@check("SER-001", level="error", part="PS3.3 C.7.2.1, A.1.2")
def one_study(view: SeriesView) -> Iterator[Fault]:
    """All files belong to one study: StudyInstanceUID, date, time, ID and accession number are equal.

    A series lies in one study; archives file each study apart, and dcm2niix does not stack across them.
    """
    yield from _not_shared(view, ("StudyInstanceUID", "StudyDate", "StudyTime", "StudyID", "AccessionNumber"))


@check("SER-002", level="error", part="PS3.3 C.7.3.1")
def one_series(view: SeriesView) -> Iterator[Fault]:
    """What describes the series is equal in all files: number, date, time, modality, protocol, description, body part.

    Readers group by these as well as by SeriesInstanceUID.
    """
    yield from _not_shared(
        view,
        (
            *("SeriesInstanceUID", "SeriesNumber", "SeriesDate", "SeriesTime", "Modality", "ProtocolName"),
            *("SeriesDescription", "BodyPartExamined", "Laterality", "PatientPosition"),
        ),
    )


@check("SER-003", level="error", part="PS3.3 C.7.1.1")
def one_patient(view: SeriesView) -> Iterator[Fault]:
    """All files are of one patient: name, ID, birth date, sex are equal."""
    yield from _not_shared(view, ("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "IssuerOfPatientID"))


@check("SER-004", level="error", part="PS3.3 C.7.4.1")
def one_frame_of_reference(view: SeriesView) -> Iterator[Fault]:
    """All slices are in one frame of reference; positions in two of them cannot be compared."""
    yield from _not_shared(view, ("FrameOfReferenceUID", "PositionReferenceIndicator"))


@check("SER-005", level="error", part="PS3.3 C.7.5.1")
def one_equipment(view: SeriesView) -> Iterator[Fault]:
    """One device made the series: manufacturer, model, serial number and software are equal."""
    yield from _not_shared(view, ("Manufacturer", "ManufacturerModelName", "DeviceSerialNumber", "SoftwareVersions"))


@check("SER-006", level="error", part="PS3.3 C.7.6.1")
def one_image_type(view: SeriesView) -> Iterator[Fault]:
    """ImageType and SOPClassUID are equal in all slices; readers sort derived from original images by them."""
    yield from _not_shared(view, ("ImageType", "SOPClassUID"))


@check("SER-007", level="error", part="PS3.3 C.7.6.3")
def one_pixel_format(view: SeriesView) -> Iterator[Fault]:
    """Rows, columns, samples and bits are equal in all slices, so that they form one array."""
    yield from _not_shared(
        view,
        (
            *("Rows", "Columns", "SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration"),
            *("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation"),
        ),
    )


@check("SER-008", level="error", part="PS3.3 C.12.1.1, PS3.5 9")
def instances_are_unique(view: SeriesView) -> Iterator[Fault]:
    """SOPInstanceUIDs are unique. Archives keep one of two files with the same one."""
    yield from _repeated(view.instances, "SOPInstanceUID", "Give each file a SOPInstanceUID of its own.")


@check("SER-009", level="error", part="PS3.3 C.7.6.1")
def numbers_are_unique(view: SeriesView) -> Iterator[Fault]:
    """InstanceNumbers are there and unique; viewers sort by them where they do not use positions."""
    empty = [instance for instance in view.instances if not instance.numbers("InstanceNumber")]
    if empty:
        yield Fault(empty[0].name, f"{len(empty)} files have no InstanceNumber.", "Number the slices from 1.")
    yield from _repeated(view.instances, "InstanceNumber", "Number the slices 1, 2, 3 …")


@check("SER-010", level="warning", part="PS3.3 C.7.6.1")
def numbers_run_along_the_normal(view: SeriesView) -> Iterator[Fault]:
    """InstanceNumber runs 1..N along the normal, so that sorting by number and by position give the same array."""
    numbers = [instance.numbers("InstanceNumber")[:1] for instance in view.instances]
    wanted = [(float(index + 1),) for index in range(len(numbers))]
    if view.distances_mm is not None and numbers != wanted and all(numbers):
        index = next(index for index, number in enumerate(numbers) if number != wanted[index])
        yield Fault(
            view.instances[index].name,
            f"Slice {index + 1} along the normal has InstanceNumber {numbers[index][0]:g}.",
            "Number the slices 1, 2, 3 … along the normal.",
        )


def _repeated(instances: Sequence[Instance], keyword: str, remedy: str) -> Iterator[Fault]:
    groups: dict[str, list[Instance]] = {}
    for instance in instances:
        groups.setdefault(instance.text(keyword), []).append(instance)
    for value, group in groups.items():
        if len(group) > 1 and value:
            yield Fault(group[-1].name, f"{keyword} {printable(value)} stands in {len(group)} files.", remedy)


@check("WIN-001", level="warning", part="PS3.3 C.11.2")
def window_is_there(view: SeriesView) -> Iterator[Fault]:
    """Grey images have a window (or a VOI LUT). Without one, each viewer guesses another contrast for each slice."""
    grey = view.first.samples == 1
    if grey and not view.differs("WindowCenter") and not (view.first.raw("WindowCenter") or _has_lut(view.first)):
        yield Fault(view.first.name, "There is no WindowCenter and WindowWidth.", "Write one window in all slices.")


def _has_lut(instance: Instance) -> bool:
    return bool(instance.raw("VOILUTSequence"))


@check("WIN-002", level="error", part="PS3.3 C.11.2")
def window_is_everywhere(view: SeriesView) -> Iterator[Fault]:
    """If one slice has a window, all have, center and width with as many values.

    The contrast jumps at a slice without one.
    """
    if not (view.differs("WindowCenter") or view.differs("WindowWidth")):
        instances: tuple[Instance, ...] = (view.first,)
    else:
        instances = view.instances
    somewhere = any(one.raw("WindowCenter") or one.raw("WindowWidth") for one in instances)
    for instance in instances:
        centers, widths = instance.numbers("WindowCenter"), instance.numbers("WindowWidth")
        if somewhere and not (len(centers) == len(widths) > 0):
            yield Fault(
                instance.name,
                f"WindowCenter is {printable(instance.raw('WindowCenter'))}, "
                f"WindowWidth {printable(instance.raw('WindowWidth'))}.",
                "Write the same window as in the other slices.",
            )


@check("WIN-003", level="warning", part="PS3.3 C.11.2")
def window_is_one(view: SeriesView) -> Iterator[Fault]:
    """All slices have the same window, so that equal values look equal while scrolling."""
    both = all(instance.raw("WindowCenter") for instance in view.instances)
    if both:
        yield from _not_shared(view, ("WindowCenter", "WindowWidth", "VOILUTFunction"))


@check("WIN-004", level="error", part="PS3.3 C.11.2.1.2")
def window_is_wide_enough(view: SeriesView) -> Iterator[Fault]:
    """WindowWidth is at least 1, or above 0 with VOILUTFunction LINEAR_EXACT or SIGMOID."""
    for instance in view.representatives("WindowWidth"):
        exact = instance.text("VOILUTFunction") in {"LINEAR_EXACT", "SIGMOID"}
        if any(width <= 0 or (width < 1 and not exact) for width in instance.numbers("WindowWidth")):
            yield Fault(
                instance.name,
                f"WindowWidth is {printable(instance.raw('WindowWidth'))}.",
                "Write a wider window, or VOILUTFunction LINEAR_EXACT.",
            )


@check("VAL-001", level="error", part="PS3.3 C.11.1.1")
def rescale_is_usable(view: SeriesView) -> Iterator[Fault]:
    """RescaleSlope and RescaleIntercept come together, are one finite number each, and the slope is not 0."""
    instances = view.instances if view.differs("RescaleSlope") or view.differs("RescaleIntercept") else (view.first,)
    for instance in instances:
        slopes, intercepts = instance.numbers("RescaleSlope"), instance.numbers("RescaleIntercept")
        absent = instance.raw("RescaleSlope") is None and instance.raw("RescaleIntercept") is None
        fine = len(slopes) == len(intercepts) == 1 and all(map(math.isfinite, (*slopes, *intercepts)))
        if not absent and not (fine and slopes[0] != 0):
            yield Fault(
                instance.name,
                f"RescaleSlope is {printable(instance.raw('RescaleSlope'))}, "
                f"RescaleIntercept {printable(instance.raw('RescaleIntercept'))}.",
                "Write one finite slope that is not 0, and one finite intercept.",
            )


@check("VAL-002", level="error", part="PS3.3 C.8.2.1, C.11.1")
def rescale_is_one(view: SeriesView) -> Iterator[Fault]:
    """Slope, intercept and their unit are equal in all slices; in PET images the slope may differ.

    Many readers take the first slice's for all.
    """
    keywords = (
        ("RescaleIntercept", "RescaleType")
        if view.first.text("SOPClassUID") == _PT
        else (
            "RescaleSlope",
            "RescaleIntercept",
            "RescaleType",
        )
    )
    yield from _not_shared(view, keywords)


@check("VAL-003", level="error", part="PS3.3 C.8.9.4.1.4")
def pet_starts_at_zero(view: SeriesView) -> Iterator[Fault]:
    """RescaleIntercept of PET images is 0: stored 0 means no activity."""
    for instance in view.representatives("RescaleIntercept"):
        if instance.text("SOPClassUID") == _PT and instance.intercept != 0:
            yield Fault(
                instance.name,
                f"RescaleIntercept is {printable(instance.raw('RescaleIntercept'))}.",
                "Store PET values with intercept 0.",
            )


@check("VAL-004", level="error", part="PS3.3 C.7.6.1.1.5")
def lossy_compression_is_told(view: SeriesView) -> Iterator[Fault]:
    """LossyImageCompression 01 comes with ratio and method, and stands where the transfer syntax is lossy.

    Who measures must know what was lost.
    """
    for instance in view.representatives("LossyImageCompression"):
        is_lossy = instance.text("LossyImageCompression") == "01"
        lacking = [
            key for key in ("LossyImageCompressionRatio", "LossyImageCompressionMethod") if not instance.raw(key)
        ]
        if is_lossy and lacking:
            yield Fault(
                instance.name,
                f"LossyImageCompression is 01, {' and '.join(lacking)} is missing.",
                f"Write {' and '.join(lacking)}.",
            )
        if not is_lossy and instance.transfer_syntax in _ALWAYS_LOSSY:
            yield Fault(instance.name, "A lossy transfer syntax without LossyImageCompression 01.", "Write 01.")


_ALWAYS_LOSSY = frozenset({"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"})
"""JPEG Baseline and Extended; the near-lossless syntaxes may be lossless in fact."""
