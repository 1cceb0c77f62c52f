"""Write any array as a DICOM series that every viewer reads right, and prove it."""
