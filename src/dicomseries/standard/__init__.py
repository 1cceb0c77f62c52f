"""Facts of the DICOM standard: tables and rules."""
