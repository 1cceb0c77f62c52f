"""Validity and places of slices that form no regular grid, on separate planes."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest

import dicomseries as dcs
from judges import dcentvfy, dciodvfy
from judges.validators import DEBIAN, PACKAGED

RANDOM = np.random.default_rng(15)
ARRAY = RANDOM.integers(-900, 900, (6, 8, 10)).astype("int16")
SPACING = (0.7, 0.8)
STEPS = np.cumsum([0, *RANDOM.uniform(1, 5, 5)])
FIRST = np.array((3, -20, 7))
TILT = FIRST + np.outer(np.arange(6), (0, 0.9, 2.5))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Series of the kinds at uneven, sheared, oblique places."""
    path = tmp_path_factory.mktemp("planes")
    axes = np.linalg.qr(RANDOM.normal(size=(3, 3)))[0]
    axes[:, 2] = np.cross(axes[:, 0], axes[:, 1])
    direction = axes[:, :2].T.ravel()
    spacing = (*SPACING, 2)
    places = {"uneven": np.outer(STEPS, axes[:, 2]) + FIRST}
    places["tilted"] = TILT
    for name, positions in places.items():
        options = {"positions": positions, "spacing": spacing}
        if name == "uneven":
            options["direction"] = direction
        for kind in ("CT", "MR", "PT", "SC", "ParametricMap", "Segmentation"):
            voxels = ARRAY.astype("int16")
            if kind in {"SC", "Segmentation"}:
                voxels = (ARRAY % 3).astype("uint8")
            dcs.write(voxels, path / f"{name} {kind}", kind=kind, **options)
    np.save(path / "uneven.npy", places["uneven"])
    return path


def series_in(folder):
    return [path for path in sorted(folder.iterdir()) if path.is_dir()]


@pytest.mark.parametrize("program", [PACKAGED, DEBIAN])
def test_validators_find_no_error(folder, program):
    for path in series_in(folder):
        files = sorted(path.glob("*.dcm"))
        assert dciodvfy(files[-1], program=program).errors == (), path.name
        assert dcentvfy(files, program=program).errors == (), path.name


def test_pydicom_sees_each_slice_at_its_place(folder):
    places = {"uneven": np.load(folder / "uneven.npy"), "tilted": TILT}
    for path in series_in(folder):
        name, _, kind = path.name.partition(" ")
        if kind in {"ParametricMap", "Segmentation"}:
            continue
        files = [pydicom.dcmread(file) for file in sorted(path.glob("*.dcm"))]
        written = np.array([file.ImagePositionPatient for file in files], float)
        np.testing.assert_allclose(written, places[name], atol=1e-9)
        if kind == "CT":
            for file, voxels in zip(files, ARRAY, strict=True):
                np.testing.assert_array_equal(file.pixel_array, voxels)
