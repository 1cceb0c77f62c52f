"""Irregular slices on an even grid: `read(even=)` and `volume.resample()`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries import reading
from dicomseries.errors import OptionError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.regridding.even_slices_grid import EvenGrid, even_grid
from dicomseries.regridding.fill_values import OF_SEGMENTS, fill_value
from dicomseries.regridding.put_onto import OntoOptions
from dicomseries.regridding.resampled_frames import resampled_dtype
from dicomseries.slice_planes import SlicePlanes
from dicomseries.sources import FrameReader, Volume

__all__ = ["even_volume"]

Floats = npt.NDArray[np.float64]

_TIE = 1e-7
"""Voxels by which points are moved, so that all points half-way between two go to one side."""


def even_volume(
    volume: Volume,
    method: str,
    fill: float | None,
    *,
    voxels: reading.VoxelMeaning,
    is_real: bool,
) -> Volume:
    """Return a volume on a right-angled, even grid.

    A regular volume is returned as it is.

    Parameters
    ----------
    volume : Volume
        That was read; of parallel slices with positions.
    method : {"nearest", "linear"}
        Value of the nearest voxel; or between neighbours: in the plane where slices shift sideways,
        along the normal between slices.
    fill : float, optional
        Value of voxels beside the slices, and then of missing slices too; these are interpolated
        if it is not given.
    voxels : {"values", "labels", "masks", "fractions"}
        Meaning of the voxels.
    is_real : bool
        Whether they are real values.

    Raises
    ------
    GeometryError
        If the slices are not parallel, or have no position.
    OptionError
        If a fill value is missing, `method` is neither of the two, or labels are to be
        interpolated.
    """
    _check(method, fill, voxels)
    planes = volume.grid
    if not isinstance(planes, SlicePlanes):
        return volume
    even = even_grid(planes)
    is_gap = even.is_gap if fill is not None else np.zeros_like(even.is_gap)
    is_covered = even.is_covered(*planes.shape[1:]) and not is_gap.any()
    value, dtype = fill_value(
        volume,
        fill,
        resampled_dtype(volume.dtype, method),
        voxels=voxels,
        is_real=is_real,
        is_needed=not is_covered,
        name="the even grid",
    )
    frames = _EvenFrames(
        source=volume.slabs,
        slices=planes.shape[0],
        even=even,
        is_gap=is_gap,
        volumes=volume.volumes or 1,
        is_linear=method == "linear",
        fill=value,
        dtype=dtype,
    )
    note = _note(planes, even, method, int(is_gap.sum()), value)
    statement = even.grid.statement.noting(note)
    return replace(volume, slabs=frames.reader(), grid=even.grid.stated(statement))


def _check(method: str, fill: float | None, voxels: str) -> None:
    if method not in {"nearest", "linear"}:
        raise OptionError(
            code="even-unknown",
            where="even",
            given=repr(method),
            expected="'nearest' or 'linear'",
            remedy="Use `even='linear'` for values, `even='nearest'` for labels.",
        )
    OntoOptions(fill=fill)
    if method == "linear" and voxels in OF_SEGMENTS - {"fractions"}:
        raise OptionError(
            code="resample-labels",
            where="even",
            given="'linear' for segments",
            expected="'nearest': a number between two labels is another label, or none",
            remedy="Use `even='nearest'`.",
        )


def _note(planes: SlicePlanes, even: EvenGrid, method: str, empty: int, fill: float) -> str:
    words = "the nearest voxel" if method == "nearest" else "linear interpolation"
    slices, step = even.grid.shape[0], even.grid.spacing_mm[2]
    note = (
        f"The slices were put on an even grid by {words}, as they form none ({planes.summary}): "
        f"{slices} slices {step:.6g} mm apart, from {planes.shape[0]}"
    )
    shift = float(np.ptp(even.shifts, axis=0).max())
    if shift:
        note += f", which shift by up to {shift:.3g} pixels in their plane"
    missing = int(even.is_gap.sum())
    if missing:
        how = f"are {fill:g}" if empty else "are computed from their neighbours"
        note += f"; {missing} between them {how}"
    return f"{note}."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _EvenFrames:
    """Frames of an even grid, computed on demand.

    Parameters
    ----------
    source : FrameReader
        Frames of all volumes.
    slices : int
        Of one volume of the source.
    even : EvenGrid
        The grid, and the place of each slice.
    is_gap : ndarray of bool
        Slices of the grid that are `fill`.
    volumes : int
        Number of volumes.
    is_linear : bool
        Whether to interpolate.
    fill : float
        Value outside.
    dtype : dtype
        Of the result.
    """

    source: FrameReader
    slices: int
    even: EvenGrid
    is_gap: npt.NDArray[np.bool_]
    volumes: int
    is_linear: bool
    fill: float
    dtype: np.dtype[Any]

    @property
    def shape(self) -> tuple[int, ...]:
        slices, rows, columns = self.even.grid.shape
        return (self.volumes * slices, rows, columns, *self.source.shape[3:])

    def reader(self) -> FrameReader:
        return FrameReader(
            shape=self.shape,
            dtype=self.dtype,
            read=self.read,
            read_into=self.write_into,
            where=self.source.where,
        )

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        stop = min(stop, self.shape[0])
        array = np.empty((max(stop - start, 0), *self.shape[1:]), self.dtype)
        self.write_into(array, start)
        return array

    def write_into(self, array: npt.NDArray[Any], start: int) -> None:
        """Fill a C-contiguous array with the frames from `start`."""
        kept: dict[int, npt.NDArray[Any]] = {}
        for index, target in enumerate(array, start):
            volume, place = divmod(index, self.even.grid.shape[0])
            if self.is_gap[place]:
                target[...] = self.fill
                continue
            below, weight = int(self.even.below[place]), float(self.even.weights[place])
            if not self.is_linear:
                below, weight = below + int(weight + _TIE >= 0.5), 0.0
            needed = (below, below + 1) if weight else (below,)
            frames = {each: volume * self.slices + each for each in needed}
            kept = {
                frame: kept[frame] if frame in kept else self.source.read(frame, frame + 1)[0]
                for frame in frames.values()
            }
            self._blend(target, [(each, kept[frames[each]]) for each in needed], weight)

    def _blend(
        self, target: npt.NDArray[Any], slices: list[tuple[int, npt.NDArray[Any]]], weight: float
    ) -> None:
        """Fill a slice from the one below it, and the next if `weight` is above 0."""
        result: npt.NDArray[Any] | None = None
        is_outside = np.zeros(target.shape[:2], bool)
        for (index, pixels), part in zip(slices, (1.0 - weight, weight), strict=False):
            placed = pixels
            for axis in (0, 1):
                shift = float(self.even.shifts[index, axis])
                size = target.shape[axis]
                placed, is_beyond = _shifted(placed, axis, shift, size, is_linear=self.is_linear)
                is_outside |= np.expand_dims(is_beyond, 1 - axis)
            if weight:
                placed = placed * np.float64(part)
            result = placed if result is None else result + placed
        assert result is not None  # noqa: S101 - there is a slice
        target[...] = result
        if is_outside.any():
            target[is_outside] = self.fill


def _shifted(
    pixels: npt.NDArray[Any], axis: int, shift: float, size: int, *, is_linear: bool
) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """Return pixels moved along an axis, and which places are beyond them.

    Half a voxel beyond the outermost centres has their values, as in ITK.
    """
    count = pixels.shape[axis]
    places = np.arange(size) - shift
    is_beyond = (places < -0.5 - _TIE) | (places >= count - 0.5 - _TIE)
    if not is_linear:
        nearest = np.clip(np.floor(places + 0.5 + _TIE).astype(np.intp), 0, count - 1)
        return np.take(pixels, nearest, axis), is_beyond
    inside = np.clip(places, 0, count - 1)
    first = np.floor(inside + _TIE).astype(np.intp)
    weights = inside - first
    if np.abs(weights).max() <= _TIE:
        return np.take(pixels, first, axis), is_beyond
    following = np.minimum(first + 1, count - 1)
    shape = [1] * pixels.ndim
    shape[axis] = size
    part = weights.reshape(shape)
    low = np.take(pixels, first, axis).astype(np.float64)
    return low + (np.take(pixels, following, axis) - low) * part, is_beyond
