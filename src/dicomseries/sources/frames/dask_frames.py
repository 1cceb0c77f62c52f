"""Frames from and to arrays of dask.

The only module that imports `dask` here.
"""

from __future__ import annotations

import itertools
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import OptionError, missing_package
from dicomseries.lazy_dataclass import dataclass
from dicomseries.sources.frames.frame_reader import FrameReader, picked_frames
from dicomseries.sources.optional_packages import made_by

__all__ = ["ComputedArray", "dask_array_of", "is_dask"]

_CHUNK_BYTES = 8 << 20


def is_dask(source: object) -> bool:
    """Return whether `source` is an array of dask.

    Examples
    --------
    >>> is_dask(np.ones(3))
    False
    """
    return made_by(source, "dask") and hasattr(source, "chunks")


@dataclass(frozen=True, slots=True, eq=False)
class ComputedArray:
    """A dask array that computes indexed parts.

    The threads that read slabs are the parallelism, so a slab is computed in the thread that reads
    it. Where the user chose a scheduler (``dask.config``, a `distributed.Client`), that one
    computes.
    """

    array: Any

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes; NaN if dask does not know them yet."""
        return tuple(self.array.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The array's own dtype."""
        dtype: np.dtype[Any] = np.dtype(self.array.dtype)
        return dtype

    @property
    def chunks(self) -> Any:
        """Sizes of the chunks, a tuple for each axis."""
        return self.array.chunks

    def __getitem__(self, index: Any) -> npt.NDArray[Any]:
        from dask.base import get_scheduler

        scheduler = {} if get_scheduler() else {"scheduler": "synchronous"}
        return np.asarray(self.array[index].compute(**scheduler))


def dask_array_of(frames: FrameReader, shape: tuple[int, ...], chunks: int | None = None) -> Any:
    """Return frames as an array of dask; see `Volume.to_dask`.

    Parameters
    ----------
    frames : FrameReader
        The frames.
    shape : tuple of int
        ([volumes, ]slices, rows, columns[, 3]).
    chunks : int, optional
        Slices in a chunk.

    Raises
    ------
    MissingPackageError, OptionError
        As `Volume.to_dask`.

    Examples
    --------
    >>> from dicomseries.sources import array_frames
    >>> dask_array_of(array_frames(np.ones((5, 2, 2))), (5, 2, 2), 2).sum().compute()
    np.float64(20.0)
    """
    try:
        import dask.array
        from dask.base import tokenize
    except ImportError as error:
        raise missing_package(extra="dask", where="to_dask") from error
    volumes = shape[: len(shape) - len(frames.shape)]
    slices, *frame = shape[len(volumes) :]
    depth = _depth(chunks, slices, prod(frame) * frames.dtype.itemsize)
    firsts = range(0, slices, depth)
    name = f"dicomseries-{tokenize(frames, shape, depth)}"
    tasks = {}
    for volume, (place, first) in itertools.product(range(prod(volumes)), enumerate(firsts)):
        start = volume * slices
        part = picked_frames(frames, range(start + first, start + min(first + depth, slices)))
        outer = (volume,) if volumes else ()
        tasks[(name, *outer, place, *[0] * len(frame))] = (_block, part, len(outer))
    sizes = [(1,) * count for count in volumes]
    sizes.append(tuple(min(depth, slices - first) for first in firsts))
    sizes += [(size,) for size in frame]
    return dask.array.Array(tasks, name, tuple(sizes), frames.dtype)


def _depth(chunks: Any, slices: int, frame_bytes: int) -> int:
    """Return the slices in a chunk."""
    if chunks is None:
        return max(1, min(slices, _CHUNK_BYTES // frame_bytes))
    if isinstance(chunks, bool) or not isinstance(chunks, int) or chunks < 1:
        raise OptionError(
            code="chunks-not-positive",
            where="chunks",
            given=repr(chunks),
            expected="a whole number of slices, 1 or more",
            remedy="Leave it out for chunks of about 8 MiB; cut the array in plane with its method "
            "rechunk.",
        )
    return min(chunks, slices)


def _block(frames: FrameReader, outer: int) -> npt.NDArray[Any]:
    """Read a chunk, behind `outer` axes of size 1."""
    block = frames.read(0, frames.shape[0])
    return block.reshape(*(1,) * outer, *block.shape)
