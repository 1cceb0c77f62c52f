"""Hypothesis strategies of numbers, grids, arrays and volumes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dicomseries.geometry import Grid
from dicomseries.sources import Volume, array_frames

__all__ = ["arrays", "directions", "dtypes", "grids", "lengths_mm", "positions_mm", "volumes"]

_DTYPES = {
    "b": ("bool",),
    "i": ("int8", "int16", "int32", "int64", ">i2", ">i4"),
    "u": ("uint8", "uint16", "uint32", "uint64", ">u2"),
    "f": ("float16", "float32", "float64", ">f4", ">f8"),
}


def lengths_mm() -> st.SearchStrategy[float]:
    """Return a strategy for voxel sizes, in mm.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(lengths_mm(), lambda length: length > 1) > 1
    True
    """
    return st.floats(0.05, 20.0)


def positions_mm() -> st.SearchStrategy[float]:
    """Return a strategy for a coordinate, in mm.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(positions_mm(), lambda position: position < 0) < 0
    True
    """
    return st.floats(-1000.0, 1000.0)


@st.composite
def directions(draw: st.DrawFn, *, left_handed: bool | None = None) -> tuple[float, ...]:
    """Return a strategy for nine direction cosines (LPS).

    Parameters
    ----------
    draw : callable
        Given by hypothesis.
    left_handed : bool, optional
        Whether the slices run against the normal; either if not given.

    Returns
    -------
    SearchStrategy of tuple of float
        Row by row, as `Grid.direction_lps` has them.

    Examples
    --------
    >>> from hypothesis import find
    >>> len(find(directions(), lambda cosines: True))
    9
    """
    if draw(st.booleans()):
        signs = draw(st.tuples(*[st.sampled_from((-1.0, 1.0))] * 3))
        matrix = np.eye(3)[:, draw(st.permutations(range(3)))] * signs
    else:
        matrix = _rotation(*(draw(st.floats(-math.pi, math.pi)) for _ in range(3)))
    wanted = draw(st.booleans()) if left_handed is None else left_handed
    if (np.linalg.det(matrix) < 0) != wanted:
        matrix[:, 2] *= -1
    return tuple((matrix.ravel() + 0.0).tolist())


@st.composite
def grids(draw: st.DrawFn, *, max_side: int = 7, left_handed: bool | None = None) -> Grid:
    """Return a strategy for grids of any orientation.

    Parameters
    ----------
    draw : callable
        Given by hypothesis.
    max_side : int
        Most slices, rows and columns.
    left_handed : bool, optional
        As for `directions`.

    Returns
    -------
    SearchStrategy of Grid

    Examples
    --------
    >>> from hypothesis import find
    >>> find(grids(), lambda grid: not grid.is_right_handed).is_right_handed
    False
    """
    sides = draw(st.tuples(*[st.integers(1, max_side)] * 3))
    return Grid(
        shape=(sides[0], sides[1], sides[2]),
        spacing_mm=(draw(lengths_mm()), draw(lengths_mm()), draw(lengths_mm())),
        origin_lps=(draw(positions_mm()), draw(positions_mm()), draw(positions_mm())),
        direction_lps=cast("Any", draw(directions(left_handed=left_handed))),
    )


def dtypes(kinds: str = "biuf") -> st.SearchStrategy[np.dtype[Any]]:
    """Return a strategy for dtypes of either byte order.

    Parameters
    ----------
    kinds : str
        Letters of numpy: b for bool, i and u for integers, f for floats.

    Returns
    -------
    SearchStrategy of numpy.dtype

    Examples
    --------
    >>> from hypothesis import find
    >>> find(dtypes("u"), lambda dtype: dtype.itemsize == 8)
    dtype('uint64')
    """
    return st.sampled_from([np.dtype(name) for kind in kinds for name in _DTYPES[kind]])


@st.composite
def arrays(
    draw: st.DrawFn,
    shape: Sequence[int],
    *,
    dtype: npt.DTypeLike | None = None,
    finite: bool = True,
) -> npt.NDArray[Any]:
    """Return a strategy for arrays of `shape`.

    Parameters
    ----------
    draw : callable
        Given by hypothesis.
    shape : sequence of int
        E.g. (slices, rows, columns).
    dtype : dtype-like, optional
        One of `dtypes` if not given.
    finite : bool
        Whether floats are finite, as `write` demands unless it is told what NaN becomes.

    Returns
    -------
    SearchStrategy of numpy.ndarray

    Examples
    --------
    >>> from hypothesis import find
    >>> find(arrays((2, 3, 4), dtype="int16"), lambda array: array.max() > 0).shape
    (2, 3, 4)
    """
    if dtype is None:
        dtype = draw(dtypes())
    chosen = np.dtype(dtype)
    elements: dict[str, Any] = {}
    if chosen.kind == "f" and finite:
        elements = {"allow_nan": False, "allow_infinity": False}
    return draw(hnp.arrays(chosen, tuple(shape), elements=elements))


@st.composite
def volumes(
    draw: st.DrawFn,
    *,
    dtype: npt.DTypeLike | None = None,
    finite: bool = True,
    max_side: int = 5,
    left_handed: bool | None = None,
    colour: bool = False,
    max_volumes: int = 1,
) -> Volume:
    """Return a strategy for volumes in memory, on any grid.

    Parameters
    ----------
    draw : callable
        Given by hypothesis.
    dtype, finite : dtype-like, bool
        As for `arrays`; colour is uint8 unless a dtype is given.
    max_side, left_handed : int, bool
        As for `grids`.
    colour : bool
        Whether the array has a fourth axis of red, green and blue.
    max_volumes : int
        Most volumes along axis t, which some volumes then have, with times or without; by default
        none has it.

    Returns
    -------
    SearchStrategy of Volume

    Examples
    --------
    >>> from hypothesis import find
    >>> volume = find(volumes(dtype="uint16"), lambda volume: volume.array.max() > 2)
    >>> volume.slabs.shape == volume.grid.shape
    True
    """
    grid = draw(grids(max_side=max_side, left_handed=left_handed))
    count = draw(st.integers(1, max_volumes))
    shape: tuple[int, ...] = (count * grid.shape[0], *grid.shape[1:])
    if colour:
        shape = (*shape, 3)
        dtype = "uint8" if dtype is None else dtype
    slabs = array_frames(draw(arrays(shape, dtype=dtype, finite=finite)))
    if count == 1:
        return Volume(slabs=slabs, grid=grid)
    steps = st.lists(st.integers(1, 10_000), min_size=count - 1, max_size=count - 1)
    times = draw(
        st.none()
        | steps.map(lambda ms: tuple(time / 1000 for time in itertools.accumulate(ms, initial=0)))
    )
    return Volume(slabs=slabs, grid=grid, volumes=count, times_s=times)


def _rotation(a: float, b: float, c: float) -> npt.NDArray[np.float64]:
    about_x = [[1, 0, 0], [0, math.cos(a), -math.sin(a)], [0, math.sin(a), math.cos(a)]]
    about_y = [[math.cos(b), 0, math.sin(b)], [0, 1, 0], [-math.sin(b), 0, math.cos(b)]]
    about_z = [[math.cos(c), -math.sin(c), 0], [math.sin(c), math.cos(c), 0], [0, 0, 1]]
    matrix: npt.NDArray[np.float64] = np.array(about_z) @ np.array(about_y) @ np.array(about_x)
    return matrix
