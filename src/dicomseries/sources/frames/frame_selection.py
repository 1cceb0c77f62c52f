"""Some frames of a volume as slabs of their own, and an array that reads the frames it is indexed with."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from dicomseries.sources.frames.frame_runs import together

if TYPE_CHECKING:
    from dicomseries.sources.volume import FrameReader

__all__ = ["LazyArray", "pick"]


@runtime_checkable
class _Picks(Protocol):
    """FrameReader that make slabs of some of their frames themselves."""

    def pick(self, frames: Sequence[int]) -> FrameReader:
        """Return these frames, at least one, in the order given."""


def pick(slabs: FrameReader, frames: Sequence[int]) -> FrameReader:
    """Return some frames of slabs, at least one, as slabs that know nothing of the others where that is possible.

    Examples
    --------
    >>> from dicomseries.sources.volume import array_frames
    >>> pick(array_frames(np.arange(5).reshape(5, 1, 1)), [3, 1, 2]).read(0, 3).ravel()
    array([3, 1, 2])
    """
    return slabs.pick(frames) if isinstance(slabs, _Picks) else _Picked(slabs, tuple(frames))


@dataclass(frozen=True, slots=True, eq=False)
class _Picked:
    """Some frames of other slabs, read in as few parts as they lie in there."""

    slabs: FrameReader
    frames: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.frames), *self.slabs.shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.slabs.dtype

    @property
    def depth(self) -> int:
        return 1

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        return together(
            [self.slabs.read(*run) for run in _runs(self.frames[start:stop])]
            or [self.slabs.read(0, 0)]
        )


def _runs(frames: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield first and stop of frames that follow each other."""
    for _, run in itertools.groupby(enumerate(frames), lambda item: item[1] - item[0]):
        members = [frame for _, frame in run]
        yield members[0], members[-1] + 1


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LazyArray:
    """An array whose frames are read each time it is indexed; it holds none of them.

    Takes what numpy calls basic indexing: whole numbers, slices and ``...``. ``numpy.asarray`` reads all of it.

    Parameters
    ----------
    slabs : FrameReader
        Where the frames are read.
    shape : tuple of int
        ([volumes, ]slices, rows, columns[, 3]).

    Examples
    --------
    >>> from dicomseries.sources.volume import array_frames
    >>> array = LazyArray(array_frames(np.arange(24).reshape(4, 2, 3)), (2, 2, 2, 3))
    >>> array[-1, 0, ..., ::2].tolist(), array
    ([[12, 14], [15, 17]], <LazyArray of shape (2, 2, 2, 3), int64>)
    """

    slabs: FrameReader
    shape: tuple[int, ...]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of what indexing returns."""
        return self.slabs.dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of voxels, colours counted by themselves."""
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes that all of it takes in memory."""
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
        """Read what `index` selects into a new array; a number where it selects a single one.

        Raises
        ------
        IndexError
            If it is outside, or is no basic index.
        """
        parts = self._parts(index)
        outer = self.ndim - len(self.slabs.shape) + 1
        along = [
            _selected(part, size)
            for part, size in zip(parts[:outer], self.shape[:outer], strict=True)
        ]
        places = (
            along[0]
            if outer == 1
            else [first * self.shape[1] + second for first in along[0] for second in along[1]]
        )
        frames = pick(self.slabs, places).read(0, len(places)) if places else self.slabs.read(0, 0)
        block = frames.reshape(*map(len, along), *frames.shape[1:])
        found: npt.NDArray[Any] = block[
            (
                *(slice(None) if isinstance(part, slice) else 0 for part in parts[:outer]),
                *parts[outer:],
            )
        ]
        return found

    def _parts(self, index: Any) -> list[slice | int]:
        """Return one number or slice for each axis."""
        given = index if isinstance(index, tuple) else (index,)
        if any(
            not (part is Ellipsis or isinstance(part, slice) or _is_whole(part)) for part in given
        ):
            message = "a lazy array takes whole numbers, slices and ...; numpy.asarray(array) takes any index"
            raise IndexError(message)
        dots = [at for at, part in enumerate(given) if part is Ellipsis]
        missing = self.ndim - len(given) + len(dots[:1])
        if len(dots) > 1 or missing < 0:
            message = f"the index {index!r} has too many parts for an array of {self.ndim} axes"
            raise IndexError(message)
        at = dots[0] if dots else len(given)
        return [*given[:at], *[slice(None)] * missing, *given[at + 1 :]]


def _is_whole(part: object) -> bool:
    return isinstance(part, int | np.integer) and not isinstance(part, bool)


def _selected(part: slice | int, size: int) -> Sequence[int]:
    if isinstance(part, slice):
        return range(*part.indices(size))
    if not -size <= part < size:
        message = f"index {part} is outside of an axis of size {size}"
        raise IndexError(message)
    return [int(part) % size]
