"""Rows of a frame that are not empty."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["used_rows"]


def used_rows(frame: npt.NDArray[Any]) -> slice | None:
    """Return the rows from the first to the last that is not 0.

    Whole numbers are compared eight bytes at a time.

    Parameters
    ----------
    frame : ndarray, shape (rows, columns)
        Of any type.

    Returns
    -------
    slice or None
        None if the whole frame is 0.

    Examples
    --------
    >>> used_rows(np.array([[0, 0], [0, 1], [1, 0], [0, 0]])), used_rows(np.zeros((1, 2)))
    (slice(1, 3, None), None)
    """
    words_in_row, rest = divmod(frame.shape[1] * frame.dtype.itemsize, 8)
    if frame.dtype.kind in "bui" and frame.flags.c_contiguous and words_in_row and not rest:
        places = np.flatnonzero(frame.view(np.uint64) != 0) // words_in_row
    else:
        places = np.flatnonzero(frame.any(axis=1))
    if not len(places):
        return None
    return slice(int(places[0]), int(places[-1]) + 1)
