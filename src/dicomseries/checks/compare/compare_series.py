"""Comparison of a series with its input: grid and voxels."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from dicomseries.checks.compare.compare_values import largest_error
from dicomseries.checks.registry import Fault, Finding, check, run
from dicomseries.checks.series_view.file_frames import numbers_of_frames
from dicomseries.checks.series_view.mosaic_view import MosaicView
from dicomseries.checks.series_view.series_view import SeriesView
from dicomseries.errors import DicomSeriesError
from dicomseries.geometry import Grid
from dicomseries.lazy_dataclass import dataclass
from dicomseries.reading import Instance, mirrored_paths, read_frames, read_stored
from dicomseries.slice_planes import SlicePlanes
from dicomseries.sources import Volume

__all__ = ["GRID_TOLERANCE", "Comparison", "check_grid", "check_grid_of", "nearest_slices"]

GRID_TOLERANCE = 1e-3
"""Largest distance of a corner from its expected place, as a part of the smallest spacing."""

_COMPARE_AGAIN = "Compare with the input that was written; check `axes=` of both."
_SLAB_BYTES = 8 << 20
_ROUNDING = 8 * float(np.finfo(np.float64).eps)
"""Of a float64 sum and product, relative to the values; half steps are exceeded by no more."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """A series with its expected grid or volume.

    Parameters
    ----------
    view : SeriesView
        The series.
    grid : Grid
        Expected, slices along the normal.
    volumes : int
        Expected number of volumes of that grid: time points, echoes.
    volume : Volume, optional
        Expected voxels, on `grid`.
    max_error : float, optional
        Largest allowed error of a voxel, real units; without it integers must be exact, and floats
        within half a step.
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
    def frame_count(self) -> int:
        """Number of frames that the series should have."""
        return self.volumes * self.grid.shape[0]


def check_grid(
    instances: Sequence[Instance], grid: Grid, *, volumes: int | None = None
) -> tuple[Finding, ...]:
    """Compare a series with its expected grid.

    Parameters
    ----------
    instances : sequence of Instance
        Of one series, in any order; each of one frame or of many.
    grid : Grid
        Expected, LPS mm.
    volumes : int, optional
        Expected number of volumes (time points, echoes); None without such an axis.

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
    >>> check_grid([instance], Grid(shape=(1, 128, 128), spacing_mm=(1, 1, 5)))[0].id
    'GEO-020'
    """
    return check_grid_of(SeriesView(instances), grid, volumes) if instances else ()


def check_grid_of(view: SeriesView, grid: Grid, volumes: int | None) -> tuple[Finding, ...]:
    """Compare a series that is sorted already with its expected grid."""
    along_normal = grid.along_normal()[0]
    return tuple(run("grid", Comparison(view=view, grid=along_normal, volumes=volumes or 1)))


@check("GEO-020", level="error", part="PS3.3 C.7.6.2.1.1", scope="grid")
def grid_is_as_expected(comparison: Comparison) -> Iterator[Fault]:
    """The series has the size and geometry of the input.

    Every corner of every slice is within 1e-3 of the smallest spacing. Slices that run against the
    normal are compared in the order of the normal, as DICOM sorts them; several volumes are
    compared one after the other. Segmentations may leave out frames.
    """
    view, grid = comparison.view, comparison.grid
    shape = view.shape[:3]
    is_complete = shape[0] == comparison.frame_count or view.is_sparse
    if shape[1:] != grid.shape[1:] or not is_complete:
        expected = f"{grid.shape}"
        if comparison.volumes != 1:
            expected = f"{comparison.volumes} times {grid.shape}"
        yield Fault(
            "series",
            f"It has (slices, rows, columns) {shape}, the input {expected}.",
            _COMPARE_AGAIN,
        )
        return
    if not grid.statement.has_place:
        for keyword in ("ImagePositionPatient", "ImageOrientationPatient"):
            if any(value.raw for value in view.values(keyword)):
                yield Fault(
                    "series",
                    f"It has {keyword}, but the input has no position.",
                    f"Leave {keyword} out, or state the position of the input.",
                )
        return
    corners = _corners(comparison)
    if corners is None:
        yield Fault(
            "series",
            "It has no geometry.",
            "Write position, orientation and pixel spacing, or compare with a bare array: "
            "it has no grid.",
        )
        return
    expected_corners = _expected_corners(comparison, corners)
    errors_mm = np.abs(corners - expected_corners).max(axis=(1, 2))
    worst = int(np.argmax(errors_mm))
    if not errors_mm[worst] <= GRID_TOLERANCE * _smallest_mm(grid):
        yield Fault(
            view.places.name(worst),
            f"A corner is {errors_mm[worst]:.3g} mm from its place in the input.",
            "Write the series again, or compare with the input that was written.",
        )


