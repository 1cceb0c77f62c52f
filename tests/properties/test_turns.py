"""Turned axes keep values at their points, and read every chunk once."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path

import numpy as np
import pytest
import zarr
from hypothesis import example, given
from hypothesis import strategies as st

from dicomseries.geometry import Grid
from dicomseries.orientation import (
    ORIENTS,
    Turn,
    orientation_code,
    turn_onto,
    turn_to,
    unusual_course,
)
from dicomseries.sources import Volume, open_volume, scratch_copy, turned
from dicomseries.testing import grids

ALL_TURNS = [
    Turn(order=order, flips=flips)
    for order in itertools.permutations(range(3))
    for flips in itertools.product((False, True), repeat=3)
]
turns = st.sampled_from(ALL_TURNS)


class CountingArray:
    """An array that counts the reads of each chunk of two slices."""

    def __init__(self, array):
        self._array, self.shape, self.dtype = array, array.shape, array.dtype
        self.chunks = (*[1] * (array.ndim - 3), 2, *array.shape[-2:])
        self.reads = np.zeros(array.shape[:-2], int)

    def __getitem__(self, index):
        self.reads[index[:-2]] += 1
        return self._array[index]


FOLDER = tempfile.TemporaryDirectory()
NAMES = itertools.count()


def memory_mapped(array):
    path = Path(FOLDER.name) / f"{next(NAMES)}.npy"
    np.save(path, array)
    return path


OPENERS = {
    "numpy": lambda array: array,
    "Fortran order": np.asfortranarray,
    "a file": memory_mapped,
    "a chunked array": CountingArray,
    "zarr": lambda array: zarr.create_array({}, data=array, chunks=(*[2] * array.ndim,)),
}


def turned_array(array: np.ndarray, turn: Turn) -> np.ndarray:
    """Turn ([volumes, ]slices, rows, columns) by numpy alone."""
    lead = array.ndim - 3
    whole = array.transpose(*range(lead), *(lead + 2 - axis for axis in reversed(turn.order)))
    return np.flip(whole, [lead + 2 - i for i in range(3) if turn.flips[i]])


def points(grid: Grid) -> np.ndarray:
    z, y, x = np.indices(grid.shape)
    return (np.stack([x, y, z, np.ones_like(x)], axis=-1) @ grid.affine().T)[..., :3]


@given(grids(max_side=5), turns)
def test_every_voxel_stays_on_its_point(grid, turn):
    moved = np.stack([turned_array(points(grid)[..., i], turn) for i in range(3)], axis=-1)
    assert np.allclose(points(turn.grid(grid)), moved, rtol=0, atol=1e-9)
    back = turn_onto(turn.grid(grid), grid)
    assert back is not None
    assert np.allclose(back.grid(turn.grid(grid)).affine(), grid.affine(), rtol=0, atol=1e-9)


@given(
    st.sampled_from(sorted(OPENERS)),
    turns,
    st.none() | st.integers(1, 3),
    st.tuples(*[st.integers(1, 5)] * 3),
    st.data(),
)
def test_a_turned_volume_gives_the_values_of_numpy(opener, turn, volumes, sides, data):
    shape = sides if volumes is None else (volumes, *sides)
    array = np.arange(np.prod(shape), dtype="int32").reshape(shape)
    axes = "zyx" if volumes is None else "tzyx"
    volume = turned(open_volume(OPENERS[opener](array), spacing=(1, 2, 3), axes=axes), turn)
    expected = turned_array(array, turn)
    expected = expected[0] if volumes == 1 else expected
    np.testing.assert_array_equal(volume.array, expected)
    frames = expected.reshape(-1, *expected.shape[-2:])
    start = data.draw(st.integers(0, len(frames)))
    stop = data.draw(st.integers(start, len(frames) + 2))
    np.testing.assert_array_equal(volume.slabs.read(start, stop), frames[start:stop])


@given(turns, st.none() | st.integers(2, 3), st.tuples(*[st.integers(1, 6)] * 3))
def test_a_chunked_source_is_read_once_in_a_pass(turn, volumes, sides):
    shape = sides if volumes is None else (volumes, *sides)
    array = np.arange(np.prod(shape), dtype="int32").reshape(shape)
    for copied in (False, True):
        source = CountingArray(array)
        opened = open_volume(source, spacing=(1, 2, 3), axes="zyx" if volumes is None else "tzyx")
        assert opened.slabs.is_chunked
        volume = turned(opened, turn)
        frames = scratch_copy(volume.slabs, slices=volume.slices) if copied else volume.slabs
        parts = [frames.read(*bounds) for bounds in itertools.pairwise(frames.edges)]
        expected = turned_array(array, turn)
        np.testing.assert_array_equal(
            np.concatenate(parts), expected.reshape(-1, *expected.shape[-2:])
        )
        assert source.reads.max() == 1


@given(grids(max_side=4), st.sampled_from(sorted(set(ORIENTS) - {"as-is"})))
def test_a_turned_array_runs_the_usual_way(grid, orient):
    turn = turn_to(grid, orient)
    found = turn.grid(grid)
    assert found.is_right_handed
    assert turn_to(found, orient).is_identity
    assert unusual_course(found) == "" or orient != "upright"
    assert turn.keeps_slices or orient != "upright"


@pytest.mark.parametrize("turn", ALL_TURNS)
def test_planes_have_the_usual_names_of_the_field(turn):
    grid = turn.grid(Grid(shape=(3, 4, 5), spacing_mm=(1, 2, 3)))
    codes = {
        name: orientation_code(turn_to(grid, name).grid(grid))
        for name in ("axial", "coronal", "sagittal")
    }
    assert codes == {"axial": "LPS", "coronal": "LIP", "sagittal": "PIR"}
    assert orientation_code(turn_to(grid, "upright").grid(grid)) in {*codes.values()}
    assert turn_to(grid, "as-is").is_identity


@given(grids(max_side=4))
@example(Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 1), direction_lps=(-1, 0, 0, 0, -1, 0, 0, 0, 1)))
def test_advice_is_given_where_rows_or_columns_run_against_the_usual_and_only_there(grid):
    turn = turn_to(grid, "upright")
    is_usual = turn.order == (0, 1, 2) and not any(turn.flips[:2])
    if is_usual:
        assert unusual_course(grid) == ""
    elif min(max(map(abs, axis)) for axis in grid.axes) > 0.8:
        assert "orient='upright'" in unusual_course(grid)


def test_a_turn_is_named_in_the_volume():
    volume = open_volume(np.zeros((3, 4, 5)), spacing=(1, 1, 1))
    assert isinstance(volume, Volume)
    assert volume.turn is None
    assert turned(volume, ALL_TURNS[1]).turn == ALL_TURNS[1]
    assert turned(volume, Turn()) is volume
