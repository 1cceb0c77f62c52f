"""BIDS sidecars to DICOM attributes."""
