"""Resampling gives the numbers of ITK's filter, slab by slab, in bounded memory."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk

import dicomseries as dcs
from dicomseries.errors import DicomSeriesWarning, MissingPackageError, OptionError
from dicomseries.geometry import Grid
from dicomseries.regridding import resampled_frames
from dicomseries.sources import FrameReader, Volume, array_frames
from judges.known import OBLIQUE

SHAPE = (6, 8, 10)
TURNED = np.array(
    [
        [0.0, 0.9 * 0.96, -1.1 * 0.28, 0.3],
        [1.3, 0.0, 0.0, -1.1],
        [0.0, 0.9 * 0.28, 1.1 * 0.96, 0.7],
        [0.0, 0.0, 0.0, 1.0],
    ]
)
"""Turned and shifted steps (mm) among those of `OBLIQUE`, as an affine."""


def result_affine():
    """Return an oblique grid in the middle of the source's, parallel to none of its axes."""
    directions = OBLIQUE.copy()
    directions[:3, :3] /= np.linalg.norm(OBLIQUE[:3, :3], axis=0)
    centre = (OBLIQUE @ (3, 2, 1, 1))[:3]
    affine = directions @ TURNED
    affine[:3, 3] = centre + directions[:3, :3] @ TURNED[:3, 3]
    return affine


def itk_image(volume):
    """Return an image made with SimpleITK's own calls."""
    image = sitk.GetImageFromArray(np.asarray(volume.array))
    grid = volume.grid
    image.SetSpacing(grid.spacing_mm)
    image.SetOrigin(grid.origin_lps)
    image.SetDirection(grid.direction_lps)
    return image


def resampled_by_itk(volume, reference, method, fill):
    chosen = {"nearest": sitk.sitkNearestNeighbor, "linear": sitk.sitkLinear}[method]
    moving = itk_image(volume)
    if method == "linear":
        moving = sitk.Cast(moving, sitk.sitkFloat64)
    resampler = sitk.ResampleImageFilter()
    resampler.SetReferenceImage(itk_image(reference))
    resampler.SetInterpolator(chosen)
    resampler.SetDefaultPixelValue(fill)
    return sitk.GetArrayFromImage(resampler.Execute(moving))


@pytest.mark.parametrize("method", ["nearest", "linear"])
@pytest.mark.parametrize("dtype", ["int16", "float32"])
def test_oblique_grids_give_the_numbers_of_itk(source, write, rng, method, dtype):
    values = rng.integers(-900, 900, (5, 7, 6)).astype(dtype)
    kind = {"int16": ("CT", {}), "float32": ("ParametricMap", {"units": "1"})}[dtype]
    path = write(values, result_affine(), kind[0], **kind[1])
    with pytest.warns(DicomSeriesWarning, match="resampled by"):
        volume = dcs.read(path, onto=source, resample=method, fill=-5000)
    reference = dcs.read(source)
    expected = resampled_by_itk(dcs.read(path), reference, method, -5000)
    assert 0.05 < (expected != -5000).mean() < 0.9, "a part is inside, a part is not"
    np.testing.assert_allclose(volume.array, expected, rtol=1e-5, atol=1e-3)
    assert volume.grid == reference.grid
    assert ("linear" if method == "linear" else "nearest") in volume.notes[-1]
    lazy = dcs.read(path, onto=source, resample=method, fill=-5000, lazy=True)
    np.testing.assert_array_equal(
        np.concatenate([lazy[index : index + 1] for index in range(6)]), volume.array
    )


@pytest.mark.parametrize("method", ["nearest", "linear"])
@pytest.mark.parametrize("axes", [(2, 1, 0), (1, 0, 2), (0, 2, 1)])
def test_a_volume_that_is_not_kept_is_read_in_small_parts(rng, method, axes, monkeypatch):
    values = rng.normal(size=(20, 9, 8)).astype("float32")
    grid = Grid(shape=(20, 9, 8), spacing_mm=(1, 1.5, 0.8), origin_lps=(3, -2, 5))
    matrix = np.diag([0.7, 0.6, 0.9, 1.0])[:, [*axes, 3]]
    matrix[:3, 3] = (3.1, -1.9, 5.2)
    other = Grid.from_affine((9, 11, 10), matrix, space="LPS")
    kept = FrameReader(
        shape=values.shape, dtype=values.dtype, read=lambda start, stop: values[start:stop]
    )
    volume = Volume(slabs=kept, grid=grid)
    options = {"fill": np.nan, "dtype": values.dtype}
    whole = resampled_frames.resampled_frames(volume, other, method, **options).read(0, 9)
    counts = []

    def read(start, stop):
        counts.append(stop - start)
        return values[start:stop]

    parts = replace(volume, slabs=replace(kept, read=read))
    monkeypatch.setattr(resampled_frames, "_KEPT_BYTES", 0)
    monkeypatch.setattr(resampled_frames, "_PART_BYTES", 5 * 9 * 8 * 4)
    frames = resampled_frames.resampled_frames(parts, other, method, **options)
    np.testing.assert_array_equal(frames.read(0, 9), whole)
    assert max(counts) <= 5
    assert np.isfinite(whole).any()


