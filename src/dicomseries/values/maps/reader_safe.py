"""Rescales misread by known readers, and slopes without that.

Cornerstone3D and OHIF look at each slice: if its least and its greatest real value are integers,
the slice becomes an array of integers and loses its fractions (cornerstone3D issues 1925 and 2706).
A float volume with slices from 0 to 1 is black there. OHIF takes the type of a volume from the bits
and from integer slope and intercept; integer ones that lead out of the 16-bit range wrap.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.standard.attributes.decimal_string import format_ds
from dicomseries.values.value_map import stored_range

__all__ = [
    "LARGEST_WITH_FRACTION",
    "ds_not_above",
    "has_few_whole_numbers",
    "is_clamped_by_vtk_dicom",
    "leaves_stored_range",
    "slopes_from",
    "truncated_slices",
]

LARGEST_WITH_FRACTION = 1e14
"""From this slope on DS of 16 characters has no fraction; only such slopes may be integers."""

_LARGEST_INTEGER_ARRAY = 2.0**32
"""Above it readers use floats for any ends: they have no integer arrays beyond 32 bits."""

_SPARE = 3e-5
"""Largest increase of a slope for readers, relative to the least one; the bound grows as much."""

_TRIES = 256


def truncated_slices(
    low_stored: npt.NDArray[Any], high_stored: npt.NDArray[Any], slope: float, intercept: float
) -> npt.NDArray[np.intp]:
    """Return the slices turned into integers by some readers.

    These are Cornerstone3D and OHIF.

    Parameters
    ----------
    low_stored, high_stored : array, shape (slices,)
        Least and greatest stored value of each slice.
    slope, intercept : float
        As parsed from the DS texts.

    Returns
    -------
    array of int, shape (k,)
        Slice indices; empty if every reader keeps the fractions.

    Examples
    --------
    >>> lows, highs = np.array([-10000, -9999, 5000]), np.array([10000, 10000, 5000])
    >>> truncated_slices(lows, highs, 0.001, 0.0).tolist()
    [0]
    """
    # JavaScript computes in float64 as numpy does: pixel * slope + intercept, two roundings.
    low = np.asarray(low_stored, dtype=np.float64) * slope + intercept
    high = np.asarray(high_stored, dtype=np.float64) * slope + intercept
    has_integer_ends = (low == np.floor(low)) & (high == np.floor(high))
    # a slice of one value is harmless: an array of integers holds this integer too
    has_spread = low != high
    is_small = np.maximum(np.abs(low), np.abs(high)) <= _LARGEST_INTEGER_ARRAY
    return np.flatnonzero(has_integer_ends & has_spread & is_small)


def has_few_whole_numbers(stored: npt.NDArray[np.float64], slope: float, intercept: float) -> bool:
    """Return whether at most one stored value is an integer.

    Then no slice can have integers at both ends.

    Examples
    --------
    >>> stored = np.arange(2000.0)
    >>> has_few_whole_numbers(stored, 0.001, 0.0), has_few_whole_numbers(stored, 0.00099, 0.0)
    (False, True)
    """
    real = stored * slope + intercept
    is_integer = (real == np.floor(real)) & (np.abs(real) <= _LARGEST_INTEGER_ARRAY)
    return int(np.count_nonzero(is_integer)) <= 1


def leaves_stored_range(
    dtype: str, slope: float, intercept: float, low: float, high: float
) -> bool:
    """Return whether an integer rescale leaves the stored type.

    OHIF 3.13 wraps there.

    Parameters
    ----------
    dtype : str
        Of the stored integers.
    slope, intercept : float
        As parsed from the DS texts.
    low, high : float
        Least and greatest real value.

    Examples
    --------
    >>> leaves_stored_range("uint16", 1.0, -1024.0, -1024, 60000)
    True
    >>> leaves_stored_range("int16", 0.5, 0.0, -9, 9e9)
    False
    """
    if (slope, intercept) == (1.0, 0.0) or not (slope.is_integer() and intercept.is_integer()):
        return False
    least, most = stored_range(dtype)
    return low < least or high > most


def is_clamped_by_vtk_dicom(
    dtype: str, slope: float, intercept: float, low: float, high: float
) -> bool:
    """Return whether vtk-dicom 0.8 cuts off values beyond 16 bits.

    With an integer rescale it reads into int16 if the stored type is signed or the intercept
    negative, else into uint16; with fractions it reads into float32.

    Parameters
    ----------
    dtype : str
        Of the stored integers.
    slope, intercept : float
        As parsed from the DS texts.
    low, high : float
        Least and greatest real value.

    Examples
    --------
    >>> is_clamped_by_vtk_dicom("uint16", 1.0, -1024.0, -1024, 60000)
    True
    >>> is_clamped_by_vtk_dicom("uint16", 1.0, -1024.0, -1024, 3000)
    False
    """
    if (slope, intercept) == (1.0, 0.0) or not (slope.is_integer() and intercept.is_integer()):
        return False
    is_signed = intercept < 0 or dtype.startswith("int")
    least, most = stored_range("int16" if is_signed else "uint16")
    return low < least or high > most


def slopes_from(least: float) -> Iterator[float]:
    """Yield slopes with few digits from `least` (> 0) upwards.

    None is an integer below 1e14.

    Few digits leave room in the 16 characters of the intercept: 0 is read as 0 only if it is
    slope · integer to the last bit.

    Examples
    --------
    >>> from itertools import islice
    >>> list(islice(slopes_from(20 / 65535), 2)), next(slopes_from(1.0))
    ([0.000305180438, 0.000305180439], 1.00000001)
    """
    for value in _candidates(least):
        # the decimal is at or above the least slope; its float64 may be one rounding below
        if value < least or not math.isfinite(value):
            continue
        if value >= LARGEST_WITH_FRACTION or not value.is_integer():
            yield value


def _candidates(least: float) -> Iterator[float]:
    exact = Fraction(least)
    exponent = math.floor(math.log10(least))
    # the last two are for steps of thousands over a promised range, with several integer multiples
    for digits in (9, 8, 7, 6, 12, 14):
        power = exponent - digits + 1
        first = math.ceil(exact / Fraction(10) ** power)
        for step in range(min(_TRIES, int(first * _SPARE)) + 1):
            yield float(f"{first + step}e{power}")
    if 1e5 <= least < LARGEST_WITH_FRACTION:
        for step in range(_TRIES):
            yield math.ceil(least) + step + 0.5
    # near the end of float64 only a clearly larger slope keeps the restored maximum finite
    yield float(format_ds(min(least * (1 + _SPARE), 1e308)))


def ds_not_above(value: float) -> str:
    """Return the DS text at or just below `value`.

    Examples
    --------
    >>> ds_not_above(-3.25), float(ds_not_above(-1 / 3)) <= -1 / 3
    ('-3.25', True)
    """
    text = format_ds(value)
    digits = 15
    while float(text) > value:
        text = format_ds(value - abs(value) * 10.0**-digits)
        digits -= 1
    return text
