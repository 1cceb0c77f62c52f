"""dask arrays: the door to dask."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import OptionError, missing_package
from dicomseries.sources.arguments.source_arguments import SourceArguments
from dicomseries.sources.formats.array_like import open_volume as open_array
from dicomseries.sources.frames.frame_selection import pick
from dicomseries.sources.optional_packages import made_by

if TYPE_CHECKING:
    from dicomseries.sources.volume import FrameReader, Volume

__all__ = ["PACKAGE", "Computed", "array_of", "is_dask", "matches", "open_volume"]

PACKAGE: str | None = "dask"
"""Extra that installs dask."""

_CHUNK_BYTES = 8 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Computed:
    """A dask array that computes what it is indexed with.

    The threads that read slabs are the parallelism, so a slab is computed in the thread that asks for it. Where the
    user chose a scheduler (``dask.config``, a `distributed.Client`), that one computes.
    """

    array: Any

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes; not numbers where dask does not know them yet."""
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

    @property
    def graph(self) -> Any:
        """The Dask array itself, for who computes it elsewhere."""
        return self.array

    def __getitem__(self, index: Any) -> npt.NDArray[Any]:
        from dask.base import get_scheduler

        scheduler = {} if get_scheduler() else {"scheduler": "synchronous"}
        return np.asarray(self.array[index].compute(**scheduler))


def is_dask(source: object) -> bool:
    """Return whether `source` is an array of dask.

    Examples
    --------
    >>> is_dask(np.ones(3))
    False
    """
    return made_by(source, "dask") and hasattr(source, "chunks")


def matches(source: object) -> bool:
    """Return whether `source` is an array of dask.

    Examples
    --------
    >>> matches(np.ones(3))
    False
    """
    return is_dask(source)


def open_volume(source: Any, request: SourceArguments) -> Volume:
    """Return a volume whose slabs are as deep as the chunks of a dask array, so that each is computed once a pass.

    Parameters
    ----------
    source : dask.array.Array
        Its shape must be known.
    request : SourceArguments
        Must hold the spacing: a dask array does not know it.

    Raises
    ------
    SourceError, OptionError, GeometryError
        As for an array.

    Examples
    --------
    >>> import dask.array
    >>> array = dask.array.zeros((8, 4, 5), chunks=(4, 2, 5), dtype="int16")
    >>> open_volume(array, SourceArguments(spacing=(1, 1, 2))).slabs.depth
    4
    """
    return open_array(Computed(source), request)


def array_of(slabs: FrameReader, shape: tuple[int, ...], chunks: int | None = None) -> Any:
    """Return slabs as an array of dask; see `Volume.to_dask`.

    Parameters
    ----------
    slabs : FrameReader
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
    >>> from dicomseries.sources.volume import array_frames
    >>> array_of(array_frames(np.ones((5, 2, 2))), (5, 2, 2), 2).sum().compute()
    np.float64(20.0)
    """
    try:
        import dask.array
        from dask.base import tokenize
    except ImportError as error:
        raise missing_package(extra="dask", where="to_dask") from error
    volumes = shape[: len(shape) - len(slabs.shape)]
    slices, *frame = shape[len(volumes) :]
    depth = _depth(chunks, slices, prod(frame) * slabs.dtype.itemsize)
    bounds = [(start, min(start + depth, slices)) for start in range(0, slices, depth)]
    name = f"dicomseries-{tokenize(slabs, shape, depth)}"
    tasks = {}
    for volume, (place, (start, stop)) in itertools.product(
        range(prod(volumes)), enumerate(bounds)
    ):
        part = pick(slabs, range(volume * slices + start, volume * slices + stop))
        outer = (volume,) if volumes else ()
        tasks[(name, *outer, place, *(0 for _ in frame))] = (_block, part, len(outer))
    sizes = (*((1,) * count for count in volumes), tuple(stop - start for start, stop in bounds))
    return dask.array.Array(tasks, name, (*sizes, *((size,) for size in frame)), slabs.dtype)


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
            remedy="Leave it out for chunks of about 8 MiB; cut the array in plane with its method rechunk.",
        )
    return min(chunks, slices)


def _block(slabs: FrameReader, outer: int) -> npt.NDArray[Any]:
    """Read a chunk; `outer` axes of size 1 stand before it."""
    block = slabs.read(0, slabs.shape[0])
    return block.reshape(*(1,) * outer, *block.shape)
