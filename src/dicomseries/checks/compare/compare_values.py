"""Largest error of stored values, compared with the input."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["largest_error"]

_BLOCK = 1 << 15
"""Elements compared at once: a float64 block of 256 KiB fits a level-2 cache, twice."""
_INT64_SAFE = 1 << 62
_FLOAT64_SAFE = 1 << 53
_SMALLEST = 5e-324
"""Error of a zero of the wrong sign: no difference in value, but in bits."""

Array = npt.NDArray[Any]
Rescale = tuple[float, float]
"""Slope and intercept."""

_IDENTITY: Rescale = (1.0, 0.0)


def largest_error(
    stored: Array,
    slope: float,
    intercept: float,
    expected: Array,
    *,
    nan: float | None = None,
    clip: tuple[float, float] | None = None,
    source_slope: float = 1.0,
    source_intercept: float = 0.0,
) -> float:
    """Return the largest ``abs(slope * stored + intercept - real)``.

    *real* is the real value of the input.

    Parameters
    ----------
    stored : ndarray
        Stored values, any shape: integers, or floats of Float or Double Float Pixel Data.
    slope, intercept : float
        As parsed from RescaleSlope and RescaleIntercept.
    expected : ndarray
        The input, of the same shape; any real dtype, byte order and strides.
    nan : float, optional
        Real value that replaces voxels that are not finite; without it such a voxel is an infinite
        error, unless floats are stored that are not finite in the same way.
    clip : (float, float), optional
        Real range that finite values were clipped to; its ends count as the nearest real values
        between them that the dtype of `expected` can hold.
    source_slope, source_intercept : float
        Meaning of `expected`: real = source_slope · expected + source_intercept.

    Returns
    -------
    float
        In real units; 0.0 means every voxel is right to the bit, ``inf`` that shapes differ or a
        voxel is lost.

    Notes
    -----
    PS3.3 section C.11.1. Integers are compared as integers if slope and intercept are whole; else
    in float64, in which readers compute.

    Stored floats (PS3.3 sections C.7.6.24 and C.7.6.25) without any rescale have no error only if
    their bits are those of the input: a lost sign of zero or, between floats of one size, another
    NaN counts as an error too, the former as the smallest there is. NaN of another size, and of a
    scaled or clipped array, only has to be NaN.

    Examples
    --------
    >>> largest_error(np.array([1, 2], "int16"), 0.5, 0.0, np.array([0.5, 1.25]))
    0.25
    """
    if stored.shape != expected.shape:
        return math.inf
    rescale = (float(slope), float(intercept))
    source = (float(source_slope), float(source_intercept))
    if clip is not None:
        clip = _limits_in(expected.dtype, clip, source)
        if _are_integers(expected) and source == _IDENTITY:
            expected, clip = _clipped(expected, clip), None
    if stored.dtype.kind == "f":
        return _largest_float_error(stored, rescale, expected, source, nan=nan, clip=clip)
    return _largest_integer_error(stored, rescale, expected, source, nan=nan, clip=clip)


def _limits_in(
    dtype: np.dtype[Any], clip: tuple[float, float], source: Rescale
) -> tuple[float, float]:
    """Return limits moved inwards to values of the dtype."""
    low, high = float(clip[0]), float(clip[1])
    if dtype.kind in "iub":
        return _first_inside(low, high, source), _first_inside(high, low, source)
    if dtype.itemsize > 4 or source != _IDENTITY:
        return low, high
    with np.errstate(over="ignore", under="ignore"):
        first, last = np.float32(low), np.float32(high)
    if float(first) < low:
        first = np.nextafter(first, np.float32(math.inf))
    if float(last) > high:
        last = np.nextafter(last, np.float32(-math.inf))
    return float(first), float(last)


def _first_inside(limit: float, other: float, source: Rescale) -> float:
    """Return the real value of the nearest integer inside."""
    is_low = limit <= other
    if source == _IDENTITY:
        return float(math.ceil(limit) if is_low else math.floor(limit))
    slope, intercept = source
    nearest = round((Fraction(limit) - Fraction(intercept)) / Fraction(slope))
    inside = []
    for integer in range(nearest - 2, nearest + 3):
        real = float(integer) * slope + intercept
        if limit <= real if is_low else real <= limit:
            inside.append(real)
    return min(inside, key=lambda real: abs(real - limit), default=limit)


def _clipped(expected: Array, limits: tuple[float, float]) -> Array:
    """Return integers clipped to limits, even outside their dtype."""
    low, high = int(limits[0]), int(limits[1])
    if expected.dtype.kind == "b":
        expected = expected.view(np.uint8)
    info = np.iinfo(expected.dtype)
    if high < info.min:
        return np.full(expected.shape, high, np.int64)
    if low > info.max:
        return np.full(expected.shape, low, np.int64)
    return np.clip(expected, max(low, info.min), min(high, info.max))


def _largest_integer_error(
    stored: Array,
    rescale: Rescale,
    expected: Array,
    source: Rescale,
    *,
    nan: float | None,
    clip: tuple[float, float] | None,
) -> float:
    are_unclipped_integers = clip is None and _are_integers(stored, expected)
    if are_unclipped_integers and rescale == source and _are_equal(stored, expected):
        return 0.0
    worst = 0.0
    for block, expected_block in _blocks(stored, expected):
        error = None
        if are_unclipped_integers and source == _IDENTITY:
            error = _integer_error(block, rescale, expected_block)
        if error is None:
            error = _block_error(block, rescale, expected_block, source, nan=nan, clip=clip)
        worst = max(worst, error)
        if worst == math.inf:
            break
    return worst


def _are_integers(*arrays: Array) -> bool:
    return all(array.dtype.kind in "iub" for array in arrays)


def _are_equal(stored: Array, expected: Array) -> bool:
    """Return whether all integers are equal, by eight bytes."""
    are_contiguous = stored.flags.c_contiguous and expected.flags.c_contiguous
    if stored.dtype == expected.dtype and are_contiguous and stored.nbytes % 8 == 0:
        stored = stored.reshape(-1).view(np.uint64)
        expected = expected.reshape(-1).view(np.uint64)
    return bool((stored == expected).all())


def _blocks(stored: Array, expected: Array) -> Iterator[tuple[Array, Array]]:
    """Yield parts of both that fit the cache, as views."""
    if stored.ndim == 0 or stored.size <= _BLOCK:
        if stored.size:
            yield stored, expected
        return
    step = max(1, _BLOCK * stored.shape[0] // stored.size)
    for start in range(0, stored.shape[0], step):
        block, expected_block = stored[start : start + step], expected[start : start + step]
        if step == 1 and block.size > _BLOCK:
            yield from _blocks(block[0], expected_block[0])
        else:
            yield block, expected_block


def _integer_error(stored: Array, rescale: Rescale, expected: Array) -> float | None:
    """Return the exact error of integers; None if int64 overflows."""
    if not all(value.is_integer() for value in rescale):
        return None
    slope, intercept = map(int, rescale)
    lowest, highest = int(expected.min()), int(expected.max())
    largest_stored = max(abs(int(stored.min())), abs(int(stored.max())))
    reach = abs(slope) * largest_stored + abs(intercept)
    if max(-lowest, highest, reach) >= _INT64_SAFE:
        return None
    difference = np.multiply(stored, slope, dtype=np.int64)
    difference += intercept
    difference -= expected.astype(np.int64, copy=False)
    return float(max(int(difference.max()), -int(difference.min())))


def _block_error(
    stored: Array,
    rescale: Rescale,
    expected: Array,
    source: Rescale,
    *,
    nan: float | None,
    clip: tuple[float, float] | None,
) -> float:
    real = expected
    if source != _IDENTITY or clip is not None:
        real = _real(expected, source)
    if clip is not None:
        np.clip(real, *clip, out=real, where=np.isfinite(expected))
    difference = _real(stored, rescale)
    np.subtract(difference, real, out=difference, dtype=np.float64)
    worst = max(float(difference.max()), -float(difference.min()))
    if math.isfinite(worst):
        return worst
    lost = ~np.isfinite(real)
    if nan is None or not lost.any():
        return math.inf
    difference[lost] = _real(stored[lost], rescale) - nan
    worst = float(np.abs(difference).max())
    return worst if math.isfinite(worst) else math.inf


def _real(values: Array, rescale: Rescale) -> Array:
    """Return real values in float64, with two roundings."""
    real: Array = np.multiply(values, rescale[0], dtype=np.float64)
    real += rescale[1]
    return real


# --- stored floats --------------------------------------------------------------------------------


def _largest_float_error(
    stored: Array,
    rescale: Rescale,
    expected: Array,
    source: Rescale,
    *,
    nan: float | None,
    clip: tuple[float, float] | None,
) -> float:
    is_plain = rescale == source == _IDENTITY and nan is None and clip is None
    if is_plain and _have_same_bits(stored, expected):
        return 0.0
    worst = 0.0
    with np.errstate(invalid="ignore", over="ignore"):  # NaN and infinity are compared here
        for block, expected_block in _blocks(stored, expected):
            if is_plain:
                error = _plain_float_error(block, expected_block)
            else:
                real = _expected_real(expected_block, source, nan=nan, clip=clip)
                error = _difference(_real(block, rescale), real)
            worst = max(worst, error)
            if worst == math.inf:
                break
    return worst


def _have_same_bits(stored: Array, expected: Array) -> bool:
    if expected.dtype.kind != "f" or expected.dtype.itemsize != stored.dtype.itemsize:
        return False
    return _are_equal(_words(stored), _words(expected))


def _words(array: Array) -> Array:
    """Return the bits of floats as unsigned integers."""
    return array.view(np.dtype(f"{array.dtype.str[0]}u{array.dtype.itemsize}"))


def _plain_float_error(stored: Array, expected: Array) -> float:
    """Return the error of floats; 0.0 only for equal bits."""
    if _have_same_bits(stored, expected):
        return 0.0
    are_floats = expected.dtype.kind == "f"
    if not are_floats and max(-int(expected.min()), int(expected.max())) > _FLOAT64_SAFE:
        return _exact_difference(stored, expected)
    real, wanted = stored.astype(np.float64), expected.astype(np.float64)
    error = _difference(real, wanted)
    if error:
        return error
    lost = np.isnan(wanted)
    are_of_one_size = are_floats and expected.dtype.itemsize == stored.dtype.itemsize
    if are_of_one_size and not np.array_equal(_words(stored)[lost], _words(expected)[lost]):
        return math.inf
    if np.any((np.signbit(real) != np.signbit(wanted)) & ~lost):
        return _SMALLEST
    return 0.0


def _exact_difference(stored: Array, expected: Array) -> float:
    """Return the error of integers beyond float64; slow, rare."""
    if not np.isfinite(stored).all():
        return math.inf
    pairs = zip(stored.reshape(-1).tolist(), expected.reshape(-1).tolist(), strict=True)
    return float(max(abs(Fraction(number) - integer) for number, integer in pairs))


def _expected_real(
    expected: Array, source: Rescale, *, nan: float | None, clip: tuple[float, float] | None
) -> Array:
    """Return the expected real values in float64."""
    finite = np.isfinite(expected)
    real = _real(expected, source)
    if clip is not None:
        np.clip(real, *clip, out=real, where=finite)
    if nan is not None:
        real[~finite] = nan
    return real


def _difference(real: Array, expected: Array) -> float:
    """Return the largest difference; equal infinities and NaN have none."""
    difference = np.abs(real - expected)
    odd = ~np.isfinite(difference)
    if odd.any():
        values, expected_values = real[odd], expected[odd]
        are_nan = np.isnan(values) & np.isnan(expected_values)
        if not np.all((values == expected_values) | are_nan):
            return math.inf
        difference[odd] = 0.0
    return float(difference.max())
