"""Frames of a volume with turned axes, read lazily."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from dicomseries.lazy_dataclass import dataclass
from dicomseries.orientation import Turn
from dicomseries.sources.frames.array_frames import view_frames
from dicomseries.sources.frames.frame_reader import (
    Block,
    FrameReader,
    Numbers,
    VolumeView,
    derived_frames,
)
from dicomseries.sources.frames.frame_runs import Piece, pieces, together

__all__ = ["turned_frames"]

_TOGETHER = 8 << 20
"""Bytes of the source that are read together where all of it is gone through."""


def turned_frames(reader: FrameReader, turn: Turn, slices: int) -> FrameReader:
    """Return the frames of a turned volume.

    Where slices stay slices, each read needs the same frames of the source. Where they do not,
    every slice needs all frames of its volume: these are one chunk then, which is read as one, or
    copied to the disk first.

    Parameters
    ----------
    reader : FrameReader
        Of the volume as it is.
    turn : Turn
        Order and direction of its axes.
    slices : int
        Slices of one volume before the turn.

    Examples
    --------
    >>> from dicomseries.sources import array_frames
    >>> frames = array_frames(np.arange(6).reshape(3, 1, 2))
    >>> turned_frames(frames, Turn(order=(2, 1, 0)), 3).read(0, 1).tolist()
    [[[0, 2, 4]]]
    """
    if reader.view is not None:
        array = reader.view.array
        if array.shape[1] != slices:
            array = array.reshape(-1, slices, *array.shape[2:])
        view = VolumeView(_in_order(array, turn), reader.view.take)
        fields = _fields(view_frames(view, reader.where))
    else:
        fields = _Turned(reader, turn, slices).fields()
    return derived_frames(turned_frames, reader, turn, slices, **fields)


def _fields(reader: FrameReader) -> dict[str, Any]:
    names = ("shape", "read", "edges", "view")
    return {name: getattr(reader, name) for name in names}


def _in_order(block: Numbers, turn: Turn) -> Numbers:
    """Return a block with its axes in the new order."""
    axes = [3 - axis for axis in reversed(turn.order)]
    view = block.transpose(0, *axes, *range(4, block.ndim))
    steps = [slice(None, None, -1 if is_flipped else 1) for is_flipped in reversed(turn.flips)]
    return view[(slice(None), *steps)]


@dataclass(frozen=True, slots=True, eq=False)
class _Turned:
    """Turned frames of a source without a view."""

    source: FrameReader
    turn: Turn
    slices: int

    def fields(self) -> dict[str, Any]:
        keeps_slices = self.turn.keeps_slices
        slices, rows, columns = self.grid_shape
        fields: dict[str, Any] = {
            "shape": (self.volumes * slices, rows, columns, *self.source.shape[3:]),
            "read": self.read,
            "edges": self.edges(),
        }
        if self.source.is_chunked or not keeps_slices:
            fields |= {"is_chunked": True, "blocks": self.blocks}
        if not keeps_slices:
            # A cluster computes slabs of a Dask array; not a volume of it for each slab.
            fields |= {"graph": None, "over": None}
        return fields

    @property
    def volumes(self) -> int:
        return self.source.shape[0] // self.slices

    @property
    def grid_shape(self) -> tuple[int, int, int]:
        """(slices, rows, columns) after the turn."""
        return self.turn.shape((self.slices, *self.source.shape[1:3]))

    def edges(self) -> Sequence[int]:
        edges = self.source.edges
        if not self.turn.keeps_slices:
            slices = self.grid_shape[0]
            return [edge // self.slices * slices for edge in edges if edge % self.slices == 0]
        if not self.turn.flips[2] or isinstance(edges, range):
            return edges
        return sorted(_mirrored(edge, self.slices) for edge in edges)

    def read(self, start: int, stop: int) -> Numbers:
        slices, rows, columns = self.grid_shape
        end = max(start, min(stop, self.volumes * slices))
        if start == end:
            shape = (0, rows, columns, *self.source.shape[3:])
            return np.empty(shape, self.source.dtype)
        return together(list(map(self._part, pieces(start, end, slices))))

    def blocks(self) -> Iterator[Block]:
        for (volumes, *inside), block in self._source_blocks():
            places = inside[2::-1]  # x, y, z
            turned = [self._turned_place(axis, places) for axis in (2, 1, 0)]
            yield (volumes, *turned, *inside[3:]), _in_order(block, self.turn)

    def _part(self, piece: Piece) -> Numbers:
        """Return some slices of one volume, or several volumes."""
        volumes, slices = piece
        axis = self.turn.order[2]
        if self.turn.flips[2]:
            count = self.grid_shape[0]
            slices = slice(count - slices.stop, count - slices.start)
        if axis == 2:
            block = self._frames(volumes, slices)
        elif axis == 1:
            block = self._through(volumes, (slice(None), slices))
        else:
            block = self._through(volumes, (slice(None), slice(None), slices))
        view = _in_order(block, self.turn)
        return view.reshape(-1, *view.shape[2:])

    def _frames(self, volumes: slice, slices: slice) -> Numbers:
        """Return frames as (volumes, slices, rows, columns[, 3])."""
        first = volumes.start * self.slices + slices.start
        last = (volumes.stop - 1) * self.slices + slices.stop
        frames = self.source.read(first, last)
        return frames.reshape(volumes.stop - volumes.start, -1, *frames.shape[1:])

    def _through(self, volumes: slice, part: tuple[slice, ...]) -> Numbers:
        """Return rows or columns of all frames of volumes."""
        first, last = volumes.start * self.slices, volumes.stop * self.slices
        parts = []
        for start, stop in self._runs(first, last):
            parts.append(np.ascontiguousarray(self.source.read(start, stop)[part]))
        frames = together(parts)
        return frames.reshape(-1, self.slices, *frames.shape[1:])

    def _runs(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Yield runs of the source, each chunk once."""
        frame_bytes = math.prod(self.source.shape[1:]) * self.source.dtype.itemsize
        most = max(1, _TOGETHER // max(1, frame_bytes))
        edges = [edge for edge in self.source.edges if first <= edge <= last]
        start = first
        for edge, following in zip(edges, [*edges[1:], None], strict=True):
            if edge > start and (following is None or following - start > most):
                yield start, edge
                start = edge
        if start < last:
            yield start, last

    def _source_blocks(self) -> Iterator[Block]:
        if self.source.blocks is not None:
            yield from self.source.blocks()
            return
        inside = tuple(slice(0, size) for size in self.source.shape[1:])
        for volume in range(self.volumes):
            first = volume * self.slices
            for start, stop in self._runs(first, first + self.slices):
                place = (slice(volume, volume + 1), slice(start - first, stop - first), *inside)
                yield place, self.source.read(start, stop)[np.newaxis]

    def _turned_place(self, axis: int, places: Sequence[slice]) -> slice:
        """Return the place of a block along a new axis."""
        place = places[self.turn.order[axis]]
        if not self.turn.flips[axis]:
            return place
        size = self.grid_shape[2 - axis]
        return slice(size - place.stop, size - place.start)


def _mirrored(edge: int, slices: int) -> int:
    """Return an edge for slices that run backwards."""
    volume, inside = divmod(edge, slices)
    if inside:
        inside = slices - inside
    return volume * slices + inside
