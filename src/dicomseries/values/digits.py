"""`Digits(n)`: a step of 10⁻ⁿ, or just below it where a reader demands."""

from __future__ import annotations

import math
from collections.abc import Iterator

from dicomseries.errors import ValuesError
from dicomseries.standard.decimal_string import format_ds
from dicomseries.values.policies import Digits
from dicomseries.values.range_error import RangeError, refuse_range
from dicomseries.values.reader_safe import LARGEST_WITH_FRACTION
from dicomseries.values.real_range import RealRange
from dicomseries.values.rescale import Form

__all__ = ["digits_form"]

_NUDGES = 100
"""Slopes below 10⁻ⁿ that are tried, 1e-7 of it apart: the last is 1e-5 of it below."""

_STEPS = 65534
"""Steps surely held by 16 bits, at the most nudged slope and wherever zero falls."""


def digits_form(
    policy: Digits, found: RealRange, *, zero_intercept: bool, unsigned: bool = False
) -> Form:
    """Return the form with a step of 10⁻ⁿ that holds the range.

    Parameters
    ----------
    policy : Digits
        n.
    found : RealRange
        What must be held.
    zero_intercept : bool
        Whether the kind demands Rescale Intercept 0.
    unsigned : bool
        Whether the kind demands unsigned pixels.

    Raises
    ------
    ValuesError
        If 16 bits cannot hold the range (it carries `window`), or float64 does not carry so many digits.

    Examples
    --------
    >>> import numpy as np
    >>> ends = np.array([-10.0]), np.array([9.5])
    >>> found = RealRange(lows=ends[0], highs=ends[1], low=-10.0, high=9.5, genuine=(-10.0, 9.5), conversion=0.0)
    >>> digits_form(Digits(3), found, zero_intercept=False)
    Form(dtype='int16', slope='0.001', intercept='0')
    """
    forms = _forms(policy, found, zero_intercept=zero_intercept)
    usable = (
        form for form in forms if not (unsigned and form.dtype == "int16") and form.holds(found)
    )
    form = next((form for form in usable if _is_identity(form) or form.is_reader_safe(found)), None)
    if form is None:
        raise _refused_range(policy, found, zero_intercept=zero_intercept)
    if form.bound(found.low, found.high, found.conversion) > policy.step:
        raise ValuesError(
            code="digits-beyond-float64",
            where="values",
            given=f"{policy!r} for values from {found.low} to {found.high}",
            expected="digits that float64 carries at this size",
            remedy="Ask for fewer digits, or subtract a constant from the array and say so in its description.",
        )
    return form


def _is_identity(form: Form) -> bool:
    # Whole numbers without a rescale: readers make integers of them and lose nothing.
    return form.slope == "1" and form.intercept == "0"


def _forms(policy: Digits, found: RealRange, *, zero_intercept: bool) -> Iterator[Form]:
    for dtype in ("int16", "uint16"):
        for slope in _slopes(policy, whole=policy.digits == 0):
            yield Form(dtype=dtype, slope=slope, intercept="0")
    if not zero_intercept:
        exact_zero = [True, False] if found.low <= 0.0 <= found.high else [False]
        for demanded in exact_zero:
            yield from _offset_forms(policy, found.low, keep_zero=demanded)


def _offset_forms(policy: Digits, low: float, *, keep_zero: bool) -> Iterator[Form]:
    """Yield forms whose intercept is a whole multiple of the slope, as near as DS can print it."""
    if not math.isfinite(low / policy.step * 2):
        return  # so many steps from zero no float64 tells one from the next
    for slope in _slopes(policy, whole=False):
        for steps in dict.fromkeys((math.floor(low / float(slope)), round(low / float(slope)))):
            form = Form(dtype="uint16", slope=slope, intercept=format_ds(float(slope) * steps))
            if not keep_zero or form.keeps_zero():
                yield form


def _slopes(policy: Digits, *, whole: bool) -> Iterator[str]:
    """Yield 10⁻ⁿ unless it is a whole number (allowed as the identity only), then the numbers just below it."""
    if policy.digits > 0 or whole:
        yield format_ds(policy.step)
    for nudge in range(1, _NUDGES + 1):
        slope = float(f"{10**7 - nudge}e{-policy.digits - 7}")
        if slope.is_integer() and slope < LARGEST_WITH_FRACTION:
            slope -= 0.5
        yield format_ds(slope)


def _refused_range(policy: Digits, found: RealRange, *, zero_intercept: bool) -> RangeError:
    window = _window(policy.step, found, zero_intercept=zero_intercept)
    return refuse_range(
        window=window,
        code="range-too-wide-for-digits",
        where="values",
        given=f"{policy!r} for values from {found.low:.9g} to {found.high:.9g}",
        expected=f"a range that 16 bits hold in steps of {policy.step:g}, such as {window[0]:.9g} to {window[1]:.9g}",
        remedy=f"{_fewer_digits(policy, found, zero_intercept=zero_intercept)} `clip=({window[0]!r}, {window[1]!r})`.",
    )


def _window(step: float, found: RealRange, *, zero_intercept: bool) -> tuple[float, float]:
    """Return real values near the data that would fit."""
    half = _STEPS // 2 * step
    if found.low >= -half and (found.low >= 0.0 or not zero_intercept):
        start = 0.0 if zero_intercept else found.low
        return start, start + (_STEPS - 1) * step
    if found.high <= half and not zero_intercept:
        return found.high - (_STEPS - 1) * step, found.high
    return -half, half


def _fewer_digits(policy: Digits, found: RealRange, *, zero_intercept: bool) -> str:
    spread = (
        max(-found.low, found.high) * (1 if found.low >= 0 else 2)
        if zero_intercept
        else found.high - found.low
    )
    if not 0.0 < spread < math.inf:
        return "Pass `values=Rescale()`, or limit the values with"
    fewer = min(policy.digits - 1, math.floor(math.log10(_STEPS / spread)))
    return f"Pass `Digits({fewer})` or `values=Rescale()`, or limit the values with"
