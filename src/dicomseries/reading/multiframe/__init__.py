"""Frames of one multi-frame file, and their attributes."""
