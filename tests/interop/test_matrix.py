"""Every kind × dtype × geometry: no validator finds an error, every reader sees the same voxels at the same place."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

import dicomseries as dcs
from judges import (
    Seen,
    corner_distance,
    dcentvfy,
    dciodvfy,
    read_with_dcm2niix,
    read_with_gdcm,
    read_with_highdicom,
    read_with_pydicom,
    read_with_simpleitk,
    validators,
)

SHAPE = (5, 7, 9)
SPACING = (0.7, 0.9, 2.5)
ORIGIN = (-31.4159, 27.1828, -141.421)


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """A way to fill an array, and the policy that suits it."""

    dtype: str
    low: float
    high: float
    values: str = "auto"

    def array(self, shape: tuple[int, ...]) -> np.ndarray:
        """Return noise on a ramp that differs along every axis, both ends reached."""
        z, y, x = np.indices(shape)
        part = z * 1.0 + y * 0.31 + x * 0.07 + np.random.default_rng(3).normal(0, 0.2, shape)
        part = (part - part.min()) / (part.max() - part.min())
        real = self.low + (self.high - self.low) * part
        return real.astype(self.dtype) if self.dtype.startswith("float") else np.rint(real).astype(self.dtype)


NUMBERS = {
    "bool": Numbers(dtype="bool", low=0, high=1),
    "int8": Numbers(dtype="int8", low=-128, high=127),
    "uint8": Numbers(dtype="uint8", low=0, high=255),
    "int16": Numbers(dtype="int16", low=-1024, high=3071),
    "uint16": Numbers(dtype="uint16", low=0, high=65535),
    "int32-small": Numbers(dtype="int32", low=-3024, high=3071),
    "int32-large": Numbers(dtype="int32", low=-2_000_000_000, high=1_900_000_000, values="rescale"),
    "float32-around-0": Numbers(dtype="float32", low=-3.2, high=3.2),
    "float64-0-to-1": Numbers(dtype="float64", low=0.0, high=1.0),
    "float32-ct": Numbers(dtype="float32", low=-1024.0, high=3071.0),
}


def rotation(a: float, b: float, c: float) -> np.ndarray:
    x = np.array([[1, 0, 0], [0, math.cos(a), -math.sin(a)], [0, math.sin(a), math.cos(a)]])
    y = np.array([[math.cos(b), 0, math.sin(b)], [0, 1, 0], [-math.sin(b), 0, math.cos(b)]])
    z = np.array([[math.cos(c), -math.sin(c), 0], [math.sin(c), math.cos(c), 0], [0, 0, 1]])
    return x @ y @ z


GEOMETRIES = {
    "axial": (SHAPE, np.eye(3)),
    "oblique": (SHAPE, rotation(0.1, -0.2, 0.3)),
    # LAS is nibabel's word: x grows to the left, y to the anterior, z to the superior; in LPS that is left-handed.
    "LAS": (SHAPE, np.diag([1.0, -1.0, 1.0])),
    "single slice": ((1, *SHAPE[1:]), rotation(-0.3, 0.2, 0.1)),
}

READERS: dict[str, tuple[Callable, float]] = {
    "pydicom": (read_with_pydicom, 1e-9),
    "SimpleITK": (read_with_simpleitk, 1e-9),
    "highdicom": (read_with_highdicom, 1e-9),
    "GDCM": (read_with_gdcm, 1e-3),
}


def affine_of(matrix: np.ndarray) -> np.ndarray:
    affine = np.eye(4)
    affine[:3, :3] = matrix * SPACING
    affine[:3, 3] = ORIGIN
    return affine


@pytest.fixture(scope="module")
def written(tmp_path_factory, request):
    """The series of one cell of the matrix: array, affine, receipt, folder."""
    kind, numbers, geometry = request.param
    shape, matrix = GEOMETRIES[geometry]
    array, affine = NUMBERS[numbers].array(shape), affine_of(matrix)
    folder = tmp_path_factory.mktemp("cell") / "series"
    receipt = dcs.write(
        array, folder, kind=kind, affine=affine, space="LPS", values=NUMBERS[numbers].values, sync=False
    )
    return array, affine, receipt, folder


CELLS = [
    (kind, numbers, geometry) for kind in ("CT", "MR", "PT", "SC") for numbers in NUMBERS for geometry in GEOMETRIES
]
matrix = pytest.mark.parametrize("written", CELLS, ids=["-".join(cell) for cell in CELLS], indirect=True)


def assert_same_volume(seen, array, affine, receipt, *, tolerance_mm, rounding=0.0):
    seen = seen.aligned_to(affine)
    assert corner_distance(seen, affine, array.shape) < tolerance_mm
    difference = np.abs(seen.array.astype(np.float64) - array.astype(np.float64)).max()
    assert difference <= receipt.max_error + rounding * np.abs(array.astype(np.float64)).max()


@matrix
def test_no_validator_finds_an_error_and_every_reader_sees_the_array(written):
    array, affine, receipt, folder = written
    files = sorted(folder.iterdir())
    for program in validators:
        for path in files:
            assert dciodvfy(path, program=program).errors == ()
        entity = dcentvfy(files, program=program)
        assert (entity.errors, entity.warnings) == ((), ())
    for read, tolerance_mm in READERS.values():
        seen = read(folder)
        assert seen.warnings == ()
        assert_same_volume(seen, array, affine, receipt, tolerance_mm=tolerance_mm)
    (volume,) = read_with_dcm2niix(folder)
    assert volume.warnings == ()
    # NIfTI's scl_slope and scl_inter are float32: what dcm2niix writes is rounded once more unless it is whole.
    assert_same_volume(
        volume, array, affine, receipt, tolerance_mm=1e-3, rounding=0.0 if receipt.max_error == 0 else 2.0**-22
    )
    own = dcs.read(folder)
    meant = dcs.Grid.from_affine(array.shape, affine, space="LPS").along_normal()[0]
    assert np.abs(own.grid.affine() - meant.affine()).max() < 1e-9
    turned = Seen(array=own.array, affine_lps=own.grid.affine())
    assert_same_volume(turned, array, affine, receipt, tolerance_mm=1e-9)


COLOUR = [("uint8", "axial"), ("uint8", "oblique"), ("uint16", "LAS"), ("uint8", "single slice")]


@pytest.mark.parametrize(("dtype", "geometry"), COLOUR)
def test_colour_is_valid_and_exact_for_every_reader(tmp_path, dtype, geometry):
    shape, matrix_ = GEOMETRIES[geometry]
    array = np.random.default_rng(5).integers(0, np.iinfo(dtype).max, (*shape, 3), dtype=dtype)
    affine = affine_of(matrix_)
    receipt = dcs.write(array, tmp_path / "out", kind="SC", affine=affine, space="LPS", axes="zyxc", sync=False)
    assert receipt.max_error == 0
    for program in validators:
        for path in sorted((tmp_path / "out").iterdir()):
            assert dciodvfy(path, program=program).errors == ()
    for read in (read_with_pydicom, read_with_simpleitk):
        seen = read(tmp_path / "out").aligned_to(affine)
        assert corner_distance(seen, affine, array.shape) < 1e-9
        assert np.array_equal(seen.array, array)
    assert np.array_equal(dcs.read(tmp_path / "out").along_normal().array.shape, array.shape)


@pytest.mark.parametrize("program", validators)
@pytest.mark.parametrize("kind", ["CT", "MR", "PT", "SC"])
def test_with_a_body_part_there_is_no_warning_either(tmp_path, kind, program):
    array = NUMBERS["uint16"].array(SHAPE)
    metadata = {"BodyPartExamined": "HEAD", "PatientID": "42", "PatientName": "Doe^Jane"}
    dcs.write(array, tmp_path / "out", kind=kind, spacing=SPACING, metadata=metadata, sync=False)
    for path in sorted((tmp_path / "out").iterdir()):
        assert dciodvfy(path, program=program).warnings == ()
