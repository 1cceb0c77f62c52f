"""`plan_values`: from what was asked, what the source holds and what the kind allows to one `ValueMap`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from dicomseries.errors import ValuesError
from dicomseries.standard.readers import OHIF, VTK_DICOM
from dicomseries.values.clip_limits import limits_in, moved_advice
from dicomseries.values.digits import digits_form
from dicomseries.values.exact import plan_exact
from dicomseries.values.lossless import plan_floats
from dicomseries.values.per_slice import with_own_slopes
from dicomseries.values.policies import Digits, Exact, Lossless, PixelRules, Policy, Rescale
from dicomseries.values.preconditions import check_request
from dicomseries.values.range_error import refuse_range
from dicomseries.values.reader_safe import LARGEST_WITH_FRACTION
from dicomseries.values.real_range import RealRange, refuse_nonfinite
from dicomseries.values.rescale import Form, least_error_form, quantise_ends
from dicomseries.values.statistics import Statistics
from dicomseries.values.value_map import ValueMap

__all__ = ["plan_values"]

_FEW_LEVELS = 256
"""A typical slice with fewer stored levels than an 8-bit picture is worth a word."""

_WINDOW_STEPS = 65530
"""Steps of a window that is sure to be accepted, after what reader-safe slopes cost."""


def plan_values(
    policy: Policy | None,
    statistics: Statistics,
    rules: PixelRules,
    *,
    nan: float | None = None,
    clip: tuple[float, float] | None = None,
    source_slope: float = 1.0,
    source_intercept: float = 0.0,
) -> ValueMap:
    """Return how the source's values become stored integers or floats, with the bound proven.

    Parameters
    ----------
    policy : Exact, Lossless, Rescale, Digits or None
        What was asked; None is "auto": `Exact` for integers and for floats that are whole numbers of 16 bits, `Rescale`
        for other floats, `Lossless` where the kind stores floats. Auto never rescales integers that mean themselves;
        integers with a scale (NIfTI's scl_slope) fall to `Rescale` where `Exact` cannot keep them, and to the nearest
        float64 where the kind stores floats.
    statistics : Statistics
        Of the whole source, before slope, clip and nan.
    rules : PixelRules
        What the kind allows.
    nan : float, optional
        Real value to store for NaN and infinity; without it they are refused, or kept where the kind stores floats.
    clip : (float, float), optional
        Limit real values to this range; an end that the array's type cannot hold moves inwards to the next number
        that it can.
    source_slope, source_intercept : float
        real = source_slope · value + source_intercept.

    Returns
    -------
    ValueMap
        Slope and intercept as DS texts (PS3.5 section 6.2, PS3.3 section C.11.1.1.2) and the proven bound.

    Raises
    ------
    ValuesError
        If what was asked does not fit; where the range is at fault it carries `window`, real values that would fit.
    OptionError
        If `nan` or `clip` is not valid.

    Examples
    --------
    >>> from dicomseries.values.statistics import slice_statistics
    >>> array = np.linspace(-10, 10, 60).reshape(3, 4, 5)
    >>> statistics = Statistics(dtype="float64", slices=slice_statistics(array))
    >>> found = plan_values(Digits(3), statistics, PixelRules())
    >>> found.dtype, found.slope, found.intercept, found.max_error <= 0.00051
    ('int16', '0.001', '0', True)
    """
    check_request(
        policy, statistics.dtype, samples=statistics.samples, nan=nan, clip=clip, rules=rules
    )
    scale = float(source_slope), float(source_intercept)
    if clip is None:
        return _plan(policy, statistics, rules, nan=nan, clip=None, scale=scale)
    limits = limits_in(statistics.dtype, clip, *scale)
    found = _plan(policy, statistics, rules, nan=nan, clip=limits, scale=scale)
    return replace(found, advice=(*found.advice, *moved_advice(clip, limits, statistics.dtype)))


def _plan(
    policy: Policy | None,
    statistics: Statistics,
    rules: PixelRules,
    *,
    nan: float | None,
    clip: tuple[float, float] | None,
    scale: tuple[float, float],
) -> ValueMap:
    slope, intercept = scale
    if rules.floats:
        return plan_floats(
            policy, statistics, nan=nan, clip=clip, source_slope=slope, source_intercept=intercept
        )
    if isinstance(policy, (Exact, Lossless)) or (policy is None and statistics.is_integer):
        try:
            return plan_exact(
                statistics, rules, clip=clip, source_slope=slope, source_intercept=intercept
            )
        except ValuesError:
            if policy is not None or rules.identity or (slope, intercept) == (1.0, 0.0):
                raise
    if policy is None and statistics.is_whole and (slope, intercept) == (1.0, 0.0):
        found = _plan_whole(statistics, rules, nan=nan, clip=clip)
        if found is not None:
            return found
    chosen = Rescale() if policy is None else policy
    return _plan_real(chosen, statistics, rules, nan=nan, clip=clip, scale=scale)


def _plan_whole(
    statistics: Statistics,
    rules: PixelRules,
    *,
    nan: float | None,
    clip: tuple[float, float] | None,
) -> ValueMap | None:
    """Return the identity for floats that are whole numbers of 16 bits; None where it would not keep each of them."""
    others = [*(clip or ()), *(() if nan is None else (nan,))]
    if not all(float(end).is_integer() for end in others):
        return None
    try:
        found = _plan_real(Digits(0), statistics, rules, nan=nan, clip=clip, scale=(1.0, 0.0))
    except ValuesError:
        return None
    if not found.is_identity:
        return None
    low = min([statistics.minimum or 0, *others])
    # Without an intercept, codecs without a sign still take what is not negative.
    dtype = "uint16" if rules.zero_intercept and low >= 0 else found.dtype
    return replace(found, max_error=0.0, dtype=dtype)


def _plan_real(
    policy: Policy,
    statistics: Statistics,
    rules: PixelRules,
    *,
    nan: float | None,
    clip: tuple[float, float] | None,
    scale: tuple[float, float],
) -> ValueMap:
    """Return how real numbers become integers."""
    if nan is None:
        refuse_nonfinite(statistics)
    # Of what was not read nobody knows whether it has NaN.
    is_whole = nan is None or (statistics.nonfinite == 0 and statistics.promised is None)
    missing = None if nan is None or is_whole else float(nan)
    look = partial(
        RealRange.of, statistics, clip=clip, source_slope=scale[0], source_intercept=scale[1]
    )
    found = look(nan=missing)
    form = _form(policy, found, rules)
    values = ValueMap(
        dtype=form.dtype,
        slope=form.slope,
        intercept=form.intercept,
        max_error=form.bound_of(found),
        nan=missing,
        clip=clip,
        padding=_padding(form, found, missing),
        policy=repr(policy),
        source_slope=scale[0],
        source_intercept=scale[1],
    )
    if isinstance(policy, Rescale) and policy.per_slice:
        holes = [one.nonfinite > 0 for one in statistics.slices]
        values = with_own_slopes(values, form, found, look(nan=None), holes=holes)
    _refuse_coarse(policy, _coarsest(values), found, zero_intercept=rules.zero_intercept)
    return replace(values, advice=tuple(_advice(values, found)))


def _form(policy: Policy, found: RealRange, rules: PixelRules) -> Form:
    if isinstance(policy, Digits):
        return digits_form(
            policy, found, zero_intercept=rules.zero_intercept, unsigned=rules.unsigned
        )
    form = least_error_form(found, zero_intercept=rules.zero_intercept)
    if rules.unsigned and form.dtype == "int16":
        raise ValuesError(
            code="range-not-unsigned",
            where="values",
            given=f"values from {found.low} to {found.high}",
            expected="values whose spread is a float64: the pixels of this kind are unsigned",
            remedy="Divide the array by a power of ten and say so in its description.",
        )
    return form


def _coarsest(values: ValueMap) -> ValueMap:
    """Return the map of the frame with the largest bound."""
    return (
        values
        if values.max_errors is None
        else values.at(values.max_errors.index(values.max_error))
    )


def _padding(form: Form, found: RealRange, missing: float | None) -> int | None:
    """Return the stored value of replaced voxels if no genuine voxel can have it (PS3.3 section C.7.5.1.1.2)."""
    if missing is None:
        return None
    ends = (missing, *found.genuine) if found.genuine else (missing,)
    replaced, *genuine = quantise_ends(form, np.array(ends, dtype=np.float64))
    return int(replaced) if not genuine or not genuine[0] <= replaced <= genuine[1] else None


def _refuse_coarse(
    policy: Policy, values: ValueMap, found: RealRange, *, zero_intercept: bool
) -> None:
    if (
        not isinstance(policy, Rescale)
        or policy.max_error is None
        or values.max_error <= policy.max_error
    ):
        return
    parts = {
        "code": "max-error-not-attainable",
        "where": "values",
        "given": f"{policy!r} for values from {found.low:.9g} to {found.high:.9g}",
        "expected": f"max_error of at least {values.max_error:.9g}, the least that 16 bits can give this range",
    }
    window = _window(policy.max_error, values, found, zero_intercept=zero_intercept)
    if window is None:
        raise ValuesError(
            **parts,
            remedy="Allow this error: float64 itself rounds values of this size by about as much.",
        )
    raise refuse_range(
        **parts,
        window=window,
        remedy=f"Allow this error, or limit the values with `clip=({window[0]!r}, {window[1]!r})`.",
    )


def _window(
    max_error: float, values: ValueMap, found: RealRange, *, zero_intercept: bool
) -> tuple[float, float] | None:
    """Return real values near the data that would fit; None where rounding alone takes all of `max_error`."""
    rounding = max(values.max_error - float(values.slope) / 2, 0.0)
    width = 2 * (max_error - 1.01 * rounding) * _WINDOW_STEPS
    if not 0.0 < width < math.inf or found.low + width == found.low:
        return None
    if not zero_intercept:
        return found.low, found.low + width
    return (0.0, width) if found.low >= 0 else (-width / 2, width / 2)


def _advice(values: ValueMap, found: RealRange) -> Iterator[str]:
    slope = max(map(float, values.slopes or (values.slope,)))
    several = found.highs > found.lows
    if several.any() and values.slopes is None:
        halves = np.sort(
            found.highs[several] / 2 - found.lows[several] / 2
        )  # halves, as a range may leave float64
        typical = float(halves[halves.size // 2]) * 2
        if typical < _FEW_LEVELS * slope:
            levels = int(typical / slope) + 1
            yield (
                f"The step of {slope:.3g} leaves a typical slice {levels} grey levels: few voxels far away take the "
                f"range of {found.low:.6g} to {found.high:.6g}. Pass `clip=(lo, hi)` to keep what matters."
            )
    if slope >= LARGEST_WITH_FRACTION and found.low < found.high:
        yield (
            f"{OHIF} wraps and {VTK_DICOM} cuts off values beyond 16 bits that a whole-number slope ({slope:g}) gives. "
            "Divide the array by a power of ten and say so in its description."
        )
