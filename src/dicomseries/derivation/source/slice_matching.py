"""Which slices of the source each slice of a new grid comes from, by geometry alone (LPS, mm).

All is reckoned in indices of the source's voxels: the new grid is a lattice of points there, one of its slices a flat
rectangle, and a source slice contributes to it where the rectangle lies nearer than one slice spacing, inside of the
volume of the source's voxels. So a slice between two comes from both, one on a source slice from that one alone, and
a tilted one from all between which it passes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
import numpy.typing as npt

from dicomseries.derivation.source.source_series import SourceSeries
from dicomseries.geometry import Grid

__all__ = ["GridRelation", "Matching", "match", "match_pictures", "steps_among"]

GridRelation = Literal["same grid", "same space", "another space"]
Floats = npt.NDArray[np.float64]

_COINCIDES = 1e-3
"""Part of a voxel within which a point lies on a voxel's centre: far below what is seen, far above rounding to DS."""

_MOST_ROUNDED = 0.1
"""The same at the most, where the positions in the source's files are rounded and a point may be off by as much."""

_BELONGS = 1e-6
"""Part of a voxel by which a point may lie outside and count as inside, for what arithmetic makes of a limit."""

_ARITHMETIC = 1e-9
"""Part of a voxel that a step of the lattice, taken through the whole slice, must make to be one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """Where the slices of a new grid come from.

    Parameters
    ----------
    relation : {"same grid", "same space", "another space"}
        How the new grid lies to the source's.
    slices : tuple of tuple of int
        For each slice of the new grid, along its normal: the source slices (from 0) that contribute to it, the
        nearest first; empty where the source has nothing.
    exact : tuple of int or None
        For each slice of the new grid the source slice in whose plane it lies.
    locations_preserved : bool
        Whether every voxel of the new grid lies on the centre of a voxel of the source (or where one would be, if the
        source were larger): the same grid, crops, flips, quarter turns, every other slice.
    same_pixels : bool
        Whether a slice of the new grid, projected on the source, has the same rows and columns in the same places, so
        that a pixel of the one is called by the same row and column in the other.
    advice : tuple of str
        What a user should know: slices without a source, or none with one.

    Raises
    ------
    ValueError
        If `slices` and `exact` are not of one length.

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
        """Whether no slice of the new grid has a source slice."""
        return not any(self.slices)


def match(
    source: SourceSeries, grid: Grid, *, same_space: bool = True, slab_mm: float = 0.0
) -> Matching:
    """Return which source slices each slice of a new grid comes from.

    Parameters
    ----------
    source : SourceSeries
        Its grid in LPS mm; the positions of its frames say how much the files round.
    grid : Grid
        Of the result, LPS mm, in any orientation; its slices are counted along its normal.
    same_space : bool
        Whether the result lies in the source's frame of reference; if not, no slice can be matched.
    slab_mm : float
        Thickness in mm of the slab from which each new slice was computed (a thick mean or projection); 0 where
        slices were interpolated, filtered or chosen.

    Returns
    -------
    Matching
        A source slice contributes to a new one that lies, somewhere within the source's rows and columns, nearer to
        its plane than one slice spacing, or than half of one plus half the slab; at the ends the source reaches half
        a slice further than its last centres.

    Notes
    -----
    PS3.3 sections C.7.6.2.1.1 (Image Plane) and C.7.4.1 (Frame of Reference).

    Examples
    --------
    >>> from dicomseries.derivation.source.source_series import SourceFrame
    >>> grid = Grid(shape=(4, 5, 6), spacing_mm=(1, 1, 2))
    >>> frames = tuple(SourceFrame(sop_class_uid="1.2", sop_instance_uid=f"1.3.{z}", position_lps=grid.position(z))
    ...                for z in range(4))
    >>> source = SourceSeries(kind="CT", sop_class_uid="1.2", modality="CT", study_uid="1", series_uid="2",
    ...                 frame_of_reference_uid="3", grid=grid, frames=frames)
    >>> finer = match(source, Grid(shape=(4, 5, 6), spacing_mm=(1, 1, 1.5)))
    >>> finer.slices, finer.exact
    (((0,), (1, 0), (1, 2), (2, 3)), (0, None, None, None))
    """
    turned, _ = grid.along_normal()
    if not same_space:
        nothing = (None,) * turned.shape[0]
        return Matching(relation="another space", slices=tuple(() for _ in nothing), exact=nothing)
    place = _Place(source, turned)
    half_slab = 0.5 * slab_mm / source.grid.spacing_mm[2]
    low, high = place.spans(margin=max(0.5, half_slab))
    reach = max(1.0, 0.5 + half_slab) - float(place.allowed[2])
    slices = tuple(_contributing(low, high, reach, source.grid.shape[0]))
    exact = tuple(place.exact(slices))
    return Matching(
        relation="same grid" if place.is_same_grid() else "same space",
        slices=slices,
        exact=exact,
        locations_preserved=place.on_centres(),
        same_pixels=place.same_pixels(),
        advice=tuple(_advice(slices)),
    )


