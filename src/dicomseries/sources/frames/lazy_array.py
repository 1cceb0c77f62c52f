"""`LazyArray`: an array that reads indexed frames."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.lazy_dataclass import dataclass
from dicomseries.sources.frames.frame_reader import FrameReader, picked_frames

__all__ = ["LazyArray"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LazyArray:
    """An array that reads its frames each time.

    Takes what numpy calls basic indexing: integers, slices and ``...``. ``numpy.asarray`` reads all
    of it.

    Parameters
    ----------
    frames : FrameReader
        Reads the frames.
    shape : tuple of int
        ([volumes, ]slices, rows, columns[, 3]).

    Examples
    --------
    >>> from dicomseries.sources import array_frames
    >>> array = LazyArray(array_frames(np.arange(24).reshape(4, 2, 3)), (2, 2, 2, 3))
    >>> array[-1, 0, ..., ::2].tolist(), array
    ([[12, 14], [15, 17]], <LazyArray of shape (2, 2, 2, 3), int64>)
    """

    frames: FrameReader
    shape: tuple[int, ...]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the numbers that indexing returns."""
        return self.frames.dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of voxels, each colour counted."""
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of the array in memory."""
        return self.size * self.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return f"<LazyArray of shape {self.shape}, {self.dtype}>"

    def __array__(
        self, dtype: npt.DTypeLike | None = None, *, copy: bool | None = None
    ) -> npt.NDArray[Any]:
        if copy is False:
            message = "a lazy array is read from its files: there is nothing to view without a copy"
            raise ValueError(message)
        return np.asarray(self[...], dtype)

    def __getitem__(self, index: Any) -> npt.NDArray[Any]:
        """Read the indexed part into a new array.

        Raises
        ------
        IndexError
            If it is outside, or is no basic index.
        """
        parts = self._parts(index)
        outer = self.ndim - len(self.frames.shape) + 1
        chosen = list(map(_chosen, parts[:outer], self.shape))
        places = chosen[0]
        if outer == 2:
            places = [volume * self.shape[1] + place for volume in chosen[0] for place in chosen[1]]
        if places:
            frames = picked_frames(self.frames, places).read(0, len(places))
        else:
            frames = self.frames.read(0, 0)
        block = frames.reshape(*map(len, chosen), *frames.shape[1:])
        inner = [slice(None) if isinstance(part, slice) else 0 for part in parts[:outer]]
        array: npt.NDArray[Any] = block[(*inner, *parts[outer:])]
        return array

    def _parts(self, index: Any) -> list[slice | int]:
        """Return one number or slice for each axis."""
        parts = list(index) if isinstance(index, tuple) else [index]
        if not all(map(_is_basic, parts)):
            message = (
                "a lazy array takes integers, slices and ...; numpy.asarray(array) takes any index"
            )
            raise IndexError(message)
        dots = parts.count(Ellipsis)
        missing = self.ndim - len(parts) + min(dots, 1)
        if dots > 1 or missing < 0:
            message = f"the index {index!r} has too many parts for an array of {self.ndim} axes"
            raise IndexError(message)
        place = parts.index(Ellipsis) if dots else len(parts)
        return [*parts[:place], *[slice(None)] * missing, *parts[place + 1 :]]


def _is_basic(part: object) -> bool:
    is_integer = isinstance(part, int | np.integer) and not isinstance(part, bool)
    return part is Ellipsis or isinstance(part, slice) or is_integer


def _chosen(part: slice | int, size: int) -> Sequence[int]:
    if isinstance(part, slice):
        return range(*part.indices(size))
    if not -size <= part < size:
        message = f"index {part} is outside of an axis of size {size}"
        raise IndexError(message)
    return [int(part) % size]
