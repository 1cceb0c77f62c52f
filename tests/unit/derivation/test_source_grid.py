"""Texts of a source's header are kept while they state its grid, rounded or not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicomseries.derivation import SourceFrame, SourceSeries, on_source_grid
from dicomseries.geometry import Grid
from dicomseries.standard.attributes.attribute import attribute
from dicomseries.testing import grids

CORNER, EVEN = 1e-3, 1e-4
"""What `check` accepts, as a part of the spacing."""


def source_with(grid: Grid, decimals: int) -> SourceSeries:
    """A source whose header prints so many decimals."""

    def texts(numbers):
        return [f"{number:.{decimals}f}" for number in numbers]

    grid, _ = grid.along_normal()
    shared = (
        attribute("SpacingBetweenSlices", *texts(grid.spacing_mm[2:])),
        attribute("ImageOrientationPatient", *texts(grid.orientation)),
        attribute("PixelSpacing", *texts(grid.spacing_mm[1::-1])),
    )
    frames = []
    for index in range(grid.shape[0]):
        position = texts(grid.position(index))
        frames.append(
            SourceFrame(
                sop_class_uid="1.2.3",
                sop_instance_uid=f"2.25.{index}",
                position_lps=tuple(map(float, position)),
                attributes=(attribute("ImagePositionPatient", *position),),
            )
        )
    return SourceSeries(
        kind="CT",
        sop_class_uid="1.2.3",
        modality="CT",
        study_uid="2.25.1",
        series_uid="2.25.2",
        frame_of_reference_uid="2.25.3",
        grid=grid,
        frames=tuple(frames),
        shared=shared,
    )


def printed_corners(grid: Grid) -> np.ndarray:
    """Where readers put the corners of each slice, from what is printed alone."""
    x, y = np.reshape([float(text) for text in grid.orientation_texts()], (2, 3))
    across, down, _ = (float(text) for text in grid.spacing_texts())
    _, rows, columns = grid.shape
    starts = [
        [float(text) for text in grid.position_texts(index)] for index in range(grid.shape[0])
    ]
    ends = np.array([(0 * x), x * across * (columns - 1), y * down * (rows - 1)])
    return np.array(starts)[:, None] + ends


@given(grids(), st.integers(1, 9))
def test_what_is_printed_is_where_the_grid_is(grid, decimals):
    source = source_with(grid, decimals)
    if not source.is_regular:
        return
    found = on_source_grid(source, source.grid)
    assert found is not None
    turn, own = found
    assert turn.is_identity
    exact = np.array(
        [[source.grid.point(*at, z) for at in corners_of(grid)] for z in range(grid.shape[0])]
    )
    assert np.abs(printed_corners(own) - exact).max() <= CORNER * min(grid.spacing_mm)
    starts = printed_corners(own)[:, 0]
    even = np.linspace(starts[0], starts[-1], len(starts))
    assert np.linalg.norm(starts - even, axis=1).max() <= EVEN * grid.spacing_mm[2]


def corners_of(grid: Grid) -> list[tuple[int, int]]:
    return [(0, 0), (grid.shape[2] - 1, 0), (0, grid.shape[1] - 1)]


@pytest.mark.parametrize("decimals", [7, 9, 12])
def test_texts_of_many_decimals_are_kept(decimals):
    grid = Grid.from_spacing(
        (4, 5, 6), (0.7, 0.9, 2.5), origin=(-10.123, 20, 3), direction=(0.6, 0.8, 0, -0.8, 0.6, 0)
    )
    source = source_with(grid, decimals)
    _, own = on_source_grid(source, grid.flipped("y"))
    assert own.spacing_texts()[::-1] == tuple(
        f"{number:.{decimals}f}" for number in (2.5, 0.9, 0.7)
    )
    assert own.position_texts(2) == source.frames[2].attributes[0].values
    assert own.orientation_texts() == source.shared[1].values


def test_positions_of_few_decimals_are_evened_out_and_the_plane_keeps_its_texts():
    grid = Grid.from_spacing((7, 5, 6), (0.5, 0.5, 1 / 3), direction=(1, 0, 0, 0, 1, 0))
    source = source_with(grid, 3)
    _, own = on_source_grid(source, grid)
    assert own.texts.positions is None
    assert own.orientation_texts() == source.shared[1].values


def test_cosines_of_few_decimals_are_not_kept():
    grid = Grid.from_spacing(
        (3, 200, 200), (1, 1, 1), direction=(0.936293, 0.351213, 0, -0.351213, 0.936293, 0)
    )
    _, own = on_source_grid(source_with(grid, 2), grid)
    assert own.texts is None


def test_a_header_without_right_texts_does_not_change_the_grid():
    grid = Grid(shape=(2, 3, 4), spacing_mm=(1, 1, 1))
    source = source_with(grid, 2)
    for shared in (
        (),
        (attribute("PixelSpacing", "1", "x"),),
        (attribute("PixelSpacing", "2", "2"),),
    ):
        _, own = on_source_grid(replace(source, shared=(*shared, *source.shared[1:2])), grid)
        assert own.texts is None
