"""Rows shared by several kinds, one tuple per module.

The numbers in the comments are sections of PS3.3. Type 2 attributes of the patient, the study and
the scanner stay empty unless the user fills them.
"""

from __future__ import annotations

from dataclasses import replace

from dicomseries.iod.code_items import PAIRED_BODY_PARTS
from dicomseries.iod.conditions import (
    AllOf,
    AnyOf,
    Given,
    Grey,
    HasFact,
    Rescaled,
    SaysOneOf,
    Unless,
)
from dicomseries.iod.kind import Choice, Constant, Default, Fact, PerInstance, Polarity, Remark, Row

__all__ = [
    "ACQUISITION",
    "ACQUISITION_TIME",
    "EQUIPMENT",
    "FRAME_OF_REFERENCE",
    "FRAME_OF_REFERENCE_IF_PLACED",
    "FRAME_TIME",
    "HOUNSFIELD_ADVICE",
    "IMAGE",
    "IMAGE_PLANE",
    "IMAGE_PLANE_IF_PLACED",
    "IMAGE_TYPE_EXAMINATION",
    "IMAGE_TYPE_PIXELS",
    "PADDING",
    "PATIENT",
    "PATIENT_POSITION",
    "PIXELS",
    "PIXELS_OF_EITHER_POLARITY",
    "RESCALE",
    "SERIES",
    "SERIES_TIME",
    "SOP_COMMON",
    "STUDY",
    "WINDOW",
    "modality",
    "sop_class",
]

# C.7.1.1; PatientID stays empty: an invented one could merge two patients in an archive
PATIENT = (
    Row("PatientName", "2", Choice()),
    Row("PatientID", "2", Choice()),
    Row("PatientBirthDate", "2", Choice()),
    Row("PatientSex", "2", Choice()),
    # C.7.1.1, C.7.2.2: further attributes of animals
    *(
        Row(
            keyword,
            "2C",
            Choice(),
            Given(("PatientSpeciesDescription", "PatientSpeciesCodeSequence")),
        )
        for keyword in (
            "PatientSexNeutered",
            "PatientBreedDescription",
            "PatientBreedCodeSequence",
            "BreedRegistrationSequence",
            "ResponsiblePerson",
            "ResponsibleOrganization",
        )
    ),
)

# C.7.2.1; StudyID and SeriesNumber have values since DICOMDIR needs them (PS3.3 F.5)
STUDY = (
    Row("StudyInstanceUID", "1", Fact()),
    Row("StudyDate", "2", Default()),
    Row("StudyTime", "2", Default()),
    Row("ReferringPhysicianName", "2", Choice()),
    Row("StudyID", "2", Choice(values=("1",))),
    Row("AccessionNumber", "2", Choice()),
)

_IS_PAIRED = SaysOneOf("BodyPartExamined", PAIRED_BODY_PARTS)

_SIDE_ELSEWHERE = ("ImageLaterality", "SpecimenDescriptionSequence")
"""The side of an image; and specimens, which have none."""

# C.7.3.1; Laterality is for paired body parts only; empty means unknown
SERIES = (
    Row("SeriesInstanceUID", "1", Fact()),
    Row("SeriesNumber", "2", Choice(values=("1",))),
    Row(
        "Laterality",
        "2C",
        Choice(),
        AnyOf(
            (
                Unless(("BodyPartExamined", "AnatomicRegionSequence", *_SIDE_ELSEWHERE)),
                AllOf((_IS_PAIRED, Unless(_SIDE_ELSEWHERE))),
            )
        ),
    ),
)

# C.7.3.1: CT and MR must have it; PS3.3 has no term for unknown, so it is empty
PATIENT_POSITION = (
    Row("PatientPosition", "2C", Choice(), Unless(("PatientOrientationCodeSequence",))),
)

# the dates of the series are Type 3 outside of PET (C.7.3.1)
SERIES_TIME = (
    Row("SeriesDate", "3", Default()),
    Row("SeriesTime", "3", Default()),
)

# C.7.4.1
FRAME_OF_REFERENCE = (
    Row("FrameOfReferenceUID", "1", Fact()),
    Row("PositionReferenceIndicator", "2", Choice()),
)

# C.7.5.1.1.2
PADDING = (Row("PixelPaddingValue", "1C", Fact()),)

# C.7.5.1; this program is the equipment that made the series
EQUIPMENT = (
    Row("Manufacturer", "2", Choice(values=("dicomseries",))),
    Row("SoftwareVersions", "3", Default()),
    *PADDING,
)

# C.7.6.1
IMAGE = (
    Row("InstanceNumber", "2", PerInstance()),
    Row("ContentDate", "2C", Default()),
    Row("ContentTime", "2C", Default()),
    Row("DerivationDescription", "3", Remark(limit=1024)),
)

