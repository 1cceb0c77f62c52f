"""b-values and directions of vendors are those of dcm2niix, for oblique slices of any direction."""

from __future__ import annotations

import json
import subprocess

import nibabel
import numpy as np
import pytest

import dicomseries as dcs
from judges.vendor_series import DIFFUSION_VENDORS, ORIENTATIONS, write_vendor_series

STORED = (np.arange(6 * 4 * 5 * 6, dtype="uint16") % 997).reshape(6, 4, 5, 6)
CASES = [(vendor, orientation) for vendor in DIFFUSION_VENDORS for orientation in ORIENTATIONS]


@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    """All series, and what one run of dcm2niix makes of them, by SeriesInstanceUID."""
    import dcm2niix

    root, out = tmp_path_factory.mktemp("series"), tmp_path_factory.mktemp("nifti")
    for number, (vendor, orientation) in enumerate(CASES):
        manufacturer, mark = DIFFUSION_VENDORS[vendor]
        write_vendor_series(
            root / f"{number}",
            STORED,
            ORIENTATIONS[orientation],
            mark,
            uid=4000 + number,
            manufacturer=manufacturer,
        )
    command = [dcm2niix.bin, "-z", "n", "-ba", "n", "-b", "y", "-f", "%s", "-o", str(out)]
    subprocess.run([*command, str(root)], capture_output=True, check=True, timeout=120)
    judged = {}
    for path in out.glob("*.json"):
        uid = json.loads(path.read_text(encoding="utf-8"))["SeriesInstanceUID"]
        if path.with_suffix(".bvec").exists():
            judged[uid] = path
    return root, judged


def in_patient(path):
    """Return b-values, and directions in LPS, of dcm2niix's files."""
    axes = nibabel.load(path.with_suffix(".nii")).affine[:3, :3]
    axes = axes / np.linalg.norm(axes, axis=0)
    vectors = np.loadtxt(path.with_suffix(".bvec")).T
    if np.linalg.det(axes) > 0:
        vectors[:, 0] *= -1
    return np.loadtxt(path.with_suffix(".bval")), vectors @ axes.T * [-1, -1, 1]


@pytest.mark.parametrize(("vendor", "orientation"), CASES)
def test_gradients_are_those_of_dcm2niix(converted, vendor, orientation, tmp_path):
    root, judged = converted
    number = CASES.index((vendor, orientation))
    volume = dcs.read(root / str(number))
    b_values, directions = in_patient(judged[f"2.25.{4000 + number}"])
    np.testing.assert_allclose(volume.b_values, b_values)
    # dcm2niix does not normalize the vectors of GE and Canon, which have three decimals or more.
    np.testing.assert_allclose(volume.gradients, directions, atol=1e-3)
    np.testing.assert_array_equal(volume.array, STORED)
    (axis,) = volume.volume_axes
    assert (axis.name, axis.unit, axis.values) == ("diffusion", "s/mm2", tuple(b_values))
    volume.save(tmp_path / "dwi.nii.gz")
    affine = nibabel.load(tmp_path / "dwi.nii.gz").affine[:3, :3]
    saved = np.loadtxt(tmp_path / "dwi.bvec").T
    if np.linalg.det(affine) > 0:
        saved[:, 0] *= -1
    along = affine / np.linalg.norm(affine, axis=0)
    np.testing.assert_allclose(saved @ along.T * [-1, -1, 1], volume.gradients, atol=1e-6)
    np.testing.assert_allclose(np.loadtxt(tmp_path / "dwi.bval"), b_values)


@pytest.mark.parametrize("vendor", ["ge", "canon by row", "philips", "siemens", "standard"])
def test_a_result_has_the_gradients_of_its_source_without_private_elements(
    converted, vendor, tmp_path
):
    root, _ = converted
    volume = dcs.read(root / str(CASES.index((vendor, "coronal"))))
    volume.derive(volume.array, description="Denoised").write(tmp_path / "out")
    result = dcs.read(tmp_path / "out")
    np.testing.assert_array_equal(result.array, volume.array)
    np.testing.assert_allclose(result.b_values, volume.b_values)
    np.testing.assert_allclose(result.gradients, volume.gradients, atol=1e-9)
    assert not [name for name in result.tags if name.startswith("(")]
