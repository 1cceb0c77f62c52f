"""Times of volumes: from the caller, or from a source with a unit; never guessed."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tifffile
import xarray
import zarr

from dicomseries.errors import DicomSeriesWarning, OptionError, SourceError
from dicomseries.geometry import Grid
from dicomseries.sources import open_volume

SPACING = (0.5, 0.75, 2)
ARRAY = np.arange(3 * 5 * 4 * 6, dtype="uint16").reshape(3, 5, 4, 6)


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (2.5, (0, 2.5, 5)),
        (np.float32(0.5), (0, 0.5, 1)),
        (np.array(2), (0, 2, 4)),
        ([0, 1, 3], (0, 1, 3)),
        ((100.5, 101, 103), (0, 0.5, 2.5)),
        (np.array([1, 2, 4], "m8[ms]"), (0, 0.001, 0.003)),
        (np.timedelta64(1500, "ms"), (0, 1.5, 3)),
        (np.array(["2024-02-29", "2024-03-01", "2024-03-03"], "M8[D]"), (0, 86400, 3 * 86400)),
        (None, None),
    ],
)
def test_times_are_a_step_or_one_for_each_volume(times, expected):
    assert open_volume(ARRAY, axes="tzyx", spacing=SPACING, times=times).times_s == expected


@pytest.mark.parametrize(
    ("times", "code"),
    [
        (0, "times-do-not-fit"),
        (-1, "times-do-not-fit"),
        (float("nan"), "times-do-not-fit"),
        (float("inf"), "times-do-not-fit"),
        ([0, 1], "times-do-not-fit"),
        ([], "times-do-not-fit"),
        ([0, 1, 1], "times-do-not-fit"),
        ([0, 2, 1], "times-do-not-fit"),
        ([0, 1, float("nan")], "times-do-not-fit"),
        ([float("nan"), 1, 2], "times-do-not-fit"),
        ([float("-inf"), 1, 2], "times-do-not-fit"),
        (np.array(["2024-01-01", "NaT", "2024-01-02"], "M8[D]"), "times-do-not-fit"),
        ("2.5", "times-not-numbers"),
        (["0", "1", "2"], "times-not-numbers"),
        (True, "times-not-numbers"),
        ([[0, 1, 2]], "times-not-numbers"),
        ([0, [1], 2], "times-not-numbers"),
        (1j, "times-not-numbers"),
        ({0: 1}, "times-not-numbers"),
        (np.datetime64("2024-01-01"), "times-not-numbers"),
    ],
)
def test_times_that_are_none_are_rejected_with_a_remedy(times, code):
    with pytest.raises(SourceError, match="Pass") as caught:
        open_volume(ARRAY, axes="tzyx", spacing=SPACING, times=times)
    assert caught.value.code == code


@pytest.mark.parametrize("times", [2.5, [0, 1, 2], [0]])
def test_times_without_an_axis_of_time_are_rejected(times):
    for arguments in ({"axes": "tzyx", "time_point": 1}, {"axes": "ztyx", "time_point": 0}):
        with pytest.raises(SourceError, match="no axis t"):
            open_volume(ARRAY, spacing=SPACING, times=times, **arguments)
    with pytest.raises(SourceError, match=r"no axis t.*axes="):
        open_volume(ARRAY[0], spacing=SPACING, times=times)


def test_the_time_of_a_single_volume_does_not_matter():
    for times in (2.5, [7]):
        volume = open_volume(ARRAY[:1], axes="tzyx", spacing=SPACING, times=times)
        assert (volume.volumes, volume.times_s, volume.array.shape) == (None, None, (5, 4, 6))
    with pytest.raises(SourceError):
        open_volume(ARRAY[:1], axes="tzyx", spacing=SPACING, times=[0, 1])


def test_a_volume_is_given_times_or_one_of_it_taken():
    volume = open_volume(ARRAY, axes="tzyx", spacing=SPACING)
    assert open_volume(volume, times=3).times_s == (0, 3, 6)
    np.testing.assert_array_equal(open_volume(volume, time_point=2).array, ARRAY[2])
    with pytest.raises(OptionError, match="0 to 2"):
        open_volume(volume, time_point=3)
    with pytest.raises(SourceError, match="no axis t"):
        open_volume(volume, time_point=1, times=3)


@pytest.mark.parametrize(
    ("coordinate", "units", "expected"),
    [
        (
            np.array(
                ["2024-01-01T00:00:10", "2024-01-01T00:00:12", "2024-01-01T00:01:00"], "M8[ns]"
            ),
            None,
            (0, 2, 50),
        ),
        (np.array([500, 1000, 3000], "m8[ms]"), None, (0, 0.5, 2.5)),
        ([500, 1000, 3000], "ms", (0, 0.5, 2.5)),
        ([0.5, 1, 3], "Seconds", (0, 0.5, 2.5)),
        ([1, 2, 4], "minutes since 2024-01-01", (0, 60, 180)),
        (None, None, None),
    ],
)
@pytest.mark.parametrize("name", ["t", "time"])
def test_the_coordinate_of_time_is_the_times(name, coordinate, units, expected):
    coords = (
        {} if coordinate is None else {name: (name, coordinate, {"units": units} if units else {})}
    )
    source = xarray.DataArray(ARRAY, coords, dims=(name, "z", "y", "x"))
    assert open_volume(source, spacing=SPACING).times_s == expected
    turned = source.transpose("x", "y", "z", name)
    volume = open_volume(turned, spacing=SPACING)
    assert volume.times_s == expected
    np.testing.assert_array_equal(volume.array, ARRAY)


@pytest.mark.parametrize(
    ("coordinate", "units", "word"),
    [
        ([0, 1, 2], None, "without a unit"),
        ([0, 1, 2], "s/mm²", "in 's/mm²'"),
        (["a", "b", "c"], "s", "in 's'"),
        ([0, 2, 1], "s", "rising"),
        ([0, 1, np.nan], "s", "finite"),
    ],
)
def test_a_coordinate_that_is_no_time_is_left_out_with_a_word(coordinate, units, word):
    coords = {"t": ("t", coordinate, {"units": units} if units else {})}
    source = xarray.DataArray(ARRAY, coords, dims=tuple("tzyx"))
    with pytest.warns(DicomSeriesWarning, match=word):
        assert open_volume(source, spacing=SPACING).times_s is None
    assert open_volume(source, spacing=SPACING, times=2).times_s == (0, 2, 4)
    assert open_volume(source, spacing=SPACING, time_point=0).volumes is None


@pytest.mark.parametrize(
    ("unit", "step", "expected"),
    [
        ("second", 2.5, (0, 2.5, 5)),
        ("millisecond", 800, (0, 0.8, 1.6)),
        ("second", 1, (0, 1, 2)),
        (None, 1, None),
    ],
)
def test_the_scale_of_axis_t_of_ome_zarr_is_the_step(unit, step, expected):
    volume = open_volume(ome(unit, step))
    assert (volume.times_s, volume.grid.spacing_mm) == (expected, SPACING)
    np.testing.assert_array_equal(volume.array, ARRAY)


def test_a_scale_of_axis_t_without_unit_is_left_out_with_a_word():
    with pytest.warns(DicomSeriesWarning, match="axis t.*without a unit"):
        assert open_volume(ome(None, 2.5)).times_s is None


def ome(unit, step):
    group = zarr.open_group(store={}, mode="w")
    group.create_array("0", data=ARRAY)
    axes = [{"name": "t", "type": "time", **({"unit": unit} if unit else {})}]
    axes += [{"name": name, "type": "space", "unit": "millimeter"} for name in "zyx"]
    scale = [{"type": "scale", "scale": [step, *SPACING[::-1]]}]
    image = {"axes": axes, "datasets": [{"path": "0", "coordinateTransformations": scale}]}
    group.attrs["ome"] = {"version": "0.5", "multiscales": [image]}
    return group


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"finterval": 2.5}, (0, 2.5, 5)),
        ({"finterval": 800, "tunit": "ms"}, (0, 0.8, 1.6)),
        ({}, None),
    ],
)
def test_the_frame_interval_of_imagej_is_the_step(tmp_path, metadata, expected):
    metadata = {"axes": "TZYX", "spacing": 2.0, "unit": "mm", **metadata}
    tifffile.imwrite(
        tmp_path / "a.tif", ARRAY, imagej=True, resolution=(2, 4 / 3), metadata=metadata
    )
    volume = open_volume(tmp_path / "a.tif")
    assert volume.times_s == expected
    np.testing.assert_array_equal(volume.array, ARRAY)


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"TimeIncrement": 2.5}, (0, 2.5, 5)),
        ({"TimeIncrement": 800, "TimeIncrementUnit": "ms"}, (0, 0.8, 1.6)),
        ({}, None),
    ],
)
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_the_time_increment_of_ome_is_the_step(tmp_path, compression, metadata, expected):
    path = tmp_path / "a.ome.tif"
    tifffile.imwrite(path, ARRAY, metadata={"axes": "TZYX", **metadata}, compression=compression)
    volume = open_volume(path, spacing=SPACING)
    assert volume.times_s == expected
    np.testing.assert_array_equal(volume.array, ARRAY)
    np.testing.assert_array_equal(volume.slabs.read(3, 12), ARRAY.reshape(15, 4, 6)[3:12])


def test_what_this_package_keeps_beside_an_array_is_its_times(tmp_path):
    affine = Grid(shape=(5, 4, 6), spacing_mm=SPACING).affine("LPS")
    np.savez(tmp_path / "a.npz", array=ARRAY, affine_lps=affine, times_s=np.array([0, 1, 3.5]))
    described = {"axes": "TZYX", "affine_lps": affine.tolist(), "times_s": [0, 1, 3.5]}
    tifffile.imwrite(tmp_path / "a.tif", ARRAY, photometric="minisblack", metadata=described)
    group = ome("second", 9)
    group.attrs["dicomseries"] = json.loads(
        json.dumps({"affine_lps": affine.tolist(), "times_s": [0, 1, 3.5]})
    )
    for source in (tmp_path / "a.npz", tmp_path / "a.tif", group):
        volume = open_volume(source)
        assert (volume.times_s, volume.grid.spacing_mm) == ((0, 1, 3.5), SPACING)
        np.testing.assert_array_equal(volume.array, ARRAY)


@pytest.mark.parametrize(
    ("shape", "times", "expected"),
    [
        ((2, 5, 4, 6), None, (2, 1)),
        ((2, 5, 4, 3), None, (None, 3)),
        ((2, 5, 4, 3), [0, 1.5], (2, 1)),
        ((2, 5, 4, 6, 3), None, (2, 3)),
    ],
)
def test_axes_of_an_npz_of_this_package_are_known(tmp_path, shape, times, expected):
    more = {} if times is None else {"times_s": times}
    np.savez(tmp_path / "a.npz", array=np.zeros(shape, "uint8"), affine_lps=np.eye(4), **more)
    volume = open_volume(tmp_path / "a.npz")
    assert (volume.volumes, volume.samples) == expected
    assert volume.shape == shape
