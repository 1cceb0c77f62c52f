"""Selection of slices, and their grid."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from dicomseries.errors import OptionError
from dicomseries.geometry import Grid
from dicomseries.reading.geometry.volume_sorting import VolumeSorting, arrange
from dicomseries.reading.order.placement import SortedPlanes, place_on_grid
from dicomseries.slice_planes import SlicePlanes

__all__ = ["Slices", "chosen_slices", "grid_of_slices"]

Slices: TypeAlias = slice | Iterable[int] | int
"""Slices of a volume, counted from 0 along the normal, rising in even steps."""


def chosen_slices(slices: Slices, count: int) -> range:
    """Return the indices of selected slices.

    Parameters
    ----------
    slices : slice, range, whole number, or whole numbers
        Negative numbers count from the end; the ends of a `slice` may lie outside, as in numpy.
    count : int
        Number of slices.

    Raises
    ------
    OptionError
        If no slice is selected, one does not exist, or they do not rise in even steps.

    Examples
    --------
    >>> chosen_slices(slice(None, None, 3), 10), chosen_slices((4, -4), 10), chosen_slices(-1, 10)
    (range(0, 10, 3), range(4, 7, 2), range(9, 10))
    """
    if isinstance(slices, slice):
        try:
            chosen = range(*slices.indices(count))
        except (TypeError, ValueError) as error:
            raise _rejected(slices, "slices-unknown", str(error)) from error
        if chosen.step < 0:
            raise _rejected(slices, "slices-not-even", "a negative step")
    else:
        chosen = _range_of(slices, count)
    if not chosen:
        raise _rejected(slices, "slices-empty", f"none of {count} slices")
    return chosen


def _range_of(slices: Iterable[int] | int, count: int) -> range:
    numbers = _whole_numbers(slices)
    outside = [number for number in numbers if not -count <= number < count]
    if outside:
        raise _rejected(slices, "slices-outside", f"slice {outside[0]} of {count}")
    if not numbers:
        return range(0)
    indices = [number % count for number in numbers]
    step = indices[1] - indices[0] if len(indices) > 1 else 1
    chosen = range(indices[0], indices[-1] + 1, max(step, 1))
    if list(chosen) != indices:
        listed = ", ".join(map(str, indices[:6]))
        ellipsis = " …" if len(indices) > 6 else ""
        raise _rejected(slices, "slices-not-even", f"the slices {listed}{ellipsis}")
    return chosen


def _whole_numbers(slices: Any) -> list[int]:
    try:
        items = list(slices)
    except TypeError:  # a number, or an array without an axis
        items = [slices]
    for item in items:
        if isinstance(item, bool) or not isinstance(item, int | np.integer):
            raise _rejected(slices, "slices-unknown", "not whole numbers")
    return list(map(int, items))


def _rejected(slices: Slices, code: str, given: str) -> OptionError:
    return OptionError(
        code=code,
        where="slices",
        given=f"{reprlib.repr(slices)}: {given}",
        expected="a slice, a range or whole numbers of existing slices, rising in even steps",
        remedy="Count from 0 along the normal, e.g. `slices=slice(100, 200)`, "
        "`slices=range(0, 400, 4)` or `slices=-1`.",
    )


def grid_of_slices(grid: Grid, chosen: range) -> Grid:
    """Return the grid of selected slices.

    A regular stretch of irregular slices has a regular grid.

    Examples
    --------
    >>> grid = grid_of_slices(Grid(shape=(9, 4, 5), spacing_mm=(1, 1, 2)), range(2, 9, 3))
    >>> grid.shape, grid.spacing_mm, grid.origin_lps
    ((3, 4, 5), (1.0, 1.0, 6.0), (0.0, 0.0, 4.0))
    """
    if isinstance(grid, SlicePlanes):
        return _regular_if_even(grid.pick(chosen))
    x, y, between = grid.spacing_mm
    step = chosen.step if len(chosen) > 1 else 1
    return replace(
        grid,
        shape=(len(chosen), *grid.shape[1:]),
        spacing_mm=(x, y, between * step),
        origin_lps=grid.position(chosen.start),
    )


def _regular_if_even(planes: SlicePlanes) -> Grid:
    """Return the grid of planes that form one; the planes if not."""
    if not (planes.are_placed and planes.are_parallel):
        return planes
    count = planes.shape[0]
    is_rising = bool((np.diff(planes.distances_mm) > 0).all())
    if not is_rising or len(np.unique(planes.spacings_mm.round(6), axis=0)) > 1:
        return planes
    spacing: tuple[float, ...] = ()
    if planes.statement.has_lengths:
        spacing = tuple(planes.spacings_mm[0, ::-1].tolist())
    order = np.arange(count)
    numbers = order.astype(np.float64)
    grid, _ = place_on_grid(
        SortedPlanes(
            noun="files",
            names=[f"slice {index}" for index in range(count)],
            positions_lps=planes.positions_lps,
            axes=planes.orientations[0].reshape(2, 3),
            spacings_mm=(spacing,),
            thicknesses_mm=(),
            size=(planes.shape[1], planes.shape[2]),
        ),
        VolumeSorting(
            places=order, keys=(), numbers=numbers, arrangement=arrange(order, [], numbers)
        ),
    )
    return planes if grid is None else grid
