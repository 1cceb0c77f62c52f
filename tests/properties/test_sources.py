"""Sources: whatever the order of the axes, every value stays at its index and on its point in space."""

from __future__ import annotations

import tempfile
from pathlib import Path

import dask.array
import h5py
import numpy as np
import SimpleITK as sitk
import xarray
import zarr
from hypothesis import given
from hypothesis import strategies as st

from dicomseries.sources import open_volume
from dicomseries.testing import grids

DTYPES = ("bool", "int8", "uint8", "<i2", ">i2", "uint16", "int32", "uint64", "float16", "float32", ">f8")
AXES = st.permutations("zyx").map("".join)


def voxels(shape, dtype):
    return (np.arange(np.prod(shape)).reshape(shape) % 101).astype(dtype)


@st.composite
def named_arrays(draw):
    """Return an array of any order of axes, its letters, and (slices, rows, columns[, 3]) of it."""
    letters = draw(st.permutations("zyx" + draw(st.sampled_from(["", "c", "t", "ct"]))).map("".join))
    sizes = {letter: draw(st.integers(1, 6)) for letter in "zyxt"} | {"c": 3}
    array = voxels([sizes[letter] for letter in letters], draw(st.sampled_from(DTYPES)))
    if draw(st.booleans()):
        array = np.asfortranarray(array)
    time_point = draw(st.integers(0, sizes["t"] - 1)) if "t" in letters else 0
    whole = np.moveaxis(array, letters.index("t"), 0)[time_point] if "t" in letters else array
    rest = letters.replace("t", "")
    return array, letters, time_point, whole.transpose([rest.index(letter) for letter in "zyxc" if letter in rest])


class Stranger:
    """An array of no known package."""

    def __init__(self, array):
        self._array, self.shape, self.dtype = array, array.shape, array.dtype

    def __getitem__(self, index):
        return self._array[index]


OPENERS = {
    "numpy": lambda array: array,
    "stranger": Stranger,
    "dask": lambda array: dask.array.from_array(array, chunks=2),
    "xarray": xarray.DataArray,
    "zarr": lambda array: zarr.create_array({}, data=np.ascontiguousarray(array.astype(array.dtype.newbyteorder("=")))),
}


@given(named_arrays(), st.sampled_from(sorted(OPENERS)), st.data())
def test_any_order_of_axes_gives_the_same_value_at_the_same_index(named, opener, data):
    array, letters, time_point, expected = named
    volume = open_volume(OPENERS[opener](array), axes=letters, time_point=time_point, spacing=(1, 2, 3))
    assert volume.slabs.shape == expected.shape
    np.testing.assert_array_equal(volume.array, expected)
    start = data.draw(st.integers(0, expected.shape[0]))
    stop = data.draw(st.integers(start, expected.shape[0]))
    np.testing.assert_array_equal(volume.slabs.read(start, stop), expected[start:stop])


@given(named_arrays(), st.sampled_from(sorted(OPENERS)), st.integers(1, 4))
def test_slabs_put_together_are_the_whole(named, opener, depth):
    array, letters, time_point, expected = named
    volume = open_volume(OPENERS[opener](array), axes=letters, time_point=time_point, spacing=(1, 2, 3))
    count = expected.shape[0]
    parts = [volume.slabs.read(start, min(start + depth, count)) for start in range(0, count, depth)]
    np.testing.assert_array_equal(np.concatenate(parts), expected)
    assert {part.dtype for part in parts} == {volume.slabs.dtype}


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
            np.testing.assert_array_equal(opened.array, array.transpose([axes.index(letter) for letter in "zyx"]))
            for index in ((0, 0, 0), tuple(size - 1 for size in grid.shape)):
                named = dict(zip(axes, index, strict=True))
                x, y, z = index[::-1]
                point = opened.grid.point(named["x"], named["y"], named["z"])
                np.testing.assert_allclose(point, image.TransformIndexToPhysicalPoint((x, y, z)), rtol=0, atol=1e-8)


@given(named_arrays(), st.booleans())
def test_files_of_numpy_keep_every_value(named, compress):
    array, letters, time_point, expected = named
    with tempfile.TemporaryDirectory() as folder:
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
            file.create_dataset("ct", data=array), axes=letters, time_point=time_point, spacing=(1, 2, 3)
        )
        np.testing.assert_array_equal(volume.array, expected)
