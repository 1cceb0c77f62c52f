"""Parametric Map (PS3.3 A.75): floats of 32 or 64 bits."""

from __future__ import annotations

from dicomseries.iod import common_rows, enhanced_rows
from dicomseries.iod import frame_groups as groups
from dicomseries.iod.code_items import NO_UNITS
from dicomseries.iod.conditions import ALWAYS
from dicomseries.iod.kind import Choice, Kind, Row
from dicomseries.iod.real_world_mapping import real_world_values
from dicomseries.values import PixelRules

__all__ = ["ParametricMap"]

_SOP_CLASS = "1.2.840.10008.5.1.4.1.1.30"

_UNITS = Choice(
    values=(NO_UNITS,),
    advice='The unit of the map is "no units" (UCUM 1); give `units="mm2/s"`, "ms" or another UCUM '
    "code if its values "
    "have one.",
)

_IMAGE_TYPE = ("DERIVED", "PRIMARY", "VOLUME", "QUANTITY")

# C.8.32.1: any modality; OT by default
_MAP_SERIES = (Row("Modality", "1", Choice(values=("OT",))),)

# C.8.32.2, and ContentLabel ff. of table 10-12
_MAP_IMAGE = (
    *enhanced_rows.image_type(_IMAGE_TYPE),
    Row("ContentQualification", "1", Choice(values=("RESEARCH",))),
    Row("BurnedInAnnotation", "1", Choice(values=("NO",))),
    # a face may be recognised in the map of a head, so YES is the default
    Row("RecognizableVisualFeatures", "1", Choice(values=("YES",))),
    *enhanced_rows.LOSSY,
    *enhanced_rows.GREY_DISPLAY,
    Row("ContentLabel", "1", Choice(values=("PARAMETRIC_MAP",))),
    Row("ContentDescription", "2", Choice()),
    Row("ContentCreatorName", "2", Choice()),
    Row("PatientOrientation", "2C", Choice()),
)

# C.7.6.24, C.7.6.25: floats have neither PixelRepresentation nor BitsStored
_FLOAT_PIXELS = tuple(
    row
    for row in common_rows.PIXELS
    if row.keyword not in {"BitsStored", "HighBit", "PixelRepresentation"}
)

ParametricMap = Kind(
    name="ParametricMap",
    title="Parametric Map",
    summary="floats of 32 or 64 bits bit for bit, NaN too, with a unit, all slices and volumes in "
    "one file",
    modality="OT",
    sop_class_uid=_SOP_CLASS,
    pixels=PixelRules(bits=(), floats=True),
    samples=(1,),
    rows=(
        *common_rows.sop_class(_SOP_CLASS),
        *common_rows.SOP_COMMON,
        *common_rows.PATIENT,
        *common_rows.STUDY,
        *_MAP_SERIES,
        *enhanced_rows.SERIES,
        *common_rows.FRAME_OF_REFERENCE,
        *enhanced_rows.EQUIPMENT,
        *enhanced_rows.CONTENT,
        *enhanced_rows.DERIVATION,
        *enhanced_rows.FRAMES,
        *enhanced_rows.DIMENSIONS,
        *enhanced_rows.ACQUISITION_CONTEXT,
        *_FLOAT_PIXELS,
        *_MAP_IMAGE,
    ),
    frames=(
        *groups.PLANE,
        groups.FRAME_CONTENT,
        groups.TEMPORAL_POSITION,
        groups.FRAME_ANATOMY,
        groups.IDENTITY_VALUES,
        groups.DISPLAY,
        real_world_values(_UNITS, ALWAYS),
        groups.frame_type("ParametricMapFrameTypeSequence", _IMAGE_TYPE),
    ),
    over_time=("TemporalPositionIndex", "TemporalPositionTimeOffset"),
)
"""Parametric Map Storage."""
