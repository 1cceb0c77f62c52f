"""Each slice of any crop, flip, resampling or turn names the nearest source slices."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from dicomseries.derivation import SourceFrame, SourceSeries, match
from dicomseries.derivation.source.source_references import references_to_source
from dicomseries.geometry import Grid
from dicomseries.testing import directions, grids

COINCIDES = 1e-3
"""Part of a voxel within which two places are one."""

HAIR = 1e-5
"""Tolerance at a limit, as a part of a voxel."""


class Change(NamedTuple):
    """A grid made from that of a source, and whether their slices are parallel."""

    grid: Grid
    is_parallel: bool = True


def source_on(grid: Grid, *, positions: np.ndarray | None = None, volumes: int = 1) -> SourceSeries:
    """Return a source with a file a slice; the files may state other positions than the grid."""
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


def mapped(grid: Grid, shape, start, steps) -> Grid:
    """Return the grid that begins at an index (column, row, slice) of another, with these steps."""
    inner = np.diag([*steps, 1.0])
    inner[:3, 3] = start
    return Grid.from_affine(shape, grid.affine() @ inner, space="LPS")


@st.composite
def crops(draw, grid: Grid) -> Change:
    ends = [sorted(draw(st.tuples(*[st.integers(0, side - 1)] * 2))) for side in grid.shape[::-1]]
    shape = tuple(high - low + 1 for low, high in ends)[::-1]
    return Change(mapped(grid, shape, [low for low, _ in ends], (1, 1, 1)))


@st.composite
def flips(draw, grid: Grid) -> Change:
    for axis in draw(st.sets(st.sampled_from("xyz"), min_size=1)):
        grid = grid.flipped(axis)
    return Change(grid)


@st.composite
def resamplings(draw, grid: Grid) -> Change:
    step = st.sampled_from((1 / 3, 0.5, 0.75, 1.0, 1.25, 2.0)) | st.floats(0.2, 3.0)
    shift = st.sampled_from((0.0, 0.5, -0.5, -1.0)) | st.floats(-2.0, 3.0)
    sides = draw(st.tuples(*[st.integers(1, 9)] * 3))
    return Change(
        mapped(grid, sides, draw(st.tuples(shift, shift, shift)), draw(st.tuples(step, step, step)))
    )


@st.composite
def slice_choices(draw, grid: Grid) -> Change:
    """Every second or third slice."""
    step = draw(st.integers(2, 3))
    first = draw(st.integers(0, min(step, grid.shape[0]) - 1))
    count = len(range(first, grid.shape[0], step))
    return Change(mapped(grid, (count, *grid.shape[1:]), (0, 0, first), (1, 1, step)))


@st.composite
def turns(draw, grid: Grid) -> Change:
    """Another orientation, with its middle somewhere in the source."""
    spacing = tuple(draw(st.floats(0.3, 2.0)) * min(grid.spacing_mm) for _ in range(3))
    sides = draw(st.tuples(*[st.integers(1, 8)] * 3))
    turned = Grid(shape=sides, spacing_mm=spacing, direction_lps=draw(directions()))
    middle = np.array(
        grid.point(*(draw(st.floats(0, 1)) * (side - 1) for side in grid.shape[::-1]))
    )
    origin = middle - turned.point(*((side - 1) / 2 for side in sides[::-1]))
    turned = Grid(
        shape=sides,
        spacing_mm=spacing,
        direction_lps=turned.direction_lps,
        origin_lps=tuple(origin),
    )
    return Change(turned, is_parallel=abs(np.dot(grid.normal, turned.normal)) > 1 - 1e-12)


oblique = grids(left_handed=False)
changes = st.sampled_from((crops, flips, resamplings, slice_choices, turns))


@st.composite
def pairs(draw, kinds=changes) -> tuple[Grid, Change]:
    grid = draw(oblique)
    return grid, draw(draw(kinds)(grid))


def points(grid: Grid, per_step: int = 1) -> np.ndarray:
    """Return LPS mm of points in each slice along the normal, shape (slices, points, 3)."""
    turned, _ = grid.along_normal()
    slices, rows, columns = turned.shape
    u = np.linspace(0, columns - 1, (columns - 1) * per_step + 1)
    v = np.linspace(0, rows - 1, (rows - 1) * per_step + 1)
    index = np.array([[(x, y, z, 1.0) for y, x in itertools.product(v, u)] for z in range(slices)])
    return (index @ turned.affine().T)[..., :3]


def distances_mm(grid: Grid, places: np.ndarray) -> np.ndarray:
    """Return the distance of places from each slice, shape (..., slices), by its position."""
    planes = np.array([grid.position(index) for index in range(grid.shape[0])])
    return np.abs((places[..., None, :] - planes) @ np.array(grid.normal))


def is_inside(grid: Grid, places: np.ndarray, grown: np.ndarray) -> np.ndarray:
    """Return whether places lie in the voxels, with faces moved outwards by parts of a voxel."""
    offsets = places - np.array(grid.position(0))
    inside = np.ones(places.shape[:-1], bool)
    for axis, spacing, side, more in zip(
        grid.axes, grid.spacing_mm, grid.shape[::-1], grown, strict=True
    ):
        index = offsets @ np.array(axis) / spacing
        inside &= (index >= -0.5 - more) & (index <= side - 0.5 + more)
    return inside


def contributing(grid: Grid, places: np.ndarray, limits: np.ndarray | float) -> set[int]:
    """Return the source slices within one step of a place, limits (x, y, z) moved outwards."""
    more = np.broadcast_to(limits, 3)
    near = distances_mm(grid, places) < (1 - COINCIDES + more[2]) * grid.spacing_mm[2]
    return set(np.flatnonzero((near & is_inside(grid, places, more)[:, None]).any(axis=0)).tolist())


def half_steps(grid: Grid, other: Grid, per_step: int) -> np.ndarray:
    """Return the largest distance, in voxels, of a place in a slice from the points tried there."""
    steps = np.array(other.axes[:2]) * np.array(other.spacing_mm[:2])[:, None] / per_step
    return 0.5 * np.abs(np.array(grid.axes) @ steps.T).sum(axis=1) / grid.spacing_mm


@given(pairs())
def test_no_source_slice_that_a_voxel_comes_from_is_missing(pair):
    grid, change = pair
    matching = match(source_on(grid), change.grid)
    assert len(matching.slices) == change.grid.shape[0]
    for found, places in zip(matching.slices, points(change.grid), strict=True):
        assert contributing(grid, places, -HAIR) <= set(found)


@given(pairs())
def test_no_source_slice_is_named_that_nothing_comes_from(pair):
    grid, change = pair
    matching = match(source_on(grid), change.grid)
    per_step = 24  # a slice may pass the source between its voxels
    limits = HAIR + half_steps(grid, change.grid, per_step)
    for found, places in zip(matching.slices, points(change.grid, per_step), strict=True):
        assert set(found) <= contributing(grid, places, limits)


@given(pairs())
def test_the_first_source_slice_is_the_one_nearest_in_mm_and_the_others_follow_by_distance(pair):
    grid, change = pair
    matching = match(source_on(grid), change.grid)
    assume(change.is_parallel)
    for found, places in zip(matching.slices, points(change.grid), strict=True):
        away = distances_mm(grid, places).mean(axis=0)
        assert not found or away[found[0]] <= away.min() + HAIR * grid.spacing_mm[2]
        assert all(
            away[a] <= away[b] + HAIR * grid.spacing_mm[2] for a, b in itertools.pairwise(found)
        )


@given(pairs())
def test_a_slice_lies_exactly_on_the_one_whose_plane_all_its_voxels_are_in(pair):
    grid, change = pair
    matching = match(source_on(grid), change.grid)
    for exact, found, places in zip(
        matching.exact, matching.slices, points(change.grid), strict=True
    ):
        away = distances_mm(grid, places).max(axis=0) / grid.spacing_mm[2]
        on = set(np.flatnonzero(away < COINCIDES - HAIR)) if change.is_parallel and found else set()
        assert on <= {exact}
        assert exact is None or (away[exact] < COINCIDES + HAIR and found == (exact,))


@given(pairs())
def test_locations_are_preserved_if_every_voxel_lies_where_one_of_the_source_is_or_would_be(pair):
    grid, change = pair
    offsets = points(change.grid) - np.array(grid.position(0))
    index = np.stack(
        [
            offsets @ np.array(axis) / spacing
            for axis, spacing in zip(grid.axes, grid.spacing_mm, strict=True)
        ],
        axis=-1,
    )
    beside = np.abs(index - index.round()).max()
    assume(abs(beside - COINCIDES) > HAIR)
    matching = match(source_on(grid), change.grid)
    if matching.locations_preserved:
        assert beside < COINCIDES
    elif change.grid.shape[0] > 1 or change.is_parallel:
        assert beside > COINCIDES


@given(oblique, st.data())
def test_the_order_of_slices_does_not_change_the_grid(grid, data):
    matching = match(source_on(grid), data.draw(st.sampled_from((grid, grid.flipped("z")))))
    assert matching.relation == "same grid"
    assert matching.exact == tuple(range(grid.shape[0]))
    assert matching.locations_preserved
    assert matching.same_pixels
    assert not matching.advice


@given(pairs(), st.integers(0, 2**32 - 1))
def test_positions_that_the_files_round_change_nothing_on_the_grid_evened_out(pair, seed):
    grid, change = pair
    noise = np.random.default_rng(seed).uniform(-0.4e-3, 0.4e-3, (grid.shape[0], 3)) * min(
        grid.spacing_mm
    )
    rounded = np.array([grid.position(index) for index in range(grid.shape[0])]) + noise
    assert match(source_on(grid, positions=rounded), change.grid) == match(
        source_on(grid), change.grid
    )


@given(pairs(), st.integers(1, 3), st.integers(1, 3))
def test_every_image_of_a_slice_is_named_and_each_series_item_has_the_same_images(
    pair, source_volumes, volumes
):
    grid, change = pair
    source = source_on(grid, volumes=source_volumes)
    matching = match(source, change.grid)
    assume(not matching.is_empty)
    images, series = references_to_source(
        source, matching, is_multi_frame=False, volumes=volumes
    ).columns
    slices = change.grid.shape[0]
    each = volumes > 1 and volumes == source_volumes
    for frame in range(volumes * slices):
        volume, index = divmod(frame, slices)
        wanted = [volume] if each else range(source_volumes)
        expected = {f"2.25.{one}.{place}" for one in wanted for place in matching.slices[index]}
        named = images.at(frame, slices=slices)
        assert {attributes_of(item)["ReferencedSOPInstanceUID"] for item in named or ()} == expected
        listed = series.at(frame, slices=slices)
        assert (listed is None) == (named is None) == (not expected)
        if listed is not None:
            ((instances, uid),) = listed
            assert uid.values == ("2.25.2",)
            assert {
                attributes_of(item)["ReferencedSOPInstanceUID"] for item in instances.values
            } == expected


def attributes_of(item) -> dict:
    return {one.keyword: one.values[0] for one in item}
