"""Files with all slices of a volume side by side, of Siemens (mosaic) and UIH (grid)."""