def steps_among(source: SourceSeries, grid: Grid) -> Floats | None:
    """Return the steps of a grid's axes among the source's voxels, if its voxels are voxels of the source's lattice.

    Parameters
    ----------
    source : SourceSeries
        Its grid in LPS mm.
    grid : Grid
        LPS mm, axes in any order and direction, right-handed or not.

    Returns
    -------
    ndarray of float64, shape (3, 4), or None
        Index of the source's (column, row, slice) for a homogeneous (column, row, slice) of the grid: each axis of
        more than one voxel follows one axis of the source, voxel by voxel. None if any does not.

    Examples
    --------
    >>> from dicomseries.derivation.source.source_series import SourceFrame
    >>> own = Grid(shape=(1, 5, 6), spacing_mm=(1, 1, 2))
    >>> frame = SourceFrame(sop_class_uid="1.2", sop_instance_uid="1.3", position_lps=(0.0, 0.0, 0.0))
    >>> source = SourceSeries(kind="CT", sop_class_uid="1.2", modality="CT", study_uid="1", series_uid="2",
    ...                 frame_of_reference_uid="3", grid=own, frames=(frame,))
    >>> steps_among(source, own.flipped("x"))[0].tolist()
    [-1.0, 0.0, 0.0, 5.0]
    """
    place = _Place(source, grid)
    axes = np.abs(place.map[:, :3]).argmax(axis=0)
    if sorted(axes.tolist()) != [0, 1, 2]:
        return None
    whole = np.zeros((3, 4))
    whole[axes, [0, 1, 2]] = np.sign(place.map[axes, [0, 1, 2]])
    whole[:, 3] = np.round(place.map[:, 3])
    return place.map if place.is_like(whole) else None


def match_pictures(source: SourceSeries, grid: Grid) -> Matching:
    """Return which picture of a source without image planes each slice of a result comes from, by its number.

    Parameters
    ----------
    source : SourceSeries
        Radiographs, screenshots, clips: pictures that stand nowhere.
    grid : Grid
        Of the result; only its shape counts.

    Returns
    -------
    Matching
        As many slices as pictures come from one each; of any other number, nothing is known.

    Examples
    --------
    >>> from dicomseries.derivation.source.source_series import SourceFrame
    >>> frame = SourceFrame(sop_class_uid="1.2", sop_instance_uid="1.3", position_lps=(0.0, 0.0, 0.0))
    >>> grid = Grid(shape=(1, 5, 6), spacing_mm=(1, 1, 1))
    >>> source = SourceSeries(kind=None, sop_class_uid="1.2", modality="DX", study_uid="1", series_uid="2",
    ...                 frame_of_reference_uid="", grid=grid, frames=(frame,))
    >>> match_pictures(source, grid).same_pixels
    True
    """
    slices, *pixels = grid.shape
    pictures, *source_pixels = source.grid.shape
    if slices != pictures:
        return Matching(relation="another space", slices=((),) * slices, exact=(None,) * slices)
    is_same = pixels == source_pixels
    return Matching(
        relation="same grid" if is_same else "same space",
        slices=tuple((index,) for index in range(slices)),
        exact=tuple(range(slices)),
        locations_preserved=is_same,
        same_pixels=is_same,
    )


