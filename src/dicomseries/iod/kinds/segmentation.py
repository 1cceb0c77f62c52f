"""Segmentation and Label Map Segmentation (PS3.3 A.51, A.90).

The frames and segments are made from labels by `dicomseries.segmentation`.
"""

from __future__ import annotations

from dataclasses import replace

from dicomseries.iod import common_rows, enhanced_rows
from dicomseries.iod.conditions import HasFact, Not
from dicomseries.iod.kind import Absent, Choice, Constant, Default, Fact, Kind, Row
from dicomseries.values import PixelRules

__all__ = ["SEGMENTATION_SOP_CLASSES", "Segmentation"]

SEGMENTATION_SOP_CLASSES = {
    "binary": "1.2.840.10008.5.1.4.1.1.66.4",
    "labelmap": "1.2.840.10008.5.1.4.1.1.66.7",
    "fractional": "1.2.840.10008.5.1.4.1.1.66.4",
}
"""Segmentation type → SOP Class UID (PS3.4 annex B.5): one bit per segment, one label per voxel, or
a fraction per segment."""


def _written(keyword: str, remedy: str = "Leave it out; it follows from the labels.") -> Row:
    """Return the row of an attribute computed from the labels."""
    return Row(
        keyword,
        "3",
        Absent(reason="it follows from the labels and the segments (C.8.20)", remedy=remedy),
    )


# A.51.3: labels of pictures without a position have no frame of reference; C.7.6.1 then demands
# PatientOrientation, which is empty if the pictures lack it
_HAS_PLACE = HasFact("FrameOfReferenceUID")
_FRAME_OF_REFERENCE = (
    *(replace(row, condition=_HAS_PLACE) for row in common_rows.FRAME_OF_REFERENCE),
    Row("PatientOrientation", "2C", Choice(), Not(_HAS_PLACE)),
)

# C.8.20.2 with table 10-12 (Content Identification)
_IMAGE = (
    Row("ImageType", "1", Constant(values=("DERIVED", "PRIMARY"))),
    Row("InstanceNumber", "1", Fact()),
    Row("ContentDate", "1", Default()),
    Row("ContentTime", "1", Default()),
    Row("ContentLabel", "1", Choice(values=("SEGMENTATION",))),
    Row("ContentDescription", "2", Choice()),
    Row("ContentCreatorName", "2", Choice()),
    _written("SegmentSequence", "Use `segments=` to describe them."),
    _written("SegmentationType", "Use `segmentation_type=` instead."),
    *(
        _written(keyword)
        for keyword in (
            "SegmentsOverlap",
            "MaximumFractionalValue",
            "DimensionOrganizationSequence",
            "DimensionOrganizationType",
            "DimensionIndexSequence",
            "LossyImageCompression",
            "PresentationLUTShape",
        )
    ),
    Row(
        "SegmentationFractionalType",
        "1C",
        Choice(values=("PROBABILITY",), allowed=(("PROBABILITY", "OCCUPANCY"),)),
        HasFact("MaximumFractionalValue"),
    ),
)

Segmentation = Kind(
    name="Segmentation",
    title="Segmentation",
    summary="segmentation, for label maps, masks and probabilities, all segments in one file",
    modality="SEG",
    sop_class_uid=SEGMENTATION_SOP_CLASSES["binary"],
    pixels=PixelRules(bits=(8, 16)),
    samples=(1,),
    rows=(
        Row("SOPClassUID", "1", Fact()),
        Row("SOPInstanceUID", "1", Fact()),
        *(row for row in common_rows.SOP_COMMON if row.keyword != "SOPInstanceUID"),
        *common_rows.PATIENT,
        *common_rows.STUDY,
        *enhanced_rows.SERIES,
        *common_rows.modality("SEG"),
        *_FRAME_OF_REFERENCE,
        *enhanced_rows.EQUIPMENT,
        *_IMAGE,
    ),
)
"""Segmentation Storage, and Label Map Segmentation Storage as `SEGMENTATION_SOP_CLASSES` names
them."""
