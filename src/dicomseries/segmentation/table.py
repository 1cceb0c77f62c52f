"""Segmentation and Label Map Segmentation (PS3.3 A.51, A.90) as a table: all but the frames and segments."""

from __future__ import annotations

from dicomseries.iod import common
from dicomseries.iod.kind import Absent, Choice, Constant, Default, Fact, Kind, Row
from dicomseries.values import PixelRules

__all__ = ["SEGMENTATION", "SOP_CLASSES"]

SOP_CLASSES = {"binary": "1.2.840.10008.5.1.4.1.1.66.4", "labelmap": "1.2.840.10008.5.1.4.1.1.66.7"}
"""Segmentation type → SOP Class UID (PS3.4 annex B.5): one bit a voxel and segment, or one label a voxel."""

_SEGMENTS = "Use segments= to describe them."
_WRITTEN = "Leave it out; the labels decide."


def _written(keyword: str, remedy: str = _WRITTEN) -> Row:
    """Return the row of what follows from the labels, which a user cannot give."""
    return Row(keyword, "3", Absent(reason="it follows from the labels and the segments (C.8.20)", remedy=remedy))


# C.7.5.2: the equipment that made this object is this program, which has no serial number
_ENHANCED_EQUIPMENT = (
    Row("Manufacturer", "1", Choice(values=("dicomseries",))),
    Row("ManufacturerModelName", "1", Choice(values=("dicomseries",))),
    Row("DeviceSerialNumber", "1", Choice(values=("NONE",))),
    Row("SoftwareVersions", "1", Default()),
)

# C.8.20.1; Laterality is not asked for, since a segment names its own region
_SERIES = (
    *(row for row in common.SERIES if row.keyword not in {"Laterality", "SeriesNumber"}),
    Row("SeriesNumber", "1", Choice(values=("1",))),
)

# C.8.20.2 with table 10-12 (Content Identification)
_SEGMENTATION_IMAGE = (
    Row("ImageType", "1", Constant(values=("DERIVED", "PRIMARY"))),
    Row("ContentLabel", "1", Choice(values=("SEGMENTATION",))),
    Row("ContentDescription", "2", Choice()),
    Row("ContentCreatorName", "2", Choice()),
    Row("ContentDate", "1", Default()),
    Row("ContentTime", "1", Default()),
    Row("InstanceNumber", "1", Fact()),
    _written("SegmentSequence", _SEGMENTS),
    _written("SegmentationType", "Use segmentation_type= instead."),
    *(
        _written(keyword)
        for keyword in (
            "SegmentsOverlap",
            "DimensionOrganizationSequence",
            "DimensionOrganizationType",
            "DimensionIndexSequence",
            "SegmentationFractionalType",
            "MaximumFractionalValue",
            "LossyImageCompression",
            "PresentationLUTShape",
        )
    ),
)

SEGMENTATION = Kind(
    name="Segmentation",
    title="Segmentation",
    summary="segmentation, for label maps and masks: whole numbers or booleans, all segments in one file",
    modality="SEG",
    sop_class_uid=SOP_CLASSES["binary"],
    pixels=PixelRules(bits=(8, 16)),
    samples=(1,),
    rows=(
        Row("SOPClassUID", "1", Fact()),
        *(row for row in common.SOP_COMMON if row.keyword != "SOPInstanceUID"),
        Row("SOPInstanceUID", "1", Fact()),
        *common.PATIENT,
        *common.STUDY,
        *_SERIES,
        *common.SERIES_TIME,
        *common.modality("SEG"),
        *common.FRAME_OF_REFERENCE,
        *_ENHANCED_EQUIPMENT,
        *_SEGMENTATION_IMAGE,
    ),
)
"""Segmentation Storage and Label Map Segmentation Storage; which of them, `SOP_CLASSES` says."""
