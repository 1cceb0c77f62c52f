"""Top-level rows of objects with all frames in one file."""

from __future__ import annotations

from dicomseries.iod import common_rows
from dicomseries.iod.kind import Choice, Constant, Default, Fact, PerInstance, Remark, Row

__all__ = [
    "ACQUISITION_CONTEXT",
    "COMMENTS",
    "CONTENT",
    "DERIVATION",
    "DIMENSIONS",
    "EQUIPMENT",
    "FRAMES",
    "GREY_DISPLAY",
    "IMAGE",
    "LOSSY",
    "SERIES",
    "image_type",
]

# C.7.3.1 without Laterality: each frame has its FrameLaterality
SERIES = (
    Row("SeriesInstanceUID", "1", Fact()),
    Row("SeriesNumber", "1", Choice(values=("1",))),
    *common_rows.SERIES_TIME,
)

# C.7.5.1, C.7.5.2: all Type 1; this program is the equipment and has no serial number
EQUIPMENT = (
    Row("Manufacturer", "1", Choice(values=("dicomseries",))),
    Row("ManufacturerModelName", "1", Choice(values=("dicomseries",))),
    Row("DeviceSerialNumber", "1", Choice(values=("NONE",))),
    Row("SoftwareVersions", "1", Default()),
)

# C.7.6.16
CONTENT = (
    Row("InstanceNumber", "1", PerInstance()),
    Row("ContentDate", "1", Default()),
    Row("ContentTime", "1", Default()),
)

# C.7.6.1
DERIVATION = (Row("DerivationDescription", "3", Remark(limit=1024)),)

# Enhanced images have DerivationDescription only beside a code of the derivation (C.7.6.16.2.6),
# and there is no code for "stored with this slope"; their free text is ImageComments (C.8.15.2,
# C.8.13.1)
COMMENTS = (Row("ImageComments", "3", Remark(limit=10240), given_as="DerivationDescription"),)

# C.7.6.16
FRAMES = (Row("NumberOfFrames", "1", Fact()),)

# C.7.6.17
DIMENSIONS = (
    Row("DimensionOrganizationSequence", "1", Fact()),
    Row("DimensionOrganizationType", "3", Fact()),
    Row("DimensionIndexSequence", "1", Fact()),
)

# C.7.6.14; unknown
ACQUISITION_CONTEXT = (Row("AcquisitionContextSequence", "2", Choice()),)

# C.7.6.1.1.5
LOSSY = (Row("LossyImageCompression", "1", Choice(values=("00",))),)

# C.7.6.16.1, C.11.6: MONOCHROME2
GREY_DISPLAY = (Row("PresentationLUTShape", "1", Constant(values=("IDENTITY",))),)

# C.8.16.2, C.8.13.1, C.8.15.2; the content is for research unless the user sets another term
IMAGE = (
    Row("PixelPresentation", "1", Constant(values=("MONOCHROME",))),
    Row("VolumetricProperties", "1", Choice(values=("VOLUME",))),
    Row("VolumeBasedCalculationTechnique", "1", Choice(values=("NONE",))),
    Row("ContentQualification", "1", Choice(values=("RESEARCH",))),
    Row("BurnedInAnnotation", "1", Choice(values=("NO",))),
    *LOSSY,
    *GREY_DISPLAY,
)


def image_type(values: tuple[str, ...]) -> tuple[Row, ...]:
    """Return the row of ImageType (C.8.16.1).

    It has four values; the first one says that no scanner made the pixels.

    Examples
    --------
    >>> image_type(("DERIVED", "PRIMARY", "VOLUME", "QUANTITY"))[0].source.allowed[0]
    ('DERIVED',)
    """
    return (
        Row("ImageType", "1", Choice(values=values, allowed=(("DERIVED",), ("PRIMARY",), (), ()))),
    )
