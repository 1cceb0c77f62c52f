"""Checks of a series, by parts of the standard."""

from __future__ import annotations

from dicomseries.checks import rules
from dicomseries.checks.compare import compare_labels
from dicomseries.checks.compare.compare_series import check_grid
from dicomseries.checks.compare.compare_values import largest_error
from dicomseries.checks.findings import Findings
from dicomseries.checks.registry import Check, Finding, explain, registered
from dicomseries.checks.run_checks import check, check_instances
from dicomseries.checks.validators import find_program

__all__ = [
    "Check",
    "Finding",
    "Findings",
    "check",
    "check_grid",
    "check_instances",
    "compare_labels",
    "explain",
    "find_program",
    "largest_error",
    "registered",
    "rules",
]
