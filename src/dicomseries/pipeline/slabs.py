"""A volume as slabs: what is read at once, and the work done on each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np

from dicomseries.executors import Bounds, Look
from dicomseries.pipeline.request import Request
from dicomseries.sources import Volume

__all__ = ["Bounds", "each_slab", "slabs_of"]

Found = TypeVar("Found")

_SLAB_BYTES = 8 << 20
"""Bytes read at once, where the source has no chunks of its own: large enough to amortise, small enough for memory."""


def each_slab(
    volume: Volume,
    look: Look[Found],
    request: Request,
    what: str,
    asked: Sequence[Bounds] | None = None,
) -> Iterator[Found]:
    """Yield `look(slab, bounds)` of every slab in order, or of those that are asked for, telling the progress.

    `look` is pickled where other processes work: it is a function of a module with arguments bound, or such a record.
    """
    slabs = slabs_of(volume) if asked is None else list(asked)
    for (_, stop), found in zip(slabs, request.executor.run(look, volume.slabs, slabs), strict=True):
        if request.progress is not None:
            request.progress(stop, volume.slabs.shape[0], what)
        yield found


def slabs_of(volume: Volume) -> list[Bounds]:
    """Return the bounds of slabs: whole chunks of the source, together about 8 MiB."""
    return list(_slabs(volume))


def _slabs(volume: Volume) -> Iterator[tuple[int, int]]:
    count, *frame = volume.slabs.shape
    frame_bytes = int(np.prod(frame)) * volume.slabs.dtype.itemsize
    depth = max(volume.slabs.depth, 1)
    step = max(_SLAB_BYTES // (frame_bytes * depth), 1) * depth
    # Where chunks end with each volume but do not fill it evenly, slabs start again with each, lest they cut chunks.
    stride = volume.slices if depth < volume.slices and volume.slices % depth else count
    for first in range(0, count, stride):
        last = min(first + stride, count)
        for start in range(first, last, step):
            yield start, min(start + step, last)
