"""Which voxels of a mask are inside."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import ValuesError
from dicomseries.lazy_dataclass import dataclass

__all__ = ["MaskValues"]

Numbers = npt.NDArray[Any]

_MOST_SHOWN = 4
_WHOLE = 1e-3
"""Departure of a scaled number from a whole one that is rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskValues:
    """Which voxels of a mask are inside.

    Parameters
    ----------
    threshold : float, optional
        Least real value inside. If not given, 0 is outside, and one other whole number inside.
    is_fractional : bool
        Whether the values are parts or probabilities from 0 to 1, which stay as they are.
    """

    threshold: float | None = None
    is_fractional: bool = False

    def dtype(self, dtypes: list[np.dtype[Any]]) -> np.dtype[Any]:
        """Return the type of the converted voxels of masks of some types."""
        if not self.is_fractional:
            return np.dtype(np.uint8)
        floats = [dtype for dtype in dtypes if dtype.kind == "f"]
        return np.result_type(np.float32, *floats)

    def converted(
        self, slab: Numbers, inside: float | None, where: str
    ) -> tuple[Numbers, float | None]:
        """Return voxels as 0 and 1, or 0 to 1, and the value inside.

        Parameters
        ----------
        slab : ndarray
            Real values.
        inside : float or None
            The value inside in other slabs of the mask.
        where : str
            The mask, for errors.

        Raises
        ------
        ValuesError
            If a value is not finite, there are several values inside, or a part is not from 0 to 1.

        Examples
        --------
        >>> MaskValues().converted(np.array([0, 255]), None, "mask")
        (array([0, 1], dtype=uint8), 255.0)
        >>> MaskValues(threshold=0.5).converted(np.array([0.2, 0.5]), None, "mask")
        (array([0, 1], dtype=uint8), None)
        """
        if slab.dtype == np.bool_:
            return slab.view(np.uint8), 1.0
        if slab.dtype.kind == "f":
            _check_finite(slab, where)
        if self.threshold is not None:
            return (slab >= self.threshold).view(np.uint8), None
        if self.is_fractional and slab.dtype.kind == "f":
            _check_parts(slab, where)
            return slab, None
        if not slab.size:
            return np.zeros(slab.shape, np.uint8), inside
        return _binary(slab, inside, where)


def _binary(slab: Numbers, inside: float | None, where: str) -> tuple[Numbers, float | None]:
    high = slab.max().item()
    is_unsigned = slab.dtype.kind == "u"
    if high == 0 and is_unsigned:
        return slab.astype(np.uint8, copy=False), inside
    if high == 0 and slab.min() == 0:
        return np.zeros(slab.shape, np.uint8), inside
    is_inside = slab != 0
    if is_unsigned and high == 1 and inside in {None, 1.0}:  # no other value is possible
        return is_inside.view(np.uint8), 1.0
    value = float(high) if inside is None else inside
    is_value = slab == high
    is_whole = abs(value - round(value)) <= _WHOLE
    if high != value or high < 0 or not is_whole or not np.array_equal(is_inside, is_value):
        raise _not_binary(slab, inside, where)
    return is_inside.view(np.uint8), value


def _check_finite(slab: Numbers, where: str) -> None:
    if np.isfinite(slab).all():
        return
    raise ValuesError(
        code="mask-not-finite",
        where=where,
        given="NaN or infinity",
        expected="a finite number in every voxel",
        remedy="Replace them first, e.g. numpy.nan_to_num(mask) for 0.",
    )


def _check_parts(slab: Numbers, where: str) -> None:
    if not slab.size or (slab.min() >= 0 and slab.max() <= 1):
        return
    raise ValuesError(
        code="fraction-outside",
        where=where,
        given=f"values from {slab.min():g} to {slab.max():g}",
        expected="parts or probabilities from 0 to 1, for a fractional Segmentation",
        remedy="Divide the values by their maximum, or take the sigmoid of logits first.",
    )


def _not_binary(slab: Numbers, inside: float | None, where: str) -> ValuesError:
    values = {*np.unique(slab).tolist(), *([] if inside is None else [inside])}
    shown = ", ".join(f"{value:g}" for value in sorted(values)[:_MOST_SHOWN])
    more = " …" if len(values) > _MOST_SHOWN else ""
    remedy = (
        "Of a label map take one mask for each label, labels == 1, or write it by itself; of "
        "probabilities scaled to whole numbers pass `threshold=`, such as `threshold=128`."
    )
    if slab.dtype.kind == "f":
        remedy = (
            "Pass `threshold=0.5` for voxels of at least that value, or "
            "`segmentation_type='fractional'` to keep values from 0 to 1."
        )
    return ValuesError(
        code="mask-not-binary",
        where=where,
        given=f"the values {shown}{more}",
        expected="a mask: 0 outside, and one whole number inside (1 or 255)",
        remedy=remedy,
    )
