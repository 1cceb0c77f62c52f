"""Result of a check: findings and coverage."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from dicomseries.checks.registry import Finding
from dicomseries.errors import counted
from dicomseries.short_repr import short_lines

__all__ = ["Findings"]


class Findings(tuple[Finding, ...]):  # noqa: SLOT001 - a tuple cannot have slots
    """Findings about a series, with the coverage of the check.

    A tuple of `Finding`: it is equal to ``()`` and false if nothing is wrong.

    Parameters
    ----------
    findings : iterable of Finding
        What is wrong.
    checked : iterable of str
        What was checked.
    not_checked : iterable of str
        What was not checked, each with its reason.

    Examples
    --------
    >>> clean = Findings(checked=["pixels of 3 files"], not_checked=["dciodvfy: not installed"])
    >>> clean == (), bool(clean), clean.checked
    (True, False, ('pixels of 3 files',))
    >>> print(clean)
    0 errors, 0 warnings
    checked: pixels of 3 files
    not checked: dciodvfy: not installed
    """

    checked: tuple[str, ...]
    not_checked: tuple[str, ...]

    def __new__(
        cls,
        findings: Iterable[Finding] = (),
        *,
        checked: Iterable[str] = (),
        not_checked: Iterable[str] = (),
    ) -> Self:
        """Make the tuple."""
        created = super().__new__(cls, findings)
        created.checked = tuple(checked)
        created.not_checked = tuple(not_checked)
        return created

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Findings that break the standard or mislead readers."""
        return tuple(finding for finding in self if finding.level == "error")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """Findings that are legal but ask for trouble."""
        return tuple(finding for finding in self if finding.level == "warning")

    def __repr__(self) -> str:
        """Return the number of findings and the first of them."""
        return short_lines([f"Findings: {self._counts()}", *(f"  {finding}" for finding in self)])

    def _counts(self) -> str:
        errors, warnings = len(self.errors), len(self.warnings)
        return f"{counted(errors, 'error')}, {counted(warnings, 'warning')}"

    def __str__(self) -> str:
        """Return the findings line by line, and the coverage."""
        lines = [*map(str, self), self._counts()]
        lines.append(f"checked: {'; '.join(self.checked) or 'nothing'}")
        if self.not_checked:
            lines.append(f"not checked: {'; '.join(self.not_checked)}")
        return "\n".join(lines)

    def __getnewargs_ex__(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (tuple(self),), {"checked": self.checked, "not_checked": self.not_checked}
