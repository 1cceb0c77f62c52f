"""A series beside what was asked for: the grid, and every voxel."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dicomseries.checks.compare.compare_values import largest_error
from dicomseries.checks.registry import Fault, Finding, check, run
from dicomseries.checks.series_view.frame_views import numbers_of
from dicomseries.checks.series_view.series_view import SeriesView
from dicomseries.errors import DicomSeriesError
from dicomseries.geometry import Grid
from dicomseries.reading import Instance, read_frames, read_stored
from dicomseries.sources import Volume

__all__ = ["GRID_TOLERANCE", "Asked", "check_asked", "check_values", "nearest_slices"]

GRID_TOLERANCE = 1e-3
"""How far a corner of a slice may be from where it was asked, as a part of the smallest spacing."""

_COMPARE = "Compare with the input that was written; check `axes=` of both."
_SLAB_BYTES = 8 << 20
_ROUNDING = 8 * float(np.finfo(np.float64).eps)
"""Of a float64 sum and product, relative to the values; half steps are exceeded by no more."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Asked:
    """A series and the grid, or the volume, that it should hold.

    Parameters
    ----------
    view : SeriesView
        What was read.
    grid : Grid
        What was asked for, slices along the normal.
    volumes : int
        How many volumes of that grid the series should hold: time points, echoes.
    volume : Volume, optional
        The voxels asked for, on `grid`.
    max_error : float, optional
        Largest allowed error of a voxel, real units; None asks for exact integers, and for floats half a step.
    nan, clip : optional
        As given to `write`.
    """

    view: SeriesView
    grid: Grid
    volumes: int = 1
    volume: Volume | None = None
    max_error: float | None = None
    nan: float | None = None
    clip: tuple[float, float] | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """(frames, rows, columns) that the series should have."""
        slices, rows, columns = self.grid.shape
        return (self.volumes * slices, rows, columns)


def check_asked(
    instances: Sequence[Instance], grid: Grid, *, volumes: int | None = None
) -> tuple[Finding, ...]:
    """Return where a series is not on the grid that was asked for.

    Parameters
    ----------
    instances : sequence of Instance
        Of one series, in any order; each of one frame or of many.
    grid : Grid
        Asked for, LPS mm.
    volumes : int, optional
        How many volumes of that grid the series should hold (time points, echoes); None where there is no such axis.

    Returns
    -------
    tuple of Finding
        Empty if every corner of every slice is within 1e-3 of the smallest spacing.

    Notes
    -----
    PS3.3 section C.7.6.2.1.1.

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> instance = read_instance(get_testdata_file("CT_small.dcm"))
    >>> check_asked([instance], Grid(shape=(1, 128, 128), spacing_mm=(1, 1, 5)))[0].id
    'GEO-020'
    """
    if not instances:
        return ()
    return tuple(
        run(
            "grid",
            Asked(view=SeriesView(instances), grid=grid.along_normal()[0], volumes=volumes or 1),
        ),
    )


def check_values(asked: Asked) -> tuple[Finding, ...]:
    """Return where the voxels of a series are not those of `asked.volume`."""
    return tuple(run("values", asked))


@check("GEO-020", level="error", part="PS3.3 C.7.6.2.1.1", scope="grid")
def grid_is_as_asked(asked: Asked) -> Iterator[Fault]:
    """The series has the size of the input, and every corner of every slice is where the input has it.

    Within 1e-3 of the smallest spacing. Slices that run against the normal are compared in the order of the normal,
    as DICOM sorts them; several volumes one after the other. Of a segmentation, frames may be left out.
    """
    view, grid = asked.view, asked.grid
    found = _shape(view)[:3]
    if found[1:] != grid.shape[1:] or (found[0] != asked.shape[0] and not view.is_sparse):
        wanted = grid.shape if asked.volumes == 1 else f"{asked.volumes} times {grid.shape}"
        yield Fault(
            "series",
            f"It has (slices, rows, columns) {found}, the input {wanted}.",
            _COMPARE,
        )
        return
    corners = _corners(view)
    if not grid.statement.has_place:
        yield from _stands_nowhere(view)
        return
    if corners is None:
        yield Fault(
            "series",
            "It has no geometry.",
            "Write position, orientation and pixel spacing, or compare without a grid: pass a bare array.",
        )
        return
    off = np.abs(corners - _asked_corners(asked, corners)).max(axis=(1, 2))
    worst = int(np.argmax(off))
    if not off[worst] <= GRID_TOLERANCE * min(grid.spacing_mm):
        yield Fault(
            view.places.name(worst),
            f"A corner is {off[worst]:.3g} mm from where the input has it.",
            "Write the series again, or compare with the input that was written.",
        )


