"""`Digits(n)`: a step of 10⁻ⁿ, or just below it."""

from __future__ import annotations

import math
from collections.abc import Iterator

from dicomseries.errors import ValuesError
from dicomseries.standard.attributes.decimal_string import format_ds
from dicomseries.values.maps.reader_safe import LARGEST_WITH_FRACTION
from dicomseries.values.maps.real_range import RealRange
from dicomseries.values.maps.rescale import Form
from dicomseries.values.policies import Digits
from dicomseries.values.range_error import RangeError, error_with_window

__all__ = ["digits_form"]

_NUDGES = 100
"""Number of slopes tried below 10⁻ⁿ, each 1e-7 of it further."""

_STEPS = 65534
"""Steps surely held by 16 bits, at the least of these slopes and any place of zero."""


def digits_form(
    policy: Digits, reals: RealRange, *, zero_intercept: bool, unsigned: bool = False
) -> Form:
    """Return the form with a step of 10⁻ⁿ.

    Parameters
    ----------
    policy : Digits
        n.
    reals : RealRange
        Values to be stored.
    zero_intercept : bool
        Whether the kind demands Rescale Intercept 0.
    unsigned : bool
        Whether the kind demands unsigned pixels.

    Raises
    ------
    ValuesError
        If 16 bits cannot hold the range (the error carries `window`), or float64 does not have so
        many digits.

    Examples
    --------
    >>> import numpy as np
    >>> ends = np.array([-10.0]), np.array([9.5])
    >>> reals = RealRange(
    ...     lows=ends[0], highs=ends[1], low=-10.0, high=9.5, genuine=(-10.0, 9.5), conversion=0.0
    ... )
    >>> digits_form(Digits(3), reals, zero_intercept=False)
    Form(dtype='int16', slope='0.001', intercept='0')
    """
    for form in _forms(policy, reals, zero_intercept=zero_intercept):
        if (unsigned and form.dtype == "int16") or not form.holds(reals):
            continue
        is_identity = form.slope == "1" and form.intercept == "0"  # integers: safe for all readers
        if is_identity or form.is_reader_safe(reals):
            break
    else:
        raise _range_error(policy, reals, zero_intercept=zero_intercept)
    if form.bound(reals.low, reals.high, reals.conversion) > policy.step:
        raise ValuesError(
            code="digits-beyond-float64",
            where="values",
            given=f"{policy!r} for values from {reals.low} to {reals.high}",
            expected="digits that float64 carries at this size",
            remedy="Ask for fewer digits, or subtract a constant from the array and say so in its "
            "description.",
        )
    return form


def _forms(policy: Digits, reals: RealRange, *, zero_intercept: bool) -> Iterator[Form]:
    for dtype in ("int16", "uint16"):
        for slope in _slopes(policy, with_integer=policy.digits == 0):
            yield Form(dtype=dtype, slope=slope, intercept="0")
    if zero_intercept:
        return
    if reals.low <= 0.0 <= reals.high:
        yield from _offset_forms(policy, reals.low, keep_zero=True)
    yield from _offset_forms(policy, reals.low, keep_zero=False)


def _offset_forms(policy: Digits, low: float, *, keep_zero: bool) -> Iterator[Form]:
    """Yield forms with a multiple of the slope as intercept."""
    if not math.isfinite(low / policy.step * 2):
        return  # so many steps from zero float64 cannot distinguish them
    for slope in _slopes(policy, with_integer=False):
        for steps in dict.fromkeys((math.floor(low / float(slope)), round(low / float(slope)))):
            form = Form(dtype="uint16", slope=slope, intercept=format_ds(float(slope) * steps))
            if not keep_zero or form.keeps_zero():
                yield form


def _slopes(policy: Digits, *, with_integer: bool) -> Iterator[str]:
    """Yield 10⁻ⁿ, then the numbers just below it.

    10⁻ⁿ as an integer is allowed for the identity only (`with_integer`).
    """
    if policy.digits > 0 or with_integer:
        yield format_ds(policy.step)
    for nudge in range(1, _NUDGES + 1):
        slope = float(f"{10**7 - nudge}e{-policy.digits - 7}")
        if slope.is_integer() and slope < LARGEST_WITH_FRACTION:
            slope -= 0.5
        yield format_ds(slope)


def _range_error(policy: Digits, reals: RealRange, *, zero_intercept: bool) -> RangeError:
    window = _window(policy.step, reals, zero_intercept=zero_intercept)
    return error_with_window(
        window=window,
        code="range-too-wide-for-digits",
        where="values",
        given=f"{policy!r} for values from {reals.low:.9g} to {reals.high:.9g}",
        expected=f"a range that 16 bits hold in steps of {policy.step:g}, such as "
        f"{window[0]:.9g} to {window[1]:.9g}",
        remedy=f"{_fewer_digits(policy, reals, zero_intercept=zero_intercept)} "
        f"`clip=({window[0]!r}, {window[1]!r})`.",
    )


def _window(step: float, reals: RealRange, *, zero_intercept: bool) -> tuple[float, float]:
    """Return real values near the data that would fit."""
    half = _STEPS // 2 * step
    if reals.low >= -half and (reals.low >= 0.0 or not zero_intercept):
        start = 0.0 if zero_intercept else reals.low
        return start, start + (_STEPS - 1) * step
    if reals.high <= half and not zero_intercept:
        return reals.high - (_STEPS - 1) * step, reals.high
    return -half, half


def _fewer_digits(policy: Digits, reals: RealRange, *, zero_intercept: bool) -> str:
    spread = reals.high - reals.low
    if zero_intercept:
        spread = max(-reals.low, reals.high)
        if reals.low < 0:
            spread *= 2
    if not 0.0 < spread < math.inf:
        return "Pass `values=Rescale()`, or limit the values with"
    fewer = min(policy.digits - 1, math.floor(math.log10(_STEPS / spread)))
    return f"Pass `Digits({fewer})` or `values=Rescale()`, or limit the values with"
