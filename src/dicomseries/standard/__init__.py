"""Facts of the DICOM standard as tables and rules; no arrays, no files."""
