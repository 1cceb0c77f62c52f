"""Which slices of a series are read, and the grid they stand on."""

from __future__ import annotations

import itertools
import reprlib
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from dicomseries.errors import OptionError
from dicomseries.geometry import Grid

__all__ = ["Slices", "chosen_slices", "grid_of_slices"]

Slices: TypeAlias = slice | Iterable[int] | int
"""Slices of a volume, counted from 0 along the normal: as numpy indexes the first axis, evenly apart and rising."""


def chosen_slices(slices: Slices, count: int) -> range:
    """Return the slices that are meant.

    Parameters
    ----------
    slices : slice, range, whole number, or whole numbers
        Negative ones are counted from the end; the ends of a `slice` may lie outside, as in numpy.
    count : int
        Slices that there are.

    Raises
    ------
    OptionError
        If none is left, one is not there, or they are not rising by even steps.

    Examples
    --------
    >>> chosen_slices(slice(None, None, 3), 10), chosen_slices((4, -4), 10), chosen_slices(-1, 10)
    (range(0, 10, 3), range(4, 7, 2), range(9, 10))
    """
    if isinstance(slices, slice):
        try:
            chosen = range(*slices.indices(count))
        except (TypeError, ValueError) as error:
            raise _refused(slices, code="slices-unknown", given=str(error)) from error
        if chosen.step < 0:
            raise _refused(slices, code="slices-not-even", given="slices that fall")
        return chosen or _none(slices, count)
    numbers = _numbers(slices)
    outside = [number for number in numbers if not -count <= number < count]
    if outside:
        raise _refused(slices, code="slices-outside", given=f"slice {outside[0]} of {count}")
    found = [number % count for number in numbers]
    steps = {after - before for before, after in itertools.pairwise(found)}
    if len(steps) > 1 or min(steps, default=1) < 1:
        listed = ", ".join(map(str, found[:6]))
        raise _refused(
            slices,
            code="slices-not-even",
            given=f"the slices {listed}{' …' if len(found) > 6 else ''}",
        )
    step = next(iter(steps), 1)
    return range(found[0], found[-1] + 1, step) if found else _none(slices, count)


def _numbers(slices: Any) -> list[int]:
    """Return the whole numbers of anything that holds some."""
    try:
        given = list(slices) if isinstance(slices, Iterable) else [slices]
    except TypeError:  # an array without an axis
        given = [slices]
    if not all(isinstance(one, int | np.integer) and not isinstance(one, bool) for one in given):
        raise _refused(slices, code="slices-unknown", given="something else")
    return [int(one) for one in given]


def _none(slices: Slices, count: int) -> range:
    raise _refused(slices, code="slices-empty", given=f"none of {count} slices")


def _refused(slices: Slices, *, code: str, given: str) -> OptionError:
    return OptionError(
        code=code,
        where="slices",
        given=f"{reprlib.repr(slices)}: {given}",
        expected="a slice, a range or whole numbers of slices that are there, rising by even steps",
        remedy="Count from 0 along the normal, e.g. `slices=slice(100, 200)`, `slices=range(0, 400, 4)` or `slices=-1`.",
    )


def grid_of_slices(grid: Grid, chosen: range) -> Grid:
    """Return the grid of some slices of a grid.

    Examples
    --------
    >>> grid = grid_of_slices(Grid(shape=(9, 4, 5), spacing_mm=(1, 1, 2)), range(2, 9, 3))
    >>> grid.shape, grid.spacing_mm, grid.origin_lps
    ((3, 4, 5), (1.0, 1.0, 6.0), (0.0, 0.0, 4.0))
    """
    x, y, between = grid.spacing_mm
    step = chosen.step if len(chosen) > 1 else 1
    return replace(
        grid,
        shape=(len(chosen), *grid.shape[1:]),
        spacing_mm=(x, y, between * step),
        origin_lps=grid.position(chosen.start),
    )
