"""Arrays that are open already: numpy, memmap, torch and others."""

from __future__ import annotations

import math
import mmap
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import SourceError
from dicomseries.sources.arguments.axes_argument import array_axes, check_dtype
from dicomseries.sources.arguments.grid_arguments import SourceGrid, no_grid
from dicomseries.sources.arguments.source_arguments import SourceArguments
from dicomseries.sources.build_volume import build_volume
from dicomseries.sources.frames.array_axes import ArrayAxes
from dicomseries.sources.frames.array_frames import view_frames
from dicomseries.sources.frames.chunks import Chunks
from dicomseries.sources.frames.files.file_window import window_of_memmap
from dicomseries.sources.frames.files.mapped_files import MappedPages
from dicomseries.sources.frames.files.unpacked_size import check_packing, is_large
from dicomseries.sources.frames.frame_reader import FrameReader, VolumeView
from dicomseries.sources.frames.sliced_frames import as_numpy, sliced_frames
from dicomseries.sources.optional_packages import guarded, made_by
from dicomseries.sources.volume import Volume

__all__ = ["PACKAGE", "check_stored", "chunks_of", "matches", "numpy_frames", "open_volume"]

PACKAGE: str | None = None
"""No extra: numpy reads what it needs."""


def matches(source: object) -> bool:
    """Return whether `source` has `shape`, `dtype` and slicing.

    Examples
    --------
    >>> matches(np.ones(3)), matches([1, 2, 3])
    (True, False)
    """
    return all(hasattr(source, name) for name in ("shape", "dtype", "__getitem__"))


def open_volume(
    source: Any,
    arguments: SourceArguments,
    *,
    stored_bytes: Callable[[], int] | None = None,
    graph: Any = None,
    letters: str | None = None,
    source_grid: SourceGrid = no_grid,
) -> Volume:
    """Return a volume over an array.

    Numpy arrays, memmaps and CPU tensors are never copied.

    Parameters
    ----------
    source : array-like
        Axes in the order of ``arguments.axes``; by default (rows, columns), (slices, rows,
        columns), or four axes of which the last has the 3 colours. Where volumes do not follow each
        other in memory, as with time as the fastest axis, each is copied as it is read.
    arguments : SourceArguments
        Must hold the spacing, unless `source_grid` knows it.
    stored_bytes : callable, optional
        Returns the bytes that the array takes in its file, where it is one.
    graph : dask.array.Array, optional
        The array behind the source.
    letters : str, optional
        The axes of the array, if its object states them.
    source_grid : callable
        Returns the grid that the object states; by default none.

    Raises
    ------
    SourceError, OptionError, GeometryError
        If the array is empty, masked, of a type that DICOM cannot hold, or its axes or geometry are
        not known.

    Examples
    --------
    >>> arguments = SourceArguments(axes="xyz", spacing=(1, 1, 2))
    >>> volume = open_volume(np.zeros((5, 4, 3), "int16"), arguments)
    >>> volume.slabs.shape, volume.grid.spacing_mm
    ((3, 4, 5), (1.0, 1.0, 2.0))
    """
    where = arguments.where
    _check_unmasked(source, where)
    array = source
    if made_by(source, "torch"):
        array = _tensor(source, where)
    if array.shape is None:  # an empty dataset of h5py
        raise SourceError(
            code="array-empty",
            where=where,
            given=f"shape {array.shape}",
            expected="at least one voxel along every axis",
            remedy="Fill the dataset first: there are no numbers in it.",
        )
    axes = array_axes(array.shape, arguments, letters)
    if isinstance(array, np.ndarray):
        check_dtype(array.dtype, where)
        return build_volume(numpy_frames(array, axes, where), axes, arguments, source_grid)
    dtype = _dtype(array, axes)
    check_dtype(dtype, where)
    chunks = chunks_of(array, axes, dtype.itemsize)
    if stored_bytes is not None:
        check_stored(stored_bytes, chunks, where)
    frames = sliced_frames(array, axes, dtype, chunks, where, graph=graph)
    return build_volume(frames, axes, arguments, source_grid)


