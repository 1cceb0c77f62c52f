"""`FrameReader`: frames of an array, read in runs."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.lazy_dataclass import dataclass
from dicomseries.sources.frames.frame_runs import together

__all__ = ["Block", "FrameReader", "VolumeView", "derived_frames", "picked_frames"]

Numbers = npt.NDArray[Any]

Block = tuple[tuple[slice, ...], Numbers]
"""Place in (volumes, slices, rows, columns[, 3]), and the numbers there."""


@dataclass(frozen=True, slots=True, eq=False)
class VolumeView:
    """An array as (volumes, slices, rows, columns[, 3]).

    Parameters
    ----------
    array : ndarray
        Any strides.
    take : callable, optional
        Called with each part before its numbers are used; returns it, or a copy.
    """

    array: Numbers
    take: Callable[[Numbers], Numbers] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class FrameReader:
    """Frames of an array, read a few at a time.

    The frames of several volumes are the slices of the first volume, then those of the second. A
    reader with a `recipe` is pickled as that call, any other by its fields.

    Parameters
    ----------
    shape : tuple of int
        (frames, rows, columns), and 3 more for colour.
    dtype : dtype
        Of the numbers that `read` returns; any byte order.
    read : callable
        ``read(start, stop)`` returns the frames [start, stop), which must not be written to; past
        the end there are none. Several threads may call it at once.
    edges : sequence of int, optional
        Frames that a slab may begin and end at without cutting a chunk, from 0 to the number of
        frames; every frame by default.
    where : str
        The source, for messages.
    is_chunked : bool
        Whether each read costs the decoding of whole chunks.
    blocks : callable, optional
        ``blocks()`` yields each `Block` once, in the order of the chunks.
    pick : callable, optional
        ``pick(frames)`` returns a reader of these frames, at least one, that holds nothing of the
        others.
    read_into : callable, optional
        ``read_into(array, start)`` does what `fill` does, without a copy.
    used : callable, optional
        ``used(start, stop)`` tells of each frame, without reading, whether it may hold other
        numbers than 0.
    view : VolumeView, optional
        The array whose views are read.
    ahead : FrameReader, optional
        Reads the same frames, and keeps them for the next `read`.
    graph : dask.array.Array, optional
        The array that frames are cut out of.
    over : callable, optional
        ``over(source)`` returns a reader of the same frames cut out of another array.
    recipe : tuple, optional
        A callable and its arguments that make this reader in another process.

    Examples
    --------
    >>> array = np.arange(6).reshape(3, 1, 2)
    >>> read = lambda start, stop: array[start:stop]
    >>> reader = FrameReader(shape=array.shape, dtype=array.dtype, read=read)
    >>> reader.read(1, 2).tolist(), reader.depth
    ([[[2, 3]]], 1)
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    read: Callable[[int, int], Numbers]
    edges: Sequence[int] = ()
    where: str = "source"
    is_chunked: bool = False
    blocks: Callable[[], Iterator[Block]] | None = None
    pick: Callable[[Sequence[int]], FrameReader] | None = None
    read_into: Callable[[Numbers, int], None] | None = None
    used: Callable[[int, int], npt.NDArray[np.bool_]] | None = None
    view: VolumeView | None = None
    ahead: FrameReader | None = None
    graph: Any = None
    over: Callable[[Any], FrameReader] | None = None
    recipe: tuple[Callable[..., FrameReader], tuple[Any, ...]] | None = None

    def __post_init__(self) -> None:
        if not self.edges:
            object.__setattr__(self, "edges", range(self.shape[0] + 1))

    def __repr__(self) -> str:
        return f"<FrameReader of shape {self.shape}, {self.dtype}>"

    def __reduce__(self) -> tuple[Any, ...]:
        if self.recipe is not None:
            return self.recipe
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return partial(FrameReader, **values), ()

    @property
    def depth(self) -> int:
        """Depth of a chunk: most frames between edges."""
        if isinstance(self.edges, range):
            return self.edges.step
        return max(stop - start for start, stop in itertools.pairwise(self.edges))

    def fill(self, array: Numbers, start: int) -> None:
        """Read frames from `start` on into a C-contiguous array."""
        if self.read_into is not None:
            self.read_into(array, start)
        else:
            array[...] = self.read(start, start + len(array))


def derived_frames(
    function: Callable[..., FrameReader], reader: FrameReader, *arguments: Any, **values: Any
) -> FrameReader:
    """Return a reader made of another one, also elsewhere.

    Parameters
    ----------
    function : callable
        Called with a reader and `arguments`, it returns the reader that is asked for.
    reader : FrameReader
        The other reader.
    *arguments
        Of the function; picklable.
    **values
        Fields of the reader; dtype, where, is_chunked, graph, over and recipe are by default those
        of the other.
    """
    over = reader.over and partial(_made_over, function, reader.over, arguments)
    inherited = {
        "dtype": reader.dtype,
        "where": reader.where,
        "is_chunked": reader.is_chunked,
        "graph": reader.graph,
        "over": over,
        "recipe": reader.recipe and (function, (reader, *arguments)),
    }
    return FrameReader(**{**inherited, **values})


def _made_over(
    function: Callable[..., FrameReader],
    over: Callable[[Any], FrameReader],
    arguments: tuple[Any, ...],
    source: Any,
) -> FrameReader:
    return function(over(source), *arguments)


def picked_frames(reader: FrameReader, frames: Sequence[int]) -> FrameReader:
    """Return a reader of chosen frames, in their order.

    Examples
    --------
    >>> from dicomseries.sources import array_frames
    >>> picked_frames(array_frames(np.arange(5).reshape(5, 1, 1)), [3, 1, 2]).read(0, 3).ravel()
    array([3, 1, 2])
    """
    if reader.pick is not None:
        return reader.pick(frames)
    chosen = tuple(frames)
    return derived_frames(
        picked_frames,
        reader,
        chosen,
        shape=(len(chosen), *reader.shape[1:]),
        read=partial(_read_picked, reader, chosen),
        used=None if reader.used is None else partial(_used_of_picked, reader.used, chosen),
        edges=_edges_of_picked(reader, chosen),
    )


def _read_picked(reader: FrameReader, frames: tuple[int, ...], start: int, stop: int) -> Numbers:
    runs = list(_runs(frames[start:stop]))
    return together([reader.read(*run) for run in runs or [(0, 0)]])


def _used_of_picked(
    used: Callable[[int, int], npt.NDArray[np.bool_]],
    frames: tuple[int, ...],
    start: int,
    stop: int,
) -> npt.NDArray[np.bool_]:
    parts = [used(*run) for run in _runs(frames[start:stop])]
    return np.concatenate([np.zeros(0, np.bool_), *parts])


def _edges_of_picked(reader: FrameReader, frames: tuple[int, ...]) -> Sequence[int]:
    """Return the edges inside of a single run."""
    first, count = frames[0], len(frames)
    if isinstance(reader.edges, range) or frames != tuple(range(first, first + count)):
        return ()
    inside = [edge - first for edge in reader.edges if 0 < edge - first < count]
    return (0, *inside, count)


def _runs(frames: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield first and stop of frames that follow each other."""
    for _, run in itertools.groupby(enumerate(frames), lambda item: item[1] - item[0]):
        members = [frame for _, frame in run]
        yield members[0], members[-1] + 1
