"""Masks written on a source come back on its grid, voxel for voxel, also through highdicom."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from typing import cast

import highdicom
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dicomseries as dcs
from dicomseries.errors import DicomSeriesWarning
from dicomseries.geometry import Grid
from dicomseries.orientation import Turn
from dicomseries.sources import Volume, array_frames, turned
from dicomseries.testing import grids
from examples import examples

NAMES = ("Liver", "Thin vessel", "7")
QUICK = {"sync": False, "workers": 1}


@pytest.fixture(autouse=True)
def _quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DicomSeriesWarning)
        yield


@st.composite
def masks_of(draw, shape):
    """Return masks by name: single voxels, thin lines, blocks, scattered voxels, empty slices."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    masks = {}
    for name in NAMES[: draw(st.integers(1, 3))]:
        mask = np.zeros(shape, bool)
        place = [draw(st.integers(0, size - 1)) for size in shape]
        form = draw(st.sampled_from(["voxel", "line", "block", "scattered"]))
        index = list(place)
        if form == "line":
            index[draw(st.integers(0, 2))] = slice(None)
        elif form == "block":
            index = [slice(0, at + 1) for at in place]
        elif form == "scattered":
            mask = rng.random(shape) < 0.3
        mask[tuple(index)] = True
        masks[name] = mask
    return masks


@st.composite
def parts_of(draw, grid):
    """Return a part of a grid as slices, and its grid, with axes in any order and direction."""
    cut, first = [], []
    for size in grid.shape:
        start = draw(st.integers(0, size - 1))
        cut.append(slice(start, draw(st.integers(start + 1, size))))
        first.append(start)
    turn = Turn(
        order=tuple(draw(st.permutations([0, 1, 2]))),
        flips=tuple(draw(st.tuples(*[st.booleans()] * 3))),
    )
    shape = tuple(part.stop - part.start for part in cut)
    part = Grid(
        shape=cast("tuple[int, int, int]", shape),
        spacing_mm=grid.spacing_mm,
        origin_lps=grid.point(*first[::-1]),
        direction_lps=grid.direction_lps,
    )
    return tuple(cut), part, turn


def turned_array(array, grid, turn):
    """Return the array with the axes of another order and direction."""
    volume = turned(Volume(slabs=array_frames(array), grid=grid), turn)
    return np.array(volume.array), volume.grid


def whole(part, cut, shape):
    array = np.zeros(shape, part.dtype)
    array[cut] = part
    return array


def write_source(folder, grid):
    values = np.arange(np.prod(grid.shape), dtype="int16").reshape(grid.shape)
    options = {"affine": grid.affine(), "space": "LPS", **QUICK}
    dcs.write(values, folder / "ct", kind="CT", **options)
    return folder / "ct", dcs.read(folder / "ct", lazy=True).grid


def seen_by_highdicom(path, number, grid):
    """Return the mask that highdicom reads, on the voxels nearest to the positions it reads."""
    segmentation = highdicom.seg.segread(path)
    volume = segmentation.get_volume(
        segment_numbers=[number], combine_segments=False, allow_missing_positions=True
    )
    indices = np.argwhere(volume.array[..., 0] > 0)
    positions = volume.map_indices_to_reference(indices)
    index = (positions - grid.origin_lps) @ np.linalg.inv(grid.affine()[:3, :3]).T
    nearest = np.rint(index).astype(int)
    assert np.abs(index - nearest).max(initial=0) < 1e-3
    mask = np.zeros(grid.shape, bool)
    mask[tuple(nearest[:, ::-1].T)] = True
    return mask


@examples(25)
@given(data=st.data(), grid=grids(max_side=6))
def test_masks_come_back_on_the_grid_of_their_source(data, grid):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source, source_grid = write_source(folder, grid)
        cut, part, turn = data.draw(parts_of(source_grid))
        masks = data.draw(masks_of(part.shape))
        arrays = {key: turned_array(mask, part, turn)[0] for key, mask in masks.items()}
        affine = turn.grid(part).affine()
        dcs.write(
            arrays,
            folder / "seg",
            kind="Segmentation",
            like=source,
            affine=affine,
            space="LPS",
            **QUICK,
        )
        volume = dcs.read(folder / "seg", onto=source)
        assert volume.grid == source_grid
        (path,) = volume.tags.paths
        for number, (key, mask) in enumerate(masks.items(), start=1):
            expected = whole(mask, cut, source_grid.shape)
            np.testing.assert_array_equal(volume.segment(key).array, expected)
            assert volume.segments[number].label == key
            seen = seen_by_highdicom(path, number, source_grid)
            np.testing.assert_array_equal(seen, expected)


@examples(12)
@given(data=st.data(), grid=grids(max_side=6), form=st.sampled_from(["binary", "labelmap"]))
def test_labels_come_back_on_the_grid_of_their_source(data, grid, form):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source, source_grid = write_source(folder, grid)
        cut, part, turn = data.draw(parts_of(source_grid))
        labels = np.zeros(part.shape, "uint8")
        for number, mask in enumerate(data.draw(masks_of(part.shape)).values(), start=1):
            labels[mask] = number
        array, array_grid = turned_array(labels, part, turn)
        dcs.write(
            array,
            folder / "seg",
            kind="Segmentation",
            like=source,
            segmentation_type=form,
            segments=list(NAMES),
            affine=array_grid.affine(),
            space="LPS",
            **QUICK,
        )
        volume = dcs.read(folder / "seg", onto=source)
    np.testing.assert_array_equal(volume.array, whole(labels, cut, source_grid.shape))


@examples(12)
@given(data=st.data(), grid=grids(max_side=5))
def test_fractions_come_back_within_a_255th(data, grid):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source, source_grid = write_source(folder, grid)
        cut, part, turn = data.draw(parts_of(source_grid))
        masks = data.draw(masks_of(part.shape))
        rng = np.random.default_rng(data.draw(st.integers(0, 99)))
        fractions = {key: mask * rng.random(part.shape) for key, mask in masks.items()}
        arrays = {key: turned_array(array, part, turn)[0] for key, array in fractions.items()}
        dcs.write(
            arrays,
            folder / "seg",
            kind="Segmentation",
            segmentation_type="fractional",
            like=source,
            affine=turn.grid(part).affine(),
            space="LPS",
            **QUICK,
        )
        volume = dcs.read(folder / "seg", onto=source)
    for key, array in fractions.items():
        expected = whole(array, cut, source_grid.shape)
        assert np.abs(volume.segment(key).array - expected).max() <= 1 / 255
