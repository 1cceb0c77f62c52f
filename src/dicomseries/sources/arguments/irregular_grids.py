"""Grids of slices at places: regular, or planes with the reasons why not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from dicomseries.geometry import Grid, Vector
from dicomseries.geometry_statement import STATED, Statement
from dicomseries.slice_planes import SAME_SPACING, Irregularity
from dicomseries.sources.arguments.written_planes import PlaneTexts, WrittenPlanes

__all__ = ["grid_of_planes"]

Floats = npt.NDArray[np.float64]

_REGULAR = 1e-6
"""Departure from even slices, as part of the spacing, that is none."""
_SIDEWAYS = 1e-5
"""Sideways shift of each slice, as part of the distance, that is no shear."""
_SAME_DIRECTION = 1e-4
"""Largest difference of direction cosines of parallel slices: four printed decimals."""
_MULTIPLE = 0.01
"""Departure of gaps from whole steps, in steps, where slices are missing."""


def grid_of_planes(
    shape: Sequence[int],
    pixel_spacing: npt.ArrayLike,
    positions: npt.ArrayLike,
    orientations: npt.ArrayLike,
    *,
    thickness_mm: float | None = None,
    printed: PlaneTexts | None = None,
    statement: Statement = STATED,
) -> Grid:
    """Return the grid of slices at positions: regular, or planes.

    Parameters
    ----------
    shape : sequence of int
        Slices, rows, columns.
    pixel_spacing : array_like, shape (2,) or (slices, 2)
        mm along x (columns) and y (rows).
    positions : array_like, shape (slices, 3)
        Centre of the first voxel of each slice in LPS mm.
    orientations : array_like, shape (6,) or (slices, 6)
        Cosines of columns and rows.
    thickness_mm : float, optional
        Thickness of the slices; of a single slice its distance to the next.
    printed : PlaneTexts, optional
        Texts of another header.
    statement : Statement
        Certainty of these numbers.

    Raises
    ------
    GeometryError
        If the numbers do not fit, are not finite, or directions are not at right angles.

    Examples
    --------
    >>> axial = (1, 0, 0, 0, 1, 0)
    >>> grid_of_planes((3, 4, 5), (1, 1), [(0, 0, 0), (0, 0, 2), (0, 0, 4)], axial).spacing_mm
    (1.0, 1.0, 2.0)
    >>> planes = grid_of_planes((3, 4, 5), (1, 1), [(0, 0, 0), (0, 0, 2), (0, 0, 7)], axial)
    >>> planes.summary, planes.position_texts(2)
    ('uneven', ('0', '0', '7'))
    """
    places = np.asarray(positions, np.float64).reshape(-1, 3)
    cosines = np.asarray(orientations, np.float64)
    if cosines.ndim == 1:
        cosines = np.tile(cosines, (len(places), 1))
    spacings = np.asarray(pixel_spacing, np.float64)
    if spacings.ndim == 1:
        spacings = np.tile(spacings, (len(places), 1))
    reasons = _irregularities(places, cosines, spacings)
    if reasons:
        return WrittenPlanes(
            shape=tuple(shape),
            spacings_mm=spacings,
            positions_lps=places,
            orientations=cosines,
            irregularities=reasons,
            statement=statement,
            thickness_mm=thickness_mm,
            printed=printed,
        )
    x, y = spacings[0].tolist()
    normal = np.cross(cosines[0, :3], cosines[0, 3:])
    step = thickness_mm or 1.0
    if len(places) > 1:
        step = float((places[-1] - places[0]) @ normal) / (len(places) - 1)
    axes = np.column_stack([cosines[0, :3], cosines[0, 3:], normal * np.sign(step)])
    return Grid(
        shape=cast("tuple[int, int, int]", tuple(shape)),
        spacing_mm=(x, y, abs(step)),
        origin_lps=cast("Vector", tuple(places[0].tolist())),
        direction_lps=cast("Any", tuple((axes.ravel() + 0.0).tolist())),
        statement=statement,
    )


def _irregularities(
    positions: Floats, orientations: Floats, spacings: Floats
) -> tuple[Irregularity, ...]:
    """Return why slices form no regular grid; nothing if they do."""
    reasons: list[Irregularity] = []
    if float(np.abs(orientations - orientations[0]).max(initial=0)) > _SAME_DIRECTION:
        count = len(np.unique(orientations.round(3), axis=0))
        detail = f"{count} orientations of {len(positions)} slices"
        reasons.append(Irregularity(code="mixed-orientations", detail=detail))
    elif len(positions) > 1:
        reasons += _irregular_steps(positions, orientations[0])
    if float(np.abs(spacings / spacings[0] - 1).max(initial=0)) > SAME_SPACING:
        count = len(np.unique(spacings.round(6), axis=0))
        detail = f"{count} pixel spacings of {len(positions)} slices"
        reasons.append(Irregularity(code="pixel-spacing-differs", detail=detail))
    return tuple(reasons)


def _irregular_steps(positions: Floats, cosines: Floats) -> Iterator[Irregularity]:
    """Yield why parallel slices are not even."""
    normal = np.cross(cosines[:3], cosines[3:])
    normal = normal / np.linalg.norm(normal)
    steps = positions - positions[0]
    along = steps @ normal
    gaps = np.abs(np.diff(along))
    mean = float(gaps.mean())
    if float(np.abs(gaps - mean).max()) > _REGULAR * mean:
        smallest = max(float(np.median(gaps)), 1e-9)
        multiples = gaps / smallest
        code = "spacing-uneven"
        if float(np.abs(multiples - np.round(multiples)).max()) <= _MULTIPLE:
            code = "slices-missing"
        yield Irregularity(code=code, detail=f"gaps of {gaps.min():.6g} to {gaps.max():.6g} mm")
    sideways = np.linalg.norm(steps - np.outer(along, normal), axis=1)
    if float(sideways.max()) > _SIDEWAYS * mean * len(positions):
        detail = f"{sideways.max():.6g} mm sideways from the first to the last"
        yield Irregularity(code="slices-sheared", detail=detail)
