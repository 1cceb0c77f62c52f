"""Secondary Capture Image (PS3.3 A.8): grey or RGB."""

from __future__ import annotations

from dicomseries.iod import common_rows
from dicomseries.iod.kind import Choice, Default, Kind, Row
from dicomseries.iod.real_world_mapping import REAL_WORLD_VALUES_IF_SET
from dicomseries.values import PixelRules

__all__ = ["SC"]

_SOP_CLASS = "1.2.840.10008.5.1.4.1.1.7"

# C.8.6.1: an array is a synthetic image (SYN) unless the user sets another type
_SC_EQUIPMENT = (
    Row("Modality", "1", Choice(values=("OT",))),
    Row("ConversionType", "1", Choice(values=("SYN",))),
)

# C.8.6.2 and C.7.6.1; PatientOrientation stays empty, in a picture without a plane too
_SC_IMAGE = (
    Row(
        "ImageType",
        "3",
        Choice(
            values=("DERIVED", "SECONDARY"),
            allowed=(common_rows.IMAGE_TYPE_PIXELS, common_rows.IMAGE_TYPE_EXAMINATION),
        ),
    ),
    Row("PatientOrientation", "2C", Choice()),
    Row("AcquisitionNumber", "3", Default()),
    *common_rows.FRAME_TIME,
    *common_rows.ACQUISITION_TIME,
)

SC = Kind(
    name="SC",
    title="Secondary Capture Image",
    summary="secondary capture, for anything that no scanner made: grey or RGB, 8 or 16 bits, one "
    "file a slice",
    modality="OT",
    sop_class_uid=_SOP_CLASS,
    pixels=PixelRules(bits=(8, 16)),
    samples=(1, 3),
    rows=(
        *common_rows.sop_class(_SOP_CLASS),
        *common_rows.SOP_COMMON,
        *common_rows.PATIENT,
        *common_rows.STUDY,
        *common_rows.SERIES,
        *common_rows.SERIES_TIME,
        *common_rows.FRAME_OF_REFERENCE_IF_PLACED,
        *common_rows.EQUIPMENT,
        *common_rows.IMAGE,
        *common_rows.IMAGE_PLANE_IF_PLACED,
        *common_rows.PIXELS_OF_EITHER_POLARITY,
        *_SC_EQUIPMENT,
        *_SC_IMAGE,
        *common_rows.RESCALE,
        *common_rows.WINDOW,
    ),
    groups=(REAL_WORLD_VALUES_IF_SET,),
    over_time=("AcquisitionNumber", "FrameReferenceTime", "AcquisitionDate", "AcquisitionTime"),
    place_optional=True,
)
"""Secondary Capture Image Storage."""
