"""A refusal for the range says which real values would have fitted."""

from __future__ import annotations

from typing import Any

from dicomseries.errors import ValuesError

__all__ = ["RangeError", "refuse_range"]


class RangeError(ValuesError):
    """The range does not fit what was asked; `window` holds two real values between which it would.

    Examples
    --------
    >>> refuse_range(window=(0, 65535), code="range-not-exact", where="values", given="integers from 0 to 70000",
    ...              expected="16 bits", remedy="Pass values=Rescale().").window
    (0, 65535)
    """

    window: tuple[float, float]

    def __reduce__(self) -> tuple[Any, ...]:
        return (*super().__reduce__(), {"window": self.window})


def refuse_range(
    *, window: tuple[float, float], code: str, where: str, given: str, expected: str, remedy: str
) -> RangeError:
    """Return the error to raise, with its `window`.

    Examples
    --------
    >>> refuse_range(window=(0, 1), code="c", where="values", given="g", expected="e", remedy="Clip it.").code
    'c'
    """
    error = RangeError(code=code, where=where, given=given, expected=expected, remedy=remedy)
    error.window = window
    return error
