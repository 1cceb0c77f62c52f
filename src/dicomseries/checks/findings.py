"""What a check answers: findings, what was looked at, and what was not and why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from dicomseries.checks.registry import Finding
from dicomseries.errors import counted

__all__ = ["Findings"]


class Findings(tuple[Finding, ...]):  # noqa: SLOT001 - tuples cannot have slots that hold anything
    """Findings about a series, with what was checked and what was not.

    A tuple of `Finding`: it is equal to ``()`` and false if nothing is wrong.

    Parameters
    ----------
    findings : iterable of Finding
        What is wrong.
    checked : iterable of str
        What was looked at.
    not_checked : iterable of str
        What was not looked at, each with its reason.

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
        made = super().__new__(cls, findings)
        made.checked = tuple(checked)
        made.not_checked = tuple(not_checked)
        return made

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Findings that break the standard or mislead readers."""
        return tuple(finding for finding in self if finding.level == "error")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """Findings that are legal but ask for trouble."""
        return tuple(finding for finding in self if finding.level == "warning")

    def __str__(self) -> str:
        """Return the findings line by line, how many there are, and what was and was not checked."""
        lines = [str(finding) for finding in self]
        lines.append(
            f"{counted(len(self.errors), 'error')}, {counted(len(self.warnings), 'warning')}"
        )
        lines.append(f"checked: {'; '.join(self.checked) or 'nothing'}")
        if self.not_checked:
            lines.append(f"not checked: {'; '.join(self.not_checked)}")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[Any, ...]:
        return (_made, (tuple(self), self.checked, self.not_checked))


def _made(
    findings: tuple[Finding, ...], checked: tuple[str, ...], not_checked: tuple[str, ...]
) -> Findings:
    return Findings(findings, checked=checked, not_checked=not_checked)
