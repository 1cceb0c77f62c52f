"""Slices that form no regular grid: what each knows, and errors for what does not exist."""

import copy
import pickle

import numpy as np
import pytest

from dicomseries.errors import GeometryError
from dicomseries.geometry import Grid
from dicomseries.geometry_statement import UNSTATED
from dicomseries.slice_planes import (
    IRREGULARITIES,
    Irregularity,
    SlicePlanes,
    orientations_of,
    positions_of,
)
from dicomseries.sources import Volume, array_frames

COLUMNS = np.array([0.8, 0.6, 0.0])
ROWS = np.array([-0.36, 0.48, 0.8])
NORMAL = np.cross(COLUMNS, ROWS)
START = np.array([-31.5, 12.25, 103.0])
DISTANCES = (0.0, 2.0, 5.0)


def planes(*codes, positions=None, spacings=(0.5, 0.75)):
    along = START + np.outer(DISTANCES, NORMAL)
    return SlicePlanes(
        shape=(3, 4, 5),
        spacings_mm=spacings,
        positions_lps=along if positions is None else positions,
        orientations=[(*COLUMNS, *ROWS)] * 3,
        irregularities=tuple(Irregularity(code=code, detail="seen") for code in codes),
    )


def test_a_point_is_where_position_and_orientation_of_its_slice_put_it():
    uneven = planes("spacing-uneven")
    expected = START + 5.0 * NORMAL + 3 * 0.5 * COLUMNS + 2 * 0.75 * ROWS
    np.testing.assert_allclose(uneven.point(3, 2, 2), expected, atol=1e-12)
    np.testing.assert_allclose(uneven.distances_mm, DISTANCES, atol=1e-12)


@pytest.mark.parametrize("axis", ["x", "y", "z"])
def test_a_flip_leaves_every_voxel_on_its_point(axis):
    uneven = planes("spacing-uneven")
    flipped = uneven.flipped(axis)
    index = {"x": (4 - 3, 1, 2), "y": (3, 3 - 1, 2), "z": (3, 1, 2 - 2)}[axis]
    np.testing.assert_allclose(flipped.point(*index), uneven.point(3, 1, 2), atol=1e-12)


@pytest.mark.parametrize(
    "number",
    [
        lambda grid: grid.spacing_mm,
        lambda grid: grid.origin_lps,
        lambda grid: grid.direction_lps,
        lambda grid: grid.axes,
        lambda grid: grid.affine(),
        lambda grid: grid.point(0, 0, 0.5),
        lambda grid: grid.spacing_texts(),
        lambda grid: grid.check_printed(),
        lambda grid: grid.sheared_affine(),
    ],
)
@pytest.mark.parametrize("code", IRREGULARITIES)
def test_a_number_that_does_not_exist_is_an_error_with_a_remedy(code, number):
    if code == "slices-sheared":
        irregular = planes(code, "spacing-uneven")
    else:
        irregular = planes(code)
    with pytest.raises(GeometryError) as caught:
        number(irregular)
    assert (caught.value.code, caught.value.where) == (code, "grid")
    assert caught.value.remedy


def test_evenly_sheared_slices_have_an_affine_that_meets_every_position():
    step = 2.5 * NORMAL + 0.9 * ROWS
    sheared = planes("slices-sheared", positions=START + np.outer(range(3), step))
    for index in range(3):
        point = sheared.sheared_affine() @ (3, 1, index, 1)
        np.testing.assert_allclose(point[:3], sheared.point(3, 1, index), atol=1e-12)
    flipped = np.diag([-1, -1, 1, 1]) @ sheared.sheared_affine()
    np.testing.assert_array_equal(sheared.sheared_affine("RAS"), flipped)


def test_unevenly_sheared_slices_have_no_affine():
    positions = START + np.outer(range(3), 2.5 * NORMAL) + np.outer((0, 3, 0), ROWS)
    assert not planes("slices-sheared", positions=positions).is_evenly_sheared


def test_unknown_positions_are_no_place():
    positions = START + np.outer(DISTANCES, NORMAL)
    positions[1] = np.nan
    partly = planes("position-missing", positions=positions)
    assert not partly.statement.has_place
    np.testing.assert_allclose(partly.position(2), positions[2])
    with pytest.raises(GeometryError, match="without a position"):
        partly.position(1)


def test_planes_are_equal_after_copy_and_pickle():
    uneven = planes("spacing-uneven", "slices-sheared")
    pickled = pickle.loads(pickle.dumps(uneven))  # noqa: S301 - made here
    for other in (copy.copy(uneven), pickled):
        assert other == uneven
        assert hash(other) == hash(uneven)
        assert other.irregularities == uneven.irregularities
    assert uneven != uneven.flipped("z")
    assert uneven != Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 1))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"positions_lps": np.zeros((2, 3))}, "planes-do-not-fit"),
        ({"spacings_mm": (1, 1, 1)}, "planes-do-not-fit"),
        ({"spacings_mm": (1, 0)}, "spacing-not-positive"),
        ({"shape": (3, 4)}, "shape-not-3d"),
    ],
)
def test_planes_that_do_not_fit_are_rejected(changes, code):
    arguments = planes("spacing-uneven").__reduce__()[1][0]
    with pytest.raises(GeometryError) as caught:
        SlicePlanes(**(arguments | changes))
    assert caught.value.code == code


def test_planes_and_irregularities_without_a_reason_are_rejected():
    with pytest.raises(ValueError, match="need a reason"):
        planes()
    with pytest.raises(ValueError, match="an irregularity is one of"):
        planes("no-such-code")


def test_every_volume_has_positions_and_orientations():
    grid = Grid.from_spacing((3, 4, 5), (1, 2, 3), origin=START, direction=(*COLUMNS, *ROWS))
    regular = Volume(slabs=array_frames(np.zeros((3, 4, 5))), grid=grid)
    np.testing.assert_allclose(regular.positions_mm, START + np.outer((0, 3, 6), NORMAL))
    np.testing.assert_allclose(regular.orientations[2], (*COLUMNS, *ROWS))
    uneven = Volume(slabs=regular.slabs, grid=planes("spacing-uneven"))
    np.testing.assert_allclose(uneven.positions_mm, START + np.outer(DISTANCES, NORMAL))
    assert (regular.is_regular, uneven.is_regular) == (True, False)
    assert np.isnan(uneven.spacing[2])
    picture = grid.stated(UNSTATED)
    assert np.isnan(positions_of(picture)).all()
    assert np.isnan(orientations_of(picture)).all()


def test_positions_cannot_be_changed_in_place():
    with pytest.raises(ValueError, match="read-only"):
        planes("spacing-uneven").positions_lps[0] = 0
