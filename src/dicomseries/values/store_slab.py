"""`store`: a slab of the source → what goes into the files, whatever the map."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.values.lossless import store_floats
from dicomseries.values.promised_range import refuse_outside
from dicomseries.values.quantise_integers import store_exact
from dicomseries.values.quantise_reals import store_real
from dicomseries.values.stored_slab import Stored, target_dtype
from dicomseries.values.value_map import ValueMap

__all__ = ["store"]


def store(slab: npt.NDArray[Any], value_map: ValueMap, *, first: int | None = None) -> Stored:
    """Return the stored values of a slab, with the error that was reached.

    Parameters
    ----------
    slab : array, any shape, byte order and strides; may be read-only
        Values of the source (before slope); the first axis is that of the frames where the map has `slopes`.
    value_map : ValueMap
        From `plan_values` on the statistics of the whole source.
    first : int, optional
        Index of the slab's first frame in the source; a map with `slopes` needs it unless the slab is the whole.

    Returns
    -------
    Stored
        Little-endian, C-contiguous; no copy where dtype and layout already are right.

    Raises
    ------
    ValuesError
        Code "source-changed": a value is not what the statistics promised; "outside-value-range" or "not-finite": not
        what the user has promised.
    ValueError
        If the map has `slopes` and `first` is missing.

    Examples
    --------
    >>> values = ValueMap(dtype="int16", slope="0.001", intercept="0", max_error=0.0005, policy="Digits(3)")
    >>> store(np.array([[[1.25, -0.5]]], np.float32), values).array.tolist()
    [[[1250, -500]]]
    """
    refuse_outside(slab, value_map)
    if value_map.slopes is not None:
        return _store_each(slab, value_map, first, len(value_map.slopes))
    if value_map.is_float:
        return store_floats(slab, value_map)
    if value_map.offset is not None:
        return store_exact(slab, value_map, value_map.offset)
    return store_real(slab, value_map)


def _store_each(
    slab: npt.NDArray[Any], value_map: ValueMap, first: int | None, frames: int
) -> Stored:
    """Store each frame with its own slope."""
    if first is None:
        if len(slab) != frames:
            message = f"a slab of {len(slab)} of {frames} frames needs first= : each frame has a slope of its own"
            raise ValueError(message)
        first = 0
    out = np.empty(slab.shape, dtype=target_dtype(value_map))
    error, clipped, replaced = 0.0, 0, 0
    for index, frame in enumerate(slab):
        own = store_real(frame, value_map.at(first + index))
        out[index] = own.array
        error, clipped, replaced = (
            max(error, own.error),
            clipped + own.clipped,
            replaced + own.replaced,
        )
    return Stored(array=out, error=error, clipped=clipped, replaced=replaced)
