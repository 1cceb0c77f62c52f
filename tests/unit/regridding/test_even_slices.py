"""Irregular slices on an even grid: equal to ITK's interpolation, and the sheared affine."""

from __future__ import annotations

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk

import dicomseries as dcs
from dicomseries.errors import DicomSeriesError, GeometryError, OptionError
from judges.known import OBLIQUE, write_known_series

ROWS, COLUMNS = OBLIQUE[:3, 1] / 0.7, OBLIQUE[:3, 0] / 0.9
NORMAL = OBLIQUE[:3, 2] / 2.5
STORED = np.random.default_rng(5).integers(-900, 900, (6, 7, 5)).astype("int16")

pytestmark = pytest.mark.filterwarnings("ignore::dicomseries.errors.DicomSeriesWarning")


def series(folder, distances_mm, aside_mm=(0, 0)):
    """Write slices at these distances, shifted along rows and columns for each mm."""

    def change(index, dataset):
        step = NORMAL + ROWS * aside_mm[0] + COLUMNS * aside_mm[1]
        point = OBLIQUE[:3, 3] + distances_mm[index] * step
        dataset.ImagePositionPatient = [f"{value:.9f}" for value in point]

    return write_known_series(folder, STORED, change=change)


def slice_by_itk(pixels, origin, size, method):
    """Return one slice resampled by ITK; `origin` (x, y) in voxels, NaN outside."""
    image = sitk.GetImageFromArray(pixels.astype("float64"))
    target = sitk.Image(size[1], size[0], sitk.sitkFloat64)
    target.SetOrigin(origin)
    kind = sitk.sitkLinear if method == "linear" else sitk.sitkNearestNeighbor
    resampled = sitk.Resample(image, target, sitk.Transform(), kind, float("nan"))
    return sitk.GetArrayFromImage(resampled)


@pytest.mark.parametrize("method", ["linear", "nearest"])
@pytest.mark.parametrize("aside_mm", [(0.3, 0.0), (-0.25, 0.11), (0.0, -0.4)])
def test_sheared_slices_are_shifted_in_their_plane_as_by_itk(tmp_path, method, aside_mm):
    distances = np.arange(6) * 2.5
    folder = series(tmp_path / "s", distances, aside_mm)
    even = dcs.read(folder, even=method, fill=float("nan"))
    grid = even.grid
    to_grid = np.linalg.inv(grid.affine())
    assert grid.spacing_mm == pytest.approx((0.9, 0.7, 2.5))
    for index, position in enumerate(dcs.read(folder).positions_mm):
        first = to_grid @ (*position, 1.0)
        assert first[2] == pytest.approx(index, abs=1e-6)
        expected = slice_by_itk(STORED[index], (-first[0], -first[1]), grid.shape[1:], method)
        np.testing.assert_allclose(even[index], expected, atol=1e-3)
        assert np.isfinite(expected).sum() >= STORED[index].size - 7 - 5


@pytest.mark.parametrize(
    "distances", [(0, 2.5, 5, 10, 12.5, 15), (0, 2, 4, 6, 9, 12.5), (0, 3, 8, 10.5, 15, 18)]
)
def test_uneven_slices_are_interpolated_along_the_normal(tmp_path, distances):
    folder = series(tmp_path / "s", distances)
    even = dcs.read(folder, even="linear")
    places = np.arange(even.slices) * even.grid.spacing_mm[2]
    assert places[-1] == pytest.approx(distances[-1])
    assert even.grid.spacing_mm[2] <= min(np.diff(distances)) + 1e-9
    for index, place in enumerate(places):
        below = min(int(np.searchsorted(distances, place + 1e-9)) - 1, 4)
        part = (place - distances[below]) / (distances[below + 1] - distances[below])
        expected = STORED[below] * (1 - part) + STORED[below + 1] * part
        np.testing.assert_allclose(even[index], expected, atol=1e-3)
    nearest = dcs.read(folder, even="nearest")
    assert nearest.dtype == dcs.read(folder).dtype
    assert set(np.unique(nearest)) <= set(np.unique(STORED))


