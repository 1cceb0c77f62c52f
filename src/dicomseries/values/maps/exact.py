"""Integers as integers: identity, offset or common divisor."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from dicomseries.errors import ValuesError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.standard.attributes.decimal_string import format_ds
from dicomseries.standard.known_readers import CORNERSTONE3D, OHIF, VTK_DICOM, listed
from dicomseries.values.clip_limits import integer_limits, real_limits
from dicomseries.values.maps.reader_safe import (
    is_clamped_by_vtk_dicom,
    leaves_stored_range,
    truncated_slices,
)
from dicomseries.values.policies import Exact, Lossless, PixelRules
from dicomseries.values.range_error import RangeError, error_with_window
from dicomseries.values.statistics import Statistics
from dicomseries.values.value_map import UNIT_ROUNDOFF, ValueMap, stored_range

__all__ = ["EXACT_FLOAT64", "ExactForm", "integer_ends", "needs_divisor", "plan_exact"]

EXACT_FLOAT64 = 2**53
"""Up to here float64 holds every integer; a reader computes slope · stored + intercept in it."""

_TOLERATED_STEP = 1e-3
"""Largest error of a scaled source's DS texts, as a part of its step, that counts as exact."""

_STEPS = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactForm:
    """stored = (source integer - offset) / divisor.

    Examples
    --------
    >>> ExactForm(dtype="uint16", offset=-70000).divisor
    1
    """

    dtype: str
    offset: int = 0
    divisor: int = 1


def needs_divisor(
    policy: object,
    statistics: Statistics,
    rules: PixelRules,
    *,
    clip: tuple[float, float] | None = None,
) -> bool:
    """Return whether an exact form may need the common divisor.

    The divisor (`divisor_of`) costs another pass over the source.

    Parameters
    ----------
    policy : Exact, Lossless, Rescale, Digits or None
        The user's policy; None is "auto".
    statistics : Statistics
        Of the complete source.
    rules : PixelRules
        Rules of the kind.
    clip : (float, float), optional
        As for `choose_value_map`; clipped values share no divisor.

    Examples
    --------
    >>> from dicomseries.values.statistics import SliceStatistics
    >>> wide = Statistics(dtype="int32", slices=(SliceStatistics(minimum=0, maximum=10**6),))
    >>> needs_divisor(None, wide, PixelRules())
    True
    """
    is_exact = policy is None or isinstance(policy, Exact | Lossless)
    if not is_exact or not statistics.is_integer or clip is not None:
        return False
    if rules.floats or rules.identity:
        return False
    if statistics.divisor is not None or statistics.samples != 1:
        return False
    return _plain_form(statistics, rules, *integer_ends(statistics)) is None


def plan_exact(
    statistics: Statistics,
    rules: PixelRules,
    *,
    clip: tuple[float, float] | None,
    source_slope: float,
    source_intercept: float,
) -> ValueMap:
    """Return the map that stores every source integer exactly.

    Parameters
    ----------
    statistics : Statistics
        Of an integer or boolean source, with `divisor` if `needs_divisor`.
    rules : PixelRules
        Rules of the kind.
    clip : (float, float) or None
        Range of real values to keep.
    source_slope, source_intercept : float
        real = source_slope · integer + source_intercept.

    Raises
    ------
    ValuesError
        If no exact form fits; an error about the range carries `window`, real values that would
        fit.

    Examples
    --------
    >>> from dicomseries.values.statistics import SliceStatistics
    >>> wide = Statistics(dtype="int32", slices=(SliceStatistics(minimum=-70000, maximum=-9000),))
    >>> identity = {"source_slope": 1.0, "source_intercept": 0.0}
    >>> value_map = plan_exact(wide, PixelRules(), clip=None, **identity)
    >>> value_map.dtype, value_map.slope, value_map.intercept, value_map.max_error
    ('uint16', '1', '-70000', 0.0)
    """
    scaled = (source_slope, source_intercept) != (1.0, 0.0)
    if scaled and rules.identity:
        raise _scale_error(source_slope, source_intercept)
    low, high = integer_ends(statistics)
    limits = None
    if clip is not None:
        limits = integer_limits(clip, source_slope, source_intercept)
        low, high = (min(max(end, limits[0]), limits[1]) for end in (low, high))
        clip = real_limits(limits, source_slope, source_intercept)
    divisor = statistics.divisor if limits is None else None
    form = _find_form(statistics, rules, low, high, divisor, scaled=scaled)
    if form is None:
        raise _range_error(low, high, rules, scale=(source_slope, source_intercept))
    slope, intercept, error = _texts(form, source_slope, source_intercept, low, high)
    if rules.zero_intercept and float(intercept) != 0.0:
        expected = "0, which the kind demands of its Rescale Intercept"
        raise _texts_error(code="intercept-not-zero", expected=expected, intercept=intercept)
    if scaled and error > abs(source_slope) * _TOLERATED_STEP:
        expected = "a slope and intercept that 16 characters of DS can hold"
        raise _texts_error(code="scale-not-storable", expected=expected, intercept=intercept)
    value_map = ValueMap(
        dtype=form.dtype,
        slope=slope,
        intercept=intercept,
        source_slope=source_slope,
        source_intercept=source_intercept,
        max_error=error,
        clip=clip,
        policy="Exact()",
        offset=form.offset,
        divisor=form.divisor,
    )
    return replace(value_map, advice=_advice(value_map, statistics, low, high))


