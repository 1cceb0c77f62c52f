"""Problem of a series, found before it is read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from typing import Literal, Self

from dicomseries.errors import Message, ReadError, template_of
from dicomseries.lazy_dataclass import dataclass

__all__ = ["Problem", "has_errors"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """An error or a warning about a series.

    Parameters
    ----------
    code : str
        Stable name in kebab case.
    level : {"error", "warning"}
        `read` raises errors; with a warning it returns a volume.
    text : str
        What is wrong.
    remedy : str
        How to fix it; begins with a verb.
    cause : ReadError, optional
        The error of one file that led to it.

    Raises
    ------
    ValueError
        If a part is empty.

    Examples
    --------
    >>> text = "1 of 20 slices is missing"
    >>> problem = Problem(code="slices-missing", level="error", text=text, remedy="Copy it.")
    >>> str(problem)
    '1 of 20 slices is missing. Copy it.'
    """

    code: str
    level: Literal["error", "warning"]
    text: str
    remedy: str
    cause: ReadError | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if not (self.code and self.text and self.remedy):
            message = "a problem needs code, text and remedy"
            raise ValueError(message)
        object.__setattr__(self, "remedy", Message(self.remedy))

    @classmethod
    def of(cls, error: ReadError) -> Self:
        """Return the error of a file as a problem."""
        text = f"{error.where}: {error.given}, expected {error.expected}"
        return cls(code=error.code, level="error", text=text, remedy=error.remedy, cause=error)

    def __str__(self) -> str:
        return Message(f"{template_of(self.text)}. {template_of(self.remedy)}")

    def error(self, where: str) -> ReadError:
        """Return the error that `read` raises for this problem."""
        if self.cause is not None:
            return self.cause
        return ReadError(
            code=self.code,
            where=where,
            given=self.text,
            expected="slices of one size and orientation, evenly spaced, each once",
            remedy=self.remedy,
        )


def has_errors(problems: Iterable[Problem]) -> bool:
    """Return True if one of the problems is an error."""
    return any(problem.level == "error" for problem in problems)
