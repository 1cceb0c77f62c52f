"""Floats as floats, and integers as floats (Parametric Map).

Float Pixel Data and Double Float Pixel Data (PS3.3 sections C.7.6.24 and C.7.6.25) take IEEE 754
numbers of 32 and 64 bits, NaN and infinity among them, and have no rescale.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import ValuesError
from dicomseries.values.clip_limits import integer_limits
from dicomseries.values.maps.exact import EXACT_FLOAT64, integer_ends
from dicomseries.values.maps.real_range import RealRange
from dicomseries.values.policies import Lossless, Policy
from dicomseries.values.range_error import RangeError, error_with_window
from dicomseries.values.statistics import Statistics
from dicomseries.values.storing.quantise_integers import clip_integers, integer_limits_of
from dicomseries.values.storing.stored_slab import BLOCK, Stored, source_changed, target_dtype
from dicomseries.values.value_map import UNIT_ROUNDOFF, ValueMap

__all__ = ["plan_floats", "store_floats"]

_EXACT = {"float32": 2**24, "float64": EXACT_FLOAT64}
"""Up to here each type holds every integer."""

_SMALLEST = 5e-324
_BITS = 53
"""Of the significand of a float64."""

_LEAST_EXPONENT = -1074
"""Every float64 is a multiple of 2^-1074."""

_FLOAT_SOURCES = {"float16": (11, -24), "float32": (24, -149), "float64": (_BITS, _LEAST_EXPONENT)}
"""Of each type: bits of the significand, and the exponent of which every number is a multiple."""

_SINGLE_NAN = 0x7F800000
"""Exponent of every NaN (and infinity) of float32; a payload follows."""

Flat = npt.NDArray[Any]


def plan_floats(
    policy: Policy | None,
    statistics: Statistics,
    *,
    nan: float | None,
    clip: tuple[float, float] | None,
    source_slope: float,
    source_intercept: float,
) -> ValueMap:
    """Return the map that stores floats.

    It is exact unless the source has a scale.

    Parameters
    ----------
    policy : Exact, Lossless or None
        The user's policy; only None ("auto") accepts a scaled source with rounded products.
    statistics : Statistics
        Of the complete source.
    nan : float or None
        Real value for NaN and infinity; None keeps them bit for bit.
    clip : (float, float) or None
        Limits of the real values; infinity and NaN are not clipped.
    source_slope, source_intercept : float
        real = source_slope · value + source_intercept.

    Raises
    ------
    ValuesError
        If integers are beyond 2^53 (the error carries `window`), a scale is not exact, or `nan` is
        no float32.

    Examples
    --------
    >>> from dicomseries.values.statistics import SliceStatistics
    >>> half = SliceStatistics(minimum=-0.5, maximum=7.25, nonfinite=2)
    >>> statistics = Statistics(dtype="float16", slices=(half,))
    >>> identity = {"source_slope": 1.0, "source_intercept": 0.0}
    >>> value_map = plan_floats(None, statistics, nan=None, clip=None, **identity)
    >>> value_map.dtype, value_map.max_error, value_map.describe()
    ('float32', 0.0, 'Values stored exactly.')
    """
    scaled = (source_slope, source_intercept) != (1.0, 0.0)
    error = 0.0
    if scaled:
        dtype = "float64"
        error = _scale_error(statistics, source_slope, source_intercept)
        if error and policy is not None:
            raise _inexact_scale(policy, source_slope, source_intercept, error)
    elif statistics.is_integer:
        dtype, clip = _for_integers(statistics, clip)
    else:
        dtype = "float64" if statistics.dtype == "float64" else "float32"
    replacement = None
    if nan is not None and (statistics.nonfinite or statistics.promised is not None):
        replacement = _representable(float(nan), dtype)
    return ValueMap(
        dtype=dtype,
        slope="1",
        intercept="0",
        max_error=error,
        nan=replacement,
        clip=clip,
        policy="auto" if error else repr(policy or Lossless()),
        source_slope=source_slope,
        source_intercept=source_intercept,
    )


def _for_integers(
    statistics: Statistics, clip: tuple[float, float] | None
) -> tuple[str, tuple[float, float] | None]:
    """Return the smallest exact dtype, and `clip` as integers."""
    low, high = integer_ends(statistics)
    if clip is not None:
        limits = integer_limits(clip, 1.0, 0.0)
        low, high = (min(max(end, limits[0]), limits[1]) for end in (low, high))
        clip = (float(limits[0]), float(limits[1]))
    size = max(abs(low), abs(high))
    for dtype, most in _EXACT.items():
        if size <= most:
            return dtype, clip
    raise _range_error(low, high)


def _representable(nan: float, dtype: str) -> float:
    value = nan
    if dtype == "float32":
        with np.errstate(over="ignore"):
            value = float(np.float32(nan))
    if math.isfinite(value):
        return value
    raise ValuesError(
        code="nan-value-not-float32",
        where="nan",
        given=nan,
        expected="a number that float32 holds",
        remedy="Give a number of the data's own range, or cast the array to float64.",
    )


def _scale_error(statistics: Statistics, slope: float, intercept: float) -> float:
    """Return a proven bound of rounding by the source's scale.

    The error is |float64(slope · value + intercept) - the exact result|; 0.0 if exact.
    """
    # rejects values beyond float64; only the ends matter, as the products are linear in the value
    reals = RealRange.of(
        statistics, nan=None, clip=None, source_slope=slope, source_intercept=intercept
    )
    low, high = statistics.minimum or 0, statistics.maximum or 0
    size = max(abs(low), abs(high))
    if _is_exact(statistics, size, slope, intercept):
        return 0.0
    product = abs(slope) * float(size)
    bound = (
        UNIT_ROUNDOFF * (2 * product + abs(intercept)) * (1 + 2**-50)
        + reals.conversion
        + 2 * _SMALLEST
    )
    return math.nextafter(bound * (1 + 2**-50), math.inf)


def _is_exact(statistics: Statistics, size: float, slope: float, intercept: float) -> bool:
    """Return whether no product and no sum is rounded.

    All are multiples of one power of two that fit 53 bits.
    """
    odd, exponent = _odd_and_exponent(slope)
    if not statistics.is_integer:
        bits, least = _FLOAT_SOURCES[statistics.dtype]
        if abs(odd) > 1:
            bits += abs(odd).bit_length()
        return intercept == 0.0 and bits <= _BITS and exponent + least >= _LEAST_EXPONENT
    if intercept:
        exponent = min(exponent, _odd_and_exponent(intercept)[1])
    step = Fraction(2) ** exponent
    largest = abs(Fraction(slope)) * int(size) + abs(Fraction(intercept))
    return size <= EXACT_FLOAT64 and largest <= EXACT_FLOAT64 * step


def _odd_and_exponent(value: float) -> tuple[int, int]:
    """Return odd n and e of n · 2^e.

    The value is not 0.
    """
    numerator, denominator = value.as_integer_ratio()
    twos = (numerator & -numerator).bit_length() - 1
    return numerator >> twos, twos - (denominator.bit_length() - 1)


def _range_error(low: int, high: int) -> RangeError:
    return error_with_window(
        window=(-EXACT_FLOAT64, EXACT_FLOAT64),
        code="range-not-exact",
        where="values",
        given=f"integers from {low} to {high}",
        expected=f"integers from {-EXACT_FLOAT64} to {EXACT_FLOAT64}, which float64 holds all",
        remedy=f"Pass `clip=({-EXACT_FLOAT64}, {EXACT_FLOAT64})` to limit the values, or cast the "
        "array to float64, which rounds them.",
    )


def _inexact_scale(policy: Policy, slope: float, intercept: float, error: float) -> ValuesError:
    return ValuesError(
        code="scale-not-exact",
        where="values",
        given=f"{policy!r} for a source with a scale (slope {slope}, intercept {intercept})",
        expected="products that float64 holds to the last bit",
        remedy=f"Leave `values=` out to store the nearest float64, with an error of at most "
        f"{error:.3g}.",
    )


def store_floats(slab: npt.NDArray[Any], value_map: ValueMap) -> Stored:
    """Return a slab as floats of the map's dtype.

    Parameters
    ----------
    slab : array, any shape, byte order and strides; may be read-only
        Values of the source (before slope).
    value_map : ValueMap
        From `plan_floats`.

    Raises
    ------
    ValuesError
        Code "source-changed": an integer contradicts the statistics.

    Examples
    --------
    >>> floats = ValueMap(
    ...     dtype="float32", slope="1", intercept="0", max_error=0.0, policy="Lossless()"
    ... )
    >>> store_floats(np.array([[-0.0, np.nan]], ">f4"), floats).array.tobytes().hex()
    '000000800000c07f'
    """
    if slab.dtype == np.bool_:
        slab = slab.view(np.uint8)  # numpy keeps booleans as the bytes 0 and 1
    target = target_dtype(value_map)
    has_same_dtype = slab.dtype.kind == "f" and slab.dtype.itemsize == target.itemsize
    if has_same_dtype and not value_map.is_scaled and not value_map.counts:
        return Stored(array=_same_bits(slab), error=0.0)
    out = np.empty(slab.shape, dtype=target)
    flat, filled = np.ascontiguousarray(slab).reshape(-1), out.reshape(-1)
    fill = _fill_floats if slab.dtype.kind == "f" else _fill_integers
    if value_map.is_scaled:
        fill = _fill_scaled
    clipped = replaced = 0
    for start in range(0, flat.size, BLOCK):
        counts = fill(flat[start : start + BLOCK], filled[start : start + BLOCK], value_map)
        clipped, replaced = clipped + counts[0], replaced + counts[1]
    return Stored(array=out, error=value_map.max_error, clipped=clipped, replaced=replaced)


def _words(array: Flat) -> Flat:
    """Return the bits of floats as unsigned integers."""
    return array.view(np.dtype(f"{array.dtype.str[0]}u{array.dtype.itemsize}"))


def _same_bits(array: Flat) -> Flat:
    """Return floats in little-endian order, C-contiguous.

    They are moved as integers, so that no NaN is quieted on the way.
    """
    words, size = _words(array), array.dtype.itemsize
    return np.ascontiguousarray(words, dtype=f"<u{size}").view(f"<f{size}")


def _fill_integers(block: Flat, out: Flat, value_map: ValueMap) -> tuple[int, int]:
    limits = integer_limits_of(value_map)
    clipped = 0
    if limits is not None:
        block, clipped = clip_integers(block, limits)
    low, high = int(block.min()), int(block.max())
    most = _EXACT[value_map.dtype]
    if low < -most or high > most:
        raise source_changed(
            given=f"integers from {low} to {high}", expected=f"integers from {-most} to {most}"
        )
    out[:] = block
    return clipped, 0


def _fill_floats(block: Flat, out: Flat, value_map: ValueMap) -> tuple[int, int]:
    if block.dtype.itemsize == out.dtype.itemsize:
        _words(out)[:] = _words(block)
    else:
        _widen_half(block, out)
    if value_map.clip is None and value_map.nan is None:
        return 0, 0
    return _replace(out, np.isfinite(out), value_map)


def _widen_half(block: Flat, out: Flat) -> None:
    """Fill float32 from float16.

    NaN keeps its sign and payload, which processors treat differently.
    """
    with np.errstate(invalid="ignore"):
        out[:] = block
    lost = np.isnan(out)
    if not lost.any():
        return
    half = _words(block)[lost].astype(np.uint32)
    _words(out)[lost] = (half & 0x8000) << 16 | _SINGLE_NAN | (half & 0x03FF) << 13


def _fill_scaled(block: Flat, out: Flat, value_map: ValueMap) -> tuple[int, int]:
    with np.errstate(invalid="ignore"):
        np.copyto(out, block)
        finite = np.isfinite(out)
        np.multiply(out, value_map.source_slope, out=out)
        np.add(out, value_map.source_intercept, out=out)
    return _replace(out, finite, value_map)


def _replace(values: Flat, finite: npt.NDArray[np.bool_], value_map: ValueMap) -> tuple[int, int]:
    """Apply `clip` and `nan` in place; return both counts."""
    clipped = replaced = 0
    if value_map.clip is not None:
        low, high = value_map.clip
        below, above = (values < low) & finite, (values > high) & finite
        values[below], values[above] = low, high
        clipped = int(np.count_nonzero(below)) + int(np.count_nonzero(above))
    if value_map.nan is not None:
        values[~finite] = value_map.nan
        replaced = int(finite.size - np.count_nonzero(finite))
    return clipped, replaced
