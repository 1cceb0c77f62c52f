"""The verifier: a registry of checks, each with its part of the standard, and the comparison with what was asked."""

from __future__ import annotations

from dicomseries.verify import (
    dimension_checks,
    file_checks,
    frame_checks,
    geometry_checks,
    label_comparison,
    module_checks,
    segment_checks,
    series_checks,
    text_checks,
    time_checks,
    value_checks,
)
from dicomseries.verify.comparison import check_asked
from dicomseries.verify.findings import Findings
from dicomseries.verify.registry import Check, Finding, explain, registered
from dicomseries.verify.series import check, check_instances
from dicomseries.verify.validators import find_program
from dicomseries.verify.values import largest_error

__all__ = [
    "Check",
    "Finding",
    "Findings",
    "check",
    "check_asked",
    "check_instances",
    "dimension_checks",
    "explain",
    "file_checks",
    "find_program",
    "frame_checks",
    "geometry_checks",
    "label_comparison",
    "largest_error",
    "module_checks",
    "registered",
    "segment_checks",
    "series_checks",
    "text_checks",
    "time_checks",
    "value_checks",
]
