"""Planes across any axis are those of the array, with little memory."""

from __future__ import annotations

import os
import time
from contextlib import closing

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicomseries.geometry import Grid
from dicomseries.sources import Volume, array_frames
from dicomseries.viewing import planes as module
from dicomseries.viewing.planes import Planes


def volume_of(array, volumes=None):
    grid = Grid(shape=array.shape[1 if volumes else 0 :][:3], spacing_mm=(1, 1, 1))
    return Volume(
        slabs=array_frames(array.reshape(-1, *array.shape[2 if volumes else 1 :])),
        grid=grid,
        volumes=volumes,
    )


@given(
    shape=st.tuples(st.integers(1, 9), st.integers(1, 40), st.integers(1, 40)),
    dtype=st.sampled_from(["uint8", ">i2", "int64", "float32", "float64"]),
    colours=st.booleans(),
    data=st.data(),
)
def test_a_plane_is_that_of_the_array(shape, dtype, colours, data):
    full = (2, *shape, *((3,) if colours else ()))
    array = np.random.default_rng(1).integers(0, 200, full).astype(dtype)
    axis, volume = data.draw(st.integers(0, 2)), data.draw(st.integers(0, 1))
    index = data.draw(st.integers(0, shape[axis] - 1))
    with closing(Planes(volume_of(array, 2))) as planes:
        plane = planes.read(axis, index, volume)
    np.testing.assert_array_equal(plane, array[volume].take(index, axis))
    assert plane.dtype.str in {*module.WIRE_DTYPES, "|u1"}


def test_a_volume_written_in_pieces_is_complete_and_only_on_disk(monkeypatch):
    monkeypatch.setattr(module, "_CHUNK_BYTES", 4000)
    monkeypatch.setattr(module, "_CACHE_BYTES", 1)
    monkeypatch.setattr(module, "_SCRATCH_BYTES", 1)
    array = np.random.default_rng(2).integers(0, 999, (3, 11, 33, 50)).astype("int16")
    with closing(Planes(volume_of(array, 3))) as planes:
        for volume in (0, 2, 1, 0):
            for axis, index in ((1, 32), (2, 49), (2, 0), (1, 0)):
                np.testing.assert_array_equal(
                    planes.read(axis, index, volume), array[volume].take(index, axis)
                )
        assert len(planes._bricks) == 1
        assert len(planes._slabs) == 2


@pytest.mark.parametrize(
    "indices", [(3, 0, 0), (-1, 0, 0), (0, 2, 0), (1, 3, 0), (2, -1, 0), (0, 0, 1)]
)
def test_there_is_no_plane_outside(indices):
    with closing(Planes(volume_of(np.zeros((2, 3, 4))))) as planes, pytest.raises(IndexError):
        planes.read(*indices)


def _refuse(*_, **__):
    raise OSError(28, "No space left on device")


def test_a_disk_that_is_full_leaves_no_scratch_file_open(monkeypatch):
    # without pwrite, as on Windows, it is written in two steps
    monkeypatch.setattr(os, "pwrite" if hasattr(os, "pwrite") else "write", _refuse)
    with closing(Planes(volume_of(np.zeros((2, 3, 4))))) as planes:
        with pytest.raises(OSError, match="No space"):
            planes.read(1, 0)
        assert not planes._bricks
        assert planes.read(0, 0).shape == (3, 4), "slices need no scratch file"


class Counted:
    """Slices that never existed, and are counted as they are read: each is of its number."""

    def __init__(self, shape):
        self.shape, self.dtype, self.depth = shape, np.dtype("int16"), 1
        self.reads = []

    def read(self, start, stop):
        self.reads.extend(range(start, stop))
        return np.broadcast_to(
            np.arange(start, stop).astype("int16")[:, None, None], (stop - start, *self.shape[1:])
        )


def test_the_first_pictures_of_thousands_of_slices_need_a_few_of_them(monkeypatch):
    shape = (2400, 256, 256)
    slabs = Counted(shape)
    planes = Planes(Volume(slabs=slabs, grid=Grid(shape=shape, spacing_mm=(1, 1, 1))))
    monkeypatch.setattr(planes, "_make_bricks", lambda _: None)
    monkeypatch.setattr(module, "_COARSE_BYTES", 32 * 2 * 256 * 256)
    assert planes.read_quickly(0, 1200)[1]
    coarse = [planes.read_quickly(axis, 128) for axis in (1, 2)]
    assert len(slabs.reads) == 1 + 32
    for plane, is_whole in coarse:
        assert not is_whole
        assert plane.shape == (2400, 256)
        assert np.abs(plane - np.arange(2400)[:, None]).max() <= 2400 / 32 / 2, (
            "the nearest slice stands for each"
        )


def test_coarse_planes_are_replaced_by_exact_ones(monkeypatch):
    monkeypatch.setattr(module, "_COARSE_BYTES", 1)
    array = np.random.default_rng(3).integers(0, 999, (2, 9, 20, 30)).astype("int16")
    with closing(Planes(volume_of(array, 2))) as planes:
        for volume in (1, 0):
            while not (plane := planes.read_quickly(2, 17, volume))[1]:
                np.testing.assert_array_equal(
                    plane[0], np.repeat(array[volume, 4:5, :, 17], 9, axis=0)
                )
                time.sleep(0.001)
            np.testing.assert_array_equal(plane[0], array[volume, :, :, 17])
            np.testing.assert_array_equal(planes.read_quickly(1, 3, volume)[0], array[volume, :, 3])
            assert planes._coarse is None


def wait_for(planes):
    while planes._maker is not None:
        time.sleep(0.001)


def test_an_error_of_the_scratch_file_is_raised(monkeypatch):
    monkeypatch.setattr(module, "_COARSE_BYTES", 1)
    monkeypatch.setattr(module.tempfile, "TemporaryFile", _refuse)
    with closing(Planes(volume_of(np.zeros((2, 3, 4))))) as planes:
        planes.read_quickly(1, 0)
        wait_for(planes)
        with pytest.raises(OSError, match="No space"):
            planes.read_quickly(1, 0)


def test_closing_ends_the_scratch_file(monkeypatch):
    monkeypatch.setattr(module, "_COARSE_BYTES", 1)
    monkeypatch.setattr(module, "_CHUNK_BYTES", 1)
    slabs = Counted((100_000, 2, 2))
    planes = Planes(Volume(slabs=slabs, grid=Grid(shape=slabs.shape, spacing_mm=(1, 1, 1))))
    planes.read_quickly(1, 0)
    planes.close()
    wait_for(planes)
    assert len(slabs.reads) < 100_000
    assert not planes._bricks
