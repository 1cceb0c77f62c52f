"""Stored values beside what was asked for: the largest error, as a reader of the file would meet it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["largest_error"]

_BLOCK = 1 << 15
"""Elements compared at once: a float64 block of 256 KiB stays in a level-2 cache, beside what it is compared with."""
_INT64_SAFE = 1 << 62

Array = npt.NDArray[Any]


def largest_error(
    stored: Array,
    slope: float,
    intercept: float,
    asked: Array,
    *,
    nan: float | None = None,
    clip: tuple[float, float] | None = None,
    source_slope: float = 1.0,
    source_intercept: float = 0.0,
) -> float:
    """Return the largest ``abs(slope * stored + intercept - real)``, *real* being what was asked for.

    Parameters
    ----------
    stored : ndarray
        Stored values of one slab, any shape.
    slope, intercept : float
        As parsed from RescaleSlope and RescaleIntercept.
    asked : ndarray
        What was to be written, of the same shape; any real dtype, byte order and strides.
    nan : float, optional
        Real value that stands for voxels that are not finite; without it such a voxel is an infinite error.
    clip : (float, float), optional
        Real range that finite values were to be clipped to.
    source_slope, source_intercept : float
        What `asked` means: real = source_slope · asked + source_intercept.

    Returns
    -------
    float
        In real units; 0.0 means every voxel is right to the bit, ``inf`` that shapes differ or a voxel is lost.

    Notes
    -----
    PS3.3 section C.11.1. Integers are compared as integers where slope and intercept are whole; else in float64, in
    which readers compute.

    Examples
    --------
    >>> largest_error(np.array([1, 2], "int16"), 0.5, 0.0, np.array([0.5, 1.25]))
    0.25
    """
    if stored.shape != asked.shape:
        return math.inf
    rescale = (float(slope), float(intercept))
    source = (float(source_slope), float(source_intercept))
    if _are_integers(stored, asked) and clip is None and rescale == source and _are_equal(stored, asked):
        return 0.0
    is_whole = _are_integers(stored, asked) and clip is None and source == (1.0, 0.0)
    worst = 0.0
    for ours, theirs in _blocks(stored, asked):
        error = _whole_error(ours, rescale, theirs) if is_whole else None
        worst = max(worst, _block_error(ours, rescale, theirs, source, nan=nan, clip=clip) if error is None else error)
        if worst == math.inf:
            break
    return worst


def _are_integers(*arrays: Array) -> bool:
    return all(array.dtype.kind in "iub" for array in arrays)


def _are_equal(stored: Array, asked: Array) -> bool:
    """Return whether all integers are equal; eight bytes at once where both lie alike in memory."""
    if (
        stored.dtype == asked.dtype
        and stored.flags.c_contiguous
        and asked.flags.c_contiguous
        and stored.nbytes % 8 == 0
    ):
        stored, asked = stored.reshape(-1).view(np.uint64), asked.reshape(-1).view(np.uint64)
    return np.array_equal(stored, asked)


def _whole_error(stored: Array, rescale: tuple[float, float], asked: Array) -> float | None:
    """Return the error of integers under a whole slope and intercept, exactly; None where int64 cannot hold it."""
    if not all(value.is_integer() for value in rescale) or not asked.size:
        return None
    slope, intercept = map(int, rescale)
    lowest, highest = int(asked.min()), int(asked.max())
    reach = abs(slope) * max(abs(int(stored.min())), abs(int(stored.max()))) + abs(intercept)
    if max(-lowest, highest, reach) >= _INT64_SAFE:
        return None
    difference = np.multiply(stored, slope, dtype=np.int64)
    difference += intercept
    difference -= asked.astype(np.int64, copy=False)
    return float(max(int(difference.max()), -int(difference.min())))


def _blocks(stored: Array, asked: Array) -> Iterator[tuple[Array, Array]]:
    """Yield parts of both that fit the cache, as views."""
    if stored.ndim == 0 or stored.size <= _BLOCK:
        if stored.size:
            yield stored, asked
        return
    step = max(1, _BLOCK * stored.shape[0] // stored.size)
    for start in range(0, stored.shape[0], step):
        ours, theirs = stored[start : start + step], asked[start : start + step]
        if step == 1 and ours.size > _BLOCK:
            yield from _blocks(ours[0], theirs[0])
        else:
            yield ours, theirs


def _block_error(
    stored: Array,
    rescale: tuple[float, float],
    asked: Array,
    source: tuple[float, float],
    *,
    nan: float | None,
    clip: tuple[float, float] | None,
) -> float:
    wanted: Array = asked
    if source != (1.0, 0.0) or clip is not None:
        wanted = np.multiply(asked, source[0], dtype=np.float64)
        wanted += source[1]
    if clip is not None:
        finite = np.isfinite(asked)
        np.clip(wanted, *clip, out=wanted, where=finite)
    difference = _restored(stored, rescale)
    np.subtract(difference, wanted, out=difference, dtype=np.float64)
    worst = max(float(difference.max()), -float(difference.min()))
    if math.isfinite(worst):
        return worst
    return _lossy_error(_restored(stored, rescale), wanted, difference, nan)


def _restored(stored: Array, rescale: tuple[float, float]) -> Array:
    """Return what a reader makes of stored values, in float64: two roundings."""
    real: Array = np.multiply(stored, rescale[0], dtype=np.float64)
    real += rescale[1]
    return real


def _lossy_error(real: Array, wanted: Array, difference: Array, nan: float | None) -> float:
    """Return the error of a block with voxels that are not finite."""
    lost = ~np.isfinite(wanted)
    if nan is None or not lost.any():
        return math.inf
    difference[lost] = real[lost] - nan
    worst = float(np.abs(difference).max())
    return worst if math.isfinite(worst) else math.inf
