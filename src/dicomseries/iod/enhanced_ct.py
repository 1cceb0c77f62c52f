"""Enhanced CT Image (PS3.3 A.38): all slices of all volumes in one file, 16 bits, any rescale."""

from __future__ import annotations

from dicomseries.iod import common, enhanced
from dicomseries.iod import frame_groups as groups
from dicomseries.iod.groups import Group
from dicomseries.iod.kind import Choice, Kind, Row
from dicomseries.iod.real_world import REAL_WORLD_VALUES_IF_ASKED
from dicomseries.values import PixelRules

__all__ = ["EnhancedCT"]

_SOP_CLASS = "1.2.840.10008.5.1.4.1.1.2.1"

# C.8.16.1: value 4 of a derived image names the derivation, QUANTITY says that it is a measurement
_IMAGE_TYPE = ("DERIVED", "PRIMARY", "VOLUME", "QUANTITY")

# C.8.15.3: of Type 1C for ORIGINAL images, which may stand in derived ones
_CT_FRAMES = (
    groups.frame_type("CTImageFrameTypeSequence", _IMAGE_TYPE, *groups.FRAME_TYPE),
    # C.8.15.3.14: which irradiation it was cannot be known of an array
    Group("IrradiationEventIdentificationSequence", (Row("IrradiationEventUID", "1", Choice(demanded=True)),)),
)

# C.8.15.3.10 has HU, and other units in derived images only, which dciodvfy takes for errors: the user must say it
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
        *common.sop_class(_SOP_CLASS),
        *common.SOP_COMMON,
        *common.PATIENT,
        *common.STUDY,
        *common.modality("CT"),
        *enhanced.SERIES,
        *common.PATIENT_POSITION,
        *common.FRAME_OF_REFERENCE,
        *enhanced.EQUIPMENT,
        *common.PADDING,
        *enhanced.CONTENT,
        *enhanced.COMMENTS,
        *enhanced.FRAMES,
        *enhanced.DIMENSIONS,
        *enhanced.ACQUISITION_CONTEXT,
        *common.PIXELS,
        *enhanced.image_type(_IMAGE_TYPE),
        *enhanced.IMAGE,
    ),
    frames=(
        *groups.PLANE,
        groups.FRAME_CONTENT,
        groups.TEMPORAL_POSITION,
        groups.FRAME_ANATOMY,
        _VALUES,
        groups.DISPLAY,
        REAL_WORLD_VALUES_IF_ASKED,
        *_CT_FRAMES,
    ),
    over_time=("TemporalPositionIndex", "TemporalPositionTimeOffset"),
)
"""Enhanced CT Image Storage."""
