"""Arrays that are open already: numpy, memmap, torch, and whatever has `shape`, `dtype` and slicing."""

from __future__ import annotations

import math
import mmap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import SourceError
from dicomseries.sources.arguments.array_axes import ArrayAxes, check_dtype, lay_out
from dicomseries.sources.arguments.grid_arguments import build_volume
from dicomseries.sources.arguments.source_arguments import SourceArguments
from dicomseries.sources.frames.chunks import Chunks
from dicomseries.sources.frames.file_window import window_of_memmap
from dicomseries.sources.frames.frame_runs import GatheredSlabs, joined
from dicomseries.sources.frames.mapped_files import Mapped, MappedPages
from dicomseries.sources.frames.unpacked_size import check_packing, is_large
from dicomseries.sources.optional_packages import guarded, made_by
from dicomseries.sources.volume import FrameReader, Volume, array_frames

__all__ = [
    "PACKAGE",
    "SlicedSlabs",
    "array_slabs",
    "check_stored",
    "chunks_of",
    "matches",
    "open_volume",
]

PACKAGE: str | None = None
"""No extra: numpy reads what it needs."""


@dataclass(frozen=True, slots=True, eq=False)
class SlicedSlabs:
    """FrameReader of anything that can be indexed with a full tuple of slices; each is made numpy when it is read.

    Nothing is locked: h5py, zarr, dask, xarray and torch bear several threads, and a stranger's array must as well.

    Parameters
    ----------
    source : object
        Has ``source[index]`` whose result numpy, or DLPack, understands.
    layout : ArrayAxes
        Its axes.
    dtype : numpy.dtype
        The numbers it gives.
    chunks : Chunks
        Its chunks (`chunks_of`).
    where : str
        What to call the source in an error.

    Raises
    ------
    SourceError
        From `read`, if the source fails, or gives another shape or other numbers than it said.
    """

    source: Any
    layout: ArrayAxes
    dtype: np.dtype[Any]
    chunks: Chunks
    where: str = "source"

    @property
    def shape(self) -> tuple[int, ...]:
        """(frames, rows, columns[, 3])."""
        return self.layout.frames_shape

    @property
    def depth(self) -> int:
        """Frames that are best read together (`ArrayAxes.depth`)."""
        return self.layout.depth(self.chunks.deepest, self.dtype.itemsize)

    @property
    def edges(self) -> Sequence[int]:
        """Frames that a slab may begin and end at without cutting a chunk."""
        return self.chunks.edges

    def blocks(self) -> Iterator[tuple[tuple[slice, ...], npt.NDArray[Any]]]:
        """Yield blocks of whole chunks with their place in (volumes, slices, rows, columns[, 3])."""
        for index in self.chunks.blocks():
            yield self.layout.place(index), self.layout.ordered(self._take(index))

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return the frames [start, stop); whole volumes among them are asked for at once."""
        return self.layout.gather(start, stop, self._take)

    def _take(self, index: tuple[slice, ...]) -> npt.NDArray[Any]:
        with guarded(self.where):
            block = _as_numpy(self.source[index])
        expected = tuple(part.stop - part.start for part in index)
        if block.shape == expected and np.can_cast(block.dtype, self.dtype, "safe"):
            return block.astype(self.dtype, copy=False)
        raise SourceError(
            code="source-not-as-described",
            where=self.where,
            given=f"{block.dtype} numbers of shape {block.shape} for the index "
            f"[{', '.join(f'{part.start}:{part.stop}' for part in index)}]",
            expected=f"{self.dtype} numbers of shape {expected}, as the array says of itself",
            remedy="Fix the array's shape and dtype, or pass what it computes, e.g. numpy.asarray(array).",
        )


def matches(source: object) -> bool:
    """Return whether `source` has a shape, a dtype and can be sliced.

    Examples
    --------
    >>> matches(np.ones(3)), matches([1, 2, 3])
    (True, False)
    """
    return all(hasattr(source, name) for name in ("shape", "dtype", "__getitem__"))


def open_volume(
    source: Any, request: SourceArguments, *, stored_bytes: Callable[[], int] | None = None
) -> Volume:
    """Return a volume over an array; numpy arrays, memmaps and torch's CPU tensors are viewed, never copied.

    Parameters
    ----------
    source : array-like
        Axes in the order of ``request.axes``; by default (rows, columns), (slices, rows, columns), or four axes of
        which the last has the 3 colours. Where volumes do not follow each other in memory, as with time as the
        fastest axis, each is copied as it is read.
    request : SourceArguments
        Must hold the spacing: an array does not know it.
    stored_bytes : callable, optional
        Returns the bytes that the array takes in its file, where it is one.

    Raises
    ------
    SourceError, OptionError, GeometryError
        If the array is empty, masked, of a type that DICOM cannot hold, or its axes or geometry are not known.

    Examples
    --------
    >>> volume = open_volume(np.zeros((5, 4, 3), "int16"), SourceArguments(axes="xyz", spacing=(1, 1, 2)))
    >>> volume.slabs.shape, volume.grid.spacing_mm
    ((3, 4, 5), (1.0, 1.0, 2.0))
    """
    _refuse_mask(source, request.where)
    array = _tensor(source, request.where) if made_by(source, "torch") else source
    if array.shape is None:  # an empty dataset of h5py
        raise SourceError(
            code="array-empty",
            where=request.where,
            given=f"shape {array.shape}",
            expected="at least one voxel along every axis",
            remedy="Fill the dataset first: there are no numbers in it.",
        )
    layout = lay_out(array.shape, request)
    if isinstance(array, np.ndarray):
        check_dtype(array.dtype, request.where)
        return build_volume(array_slabs(array, layout, request.where), layout, request)
    dtype = _dtype(array, layout)
    check_dtype(dtype, request.where)
    chunks = chunks_of(array, layout, dtype.itemsize)
    if stored_bytes is not None:
        check_stored(stored_bytes, chunks, request.where)
    slabs = SlicedSlabs(array, layout, dtype, chunks, request.where)
    return build_volume(slabs, layout, request)


def array_slabs(array: npt.NDArray[Any], layout: ArrayAxes, where: str = "array") -> FrameReader:
    """Return slabs that are views of a numpy array; those of a memmap are read from its file.

    Where the path of a memmap no longer leads to its file, its pages are looked at and given back afterwards.

    Examples
    --------
    >>> layout = lay_out((5, 4, 3), SourceArguments(axes="xyz"))
    >>> array_slabs(np.zeros((5, 4, 3)), layout).shape
    (3, 4, 5)
    """
    mapping, plain = getattr(array, "_mmap", None), array.view(np.ndarray)
    if mapping is not None:
        # Mode "c" keeps changed pages in memory only: the file does not have them, and dropping them would lose them.
        is_private = getattr(array, "mode", "c") == "c"
        window = None if is_private else window_of_memmap(array, mapping, where)
        offset = int(getattr(array, "offset", 0))
        start = offset - offset % mmap.ALLOCATIONGRANULARITY
        return Mapped(
            plain, window or MappedPages(mapping, start=start, may_drop=not is_private)
        ).slabs(layout)
    view = layout.view(plain)
    frames = joined(view)
    return GatheredSlabs(view) if frames is None else array_frames(frames)


def _refuse_mask(source: object, where: str) -> None:
    if isinstance(source, np.ma.MaskedArray):
        raise SourceError(
            code="array-masked",
            where=where,
            given="a masked array",
            expected="a number for every voxel",
            remedy="Fill what is masked with a value of your choice: array.filled(value).",
        )


def _tensor(tensor: Any, where: str) -> Any:
    """Return a torch tensor as a numpy view if it stands in the memory of the computer, else as it is."""
    if str(tensor.dtype) == "torch.bfloat16":
        raise SourceError(
            code="dtype-unsupported",
            where=where,
            given="dtype torch.bfloat16",
            expected="a type that numpy has too",
            remedy="Convert it without loss first: tensor.float().",
        )
    if str(tensor.layout) != "torch.strided":
        raise SourceError(
            code="tensor-sparse",
            where=where,
            given=str(tensor.layout),
            expected="a dense tensor",
            remedy="Fill in its zeros first: tensor.to_dense().",
        )
    detached = tensor.detach()
    return detached.numpy() if detached.device.type == "cpu" else detached


def _as_numpy(block: Any) -> npt.NDArray[Any]:
    """Return a block as numpy, brought over from another device if that is where it is."""
    if made_by(block, "torch"):
        return np.asarray(block.cpu().numpy())
    if hasattr(block, "__array__") or not hasattr(block, "__dlpack__"):
        try:
            return np.asarray(block)
        except TypeError:  # cupy and others refuse to copy to the host without being told
            if not hasattr(block, "get"):
                raise
            return np.asarray(block.get())
    return np.from_dlpack(block)


def _dtype(array: Any, layout: ArrayAxes) -> np.dtype[Any]:
    """Return the numpy dtype of what the array gives; one voxel is read where its own dtype is not numpy's."""
    try:
        dtype: np.dtype[Any] = np.dtype(array.dtype)
    except TypeError:
        return _as_numpy(array[tuple(slice(0, 1) for _ in layout.shape)]).dtype
    return dtype


