"""Stored order of the voxels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from dicomseries import derivation
from dicomseries.errors import GeometryError
from dicomseries.geometry import Grid
from dicomseries.orientation import Orient, Turn, turn_along, turn_onto, turn_to, unusual_course
from dicomseries.slice_planes import SlicePlanes
from dicomseries.sources import Volume, WrittenPlanes, turned

__all__ = ["in_order_of", "oriented"]

_PARALLEL = 0.8
"""Least cosine between slices of array and source for rows to follow the source's."""


def oriented(
    volume: Volume,
    orient: Orient | None,
    *,
    has_own_direction: bool,
    source: derivation.SourceSeries | None = None,
) -> tuple[Volume, tuple[str, ...]]:
    """Return a volume in stored order, and advice.

    Parameters
    ----------
    volume : Volume
        As it was opened.
    orient : {"as-is", "upright", "axial", "coronal", "sagittal"}, optional
        The user's choice. Without it: the source's grid if the voxels are those of the source; the
        usual order for an image that states directions; else the array as it is.
    has_own_direction : bool
        Whether the directions come from the image, not from arguments.
    source : SourceSeries, optional
        The source series, if the volume lies in its space.

    Returns
    -------
    (Volume, tuple of str)
        The volume, turned lazily, and advice.
    """
    if not volume.grid.statement.has_place:
        _check_without_place(orient)
        return volume, ()
    if source is not None and not source.grid.statement.has_place:
        source = None
    if isinstance(volume.grid, WrittenPlanes):
        return _oriented_planes(
            volume, volume.grid, orient, source, has_own_direction=has_own_direction
        )
    turn, grid = _turn_and_grid(volume.grid, orient, source, has_own_direction=has_own_direction)
    stored = turned(volume, turn)
    if grid is not None:  # an equal grid with the texts of the source
        stored = replace(stored, grid=grid.stated(stored.grid.statement))
    advice = [*_turn_advice(stored.grid, turn, orient, is_source=grid is not None)]
    return stored, (*advice, *_axes_advice(volume))


def _oriented_planes(
    volume: Volume,
    planes: WrittenPlanes,
    orient: Orient | None,
    source: derivation.SourceSeries | None,
    *,
    has_own_direction: bool,
) -> tuple[Volume, tuple[str, ...]]:
    """Return slices on separate planes in stored order, and advice."""
    plane = planes.regular_plane()
    if orient is not None:
        return turned(volume, turn_to(plane, orient)), ()
    if source is not None:
        match = derivation.on_source_planes(source, planes)
        if match is not None:
            turn, grid = match
            stored = turned(volume, turn)
            grid = grid.stated(stored.grid.statement)
            thicknesses = planes.turned(turn.order, turn.flips).printed.thicknesses
            if thicknesses and grid.thickness_mm is None:
                grid = grid.with_thickness(thicknesses)
            return replace(stored, grid=grid), ()
    if has_own_direction:
        volume = turned(volume, turn_to(plane, "upright"))
    sentence = unusual_course(plane) if not has_own_direction else ""
    return volume, (sentence,) if sentence else ()


def in_order_of(grid: Grid | None, volume: Volume) -> Volume:
    """Return a volume in the order of a series.

    Parameters
    ----------
    grid : Grid, optional
        Of the series, LPS mm.
    volume : Volume
        What the series should hold.
    """
    if grid is None or not (grid.statement.has_place and volume.grid.statement.has_place):
        return volume
    if isinstance(grid, SlicePlanes) or isinstance(volume.grid, SlicePlanes):
        return volume
    turn = turn_onto(volume.grid, grid)
    if turn is None:
        return volume
    return turned(volume, turn)


def _check_without_place(orient: Orient | None) -> None:
    """Reject a direction for pictures without a place."""
    if orient not in {None, "as-is"}:
        raise GeometryError(
            code="orient-without-place",
            where="orient",
            given=f"`orient={orient!r}` for pictures without a place in the patient",
            expected="slices with a place, as only these run along the patient",
            remedy="Leave `orient=` out, or give `affine=` with `space=` (or `spacing=`, "
            "`origin=` and `direction=`).",
        )


def _turn_and_grid(
    grid: Grid,
    orient: Orient | None,
    source: derivation.SourceSeries | None,
    *,
    has_own_direction: bool,
) -> tuple[Turn, Grid | None]:
    """Return the turn, and the grid of the source."""
    if orient is not None:
        turn = turn_to(grid, orient)
        match = None if source is None else derivation.on_source_grid(source, turn.grid(grid))
        if match is None or not match[0].is_identity:
            return turn, None
        return turn, match[1]
    if source is not None:
        match = derivation.on_source_grid(source, grid)
        if match is not None:
            return match
    if not has_own_direction:
        return Turn(), None
    if source is not None:
        cosine = sum(a * b for a, b in zip(grid.normal, source.grid.normal, strict=True))
        if abs(cosine) > _PARALLEL:
            return turn_along(grid, source.grid.axes), None
    return turn_to(grid, "upright"), None


def _turn_advice(
    grid: Grid, turn: Turn, orient: Orient | None, *, is_source: bool
) -> Iterator[str]:
    if orient is not None:
        return
    if is_source and turn.order != (0, 1, 2):
        yield (
            "The voxels are those of the source series, with axes in another order: they are "
            "stored in its order. Pass `orient='as-is'` to keep the order of the array."
        )
    if not is_source:
        sentence = unusual_course(grid)
        if sentence:
            yield sentence


def _axes_advice(volume: Volume) -> Iterator[str]:
    """Yield the assumed order of axes that have equal lengths."""
    slices, rows, columns = volume.grid.shape
    if volume.axes_assumed and slices > 1 and slices in {rows, columns}:
        yield (
            f"Axes of equal length ({slices}, {rows}, {columns}) are taken as slices, rows, "
            "columns, as nothing states their order. Pass `axes='zyx'` if that is right, or "
            "`axes='xyz'` for columns, rows, slices."
        )
