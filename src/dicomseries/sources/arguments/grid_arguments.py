"""The grid of a volume, from arguments and source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dicomseries.errors import GeometryError
from dicomseries.geometry import Grid
from dicomseries.sources.arguments.source_arguments import SourceArguments
from dicomseries.sources.arguments.stated_geometry import joined_statement
from dicomseries.sources.frames.array_axes import ArrayAxes

__all__ = ["SourceGrid", "join_grid", "no_grid", "renamed_grid"]

SourceGrid = Callable[[], Grid | None]
"""Gives the source's own grid, of any shape, along the source's letters; None if it states none."""


def no_grid() -> Grid | None:
    """Return None: the grid of a source that states none."""
    return None


def join_grid(shape: Sequence[int], arguments: SourceArguments, source_grid: SourceGrid) -> Grid:
    """Return a grid; each argument overrides the source.

    `source_grid` is not called when the arguments define the grid alone, so they also correct a
    file whose own geometry is bad. The grid's statement says which parts were stated.

    Raises
    ------
    GeometryError
        If no spacing is known (unless the place is optional), or the grid is not one that DICOM can
        hold.

    Examples
    --------
    >>> own = Grid(shape=(1, 1, 1), spacing_mm=(2, 2, 2), origin_lps=(7, 8, 9))
    >>> grid = join_grid((3, 4, 5), SourceArguments(spacing=(1, 1, 3)), lambda: own)
    >>> grid.spacing_mm, grid.origin_lps
    ((1.0, 1.0, 3.0), (7.0, 8.0, 9.0))
    """
    if arguments.affine is not None:
        return Grid.from_affine(shape, arguments.affine, space=str(arguments.space))
    stated = None if arguments.is_complete else source_grid()
    statement = joined_statement(arguments, stated)
    may_lack_place = arguments.place_optional and not arguments.has_geometry
    if not statement.has_place and not may_lack_place:
        raise _geometry_missing(arguments, stated)
    spacing, origin, direction = arguments.spacing, arguments.origin, arguments.direction
    stated = stated or Grid(shape=(1, 1, 1), spacing_mm=(1.0, 1.0, 1.0))
    if spacing is None:
        spacing = stated.spacing_mm
    if origin is None:
        origin = stated.origin_lps
    if direction is None:
        direction = stated.direction_lps
    _check_count(spacing)
    grid = Grid.from_spacing(shape, spacing, origin=origin, direction=direction)
    return grid.stated(statement)


def renamed_grid(grid: Grid | None, axes: ArrayAxes) -> Grid | None:
    """Return a grid of the source along the caller's axes.

    None where a spatial letter names an axis of which the source knows no place in space.
    """
    if grid is None or axes.letters == axes.source_letters:
        return grid
    letters = dict(zip(axes.letters, axes.source_letters, strict=True))
    order = ["xyz".find(letters.get(letter, letter)) for letter in "xyz"]
    if sorted(order) != [0, 1, 2]:
        return None
    direction = np.reshape(grid.direction_lps, (3, 3))[:, order]
    x, y, z = map(grid.spacing_mm.__getitem__, order)
    cosines: Any = tuple(direction.ravel().tolist())
    return Grid(
        shape=grid.shape,
        spacing_mm=(x, y, z),
        origin_lps=grid.origin_lps,
        direction_lps=cosines,
        statement=grid.statement,
    )


def _geometry_missing(arguments: SourceArguments, stated: Grid | None) -> GeometryError:
    if stated is None or not stated.statement.has_lengths:
        lengths = "no voxel size, neither in the source nor as an argument"
        remedy = (
            "Pass `spacing=(x, y, z)`, e.g. `spacing=(0.8, 0.8, 2.5)`, or `affine=` with "
            "`space=`; a "
            "single image needs the slice thickness as z."
        )
    else:
        x, y = (f"{length:g}" for length in stated.spacing_mm[:2])
        lengths = f"a spacing of {x} and {y} mm in the plane, and no distance between slices"
        remedy = f"Pass `spacing=({x}, {y}, z)`, with the slice thickness as z."
    return GeometryError(
        code="geometry-missing",
        where=arguments.where,
        given=lengths,
        expected="the distance between voxel centres in mm along x (columns), y (rows), z (slices)",
        remedy=remedy,
    )


def _check_count(spacing: Any) -> None:
    if np.shape(spacing)[:1] != (3,):
        raise GeometryError(
            code="spacing-count",
            where="spacing",
            given=spacing,
            expected="three lengths in mm: x (columns), y (rows), z (slices)",
            remedy="Give all three; a single image needs the slice thickness as the third.",
        )
