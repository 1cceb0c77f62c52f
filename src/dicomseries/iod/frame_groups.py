"""Functional groups shared by several multi-frame kinds.

The numbers in the comments are sections of PS3.3, one `Group` for each macro of C.7.6.16.2. Images
are DERIVED here: ORIGINAL ones need facts that only the scanner knows. The macros of an acquisition
are therefore optional, and there if the user fills them.
"""

from __future__ import annotations

from dicomseries.iod.code_items import BODY_PARTS, PAIRED_BODY_PARTS, PHANTOM
from dicomseries.iod.conditions import Grey, SaysOneOf
from dicomseries.iod.groups import Group
from dicomseries.iod.rows import Choice, Coded, Constant, Default, Fact, PerInstance, Row

__all__ = [
    "DISPLAY",
    "FRAME_ANATOMY",
    "FRAME_CONTENT",
    "FRAME_TYPE",
    "IDENTITY_VALUES",
    "PLANE",
    "TEMPORAL_POSITION",
    "frame_type",
    "rescaled_values",
]

# C.7.6.16.2.1, C.7.6.16.2.3, C.7.6.16.2.4; SpacingBetweenSlices as in the classic kinds
PLANE = (
    Group(
        "PixelMeasuresSequence",
        (
            Row("PixelSpacing", "1C", Fact()),
            Row("SliceThickness", "1C", Default()),
            Row("SpacingBetweenSlices", "1C", Fact()),
        ),
    ),
    Group("PlaneOrientationSequence", (Row("ImageOrientationPatient", "1C", Fact()),)),
    Group("PlanePositionSequence", (Row("ImagePositionPatient", "1C", PerInstance()),)),
)

# C.7.6.16.2.2
FRAME_CONTENT = Group(
    "FrameContentSequence",
    (
        Row("StackID", "1C", Fact()),
        Row("InStackPositionNumber", "1C", PerInstance()),
        Row("TemporalPositionIndex", "1C", Fact()),
        Row("DimensionIndexValues", "1C", PerInstance()),
        Row("FrameAcquisitionNumber", "3", Default(), given_as="AcquisitionNumber"),
        Row("FrameAcquisitionDuration", "1C", Default()),
        Row("FrameAcquisitionDateTime", "1C", Default()),
        Row("FrameReferenceDateTime", "1C", Default()),
        Row("FrameComments", "3", Default()),
        Row("FrameLabel", "3", Default()),
    ),
)

# C.7.6.16.2.26
TEMPORAL_POSITION = Group(
    "TemporalPositionSequence", (Row("TemporalPositionTimeOffset", "1", Fact()),), optional=True
)

# C.7.6.16.2.8; both attributes are Type 1; the default for unknown anatomy is a phantom
FRAME_ANATOMY = Group(
    "FrameAnatomySequence",
    (
        Row(
            "FrameLaterality",
            "1",
            Choice(values=("U",), demanded_where=SaysOneOf("BodyPartExamined", PAIRED_BODY_PARTS)),
            given_as="Laterality",
        ),
        Row(
            "AnatomicRegionSequence",
            "1",
            Coded(
                words=("BodyPartExamined",),
                codes=BODY_PARTS,
                default=PHANTOM,
                advice='The anatomic region is "Phantom"; give `metadata={"BodyPartExamined": '
                '"HEAD"}` or an '
                "AnatomicRegionSequence if the array shows a body.",
            ),
        ),
    ),
)

# C.7.6.16.2.10; only grey levels have a window
DISPLAY = Group(
    "FrameVOILUTSequence",
    (
        Row("WindowCenter", "1", Default()),
        Row("WindowWidth", "1", Default()),
        Row("WindowCenterWidthExplanation", "3", Default()),
        Row("VOILUTFunction", "3", Default()),
    ),
    Grey(),
)

FRAME_TYPE = (
    Row("PixelPresentation", "1", Constant(values=("MONOCHROME",))),
    Row("VolumetricProperties", "1", Choice(values=("VOLUME",))),
    Row("VolumeBasedCalculationTechnique", "1", Choice(values=("NONE",))),
)
"""C.8.16.2: the same in the image and in its frames."""


_UNSPECIFIED = Choice(values=("US",))


def frame_type(sequence: str, values: tuple[str, ...], *more: Row) -> Group:
    """Return the group of a kind's frame type.

    C.8.13.3.1, C.8.15.3.1 and others: all frames have the type of the image.

    Parameters
    ----------
    sequence : str
        Keyword of the sequence.
    values : tuple of str
        Default of ImageType.
    *more : Row
        Rows beside FrameType.

    Examples
    --------
    >>> image_type = ("DERIVED", "PRIMARY", "VOLUME", "QUANTITY")
    >>> frame_type("ParametricMapFrameTypeSequence", image_type).rows[0].given_as
    'ImageType'
    """
    return Group(
        sequence, (Row("FrameType", "1", Choice(values=values), given_as="ImageType"), *more)
    )


def rescaled_values(unit: Choice = _UNSPECIFIED) -> Group:
    """Return the group of the rescale (C.7.6.16.2.9).

    There is one for all frames: ITK applies that of the first to all.

    Parameters
    ----------
    unit : Choice
        Of RescaleType.

    Examples
    --------
    >>> [row.keyword for row in rescaled_values().rows]
    ['RescaleIntercept', 'RescaleSlope', 'RescaleType']
    """
    return Group(
        "PixelValueTransformationSequence",
        (
            Row("RescaleIntercept", "1", Choice(values=("0",))),
            Row("RescaleSlope", "1", Choice(values=("1",))),
            Row("RescaleType", "1", unit),
        ),
    )


# C.8.32.3: the numbers of a parametric map are mapped by RealWorldValueMappingSequence alone
IDENTITY_VALUES = Group(
    "PixelValueTransformationSequence",
    (
        Row("RescaleIntercept", "1", Constant(values=("0",))),
        Row("RescaleSlope", "1", Constant(values=("1",))),
        Row("RescaleType", "1", Constant(values=("US",))),
    ),
)
