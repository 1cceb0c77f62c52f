"""Real numbers as 16-bit integers with the least error."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from dicomseries.lazy_dataclass import dataclass
from dicomseries.standard.attributes.decimal_string import format_ds
from dicomseries.values.maps.reader_safe import (
    LARGEST_WITH_FRACTION,
    ds_not_above,
    has_few_whole_numbers,
    slopes_from,
    truncated_slices,
)
from dicomseries.values.maps.real_range import RealRange
from dicomseries.values.value_map import UNIT_ROUNDOFF, stored_range

__all__ = [
    "SMALLEST_SLOPE",
    "Form",
    "first_good",
    "least_error_form",
    "quantise_ends",
    "slice_form",
    "spread_of",
]

SMALLEST_SLOPE = 3e-308
"""Below it 1 / slope is no longer a float64; no reader can show a step this small."""

_LARGEST_MAGNITUDE = 1e307
"""Larger numbers have intercept 0: with one, slope · stored may leave float64."""

_STEPS = 65535

_COUNTS = (*(2**power for power in range(15)), 3, 7, 11, 13, 17, 19, 23, 29, 31)
"""Stored numbers tried for a constant: powers of two are exact, primes leave fractions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Stored dtype with slope and intercept as texts.

    Examples
    --------
    >>> form = Form(dtype="int16", slope="0.001", intercept="0")
    >>> form.bound(-10.0, 10.0) - 0.0005 < 1e-11
    True
    """

    dtype: str
    slope: str
    intercept: str

    def bound(self, low: float, high: float, conversion: float = 0.0) -> float:
        """Return a proven bound of |restored - real|.

        Parameters
        ----------
        low, high : float
            Ends of the real values.
        conversion : float
            Error of the real values themselves, from their conversion to float64.

        Notes
        -----
        With u = 2^-53, the quantiser's (x - intercept) · (1 / slope) is off by at most 4 u of its
        65536 steps, and the reader's slope · stored + intercept rounds twice; |slope · stored| is
        at most |x| + |intercept| + slope.
        """
        slope, intercept = float(self.slope), float(self.intercept)
        share = 8 * UNIT_ROUNDOFF
        rounding = share * max(abs(low), abs(high)) + share * abs(intercept) + share * slope
        return math.nextafter(slope * 0.5 + rounding + conversion, math.inf)

    def bound_of(self, reals: RealRange) -> float:
        """Return a proven bound of |restored - real| of values.

        Examples
        --------
        >>> ends = np.array([3.0]), np.array([3.0])
        >>> reals = RealRange(
        ...     lows=ends[0], highs=ends[1], low=3.0, high=3.0, genuine=(3.0, 3.0), conversion=0.0
        ... )
        >>> Form(dtype="uint16", slope="0.75", intercept="0").bound_of(reals)
        0.0
        """
        if reals.low < reals.high:
            return self.bound(reals.low, reals.high, reals.conversion)
        # one value: compute as the reader does (the difference of numbers so near is exact)
        stored = float(quantise_ends(self, np.array([reals.low]))[0])
        restored = stored * float(self.slope) + float(self.intercept)
        return abs(restored - reals.low) + reals.conversion

    def holds(self, reals: RealRange) -> bool:
        """Return whether both ends are stored and come back finite."""
        low, high = quantise_ends(self, np.array([reals.low, reals.high]))
        least, most = stored_range(self.dtype)
        if not (least <= low and high <= most):
            return False
        restored = [float(self.slope) * float(end) + float(self.intercept) for end in (low, high)]
        return all(map(math.isfinite, restored))

    def keeps_zero(self) -> bool:
        """Return whether a real 0 is read as exactly 0.0."""
        slope, intercept = float(self.slope), float(self.intercept)
        stored = float(np.rint((0.0 - intercept) * (1.0 / slope)))
        return stored * slope + intercept == 0.0

    def is_reader_safe(self, reals: RealRange) -> bool:
        """Return whether no reader turns a slice into integers."""
        slope, intercept = float(self.slope), float(self.intercept)
        if reals.is_promised:  # a slice may end anywhere
            first, last = quantise_ends(self, np.array([reals.low, reals.high]))
            stored = np.arange(first, last + 1.0, dtype=np.float64)
            return has_few_whole_numbers(stored, slope, intercept)
        lows, highs = quantise_ends(self, reals.lows), quantise_ends(self, reals.highs)
        return truncated_slices(lows, highs, slope, intercept).size == 0


def quantise_ends(form: Form, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the stored values of real ones as float64.

    The operations are those of `store`, which are monotone.

    Examples
    --------
    >>> form = Form(dtype="int16", slope="0.5", intercept="1")
    >>> quantise_ends(form, np.array([1.0, 3.0])).tolist()
    [0.0, 4.0]
    """
    with np.errstate(over="ignore"):  # infinity has no stored value
        steps = (values - float(form.intercept)) * (1.0 / float(form.slope))
        return np.asarray(np.rint(steps), dtype=np.float64)


