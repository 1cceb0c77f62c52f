"""Errors about ranges, with a range that would fit."""

from __future__ import annotations

from typing import Any

from dicomseries.errors import ValuesError

__all__ = ["RangeError", "error_with_window"]


class RangeError(ValuesError):
    """The range does not fit.

    `window` holds two real values between which it would.

    Examples
    --------
    >>> error = error_with_window(
    ...     window=(0, 65535), code="range-not-exact", where="values", given="0 to 70000",
    ...     expected="16 bits", remedy="Pass `values=Rescale()`.",
    ... )
    >>> error.window
    (0, 65535)
    """

    window: tuple[float, float]

    def __reduce__(self) -> tuple[Any, ...]:
        return (*super().__reduce__(), {"window": self.window})


def error_with_window(
    *, window: tuple[float, float], code: str, where: str, given: str, expected: str, remedy: str
) -> RangeError:
    """Return the error to raise, with its `window`.

    Examples
    --------
    >>> fields = {"where": "values", "given": "0 to 9", "expected": "0 or 1", "remedy": "Clip it."}
    >>> error_with_window(window=(0, 1), code="too-wide", **fields).code
    'too-wide'
    """
    error = RangeError(code=code, where=where, given=given, expected=expected, remedy=remedy)
    error.window = window
    return error
