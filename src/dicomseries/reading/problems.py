"""What is wrong with a series that was found, in words, before anybody reads it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Self

from dicomseries.errors import Message, ReadError

__all__ = ["Problem"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something a reader of the series should know.

    Parameters
    ----------
    code : str
        Stable name in kebab case.
    level : {"error", "warning"}
        An error keeps `read` from returning a volume; with a warning it returns one.
    text : str
        What was found.
    remedy : str
        How to fix it; begins with a verb.

    cause : ReadError, optional
        The error of one file that it comes from.

    Raises
    ------
    ValueError
        If a part is empty.

    Examples
    --------
    >>> problem = Problem(code="slices-missing", level="error", text="1 of 20 slices is missing", remedy="Copy it.")
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
        """Return an error of one file as a problem of what holds it."""
        text = f"{error.where}: {error.given}, expected {error.expected}"
        return cls(code=error.code, level="error", text=text, remedy=error.remedy, cause=error)

    def __str__(self) -> str:
        return f"{self.text}. {self.remedy}"

    def error(self, where: str) -> ReadError:
        """Return the error that refuses to read because of this problem."""
        if self.cause is not None:
            return self.cause
        return ReadError(
            code=self.code,
            where=where,
            given=self.text,
            expected="slices of one size and orientation, evenly spaced, each once",
            remedy=self.remedy,
        )
