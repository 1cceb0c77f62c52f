"""The grid of a volume, from arguments and source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import GeometryError
from dicomseries.geometry import Grid
from dicomseries.geometry_statement import STATED, Certainty, Statement
from dicomseries.lazy_dataclass import dataclass
from dicomseries.sources.arguments.source_arguments import SourceArguments
from dicomseries.sources.arguments.stated_geometry import joined_statement
from dicomseries.sources.frames.array_axes import ArrayAxes

__all__ = ["ShearedFrame", "SourceGrid", "join_grid", "no_grid", "renamed_grid", "source_frame"]

_SHEARED = "axes-not-right-angled"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShearedFrame:
    """The affine of a source that no `Grid` can hold.

    Parameters
    ----------
    affine : ndarray, shape (4, 4)
        From (x, y, z) indices to mm.
    space : {"LPS", "RAS"}
        The frame of the result.
    statement : Statement
        Certainty of the geometry.
    error : GeometryError
        Why it is no grid.
    """

    affine: npt.NDArray[np.float64]
    space: str
    error: GeometryError
    statement: Statement = STATED


SourceGrid = Callable[[], Grid | ShearedFrame | None]
"""Gives the source's own grid, of any shape, along the source's letters; None if it states none."""


def source_frame(
    affine: npt.ArrayLike, *, space: str, statement: Statement = STATED
) -> Grid | ShearedFrame:
    """Return the grid of a source's affine, or its sheared frame.

    Examples
    --------
    >>> sheared = source_frame([[1, 0, 0, 0], [0, 1, 0.5, 0], [0, 0, 2, 0]], space="LPS")
    >>> type(sheared).__name__
    'ShearedFrame'
    """
    try:
        return Grid.from_affine((1, 1, 1), affine, space=space).stated(statement)
    except GeometryError as error:
        if error.code != _SHEARED:
            raise
        matrix = np.eye(4)
        matrix[:3] = np.asarray(affine, np.float64)[:3]
        return ShearedFrame(affine=matrix, space=space, error=error, statement=statement)


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
        return _of_affine(shape, arguments)
    stated = None if arguments.is_complete else source_grid()
    if isinstance(stated, ShearedFrame):
        return _of_sheared_source(shape, arguments, stated)
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
    if arguments.positions is not None:
        return _at_positions(shape, arguments, spacing, direction, statement)
    _check_count(spacing)
    grid = Grid.from_spacing(shape, spacing, origin=origin, direction=direction)
    return grid.stated(statement)


def _at_positions(
    shape: Sequence[int],
    arguments: SourceArguments,
    spacing: Any,
    direction: Any,
    statement: Statement,
) -> Grid:
    """Return the grid of stated positions; z of a stated spacing is the thickness."""
    from dicomseries.sources.arguments.slice_positions import (
        grid_at_positions,
    )

    if np.shape(spacing) != (2,):  # the thickness may be unknown
        _check_count(spacing)
    has_thickness = arguments.spacing is not None and len(spacing) == 3
    certainty: Certainty = "stated" if has_thickness else "missing"
    return grid_at_positions(
        arguments.positions,
        shape,
        tuple(map(float, spacing[:2])),
        direction=direction,
        origin=arguments.origin,
        thickness_mm=float(spacing[2]) if has_thickness else None,
        statement=replace(statement, origin="stated", thickness=certainty),
    )


def _of_affine(shape: Sequence[int], arguments: SourceArguments) -> Grid:
    """Return the grid of the argument `affine`, sheared where that is allowed."""
    try:
        return Grid.from_affine(shape, arguments.affine, space=str(arguments.space))
    except GeometryError as error:
        if error.code != _SHEARED or not arguments.may_be_irregular:
            raise
        from dicomseries.sources.arguments.slice_positions import sheared_grid

        grid = sheared_grid(shape, arguments.affine, space=str(arguments.space))
        if grid is None:
            raise
        return grid


def _of_sheared_source(
    shape: Sequence[int], arguments: SourceArguments, stated: ShearedFrame
) -> Grid:
    """Return the grid of a sheared source; no argument fits beside it."""
    grid = None
    if arguments.may_be_irregular and not arguments.has_geometry:
        from dicomseries.sources.arguments.slice_positions import sheared_grid

        grid = sheared_grid(shape, stated.affine, space=stated.space, statement=stated.statement)
    if grid is None:
        raise stated.error
    return grid


def renamed_grid(grid: Grid | ShearedFrame | None, axes: ArrayAxes) -> Grid | ShearedFrame | None:
    """Return a grid of the source along the caller's axes.

    None where a spatial letter names an axis of which the source knows no place in space.
    """
    if grid is None or axes.letters == axes.source_letters:
        return grid
    letters = dict(zip(axes.letters, axes.source_letters, strict=True))
    order = ["xyz".find(letters.get(letter, letter)) for letter in "xyz"]
    if sorted(order) != [0, 1, 2]:
        return None
    if isinstance(grid, ShearedFrame):
        return replace(grid, affine=grid.affine[:, [*order, 3]])
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
