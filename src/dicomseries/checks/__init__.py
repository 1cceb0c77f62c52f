"""The verifier: a registry of checks, each with its part of the standard, and the comparison with what was asked."""

from __future__ import annotations

from dicomseries.checks.compare import compare_labels
from dicomseries.checks.compare.compare_series import check_asked
from dicomseries.checks.compare.compare_values import largest_error
from dicomseries.checks.findings import Findings
from dicomseries.checks.registry import Check, Finding, explain, registered
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
from dicomseries.checks.run_checks import check, check_instances
from dicomseries.checks.validators import find_program

__all__ = [
    "Check",
    "Finding",
    "Findings",
    "check",
    "check_asked",
    "check_instances",
    "compare_labels",
    "dimension_checks",
    "explain",
    "file_checks",
    "find_program",
    "frame_checks",
    "geometry_checks",
    "largest_error",
    "module_checks",
    "registered",
    "segment_checks",
    "series_checks",
    "text_checks",
    "time_checks",
    "value_checks",
]
