"""X-Ray 3D Angiographic Image (PS3.3 A.53)."""

from __future__ import annotations

from dicomseries.iod import common_rows, enhanced_rows
from dicomseries.iod import frame_groups as groups
from dicomseries.iod.kind import Kind
from dicomseries.iod.real_world_mapping import REAL_WORLD_VALUES_IF_SET
from dicomseries.values import PixelRules

__all__ = ["XRay3D"]

_SOP_CLASS = "1.2.840.10008.5.1.4.1.1.13.1.1"

# C.8.21.1.1: value 4 is NONE
_IMAGE_TYPE = ("DERIVED", "PRIMARY", "VOLUME", "NONE")

XRay3D = Kind(
    name="XRay3D",
    title="X-Ray 3D Angiographic Image",
    summary="rotational angiography reconstructed to slices, grey, all in one file, 16 bits, any "
    "rescale",
    modality="XA",
    sop_class_uid=_SOP_CLASS,
    pixels=PixelRules(bits=(16,)),
    samples=(1,),
    rows=(
        *common_rows.sop_class(_SOP_CLASS),
        *common_rows.SOP_COMMON,
        *common_rows.PATIENT,
        *common_rows.STUDY,
        *common_rows.modality("XA"),
        *enhanced_rows.SERIES,
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
        groups.FRAME_ANATOMY,
        groups.rescaled_values(),
        groups.DISPLAY,
        REAL_WORLD_VALUES_IF_SET,
        groups.frame_type("XRay3DFrameTypeSequence", _IMAGE_TYPE, *groups.FRAME_TYPE),
    ),
    over_time=("TemporalPositionIndex",),
)
"""X-Ray 3D Angiographic Image Storage."""