def integer_ends(statistics: Statistics) -> tuple[int, int]:
    """Return the least and greatest integer of an integer source.

    Raises
    ------
    ValueError
        If the source has none, which no integers can cause.

    Examples
    --------
    >>> from dicomseries.values.statistics import SliceStatistics
    >>> integer_ends(Statistics(dtype="int16", slices=(SliceStatistics(minimum=-3, maximum=7),)))
    (-3, 7)
    """
    low, high = statistics.minimum, statistics.maximum
    if low is None or high is None:  # integers are always finite
        message = "integer statistics without a minimum"
        raise ValueError(message)
    return int(low), int(high)


def _find_form(
    statistics: Statistics,
    rules: PixelRules,
    low: int,
    high: int,
    divisor: int | None,
    *,
    scaled: bool,
) -> ExactForm | None:
    form = _plain_form(statistics, rules, low, high, scaled=scaled)
    if form is not None or divisor is None or statistics.samples != 1 or rules.identity:
        return form
    if max(-low, high, high - low) > EXACT_FLOAT64:
        return None
    step = math.gcd(divisor, low)  # divides the values themselves, not only their differences
    for dtype in ("uint16",) if rules.unsigned else ("int16", "uint16"):
        if _fits(dtype, low // step, high // step) and _prints(step):
            return ExactForm(dtype=dtype, divisor=step)
    if rules.zero_intercept or high - low > _STEPS * divisor:
        return None
    if _prints(low) and _prints(divisor):
        return ExactForm(dtype="uint16", offset=low, divisor=divisor)
    return None


def _plain_form(
    statistics: Statistics, rules: PixelRules, low: int, high: int, *, scaled: bool = False
) -> ExactForm | None:
    """Return the identity or an offset; None without either."""
    source = np.dtype(statistics.dtype)
    dtypes = ["int16", "uint16"] if source.kind == "i" else ["uint16", "int16"]
    if rules.unsigned:
        dtypes.remove("int16")
    is_byte = source.itemsize == 1 and (source.kind != "i" or rules.unsigned)
    if is_byte and 8 in rules.bits and not scaled:  # OHIF misreads 8 bits with a rescale
        dtypes.insert(0, "uint8")
    for dtype in dtypes:
        if _fits(dtype, low, high):
            return ExactForm(dtype=dtype)
    if rules.zero_intercept or rules.identity:
        return None
    if high - low <= _STEPS and max(-low, high) <= EXACT_FLOAT64 and _prints(low):
        return ExactForm(dtype="uint16", offset=low)
    return None


def _fits(dtype: str, low: int, high: int) -> bool:
    least, most = stored_range(dtype)
    return least <= low and high <= most


def _prints(value: int) -> bool:
    return float(format_ds(float(value))) == value


def _texts(
    form: ExactForm, slope: float, intercept: float, low: int, high: int
) -> tuple[str, str, float]:
    """Return slope and intercept as DS, and the proven bound.

    The bound is that of |restored - real| for source integers in [low, high].
    """
    step = Fraction(slope) * form.divisor
    zero = Fraction(intercept) + Fraction(slope) * form.offset
    texts = format_ds(float(step)), format_ds(float(zero))
    printed = float(texts[0]), float(texts[1])
    if (slope, intercept) == (1.0, 0.0):
        # slope · stored, intercept and their sum are integers below 2^53: float64 rounds nothing
        return *texts, 0.0
    if printed == (slope, intercept) and (form.offset, form.divisor) == (0, 1):
        return *texts, 0.0  # the reader computes as the source does, operation by operation
    # the difference is linear in the stored value, so it is largest at an end; both sides round
    # twice
    worst = Fraction(0)
    size = 0.0
    for value in (low, high):
        stored = Fraction(value - form.offset, form.divisor)
        restored = Fraction(printed[0]) * stored + Fraction(printed[1])
        worst = max(worst, abs(restored - (Fraction(slope) * value + Fraction(intercept))))
        size = max(
            size,
            abs(slope * value),
            abs(printed[0] * float(stored)),
            abs(intercept),
            abs(printed[1]),
        )
    return *texts, float(worst) * (1 + 2**-50) + 8 * UNIT_ROUNDOFF * size


def _range_error(
    low: int, high: int, rules: PixelRules, *, scale: tuple[float, float], policy: str = "Exact()"
) -> RangeError:
    window = _window(low, rules)
    if rules.identity:
        return _identity_error(low, high, window)
    first, last = window if scale == (1.0, 0.0) else real_limits(window, *scale)
    error = _least_error(low, high, rules) * abs(scale[0])
    return error_with_window(
        window=(first, last),
        code="range-not-exact",
        where="values",
        given=f"integers from {low} to {high}",
        expected=f"integers that fit 16 bits for {policy}, as {window[0]} to {window[1]} would",
        remedy=f"Pass `values=Rescale()` for an error of about {error:.6g}, or "
        f"`clip=({first}, {last})` to limit the values.",
    )


def _identity_error(low: int, high: int, window: tuple[int, int]) -> RangeError:
    return error_with_window(
        window=window,
        code="range-not-exact",
        where="values",
        given=f"integers from {low} to {high}",
        expected=f"integers from {window[0]} to {window[1]}, stored unchanged: a multi-frame "
        "Secondary Capture has unsigned pixels and only the identity rescale (PS3.3 section "
        "C.8.6.3)",
        remedy=f"Pass `kind='SC'`, which may have signed pixels and a rescale, or `clip={window}` "
        f"to limit the values.",
    )


def _scale_error(slope: float, intercept: float) -> ValuesError:
    return ValuesError(
        code="kind-has-no-rescale",
        where="values",
        given=f"integers with a scale (slope {slope}, intercept {intercept})",
        expected="integers without a scale: a multi-frame Secondary Capture has only the identity "
        "rescale (PS3.3 section C.8.6.3)",
        remedy="Pass `kind='SC'`, or another kind with a rescale.",
    )


def _window(low: int, rules: PixelRules) -> tuple[int, int]:
    """Return a range of source integers with an exact form.

    It is near the data if there is one there.
    """
    has_offset = not (rules.zero_intercept or rules.identity)
    if has_offset and max(-low, low + _STEPS) <= EXACT_FLOAT64 and _prints(low):
        return low, low + _STEPS
    return (0, _STEPS) if low >= 0 or rules.unsigned else stored_range("int16")


def _least_error(low: float, high: float, rules: PixelRules) -> float:
    """Return about the error of `Rescale()`."""
    if not rules.zero_intercept:
        return (high - low) / (2 * _STEPS)
    if low >= 0:
        return high / (2 * _STEPS)
    return max(-low, high) / _STEPS


def _texts_error(*, code: str, expected: str, intercept: str) -> ValuesError:
    return ValuesError(
        code=code,
        where="values",
        given=f"intercept {intercept}",
        expected=expected,
        remedy="Pass `values=Rescale()` to store the real values with a proven bound.",
    )


def _advice(value_map: ValueMap, statistics: Statistics, low: int, high: int) -> tuple[str, ...]:
    slope, intercept = float(value_map.slope), float(value_map.intercept)
    ends = sorted(float(value_map.source_to_real(end)) for end in (low, high))
    rescale = (value_map.dtype, slope, intercept, ends[0], ends[1])
    wrong = []
    if leaves_stored_range(*rescale):
        wrong.append(f"{OHIF} wraps")
    if is_clamped_by_vtk_dicom(*rescale):
        wrong.append(f"{VTK_DICOM} cuts off")
    if wrong:
        bound = _least_error(ends[0], ends[1], PixelRules()) * 1.0001
        text = (
            f"{listed(*wrong)} values beyond 16 bits that a whole-number rescale gives (slope "
            f"{value_map.slope}, intercept {value_map.intercept}). They read `values=Rescale()` "
            f"right, with an error of about {bound:.2g}."
        )
        return (text,)
    if slope.is_integer() and intercept.is_integer():
        return ()  # every real value is an integer: readers lose nothing by integers
    bad = truncated_slices(*_stored_ends(value_map, statistics, low, high), slope, intercept)
    if not bad.size:
        return ()
    text = (
        f"{CORNERSTONE3D} and {OHIF} drop the fractions of a slice whose least and greatest values "
        f"are whole numbers ({bad.size} slices, first {bad[0] + 1}); `values=Rescale()` avoids it "
        "at the price of a proven error."
    )
    return (text,)


def _stored_ends(
    value_map: ValueMap, statistics: Statistics, low: int, high: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the least and greatest stored value of each slice."""
    offset = value_map.offset or 0

    def stored(end: float | None) -> int:
        return (min(max(int(end or 0), low), high) - offset) // value_map.divisor

    lows = [stored(slice_.minimum) for slice_ in statistics.slices]
    highs = [stored(slice_.maximum) for slice_ in statistics.slices]
    return np.array(lows, dtype=np.int64), np.array(highs, dtype=np.int64)