# C.7.6.2; readers take the spacing of a single slice from SpacingBetweenSlices alone
IMAGE_PLANE = (
    Row("PixelSpacing", "1", Fact()),
    Row("ImageOrientationPatient", "1", Fact()),
    Row("ImagePositionPatient", "1", PerInstance()),
    Row("SliceThickness", "2", Default()),
    Row("SpacingBetweenSlices", "3", Fact()),
)

_HAS_PLACE = HasFact("ImageOrientationPatient")

# the same for kinds with an optional image plane: pictures without a position have no frame of
# reference
FRAME_OF_REFERENCE_IF_PLACED = tuple(
    replace(row, condition=_HAS_PLACE) for row in FRAME_OF_REFERENCE
)
_PIXEL_SPACING, *_POSITION = IMAGE_PLANE
IMAGE_PLANE_IF_PLACED = (
    replace(_PIXEL_SPACING, condition=HasFact("PixelSpacing")),
    *(replace(row, condition=_HAS_PLACE) for row in _POSITION),
)

# C.7.6.3
PIXELS = (
    Row("SamplesPerPixel", "1", Fact()),
    Row("PhotometricInterpretation", "1", Polarity()),
    Row("PlanarConfiguration", "1C", Fact()),
    Row("Rows", "1", Fact()),
    Row("Columns", "1", Fact()),
    Row("BitsAllocated", "1", Fact()),
    Row("BitsStored", "1", Fact()),
    Row("HighBit", "1", Fact()),
    Row("PixelRepresentation", "1", Fact()),
)

# C.8.2.1.1.2, C.8.3.1.1.2, C.8.6.2: low values of classic CT, MR and Secondary Capture may be
# bright
PIXELS_OF_EITHER_POLARITY = (
    Row("PhotometricInterpretation", "1", Polarity(inverse=True)),
    *(row for row in PIXELS if row.keyword != "PhotometricInterpretation"),
)

# C.11.2; only grey levels have a window
WINDOW = (
    Row("WindowCenter", "1C", Default(), Grey()),
    Row("WindowWidth", "1C", Default(), Grey()),
    Row("WindowCenterWidthExplanation", "3", Default(), Grey()),
    Row("VOILUTFunction", "3", Default(), Grey()),
)

# C.12.1
SOP_COMMON = (
    Row("SpecificCharacterSet", "1C", Constant(values=("ISO_IR 192",))),
    Row("SOPInstanceUID", "1", PerInstance()),
    Row("InstanceCreationDate", "3", Default()),
    Row("InstanceCreationTime", "3", Default()),
)


# C.11.1, if the kind does not demand it: for stored numbers that are not the real ones, or a user's
# RescaleType
RESCALE = (
    Row("RescaleIntercept", "1C", Fact(implied=("0",), implied_by="RescaleType"), Grey()),
    Row("RescaleSlope", "1C", Fact(implied=("1",), implied_by="RescaleType"), Grey()),
    Row("RescaleType", "1C", Choice(values=("US",)), Rescaled()),
)

HOUNSFIELD_ADVICE = (
    'RescaleType is US (unspecified); give `metadata={"RescaleType": "HU"}` if the values are '
    "Hounsfield units."
)
"""For CT."""

# C.7.10.1
ACQUISITION = (Row("AcquisitionNumber", "2", Choice()),)

# C.7.10.1 (General Acquisition), of each volume if the user sets the time of the first
ACQUISITION_TIME = (
    Row("AcquisitionDate", "3", Default()),
    Row("AcquisitionTime", "3", Default()),
)

# C.8.9.4: ms after the first volume. Outside of PET it is an extension (PS3.2 section 3.11.3) that
# validators report, but it is the only attribute for a time without a date.
FRAME_TIME = (Row("FrameReferenceTime", "3", Default()),)

_OTHER_KIND = "Choose another `kind=` instead."


def sop_class(uid: str) -> tuple[Row, ...]:
    """Return the row of SOPClassUID (C.12.1).

    Examples
    --------
    >>> sop_class("1.2.840.10008.5.1.4.1.1.2")[0].type
    '1'
    """
    return (Row("SOPClassUID", "1", Constant(values=(uid,), remedy=_OTHER_KIND)),)


def modality(value: str) -> tuple[Row, ...]:
    """Return the row of a fixed modality (C.7.3.1).

    Examples
    --------
    >>> modality("MR")[0].source.values
    ('MR',)
    """
    return (Row("Modality", "1", Constant(values=(value,), remedy=_OTHER_KIND)),)


# C.8.2.1, C.8.3.1: value 1 is about the origin of the pixels, value 2 about the examination
IMAGE_TYPE_PIXELS = ("ORIGINAL", "DERIVED")
IMAGE_TYPE_EXAMINATION = ("PRIMARY", "SECONDARY")
