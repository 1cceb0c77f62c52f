"""Layers of a view: values, window, labels, and an overlay on the grid."""

from __future__ import annotations

import json
from contextlib import closing

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.api import view
from dicomseries.api.view import look
from dicomseries.errors import OptionError, ReadError
from dicomseries.orientation import Turn
from dicomseries.reading.series_slabs import FrameSlabs
from dicomseries.sources import turned
from dicomseries.viewing import page_model
from dicomseries.viewing.contact_sheet import planes_of

PATIENT = {"PatientName": "Doe^Jane", "PatientID": "42"}
OBLIQUE = (0.8, 0.36, -0.48, 0.0, 0.8, 0.6)
TURNS = [
    Turn(flips=(False, True, False)),
    Turn(flips=(True, True, True)),
    Turn(order=(2, 0, 1), flips=(True, False, False)),
]


def written(array, out, **options):
    dcs.write(
        array,
        out,
        **{"kind": "CT", "spacing": (1, 2, 3), "metadata": PATIENT, "verify": False, **options},
    )
    return out


def test_the_window_is_the_headers_and_presets_are_those_of_the_kind(tmp_path, rng):
    array = rng.integers(-1000, 1000, (3, 4, 5)).astype("int16")
    (layer,) = look(written(array, tmp_path / "ct")).layers
    low, high = layer.window.limits
    assert (low, high) == pytest.approx((array.min(), array.max()), abs=1)
    assert [name for name, _ in layer.presets] == ["Soft tissue", "Lung", "Bone", "Brain"]
    assert look(written(array, tmp_path / "mr", kind="MR")).layers[0].presets == ()


def test_real_values_are_slope_times_stored_plus_intercept(tmp_path, rng):
    array = rng.uniform(-10, 10, (3, 4, 5))
    (layer,) = look(written(array, tmp_path / "ct")).layers
    stored = layer.volume.array
    assert stored.dtype.kind in "iu"
    np.testing.assert_array_equal(
        stored * layer.volume.slope + layer.volume.intercept, dcs.read(tmp_path / "ct").array
    )


def test_slices_of_different_slopes_are_shown_as_real_values(tmp_path, rng):
    array = rng.uniform(0, 10, (3, 4, 5)) * np.array([1, 10, 100])[:, None, None]
    out = written(array, tmp_path / "pt", kind="PT", values=dcs.Rescale(per_slice=True))
    (layer,) = look(out).layers
    np.testing.assert_array_equal(layer.volume.array, dcs.read(out).array)


@pytest.mark.parametrize("first", [(0, 0, 0), (2, 1, 3), (-1, 0, 2)])
def test_an_overlay_is_placed_by_its_grid(tmp_path, rng, first):
    base = rng.integers(0, 9, (5, 6, 7)).astype("int16")
    part = rng.integers(1, 9, (2, 3, 4)).astype("int16")
    where = {"spacing": (1.5, 2.5, 4), "direction": OBLIQUE}
    below = written(base, tmp_path / "base", **where)
    corner = dcs.read(below).grid.point(first[2], first[1], first[0])
    above = written(part, tmp_path / "part", origin=corner, **where)
    placed = look(below, overlay=above).layers[1].volume
    expected = np.zeros_like(base)
    for voxel in np.ndindex(part.shape):
        at = tuple(np.add(voxel, first))
        if min(at) >= 0 and all(np.less(at, base.shape)):
            expected[at] = part[voxel]
    np.testing.assert_array_equal(placed.array * placed.slope + placed.intercept, expected)
    assert placed.grid.shape == base.shape


@pytest.mark.parametrize("turn", TURNS, ids=str)
def test_an_overlay_with_other_axes_is_placed_by_its_voxels(tmp_path, rng, turn):
    base, labels = (rng.integers(0, 9, (3, 4, 5)).astype("int16") for _ in range(2))
    where = {"spacing": (1.5, 2.5, 4), "direction": OBLIQUE}
    below = written(base, tmp_path / "base", **where)
    volume = turned(dcs.open_volume(labels, **where), turn)
    above = tmp_path / "labels"
    dcs.write(volume, above, kind="CT", orient="as-is", verify=False)
    placed = look(below, overlay=above).layers[1].volume
    np.testing.assert_array_equal(placed.array * placed.slope + placed.intercept, labels)


