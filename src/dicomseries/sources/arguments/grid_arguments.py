"""Join what a caller says about geometry with what a source knows itself, into the `Grid` of a `Volume`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np

from dicomseries.errors import GeometryError
from dicomseries.geometry import Grid
from dicomseries.sources.arguments.array_axes import ArrayAxes
from dicomseries.sources.arguments.source_arguments import SourceArguments
from dicomseries.sources.arguments.stated_geometry import joined_statement
from dicomseries.sources.arguments.volume_times import FoundTimes, times_of, untimed
from dicomseries.sources.volume import FrameReader, Volume

__all__ = ["MM_PER_UNIT", "Found", "build_volume", "join", "mm_per_unit", "unplaced"]

Found = Callable[[], Grid | None]
"""Gives the source's own geometry, of any shape, in the letters of its own axes; None if it knows none."""

MM_PER_UNIT = {
    "": 1.0,
    "mm": 1.0,
    "millimeter": 1.0,
    "millimetre": 1.0,
    "millimeters": 1.0,
    "millimetres": 1.0,
    "cm": 10.0,
    "centimeter": 10.0,
    "centimetre": 10.0,
    "m": 1000.0,
    "meter": 1000.0,
    "metre": 1000.0,
    "um": 1e-3,
    "µm": 1e-3,
    "μm": 1e-3,
    "\\u00b5m": 1e-3,
    "micron": 1e-3,
    "microns": 1e-3,
    "micrometer": 1e-3,
    "micrometre": 1e-3,
    "nm": 1e-6,
    "nanometer": 1e-6,
    "nanometre": 1e-6,
    "inch": 25.4,
}
"""Unit of length, lower case -> mm; no unit at all is taken as mm, as NIfTI readers and ITK do."""


def mm_per_unit(unit: object) -> float | None:
    """Return how many mm one `unit` is, None if it is no unit of length.

    Examples
    --------
    >>> mm_per_unit("Micrometer"), mm_per_unit(None), mm_per_unit("pixel")
    (0.001, 1.0, None)
    """
    return MM_PER_UNIT.get(str(unit or "").strip().strip('"').lower())


def unplaced() -> Grid | None:
    """Return None: the geometry of a source that knows none.

    Examples
    --------
    >>> unplaced() is None
    True
    """
    return None


def build_volume(
    slabs: FrameReader,
    layout: ArrayAxes,
    request: SourceArguments,
    found: Found = unplaced,
    *,
    slope: float = 1.0,
    intercept: float = 0.0,
    found_times: FoundTimes = untimed,
) -> Volume:
    """Return the volume of `slabs`, placed by the caller's arguments first and the source's own geometry second.

    The times of its volumes are found in the same way.

    Raises
    ------
    GeometryError
        If neither knows the spacing, or the grid is not one that DICOM can hold.
    SourceError
        If the caller's times do not fit the volumes.

    Examples
    --------
    >>> from dicomseries.sources.arguments.array_axes import lay_out
    >>> from dicomseries.sources.volume import array_frames
    >>> request = SourceArguments(spacing=(1, 1, 2))
    >>> build_volume(array_frames(np.zeros((3, 4, 5))), lay_out((3, 4, 5), request), request).grid.spacing_mm
    (1.0, 1.0, 2.0)
    """
    grid = join(layout.grid_shape, request, lambda: _renamed(found(), layout))
    return Volume(
        slabs=slabs,
        grid=grid,
        slope=slope,
        intercept=intercept,
        volumes=layout.volumes,
        times_s=times_of(layout, request, found_times),
        axes_assumed=layout.is_assumed,
    )


def join(shape: Sequence[int], request: SourceArguments, found: Found) -> Grid:
    """Return a grid of `shape` (slices, rows, columns): each argument of the caller overrides the source's own.

    `found` is not asked when the arguments define the grid alone, so they also correct a file whose own geometry is
    bad. The grid's statement says which parts were stated.

    Raises
    ------
    GeometryError
        If no spacing is known (unless the place is optional), or the grid is not one that DICOM can hold.

    Examples
    --------
    >>> own = Grid(shape=(1, 1, 1), spacing_mm=(2, 2, 2), origin_lps=(7, 8, 9))
    >>> grid = join((3, 4, 5), SourceArguments(spacing=(1, 1, 3)), lambda: own)
    >>> grid.spacing_mm, grid.origin_lps
    ((1.0, 1.0, 3.0), (7.0, 8.0, 9.0))
    """
    if request.affine is not None:
        return Grid.from_affine(shape, request.affine, space=str(request.space))
    own = None if request.is_complete else found()
    statement = joined_statement(request, own)
    if not statement.has_place and not (request.place_optional and not request.has_geometry):
        raise _geometry_missing(request, own)
    return Grid.from_spacing(
        shape,
        _three(_first_of(request.spacing, own and own.spacing_mm, (1.0, 1.0, 1.0))),
        origin=_first_of(request.origin, own and own.origin_lps),
        direction=_first_of(request.direction, own and own.direction_lps),
    ).stated(statement)


def _first_of(*values: Any) -> Any:
    """Return the first value that is there."""
    return next((value for value in values if value is not None), None)


def _geometry_missing(request: SourceArguments, own: Grid | None) -> GeometryError:
    if own is None or not own.statement.has_lengths:
        return GeometryError(
            code="geometry-missing",
            where=request.where,
            given="no voxel size, neither in the source nor as an argument",
            expected="the distance between voxel centres in mm along x (columns), y (rows), z (slices)",
            remedy="Pass `spacing=(x, y, z)`, e.g. `spacing=(0.8, 0.8, 2.5)`, or `affine=` with `space=`; a single image needs "
            "the slice thickness as z.",
        )
    x, y = (f"{length:g}" for length in own.spacing_mm[:2])
    return GeometryError(
        code="geometry-missing",
        where=request.where,
        given=f"a spacing of {x} and {y} mm in the plane, and no distance between slices",
        expected="the distance between voxel centres in mm along x (columns), y (rows), z (slices)",
        remedy=f"Pass `spacing=({x}, {y}, z)`, with the slice thickness as z.",
    )


def _three(spacing: Any) -> Any:
    try:
        count = len(spacing)
    except TypeError:
        count = 1
    if count == 3:
        return spacing
    raise GeometryError(
        code="spacing-count",
        where="spacing",
        given=spacing,
        expected="three lengths in mm: x (columns), y (rows), z (slices)",
        remedy="Give all three; a single image needs the slice thickness as the third.",
    )


def _renamed(own: Grid | None, layout: ArrayAxes) -> Grid | None:
    """Return the source's geometry in the caller's letters: every voxel stays on its point in space."""
    if own is None or layout.axes == layout.own_axes:
        return own
    letters = dict(zip(layout.axes, layout.own_axes, strict=True))
    order = ["xyz".find(letters.get(letter, letter)) for letter in "xyz"]
    if sorted(order) != [0, 1, 2]:
        return (
            None  # A spatial letter now names an axis of which the source knows no place in space.
        )
    return Grid(
        shape=own.shape,
        spacing_mm=cast("tuple[float, float, float]", tuple(own.spacing_mm[i] for i in order)),
        origin_lps=own.origin_lps,
        direction_lps=cast(
            "Any", tuple(np.reshape(own.direction_lps, (3, 3))[:, order].ravel().tolist())
        ),
        statement=own.statement,
    )
