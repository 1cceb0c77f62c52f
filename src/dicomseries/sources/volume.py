"""`Volume`: voxels that are read a few slices at a time, and the grid they stand on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
import numpy.typing as npt

from dicomseries.errors import GeometryError
from dicomseries.geometry import Grid

__all__ = ["ArraySlabs", "Slabs", "Tags", "Volume", "slices_worth_a_read"]

_INTERLEAVED = 64
"""Slices read together where they lie interleaved: a cache line of 64 bytes then serves all it holds."""


@runtime_checkable
class Slabs(Protocol):
    """An array of shape (slices, rows, columns) or (slices, rows, columns, 3) behind three names.

    `read` may be called from several threads at once; a source that cannot bear that holds a lock.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """(slices, rows, columns), and 3 more for colour."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """What `read` returns; any byte order."""

    @property
    def depth(self) -> int:
        """Slices that are best read together: the depth of a chunk, 1 if it does not matter."""

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return the slices [start, stop) as an array; it must not be written to."""


class Tags(Protocol):
    """The attributes of a series that was read, by keyword (private ones by group, creator and element)."""

    @property
    def shared(self) -> Mapping[str, Any]:
        """What is equal in every instance."""

    @property
    def instances(self) -> Sequence[Mapping[str, Any]]:
        """What differs, one mapping an instance, in the order of the slices."""


def slices_worth_a_read(array: npt.NDArray[Any]) -> int:
    """Return how many slices of an array (slices, rows, columns[, 3]) without chunks are best read together.

    Examples
    --------
    >>> slices_worth_a_read(np.zeros((99, 4, 5))), slices_worth_a_read(np.zeros((5, 4, 99)).transpose(2, 1, 0))
    (1, 64)
    """
    inside = max(abs(stride) for stride in array.strides[1:])
    return min(_INTERLEAVED, array.shape[0]) if 0 < abs(array.strides[0]) < inside else 1


@dataclass(frozen=True, slots=True, eq=False)
class ArraySlabs:
    """An array in memory (or a memmap) of shape (slices, rows, columns[, 3]); slabs are views of it.

    Examples
    --------
    >>> ArraySlabs(np.zeros((3, 4, 5))).read(1, 3).shape
    (2, 4, 5)
    """

    array: npt.NDArray[Any]

    @property
    def shape(self) -> tuple[int, ...]:
        """(slices, rows, columns[, 3])."""
        return self.array.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The array's own dtype."""
        return self.array.dtype

    @property
    def depth(self) -> int:
        """1, or more where slices lie interleaved in memory."""
        return slices_worth_a_read(self.array)

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return a view of the slices [start, stop)."""
        return self.array[start:stop]


@dataclass(frozen=True, slots=True, eq=False)
class _Reversed:
    """The slices of another source, last first."""

    slabs: Slabs

    @property
    def shape(self) -> tuple[int, ...]:
        return self.slabs.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.slabs.dtype

    @property
    def depth(self) -> int:
        return self.slabs.depth

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        count = self.slabs.shape[0]
        end = min(stop, count)  # past the end there is nothing, as in numpy
        return self.slabs.read(count - end, count - min(start, end))[::-1]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Volume:
    """Voxels on a grid: what `write` takes and `read` returns.

    Parameters
    ----------
    slabs : Slabs
        The voxels, shape (slices, rows, columns) or (slices, rows, columns, 3).
    grid : Grid
        Where they are, LPS mm; its shape is that of one channel of the voxels.
    slope, intercept : float
        What an integer of the source means: real = slope · integer + intercept (NIfTI's scl_slope, scl_inter).
        1 and 0 where the numbers mean themselves.
    tags : Tags, optional
        The attributes, if the volume was read from a DICOM series.

    Raises
    ------
    GeometryError
        If the grid does not fit the voxels.

    Examples
    --------
    >>> volume = Volume(slabs=ArraySlabs(np.ones((3, 4, 5))), grid=Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 2)))
    >>> volume.array.shape, volume.samples
    ((3, 4, 5), 1)
    """

    slabs: Slabs
    grid: Grid
    slope: float = 1.0
    intercept: float = 0.0
    tags: Tags | None = None

    def __post_init__(self) -> None:
        shape = tuple(self.slabs.shape)
        if shape[:3] != self.grid.shape or shape[3:] not in {(), (3,)}:
            raise GeometryError(
                code="grid-does-not-fit",
                where="grid",
                given=f"voxels {shape}, grid {self.grid.shape}",
                expected="a grid of (slices, rows, columns) equal to the array's, and 3 colours at most",
                remedy="Name the axes with axes= (e.g. 'xyz' for nibabel's order), or pass the grid of this array.",
            )

    @property
    def samples(self) -> int:
        """Samples per pixel: 1, or 3 for colour."""
        return 3 if len(self.slabs.shape) == 4 else 1

    @property
    def is_scaled(self) -> bool:
        """Whether the integers of the source mean something else than themselves."""
        return (self.slope, self.intercept) != (1.0, 0.0)

    @property
    def array(self) -> npt.NDArray[Any]:
        """All voxels in memory, shape (slices, rows, columns[, 3]), as the source holds them (before slope)."""
        return np.asarray(self.slabs.read(0, self.slabs.shape[0]))

    def along_normal(self) -> Self:
        """Return the same voxels with the slices along the normal, every value on its point in space.

        Examples
        --------
        >>> grid = Grid.from_affine((2, 1, 1), [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, -3, 0]], space="LPS")
        >>> volume = Volume(slabs=ArraySlabs(np.array([[[7]], [[8]]])), grid=grid).along_normal()
        >>> volume.array.ravel().tolist(), volume.grid.origin_lps
        ([8, 7], (0.0, 0.0, -3.0))
        """
        grid, reverse = self.grid.along_normal()
        return replace(self, grid=grid, slabs=_Reversed(self.slabs)) if reverse else self
