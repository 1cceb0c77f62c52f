"""What hypothesis may draw: numbers, rotations and grids as they occur in medical images."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import strategies as st

from dicomseries.geometry import Grid

__all__ = ["directions", "grids", "lengths_mm", "positions_mm"]

lengths_mm = st.floats(0.05, 20.0)
positions_mm = st.floats(-1000.0, 1000.0)


@st.composite
def directions(draw: st.DrawFn, *, left_handed: bool | None = None) -> tuple[float, ...]:
    """Nine direction cosines: axis-aligned, or turned freely; either hand unless said."""
    if draw(st.booleans()):
        matrix = np.eye(3)[:, draw(st.permutations(range(3)))] * draw(st.tuples(*[st.sampled_from((-1.0, 1.0))] * 3))
    else:
        matrix = _rotation(*(draw(st.floats(-math.pi, math.pi)) for _ in range(3)))
    wanted = draw(st.booleans()) if left_handed is None else left_handed
    if (np.linalg.det(matrix) < 0) != wanted:
        matrix[:, 2] *= -1
    return tuple(float(value) + 0.0 for value in matrix.ravel())


@st.composite
def grids(draw: st.DrawFn, *, max_side: int = 7, left_handed: bool | None = None) -> Grid:
    """Grids of any orientation with unequal sides and spacings."""
    return Grid(
        shape=draw(st.tuples(*[st.integers(1, max_side)] * 3)),
        spacing_mm=draw(st.tuples(lengths_mm, lengths_mm, lengths_mm)),
        origin_lps=draw(st.tuples(positions_mm, positions_mm, positions_mm)),
        direction_lps=draw(directions(left_handed=left_handed)),
    )


def _rotation(a: float, b: float, c: float) -> np.ndarray:
    about_x = [[1, 0, 0], [0, math.cos(a), -math.sin(a)], [0, math.sin(a), math.cos(a)]]
    about_y = [[math.cos(b), 0, math.sin(b)], [0, 1, 0], [-math.sin(b), 0, math.cos(b)]]
    about_z = [[math.cos(c), -math.sin(c), 0], [math.sin(c), math.cos(c), 0], [0, 0, 1]]
    return np.array(about_z) @ np.array(about_y) @ np.array(about_x)
