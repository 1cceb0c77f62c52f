"""Real numbers as 16-bit integers: slope and intercept as DS text first, then the bound they lead to."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dicomseries.standard.decimal_string import format_ds
from dicomseries.values.reader_safe import (
    LARGEST_WITH_FRACTION,
    ds_not_above,
    has_few_whole_numbers,
    slopes_from,
    truncated_slices,
)
from dicomseries.values.real_range import RealRange
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
"""Below it 1 / slope is no longer a float64; a step this small loses nothing that a reader could show."""

_LARGEST_MAGNITUDE = 1e307
"""Larger numbers are stored with intercept 0: slope · stored, or the next DS below the minimum, may leave float64."""

_STEPS = 65535

_COUNTS = (*(2**power for power in range(15)), 3, 7, 11, 13, 17, 19, 23, 29, 31)
"""Stored numbers tried for a constant; halving is exact, a prime leaves a fraction where halving does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One way to store a range: dtype and the texts a reader will parse.

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
        """Return a proven bound of |restored - real| for real values in [low, high].

        Parameters
        ----------
        low, high : float
            Ends of the real values.
        conversion : float
            Error the real values have already had as float64.

        Notes
        -----
        With u = 2^-53, the quantiser's (x - intercept) · (1 / slope) is off by at most 4 u of its 65536 steps, and
        the reader's slope · stored + intercept rounds twice; |slope · stored| is at most |x| + |intercept| + slope.
        """
        slope, intercept = float(self.slope), float(self.intercept)
        share = 8 * UNIT_ROUNDOFF
        rounding = share * max(abs(low), abs(high)) + share * abs(intercept) + share * slope
        return math.nextafter(slope * 0.5 + rounding + conversion, math.inf)

    def bound_of(self, found: RealRange) -> float:
        """Return a proven bound of |restored - real| for the values of `found`.

        Examples
        --------
        >>> ends = np.array([3.0]), np.array([3.0])
        >>> found = RealRange(lows=ends[0], highs=ends[1], low=3.0, high=3.0, genuine=(3.0, 3.0), conversion=0.0)
        >>> Form(dtype="uint16", slope="0.75", intercept="0").bound_of(found)
        0.0
        """
        if found.low < found.high:
            return self.bound(found.low, found.high, found.conversion)
        # One value: the reader's own arithmetic says how far off it is (their difference is exact, being so near).
        stored = float(quantise_ends(self, np.array([found.low]))[0])
        return (
            abs(stored * float(self.slope) + float(self.intercept) - found.low) + found.conversion
        )

    def holds(self, found: RealRange) -> bool:
        """Tell whether both ends get a stored value of the dtype and come back finite."""
        low, high = quantise_ends(self, np.array([found.low, found.high]))
        least, most = stored_range(self.dtype)
        if not (least <= low and high <= most):
            return False
        slope, intercept = float(self.slope), float(self.intercept)
        return math.isfinite(slope * float(low) + intercept) and math.isfinite(
            slope * float(high) + intercept
        )

    def keeps_zero(self) -> bool:
        """Tell whether a real 0 is read as 0.0 to the last bit."""
        slope, intercept = float(self.slope), float(self.intercept)
        return float(np.rint((0.0 - intercept) * (1.0 / slope))) * slope + intercept == 0.0

    def is_reader_safe(self, found: RealRange) -> bool:
        """Tell whether no slice would be turned into integers (see `reader_safe`)."""
        slope, intercept = float(self.slope), float(self.intercept)
        if found.is_promised:  # the ends of a slice may be any
            first, last = quantise_ends(self, np.array([found.low, found.high]))
            stored = np.arange(first, last + 1.0, dtype=np.float64)
            return has_few_whole_numbers(stored, slope, intercept)
        lows, highs = (quantise_ends(self, ends) for ends in (found.lows, found.highs))
        return truncated_slices(lows, highs, slope, intercept).size == 0


