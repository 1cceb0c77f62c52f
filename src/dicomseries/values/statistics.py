"""Minimum, maximum and non-finite count of each slice."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import field
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.lazy_dataclass import dataclass
from dicomseries.values.preconditions import check_request

__all__ = ["SliceStatistics", "Statistics", "divisor_of", "shown_statistics", "slice_statistics"]

Number = int | float

_BLOCK = 1 << 18
"""Voxels reduced at a time.

Minimum and maximum cost one read of the memory, and each call is long enough that threads do not
wait for the interpreter lock between calls.
"""

_LARGEST_WHOLE = 65535
"""Largest integer of 16 bits."""

_SLICES_TOGETHER = 16
"""Slices copied at a time if they are not contiguous: neighbours often share cache lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceStatistics:
    """Statistics of one slice, before slope.

    Parameters
    ----------
    minimum, maximum : int, float or None
        Of the finite values: a Python int for integers (exact to uint64), a float for floats;
        None if there is none.
    nonfinite : int
        Number of NaN and infinite values.
    first_nonfinite : tuple of int, optional
        (row, column[, channel]) of the first of them.
    is_whole : bool
        Of floats: whether all finite values are integers of 16 bits.

    Raises
    ------
    ValueError
        If minimum and maximum contradict each other.

    Examples
    --------
    >>> SliceStatistics(minimum=-3, maximum=7).nonfinite
    0
    """

    minimum: Number | None
    maximum: Number | None
    nonfinite: int = 0
    first_nonfinite: tuple[int, ...] | None = None
    is_whole: bool = field(default=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        low, high = self.minimum, self.maximum
        is_pair = low is not None and high is not None and low <= high
        if not is_pair and (low is not None or high is not None):
            message = f"minimum {low} and maximum {high} contradict each other"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """Statistics of a source, slice by slice, before slope.

    Parameters
    ----------
    dtype : str
        Name of the source's dtype; the byte order is dropped.
    slices : tuple of SliceStatistics
        One per slice, in order.
    divisor : int, optional
        Greatest common divisor of all differences between integers (`divisor_of`), if needed.
    samples : int
        Samples per pixel: 1, or 3 for colour.
    promised : tuple of int or float, optional
        Least and greatest possible value of the source, if `slices` are only a part of it.
    padding : int, optional
        The number for "no value here", if the source has one.
    shown : tuple of SliceStatistics
        The same slices without their padding; empty without padding.

    Raises
    ------
    ValueError
        If there is no slice.

    Examples
    --------
    >>> array = np.array([[[1, 2]], [[-5, 0]]], np.int16)
    >>> statistics = Statistics(dtype="int16", slices=slice_statistics(array))
    >>> statistics.minimum, statistics.maximum, statistics.nonfinite
    (-5, 2, 0)
    """

    dtype: str
    slices: tuple[SliceStatistics, ...]
    divisor: int | None = None
    samples: int = 1
    promised: tuple[Number, Number] | None = None
    padding: int | None = None
    shown: tuple[SliceStatistics, ...] = ()

    def __post_init__(self) -> None:
        if not self.slices:
            message = "statistics need at least one slice"
            raise ValueError(message)
        object.__setattr__(self, "dtype", np.dtype(self.dtype).name)

    @property
    def minimum(self) -> Number | None:
        """Least finite or promised value; None without any."""
        if self.promised is not None:
            return self.promised[0]
        lows = [slice_.minimum for slice_ in self.slices if slice_.minimum is not None]
        return min(lows, default=None)

    @property
    def maximum(self) -> Number | None:
        """Greatest finite or promised value; None without any."""
        if self.promised is not None:
            return self.promised[1]
        highs = [slice_.maximum for slice_ in self.slices if slice_.maximum is not None]
        return max(highs, default=None)

    @property
    def shown_ends(self) -> tuple[Number, Number] | None:
        """Least and greatest finite value without padding; None without any."""
        if self.promised is not None:
            return self.promised
        lows, highs = [], []
        for slice_ in self.shown or self.slices:
            if slice_.minimum is not None and slice_.maximum is not None:
                lows.append(slice_.minimum)
                highs.append(slice_.maximum)
        if not lows:
            return None
        return min(lows), max(highs)

    @property
    def nonfinite(self) -> int:
        """Number of NaN and infinite values."""
        return sum(slice_.nonfinite for slice_ in self.slices)

    @property
    def first_nonfinite(self) -> tuple[int, ...] | None:
        """Index of the first NaN or infinity; None without any.

        (slice, row, column[, channel]).
        """
        for index, slice_ in enumerate(self.slices):
            if slice_.first_nonfinite is not None:
                return (index, *slice_.first_nonfinite)
        return None

    @property
    def is_whole(self) -> bool:
        """Whether all finite floats are known to be integers."""
        if self.promised is not None or self.minimum is None:
            return False
        return all(slice_.is_whole for slice_ in self.slices)

    @property
    def is_integer(self) -> bool:
        """Whether the source holds integers or booleans."""
        return np.dtype(self.dtype).kind in "biu"


def slice_statistics(slab: npt.NDArray[Any]) -> tuple[SliceStatistics, ...]:
    """Return the statistics of each slice; reads the slab once.

    Parameters
    ----------
    slab : array, shape (slices, rows, columns) or (slices, rows, columns, 3)
        Bool, integer or float of any byte order and strides; it may be read-only.

    Returns
    -------
    tuple of SliceStatistics
        One per slice, in order.

    Raises
    ------
    ValuesError
        If the dtype is complex, long double, text or object.

    Examples
    --------
    >>> slice_statistics(np.array([[[1.5, np.nan, -2.0]]]))
    (SliceStatistics(minimum=-2.0, maximum=1.5, nonfinite=1, first_nonfinite=(0, 1)),)
    """
    check_request(None, slab.dtype)
    statistics: list[SliceStatistics] = []
    for slices in _contiguous_slices(slab):
        statistics += _of_slices(slices)
    return tuple(statistics)


def shown_statistics(slab: npt.NDArray[Any], padding: int) -> tuple[SliceStatistics, ...]:
    """Return the ends of each slice of integers without padding.

    Parameters
    ----------
    slab : array of integers, shape (slices, rows, columns)
        Of any byte order and strides.
    padding : int
        The number for "no value here".

    Examples
    --------
    >>> (slice_,) = shown_statistics(np.array([[[-2000, 3, 7]]], np.int16), -2000)
    >>> slice_.minimum, slice_.maximum
    (3, 7)
    """
    statistics = []
    for slice_ in slab:
        values = slice_[slice_ != padding]
        low, high = (int(values.min()), int(values.max())) if values.size else (None, None)
        statistics.append(SliceStatistics(minimum=low, maximum=high))
    return tuple(statistics)


def divisor_of(slab: npt.NDArray[Any], reference: int) -> int:
    """Return the common divisor of all differences from `reference`.

    0 if there is no difference.

    Parameters
    ----------
    slab : array of integers, any shape, byte order and strides
        Voxels of the source (before slope).
    reference : int
        A value of the source, the same for all slabs (its minimum); combine slabs with
        `math.gcd`.

    Raises
    ------
    TypeError
        If the slab holds no integers.

    Examples
    --------
    >>> divisor_of(np.array([-100_000, 0, 300_000]), -100_000)
    100000
    """
    if slab.dtype.kind not in "biu":
        message = f"divisor_of takes integers, not {slab.dtype.name}"
        raise TypeError(message)
    divisor = 0
    flat = np.ascontiguousarray(slab).reshape(-1)
    for start in range(0, flat.size, _BLOCK):
        differences = _distances(flat[start : start + _BLOCK], reference)
        # Euclid for each voxel is slow; mostly the divisor so far already divides the block
        if divisor == 0 or np.any(differences % np.uint64(divisor)):
            divisor = math.gcd(divisor, int(np.gcd.reduce(differences)))
        if divisor == 1:
            break
    return divisor


def _distances(block: npt.NDArray[Any], reference: int) -> npt.NDArray[np.uint64]:
    """Return |value - reference| as uint64.

    It is right for any pair of 64-bit integers.
    """
    # differences modulo 2^64 are the true differences, as none reaches 2^64
    wrapped = block.astype(np.uint64)
    base = np.uint64(reference % 2**64)
    with np.errstate(over="ignore"):
        return np.where(block >= reference, wrapped - base, base - wrapped)


def _contiguous_slices(slab: npt.NDArray[Any]) -> Iterator[npt.NDArray[Any]]:
    """Yield a few contiguous slices in native byte order.

    Copies stay in the cache.
    """
    size = max(slab[0].size, 1)
    is_ready = slab[0].flags.c_contiguous and slab.dtype.isnative
    together = max(_BLOCK // size, 1 if is_ready else _SLICES_TOGETHER)
    native = slab.dtype.newbyteorder("=")
    for start in range(0, len(slab), together):
        yield np.ascontiguousarray(slab[start : start + together], dtype=native)


def _of_slices(slices: npt.NDArray[Any]) -> Iterator[SliceStatistics]:
    """Yield the statistics of each slice.

    Small slices are reduced together, large ones block by block.
    """
    rows = slices.reshape(len(slices), -1)
    if rows.size <= _BLOCK:
        lows, highs = _ends(rows)
    else:
        lows, highs = _ends(rows[:, :_BLOCK])
        for start in range(_BLOCK, rows.shape[1], _BLOCK):
            block_lows, block_highs = _ends(rows[:, start : start + _BLOCK])
            lows, highs = np.minimum(lows, block_lows), np.maximum(highs, block_highs)
    if slices.dtype == np.bool_:
        lows, highs = lows.astype(np.uint8), highs.astype(np.uint8)
    # NaN and infinity show in minimum or maximum, so finite ends prove a finite slice
    finite = np.isfinite(lows) & np.isfinite(highs)
    ends = zip(slices, lows.tolist(), highs.tolist(), finite.tolist(), strict=True)
    if slices.dtype.kind != "f":
        for _, low, high, _ in ends:
            yield SliceStatistics(minimum=low, maximum=high)
        return
    for slice_, low, high, is_finite in ends:
        if is_finite:
            is_whole = _are_whole(slice_.reshape(-1), low, high)
            yield SliceStatistics(minimum=low, maximum=high, is_whole=is_whole)
        else:
            yield _of_slice_with_nonfinite(slice_)


def _are_whole(values: npt.NDArray[Any], low: float, high: float) -> bool:
    """Return whether floats are integers of 16 bits.

    Mostly their ends or their first block decide.
    """
    if not (low.is_integer() and high.is_integer()):
        return False
    if low < -_LARGEST_WHOLE or high > _LARGEST_WHOLE:
        return False
    for start in range(0, values.size, _BLOCK):
        block = values[start : start + _BLOCK]
        if not (np.rint(block) == block).all():
            return False
    return True


def _ends(block: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return the least and greatest value of each row."""
    # numpy compares float16 in software, float32 in the vector unit
    values = block.astype(np.float32) if block.dtype == np.float16 else block
    return values.min(axis=1), values.max(axis=1)


def _of_slice_with_nonfinite(slice_: npt.NDArray[Any]) -> SliceStatistics:
    finite = np.isfinite(slice_)
    first = np.unravel_index(int(np.argmin(finite)), slice_.shape)
    values = slice_[finite]
    low, high = (float(values.min()), float(values.max())) if values.size else (None, None)
    return SliceStatistics(
        minimum=low,
        maximum=high,
        is_whole=low is None or high is None or _are_whole(values, low, high),
        nonfinite=int(slice_.size - values.size),
        first_nonfinite=tuple(map(int, first)),
    )
