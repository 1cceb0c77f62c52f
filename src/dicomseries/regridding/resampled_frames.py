"""Frames of a volume resampled onto another grid, slab by slab.

The only module that imports `scipy` here. The rules are those of ITK's resample filter: a voxel
is inside of the volume if its centre lies in a voxel of it, also beyond the last centres.
"""

from __future__ import annotations

import math
import threading
from dataclasses import field
from itertools import product
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from dicomseries.errors import missing_package
from dicomseries.geometry import Grid
from dicomseries.lazy_dataclass import dataclass
from dicomseries.sources import FrameReader, Volume

__all__ = ["METHODS", "Method", "covers", "resampled_dtype", "resampled_frames"]

Floats = npt.NDArray[np.float64]
Box = tuple[tuple[int, int], ...]
"""First and last + 1 along slices, rows and columns."""

Method = Literal["nearest", "linear"]
"""Choices of `resample=`."""
METHODS: tuple[str, ...] = get_args(Method)

_ORDERS = {"nearest": 0, "linear": 1}
"""Method → order of scipy's splines."""
_KEPT_BYTES = 512 << 20
"""A volume of at most this size is read once and kept; of a larger one, slices as needed."""
_PART_BYTES = 64 << 20
"""Slices of a larger volume that are read together, about."""
_TIE = 1e-7
"""Voxels by which points are moved, so that all points half-way between two go to one side."""
_NO_STEP = 1e-9
"""Smaller steps through the whole grid, in voxels, are rounding."""


def resampled_dtype(dtype: np.dtype[Any], method: str) -> np.dtype[Any]:
    """Return the dtype of resampled numbers.

    Floats stay as they are; whole numbers become floats between them.

    Examples
    --------
    >>> resampled_dtype(np.dtype("int16"), "linear"), resampled_dtype(np.dtype("u1"), "nearest")
    (dtype('float32'), dtype('uint8'))
    """
    if method == "nearest" or dtype.kind == "f":
        return dtype.newbyteorder("=")
    return np.dtype(np.float32 if dtype.itemsize <= 2 else np.float64)


def covers(grid: Grid, other: Grid) -> bool:
    """Return whether all voxels of another grid are inside of a grid.

    Examples
    --------
    >>> grid = Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 2))
    >>> covers(grid, Grid(shape=(6, 4, 5), spacing_mm=(1, 1, 1), origin_lps=(0, 0, -0.5)))
    True
    >>> covers(grid, Grid(shape=(7, 4, 5), spacing_mm=(1, 1, 1), origin_lps=(0, 0, -0.5)))
    False
    """
    to_grid = np.linalg.solve(grid.affine(), other.affine())[:3]
    slices, rows, columns = (size - 1 for size in other.shape)
    corners = np.array(list(product((0, columns), (0, rows), (0, slices), (1.0,))))
    index = corners @ to_grid.T
    last = np.array(grid.shape[::-1]) - 0.5
    return bool((index >= -0.5 - _TIE).all() and (index < last - _TIE).all())


def resampled_frames(
    volume: Volume, grid: Grid, method: str, *, fill: float, dtype: np.dtype[Any]
) -> FrameReader:
    """Return the frames of a volume, resampled onto a grid.

    Parameters
    ----------
    volume : Volume
        LPS mm, grey or colour, once or at several times.
    grid : Grid
        The other grid, for each of the volumes.
    method : {"nearest", "linear"}
        Value of the nearest voxel, or between the eight around. NaN beside a point makes it NaN.
    fill : float
        Value of the voxels outside of the volume.
    dtype : dtype
        Of the result.

    Raises
    ------
    MissingPackageError
        If scipy is not installed.
    """
    _affine_transform()
    to_volume = np.asarray(np.linalg.solve(volume.grid.affine(), grid.affine())[:3], np.float64)
    sizes = np.array(grid.shape[::-1])
    to_volume[:, :3][np.abs(to_volume[:, :3]) * sizes < _NO_STEP] = 0.0
    flipped = to_volume[::-1]  # array order: slices, rows, columns
    resampled = _ResampledFrames(
        source=volume.slabs,
        source_shape=volume.grid.shape,
        matrix=np.ascontiguousarray(flipped[:, 2::-1]),
        offset=np.asarray(flipped[:, 3], np.float64),
        grid_shape=grid.shape,
        volumes=volume.volumes or 1,
        order=_ORDERS[method],
        fill=fill,
        dtype=dtype,
    )
    return resampled.reader()


def _affine_transform() -> Any:
    try:
        from scipy.ndimage import affine_transform  # noqa: PLC0415 - optional, imported when used
    except ImportError as error:
        raise missing_package(extra="resample", where="resample") from error
    return affine_transform


