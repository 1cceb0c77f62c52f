"""A given range: floats are read once, values beyond are rejected, the bound holds."""

from __future__ import annotations

import json

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.cli import main
from dicomseries.errors import OptionError, ValuesError
from dicomseries.sources import FrameReader, Volume, array_frames
from dicomseries.values import promised_ends


def counted_frames(array):
    """Return a reader of an array, and the number of reads of each slice."""
    reads = np.zeros(len(array), int)

    def read(start, stop):
        reads[start:stop] += 1
        return array[start:stop]

    return FrameReader(shape=array.shape, dtype=array.dtype, read=read), reads


def volume_of(array, frames=None):
    grid = dcs.Grid(shape=array.shape, spacing_mm=(1, 1, 2))
    return Volume(slabs=frames or array_frames(array), grid=grid)


def array_of(dtype, slices=40):
    z, y, x = np.indices((slices, 4, 5))
    return (0.37 * (20 * y + x) + z // 5).astype(dtype)


def written(array, tmp_path, **options):
    frames, reads = counted_frames(array)
    options = {"kind": "CT", "verify": False, "sync": False, **options}
    receipt = dcs.write(volume_of(array, frames), tmp_path / "out", **options)
    return receipt, reads


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
def test_a_given_range_limits_the_first_pass_to_an_eighth(dtype, tmp_path):
    receipt, reads = written(array_of(dtype), tmp_path, value_range=(-100, 100))
    assert reads.sum() == 40 + 5
    assert reads.min() == 1
    assert receipt.value_range == (-100, 100)
    assert "range given: all values lie from -100 to 100" in str(receipt)
    assert receipt.to_dict()["value_range"] == [-100, 100]


def test_without_it_floats_are_read_twice(tmp_path):
    receipt, reads = written(array_of("float32"), tmp_path)
    assert set(reads) == {2}
    assert receipt.value_range is None


@pytest.mark.parametrize("values", ["auto", "digits=2", "max-error=0.01"])
@pytest.mark.parametrize("kind", ["CT", "PT"])
def test_the_bound_holds_and_every_file_is_read_back(values, kind, tmp_path):
    array = array_of("float32")
    receipt, _ = written(
        array, tmp_path, value_range=(-100, 100), values=values, kind=kind, verify=True
    )
    assert receipt.verified
    assert np.abs(dcs.read(tmp_path / "out").array - array).max() <= receipt.max_error < 0.01


@pytest.mark.parametrize("values", ["auto", "digits=2"])
def test_no_slice_can_have_two_whole_numbers_for_ends(values, tmp_path):
    array = array_of("float64")
    plan = dcs.plan(volume_of(array), kind="CT", value_range=(-100, 100), values=values)
    restored = plan.value_map.real(np.arange(-32768, 65536))
    restored = restored[np.abs(restored) <= 100]
    assert np.count_nonzero(restored == np.floor(restored)) <= 1


@pytest.mark.parametrize("kind", ["CT", "ParametricMap"])
@pytest.mark.parametrize("stray", [100.5, -1e30])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_voxel_beyond_is_rejected_and_leaves_nothing(kind, stray, dtype, tmp_path):
    array = array_of(dtype)
    array[3, 2, 1] = stray
    options = {} if kind == "CT" else {"units": "1"}
    with pytest.raises(ValuesError) as refused:
        written(array, tmp_path, value_range=(-100, 100), kind=kind, **options)
    assert refused.value.code == "outside-value-range"
    assert list(tmp_path.iterdir()) == []


def test_a_wide_integer_beyond_is_rejected(tmp_path):
    array = array_of("int32")
    array[3, 2, 1] = 101
    with pytest.raises(ValuesError) as refused:
        written(array, tmp_path, value_range=(-100, 100))
    assert refused.value.code == "outside-value-range"


def test_what_is_clipped_into_the_range_is_no_stray(tmp_path):
    array = array_of("float32")
    array[3, 2, 1] = 1e9
    receipt, _ = written(array, tmp_path, value_range=(-100, 100), clip=(-100, 100), verify=True)
    assert receipt.clipped == 1


def test_nan_is_rejected_or_replaced_although_nobody_has_looked_for_it(tmp_path):
    array = array_of("float32")
    array[3, 2, 1] = np.nan
    with pytest.raises(ValuesError) as refused:
        written(array, tmp_path, value_range=(-100, 100))
    assert refused.value.code == "not-finite"
    receipt, _ = written(array, tmp_path, value_range=(-100, 100), nan=-120, verify=True)
    assert receipt.replaced == 1
    assert abs(dcs.read(tmp_path / "out").array[3, 2, 1] + 120) <= receipt.max_error


@pytest.mark.parametrize("scale", [(0.1, -3.7), (-2.5e-3, 1e6)])
@pytest.mark.parametrize("dtype", ["float32", "int16"])
def test_the_range_is_one_of_real_values(scale, dtype, tmp_path):
    array = np.arange(-300, 300).reshape(10, 6, 10).astype(dtype)
    real = array.astype(np.float64) * scale[0] + scale[1]
    grid = dcs.Grid(shape=array.shape, spacing_mm=(1, 1, 2))
    volume = Volume(slabs=array_frames(array), grid=grid, slope=scale[0], intercept=scale[1])
    receipt = dcs.write(
        volume, tmp_path / "a", kind="MR", value_range=(real.min(), real.max()), values="rescale"
    )
    assert receipt.verified
    with pytest.raises(ValuesError) as refused:
        dcs.write(
            volume,
            tmp_path / "b",
            kind="MR",
            value_range=(real.min(), real.max() - 0.01),
            values="rescale",
        )
    assert refused.value.code == "outside-value-range"


def test_content_uids_know_the_range_and_read_everything(tmp_path):
    array = array_of("float32")
    options = {"kind": "CT", "uid": "content"}
    plans = [
        dcs.plan(volume_of(array), value_range=(-100, high), **options) for high in (100, 100, 101)
    ]
    uids = [plan.uids.series for plan in plans]
    assert uids[0] == uids[1] != uids[2]


@pytest.mark.parametrize(
    "value_range", [(1, 1), (2, 1), (0, np.nan), (0,), (0, 1, 2), "01", 5, (True, 3), (0, np.inf)]
)
def test_what_is_no_range_is_rejected(value_range):
    with pytest.raises(OptionError) as refused:
        dcs.plan(array_of("float32"), kind="CT", spacing=(1, 1, 2), value_range=value_range)
    assert refused.value.code == "value-range-not-valid"


def test_a_slope_for_each_slice_needs_the_range_of_each():
    with pytest.raises(OptionError) as refused:
        dcs.plan(
            array_of("float32"),
            kind="PT",
            spacing=(1, 1, 2),
            value_range=(0, 90),
            values=dcs.Rescale(per_slice=True),
        )
    assert refused.value.code == "value-range-per-slice"


def test_the_plan_says_that_the_range_was_given():
    plan = dcs.plan(array_of("float32"), kind="CT", spacing=(1, 1, 2), value_range=(-100, 100))
    assert "range     -100 to 100, as given" in str(plan)
    assert plan.to_dict()["value_range"] == [-100, 100]


def test_the_command_line_takes_a_range_too(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    np.save("a.npy", array_of("float32"))
    words = ["write", "a.npy", "out", "--kind", "ct", "--spacing", "1", "1", "2", "--value-range"]
    assert main([*words, "-100", "100", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["value_range"] == [-100, 100]
    for wrong, code in (
        (["-100", "5"], "outside-value-range"),
        (["100", "-100"], "value-range-not-valid"),
    ):
        assert main([*words, *wrong, "--overwrite", "--json"]) == 3
        error = json.loads(capsys.readouterr().err)["error"]
        assert error["code"] == code
        assert "--value-range" in error["expected"] + error["remedy"]
    assert dcs.read("out").array.shape == (40, 4, 5)  # unchanged by the errors


def test_no_step_is_wasted_on_what_is_clipped():
    options = {"kind": "CT", "value_range": (-1000, 1000), "clip": (-10, 10)}
    assert dcs.plan(volume_of(array_of("float32")), **options).value_map.max_error < 11 / 65535


def test_the_ends_of_a_source_with_a_negative_slope_are_in_order():
    assert promised_ends((-1.5, 3.0), np.dtype("f4"), -0.5, 0.0) == pytest.approx(
        (-6, 3), abs=1e-12
    )
    assert promised_ends((-1.5, 3.0), np.dtype("i2"), -0.5, 0.0) == (-6, 3)


def test_floats_that_are_kept_bit_for_bit_may_be_nan_within_a_range(tmp_path):
    array = array_of("float32")
    array[3, 2, 1] = np.nan
    receipt, _ = written(
        array, tmp_path, kind="ParametricMap", units="1", value_range=(-100, 100), verify=True
    )
    assert receipt.verified
    np.testing.assert_array_equal(dcs.read(tmp_path / "out").array, array)


def test_content_uids_follow_from_every_slice_with_a_given_range():
    arrays = [array_of("float32"), array_of("float32")]
    arrays[1][33, 1, 1] += 1
    plans = [
        dcs.plan(volume_of(one), kind="CT", uid="content", value_range=(-100, 100))
        for one in arrays
    ]
    assert plans[0].uids.series != plans[1].uids.series
