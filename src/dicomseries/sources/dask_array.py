"""dask arrays: the door to dask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.sources.arrays import open_volume as open_array
from dicomseries.sources.optional import made_by
from dicomseries.sources.request import Request
from dicomseries.sources.volume import Volume

__all__ = ["PACKAGE", "Computed", "is_dask", "matches", "open_volume"]

PACKAGE: str | None = "dask"
"""Extra that installs dask."""


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


def open_volume(source: Any, request: Request) -> Volume:
    """Return a volume whose slabs are as deep as the chunks of a dask array, so that each is computed once a pass.

    Parameters
    ----------
    source : dask.array.Array
        Its shape must be known.
    request : Request
        Must hold the spacing: a dask array does not know it.

    Raises
    ------
    SourceError, OptionError, GeometryError
        As for an array.

    Examples
    --------
    >>> import dask.array
    >>> array = dask.array.zeros((8, 4, 5), chunks=(4, 2, 5), dtype="int16")
    >>> open_volume(array, Request(spacing=(1, 1, 2))).slabs.depth
    4
    """
    return open_array(Computed(source), request)
