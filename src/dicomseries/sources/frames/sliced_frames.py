"""Frames of sources that are indexed with slices."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import SourceError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.sources.frames.array_axes import ArrayAxes
from dicomseries.sources.frames.chunks import Chunks
from dicomseries.sources.frames.frame_reader import Block, FrameReader
from dicomseries.sources.optional_packages import guarded, made_by

__all__ = ["as_numpy", "sliced_frames"]


def sliced_frames(
    source: Any,
    axes: ArrayAxes,
    dtype: np.dtype[Any],
    chunks: Chunks,
    where: str = "source",
    *,
    graph: Any = None,
) -> FrameReader:
    """Return a reader of a source indexed with slices.

    Nothing is locked: h5py, zarr, dask, xarray and torch allow reads from several threads, and any
    other array must as well.

    Parameters
    ----------
    source : object
        Has ``source[index]`` whose result numpy, or DLPack, understands.
    axes : ArrayAxes
        Its axes.
    dtype : numpy.dtype
        The numbers it gives.
    chunks : Chunks
        Its chunks.
    where : str
        The source, for messages.
    graph : dask.array.Array, optional
        The array behind the source.

    Raises
    ------
    SourceError
        From `read`, if the source fails, or gives another shape or other numbers than it said.
    """
    array = _SlicedArray(source, axes, dtype, chunks, where)
    return FrameReader(
        shape=axes.frames_shape,
        dtype=dtype,
        read=array.read,
        edges=chunks.edges,
        where=where,
        is_chunked=True,
        blocks=array.blocks,
        graph=graph,
        over=partial(_over, axes, dtype, chunks, where),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _SlicedArray:
    source: Any
    axes: ArrayAxes
    dtype: np.dtype[Any]
    chunks: Chunks
    where: str

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        return self.axes.gather(start, stop, self.take)

    def blocks(self) -> Iterator[Block]:
        for index in self.chunks.blocks():
            yield self.axes.place(index), self.axes.ordered(self.take(index))

    def take(self, index: tuple[slice, ...]) -> npt.NDArray[Any]:
        with guarded(self.where):
            block = as_numpy(self.source[index])
        expected = tuple(part.stop - part.start for part in index)
        if block.shape == expected and np.can_cast(block.dtype, self.dtype, "safe"):
            return block.astype(self.dtype, copy=False)
        bounds = ", ".join(f"{part.start}:{part.stop}" for part in index)
        raise SourceError(
            code="source-not-as-described",
            where=self.where,
            given=f"{block.dtype} numbers of shape {block.shape} for the index [{bounds}]",
            expected=f"{self.dtype} numbers of shape {expected}, as the array's own shape and "
            "dtype say",
            remedy="Fix the array's shape and dtype, or pass what it computes, e.g. "
            "numpy.asarray(array).",
        )


def _over(
    axes: ArrayAxes, dtype: np.dtype[Any], chunks: Chunks, where: str, source: Any
) -> FrameReader:
    return sliced_frames(source, axes, dtype, chunks, where)


def as_numpy(block: Any) -> npt.NDArray[Any]:
    """Return a block as numpy, from any device."""
    if made_by(block, "torch"):
        return np.asarray(block.cpu().numpy())
    if hasattr(block, "__array__") or not hasattr(block, "__dlpack__"):
        try:
            return np.asarray(block)
        except TypeError:  # cupy and others copy to the host only when they are told to
            if not hasattr(block, "get"):
                raise
            return np.asarray(block.get())
    return np.from_dlpack(block)