def check_stored(stored_bytes: Callable[[], int], chunks: Chunks, where: str) -> None:
    """Raise where a store has next to nothing of an array of large frames or chunks, for which memory would be taken.

    Examples
    --------
    >>> layout = ArrayAxes(shape=(9, 60000, 60000), axes="zyx", own_axes="zyx")
    >>> check_stored(lambda: 800, Chunks.of(layout, None, 2), "a.zarr")
    Traceback (most recent call last):
    ...
    dicomseries.errors.SourceError: a.zarr: expected at least 15820313 bytes for the size in its header, given 800...
    """
    layout = chunks.layout
    frame = math.prod(layout.frames_shape[1:])
    piece = chunks.itemsize * max(frame, math.prod(chunks.deepest))
    if not is_large(piece):
        return
    with guarded(where):
        packed = stored_bytes()
    unpacked = chunks.itemsize * math.prod(layout.shape)
    check_packing(
        "other", where=where, packed_bytes=packed, unpacked_bytes=unpacked, piece_bytes=piece
    )


def chunks_of(array: Any, layout: ArrayAxes, itemsize: int) -> Chunks:
    """Return the shards or chunks that an array says it has; frames for none, or what cannot be understood.

    Examples
    --------
    >>> import zarr
    >>> array = zarr.create_array({}, shape=(8, 4, 5), chunks=(2, 4, 5), shards=(4, 4, 5), dtype="int16")
    >>> chunks_of(array, ArrayAxes(shape=(8, 4, 5), axes="zyx", own_axes="zyx"), 2).edges
    (0, 4, 8)
    """
    chunks = getattr(array, "shards", None) or getattr(array, "chunks", None)
    if not isinstance(chunks, (tuple, list)) or len(chunks) != len(array.shape):
        chunks = None
    return Chunks.of(layout, chunks, itemsize)
