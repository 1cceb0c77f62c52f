"""PET with a slope for each slice: least error, one dtype, no slope taken for an integer."""

from __future__ import annotations

import numpy as np
import pytest

from dicomseries.errors import OptionError, ValuesError
from dicomseries.values import (
    PixelRules,
    Rescale,
    Statistics,
    Stored,
    ValueMap,
    choose_value_map,
    slice_statistics,
    store,
)
from dicomseries.values.maps.real_range import RealRange
from dicomseries.values.maps.rescale import Form, slice_form

PT = PixelRules(zero_intercept=True, per_slice=True)
EACH = Rescale(per_slice=True)


def stored(array, values):
    """What the frames are stored as, one after the other."""
    frames = [store(frame, values.at(index)) for index, frame in enumerate(array)]
    return Stored(
        array=np.stack([frame.array for frame in frames]),
        error=max(frame.error for frame in frames),
        clipped=sum(frame.clipped for frame in frames),
        replaced=sum(frame.replaced for frame in frames),
    )


def plan(array, policy=EACH, **options):
    statistics = Statistics(dtype=array.dtype.name, slices=slice_statistics(array))
    return choose_value_map(policy, statistics, PT, **options)


def slices(*pairs):
    return np.array([[list(pair)] for pair in pairs], np.float64)


def test_a_quiet_slice_beside_a_hot_one_keeps_its_digits():
    array = slices((0.0, 1.0), (0.0, 50000.0), (0.25, 0.5))
    values = plan(array)
    assert values.max_error == pytest.approx(50000 / 131070, rel=1e-4)
    assert [values.at(frame).max_error for frame in range(3)] == pytest.approx(
        [1 / 131070, 50000 / 131070, 0.5 / 131070], rel=1e-4
    )
    assert values.slope == values.slopes[0]
    assert not values.is_identity
    result = stored(array, values)
    errors = np.abs(values.real(result.array) - array).max(axis=(1, 2))
    assert (errors <= values.max_errors).all()
    assert "a slope for each slice, intercept 0" in values.describe()


def test_all_slices_have_one_dtype_and_no_slope_is_an_integer():
    array = slices((0, 65535), (0, 131070), (-1, 1), (3, 3))
    values = plan(array)
    assert values.dtype == "int16"
    assert values.intercept == "0"
    assert not any(float(slope).is_integer() for slope in values.slopes)
    assert plan(abs(array)).dtype == "uint16"


@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_slice_of_zeros_takes_the_slope_of_a_neighbour(index):
    array = slices((0, 5), (0, 7), (0, 9))
    array[index] = 0
    values = plan(array)
    neighbour = {0: 1, 1: 0, 2: 1}[index]
    assert values.slopes[index] == values.slopes[neighbour]
    assert values.at(index).max_error == 0.0


def test_zeros_have_a_slope_that_is_safe_for_all_readers():
    values = plan(np.zeros((3, 2, 4), np.float32))
    assert values.slopes == ("0.5", "0.5", "0.5")
    assert values.max_error == 0.0


def test_each_frame_is_stored_with_a_slope_for_its_range(rng):
    array = rng.normal(size=(5, 30, 40)) * [[[1]], [[10]], [[100]], [[0.1]], [[0.001]]]
    values = plan(array)
    frames = [store(frame, values.at(index)) for index, frame in enumerate(array)]
    assert len(frames) == 5
    for index, frame in enumerate(frames):
        assert frame.error <= values.at(index).max_error <= values.max_error
        restored = values.at(index).real(frame.array)
        assert np.abs(restored - array[index]).max() <= frame.error * (1 + 1e-15)


def test_a_map_with_a_slope_for_each_frame_stores_no_slab():
    array = slices((0, 1), (0, 2))
    with pytest.raises(ValueError, match=r"ValueMap\.at\(frame\)"):
        store(array, plan(array))
    with pytest.raises(IndexError):
        plan(array).at(2)
    with pytest.raises(ValueError, match="frames"):
        plan(array).real(np.zeros((1, 1, 2)))


def test_padding_is_set_only_if_one_number_marks_the_holes_of_every_slice():
    array = slices((np.nan, 1, 2), (3, np.nan, 50), (4, 5, 6))
    values = plan(array, nan=0)
    assert values.padding == 0
    assert stored(array, values).replaced == 2
    assert plan(array, nan=-7).padding is None  # -7 is another number in each slice
    array[2, 0, 0] = 0.0  # a genuine voxel, in a slice without a hole
    assert plan(array, nan=0).padding is None


