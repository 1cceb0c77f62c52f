"""Values stay at their index and point in space for every order of axes."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path

import dask.array
import h5py
import numpy as np
import pytest
import SimpleITK as sitk
import xarray
import zarr
from hypothesis import given
from hypothesis import strategies as st

from dicomseries.sources import open_volume
from dicomseries.testing import grids

DTYPES = (
    "bool",
    "int8",
    "uint8",
    "<i2",
    ">i2",
    "uint16",
    "int32",
    "uint64",
    "float16",
    "float32",
    ">f8",
)
AXES = st.permutations("zyx").map("".join)


def voxels(shape, dtype):
    return (np.arange(np.prod(shape)).reshape(shape) % 101).astype(dtype)


@st.composite
def named_arrays(draw):
    """Return an array of any order of axes, `axes`, a time point, and the array in order."""
    axes = draw(st.sampled_from(["yx", "zyx"])) + draw(st.sampled_from(["", "c", "t", "ct"]))
    letters = draw(st.permutations(axes).map("".join))
    sizes = {letter: draw(st.integers(1, 6)) for letter in "zyxt"} | {"c": 3}
    array = voxels([sizes[letter] for letter in letters], draw(st.sampled_from(DTYPES)))
    if draw(st.booleans()):
        array = np.asfortranarray(array)
    time_point = draw(st.none() | st.integers(0, sizes["t"] - 1 if "t" in letters else 0))
    whole = array.transpose([letters.index(letter) for letter in "tzyxc" if letter in letters])
    if "z" not in letters:
        whole = np.expand_dims(whole, letters.count("t"))
    if "t" in letters and (time_point is not None or sizes["t"] == 1):
        whole = whole[time_point or 0]
    return array, letters, time_point, whole


def frames_of(whole, letters, time_point):
    """Return (frames, rows, columns[, 3])."""
    return whole.reshape(-1, *whole.shape[2:]) if whole.ndim == 4 + letters.count("c") else whole


class UnknownArray:
    """An array of no known package."""

    def __init__(self, array):
        self._array, self.shape, self.dtype = array, array.shape, array.dtype

    def __getitem__(self, index):
        return self._array[index]


OPENERS = {
    "numpy": lambda array: array,
    "an unknown array": UnknownArray,
    "dask": lambda array: dask.array.from_array(array, chunks=2),
    "xarray": xarray.DataArray,
    "zarr": lambda array: zarr.create_array(
        {}, data=np.ascontiguousarray(array.astype(array.dtype.newbyteorder("=")))
    ),
}


@given(named_arrays(), st.sampled_from(sorted(OPENERS)), st.data())
def test_any_order_of_axes_gives_the_same_value_at_the_same_index(named, opener, data):
    array, letters, time_point, expected = named
    volume = open_volume(
        OPENERS[opener](array), axes=letters, time_point=time_point, spacing=(1, 2, 3)
    )
    frames = frames_of(expected, letters, time_point)
    assert volume.slabs.shape == frames.shape
    assert (volume.volumes or 1) * volume.slices == len(frames)
    np.testing.assert_array_equal(volume.array, expected)
    start = data.draw(st.integers(0, len(frames)))
    stop = data.draw(st.integers(start, len(frames) + 2))
    np.testing.assert_array_equal(volume.slabs.read(start, stop), frames[start:stop])
    if volume.volumes is not None:
        index = data.draw(st.integers(0, volume.volumes - 1))
        np.testing.assert_array_equal(volume.at(index).array, expected[index])


@given(named_arrays(), st.sampled_from(sorted(OPENERS)), st.integers(1, 4))
def test_slabs_put_together_are_the_whole(named, opener, depth):
    array, letters, time_point, expected = named
    volume = open_volume(
        OPENERS[opener](array), axes=letters, time_point=time_point, spacing=(1, 2, 3)
    )
    frames = frames_of(expected, letters, time_point)
    count = len(frames)
    parts = [
        volume.slabs.read(start, min(start + depth, count)) for start in range(0, count, depth)
    ]
    np.testing.assert_array_equal(np.concatenate(parts), frames)
    assert {part.dtype for part in parts} == {volume.slabs.dtype}


@given(named_arrays(), st.sampled_from(sorted(OPENERS)), st.data())
def test_slices_along_the_normal_are_reversed_inside_each_volume(named, opener, data):
    array, letters, time_point, expected = named
    source, left = OPENERS[opener](array), np.diag([1, 1, -1])
    volume = open_volume(
        source, axes=letters, time_point=time_point, spacing=(1, 2, 3), direction=left
    )
    turned = volume.along_normal()
    slices = expected[..., ::-1, :, :, :] if "c" in letters else expected[..., ::-1, :, :]
    frames = frames_of(slices, letters, time_point)
    np.testing.assert_array_equal(turned.array, slices)
    start = data.draw(st.integers(0, len(frames)))
    stop = data.draw(st.integers(start, len(frames) + 2))
    part = turned.slabs.read(start, stop)
    np.testing.assert_array_equal(part, frames[start:stop])
    assert part.dtype == turned.slabs.dtype


@given(
    st.tuples(st.integers(1, 5), st.integers(1, 7)),
    st.tuples(st.integers(1, 5), st.integers(1, 7)),
    st.integers(1, 3),
)
def test_slabs_of_the_depth_that_a_store_asks_for_read_each_chunk_once(count, chunk, several):
    (volumes, slices), (long, deep) = count, chunk
    source = Touched((volumes, slices, 2, 2), (long, deep, 1, 2))
    slabs = open_volume(source, axes="tzyx", spacing=(1, 1, 1)).slabs
    step = slabs.depth * several
    for start in range(0, slabs.shape[0], step):
        slabs.read(start, start + step)
    assert set(source.touched.values()) == {1}
    assert len(source.touched) == -(-volumes // long) * -(-slices // deep)


class Touched:
    """A store that counts the reads of each chunk, by volumes and slices."""

    dtype = np.dtype("int16")

    def __init__(self, shape, chunks):
        self.shape, self.chunks, self.touched = shape, chunks, {}

    def __getitem__(self, index):
        chunks = zip(index[:2], self.chunks[:2], strict=True)
        for place in itertools.product(
            *(range(part.start // size, -(-part.stop // size)) for part, size in chunks)
        ):
            self.touched[place] = self.touched.get(place, 0) + 1
        return np.zeros([part.stop - part.start for part in index], self.dtype)


@given(st.lists(st.integers(-(10**6), 10**6), min_size=2, max_size=6, unique=True).map(sorted))
def test_times_of_any_form_are_seconds_after_the_first(milliseconds):
    array = np.zeros((len(milliseconds), 2, 2, 2), "uint8")
    expected = tuple((time - milliseconds[0]) / 1000 for time in milliseconds)
    moments = np.datetime64("2024-02-29T12:00", "ms") + np.array(milliseconds, "m8[ms]")
    for coordinate in (moments, moments - moments[0], ("t", milliseconds, {"units": "ms"})):
        source = xarray.DataArray(array, {"t": coordinate}, dims=("t", "z", "y", "x"))
        assert open_volume(source, spacing=(1, 1, 1)).times_s == pytest.approx(expected, rel=1e-12)
    for times in (np.array(milliseconds) / 1000, moments, list(moments - moments[0])):
        found = open_volume(array, axes="tzyx", spacing=(1, 1, 1), times=times).times_s
        assert found == pytest.approx(expected, rel=1e-9)
        assert found[0] == 0


@given(grids(), st.sampled_from([".mha", ".mhd", ".nrrd", ".nhdr"]), st.booleans(), AXES)
def test_files_of_itk_keep_every_voxel_on_its_point(grid, suffix, compress, axes):
    array = voxels(grid.shape, "int16")
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(grid.spacing_mm)
    image.SetOrigin(grid.origin_lps)
    image.SetDirection(grid.direction_lps)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{suffix}"
        sitk.WriteImage(image, path, useCompression=compress)
        for opened in (open_volume(path, axes=axes), open_volume(image, axes=axes)):
            np.testing.assert_array_equal(
                opened.array, array.transpose([axes.index(letter) for letter in "zyx"])
            )
            for index in ((0, 0, 0), tuple(size - 1 for size in grid.shape)):
                named = dict(zip(axes, index, strict=True))
                x, y, z = index[::-1]
                point = opened.grid.point(named["x"], named["y"], named["z"])
                np.testing.assert_allclose(
                    point, image.TransformIndexToPhysicalPoint((x, y, z)), rtol=0, atol=1e-8
                )


@given(named_arrays(), st.booleans())
def test_files_of_numpy_keep_every_value(named, compress):
    array, letters, time_point, expected = named
    # Windows removes no file that is open.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        path = Path(folder) / ("a.npz" if compress else "a.npy")
        np.savez_compressed(path, array) if compress else np.save(path, array)
        volume = open_volume(path, axes=letters, time_point=time_point, spacing=(1, 2, 3))
        assert volume.slabs.dtype == array.dtype
        np.testing.assert_array_equal(volume.array, expected)


@given(named_arrays())
def test_files_of_hdf5_keep_every_value(named):
    array, letters, time_point, expected = named
    with tempfile.TemporaryDirectory() as folder, h5py.File(Path(folder) / "a.h5", "w") as file:
        volume = open_volume(
            file.create_dataset("ct", data=array),
            axes=letters,
            time_point=time_point,
            spacing=(1, 2, 3),
        )
        np.testing.assert_array_equal(volume.array, expected)
