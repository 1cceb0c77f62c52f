"""Volumes as files of other formats: other readers find every value at its place."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from dicomseries.errors import MissingPackageError, OptionError, TargetError, WriteError
from dicomseries.geometry import Grid
from dicomseries.sinks import Voxels, volume_files

OBLIQUE = Grid.from_spacing(
    (3, 4, 5),
    (0.7, 1.1, 2.5),
    origin=(-12.5, 3.25, 40.0),
    direction=(0.8, 0.6, 0, 0, 0, -1),
)
SUFFIXES = (".npy", ".npz", ".nii", ".nii.gz", ".nrrd", ".mha", ".zarr", ".tif", ".tiff")


def numbers(dtype="int16", shape=(3, 4, 5)):
    return np.arange(np.prod(shape)).reshape(shape).astype(dtype)


def centre(image, column, row, plane):
    """Return the LPS mm and the value of a voxel as SimpleITK sees them."""
    index = (column, row, plane)
    return np.array(image.TransformIndexToPhysicalPoint(index)), image.GetPixel(index)


@pytest.mark.parametrize("suffix", [".nrrd", ".mha", ".nii", ".nii.gz"])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "int64", "float32", "float64"])
def test_simpleitk_finds_every_value_at_its_point(tmp_path, suffix, dtype):
    sitk = pytest.importorskip("SimpleITK")
    array = numbers(dtype)
    path = tmp_path / f"volume{suffix}"
    volume_files.save_volume(path, Voxels.of(array, OBLIQUE))
    image = sitk.ReadImage(str(path))
    # NIfTI keeps its affine in single precision.
    tolerance = 1e-5 if ".nii" in suffix else 1e-9
    for plane, row, column in np.ndindex(array.shape):
        point, value = centre(image, column, row, plane)
        np.testing.assert_allclose(point, OBLIQUE.point(column, row, plane), atol=tolerance)
        assert value == array[plane, row, column]


@pytest.mark.parametrize("suffix", [".nrrd", ".mha"])
def test_colours_are_read_by_simpleitk(tmp_path, suffix):
    sitk = pytest.importorskip("SimpleITK")
    array = numbers("uint8", (3, 4, 5, 3))
    volume_files.save_volume(tmp_path / f"rgb{suffix}", Voxels.of(array, OBLIQUE))
    image = sitk.ReadImage(str(tmp_path / f"rgb{suffix}"))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image), array)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_nibabel_sees_x_y_z_order_and_the_ras_affine(tmp_path, suffix):
    nibabel = pytest.importorskip("nibabel")
    array = numbers("int64")
    volume_files.save_volume(tmp_path / f"a{suffix}", Voxels.of(array, OBLIQUE))
    image = nibabel.load(tmp_path / f"a{suffix}")
    np.testing.assert_allclose(image.affine, OBLIQUE.affine("RAS"), atol=1e-5)
    np.testing.assert_array_equal(np.asanyarray(image.dataobj), array.transpose(2, 1, 0))
    assert (int(image.header["sform_code"]), int(image.header["qform_code"])) == (1, 1)
    assert image.header.get_xyzt_units()[0] == "mm"


def test_colours_become_the_rgb_of_nifti(tmp_path):
    nibabel = pytest.importorskip("nibabel")
    array = numbers("uint8", (3, 4, 5, 3))
    volume_files.save_volume(tmp_path / "rgb.nii", Voxels.of(array, OBLIQUE))
    found = np.asanyarray(nibabel.load(tmp_path / "rgb.nii").dataobj)
    assert found.shape == (5, 4, 3)
    assert found["G"][4, 2, 1] == array[1, 2, 4, 1]


def test_a_zarr_store_has_ome_attributes_and_the_whole_affine(tmp_path):
    zarr = pytest.importorskip("zarr")
    array = numbers("float32")
    volume_files.save_volume(tmp_path / "a.zarr", Voxels.of(array, OBLIQUE))
    group = zarr.open_group(tmp_path / "a.zarr", mode="r")
    np.testing.assert_array_equal(group["0"][...], array)
    (multiscale,) = group.attrs["ome"]["multiscales"]
    scale, translation = multiscale["datasets"][0]["coordinateTransformations"]
    assert scale["scale"] == [2.5, 1.1, 0.7]
    assert translation["translation"] == [40.0, 3.25, -12.5]
    np.testing.assert_array_equal(group.attrs["dicomseries"]["affine_lps"], OBLIQUE.affine("LPS"))


@pytest.mark.parametrize("colour", [False, True])
def test_a_tiff_has_one_page_a_slice_and_its_geometry(tmp_path, colour):
    tifffile = pytest.importorskip("tifffile")
    array = numbers("uint8", (3, 4, 5, 3)) if colour else numbers("uint16")
    volume_files.save_volume(tmp_path / "a.tif", Voxels.of(array, OBLIQUE))
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        assert len(file.pages) == 3
        np.testing.assert_array_equal(file.asarray(), array)
        described = json.loads(file.pages[0].description)
    assert described["spacing"] == 2.5
    np.testing.assert_array_equal(described["affine_lps"], OBLIQUE.affine("LPS"))


def test_an_archive_of_numpy_holds_the_affine(tmp_path):
    volume_files.save_volume(tmp_path / "a.npz", Voxels.of(numbers(), OBLIQUE))
    with np.load(tmp_path / "a.npz") as saved:
        np.testing.assert_array_equal(saved["array"], numbers())
        np.testing.assert_array_equal(saved["affine_lps"], OBLIQUE.affine("LPS"))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_that_exists_is_replaced_only_on_request(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    volume_files.save_volume(path, Voxels.of(numbers(), OBLIQUE))
    with pytest.raises(TargetError) as caught:
        volume_files.save_volume(path, Voxels.of(numbers(), OBLIQUE))
    assert caught.value.code == "target-exists"
    volume_files.save_volume(path, Voxels.of(numbers(), OBLIQUE), overwrite=True)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("name", ["work.zarr", "work.nrrd"])
def test_a_folder_with_other_things_is_never_replaced(tmp_path, name):
    (tmp_path / name).mkdir()
    (tmp_path / name / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(TargetError):
        volume_files.save_volume(tmp_path / name, Voxels.of(numbers(), OBLIQUE), overwrite=True)
    assert (tmp_path / name / "notes.txt").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("form", volume_files.FORMATS, ids=lambda form: form.SUFFIXES[0])
@pytest.mark.parametrize(
    "failure", [OSError(28, "No space left"), KeyboardInterrupt()], ids=["full", "ctrl-c"]
)
def test_a_failure_leaves_nothing_behind(tmp_path, monkeypatch, form, failure):
    def stop_half_way(path, voxels):
        path.write_bytes(b"half")
        raise failure

    monkeypatch.setattr(form, "save", stop_half_way)
    with pytest.raises((WriteError, KeyboardInterrupt)):
        volume_files.save_volume(tmp_path / f"a{form.SUFFIXES[0]}", Voxels.of(numbers(), OBLIQUE))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("suffix", "package"), [(".nii", "nibabel"), (".zarr", "zarr"), (".tif", "tifffile")]
)
def test_a_missing_package_is_named_with_its_pip_line(tmp_path, monkeypatch, suffix, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingPackageError) as caught:
        volume_files.save_volume(tmp_path / f"a{suffix}", Voxels.of(numbers(), OBLIQUE))
    assert caught.value.remedy.endswith(
        f'pip install "dicomseries[{volume_files.find_format(suffix).PACKAGE}]"`.'
    )


def test_an_unknown_ending_is_rejected_with_the_known_ones():
    with pytest.raises(OptionError) as caught:
        volume_files.find_format("volume.xyz")
    assert all(suffix in caught.value.expected for suffix in SUFFIXES)


def test_a_folder_that_does_not_exist_is_rejected(tmp_path):
    with pytest.raises(TargetError) as caught:
        volume_files.save_volume(tmp_path / "gone" / "a.npy", Voxels.of(numbers(), OBLIQUE))
    assert caught.value.code == "target-folder-missing"


@pytest.mark.parametrize("suffix", [".nrrd", ".mha"])
def test_a_dtype_without_a_name_in_the_format_is_rejected(tmp_path, suffix):
    with pytest.raises(OptionError):
        volume_files.save_volume(tmp_path / f"a{suffix}", Voxels.of(numbers("complex64"), OBLIQUE))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".nrrd", ".mha"])
def test_big_endian_values_are_written_little_endian(tmp_path, suffix):
    sitk = pytest.importorskip("SimpleITK")
    volume_files.save_volume(tmp_path / f"a{suffix}", Voxels.of(numbers(">i2"), OBLIQUE))
    np.testing.assert_array_equal(
        sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / f"a{suffix}"))), numbers()
    )