def _corners(comparison: Comparison) -> Floats | None:
    """Return corner voxels in LPS mm, shape (slices, 4, 3).

    Along the normal, or in the order of the numbers where the input has no common one.
    """
    view = comparison.view
    cosines = view.numbers_by_slice("ImageOrientationPatient", default=(np.nan,) * 6)
    spacing = view.numbers_by_slice("PixelSpacing", default=(np.nan,) * 2)
    positions = view.places.positions_lps
    if cosines is None or spacing is None or positions is None:
        return None
    rows, columns = view.shape[1:3]
    across = cosines[:, :3] * (spacing[:, 1:] * (columns - 1))
    down = cosines[:, 3:] * (spacing[:, :1] * (rows - 1))
    planes = np.stack([0 * across, across, down, across + down], axis=1)
    corners: Floats = positions[:, None, :] + planes
    if not np.isfinite(corners).all():
        return None
    if isinstance(comparison.grid, SlicePlanes) and not view.is_sparse:
        return corners[_written_order(view)]
    return corners


def _expected_corners(comparison: Comparison, corners: Floats) -> Floats:
    """Return the corners of all or, if sparse, nearest slices."""
    slices, rows, columns = comparison.grid.shape
    if isinstance(comparison.grid, SlicePlanes):
        planes = _corners_of_planes(comparison.grid)
        if comparison.view.is_sparse:
            nearest = [int(np.abs(planes - each).max(axis=(1, 2)).argmin()) for each in corners]
            return planes[nearest]
        return np.tile(planes, (comparison.volumes, 1, 1))
    ends = ((0, 0), (columns - 1, 0), (0, rows - 1), (columns - 1, rows - 1))
    indices = np.array([[(x, y, z, 1) for x, y in ends] for z in range(slices)], dtype=np.float64)
    expected: Floats = indices @ comparison.grid.affine("LPS")[:3].T
    if comparison.view.is_sparse:
        return expected[_nearest(comparison.grid, corners[:, 0])]
    return np.tile(expected, (comparison.volumes, 1, 1))


def _corners_of_planes(planes: SlicePlanes) -> Floats:
    """Return the corners of slices on separate planes, shape (slices, 4, 3)."""
    slices, rows, columns = planes.shape
    ends = ((0, 0), (columns - 1, 0), (0, rows - 1), (columns - 1, rows - 1))
    corners = [[planes.point(x, y, z) for x, y in ends] for z in range(slices)]
    return np.array(corners)


def _written_order(view: SeriesView) -> npt.NDArray[np.intp]:
    """Return the slices in the order in which they are numbered: files, or frames."""
    sources = view.places.sources
    numbers = []
    for index in range(len(sources)):
        source = sources[index]
        numbers.append((source.instance.decimal("InstanceNumber", 0.0), source.frame))
    return np.array(sorted(range(len(numbers)), key=numbers.__getitem__), np.intp)


def _smallest_mm(grid: Grid) -> float:
    if isinstance(grid, SlicePlanes):
        return float(grid.spacings_mm.min())
    return min(grid.spacing_mm)


def nearest_slices(comparison: Comparison) -> npt.NDArray[np.intp] | None:
    """Return the nearest slice of the grid for each frame.

    Frames of pictures without a position are assigned by InStackPositionNumber.
    """
    view = comparison.view
    if view.places.positions_lps is not None:
        return _nearest(comparison.grid, view.places.positions_lps)
    numbers = numbers_of_frames(view.frames, "InStackPositionNumber")
    if numbers is None or comparison.grid.statement.has_place:
        return None
    slices: npt.NDArray[np.intp] = numbers[view.places.order, 0].astype(np.intp) - 1
    return slices


def _nearest(grid: Grid, positions: Floats) -> npt.NDArray[np.intp]:
    if isinstance(grid, SlicePlanes):
        away = np.linalg.norm(positions[:, None] - grid.positions_lps[None], axis=2)
        return np.asarray(away.argmin(axis=1), np.intp)
    steps = (positions - np.array(grid.origin_lps)) @ np.array(grid.normal) / grid.spacing_mm[2]
    nearest: npt.NDArray[np.intp] = np.clip(np.rint(steps).astype(np.intp), 0, grid.shape[0] - 1)
    return nearest


@check("GEO-021", level="error", part="PS3.3 C.7.6.2", scope="grid")
def slice_spacing_is_as_expected(comparison: Comparison) -> Iterator[Fault]:
    """A single slice has the slice spacing of the input.

    In SpacingBetweenSlices, or else in SliceThickness.
    """
    view, grid = comparison.view, comparison.grid
    is_stated = grid.statement.has_place and grid.statement.thickness != "missing"
    is_single = grid.shape[0] == 1 and len(view.places.sources) == comparison.volumes
    if not is_single or not is_stated or isinstance(grid, SlicePlanes):
        return
    between, thickness = view.values("SpacingBetweenSlices")[0], view.values("SliceThickness")[0]
    numbers = between.numbers or thickness.numbers
    expected = grid.spacing_mm[2]
    if len(numbers) != 1 or not abs(numbers[0] - expected) <= GRID_TOLERANCE * expected:
        stated = f"{numbers[0]:g} mm" if numbers else "not stated"
        yield Fault(
            view.first.name,
            f"The slice spacing is {stated}, the input has {expected:g} mm.",
            f"Write SliceThickness {expected:g}.",
        )


