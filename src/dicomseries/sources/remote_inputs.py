"""Inputs at a URL: Zarr read in place, files fetched."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy.typing as npt

from dicomseries import stores
from dicomseries.sources.frames.frame_reader import FrameReader

__all__ = ["fetched", "fetched_frames", "is_lazy", "open_lazily"]


def is_lazy(url: str) -> bool:
    """Return whether a URL is in a Zarr store.

    Examples
    --------
    >>> is_lazy("s3://bucket/scan.zarr::0"), is_lazy("s3://bucket/scan.nii.gz")
    (True, False)
    """
    return any(part.lower().endswith(".zarr") for part in url.partition("::")[0].split("/"))


def open_lazily(url: str, options: Mapping[str, Any] | None) -> Any:
    """Return the array or group of zarr at a URL."""
    from dicomseries.sources.formats import zarr_store

    path, _, member = url.partition("::")
    return zarr_store.open_url(path, member, options)


def fetched(url: str, options: Mapping[str, Any] | None) -> tuple[str, str]:
    """Fetch a file; return its path and temporary folder."""
    path, mark, member = url.partition("::")
    folder = tempfile.mkdtemp(prefix="dicomseries-")
    try:
        return f"{stores.fetch_file(path, Path(folder), options)}{mark}{member}", folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def fetched_frames(reader: FrameReader, folder: str) -> FrameReader:
    """Return the frames of a fetched file, with its folder."""
    return FrameReader(
        shape=reader.shape,
        dtype=reader.dtype,
        read=partial(_read, reader, _PrivateFolder(folder)),
        edges=reader.edges,
        where=reader.where,
    )


def _read(reader: FrameReader, _: _PrivateFolder, start: int, stop: int) -> npt.NDArray[Any]:
    return reader.read(start, stop)


class _PrivateFolder:
    """A folder with the lifetime of this object."""

    def __init__(self, path: str) -> None:
        weakref.finalize(self, shutil.rmtree, path, ignore_errors=True)

    def __reduce__(self) -> str:
        message = "a fetched file cannot be opened elsewhere"
        raise TypeError(message)
