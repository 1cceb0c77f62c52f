"""Every kind × dtype × geometry: no errors, and readers see each voxel at its place."""

from __future__ import annotations

from collections.abc import Callable

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
    some_of,
    validators,
)
from judges.cells import GEOMETRIES, NUMBERS, SHAPE, SPACING, affine_of

READERS: dict[str, tuple[Callable, float]] = {
    "pydicom": (read_with_pydicom, 1e-9),
    "SimpleITK": (read_with_simpleitk, 1e-9),
    "highdicom": (read_with_highdicom, 1e-9),
    "GDCM": (read_with_gdcm, 1e-3),
}


@pytest.fixture(scope="module")
def written(tmp_path_factory, request):
    """The series of one cell of the matrix: array, affine, receipt, folder."""
    kind, numbers, geometry = request.param
    shape, matrix = GEOMETRIES[geometry]
    array, affine = NUMBERS[numbers].array(shape), affine_of(matrix)
    folder = tmp_path_factory.mktemp("cell") / "series"
    receipt = dcs.write(
        array,
        folder,
        kind=kind,
        affine=affine,
        space="LPS",
        values=NUMBERS[numbers].values,
        sync=False,
    )
    return array, affine, receipt, folder


CELLS = [
    (kind, numbers, geometry)
    for kind in ("CT", "MR", "PT", "SC")
    for numbers in NUMBERS
    for geometry in GEOMETRIES
]
matrix = pytest.mark.parametrize(
    "written", CELLS, ids=["-".join(cell) for cell in CELLS], indirect=True
)


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
        for path in some_of(files):
            assert dciodvfy(path, program=program).errors == ()
        entity = dcentvfy(files, program=program)
        assert (entity.errors, entity.warnings) == ((), ())
    for read, tolerance_mm in READERS.values():
        seen = read(folder)
        assert seen.warnings == ()
        assert_same_volume(seen, array, affine, receipt, tolerance_mm=tolerance_mm)
    (volume,) = read_with_dcm2niix(folder)
    assert volume.warnings == ()
    # dcm2niix rounds slope and intercept to float32, unless they are whole.
    assert_same_volume(
        volume,
        array,
        affine,
        receipt,
        tolerance_mm=1e-3,
        rounding=0.0 if receipt.max_error == 0 else 2.0**-22,
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
    receipt = dcs.write(
        array, tmp_path / "out", kind="SC", affine=affine, space="LPS", axes="zyxc", sync=False
    )
    assert receipt.max_error == 0
    for program in validators:
        for path in sorted((tmp_path / "out").iterdir()):
            assert dciodvfy(path, program=program).errors == ()
    for read in (read_with_pydicom, read_with_simpleitk):
        seen = read(tmp_path / "out").aligned_to(affine)
        assert corner_distance(seen, affine, array.shape) < 1e-9
        assert np.array_equal(seen.array, array)
    own = dcs.read(tmp_path / "out")
    own_seen = Seen(array=own.array, affine_lps=own.grid.affine()).aligned_to(affine)
    assert np.array_equal(own_seen.array, array)


@pytest.mark.parametrize("program", validators)
@pytest.mark.parametrize("kind", ["CT", "MR", "PT", "SC"])
def test_with_a_body_part_there_is_no_warning_either(tmp_path, kind, program):
    array = NUMBERS["uint16"].array(SHAPE)
    metadata = {"BodyPartExamined": "HEAD", "PatientID": "42", "PatientName": "Doe^Jane"}
    dcs.write(array, tmp_path / "out", kind=kind, spacing=SPACING, metadata=metadata, sync=False)
    warnings = {
        path.name: dciodvfy(path, program=program).warnings for path in (tmp_path / "out").iterdir()
    }
    assert len(warnings) == len(array)
    assert set(warnings.values()) == {()}
