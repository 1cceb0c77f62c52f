"""Multi-frame Secondary Capture Image (PS3.3 A.8.3 to A.8.5): grey of 8 or 16 bits or RGB of 8, in one file."""

from __future__ import annotations

from dicomseries.iod import common, enhanced
from dicomseries.iod import frame_groups as groups
from dicomseries.iod.conditions import Grey, SeveralFrames
from dicomseries.iod.kind import Choice, Constant, Fact, Kind, Row
from dicomseries.iod.real_world import REAL_WORLD_VALUES_IF_ASKED
from dicomseries.standard.attribute import tag_of
from dicomseries.values import PixelRules

__all__ = ["MultiframeSC"]

# PS3.4 B.5: byte, word, true colour; there is no class for 16 bits of colour
_SOP_CLASSES = (
    (1, 8, "1.2.840.10008.5.1.4.1.1.7.2"),
    (1, 16, "1.2.840.10008.5.1.4.1.1.7.3"),
    (3, 8, "1.2.840.10008.5.1.4.1.1.7.4"),
)

# C.8.6.1, C.8.6.3: the rescale is an identity and stands at the top level, where all readers look for it
_SC_IMAGE = (
    Row("Modality", "1", Choice(values=("OT",))),
    Row("ConversionType", "1", Choice(values=("SYN",))),
    Row(
        "ImageType",
        "3",
        Choice(values=("DERIVED", "SECONDARY"), allowed=(common.IMAGE_TYPE_PIXELS, common.IMAGE_TYPE_EXAMINATION)),
    ),
    Row("BurnedInAnnotation", "1", Choice(values=("NO",))),
    Row("PatientOrientation", "2C", Choice()),
    Row("RescaleIntercept", "1C", Choice(values=("0",)), Grey()),
    Row("RescaleSlope", "1C", Choice(values=("1",)), Grey()),
    Row("RescaleType", "1C", Choice(values=("US",)), Grey()),
    Row("PresentationLUTShape", "1C", Choice(values=("IDENTITY",)), Grey()),
)

# C.7.6.6, C.8.6.3.1: frames follow each other as the per-frame items do
_FRAMES = (
    Row("NumberOfFrames", "1", Fact()),
    Row(
        "FrameIncrementPointer",
        "1",  # of several frames; C.8.6.3 makes it 1C, as one frame has no next one to point to
        Constant(values=(tag_of("PerFrameFunctionalGroupsSequence"),)),
        SeveralFrames(),
    ),
)

MultiframeSC = Kind(
    name="MultiframeSC",
    title="Multi-frame Secondary Capture Image",
    summary="secondary capture, all slices in one file: grey of 8 or 16 bits without sign, or RGB of 8 bits",
    modality="OT",
    sop_class_uid=_SOP_CLASSES[0][2],
    sop_classes=_SOP_CLASSES,
    pixels=PixelRules(bits=(8, 16), unsigned=True, identity=True),
    samples=(1, 3),
    rows=(
        Row("SOPClassUID", "1", Fact()),
        *common.SOP_COMMON,
        *common.PATIENT,
        *common.STUDY,
        *common.SERIES,
        *common.SERIES_TIME,
        *common.FRAME_OF_REFERENCE,
        *common.EQUIPMENT,
        *enhanced.CONTENT,
        *enhanced.DERIVATION,
        *_FRAMES,
        *common.PIXELS,
        *_SC_IMAGE,
        *common.WINDOW,
    ),
    groups=(REAL_WORLD_VALUES_IF_ASKED,),
    frames=groups.PLANE,
)
"""Multi-frame Grayscale Byte, Grayscale Word and True Color Secondary Capture Image Storage."""
