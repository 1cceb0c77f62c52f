"""Pixel spacing and thickness that a series does not state: from the user, left out, or demanded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dicomseries.derivation import SourceSeries
from dicomseries.errors import GeometryError
from dicomseries.geometry import Grid, Vector
from dicomseries.geometry_statement import UNSTATED
from dicomseries.iod import Kind
from dicomseries.sources import Volume

__all__ = ["NO_RULER", "are_known", "completed", "lengths_text", "with_known_lengths"]

_ALIKE = 1e-3
"""Part of a length within which two lengths are one."""

NO_RULER = "No voxel size was stated: viewers show no ruler; give `spacing=` to add one."
_NO_PLACE = (
    "The slices have positions and no pixel spacing, so no point between has a place: the result is written without a "
    "place. Give `spacing=` to keep it."
)
_NO_THICKNESS = (
    "Nothing states the thickness of the slice: SliceThickness and SpacingBetweenSlices are left out. Give `spacing=`, "
    "with the thickness as z, if you know it."
)


def are_known(grid: Grid) -> bool:
    """Return whether all lengths of slices with a place are stated.

    Examples
    --------
    >>> are_known(Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 2)))
    True
    """
    return grid.statement.has_lengths and not _lacks_thickness(grid)


def _lacks_thickness(grid: Grid) -> bool:
    return grid.statement.thickness == "missing" and grid.shape[0] == 1


def lengths_text(grid: Grid) -> str:
    """Return the three lengths in mm, a question mark for one that nobody stated.

    Examples
    --------
    >>> from dicomseries.geometry_statement import Statement
    >>> slice_mm = Statement(thickness="missing")
    >>> lengths_text(Grid(shape=(1, 4, 5), spacing_mm=(0.5, 0.5, 1), statement=slice_mm))
    '0.5 × 0.5 × ?'
    """
    x, y, z = (f"{length:g}" for length in grid.spacing_mm)
    if not grid.statement.has_lengths:
        x, y = "?", "?"
    return f"{x} × {y} × {'?' if _lacks_thickness(grid) else z}"


def completed(series: SourceSeries, grid: Grid) -> SourceSeries:
    """Return a source series with the lengths that it does not state, from an array of the same slices.

    Parameters
    ----------
    series : SourceSeries
        Perhaps without PixelSpacing or, of a single slice, thickness.
    grid : Grid
        Of the array, LPS mm.

    Returns
    -------
    SourceSeries
        As it was if nothing is missing, or the array has another shape, place, or length where the series states one.
    """
    its = series.grid
    if not its.statement.has_place or are_known(its) or grid.shape != its.shape:
        return series
    if grid.statement.spacing != "stated" or not are_known(grid) or _stands_elsewhere(grid, its):
        return series
    if any(abs(own - known) > _ALIKE * known for own, known in _known_pairs(grid, its)):
        return series
    spacing: Vector = grid.spacing_mm
    whole = Grid(
        shape=its.shape,
        spacing_mm=spacing if its.shape[0] == 1 else (spacing[0], spacing[1], its.spacing_mm[2]),
        origin_lps=its.origin_lps,
        direction_lps=its.direction_lps,
        statement=replace(its.statement, spacing="stated", thickness="stated"),
    )
    return replace(series, grid=whole)


def _stands_elsewhere(grid: Grid, other: Grid) -> bool:
    """Return whether a place is stated that is not that of the other."""
    statement = grid.statement
    origin = statement.origin == "stated" and not np.allclose(
        grid.origin_lps, other.origin_lps, rtol=0, atol=1e-3
    )
    turned = statement.direction == "stated" and not np.allclose(
        grid.direction_lps, other.direction_lps, rtol=0, atol=1e-3
    )
    return origin or turned


def _known_pairs(grid: Grid, its: Grid) -> list[tuple[float, float]]:
    """Return the lengths of both along the axes where the series states one."""
    pairs = list(zip(grid.spacing_mm, its.spacing_mm, strict=True))
    first = 0 if its.statement.has_lengths else 2
    last = 2 if _lacks_thickness(its) else 3
    return pairs[first:last]


def with_known_lengths(volume: Volume, kind: Kind) -> Volume:
    """Return a volume that is written with no length that nobody stated.

    Parameters
    ----------
    volume : Volume
        With or without a place.
    kind : Kind
        Whether it can do without.

    Returns
    -------
    Volume
        Without a place where there is no pixel spacing and the kind needs none; with advice where something is left
        out.

    Raises
    ------
    GeometryError
        If a length is missing that the kind needs: PixelSpacing in an image plane (PS3.3 section C.7.6.2), the
        thickness of the slice in multi-frame kinds (section C.7.6.16.2.1).
    """
    grid = volume.grid
    if not grid.statement.has_place or are_known(grid):
        return volume
    if not grid.statement.has_lengths and kind.place_optional:
        plain = Grid(
            shape=grid.shape,
            spacing_mm=(1.0, 1.0, 1.0),
            statement=UNSTATED.noting(_NO_PLACE, NO_RULER),
        )
        return replace(volume, grid=plain)
    is_classic = not kind.is_multi_frame and kind.name != "Segmentation"
    if grid.statement.has_lengths and (kind.place_optional or is_classic):
        return replace(volume, grid=grid.stated(grid.statement.noting(_NO_THICKNESS)))
    raise _missing(grid)


def _missing(grid: Grid) -> GeometryError:
    z = "z" if _lacks_thickness(grid) else f"{grid.spacing_mm[2]:g}"
    x, y = (
        (f"{length:g}" for length in grid.spacing_mm[:2])
        if grid.statement.has_lengths
        else ("x", "y")
    )
    return GeometryError(
        code="spacing-missing",
        where="source",
        given=f"slices with a place and lengths of {lengths_text(grid)} mm (x, y, z), where ? is not stated",
        expected="the distance between pixel centres in mm, and of a single slice its thickness",
        remedy=f"Pass `spacing=({x}, {y}, {z})` with the numbers that are missing, if you know them.",
    )
