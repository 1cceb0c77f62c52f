"""`Stored`: the stored values of one slab."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import ValuesError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.values.value_map import ValueMap

__all__ = ["BLOCK", "Stored", "source_changed", "target_dtype"]

BLOCK = 1 << 17
"""Voxels quantised at a time.

With fewer, two threads spend a seventh more on the interpreter lock; with more, float64 blocks no
longer stay in the cache of a core.
"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stored:
    """Stored values of one slab.

    Parameters
    ----------
    array : array, the shape of the slab
        Stored values, little-endian, C-contiguous; a view of the source if nothing changed.
    error : float
        Largest |restored - real| in this slab (unit of the values); for exact forms and floats the
        map's bound.
    clipped, replaced : int
        Voxels moved into `clip`, and NaN or infinite voxels replaced.

    Examples
    --------
    >>> Stored(array=np.zeros((1, 2, 3), np.int16), error=0.0).clipped
    0
    """

    array: npt.NDArray[Any]
    error: float
    clipped: int = 0
    replaced: int = 0


def source_changed(*, given: str, expected: str) -> ValuesError:
    """Return the error of values that contradict the statistics.

    Examples
    --------
    >>> source_changed(given="NaN", expected="finite values").code
    'source-changed'
    """
    return ValuesError(
        code="source-changed",
        where="source",
        given=given,
        expected=expected,
        remedy="Keep the source unchanged while it is written: the first pass read other values.",
    )


def target_dtype(value_map: ValueMap) -> np.dtype[Any]:
    """Return the little-endian dtype of the stored values (PS3.5 7.3).

    Examples
    --------
    >>> identity = ValueMap(
    ...     dtype="int16", slope="1", intercept="0", max_error=0.0, policy="Exact()"
    ... )
    >>> target_dtype(identity).itemsize
    2
    """
    return np.dtype(value_map.dtype).newbyteorder("<")
