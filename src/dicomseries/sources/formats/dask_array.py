"""Arrays of dask."""

from __future__ import annotations

from typing import Any

from dicomseries.sources.arguments.source_arguments import SourceArguments
from dicomseries.sources.formats.array_like import open_volume as open_array
from dicomseries.sources.frames.dask_frames import ComputedArray, is_dask
from dicomseries.sources.volume import Volume

__all__ = ["PACKAGE", "matches", "open_volume"]

PACKAGE: str | None = "dask"
"""Extra that installs dask."""


def matches(source: object) -> bool:
    """Return whether `source` is an array of dask.

    Examples
    --------
    >>> matches([1, 2, 3])
    False
    """
    return is_dask(source)


def open_volume(source: Any, arguments: SourceArguments) -> Volume:
    """Return a volume of a dask array.

    Parameters
    ----------
    source : dask.array.Array
        Its shape must be known.
    arguments : SourceArguments
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
    return open_array(ComputedArray(source), arguments, graph=source)
