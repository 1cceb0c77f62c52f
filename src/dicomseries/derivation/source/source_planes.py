"""Results on the planes of their source, slice by slice.

For sources whose slices form no regular grid: uneven, with gaps, tilted, in several orientations.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import product

import numpy as np
import numpy.typing as npt

from dicomseries.derivation.source.slice_matching import Matching
from dicomseries.derivation.source.source_grid import decimal_texts, rounded_texts
from dicomseries.derivation.source.source_series import SourceFrame, SourceSeries
from dicomseries.geometry import Grid
from dicomseries.orientation import Turn
from dicomseries.slice_planes import SlicePlanes, orientations_of, positions_of
from dicomseries.sources import PlaneTexts, WrittenPlanes, grid_of_planes
from dicomseries.standard.attributes.decimal_string import format_ds

__all__ = ["match_planes", "on_source_planes", "planes_of_source", "thickness_texts"]

Floats = npt.NDArray[np.float64]

_ROUNDED = 5e-3
"""Departure from a right angle that is corrected: cosines of two to three decimals."""
_ORTHONORMAL = 2.5e-4
"""Departure from unit vectors at right angles within which printed cosines are kept."""
_STATED = 1e-3
"""Relative tolerance of a stated distance of slices, as in `check`."""
_SAME_PLANE = 1e-2
"""Distance of a slice from a plane of the source, as part of the gap, that is none."""
_SAME_PIXEL = 1e-2
"""Distance of pixels, as part of their spacing, that is none."""
_PARALLEL = 1e-4
"""Largest difference of direction cosines of parallel slices."""


def planes_of_source(source: SourceSeries) -> WrittenPlanes | None:
    """Return the planes of a source's slices, with the texts of its headers.

    Parameters
    ----------
    source : SourceSeries
        Each of its volumes has the same planes.

    Returns
    -------
    WrittenPlanes or None
        None if two parallel slices are at one place, or the slices are regular.
    """
    frames = source.frames[: source.grid.shape[0]]
    spacings = tuple(_spacing_texts(source, frame) for frame in frames)
    positions = tuple(_position_texts(source, frame) for frame in frames)
    if len(set(positions)) != len(positions) and _is_parallel(source, frames):
        return None
    orientations = tuple(_orientation_texts(source, frame) for frame in frames)
    thicknesses = thickness_texts(source, range(len(frames)))
    planes = grid_of_planes(
        source.grid.shape,
        np.array(spacings, np.float64),
        np.array(positions, np.float64),
        np.array(orientations, np.float64),
        thickness_mm=float(thicknesses[0]) if thicknesses else None,
        printed=PlaneTexts(
            spacings=spacings,
            positions=positions,
            orientations=orientations,
            thicknesses=thicknesses,
        ),
        statement=source.grid.statement,
    )
    if not isinstance(planes, WrittenPlanes):
        return None
    return _with_distance(planes, decimal_texts(source, frames[0], "SpacingBetweenSlices", 1))


def thickness_texts(source: SourceSeries, slices: Iterable[int]) -> tuple[str, ...]:
    """Return SliceThickness of some slices; nothing if one of them states none.

    Parameters
    ----------
    source : SourceSeries
        The source series.
    slices : iterable of int
        Slices of its first volume.
    """
    texts: list[str] = []
    for index in slices:
        text = rounded_texts(source, source.frames[index], "SliceThickness", 1)
        if text is None or float(text[0]) <= 0:
            return ()
        texts += text
    return tuple(texts)


def _with_distance(planes: WrittenPlanes, stated: tuple[str, ...] | None) -> WrittenPlanes:
    """Return planes with the text of the one distance that holds between all."""
    gap = planes.common_gap_mm
    if gap is None:
        return planes
    text = format_ds(gap)
    if stated is not None and abs(float(stated[0]) - gap) <= _STATED * gap:
        text = stated[0]
    return planes.with_texts(replace(planes.printed, between=text))


def _spacing_texts(source: SourceSeries, frame: SourceFrame) -> tuple[str, str]:
    """Return the spacing along x and y."""
    texts = rounded_texts(source, frame, "PixelSpacing", 2)
    if texts is None:
        return format_ds(source.grid.spacing_mm[0]), format_ds(source.grid.spacing_mm[1])
    return texts[1], texts[0]


def _position_texts(source: SourceSeries, frame: SourceFrame) -> tuple[str, ...]:
    texts = decimal_texts(source, frame, "ImagePositionPatient", 3)
    return texts or tuple(map(format_ds, frame.position_lps))


def _orientation_texts(source: SourceSeries, frame: SourceFrame) -> tuple[str, ...]:
    """Return the cosines of a frame, corrected where they are rounded too much."""
    texts = rounded_texts(source, frame, "ImageOrientationPatient", 6)
    if texts is None:
        return tuple(map(format_ds, source.grid.orientation))
    axes = np.array(texts, np.float64).reshape(2, 3)
    if float(np.abs(axes @ axes.T - np.eye(2)).max()) <= _ORTHONORMAL:
        return texts
    plane = Grid.from_spacing(
        (1, 1, 1), (1.0, 1.0, 1.0), direction=axes.ravel(), tolerance=_ROUNDED
    )
    return tuple(map(format_ds, plane.orientation))


def _is_parallel(source: SourceSeries, frames: tuple[SourceFrame, ...]) -> bool:
    texts = {_orientation_texts(source, frame) for frame in frames}
    cosines = np.array(sorted(texts), np.float64)
    return float(np.abs(cosines - cosines[0]).max()) <= _PARALLEL


def on_source_planes(
    source: SourceSeries, planes: WrittenPlanes
) -> tuple[Turn, WrittenPlanes] | None:
    """Return the turn onto the source's planes, and these.

    Parameters
    ----------
    source : SourceSeries
        The source series.
    planes : WrittenPlanes
        Of the array, its rows and columns in any order and direction.

    Returns
    -------
    (Turn, WrittenPlanes) or None
        None if a voxel lies beside those of the source.
    """
    wanted = planes_of_source(source)
    if wanted is None or wanted.shape[0] != planes.shape[0]:
        return None
    for order in ((0, 1, 2), (1, 0, 2)):
        for flips in product((False, True), repeat=3):
            turn = Turn(order=order, flips=(flips[0], flips[1], flips[2]))
            if _are_same(planes.turned(turn.order, turn.flips), wanted):
                return turn, wanted
    return None


def _are_same(planes: SlicePlanes, others: SlicePlanes) -> bool:
    """Return whether all voxels of two sets of planes coincide."""
    if planes.shape != others.shape:
        return False
    smallest = float(others.spacings_mm.min())
    is_placed = np.abs(planes.positions_lps - others.positions_lps).max() <= _SAME_PIXEL * smallest
    reach = max(planes.shape[1:]) * float(np.abs(planes.orientations - others.orientations).max())
    is_directed = reach <= _SAME_PIXEL * max(planes.shape[1:])
    stretch = np.abs(planes.spacings_mm - others.spacings_mm).max() * max(planes.shape[1:])
    return bool(is_placed and is_directed and stretch <= _SAME_PIXEL * smallest)


# ---------------------------------------------------------------------------------------- matching
def match_planes(source: SourceSeries, grid: SlicePlanes, *, same_space: bool = True) -> Matching:
    """Return the source slices of each slice of a result on planes.

    Parameters
    ----------
    source : SourceSeries
        Regular or not.
    grid : SlicePlanes
        Of the result, LPS mm.
    same_space : bool
        Whether the result lies in the source's frame of reference.

    Returns
    -------
    Matching
        A slice in the plane of a source slice comes from it; another one from the nearest parallel
        slices on both sides.
    """
    count = grid.shape[0]
    if not same_space:
        return Matching(relation="another space", slices=((),) * count, exact=(None,) * count)
    places = _SourcePlaces(source)
    slices: list[tuple[int, ...]] = []
    exact: list[int | None] = []
    for index in range(count):
        in_plane, nearest = places.of_slice(grid, index)
        exact.append(in_plane)
        slices.append((in_plane,) if in_plane is not None else nearest)
    offsets = [places.offset(grid, index, found) for index, found in enumerate(exact)]
    is_whole = all(offset is not None for offset in offsets)
    is_zero = is_whole and all(offset == (0, 0) for offset in offsets)
    same_pixels = is_zero and grid.shape[1:] == source.grid.shape[1:]
    is_same = same_pixels and tuple(exact) == tuple(range(source.grid.shape[0]))
    return Matching(
        relation="same grid" if is_same else "same space",
        slices=tuple(slices),
        exact=tuple(exact),
        locations_preserved=is_whole,
        same_pixels=same_pixels,
        advice=_advice_on_outside(slices),
    )


def _advice_on_outside(slices: list[tuple[int, ...]]) -> tuple[str, ...]:
    outside = slices.count(())
    if not outside or outside == len(slices):
        return ()
    return (f"{outside} of {len(slices)} slices lie outside the source and name no source image.",)


class _SourcePlaces:
    """Positions and orientations of the source's slices."""

    def __init__(self, source: SourceSeries) -> None:
        planes = None if source.is_regular else planes_of_source(source)
        grid: Grid = planes or source.grid
        self.positions, self.orientations = positions_of(grid), orientations_of(grid)
        self.normals = np.cross(self.orientations[:, :3], self.orientations[:, 3:])
        self.spacings: Floats = np.tile(source.grid.spacing_mm[:2], (len(self.positions), 1))
        if planes is not None:
            self.spacings = planes.spacings_mm
        self.size = np.array(source.grid.shape[:0:-1])  # columns, rows
        self.gaps = self._gaps()

    def _gaps(self) -> Floats:
        """Return the larger distance of each slice to its neighbours in mm."""
        if len(self.positions) < 2:
            return np.ones(1)
        steps = np.linalg.norm(np.diff(self.positions, axis=0), axis=1)
        gaps: Floats = np.maximum(np.append(steps, steps[-1]), np.append(steps[:1], steps))
        return gaps

    def of_slice(self, grid: SlicePlanes, index: int) -> tuple[int | None, tuple[int, ...]]:
        """Return the source slice in the plane of a slice, and the nearest ones."""
        _, rows, columns = grid.shape
        middle = np.array(grid.point((columns - 1) / 2, (rows - 1) / 2, index))
        cosines = np.reshape(grid.orientation_of(index), (2, 3))
        normal = np.cross(cosines[0], cosines[1])
        is_parallel = np.abs(np.abs(self.normals @ normal) - 1) <= _PARALLEL
        away = np.einsum("ij,ij->i", middle - self.positions, self.normals)
        is_near = is_parallel & (np.abs(away) <= self.gaps) & self._covers(middle)
        near = np.flatnonzero(is_near)
        if not near.size:
            return None, ()
        near = near[np.argsort(np.abs(away[near]), kind="stable")]
        first = int(near[0])
        if abs(float(away[first])) <= _SAME_PLANE * float(self.gaps[first]):
            return first, ()
        opposite = near[np.sign(away[near]) != np.sign(away[first])]
        return None, (first, *map(int, opposite[:1]))

    def _covers(self, point: Floats) -> npt.NDArray[np.bool_]:
        """Return which slices have pixels above or below a point."""
        steps = point - self.positions
        column = np.einsum("ij,ij->i", steps, self.orientations[:, :3]) / self.spacings[:, 0]
        row = np.einsum("ij,ij->i", steps, self.orientations[:, 3:]) / self.spacings[:, 1]
        inside: npt.NDArray[np.bool_] = (
            (column >= -0.5)
            & (column <= self.size[0] - 0.5)
            & (row >= -0.5)
            & (row <= self.size[1] - 0.5)
        )
        return inside

    def offset(self, grid: SlicePlanes, index: int, in_plane: int | None) -> tuple[int, int] | None:
        """Return column and row of a slice's first pixel in its source slice.

        None if its pixels are not those of the source.
        """
        if in_plane is None:
            return None
        is_turned = np.abs(grid.orientations[index] - self.orientations[in_plane]).max()
        is_scaled = np.abs(grid.spacings_mm[index] / self.spacings[in_plane] - 1).max()
        if is_turned > _PARALLEL or is_scaled > _STATED:
            return None
        steps = grid.positions_lps[index] - self.positions[in_plane]
        axes = self.orientations[in_plane].reshape(2, 3)
        pixels = axes @ steps / self.spacings[in_plane]
        whole = np.round(pixels)
        if float(np.abs(pixels - whole).max()) > _SAME_PIXEL:
            return None
        return int(whole[0]), int(whole[1])
