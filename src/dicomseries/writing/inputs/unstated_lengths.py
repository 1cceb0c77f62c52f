"""Pixel spacing and thickness that a series may not state."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dicomseries.errors import GeometryError
from dicomseries.geometry import Grid
from dicomseries.geometry_statement import UNSTATED
from dicomseries.iod import Kind
from dicomseries.slice_planes import SlicePlanes
from dicomseries.sources import Volume, WrittenPlanes, written_planes
from dicomseries.standard.attributes.attribute import Attribute, attribute
from dicomseries.standard.attributes.decimal_string import format_ds
from dicomseries.writing.inputs.write_request import WriteRequest

if TYPE_CHECKING:
    from dicomseries.derivation import SourceSeries

__all__ = [
    "NO_RULER",
    "are_known",
    "completed",
    "lengths_text",
    "on_written_planes",
    "states_thickness",
    "with_known_lengths",
    "with_stated_thickness",
]

_KEYWORD = "SliceThickness"
_TOLERANCE = 1e-3
"""Part of a length within which two lengths are equal."""

NO_RULER = "No voxel size was stated: viewers show no ruler; give `spacing=` to add one."
_NO_PLACE = (
    "The slices have positions and no pixel spacing, so no point between has a place: the result "
    "is written without a place. Give `spacing=` to keep it."
)
_NO_THICKNESS_OF_PLANES = (
    "Nothing states the thickness of the slices: SliceThickness is empty. Give it in `metadata=`, "
    "if you know it."
)
_NO_THICKNESS = (
    "Nothing states the thickness of the slice: SliceThickness and SpacingBetweenSlices are left "
    "out. Give `spacing=`, with the thickness as z, if you know it."
)


def are_known(grid: Grid) -> bool:
    """Return whether all lengths of slices are stated."""
    return grid.statement.has_lengths and not _lacks_thickness(grid)


def _lacks_thickness(grid: Grid) -> bool:
    if isinstance(grid, WrittenPlanes):
        return grid.thickness_mm is None
    return grid.statement.thickness == "missing" and grid.shape[0] == 1


def lengths_text(grid: Grid) -> str:
    """Return the lengths in mm, ? if unstated."""
    if isinstance(grid, WrittenPlanes):
        lengths = (*grid.spacings_mm[0].tolist(), grid.thickness_mm or 0.0)
    else:
        lengths = grid.spacing_mm
    x, y, z = (f"{length:g}" for length in lengths)
    if not grid.statement.has_lengths:
        x, y = "?", "?"
    if _lacks_thickness(grid):
        z = "?"
    return f"{x} × {y} × {z}"


def completed(series: SourceSeries, grid: Grid) -> SourceSeries:
    """Return a source series with the lengths of an array.

    Parameters
    ----------
    series : SourceSeries
        Perhaps without PixelSpacing or, of a single slice, thickness.
    grid : Grid
        Of the array, LPS mm.

    Returns
    -------
    SourceSeries
        Unchanged if nothing is missing, or the array has another shape, place, or length.
    """
    incomplete = series.grid
    if not incomplete.statement.has_place or are_known(incomplete):
        return series
    if isinstance(grid, WrittenPlanes):
        return series
    if grid.shape != incomplete.shape or grid.statement.spacing != "stated" or not are_known(grid):
        return series
    if _lies_elsewhere(grid, incomplete) or not _has_known_lengths(grid, incomplete):
        return series
    x, y, z = grid.spacing_mm
    if incomplete.shape[0] > 1:
        z = incomplete.spacing_mm[2]
    complete = Grid(
        shape=incomplete.shape,
        spacing_mm=(x, y, z),
        origin_lps=incomplete.origin_lps,
        direction_lps=incomplete.direction_lps,
        statement=replace(incomplete.statement, spacing="stated", thickness="stated"),
    )
    return replace(series, grid=complete)


def _lies_elsewhere(grid: Grid, other: Grid) -> bool:
    """Return whether two stated places differ."""
    statement = grid.statement
    if statement.origin == "stated" and not _are_close(grid.origin_lps, other.origin_lps):
        return True
    return statement.direction == "stated" and not _are_close(
        grid.direction_lps, other.direction_lps
    )


def _are_close(numbers: tuple[float, ...], others: tuple[float, ...]) -> bool:
    return bool(np.allclose(numbers, others, rtol=0, atol=1e-3))


def _has_known_lengths(grid: Grid, incomplete: Grid) -> bool:
    """Return whether a grid agrees with the stated lengths."""
    first, last = 0, 3
    if not incomplete.statement.has_lengths:
        first = 2
    if _lacks_thickness(incomplete):
        last = 2
    pairs = zip(grid.spacing_mm, incomplete.spacing_mm, strict=True)
    for length, known in list(pairs)[first:last]:
        if abs(length - known) > _TOLERANCE * known:
            return False
    return True


def with_known_lengths(volume: Volume, kind: Kind, *, has_thickness: bool = False) -> Volume:
    """Return a volume that is written with stated lengths only.

    Parameters
    ----------
    volume : Volume
        With or without a place.
    kind : Kind
        Whether it requires lengths.
    has_thickness : bool
        Whether SliceThickness comes from elsewhere: the user's metadata, the source series.

    Returns
    -------
    Volume
        Without a place if there is no pixel spacing and the kind needs none; with advice if
        something is left out.

    Raises
    ------
    GeometryError
        If a length is missing that the kind needs: PixelSpacing in an image plane (PS3.3 section
        C.7.6.2), the thickness of the slice in multi-frame kinds (section C.7.6.16.2.1).
    """
    grid, has_spacing = volume.grid, volume.grid.statement.has_lengths
    if not grid.statement.has_place or are_known(grid):
        return volume
    if has_thickness and has_spacing and isinstance(grid, WrittenPlanes):
        return volume
    if not has_spacing and kind.place_optional:
        plain = Grid(
            shape=grid.shape,
            spacing_mm=(1.0, 1.0, 1.0),
            statement=UNSTATED.noting(_NO_PLACE, NO_RULER),
        )
        return replace(volume, grid=plain)
    is_classic = not kind.is_multi_frame and kind.name != "Segmentation"
    if has_spacing and (kind.place_optional or is_classic):
        note = _NO_THICKNESS_OF_PLANES if isinstance(grid, WrittenPlanes) else _NO_THICKNESS
        return replace(volume, grid=grid.stated(grid.statement.noting(note)))
    if isinstance(grid, WrittenPlanes):
        raise _thickness_missing(grid)
    lengths = lengths_text(grid).split(" × ")
    for index, axis in enumerate("xyz"):
        lengths[index] = lengths[index].replace("?", axis)
    raise GeometryError(
        code="spacing-missing",
        where="source",
        given=f"slices with a place and lengths of {lengths_text(grid)} mm (x, y, z), where ? is "
        "not stated",
        expected="the distance between pixel centres in mm, and of a single slice its thickness",
        remedy=f"Pass `spacing=({', '.join(lengths)})` with the missing numbers, if you know them.",
    )


def _thickness_missing(grid: WrittenPlanes) -> GeometryError:
    return GeometryError(
        code="spacing-missing",
        where="source",
        given=f"slices on separate planes ({grid.summary}), without a thickness",
        expected="the thickness of the slices in mm, which slices in one file must state",
        remedy='Pass `metadata={"SliceThickness": 3}` for slices of 3 mm, if you know it; or write '
        "a kind of one file for each slice, such as `kind='SC'`.",
    )


# ---------------------------------------------------------------- slices on separate planes
def on_written_planes(volume: Volume, thickness: Attribute | None = None) -> Volume:
    """Return a volume whose irregular slices have the texts of headers.

    Parameters
    ----------
    volume : Volume
        On its grid.
    thickness : Attribute, optional
        SliceThickness that the user states for all slices.

    Raises
    ------
    GeometryError
        If a slice has no place.
    """
    grid = volume.grid
    if not isinstance(grid, SlicePlanes):
        return volume
    if not isinstance(grid, WrittenPlanes):
        if not grid.are_placed and not grid.statement.has_place:
            return volume
        grid = written_planes(grid)
    if thickness is not None and not thickness.is_empty:
        grid = grid.with_thickness([str(thickness.values[0])] * grid.shape[0])
    return replace(volume, grid=grid)


def with_stated_thickness(request: WriteRequest, volume: Volume) -> WriteRequest:
    """Return the request with the thickness that comes with `positions=`.

    Even slices at stated positions are a regular grid, whose slices may be thicker or thinner than
    their distance.

    Parameters
    ----------
    request : WriteRequest
        Its options.
    volume : Volume
        On its grid.
    """
    options = request.options
    spacing = options.spacing
    is_stated = options.positions is not None and spacing is not None and len(spacing) == 3
    if not is_stated or isinstance(volume.grid, WrittenPlanes):
        return request
    if request.metadata.get(_KEYWORD) is not None or request.is_segmentation:
        return request
    assert spacing is not None  # noqa: S101 - checked above
    thickness = attribute(_KEYWORD, format_ds(float(spacing[2])))
    return replace(request, metadata=request.metadata.having(thickness))


def states_thickness(request: WriteRequest, series: SourceSeries | None) -> bool:
    """Return whether metadata or source series state SliceThickness."""
    stated = request.metadata.get(_KEYWORD)
    if stated is not None:
        return not stated.is_empty
    if series is None or request.is_segmentation:
        return False
    shared = series.get(_KEYWORD)
    return shared is not None and not shared.is_empty
