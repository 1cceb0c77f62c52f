"""Runs of frames, cut out of arrays of volumes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Piece", "best_depth", "edges_at", "joined", "pieces", "together"]

Piece = tuple[slice, slice]
"""Volumes and slices that are cut out together."""

_TOGETHER = 32 << 20
"""Most bytes of whole volumes read together from a source in which they lie interleaved."""


def pieces(start: int, stop: int, slices: int) -> list[Piece]:
    """Return at most three pieces for the frames [start, stop).

    Parameters
    ----------
    start, stop : int
        Frames; the stop is not past the end.
    slices : int
        Slices of one volume.

    Examples
    --------
    >>> pieces(4, 15, 5)
    [(slice(0, 1, None), slice(4, 5, None)), (slice(1, 3, None), slice(0, 5, None))]
    """
    runs: list[Piece] = []
    while start < stop:
        volume, first = divmod(start, slices)
        volumes = (stop - start) // slices if first == 0 else 0
        last = slices if volumes else min(slices, first + stop - start)
        runs.append((slice(volume, volume + max(1, volumes)), slice(first, last)))
        start += max(volumes * slices, last - first)
    return runs or [(slice(0, 1), slice(0, 0))]


def together(parts: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """Join parts, keeping their byte order.

    Examples
    --------
    >>> together([np.zeros((1, 4, 5), ">i2"), np.zeros((2, 4, 5), ">i2")]).dtype
    dtype('>i2')
    """
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts, dtype=parts[0].dtype)


def joined(view: npt.NDArray[Any]) -> npt.NDArray[Any] | None:
    """Return volumes as frames, None if that needs a copy.

    Examples
    --------
    >>> array = np.zeros((2, 3, 4, 5))
    >>> joined(array).shape, joined(array.swapaxes(0, 1))
    ((6, 4, 5), None)
    """
    volumes, slices = view.shape[:2]
    if volumes == 1 or slices == 1 or view.strides[0] == slices * view.strides[1]:
        return view.reshape(volumes * slices, *view.shape[2:])
    return None


def best_depth(chunk: tuple[int, int], count: tuple[int, int], frame_bytes: int) -> int:
    """Return the number of frames to read together.

    Slabs start at multiples of it. Chunks of one volume are cut by no slab if their slices divide
    those of a volume, else whole volumes are read. Of chunks that hold several volumes these are
    read together, as many as fit into 32 MiB; where not even two do, such a chunk is read once for
    each volume it holds: store time points apart.

    Parameters
    ----------
    chunk, count : tuple of int
        Volumes and slices in a chunk, and in all.
    frame_bytes : int
        Bytes of one frame.

    Examples
    --------
    >>> [best_depth(chunk, (20, 8), 1000) for chunk in ((1, 4), (1, 3), (5, 4))]
    [4, 8, 40]
    """
    volumes, slices = count
    long = max(1, min(chunk[0], volumes))
    deep = max(1, min(chunk[1], slices))
    if volumes == 1:
        return deep
    fitting = _TOGETHER // (slices * frame_bytes)
    divisors = [part for part in range(1, long + 1) if long % part == 0]
    together = max(part for part in divisors if part <= max(1, fitting))
    if together == 1 and (slices % deep == 0 or fitting == 0):
        return deep
    return together * slices


def edges_at(depth: int, count: int, slices: int) -> Sequence[int]:
    """Return every `depth`-th frame, anew in each volume if needed.

    Examples
    --------
    >>> edges_at(2, 6, 3), edges_at(1, 6, 3)
    ((0, 2, 3, 5, 6), range(0, 7))
    """
    if depth == 1:
        return range(count + 1)
    stride = slices if depth < slices and slices % depth else count
    edges: list[int] = []
    for first in range(0, count, stride):
        edges += range(first, first + stride, depth)
    return (*edges, count)
