"""Every check of the package: id, level, part of the standard, and a pure function that finds what is wrong."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from dicomseries.errors import Message, OptionError

__all__ = ["Check", "Fault", "Finding", "Level", "Scope", "check", "explain", "registered", "run"]

Level = Literal["error", "warning"]
Scope = Literal["series", "image", "files", "pixels", "grid", "values", "validators"]
"""What a check looks at: the headers of all objects of a series, or of its images; the files of a folder, the pixels
in them, its geometry or its values beside those that were asked for, or what other people's validators say."""


class Fault(NamedTuple):
    """What a check function yields: the file or attribute, what is there, and how to fix it."""

    where: str
    message: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is wrong with a series.

    Parameters
    ----------
    id : str
        Of the check; `explain` has more on it.
    level : {"error", "warning"}
        An error breaks the standard or misleads readers; a warning is legal but asks for trouble.
    part : str
        Part and section of the standard that the check rests on.
    where : str
        File, or attribute of the series.
    message : str
        What is there, and what should be.
    remedy : str
        How to fix it; begins with a verb.

    Raises
    ------
    ValueError
        If a part is empty.

    Examples
    --------
    >>> print(Finding(id="GEO-001", level="error", part="PS3.3 C.7.6.2", where="1.dcm", message="...", remedy="Fix."))
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

    @property
    def text(self) -> str:
        """What the check demands and why: the docstring of its function."""
        return inspect.getdoc(self.function) or ""

    def findings(self, subject: object) -> Iterator[Finding]:
        """Yield what the check finds wrong with `subject`."""
        for fault in self.function(subject):
            yield Finding(id=self.id, level=self.level, part=self.part, **fault._asdict())


_CHECKS: dict[str, Check] = {}


def check(
    name: str, *, level: Level, part: str, scope: Scope = "series"
) -> Callable[[CheckFunction], CheckFunction]:
    """Register a function as the check `name`; its docstring is what `explain` returns.

    Raises
    ------
    ValueError
        If the name is taken.
    """

    def register(function: CheckFunction) -> CheckFunction:
        if name in _CHECKS:
            message = f"two checks are called {name}"
            raise ValueError(message)
        _CHECKS[name] = Check(id=name, level=level, part=part, scope=scope, function=function)
        return function

    return register


def registered() -> tuple[Check, ...]:
    """Return all checks, by id.

    Examples
    --------
    >>> from dicomseries import checks
    >>> any(one.id == "GEO-001" for one in checks.registered())
    True
    """
    return tuple(_CHECKS[name] for name in sorted(_CHECKS))


def run(scope: Scope, subject: object) -> Iterable[Finding]:
    """Yield the findings of all checks of one scope."""
    for one in registered():
        if one.scope == scope:
            yield from one.findings(subject)


def explain(name: str) -> str:
    """Return what a check demands, why, and which part of the standard it rests on.

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
    found = _CHECKS.get(name.upper())
    if found is None:
        raise OptionError(
            code="check-unknown",
            where="id",
            given=repr(name),
            expected=f"one of {', '.join(sorted(_CHECKS))}",
            remedy="Name a check that is listed.",
        )
    return f"{found.text}\n\n{found.id}, {found.level}: {found.part}."
