"""Frames: the slices of the first volume, then those of the second; how a run of them is cut out of an array."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["GatheredSlabs", "Piece", "best_depth", "joined", "pieces", "together"]

Piece = tuple[slice, slice]
"""Volumes and slices that are cut out together."""

_TOGETHER = 32 << 20
"""Most bytes of whole volumes that are read together for the sake of a source in which they lie interleaved."""

_INTERLEAVED = 64
"""Volumes or slices that share a cache line of 64 bytes at most."""


def pieces(start: int, stop: int, slices: int) -> list[Piece]:
    """Return what to cut out for the frames [start, stop): at most three pieces, whole volumes together.

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
    found: list[Piece] = []
    while start < stop:
        volume, first = divmod(start, slices)
        whole = (stop - start) // slices if first == 0 else 0
        last = slices if whole else min(slices, first + stop - start)
        found.append((slice(volume, volume + max(1, whole)), slice(first, last)))
        start += max(whole * slices, last - first)
    return found or [(slice(0, 1), slice(0, 0))]


def together(parts: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """Return parts as one array of the byte order that they have; one part as it is.

    Examples
    --------
    >>> together([np.zeros((1, 4, 5), ">i2"), np.zeros((2, 4, 5), ">i2")]).dtype
    dtype('>i2')
    """
    return parts[0] if len(parts) == 1 else np.concatenate(parts, dtype=parts[0].dtype)


def joined(view: npt.NDArray[Any]) -> npt.NDArray[Any] | None:
    """Return (volumes, slices, rows, columns[, 3]) as (frames, rows, columns[, 3]) without a copy, None if one is due.

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
    """Return how many frames are best read together, so that as few chunks as may be are read twice.

    FrameReader start at multiples of it. Chunks of one volume are cut by no slab if their slices divide those of a volume,
    else whole volumes are read. Of chunks that hold several volumes these are read together, as many as fit into
    32 MiB; where not even two do, such a chunk is read once for each volume it holds: store time points apart.

    Parameters
    ----------
    chunk, count : tuple of int
        Volumes and slices in a chunk, and in all.
    frame_bytes : int
        Bytes of one frame.

    Examples
    --------
    >>> best_depth((1, 4), (20, 8), 1000), best_depth((1, 3), (20, 8), 1000), best_depth((5, 4), (20, 8), 1000)
    (4, 8, 40)
    """
    long, deep = (max(1, min(size, whole)) for size, whole in zip(chunk, count, strict=True))
    volumes, slices = count
    if volumes == 1:
        return deep
    fitting = _TOGETHER // (slices * frame_bytes)
    together = max(
        part for part in range(1, long + 1) if long % part == 0 and part <= max(1, fitting)
    )
    is_apart = together == 1 and (slices % deep == 0 or fitting == 0)
    return deep if is_apart else together * slices


@dataclass(frozen=True, slots=True, eq=False)
class GatheredSlabs:
    """Frames of an array in memory, or mapped, whose volumes do not follow each other there.

    Where time runs fastest, every volume touches every byte: `depth` then asks for as many volumes at once as fit into
    32 MiB, so that the array is gone through so many times less.

    Parameters
    ----------
    array : ndarray, shape (volumes, slices, rows, columns[, 3])
        Any strides.
    take : callable, optional
        Called with each part before it is looked at; returns it, or a copy.

    Examples
    --------
    >>> array = np.arange(24).reshape(3, 2, 2, 2).swapaxes(0, 1)
    >>> GatheredSlabs(array).read(2, 4)[:, 0, 0].tolist()
    [16, 4]
    """

    array: npt.NDArray[Any]
    take: Callable[[npt.NDArray[Any]], npt.NDArray[Any]] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """(frames, rows, columns[, 3])."""
        return (self.array.shape[0] * self.array.shape[1], *self.array.shape[2:])

    @property
    def dtype(self) -> np.dtype[Any]:
        """The array's own dtype."""
        return self.array.dtype

    @property
    def depth(self) -> int:
        """1, or more where frames lie interleaved."""
        volumes, slices, *frame = self.array.shape
        steps = [abs(stride) for stride in self.array.strides]
        chunk = [_INTERLEAVED if 0 < step < max(steps[2:]) else 1 for step in steps[:2]]
        return best_depth(
            (chunk[0], chunk[1]), (volumes, slices), int(np.prod(frame)) * self.dtype.itemsize
        )

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return the frames [start, stop): a view inside one volume, else a copy."""
        end = max(start, min(stop, self.shape[0]))
        return together([self._part(piece) for piece in pieces(start, end, self.array.shape[1])])

    def _part(self, piece: Piece) -> npt.NDArray[Any]:
        part = self.array[piece]
        if self.take is not None and part.size:
            part = self.take(part)
        return part.reshape(part.shape[0] * part.shape[1], *part.shape[2:])