class _Place:
    """A new grid as a lattice of points among the indices (column, row, slice) of the source's voxels."""

    def __init__(self, source: SourceSeries, grid: Grid) -> None:
        to_index: Floats = np.asarray(np.linalg.inv(source.grid.affine()), np.float64)
        self.size = np.array(grid.shape[::-1], np.float64)
        self.map: Floats = (to_index @ grid.affine())[:3]
        self.map[:, :3][np.abs(self.map[:, :3]) * self.size < _ARITHMETIC] = 0.0
        self.source_size = np.array(source.grid.shape[::-1], np.float64)
        beside = _beside(source, to_index)
        most = _MOST_ROUNDED if source.is_regular else _COINCIDES  # a gap is no rounding
        self.allowed: Floats = np.clip(np.abs(beside).max(axis=0) + _BELONGS, _COINCIDES, most)
        self.knots: Floats | None = None
        slices = source.grid.shape[0]
        if slices > 1 and not source.is_regular and not self.is_same_grid():
            self.knots = np.maximum.accumulate(np.arange(slices) + beside[:slices, 2])

    def spans(self, margin: float) -> tuple[Floats, Floats]:
        """Return the lowest and highest source slice index within each new slice, shape (slices,); NaN for none.

        What a slice shares with the source is a convex polygon: the extremes lie at its corners, and each of these is
        where two of the lines cross that bound the slice or cut it off at the source's faces.
        """
        bounds = self._bounds(margin)
        u, v = _crossings(bounds)
        inside = np.ones(u.shape, bool)
        for (cu, cv), offset, low, high in bounds:
            at = cu * u + cv * v + offset[:, None]
            inside &= (at >= low - _BELONGS) & (at <= high + _BELONGS)
        (cu, cv), offset, _, _ = bounds[-1]
        index = cu * u + cv * v + offset[:, None]
        first = np.where(inside, index, np.inf).min(axis=1)
        last = np.where(inside, index, -np.inf).max(axis=1)
        there = first <= last
        return self.uneven(np.where(there, first, np.nan)), self.uneven(
            np.where(there, last, np.nan)
        )

    def uneven(self, index: Floats) -> Floats:
        """Return indices along the even grid as indices of the slices where they really are."""
        if self.knots is None:
            return index
        step = float(np.median(np.diff(self.knots)))
        knots = np.array([self.knots[0] - step, *self.knots, self.knots[-1] + step])
        where: Floats = np.asarray(
            np.interp(index, knots, np.arange(-1.0, len(self.knots) + 1)), np.float64
        )
        return where

    def _bounds(self, margin: float) -> list[_Bound]:
        """Return what bounds a new slice, in steps (u, v) of its columns and rows: its own size, the source's faces."""
        slices = np.arange(self.size[2])
        own: list[_Bound] = [
            ((1.0, 0.0), np.zeros(len(slices)), 0.0, self.size[0] - 1),
            ((0.0, 1.0), np.zeros(len(slices)), 0.0, self.size[1] - 1),
        ]
        margins = (0.5, 0.5, margin)
        faces: list[_Bound] = [
            ((float(row[0]), float(row[1])), row[2] * slices + row[3], -beyond, last - 1 + beyond)
            for row, last, beyond in zip(self.map, self.source_size, margins, strict=True)
        ]
        return own + faces

    def exact(self, slices: tuple[tuple[int, ...], ...]) -> Iterator[int | None]:
        """Yield the source slice in whose plane each new slice lies, up to the edges of its pixels, and no other."""
        corners = np.array(
            [(u, v) for u in (-0.5, self.size[0] - 0.5) for v in (-0.5, self.size[1] - 0.5)]
        )
        across = corners @ self.map[2, :2]
        along = self.map[2, 2] * np.arange(self.size[2]) + self.map[2, 3]
        for at, found in zip(along, slices, strict=True):
            lies = len(found) == 1 and bool(
                np.abs(self.uneven(at + across) - found[0]).max() <= self.allowed[2]
            )
            yield found[0] if lies else None

    def on_centres(self) -> bool:
        """Return whether every voxel lies on a whole index; of an axis of one voxel the step is none."""
        whole = np.where(np.append(self.size > 1, True), np.round(self.map), self.map)
        return self.is_like(whole)

    def is_like(self, whole: Floats) -> bool:
        """Return whether every voxel lies where another map has it; never in a source with gaps."""
        return self.knots is None and bool((self._departure(whole) <= self.allowed).all())

    def same_pixels(self) -> bool:
        """Return whether columns and rows are those of the source."""
        same_size = bool((self.size[:2] == self.source_size[:2]).all())
        return same_size and bool((self._departure(np.eye(3, 4))[:2] <= self.allowed[:2]).all())

    def is_same_grid(self) -> bool:
        """Return whether all voxels are those of the source."""
        same_size = bool((self.size == self.source_size).all())
        return same_size and bool((self._departure(np.eye(3, 4)) <= self.allowed).all())

    def _departure(self, other: Floats) -> Floats:
        """Return how far, along each axis of the source, a voxel is from where another map has it, at the most."""
        ends = [(0.0, last) for last in self.size - 1]
        corners = np.array([(x, y, z, 1.0) for x in ends[0] for y in ends[1] for z in ends[2]])
        departure: Floats = np.abs(corners @ (self.map - other).T).max(axis=0)
        return departure


