"""CT Image (PS3.3 A.3): slices of 16 bits with a rescale; every fact about a scanner may stay empty."""

from __future__ import annotations

from dicomseries.iod import common
from dicomseries.iod.kind import Choice, Fact, Kind, Row
from dicomseries.iod.real_world import REAL_WORLD_VALUES_IF_ASKED
from dicomseries.values import PixelRules

__all__ = ["CT"]

_SOP_CLASS = "1.2.840.10008.5.1.4.1.1.2"

# C.8.2.1; value 3 of ImageType must be there: a cross-section is the least that can be said
_CT_IMAGE = (
    Row(
        "ImageType",
        "1",
        Choice(
            values=("DERIVED", "SECONDARY", "AXIAL"),
            allowed=(common.IMAGE_TYPE_PIXELS, common.IMAGE_TYPE_EXAMINATION, ()),
        ),
    ),
    Row("RescaleIntercept", "1", Fact()),
    Row("RescaleSlope", "1", Fact()),
    Row(
        "RescaleType",
        "1C",
        Choice(values=("US",), advice=common.HOUNSFIELD_ADVICE),
    ),
    Row("KVP", "2", Choice()),
    *common.ACQUISITION,
    *common.FRAME_TIME,
    *common.ACQUISITION_TIME,
)

CT = Kind(
    name="CT",
    title="CT Image",
    summary="computed tomography, one grey file a slice, 16 bits, any rescale",
    modality="CT",
    sop_class_uid=_SOP_CLASS,
    pixels=PixelRules(bits=(16,)),
    samples=(1,),
    rows=(
        *common.sop_class(_SOP_CLASS),
        *common.SOP_COMMON,
        *common.PATIENT,
        *common.STUDY,
        *common.modality("CT"),
        *common.SERIES,
        *common.SERIES_TIME,
        *common.PATIENT_POSITION,
        *common.FRAME_OF_REFERENCE,
        *common.EQUIPMENT,
        *common.IMAGE,
        *common.IMAGE_PLANE,
        *common.PIXELS_OF_EITHER_POLARITY,
        *_CT_IMAGE,
        *common.WINDOW,
    ),
    groups=(REAL_WORLD_VALUES_IF_ASKED,),
    over_time=("AcquisitionNumber", "FrameReferenceTime", "AcquisitionDate", "AcquisitionTime"),
)
"""CT Image Storage."""