def _stands_nowhere(view: SeriesView) -> Iterator[Fault]:
    """Yield the attributes of a place that was never stated."""
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient"):
        if any(told.raw for told in view.told(keyword)):
            yield Fault(
                "series",
                f"It has {keyword}, and the input no place.",
                "Leave it out, or state the place.",
            )


@check("GEO-021", level="error", part="PS3.3 C.7.6.2", scope="grid")
def slice_spacing_is_as_asked(asked: Asked) -> Iterator[Fault]:
    """A single slice tells the spacing of the input in SpacingBetweenSlices, or else in SliceThickness."""
    view = asked.view
    is_stated = asked.grid.statement.has_place and asked.grid.statement.thickness != "missing"
    if asked.grid.shape[0] != 1 or len(view.places.sources) != asked.volumes or not is_stated:
        return
    between = view.told("SpacingBetweenSlices")[0]
    told = between.numbers or view.told("SliceThickness")[0].numbers
    wanted = asked.grid.spacing_mm[2]
    if len(told) != 1 or not abs(told[0] - wanted) <= GRID_TOLERANCE * wanted:
        yield Fault(
            view.first.name,
            f"The slice spacing is {told} mm, the input has {wanted} mm.",
            f"Write SliceThickness {wanted:g}.",
        )


@check("VAL-010", level="error", part="PS3.3 C.11.1.1", scope="values")
def values_are_as_asked(asked: Asked) -> Iterator[Fault]:
    """Every voxel of the series is that of the input: integers exactly, floats within half a step of the slope.

    Integers that were stored with a fractional slope are compared as floats are. Half a step is half of
    abs(RescaleSlope), plus the rounding of float64. A wider bound can be given. Floating point pixels are those of the
    input bit for bit.
    """
    volume, view = asked.volume, asked.view
    if volume is None or view.is_sparse or asked.shape != _shape(view)[:3]:
        return  # GEO-020 says so; of segmentations VAL-011
    if tuple(volume.slabs.shape) != _shape(view):
        yield Fault(
            "series",
            f"It has {view.first.samples} samples per pixel, the input {volume.samples}.",
            _COMPARE,
        )
        return
    worst, where = 0.0, 0
    rescales = _rescales(view)
    for start, stop in _blocks(view, volume):
        wanted = volume.slabs.read(start, stop)
        stored = _stored(view, start, stop)
        for index in range(start, stop):
            at = index - start
            error, allowed = _slice_error(asked, volume, stored[at], rescales[index], wanted[at])
            if not error <= allowed and error > worst:
                worst, where = error, index
    if worst:
        yield Fault(
            view.places.name(where),
            "A voxel is lost: the input is not finite there, or the file cannot be decoded."
            if worst == math.inf
            else f"A voxel is {worst:.6g} away from the input.",
            "Write the series again, or allow for its bound with `max_error=`.",
        )


def _slice_error(
    asked: Asked,
    volume: Volume,
    stored: npt.NDArray[np.generic] | None,
    rescale: tuple[float, float],
    wanted: npt.NDArray[np.generic],
) -> tuple[float, float]:
    """Return the largest error of a slice, infinite if it cannot be read, and what is allowed."""
    if stored is None:
        return math.inf, 0.0
    error = largest_error(
        stored,
        *rescale,
        wanted,
        nan=asked.nan,
        clip=asked.clip,
        source_slope=volume.slope,
        source_intercept=volume.intercept,
    )
    if asked.max_error is not None:
        return error, asked.max_error
    is_whole = all(float(number).is_integer() for number in rescale)
    is_exact = (
        is_whole and volume.slabs.dtype.kind in "iub" and not volume.is_scaled
    ) or stored.dtype.kind == "f"
    reach = max(abs(rescale[0]) * 65536, abs(rescale[1]))
    return error, 0.0 if is_exact else abs(rescale[0]) / 2 + _ROUNDING * reach


def _rescales(view: SeriesView) -> list[tuple[float, float]]:
    """Return slope and intercept of each slice; 1 and 0 where there are none."""
    found = []
    for keyword, usual in (("RescaleSlope", 1.0), ("RescaleIntercept", 0.0)):
        raws = view.by_slice(keyword)
        known = {raw: next(iter(numbers_of(raw)), usual) for raw in {*raws}}
        found.append([known[raw] for raw in raws])
    return list(zip(*found, strict=True))


