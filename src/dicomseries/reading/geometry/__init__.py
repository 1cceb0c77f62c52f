"""Spacing of slices, and volumes that share places."""
