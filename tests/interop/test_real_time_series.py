"""Real images over time and diffusion weightings reach other readers through DICOM."""

from __future__ import annotations

import subprocess

import nibabel
import numpy as np
import pytest

import data_packages
import dicomseries as dcs
from judges import corner_distance, dcentvfy, dciodvfy, read_with_dcm2niix, read_with_simpleitk

pytestmark = pytest.mark.real_data

MR_KINDS = {"MR": {}, "EnhancedMR": {"ApplicableSafetyStandardAgency": "IEC"}}
kinds = pytest.mark.parametrize("kind", MR_KINDS)


def truth(path):
    """Return voxels (volumes, slices, rows, columns) and the LPS affine from nibabel."""
    image = nibabel.load(path)
    return image.get_fdata().transpose(3, 2, 1, 0), np.diag([-1.0, -1, 1, 1]) @ image.affine


def assert_valid(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in files[:: max(1, len(files) // 20)]:
        assert dciodvfy(path).errors == ()
    assert (dcentvfy(files).errors, dcentvfy(files).warnings) == ((), ())


def converted(folder, out):
    """Return the files dcm2niix makes of a folder, by their endings."""
    import dcm2niix

    out.mkdir()
    command = [dcm2niix.bin, "-z", "n", "-f", "volume", "-o", str(out), str(folder)]
    subprocess.run(command, capture_output=True, check=True, timeout=120)
    found = {path.suffix: path for path in out.iterdir()}
    assert len(found) == len(list(out.iterdir()))
    return found


@kinds
def test_functional_images_keep_voxels_place_and_repetition_time(tmp_path, kind):
    path = data_packages.find(data_packages.FUNCTIONAL)
    array, affine = truth(path)
    receipt = dcs.write(path, tmp_path / "out", kind=kind, metadata=MR_KINDS[kind], sync=False)
    assert receipt.volumes == 20
    assert_valid(tmp_path / "out")
    (seen,) = read_with_dcm2niix(tmp_path / "out")
    volumes = [one.aligned_to(affine) for one in seen.each()]
    assert len(volumes) == 20
    # The voxels are scaled integers; NIfTI's scale is a float32, and so is dcm2niix's.
    bound = receipt.max_error + 2.0**-22 * np.abs(array).max()
    for one, meant in zip(volumes, array, strict=True):
        assert corner_distance(one, affine, meant.shape) < 1e-3
        assert np.abs(one.array - meant).max() <= bound
    header = nibabel.load(converted(tmp_path / "out", tmp_path / "nii")[".nii"]).header
    assert header.get_zooms()[3] == nibabel.load(path).header.get_zooms()[3] == 2.0
    own = dcs.read(tmp_path / "out")
    assert own.times_s == tuple(2.0 * index for index in range(20))
    found = dcs.check(tmp_path / "out", against=path, max_error=receipt.max_error, validators=False)
    assert [one for one in found if one.level == "error"] == []


@kinds
def test_each_time_point_of_a_split_functional_image_is_read_right_by_simpleitk(tmp_path, kind):
    path = data_packages.find(data_packages.FUNCTIONAL)
    array, affine = truth(path)
    receipt = dcs.write(
        path, tmp_path / "out", kind=kind, metadata=MR_KINDS[kind], split="time", sync=False
    )
    assert_valid(tmp_path / "out")
    for one, meant in zip(receipt.every, array, strict=True):
        seen = read_with_simpleitk(tmp_path / "out" / one.out.rpartition("/")[2]).aligned_to(affine)
        assert corner_distance(seen, affine, meant.shape) < 1e-3
        assert np.abs(seen.array - meant).max() <= one.max_error + 1e-9


def diffusion():
    images = ("SMALL_64D", "SMALL_64D_BVAL", "SMALL_64D_BVEC")
    return tuple(data_packages.find(getattr(data_packages, name)) for name in images)


@kinds
def test_diffusion_images_keep_voxels_b_values_and_directions(tmp_path, kind):
    path, bvals, bvecs = diffusion()
    array, affine = truth(path)
    grid = dcs.open_volume(path).grid
    receipt = dcs.write(
        path,
        tmp_path / "out",
        kind=kind,
        metadata=MR_KINDS[kind],
        per_volume=dcs.diffusion_gradients(bvals, bvecs, grid),
        sync=False,
    )
    assert (receipt.volumes, receipt.max_error) == (65, 0.0)
    assert_valid(tmp_path / "out")
    files = converted(tmp_path / "out", tmp_path / "nii")
    found, affine_found = truth(files[".nii"])
    assert found.shape == array.shape
    (seen,) = read_with_dcm2niix(tmp_path / "out")
    for one, meant in zip(seen.each(), array, strict=True):
        aligned = one.aligned_to(affine)
        assert corner_distance(aligned, affine, meant.shape) < 1e-3
        assert np.array_equal(aligned.array, meant)
    assert np.abs(np.loadtxt(files[".bval"]) - np.loadtxt(bvals)).max() < 0.05
    ours, theirs = (
        in_space(np.loadtxt(files[".bvec"]).T, affine_found),
        in_space(np.loadtxt(bvecs), affine),
    )
    assert np.abs(ours[1:] - theirs[1:]).max() < 1e-4


def in_space(directions, affine_lps):
    """Return FSL's directions in patient coordinates.

    They run along the voxel axes; the first is negated if the determinant is positive."""
    axes = affine_lps[:3, :3] / np.linalg.norm(affine_lps[:3, :3], axis=0)
    signs = (-1 if np.linalg.det(axes) > 0 else 1, 1, 1)
    return (directions * signs) @ axes.T


def test_the_b_values_come_back_with_the_volumes(tmp_path):
    path, bvals, bvecs = diffusion()
    options = {"metadata": MR_KINDS["EnhancedMR"], "sync": False}
    gradients = dcs.diffusion_gradients(bvals, bvecs, dcs.open_volume(path).grid)
    dcs.write(path, tmp_path / "out", kind="EnhancedMR", per_volume=gradients, **options)
    own = dcs.read(tmp_path / "out")
    frames = own.tags.instances
    assert len(frames) == 65 * 10
    b_values = [frames[10 * index]["DiffusionBValue"] for index in range(65)]
    assert b_values == pytest.approx(np.loadtxt(bvals).tolist())