def test_the_number_of_the_one_slice_with_holes_is_padding_everywhere():
    array = slices((np.nan, 1, 2), (3, 4, 50))
    values = plan(array, nan=-7)
    assert values.padding == stored(array, values).array[0, 0, 0] < 0


def test_a_slice_uses_the_common_slope_if_its_error_is_smaller():
    value = 3 * 0.1  # no DS of 16 characters is this number, but 3 times 0.1 is
    ends = np.array([value])
    found = RealRange(
        lows=ends, highs=ends, low=value, high=value, genuine=(value, value), conversion=0.0
    )
    common = Form(dtype="uint16", slope="0.1", intercept="0")
    assert slice_form(found, common) == common


def test_a_slice_of_nothing_but_holes_is_stored():
    array = slices((np.nan, np.nan), (1, 2))
    values = plan(array, nan=-3)
    assert values.real(stored(array, values).array)[0] == pytest.approx(-3)


def test_clip_is_applied_before_the_slopes_are_chosen():
    array = slices((0, 1e6), (0, 1))
    values = plan(array, clip=(0, 10))
    assert values.max_error < 10 / 131068
    assert stored(array, values).clipped == 1


def test_the_widest_slice_reaches_max_error_or_the_attainable_bound_is_named():
    array = slices((0, 1), (0, 1000))
    assert plan(array, Rescale(max_error=0.01, per_slice=True)).max_error <= 0.01
    with pytest.raises(ValuesError) as caught:
        plan(array, Rescale(max_error=0.001, per_slice=True))
    assert caught.value.code == "max-error-not-attainable"
    assert (
        plan(array, Rescale(max_error=0.001, per_slice=True), clip=caught.value.window).max_error
        <= 0.001
    )


def test_slopes_too_large_for_a_fraction_get_advice():
    assert plan(slices((0, 1), (0, 1e25))).advice[0].startswith("OHIF")
    assert plan(slices((0, 1), (0, 1e6))).advice == ()


@pytest.mark.parametrize(
    "rules",
    [
        PixelRules(),
        PixelRules(zero_intercept=True),
        PixelRules(bits=(8, 16)),
        PixelRules(unsigned=True),
    ],
)
def test_a_kind_with_one_slope_rejects_slopes_per_slice(rules):
    array = slices((0, 1))
    statistics = Statistics(dtype="float64", slices=slice_statistics(array))
    with pytest.raises(OptionError) as caught:
        choose_value_map(EACH, statistics, rules)
    assert caught.value.code == "per-slice-not-allowed"
    assert "kind='PT'" in caught.value.remedy


def test_five_thousand_slices_are_planned_without_a_thought():
    ends = np.linspace(1, 1000, 5000).reshape(-1, 1, 1) * [[[-0.5, 1.0]]]
    values = plan(ends)
    assert len(values.slopes) == 5000
    assert len(set(values.slopes)) == 5000


@pytest.mark.parametrize(
    "wrong",
    [
        {"slopes": ("0.5", "0.25")},
        {"max_errors": (0.25, 0.1)},
        {"slopes": ("0.25", "0.5"), "max_errors": (0.25, 0.1)},
        {"slopes": ("0.5", "0.25"), "max_errors": (0.2, 0.1)},
        {"slopes": ("0.5", "0"), "max_errors": (0.25, 0.1)},
        {"slopes": ("0.5", "0.12345678901234567"), "max_errors": (0.25, 0.1)},
        {"slopes": ("0.5", "0.25"), "max_errors": (0.25, -0.1)},
        {"slopes": ("0.5",), "max_errors": (0.25,), "offset": 3},
        {"slopes": (), "max_errors": ()},
    ],
)
def test_a_map_with_contradictory_slopes_is_rejected(wrong):
    with pytest.raises(ValueError, match=r"slopes|DS"):
        ValueMap(dtype="int16", slope="0.5", intercept="0", max_error=0.25, policy="", **wrong)


def test_a_map_with_one_slope_is_the_map_of_every_frame():
    values = ValueMap(dtype="int16", slope="0.5", intercept="0", max_error=0.25, policy="")
    assert values.at(7) is values


def test_the_frames_of_one_volume_have_their_map():
    array = slices((0, 1), (0, 20), (0, 3), (0, 4))
    values = plan(array)
    part = values.between(2, 4)
    assert part.max_error == max(values.max_errors[2:]) < values.max_error
    np.testing.assert_array_equal(stored(array[2:], part).array, stored(array, values).array[2:])
    for wrong in ((2, 2), (-1, 2), (3, 5)):
        with pytest.raises(IndexError):
            values.between(*wrong)
