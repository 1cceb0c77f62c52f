"""Enhanced CT Image (PS3.3 A.38): one file, any rescale."""

from __future__ import annotations

from dicomseries.iod import common_rows, enhanced_rows
from dicomseries.iod import frame_groups as groups
from dicomseries.iod.groups import Group
from dicomseries.iod.kind import Choice, Kind, Row
from dicomseries.iod.real_world_mapping import REAL_WORLD_VALUES_IF_SET
from dicomseries.values import PixelRules

__all__ = ["EnhancedCT"]

_SOP_CLASS = "1.2.840.10008.5.1.4.1.1.2.1"

# C.8.16.1: value 4 of a derived image names the derivation; QUANTITY is a measurement
_IMAGE_TYPE = ("DERIVED", "PRIMARY", "VOLUME", "QUANTITY")

# C.8.15.3: Type 1C for ORIGINAL images, allowed in derived ones
_CT_FRAMES = (
    groups.frame_type("CTImageFrameTypeSequence", _IMAGE_TYPE, *groups.FRAME_TYPE),
    # C.8.15.3.14: the irradiation is unknown for an array
    Group(
        "IrradiationEventIdentificationSequence",
        (Row("IrradiationEventUID", "1", Choice(demanded=True)),),
    ),
)

# C.8.15.3.10: HU; other units in derived images only, which dciodvfy reports: the user must set it
_VALUES = groups.rescaled_values(Choice(demanded=True))

EnhancedCT = Kind(
    name="EnhancedCT",
    title="Enhanced CT Image",
    summary="computed tomography, grey, all slices and volumes in one file, 16 bits, any rescale",
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
        *enhanced_rows.SERIES,
        *common_rows.PATIENT_POSITION,
        *common_rows.FRAME_OF_REFERENCE,
        *enhanced_rows.EQUIPMENT,
        *common_rows.PADDING,
        *enhanced_rows.CONTENT,
        *enhanced_rows.COMMENTS,
        *enhanced_rows.FRAMES,
        *enhanced_rows.DIMENSIONS,
        *enhanced_rows.ACQUISITION_CONTEXT,
        *common_rows.PIXELS,
        *enhanced_rows.image_type(_IMAGE_TYPE),
        *enhanced_rows.IMAGE,
    ),
    frames=(
        *groups.PLANE,
        groups.FRAME_CONTENT,
        groups.TEMPORAL_POSITION,
        groups.FRAME_ANATOMY,
        _VALUES,
        groups.DISPLAY,
        REAL_WORLD_VALUES_IF_SET,
        *_CT_FRAMES,
    ),
    over_time=("TemporalPositionIndex", "TemporalPositionTimeOffset"),
)
"""Enhanced CT Image Storage."""
