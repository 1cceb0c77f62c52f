"""`Chunks`: the edges of an array's chunks as frames."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any, Self

from dicomseries.lazy_dataclass import dataclass
from dicomseries.sources.frames.array_axes import ArrayAxes

__all__ = ["Chunks"]

_TOGETHER = 8 << 20
"""Bytes of chunks side by side that are read together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunks:
    """The chunks of an array of any order of axes.

    Parameters
    ----------
    axes : ArrayAxes
        Of the array.
    sizes : tuple of tuple of int
        The size of every chunk along every axis.
    itemsize : int
        Bytes of one number.

    Examples
    --------
    >>> axes = ArrayAxes(shape=(6, 4, 5), letters="zyx", source_letters="zyx")
    >>> chunks = Chunks.of(axes, (4, 2, 5), itemsize=2)
    >>> chunks.sizes, chunks.edges
    (((4, 2), (2, 2), (5,)), (0, 4, 6))
    """

    axes: ArrayAxes
    sizes: tuple[tuple[int, ...], ...]
    itemsize: int

    @classmethod
    def of(cls, axes: ArrayAxes, chunks: Sequence[Any] | None, itemsize: int) -> Self:
        """Return chunks of the sizes; without sizes, single frames."""
        if not chunks:
            inside = dict.fromkeys("tz", 1)
            chunks = [inside.get(letter, axes.size(letter)) for letter in axes.letters]
        sizes = [_sizes(size, chunk) for size, chunk in zip(axes.shape, chunks, strict=True)]
        return cls(axes=axes, sizes=tuple(sizes), itemsize=itemsize)

    @property
    def deepest(self) -> tuple[int, ...]:
        """The largest size along every axis."""
        return tuple(map(max, self.sizes))

    @property
    def edges(self) -> tuple[int, ...]:
        """Frames between chunks, from 0 to the last."""
        volumes, slices = self.axes.volumes or 1, self.axes.grid_shape[0]
        times = self._edges("t") if volumes > 1 else (0, 1)
        if len(times) <= volumes:  # a chunk of several volumes: all slices of these together
            return tuple(time * slices for time in times)
        inside = self._edges("z")[:-1]
        edges = [volume * slices + edge for volume in range(volumes) for edge in inside]
        return (*edges, volumes * slices)

    def blocks(self) -> Iterator[tuple[slice, ...]]:
        """Yield an index of the array for neighbouring chunks."""
        bounds = []
        for sizes in self._together():
            edges = itertools.accumulate(sizes, initial=0)
            bounds.append(itertools.starmap(slice, itertools.pairwise(edges)))
        time_point = self.axes.time_point
        for block in itertools.product(*bounds):
            index = dict(zip(self.axes.letters, block, strict=True))
            if time_point is not None:
                if not index["t"].start <= time_point < index["t"].stop:
                    continue
                index["t"] = slice(time_point, time_point + 1)
            yield tuple(index.values())

    def _edges(self, letter: str) -> tuple[int, ...]:
        if letter not in self.axes.letters:
            return (0, 1)
        sizes = self.sizes[self.axes.letters.index(letter)]
        return tuple(itertools.accumulate(sizes, initial=0))

    def _together(self) -> list[tuple[int, ...]]:
        """Return the sizes with neighbouring chunks put together."""
        sizes = list(self.sizes)
        for axis in reversed(range(len(sizes))):
            others = map(max, (*sizes[:axis], *sizes[axis + 1 :]))
            sizes[axis] = _merged(
                sizes[axis], max(1, _TOGETHER // math.prod(others, start=self.itemsize))
            )
        return sizes


def _sizes(size: int, chunk: Any) -> tuple[int, ...]:
    if isinstance(chunk, (tuple, list)):
        return tuple(map(int, filter(None, chunk)))
    step = max(1, min(int(chunk), size))
    sizes = (step,) * (size // step)
    if size % step:
        sizes += (size % step,)
    return sizes


def _merged(sizes: Sequence[int], most: int) -> tuple[int, ...]:
    """Return neighbours added up, as many as stay within `most`."""
    merged = [sizes[0]]
    for size in sizes[1:]:
        if merged[-1] + size <= most:
            merged[-1] += size
        else:
            merged.append(size)
    return tuple(merged)