class _KeptVolume:
    """The last volume that was read, for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._index, self._array = -1, np.empty(0)

    def __reduce__(self) -> tuple[Any, ...]:
        return _KeptVolume, ()

    def read(self, reader: FrameReader, index: int, slices: int) -> npt.NDArray[Any]:
        with self._lock:
            if self._index != index:
                self._array = reader.read(index * slices, (index + 1) * slices)
                self._index = index
            return self._array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _ResampledFrames:
    """Resampled frames.

    Parameters
    ----------
    source : FrameReader
        Frames of all volumes.
    source_shape : tuple of int
        Slices, rows, columns of one of them.
    matrix : ndarray, shape (3, 3)
        Index (slice, row, column) of the source for steps along the axes of the result.
    offset : ndarray, shape (3,)
        The same for its first voxel.
    grid_shape : tuple of int
        Slices, rows, columns of the result.
    volumes : int
        Number of volumes.
    order : int
        0 for the nearest voxel, 1 for linear.
    fill : float
        Value outside.
    dtype : dtype
        Of the result.
    """

    source: FrameReader
    source_shape: tuple[int, int, int]
    matrix: Floats
    offset: Floats
    grid_shape: tuple[int, int, int]
    volumes: int
    order: int
    fill: float
    dtype: np.dtype[Any]
    kept: _KeptVolume = field(default_factory=_KeptVolume)

    def reader(self) -> FrameReader:
        frames = self.volumes * self.grid_shape[0]
        return FrameReader(
            shape=(frames, *self.grid_shape[1:], *self.source.shape[3:]),
            dtype=self.dtype,
            read=self.read,
            read_into=self.write_into,
            where=self.source.where,
        )

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        stop = min(stop, self.volumes * self.grid_shape[0])
        shape = (max(stop - start, 0), *self.grid_shape[1:], *self.source.shape[3:])
        array = np.empty(shape, self.dtype)
        self.write_into(array, start)
        return array

    def write_into(self, array: npt.NDArray[Any], start: int) -> None:
        """Fill a C-contiguous array with the frames from `start`."""
        slices = self.grid_shape[0]
        done = 0
        while done < len(array):
            volume, first = divmod(start + done, slices)
            count = min(slices - first, len(array) - done)
            box = ((first, first + count), (0, self.grid_shape[1]), (0, self.grid_shape[2]))
            self._fill_box(array[done : done + count], box, volume)
            done += count

    def _fill_box(self, target: npt.NDArray[Any], box: Box, volume: int) -> None:
        """Fill a box of one volume; halve it if it needs too many slices of the source."""
        low, high = self._needed_slices(box)
        if high <= low:
            target[...] = self.fill
            return
        is_kept = self._bytes(self.source_shape[0]) <= _KEPT_BYTES
        axis = int(np.argmax(self._reach(box)))
        begin, end = box[axis]
        if not is_kept and self._bytes(high - low) > _PART_BYTES and end - begin > 1:
            middle = (begin + end) // 2
            for part in ((begin, middle), (middle, end)):
                index = [slice(None)] * 3
                index[axis] = slice(part[0] - begin, part[1] - begin)
                smaller = (*box[:axis], part, *box[axis + 1 :])
                self._fill_box(target[tuple(index)], smaller, volume)
            return
        if is_kept:
            low, high = 0, self.source_shape[0]
            block = self.kept.read(self.source, volume, high)
        else:
            first = volume * self.source_shape[0]
            block = self.source.read(first + low, first + high)
        self._interpolate(target, box, block, low)

    def _bytes(self, slices: int) -> int:
        return slices * math.prod(self.source.shape[1:]) * self.source.dtype.itemsize

    def _reach(self, box: Box) -> list[float]:
        """Return the slices of the source along each axis of a box."""
        steps = np.abs(self.matrix[0]).tolist()
        return [step * (end - begin - 1) for step, (begin, end) in zip(steps, box, strict=True)]

    def _needed_slices(self, box: Box) -> tuple[int, int]:
        """Return first and last + 1 slice of the source for a box."""
        corners = np.array(list(product(*((begin, end - 1) for begin, end in box))))
        index = corners @ self.matrix[0] + self.offset[0]
        low, high = float(index.min()), float(index.max())
        count = self.source_shape[0]
        if high < -0.5 or low > count - 0.5:
            return 0, 0
        return max(math.floor(low), 0), min(math.floor(high) + 2, count)

    def _interpolate(
        self, target: npt.NDArray[Any], box: Box, block: npt.NDArray[Any], low: int
    ) -> None:
        """Fill a box from slices of the source, the first of which is `low`."""
        transform = _affine_transform()
        starts = np.array([begin for begin, _ in box])
        offset = self.matrix @ starts + self.offset
        inside = offset - (low, 0, 0)
        if self.order == 0:
            inside = inside + _TIE
        for channel in np.ndindex(block.shape[3:]):
            values = block[(..., *channel)]
            # scipy takes no float16 and no other byte order
            if values.dtype.kind == "f" and values.dtype.itemsize < 4:
                values = values.astype(np.float32)
            output = np.empty(target.shape[:3], self.dtype)
            transform(
                values.astype(values.dtype.newbyteorder("="), copy=False),
                self.matrix,
                inside,
                output_shape=target.shape[:3],
                output=output,
                order=self.order,
                mode="nearest",
                prefilter=False,
            )
            target[(..., *channel)] = output
        self._clear_outside(target, offset)

    def _clear_outside(self, target: npt.NDArray[Any], offset: Floats) -> None:
        """Set voxels outside of the source to the fill value."""
        for axis, size in enumerate(self.source_shape):
            index: Any = offset[axis] + _TIE
            for along, step in enumerate(self.matrix[axis].tolist()):
                if step:
                    shape = [1, 1, 1]
                    shape[along] = -1
                    steps = np.arange(target.shape[along], dtype=np.float64) * step
                    index = index + steps.reshape(shape)
            is_outside = np.asarray((index < -0.5) | (index >= size - 0.5))
            if is_outside.any():
                target[np.broadcast_to(is_outside, target.shape[:3])] = self.fill
