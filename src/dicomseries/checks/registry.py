"""Registry of checks."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal, NamedTuple

from dicomseries.errors import Message, OptionError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.short_repr import short_text

__all__ = ["Check", "Fault", "Finding", "Level", "Scope", "check", "explain", "registered", "run"]

Level = Literal["error", "warning"]
Scope = Literal["series", "image", "files", "pixels", "grid", "values", "validators"]
"""Subject of a check: headers of all files of a series, or of its images; files of a folder;
pixels of a file; grid or values compared with the input; output of external validators."""


class Fault(NamedTuple):
    """File or attribute with a fault, the fault, its remedy.

    `level` is that of the check if it is None.
    """

    where: str
    message: str
    remedy: str
    level: Level | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A fault in a series, with its check.

    Parameters
    ----------
    id : str
        Of the check; `explain` describes it.
    level : {"error", "warning"}
        An error breaks the standard or misleads readers; a warning is legal but asks for trouble.
    part : str
        Part and section of the standard that the check rests on.
    where : str
        File, or attribute of the series.
    message : str
        What is wrong, and what was expected.
    remedy : str
        How to fix it; begins with a verb.

    Raises
    ------
    ValueError
        If a part is empty.

    Examples
    --------
    >>> parts = {"part": "PS3.3 C.7.6.2", "where": "1.dcm", "message": "...", "remedy": "Fix."}
    >>> print(Finding(id="GEO-001", level="error", **parts))
    error GEO-001 (PS3.3 C.7.6.2) 1.dcm: ... Fix.
    """

    id: str
    level: Level
    part: str
    where: str
    message: str
    remedy: str

    def __post_init__(self) -> None:
        if not all((self.id, self.part, self.where, self.message, self.remedy)):
            message = "a finding needs all of its parts"
            raise ValueError(message)
        object.__setattr__(self, "remedy", Message(self.remedy))

    def __repr__(self) -> str:
        return short_text(f"Finding: {self}")

    def __str__(self) -> str:
        return f"{self.level} {self.id} ({self.part}) {self.where}: {self.message} {self.remedy}"


CheckFunction = Callable[[Any], Iterator[Fault]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A registered check."""

    id: str
    level: Level
    part: str
    scope: Scope
    function: CheckFunction
    or_warning: bool = False

    @property
    def levels(self) -> str:
        """Levels of its findings in words."""
        return f"{self.level} or warning" if self.or_warning else self.level

    @property
    def text(self) -> str:
        """Requirement and reason: the docstring of the function."""
        return inspect.getdoc(self.function) or ""

    def findings(self, subject: object) -> Iterator[Finding]:
        """Yield the findings of the check about `subject`."""
        for where, message, remedy, level in self.function(subject):
            yield Finding(
                id=self.id,
                level=level or self.level,
                part=self.part,
                where=where,
                message=message,
                remedy=remedy,
            )


_CHECKS: dict[str, Check] = {}


def check(
    name: str, *, level: Level, part: str, scope: Scope = "series", or_warning: bool = False
) -> Callable[[CheckFunction], CheckFunction]:
    """Register a function and its docstring as a check.

    `or_warning` says that some of its faults are warnings.

    Raises
    ------
    ValueError
        If the name is already registered.
    """

    def register(function: CheckFunction) -> CheckFunction:
        if name in _CHECKS:
            message = f"two checks are called {name}"
            raise ValueError(message)
        _CHECKS[name] = Check(
            id=name, level=level, part=part, scope=scope, function=function, or_warning=or_warning
        )
        return function

    return register


def registered() -> tuple[Check, ...]:
    """Return all checks, by id.

    Examples
    --------
    >>> from dicomseries import checks
    >>> any(check.id == "GEO-001" for check in checks.registered())
    True
    """
    return tuple(_CHECKS[name] for name in sorted(_CHECKS))


def run(scope: Scope, subject: object) -> Iterable[Finding]:
    """Yield the findings of all checks of one scope."""
    for registered_check in registered():
        if registered_check.scope == scope:
            yield from registered_check.findings(subject)


def explain(name: str) -> str:
    """Return the requirement, reason and standard of a check.

    Parameters
    ----------
    name : str
        Id of the check, in capitals or not.

    Raises
    ------
    OptionError
        If there is no such check.

    Examples
    --------
    >>> from dicomseries import checks
    >>> print(checks.explain("SER-008").partition(".")[0])
    SOPInstanceUIDs are unique
    """
    explained = _CHECKS.get(name.upper())
    if explained is None:
        raise OptionError(
            code="check-unknown",
            where="id",
            given=repr(name),
            expected=f"one of {', '.join(sorted(_CHECKS))}",
            remedy="Choose an id of this list.",
        )
    return f"{explained.text}\n\n{explained.id}, {explained.levels}: {explained.part}."
