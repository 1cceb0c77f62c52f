"""A volume with its axes in another order or direction: lazily, every chunk of the source read once in a pass."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from dicomseries.orientation import Turn
from dicomseries.sources.frames.frame_runs import GatheredSlabs, Piece, joined, pieces, together
from dicomseries.sources.frames.mapped_files import MappedSlabs
from dicomseries.sources.frames.scratch_copy import Copyable
from dicomseries.sources.volume import ArraySlabs, FrameReader, Volume, array_frames, edges_of

__all__ = ["TurnedSlabs", "turned", "turned_slabs"]

_TOGETHER = 8 << 20
"""Bytes of the source that are read together where all of it is gone through."""

Numbers = npt.NDArray[Any]
Index = tuple[slice, ...]


@runtime_checkable
class _Turns(Protocol):
    """FrameReader that turn themselves."""

    def turned(self, turn: Turn, slices: int) -> FrameReader:
        """Return the slabs of the turned volume."""


def turned(volume: Volume, turn: Turn) -> Volume:
    """Return a volume with its axes turned, every value on its point in space; nothing is read.

    Parameters
    ----------
    volume : Volume
        Of one or several time points, LPS mm.
    turn : Turn
        Order and direction of its axes.

    Examples
    --------
    >>> from dicomseries.geometry import Grid
    >>> grid = Grid(shape=(1, 2, 2), spacing_mm=(1, 1, 2))
    >>> volume = Volume(slabs=array_frames(np.array([[[1, 2], [3, 4]]])), grid=grid)
    >>> turned(volume, Turn(flips=(False, True, False))).array.tolist()
    [[[3, 4], [1, 2]]]
    """
    if turn.is_identity:
        return volume
    slabs = turned_slabs(volume.slabs, turn, volume.slices)
    return replace(volume, slabs=slabs, grid=turn.grid(volume.grid), turn=turn)


def turned_slabs(slabs: FrameReader, turn: Turn, slices: int) -> FrameReader:
    """Return the slabs of a turned volume: views of an array where there is one.

    Parameters
    ----------
    slabs : FrameReader
        Of the volume as it is.
    turn : Turn
        Order and direction of its axes.
    slices : int
        Slices of one volume before the turn.

    Examples
    --------
    >>> turned_slabs(array_frames(np.zeros((3, 4, 5))), Turn(order=(2, 1, 0)), 3).shape
    (5, 4, 3)
    """
    if isinstance(slabs, _Turns):
        return slabs.turned(turn, slices)
    if isinstance(slabs, ArraySlabs | MappedSlabs):
        frames = slabs.array
        view = _in_order(frames.reshape(-1, slices, *frames.shape[1:]), turn)
    elif isinstance(slabs, GatheredSlabs):
        view = _in_order(slabs.array, turn)
    else:
        return TurnedSlabs(slabs, turn, slices)
    return _of_view(view, slabs)


def _of_view(view: Numbers, slabs: ArraySlabs | MappedSlabs | GatheredSlabs) -> FrameReader:
    frames = joined(view)
    if isinstance(slabs, MappedSlabs):
        return (
            GatheredSlabs(view, slabs.window.take)
            if frames is None
            else MappedSlabs(frames, slabs.window)
        )
    take = slabs.take if isinstance(slabs, GatheredSlabs) else None
    return GatheredSlabs(view, take) if frames is None or take is not None else array_frames(frames)


def _in_order(block: Numbers, turn: Turn) -> Numbers:
    """Return a block (volumes, slices, rows, columns[, 3]) as a view with the new order and directions."""
    axes = [3 - axis for axis in reversed(turn.order)]
    view = block.transpose(0, *axes, *range(4, block.ndim))
    steps = [slice(None, None, -1 if is_flipped else 1) for is_flipped in reversed(turn.flips)]
    return view[(slice(None), *steps)]


@dataclass(frozen=True, slots=True, eq=False)
class TurnedSlabs:
    """The slabs of a turned volume whose source gives frames only.

    Where slices stay slices, each read needs the same frames of the source. Where they do not, every slice needs all
    frames of its volume: these are one chunk then (`edges`), which is read whole, or copied to the disk first.

    Parameters
    ----------
    source : FrameReader
        Of the volume as it is.
    turn : Turn
        Order and direction of its axes.
    slices : int
        Slices of one volume before the turn.

    Examples
    --------
    >>> TurnedSlabs(array_frames(np.arange(6).reshape(3, 1, 2)), Turn(order=(2, 1, 0)), 3).read(0, 1).tolist()
    [[[0, 2, 4]]]
    """

    source: FrameReader
    turn: Turn
    slices: int

    @property
    def shape(self) -> tuple[int, ...]:
        """(frames, rows, columns[, 3])."""
        slices, rows, columns = self._grid
        return (self._volumes * slices, rows, columns, *self.source.shape[3:])

    @property
    def dtype(self) -> np.dtype[Any]:
        """The numbers of the source."""
        return self.source.dtype

    @property
    def depth(self) -> int:
        """Frames that are best read together: all of a volume where slices become rows or columns."""
        return self.source.depth if self.turn.keeps_slices else self._grid[0]

    @property
    def edges(self) -> Sequence[int]:
        """Frames that a slab may begin and end at without reading anything twice."""
        found = [divmod(edge, self.slices) for edge in edges_of(self.source, self.slices)]
        if not self.turn.keeps_slices:
            return [volume * self._grid[0] for volume, slice_index in found if slice_index == 0]
        if not self.turn.flips[2]:
            return [volume * self.slices + edge for volume, edge in found]
        return sorted(
            volume * self.slices + (self.slices - edge if edge else 0) for volume, edge in found
        )

    def read(self, start: int, stop: int) -> Numbers:
        """Return the frames [start, stop)."""
        end = max(start, min(stop, self.shape[0]))
        if start == end:
            return np.empty((0, *self.shape[1:]), self.dtype)
        return together([self._part(piece) for piece in pieces(start, end, self._grid[0])])

    def blocks(self) -> Iterator[tuple[Index, Numbers]]:
        """Yield every part of the source once, with its place in the turned volume."""
        for (volumes, *inside), block in self._own_blocks():
            places = inside[2::-1]  # x, y, z
            turned = [self._place(axis, places) for axis in (2, 1, 0)]
            yield (volumes, *turned, *inside[3:]), _in_order(block, self.turn)

    @property
    def _volumes(self) -> int:
        return self.source.shape[0] // self.slices

    @property
    def _grid(self) -> tuple[int, int, int]:
        """(slices, rows, columns) after the turn."""
        return self.turn.shape((self.slices, *self.source.shape[1:3]))

    def _part(self, piece: Piece) -> Numbers:
        """Return some slices of one volume, or whole volumes."""
        volumes, slices = piece
        axis = self.turn.order[2]
        size = self._grid[0]
        if self.turn.flips[2]:
            slices = slice(size - slices.stop, size - slices.start)
        if axis == 2:
            block = self._frames(volumes, slices)
        else:
            block = self._through(
                volumes, (slice(None), slices) if axis == 1 else (slice(None), slice(None), slices)
            )
        view = _in_order(block, self.turn)
        return view.reshape(view.shape[0] * view.shape[1], *view.shape[2:])

    def _frames(self, volumes: slice, slices: slice) -> Numbers:
        """Return frames as (volumes, slices, rows, columns[, 3]): of one volume, or whole volumes."""
        first = volumes.start * self.slices + slices.start
        last = (volumes.stop - 1) * self.slices + slices.stop
        frames = self.source.read(first, last)
        count = volumes.stop - volumes.start
        return frames.reshape(count, -1, *frames.shape[1:])

    def _through(self, volumes: slice, part: tuple[slice, ...]) -> Numbers:
        """Return a part of the rows or columns of every frame of some volumes, a few frames in memory at a time."""
        first, last = volumes.start * self.slices, volumes.stop * self.slices
        found: list[Numbers] = []
        for start, stop in self._runs(first, last):
            found.append(np.ascontiguousarray(self.source.read(start, stop)[part]))
        frames = together(found)
        return frames.reshape(-1, self.slices, *frames.shape[1:])

    def _runs(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Yield frames of the source that are read together, each chunk once."""
        most = max(1, _TOGETHER // max(1, math.prod(self.source.shape[1:]) * self.dtype.itemsize))
        edges = [edge for edge in edges_of(self.source, self.slices) if first <= edge <= last]
        start = first
        for edge, following in zip(edges, [*edges[1:], None], strict=True):
            if edge > start and (following is None or following - start > most):
                yield start, edge
                start = edge
        if start < last:
            yield start, last

    def _own_blocks(self) -> Iterator[tuple[Index, Numbers]]:
        if isinstance(self.source, Copyable):
            yield from self.source.blocks()
            return
        inside = tuple(slice(0, size) for size in self.source.shape[1:])
        for volume in range(self._volumes):
            first = volume * self.slices
            for start, stop in self._runs(first, first + self.slices):
                place = (slice(volume, volume + 1), slice(start - first, stop - first), *inside)
                yield place, self.source.read(start, stop)[np.newaxis]

    def _place(self, axis: int, places: Sequence[slice]) -> slice:
        """Return where a block lies along a new axis."""
        own = places[self.turn.order[axis]]
        size = self._grid[2 - axis]
        return slice(size - own.stop, size - own.start) if self.turn.flips[axis] else own
