"""A series beside what was asked for: the grid, and every voxel."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dicomseries.errors import DicomSeriesError
from dicomseries.geometry import Grid
from dicomseries.readback import Instance
from dicomseries.sources.volume import Volume
from dicomseries.verify.registry import Fault, Finding, check, run
from dicomseries.verify.values import largest_error
from dicomseries.verify.view import SeriesView

__all__ = ["GRID_TOLERANCE", "Asked", "check_asked", "check_values"]

GRID_TOLERANCE = 1e-3
"""How far a corner of a slice may be from where it was asked, as a part of the smallest spacing."""

_COMPARE = "Compare with the input that was written; check axes= of both."
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
    volume : Volume, optional
        The voxels asked for, on `grid`.
    max_error : float, optional
        Largest allowed error of a voxel, real units; None asks for exact integers, and for floats half a step.
    nan, clip : optional
        As given to `write`.
    """

    view: SeriesView
    grid: Grid
    volume: Volume | None = None
    max_error: float | None = None
    nan: float | None = None
    clip: tuple[float, float] | None = None


def check_asked(instances: Sequence[Instance], grid: Grid) -> tuple[Finding, ...]:
    """Return where a series is not on the grid that was asked for.

    Parameters
    ----------
    instances : sequence of Instance
        Of one series, in any order.
    grid : Grid
        Asked for, LPS mm.

    Returns
    -------
    tuple of Finding
        Empty if every corner of every slice is within 1e-3 of the smallest spacing.

    Notes
    -----
    PS3.3 section C.7.6.2.1.1.

    Examples
    --------
    >>> from dicomseries.readback import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> instance = read_instance(get_testdata_file("CT_small.dcm"))
    >>> check_asked([instance], Grid(shape=(1, 128, 128), spacing_mm=(1, 1, 5)))[0].id
    'GEO-020'
    """
    if not instances:
        return ()
    return tuple(run("grid", Asked(view=SeriesView(instances), grid=grid.along_normal()[0])))


def check_values(asked: Asked) -> tuple[Finding, ...]:
    """Return where the voxels of a series are not those of `asked.volume`."""
    return tuple(run("values", asked))


@check("GEO-020", level="error", part="PS3.3 C.7.6.2.1.1", scope="grid")
def grid_is_as_asked(asked: Asked) -> Iterator[Fault]:
    """The series has the size of the input, and every corner of every slice is where the input has it.

    Within 1e-3 of the smallest spacing. Slices that run against the normal are compared in the order of the normal,
    as DICOM sorts them.
    """
    view, grid = asked.view, asked.grid
    found = (len(view.instances), view.first.rows, view.first.columns)
    if found != grid.shape:
        yield Fault(
            "series",
            f"It has (slices, rows, columns) {found}, the input {grid.shape}.",
            _COMPARE,
        )
        return
    corners = _corners(view)
    if corners is None:
        yield Fault("series", "It has no geometry.", "Write position, orientation and pixel spacing.")
        return
    off = np.abs(corners - _grid_corners(grid)).max(axis=(1, 2))
    worst = int(np.argmax(off))
    if not off[worst] <= GRID_TOLERANCE * min(grid.spacing_mm):
        yield Fault(
            view.instances[worst].name,
            f"A corner is {off[worst]:.3g} mm from where the input has it.",
            "Write the series again, or compare with the input that was written.",
        )


@check("GEO-021", level="error", part="PS3.3 C.7.6.2", scope="grid")
def slice_spacing_is_as_asked(asked: Asked) -> Iterator[Fault]:
    """A single slice tells the spacing of the input in SpacingBetweenSlices, or else in SliceThickness."""
    if asked.grid.shape[0] != 1 or len(asked.view.instances) != 1:
        return
    first = asked.view.first
    told = first.numbers("SpacingBetweenSlices") or first.numbers("SliceThickness")
    wanted = asked.grid.spacing_mm[2]
    if len(told) != 1 or not abs(told[0] - wanted) <= GRID_TOLERANCE * wanted:
        yield Fault(first.name, f"The slice spacing is {told} mm, the input has {wanted} mm.", "Write it.")


