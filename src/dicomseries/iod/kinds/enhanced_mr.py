"""Enhanced MR Image (PS3.3 A.36): one file, any rescale."""

from __future__ import annotations

from dicomseries.iod import common_rows, enhanced_rows
from dicomseries.iod import frame_groups as groups
from dicomseries.iod.conditions import Not, Used, Varies
from dicomseries.iod.groups import Group
from dicomseries.iod.kind import Choice, Default, Kind, Row
from dicomseries.iod.real_world_mapping import REAL_WORLD_VALUES_IF_SET
from dicomseries.values import PixelRules

__all__ = ["EnhancedMR"]

_SOP_CLASS = "1.2.840.10008.5.1.4.1.1.4.1"

# C.8.16.1: value 4 of a derived image names the derivation; QUANTITY is a measurement
_IMAGE_TYPE = ("DERIVED", "PRIMARY", "VOLUME", "QUANTITY")

_CARDIAC = ("NominalCardiacTriggerDelayTime", "TriggerTime")

# C.8.13.1 and C.8.13.2
_MR_IMAGE = (
    *enhanced_rows.image_type(_IMAGE_TYPE),
    *enhanced_rows.IMAGE,
    Row(
        "ComplexImageComponent",
        "1",
        Choice(
            values=("MAGNITUDE",),
            advice='ComplexImageComponent is MAGNITUDE; give `metadata={"ComplexImageComponent": '
            '"PHASE"}`, "REAL" or "IMAGINARY" if the values are that.',
        ),
    ),
    Row("AcquisitionContrast", "1", Choice(values=("UNKNOWN",))),
    # the safety standard of the scanner is unknown for an array
    Row(
        "ApplicableSafetyStandardAgency",
        "1",
        Choice(
            demanded=True, because="it names the safety standard of the scanner: IEC, FDA or MHW"
        ),
    ),
)

# C.7.6.18.1: only the user knows the technique
_SYNCHRONISATION = (
    Row(
        "CardiacSynchronizationTechnique",
        "1C",
        Choice(
            demanded=True,
            because="TriggerTime belongs to a gated scan: NONE, REALTIME, PROSPECTIVE, "
            "RETROSPECTIVE or PACED",
            example="RETROSPECTIVE",
        ),
        Used(_CARDIAC),
    ),
    Row("CardiacBeatRejectionTechnique", "1C", Choice(values=("NONE",)), Used(_CARDIAC)),
    Row("LowRRValue", "2C", Choice(), Used(_CARDIAC)),
    Row("HighRRValue", "2C", Choice(), Used(_CARDIAC)),
)

_TIMING = ("RepetitionTime", "FlipAngle", "EchoTrainLength")
_INVERSION = ("InversionTimes", "InversionTime")
_GRADIENT = ("DiffusionGradientOrientation",)

# One value for all frames. The macros for it (C.8.13.5.2, C.8.13.5.5) may be incomplete in a
# derived image, but dciodvfy then reports errors; readers find these at the top level as in classic
# objects.
_MR_ACQUISITION = tuple(Row(keyword, "3", Default()) for keyword in (*_TIMING, "InversionTimes"))

# C.8.13.5: Type 1C for ORIGINAL images, allowed in derived ones
_MR_FRAMES = (
    groups.frame_type(
        "MRImageFrameTypeSequence",
        _IMAGE_TYPE,
        *groups.FRAME_TYPE,
        Row("ComplexImageComponent", "1", Choice(values=("MAGNITUDE",))),
        Row("AcquisitionContrast", "1", Choice(values=("UNKNOWN",))),
    ),
    Group(
        "MRTimingAndRelatedParametersSequence",
        tuple(Row(keyword, "1C", Default()) for keyword in _TIMING),
        Varies(_TIMING),
    ),
    Group(
        "MREchoSequence",
        (Row("EffectiveEchoTime", "1C", Default(), given_as="EchoTime"),),
        optional=True,
    ),
    Group(
        "MRModifierSequence",
        (
            Row("InversionRecovery", "1C", Choice(values=("YES",))),
            Row("InversionTimes", "1C", Default(), given_as="InversionTime"),
        ),
        Varies(_INVERSION),
    ),
    Group(
        "MRDiffusionSequence",
        (
            Row("DiffusionBValue", "1C", Default()),
            # b-values alone do not define whether their weighting has a direction
            Row(
                "DiffusionDirectionality",
                "1C",
                Choice(values=("DIRECTIONAL",), demanded_where=Not(Used(_GRADIENT))),
            ),
            Group(
                "DiffusionGradientDirectionSequence",
                (Row("DiffusionGradientOrientation", "1", Default()),),
                optional=True,
            ),
        ),
        optional=True,
    ),
    Group(
        "MRAveragesSequence",
        (Row("NumberOfAverages", "1C", Default()),),
        optional=True,
    ),
    Group(
        "CardiacSynchronizationSequence",
        (
            Row("NominalCardiacTriggerDelayTime", "1", Default(), given_as="TriggerTime"),
            Row(
                "RRIntervalTimeNominal",
                "1C",
                Choice(
                    demanded=True,
                    because="TriggerTime is a delay within this interval from beat to beat, in ms",
                ),
                given_as="NominalInterval",
            ),
        ),
        optional=True,
    ),
)

EnhancedMR = Kind(
    name="EnhancedMR",
    title="Enhanced MR Image",
    summary="magnetic resonance, grey, all slices and volumes in one file, 16 bits, any rescale",
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
        *_MR_IMAGE,
        *_MR_ACQUISITION,
        *_SYNCHRONISATION,
    ),
    frames=(
        *groups.PLANE,
        groups.FRAME_CONTENT,
        groups.TEMPORAL_POSITION,
        groups.FRAME_ANATOMY,
        groups.rescaled_values(),
        groups.DISPLAY,
        REAL_WORLD_VALUES_IF_SET,
        *_MR_FRAMES,
    ),
    over_time=("TemporalPositionIndex", "TemporalPositionTimeOffset", "RepetitionTime"),
)
"""Enhanced MR Image Storage."""
