"""Diffusion gradients: from FSL's axes of the image to DICOM's of the patient."""

from __future__ import annotations

import math

import nibabel
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import data_packages
from dicomseries.errors import SourceError
from dicomseries.geometry import Grid
from dicomseries.sources import diffusion_gradients, open_volume
from dicomseries.testing import directions, grids

LPS_FROM_RAS = np.diag([-1.0, -1.0, 1.0])
TO_THE_RIGHT = Grid.from_affine((3, 4, 5), np.diag([2.0, 3, 4, 1]), space="RAS")
"""i grows to the patient's right: a positive determinant."""

TO_THE_LEFT = Grid.from_affine((3, 4, 5), np.diag([-2.0, 3, 4, 1]), space="RAS")
"""i grows to the patient's left, as in a radiological image: a negative determinant."""

ORIENTATION = "DiffusionGradientOrientation"


def orientation(vector, grid):
    return diffusion_gradients([1000], [[component] for component in vector], grid)[ORIENTATION][0]


@pytest.mark.parametrize("grid", [TO_THE_RIGHT, TO_THE_LEFT])
def test_the_first_component_points_to_the_left_whichever_way_the_image_is_stored(grid):
    # FSL: as if the image were radiological, i to the left.
    # LPS: x to the left, y to the back, z up.
    assert orientation((1, 0, 0), grid) == [1, 0, 0]
    assert orientation((0, 1, 0), grid) == [0, -1, 0]
    assert orientation((0, 0, 1), grid) == [0, 0, 1]
    assert orientation((0.6, 0, -0.8), grid) == pytest.approx([0.6, 0, -0.8])


def fsl(vector_lps, affine_ras):
    """Return a direction as FSL writes it: along i, j, k, i reversed for a positive determinant.

    Along an axis of nibabel's affine, which is told from two of its points and not from the grid
    under test.
    """
    points = nibabel.affines.apply_affine(affine_ras, np.vstack([np.zeros(3), np.eye(3)]))
    axes = np.array([step / np.linalg.norm(step) for step in points[1:] - points[0]])
    components = axes @ (LPS_FROM_RAS @ vector_lps)
    if np.linalg.det(affine_ras[:3, :3]) > 0:
        components[0] *= -1
    return components


def units():
    """Strategy: unit vectors."""
    angles = st.tuples(st.floats(0, math.pi), st.floats(-math.pi, math.pi))
    return angles.map(
        lambda a: np.array(
            [math.sin(a[0]) * math.cos(a[1]), math.sin(a[0]) * math.sin(a[1]), math.cos(a[0])]
        )
    )


@given(grids(), st.lists(units(), min_size=1, max_size=6))
def test_a_direction_in_space_comes_back_from_fsls_form_for_any_image(grid, vectors):
    written = np.array([fsl(vector, grid.affine("RAS")) for vector in vectors])
    found = diffusion_gradients(np.full(len(vectors), 700.0), written.T, grid)
    np.testing.assert_allclose(found[ORIENTATION], vectors, rtol=0, atol=1e-9)


@given(grids(), directions(left_handed=False), units())
def test_a_patient_who_turns_with_image_and_gradient_turns_the_direction(grid, rotation, vector):
    turn = np.reshape(rotation, (3, 3))
    turned = Grid(
        shape=grid.shape,
        spacing_mm=grid.spacing_mm,
        direction_lps=tuple((turn @ np.reshape(grid.direction_lps, (3, 3))).ravel()),
    )
    np.testing.assert_allclose(
        orientation(vector, turned), turn @ orientation(vector, grid), rtol=0, atol=1e-9
    )


@given(grids(), units())
def test_an_image_whose_first_axis_is_flipped_keeps_its_directions(grid, vector):
    # fslswapdim -x y z leaves bvecs alone: that is what FSL's sign is for.
    np.testing.assert_allclose(
        orientation(vector, grid.flipped("x")), orientation(vector, grid), rtol=0, atol=1e-12
    )


VECTORS = np.array([[0, 0, 0], [0.6, 0.8, 0], [0, -0.6, 0.8], [1, 0, 0]])
BVALS = [0, 1000, 1000, 2000.5]


@pytest.mark.parametrize("table", [VECTORS, VECTORS.T])
def test_arrays_and_files_of_either_form_are_the_same(tmp_path, table):
    expected = diffusion_gradients(BVALS, VECTORS, TO_THE_LEFT)
    assert expected["DiffusionBValue"] == [0, 1000, 1000, 2000.5]
    assert expected["DiffusionDirectionality"] == [
        "NONE",
        "DIRECTIONAL",
        "DIRECTIONAL",
        "DIRECTIONAL",
    ]
    assert expected[ORIENTATION][0] is None
    np.testing.assert_allclose(expected[ORIENTATION][1:], VECTORS[1:] * (1, -1, 1))
    np.savetxt(tmp_path / "a.bval", np.atleast_2d(BVALS), fmt="%g")
    np.savetxt(tmp_path / "a.bvec", table)
    assert diffusion_gradients(BVALS, table, TO_THE_LEFT) == expected
    assert (
        diffusion_gradients(tmp_path / "a.bval", str(tmp_path / "a.bvec"), TO_THE_LEFT, volumes=4)
        == expected
    )


