"""Parts of a file as arrays that are read, not mapped.

A mapping only lends its addresses: where a part of the array would be says where its bytes are in
the file.
"""

from __future__ import annotations

import mmap
import os
import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.array_utils import byte_bounds

from dicomseries.errors import SourceError
from dicomseries.operating_system import fill_from, open_file

__all__ = ["FileWindow", "copied_in_blocks", "file_shrunk", "window_of_memmap"]

_BLOCK = 8 << 20
"""Bytes of a file that are read for a block of a part that is spread over it."""
_LARGEST = 32 << 20
"""Bytes of a file that may be read at once for a part that needs fewer of them."""


class FileWindow:
    """Read parts of an array in a raw file.

    Parameters
    ----------
    path : Path
        The file, which is kept open.
    mapping : mmap.mmap
        Of the file; its bytes are never used.
    start : int
        Where in the file the mapping begins.
    where : str
        The source, for messages.
    """

    def __init__(self, path: Path, mapping: mmap.mmap, *, start: int = 0, where: str) -> None:
        self._file = open_file(path)
        weakref.finalize(self, os.close, self._file)
        self._mapping = mapping
        self._address = np.frombuffer(mapping, np.uint8).ctypes.data
        self._start = start
        self._where = where

    def take(self, part: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the numbers of a part in new memory.

        Raises
        ------
        SourceError
            If the file has become shorter (code "file-truncated"), or cannot be read.
        """
        if not part.size:
            return np.empty(part.shape, part.dtype)
        low, high = byte_bounds(part)
        if high - low > max(_LARGEST, 2 * part.nbytes):
            return copied_in_blocks(part, self._read)
        return self._read(part)

    def _read(self, part: npt.NDArray[Any]) -> npt.NDArray[Any]:
        low, high = byte_bounds(part)
        content = np.empty(high - low, np.uint8)
        self._fill(content.data, low - self._address + self._start)
        offset = part.__array_interface__["data"][0] - low
        return np.ndarray(
            part.shape, part.dtype, buffer=content, offset=offset, strides=part.strides
        )

    def _fill(self, view: memoryview, offset: int) -> None:
        try:
            done = fill_from(self._file, view, offset)
        except OSError as error:
            raise SourceError(
                code="file-unreadable",
                where=self._where,
                given=error.strerror or str(error),
                expected="a file that stays readable while it is used",
                remedy="Check the disk or the network, and run it again.",
            ) from error
        if done < len(view):
            raise file_shrunk(self._where, os.fstat(self._file).st_size, offset + len(view))


def copied_in_blocks(
    part: npt.NDArray[Any], read: Callable[[npt.NDArray[Any]], npt.NDArray[Any]]
) -> npt.NDArray[Any]:
    """Return a copy of a part, read in small blocks."""
    copy = np.empty(part.shape, part.dtype)
    axis = int(np.argmax(np.abs(part.strides)))
    step = max(1, _BLOCK // abs(part.strides[axis]))
    for first in range(0, part.shape[axis], step):
        block = (*[slice(None)] * axis, slice(first, first + step))
        copy[block] = read(part[block])
    return copy


def window_of_memmap(array: npt.NDArray[Any], mapping: mmap.mmap, where: str) -> FileWindow | None:
    """Return a window on a memmap's file, None if moved.

    Parameters
    ----------
    array : memmap
        Or a view of one that is a memmap too.
    mapping : mmap.mmap
        Its own.
    where : str
        The source, for messages.
    """
    name, offset = getattr(array, "filename", None), getattr(array, "offset", None)
    if name is None or offset is None:
        return None
    start = offset - offset % mmap.ALLOCATIONGRANULARITY
    try:
        status = Path(name).stat()
        if _file_at(np.frombuffer(mapping, np.uint8).ctypes.data) != (status.st_dev, status.st_ino):
            return None
        return FileWindow(Path(name), mapping, start=start, where=where)
    except (OSError, ValueError):
        return None


def _file_at(address: int) -> tuple[int, int] | None:
    """Return device and inode of the file mapped at an address.

    Only Linux says it.
    """
    if sys.platform == "win32":
        return None
    with Path("/proc/self/maps").open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            span, _, _, device, number, *_ = line.split()
            first, last = (int(end, 16) for end in span.split("-"))
            if first <= address < last:
                major, minor = (int(part, 16) for part in device.split(":"))
                return os.makedev(major, minor), int(number)
    return None


def file_shrunk(where: str, size: int, expected: int) -> SourceError:
    """Return the error of a file that is too short."""
    return SourceError(
        code="file-truncated",
        where=where,
        given=f"{size} bytes",
        expected=f"at least {expected} bytes for the size in its header",
        remedy="Copy or download the file again; it was cut short, or its header is wrong.",
    )
