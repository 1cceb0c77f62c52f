"""Positron Emission Tomography Image (PS3.3 A.21).

Slices of 16 bits, with a rescale without intercept.
"""

from __future__ import annotations

from dicomseries.iod import common_rows
from dicomseries.iod.kind import Absent, Choice, Default, Fact, Kind, PerInstance, Row
from dicomseries.iod.real_world_mapping import REAL_WORLD_VALUES_OF_PET
from dicomseries.values import PixelRules

__all__ = ["PT"]

_SOP_CLASS = "1.2.840.10008.5.1.4.1.1.128"

# C.8.9.1; no DecayFactor without decay correction; SeriesDate, SeriesTime:
# `dicomseries.plan.time_base`
_PET_SERIES = (
    Row("SeriesDate", "1", Default()),
    Row("SeriesTime", "1", Default()),
    Row(
        "Units",
        "1",
        Choice(
            values=("NONE",),
            advice='Units is NONE (no unit); give `metadata={"Units": "BQML"}` if the values are '
            'Bq/ml, "GML" for SUV.',
        ),
    ),
    Row("CountsSource", "1", Choice(values=("EMISSION",))),
    Row(
        "SeriesType",
        "1",
        Choice(
            values=("STATIC", "IMAGE"),
            allowed=(("STATIC", "DYNAMIC", "GATED", "WHOLE BODY"), ("IMAGE", "REPROJECTION")),
        ),
    ),
    Row("NumberOfTimeSlices", "1C", Default()),
    Row("NumberOfSlices", "1", Fact()),
    Row("CorrectedImage", "2", Choice()),
    Row(
        "DecayCorrection",
        "1",
        Choice(
            values=("NONE",),
            advice="DecayCorrection is NONE (not corrected for decay), which most PET "
            "reconstructions are not; give "
            '`metadata={"DecayCorrection": "START", "DecayFactor": ...}`, or "ADMIN", if the '
            "values are corrected.",
        ),
    ),
    Row("CollimatorType", "2", Choice()),
)

# C.8.9.2 and C.8.4.6
_PET_ISOTOPE = (Row("RadiopharmaceuticalInformationSequence", "2", Choice()),)
_PATIENT_ORIENTATION = (
    Row("PatientOrientationCodeSequence", "2", Choice()),
    Row("PatientGantryRelationshipCodeSequence", "2", Choice()),
    Row(
        "PatientPosition",
        "2C",
        Absent(
            reason="PET has PatientOrientationCodeSequence instead (PS3.3 C.7.3.1.1.2)",
            remedy="Give PatientOrientationCodeSequence and PatientGantryRelationshipCodeSequence "
            "instead.",
        ),
    ),
)

# C.8.9.4; value 2 of ImageType is fixed (C.8.9.4.1.1); the intercept is 0 by `pixels`
_PET_IMAGE = (
    Row(
        "ImageType",
        "1",
        Choice(
            values=("DERIVED", "PRIMARY"), allowed=(common_rows.IMAGE_TYPE_PIXELS, ("PRIMARY",))
        ),
    ),
    Row("RescaleIntercept", "1", Fact()),
    Row("RescaleSlope", "1", Fact()),
    Row("FrameReferenceTime", "1", Choice(values=("0",))),
    Row("ImageIndex", "1", PerInstance()),
    Row("AcquisitionDate", "2", Choice()),
    Row("AcquisitionTime", "2", Choice()),
    Row("ActualFrameDuration", "2", Choice()),
)

PT = Kind(
    name="PT",
    title="Positron Emission Tomography Image",
    summary="positron emission tomography, one grey file per slice, 16 bits, rescale without "
    "intercept",
    modality="PT",
    sop_class_uid=_SOP_CLASS,
    pixels=PixelRules(bits=(16,), zero_intercept=True, per_slice=True),
    samples=(1,),
    rows=(
        *common_rows.sop_class(_SOP_CLASS),
        *common_rows.SOP_COMMON,
        *common_rows.PATIENT,
        *common_rows.STUDY,
        *common_rows.modality("PT"),
        *common_rows.SERIES,
        *common_rows.FRAME_OF_REFERENCE,
        *common_rows.EQUIPMENT,
        *common_rows.IMAGE,
        *common_rows.IMAGE_PLANE,
        *common_rows.PIXELS,
        *_PET_SERIES,
        *_PET_ISOTOPE,
        *_PATIENT_ORIENTATION,
        *_PET_IMAGE,
        *common_rows.WINDOW,
    ),
    groups=(REAL_WORLD_VALUES_OF_PET,),
    over_time=(
        "SeriesType",
        "NumberOfTimeSlices",
        "FrameReferenceTime",
        "ActualFrameDuration",
        "AcquisitionDate",
        "AcquisitionTime",
    ),
    has_time_base=True,
)
"""Positron Emission Tomography Image Storage."""
