"""`value_range=`: a promised range instead of a first pass."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import OptionError, ValuesError
from dicomseries.values.clip_limits import integer_limits
from dicomseries.values.policies import Policy, Rescale, is_finite
from dicomseries.values.statistics import slice_statistics
from dicomseries.values.value_map import ValueMap

__all__ = ["check_value_range", "promised_ends", "reject_outside"]


def check_value_range(value_range: Any, policy: Policy | None) -> tuple[float, float] | None:
    """Return the range as two floats, or reject it.

    Raises
    ------
    OptionError
        If it is not two finite numbers, the lower first, or each slice has its own slope.

    Examples
    --------
    >>> check_value_range((-1, 1), None)
    (-1.0, 1.0)
    """
    if value_range is None:
        return None
    is_pair = (
        isinstance(value_range, (tuple, list))
        and len(value_range) == 2
        and all(map(is_finite, value_range))
    )
    if not is_pair or not value_range[0] < value_range[1]:
        raise OptionError(
            code="value-range-not-valid",
            where="value_range",
            given=repr(value_range),
            expected="two finite numbers (low, high), low below high, with all values between them",
            remedy="Give the least and the greatest value, such as `value_range=(-1024, 3071)`, or "
            "leave it out.",
        )
    if isinstance(policy, Rescale) and policy.per_slice:
        raise OptionError(
            code="value-range-per-slice",
            where="value_range",
            given=f"{value_range!r} with {policy!r}",
            expected="no range of the series: the slope of each slice follows from its own range",
            remedy="Leave `value_range=` out, or per_slice=True.",
        )
    return float(value_range[0]), float(value_range[1])


def promised_ends(
    value_range: tuple[float, float], dtype: np.dtype[Any], slope: float, intercept: float
) -> tuple[int, int] | tuple[float, float]:
    """Return the range in values of the source.

    Raises
    ------
    ValuesError
        If no integer of the source is in the range.

    Examples
    --------
    >>> promised_ends((-1.5, 3.0), np.dtype("int32"), 0.5, 0.0)
    (-3, 6)
    >>> promised_ends((-1.5, 3.0), np.dtype("f4"), 1.0, 0.0)
    (-1.5, 3.0)
    """
    low, high = value_range
    if (slope, intercept) != (1.0, 0.0):
        # outwards by more than float64 rounds a real value at an end
        reach = 4 * max(map(math.ulp, (low, high, intercept)))
        low, high = low - reach, high + reach
    if dtype.kind in "biu":
        return integer_limits((low, high), slope, intercept, where="value_range")
    first, last = sorted(((low - intercept) / slope, (high - intercept) / slope))
    return first, last


def reject_outside(slab: npt.NDArray[Any], value_map: ValueMap) -> None:
    """Reject values beyond the promised range, and unexpected NaN.

    Raises
    ------
    ValuesError
        Code "outside-value-range" or "not-finite".

    Examples
    --------
    >>> promised = ValueMap(
    ...     dtype="int16", slope="1", intercept="0", max_error=0.5, policy="", value_range=(0, 9)
    ... )
    >>> reject_outside(np.array([[[3.0, 10.0]]]), promised)
    Traceback (most recent call last):
    dicomseries.errors.ValuesError: values: expected values from 0 to 9, ...
    """
    if value_map.value_range is None or not slab.size:
        return
    slices = slice_statistics(slab)
    nonfinite = sum(slice_.nonfinite for slice_ in slices)
    if nonfinite and value_map.nan is None and not value_map.is_float:
        raise ValuesError(
            code="not-finite",
            where="values",
            given=f"{nonfinite} NaN or infinite values or more",
            expected="finite numbers",
            remedy="Pass `nan=VALUE` to store VALUE in their place, or replace them in the array.",
        )
    ends: list[float] = []
    for slice_ in slices:
        if slice_.minimum is not None and slice_.maximum is not None:
            ends += float(slice_.minimum), float(slice_.maximum)
    if not ends:
        return
    real = value_map.source_to_real(np.array([min(ends), max(ends)]))
    if value_map.clip is not None:
        real = np.clip(real, *value_map.clip)
    low, high = value_map.value_range
    if low <= real.min() and real.max() <= high:
        return
    raise ValuesError(
        code="outside-value-range",
        where="values",
        given=f"values from {real.min():.9g} to {real.max():.9g}",
        expected=f"values from {low:.9g} to {high:.9g}, as `value_range=` promises",
        remedy="Leave `value_range=` out, widen it, or limit the values with `clip=(low, high)`.",
    )
