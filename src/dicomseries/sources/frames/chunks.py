"""`Chunks`: where the chunks of an array begin and end, as frames, and the order in which each is read but once."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

from dicomseries.sources.arguments.array_axes import ArrayAxes

__all__ = ["Chunks"]

_TOGETHER = 8 << 20
"""Bytes of chunks side by side that are read together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunks:
    """The chunks of an array of any order of axes.

    Parameters
    ----------
    layout : ArrayAxes
        Its axes.
    sizes : tuple of tuple of int
        The size of every chunk along every axis.
    itemsize : int
        Bytes of one number.

    Examples
    --------
    >>> layout = ArrayAxes(shape=(6, 4, 5), axes="zyx", own_axes="zyx")
    >>> chunks = Chunks.of(layout, (4, 2, 5), itemsize=2)
    >>> chunks.sizes, chunks.edges
    (((4, 2), (2, 2), (5,)), (0, 4, 6))
    """

    layout: ArrayAxes
    sizes: tuple[tuple[int, ...], ...]
    itemsize: int

    @classmethod
    def of(cls, layout: ArrayAxes, chunks: Sequence[Any] | None, itemsize: int) -> Self:
        """Return the chunks that are given by one size an axis, or by all sizes; frames where none are given."""
        given = chunks or [
            1 if letter in "tz" else size
            for letter, size in zip(layout.axes, layout.shape, strict=True)
        ]
        sizes = tuple(_sizes(size, chunk) for size, chunk in zip(layout.shape, given, strict=True))
        return cls(layout=layout, sizes=sizes, itemsize=itemsize)

    @property
    def deepest(self) -> tuple[int, ...]:
        """The largest size along every axis."""
        return tuple(max(sizes) for sizes in self.sizes)

    @property
    def edges(self) -> tuple[int, ...]:
        """Frames that a slab may begin and end at without cutting a chunk, the first and the end among them."""
        volumes, slices = self.layout.volumes or 1, self.layout.grid_shape[0]
        times = self._edges("t") if volumes > 1 else (0, 1)
        if (
            len(times) <= volumes
        ):  # a chunk holds several volumes, and so all slices of these are read together
            return tuple(time * slices for time in times)
        inside = self._edges("z")[:-1]
        return (
            *(volume * slices + edge for volume in range(volumes) for edge in inside),
            volumes * slices,
        )

    def blocks(self) -> Iterator[tuple[slice, ...]]:
        """Yield an index of the array for chunks side by side, about 8 MiB; each chunk is in one of them."""
        places = [
            list(itertools.pairwise(itertools.accumulate(sizes, initial=0)))
            for sizes in self._together()
        ]
        shift = self.layout.time_point
        for block in itertools.product(*places):
            index = {
                letter: slice(*part) for letter, part in zip(self.layout.axes, block, strict=True)
            }
            if shift is not None:
                if not index["t"].start <= shift < index["t"].stop:
                    continue
                index["t"] = slice(shift, shift + 1)
            yield tuple(index.values())

    def _edges(self, letter: str) -> tuple[int, ...]:
        if letter not in self.layout.axes:
            return (0, 1)
        return tuple(itertools.accumulate(self.sizes[self.layout.axes.index(letter)], initial=0))

    def _together(self) -> list[tuple[int, ...]]:
        """Return the sizes with neighbours along the last axes put together, so that rows are written in one piece."""
        sizes = list(self.sizes)
        for axis in range(len(sizes) - 1, -1, -1):
            beside = (
                math.prod(max(one) for place, one in enumerate(sizes) if place != axis)
                * self.itemsize
            )
            sizes[axis] = _merged(sizes[axis], max(1, _TOGETHER // beside))
        return sizes


def _sizes(size: int, chunk: Any) -> tuple[int, ...]:
    if isinstance(chunk, (tuple, list)):
        return tuple(int(one) for one in chunk if one)
    step = max(1, min(int(chunk), size))
    return (step,) * (size // step) + ((size % step,) if size % step else ())


def _merged(sizes: Sequence[int], most: int) -> tuple[int, ...]:
    """Return neighbours added up, as many as stay within `most`."""
    found = [sizes[0]]
    for size in sizes[1:]:
        if found[-1] + size <= most:
            found[-1] += size
        else:
            found.append(size)
    return tuple(found)
