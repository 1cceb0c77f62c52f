"""Stored values of any array: the bound, exact integers, zeros, justified rejections."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dicomseries.checks import largest_error
from dicomseries.errors import ValuesError
from dicomseries.values import (
    Digits,
    Exact,
    Lossless,
    PixelRules,
    Rescale,
    Statistics,
    choose_value_map,
    divisor_of,
    limits_in,
    needs_divisor,
    slice_statistics,
    store,
)
from dicomseries.values.storing import quantise_reals as quantising
from dicomseries.values.value_map import ValueMap

SHAPES = st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 6))
INTEGERS = ("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")
FLOATS = ("float16", "float32", "float64")
FLOATS_ONLY = PixelRules(floats=True)
MULTI_FRAME_SC = PixelRules(bits=(8, 16), unsigned=True, identity=True)
PET = PixelRules(zero_intercept=True, per_slice=True)
RULES = st.sampled_from([PixelRules(), PixelRules(bits=(8, 16)), PixelRules(zero_intercept=True)])


@st.composite
def float_arrays(draw, largest=1e12):
    """Floats of every size and byte order, some with whole numbers at the ends."""
    dtype = np.dtype(draw(st.sampled_from(FLOATS))).newbyteorder(draw(st.sampled_from("<>")))
    limit = min(largest, float(np.finfo(dtype).max) / 4)
    size = limit * 10.0 ** -draw(st.integers(0, 24))
    whole = draw(st.booleans())
    plain = st.floats(-1, 1, width=16)
    unit = draw(hnp.arrays(np.float64, draw(SHAPES), elements=plain))
    values = np.round(unit * 40) if whole else unit * size
    return (values + draw(st.sampled_from([0.0, 0.0, 0.5, 1.0, -1000.0, size]))).astype(dtype)


@st.composite
def integer_arrays(draw):
    """Integers of every dtype over narrow and wide ranges."""
    dtype = np.dtype(draw(st.sampled_from(INTEGERS)))
    if dtype.kind == "b":
        return draw(hnp.arrays(dtype, draw(SHAPES)))
    info = np.iinfo(dtype)
    low = draw(st.integers(info.min, info.max))
    high = min(info.max, low + draw(st.sampled_from([0, 1, 255, 65535, 65536, 10**6, 2**63])))
    step = draw(st.sampled_from([1, 1, 7, 1000]))
    count = (high - low) // step
    picks = draw(hnp.arrays(np.float64, draw(SHAPES), elements=st.floats(0, 1, width=16)))
    numbers = [low + step * min(count, int(pick * count)) for pick in picks.ravel()]
    return (
        np.array(numbers, dtype=dtype)
        .reshape(picks.shape)
        .astype(dtype.newbyteorder(draw(st.sampled_from("<>"))))
    )


def statistics_of(array, *, divisor=None):
    return Statistics(dtype=array.dtype.name, slices=slice_statistics(array), divisor=divisor)


def outcome(*args, **kwargs):
    """Return the map and None, or None and the error."""
    try:
        return choose_value_map(*args, **kwargs), None
    except ValuesError as error:
        return None, error


def restored(stored, values):
    """A slow reader: parse the texts, two float64 operations for each voxel."""
    slope, intercept = float(values.slope), float(values.intercept)
    return [slope * int(number) + intercept for number in stored.ravel()]


def exact_errors(stored, values, reals):
    """|restored - real| in exact arithmetic, so that the test itself rounds nothing."""
    return [
        abs(Fraction(back) - Fraction(real))
        for back, real in zip(restored(stored, values), reals, strict=True)
    ]


def slow_store(reals, values):
    """Return the nearest stored integer in exact arithmetic; None between two."""
    slope, intercept = Fraction(float(values.slope)), Fraction(float(values.intercept))
    exact = [(Fraction(real) - intercept) / slope for real in reals]
    return [
        None if abs(x - math.floor(x) - Fraction(1, 2)) < Fraction(1, 10**6) else round(x)
        for x in exact
    ]


def assert_reader_safe(array, stored, values):
    if values.is_identity or array.size == 0:
        return
    assert not float(values.slope).is_integer() or float(values.slope) >= 1e14
    for one in stored:
        ends = restored(np.array([one.min(), one.max()]), values)
        both_whole = all(float(end).is_integer() for end in ends)
        assert not both_whole or ends[0] == ends[1] or max(map(abs, ends)) > 2**32


@given(float_arrays(), RULES)
def test_rescale_keeps_its_bound_is_reader_safe_and_keeps_zero(array, rules):
    values = choose_value_map(None, statistics_of(array), rules)
    result = store(array, values)
    reals = array.astype(np.float64).ravel().tolist()
    worst = max(exact_errors(result.array, values, reals))
    assert worst <= Fraction(values.max_error)
    assert float(worst) <= result.error * (1 + 1e-15)
    assert result.error <= values.max_error
    assert len(values.slope) <= 16
    assert len(values.intercept) <= 16
    assert not rules.zero_intercept or float(values.intercept) == 0.0
    assert_reader_safe(array, result.array, values)
    wanted = slow_store(reals, values)
    assert all(
        best in (None, int(got)) for best, got in zip(wanted, result.array.ravel(), strict=True)
    )


@given(float_arrays(largest=1e9))
def test_rescale_gives_the_least_error_of_16_bits(array):
    values = choose_value_map(Rescale(), statistics_of(array), PixelRules())
    low, high = float(array.min()), float(array.max())
    assume(high - low > 1e-4 * max(abs(low), abs(high)))
    assert values.max_error <= (high - low) / 131070 * (1 + 5e-5)


@given(float_arrays(largest=1e6), RULES)
def test_a_real_zero_is_read_as_zero(array, rules):
    with_zero = array.copy()
    with_zero.ravel()[0] = 0.0
    low, high = float(with_zero.min()), float(with_zero.max())
    assume(high - low > 1e-9)
    values = choose_value_map(None, statistics_of(with_zero), rules)
    assert restored(store(with_zero, values).array, values)[0] == 0.0


@given(float_arrays(), st.floats(1e-9, 1e9), RULES)
def test_max_error_is_reached_or_rejected_and_its_window_fits(array, bound, rules):
    statistics = statistics_of(array)
    values, error = outcome(Rescale(max_error=bound), statistics, rules)
    if error is not None:
        assert error.code == "max-error-not-attainable"
        assert choose_value_map(Rescale(), statistics, rules).max_error > bound
        window = getattr(error, "window", None)
        if (
            window is None
        ):  # the values are so large that float64 rounds them by more than the bound
            assert max(abs(float(array.min())), abs(float(array.max()))) * 2**-48 > bound
            return
        assert (
            choose_value_map(Rescale(max_error=bound), statistics, rules, clip=window).max_error
            <= bound
        )
        return
    assert (
        max(
            exact_errors(
                store(array, values).array, values, array.astype(np.float64).ravel().tolist()
            )
        )
        <= bound
    )


@given(float_arrays(largest=1e6), st.integers(-4, 9), RULES)
def test_digits_keep_half_a_step_or_nothing_would_fit(array, digits, rules):
    statistics = statistics_of(array)
    step = 10.0**-digits
    low, high = float(array.min()), float(array.max())
    values, error = outcome(Digits(digits), statistics, rules)
    if error is not None:
        if error.code == "digits-beyond-float64":
            assert max(abs(low), abs(high)) * 2**-50 > step / 2
            return
        assert error.code == "range-too-wide-for-digits"
        if rules.zero_intercept:
            assert high > 65534 * step if low >= 0 else max(-low, high) > 32766 * step
        else:
            assert high - low > 65534 * step
        if max(map(abs, error.window)) < step * 1e9:
            assert choose_value_map(
                Digits(digits), statistics, rules, clip=error.window
            ).clip == limits_in(array.dtype, error.window)
        return
    result = store(array, values)
    worst = max(exact_errors(result.array, values, array.astype(np.float64).ravel().tolist()))
    assert worst <= Fraction(values.max_error)
    assert values.max_error <= step / 2 + 2**-48 * (abs(low) + abs(high) + 65536 * step)
    assert step * (1 - 1.1e-5) <= float(values.slope) <= step
    assert_reader_safe(array, result.array, values)


@given(integer_arrays(), RULES)
def test_integers_come_back_bit_exact_or_nothing_would_fit(array, rules):
    statistics = statistics_of(array)
    low, high = int(array.min()), int(array.max())
    if needs_divisor(None, statistics, rules):
        statistics = statistics_of(array, divisor=divisor_of(array, low))
    values, error = outcome(None, statistics, rules)
    if error is not None:
        assert error.code == "range-not-exact"
        assert_nothing_exact_fits(array, rules)
        assert choose_value_map(Exact(), statistics, rules, clip=error.window).max_error == 0.0
        return
    result = store(array, values)
    assert restored(result.array, values) == array.ravel().tolist()
    assert (values.max_error, result.error) == (0.0, 0.0)
    assert values.bits in rules.bits
    assert values.bits == 16 or values.is_identity
    assert low < -32768 or high > 65535 or values.is_identity or (low < 0 and high > 32767)


def assert_nothing_exact_fits(array, rules):
    numbers = [int(number) for number in array.ravel()]
    low, high = min(numbers), max(numbers)
    if max(-low, high, high - low) >= 10**15:
        return  # beyond the exact numbers of 16 characters
    with_zero = math.gcd(*numbers)
    assert low // with_zero < -32768 or high // with_zero > 32767
    assert low < 0 or high // with_zero > 65535
    if not rules.zero_intercept:
        assert (high - low) // math.gcd(*(number - low for number in numbers)) > 65535


@given(integer_arrays(), st.sampled_from([Rescale(), Digits(0), Digits(-3), Digits(2)]))
def test_integers_taken_as_reals_keep_the_bound_against_the_true_integer(array, policy):
    values, error = outcome(policy, statistics_of(array), PixelRules())
    if error is not None:
        assert isinstance(policy, Digits), error
        return
    result = store(array, values)
    worst = max(exact_errors(result.array, values, array.ravel().tolist()))
    assert worst <= Fraction(values.max_error)
    assert float(worst) <= result.error * (1 + 1e-12)
    assert_reader_safe(array, result.array, values)


@given(
    integer_arrays(),
    st.floats(1e-6, 1e6)
    | st.floats(-1e6, -1e-6)
    | st.sampled_from([0.1, 2.0, float(np.float32(0.1))]),
    st.sampled_from([0.0, -1024.0, 1 / 3, 1e6]),
    RULES,
)
def test_a_scaled_source_keeps_its_integers_within_the_printed_bound(
    array, slope, intercept, rules
):
    statistics = statistics_of(array)
    values = choose_value_map(
        None, statistics, rules, source_slope=slope, source_intercept=intercept
    )
    result = store(array, values)
    reals = (array.astype(np.float64).ravel() * slope + intercept).tolist()
    limit = Fraction(values.max_error)
    assert max(exact_errors(result.array, values, reals)) <= limit
    assert result.error <= values.max_error
    assert not rules.zero_intercept or float(values.intercept) == 0.0
    if values.policy == "Exact()":
        assert values.max_error <= abs(slope) * 1e-3
    else:
        assert_reader_safe(array, result.array, values)


@given(float_arrays(largest=1e6), st.data())
def test_clip_and_nan_are_counted_and_the_rest_keeps_the_bound(array, data):
    low = data.draw(st.floats(-100, 100))
    high = low + data.draw(st.floats(1e-3, 1e4))
    missing = data.draw(st.sampled_from([0.0, -5.5, 1e4]))
    holes = data.draw(hnp.arrays(bool, array.shape))
    source = array.copy()
    source[holes] = data.draw(st.sampled_from([np.nan, np.inf, -np.inf]))
    statistics = statistics_of(source)
    values = choose_value_map(None, statistics, PixelRules(), nan=missing, clip=(low, high))
    result = store(source, values)
    low, high = limits_in(source.dtype, (low, high))
    reals = [
        missing if hole else min(max(real, low), high)
        for hole, real in zip(
            holes.ravel(), source.astype(np.float64).ravel().tolist(), strict=True
        )
    ]
    assert max(exact_errors(result.array, values, reals)) <= Fraction(values.max_error)
    assert result.replaced == int(holes.sum())
    inside = source.astype(np.float64)[~holes]
    assert result.clipped == int(((inside < low) | (inside > high)).sum())
    if values.padding is not None:
        assert set(np.flatnonzero(result.array.ravel() == values.padding)) == set(
            np.flatnonzero(holes.ravel())
        )


@given(integer_arrays(), st.floats(-1e5, 1e5), st.floats(1.0, 65000.0))
def test_clipped_integers_are_the_nearest_in_the_range(array, low, width):
    statistics = statistics_of(array)
    values = choose_value_map(Exact(), statistics, PixelRules(), clip=(low, low + width))
    result = store(array, values)
    least, most = math.ceil(low), math.floor(low + width)
    assert restored(result.array, values) == [
        min(max(number, least), most) for number in array.ravel().tolist()
    ]
    assert result.clipped == sum(not least <= number <= most for number in array.ravel().tolist())
    assert values.clip == (least, most)


@given(integer_arrays() | float_arrays(), st.data())
def test_layout_and_statistics_do_not_matter(array, data):
    order = data.draw(st.permutations(range(3)))
    inverse = np.argsort(order)
    other = np.ascontiguousarray(array.transpose(order)).transpose(inverse)
    other.setflags(write=False)
    assert slice_statistics(other) == slice_statistics(array)
    for one, found in zip(array, slice_statistics(array), strict=True):
        assert (found.minimum, found.maximum) == (
            min(one.ravel().tolist()),
            max(one.ravel().tolist()),
        )
    values = choose_value_map(Rescale(), statistics_of(array), PixelRules())
    first, second = store(array, values), store(other, values)
    np.testing.assert_array_equal(first.array, second.array)
    assert first.error == second.error
    assert second.array.flags.c_contiguous
    assert second.array.dtype == np.dtype(values.dtype).newbyteorder("<")


@given(
    hnp.arrays(np.float64, (2, 3, 4), elements=st.floats(allow_nan=False, allow_infinity=False)),
    RULES,
)
def test_any_finite_float64_has_a_right_outcome(array, rules):
    values = choose_value_map(Rescale(), statistics_of(array), rules)
    result = store(array, values)
    back = restored(result.array, values)
    assert all(map(math.isfinite, back))
    assert max(exact_errors(result.array, values, array.ravel().tolist())) <= Fraction(
        values.max_error
    )
    assert_reader_safe(array, result.array, values)


@given(float_arrays(), st.integers(0, 10**6), st.sampled_from([np.nan, np.inf, 1.5, -0.7]))
def test_a_source_that_changed_after_planning_is_never_stored_wrong(array, where, far):
    values = choose_value_map(Rescale(), statistics_of(array), PixelRules())
    low, high = float(array.min()), float(array.max())
    assume(1e-6 < high - low < 1e9 and abs(low) < 1e9)
    changed = array.astype(np.float64)
    changed.ravel()[where % array.size] = (high if far > 0 else low) + far * (high - low)
    with pytest.raises(ValuesError, match="unchanged"):
        store(changed, values)


@st.composite
def float_bits(draw):
    """Floats of any bits, byte order and layout, with NaN payloads, infinities, subnormals."""
    dtype = np.dtype(draw(st.sampled_from(FLOATS)))
    bits = 8 * dtype.itemsize
    exponent = {16: 10, 32: 23, 64: 52}[bits]
    nan = ((1 << (bits - 1 - exponent)) - 1) << exponent
    special = [
        0,
        1,
        1 << (bits - 1),
        nan,
        nan + 1,
        nan | 1 << (exponent - 1),
        nan | 1 << (bits - 1),
        nan - 1,
    ]
    words = (
        st.sampled_from(special)
        | st.integers(0, 2**bits - 1)
        | st.integers(nan, nan + (1 << exponent) - 1)
    )
    array = draw(hnp.arrays(f"u{dtype.itemsize}", draw(SHAPES), elements=words)).view(dtype)
    order = draw(st.permutations(range(3)))
    array = np.ascontiguousarray(array.transpose(order)).transpose(np.argsort(order))
    return array if draw(st.booleans()) else array.byteswap().view(dtype.newbyteorder(">"))


def words_of(array):
    """Return the bits of each float."""
    raw, size, order = (
        array.tobytes(),
        array.dtype.itemsize,
        "big" if array.dtype.str[0] == ">" else "little",
    )
    return [int.from_bytes(raw[start : start + size], order) for start in range(0, len(raw), size)]


def widened(word):
    """The bits of the float32 that a float16 is, by the definition of both (IEEE 754)."""
    sign, exponent, fraction = word >> 15, word >> 10 & 31, word & 1023
    if exponent == 31:
        return sign << 31 | 255 << 23 | fraction << 13
    value = math.ldexp(fraction + (1024 if exponent else 0), max(exponent, 1) - 25)
    return sign << 31 | int(np.float32(value).view(np.uint32))


@given(float_bits(), st.sampled_from([None, Lossless()]))
def test_every_bit_of_every_float_is_stored(array, policy):
    values = choose_value_map(policy, statistics_of(array), FLOATS_ONLY)
    result = store(array, values)
    words = words_of(array)
    assert words_of(result.array) == (
        list(map(widened, words)) if array.dtype.itemsize == 2 else words
    )
    assert (values.max_error, result.error, result.clipped, result.replaced) == (0.0, 0.0, 0, 0)
    assert result.array.dtype == np.dtype("<f8" if array.dtype.itemsize == 8 else "<f4")
    assert result.array.flags.c_contiguous
    assert largest_error(result.array, 1.0, 0.0, array) == 0.0


@given(float_bits(), st.integers(0, 10**6), st.integers(0, 63))
def test_read_back_finds_one_wrong_bit_of_a_float(array, where, bit):
    assume(array.dtype.itemsize != 2)
    stored = np.ascontiguousarray(
        store(array, choose_value_map(None, statistics_of(array), FLOATS_ONLY)).array
    ).copy()
    words = stored.view(f"u{stored.itemsize}").ravel()
    words[where % words.size] ^= words.dtype.type(1) << words.dtype.type(
        bit % (8 * stored.itemsize)
    )
    assert largest_error(words.view(stored.dtype).reshape(stored.shape), 1.0, 0.0, array) > 0.0


@given(
    float_bits(),
    st.floats(-1e3, 1e3),
    st.floats(1e-3, 1e4),
    st.sampled_from([None, 0.0, -5.5, 0.1]),
)
def test_floats_are_clipped_and_replaced_only_where_needed(array, low, width, missing):
    values = choose_value_map(
        None, statistics_of(array), FLOATS_ONLY, clip=(low, low + width), nan=missing
    )
    result = store(array, values)
    assert low <= values.clip[0] <= values.clip[1] <= low + width
    clipped = replaced = 0
    for word, real, back in zip(
        words_of(result.array), array.ravel().tolist(), result.array.ravel().tolist(), strict=True
    ):
        if not math.isfinite(real):
            replaced += missing is not None
            assert missing is None or back == values.nan
            assert missing is not None or math.isnan(back) == math.isnan(real)
        elif low <= real <= low + width:
            assert (back, math.copysign(1, back)) == (real, math.copysign(1, real)), word
        else:
            clipped += 1
            assert back == (values.clip[0] if real < low else values.clip[1])
    assert (result.clipped, result.replaced) == (clipped, replaced)
    assert largest_error(result.array, 1.0, 0.0, array, nan=values.nan, clip=values.clip) == 0.0


@given(integer_arrays(), st.sampled_from([None, Lossless(), Exact()]))
def test_integers_are_stored_as_exact_floats_or_rejected(array, policy):
    values, error = outcome(policy, statistics_of(array), FLOATS_ONLY)
    most = max(abs(int(number)) for number in array.ravel())
    if error is not None:
        assert most > 2**53
        assert error.window == (-(2**53), 2**53)
        assert (
            choose_value_map(policy, statistics_of(array), FLOATS_ONLY, clip=error.window).max_error
            == 0.0
        )
        return
    assert values.dtype == ("float32" if most <= 2**24 else "float64")
    assert (
        list(map(Fraction, store(array, values).array.ravel().tolist())) == array.ravel().tolist()
    )


@given(
    integer_arrays() | float_arrays(),
    st.floats(1e-6, 1e6)
    | st.floats(-1e6, -1e-6)
    | st.sampled_from([0.5, 2.0, 3.0, float(np.float32(0.1))]),
    st.sampled_from([0.0, 0.0, -1024.0, 1 / 3, 0.25]),
    st.sampled_from([None, Lossless()]),
)
def test_a_scaled_source_in_floats_keeps_its_bound_and_lossless_means_none(
    array, slope, intercept, policy
):
    assume((slope, intercept) != (1.0, 0.0))
    scale = {"source_slope": slope, "source_intercept": intercept}
    values, error = outcome(policy, statistics_of(array), FLOATS_ONLY, **scale)
    if error is not None:
        assert isinstance(policy, Lossless)
        assert choose_value_map(None, statistics_of(array), FLOATS_ONLY, **scale).max_error > 0.0
        return
    result = store(array, values)
    reals = [
        Fraction(slope) * Fraction(number) + Fraction(intercept)
        for number in array.ravel().tolist()
    ]
    stored = map(Fraction, result.array.ravel().tolist())
    assert max(abs(back - real) for back, real in zip(stored, reals, strict=True)) <= Fraction(
        values.max_error
    )
    assert policy is None or values.max_error == 0.0
    assert values.max_error <= 2.0**-50 * float(
        max(map(abs, [*reals, Fraction(intercept)]))
    ) + 1e-300 or (
        intercept != 0.0  # the products cancel the intercept: their rounding counts
    )
    assert result.error == values.max_error


@given(float_arrays(), st.integers(0, 4), st.sampled_from([None, 0.0, -5.5]))
def test_a_slope_for_each_slice_is_never_worse_than_one_for_all(array, zeros, missing):
    array = array.copy()
    array[zeros:] *= array.dtype.type(0) if zeros < 4 else array.dtype.type(1)
    if missing is not None:
        array.ravel()[::5] = np.nan
    statistics = statistics_of(array)
    each = choose_value_map(Rescale(per_slice=True), statistics, PET, nan=missing)
    one = choose_value_map(Rescale(), statistics, PET, nan=missing)
    frames = [store(frame, each.at(index)) for index, frame in enumerate(array)]
    result, common = np.stack([frame.array for frame in frames]), store(array, one)
    reals = array.astype(np.float64)
    reals[np.isnan(reals)] = missing
    assert each.dtype == one.dtype
    assert len(each.slopes) == len(array)
    assert each.max_error == max(each.max_errors) <= one.max_error
    for index, (slope, bound) in enumerate(zip(each.slopes, each.max_errors, strict=True)):
        assert len(slope) <= 16
        worst = max(
            abs(result[index].ravel() * float(slope) + 0.0 - reals[index].ravel())
        )  # as a reader does
        error = frames[index].error
        assert worst <= bound
        assert worst <= error * (1 + 1e-15) or error == bound
        if reals[index].min() < reals[index].max():
            assert float(slope) <= float(one.slope)
        else:
            assert worst <= max(
                abs(common.array[index].ravel() * float(one.slope) + 0.0 - reals[index].ravel())
            )
        assert_reader_safe(array[index : index + 1], result[index : index + 1], each.at(index))
    if each.padding is not None:
        holes = np.isnan(array.astype(np.float64))
        assert np.array_equal(result == each.padding, holes)


@given(float_arrays(largest=1e9))
def test_each_slice_has_the_least_error_that_its_range_allows(array):
    values = choose_value_map(Rescale(per_slice=True), statistics_of(array), PET)
    counts = (0, 65535) if values.dtype == "uint16" else (-32768, 32767)
    for one, bound in zip(array.astype(np.float64), values.max_errors, strict=True):
        least = max(one.max() / counts[1], one.min() / counts[0] if counts[0] else 0.0)
        assert bound <= least / 2 * (1 + 5e-5) + 1e-300


@given(integer_arrays())
def test_multi_frame_sc_stores_unsigned_integers_as_they_are_or_rejects(array):
    values, error = outcome(None, statistics_of(array), MULTI_FRAME_SC)
    low, high = int(array.min()), int(array.max())
    if error is not None:
        assert low < 0 or high > 65535
        return
    assert low >= 0
    assert high <= 65535
    assert values.is_identity
    assert not values.signed
    assert store(array, values).array.ravel().tolist() == array.ravel().tolist()


# ------------------------------------------------------------------------- fast and plain storing
@st.composite
def slopes_and_numbers(draw):
    """A map of any slope and intercept, and numbers with ties, ends, NaN and subnormals."""
    signed = draw(st.booleans())
    slope = f"{draw(st.integers(1, 999999))}e{draw(st.integers(-30, 20))}"
    intercept = draw(
        st.sampled_from(["0", slope if slope[0] != "9" else "0", "-1024.5", "1e9", "-3e-20"])
    )
    clip = draw(
        st.sampled_from(
            [None, (-1.0, 1.0), (float(intercept), float(intercept) + 60 * float(slope))]
        )
    )
    scale = draw(st.sampled_from([(1.0, 0.0), (-0.5, 3.0), (1e-3, -7.25)]))
    values = ValueMap(
        dtype="int16" if signed else "uint16",
        slope=slope,
        intercept=intercept,
        max_error=float(slope),
        policy="Rescale()",
        nan=draw(st.sampled_from([None, float(intercept)])),
        clip=clip,
        source_slope=scale[0],
        source_intercept=scale[1],
    )
    steps = draw(
        st.lists(
            st.integers(-70, 70).map(lambda half: half / 2) | st.floats(-40, 40),
            min_size=1,
            max_size=9,
        )
    )
    ends = (
        [-32769, -32768.5, -32768, 32767, 32767.5, 32768]
        if signed
        else [-1, -0.5, 0, 65535, 65535.5, 65536]
    )
    steps += draw(st.lists(st.sampled_from(ends), max_size=2))
    numbers = (np.array(steps) * float(slope) + float(intercept) - scale[1]) / scale[0]
    odd = draw(st.lists(st.sampled_from([np.nan, np.inf, -np.inf, 5e-324, 1e38, -2.0]), max_size=1))
    with np.errstate(over="ignore"):
        return np.array([*numbers, *odd]).astype(draw(st.sampled_from(FLOATS))), values


def stored_or_rejected(function, array, values):
    try:
        found = function(array, values)
    except ValuesError as rejection:
        return rejection.code
    return found.array.tolist(), found.clipped, found.replaced, found.error


@given(slopes_and_numbers(), st.integers(1, 5))
def test_quantising_block_by_block_is_the_plain_way(case, block):
    array, values = case
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quantising, "BLOCK", block)
        quick = stored_or_rejected(quantising.store_real, array, values)
    plain = stored_or_rejected(quantising.store_real_slowly, array, values)
    assert quick[:3] == plain[:3]
    if isinstance(plain, tuple):
        assert plain[3] <= quick[3] <= values.max_error
        assert quick[3] - plain[3] <= values.max_error / 500


@st.composite
def maps_of_whole_steps(draw):
    """A map with whole steps as intercept: every number has one nearest step."""
    digits, power = draw(st.integers(1, 999999)), draw(st.integers(-30, 20))
    scale, shift = (
        draw(st.sampled_from([(1.0, 0), (-0.5, 3), (1e-3, -7)])),
        draw(st.sampled_from([0, 1, -1024])),
    )
    return ValueMap(
        dtype=draw(st.sampled_from(["int16", "uint16"])),
        slope=f"{digits}e{power}",
        intercept=f"{shift * digits}e{power}",
        max_error=float(f"{digits}e{power}"),
        policy="Rescale()",
        source_slope=scale[0],
        source_intercept=scale[1] * float(f"{digits}e{power}"),
    )


@given(maps_of_whole_steps(), st.sampled_from(["float32", "float64"]), st.integers(1, 3))
def test_a_step_is_stored_up_to_the_limits_and_rejected_beyond(values, source, block):
    slope, intercept = float(values.slope), float(values.intercept)
    info = np.iinfo(values.dtype)
    for limit in (int(info.min), int(info.max)):
        for step in (limit - 1, limit, limit + 1):
            reals = np.array([7.0, step, 9.0]) * slope + intercept
            array = ((reals - values.source_intercept) / values.source_slope).astype(source)
            wanted = ([7, step, 9], 0, 0) if info.min <= step <= info.max else "source-changed"
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(quantising, "BLOCK", block)
                quick = stored_or_rejected(quantising.store_real, array, values)
            plain = stored_or_rejected(quantising.store_real_slowly, array, values)
            assert [found if isinstance(found, str) else found[:3] for found in (quick, plain)] == [
                wanted,
                wanted,
            ]


@pytest.mark.parametrize("dtype", ["int16", "uint16"])
@pytest.mark.parametrize("source", ["float32", "float64"])
def test_ties_and_steps_beyond_either_end_equal_the_simplest_way(dtype, source):
    values = ValueMap(dtype=dtype, slope="0.5", intercept="0", max_error=0.25, policy="Rescale()")
    info = np.iinfo(dtype)
    for step in (info.min, info.max):
        for beside in (-1, -0.5, 0, 0.5, 1):
            array = np.array([step + beside, 7.0], source) * 0.5
            quick, plain = (
                stored_or_rejected(way, array, values)
                for way in (quantising.store_real, quantising.store_real_slowly)
            )
            assert quick == plain or quick[:3] == plain[:3]
