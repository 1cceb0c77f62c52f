"""Source slices of a slice: chosen, resampled, turned, rounded, with gaps, elsewhere."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from dicomseries.derivation import Matching, SourceFrame, SourceSeries, match
from dicomseries.geometry import Grid

COS, SIN = math.cos(0.3), math.sin(0.3)
GRID = Grid(
    shape=(6, 8, 9),
    spacing_mm=(0.75, 0.5, 2.0),
    origin_lps=(-101.25, 40.5, 77.125),
    direction_lps=(COS, 0.0, SIN, 0.0, 1.0, 0.0, -SIN, 0.0, COS),
)


def source_on(grid: Grid = GRID, positions=None, volumes: int = 1) -> SourceSeries:
    places = (
        positions
        if positions is not None
        else [grid.position(index) for index in range(grid.shape[0])]
    )
    frames = tuple(
        SourceFrame(
            sop_class_uid="1.2.3",
            sop_instance_uid=f"2.25.{volume}.{index}",
            position_lps=tuple(place),
        )
        for volume in range(volumes)
        for index, place in enumerate(places)
    )
    return SourceSeries(
        kind="CT",
        sop_class_uid="1.2.3",
        modality="CT",
        study_uid="2.25.1",
        series_uid="2.25.2",
        frame_of_reference_uid="2.25.3",
        grid=grid,
        frames=frames,
        volumes=volumes,
    )


def mapped(shape, start, steps, grid: Grid = GRID) -> Grid:
    inner = np.diag([*steps, 1.0])
    inner[:3, 3] = start
    return Grid.from_affine(shape, grid.affine() @ inner, space="LPS")


def test_every_other_slice_comes_from_that_slice_alone_and_keeps_its_pixels():
    matching = match(source_on(), mapped((3, 8, 9), (0, 0, 1), (1, 1, 2)))
    assert matching.slices == ((1,), (3,), (5,))
    assert matching.exact == (1, 3, 5)
    assert (matching.relation, matching.locations_preserved, matching.same_pixels) == (
        "same space",
        True,
        True,
    )


def test_a_slice_between_two_comes_from_both_the_nearer_one_first():
    matching = match(source_on(), mapped((4, 8, 9), (0, 0, 0.25), (1, 1, 0.5)))
    assert matching.slices == ((0, 1), (1, 0), (1, 2), (2, 1))
    assert matching.exact == (None,) * 4
    assert (matching.locations_preserved, matching.same_pixels) == (False, True)


def test_half_way_the_lower_one_comes_first():
    assert match(source_on(), mapped((1, 8, 9), (0, 0, 2.5), (1, 1, 1))).slices == ((2, 3),)


def test_the_ends_of_the_source_reach_half_a_slice_further_and_slices_beyond_are_reported():
    matching = match(source_on(), mapped((5, 8, 9), (0, 0, 4), (1, 1, 0.45)))
    assert matching.slices == ((4,), (4, 5), (5, 4), (5,), ())
    assert matching.advice == ("1 of 5 slices lie outside the source and name no source image.",)


@pytest.mark.parametrize(
    ("rows", "columns"), [(slice(0, 4), slice(2, 9)), (slice(3, 8), slice(0, 1))]
)
def test_a_crop_in_the_plane_keeps_locations_but_calls_pixels_otherwise(rows, columns):
    shape = (6, rows.stop - rows.start, columns.stop - columns.start)
    matching = match(source_on(), mapped(shape, (columns.start, rows.start, 0), (1, 1, 1)))
    assert matching.exact == tuple(range(6))
    assert (matching.locations_preserved, matching.same_pixels) == (True, False)


def test_a_crop_of_slices_keeps_pixels():
    matching = match(source_on(), mapped((2, 8, 9), (0, 0, 3), (1, 1, 1)))
    assert matching.exact == (3, 4)
    assert matching.same_pixels


def test_left_and_right_exchanged_turns_the_order_of_slices_along_the_normal():
    matching = match(source_on(), GRID.flipped("x"))
    assert matching.exact == (5, 4, 3, 2, 1, 0)
    assert (matching.relation, matching.locations_preserved, matching.same_pixels) == (
        "same space",
        True,
        False,
    )


def test_a_quarter_turn_in_the_plane_keeps_locations():
    x, y, z = (np.array(axis) for axis in GRID.axes)
    turned = Grid(
        shape=(6, 9, 8),
        spacing_mm=(0.5, 0.75, 2.0),
        origin_lps=GRID.point(8, 0, 0),
        direction_lps=tuple(np.column_stack([y, -x, z]).ravel().tolist()),
    )
    matching = match(source_on(), turned)
    assert matching.exact == tuple(range(6))
    assert (matching.locations_preserved, matching.same_pixels) == (True, False)


def test_a_slice_across_the_source_comes_from_all_slices_the_nearest_to_its_middle_first():
    x, y, z = (np.array(axis) for axis in GRID.axes)
    coronal = Grid(
        shape=(8, 11, 9),
        spacing_mm=(0.75, 1.0, 0.5),
        origin_lps=GRID.point(0, 7, 0),
        direction_lps=tuple(np.column_stack([x, z, -y]).ravel().tolist()),
    )
    matching = match(source_on(), coronal)
    assert matching.slices == ((2, 3, 1, 4, 0, 5),) * 8
    assert matching.exact == (None,) * 8


def test_a_slice_across_the_source_matches_no_slice_beyond_its_borders():
    x, y, z = (np.array(axis) for axis in GRID.axes)
    short = Grid(
        shape=(1, 3, 9),
        spacing_mm=(0.75, 1.0, 0.5),
        origin_lps=GRID.point(0, 7, 2),
        direction_lps=tuple(np.column_stack([x, z, -y]).ravel().tolist()),
    )
    assert match(source_on(), short).slices == ((2, 3),)


def test_a_slab_comes_from_all_slices_in_it():
    thick = mapped((2, 8, 9), (0, 0, 1), (1, 1, 3))
    assert match(source_on(), thick).slices == ((1,), (4,))
    matching = match(source_on(), thick, slab_mm=6.0)
    assert matching.slices == ((1, 0, 2), (4, 3, 5))
    assert matching.exact == (None, None)


def test_a_grid_beside_the_source_matches_no_slices_and_a_note_says_so():
    for start in ((0, 0, 40), (30, 0, 0), (0, -9, 0)):
        matching = match(source_on(), mapped(GRID.shape, start, (1, 1, 1)))
        assert matching.is_empty
        assert matching.exact == (None,) * 6
        assert matching.relation == "same space"
        assert "same_space=False" in matching.advice[0]


def test_in_another_space_nothing_is_matched_or_reported():
    assert match(source_on(), GRID.flipped("z"), same_space=False) == Matching(
        relation="another space", slices=((),) * 6, exact=(None,) * 6
    )


@pytest.mark.parametrize(("tilt", "exact"), [(1e-5, (0, 1, 2, 3, 4, 5)), (1e-2, (None,) * 6)])
def test_a_plane_that_is_hardly_tilted_is_the_same_plane(tilt, exact):
    x, y, z = (np.array(axis) for axis in GRID.axes)
    axes = np.column_stack(
        [x, y * math.cos(tilt) + z * math.sin(tilt), z * math.cos(tilt) - y * math.sin(tilt)]
    )
    assert (
        match(source_on(), replace(GRID, direction_lps=tuple(axes.ravel().tolist()))).exact == exact
    )


def test_a_voxel_of_another_orientation_is_not_the_slice_it_lies_in():
    x, y, z = (np.array(axis) for axis in GRID.axes)
    across = Grid(
        shape=(1, 1, 1),
        spacing_mm=(0.5, 0.5, 0.5),
        origin_lps=GRID.point(4, 4, 2),
        direction_lps=tuple(np.column_stack([x, z, -y]).ravel().tolist()),
    )
    matching = match(source_on(), across)
    assert (matching.slices, matching.exact) == (((2,),), (None,))


def test_a_grid_made_from_rounded_positions_is_that_of_the_source():
    rounded = [np.round(GRID.position(index), 2) for index in range(6)]
    source = source_on(positions=rounded)
    from_files = replace(GRID, origin_lps=tuple(rounded[0].tolist()))
    assert match(source_on(), from_files).relation == "same space"
    matching = match(source, from_files)
    assert (matching.relation, matching.exact) == ("same grid", tuple(range(6)))
    between = match(source, mapped((2, 8, 9), (0, 0, 0.5), (1, 1, 1)))
    assert between.exact == (None, None)


def test_in_a_source_with_gaps_slices_are_where_their_files_say():
    """Four slices at 0, 2, 8 and 10 mm, as if they were even: 3.33 mm apart."""
    positions = [GRID.position(index) for index in (0, 1, 4, 5)]
    even = replace(GRID, shape=(4, 8, 9), spacing_mm=(0.75, 0.5, 10 / 3))
    source = source_on(even, positions)
    matching = match(source, GRID)
    assert matching.exact == (0, 1, None, None, 2, 3)
    assert matching.slices[2:4] == ((1, 2), (2, 1))
    assert not match(source, replace(even, shape=(3, 8, 9))).locations_preserved
    same = match(source, even)
    assert (same.relation, same.exact) == ("same grid", (0, 1, 2, 3))


def test_a_single_slice_matches_as_many_do():
    one = replace(GRID, shape=(1, 8, 9))
    assert match(source_on(one), one).relation == "same grid"
    assert match(source_on(one), GRID).slices == ((0,), (), (), (), (), ())


def test_a_matching_says_as_much_of_each_slice():
    with pytest.raises(ValueError, match="2 slices are not 1"):
        Matching(relation="same space", slices=((0,), (1,)), exact=(0,))
