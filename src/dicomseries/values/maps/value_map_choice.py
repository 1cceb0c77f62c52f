"""Policy, statistics and rules of the kind → one `ValueMap`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from dicomseries.errors import ValuesError
from dicomseries.standard.known_readers import OHIF, VTK_DICOM
from dicomseries.values.clip_limits import limits_in, moved_advice
from dicomseries.values.maps.digits import digits_form
from dicomseries.values.maps.exact import plan_exact
from dicomseries.values.maps.lossless import plan_floats
from dicomseries.values.maps.per_slice import with_slopes_per_slice
from dicomseries.values.maps.reader_safe import LARGEST_WITH_FRACTION
from dicomseries.values.maps.real_range import RealRange, reject_nonfinite
from dicomseries.values.maps.rescale import Form, least_error_form, quantise_ends
from dicomseries.values.policies import Digits, Exact, Lossless, PixelRules, Policy, Rescale
from dicomseries.values.preconditions import check_request
from dicomseries.values.range_error import error_with_window
from dicomseries.values.statistics import Statistics
from dicomseries.values.value_map import ValueMap

__all__ = ["choose_value_map"]

_FEW_LEVELS = 256
"""Levels of an 8-bit picture; fewer in a typical slice are worth advice."""

_WINDOW_STEPS = 65530
"""Steps of a range that surely fits, after the cost of reader-safe slopes."""


def choose_value_map(
    policy: Policy | None,
    statistics: Statistics,
    rules: PixelRules,
    *,
    nan: float | None = None,
    clip: tuple[float, float] | None = None,
    source_slope: float = 1.0,
    source_intercept: float = 0.0,
) -> ValueMap:
    """Return the map from source to stored values, proven.

    Parameters
    ----------
    policy : Exact, Lossless, Rescale, Digits or None
        The user's policy; None is "auto": `Exact` for integers and for floats that are integers of
        16 bits, `Rescale` for other floats, `Lossless` where the kind stores floats. Auto never
        rescales integers without a scale; integers with a scale (NIfTI's scl_slope) that `Exact`
        cannot store use `Rescale`, or the nearest float64 where the kind stores floats.
    statistics : Statistics
        Of the complete source, before slope, clip and nan.
    rules : PixelRules
        Rules of the kind.
    nan : float, optional
        Real value to store for NaN and infinity; without it they are rejected, or stored where
        the kind stores floats.
    clip : (float, float), optional
        Limits of the real values; an end outside of the array's type moves inwards to the next
        number of that type.
    source_slope, source_intercept : float
        real = source_slope · value + source_intercept.

    Returns
    -------
    ValueMap
        Slope and intercept as DS texts (PS3.5 section 6.2, PS3.3 section C.11.1.1.2) and the
        proven bound.

    Raises
    ------
    ValuesError
        If the values do not fit the policy; an error about the range carries `window`, real
        values that would fit.
    OptionError
        If `nan` or `clip` is not valid.

    Examples
    --------
    >>> from dicomseries.values.statistics import slice_statistics
    >>> array = np.linspace(-10, 10, 60).reshape(3, 4, 5)
    >>> statistics = Statistics(dtype="float64", slices=slice_statistics(array))
    >>> value_map = choose_value_map(Digits(3), statistics, PixelRules())
    >>> value_map.dtype, value_map.slope, value_map.intercept, value_map.max_error <= 0.00051
    ('int16', '0.001', '0', True)
    """
    check_request(
        policy, statistics.dtype, samples=statistics.samples, nan=nan, clip=clip, rules=rules
    )
    scale = float(source_slope), float(source_intercept)
    if clip is None:
        return _map_for(policy, statistics, rules, nan=nan, clip=None, scale=scale)
    limits = limits_in(statistics.dtype, clip, *scale)
    value_map = _map_for(policy, statistics, rules, nan=nan, clip=limits, scale=scale)
    advice = moved_advice(clip, limits, statistics.dtype)
    return replace(value_map, advice=(*value_map.advice, *advice))


def _map_for(
    policy: Policy | None,
    statistics: Statistics,
    rules: PixelRules,
    *,
    nan: float | None,
    clip: tuple[float, float] | None,
    scale: tuple[float, float],
) -> ValueMap:
    slope, intercept = scale
    has_scale = scale != (1.0, 0.0)
    if rules.floats:
        return plan_floats(
            policy, statistics, nan=nan, clip=clip, source_slope=slope, source_intercept=intercept
        )
    if isinstance(policy, Exact | Lossless) or (policy is None and statistics.is_integer):
        try:
            return plan_exact(
                statistics, rules, clip=clip, source_slope=slope, source_intercept=intercept
            )
        except ValuesError:
            if policy is not None or rules.identity or not has_scale:
                raise
    if policy is None and statistics.is_whole and not has_scale:
        value_map = _identity_map(statistics, rules, nan=nan, clip=clip)
        if value_map is not None:
            return value_map
    return _quantised_map(policy or Rescale(), statistics, rules, nan=nan, clip=clip, scale=scale)


def _identity_map(
    statistics: Statistics,
    rules: PixelRules,
    *,
    nan: float | None,
    clip: tuple[float, float] | None,
) -> ValueMap | None:
    """Return the identity for floats that are 16-bit integers.

    None if it is inexact.
    """
    ends = [*(clip or ())]
    if nan is not None:
        ends.append(nan)
    if not all(float(end).is_integer() for end in ends):
        return None
    try:
        value_map = _quantised_map(
            Digits(0), statistics, rules, nan=nan, clip=clip, scale=(1.0, 0.0)
        )
    except ValuesError:
        return None
    if not value_map.is_identity:
        return None
    dtype = value_map.dtype
    if rules.zero_intercept and min([statistics.minimum or 0, *ends]) >= 0:
        dtype = "uint16"  # without an intercept, codecs without a sign still take it
    return replace(value_map, max_error=0.0, dtype=dtype)


def _quantised_map(
    policy: Policy,
    statistics: Statistics,
    rules: PixelRules,
    *,
    nan: float | None,
    clip: tuple[float, float] | None,
    scale: tuple[float, float],
) -> ValueMap:
    """Return the map of real numbers to integers."""

    def real_range(nan_value: float | None) -> RealRange:
        return RealRange.of(
            statistics,
            nan=nan_value,
            clip=clip,
            source_slope=scale[0],
            source_intercept=scale[1],
        )

    replacement = None
    if nan is None:
        reject_nonfinite(statistics)
    elif statistics.nonfinite or statistics.promised is not None:
        # slices that were not read may hold NaN
        replacement = float(nan)
    reals = real_range(replacement)
    form = _form(policy, reals, rules)
    value_map = ValueMap(
        dtype=form.dtype,
        slope=form.slope,
        intercept=form.intercept,
        max_error=form.bound_of(reals),
        nan=replacement,
        clip=clip,
        padding=_padding(form, reals, replacement),
        policy=repr(policy),
        source_slope=scale[0],
        source_intercept=scale[1],
    )
    if isinstance(policy, Rescale) and policy.per_slice:
        holes = [slice_.nonfinite > 0 for slice_ in statistics.slices]
        value_map = with_slopes_per_slice(value_map, form, reals, real_range(None), holes=holes)
    if isinstance(policy, Rescale) and policy.max_error is not None:
        _check_max_error(policy, value_map, reals, zero_intercept=rules.zero_intercept)
    return replace(value_map, advice=tuple(_advice(value_map, reals)))


def _form(policy: Policy, reals: RealRange, rules: PixelRules) -> Form:
    if isinstance(policy, Digits):
        return digits_form(
            policy, reals, zero_intercept=rules.zero_intercept, unsigned=rules.unsigned
        )
    form = least_error_form(reals, zero_intercept=rules.zero_intercept)
    if rules.unsigned and form.dtype == "int16":
        raise ValuesError(
            code="range-not-unsigned",
            where="values",
            given=f"values from {reals.low} to {reals.high}",
            expected="values whose spread is a float64: the pixels of this kind are unsigned",
            remedy="Divide the array by a power of ten and say so in its description.",
        )
    return form


def _padding(form: Form, reals: RealRange, replacement: float | None) -> int | None:
    """Return the stored value of replaced voxels alone (PS3.3 C.7.5.1.1.2)."""
    if replacement is None:
        return None
    ends = (replacement, *reals.genuine) if reals.genuine else (replacement,)
    padding, *genuine = quantise_ends(form, np.array(ends, dtype=np.float64))
    if genuine and genuine[0] <= padding <= genuine[1]:
        return None  # a genuine voxel may have it too
    return int(padding)


def _check_max_error(
    policy: Rescale, value_map: ValueMap, reals: RealRange, *, zero_intercept: bool
) -> None:
    if value_map.max_errors is not None:  # the frame with the largest bound
        value_map = value_map.at(value_map.max_errors.index(value_map.max_error))
    max_error = policy.max_error
    if max_error is None or value_map.max_error <= max_error:
        return
    parts = {
        "code": "max-error-not-attainable",
        "where": "values",
        "given": f"{policy!r} for values from {reals.low:.9g} to {reals.high:.9g}",
        "expected": f"max_error of at least {value_map.max_error:.9g}, the least that 16 bits can "
        "give this range",
    }
    window = _window(max_error, value_map, reals, zero_intercept=zero_intercept)
    if window is None:
        raise ValuesError(
            **parts,
            remedy="Allow this error: float64 itself rounds values of this size by about as much.",
        )
    raise error_with_window(
        **parts,
        window=window,
        remedy=f"Allow this error, or limit the values with `clip=({window[0]!r}, {window[1]!r})`.",
    )


def _window(
    max_error: float, value_map: ValueMap, reals: RealRange, *, zero_intercept: bool
) -> tuple[float, float] | None:
    """Return real values near the data that would fit."""
    rounding = max(value_map.max_error - float(value_map.slope) / 2, 0.0)
    width = 2 * (max_error - 1.01 * rounding) * _WINDOW_STEPS
    if not 0.0 < width < math.inf or reals.low + width == reals.low:
        return None
    if not zero_intercept:
        return reals.low, reals.low + width
    if reals.low >= 0:
        return 0.0, width
    return -width / 2, width / 2


def _advice(value_map: ValueMap, reals: RealRange) -> Iterator[str]:
    slope = max(map(float, value_map.slopes or (value_map.slope,)))
    has_spread = reals.highs > reals.lows
    if has_spread.any() and value_map.slopes is None:
        # halves, as a range may leave float64
        halves = np.sort(reals.highs[has_spread] / 2 - reals.lows[has_spread] / 2)
        typical = float(halves[halves.size // 2]) * 2
        if typical < _FEW_LEVELS * slope:
            levels = int(typical / slope) + 1
            yield (
                f"The step of {slope:.3g} leaves a typical slice {levels} grey levels: few extreme "
                f"voxels take the range of {reals.low:.6g} to {reals.high:.6g}. Pass "
                "`clip=(lo, hi)` to limit the values."
            )
    if slope >= LARGEST_WITH_FRACTION and reals.low < reals.high:
        yield (
            f"{OHIF} wraps and {VTK_DICOM} cuts off values beyond 16 bits that a whole-number "
            f"slope ({slope:g}) gives. Divide the array by a power of ten and say so in its "
            f"description."
        )