def test_a_point_half_way_goes_to_the_same_side_everywhere():
    values = np.arange(2.0, 42.0).reshape(1, 1, 40)
    grid = Grid(shape=(1, 1, 40), spacing_mm=(1 / 3, 1, 1), origin_lps=(0.7, 0, 0))
    other = replace(grid, shape=(1, 1, 39), origin_lps=(0.7 + 1 / 6, 0, 0))
    volume = Volume(slabs=array_frames(values), grid=grid)
    frames = resampled_frames.resampled_frames(volume, other, "nearest", fill=0, dtype=values.dtype)
    assert np.unique(np.diff(frames.read(0, 1))).tolist() == [1.0]


def test_labels_keep_their_numbers_and_are_never_interpolated(source, write, rng):
    labels = rng.integers(0, 3, (5, 7, 6)).astype("uint8")
    path = write(labels, result_affine(), "Segmentation")
    volume = dcs.read(path, onto=source, resample="nearest")
    expected = resampled_by_itk(dcs.read(path), dcs.read(source), "nearest", 0)
    assert (volume.dtype, volume.voxels) == (np.uint8, "labels")
    np.testing.assert_array_equal(volume.array, expected)
    with pytest.raises(OptionError) as caught:
        dcs.read(path, onto=source, resample="linear")
    assert caught.value.code == "resample-labels"


def test_volumes_in_time_are_resampled_one_by_one(source, write, rng):
    values = rng.integers(0, 900, (2, 5, 7, 6)).astype("int16")
    path = write(values, result_affine(), "MR", axes="tzyx", times=(0.0, 1.5))
    volume = dcs.read(path, onto=source, resample="linear", fill=np.nan)
    assert (volume.shape, volume.dtype, volume.times_s) == (
        (2, *SHAPE),
        np.float32,
        (0.0, 1.5),
    )
    for index in range(2):
        expected = resampled_by_itk(dcs.read(path).at(index), dcs.read(source), "linear", np.nan)
        np.testing.assert_allclose(volume.array[index], expected, rtol=1e-5, atol=1e-3)


def test_colours_are_resampled_channel_by_channel(rng):
    values = rng.integers(0, 255, (4, 5, 6, 3)).astype("uint8")
    grid = Grid(shape=(4, 5, 6), spacing_mm=(1, 1, 1))
    other = Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 1), origin_lps=(0.25, 0.25, 0.25))
    options = {"fill": 0, "dtype": np.dtype("float32")}
    colour = resampled_frames.resampled_frames(
        Volume(slabs=array_frames(values), grid=grid), other, "linear", **options
    ).read(0, 3)
    for channel in range(3):
        grey = Volume(slabs=array_frames(values[..., channel].copy()), grid=grid)
        frames = resampled_frames.resampled_frames(grey, other, "linear", **options)
        np.testing.assert_array_equal(colour[..., channel], frames.read(0, 3))


def test_resampling_is_told_in_the_receipt_of_a_later_write(source, write, rng, tmp_path):
    path = write(rng.integers(0, 900, (5, 7, 6)).astype("int16"), result_affine())
    volume = dcs.read(path, onto=source, resample="linear", fill=0)
    options = {"kind": "CT", "values": dcs.Rescale(max_error=0.01)}
    for name, more in (("alone", {}), ("like", {"like": source})):
        receipt = dcs.write(volume, tmp_path / name, **options, **more)
        assert any("resampled by linear" in text for text in receipt.advice), name


def test_a_grid_that_coincides_needs_no_scipy_and_another_names_it(source, write, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.ndimage", None)
    same = dcs.read(write(np.ones(SHAPE, "int16")), onto=source, resample="linear")
    assert (same.dtype, same.notes) == (np.int16, ())
    path = write(np.ones((5, 7, 6), "int16"), result_affine())
    with pytest.raises(MissingPackageError, match=r"dicomseries\[resample\]"):
        dcs.read(path, onto=source, resample="linear", fill=0)
