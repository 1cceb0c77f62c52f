"""Checks by topic; importing them registers them."""

from __future__ import annotations

from dicomseries.checks.rules import (
    dimension_checks,
    file_checks,
    frame_checks,
    geometry_checks,
    module_checks,
    segment_checks,
    series_checks,
    text_checks,
    time_checks,
    value_checks,
)

__all__ = [
    "dimension_checks",
    "file_checks",
    "frame_checks",
    "geometry_checks",
    "module_checks",
    "segment_checks",
    "series_checks",
    "text_checks",
    "time_checks",
    "value_checks",
]
