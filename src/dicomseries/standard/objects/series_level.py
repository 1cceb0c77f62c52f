"""Attributes with one value per series (PS3.3 section A.1.2)."""

from __future__ import annotations

__all__ = [
    "EQUIPMENT_LEVEL",
    "FRAME_OF_REFERENCE_LEVEL",
    "ONE_PER_SERIES",
    "PATIENT_LEVEL",
    "SERIES_LEVEL",
    "STUDY_LEVEL",
]

STUDY_LEVEL = ("StudyInstanceUID", "StudyDate", "StudyTime", "StudyID", "AccessionNumber")
"""C.7.2.1."""

SERIES_LEVEL = (
    *("SeriesInstanceUID", "SeriesNumber", "SeriesDate", "SeriesTime", "Modality", "ProtocolName"),
    *("SeriesDescription", "BodyPartExamined", "Laterality", "PatientPosition"),
)
"""C.7.3.1."""

PATIENT_LEVEL = ("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "IssuerOfPatientID")
"""C.7.1.1."""

FRAME_OF_REFERENCE_LEVEL = ("FrameOfReferenceUID", "PositionReferenceIndicator")
"""C.7.4.1."""

EQUIPMENT_LEVEL = (
    "Manufacturer",
    "ManufacturerModelName",
    "DeviceSerialNumber",
    "SoftwareVersions",
)
"""C.7.5.1."""

ONE_PER_SERIES = frozenset(
    (
        *STUDY_LEVEL,
        *SERIES_LEVEL,
        *PATIENT_LEVEL,
        *FRAME_OF_REFERENCE_LEVEL,
        *EQUIPMENT_LEVEL,
        "ImageType",
    )
)
"""All of these."""
