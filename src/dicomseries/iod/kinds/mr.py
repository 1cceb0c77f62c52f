"""MR Image (PS3.3 A.4): 16 bits.

A rescale is not part of the object, but all readers apply it.
"""

from __future__ import annotations

from dicomseries.iod import common_rows
from dicomseries.iod.conditions import Used, When
from dicomseries.iod.kind import Choice, Default, Kind, Row
from dicomseries.iod.real_world_mapping import REAL_WORLD_VALUES
from dicomseries.values import PixelRules

__all__ = ["MR"]

_SOP_CLASS = "1.2.840.10008.5.1.4.1.1.4"

# C.8.3.1; ScanningSequence and SequenceVariant are Type 1; Research Mode and NONE claim the least
_MR_IMAGE = (
    Row(
        "ImageType",
        "1",
        Choice(
            values=("DERIVED", "SECONDARY", "OTHER"),
            allowed=(common_rows.IMAGE_TYPE_PIXELS, common_rows.IMAGE_TYPE_EXAMINATION, ()),
        ),
    ),
    Row("ScanningSequence", "1", Choice(values=("RM",))),
    Row("SequenceVariant", "1", Choice(values=("NONE",))),
    # TriggerTime is the delay after an R wave: the scan was gated, and the user must set how
    Row(
        "ScanOptions",
        "2",
        Choice(
            demanded_where=Used(("TriggerTime",)),
            because="TriggerTime is a delay after the heartbeat: CG for a scan gated by ECG, PPG "
            "for one by pulse",
            example="CG",
        ),
    ),
    Row("MRAcquisitionType", "2", Choice()),
    Row("RepetitionTime", "2C", Choice()),
    Row("EchoTime", "2", Choice()),
    Row("EchoTrainLength", "2", Choice()),
    Row("InversionTime", "2C", Choice(), When("ScanningSequence", "IR")),
    Row("AcquisitionNumber", "3", Choice()),
    *common_rows.FRAME_TIME,
    Row("TemporalPositionIdentifier", "3", Default()),
    Row("NumberOfTemporalPositions", "3", Default()),
    Row("TemporalResolution", "3", Default()),
    *common_rows.ACQUISITION_TIME,
)

MR = Kind(
    name="MR",
    title="MR Image",
    summary="magnetic resonance, one grey file per slice, 16 bits",
    modality="MR",
    sop_class_uid=_SOP_CLASS,
    pixels=PixelRules(bits=(16,)),
    samples=(1,),
    rows=(
        *common_rows.sop_class(_SOP_CLASS),
        *common_rows.SOP_COMMON,
        *common_rows.PATIENT,
        *common_rows.STUDY,
        *common_rows.modality("MR"),
        *common_rows.SERIES,
        *common_rows.SERIES_TIME,
        *common_rows.PATIENT_POSITION,
        *common_rows.FRAME_OF_REFERENCE,
        *common_rows.EQUIPMENT,
        *common_rows.IMAGE,
        *common_rows.IMAGE_PLANE,
        *common_rows.PIXELS_OF_EITHER_POLARITY,
        *_MR_IMAGE,
        *common_rows.RESCALE,
        *common_rows.WINDOW,
    ),
    groups=(REAL_WORLD_VALUES,),
    over_time=(
        "TemporalPositionIdentifier",
        "NumberOfTemporalPositions",
        "TemporalResolution",
        "RepetitionTime",
        "FrameReferenceTime",
        "AcquisitionDate",
        "AcquisitionTime",
    ),
)
"""MR Image Storage."""