def _check_unmasked(source: object, where: str) -> None:
    if _is_masked(source):
        raise SourceError(
            code="array-masked",
            where=where,
            given="a masked array",
            expected="a number for every voxel",
            remedy="Fill the masked voxels with a value of your choice: array.filled(value).",
        )


def _is_masked(source: object) -> bool:
    # Whoever made a masked array has imported this; the import takes longer than a small write.
    masked_arrays = sys.modules.get("numpy.ma")
    return isinstance(source, getattr(masked_arrays, "MaskedArray", ()))


def _tensor(tensor: Any, where: str) -> Any:
    """Return a torch tensor on the CPU as a numpy view."""
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
    if detached.device.type != "cpu":
        return detached
    return detached.numpy()


def numpy_frames(array: npt.NDArray[Any], axes: ArrayAxes, where: str = "array") -> FrameReader:
    """Return the frames of a numpy array or memmap.

    Where the path of a memmap no longer leads to its file, its pages are read and given back
    afterwards.

    Examples
    --------
    >>> axes = ArrayAxes(shape=(5, 4, 3), letters="xyz", source_letters="xyz")
    >>> numpy_frames(np.zeros((5, 4, 3)), axes).shape
    (3, 4, 5)
    """
    view = axes.view(array.view(np.ndarray))
    mapping = getattr(array, "_mmap", None)
    if mapping is None:
        return view_frames(VolumeView(view), where)
    # Mode "c" keeps changed pages in memory only: the file does not have them, and dropping them
    # would lose them.
    is_private = getattr(array, "mode", "c") == "c"
    window = None if is_private else window_of_memmap(array, mapping, where)
    if window is not None:
        return view_frames(VolumeView(view, window.take), where)
    offset = int(getattr(array, "offset", 0))
    start = offset - offset % mmap.ALLOCATIONGRANULARITY
    pages = MappedPages(mapping, start=start, may_drop=not is_private)
    return view_frames(VolumeView(view, pages.take), where)


def _dtype(array: Any, axes: ArrayAxes) -> np.dtype[Any]:
    """Return the numpy dtype of an array; may read a voxel."""
    try:
        dtype: np.dtype[Any] = np.dtype(array.dtype)
    except TypeError:
        return as_numpy(array[(slice(0, 1),) * len(axes.shape)]).dtype
    return dtype


def chunks_of(array: Any, axes: ArrayAxes, itemsize: int) -> Chunks:
    """Return the shards or chunks of an array, else frames.

    Examples
    --------
    >>> import zarr
    >>> array = zarr.create_array({}, shape=(8, 4, 5), chunks=(2, 4, 5), shards=(4, 4, 5),
    ...     dtype="int16")
    >>> chunks_of(array, ArrayAxes(shape=(8, 4, 5), letters="zyx", source_letters="zyx"), 2).edges
    (0, 4, 8)
    """
    chunks = getattr(array, "shards", None) or getattr(array, "chunks", None)
    if not isinstance(chunks, (tuple, list)) or len(chunks) != len(array.shape):
        chunks = None
    return Chunks.of(axes, chunks, itemsize)


def check_stored(stored_bytes: Callable[[], int], chunks: Chunks, where: str) -> None:
    """Reject large frames or chunks that are hardly stored.

    Memory would be taken for them.

    Examples
    --------
    >>> axes = ArrayAxes(shape=(9, 60000, 60000), letters="zyx", source_letters="zyx")
    >>> check_stored(lambda: 800, Chunks.of(axes, None, 2), "a.zarr")
    Traceback (most recent call last):
    ...
    dicomseries.errors.SourceError: a.zarr: expected at least 15820313 bytes for the size in its...
    """
    frame = math.prod(chunks.axes.frames_shape[1:])
    piece = chunks.itemsize * max(frame, math.prod(chunks.deepest))
    if not is_large(piece):
        return
    with guarded(where):
        packed = stored_bytes()
    unpacked = chunks.itemsize * math.prod(chunks.axes.shape)
    check_packing(
        "other", where=where, packed_bytes=packed, unpacked_bytes=unpacked, piece_bytes=piece
    )