@check("VAL-010", level="error", part="PS3.3 C.11.1.1", scope="values")
def values_are_as_asked(asked: Asked) -> Iterator[Fault]:
    """Every voxel of the series is that of the input: integers exactly, floats within half a step of the slope.

    Half a step is half of abs(RescaleSlope), plus the rounding of float64. A wider bound can be given.
    """
    volume, view = asked.volume, asked.view
    if volume is None or asked.grid.shape != _shape(view)[:3]:
        return  # GEO-020 says so
    if tuple(volume.slabs.shape) != _shape(view):
        yield Fault("series", f"It has {view.first.samples} samples per pixel, the input {volume.samples}.", _COMPARE)
        return
    worst, where = 0.0, view.first
    for instance, wanted in zip(view.instances, _slices(volume), strict=True):
        error, allowed = _slice_error(asked, volume, instance, wanted)
        if not error <= allowed and error > worst:
            worst, where = error, instance
    if worst:
        yield Fault(
            where.name,
            "A voxel is lost: the input is not finite there, or the file cannot be decoded."
            if worst == math.inf
            else f"A voxel is {worst:.6g} away from the input.",
            "Write the series again, or allow for its bound with max_error=.",
        )


def _slice_error(
    asked: Asked, volume: Volume, instance: Instance, wanted: npt.NDArray[np.generic]
) -> tuple[float, float]:
    try:
        stored = instance.stored()
    except DicomSeriesError:
        return math.inf, 0.0
    error = largest_error(
        stored,
        instance.slope,
        instance.intercept,
        wanted,
        nan=asked.nan,
        clip=asked.clip,
        source_slope=volume.slope,
        source_intercept=volume.intercept,
    )
    if asked.max_error is not None:
        return error, asked.max_error
    reach = max(abs(instance.slope) * 65536, abs(instance.intercept))
    is_exact = volume.slabs.dtype.kind in "iub" and not volume.is_scaled
    return error, 0.0 if is_exact else abs(instance.slope) / 2 + _ROUNDING * reach


def _slices(volume: Volume) -> Iterator[npt.NDArray[np.generic]]:
    """Yield the slices of a volume one by one, read a slab at a time."""
    count = volume.slabs.shape[0]
    size = max(1, math.prod(volume.slabs.shape[1:]) * volume.slabs.dtype.itemsize)
    depth = max(1, volume.slabs.depth, _SLAB_BYTES // size)
    for start in range(0, count, depth):
        yield from volume.slabs.read(start, min(start + depth, count))


def _shape(view: SeriesView) -> tuple[int, ...]:
    colours = (3,) if view.first.samples == 3 else ()
    return (len(view.instances), view.first.rows, view.first.columns, *colours)


def _corners(view: SeriesView) -> npt.NDArray[np.float64] | None:
    """Return the four outermost voxel centres of each slice in LPS mm, shape (slices, 4, 3)."""
    planes = []
    for instance in view.instances if view.differs("ImageOrientationPatient") else (view.first,):
        plane = _plane(instance)
        if plane is None:
            return None
        planes.append(plane)
    if view.positions_lps is None:
        return None
    corners: npt.NDArray[np.float64] = view.positions_lps[:, None, :] + np.array(planes)
    return corners


def _plane(instance: Instance) -> npt.NDArray[np.float64] | None:
    """Return the four corners of a slice in mm, seen from its first voxel."""
    cosines, spacing = instance.numbers("ImageOrientationPatient"), instance.numbers("PixelSpacing")
    if len(cosines) != 6 or len(spacing) != 2:
        return None
    across = np.array(cosines[:3]) * spacing[1] * (instance.columns - 1)
    down = np.array(cosines[3:]) * spacing[0] * (instance.rows - 1)
    return np.array([0 * across, across, down, across + down])


def _grid_corners(grid: Grid) -> npt.NDArray[np.float64]:
    slices, rows, columns = grid.shape
    ends = ((0, 0), (columns - 1, 0), (0, rows - 1), (columns - 1, rows - 1))
    return np.array([[grid.point(x, y, z) for x, y in ends] for z in range(slices)])
