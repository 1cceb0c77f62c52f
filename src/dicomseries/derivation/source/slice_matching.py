"""Source slices of each slice of a new grid.

All computations are in voxel indices of the source. There the new grid is a lattice, one of its
slices a flat rectangle. A source slice contributes to it if the rectangle comes nearer than one
slice spacing, inside the volume of the source's voxels. So a slice between two source slices comes
from both, a slice on a source slice from that slice only, and a tilted slice from all that it
passes.
"""

from __future__ import annotations

import math
from itertools import combinations, product
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from dicomseries.derivation.source.source_series import SourceSeries
from dicomseries.geometry import Grid
from dicomseries.lazy_dataclass import dataclass

__all__ = ["GridRelation", "Matching", "match", "match_pictures", "steps_among"]

GridRelation = Literal["same grid", "same space", "another space"]
Floats = npt.NDArray[np.float64]

_COINCIDES = 1e-3
"""Tolerance of a voxel's centre in voxels: far below visible, far above rounding to DS."""

_MOST_ROUNDED = 0.1
"""Largest tolerance in voxels for sources with rounded positions."""

_LIMIT = 1e-6
"""Arithmetic tolerance of limits in voxels."""

_STEP = 1e-9
"""Smallest step of the lattice through the whole grid, in voxels; smaller ones are zero."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """Source slices of each slice of a new grid.

    Parameters
    ----------
    relation : {"same grid", "same space", "another space"}
        Relation of the new grid to the source's.
    slices : tuple of tuple of int
        For each slice of the new grid, along its normal: the contributing source slices (from 0),
        nearest first; empty outside the source.
    exact : tuple of int or None
        For each slice of the new grid: the source slice in whose plane it lies.
    locations_preserved : bool
        Whether every voxel of the new grid lies on the centre of a source voxel, or would if the
        source were larger: same grid, crops, flips, quarter turns, every other slice.
    same_pixels : bool
        Whether rows and columns are the source's, so that a pixel has the same row and column in
        both.
    advice : tuple of str
        Advice on slices without a source slice.

    Raises
    ------
    ValueError
        If `slices` and `exact` differ in length.

    Examples
    --------
    >>> Matching(relation="another space", slices=((), ()), exact=(None, None)).is_empty
    True
    """

    relation: GridRelation
    slices: tuple[tuple[int, ...], ...]
    exact: tuple[int | None, ...]
    locations_preserved: bool = False
    same_pixels: bool = False
    advice: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.slices) != len(self.exact):
            message = f"{len(self.slices)} slices are not {len(self.exact)}"
            raise ValueError(message)

    @property
    def is_empty(self) -> bool:
        """Whether no new slice has a source slice."""
        return not any(self.slices)


def match(
    source: SourceSeries, grid: Grid, *, same_space: bool = True, slab_mm: float = 0.0
) -> Matching:
    """Return the source slices of each new slice.

    Parameters
    ----------
    source : SourceSeries
        Its grid in LPS mm; the positions of its frames show the rounding of the files.
    grid : Grid
        Grid of the result, LPS mm, in any orientation; its slices are counted along its normal.
    same_space : bool
        Whether the result lies in the source's frame of reference; if not, no slice is matched.
    slab_mm : float
        Thickness in mm of the slab behind each new slice (a thick mean or projection); 0 for
        interpolated, filtered or chosen slices.

    Returns
    -------
    Matching
        A source slice contributes to a new slice that comes, within the source's rows and columns,
        nearer to its plane than one slice spacing, or than half a spacing and half the slab. At
        the ends the source extends half a slice beyond its last centres.

    Notes
    -----
    PS3.3 sections C.7.6.2.1.1 (Image Plane) and C.7.4.1 (Frame of Reference).

    Examples
    --------
    >>> from dicomseries.derivation.source.source_series import SourceFrame
    >>> grid = Grid(shape=(4, 5, 6), spacing_mm=(1, 1, 2))
    >>> frames = tuple(
    ...     SourceFrame(
    ...         sop_class_uid="1.2", sop_instance_uid=f"1.3.{z}", position_lps=grid.position(z)
    ...     )
    ...     for z in range(4)
    ... )
    >>> source = SourceSeries(
    ...     kind="CT", sop_class_uid="1.2", modality="CT", study_uid="1", series_uid="2",
    ...     frame_of_reference_uid="3", grid=grid, frames=frames,
    ... )
    >>> finer = match(source, Grid(shape=(4, 5, 6), spacing_mm=(1, 1, 1.5)))
    >>> finer.slices, finer.exact
    (((0,), (1, 0), (1, 2), (2, 3)), (0, None, None, None))
    """
    turned, _ = grid.along_normal()
    if not same_space:
        return _nothing(turned.shape[0])
    lattice = _Lattice(source, turned)
    half_slab = 0.5 * slab_mm / source.grid.spacing_mm[2]
    reach = max(1.0, 0.5 + half_slab) - float(lattice.allowed[2])
    spans = lattice.spans(margin=max(0.5, half_slab))
    slices = _contributing(*spans, reach, source.grid.shape[0])
    return Matching(
        relation="same grid" if lattice.is_same_grid() else "same space",
        slices=slices,
        exact=lattice.exact(slices),
        locations_preserved=lattice.is_on_centres(),
        same_pixels=lattice.has_same_pixels(),
        advice=_advice(slices),
    )


def match_pictures(source: SourceSeries, grid: Grid) -> Matching:
    """Return the source picture of each slice, by number.

    Parameters
    ----------
    source : SourceSeries
        Radiographs, screenshots, clips: pictures without a position.
    grid : Grid
        Grid of the result; only its shape counts.

    Returns
    -------
    Matching
        As many slices as pictures come from one picture each; for other numbers nothing is known.

    Examples
    --------
    >>> from dicomseries.derivation.source.source_series import SourceFrame
    >>> frame = SourceFrame(
    ...     sop_class_uid="1.2", sop_instance_uid="1.3", position_lps=(0.0, 0.0, 0.0)
    ... )
    >>> grid = Grid(shape=(1, 5, 6), spacing_mm=(1, 1, 1))
    >>> source = SourceSeries(
    ...     kind=None, sop_class_uid="1.2", modality="DX", study_uid="1", series_uid="2",
    ...     frame_of_reference_uid="", grid=grid, frames=(frame,),
    ... )
    >>> match_pictures(source, grid).same_pixels
    True
    """
    slices = grid.shape[0]
    if slices != source.grid.shape[0]:
        return _nothing(slices)
    is_same = grid.shape == source.grid.shape
    return Matching(
        relation="same grid" if is_same else "same space",
        slices=tuple((index,) for index in range(slices)),
        exact=tuple(range(slices)),
        locations_preserved=is_same,
        same_pixels=is_same,
    )


def steps_among(source: SourceSeries, grid: Grid) -> Floats | None:
    """Return the steps of axes among the source's voxels.

    Parameters
    ----------
    source : SourceSeries
        Its grid in LPS mm.
    grid : Grid
        LPS mm, axes in any order and direction, right-handed or not.

    Returns
    -------
    ndarray of float64, shape (3, 4), or None
        Index of the source's (column, row, slice) for a homogeneous (column, row, slice) of the
        grid. Each axis of more than one voxel follows one axis of the source, voxel by voxel; None
        if any does not.

    Examples
    --------
    >>> from dicomseries.derivation.source.source_series import SourceFrame
    >>> grid = Grid(shape=(1, 5, 6), spacing_mm=(1, 1, 2))
    >>> frame = SourceFrame(
    ...     sop_class_uid="1.2", sop_instance_uid="1.3", position_lps=(0.0, 0.0, 0.0)
    ... )
    >>> source = SourceSeries(
    ...     kind="CT", sop_class_uid="1.2", modality="CT", study_uid="1", series_uid="2",
    ...     frame_of_reference_uid="3", grid=grid, frames=(frame,),
    ... )
    >>> steps_among(source, grid.flipped("x"))[0].tolist()
    [-1.0, 0.0, 0.0, 5.0]
    """
    lattice = _Lattice(source, grid)
    axes = np.abs(lattice.map[:, :3]).argmax(axis=0)
    if sorted(axes.tolist()) != [0, 1, 2]:
        return None
    whole_steps = np.zeros((3, 4))
    whole_steps[axes, [0, 1, 2]] = np.sign(lattice.map[axes, [0, 1, 2]])
    whole_steps[:, 3] = np.round(lattice.map[:, 3])
    if lattice.is_like(whole_steps):
        return lattice.map
    return None


def _nothing(slices: int) -> Matching:
    return Matching(relation="another space", slices=((),) * slices, exact=(None,) * slices)


class _Bound(NamedTuple):
    """Limits of a sum of steps within each new slice."""

    steps: tuple[float, float]
    """Steps along the slice's columns (u) and rows (v)."""
    offset: Floats
    """Of each slice."""
    low: float
    high: float


