"""Which rescales known readers turn into something else, and slopes that avoid it.

Cornerstone3D and OHIF look at each slice: if its least and its greatest real value are both whole numbers, the slice
becomes an array of integers and every fraction in it is lost (cornerstone3D issues 1925 and 2706). A float volume whose
slices span 0 to 1 is black there. OHIF takes the type of the whole volume from the bits and from whether slope and
intercept are whole; whole ones that lead out of the 16-bit range wrap.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.standard.decimal_string import format_ds
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
"""From this slope on no DS of 16 characters has a fraction; only such slopes may be whole numbers."""

_LARGEST_INTEGER_ARRAY = 2.0**32
"""Readers have no integer array beyond 32 bits; above it they keep floats, whatever the ends are."""

_SPARE = 3e-5
"""Most that a slope is raised to please readers, relative to the least one; the bound grows by as much."""

_TRIES = 256


def truncated_slices(
    low_stored: npt.NDArray[Any], high_stored: npt.NDArray[Any], slope: float, intercept: float
) -> npt.NDArray[np.intp]:
    """Return the indices of the slices that Cornerstone3D and OHIF would turn into integers.

    Parameters
    ----------
    low_stored, high_stored : array, shape (slices,)
        Least and greatest stored value of each slice.
    slope, intercept : float
        As parsed from the DS texts.

    Returns
    -------
    array of int, shape (k,)
        Slice indices; empty when every reader keeps the fractions.

    Examples
    --------
    >>> truncated_slices(np.array([-10000, -9999, 5000]), np.array([10000, 10000, 5000]), 0.001, 0.0).tolist()
    [0]
    """
    # JavaScript computes in float64 as numpy does: pixel * slope + intercept, two roundings.
    low = np.asarray(low_stored, dtype=np.float64) * slope + intercept
    high = np.asarray(high_stored, dtype=np.float64) * slope + intercept
    whole = (low == np.floor(low)) & (high == np.floor(high))
    # A slice of one value is harmless: as an integer array it still holds this one whole number.
    several = low != high
    small = np.maximum(np.abs(low), np.abs(high)) <= _LARGEST_INTEGER_ARRAY
    return np.flatnonzero(whole & several & small)


def has_few_whole_numbers(stored: npt.NDArray[np.float64], slope: float, intercept: float) -> bool:
    """Tell whether at most one stored value is a whole number, so that no slice can begin and end with one.

    Examples
    --------
    >>> has_few_whole_numbers(np.arange(2000.0), 0.001, 0.0), has_few_whole_numbers(np.arange(2000.0), 0.00099, 0.0)
    (False, True)
    """
    real = stored * slope + intercept
    return (
        int(np.count_nonzero((real == np.floor(real)) & (np.abs(real) <= _LARGEST_INTEGER_ARRAY)))
        <= 1
    )


def leaves_stored_range(
    dtype: str, slope: float, intercept: float, low: float, high: float
) -> bool:
    """Tell whether a whole-number rescale leads out of the stored type, where OHIF 3.13 wraps.

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
    >>> leaves_stored_range("uint16", 1.0, -1024.0, -1024, 60000), leaves_stored_range("int16", 0.5, 0.0, -9, 9e9)
    (True, False)
    """
    if (slope, intercept) == (1.0, 0.0) or not (slope.is_integer() and intercept.is_integer()):
        return False
    least, most = stored_range(dtype)
    return low < least or high > most


def is_clamped_by_vtk_dicom(
    dtype: str, slope: float, intercept: float, low: float, high: float
) -> bool:
    """Tell whether vtk-dicom 0.8 cuts off values beyond the 16 bits that it reads into.

    With a whole-number rescale it reads into int16 where the stored type is signed or the intercept negative, else into
    uint16; with fractions it reads into float32.

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
    """Yield slopes at or just above `least` (> 0), never whole below 1e14, with few digits.

    Few digits leave room in the 16 characters of the intercept, which must be slope · integer to the last bit
    for 0 to be read as 0.

    Examples
    --------
    >>> from itertools import islice
    >>> list(islice(slopes_from(20 / 65535), 2)), next(slopes_from(1.0))
    ([0.000305180438, 0.000305180439], 1.00000001)
    """
    for value in _candidates(least):
        # the decimal is at or above the least slope; its float64 may be one rounding below
        if (
            value >= least
            and math.isfinite(value)
            and (value >= LARGEST_WITH_FRACTION or not value.is_integer())
        ):
            yield value


def _candidates(least: float) -> Iterator[float]:
    exact = Fraction(least)
    exponent = math.floor(math.log10(least))
    # The last two are for steps of thousands over a promised range: with nine digits several multiples are whole.
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
    """Return the DS text of the number at or just below `value`.

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
