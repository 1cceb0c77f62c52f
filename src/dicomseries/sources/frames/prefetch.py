"""Frames read ahead of a pass wait for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

from dicomseries.sources.frames.frame_reader import FrameReader, Numbers, derived_frames
from dicomseries.sources.frames.frame_runs import together

__all__ = ["prefetched"]

Bounds = tuple[int, int]


def prefetched(reader: FrameReader) -> FrameReader:
    """Return the same frames; its `ahead` keeps those it reads.

    Examples
    --------
    >>> import numpy as np
    >>> from dicomseries.sources import array_frames
    >>> reader = prefetched(array_frames(np.arange(6).reshape(6, 1, 1)))
    >>> reader.ahead.read(2, 4).ravel(), reader.read(1, 6).ravel()
    (array([2, 3]), array([1, 2, 3, 4, 5]))
    """
    buffer = _Buffer(reader)
    same = {"shape": reader.shape, "edges": reader.edges}
    ahead = derived_frames(prefetched, reader, read=buffer.read_ahead, **same)
    return derived_frames(prefetched, reader, read=buffer.read, ahead=ahead, **same)


class _Buffer:
    """Frames that were read ahead, by their bounds."""

    def __init__(self, reader: FrameReader) -> None:
        self._reader = reader
        self._waiting: dict[Bounds, Numbers] = {}
        self._lock = threading.Lock()

    def read_ahead(self, start: int, stop: int) -> Numbers:
        frames = self._reader.read(start, stop)
        with self._lock:
            self._waiting[start, stop] = frames
        return frames

    def read(self, start: int, stop: int) -> Numbers:
        with self._lock:
            inside = [run for run in self._waiting if start <= run[0] and run[1] <= stop]
            known = {run: self._waiting.pop(run) for run in inside}
        if not known:
            return self._reader.read(start, stop)
        runs = _runs(sorted(known), start, min(stop, self._reader.shape[0]))
        return together([known[run] if run in known else self._reader.read(*run) for run in runs])


def _runs(known: Sequence[Bounds], start: int, stop: int) -> Iterator[Bounds]:
    """Yield known runs, without overlaps, and those between."""
    for first, last in known:
        if first < start:
            continue
        if start < first:
            yield start, first
        yield first, last
        start = last
    if start < stop:
        yield start, stop
