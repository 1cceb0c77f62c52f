"""Slices of a volume among the planes of another one, of which one or both are irregular."""

from __future__ import annotations

from typing import cast

import numpy as np
import numpy.typing as npt

from dicomseries.geometry import Grid, Vector
from dicomseries.lazy_dataclass import dataclass
from dicomseries.orientation import Turn
from dicomseries.regridding.grid_relation import ExactRelation, exact_relation
from dicomseries.slice_planes import SlicePlanes, orientations_of, positions_of

__all__ = ["SlicesInPlanes", "slices_in_planes"]

Floats = npt.NDArray[np.float64]

_SAME_PLANE = 0.01
"""Distance of planes, as a part of the smallest distance of slices, that is none."""
_SAME_PIXEL = 0.01
"""Distance of voxel centres in the plane, in voxels, that is none."""
_PARALLEL = 1e-4
"""Departure of the cosine between two normals from 1, of parallel slices."""
_ROUNDED = 5e-3
"""Departure of cosines of two to three decimals from right angles."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SlicesInPlanes:
    """Slices of a volume, and the slices of a target in whose planes they are.

    Parameters
    ----------
    of_target : ndarray of int
        Slice of the volume for each slice of the target; -1 for none.
    relation : ExactRelation
        Of the rows and columns of every slice.
    lost : int
        Slices of the volume that lie in no plane of the target.
    is_covered : bool
        Whether every voxel of the target is one of the volume.
    """

    of_target: npt.NDArray[np.intp]
    relation: ExactRelation
    lost: int
    is_covered: bool


def slices_in_planes(grid: Grid, other: Grid) -> SlicesInPlanes | None:
    """Return the slices of a grid that are in planes of another one.

    Parameters
    ----------
    grid, other : Grid
        Regular or not, LPS mm.

    Returns
    -------
    SlicesInPlanes or None
        None if no slice is in a plane of the other, or if voxels in a plane do not coincide.

    Examples
    --------
    >>> grid = Grid(shape=(2, 4, 5), spacing_mm=(1, 1, 4), origin_lps=(0, 0, 2))
    >>> slices_in_planes(grid, Grid(shape=(4, 4, 5), spacing_mm=(1, 1, 2))).of_target.tolist()
    [-1, 0, -1, 1]
    """
    slices, others = _Slices(grid), _Slices(other)
    of_target = np.full(other.shape[0], -1, np.intp)
    common: ExactRelation | None = None
    lost = 0
    for index in range(grid.shape[0]):
        matches = others.in_plane_of(slices, index)
        if not matches:
            lost += 1
            continue
        relation = _relation(slices.plane(index), others.plane(matches[0]))
        if relation is None or (common is not None and relation != common):
            return None
        common = relation
        of_target[matches] = index
    if common is None:
        return None
    shape = (1, *other.shape[1:])
    part = Grid(shape=(1, *grid.shape[1:]), spacing_mm=(1.0, 1.0, 1.0))
    ranges = common.ranges(part, Grid(shape=shape, spacing_mm=(1.0, 1.0, 1.0)))[:2]
    sizes = [place.stop - place.start for place, _ in ranges]
    if min(sizes) <= 0:
        return None
    is_covered = bool((of_target >= 0).all()) and sizes == list(other.shape[:0:-1])
    return SlicesInPlanes(of_target=of_target, relation=common, lost=lost, is_covered=is_covered)


class _Slices:
    """Planes of the slices of a grid."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self.positions, self.orientations = positions_of(grid), orientations_of(grid)
        self.normals = np.cross(self.orientations[:, :3], self.orientations[:, 3:])
        if isinstance(grid, SlicePlanes):
            self.spacings = grid.spacings_mm
        else:
            self.spacings = np.tile(grid.spacing_mm[:2], (grid.shape[0], 1))
        self.allowed_mm = _SAME_PLANE * self._smallest_gap()

    def _smallest_gap(self) -> float:
        steps = np.linalg.norm(np.diff(self.positions, axis=0), axis=1)
        apart = steps[steps > 0]
        return float(apart.min()) if apart.size else float(self.spacings.min())

    def in_plane_of(self, others: _Slices, index: int) -> list[int]:
        """Return the slices in the plane of a slice of another grid."""
        is_parallel = np.abs(np.abs(self.normals @ others.normals[index]) - 1) <= _PARALLEL
        _, rows, columns = others.grid.shape
        cosines = others.orientations[index].reshape(2, 3)
        reach = np.array([columns - 1, rows - 1]) / 2 * others.spacings[index]
        middle = others.positions[index] + reach @ cosines
        away = np.abs(np.einsum("ij,ij->i", middle - self.positions, self.normals))
        allowed = min(self.allowed_mm, others.allowed_mm)
        matches: list[int] = np.flatnonzero(is_parallel & (away <= allowed)).tolist()
        return matches

    def plane(self, index: int) -> Grid:
        """Return a slice as a grid of one slice of 1 mm."""
        x, y = self.spacings[index].tolist()
        return Grid.from_spacing(
            (1, *self.grid.shape[1:]),
            (x, y, 1.0),
            origin=cast("Vector", tuple(self.positions[index].tolist())),
            direction=self.orientations[index],
            tolerance=_ROUNDED,
        )


def _relation(plane: Grid, other: Grid) -> ExactRelation | None:
    """Return the place of rows and columns; None if the voxels do not coincide."""
    relation = exact_relation(plane, other, rounding=_SAME_PIXEL)
    if relation is None or relation.turn.order[2] != 2:
        return None
    flips = (*relation.turn.flips[:2], False)
    first = (*relation.first[:2], 0)
    return ExactRelation(turn=Turn(order=relation.turn.order, flips=flips), first=first)