class _Lattice:
    """A new grid as a lattice among source indices.

    Indices are (column, row, slice).
    """

    def __init__(self, source: SourceSeries, grid: Grid) -> None:
        to_index: Floats = np.asarray(np.linalg.inv(source.grid.affine()), np.float64)
        self.size = np.array(grid.shape[::-1], np.float64)
        self.map: Floats = (to_index @ grid.affine())[:3]
        self.map[:, :3][np.abs(self.map[:, :3]) * self.size < _STEP] = 0.0
        self.source_size = np.array(source.grid.shape[::-1], np.float64)
        slices = source.grid.shape[0]
        positions = np.array([frame.position_lps for frame in source.frames])
        even = np.array(list(map(source.grid.position, range(slices))))
        off_grid: Floats = (positions - np.tile(even, (source.volumes, 1))) @ to_index[:3, :3].T
        most = _MOST_ROUNDED if source.is_regular else _COINCIDES  # a gap is no rounding
        self.allowed: Floats = np.clip(np.abs(off_grid).max(axis=0) + _LIMIT, _COINCIDES, most)
        self.knots: Floats | None = None
        """Slice positions of an uneven source, in slices of its even grid."""
        if slices > 1 and not source.is_regular and not self.is_same_grid():
            self.knots = np.maximum.accumulate(np.arange(slices) + off_grid[:slices, 2])

    def spans(self, margin: float) -> tuple[Floats, Floats]:
        """Return the source slice span of each new slice.

        Lowest and highest index; NaN for none.

        The part of a slice inside the source is a convex polygon, so the extremes lie at its
        corners: where two of the lines cross that bound the slice or the source's faces.
        """
        bounds = self._bounds(margin)
        u, v = _crossings(bounds)
        is_inside = np.ones(u.shape, bool)
        for bound in bounds:
            at = bound.steps[0] * u + bound.steps[1] * v + bound.offset[:, None]
            is_inside &= (at >= bound.low - _LIMIT) & (at <= bound.high + _LIMIT)
        along_slices = bounds[-1]
        steps = along_slices.steps
        index = steps[0] * u + steps[1] * v + along_slices.offset[:, None]
        first = np.where(is_inside, index, np.inf).min(axis=1)
        last = np.where(is_inside, index, -np.inf).max(axis=1)
        is_outside = first > last
        first[is_outside] = last[is_outside] = np.nan
        return self.uneven(first), self.uneven(last)

    def _bounds(self, margin: float) -> list[_Bound]:
        """Return the bounds of a slice: size and faces.

        The faces are the source's.
        """
        slices = np.arange(self.size[2])
        none = np.zeros(len(slices))
        bounds = [
            _Bound((1.0, 0.0), none, 0.0, self.size[0] - 1),
            _Bound((0.0, 1.0), none, 0.0, self.size[1] - 1),
        ]
        margins = (0.5, 0.5, margin)
        for row, size, beyond in zip(self.map, self.source_size, margins, strict=True):
            steps = float(row[0]), float(row[1])
            bounds.append(_Bound(steps, row[2] * slices + row[3], -beyond, size - 1 + beyond))
        return bounds

    def uneven(self, index: Floats) -> Floats:
        """Return even indices as indices among the uneven slices."""
        if self.knots is None:
            return index
        step = float(np.median(np.diff(self.knots)))
        knots = np.array([self.knots[0] - step, *self.knots, self.knots[-1] + step])
        slices = np.arange(-1.0, len(self.knots) + 1)
        uneven: Floats = np.asarray(np.interp(index, knots, slices), np.float64)
        return uneven

    def exact(self, slices: tuple[tuple[int, ...], ...]) -> tuple[int | None, ...]:
        """Return the source slice in each new slice's plane.

        It is in the plane up to the edges.
        """
        last_column, last_row = self.size[0] - 0.5, self.size[1] - 0.5
        corners = np.array(list(product((-0.5, last_column), (-0.5, last_row))))
        across = corners @ self.map[2, :2]
        along = self.map[2, 2] * np.arange(self.size[2]) + self.map[2, 3]
        exact: list[int | None] = []
        for at, contributing in zip(along, slices, strict=True):
            index: int | None = None
            if len(contributing) == 1:
                off_plane = np.abs(self.uneven(at + across) - contributing[0]).max()
                if off_plane <= self.allowed[2]:
                    index = contributing[0]
            exact.append(index)
        return tuple(exact)

    def is_on_centres(self) -> bool:
        """Return whether every voxel lies on the source's lattice."""
        has_step = np.append(self.size > 1, True)
        return self.is_like(np.where(has_step, np.round(self.map), self.map))

    def is_like(self, other: Floats) -> bool:
        """Return whether another map gives the same voxels.

        Never in a source with gaps.
        """
        return self.knots is None and bool((self._departure(other) <= self.allowed).all())

    def has_same_pixels(self) -> bool:
        """Return whether columns and rows are those of the source."""
        if (self.size[:2] != self.source_size[:2]).any():
            return False
        return bool((self._departure(np.eye(3, 4))[:2] <= self.allowed[:2]).all())

    def is_same_grid(self) -> bool:
        """Return whether all voxels are those of the source."""
        if (self.size != self.source_size).any():
            return False
        return bool((self._departure(np.eye(3, 4)) <= self.allowed).all())

    def _departure(self, other: Floats) -> Floats:
        """Return the largest departure from another map, per axis."""
        columns, rows, slices = self.size - 1
        corners = np.array(list(product((0, columns), (0, rows), (0, slices), (1.0,))))
        departure: Floats = np.abs(corners @ (self.map - other).T).max(axis=0)
        return departure


