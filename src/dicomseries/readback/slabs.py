"""Instances → slabs of stored or real values, read when they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.readback.instance import Instance
from dicomseries.readback.pixels import is_plain, read_into, read_like, stored_dtype
from dicomseries.readback.rescales import rescales_of_files

__all__ = ["SeriesSlabs"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeriesSlabs:
    """The voxels of a series, shape (slices, rows, columns) or (slices, rows, columns, 3).

    Parameters
    ----------
    instances : tuple of Instance
        In the order of the slices.
    dtype : dtype
        Of the result.
    is_real : bool
        Whether each slice's slope and intercept are applied.
    """

    instances: tuple[Instance, ...]
    dtype: np.dtype[Any]
    is_real: bool

    @property
    def shape(self) -> tuple[int, ...]:
        """(slices, rows, columns[, 3])."""
        first = self.instances[0]
        colours = (3,) if first.samples == 3 else ()
        return (len(self.instances), first.rows, first.columns, *colours)

    @property
    def depth(self) -> int:
        """1: each slice is a file."""
        return 1

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return the slices [start, stop) in a new array.

        Raises
        ------
        ReadError, MissingPackageError
            As `Instance.stored`.
        """
        chosen = self.instances[start:stop]
        array = np.empty((len(chosen), *self.shape[1:]), self.dtype)
        rescales = rescales_of_files(chosen) if self.is_real else [(1.0, 0.0)] * len(chosen)
        like = self.instances[0] if _reads_into(self.instances[0], array) else None
        for target, instance, rescale in zip(array, chosen, rescales, strict=True):
            if rescale != (1.0, 0.0):
                _rescale(instance, target, *rescale)
            elif like is None or not read_like(instance, target, like):
                _copy(instance, target)
        return array


def _copy(instance: Instance, target: npt.NDArray[Any]) -> None:
    if _reads_into(instance, target[np.newaxis]):
        read_into(instance, target)
    else:
        target[...] = instance.stored()


def _rescale(instance: Instance, target: npt.NDArray[Any], slope: float, intercept: float) -> None:
    if target.dtype.kind == "f":
        np.multiply(instance.stored(), slope, out=target)
        target += intercept
    else:
        np.multiply(instance.stored(), int(slope), out=target, dtype=target.dtype, casting="unsafe")
        target += int(intercept)


def _reads_into(instance: Instance, slices: npt.NDArray[Any]) -> bool:
    """Return whether the file holds a slice of the array (slices, rows, columns[, 3]) as it is in memory."""
    return (
        is_plain(instance)
        and stored_dtype(instance) == slices.dtype
        and instance.number("BitsStored", slices.dtype.itemsize * 8) == slices.dtype.itemsize * 8
        and (instance.rows, instance.columns) == slices.shape[1:3]
    )