def test_missing_slices_are_filled_if_a_value_is_given(tmp_path):
    folder = series(tmp_path / "s", (0, 2.5, 5, 10, 12.5, 15))
    even = dcs.read(folder, even="nearest", fill=-1024)
    np.testing.assert_array_equal(even[3], np.full((7, 5), -1024))
    np.testing.assert_array_equal(np.delete(even.array, 3, axis=0), STORED)
    assert "1 between them are -1024" in even.notes[-1]


def test_a_volume_that_is_made_even_can_be_written_and_says_how(tmp_path):
    volume = dcs.read(series(tmp_path / "s", (0, 2.5, 5, 10, 12.5, 15))).resample("nearest")
    assert volume.notes[-1].startswith("The slices were put on an even grid by the nearest voxel")
    receipt = dcs.write(volume, tmp_path / "out", kind="CT", sync=False)
    assert any("put on an even grid" in sentence for sentence in receipt.advice)
    back = dcs.read(tmp_path / "out")
    np.testing.assert_array_equal(back, volume)
    np.testing.assert_allclose(back.grid.affine(), volume.grid.affine(), atol=1e-6)


def test_a_lazy_volume_stays_lazy_and_equal(tmp_path):
    folder = series(tmp_path / "s", np.arange(6) * 2.5, (0.3, 0.1))
    lazy = dcs.read(folder, lazy=True).resample("linear")
    whole = dcs.read(folder, even="linear")
    np.testing.assert_array_equal(lazy.array[2:4], whole[2:4])


def test_a_regular_volume_is_not_changed(tmp_path):
    folder = write_known_series(tmp_path / "s", STORED)
    np.testing.assert_array_equal(dcs.read(folder, even="linear"), STORED)
    volume = dcs.read(folder)
    assert volume.resample() is volume


@pytest.mark.parametrize(
    ("options", "code"),
    [({"even": "cubic"}, "even-unknown"), ({"even": "nearest", "fill": "x"}, "fill-not-a-number")],
)
def test_wrong_options_are_rejected(tmp_path, options, code):
    folder = series(tmp_path / "s", np.arange(6) * 2.5, (0.3, 0.1))
    with pytest.raises(OptionError) as caught:
        dcs.read(folder, **options)
    assert caught.value.code == code


def test_slices_of_several_orientations_are_no_even_grid(tmp_path):
    def change(index, dataset):
        dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0] if index % 2 else [0, 1, 0, 0, 0, -1]

    folder = write_known_series(tmp_path / "s", STORED, change=change)
    with pytest.raises(GeometryError) as caught:
        dcs.read(folder, even="linear")
    assert (caught.value.code, caught.value.where) == ("mixed-orientations", "even")
    with pytest.raises(DicomSeriesError):
        dcs.read(folder).resample()


@pytest.mark.parametrize("suffix", [".nii", ".nrrd"])
def test_a_sheared_affine_is_in_files_that_hold_it(tmp_path, suffix):
    volume = dcs.read(series(tmp_path / "s", np.arange(6) * 2.5, (0.3, 0.1)))
    path = tmp_path / f"a{suffix}"
    volume.save(path)
    if suffix == ".nii":
        image = nibabel.load(path)
        affine = np.diag((-1, -1, 1, 1)) @ image.affine
        assert (image.get_sform(coded=True)[1], image.get_qform(coded=True)[1]) == (1, 0)
        np.testing.assert_array_equal(np.asarray(image.dataobj).T, STORED)
        tolerance = 1e-4
    else:
        header = path.read_bytes().split(b"\n\n")[0].decode()
        lines = dict(line.split(": ", 1) for line in header.splitlines() if ": " in line)
        vectors = [
            [float(number) for number in vector.strip("()").split(",")]
            for vector in (lines["space directions"] + " " + lines["space origin"]).split()
        ]
        affine = np.vstack((np.transpose(vectors), (0, 0, 0, 1)))
        tolerance = 1e-9
    for index, position in enumerate(volume.positions_mm):
        found = affine @ (0, 0, index, 1)
        np.testing.assert_allclose(found[:3], position, atol=tolerance)
    np.testing.assert_allclose(affine, volume.sheared_affine(), atol=tolerance)
