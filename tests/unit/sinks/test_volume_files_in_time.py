"""Volumes in time and colours as files of other formats: other readers see the same."""

from __future__ import annotations

import json

import numpy as np
import pytest

from dicomseries.errors import OptionError
from dicomseries.geometry import Grid
from dicomseries.sinks import Voxels, volume_files
from dicomseries.sources import open_volume
from dicomseries.volume_axes import VolumeAxis

OBLIQUE = Grid.from_spacing(
    (3, 4, 5), (0.7, 1.1, 2.5), origin=(-12.5, 3.25, 40.0), direction=(0.8, 0.6, 0, 0, 0, -1)
)
ARRAY = np.arange(2 * 60, dtype="int16").reshape(2, 3, 4, 5) * 7 - 200
COLOURS = np.arange(2 * 60 * 3, dtype="uint16").reshape(2, 3, 4, 5, 3).astype("uint8")
TIMES = (0.0, 2.5)


def saved(folder, suffix, array=ARRAY, times_s=TIMES, grid=OBLIQUE, **more):
    path = folder / f"volume{suffix}"
    volume_files.save_volume(path, Voxels.of(array, grid, times_s=times_s, **more))
    return path


@pytest.mark.parametrize("suffix", [".nrrd", ".mha", ".nii", ".nii.gz"])
@pytest.mark.parametrize("times", [TIMES, None], ids=["timed", "untimed"])
def test_simpleitk_finds_every_value_of_every_volume_at_its_point(tmp_path, suffix, times):
    sitk = pytest.importorskip("SimpleITK")
    image = sitk.ReadImage(str(saved(tmp_path, suffix, times_s=times)))
    assert image.GetSize() == (5, 4, 3, 2)
    assert image.GetSpacing()[3] == (2.5 if times else 1.0)
    tolerance = 1e-5 if ".nii" in suffix else 1e-9
    for volume, plane, row, column in np.ndindex(ARRAY.shape):
        index = (column, row, plane, volume)
        point = image.TransformIndexToPhysicalPoint(index)
        np.testing.assert_allclose(point[:3], OBLIQUE.point(column, row, plane), atol=tolerance)
        assert image.GetPixel(index) == ARRAY[volume, plane, row, column]


@pytest.mark.parametrize("suffix", [".nrrd", ".mha"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_simpleitk_sees_colours_in_time(tmp_path, suffix, dtype):
    sitk = pytest.importorskip("SimpleITK")
    image = sitk.ReadImage(str(saved(tmp_path, suffix, COLOURS.astype(dtype))))
    assert (image.GetDimension(), image.GetNumberOfComponentsPerPixel()) == (4, 3)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image), COLOURS)


def test_nibabel_sees_x_y_z_t_and_the_repetition_time(tmp_path):
    nibabel = pytest.importorskip("nibabel")
    image = nibabel.load(saved(tmp_path, ".nii.gz"))
    np.testing.assert_array_equal(np.asanyarray(image.dataobj), ARRAY.transpose(3, 2, 1, 0))
    np.testing.assert_allclose(image.affine, OBLIQUE.affine("RAS"), atol=1e-5)
    assert image.header["pixdim"][4] == 2.5
    assert image.header.get_xyzt_units() == ("mm", "sec")


def test_uneven_times_are_no_repetition_time(tmp_path):
    nibabel = pytest.importorskip("nibabel")
    array = np.concatenate([ARRAY, ARRAY[:1]])
    image = nibabel.load(saved(tmp_path, ".nii", array, times_s=(0.0, 2.5, 6.0)))
    assert image.header.get_xyzt_units() == ("mm", "unknown")


def test_colours_in_time_become_the_rgb_of_nifti(tmp_path):
    nibabel = pytest.importorskip("nibabel")
    found = np.asanyarray(nibabel.load(saved(tmp_path, ".nii", COLOURS)).dataobj)
    assert found.shape == (5, 4, 3, 2)
    assert found["B"][4, 2, 1, 1] == COLOURS[1, 1, 2, 4, 2]


def test_nifti_rejects_colours_it_would_wrap(tmp_path):
    pytest.importorskip("nibabel")
    with pytest.raises(OptionError) as caught:
        saved(tmp_path, ".nii", COLOURS.astype("uint16"))
    assert caught.value.code == "dtype-not-in-format"
    assert list(tmp_path.iterdir()) == []


def test_a_zarr_store_names_its_axes_and_keeps_the_times(tmp_path):
    zarr = pytest.importorskip("zarr")
    group = zarr.open_group(saved(tmp_path, ".zarr"), mode="r")
    np.testing.assert_array_equal(group["0"][...], ARRAY)
    assert group["0"].chunks == (1, 3, 4, 5)
    (multiscale,) = group.attrs["ome"]["multiscales"]
    assert [axis["name"] for axis in multiscale["axes"]] == ["t", "z", "y", "x"]
    assert multiscale["axes"][0]["unit"] == "second"
    assert multiscale["datasets"][0]["coordinateTransformations"][0]["scale"] == [
        2.5,
        2.5,
        1.1,
        0.7,
    ]
    assert group.attrs["dicomseries"]["times_s"] == [0.0, 2.5]


