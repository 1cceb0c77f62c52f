"""Headings of the options in help and reference."""

from __future__ import annotations

__all__ = [
    "GEOMETRY",
    "IDENTITY",
    "LABELS",
    "OPENING",
    "SOURCE_SERIES",
    "URLS",
    "VALUES",
    "VOLUMES",
    "WRITING",
]

VALUES = "Values"
SOURCE_SERIES = "The series it comes from"
GEOMETRY = "Geometry (from the file, where it has one)"
VOLUMES = "Time points, echoes, diffusion weightings (axis t)"
LABELS = "Labels (--kind segmentation)"
IDENTITY = "Attributes and identity"
WRITING = "Writing"
URLS = "URLs (s3://..., what fsspec knows)"

OPENING = (
    "spacing",
    "origin",
    "direction",
    "affine",
    "space",
    "positions",
    "axes",
    "time_point",
    "times",
    "part",
    "storage_options",
)
"""Options that are arguments of `open_volume`."""
