"""Grids: affines come back, flips move no voxel, printed positions stay even."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicomseries.errors import GeometryError
from dicomseries.geometry import EVENNESS_TOLERANCE, Grid, all_position_texts
from dicomseries.testing import directions, grids, lengths_mm, positions_mm

spaces = st.sampled_from(("LPS", "RAS"))


def every_point(grid: Grid) -> np.ndarray:
    """LPS mm of every voxel, shape (slices, rows, columns, 3), from the affine alone."""
    z, y, x = np.indices(grid.shape)
    return (np.stack([x, y, z, np.ones_like(x)], axis=-1) @ grid.affine("LPS").T)[..., :3]


@given(grids(), spaces)
def test_an_affine_gives_the_grid_it_came_from(grid, space):
    back = Grid.from_affine(grid.shape, grid.affine(space), space=space)
    assert np.allclose(back.spacing_mm, grid.spacing_mm, rtol=1e-14, atol=0)
    assert np.allclose(back.direction_lps, grid.direction_lps, rtol=0, atol=1e-14)
    assert back.origin_lps == grid.origin_lps


@given(grids())
def test_ras_is_lps_with_two_signs_changed(grid):
    assert np.array_equal(grid.affine("RAS"), np.diag([-1.0, -1.0, 1.0, 1.0]) @ grid.affine("LPS"))


@given(grids())
def test_spacing_origin_direction_give_the_same_grid(grid):
    again = Grid.from_spacing(
        grid.shape, grid.spacing_mm, origin=grid.origin_lps, direction=grid.direction_lps
    )
    assert np.allclose(again.affine(), grid.affine(), rtol=0, atol=1e-12)


@given(grids())
def test_point_and_affine_agree(grid):
    slices, rows, columns = (side - 1 for side in grid.shape)
    assert np.allclose(
        grid.point(columns, rows, slices), every_point(grid)[-1, -1, -1], rtol=0, atol=1e-9
    )
    assert grid.position(slices) == grid.point(0, 0, slices)


@given(grids())
def test_corners_are_the_outermost_voxels(grid):
    expected = [every_point(grid)[z, y, x] for z in (0, -1) for y in (0, -1) for x in (0, -1)]
    assert np.allclose(grid.corners(), expected, rtol=0, atol=1e-9)


@given(grids(), st.sampled_from("xyz"))
def test_a_flip_keeps_every_voxel_on_its_point(grid, axis):
    flipped = grid.flipped(axis)
    assert np.allclose(
        np.flip(every_point(flipped), "zyx".index(axis)), every_point(grid), rtol=0, atol=1e-9
    )
    assert flipped.is_right_handed != grid.is_right_handed
    assert np.allclose(flipped.flipped(axis).affine(), grid.affine(), rtol=0, atol=1e-9)


@given(grids())
def test_slices_run_along_the_normal_and_no_voxel_moves(grid):
    turned, reverse = grid.along_normal()
    assert turned.is_right_handed
    assert np.allclose(turned.normal, turned.axes[2], rtol=0, atol=1e-12)
    points = every_point(turned)[::-1] if reverse else every_point(turned)
    assert np.allclose(points, every_point(grid), rtol=0, atol=1e-9)


@given(grids())
def test_positions_grow_along_the_normal_once_sorted(grid):
    turned, _ = grid.along_normal()
    along = [np.dot(turned.normal, turned.position(index)) for index in range(turned.shape[0])]
    assert np.allclose(np.diff(along), turned.spacing_mm[2], rtol=1e-9, atol=1e-9)


@given(grids())
def test_printed_numbers_give_the_grid_back(grid):
    orientation = [float(text) for text in grid.orientation_texts()]
    assert np.abs(np.subtract(orientation, grid.orientation)).max() <= 5e-14
    for index in range(grid.shape[0]):
        printed = [float(text) for text in grid.position_texts(index)]
        assert np.abs(np.subtract(printed, grid.position(index))).max() <= 1e-11
    assert max(map(len, (*grid.orientation_texts(), *grid.position_texts(0)))) <= 16


@given(grids())
def test_printed_positions_of_real_sizes_are_even(grid):
    grid.check_printed()
    places = np.array(
        [[float(text) for text in grid.position_texts(index)] for index in range(grid.shape[0])]
    )
    if len(places) > 2:
        steps = np.diff(places, axis=0)
        assert (
            np.abs(steps - steps.mean(axis=0)).max() <= 2 * EVENNESS_TOLERANCE * grid.spacing_mm[2]
        )


@given(
    directions(),
    st.floats(1e-4, 0.5),
    st.tuples(*[lengths_mm()] * 3),
    st.tuples(*[positions_mm()] * 3),
)
def test_any_shear_is_rejected(direction, shear, spacing, origin):
    affine = np.eye(4)
    affine[:3, :3] = (
        np.reshape(direction, (3, 3)) @ np.array([[1, shear, 0], [0, 1, 0], [0, 0, 1]]) * spacing
    )
    affine[:3, 3] = origin
    with pytest.raises(GeometryError) as caught:
        Grid.from_affine((3, 4, 5), affine, space="LPS")
    assert caught.value.code == "axes-not-right-angled"


@given(grids())
def test_float32_affines_as_nifti_stores_them_are_accepted(grid):
    narrow = grid.affine("RAS").astype(np.float32)
    back = Grid.from_affine(grid.shape, narrow, space="RAS")
    assert np.allclose(back.affine("RAS"), narrow, rtol=0, atol=1e-5)


@given(grid=grids(), data=st.data())
def test_many_positions_are_printed_as_each_alone(grid, data):
    each = [grid.position_texts(index) for index in range(grid.shape[0])]
    assert all_position_texts(grid) == each
    some = data.draw(st.lists(st.integers(0, grid.shape[0] - 1)))
    assert all_position_texts(grid, some) == [each[index] for index in some]
