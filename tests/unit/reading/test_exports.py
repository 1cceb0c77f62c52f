"""A volume becomes an image of SimpleITK, nibabel, xarray or dask, and comes back as it was."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.errors import MissingPackageError, OptionError, TargetError

OBLIQUE = np.array([[0.36, -0.8, 0.48], [0.48, 0.6, 0.64], [-0.8, 0.0, 0.6]])
"""Columns of a rotation about two axes."""
SHAPE = (3, 4, 5)
PLACED = {"spacing": (0.7, 0.9, 2.5), "origin": (-20.25, 31.5, 100.75), "sync": False}
EXPORTS = ("to_sitk", "to_nibabel", "to_xarray")


def numbers(shape, dtype="int16"):
    """Return values that differ in every voxel, negative ones among them."""
    first = 0 if np.dtype(dtype).kind in "ub" else -30
    return (np.arange(np.prod(shape)) + first).reshape(shape).astype(dtype)


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    """Return the folder of each kind of series."""
    top = tmp_path_factory.mktemp("series")
    oblique = {**PLACED, "direction": OBLIQUE}
    dcs.write(numbers(SHAPE), top / "oblique", kind="CT", metadata={"RescaleType": "HU"}, **oblique)
    dcs.write(numbers(SHAPE), top / "axial", kind="CT", **PLACED)
    coronal = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]])
    dcs.write(numbers(SHAPE), top / "coronal", kind="MR", direction=coronal, **PLACED)
    timed = {**oblique, "axes": "tzyx", "times": 2.5}
    dcs.write(numbers((2, *SHAPE)), top / "timed", kind="MR", **timed)
    colours = numbers((*SHAPE, 3), "uint8")
    dcs.write(colours, top / "colour", kind="SC", **oblique)
    floats = numbers(SHAPE).astype("float32") / 7
    lossless = {"values": dcs.Lossless(), "units": "mm2/s"}
    dcs.write(floats, top / "map", kind="ParametricMap", **lossless, **oblique)
    labels = numbers(SHAPE, "uint8") % 3
    form = {"segments": {1: "Liver", 2: "Spleen"}}
    dcs.write(labels, top / "labels", kind="Segmentation", **form, **oblique)
    rescaled = {"values": dcs.Rescale(max_error=0.01)}
    dcs.write(numbers(SHAPE) / 3, top / "rescaled", kind="MR", **rescaled, **oblique)
    return top


KINDS = {
    "oblique": "CT",
    "axial": "CT",
    "coronal": "MR",
    "timed": "MR",
    "colour": "SC",
    "map": "ParametricMap",
    "labels": "Segmentation",
    "rescaled": "MR",
}


def written_again(image, name, out):
    options = {"kind": KINDS[name], "orient": "as-is", "sync": False}
    if name == "labels":
        options["segments"] = {1: "Liver", 2: "Spleen"}
    if name == "map":
        options |= {"values": dcs.Lossless(), "units": "mm2/s"}
    dcs.write(image, out, **options)
    return dcs.read(out)


@pytest.mark.parametrize("export", EXPORTS)
@pytest.mark.parametrize(
    ("name", "lazy"), [*((name, False) for name in KINDS), ("oblique", True), ("timed", True)]
)
def test_an_image_written_again_has_the_same_values_on_the_same_grid(
    name, export, lazy, series, tmp_path
):
    volume = dcs.read(series / name, lazy=lazy)
    again = written_again(getattr(volume, export)(), name, tmp_path / "again")
    assert again.shape == volume.shape
    assert np.abs(np.asarray(again, float) - np.asarray(volume, float)).max() <= 0.02 * (
        name == "rescaled"
    )
    assert again.grid.shape == volume.grid.shape
    for field in ("spacing_mm", "origin_lps", "direction_lps"):
        assert getattr(again.grid, field) == pytest.approx(getattr(volume.grid, field), abs=1e-9)
    assert again.times_s == volume.times_s


@pytest.mark.parametrize("name", ["oblique", "axial", "coronal", "colour", "rescaled"])
def test_simpleitk_reads_the_series_as_the_same_image(name, series):
    sitk = pytest.importorskip("SimpleITK")
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(series / name)))
    theirs = reader.Execute()
    ours = dcs.read(series / name).to_sitk()
    assert ours.GetSize() == theirs.GetSize()
    assert ours.GetNumberOfComponentsPerPixel() == theirs.GetNumberOfComponentsPerPixel()
    for facts in ("GetSpacing", "GetOrigin", "GetDirection"):
        assert getattr(ours, facts)() == pytest.approx(getattr(theirs, facts)(), abs=1e-5)
    difference = sitk.GetArrayFromImage(ours) - sitk.GetArrayFromImage(theirs).astype(float)
    assert np.abs(difference).max() < 1e-6


def test_both_kinds_of_image_put_a_voxel_on_the_same_point(series):
    volume = dcs.read(series / "oblique")
    image, nifti = volume.to_sitk(), volume.to_nibabel()
    for index in ((0, 0, 0), (4, 3, 2), (1, 2, 0)):
        left, posterior, superior = image.TransformIndexToPhysicalPoint(index)
        point = nifti.affine @ [*index, 1]
        assert point[:3] == pytest.approx([-left, -posterior, superior], abs=1e-9)
        assert image.GetPixel(*index) == nifti.dataobj[index] == volume[index[::-1]]


def test_a_nifti_image_states_scanner_coordinates_units_and_time(series):
    timed = dcs.read(series / "timed")
    image = timed.to_nibabel()
    assert image.shape == (5, 4, 3, 2)
    assert (image.header["sform_code"], image.header["qform_code"]) == (1, 1)
    assert image.header.get_xyzt_units() == ("mm", "sec")
    assert image.header.get_zooms() == pytest.approx((0.7, 0.9, 2.5, 2.5))
    assert np.array_equal(np.asarray(image.dataobj).T, timed)
    assert np.array_equal(image.affine, timed.grid.affine("RAS"))
    assert image.get_sform() == pytest.approx(image.affine, abs=1e-4)
    assert image.get_qform() == pytest.approx(image.affine, abs=1e-4)


def test_volumes_are_the_fourth_dimension_of_simpleitk(series):
    image = dcs.read(series / "timed").to_sitk()
    assert image.GetSize() == (5, 4, 3, 2)
    assert image.GetSpacing() == (0.7, 0.9, 2.5, 2.5)
    direction = np.reshape(image.GetDirection(), (4, 4))
    assert direction[:3, :3] == pytest.approx(OBLIQUE)
    assert direction[3].tolist() == [0, 0, 0, 1]


def test_the_coordinates_of_an_axial_array_are_lps_positions(series):
    labelled = dcs.read(series / "axial").to_xarray()
    assert labelled.dims == ("z", "y", "x")
    assert labelled.z.values.tolist() == [100.75, 103.25, 105.75]
    assert labelled.x.attrs == {"units": "mm"}
    assert labelled.sel(z=103.25, method="nearest").equals(labelled[1])


@pytest.mark.parametrize("name", ["oblique", "coronal"])
def test_the_vectors_of_an_oblique_array_add_up_to_positions(name, series):
    volume = dcs.read(series / name)
    labelled = volume.to_xarray()
    assert not {"x", "y", "z"} & set(labelled.coords)
    voxel = labelled[2, 1, 4]
    point = [sum(voxel[f"{side}_{axis}"].item() for axis in "xyz") for side in "LPS"]
    assert point == pytest.approx(volume.grid.point(4, 1, 2))


@pytest.mark.parametrize("name", ["axial", "oblique"])
def test_a_cut_and_computed_array_stays_on_its_points(name, series, tmp_path):
    labelled = dcs.read(series / name).to_xarray()
    part = (labelled * 2)[1:, ::2, 1:4].astype("int16")
    dcs.write(part, tmp_path / "part", kind="CT", orient="as-is", sync=False)
    back = dcs.read(tmp_path / "part")
    assert np.array_equal(back, part.values)
    assert back.grid.point(1, 1, 1) == pytest.approx(dcs.read(series / name).grid.point(2, 2, 2))


def test_the_units_of_values_and_times_are_attributes(series):
    assert dcs.read(series / "oblique").to_xarray().attrs == {"units": "HU"}
    assert dcs.read(series / "map").to_xarray().attrs == {"units": "mm2/s"}
    timed = dcs.read(series / "timed").to_xarray()
    assert timed.t.values.tolist() == [0.0, 2.5]
    assert timed.t.attrs == {"units": "s"}
    stored = dcs.read(series / "rescaled", values="stored")
    attributes = stored.to_xarray().attrs
    real = np.asarray(stored) * attributes["scale_factor"] + attributes["add_offset"]
    assert real == pytest.approx(np.asarray(dcs.read(series / "rescaled")))


def test_a_lazy_volume_stays_lazy_in_xarray_and_dask(series):
    lazy = dcs.read(series / "oblique", lazy=True)
    assert lazy.to_xarray().chunks is not None
    assert np.array_equal(lazy.to_dask().compute(), lazy)
    assert dcs.read(series / "oblique").to_xarray().chunks is None


def test_one_volume_of_several_is_an_image_of_three_dimensions(series):
    timed = dcs.read(series / "timed")
    assert np.array_equal(np.asarray(timed.at(1).to_nibabel().dataobj).T, timed[1])


@pytest.fixture(scope="module")
def picture(tmp_path_factory):
    out = tmp_path_factory.mktemp("picture") / "sc"
    dcs.write(numbers((4, 5), "uint8"), out, kind="SC", sync=False)
    return out


@pytest.mark.filterwarnings("ignore")  # of the missing spacing and place
def test_no_length_or_place_is_made_up_for_a_picture(picture):
    volume = dcs.read(picture)
    assert not {"x", "y", "z", "L_x"} & set(volume.to_xarray().coords)
    nifti = volume.to_nibabel()
    assert (nifti.header["sform_code"], nifti.header.get_xyzt_units()[0]) == (0, "unknown")
    assert volume.to_sitk().GetSpacing() == (1, 1, 1)


def test_a_slice_without_thickness_is_exported_with_a_warning(tmp_path):
    pydicom = pytest.importorskip("pydicom")
    dcs.write(numbers((1, 4, 5)), tmp_path / "ct", kind="CT", **PLACED)
    file = next((tmp_path / "ct").glob("*.dcm"))
    dataset = pydicom.dcmread(file)
    del dataset.SliceThickness, dataset.SpacingBetweenSlices
    dataset.save_as(file)
    with pytest.warns(dcs.DicomSeriesWarning):
        volume = dcs.read(file)
    assert np.isnan(volume.spacing[2])
    for export in (volume.to_sitk, volume.to_nibabel, lambda: volume.save(tmp_path / "a.nrrd")):
        with pytest.warns(dcs.DicomSeriesWarning, match="no thickness"):
            export()
    volume.save(tmp_path / "a.npy")


def test_a_volume_is_saved_as_the_command_saves_it(series, tmp_path, monkeypatch):
    from dicomseries.cli import main

    monkeypatch.chdir(tmp_path)
    volume = dcs.read(series / "timed")
    for ending in ("nii", "nrrd", "mha", "npy", "npz", "tif"):
        volume.save(f"ours.{ending}")
        assert main(["read", str(series / "timed"), f"theirs.{ending}"]) == 0
        assert (tmp_path / f"ours.{ending}").read_bytes() == (
            tmp_path / f"theirs.{ending}"
        ).read_bytes()


def test_a_saved_file_is_replaced_only_when_asked(series, tmp_path):
    volume = dcs.read(series / "axial")
    volume.save(tmp_path / "a.nii.gz")
    with pytest.raises(TargetError) as caught:
        volume.save(tmp_path / "a.nii.gz")
    assert caught.value.code == "target-exists"
    volume.save(tmp_path / "a.nii.gz", overwrite=True)
    assert dcs.open_volume(tmp_path / "a.nii.gz").grid.shape == SHAPE
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.nii.gz"]


def test_an_unknown_ending_is_rejected_before_anything_is_read(series, tmp_path):
    with pytest.raises(OptionError) as caught:
        dcs.read(series / "axial", lazy=True).save(tmp_path / "a.xyz")
    assert caught.value.code == "format-unknown"


@pytest.mark.parametrize(
    ("export", "package"),
    [("to_sitk", "SimpleITK"), ("to_nibabel", "nibabel"), ("to_xarray", "xarray")],
)
def test_a_missing_package_is_named(export, package, series, monkeypatch):
    volume = dcs.read(series / "axial")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingPackageError, match=f"pip install {package}"):
        getattr(volume, export)()


def test_a_dtype_that_a_package_lacks_is_rejected():
    from dicomseries.sinks import Voxels, itk_image, nifti_image

    grid = dcs.Grid(shape=SHAPE, spacing_mm=(1, 1, 2))
    half = Voxels.of(np.ones(SHAPE, "float16"), grid)
    for make in (itk_image, nifti_image):
        with pytest.raises(OptionError) as caught:
            make(half, "here")
        assert caught.value.code == "dtype-not-in-format"
    mask = itk_image(Voxels.of(np.ones(SHAPE, bool), grid), "here")
    assert mask.GetPixelIDTypeAsString() == "8-bit unsigned integer"
