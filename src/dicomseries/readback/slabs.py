"""Instances → slabs of stored or real values, read when they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import ReadError
from dicomseries.readback.instance import Instance
from dicomseries.readback.pixels import is_plain, read_into, stored_dtype

__all__ = ["SeriesSlabs", "real_dtype", "rescale_of"]


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
        for target, instance in zip(array, chosen, strict=True):
            self._read_slice(instance, target)
        return array

    def _read_slice(self, instance: Instance, target: npt.NDArray[Any]) -> None:
        slope, intercept = rescale_of(instance) if self.is_real else (1.0, 0.0)
        if (slope, intercept) == (1.0, 0.0):
            if _reads_into(instance, target):
                read_into(instance, target)
            else:
                target[...] = instance.stored()
        elif target.dtype.kind == "f":
            np.multiply(instance.stored(), slope, out=target)
            target += intercept
        else:
            np.multiply(instance.stored(), int(slope), out=target, dtype=target.dtype, casting="unsafe")
            target += int(intercept)


def _reads_into(instance: Instance, target: npt.NDArray[Any]) -> bool:
    return (
        is_plain(instance)
        and stored_dtype(instance) == target.dtype
        and instance.number("BitsStored", target.dtype.itemsize * 8) == target.dtype.itemsize * 8
        and (instance.rows, instance.columns) == target.shape[:2]
    )


def rescale_of(instance: Instance) -> tuple[float, float]:
    """Return slope and intercept (PS3.3 section C.11.1); 1 and 0 for colour, which has none.

    Raises
    ------
    ReadError
        If they are there but are no finite numbers, the slope is 0, or a lookup table stands in their place.
    """
    if instance.samples > 1:
        return 1.0, 0.0
    slopes, intercepts = instance.numbers("RescaleSlope"), instance.numbers("RescaleIntercept")
    has_text = instance.text("RescaleSlope") or instance.text("RescaleIntercept")
    usable = len(slopes) == len(intercepts) == 1 and bool(np.isfinite((*slopes, *intercepts)).all()) and slopes[0] != 0
    if (has_text and not usable) or instance.raw("ModalityLUTSequence"):
        given = "a ModalityLUTSequence" if not has_text else f"{instance.text('RescaleSlope')!r}"
        raise ReadError(
            code="rescale-unusable",
            where=instance.path,
            given=f"{given} (RescaleIntercept {instance.text('RescaleIntercept')!r})",
            expected="one finite RescaleSlope that is not 0, and one finite RescaleIntercept (PS3.3 section C.11.1)",
            remedy="Read the stored values with values='stored', and apply their meaning yourself.",
        )
    return (slopes[0], intercepts[0]) if has_text else (1.0, 0.0)


def real_dtype(instances: tuple[Instance, ...]) -> np.dtype[Any]:
    """Return the dtype that holds all real values: integers if every slope and intercept is whole, else float64.

    Of the integers, the smallest that holds what BitsStored can say, and at least the stored one.
    """
    stored = stored_dtype(instances[0])
    rescales = {rescale_of(instance) for instance in instances}
    if rescales == {(1.0, 0.0)}:
        return stored
    if not all(slope.is_integer() and intercept.is_integer() for slope, intercept in rescales):
        return np.dtype(np.float64)
    bits = max(instance.number("BitsStored", stored.itemsize * 8) for instance in instances)
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if stored.kind == "i" else (0, (1 << bits) - 1)
    ends = [int(slope) * end + int(intercept) for slope, intercept in rescales for end in (low, high)]
    for name in (stored.name, "uint8", "int16", "uint16", "int32", "uint32", "int64"):
        info = np.iinfo(name)
        if np.dtype(name).itemsize >= stored.itemsize and info.min <= min(ends) and max(ends) <= info.max:
            return np.dtype(name)
    return np.dtype(np.float64)
