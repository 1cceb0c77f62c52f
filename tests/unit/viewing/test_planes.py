"""Planes across any axis are those of the array, however they are had, and take little memory."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicomseries.geometry import Grid
from dicomseries.sources import ArraySlabs, Volume
from dicomseries.viewing import planes as module
from dicomseries.viewing.planes import Planes


def volume_of(array, volumes=None):
    grid = Grid(shape=array.shape[1 if volumes else 0 :][:3], spacing_mm=(1, 1, 1))
    return Volume(slabs=ArraySlabs(array.reshape(-1, *array.shape[2 if volumes else 1 :])), grid=grid, volumes=volumes)


@given(
    shape=st.tuples(st.integers(1, 9), st.integers(1, 40), st.integers(1, 40)),
    dtype=st.sampled_from(["uint8", ">i2", "int64", "float32", "float64"]),
    colours=st.booleans(),
    data=st.data(),
)
def test_a_plane_is_that_of_the_array(shape, dtype, colours, data):
    whole = (2, *shape, *((3,) if colours else ()))
    array = np.random.default_rng(1).integers(0, 200, whole).astype(dtype)
    axis, volume = data.draw(st.integers(0, 2)), data.draw(st.integers(0, 1))
    index = data.draw(st.integers(0, shape[axis] - 1))
    with closing(Planes(volume_of(array, 2))) as planes:
        found = planes.read(axis, index, volume)
    np.testing.assert_array_equal(found, array[volume].take(index, axis))
    assert found.dtype.str in {*module.WIRE_DTYPES, "|u1"}


def test_a_volume_written_in_pieces_is_whole_and_kept_on_disk_alone(monkeypatch):
    monkeypatch.setattr(module, "_CHUNK_BYTES", 4000)
    monkeypatch.setattr(module, "_CACHE_BYTES", 1)
    monkeypatch.setattr(module, "_SCRATCH_BYTES", 1)
    array = np.random.default_rng(2).integers(0, 999, (3, 11, 33, 50)).astype("int16")
    with closing(Planes(volume_of(array, 3))) as planes:
        for volume in (0, 2, 1, 0):
            for axis, index in ((1, 32), (2, 49), (2, 0), (1, 0)):
                np.testing.assert_array_equal(planes.read(axis, index, volume), array[volume].take(index, axis))
        assert len(planes._bricks) == 1
        assert len(planes._slabs) == 2


@pytest.mark.parametrize("asked", [(3, 0, 0), (-1, 0, 0), (0, 2, 0), (1, 3, 0), (2, -1, 0), (0, 0, 1)])
def test_there_is_no_plane_outside(asked):
    with closing(Planes(volume_of(np.zeros((2, 3, 4))))) as planes, pytest.raises(IndexError):
        planes.read(*asked)


def test_a_disk_that_is_full_leaves_no_scratch_file_open(monkeypatch):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.os, "pwrite", refuse)
    with closing(Planes(volume_of(np.zeros((2, 3, 4))))) as planes:
        with pytest.raises(OSError, match="No space"):
            planes.read(1, 0)
        assert not planes._bricks
        assert planes.read(0, 0).shape == (3, 4), "slices need no scratch file"