_Bound = tuple[tuple[float, float], Floats, float, float]
"""Steps along u and v, offset of each slice, lowest and highest sum."""


def _beside(source: SourceSeries, to_index: Floats) -> Floats:
    """Return how far each frame's position in its file is from that of the even grid, in voxels along each axis."""
    found = np.array([frame.position_lps for frame in source.frames])
    even = np.array([source.grid.position(index) for index in range(source.grid.shape[0])])
    beside: Floats = (found - np.tile(even, (source.volumes, 1))) @ to_index[:3, :3].T
    return beside


def _crossings(bounds: list[_Bound]) -> tuple[Floats, Floats]:
    """Return where the lines at the ends of the bounds cross, pair by pair, as (u, v) of shape (slices, crossings)."""
    lines = [(step, end - offset) for step, offset, low, high in bounds for end in (low, high)]
    found = []
    for ((au, av), a), ((bu, bv), b) in combinations(lines, 2):
        determinant = au * bv - av * bu
        if determinant:  # nearly parallel lines cross far outside
            found.append(((a * bv - b * av) / determinant, (b * au - a * bu) / determinant))
    return np.stack([u for u, _ in found], axis=1), np.stack([v for _, v in found], axis=1)


def _contributing(low: Floats, high: Floats, reach: float, count: int) -> Iterator[tuple[int, ...]]:
    """Yield the indices within reach of each span, those nearest to its middle first, the lower one of two first."""
    made: dict[
        tuple[int, int, float], tuple[int, ...]
    ] = {}  # in another orientation most slices cross the same ones
    for start, end in zip(low.tolist(), high.tolist(), strict=True):
        if math.isnan(start):  # the slice lies outside
            yield ()
            continue
        first, last = max(math.ceil(start - reach), 0), min(math.floor(end + reach), count - 1)
        key = first, last, round((start + end) / 2, 6)
        if key not in made:
            indices = np.arange(first, last + 1)
            distances = np.abs(indices - key[2]).round(6)
            made[key] = tuple(indices[np.argsort(distances, kind="stable")].tolist())
        yield made[key]


def _advice(slices: tuple[tuple[int, ...], ...]) -> Iterator[str]:
    outside = sum(not found for found in slices)
    if outside == len(slices):
        yield (
            "No slice of the result lies where the source has voxels, so that no source image can be named: check "
            "origin, direction and space of the result, or pass `same_space=False` if it lies in a space of its own."
        )
    elif outside:
        yield f"{outside} of {len(slices)} slices lie where the source has no voxels; they name no source image."
