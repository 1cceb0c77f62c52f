"""Limits of `clip=` as numbers of the array's type.

Limits outside of that type move inwards to its next number. So clipping while writing equals
clipping the array before: an array of integers or of float32 keeps its type. `write`, `check` and
the receipt use the same limits.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from dicomseries.errors import ValuesError

__all__ = ["integer_limits", "limits_in", "moved_advice", "real_limits"]


def limits_in(
    dtype: np.dtype[Any] | str,
    clip: tuple[float, float],
    slope: float = 1.0,
    intercept: float = 0.0,
) -> tuple[float, float]:
    """Return the limits as real values of the array's type.

    Parameters
    ----------
    dtype : numpy dtype or its name
        Of the array.
    clip : (float, float)
        Real values.
    slope, intercept : float
        real = slope · value + intercept.

    Returns
    -------
    (float, float)
        Of integers the real values of the least and the greatest integer within the limits; of
        float16 and float32 without a scale those of a float32; else the limits.

    Raises
    ------
    ValuesError
        If there is no such value within the limits.

    Examples
    --------
    >>> limits_in("uint8", (83.95, 223.18)), limits_in("float64", (83.95, 223.18))
    ((84.0, 223.0), (83.95, 223.18))
    """
    kind = np.dtype(dtype)
    low, high = float(clip[0]), float(clip[1])
    if kind.kind in "biu":
        return real_limits(integer_limits((low, high), slope, intercept), slope, intercept)
    if kind.itemsize > 4 or (slope, intercept) != (1.0, 0.0):
        return low, high
    return _single_limits(low, high)


def moved_advice(
    clip: tuple[float, float], limits: tuple[float, float], dtype: str
) -> tuple[str, ...]:
    """Return advice about limits moved inwards.

    Examples
    --------
    >>> moved_advice((83.95, 223.0), (84.0, 223.0), "uint8")
    ('`clip=(83.95, 223)` counts as 84 to 223, the values between that uint8 holds; ...',)
    """
    if np.dtype(dtype).kind == "f" or tuple(map(float, clip)) == limits:
        return ()
    text = (
        f"`clip=({clip[0]:.9g}, {clip[1]:.9g})` counts as {limits[0]:.9g} to {limits[1]:.9g}, the "
        f"values between that {dtype} holds; cast the array to float32 to keep limits with a "
        f"fraction."
    )
    return (text,)


def integer_limits(
    limits: tuple[float, float], slope: float, intercept: float, *, where: str = "clip"
) -> tuple[int, int]:
    """Return the least and greatest source integer within the limits.

    Parameters
    ----------
    limits : (float, float)
        Real values.
    slope, intercept : float
        real = slope · integer + intercept, in float64: limits made of integers give these
        integers back.
    where : str
        Name of the option, for errors.

    Raises
    ------
    ValuesError
        If there is none.

    Examples
    --------
    >>> integer_limits((0.5, 10.5), 1.0, 0.0), integer_limits((0.5, 10.5), -2.0, 0.0)
    ((1, 10), (-5, -1))
    """
    # exact rationals: a float quotient could push an integer over the edge
    first, last = sorted((Fraction(end) - Fraction(intercept)) / Fraction(slope) for end in limits)
    low, high = math.ceil(first), math.floor(last)
    if (slope, intercept) != (1.0, 0.0):
        low = _as_rounded(low, limits, slope, intercept, step=1)
        high = _as_rounded(high, limits, slope, intercept, step=-1)
    if low > high:
        raise ValuesError(
            code=f"{where.replace('_', '-')}-holds-no-integer",
            where=where,
            given=limits,
            expected="a range with an integer of the source in it",
            remedy=f"Widen `{where}=`, or cast the array to float32, which holds fractions.",
        )
    return low, high


def _as_rounded(
    end: int, limits: tuple[float, float], slope: float, intercept: float, *, step: int
) -> int:
    """Return the outermost integer near `end` within the limits.

    The real value is rounded as float64 rounds it.
    """
    for number in (end - step, end, end + step):
        try:
            real = float(number) * slope + intercept
        except OverflowError:
            return end
        if limits[0] <= real <= limits[1]:
            return number
    return end


def real_limits(limits: tuple[int, int], slope: float, intercept: float) -> tuple[float, float]:
    """Return the real values of two source integers in order.

    Examples
    --------
    >>> real_limits((-5, -1), -2.0, 0.0)
    (2.0, 10.0)
    """
    first, last = sorted(float(end) * slope + intercept for end in limits)
    return first, last


def _single_limits(low: float, high: float) -> tuple[float, float]:
    first, last = _single(low), _single(high)
    # Compared as float64: numpy would compare a float32 with a Python float as two float32.
    if float(first) < low:
        first = np.nextafter(first, np.float32(np.inf))
    if float(last) > high:
        last = np.nextafter(last, np.float32(-np.inf))
    if not first <= last:
        raise ValuesError(
            code="clip-holds-no-float32",
            where="clip",
            given=(low, high),
            expected="a range with a float32 in it, as the array holds",
            remedy="Widen `clip=`, or cast the array to float64.",
        )
    return float(first), float(last)


def _single(value: float) -> np.float32:
    with np.errstate(over="ignore", under="ignore"):
        return np.float32(value)
