"""Floats as floats: bit for bit, integers and scaled integers as the floats that hold them (Parametric Map).

Float Pixel Data and Double Float Pixel Data (PS3.3 sections C.7.6.24 and C.7.6.25) take IEEE 754 numbers of 32 and 64
bits, NaN and infinity among them, and have no rescale.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import ValuesError
from dicomseries.values.clip_limits import integer_limits
from dicomseries.values.exact import EXACT_FLOAT64, integer_ends
from dicomseries.values.policies import Lossless, Policy
from dicomseries.values.quantise_integers import clip_integers, integer_limits_of
from dicomseries.values.range_error import RangeError, refuse_range
from dicomseries.values.real_range import RealRange
from dicomseries.values.statistics import Statistics
from dicomseries.values.stored_slab import BLOCK, Stored, source_changed, target_dtype
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


# --- the plan ------------------------------------------------------------------------------------------------------


def plan_floats(
    policy: Policy | None,
    statistics: Statistics,
    *,
    nan: float | None,
    clip: tuple[float, float] | None,
    source_slope: float,
    source_intercept: float,
) -> ValueMap:
    """Return the map that stores floats, exact wherever the source has no scale of its own.

    Parameters
    ----------
    policy : Exact, Lossless or None
        What was asked; only None ("auto") accepts a scaled source whose products float64 rounds.
    statistics : Statistics
        Of the whole source.
    nan : float or None
        Real value for NaN and infinity; None keeps them bit for bit.
    clip : (float, float) or None
        Range of real values to keep; infinity is not clipped, NaN neither.
    source_slope, source_intercept : float
        What a value of the source means.

    Raises
    ------
    ValuesError
        If integers are beyond 2^53 (it carries `window`), a scale is not exact, or `nan` is no float32.

    Examples
    --------
    >>> from dicomseries.values.statistics import SliceStatistics
    >>> statistics = Statistics(dtype="float16", slices=(SliceStatistics(minimum=-0.5, maximum=7.25, nonfinite=2),))
    >>> found = plan_floats(None, statistics, nan=None, clip=None, source_slope=1.0, source_intercept=0.0)
    >>> found.dtype, found.max_error, found.describe()
    ('float32', 0.0, 'Values stored exactly.')
    """
    scaled = (source_slope, source_intercept) != (1.0, 0.0)
    is_whole = nan is None or (statistics.nonfinite == 0 and statistics.promised is None)
    missing = None if nan is None or is_whole else float(nan)
    error = 0.0
    if scaled:
        dtype = "float64"
        error = _scale_error(statistics, source_slope, source_intercept)
        if error and policy is not None:
            raise _refused_scale(policy, source_slope, source_intercept, error)
    elif statistics.is_integer:
        dtype, clip = _for_integers(statistics, clip)
    else:
        dtype = "float64" if statistics.dtype == "float64" else "float32"
    return ValueMap(
        dtype=dtype,
        slope="1",
        intercept="0",
        max_error=error,
        nan=None if missing is None else _representable(missing, dtype),
        clip=clip,
        policy="auto" if error else repr(policy or Lossless()),
        source_slope=source_slope,
        source_intercept=source_intercept,
    )


def _for_integers(
    statistics: Statistics, clip: tuple[float, float] | None
) -> tuple[str, tuple[float, float] | None]:
    """Return the least dtype that holds every integer, and `clip` moved inwards to integers."""
    low, high = integer_ends(statistics)
    if clip is not None:
        limits = integer_limits(clip, 1.0, 0.0)
        low, high = (min(max(end, limits[0]), limits[1]) for end in (low, high))
        clip = (float(limits[0]), float(limits[1]))
    size = max(abs(low), abs(high))
    dtype = next((name for name, most in _EXACT.items() if size <= most), None)
    if dtype is None:
        raise _refused_range(low, high)
    return dtype, clip


def _single(value: float) -> float:
    """Return the nearest float32; infinity beyond them all."""
    with np.errstate(over="ignore"):
        return float(np.float32(value))


def _representable(missing: float, dtype: str) -> float:
    value = missing if dtype == "float64" else _single(missing)
    if math.isfinite(value):
        return value
    raise ValuesError(
        code="nan-value-not-float32",
        where="nan",
        given=missing,
        expected="a number that float32 holds",
        remedy="Give a number of the data's own range, or cast the array to float64.",
    )


def _scale_error(statistics: Statistics, slope: float, intercept: float) -> float:
    """Return a proven bound of |float64(slope · value + intercept) - the same in exact arithmetic|; 0.0 if exact."""
    # refuses what leaves float64; only the ends matter, as the products are linear in the value
    found = RealRange.of(
        statistics, nan=None, clip=None, source_slope=slope, source_intercept=intercept
    )
    low, high = statistics.minimum or 0, statistics.maximum or 0
    size = max(abs(low), abs(high))
    if _is_exact(statistics, size, slope, intercept):
        return 0.0
    product = abs(slope) * float(size)
    bound = (
        UNIT_ROUNDOFF * (2 * product + abs(intercept)) * (1 + 2**-50)
        + found.conversion
        + 2 * _SMALLEST
    )
    return math.nextafter(bound * (1 + 2**-50), math.inf)


def _is_exact(statistics: Statistics, size: float, slope: float, intercept: float) -> bool:
    """Tell whether no product and no sum is rounded: all are whole multiples of a power of two that fit 53 bits."""
    odd, exponent = _odd_and_exponent(slope)
    if not statistics.is_integer:
        bits, least = _FLOAT_SOURCES[statistics.dtype]
        needed = bits + (abs(odd).bit_length() if abs(odd) > 1 else 0)
        return intercept == 0.0 and needed <= _BITS and exponent + least >= _LEAST_EXPONENT
    step = Fraction(2) ** (
        exponent if intercept == 0.0 else min(exponent, _odd_and_exponent(intercept)[1])
    )
    largest = abs(Fraction(slope)) * int(size) + abs(Fraction(intercept))
    return size <= EXACT_FLOAT64 and largest <= EXACT_FLOAT64 * step


def _odd_and_exponent(value: float) -> tuple[int, int]:
    """Return odd n and e with value = n · 2^e; value is not 0."""
    numerator, denominator = value.as_integer_ratio()
    twos = (numerator & -numerator).bit_length() - 1
    return numerator >> twos, twos - (denominator.bit_length() - 1)


def _refused_range(low: int, high: int) -> RangeError:
    return refuse_range(
        window=(-EXACT_FLOAT64, EXACT_FLOAT64),
        code="range-not-exact",
        where="values",
        given=f"integers from {low} to {high}",
        expected=f"integers from {-EXACT_FLOAT64} to {EXACT_FLOAT64}, which float64 holds all",
        remedy=f"Pass `clip=({-EXACT_FLOAT64}, {EXACT_FLOAT64})` to limit the values, or cast the array to float64, "
        "which rounds them.",
    )


def _refused_scale(policy: Policy, slope: float, intercept: float, error: float) -> ValuesError:
    return ValuesError(
        code="scale-not-exact",
        where="values",
        given=f"{policy!r} for a source with a scale of its own (slope {slope}, intercept {intercept})",
        expected="products that float64 holds to the last bit",
        remedy=f"Leave `values=` out to store the nearest float64, with an error of at most {error:.3g}.",
    )


# --- slabs ---------------------------------------------------------------------------------------------------------


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
        Code "source-changed": an integer is beyond what the statistics promised.

    Examples
    --------
    >>> values = ValueMap(dtype="float32", slope="1", intercept="0", max_error=0.0, policy="Lossless()")
    >>> store_floats(np.array([[-0.0, np.nan]], ">f4"), values).array.tobytes().hex()
    '000000800000c07f'
    """
    if slab.dtype == np.bool_:
        slab = slab.view(np.uint8)  # numpy keeps booleans as the bytes 0 and 1
    target = target_dtype(value_map)
    replaces = value_map.clip is not None or value_map.nan is not None
    if (
        slab.dtype.kind == "f"
        and slab.dtype.itemsize == target.itemsize
        and not value_map.is_scaled
        and not replaces
    ):
        return Stored(array=_same_bits(slab), error=0.0)
    out = np.empty(slab.shape, dtype=target)
    flat, filled = np.ascontiguousarray(slab).reshape(-1), out.reshape(-1)
    fill = _filler(slab.dtype, value_map)
    clipped = replaced = 0
    for start in range(0, flat.size, BLOCK):
        counts = fill(flat[start : start + BLOCK], filled[start : start + BLOCK], value_map)
        clipped, replaced = clipped + counts[0], replaced + counts[1]
    return Stored(array=out, error=value_map.max_error, clipped=clipped, replaced=replaced)


def _words(array: Flat) -> Flat:
    """Return the bits of floats as unsigned integers of the same byte order, without touching them."""
    return array.view(np.dtype(f"{array.dtype.str[0]}u{array.dtype.itemsize}"))


def _same_bits(array: Flat) -> Flat:
    """Return floats in little-endian order, C-contiguous; moved as integers, so that no NaN is quieted on the way."""
    words, size = _words(array), array.dtype.itemsize
    return np.ascontiguousarray(words, dtype=f"<u{size}").view(f"<f{size}")


def _filler(
    dtype: np.dtype[Any], value_map: ValueMap
) -> Callable[[Flat, Flat, ValueMap], tuple[int, int]]:
    if value_map.is_scaled:
        return _fill_scaled
    return _fill_floats if dtype.kind == "f" else _fill_integers


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
    """Fill float32 from float16; NaN keeps its sign and payload, which processors treat differently."""
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
    """Limit finite values to `clip` and put `nan` in place of the others, in place; return how many of each."""
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
