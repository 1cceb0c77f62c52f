"""Floats that are stored bit for bit, and their rejection by kinds of integers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dicomseries.errors import OptionError, ValuesError
from dicomseries.values import (
    Digits,
    Exact,
    Lossless,
    PixelRules,
    Rescale,
    Statistics,
    ValueMap,
    choose_value_map,
    divisor_of,
    needs_divisor,
    slice_statistics,
    store,
)

MAP, CT = PixelRules(floats=True), PixelRules()

WORDS = {
    "float16": [0x7C00, 0xFC00, 0x7E00, 0x7C01, 0xFD55, 0x8000, 0x0001, 0x3C00],
    "float32": [
        0x7F800000,
        0xFF800000,
        0x7FC00000,
        0x7F800001,
        0xFFC12345,
        0x80000000,
        0x00000001,
        0x3F800000,
    ],
    "float64": [
        0x7FF << 52,
        0xFFF << 52,
        0x7FF8 << 48,
        (0x7FF << 52) + 1,
        0xFFF8 << 48 | 0xABC,
        1 << 63,
        1,
        0x3FF << 52,
    ],
}
"""Infinities, quiet and signalling NaN, NaN with payload, -0.0, least subnormal, 1.0."""


def odd_floats(dtype):
    words = np.array(WORDS[dtype], np.dtype(dtype).str.replace("f", "u"))
    return words.view(dtype).reshape(2, 1, 4)


def words_of(array):
    return (
        np.ascontiguousarray(array)
        .view(array.dtype.str.replace("f", "u"))
        .astype(np.uint64)
        .tolist()
    )


def plan(array, policy=None, rules=MAP, **options):
    statistics = Statistics(dtype=array.dtype.name, slices=slice_statistics(array))
    return choose_value_map(policy, statistics, rules, **options)


@pytest.mark.parametrize("policy", [None, Lossless()])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_bit_of_a_float_is_stored_in_any_byte_order_and_layout(dtype, policy):
    array = odd_floats(dtype)
    values = plan(array, policy)
    assert (values.dtype, values.slope, values.intercept, values.max_error) == (
        dtype,
        "1",
        "0",
        0.0,
    )
    assert (values.is_float, values.is_identity, values.signed) == (True, True, False)
    assert values.bits == 8 * array.itemsize
    assert values.describe() == "Values stored exactly."
    swapped = array.byteswap().view(array.dtype.newbyteorder(">"))
    for source in (array, swapped, array[:, :, ::-1], swapped.transpose(2, 0, 1)):
        source.setflags(write=False)
        result = store(source, values)
        assert words_of(result.array) == words_of(source)
        assert result.array.dtype == np.dtype(dtype).newbyteorder("<")
        assert result.array.flags.c_contiguous
        assert (result.error, result.clipped, result.replaced) == (0.0, 0, 0)


@pytest.mark.parametrize("dtype", ["<f4", "<f8"])
def test_floats_that_are_already_right_are_a_view(dtype, rng):
    array = rng.normal(size=(3, 4, 5)).astype(dtype)
    assert np.shares_memory(store(array, plan(array)).array, array)


@pytest.mark.parametrize("order", ["<", ">"])
def test_half_floats_become_the_float32_of_the_same_value_and_payload(order):
    array = odd_floats("float16").astype("f2")
    if order == ">":
        array = array.byteswap().view(">f2")
    result = store(array, plan(array))
    assert result.array.dtype == np.dtype("<f4")
    assert words_of(result.array.reshape(-1)) == [
        0x7F800000,
        0xFF800000,
        0x7FC00000,
        0x7F802000,
        0xFFAAA000,
        0x80000000,
        0x33800000,
        0x3F800000,
    ]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nan_is_replaced_on_request_only_and_all_else_keeps_its_bits(dtype):
    array = odd_floats(dtype)
    values = plan(array, nan=-7.5)
    result = store(array, values)
    assert result.replaced == 5
    assert result.array.reshape(-1)[:5].tolist() == [-7.5] * 5
    assert words_of(result.array)[1][0][1:] == words_of(array)[1][0][1:]
    assert "NaN and infinity replaced by -7.5" in values.describe()
    assert values.max_error == 0.0


def test_clip_limits_finite_values_to_floats_inside_it():
    array = np.array([[[np.nan, -np.inf, 0.05, 0.5, 3.0, -0.0]]], np.float32)
    values = plan(array, clip=(0.1, 0.9))
    assert 0.1 <= values.clip[0] < values.clip[1] <= 0.9
    assert all(end == np.float32(end) for end in values.clip)
    result = store(array, values)
    assert result.clipped == 3
    assert result.array[0, 0, 1:].tolist() == [
        -math.inf,
        values.clip[0],
        0.5,
        values.clip[1],
        values.clip[0],
    ]
    assert np.isnan(result.array[0, 0, 0])
    both = store(array, plan(array, clip=(0.1, 0.9), nan=2.0))
    assert (both.clipped, both.replaced, both.array[0, 0, 1]) == (3, 2, 2.0)


@pytest.mark.parametrize("clip", [(0.1, 0.1 + 1e-12), (1e39, 1e40)])
def test_a_clip_without_a_float32_is_rejected(clip):
    with pytest.raises(ValuesError) as caught:
        plan(np.ones((1, 2, 3), np.float32), clip=clip)
    assert caught.value.code == "clip-holds-no-float32"


def test_a_clip_beyond_float32_limits_nothing():
    array = np.full((1, 2, 3), 3e38, np.float32)
    assert store(array, plan(array, clip=(-1e300, 1e300))).clipped == 0


def test_a_value_for_nan_beyond_float32_is_rejected():
    array = np.full((1, 2, 3), np.nan, np.float32)
    with pytest.raises(ValuesError) as caught:
        plan(array, nan=1e300)
    assert caught.value.code == "nan-value-not-float32"
    assert plan(array.astype(np.float64), nan=1e300).nan == 1e300
    assert plan(array, nan=0.1).nan == float(np.float32(0.1))


@pytest.mark.parametrize("policy", [None, Lossless(), Exact()])
@pytest.mark.parametrize(
    ("dtype", "number", "stored"),
    [
        ("bool", 1, "float32"),
        ("uint8", 255, "float32"),
        (">i4", -(2**24), "float32"),
        ("int32", 2**24 + 1, "float64"),
        (">u8", 2**53, "float64"),
    ],
)
def test_integers_are_stored_as_exact_floats(dtype, number, stored, policy):
    array = np.array([[[0, number, 1]]]).astype(dtype)
    values = plan(array, policy)
    result = store(array, values)
    assert (values.dtype, values.max_error, result.error) == (stored, 0.0, 0.0)
    assert [int(back) for back in result.array.reshape(-1)] == array.reshape(-1).tolist()


def test_integers_without_an_exact_float_are_rejected_with_a_range():
    array = np.array([[[0, 2**53 + 1]]])
    with pytest.raises(ValuesError) as caught:
        plan(array)
    assert caught.value.code == "range-not-exact"
    values = plan(array, clip=caught.value.window)
    result = store(array, values)
    assert (result.clipped, result.array.tolist()) == (1, [[[0.0, 2.0**53]]])


def test_clipped_integers_are_counted_and_may_need_a_smaller_float():
    array = np.array([[[-5, 3, 2**40]]])
    values = plan(array, clip=(-2.5, 100.5))
    result = store(array, values)
    assert (values.dtype, values.clip, result.clipped) == ("float32", (-2.0, 100.0), 2)
    assert result.array.tolist() == [[[-2.0, 3.0, 100.0]]]


def test_integers_that_grew_after_planning_are_never_rounded():
    values = plan(np.array([[[0, 5]]]))
    with pytest.raises(ValuesError, match="unchanged"):
        store(np.array([[[0, 2**24 + 1]]]), values)


@pytest.mark.parametrize(
    ("dtype", "slope", "intercept"),
    [
        ("int16", 0.5, -1024.0),
        ("int32", 3.0, 0.25),
        ("float16", float(np.float32(0.1)), 0.0),
        ("float32", 3.0, 0.0),
        ("float64", 2.0, 0.0),
    ],
)
def test_a_scale_that_rounds_nothing_is_lossless(dtype, slope, intercept):
    array = np.array([[[-7, 0, 1023]]]).astype(dtype)
    values = plan(array, Lossless(), source_slope=slope, source_intercept=intercept)
    assert (values.dtype, values.max_error) == ("float64", 0.0)
    assert store(array, values).array.tolist() == (array.astype(float) * slope + intercept).tolist()


@pytest.mark.parametrize(
    ("dtype", "slope", "intercept"),
    [
        ("int16", 0.1, 0.0),
        ("int16", 1.0, 0.1),
        ("float64", 3.0, 0.0),
        ("float32", 1.0, 1.0),
        ("float64", 0.5, 0.0),
    ],
)
def test_a_scale_that_may_round_is_stored_with_its_bound_and_not_called_lossless(
    dtype, slope, intercept
):
    array = np.array([[[-7, 0, 1023]]]).astype(dtype)
    values = plan(array, source_slope=slope, source_intercept=intercept)
    assert 0.0 < values.max_error <= 4 * 2.0**-53 * (1023 * slope + intercept)
    assert "64-bit floats; largest error" in values.describe()
    assert store(array, values).error == values.max_error
    with pytest.raises(ValuesError) as caught:
        plan(array, Lossless(), source_slope=slope, source_intercept=intercept)
    assert caught.value.code == "scale-not-exact"


def test_a_scaled_source_keeps_its_nan_or_gets_a_value():
    array = np.array([[[np.nan, 2.0, -np.inf]]], np.float32)
    scale = {"source_slope": -0.5, "source_intercept": 1.0}
    kept = store(array, plan(array, **scale)).array.reshape(-1)
    assert np.isnan(kept[0])
    assert kept[1:].tolist() == [0.0, math.inf]
    result = store(array, plan(array, nan=9.0, clip=(0.25, 8.0), **scale))
    assert (result.array.tolist(), result.clipped, result.replaced) == ([[[9.0, 0.25, 9.0]]], 1, 2)


@pytest.mark.parametrize("policy", [Rescale(), Digits(3), Rescale(per_slice=True)])
def test_a_kind_of_floats_has_no_rescale(policy):
    with pytest.raises(ValuesError) as caught:
        plan(np.ones((1, 2, 3)), policy)
    assert caught.value.code == "kind-stores-floats"


def test_a_kind_of_floats_has_no_colour():
    statistics = Statistics(
        dtype="uint8", slices=slice_statistics(np.ones((1, 2, 3, 3), np.uint8)), samples=3
    )
    with pytest.raises(ValuesError):
        choose_value_map(Lossless(), statistics, MAP)


@pytest.mark.parametrize(
    "rules", [CT, PixelRules(zero_intercept=True, per_slice=True), PixelRules(identity=True)]
)
def test_floats_in_a_kind_of_integers_are_sent_to_the_parametric_map(rules):
    with pytest.raises(ValuesError) as caught:
        plan(np.ones((1, 2, 3), np.float32), Lossless(), rules)
    assert caught.value.code == "lossless-needs-parametric-map"
    assert "kind='ParametricMap'" in caught.value.remedy


@pytest.mark.parametrize("top", [200, 60000, 100_000 * 65535])
def test_lossless_integers_are_exact_ones(top):
    array = np.array([[[0, top, top // 2 // 100_000 * 100_000]]])
    statistics = Statistics(dtype="int64", slices=slice_statistics(array))
    assert (
        needs_divisor(Lossless(), statistics, CT)
        == needs_divisor(Exact(), statistics, CT)
        == (top > 65535)
    )
    statistics = Statistics(
        dtype="int64", slices=slice_statistics(array), divisor=divisor_of(array, 0)
    )
    assert choose_value_map(Lossless(), statistics, CT) == choose_value_map(Exact(), statistics, CT)


def test_a_map_of_floats_has_no_rescale():
    parts = {"max_error": 0.0, "policy": "Lossless()"}
    for wrong in ({"slope": "2", "intercept": "0"}, {"slope": "1", "intercept": "1"}):
        with pytest.raises(ValueError, match="unchanged"):
            ValueMap(dtype="float32", **wrong, **parts)


@pytest.mark.parametrize("other", ["zero_intercept", "unsigned", "identity"])
def test_rules_that_contradict_each_other_are_rejected(other):
    with pytest.raises(ValueError, match="floats"):
        PixelRules(floats=True, **{other: True})
    with pytest.raises(ValueError, match="zero_intercept"):
        PixelRules(per_slice=True)
    with pytest.raises(ValueError, match="unsigned"):
        PixelRules(zero_intercept=True, unsigned=True)


@pytest.mark.parametrize("per_slice", [1, "yes", None])
def test_per_slice_is_true_or_false(per_slice):
    with pytest.raises(OptionError):
        Rescale(per_slice=per_slice)