@check("VAL-010", level="error", part="PS3.3 C.11.1.1", scope="values")
def values_are_as_expected(comparison: Comparison) -> Iterator[Fault]:
    """Every voxel of the series is that of the input.

    Integers are equal. Floats, and integers stored with a fractional slope, are within half a step:
    half of abs(RescaleSlope), plus the rounding of float64. A wider bound can be given. Floating
    point pixels are those of the input bit for bit.
    """
    volume, view = comparison.volume, comparison.view
    expected_shape = (comparison.frame_count, *comparison.grid.shape[1:])
    if volume is None or view.is_sparse or view.shape[:3] != expected_shape:
        return  # GEO-020 reports the shape, VAL-011 segmentations
    if tuple(volume.slabs.shape) != view.shape:
        yield Fault(
            "series",
            f"It has {view.first.samples} samples per pixel, the input {volume.samples}.",
            _COMPARE_AGAIN,
        )
        return
    worst, where = 0.0, 0
    rescales = _rescales(view)
    for start, stop in _blocks(view, volume):
        expected = volume.slabs.read(start, stop)
        for index, stored in enumerate(_stored(view, start, stop), start):
            error = _excessive_error(
                comparison, volume, stored, rescales[index], expected[index - start]
            )
            if error > worst:
                worst, where = error, index
    if worst:
        message = f"A voxel differs from the input by {worst:.6g}."
        if worst == math.inf:
            message = "A voxel is lost: the input is not finite there, or the file not readable."
        yield Fault(
            view.places.name(where),
            message,
            "Write the series again, or allow for its bound with `max_error=`.",
        )


def _excessive_error(
    comparison: Comparison,
    volume: Volume,
    stored: npt.NDArray[np.generic] | None,
    rescale: tuple[float, float],
    expected: npt.NDArray[np.generic],
) -> float:
    """Return the largest error of a slice; 0 if allowed."""
    if stored is None:
        return math.inf
    error = largest_error(
        stored,
        *rescale,
        expected,
        nan=comparison.nan,
        clip=comparison.clip,
        source_slope=volume.slope,
        source_intercept=volume.intercept,
    )
    if error <= _allowed_error(comparison, volume, stored, *rescale):
        return 0.0
    return error


def _allowed_error(
    comparison: Comparison,
    volume: Volume,
    stored: npt.NDArray[np.generic],
    slope: float,
    intercept: float,
) -> float:
    if comparison.max_error is not None:
        return comparison.max_error
    are_integers = volume.slabs.dtype.kind in "iub" and not volume.is_scaled
    if stored.dtype.kind == "f" or (are_integers and slope.is_integer() and intercept.is_integer()):
        return 0.0
    return abs(slope) / 2 + _ROUNDING * max(abs(slope) * 65536, abs(intercept))


def _rescales(view: SeriesView) -> list[tuple[float, float]]:
    """Return slope and intercept of each slice."""
    slopes = view.numbers_by_slice("RescaleSlope", default=(1.0,))
    intercepts = view.numbers_by_slice("RescaleIntercept", default=(0.0,))
    if slopes is None or intercepts is None:
        return [(1.0, 0.0)] * len(view.places.sources)
    return list(zip(slopes[:, 0].tolist(), intercepts[:, 0].tolist(), strict=True))


def _blocks(view: SeriesView, volume: Volume) -> Iterator[tuple[int, int]]:
    """Yield bounds of slabs with successive frames of one file."""
    sources = view.places.sources
    size = max(1, math.prod(volume.slabs.shape[1:]) * volume.slabs.dtype.itemsize)
    depth = max(1, volume.slabs.depth, _SLAB_BYTES // size)
    for first in range(0, len(sources), depth):
        start, last = first, min(first + depth, len(sources))
        for index in range(first + 1, last):
            before, here = sources[index - 1], sources[index]
            is_next = before.instance is here.instance and before.frame + 1 == here.frame
            if view.is_multi_frame and not is_next:
                yield start, index
                start = index
        yield start, last


def _stored(view: SeriesView, start: int, stop: int) -> Iterator[npt.NDArray[np.generic] | None]:
    """Yield stored values of slices; None if not readable."""
    sources = view.places.sources[start:stop]
    if not view.is_multi_frame and not isinstance(view, MosaicView):
        mirrored = mirrored_paths(view.instances)
        for source in sources:
            try:
                stored = read_stored(source.instance)
            except DicomSeriesError:
                yield None
            else:
                yield stored[::-1] if source.instance.path in mirrored else stored
        return
    try:
        if isinstance(view, MosaicView):
            frames = view.stored.read(start, stop)
        else:
            frames = read_frames(sources[0].instance, sources[0].frame, sources[-1].frame + 1)
    except DicomSeriesError:
        yield from [None] * len(sources)
    else:
        yield from frames
