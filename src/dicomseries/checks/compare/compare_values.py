"""Stored values beside what was asked for: the largest error, as a reader of the file would meet it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["largest_error"]

_BLOCK = 1 << 15
"""Elements compared at once: a float64 block of 256 KiB stays in a level-2 cache, beside what it is compared with."""
_INT64_SAFE = 1 << 62
_FLOAT64_SAFE = 1 << 53
_SMALLEST = 5e-324
"""Error of a zero of the wrong sign: no number, but not the same bits."""

Array = npt.NDArray[Any]


def largest_error(
    stored: Array,
    slope: float,
    intercept: float,
    asked: Array,
    *,
    nan: float | None = None,
    clip: tuple[float, float] | None = None,
    source_slope: float = 1.0,
    source_intercept: float = 0.0,
) -> float:
    """Return the largest ``abs(slope * stored + intercept - real)``, *real* being what was asked for.

    Parameters
    ----------
    stored : ndarray
        Stored values of one slab, any shape: integers, or floats of Float or Double Float Pixel Data.
    slope, intercept : float
        As parsed from RescaleSlope and RescaleIntercept.
    asked : ndarray
        What was to be written, of the same shape; any real dtype, byte order and strides.
    nan : float, optional
        Real value that stands for voxels that are not finite; without it such a voxel is an infinite error, unless
        floats are stored that are not finite in the same way.
    clip : (float, float), optional
        Real range that finite values were to be clipped to; its ends count as the nearest real values between them that
        the dtype of `asked` can hold.
    source_slope, source_intercept : float
        What `asked` means: real = source_slope · asked + source_intercept.

    Returns
    -------
    float
        In real units; 0.0 means every voxel is right to the bit, ``inf`` that shapes differ or a voxel is lost.

    Notes
    -----
    PS3.3 section C.11.1. Integers are compared as integers where slope and intercept are whole; else in float64, in
    which readers compute.

    Stored floats (PS3.3 sections C.7.6.24 and C.7.6.25) that are to mean themselves have no error only if their bits
    are those of what was asked: a lost sign of zero or, between floats of one size, another NaN counts as an error too,
    the former as the smallest there is. NaN of another size, and of a scaled or clipped array, only has to be NaN.

    Examples
    --------
    >>> largest_error(np.array([1, 2], "int16"), 0.5, 0.0, np.array([0.5, 1.25]))
    0.25
    """
    if stored.shape != asked.shape:
        return math.inf
    rescale = (float(slope), float(intercept))
    source = (float(source_slope), float(source_intercept))
    if clip is not None:
        clip = _limits_in(asked.dtype, clip, source)
        if _are_integers(asked) and source == (1.0, 0.0):
            asked, clip = _clipped(asked, clip), None
    if stored.dtype.kind == "f":
        return _largest_float_error(stored, rescale, asked, source, nan=nan, clip=clip)
    if (
        _are_integers(stored, asked)
        and clip is None
        and rescale == source
        and _are_equal(stored, asked)
    ):
        return 0.0
    is_whole = _are_integers(stored, asked) and clip is None and source == (1.0, 0.0)
    worst = 0.0
    for ours, theirs in _blocks(stored, asked):
        error = _whole_error(ours, rescale, theirs) if is_whole else None
        worst = max(
            worst,
            _block_error(ours, rescale, theirs, source, nan=nan, clip=clip)
            if error is None
            else error,
        )
        if worst == math.inf:
            break
    return worst


def _limits_in(
    dtype: np.dtype[Any], clip: tuple[float, float], source: tuple[float, float]
) -> tuple[float, float]:
    """Return the limits moved inwards to real values that the array can hold: integers, or float32."""
    low, high = float(clip[0]), float(clip[1])
    if dtype.kind in "iub":
        return _first_inside(low, high, source), _first_inside(high, low, source)
    if dtype.itemsize > 4 or source != (1.0, 0.0):
        return low, high
    with np.errstate(over="ignore", under="ignore"):
        first, last = np.float32(low), np.float32(high)
    first = first if float(first) >= low else np.nextafter(first, np.float32(math.inf))
    last = last if float(last) <= high else np.nextafter(last, np.float32(-math.inf))
    return float(first), float(last)


def _first_inside(limit: float, other: float, source: tuple[float, float]) -> float:
    """Return the real value of the source integer nearest to `limit` on the side of `other`."""
    slope, intercept = source
    place = round((Fraction(limit) - Fraction(intercept)) / Fraction(slope))
    if slope == 1.0 and intercept == 0.0:
        return float(math.ceil(limit) if limit <= other else math.floor(limit))
    reals = (float(place + step) * slope + intercept for step in (-2, -1, 0, 1, 2))
    inside = [real for real in reals if (limit <= real if limit <= other else real <= limit)]
    return min(inside, key=lambda real: abs(real - limit), default=limit)


def _clipped(asked: Array, limits: tuple[float, float]) -> Array:
    """Return integers limited to whole numbers, which may lie outside of their dtype."""
    low, high = int(limits[0]), int(limits[1])
    if asked.dtype.kind == "b":
        asked = asked.view(np.uint8)
    info = np.iinfo(asked.dtype)
    if info.min <= low and high <= info.max:
        return np.clip(asked, low, high)
    if high < info.min or low > info.max:
        return np.full(asked.shape, high if high < info.min else low, np.int64)
    return np.clip(asked, max(low, info.min), min(high, info.max))


def _are_integers(*arrays: Array) -> bool:
    return all(array.dtype.kind in "iub" for array in arrays)


def _are_equal(stored: Array, asked: Array) -> bool:
    """Return whether all integers are equal; eight bytes at once where both lie alike in memory."""
    if (
        stored.dtype == asked.dtype
        and stored.flags.c_contiguous
        and asked.flags.c_contiguous
        and stored.nbytes % 8 == 0
    ):
        stored, asked = stored.reshape(-1).view(np.uint64), asked.reshape(-1).view(np.uint64)
    return bool((stored == asked).all())


def _whole_error(stored: Array, rescale: tuple[float, float], asked: Array) -> float | None:
    """Return the error of integers under a whole slope and intercept, exactly; None where int64 cannot hold it."""
    if not all(value.is_integer() for value in rescale) or not asked.size:
        return None
    slope, intercept = map(int, rescale)
    lowest, highest = int(asked.min()), int(asked.max())
    reach = abs(slope) * max(abs(int(stored.min())), abs(int(stored.max()))) + abs(intercept)
    if max(-lowest, highest, reach) >= _INT64_SAFE:
        return None
    difference = np.multiply(stored, slope, dtype=np.int64)
    difference += intercept
    difference -= asked.astype(np.int64, copy=False)
    return float(max(int(difference.max()), -int(difference.min())))


def _blocks(stored: Array, asked: Array) -> Iterator[tuple[Array, Array]]:
    """Yield parts of both that fit the cache, as views."""
    if stored.ndim == 0 or stored.size <= _BLOCK:
        if stored.size:
            yield stored, asked
        return
    step = max(1, _BLOCK * stored.shape[0] // stored.size)
    for start in range(0, stored.shape[0], step):
        ours, theirs = stored[start : start + step], asked[start : start + step]
        if step == 1 and ours.size > _BLOCK:
            yield from _blocks(ours[0], theirs[0])
        else:
            yield ours, theirs


def _block_error(
    stored: Array,
    rescale: tuple[float, float],
    asked: Array,
    source: tuple[float, float],
    *,
    nan: float | None,
    clip: tuple[float, float] | None,
) -> float:
    wanted: Array = asked
    if source != (1.0, 0.0) or clip is not None:
        wanted = np.multiply(asked, source[0], dtype=np.float64)
        wanted += source[1]
    if clip is not None:
        finite = np.isfinite(asked)
        np.clip(wanted, *clip, out=wanted, where=finite)
    difference = _restored(stored, rescale)
    np.subtract(difference, wanted, out=difference, dtype=np.float64)
    worst = max(float(difference.max()), -float(difference.min()))
    if math.isfinite(worst):
        return worst
    return _lossy_error(_restored(stored, rescale), wanted, difference, nan)


def _restored(stored: Array, rescale: tuple[float, float]) -> Array:
    """Return what a reader makes of stored values, in float64: two roundings."""
    real: Array = np.multiply(stored, rescale[0], dtype=np.float64)
    real += rescale[1]
    return real


def _lossy_error(real: Array, wanted: Array, difference: Array, nan: float | None) -> float:
    """Return the error of a block with voxels that are not finite."""
    lost = ~np.isfinite(wanted)
    if nan is None or not lost.any():
        return math.inf
    difference[lost] = real[lost] - nan
    worst = float(np.abs(difference).max())
    return worst if math.isfinite(worst) else math.inf


# --- stored floats -------------------------------------------------------------------------------------------------


def _largest_float_error(
    stored: Array,
    rescale: tuple[float, float],
    asked: Array,
    source: tuple[float, float],
    *,
    nan: float | None,
    clip: tuple[float, float] | None,
) -> float:
    is_plain = rescale == source == (1.0, 0.0) and nan is None and clip is None
    if is_plain and _have_same_bits(stored, asked):
        return 0.0
    worst = 0.0
    with np.errstate(invalid="ignore", over="ignore"):  # NaN and infinity are what is compared here
        for ours, theirs in _blocks(stored, asked):
            if is_plain:
                error = _plain_float_error(ours, theirs)
            else:
                error = _difference(
                    _restored(ours, rescale), _wanted(theirs, source, nan=nan, clip=clip)
                )
            worst = max(worst, error)
            if worst == math.inf:
                break
    return worst


def _have_same_bits(stored: Array, asked: Array) -> bool:
    if asked.dtype.kind != "f" or asked.dtype.itemsize != stored.dtype.itemsize:
        return False
    return _are_equal(_words(stored), _words(asked))


def _words(array: Array) -> Array:
    """Return the bits of floats as unsigned integers of the same byte order."""
    return array.view(np.dtype(f"{array.dtype.str[0]}u{array.dtype.itemsize}"))


def _plain_float_error(stored: Array, asked: Array) -> float:
    """Return the error of floats that mean themselves; 0.0 only for the same bits."""
    if _have_same_bits(stored, asked):
        return 0.0
    if asked.dtype.kind != "f" and max(-int(asked.min()), int(asked.max())) > _FLOAT64_SAFE:
        return _exact_difference(stored, asked)
    real, wanted = stored.astype(np.float64), asked.astype(np.float64)
    error = _difference(real, wanted)
    if error == 0.0 and asked.dtype.itemsize == stored.dtype.itemsize and asked.dtype.kind == "f":
        lost = np.isnan(asked)
        if not np.array_equal(_words(stored)[lost], _words(asked)[lost]):
            return math.inf
    if error == 0.0 and np.any((np.signbit(real) != np.signbit(wanted)) & ~np.isnan(wanted)):
        return _SMALLEST
    return error


def _exact_difference(stored: Array, asked: Array) -> float:
    """Return the error where float64 cannot tell the integers asked for apart; slow, and rarely needed."""
    if not np.isfinite(stored).all():
        return math.inf
    pairs = zip(stored.reshape(-1).tolist(), asked.reshape(-1).tolist(), strict=True)
    return float(max(abs(Fraction(ours) - theirs) for ours, theirs in pairs))


def _wanted(
    asked: Array,
    source: tuple[float, float],
    *,
    nan: float | None,
    clip: tuple[float, float] | None,
) -> Array:
    """Return in float64 what was asked for."""
    finite = np.isfinite(asked)
    wanted: Array = np.multiply(asked, source[0], dtype=np.float64)
    wanted += source[1]
    if clip is not None:
        np.clip(wanted, *clip, out=wanted, where=finite)
    if nan is not None:
        wanted[~finite] = nan
    return wanted


def _difference(real: Array, wanted: Array) -> float:
    """Return the largest difference; none between infinities of one sign, nor between two NaN."""
    difference = np.abs(real - wanted)
    odd = ~np.isfinite(difference)
    if odd.any():
        ours, theirs = real[odd], wanted[odd]
        if not np.all((ours == theirs) | (np.isnan(ours) & np.isnan(theirs))):
            return math.inf
        difference[odd] = 0.0
    return float(difference.max())
