"""Grids of slices with stated positions, and of sheared affines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import GeometryError
from dicomseries.geometry import SHEAR_TOLERANCE, Grid
from dicomseries.geometry_statement import STATED, Statement
from dicomseries.sources.arguments.irregular_grids import grid_of_planes

__all__ = ["grid_at_positions", "sheared_grid"]

Floats = npt.NDArray[np.float64]

_SAME_PLACE = 0.01
"""Part of the usual distance of slices within which two of them are at one place."""


def grid_at_positions(
    positions: Any,
    shape: Sequence[int],
    spacing: Sequence[float],
    *,
    direction: Any,
    origin: Any,
    thickness_mm: float | None,
    statement: Statement = STATED,
) -> Grid:
    """Return the grid of slices at stated positions.

    Parameters
    ----------
    positions : array_like
        Shape (slices, 3): LPS mm of the first voxel of each slice; or (slices,): distances in mm
        along the normal, from `origin` or 0.
    shape : sequence of int
        Slices, rows, columns.
    spacing : sequence of float
        mm along x (columns) and y (rows).
    direction : array_like, optional
        Six or nine direction cosines; axial if not given.
    origin : sequence of 3 float, optional
        Of distances alone: LPS mm of the first voxel of the first slice.
    thickness_mm : float, optional
        Thickness of the slices.
    statement : Statement
        Certainty of the geometry.

    Raises
    ------
    GeometryError
        If they are not one for each slice, repeated, out of order, or contradict `origin`.

    Examples
    --------
    >>> planes = grid_at_positions(
    ...     [0, 2, 7], (3, 4, 5), (1, 1), direction=None, origin=None, thickness_mm=2.0
    ... )
    >>> planes.position(2), planes.summary
    ((0.0, 0.0, 7.0), 'uneven')
    """
    plane = Grid.from_spacing(
        (1, *shape[1:]), (*spacing[:2], 1.0), direction=_plane_cosines(direction)
    )
    places = _places(positions, shape, plane, origin)
    _check_order(places, plane)
    return grid_of_planes(
        shape,
        plane.spacing_mm[:2],
        places,
        plane.orientation,
        thickness_mm=thickness_mm,
        statement=statement,
    )


def sheared_grid(
    shape: Sequence[int], affine: npt.ArrayLike, *, space: str, statement: Statement = STATED
) -> Grid | None:
    """Return the grid of an affine whose slices are shifted sideways.

    Parameters
    ----------
    shape : sequence of int
        Slices, rows, columns.
    affine : array_like, shape (4, 4) or (3, 4)
        From (column, row, slice) to mm.
    space : {"LPS", "RAS"}
        The frame of the result.
    statement : Statement
        Certainty of the geometry.

    Returns
    -------
    Grid or None
        None if rows and columns are not at right angles: no image plane can hold that.

    Examples
    --------
    >>> affine = [[1, 0, 0, 0], [0, 1, 0.5, 0], [0, 0, 2, 0]]
    >>> planes = sheared_grid((3, 4, 5), affine, space="LPS")
    >>> planes.summary, planes.position(2), planes.printed.between
    ('sheared', (0.0, 1.0, 4.0), '2')
    """
    matrix = np.asarray(affine, np.float64)[:3]
    if space == "RAS":
        matrix = np.diag([-1.0, -1.0, 1.0]) @ matrix
    lengths = np.linalg.norm(matrix[:, :3], axis=0)
    x, y = (matrix[:, axis] / lengths[axis] for axis in (0, 1))
    if abs(float(x @ y)) > SHEAR_TOLERANCE:
        return None
    plane = Grid.from_spacing(
        (1, *shape[1:]), (lengths[0], lengths[1], 1.0), direction=np.concatenate([x, y])
    )
    step = matrix[:, 2]
    gap = abs(float(step @ np.array(plane.normal)))
    if gap <= _SAME_PLACE * float(lengths[2]):
        return None
    return grid_of_planes(
        shape,
        plane.spacing_mm[:2],
        matrix[:, 3] + np.arange(shape[0])[:, None] * step,
        plane.orientation,
        thickness_mm=gap,
        statement=statement,
    )


def _plane_cosines(direction: Any) -> Any:
    """Return the six cosines of rows and columns, of six or nine."""
    if direction is None:
        return None
    flat = np.asarray(direction, np.float64).ravel()
    if flat.size != 9:
        return flat
    return np.concatenate([flat[0::3], flat[1::3]])


def _places(positions: Any, shape: Sequence[int], plane: Grid, origin: Any) -> Floats:
    """Return a position for each slice, shape (slices, 3)."""
    try:
        places = np.asarray(positions, np.float64)
    except (TypeError, ValueError):
        places = np.empty((0, 0))
    count = shape[0]
    if places.shape not in {(count, 3), (count,)} or not np.isfinite(places).all():
        raise GeometryError(
            code="positions-count",
            where="positions",
            given=_shape_words(positions, places),
            expected=f"three finite numbers for each of the {count} slices (LPS, mm), or one "
            "distance along the normal for each",
            remedy=f"Give {count} positions, in the order of the slices of the array.",
        )
    if places.ndim == 2:
        if origin is not None:
            raise GeometryError(
                code="geometry-given-twice",
                where="positions",
                given="`origin=` beside positions of three numbers",
                expected="one of the two: positions hold the origin of each slice",
                remedy="Drop `origin=`, or drop `positions=`.",
            )
        return places
    return _places_along_normal(places, plane, origin)


def _places_along_normal(distances: Floats, plane: Grid, origin: Any) -> Floats:
    if origin is not None and distances[0] != 0:
        raise GeometryError(
            code="positions-ambiguous",
            where="positions",
            given=f"distances that begin at {distances[0]:g} mm, and `origin=`",
            expected="distances from the origin, the first of which is 0",
            remedy="Leave `origin=` out, subtract the first distance from all, or pass three "
            "numbers for each slice.",
        )
    first = np.zeros(3) if origin is None else np.asarray(origin, np.float64)
    places: Floats = first + np.outer(distances, plane.normal)
    return places


def _shape_words(positions: Any, places: Floats) -> str:
    if places.shape == (0, 0):
        return repr(positions)
    if not np.isfinite(places).all():
        return "numbers that are not finite"
    if places.ndim == 1:
        return f"{len(places)} distances"
    if places.ndim == 2 and places.shape[1] == 3:
        return f"{len(places)} positions"
    return f"an array of shape {places.shape}"


def _check_order(places: Floats, plane: Grid) -> None:
    """Reject slices at one place, and slices that do not run along their normal."""
    if len(places) < 2:
        return
    distances = (places - places[0]) @ np.array(plane.normal)
    gaps = np.diff(distances)
    usual = float(np.median(np.abs(gaps)))
    length = float(np.median(np.linalg.norm(np.diff(places, axis=0), axis=1)))
    if length > 0 and usual <= _SAME_PLACE * length:
        raise _in_plane(length, usual, plane)
    order = np.argsort(distances, kind="stable")
    near = np.diff(distances[order]) <= _SAME_PLACE * usual
    if near.any():
        index = int(np.argmax(near))
        first, second = sorted(order[index : index + 2].tolist())
        raise GeometryError(
            code="positions-repeated",
            where="positions",
            given=f"slices {first} and {second} at {tuple(places[second].tolist())} mm",
            expected="another place along the normal for each slice",
            remedy="Give each slice its place once; volumes at the same places are an axis of the "
            "array (`axes='tzyx'`).",
        )
    if (gaps > 0).all() or (gaps < 0).all():
        return
    index = int(np.argmax(np.sign(gaps) != np.sign(gaps[0])))
    raise GeometryError(
        code="positions-out-of-order",
        where="positions",
        given=f"slice {index + 1}, which lies back towards the slices before slice {index}",
        expected="slices in the order in which they lie along their normal",
        remedy="Sort the slices of the array, and their positions, by the distance along the "
        "normal.",
    )


def _in_plane(length: float, usual: float, plane: Grid) -> GeometryError:
    normal = tuple(round(value, 4) for value in plane.normal)
    return GeometryError(
        code="positions-in-plane",
        where="positions",
        given=f"slices {length:.6g} mm apart, but {usual:.6g} mm along their normal {normal} "
        "(medians)",
        expected="slices that are parallel, and stacked along their normal",
        remedy="Pass `direction=` with the six cosines of ImageOrientationPatient.",
    )
