"""Decimal String (DS): the text of at most 16 characters with the least error (PS3.5 section 6.2)."""

from __future__ import annotations

import math

__all__ = ["MAX_DS_CHARS", "format_ds"]

MAX_DS_CHARS = 16
"""Longest DS value in characters, PS3.5 table 6.2-1; `str(float)` breaks it for most cosines."""

_SIGNIFICANT = 17
"""Decimal digits that tell any two float64 apart."""


def format_ds(value: float) -> str:
    """Return the DS text of `value` (any unit) that a reader parses back with the least error.

    Parameters
    ----------
    value : float
        A finite number.

    Returns
    -------
    str
        At most 16 characters: the number's usual text where that fits, else the most exact one that does
        (the shortest of them).

    Raises
    ------
    ValueError
        If `value` is NaN or infinite, which DS cannot say.

    Notes
    -----
    PS3.5 section 6.2 allows a fixed point number without the leading zero, which buys one digit (GDCM does the same).

    Examples
    --------
    >>> format_ds(2.5), format_ds(-0.0), format_ds(1 / 3), format_ds(-1.2345678901234567e-5)
    ('2.5', '0', '.333333333333333', '-1.2345678901e-5')
    """
    number = float(value)
    if not math.isfinite(number):
        message = f"DS cannot hold {value!r}; only finite numbers can be written"
        raise ValueError(message)
    if number == 0.0:
        return "0"
    if number.is_integer() and abs(number) < 10 ** (MAX_DS_CHARS - 1):
        return str(int(number))
    shortest = _tidy(repr(number))
    if len(shortest) <= MAX_DS_CHARS:
        return shortest
    return min(_candidates(number), key=lambda text: (abs(float(text) - number), len(text)))


def _candidates(number: float) -> list[str]:
    """Return the most exact fixed and exponent texts of `number` that fit 16 characters."""
    sign = number < 0
    exponent = math.floor(math.log10(abs(number)))
    # mantissa: first digit and point, sign, "e", the exponent's sign and digits; one more may fit after rounding
    room = MAX_DS_CHARS - 2 - sign - 1 - len(str(exponent)) + 1
    texts = [_longest_that_fits(number, "e", min(room, _SIGNIFICANT))]
    if -6 < exponent < MAX_DS_CHARS - 1:
        texts.append(_longest_that_fits(number, "f", MAX_DS_CHARS - 1 - sign - max(exponent, 0)))
    return [text for text in texts if text]


def _longest_that_fits(number: float, style: str, digits: int) -> str:
    while digits >= 0:
        text = _tidy(f"{number:.{digits}{style}}")
        # Rounded up, the largest float64 would be read back as infinite.
        if len(text) <= MAX_DS_CHARS and math.isfinite(float(text)):
            return text
        digits -= 1
    return ""


def _tidy(text: str) -> str:
    """Drop what carries no value: trailing zeros, `e+05` → `e5`, and the leading zero of a long fraction."""
    mantissa, mark, exponent = text.partition("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    short = f"{mantissa}e{int(exponent)}" if mark else mantissa
    if len(short) > MAX_DS_CHARS:
        return short.replace("-0.", "-.", 1) if short.startswith("-0.") else short.removeprefix("0")
    return short