def test_a_tiff_has_its_axes_and_times(tmp_path):
    tifffile = pytest.importorskip("tifffile")
    with tifffile.TiffFile(saved(tmp_path, ".tif", COLOURS)) as file:
        assert len(file.pages) == 6
        assert file.series[0].axes.upper() == "TZYXS"
        np.testing.assert_array_equal(file.asarray(), COLOURS)
        described = json.loads(file.pages[0].description)
    assert described["times_s"] == [0.0, 2.5]


@pytest.mark.parametrize("suffix", [".npz", ".nii", ".nrrd", ".mha", ".zarr", ".tif"])
def test_what_was_saved_is_opened_with_its_place_and_times(tmp_path, suffix):
    for package in {".nii": ["nibabel"], ".zarr": ["zarr"], ".tif": ["tifffile"]}.get(suffix, []):
        pytest.importorskip(package)
    volume = open_volume(saved(tmp_path, suffix))
    np.testing.assert_array_equal(volume.array, ARRAY)
    np.testing.assert_allclose(volume.grid.affine(), OBLIQUE.affine(), atol=1e-5)
    assert volume.times_s == TIMES


@pytest.mark.parametrize("suffix", [".npz", ".nrrd", ".mha", ".zarr", ".tif"])
def test_colours_that_were_saved_are_opened_again(tmp_path, suffix):
    for package in {".zarr": ["zarr"], ".tif": ["tifffile"]}.get(suffix, []):
        pytest.importorskip(package)
    np.testing.assert_array_equal(open_volume(saved(tmp_path, suffix, COLOURS)).array, COLOURS)


def test_three_volumes_of_three_slices_are_no_colours(tmp_path):
    sitk = pytest.importorskip("SimpleITK")
    cube = Grid(shape=(3, 3, 3), spacing_mm=(1, 1, 2))
    array = np.arange(81, dtype="uint8").reshape(3, 3, 3, 3)
    path = saved(tmp_path, ".mha", array, None, cube, volumes=3)
    assert sitk.ReadImage(str(path)).GetDimension() == 4
    assert sitk.ReadImage(str(saved(tmp_path, ".nrrd", array, None, cube))).GetDimension() == 3


def test_an_array_of_another_grid_is_rejected(tmp_path):
    with pytest.raises(OptionError) as caught:
        saved(tmp_path, ".npy", ARRAY[..., :4])
    assert caught.value.code == "array-does-not-fit"


PARTS_OF_ECHOES = (
    VolumeAxis(name="part", values=("magnitude", "phase")),
    VolumeAxis(name="echo", values=(4.92, 7.38), unit="ms"),
)
FOUR = np.concatenate([ARRAY, ARRAY + 900])
WITH_NAMES = [".npz", ".nrrd", ".tif", ".zarr"]


def saved_with_axes(path, axes, *weightings):
    voxels = Voxels.of(FOUR, OBLIQUE).with_volumes(axes, *weightings)
    volume_files.save_volume(path, voxels)
    return path


@pytest.mark.parametrize("suffix", WITH_NAMES)
def test_names_and_values_of_the_axes_of_volumes_are_read_back(tmp_path, suffix):
    volume = open_volume(saved_with_axes(tmp_path / f"a{suffix}", PARTS_OF_ECHOES))
    assert volume.volume_axes == PARTS_OF_ECHOES
    np.testing.assert_array_equal(volume.pick(part="phase", echo=0).array, FOUR[2])


@pytest.mark.parametrize("suffix", WITH_NAMES)
def test_b_values_and_directions_are_read_back(tmp_path, suffix):
    b_values = np.array([0.0, 500, 1000, 1000])
    gradients = np.array([[0, 0, 0], [1, 0, 0], [0, 0.6, 0.8], [0, -1, 0]], float)
    axes = (VolumeAxis(name="diffusion", values=tuple(b_values), unit="s/mm2"),)
    volume = open_volume(saved_with_axes(tmp_path / f"a{suffix}", axes, b_values, gradients))
    assert volume.volume_axes == axes
    np.testing.assert_array_equal(volume.b_values, b_values)
    np.testing.assert_array_equal(volume.gradients, gradients)


@pytest.mark.parametrize(
    "changed", ['"values":[4.92]', '"values":3', '"name":"colour","values":[1,2]', '"values"']
)
def test_axes_that_do_not_fit_the_volumes_are_left_out(tmp_path, changed):
    path = saved_with_axes(tmp_path / "a.nrrd", PARTS_OF_ECHOES)
    data = path.read_bytes()
    assert b'"values":[4.92,7.38]' in data
    path.write_bytes(data.replace(b'"values":[4.92,7.38]', changed.encode()))
    (axis,) = open_volume(path).volume_axes
    assert (axis.name, len(axis)) == ("volume", 4)


def test_times_of_the_caller_name_the_axis_of_volumes(tmp_path):
    path = saved_with_axes(tmp_path / "a.npz", PARTS_OF_ECHOES)
    (axis,) = open_volume(path, times=2.0).volume_axes
    assert (axis.name, axis.values) == ("time", (0.0, 2.0, 4.0, 6.0))
