"""Value of voxels that a volume does not have, and a dtype for it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dicomseries import reading
from dicomseries.errors import OptionError
from dicomseries.sources import Volume

__all__ = ["OF_SEGMENTS", "fill_value"]

OF_SEGMENTS = frozenset({"labels", "masks", "fractions"})
"""Meanings of voxels of a segmentation, whose background is 0."""


def fill_value(
    volume: Volume,
    fill: float | None,
    dtype: np.dtype[Any],
    *,
    voxels: reading.VoxelMeaning,
    is_real: bool,
    is_needed: bool,
    name: str,
) -> tuple[float, np.dtype[Any]]:
    """Return the value of voxels outside of a volume, and a dtype for it.

    Parameters
    ----------
    volume : Volume
        That was read, with its tags.
    fill : float or None
        Value of the user; None for background, NaN or padding.
    dtype : dtype
        Of the other voxels.
    voxels : {"values", "labels", "masks", "fractions"}
        Meaning of the voxels.
    is_real : bool
        Whether they are real values.
    is_needed : bool
        Whether there are such voxels.
    name : str
        Of the grid, for messages.

    Raises
    ------
    OptionError
        If whole numbers have no padding value and the user gives none.
    """
    if fill is not None:
        return fill, _dtype_for(dtype, fill)
    if voxels in OF_SEGMENTS or not is_needed:
        return 0, dtype
    if dtype.kind == "f":
        return math.nan, dtype
    padding = _padding(volume, is_real=is_real)
    if padding is None:
        raise OptionError(
            code="fill-missing",
            where="fill",
            given=f"voxels of {name} that the series does not have, and whole "
            "numbers without a PixelPaddingValue",
            expected="the value for these voxels",
            remedy="Pass it, such as `fill=-1024` for the air around a CT, or `fill=nan` for "
            "floats with NaN.",
        )
    return padding, _dtype_for(dtype, padding)


def _padding(volume: Volume, *, is_real: bool) -> float | None:
    """Return PixelPaddingValue in the numbers of the volume; None if it has none."""
    tags = volume.tags
    assert isinstance(tags, reading.SeriesTags)  # noqa: S101 - it was read
    padding = tags.shared.get("PixelPaddingValue")
    if not isinstance(padding, (int, float)):
        return None
    if not is_real:
        return padding
    slope, intercept = tags.shared.get("RescaleSlope"), tags.shared.get("RescaleIntercept")
    if slope is None and intercept is None and "RescaleSlope" not in tags:
        return padding
    if not isinstance(slope, (int, float)) or not isinstance(intercept, (int, float)):
        return None
    return padding * slope + intercept


def _dtype_for(dtype: np.dtype[Any], fill: float) -> np.dtype[Any]:
    """Return a dtype for the numbers of another one, and a fill value."""
    if dtype.kind == "f":
        return dtype
    if float(fill).is_integer():
        limits = np.iinfo(dtype)
        if limits.min <= fill <= limits.max:
            return dtype
        return np.result_type(dtype, np.min_scalar_type(int(fill)))
    return np.dtype(np.float32 if dtype.itemsize <= 2 else np.float64)