def quantise_ends(form: Form, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the stored values (as float64) of real ones, by the very operations of `store`, which are monotone.

    Examples
    --------
    >>> quantise_ends(Form(dtype="int16", slope="0.5", intercept="1"), np.array([1.0, 3.0])).tolist()
    [0.0, 4.0]
    """
    with np.errstate(
        over="ignore"
    ):  # infinity is what a value far out of reach becomes, and no stored type holds it
        return np.asarray(
            np.rint((values - float(form.intercept)) * (1.0 / float(form.slope))), dtype=np.float64
        )


def spread_of(found: RealRange, *, zero_intercept: bool) -> tuple[str, float]:
    """Return the dtype and the least slope with which 16 bits span the range.

    Examples
    --------
    >>> import numpy as np
    >>> ends = np.array([-2.0]), np.array([2.0])
    >>> found = RealRange(lows=ends[0], highs=ends[1], low=-2.0, high=2.0, genuine=(-2.0, 2.0), conversion=0.0)
    >>> spread_of(found, zero_intercept=True) == ("int16", 2 / 32767)
    True
    """
    low, high = found.low, found.high
    if _is_around_zero(found, zero_intercept=zero_intercept):
        dtype = "uint16" if low >= 0 else "int16"
        return dtype, _least_about_zero(dtype, found)
    return "uint16", max((high - low) / _STEPS, SMALLEST_SLOPE)


def _least_about_zero(dtype: str, found: RealRange) -> float:
    """Return the least slope with which `dtype` spans the range at intercept 0."""
    if dtype == "uint16":
        return max(found.high / _STEPS, SMALLEST_SLOPE)
    return max(-found.low / 32768, found.high / 32767, SMALLEST_SLOPE)


def _is_around_zero(found: RealRange, *, zero_intercept: bool) -> bool:
    return zero_intercept or max(-found.low, found.high) > _LARGEST_MAGNITUDE


def least_error_form(found: RealRange, *, zero_intercept: bool) -> Form:
    """Return the form with the least bound that readers take right and, where possible, keeps 0 as 0.

    Raises
    ------
    ArithmeticError
        If no form was found, which the ranges of float64 do not allow.

    Examples
    --------
    >>> import numpy as np
    >>> ends = np.array([0.0]), np.array([1.0])
    >>> found = RealRange(lows=ends[0], highs=ends[1], low=0.0, high=1.0, genuine=(0.0, 1.0), conversion=0.0)
    >>> least_error_form(found, zero_intercept=False)
    Form(dtype='uint16', slope='1.52590219e-5', intercept='0')
    """
    if found.low == found.high:
        return _constant_form(
            found.low, zero_intercept=_is_around_zero(found, zero_intercept=zero_intercept)
        )
    dtype, least = spread_of(found, zero_intercept=zero_intercept)
    if _is_around_zero(found, zero_intercept=zero_intercept):
        forms = (
            Form(dtype=dtype, slope=format_ds(slope), intercept="0") for slope in slopes_from(least)
        )
        return first_good(forms, found)
    if found.low <= 0.0 <= found.high:
        kept = _first(_forms_with_zero(least, found.low), found)
        if kept is not None:
            return kept
    return first_good(_forms_from_minimum(found), found)


def slice_form(found: RealRange, common: Form) -> Form:
    """Return the form of one slice with a slope of its own at intercept 0, in the dtype of the whole.

    Parameters
    ----------
    found : RealRange
        Of this slice.
    common : Form
        That of the whole, with intercept 0; it is returned where no other has a lower bound.

    Examples
    --------
    >>> import numpy as np
    >>> ends = np.array([0.0]), np.array([1.0])
    >>> found = RealRange(lows=ends[0], highs=ends[1], low=0.0, high=1.0, genuine=(0.0, 1.0), conversion=0.0)
    >>> slice_form(found, Form(dtype="int16", slope="0.5", intercept="0"))
    Form(dtype='int16', slope='3.05185095e-5', intercept='0')
    """
    if found.low == found.high:
        slopes = iter([_slope_to(abs(found.low))])
    else:
        slopes = map(format_ds, slopes_from(_least_about_zero(common.dtype, found)))
    own = _first((Form(dtype=common.dtype, slope=slope, intercept="0") for slope in slopes), found)
    return common if own is None or common.bound_of(found) < own.bound_of(found) else own


def first_good(forms: Iterable[Form], found: RealRange) -> Form:
    """Return the first form that holds the range and is safe for readers.

    Raises
    ------
    ArithmeticError
        If there is none.

    Examples
    --------
    >>> import numpy as np
    >>> ends = np.array([0.0]), np.array([1.0])
    >>> found = RealRange(lows=ends[0], highs=ends[1], low=0.0, high=1.0, genuine=(0.0, 1.0), conversion=0.0)
    >>> first_good([Form(dtype="int16", slope=text, intercept="0") for text in ("0.001", "0.0009999999")], found).slope
    '0.0009999999'
    """
    form = _first(forms, found)
    if form is None:
        message = f"no slope was found for {found.low} to {found.high}"
        raise ArithmeticError(message)
    return form


def _first(forms: Iterable[Form], found: RealRange) -> Form | None:
    return next((form for form in forms if form.holds(found) and form.is_reader_safe(found)), None)


def _forms_with_zero(least: float, low: float) -> Iterator[Form]:
    """Yield forms whose intercept is minus slope · integer to the last bit, so that 0 is read as 0.0."""
    for slope in slopes_from(least):
        zero = round(-low / slope)
        form = Form(dtype="uint16", slope=format_ds(slope), intercept=format_ds(0.0 - slope * zero))
        if form.keeps_zero():  # only if 16 characters hold the product to the last bit
            yield form


def _forms_from_minimum(found: RealRange) -> Iterator[Form]:
    intercept = ds_not_above(found.low)
    least = max((found.high - float(intercept)) / _STEPS, SMALLEST_SLOPE)
    for slope in slopes_from(least):
        yield Form(dtype="uint16", slope=format_ds(slope), intercept=intercept)


def _constant_form(value: float, *, zero_intercept: bool) -> Form:
    """Return a form that restores one value: the intercept as far as DS prints it, one stored number for the rest."""
    if zero_intercept:
        return Form(
            dtype="uint16" if value >= 0 else "int16", slope=_slope_to(abs(value)), intercept="0"
        )
    intercept = ds_not_above(value)
    return Form(dtype="uint16", slope=_slope_to(value - float(intercept)), intercept=intercept)


def _slope_to(distance: float) -> str:
    """Return a slope of which `distance` (>= 0) is a small multiple, and which is not a whole number below 1e14."""
    if distance < SMALLEST_SLOPE:
        return "0.5" if distance == 0.0 else str(SMALLEST_SLOPE)
    for count in _COUNTS:
        text = format_ds(distance / count)
        slope = float(text)
        if math.isfinite(slope * count) and (
            slope >= LARGEST_WITH_FRACTION or not slope.is_integer()
        ):
            return text
    return ds_not_above(distance / _COUNTS[0])
