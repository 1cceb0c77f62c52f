"""A slab of the source → stored values."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from dicomseries.values.maps.lossless import store_floats
from dicomseries.values.maps.promised_range import reject_outside
from dicomseries.values.storing.quantise_integers import store_exact
from dicomseries.values.storing.quantise_reals import store_real
from dicomseries.values.storing.stored_slab import Stored
from dicomseries.values.value_map import ValueMap

__all__ = ["store"]


def store(slab: npt.NDArray[Any], value_map: ValueMap) -> Stored:
    """Return the stored values of a slab, with their error.

    Parameters
    ----------
    slab : array, any shape, byte order and strides; may be read-only
        Values of the source (before slope).
    value_map : ValueMap
        From `choose_value_map` on the statistics of the complete source. If each frame has its
        own slope, pass one frame with `ValueMap.at(frame)`.

    Returns
    -------
    Stored
        Little-endian, C-contiguous; no copy where dtype and layout fit already.

    Raises
    ------
    ValuesError
        Code "source-changed": a value contradicts the statistics; "outside-value-range" or
        "not-finite": a value contradicts the user's `value_range`.
    ValueError
        If the map has `slopes`.

    Examples
    --------
    >>> import numpy as np
    >>> thousandths = ValueMap(
    ...     dtype="int16", slope="0.001", intercept="0", max_error=0.0005, policy="Digits(3)"
    ... )
    >>> store(np.array([[[1.25, -0.5]]], np.float32), thousandths).array.tolist()
    [[[1250, -500]]]
    """
    if value_map.slopes is not None:
        message = "each frame has its own slope: store one frame with ValueMap.at(frame)"
        raise ValueError(message)
    reject_outside(slab, value_map)
    if value_map.is_float:
        return store_floats(slab, value_map)
    if value_map.offset is not None:
        return store_exact(slab, value_map, value_map.offset)
    return store_real(slab, value_map)
