"""Floats as integers: bounds, reader-safe slopes, and rejections."""

from __future__ import annotations

import numpy as np
import pytest

from dicomseries.errors import ValuesError
from dicomseries.values import (
    Digits,
    Exact,
    PixelRules,
    Rescale,
    SliceStatistics,
    Statistics,
    ValueMap,
    choose_value_map,
    slice_statistics,
    store,
)
from dicomseries.values.maps.reader_safe import truncated_slices

CT, PT, SC = PixelRules(), PixelRules(zero_intercept=True), PixelRules(bits=(8, 16))


def statistics_of(array):
    return Statistics(dtype=array.dtype.name, slices=slice_statistics(array))


def ends(*pairs):
    slices = tuple(SliceStatistics(minimum=float(low), maximum=float(high)) for low, high in pairs)
    return Statistics(dtype="float64", slices=slices)


def test_the_slope_of_the_original_example_is_digits_3():
    values = choose_value_map(Digits(3), ends((-9.9993, 9.9821)), CT)
    assert (values.dtype, values.slope, values.intercept) == ("int16", "0.001", "0")
    assert values.max_error == pytest.approx(0.0005, abs=1e-12)


def test_a_slice_from_minus_10_to_10_moves_the_slope_just_below():
    values = choose_value_map(Digits(3), ends((-9.5, 9.1), (-10, 10)), CT)
    assert values.slope == "0.0009999999"
    assert values.max_error < 0.0005


def test_digits_beyond_int16_use_uint16_then_a_multiple_as_intercept():
    assert choose_value_map(Digits(3), ends((0.1, 65.5)), CT).dtype == "uint16"
    values = choose_value_map(Digits(3), ends((-40.0005, 20.0)), CT)
    assert (values.dtype, values.slope, values.intercept) == ("uint16", "0.001", "-40.001")
    assert values.real(np.array([40001]))[0] == 0.0


def test_digits_that_do_not_fit_are_rejected_where_the_original_wraps():
    with pytest.raises(ValuesError) as caught:
        choose_value_map(Digits(3), ends((-50, 50)), CT)
    assert caught.value.code == "range-too-wide-for-digits"
    low, high = caught.value.window
    assert -33 < low < 0 < high < 33
    assert "Digits(2)" in caught.value.remedy


def test_integers_with_no_digits_need_no_rescale():
    assert choose_value_map(Digits(0), ends((-1024, 3071)), CT).is_identity


def test_tens_and_hundreds_have_a_slope_that_is_no_integer():
    values = choose_value_map(Digits(-2), ends((0, 3_000_000)), CT)
    assert values.slope == "99.99999"
    assert values.max_error <= 50


def test_more_digits_than_float64_carries_are_rejected():
    with pytest.raises(ValuesError) as caught:
        choose_value_map(Digits(12), ends((1e6, 1e6 + 1e-9)), CT)
    assert caught.value.code == "digits-beyond-float64"


@pytest.mark.parametrize("rules", [CT, PT, SC])
@pytest.mark.parametrize(
    "pair", [(0, 1), (-1, 1), (-10, 10), (0, 65535), (-1024, 3071), (0, 255), (1, 3), (-4, 0)]
)
def test_a_map_with_integer_ends_is_safe_for_cornerstone_and_near_the_ideal(pair, rules):
    values = choose_value_map(None, ends(pair, pair), rules)
    stored = store(np.array([[list(map(float, pair))]]), values).array
    back = values.real(stored).ravel()
    assert not all(float(end).is_integer() for end in back)
    assert not float(values.slope).is_integer()
    assert values.bits == 16
    width = (
        max(pair) - min(pair)
        if rules is not PT
        else max(map(abs, pair)) * (2 if min(pair) < 0 else 1)
    )
    assert values.max_error <= width / 131068 * (1 + 5e-5)
    if 0 in pair:
        assert 0.0 in back


def test_a_slope_of_one_half_is_moved_for_a_slice_with_integer_ends():
    # 32767.5 / 65535 is 0.5 to the last bit, and the second slice would be 0 to 10 exactly
    assert choose_value_map(None, ends((0, 32767.5), (0.5, 10)), CT).slope == "0.5"
    values = choose_value_map(None, ends((0, 32767.5), (0, 10)), CT)
    assert 0.5 < float(values.slope) < 0.5 * (1 + 1e-6)


def test_max_error_is_reached_or_the_attainable_bound_is_named():
    assert choose_value_map(Rescale(max_error=0.0005), ends((-10, 10)), CT).max_error <= 0.0005
    with pytest.raises(ValuesError) as caught:
        choose_value_map(Rescale(max_error=1e-5), ends((-10, 10)), CT)
    assert caught.value.code == "max-error-not-attainable"
    assert "0.000152" in caught.value.expected


def test_nan_is_rejected_with_count_and_first_index():
    array = np.zeros((2, 3, 4), np.float32)
    array[1, 2, 3] = np.nan
    array[1, 2, 2] = -np.inf
    with pytest.raises(ValuesError) as caught:
        choose_value_map(None, statistics_of(array), CT)
    assert caught.value.code == "not-finite"
    assert "2 NaN" in caught.value.given
    assert "(1, 2, 2)" in caught.value.given


def test_nan_gets_its_value_and_a_padding_value_when_no_voxel_shares_it():
    array = np.array([[[1.0, np.nan, 3.0]]])
    values = choose_value_map(None, statistics_of(array), CT, nan=-5)
    result = store(array, values)
    assert (values.padding, result.replaced) == (int(result.array[0, 0, 1]), 1)
    assert "replaced by -5" in values.describe()
    assert choose_value_map(None, statistics_of(array), CT, nan=2).padding is None
    assert choose_value_map(None, ends((1, 3)), CT, nan=-5).nan is None


