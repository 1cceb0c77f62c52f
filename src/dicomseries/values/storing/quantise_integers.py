"""Integers → stored integers, checked block by block."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.values.storing.stored_slab import BLOCK, Stored, source_changed, target_dtype
from dicomseries.values.value_map import ValueMap, stored_range

__all__ = ["clip_integers", "count_outside", "integer_limits_of", "store_exact"]

Flat = npt.NDArray[Any]


def count_outside(
    slab: npt.NDArray[Any],
    lo: float,
    hi: float,
    *,
    source_slope: float = 1.0,
    source_intercept: float = 0.0,
) -> int:
    """Return the number of finite values outside of a range.

    Parameters
    ----------
    slab : array, any shape
        Values of the source (before slope).
    lo, hi : float
        Ends of a range of real values, such as the `window` of an error.
    source_slope, source_intercept : float
        real = source_slope · value + source_intercept.

    Examples
    --------
    >>> count_outside(np.array([1.0, 5.0, np.nan, 9.0, np.inf]), 2, 8)
    2
    """
    count = 0
    flat = np.ascontiguousarray(slab).reshape(-1)
    for start in range(0, flat.size, BLOCK):
        block = flat[start : start + BLOCK]
        values: Flat = block
        if (source_slope, source_intercept) != (1.0, 0.0):
            values = block.astype(np.float64) * source_slope + source_intercept
        outside = (values < lo) | (values > hi)
        if block.dtype.kind == "f":
            outside &= np.isfinite(block)
        count += int(np.count_nonzero(outside))
    return count


def store_exact(slab: npt.NDArray[Any], value_map: ValueMap, offset: int) -> Stored:
    """Return integers as (integer - offset) / divisor.

    Raises
    ------
    ValuesError
        Code "source-changed": an integer would not be restored exactly.

    Examples
    --------
    >>> shifted = ValueMap(
    ...     dtype="uint16", slope="1", intercept="-70000", max_error=0.0, policy="Exact()",
    ...     offset=-70000,
    ... )
    >>> store_exact(np.array([[-70000, -9000]]), shifted, -70000).array.tolist()
    [[0, 61000]]
    """
    target = target_dtype(value_map)
    if slab.dtype == np.bool_:
        slab = slab.view(np.uint8)  # numpy keeps booleans as the bytes 0 and 1
    is_unchanged = value_map.clip is None and (offset, value_map.divisor) == (0, 1)
    if is_unchanged and np.can_cast(slab.dtype, target, "safe"):
        return Stored(array=np.ascontiguousarray(slab, dtype=target), error=value_map.max_error)
    out = np.empty(slab.shape, dtype=target)
    flat, filled = np.ascontiguousarray(slab).reshape(-1), out.reshape(-1)
    limits = integer_limits_of(value_map)
    clipped = 0
    for start in range(0, flat.size, BLOCK):
        block = flat[start : start + BLOCK]
        if limits is not None:
            block, count = clip_integers(block, limits)
            clipped += count
        filled[start : start + BLOCK] = _shifted(block, value_map, offset)
    return Stored(array=out, error=value_map.max_error, clipped=clipped)


def integer_limits_of(value_map: ValueMap) -> tuple[int, int] | None:
    """Return `clip` in source integers.

    Its ends are real values of integers, up to rounding.

    Examples
    --------
    >>> doubled = ValueMap(
    ...     dtype="int16", slope="2", intercept="0", max_error=0.0, policy="Exact()", offset=0,
    ...     clip=(-4.0, 6.0), source_slope=2.0,
    ... )
    >>> integer_limits_of(doubled)
    (-2, 3)
    """
    if value_map.clip is None:
        return None
    slope, intercept = Fraction(value_map.source_slope), Fraction(value_map.source_intercept)
    low, high = sorted(round((Fraction(end) - intercept) / slope) for end in value_map.clip)
    return low, high


def clip_integers(block: Flat, limits: tuple[int, int]) -> tuple[Flat, int]:
    """Return limited integers, and the number outside.

    They are unchanged, or int64.

    Examples
    --------
    >>> clip_integers(np.array([-5, 2, 9], np.int16), (0, 4))
    (array([0, 2, 4]), 2)
    """
    # Limits may be outside of the dtype, so the result is int64; numpy compares arrays with any
    # Python integer exactly. Values beyond int64 are rejected as out of range afterwards.
    low, high = max(limits[0], -(2**63)), min(limits[1], 2**63 - 1)
    below, above = block < low, block > high
    count = int(np.count_nonzero(below)) + int(np.count_nonzero(above))
    if count == 0:
        return block, 0
    wide = block.astype(np.int64)
    wide[below] = low
    wide[above] = high
    return wide, count


def _shifted(block: Flat, value_map: ValueMap, offset: int) -> Flat:
    """Return (block - offset) / divisor; reject inexact values."""
    least, most = stored_range(value_map.dtype)
    lowest, highest = offset + value_map.divisor * least, offset + value_map.divisor * most
    low, high = int(block.min()), int(block.max())
    if low < lowest or high > highest:
        raise source_changed(
            given=f"integers from {low} to {high}", expected=f"integers from {lowest} to {highest}"
        )
    # within the planned range everything is below 2^53, so int64 neither wraps nor rounds
    shifted = block
    if (offset, value_map.divisor) != (0, 1):
        shifted = block.astype(np.int64)
    if offset:
        shifted -= offset
    if value_map.divisor == 1:
        return shifted
    quotient, rest = np.divmod(shifted, value_map.divisor)
    if rest.any():
        raise source_changed(
            given="an integer between the planned steps",
            expected=f"steps of {value_map.divisor} from {offset}",
        )
    return np.asarray(quotient)
