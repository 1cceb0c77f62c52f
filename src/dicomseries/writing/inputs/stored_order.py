"""The order in which voxels are stored: the source's, the usual one of a plane, or the array's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from dicomseries.derivation import SourceSeries, on_source_grid
from dicomseries.errors import GeometryError
from dicomseries.geometry import Grid
from dicomseries.orientation import Orient, Turn, turn_along, turn_onto, turn_to, unusual_course
from dicomseries.sources import Volume, turned

__all__ = ["in_order_of", "oriented"]

_PARALLEL = 0.8
"""Least cosine between the slices of an array and those of the source for which the rows follow the source's."""


def oriented(
    volume: Volume,
    orient: Orient | None,
    *,
    has_own_direction: bool,
    source: SourceSeries | None = None,
) -> tuple[Volume, tuple[str, ...]]:
    """Return a volume with its axes in the order in which it is stored, and what the user should know of it.

    Parameters
    ----------
    volume : Volume
        As it was opened.
    orient : {"as-is", "upright", "axial", "coronal", "sagittal"}, optional
        What the user asked for. If nothing: the source's grid where the voxels are those of the source; the usual way
        for an image that has directions of its own; else the array as it is.
    has_own_direction : bool
        Whether the directions come from the image itself, not from arguments.
    source : SourceSeries, optional
        The series that it was made from, if it stands in its space.

    Returns
    -------
    (Volume, tuple of str)
        The volume, turned lazily, and advice.
    """
    if not volume.grid.statement.has_place:
        _refuse_turn(orient)
        return volume, ()
    source = source if source is not None and source.grid.statement.has_place else None
    turn, grid = _chosen(volume.grid, orient, source, has_own_direction=has_own_direction)
    stored = turned(volume, turn)
    if grid is not None:
        stored = _placed(stored, grid)
    advice = (*_advice(stored.grid, turn, orient, is_source=grid is not None), *_assumed(volume))
    return stored, advice


def in_order_of(grid: Grid | None, volume: Volume) -> Volume:
    """Return a volume with its axes in the order of a series, where they run along those of the series.

    Parameters
    ----------
    grid : Grid, optional
        Of the series, LPS mm.
    volume : Volume
        What the series should hold.
    """
    if grid is None or not (grid.statement.has_place and volume.grid.statement.has_place):
        return volume
    turn = turn_onto(volume.grid, grid)
    return volume if turn is None else turned(volume, turn)


def _refuse_turn(orient: Orient | None) -> None:
    """Reject a direction for pictures without a place, which have none."""
    if orient not in {None, "as-is"}:
        raise GeometryError(
            code="orient-without-place",
            where="orient",
            given=f"`orient={orient!r}` for pictures without a place in the patient",
            expected="slices with a place, as only these run along the patient",
            remedy="Leave `orient=` out, or give `affine=` with `space=` (or `spacing=`, `origin=` and `direction=`).",
        )


def _chosen(
    grid: Grid, orient: Orient | None, source: SourceSeries | None, *, has_own_direction: bool
) -> tuple[Turn, Grid | None]:
    """Return the turn, and the grid if it is the source's."""
    if orient is not None:
        turn = turn_to(grid, orient)
        return turn, _kept_grid(turn.grid(grid), source)
    found = None if source is None else on_source_grid(source, grid)
    if found is not None:
        return found
    if not has_own_direction:
        return Turn(), None
    if source is not None and _are_parallel(grid, source.grid):
        return turn_along(grid, source.grid.axes), None
    return turn_to(grid, "upright"), None


def _kept_grid(grid: Grid, source: SourceSeries | None) -> Grid | None:
    """Return the source's grid for an array that is on it without a turn."""
    found = None if source is None else on_source_grid(source, grid)
    return found[1] if found is not None and found[0].is_identity else None


def _are_parallel(grid: Grid, other: Grid) -> bool:
    return abs(sum(a * b for a, b in zip(grid.normal, other.normal, strict=True))) > _PARALLEL


def _placed(volume: Volume, grid: Grid) -> Volume:
    """Return the volume on an equal grid that has the source's texts."""
    return replace(volume, grid=grid.stated(volume.grid.statement))


def _advice(grid: Grid, turn: Turn, orient: Orient | None, *, is_source: bool) -> Iterator[str]:
    if orient is None and is_source and turn.order != (0, 1, 2):
        yield (
            "The voxels are those of the source series, with axes in another order: they are stored in its order. "
            "Pass `orient='as-is'` to keep the order of the array."
        )
    if orient is None and not is_source:
        sentence = unusual_course(grid)
        if sentence:
            yield sentence


def _assumed(volume: Volume) -> Iterator[str]:
    """Yield which order is taken where axes of equal length leave it open, and nobody stated it."""
    slices, rows, columns = volume.grid.shape
    if volume.axes_assumed and slices > 1 and slices in {rows, columns}:
        yield (
            f"Axes of equal length ({slices}, {rows}, {columns}) are taken as slices, rows, columns, as nothing states "
            "their order. Pass `axes='zyx'` if that is right, or `axes='xyz'` for columns, rows, slices."
        )
