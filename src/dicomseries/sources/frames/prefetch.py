"""`KeptSlabs`: what was read ahead of a pass waits for it, so that the pass need not read it again."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.sources.frames.frame_runs import together
from dicomseries.sources.frames.scratch_copy import Copyable
from dicomseries.sources.volume import FrameReader, SlabsAround, Volume, edges_of

__all__ = ["KeptSlabs", "read_once"]


class KeptSlabs:
    """FrameReader of a source of which some are read ahead and kept until they are read.

    Parameters
    ----------
    slabs : FrameReader
        The source.
    slices : int
        Slices of one volume.

    Examples
    --------
    >>> from dicomseries.sources.volume import array_frames
    >>> kept = KeptSlabs(array_frames(np.arange(6).reshape(6, 1, 1)), slices=6)
    >>> kept.read_ahead(2, 4).ravel(), kept.read(1, 6).ravel()
    (array([2, 3]), array([1, 2, 3, 4, 5]))
    """

    def __init__(self, slabs: FrameReader, *, slices: int) -> None:
        self.slabs = slabs
        self.shape: tuple[int, ...] = tuple(slabs.shape)
        self.dtype: np.dtype[Any] = slabs.dtype
        self.depth = slabs.depth
        self.edges: Sequence[int] = edges_of(slabs, slices)
        self._kept: dict[tuple[int, int], npt.NDArray[Any]] = {}
        self._lock = threading.Lock()

    @property
    def frame_bytes(self) -> int:
        """Bytes of one frame."""
        return math.prod(self.shape[1:]) * self.dtype.itemsize

    @property
    def ahead(self) -> FrameReader:
        """The same slabs; whoever reads these has them kept for the next."""
        return _Ahead(self)

    def read_ahead(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return the frames [start, stop), and keep them for the next who reads them."""
        slab = self.slabs.read(start, stop)
        with self._lock:
            self._kept[start, stop] = slab
        return slab

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return the frames [start, stop); those that were kept are kept no longer."""
        with self._lock:
            known = {
                own: self._kept.pop(own)
                for own in [*self._kept]
                if start <= own[0] and own[1] <= stop
            }
        if not known:
            return self.slabs.read(start, stop)
        bounds = _parts(sorted(known), start, min(stop, self.shape[0]))
        return together([known[own] if own in known else self.slabs.read(*own) for own in bounds])


@dataclass(frozen=True, slots=True, eq=False)
class _Ahead(SlabsAround):
    """FrameReader that are kept when they are read."""

    slabs: KeptSlabs

    @property
    def edges(self) -> Sequence[int]:
        return self.slabs.edges

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        return self.slabs.read_ahead(start, stop)


def _parts(known: Sequence[tuple[int, int]], start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Yield the known runs and those between them, in order; a run that overlaps the one before is left out."""
    for first, last in known:
        if first < start:
            continue
        if start < first:
            yield start, first
        yield first, last
        start = last
    if start < stop:
        yield start, stop


def read_once(volume: Volume) -> Volume:
    """Return a volume whose slabs can be kept, where each look at its source costs a reading of chunks.

    Examples
    --------
    >>> from dicomseries.geometry import Grid
    >>> from dicomseries.sources.volume import array_frames
    >>> volume = Volume(slabs=array_frames(np.zeros((3, 4, 5))), grid=Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 2)))
    >>> read_once(volume) is volume
    True
    """
    slabs: Any = volume.slabs
    while hasattr(slabs, "slabs"):
        slabs = slabs.slabs
    if not isinstance(slabs, Copyable):
        return volume
    return replace(volume, slabs=KeptSlabs(volume.slabs, slices=volume.slices))
