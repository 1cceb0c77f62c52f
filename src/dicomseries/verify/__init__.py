"""The verifier: a registry of checks, each with its part of the standard, and the comparison with what was asked."""

from __future__ import annotations

from dicomseries.verify import file_checks, geometry_checks, module_checks, series_checks, text_checks
from dicomseries.verify.comparison import check_asked
from dicomseries.verify.registry import Check, Finding, explain, registered
from dicomseries.verify.series import check, check_instances
from dicomseries.verify.validators import find_program
from dicomseries.verify.values import largest_error

__all__ = [
    "Check",
    "Finding",
    "check",
    "check_asked",
    "check_instances",
    "explain",
    "file_checks",
    "find_program",
    "geometry_checks",
    "largest_error",
    "module_checks",
    "registered",
    "series_checks",
    "text_checks",
]