def _crossings(bounds: list[_Bound]) -> tuple[Floats, Floats]:
    """Return the crossings of all pairs of lines.

    As (u, v), each of shape (slices, crossings).
    """
    lines = []
    for bound in bounds:
        for end in (bound.low, bound.high):
            lines.append((*bound.steps, end - bound.offset))
    all_u, all_v = [], []
    for (first_u, first_v, first), (second_u, second_v, second) in combinations(lines, 2):
        determinant = first_u * second_v - first_v * second_u
        if determinant:  # nearly parallel lines cross far outside
            all_u.append((first * second_v - second * first_v) / determinant)
            all_v.append((second * first_u - first * second_u) / determinant)
    return np.stack(all_u, axis=1), np.stack(all_v, axis=1)


def _contributing(
    low: Floats, high: Floats, reach: float, count: int
) -> tuple[tuple[int, ...], ...]:
    """Return the indices within reach of each span.

    Nearest to its middle first.
    """
    slices: list[tuple[int, ...]] = []
    known: dict[tuple[int, int, float], tuple[int, ...]] = {}  # tilted slices often cross the same
    for start, end in zip(low.tolist(), high.tolist(), strict=True):
        if math.isnan(start):  # the slice lies outside
            slices.append(())
            continue
        first, last = max(math.ceil(start - reach), 0), min(math.floor(end + reach), count - 1)
        middle = round((start + end) / 2, 6)
        if (first, last, middle) not in known:
            indices = np.arange(first, last + 1)
            distances = np.abs(indices - middle).round(6)
            nearest_first = indices[np.argsort(distances, kind="stable")]
            known[first, last, middle] = tuple(nearest_first.tolist())
        slices.append(known[first, last, middle])
    return tuple(slices)


def _advice(slices: tuple[tuple[int, ...], ...]) -> tuple[str, ...]:
    outside = slices.count(())
    if not outside:
        return ()
    advice = f"{outside} of {len(slices)} slices lie outside the source and name no source image."
    if outside == len(slices):
        advice = (
            "No slice of the result lies within the source, so no source image can be named. Check "
            "origin, direction and space of the result, or pass `same_space=False` if it lies in "
            "another space."
        )
    return (advice,)
