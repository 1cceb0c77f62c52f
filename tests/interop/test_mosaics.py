"""Mosaics and grids as dcm2niix reads them: one run for all forms."""

from __future__ import annotations

import json
import subprocess
from importlib.util import find_spec
from itertools import product

import numpy as np
import pytest

from dicomseries.reading import read, slice_times_s
from judges.mosaics import MOSAIC_AFFINE, grid_dataset, mosaic_dataset, write_mosaics
from judges.presence import absent

_TURNED = [
    MOSAIC_AFFINE[:, [*order, 3]] * (*signs, 1, 1)
    for order in ((0, 1, 2), (2, 0, 1))
    for signs in ((1, 1), (-1, 1))
]
"""Orientations: oblique coronal and sagittal, mirrored too."""

DIRECTIONS = [None, (0.0, 0.6, 0.8), (1.0, 0.0, 0.0), (0.6, -0.8, 0.0)]
"""Gradient directions in the patient, LPS, of the volumes of the diffusion series."""


def _right_handed(affine):
    """Return the affine with the slices along the normal of rows and columns."""
    normal = np.cross(affine[:3, 0], affine[:3, 1])
    result = affine.copy()
    result[:3, 2] *= np.sign(normal @ affine[:3, 2])
    return result


def _series():
    """Yield number, voxels, and how the mosaics are made."""
    random = np.random.default_rng(15)
    number = 1
    for affine, is_reversed, count in product(_TURNED, (False, True), (5, 9)):
        stored = random.integers(1, 4000, (2, count, 8, 12), "uint16")
        yield number, stored, {"affine": _right_handed(affine), "is_reversed": is_reversed}
        number += 1
    for affine in _TURNED:
        stored = random.integers(1, 4000, (2, 5, 8, 12), "uint16")
        yield number, stored, {"affine": _right_handed(affine), "make": grid_dataset}
        number += 1
    stored = random.integers(1, 4000, (4, 5, 8, 12), "uint16")
    yield number, stored, {"make": _weighted}


def _weighted(slices, volume):
    direction = DIRECTIONS[volume]
    fields = {"B_value": ("IS", ["0" if direction is None else "1000"])}
    if direction is not None:
        fields["DiffusionGradientDirection"] = ("FD", [f"{part:.8f}" for part in direction])
    return mosaic_dataset(slices, volume=volume, fields=fields)


@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    """Return the folders of all series, and that of dcm2niix's files."""
    if find_spec("dcm2niix") is None or find_spec("nibabel") is None:
        absent("dcm2niix", "run `make check`, which installs it")
    import dcm2niix

    root, out = tmp_path_factory.mktemp("mosaics"), tmp_path_factory.mktemp("nifti")
    folders = {}
    for number, stored, options in _series():

        def numbered(volume, dataset, number=number):
            dataset.SeriesNumber, dataset.SeriesInstanceUID = number, f"2.25.5002.{number}"
            dataset.SOPInstanceUID = f"2.25.5002.{number}.{volume + 1}"

        path = write_mosaics(root / str(number), stored, change=numbered, **options)
        folders[number] = path, stored, options
    command = [dcm2niix.bin, "-z", "n", "-b", "y", "-f", "%s", "-o", str(out), str(root)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return folders, out


def test_voxels_and_places_are_those_of_dcm2niix(converted):
    import nibabel

    folders, out = converted
    for number, (path, stored, options) in folders.items():
        volume = read(path)
        np.testing.assert_array_equal(volume.array, stored)
        expected = options.get("affine", MOSAIC_AFFINE)
        np.testing.assert_allclose(volume.grid.affine(), expected, atol=1e-6)
        image = nibabel.load(out / f"{number}.nii")
        theirs = np.asarray(image.dataobj)
        to_ours = np.linalg.inv(volume.grid.affine("RAS")) @ image.affine
        corners = np.array(list(product(*((0, size - 1) for size in theirs.shape[:3]))))
        for corner in corners:
            index = to_ours[:3] @ (*corner, 1)
            np.testing.assert_allclose(index, np.rint(index), atol=1e-3, err_msg=str(number))
            x, y, z = np.rint(index).astype(int)
            np.testing.assert_array_equal(theirs[tuple(corner)], stored[:, z, y, x])
        assert _in_order(theirs, stored), number


def _in_order(theirs, stored):
    """Return whether the voxels are equal but for flipped axes."""
    ours = np.transpose(stored, (3, 2, 1, 0))
    flips = product((slice(None), slice(None, None, -1)), repeat=3)
    return any(np.array_equal(theirs, ours[flip]) for flip in flips)


def test_slice_times_weightings_and_directions_are_those_of_dcm2niix(converted):
    folders, out = converted
    (number,) = (number for number, (*_, made) in folders.items() if made.get("make") is _weighted)
    volume = read(folders[number][0])
    sidecar = json.loads((out / f"{number}.json").read_text(encoding="utf-8"))
    times = slice_times_s(volume.tags, volume.grid)
    np.testing.assert_allclose(times, sidecar["SliceTiming"], atol=1e-9)
    b_values = volume.tags["DiffusionBValue"][::5]
    np.testing.assert_array_equal(b_values, np.loadtxt(out / f"{number}.bval"))
    axes = MOSAIC_AFFINE[:3, :3] / np.linalg.norm(MOSAIC_AFFINE[:3, :3], axis=0)
    columns = []
    for direction in volume.tags["DiffusionGradientOrientation"][::5]:
        in_image = np.zeros(3) if direction is None else np.array(direction) @ axes
        columns.append(in_image * (1, -1, 1))  # the rows of NIfTI count upwards
    np.testing.assert_allclose(np.transpose(columns), np.loadtxt(out / f"{number}.bvec"), atol=1e-5)
