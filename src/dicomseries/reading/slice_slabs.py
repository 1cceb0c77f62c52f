"""Instances → slabs of stored or real values, read when they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from dicomseries.reading.parse.instance import Instance, holding_only
from dicomseries.reading.pixels.native_pixels import (
    FORMAT,
    is_plain,
    read_into,
    read_like,
    stored_dtype,
    stored_values,
)
from dicomseries.reading.pixels.rescale_of_frames import RESCALE, rescales_of_files
from dicomseries.standard.attribute import tag_of

__all__ = ["TO_READ", "SeriesSlabs", "read_stored"]

TO_READ = (
    FORMAT
    | RESCALE
    | set(map(tag_of, ("SOPInstanceUID", "ExtendedOffsetTable", "ExtendedOffsetTableLengths")))
)
"""Tags of all that is asked of an instance when its pixels are read."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeriesSlabs:
    """The voxels of a series, shape (slices, rows, columns) or (slices, rows, columns, 3).

    Parameters
    ----------
    instances : tuple of Instance
        In the order of the slices; at least one.
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

    def pick(self, frames: Sequence[int]) -> Self:
        """Return some of the slices, at least one, in the order given."""
        return replace(
            self, instances=holding_only([self.instances[index] for index in frames], TO_READ)
        )

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return the slices [start, stop) in a new array.

        Raises
        ------
        ReadError, MissingPackageError
            As `read_stored`.
        """
        array = np.empty((len(self.instances[start:stop]), *self.shape[1:]), self.dtype)
        self.fill(array, start)
        return array

    def fill(self, array: npt.NDArray[Any], start: int) -> None:
        """Read the slices from `start` on into a C-contiguous `array` of their shape and of `dtype`.

        Raises
        ------
        ReadError, MissingPackageError
            As `read_stored`.
        """
        chosen = self.instances[start : start + len(array)]
        rescales = rescales_of_files(chosen) if self.is_real else [(1.0, 0.0)] * len(chosen)
        like = self.instances[0] if _reads_into(self.instances[0], array) else None
        view = array.reshape(-1).view(np.uint8).data
        size = array[:1].nbytes
        for index, (instance, rescale) in enumerate(zip(chosen, rescales, strict=True)):
            if rescale != (1.0, 0.0):
                _rescale(instance, array[index], *rescale)
            elif like is None or not read_like(instance, view[index * size :][:size], like):
                _copy(instance, array[index])


def read_stored(instance: Instance, *, like: Instance | None = None) -> npt.NDArray[Any]:
    """Return the stored values of a file of one frame, in the dtype of the file.

    Bits above BitsStored are replaced by the sign (PS3.5 section 8.1.1: they may hold anything).

    Parameters
    ----------
    instance : Instance
        File with one frame.
    like : Instance, optional
        Another file of the same series; saves time if both have the same pixel format.

    Returns
    -------
    ndarray, shape (rows, columns) or (rows, columns, 3)
        Stored values.

    Raises
    ------
    ReadError
        If there are no pixels of one frame, or too few bytes of them.
    MissingPackageError
        If the pixels are compressed and no decoder for them is installed.

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> read_stored(read_instance(get_testdata_file("CT_small.dcm"))).dtype.name
    'int16'
    """
    form = None if like is None else _plain_form(like)
    if like is not None and form is not None:
        array = np.empty(*form)
        if read_like(instance, array.reshape(-1).view(np.uint8).data, like):
            return array
    return stored_values(instance)


@lru_cache(maxsize=8)
def _plain_form(instance: Instance) -> tuple[tuple[int, ...], np.dtype[Any]] | None:
    """Return shape and dtype of pixels that lie in the file as in memory; None for all others."""
    if (
        instance.pixels is None
        or instance.frames != 1
        or instance.samples not in {1, 3}
        or not is_plain(instance)
    ):
        return None
    dtype = stored_dtype(instance)
    shape = (instance.rows, instance.columns, *([3] if instance.samples == 3 else []))
    if not instance.rows * instance.columns or not _reads_into(
        instance, np.empty((1, *shape), dtype)
    ):
        return None
    return shape, dtype


def _copy(instance: Instance, target: npt.NDArray[Any]) -> None:
    if _reads_into(instance, target[np.newaxis]):
        read_into(instance, target)
    else:
        target[...] = stored_values(instance)


def _rescale(instance: Instance, target: npt.NDArray[Any], slope: float, intercept: float) -> None:
    if target.dtype.kind == "f":
        np.multiply(stored_values(instance), slope, out=target)
        target += intercept
    else:
        np.multiply(
            stored_values(instance), int(slope), out=target, dtype=target.dtype, casting="unsafe"
        )
        target += int(intercept)


def _reads_into(instance: Instance, slices: npt.NDArray[Any]) -> bool:
    """Return whether the file holds a slice of the array (slices, rows, columns[, 3]) as it is in memory."""
    return (
        is_plain(instance)
        and stored_dtype(instance) == slices.dtype
        and instance.number("BitsStored", slices.dtype.itemsize * 8) == slices.dtype.itemsize * 8
        and (instance.rows, instance.columns) == slices.shape[1:3]
    )