@pytest.mark.parametrize(
    "where",
    [
        {"spacing": (1, 2, 3.1)},
        {"origin": (0.5, 0, 0)},
        {"origin": (500, 0, 0)},
        {"direction": OBLIQUE},
    ],
    ids=["other spacing", "between", "beside", "turned"],
)
def test_an_overlay_off_the_grid_is_rejected(tmp_path, where):
    array = np.ones((3, 4, 5), "int16")
    below, above = written(array, tmp_path / "a"), written(array, tmp_path / "b", **where)
    with pytest.raises(OptionError) as refusal:
        look(below, overlay=above)
    assert refusal.value.code == "overlay-off-grid"


def test_an_overlay_in_colour_is_rejected(tmp_path):
    below = written(np.ones((3, 4, 5), "int16"), tmp_path / "a")
    above = written(np.ones((3, 4, 5, 3), "uint8"), tmp_path / "b", kind="SC", axes="zyxc")
    with pytest.raises(OptionError) as refusal:
        look(below, overlay=above)
    assert refusal.value.code == "overlay-colour"


def test_an_empty_folder_and_an_unknown_series_are_rejected(tmp_path):
    with pytest.raises(ReadError) as refusal:
        look(tmp_path)
    assert refusal.value.code == "no-series"
    written(np.ones((3, 4, 5), "int16"), tmp_path / "a")
    with pytest.raises(ReadError):
        look(tmp_path, series="1.2.3")


def test_a_page_of_very_many_voxels_is_rejected(tmp_path, monkeypatch):
    monkeypatch.setattr(view, "LARGEST_PAGE_BYTES", 100)
    view_of_series = look(written(np.ones((3, 4, 5), "int16"), tmp_path / "a"))
    with pytest.raises(OptionError) as refusal:
        view_of_series.html()
    assert refusal.value.code == "page-too-large"


@pytest.mark.parametrize(
    "array", [np.full((2, 3, 4), np.nan), np.full((2, 3, 4), 5.5)], ids=["nan", "constant"]
)
def test_values_without_a_range_have_a_window(tmp_path, array):
    (layer,) = look(written(array, tmp_path / "a", kind="ParametricMap")).layers
    assert layer.values_window.width > 0
    json.dumps(page_model([layer], title="t"), allow_nan=False)


@pytest.mark.parametrize(
    "direction", [(1, 0, 0, 0, 1, 0), (0, 1, 0, 0, 0, -1), (-1, 0, 0, 0, 0, 1), OBLIQUE]
)
def test_planes_are_in_radiological_orientation(direction):
    grid = dcs.Grid.from_spacing((3, 4, 5), (1, 2, 3), direction=direction)
    axes = np.array(grid.axes)[::-1]

    def seen(axis, is_flipped):
        return -axes[axis] if is_flipped else axes[axis]

    axial, coronal, sagittal = planes_of(grid)
    assert seen(*axial.across)[0] > 0
    assert seen(*axial.down)[1] > 0
    assert seen(*coronal.across)[0] > 0
    assert seen(*coronal.down)[2] < 0
    assert seen(*sagittal.across)[1] > 0
    assert seen(*sagittal.down)[2] < 0


def test_thousands_of_slices_are_opened_by_reading_a_few(tmp_path, monkeypatch):
    monkeypatch.setattr(view, "EMBEDDED_BYTES", 0)
    array = np.broadcast_to(np.arange(2400, dtype="int16")[:, None, None], (2400, 4, 4))
    out = written(array, tmp_path / "a", sync=False)
    read, frames = FrameSlabs.read, []
    monkeypatch.setattr(
        FrameSlabs, "read", lambda slabs, *ends: (frames.append(ends), read(slabs, *ends))[1]
    )
    with closing(look(out).site()) as site:
        assert b"2400" in site.answer("").content
        plane = np.frombuffer(site.answer("voxels/0/0/1200/0").content, "<i2")
    assert set(plane) == {1200}
    assert sum(stop - start for start, stop in frames) <= 10, (
        "of those that are sampled for the window, and the one"
    )
