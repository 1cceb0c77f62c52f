"""Frames of a Segmentation by highdicom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from dicomseries.errors import missing_package
from dicomseries.segmentation.segment_codes import Code
from dicomseries.segmentation.segments import Segment

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["frames_of"]


def frames_of(
    labels: npt.NDArray[Any],
    segments: Sequence[Segment],
    numbers: Sequence[int],
    segmentation_type: str,
) -> Dataset:
    """Return highdicom's object in index space.

    Slice i lies at (0, 0, -i) mm.

    highdicom requires a source image and copies patient, study and place from it. It gets a
    placeholder, whose attributes the caller does not use. highdicom sorts frames against the
    normal; z counts downwards to sort them along it.

    Parameters
    ----------
    labels : ndarray, shape (slices, rows, columns), uint8 or uint16
        Numbers of segments.
    segments : sequence of Segment
        In the order of `numbers`.
    numbers : sequence of int
        SegmentNumber of each.
    segmentation_type : {"binary", "labelmap"}
        Form of the pixels.

    Raises
    ------
    MissingPackageError
        If highdicom is not installed.
    """
    hd = _highdicom()
    slices, rows, columns = labels.shape
    descriptions = []
    for segment, number in zip(segments, numbers, strict=True):
        descriptions.append(_description(hd, segment, number))
    positions = [hd.PlanePositionSequence("PATIENT", [0, 0, -index]) for index in range(slices)]
    segmentation = hd.seg.Segmentation(
        source_images=[_placeholder(rows, columns)],
        pixel_array=labels,
        segmentation_type=segmentation_type.upper(),
        segment_descriptions=descriptions,
        series_instance_uid="2.25.1",
        series_number=1,
        sop_instance_uid="2.25.2",
        instance_number=1,
        manufacturer="",
        manufacturer_model_name="",
        software_versions="",
        device_serial_number="",
        pixel_measures=hd.PixelMeasuresSequence([1, 1], 1, 1),
        plane_orientation=hd.PlaneOrientationSequence("PATIENT", [1, 0, 0, 0, 1, 0]),
        plane_positions=positions,
        # A label map has a frame for every slice, so that its grid is the array's.
        omit_empty_frames=segmentation_type == "binary",
    )
    _state_algorithms(segmentation.SegmentSequence, segments)
    segmentation.SegmentSequence = _background_last(segmentation.SegmentSequence)
    _close_database(segmentation)
    return segmentation  # type: ignore[no-any-return]


def _background_last(items: Sequence[Dataset]) -> Sequence[Dataset]:
    """Return the items of SegmentSequence with the background of a label map behind the others.

    OHIF 3.13 colours the segments by the order of items, as if the first were segment 1.
    """
    from pydicom.sequence import Sequence as DicomSequence  # noqa: PLC0415 - slow to import

    return DicomSequence(sorted(items, key=lambda item: item.SegmentNumber == 0))


def _close_database(segmentation: Any) -> None:
    """Close highdicom's table of frames, which Python 3.13 reports when it is left open."""
    database = getattr(segmentation, "_db_con", None)
    if database is not None:
        database.close()


def _highdicom() -> Any:
    try:
        import highdicom  # noqa: PLC0415 - heavy and optional
        import highdicom.seg  # noqa: PLC0415 - as above
    except ImportError as error:
        raise missing_package(extra="seg", where="`kind='Segmentation'`") from error
    return highdicom


def _description(hd: Any, segment: Segment, number: int) -> Dataset:
    from pydicom.sr.coding import Code as PydicomCode  # noqa: PLC0415 - loads a large dictionary

    def coded(code: Code) -> Any:
        return PydicomCode(code.value, code.scheme, code.meaning)

    options: dict[str, Any] = {}
    if segment.region is not None:
        options["anatomic_regions"] = [coded(segment.region)]
    if segment.color is not None:
        options["display_color"] = hd.color.CIELabColor.from_rgb(*segment.color)
    item = hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=segment.label,
        segmented_property_category=coded(segment.written_category),
        segmented_property_type=coded(segment.written_type),
        # for other types highdicom requires a family of algorithms, which the standard does not
        algorithm_type="MANUAL",
        tracking_id=segment.tracking_id or None,
        tracking_uid=segment.tracking_uid or None,
        **options,
    )
    if segment.modifier is not None:
        modifier = hd.sr.CodedConcept.from_code(coded(segment.modifier))
        item.SegmentedPropertyTypeCodeSequence[0].SegmentedPropertyTypeModifierCodeSequence = [
            modifier
        ]
    if segment.region_modifier is not None:
        modifier = hd.sr.CodedConcept.from_code(coded(segment.region_modifier))
        item.AnatomicRegionSequence[0].AnatomicRegionModifierSequence = [modifier]
    if segment.description:
        item.SegmentDescription = segment.description
    return item  # type: ignore[no-any-return]


def _state_algorithms(items: Sequence[Dataset], segments: Sequence[Segment]) -> None:
    """Write the algorithm of each segment.

    A label map's background has that of the first.
    """
    background = [segments[0]] * (len(items) - len(segments))
    for item, segment in zip(items, [*background, *segments], strict=True):
        item.SegmentAlgorithmType = segment.written_algorithm
        if segment.written_algorithm_name:
            item.SegmentAlgorithmName = segment.written_algorithm_name


def _placeholder(rows: int, columns: int) -> Dataset:
    from pydicom.dataset import Dataset  # noqa: PLC0415 - slow to import

    image = Dataset()
    image.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    image.SOPInstanceUID = "2.25.3"
    image.StudyInstanceUID = "2.25.4"
    image.SeriesInstanceUID = "2.25.5"
    image.FrameOfReferenceUID = "2.25.6"
    image.Modality = "OT"
    for keyword in ("PatientID", "PatientName", "PatientBirthDate", "PatientSex"):
        setattr(image, keyword, "")
    for keyword in ("AccessionNumber", "StudyID", "StudyDate", "StudyTime"):
        setattr(image, keyword, "")
    image.Rows, image.Columns = rows, columns
    image.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    image.ImagePositionPatient = [0, 0, 0]
    image.PixelSpacing = [1, 1]
    image.SliceThickness = 1
    return image