def _blocks(view: SeriesView, volume: Volume) -> Iterator[tuple[int, int]]:
    """Yield slices that are read together: as many as the volume reads at once, and one file's frames in a row."""
    sources = view.places.sources
    size = max(1, math.prod(volume.slabs.shape[1:]) * volume.slabs.dtype.itemsize)
    depth = max(1, volume.slabs.depth, _SLAB_BYTES // size)
    for first in range(0, len(sources), depth):
        start, last = first, min(first + depth, len(sources))
        for index in range(first + 1, last):
            before, here = sources[index - 1], sources[index]
            if view.is_framed and (
                before.instance is not here.instance or before.frame + 1 != here.frame
            ):
                yield start, index
                start = index
        yield start, last


def _stored(view: SeriesView, start: int, stop: int) -> list[npt.NDArray[np.generic] | None]:
    """Return the stored values of some slices; None for those that cannot be read."""
    sources = view.places.sources[start:stop]
    if not view.is_framed:
        return [_stored_in(source.instance) for source in sources]
    try:
        return list(read_frames(sources[0].instance, sources[0].frame, sources[-1].frame + 1))
    except DicomSeriesError:
        return [None] * len(sources)


def _stored_in(instance: Instance) -> npt.NDArray[np.generic] | None:
    try:
        return read_stored(instance)
    except DicomSeriesError:
        return None


def _shape(view: SeriesView) -> tuple[int, ...]:
    colours = (3,) if view.first.samples == 3 else ()
    return (len(view.places.sources), view.first.rows, view.first.columns, *colours)


def _corners(view: SeriesView) -> npt.NDArray[np.float64] | None:
    """Return the four outermost voxel centres of each slice in LPS mm, shape (slices, 4, 3)."""
    cosines, spacing = view.numbers("ImageOrientationPatient", 6), view.numbers("PixelSpacing", 2)
    if cosines is None or spacing is None or view.positions_lps is None:
        return None
    across = cosines[:, :3] * (spacing[:, 1:] * (view.first.columns - 1))
    down = cosines[:, 3:] * (spacing[:, :1] * (view.first.rows - 1))
    planes = np.stack([0 * across, across, down, across + down], axis=1)
    corners: npt.NDArray[np.float64] = view.positions_lps[:, None, :] + planes
    return corners


def _asked_corners(asked: Asked, corners: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return where the corners of each slice should be: in order, or (frames left out) those of the nearest slice."""
    wanted = _grid_corners(asked.grid)
    if not asked.view.is_sparse:
        return np.tile(wanted, (asked.volumes, 1, 1))
    return wanted[_nearest(asked.grid, corners[:, 0])]


def nearest_slices(asked: Asked) -> npt.NDArray[np.intp] | None:
    """Return the slice of the grid that each frame is nearest to, in the order of `places`; None without geometry.

    Frames of pictures without a place are of the slice that InStackPositionNumber tells.
    """
    positions = asked.view.positions_lps
    if positions is not None:
        return _nearest(asked.grid, positions)
    parts = [one.numbers("InStackPositionNumber") for one in asked.view.frames]
    known = [part[:, 0] for part in parts if part is not None and np.isfinite(part).all()]
    if asked.grid.statement.has_place or not known or len(known) != len(parts):
        return None
    numbers: npt.NDArray[np.intp] = (
        np.concatenate(known).astype(np.intp)[asked.view.places.order] - 1
    )
    return numbers


def _nearest(grid: Grid, positions: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    steps = (positions - np.array(grid.origin_lps)) @ np.array(grid.normal) / grid.spacing_mm[2]
    nearest: npt.NDArray[np.intp] = np.clip(np.rint(steps).astype(np.intp), 0, grid.shape[0] - 1)
    return nearest


def _grid_corners(grid: Grid) -> npt.NDArray[np.float64]:
    slices, rows, columns = grid.shape
    ends = ((0, 0), (columns - 1, 0), (0, rows - 1), (columns - 1, rows - 1))
    indices = np.array([[(x, y, z, 1) for x, y in ends] for z in range(slices)], dtype=np.float64)
    corners: npt.NDArray[np.float64] = indices @ grid.affine("LPS")[:3].T
    return corners
