"""FrameReader: no needless copy, every layout, nothing stored from a changed source."""

from __future__ import annotations

import numpy as np
import pytest

from dicomseries.errors import ValuesError
from dicomseries.values import (
    Digits,
    PixelRules,
    Rescale,
    Statistics,
    ValueMap,
    choose_value_map,
    count_outside,
    divisor_of,
    slice_statistics,
    store,
)

SC = PixelRules(bits=(8, 16))


def plan(array, policy=None, **options):
    statistics = Statistics(dtype=array.dtype.name, slices=slice_statistics(array))
    return choose_value_map(policy, statistics, SC, **options)


@pytest.mark.parametrize("dtype", ["<i2", "<u2", "uint8", "bool"])
def test_unchanged_values_are_a_view(dtype):
    array = np.ones((2, 3, 4), dtype)
    assert np.shares_memory(store(array, plan(array)).array, array)


@pytest.mark.parametrize("dtype", [">i2", ">u2", ">i4", ">f8", ">f4"])
def test_big_endian_read_only_and_strided_arrays_are_stored_alike(dtype, rng):
    array = rng.integers(0, 1000, (6, 10, 14)).astype(dtype)[::2, ::-1, 1::3]
    array.setflags(write=False)
    values = plan(array)
    result = store(array, values)
    assert result.array.flags.c_contiguous
    assert result.array.dtype.str in {"<i2", "<u2"}
    assert np.abs(values.real(result.array) - array.astype(float)).max() <= values.max_error


def test_a_slab_larger_than_a_block_equals_its_slices_one_by_one(rng):
    array = rng.normal(size=(5, 200, 410)).astype(np.float32)
    values = plan(array)
    whole = store(array, values)
    parts = [store(one[None], values) for one in array]
    np.testing.assert_array_equal(whole.array, np.concatenate([part.array for part in parts]))
    assert whole.error == max(part.error for part in parts)


@pytest.mark.parametrize("value", [np.nan, np.inf, 11.0, -11.0, 1e300])
def test_a_value_that_the_statistics_did_not_see_is_never_stored(value):
    array = np.linspace(-10, 10, 60).reshape(3, 4, 5)
    for options in ({}, {"clip": (-9.0, 9.0)}):
        values = plan(array, **options)
        changed = array.copy()
        changed[1, 2, 3] = value
        if options and np.isfinite(value):
            assert store(changed, values).clipped > 0
            continue
        with pytest.raises(ValuesError) as caught:
            store(changed, values)
        assert caught.value.code == "source-changed"


@pytest.mark.parametrize("value", [40_000, -40_000, 2**31 - 1])
def test_an_integer_that_the_statistics_did_not_see_does_not_wrap(value):
    array = np.arange(24, dtype=np.int32).reshape(2, 3, 4) - 5
    values = plan(array)
    array[1, 1, 1] = value
    with pytest.raises(ValuesError, match="unchanged"):
        store(array, values)


def test_an_integer_between_the_planned_steps_is_not_rounded():
    array = np.arange(0, 24_000_000, 10**6).reshape(2, 3, 4)
    statistics = Statistics(
        dtype="int64", slices=slice_statistics(array), divisor=divisor_of(array, int(array.min()))
    )
    values = choose_value_map(None, statistics, SC)
    assert values.slope == "1000000"
    array[1, 1, 1] += 1
    with pytest.raises(ValuesError, match="unchanged"):
        store(array, values)


def test_uint64_above_int64_does_not_wrap_through_a_clip():
    array = np.array([[[3, 2**64 - 5]]], np.uint64)
    values = plan(array, clip=(0, 100))
    assert store(array, values).array.tolist() == [[[3, 100]]]


def test_the_achieved_error_includes_the_rounding_of_integers_to_float64():
    array = np.array([[[2**60 + 1]]], np.uint64)
    values = plan(array, Rescale())
    result = store(array, values)
    true_error = abs(int(values.real(result.array)[0, 0, 0]) - (2**60 + 1))
    assert 1 <= true_error <= result.error <= values.max_error


def test_values_outside_a_window_are_counted_in_real_units():
    array = np.array([[[0, 10, 20, 30]]], np.int16)
    assert count_outside(array, 5, 25) == 2
    assert count_outside(array, 5, 25, source_slope=0.5, source_intercept=20) == 2
    assert count_outside(np.array([2**64 - 1], np.uint64), 0, 65535) == 1
    assert count_outside(np.asfortranarray(np.full((2, 3, 4), np.nan)), 0, 1) == 0


def test_a_scaled_float_source_is_stored_by_its_meaning():
    array = np.linspace(0, 1, 24, dtype=np.float32).reshape(2, 3, 4)
    values = plan(array, Rescale(), source_slope=2.0, source_intercept=-1.0)
    back = values.real(store(array, values).array)
    assert np.abs(back - (array.astype(float) * 2 - 1)).max() <= values.max_error


def test_the_achieved_error_is_the_largest_found():
    array = np.array([[[0.25, 0.0004, -1.0]]])
    values = plan(array, Digits(3))
    assert store(array, values).error == pytest.approx(0.0004, abs=1e-6)


@pytest.mark.parametrize(
    "fault",
    [
        {"dtype": "int8"},
        {"slope": "0.12345678901234567"},
        {"slope": "0"},
        {"max_error": -1.0},
        {"intercept": "inf"},
    ],
)
def test_a_map_that_dicom_cannot_say_is_rejected(fault):
    right = {
        "dtype": "int16",
        "slope": "0.5",
        "intercept": "0",
        "max_error": 0.25,
        "policy": "Rescale()",
    }
    with pytest.raises(ValueError, match=r"must|no finite"):
        ValueMap(**{**right, **fault})


def test_a_description_fits_its_attribute():
    values = plan(
        np.array([[[np.nan, 1 / 3, -1e-300]]]), nan=-1.23456789e-300, clip=(-1e300, 1e300)
    )
    assert len(values.describe()) <= 1024
    assert values.describe().isascii()