def spread_of(reals: RealRange, *, zero_intercept: bool) -> tuple[str, float]:
    """Return dtype and least slope that span the range.

    Examples
    --------
    >>> import numpy as np
    >>> ends = np.array([-2.0]), np.array([2.0])
    >>> reals = RealRange(
    ...     lows=ends[0], highs=ends[1], low=-2.0, high=2.0, genuine=(-2.0, 2.0), conversion=0.0
    ... )
    >>> spread_of(reals, zero_intercept=True) == ("int16", 2 / 32767)
    True
    """
    if _has_zero_intercept(reals, zero_intercept=zero_intercept):
        dtype = "uint16" if reals.low >= 0 else "int16"
        return dtype, _least_about_zero(dtype, reals)
    return "uint16", max((reals.high - reals.low) / _STEPS, SMALLEST_SLOPE)


def _least_about_zero(dtype: str, reals: RealRange) -> float:
    """Return the least slope that spans a range without intercept."""
    if dtype == "uint16":
        return max(reals.high / _STEPS, SMALLEST_SLOPE)
    return max(-reals.low / 32768, reals.high / 32767, SMALLEST_SLOPE)


def _has_zero_intercept(reals: RealRange, *, zero_intercept: bool) -> bool:
    return zero_intercept or max(-reals.low, reals.high) > _LARGEST_MAGNITUDE


def least_error_form(reals: RealRange, *, zero_intercept: bool) -> Form:
    """Return the reader-safe form with the least bound.

    It keeps 0 as 0 if possible.

    Raises
    ------
    ArithmeticError
        If there is no form, which cannot happen for ranges of float64.

    Examples
    --------
    >>> import numpy as np
    >>> ends = np.array([0.0]), np.array([1.0])
    >>> reals = RealRange(
    ...     lows=ends[0], highs=ends[1], low=0.0, high=1.0, genuine=(0.0, 1.0), conversion=0.0
    ... )
    >>> least_error_form(reals, zero_intercept=False)
    Form(dtype='uint16', slope='1.52590219e-5', intercept='0')
    """
    has_zero_intercept = _has_zero_intercept(reals, zero_intercept=zero_intercept)
    if reals.low == reals.high:
        return _constant_form(reals.low, zero_intercept=has_zero_intercept)
    dtype, least = spread_of(reals, zero_intercept=zero_intercept)
    if has_zero_intercept:
        return first_good(_forms_about_zero(dtype, map(format_ds, slopes_from(least))), reals)
    if reals.low <= 0.0 <= reals.high:
        form = _first(_forms_with_zero(least, reals.low), reals)
        if form is not None:
            return form
    return first_good(_forms_from_minimum(reals), reals)


