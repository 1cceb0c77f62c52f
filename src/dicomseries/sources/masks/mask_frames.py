"""Frames of several masks, read lazily and each file once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.lazy_dataclass import dataclass
from dicomseries.sources.frames.frame_reader import FrameReader
from dicomseries.sources.frames.frame_runs import together
from dicomseries.sources.masks.mask_values import MaskValues
from dicomseries.sources.masks.packed_masks import PackedMasks
from dicomseries.sources.volume import Volume

__all__ = ["MaskFrames", "OpenMask"]

Numbers = npt.NDArray[Any]

_BYTES_PER_READ = 1 << 20
"""Few, so that they are used again and again while the processor's cache holds them."""
_MOST_OPEN = 2
"""Files of fractional masks that stay open, each perhaps unpacked on the disk."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpenMask:
    """A mask that is opened, or that can be opened again.

    Parameters
    ----------
    where : str
        The mask, for errors.
    dtype : dtype
        Of its numbers.
    volume : Volume, optional
        On the grid of all masks; None of a file.
    reopened : callable, optional
        Opens a file; called with whether it is read once, forward.
    """

    where: str
    dtype: np.dtype[Any]
    volume: Volume | None = None
    reopened: Callable[..., Volume] | None = None

    def opened(self, *, is_read_once: bool = False) -> Volume:
        """Return the volume, unread."""
        if self.volume is not None:
            return self.volume
        if self.reopened is None:
            message = f"{self.where} cannot be opened"
            raise ValueError(message)
        return self.reopened(is_read_once=is_read_once)


class MaskFrames:
    """The frames of masks: those of the first, then those of the second.

    A file of a binary mask is read once, and kept as packed bits of its inside in a temporary file.
    Fractional masks are read from their files again in each pass, two at most at a time.

    Parameters
    ----------
    masks : sequence of OpenMask
        On one grid.
    values : MaskValues
        Which voxels are inside.
    slices : int
        Slices of each mask.
    """

    def __init__(self, masks: Sequence[OpenMask], values: MaskValues, slices: int) -> None:
        self._masks = tuple(masks)
        self._values = values
        self._slices = slices
        self._inside: dict[int, float | None] = {}
        self._open: OrderedDict[int, Volume] = OrderedDict()
        self._packed = PackedMasks()
        self._lock = threading.RLock()
        self._locks = tuple(threading.RLock() for _ in self._masks)
        self._dtype = values.dtype([mask.dtype for mask in masks])

    def reader(self, shape: tuple[int, int, int]) -> FrameReader:
        """Return the reader of all frames, (slices, rows, columns) each."""
        count = len(self._masks) * self._slices
        return FrameReader(
            shape=(count, *shape[1:]),
            dtype=self._dtype,
            read=self.read,
            edges=self._edges(),
            used=self.used,
            where="masks",
        )

    def read(self, start: int, stop: int) -> Numbers:
        """Return frames [start, stop), 0 to 1."""
        end = min(stop, len(self._masks) * self._slices)
        parts = []
        while start < end:
            index, first = divmod(start, self._slices)
            last = min(self._slices, first + end - start)
            parts.append(self._part(index, first, last))
            start += last - first
        if not parts:
            return self._part(0, 0, 0)
        return together(parts)

    def used(self, start: int, stop: int) -> npt.NDArray[np.bool_]:
        """Return whether frames [start, stop) may have an inside; known of packed files."""
        is_used = np.ones(stop - start, np.bool_)
        for index in range(start // self._slices, -(-stop // self._slices)):
            if index in self._packed:
                first = index * self._slices
                known = self._packed.used(index)
                low, high = max(start, first), min(stop, first + self._slices)
                is_used[low - start : high - start] = known[low - first : high - first]
        return is_used

    def _edges(self) -> Sequence[int]:
        """Return the edges of chunks of arrays; every frame of files."""
        edges = [0]
        is_chunked = False
        for index, mask in enumerate(self._masks):
            inside: Sequence[int] = range(1, self._slices + 1)
            if mask.volume is not None:
                inside = mask.volume.slabs.edges[1:]
                is_chunked |= not isinstance(mask.volume.slabs.edges, range)
            edges += [index * self._slices + edge for edge in inside]
        return tuple(edges) if is_chunked else ()

    def _part(self, index: int, first: int, last: int) -> Numbers:
        mask = self._masks[index]
        if mask.volume is not None:
            return self._converted(index, mask.volume, first, last)
        if self._values.is_fractional:
            with self._lock:
                return self._converted(index, self._opened(index), first, last)
        if index not in self._packed:
            with self._locks[index]:  # of one mask, as several files are unpacked at a time
                if index not in self._packed:
                    self._pack(index)
        return self._packed.read(index, first, last)

    def _converted(self, index: int, volume: Volume, first: int, last: int) -> Numbers:
        slab = np.asarray(volume.slabs.read(first, last))
        if volume.is_scaled:
            slab = slab * volume.slope + volume.intercept
        with self._locks[index]:
            inside = self._inside.get(index)
            voxels, self._inside[index] = self._values.converted(
                slab, inside, self._masks[index].where
            )
        return voxels.astype(self._dtype, copy=False)

    def _pack(self, index: int) -> None:
        """Read a file once, and keep its bits."""
        volume = self._masks[index].opened(is_read_once=True)
        shape = volume.slabs.shape
        frame_bytes = int(np.prod(shape[1:])) * volume.dtype.itemsize
        step = max(1, volume.slabs.depth, _BYTES_PER_READ // max(1, frame_bytes))
        self._packed.begin(index, (self._slices, shape[1], shape[2]))
        for start in range(0, self._slices, step):
            stop = min(start + step, self._slices)
            self._packed.append(index, self._converted(index, volume, start, stop))

    def _opened(self, index: int) -> Volume:
        if index in self._open:
            self._open.move_to_end(index)
            return self._open[index]
        while len(self._open) >= _MOST_OPEN:
            self._open.popitem(last=False)
        self._open[index] = self._masks[index].opened()
        return self._open[index]
