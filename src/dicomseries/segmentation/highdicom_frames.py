"""The one door to highdicom: labels and segments in, frames, dimensions and packed pixels out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy.typing as npt
from pydicom.dataset import Dataset

from dicomseries.errors import missing_package
from dicomseries.segmentation.segment_codes import Code
from dicomseries.segmentation.segments import Segment

__all__ = ["frames_of", "highdicom"]


def highdicom() -> Any:
    """Return the package.

    Raises
    ------
    MissingPackageError
        If it is not installed.

    Examples
    --------
    >>> highdicom().__name__
    'highdicom'
    """
    try:
        import highdicom as package  # noqa: PLC0415 - heavy and optional: imported when used
        import highdicom.seg  # noqa: PLC0415 - as above
    except ImportError as error:
        raise missing_package(extra="seg", where="`kind='Segmentation'`") from error
    return package


def frames_of(
    labels: npt.NDArray[Any],
    segments: Sequence[Segment],
    numbers: Sequence[int],
    segmentation_type: str,
) -> Dataset:
    """Return the object as highdicom makes it, in index space: frame i stands at (0, 0, -i) mm.

    highdicom wants an image that the labels were made from, and copies patient, study and place from it. Where no
    such image is known, none may be named; so it gets a stand-in, whose attributes the caller does not use. It sorts
    frames against the normal; counting z downwards puts them along it.

    Parameters
    ----------
    labels : ndarray, shape (slices, rows, columns), uint8 or uint16
        Numbers of segments.
    segments : sequence of Segment
        In the order of `numbers`.
    numbers : sequence of int
        SegmentNumber of each.
    segmentation_type : {"binary", "labelmap"}
        The form of the pixels.

    Raises
    ------
    MissingPackageError
        If highdicom is not installed.
    """
    hd = highdicom()
    slices, rows, columns = labels.shape
    made = hd.seg.Segmentation(
        source_images=[_stand_in(rows, columns)],
        pixel_array=labels,
        segmentation_type=segmentation_type.upper(),
        segment_descriptions=[
            _description(hd, one, number) for one, number in zip(segments, numbers, strict=True)
        ],
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
        plane_positions=[
            hd.PlanePositionSequence("PATIENT", [0, 0, -index]) for index in range(slices)
        ],
        # A label map has a frame for every slice, so that its grid is the array's.
        omit_empty_frames=segmentation_type == "binary",
    )
    _state_algorithms(made.SegmentSequence, segments)
    return made  # type: ignore[no-any-return]


def _description(hd: Any, segment: Segment, number: int) -> Dataset:
    from pydicom.sr.coding import Code as PydicomCode  # noqa: PLC0415 - it loads a large dictionary

    def coded(code: Code) -> Any:
        return PydicomCode(code.value, code.scheme, code.meaning)

    item = hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=segment.label,
        segmented_property_category=coded(segment.written_category),
        segmented_property_type=coded(segment.written_type),
        # highdicom demands a family of algorithms for the others, which the standard does not and nobody has said
        algorithm_type="MANUAL",
        tracking_id=segment.tracking_id or None,
        tracking_uid=segment.tracking_uid or None,
        anatomic_regions=None if segment.region is None else [coded(segment.region)],
        display_color=None
        if segment.color is None
        else hd.color.CIELabColor.from_rgb(*segment.color),
    )
    if segment.description:
        item.SegmentDescription = segment.description
    return item  # type: ignore[no-any-return]


def _state_algorithms(items: Sequence[Dataset], segments: Sequence[Segment]) -> None:
    """Write how each segment was made; the background of a label map comes from the same hand as the first."""
    described = [segments[0]] * (len(items) - len(segments)) + list(segments)
    for item, segment in zip(items, described, strict=True):
        item.SegmentAlgorithmType = segment.written_algorithm
        if segment.written_algorithm_name:
            item.SegmentAlgorithmName = segment.written_algorithm_name


def _stand_in(rows: int, columns: int) -> Dataset:
    image = Dataset()
    image.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    image.SOPInstanceUID, image.StudyInstanceUID, image.SeriesInstanceUID = (
        "2.25.3",
        "2.25.4",
        "2.25.5",
    )
    image.FrameOfReferenceUID, image.Modality = "2.25.6", "OT"
    for keyword in ("PatientID", "PatientName", "PatientBirthDate", "PatientSex"):
        setattr(image, keyword, "")
    for keyword in ("AccessionNumber", "StudyID", "StudyDate", "StudyTime"):
        setattr(image, keyword, "")
    image.Rows, image.Columns = rows, columns
    image.ImageOrientationPatient, image.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [0, 0, 0]
    image.PixelSpacing, image.SliceThickness = [1, 1], 1
    return image