def test_a_square_table_is_fsls_three_rows():
    table = np.array([[0.6, 0, 1], [0.8, 0, 0], [0, 1, 0]])
    found = diffusion_gradients([1000] * 3, table, TO_THE_LEFT)[ORIENTATION]
    np.testing.assert_allclose(found, table.T * (1, -1, 1))


@pytest.mark.parametrize(
    ("b", "vector", "has_direction"),
    [
        (0, (0, 0, 0), False),
        (0, (1, 0, 0), False),
        (0, (math.nan,) * 3, False),
        (5, (0, 0, 0), False),
        (50, (math.nan,) * 3, False),
        (5, (1, 0, 0), True),
        (1000, (0, 1, 0), True),
    ],
)
def test_a_volume_without_weighting_has_no_direction(b, vector, has_direction):
    found = diffusion_gradients([b], np.array([vector]).T, TO_THE_LEFT)
    assert found["DiffusionBValue"] == [b]
    assert found["DiffusionDirectionality"] == ["DIRECTIONAL" if has_direction else "NONE"]
    assert (found[ORIENTATION][0] is not None) == has_direction


@pytest.mark.parametrize("length", [0.995, 1.005])
def test_a_direction_of_a_few_digits_becomes_a_unit_vector(length):
    vector = orientation(np.array([0.6, 0, 0.8]) * length, TO_THE_LEFT)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-15)


@pytest.mark.parametrize(
    ("bvals", "bvecs", "code"),
    [
        ([1000], [[0], [0], [0]], "direction-not-unit"),
        ([51], [[math.nan]] * 3, "direction-not-unit"),
        ([1000], [[0.5], [0.5], [0]], "direction-not-unit"),
        ([5], [[0.5], [0.5], [0]], "direction-not-unit"),
        ([1000], [[1.02], [0], [0]], "direction-not-unit"),
        ([1000], [[math.inf], [0], [0]], "direction-not-unit"),
        ([0, 1000], [[1], [0], [0]], "gradient-counts-differ"),
        ([-5], [[1], [0], [0]], "b-values-unfit"),
        ([math.nan], [[1], [0], [0]], "b-values-unfit"),
        ([], [[1], [0], [0]], "b-values-unfit"),
        ([[0, 1], [2, 3]], [[1], [0], [0]], "b-values-unfit"),
        ([1000], [1, 0, 0], "directions-unfit"),
        ([1000], [[1, 0]], "directions-unfit"),
        (["many"], [[1], [0], [0]], "gradients-unreadable"),
        ([1000], [[1, 2], [0], [0]], "gradients-unreadable"),
        ("gone.bval", [[1], [0], [0]], "gradients-unreadable"),
        ("words.bval", [[1], [0], [0]], "gradients-unreadable"),
        ("ragged.bval", [[1], [0], [0]], "gradients-unreadable"),
        ("binary.bval", [[1], [0], [0]], "gradients-unreadable"),
        ("empty.bval", [[1], [0], [0]], "b-values-unfit"),
    ],
)
def test_gradients_that_are_none_are_rejected_with_a_remedy(
    tmp_path, monkeypatch, bvals, bvecs, code
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "words.bval").write_text("0 thousand", encoding="utf-8")
    (tmp_path / "ragged.bval").write_text("0 1\n2", encoding="utf-8")
    (tmp_path / "binary.bval").write_bytes(b"\x00\xff\xfe")
    (tmp_path / "empty.bval").write_text("\n", encoding="utf-8")
    with pytest.raises(SourceError) as caught:
        diffusion_gradients(bvals, bvecs, TO_THE_LEFT)
    assert caught.value.code == code


def test_as_many_gradients_as_volumes_are_wanted():
    with pytest.raises(SourceError, match="65 of both"):
        diffusion_gradients(BVALS, VECTORS, TO_THE_LEFT, volumes=65)


@pytest.mark.real_data
def test_a_real_series_of_64_directions_has_them_in_the_patients_space():
    path = data_packages.find(data_packages.SMALL_64D)
    bvals, bvecs = (
        data_packages.find(one)
        for one in (data_packages.SMALL_64D_BVAL, data_packages.SMALL_64D_BVEC)
    )
    volume = open_volume(path)
    assert (volume.volumes, volume.grid.shape, volume.times_s) == (65, (10, 10, 10), None)
    found = diffusion_gradients(bvals, bvecs, volume.grid, volumes=volume.volumes)
    assert found["DiffusionDirectionality"] == ["NONE"] + ["DIRECTIONAL"] * 64
    assert found["DiffusionBValue"] == np.loadtxt(bvals).tolist()
    affine, written = nibabel.load(path).affine, np.loadtxt(bvecs)
    for vector, row in zip(found[ORIENTATION][1:], written[1:], strict=True):
        np.testing.assert_allclose(fsl(np.array(vector), affine), row, rtol=0, atol=1e-6)
