"""CT Image (PS3.3 A.3): 16 bits with a rescale."""

from __future__ import annotations

from dicomseries.iod import common_rows
from dicomseries.iod.kind import Choice, Fact, Kind, Row
from dicomseries.iod.real_world_mapping import REAL_WORLD_VALUES_IF_SET
from dicomseries.values import PixelRules

__all__ = ["CT"]

_SOP_CLASS = "1.2.840.10008.5.1.4.1.1.2"

# C.8.2.1; value 3 of ImageType is mandatory; a cross-section claims the least
_CT_IMAGE = (
    Row(
        "ImageType",
        "1",
        Choice(
            values=("DERIVED", "SECONDARY", "AXIAL"),
            allowed=(common_rows.IMAGE_TYPE_PIXELS, common_rows.IMAGE_TYPE_EXAMINATION, ()),
        ),
    ),
    Row("RescaleIntercept", "1", Fact()),
    Row("RescaleSlope", "1", Fact()),
    Row(
        "RescaleType",
        "1C",
        Choice(values=("US",), advice=common_rows.HOUNSFIELD_ADVICE),
    ),
    Row("KVP", "2", Choice()),
    *common_rows.ACQUISITION,
    *common_rows.FRAME_TIME,
    *common_rows.ACQUISITION_TIME,
)

CT = Kind(
    name="CT",
    title="CT Image",
    summary="computed tomography, one grey file per slice, 16 bits, any rescale",
    modality="CT",
    sop_class_uid=_SOP_CLASS,
    pixels=PixelRules(bits=(16,)),
    samples=(1,),
    rows=(
        *common_rows.sop_class(_SOP_CLASS),
        *common_rows.SOP_COMMON,
        *common_rows.PATIENT,
        *common_rows.STUDY,
        *common_rows.modality("CT"),
        *common_rows.SERIES,
        *common_rows.SERIES_TIME,
        *common_rows.PATIENT_POSITION,
        *common_rows.FRAME_OF_REFERENCE,
        *common_rows.EQUIPMENT,
        *common_rows.IMAGE,
        *common_rows.IMAGE_PLANE,
        *common_rows.PIXELS_OF_EITHER_POLARITY,
        *_CT_IMAGE,
        *common_rows.WINDOW,
    ),
    groups=(REAL_WORLD_VALUES_IF_SET,),
    over_time=("AcquisitionNumber", "FrameReferenceTime", "AcquisitionDate", "AcquisitionTime"),
)
"""CT Image Storage."""
