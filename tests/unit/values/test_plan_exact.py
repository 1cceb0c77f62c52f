"""Integers: the exact form of each dtype and range, and the errors without one."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from dicomseries.errors import ValuesError
from dicomseries.values import (
    Exact,
    PixelRules,
    Rescale,
    SliceStatistics,
    Statistics,
    choose_value_map,
    divisor_of,
    needs_divisor,
    slice_statistics,
    store,
)

CT, PT, SC = PixelRules(), PixelRules(zero_intercept=True), PixelRules(bits=(8, 16))


def statistics_of(values, dtype, *, divisor=None):
    array = np.array(values, dtype=dtype).reshape(1, 1, -1)
    return Statistics(dtype=dtype, slices=slice_statistics(array), divisor=divisor)


@pytest.mark.parametrize(
    ("dtype", "ends", "rules", "stored"),
    [
        ("bool", (0, 1), CT, "uint16"),
        ("bool", (0, 1), SC, "uint8"),
        ("uint8", (0, 255), CT, "uint16"),
        ("uint8", (0, 255), SC, "uint8"),
        ("int8", (-128, 127), SC, "int16"),
        ("int16", (0, 100), SC, "int16"),
        ("uint16", (0, 65535), PT, "uint16"),
        ("int32", (-1024, 3071), CT, "int16"),
        ("int64", (0, 65535), CT, "uint16"),
        ("uint64", (0, 100), CT, "uint16"),
    ],
)
def test_integers_that_fit_keep_their_meaning_without_a_rescale(dtype, ends, rules, stored):
    values = choose_value_map(None, statistics_of(ends, dtype), rules)
    assert (values.dtype, values.slope, values.intercept, values.max_error) == (
        stored,
        "1",
        "0",
        0.0,
    )
    assert values.advice == ()
    assert values.describe() == "Values stored exactly."


def test_a_narrow_range_far_from_zero_takes_an_exact_offset_and_names_the_readers_that_lose_it():
    values = choose_value_map(Exact(), statistics_of([100_000, 165_535], "int32"), CT)
    assert (values.dtype, values.slope, values.intercept) == ("uint16", "1", "100000")
    assert "OHIF 3.13 wraps and vtk-dicom 0.8 cuts off" in values.advice[0]
    assert "Rescale()" in values.advice[0]


def test_multiples_take_their_divisor_as_slope():
    array = [-3_000_000, 0, 1_000_000]
    statistics = statistics_of(array, "int32")
    assert needs_divisor(None, statistics, PT)
    values = choose_value_map(
        None, statistics_of(array, "int32", divisor=divisor_of(np.array(array), array[0])), PT
    )
    assert (values.dtype, values.slope, values.intercept, values.divisor) == (
        "int16",
        "1000000",
        "0",
        1_000_000,
    )


def test_a_divisor_with_an_offset_is_left_to_kinds_that_allow_it():
    array = [7, 1007, 100_000_007 - 50_000_000]
    statistics = statistics_of(array, "int64", divisor=divisor_of(np.array(array), 7))
    values = choose_value_map(None, statistics, CT)
    assert (values.slope, values.intercept) == ("1000", "7")
    with pytest.raises(ValuesError) as caught:
        choose_value_map(None, statistics, PT)
    assert caught.value.code == "range-not-exact"


def test_a_divisor_is_needed_only_where_it_matters():
    assert not needs_divisor(None, statistics_of([0, 100], "int32"), CT)
    assert not needs_divisor(Rescale(), statistics_of([0, 10**6], "int32"), CT)
    assert not needs_divisor(None, statistics_of([0, 10.5**6], "float64"), CT)
    assert not needs_divisor(None, statistics_of([0, 10**6], "int32"), CT, clip=(0, 5))


def test_a_wide_range_is_rejected_with_a_window_that_survives_a_process_boundary():
    with pytest.raises(ValuesError) as caught:
        choose_value_map(None, statistics_of([-5, 70_000], "int32"), CT)
    error = pickle.loads(pickle.dumps(caught.value))  # noqa: S301
    assert (error.code, error.window) == ("range-not-exact", (-5, 65530))
    assert "70000" in error.given
    assert "values=Rescale()" in error.remedy


def test_integers_that_float64_cannot_tell_apart_are_rejected():
    # 1e18 is a fine DS, but a reader's 1e18 + 1 is 1e18 again
    with pytest.raises(ValuesError) as caught:
        choose_value_map(None, statistics_of([10**18, 10**18 + 5], "int64", divisor=5), CT)
    assert caught.value.window == (0, 65535)


def test_floats_are_never_called_exact():
    with pytest.raises(ValuesError) as caught:
        choose_value_map(Exact(), statistics_of([0.0, 1.0], "float32"), CT)
    assert caught.value.code == "exact-needs-integers"


def test_integers_are_clipped_inwards_and_counted():
    array = np.array([[[-5000, -1, 7, 900_000]]], np.int32)
    statistics = Statistics(dtype="int32", slices=slice_statistics(array))
    values = choose_value_map(None, statistics, CT, clip=(-1024.5, 3071.5))
    result = store(array, values)
    assert result.array.tolist() == [[[-1024, -1, 7, 3071]]]
    assert (result.clipped, values.clip) == (2, (-1024, 3071))


def test_a_clip_between_two_integers_is_rejected():
    with pytest.raises(ValuesError) as caught:
        choose_value_map(Exact(), statistics_of([0, 5], "int16"), CT, clip=(1.2, 1.8))
    assert caught.value.code == "clip-holds-no-integer"


def test_a_nifti_scale_becomes_the_rescale_and_the_integers_stay():
    statistics = statistics_of([-1000, 2000], "int16")
    values = choose_value_map(None, statistics, CT, source_slope=0.5, source_intercept=-10.25)
    assert (values.dtype, values.slope, values.intercept, values.max_error) == (
        "int16",
        "0.5",
        "-10.25",
        0.0,
    )
    assert values.policy == "Exact()"


def test_a_scale_that_ds_can_only_round_carries_its_bound():
    slope = float(np.float32(0.1)) / 3
    values = choose_value_map(None, statistics_of([-1000, 2000], "int16"), CT, source_slope=slope)
    assert 0.0 < values.max_error < 1e-10


def test_a_scaled_slice_with_integer_ends_gets_advice():
    statistics = statistics_of([-1000, 2000], "int16")
    values = choose_value_map(None, statistics, CT, source_slope=0.25)
    assert "Cornerstone3D" in values.advice[0]


def test_8_bits_with_a_scale_are_widened():
    values = choose_value_map(None, statistics_of([0, 255], "uint8"), SC, source_slope=0.1)
    assert values.dtype == "uint16"


def test_a_scale_with_an_intercept_in_a_kind_without_falls_to_rescale_only_when_left_to_us():
    statistics = statistics_of([0, 2000], "int16")
    values = choose_value_map(None, statistics, PT, source_slope=0.5, source_intercept=3.0)
    assert (values.policy, values.intercept) == ("Rescale()", "0")
    with pytest.raises(ValuesError) as caught:
        choose_value_map(Exact(), statistics, PT, source_slope=0.5, source_intercept=3.0)
    assert caught.value.code == "intercept-not-zero"


def test_colour_goes_through_untouched():
    array = np.arange(2 * 3 * 4 * 3, dtype=np.uint8).reshape(2, 3, 4, 3)
    statistics = Statistics(dtype="uint8", slices=slice_statistics(array), samples=3)
    values = choose_value_map(None, statistics, SC)
    assert (values.dtype, values.is_identity) == ("uint8", True)
    assert np.shares_memory(store(array, values).array, array)
    with pytest.raises(ValuesError, match="RGB"):
        choose_value_map(Rescale(), statistics, SC)


def test_the_bound_of_a_scaled_source_covers_the_end_where_its_texts_are_furthest_off():
    slope = -1 / 3
    slices = (SliceStatistics(minimum=0, maximum=30000),)
    values = choose_value_map(
        None, Statistics(dtype="int16", slices=slices), PixelRules(), source_slope=slope
    )
    assert abs(values.real(30000) - slope * 30000) > 1e-11
    assert values.max_error >= abs(values.real(30000) - slope * 30000)
