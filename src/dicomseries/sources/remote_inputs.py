"""Inputs at a URL: Zarr is read where it is, chunk by chunk; a file is fetched whole, for as long as it is used."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.sources.formats import zarr_store
from dicomseries.sources.volume import FrameReader
from dicomseries.stores import fetch_file

__all__ = ["FetchedSlabs", "fetched", "is_lazy", "open_lazily"]


class FetchedSlabs:
    """FrameReader of a file in a private folder, which is removed when nobody needs them any more.

    Parameters
    ----------
    slabs : FrameReader
        Over the file.
    folder : str
        Where it is.
    """

    def __init__(self, slabs: FrameReader, folder: str) -> None:
        self._slabs = slabs
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the whole."""
        return tuple(self._slabs.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the voxels."""
        return self._slabs.dtype

    @property
    def depth(self) -> int:
        """Frames that are read together."""
        return self._slabs.depth

    def __reduce__(self) -> str:
        # The folder is private to this machine: other processes are sent the slabs themselves.
        message = "a fetched file cannot be opened elsewhere"
        raise TypeError(message)

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return frames."""
        return self._slabs.read(start, stop)


def is_lazy(url: str) -> bool:
    """Return whether a URL is that of a Zarr store, or of something in one.

    Examples
    --------
    >>> is_lazy("s3://bucket/scan.zarr::0"), is_lazy("s3://bucket/scan.nii.gz")
    (True, False)
    """
    return any(part.lower().endswith(".zarr") for part in url.partition("::")[0].split("/"))


def open_lazily(url: str, options: Mapping[str, Any] | None) -> Any:
    """Return the array or group of zarr at a URL."""
    path, _, member = url.partition("::")
    return zarr_store.open_url(path, member, options)


def fetched(url: str, options: Mapping[str, Any] | None) -> tuple[str, str]:
    """Fetch a file and return its path, with what was named in it, and the folder that is to be removed."""
    path, mark, member = url.partition("::")
    folder = tempfile.mkdtemp(prefix="dicomseries-")
    try:
        return f"{fetch_file(path, Path(folder), options)}{mark}{member}", folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