def test_an_array_of_nothing_but_nan_becomes_a_constant():
    array = np.full((2, 3, 4), np.nan)
    values = choose_value_map(None, statistics_of(array), CT, nan=0.25)
    assert (values.real(store(array, values).array) == 0.25).all()


@pytest.mark.parametrize("rules", [CT, PT])
@pytest.mark.parametrize(
    "value", [0.0, 1.0, -7.0, 196608.0, 0.1, 1e300, -1.5e-310, -1125899906800001.0]
)
def test_a_constant_comes_back_as_well_as_ds_can_print_it(value, rules):
    array = np.full((1, 2, 3), value)
    values = choose_value_map(None, statistics_of(array), rules)
    result = store(array, values)
    assert result.error <= values.max_error
    assert values.max_error <= max(
        abs(value) * 1e-9, 3e-308
    )  # slopes end where 1 / slope leaves float64
    assert values.is_identity or not float(values.slope).is_integer() or float(values.slope) >= 1e14


@pytest.mark.parametrize("rules", [CT, PT])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_floats_that_are_integers_are_stored_exactly(dtype, rules):
    array = np.array([[[-1000.0, np.nan, 3.0], [0.0, 17.0, 900.0]]], dtype)
    values = choose_value_map(None, statistics_of(array), rules, nan=-2000)
    result = store(array, values)
    assert values.is_identity
    assert (values.max_error, result.error, values.padding) == (0.0, 0.0, -2000)
    assert np.array_equal(result.array, np.where(np.isnan(array), -2000, array))


@pytest.mark.parametrize("odd", [0.5, 1e5, -1e5])
def test_one_float_that_is_no_integer_of_16_bits_needs_a_rescale(odd):
    array = np.array([[[-1000.0, 3.0, odd]], [[0.0, 17.0, 900.0]]])
    assert choose_value_map(None, statistics_of(array), CT).policy == "Rescale()"


def test_a_clip_or_nan_value_between_integers_needs_a_rescale():
    array = np.array([[[-1000.0, np.nan, 3.0]]])
    for options in ({"nan": -0.5}, {"nan": 0, "clip": (-20.5, 100)}):
        assert not choose_value_map(None, statistics_of(array), CT, **options).is_identity


def test_one_huge_outlier_gets_advice():
    quiet = [(0.0, 1.0)] * 9
    values = choose_value_map(None, ends(*quiet, (0.0, 1e6)), CT)
    assert "clip=(lo, hi)" in values.advice[0]
    assert choose_value_map(None, ends(*quiet, (0.0, 1e6)), CT, clip=(0, 1)).advice == ()
    assert choose_value_map(None, ends(*quiet, (0.0, 100.0)), CT).advice == ()


def test_clipped_floats_are_planned_on_their_limits_and_counted():
    array = np.array([[[-1.0, 0.2, 1e6]]], np.float32)
    values = choose_value_map(None, statistics_of(array), CT, clip=(0, 1))
    result = store(array, values)
    assert result.clipped == 2
    assert values.max_error < 1e-5
    assert "limited to 0 to 1" in values.describe()


@pytest.mark.parametrize(
    "pair", [(0, 5e-324), (-3e-310, 3e-310), (-1.7e308, 1.7e308), (1e300, 1.1e300), (0, 1e20)]
)
def test_the_ends_of_float64_have_a_right_outcome(pair):
    array = np.array([[list(map(float, pair))]])
    values = choose_value_map(None, statistics_of(array), CT)
    result = store(array, values)
    assert result.error <= values.max_error
    assert np.isfinite(values.real(result.array)).all()


def test_a_slope_too_large_for_a_fraction_gets_advice():
    assert "OHIF" in choose_value_map(None, ends((0, 1e25)), CT).advice[0]


def test_64_bit_integers_taken_as_reals_count_their_conversion():
    low, high = 2**63, 2**64 - 1
    array = np.array([[[low, high]]], np.uint64)
    values = choose_value_map(Rescale(), statistics_of(array), CT)
    assert values.max_error > (high - low) / 131070 + 1000
    assert store(array, values).error <= values.max_error


def test_a_scale_that_leaves_float64_is_rejected():
    statistics = Statistics(dtype="int16", slices=(SliceStatistics(minimum=0, maximum=30000),))
    with pytest.raises(ValuesError) as caught:
        choose_value_map(Rescale(), statistics, CT, source_slope=1e305)
    assert caught.value.code == "scale-overflows"


def test_exact_is_not_offered_to_floats():
    with pytest.raises(ValuesError):
        choose_value_map(Exact(), ends((0, 1)), CT)


@pytest.mark.parametrize("bound", [0.0005, 0.00050000000049, 7.62951095e-06, 1 / 3, 1e300, 5e-324])
def test_the_bound_in_the_text_is_never_below_the_proven_one(bound):
    values = ValueMap(
        dtype="int16", slope="0.001", intercept="0", max_error=bound, policy="Digits(3)"
    )
    printed = float(values.describe().rsplit(maxsplit=1)[1].rstrip("."))
    assert bound <= printed <= bound * 1.00001


def test_a_range_beyond_float64_is_rejected_for_digits_without_a_warning():
    ends = np.array([[[-1.7e308, 1.7e308]]])
    statistics = Statistics(dtype="float64", slices=slice_statistics(ends))
    with pytest.raises(ValuesError):
        choose_value_map(Digits(3), statistics, PixelRules())


@pytest.mark.parametrize(("slope", "unsafe"), [(100.5, [0]), (1000000.5, [])])
def test_slices_with_integer_ends_are_unsafe_up_to_32_bits(slope, unsafe):
    assert truncated_slices(np.array([0]), np.array([20000]), slope, 0.0).tolist() == unsafe
