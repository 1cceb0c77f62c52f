"""Integers of 16 bits are read once: only the window follows from some slices."""

from __future__ import annotations

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.sources import FrameReader, Volume


def counted_frames(array):
    """Return a reader of an array, and the number of reads of each slice."""
    reads = np.zeros(len(array), int)

    def read(start, stop):
        reads[start:stop] += 1
        return array[start:stop]

    return FrameReader(shape=array.shape, dtype=array.dtype, read=read), reads


def counted(array, **options):
    frames, reads = counted_frames(array)
    volume = Volume(slabs=frames, grid=dcs.Grid(shape=array.shape, spacing_mm=(1, 1, 2)))
    plan = dcs.plan(volume, **{"kind": "CT", **options})
    return plan, reads


def array_of(dtype, slices=500):
    z, y, x = np.indices((slices, 4, 5))
    return (20 * y + x + z // 5).astype(dtype)


@pytest.mark.parametrize(
    ("dtype", "kind"),
    [
        ("int16", "CT"),
        ("uint16", "MR"),
        ("uint8", "SC"),
        ("bool", "MultiframeSC"),
        ("int16", "PT"),
        ("uint8", "CT"),
    ],
)
def test_integers_that_fit_are_looked_at_in_64_places_before_they_are_written(dtype, kind):
    _, reads = counted(array_of(dtype), kind=kind)
    assert reads.sum() == 64
    assert reads[0] == reads[-1] == 1


@pytest.mark.parametrize(
    "options",
    [
        {"values": "rescale"},
        {"clip": (0, 10)},
        {"uid": "content"},
    ],
)
def test_what_depends_on_every_voxel_is_read_whole(options):
    _, reads = counted(array_of("int16"), **options)
    assert reads.min() >= 1


@pytest.mark.parametrize("dtype", ["int32", "float32", "uint32"])
def test_numbers_that_may_not_fit_are_read_whole(dtype):
    _, reads = counted(array_of(dtype))
    assert reads.min() >= 1


def test_a_voxel_that_does_not_fit_is_rejected_wherever_it_is():
    array = array_of("int32")
    array[1, 2, 3] = 2**31 - 1
    array[3, 2, 3] = -(2**31)
    with pytest.raises(dcs.DicomSeriesError):
        counted(array)


@pytest.mark.parametrize("slices", [1, 63, 64, 65, 500])
def test_the_window_of_some_slices_shows_what_that_of_all_shows(slices):
    array = array_of("int16", slices)
    plan, _ = counted(array)
    whole, _ = counted(array.astype("int32"))
    actual, expected = ({one.keyword: one.values for one in each.shared} for each in (plan, whole))
    for keyword in ("WindowCenter", "WindowWidth"):
        assert float(actual[keyword][0]) == pytest.approx(float(expected[keyword][0]), abs=3)
    assert plan.value_map == whole.value_map


def test_the_same_window_follows_whether_uids_come_from_chance_or_content():
    array = array_of("int16")
    windows = [
        {one.keyword: one.values for one in counted(array, uid=uid)[0].shared}["WindowWidth"]
        for uid in ("random", "content")
    ]
    assert windows[0] == windows[1]
