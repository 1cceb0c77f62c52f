"""Raw files as arrays, read in parts with little memory."""

from __future__ import annotations

import math
import mmap
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from numpy.lib.array_utils import byte_bounds

from dicomseries.lazy_dataclass import dataclass
from dicomseries.sources.frames.array_axes import ArrayAxes
from dicomseries.sources.frames.array_frames import view_frames
from dicomseries.sources.frames.files.file_window import FileWindow, copied_in_blocks, file_shrunk
from dicomseries.sources.frames.frame_reader import FrameReader, VolumeView

__all__ = ["FileArray", "MappedPages", "PartReader", "map_file"]

_MOST_IN_MEMORY = 32 << 20
"""Bytes of a mapping that may stay in memory after they were read; beyond it the oldest are given
back."""

_AROUND = 2 << 20
"""Bytes around a byte that the system may map with it: a page of the largest size in use."""


class PartReader(Protocol):
    """Reads parts of an array."""

    def take(self, part: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the numbers of a part."""


@dataclass(frozen=True, slots=True, eq=False)
class FileArray:
    """An array in a file, in the file's axes.

    Parameters
    ----------
    array : ndarray
        Over a mapping of the file.
    window : object
        Its method `take` reads parts of the array.
    where : str
        The source, for messages.
    """

    array: npt.NDArray[Any]
    window: PartReader
    where: str

    def frames(self, axes: ArrayAxes) -> FrameReader:
        """Return a reader of its frames; nothing is read."""
        return view_frames(VolumeView(axes.view(self.array), self.window.take), self.where)


def map_file(
    path: Path, dtype: npt.DTypeLike, shape: Sequence[int], *, offset: int = 0
) -> FileArray:
    """Return numbers of a file (C order) as an array.

    Raises
    ------
    SourceError
        If the file is shorter than that.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "raw.bin"
    ...     _ = path.write_bytes(bytes(range(8)))
    ...     map_file(path, ">i2", (3,), offset=2).array.tolist()
    [515, 1029, 1543]
    """
    size = math.prod(shape) * np.dtype(dtype).itemsize
    available = path.stat().st_size
    if offset < 0 or available < offset + size:
        raise file_shrunk(str(path), available, offset + size)
    with path.open("rb") as file:
        mapping = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    array: npt.NDArray[Any] = np.ndarray(tuple(shape), dtype, buffer=mapping, offset=offset)
    return FileArray(array, FileWindow(path, mapping, where=str(path)), str(path))


class MappedPages:
    """Pages of a mapped file; the oldest are dropped.

    Parameters
    ----------
    mapping : mmap.mmap
        A mapping that is shared with its file, so that no byte is lost when its pages are dropped.
    fill : callable, optional
        Called with an offset before the bytes in front of it are used.
    start : int, optional
        Where in a file of others the mapping begins: before its bytes are used, the file must still
        have them.
    may_drop : bool
        Whether its pages may be dropped, as those of a private mapping, which hold changes, may
        not.
    """

    def __init__(
        self,
        mapping: mmap.mmap,
        fill: Callable[[int], None] | None = None,
        *,
        start: int | None = None,
        may_drop: bool = True,
    ) -> None:
        self._mapping = mapping
        self._fill = fill
        self._start = start
        self._may_drop = may_drop
        self._address = np.frombuffer(mapping, np.uint8).ctypes.data
        self._recent: deque[tuple[int, int]] = deque()
        self._lock = threading.Lock()

    def take(self, part: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return a part as a view, or a spread one as copy.

        It is copied in blocks that are each given back before the next. So slices that lie
        interleaved, as those of an array in Fortran order, never bring the whole file into memory,
        though each of its pages is used.
        """
        low, high = self._place(part)
        if high - low > max(_MOST_IN_MEMORY, 2 * part.nbytes):
            return copied_in_blocks(part, self._copied)
        self._make_ready(high)
        with self._lock:
            self._recent.append(self._pages(low, high))
            while len(self._recent) > 2 and _total(self._recent) > _MOST_IN_MEMORY:
                # This only costs another reading: another thread may still use those bytes.
                self._drop(*self._recent.popleft())
        return part

    def drop(self, part: npt.NDArray[Any]) -> None:
        """Give the bytes of `part` back now."""
        self._drop(*self._pages(*self._place(part)))

    def _copied(self, part: npt.NDArray[Any]) -> npt.NDArray[Any]:
        self._make_ready(self._place(part)[1])
        copy = part.copy()
        self.drop(part)
        return copy

    def _make_ready(self, end: int) -> None:
        if self._fill is not None:
            self._fill(end)
        if self._start is not None and self._mapping.size() < self._start + end:
            raise file_shrunk(where="memmap", size=self._mapping.size(), expected=self._start + end)

    def _place(self, part: npt.NDArray[Any]) -> tuple[int, int]:
        low, high = byte_bounds(part)
        return low - self._address, high - self._address

    def _pages(self, low: int, high: int) -> tuple[int, int]:
        """Return the pages of some bytes."""
        return low - low % _AROUND, min(-(-high // _AROUND) * _AROUND, len(self._mapping))

    def _drop(self, low: int, high: int) -> None:
        if self._may_drop and hasattr(self._mapping, "madvise") and hasattr(mmap, "MADV_DONTNEED"):
            self._mapping.madvise(mmap.MADV_DONTNEED, low, high - low)


def _total(spans: deque[tuple[int, int]]) -> int:
    return sum(end - begin for begin, end in spans)
