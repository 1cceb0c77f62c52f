"""One pass: exact integers, finite floats, and where the first NaN is."""

from __future__ import annotations

import numpy as np
import pytest

from dicomseries.errors import ValuesError
from dicomseries.values import SliceStatistics, Statistics, divisor_of, slice_statistics


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
def test_64_bit_ends_stay_exact(dtype):
    info = np.iinfo(dtype)
    array = np.array([[[info.min, info.max, 5]]], dtype=dtype)
    found = slice_statistics(array)[0]
    assert (found.minimum, found.maximum) == (info.min, info.max)
    assert type(found.maximum) is int


@pytest.mark.parametrize("dtype", ["float16", ">f4", "float64"])
def test_nan_and_infinity_are_counted_with_the_first_index(dtype):
    array = np.arange(2 * 3 * 4, dtype=dtype).reshape(2, 3, 4)
    array[1, 2, 1] = np.nan
    array[1, 0, 3] = np.inf
    statistics = Statistics(dtype=dtype, slices=slice_statistics(array))
    assert (statistics.nonfinite, statistics.first_nonfinite) == (2, (1, 0, 3))
    assert (statistics.minimum, statistics.maximum) == (0.0, 23.0)
    assert statistics.dtype == np.dtype(dtype).newbyteorder("=").name


def test_a_slice_without_a_finite_value_has_no_ends():
    found = slice_statistics(np.full((1, 2, 2), np.nan))[0]
    assert (found.minimum, found.maximum, found.nonfinite, found.first_nonfinite) == (
        None,
        None,
        4,
        (0, 0),
    )
    assert Statistics(dtype="float64", slices=(found,)).minimum is None


def test_a_slice_larger_than_a_block_is_scanned_completely(rng):
    array = rng.normal(size=(2, 300, 500)).astype(np.float32)
    array[1, 299, 499], array[0, 0, 0] = 99.0, -99.0
    found = slice_statistics(array)
    assert (found[1].maximum, found[0].minimum) == (99.0, -99.0)


def test_colour_has_one_entry_per_slice():
    array = np.arange(2 * 3 * 4 * 3, dtype=np.uint8).reshape(2, 3, 4, 3)
    assert [(one.minimum, one.maximum) for one in slice_statistics(array)] == [(0, 35), (36, 71)]


def test_many_slices_with_unusual_strides_are_scanned_in_order(rng):
    array = rng.integers(0, 1000, (5, 6, 40)).transpose(2, 0, 1)
    assert [one.maximum for one in slice_statistics(array)] == [int(one.max()) for one in array]


def test_booleans_count_as_0_and_1():
    assert slice_statistics(np.array([[[True, False]]])) == (SliceStatistics(minimum=0, maximum=1),)


def test_complex_numbers_are_rejected():
    with pytest.raises(ValuesError):
        slice_statistics(np.zeros((1, 2, 3), np.complex64))


@pytest.mark.parametrize("dtype", ["int64", "uint64", "int8"])
def test_the_divisor_of_the_widest_integers_is_right(dtype):
    info = np.iinfo(dtype)
    array = np.array([info.min, info.max], dtype=dtype)
    assert divisor_of(array, int(info.min)) == int(info.max) - int(info.min)
    assert divisor_of(array, int(info.max)) == int(info.max) - int(info.min)
    assert divisor_of(array[:1], int(info.min)) == 0


def test_the_divisor_needs_integers():
    with pytest.raises(TypeError):
        divisor_of(np.zeros(3), 0)


@pytest.mark.parametrize("ends", [(None, 1), (2, 1)])
def test_contradicting_ends_are_rejected(ends):
    with pytest.raises(ValueError, match="contradict"):
        SliceStatistics(minimum=ends[0], maximum=ends[1])


def test_statistics_of_nothing_are_rejected():
    with pytest.raises(ValueError, match="at least one"):
        Statistics(dtype="int16", slices=())


@pytest.mark.parametrize("dtype", ["bool", "int16", ">i4", "uint64", "float16", "float32", ">f8"])
@pytest.mark.parametrize("shape", [(70, 3, 5), (9, 200, 300), (3, 600, 700), (5, 40, 50, 3)])
def test_slices_surveyed_together_are_as_each_alone(rng, dtype, shape):
    slab = (rng.integers(0, 2, shape) if dtype == "bool" else rng.integers(0, 2000, shape)).astype(
        dtype
    )
    if slab.dtype.kind == "f":
        slab[1, 2, 3], slab[2, 0, 0] = np.nan, -np.inf
    expected = []
    for one in slab:
        finite = one[np.isfinite(one)]
        low, high = finite.min().item(), finite.max().item()
        expected.append((low, high, one.size - finite.size))
    for given in (slab, np.asfortranarray(slab)):
        found = slice_statistics(given)
        assert [(one.minimum, one.maximum, one.nonfinite) for one in found] == expected
        assert {type(one.minimum) for one in found} == {float if slab.dtype.kind == "f" else int}
