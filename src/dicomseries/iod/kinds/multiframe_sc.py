"""Multi-frame Secondary Capture Image (PS3.3 A.8.3 to A.8.5)."""

from __future__ import annotations

from dataclasses import replace

from dicomseries.iod import common_rows, enhanced_rows
from dicomseries.iod import frame_groups as groups
from dicomseries.iod.conditions import Context, Grey, HasFact, SeveralFrames, Values
from dicomseries.iod.kind import Choice, Fact, Kind, Row
from dicomseries.iod.real_world_mapping import REAL_WORLD_VALUES_IF_SET
from dicomseries.values import PixelRules

__all__ = ["MultiframeSC", "OfPictures"]

# PS3.4 B.5: byte, word, true colour; there is no class for 16 bits of colour
_SOP_CLASSES = (
    (1, 8, "1.2.840.10008.5.1.4.1.1.7.2"),
    (1, 16, "1.2.840.10008.5.1.4.1.1.7.3"),
    (3, 8, "1.2.840.10008.5.1.4.1.1.7.4"),
)

# C.8.6.1, C.8.6.3: the rescale is an identity at the top level, where all readers look
# for it
_SC_IMAGE = (
    Row("Modality", "1", Choice(values=("OT",))),
    Row("ConversionType", "1", Choice(values=("SYN",))),
    Row(
        "ImageType",
        "3",
        Choice(
            values=("DERIVED", "SECONDARY"),
            allowed=(common_rows.IMAGE_TYPE_PIXELS, common_rows.IMAGE_TYPE_EXAMINATION),
        ),
    ),
    Row("BurnedInAnnotation", "1", Choice(values=("NO",))),
    Row("PatientOrientation", "2C", Choice()),
    Row("RescaleIntercept", "1C", Choice(values=("0",)), Grey()),
    Row("RescaleSlope", "1C", Choice(values=("1",)), Grey()),
    Row("RescaleType", "1C", Choice(values=("US",)), Grey()),
    Row("PresentationLUTShape", "1C", Choice(values=("IDENTITY",)), Grey()),
)

_HAS_PLACE = HasFact("ImageOrientationPatient")


class OfPictures(Fact):
    """A fact of frames without a position."""

    __slots__ = ()

    def resolve(self, row: Row, context: Context) -> Values | None:
        """Return the fact; None for frames with a position."""
        if _HAS_PLACE.holds(context):
            return None
        return super().resolve(row, context)


# C.7.6.5, C.7.6.6, C.8.6.3.1, C.8.6.4: frames in the order of per-frame items, in time, or as pages
_FRAMES = (
    Row("NumberOfFrames", "1", Fact()),
    # C.8.6.3: 1C, as a single frame has no next one
    Row("FrameIncrementPointer", "1", Fact(), SeveralFrames()),
    Row("FrameTime", "1C", Fact()),
    Row("FrameTimeVector", "1C", Fact()),
    Row("PageNumberVector", "1C", Fact()),
)

# C.8.6.3: for pictures without a plane; otherwise it is in the functional groups
_FLAT_SPACING = (Row("PixelSpacing", "1C", OfPictures()),)

MultiframeSC = Kind(
    name="MultiframeSC",
    title="Multi-frame Secondary Capture Image",
    summary="secondary capture, all slices in one file: grey of 8 or 16 bits without sign, or RGB "
    "of 8 bits",
    modality="OT",
    sop_class_uid=_SOP_CLASSES[0][2],
    sop_classes=_SOP_CLASSES,
    pixels=PixelRules(bits=(8, 16), unsigned=True, identity=True),
    samples=(1, 3),
    rows=(
        Row("SOPClassUID", "1", Fact()),
        *common_rows.SOP_COMMON,
        *common_rows.PATIENT,
        *common_rows.STUDY,
        *common_rows.SERIES,
        *common_rows.SERIES_TIME,
        *common_rows.FRAME_OF_REFERENCE_IF_PLACED,
        *common_rows.EQUIPMENT,
        *enhanced_rows.CONTENT,
        *enhanced_rows.DERIVATION,
        *_FRAMES,
        *_FLAT_SPACING,
        *common_rows.PIXELS,
        *_SC_IMAGE,
        *common_rows.WINDOW,
    ),
    groups=(REAL_WORLD_VALUES_IF_SET,),
    frames=tuple(replace(group, condition=_HAS_PLACE) for group in groups.PLANE),
    place_optional=True,
    holds_clips=True,
)
"""Multi-frame Grayscale Byte, Grayscale Word and True Color Secondary Capture Image Storage."""
