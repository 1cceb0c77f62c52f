"""Decimal String (DS): the most exact text of a number."""

from __future__ import annotations

import math

__all__ = ["MAX_DS_CHARS", "format_ds"]

MAX_DS_CHARS = 16
"""Longest DS value in characters, PS3.5 table 6.2-1; `str(float)` breaks it for most cosines."""

_SIGNIFICANT = 17
"""Decimal digits that distinguish any two float64."""


def format_ds(value: float) -> str:
    """Return the DS text of `value` with the least error.

    Parameters
    ----------
    value : float
        A finite number, in any unit.

    Returns
    -------
    str
        At most 16 characters: the number's `repr` if it fits, else the most exact shorter text.

    Raises
    ------
    ValueError
        If `value` is NaN or infinite: DS has no text for them.

    Notes
    -----
    PS3.5 section 6.2. Other programs copy DS values as floats: the JSON model of DICOM (PS3.18
    annex F), DICOMweb servers, scripts. They print the number again as `repr` does, with a zero
    before the point and an exponent of two digits. The text is therefore that of a number whose
    `repr` has at most 16 characters. From 1e14 to 1e16 (negative: from 1e13) there is no such
    number, as `repr` prints all digits and ``.0``; the text is then the most exact one of 16
    characters.

    Examples
    --------
    >>> format_ds(2.5), format_ds(-0.0), format_ds(1 / 3), format_ds(-1.2345678901234567e-5)
    ('2.5', '0', '0.33333333333333', '-1.23456789e-5')
    """
    number = float(value)
    if not math.isfinite(number):
        message = f"DS cannot hold {value!r}; only finite numbers can be written"
        raise ValueError(message)
    if number == 0.0:
        return "0"
    if number.is_integer() and abs(number) < 10 ** (MAX_DS_CHARS - 1):
        return str(int(number))
    printed = repr(number)
    if len(printed) <= MAX_DS_CHARS:
        return _tidy(printed)
    if _is_long_for_repr(number):
        return _longest(number)
    digits = _SIGNIFICANT - (len(printed) - MAX_DS_CHARS)
    text = ""
    while not text:
        text = _rounded(number, digits)
        digits -= 1
    return text


def _is_long_for_repr(number: float) -> bool:
    """Return whether `repr` needs over 16 characters around this number."""
    least = 1e13 if number < 0 else 1e14
    return least - 0.05 <= abs(number) < 1e16  # numbers within 0.05 of 1e14 are rounded up to it


def _rounded(number: float, digits: int) -> str:
    """Return the text of `digits` significant digits.

    It is empty if `repr` needs more than 16 characters for the number.
    """
    printed = repr(float(f"{number:.{digits - 1}e}"))
    # Rounded up, the largest float64 would be read back as infinite.
    if len(printed) > MAX_DS_CHARS or "inf" in printed:
        return ""
    return _tidy(printed)


def _longest(number: float) -> str:
    """Return the text of a number of 14 to 16 digits."""
    integer = f"{number:.0f}"
    if len(integer) <= MAX_DS_CHARS:
        return integer
    return _tidy(f"{number:.10e}")


def _tidy(text: str) -> str:
    """Drop trailing zeros, and `e+05` → `e5`."""
    mantissa, mark, exponent = text.partition("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    if not mark:
        return mantissa
    return f"{mantissa}e{int(exponent)}"