def slice_form(reals: RealRange, common: Form) -> Form:
    """Return the form of one slice, with intercept 0.

    The dtype is that of the series.

    Parameters
    ----------
    reals : RealRange
        Of this slice.
    common : Form
        Form of the series, with intercept 0; it is returned if no other has a lower bound.

    Examples
    --------
    >>> import numpy as np
    >>> ends = np.array([0.0]), np.array([1.0])
    >>> reals = RealRange(
    ...     lows=ends[0], highs=ends[1], low=0.0, high=1.0, genuine=(0.0, 1.0), conversion=0.0
    ... )
    >>> slice_form(reals, Form(dtype="int16", slope="0.5", intercept="0"))
    Form(dtype='int16', slope='3.05185095e-5', intercept='0')
    """
    slopes: Iterable[str] = [_slope_to(abs(reals.low))]
    if reals.low < reals.high:
        slopes = map(format_ds, slopes_from(_least_about_zero(common.dtype, reals)))
    form = _first(_forms_about_zero(common.dtype, slopes), reals)
    if form is None or common.bound_of(reals) < form.bound_of(reals):
        return common
    return form


def first_good(forms: Iterable[Form], reals: RealRange) -> Form:
    """Return the first form that is reader-safe for the range.

    Raises
    ------
    ArithmeticError
        If there is none.

    Examples
    --------
    >>> import numpy as np
    >>> ends = np.array([0.0]), np.array([1.0])
    >>> reals = RealRange(
    ...     lows=ends[0], highs=ends[1], low=0.0, high=1.0, genuine=(0.0, 1.0), conversion=0.0
    ... )
    >>> slopes = ("0.001", "0.0009999999")
    >>> forms = [Form(dtype="int16", slope=slope, intercept="0") for slope in slopes]
    >>> first_good(forms, reals).slope
    '0.0009999999'
    """
    form = _first(forms, reals)
    if form is None:
        message = f"no slope was found for {reals.low} to {reals.high}"
        raise ArithmeticError(message)
    return form


def _first(forms: Iterable[Form], reals: RealRange) -> Form | None:
    for form in forms:
        if form.holds(reals) and form.is_reader_safe(reals):
            return form
    return None


def _forms_about_zero(dtype: str, slopes: Iterable[str]) -> Iterator[Form]:
    for slope in slopes:
        yield Form(dtype=dtype, slope=slope, intercept="0")


def _forms_with_zero(least: float, low: float) -> Iterator[Form]:
    """Yield forms with intercept exactly minus slope · integer.

    0 is then read as 0.0.
    """
    for slope in slopes_from(least):
        zero = round(-low / slope)
        form = Form(dtype="uint16", slope=format_ds(slope), intercept=format_ds(0.0 - slope * zero))
        if form.keeps_zero():  # only if 16 characters hold the product to the last bit
            yield form


def _forms_from_minimum(reals: RealRange) -> Iterator[Form]:
    intercept = ds_not_above(reals.low)
    least = max((reals.high - float(intercept)) / _STEPS, SMALLEST_SLOPE)
    for slope in slopes_from(least):
        yield Form(dtype="uint16", slope=format_ds(slope), intercept=intercept)


def _constant_form(value: float, *, zero_intercept: bool) -> Form:
    """Return a form that restores one value.

    The intercept is as near as DS prints it; one stored number gives the rest.
    """
    if zero_intercept:
        dtype = "uint16" if value >= 0 else "int16"
        return Form(dtype=dtype, slope=_slope_to(abs(value)), intercept="0")
    intercept = ds_not_above(value)
    return Form(dtype="uint16", slope=_slope_to(value - float(intercept)), intercept=intercept)


def _slope_to(distance: float) -> str:
    """Return a slope with `distance` as a small multiple.

    It is no integer below 1e14.
    """
    if distance < SMALLEST_SLOPE:
        return "0.5" if distance == 0.0 else str(SMALLEST_SLOPE)
    for count in _COUNTS:
        text = format_ds(distance / count)
        slope = float(text)
        is_safe = slope >= LARGEST_WITH_FRACTION or not slope.is_integer()
        if is_safe and math.isfinite(slope * count):
            return text
    return ds_not_above(distance / _COUNTS[0])
