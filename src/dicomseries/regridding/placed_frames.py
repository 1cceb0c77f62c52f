"""Frames of a volume on another grid whose voxels they are: pure copies, read on demand."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.geometry import Grid
from dicomseries.lazy_dataclass import dataclass
from dicomseries.regridding.grid_relation import ExactRelation
from dicomseries.sources import FrameReader, Volume, picked_frames, turned

__all__ = ["frames_in_order", "frames_on_grid", "frames_on_planes"]

_BLOCK_BYTES = 8 << 20
"""Frames are copied in blocks of about this size."""


def frames_on_grid(
    volume: Volume, grid: Grid, relation: ExactRelation, *, fill: float, dtype: np.dtype[Any]
) -> FrameReader:
    """Return the frames of a volume on another grid.

    Parameters
    ----------
    volume : Volume
        Voxels that are voxels of the grid.
    grid : Grid
        The other grid, for each of the volumes.
    relation : ExactRelation
        Of the volume's grid to the other one.
    fill : float
        Value of the voxels outside of the volume.
    dtype : dtype
        Of the result; holds `fill` and the numbers of the volume.

    Examples
    --------
    >>> from dicomseries.orientation import Turn
    >>> from dicomseries.sources import array_frames
    >>> part = Grid(shape=(1, 1, 2), spacing_mm=(1, 1, 2))
    >>> volume = Volume(slabs=array_frames(np.array([[[7, 8]]])), grid=part)
    >>> relation = ExactRelation(turn=Turn(flips=(True, False, False)), first=(1, 0, 0))
    >>> grid = Grid(shape=(2, 1, 3), spacing_mm=(1, 1, 2))
    >>> frames_on_grid(volume, grid, relation, fill=0, dtype=np.dtype(int)).read(0, 2).tolist()
    [[[0, 8, 7]], [[0, 0, 0]]]
    """
    columns, rows, slices = relation.ranges(volume.grid, grid)
    if not relation.turn.is_identity:
        volume = turned(volume, relation.turn)
    volumes = volume.volumes or 1
    table = np.full((volumes, grid.shape[0]), -1, np.intp)
    starts = np.arange(volumes)[:, None] * volume.slices
    table[:, slices[0]] = starts + np.arange(volume.slices)[slices[1]]
    placed = _PlacedFrames(
        source=volume.slabs,
        table=table.reshape(-1),
        size=(grid.shape[1], grid.shape[2]),
        target=(rows[0], columns[0]),
        part=(rows[1], columns[1]),
        fill=fill,
        dtype=dtype,
    )
    return placed.reader(1 if relation.turn.keeps_slices else grid.shape[0])


def frames_on_planes(
    volume: Volume,
    shape: tuple[int, int, int],
    relation: ExactRelation,
    slices: npt.NDArray[np.intp],
    *,
    fill: float,
    dtype: np.dtype[Any],
) -> FrameReader:
    """Return the frames of a volume on the planes of other slices.

    Parameters
    ----------
    volume : Volume
        Voxels that are voxels of the other slices.
    shape : tuple of int
        Slices, rows and columns of the result, for each of the volumes.
    relation : ExactRelation
        Of the rows and columns of every slice.
    slices : ndarray of int
        Slice of the volume for each slice of the result; -1 for none.
    fill : float
        Value of the voxels outside of the volume.
    dtype : dtype
        Of the result; holds `fill` and the numbers of the volume.
    """
    count, rows, columns = volume.grid.shape
    of_slice = Grid(shape=(1, rows, columns), spacing_mm=(1.0, 1.0, 1.0))
    other = Grid(shape=(1, *shape[1:]), spacing_mm=(1.0, 1.0, 1.0))
    across, down, _ = relation.ranges(of_slice, other)
    source = volume.slabs
    if not relation.turn.is_identity:
        flat = Grid(shape=volume.grid.shape, spacing_mm=(1.0, 1.0, 1.0))
        source = turned(
            Volume(slabs=source, grid=flat, volumes=volume.volumes), relation.turn
        ).slabs
    starts = np.arange(volume.volumes or 1)[:, None] * count
    table = np.where(slices < 0, -1, starts + slices)
    placed = _PlacedFrames(
        source=source,
        table=table.reshape(-1),
        size=(shape[1], shape[2]),
        target=(down[0], across[0]),
        part=(down[1], across[1]),
        fill=fill,
        dtype=dtype,
    )
    return placed.reader(1)


def frames_in_order(
    reader: FrameReader, table: npt.NDArray[np.intp], *, fill: float, dtype: np.dtype[Any]
) -> FrameReader:
    """Return whole frames in another order.

    Parameters
    ----------
    reader : FrameReader
        The frames.
    table : ndarray of int
        Frame for each frame of the result; -1 for none.
    fill : float
        Value of the voxels of missing frames.
    dtype : dtype
        Of the result.

    Examples
    --------
    >>> from dicomseries.sources import array_frames
    >>> frames = array_frames(np.array([[[7]], [[8]]]))
    >>> order = np.array([1, -1, 0])
    >>> frames_in_order(frames, order, fill=0, dtype=np.dtype(int)).read(0, 3).ravel().tolist()
    [8, 0, 7]
    """
    rows, columns = (slice(0, size, 1) for size in reader.shape[1:3])
    placed = _PlacedFrames(
        source=reader,
        table=table,
        size=(reader.shape[1], reader.shape[2]),
        target=(rows, columns),
        part=(rows, columns),
        fill=fill,
        dtype=dtype,
    )
    return placed.reader(1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _PlacedFrames:
    """Frames put into larger or smaller ones.

    Parameters
    ----------
    source : FrameReader
        Frames with the axes of the result.
    table : ndarray of int
        Frame of the source for each frame of the result; -1 for none.
    size : tuple of int
        Rows and columns of the result.
    target, part : tuple of slice
        Common rows and columns in the result, and in the source.
    fill : float
        Value elsewhere.
    dtype : dtype
        Of the result.
    """

    source: FrameReader
    table: npt.NDArray[np.intp]
    size: tuple[int, int]
    target: tuple[slice, slice]
    part: tuple[slice, slice]
    fill: float
    dtype: np.dtype[Any]

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.table), *self.size, *self.source.shape[3:])

    def reader(self, depth: int) -> FrameReader:
        """Return a reader; `depth` frames are read from the same frames of the source."""
        is_chunked = depth > 1
        return FrameReader(
            shape=self.shape,
            dtype=self.dtype,
            read=self.read,
            read_into=self.write_into,
            pick=None if is_chunked else self.pick,
            where=self.source.where,
            is_chunked=is_chunked,
            edges=range(0, len(self.table) + 1, depth),
        )

    def pick(self, frames: Sequence[int]) -> FrameReader:
        table = self.table[list(frames)]
        used = np.unique(table[table >= 0])
        source = picked_frames(self.source, used.tolist() or [0])
        renumbered = np.where(table < 0, -1, np.searchsorted(used, table))
        picked = _PlacedFrames(
            source=source,
            table=renumbered,
            size=self.size,
            target=self.target,
            part=self.part,
            fill=self.fill,
            dtype=self.dtype,
        )
        return picked.reader(1)

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        count = len(self.table[start:stop])
        array = np.empty((count, *self.shape[1:]), self.dtype)
        self.write_into(array, start)
        return array

    def write_into(self, array: npt.NDArray[Any], start: int) -> None:
        """Fill a C-contiguous array with the frames from `start`."""
        rows, columns = self.target
        is_whole = (
            self.size == self.source.shape[1:3]
            and rows == slice(0, self.size[0], 1)
            and columns == slice(0, self.size[1], 1)
        )
        if not is_whole:
            array[...] = self.fill
        for begin, end, frame in self._runs(start, len(array)):
            target = array[begin:end]
            if frame < 0:
                target[...] = self.fill
            elif is_whole and self.source.dtype == self.dtype:
                self.source.fill(target, frame)
            else:
                block = self.source.read(frame, frame + end - begin)
                target[:, rows, columns] = block[:, self.part[0], self.part[1]]

    def _runs(self, start: int, count: int) -> Iterator[tuple[int, int, int]]:
        """Yield begin, end and first source frame of runs; -1 for none."""
        longest = count
        if not self.source.is_chunked:
            frame_bytes = math.prod(self.source.shape[1:]) * self.source.dtype.itemsize
            longest = max(_BLOCK_BYTES // max(frame_bytes, 1), 1)
        table = self.table[start : start + count].tolist()
        begin = 0
        while begin < count:
            end = begin + 1
            step = 1 if table[begin] >= 0 else 0
            while end < count and end - begin < longest and table[end] == table[end - 1] + step:
                end += 1
            yield begin, end, table[begin]
            begin = end
