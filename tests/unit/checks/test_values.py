"""`largest_error` equals a plain float64 comparison, and is exact for integers."""

from __future__ import annotations

import math

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp

from dicomseries.checks import largest_error

SHAPES = hnp.array_shapes(min_dims=2, max_dims=3, max_side=7)


@given(
    stored=hnp.arrays("int16", SHAPES),
    slope=st.floats(-10, 10).filter(lambda value: abs(value) > 1e-6),
    intercept=st.floats(-1000, 1000),
    seed=st.integers(0, 9),
    dtype=st.sampled_from(["float32", "float64", ">f4", "int32", "float16"]),
)
def test_the_error_is_the_largest_difference(stored, slope, intercept, seed, dtype):
    expected = np.random.default_rng(seed).uniform(-1e4, 1e4, stored.shape).astype(dtype)
    difference = np.abs(stored.astype("f8") * slope + intercept - expected.astype("f8")).max()
    assert largest_error(stored, slope, intercept, expected) == difference


@pytest.mark.parametrize(
    "shape", [(3, 300, 301), (700, 90), (1, 100_003), (2, 1, 70_000), (90, 91, 3), (5, 7, 999, 3)]
)
def test_large_arrays_are_compared_to_the_last_voxel(shape, rng):
    stored = rng.integers(-1000, 1000, shape).astype("int16")
    expected = stored * 0.5
    assert largest_error(stored, 0.5, 0.0, expected) == 0.0
    for index in [
        (0,) * len(shape),
        tuple(side - 1 for side in shape),
        tuple(side // 2 for side in shape),
    ]:
        changed = expected.copy()
        changed[index] += 0.25
        assert largest_error(stored, 0.5, 0.0, changed) == 0.25


def test_views_of_any_strides_are_compared(rng):
    expected = rng.integers(-99, 99, (5, 7, 3)).astype("float32").transpose(2, 0, 1)[:, ::-1]
    assert largest_error(expected.astype("int16"), 1.0, 0.0, expected) == 0.0


@pytest.mark.parametrize(
    "dtype", ["bool", "int8", "uint8", ">i2", "uint16", "int32", "int64", "uint64"]
)
def test_equal_integers_of_any_type_have_no_error(dtype, rng):
    expected = rng.integers(0, 2, (4, 5)).astype(dtype)
    assert largest_error(expected.astype("int16"), 1.0, 0.0, expected) == 0.0
    assert largest_error(expected.astype("int16") + np.int16(1), 1.0, 0.0, expected) == 1.0


def test_integers_beyond_float64_are_compared_as_integers():
    expected = np.array([[2**60, 2**60 + 2]])
    stored = np.array([[0, 1]], "int16")
    assert largest_error(stored, 2.0, float(2**60), expected) == 0.0
    assert largest_error(stored, 1.0, float(2**60), expected) == 1.0


def test_huge_uint64_are_no_overflow():
    expected = np.array([[2**64 - 1]], "uint64")
    assert largest_error(np.array([[0]], "int16"), 1.0, 0.0, expected) == pytest.approx(2.0**64)


def test_the_meaning_of_the_source_is_applied():
    stored, expected = np.array([[3, 5]], "int16"), np.array([[3, 5]], "int16")
    assert largest_error(stored, 0.5, 1.0, expected, source_slope=0.5, source_intercept=1.0) == 0.0
    assert largest_error(stored, 0.5, 1.0, expected, source_slope=0.5) == 1.0
    assert largest_error(stored, 1.0, 0.0, expected, source_slope=2.0) == 5.0


@pytest.mark.parametrize("lost", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_lost_unless_nan_replaces_them(lost):
    stored, expected = np.array([[3, 5, -7]], "int16"), np.array([[3, 5, lost]])
    assert largest_error(stored, 1.0, 0.0, expected) == math.inf
    assert largest_error(stored, 1.0, 0.0, expected, nan=-7.0) == 0.0
    assert largest_error(stored, 1.0, 0.0, expected, nan=-6.5) == 0.5
    assert largest_error(stored, 1.0, 0.0, expected, nan=-7.0, clip=(-10, 10)) == 0.0


def test_clip_limits_the_expected_values():
    stored, expected = np.array([[-2, 1, 2]], "int16"), np.array([[-9, 1, 9]])
    assert largest_error(stored, 1.0, 0.0, expected) == 7.0
    assert largest_error(stored, 1.0, 0.0, expected, clip=(-2, 2)) == 0.0


def test_other_shapes_are_an_infinite_error():
    assert largest_error(np.zeros((2, 3), "int16"), 1.0, 0.0, np.zeros((3, 2))) == math.inf


def test_a_slope_that_is_not_a_number_is_an_infinite_error():
    assert largest_error(np.zeros((2, 3), "int16"), math.nan, 0.0, np.zeros((2, 3))) == math.inf


def floats(*words, dtype="float32"):
    return np.array(words, np.dtype(dtype).str.replace("f", "u")).view(dtype)


ODD = (
    0x7FC00000,
    0x7F800001,
    0xFFC12345,
    0x7F800000,
    0xFF800000,
    0x80000000,
    0x00000001,
    0x3F800000,
)
"""Two quiet NaN and a signalling one, infinities, -0.0, the least subnormal, 1.0."""


@pytest.mark.parametrize("order", ["<", ">"])
def test_floats_with_the_same_bits_have_no_error_in_any_byte_order(order):
    stored = floats(*ODD)
    expected = stored.view("u4").astype(f"{order}u4").view(f"{order}f4")
    assert largest_error(stored, 1.0, 0.0, expected) == 0.0
    assert (
        largest_error(stored.reshape(2, 4)[:, ::2], 1.0, 0.0, expected.reshape(2, 4)[:, ::2]) == 0.0
    )


@pytest.mark.parametrize("index", range(8))
@pytest.mark.parametrize("bit", [0, 21, 31])
def test_one_bit_of_a_float_is_an_error(index, bit):
    stored, expected = floats(*ODD), floats(*ODD)
    stored.view("u4")[index] ^= np.uint32(1 << bit)
    error = largest_error(stored, 1.0, 0.0, expected)
    assert error > 0.0
    assert math.isfinite(error) == (np.isfinite(stored[index]) and np.isfinite(expected[index]))


def test_the_error_of_floats_is_their_difference():
    expected = np.array([[1.0, np.nan, np.inf, -3.0]])
    assert largest_error(np.add(expected, [[0.25, 0, 0, -0.5]]), 1.0, 0.0, expected) == 0.5
    assert largest_error(np.array([[-0.0]]), 1.0, 0.0, np.array([[0.0]])) == 5e-324


@pytest.mark.parametrize("dtype", ["float16", ">f2", "int8", "uint16", "bool"])
def test_values_exact_in_float32_have_no_error(dtype, rng):
    expected = rng.integers(0, 2, (5, 7)).astype(dtype)
    assert largest_error(expected.astype("float32"), 1.0, 0.0, expected) == 0.0
    assert largest_error(expected.astype("float32") + np.float32(0.5), 1.0, 0.0, expected) == 0.5


def test_nan_of_another_size_only_has_to_be_nan():
    expected = floats(0x7FF8000000000123, 0x3FF0000000000000, 0xFFF0000000000000, dtype="float64")
    assert largest_error(floats(0xFFC00000, 0x3F800000, 0xFF800000), 1.0, 0.0, expected) == 0.0
    assert largest_error(floats(0x3F800000, 0x3F800000, 0xFF800000), 1.0, 0.0, expected) == math.inf
    assert largest_error(floats(0xFFC00000, 0x3F800000, 0x7F800000), 1.0, 0.0, expected) == math.inf
    assert largest_error(floats(0xFFC00000, 0x3F800000, 0xFFC00000), 1.0, 0.0, expected) == math.inf


def test_a_float64_that_float32_rounds_is_an_error():
    expected = np.array([0.1, 1e300])
    assert (
        largest_error(expected[:1].astype("float32"), 1.0, 0.0, expected[:1])
        == float(np.float32(0.1)) - 0.1
    )
    with np.errstate(over="ignore"):
        assert largest_error(expected.astype("float32"), 1.0, 0.0, expected) == math.inf


def test_integers_beyond_the_digits_of_a_float_are_compared_as_integers():
    expected = np.array([2**53 + 1, 5])
    assert largest_error(expected.astype("float64"), 1.0, 0.0, expected) == 1.0
    assert largest_error(np.array([2.0**53 + 2, 5]), 1.0, 0.0, expected) == 1.0
    assert largest_error(np.array([np.nan, 5]), 1.0, 0.0, expected) == math.inf
    assert (
        largest_error(np.array([2.0**64, 5]), 1.0, 0.0, np.array([2**64 - 1, 5], "uint64")) == 1.0
    )


def test_replaced_clipped_and_scaled_floats_are_compared():
    expected = np.array([[np.nan, -9.0, 2.0, np.inf]])
    assert largest_error(np.array([[-1.0, -9.0, 2.0, -1.0]]), 1.0, 0.0, expected, nan=-1.0) == 0.0
    assert largest_error(np.array([[-1.0, -9.0, 2.0, -1.5]]), 1.0, 0.0, expected, nan=-1.0) == 0.5
    assert (
        largest_error(np.array([[np.nan, -3.0, 2.0, np.inf]]), 1.0, 0.0, expected, clip=(-3.0, 3.0))
        == 0.0
    )
    assert (
        largest_error(np.array([[np.nan, -3.0, 2.0, 3.0]]), 1.0, 0.0, expected, clip=(-3.0, 3.0))
        == math.inf
    )
    assert (
        largest_error(
            np.array([[np.nan, -18.0, 4.5, np.inf]]), 1.0, 0.0, expected, source_slope=2.0
        )
        == 0.5
    )


@pytest.mark.parametrize("shape", [(3, 300, 301), (1, 100_003), (2, 1, 70_000)])
@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", "<f2"])
def test_large_float_arrays_are_compared_to_the_last_voxel(shape, dtype, rng):
    expected = rng.integers(-999, 999, shape).astype(dtype)
    stored = expected.astype("float32")
    stored[(0,) * len(shape)] = expected[(0,) * len(shape)] = np.nan
    assert largest_error(stored, 1.0, 0.0, expected) == 0.0
    stored[tuple(side - 1 for side in shape)] += 0.25
    assert largest_error(stored, 1.0, 0.0, expected) == 0.25
