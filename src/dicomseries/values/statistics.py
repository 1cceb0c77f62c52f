"""One pass over the source: minimum, maximum and non-finite count of each slice."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.values.preconditions import check_request

__all__ = ["SliceStatistics", "Statistics", "divisor_of", "shown_statistics", "slice_statistics"]

Number = int | float

_BLOCK = 1 << 18
"""Voxels reduced at a time: minimum and maximum cost one read of the memory, and each call is long enough that threads
do not wait for each other's interpreter lock between calls."""

_LARGEST_WHOLE = 65535
"""Whole floats beyond are no 16-bit integers."""

_SLICES_TOGETHER = 16
"""Slices copied at a time when a slice is not contiguous: neighbours in z often share the cache lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceStatistics:
    """What one slice holds, as the source has it (before slope).

    Parameters
    ----------
    minimum, maximum : int, float or None
        Of the finite values: a Python int for integers (exact to uint64), a float for floats; None if there is none.
    nonfinite : int
        How many values are NaN or infinite.
    first_nonfinite : tuple of int, optional
        (row, column[, channel]) of the first of them.
    is_whole : bool
        Of floats: whether all finite values are whole numbers, and near enough to be 16-bit integers.

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
        if (low is None) != (high is None) or (
            low is not None and high is not None and not low <= high
        ):
            message = f"minimum {low} and maximum {high} contradict each other"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """What a whole source holds, slice by slice, as the source has it (before slope).

    Parameters
    ----------
    dtype : str
        Name of the source's dtype; the byte order is dropped.
    slices : tuple of SliceStatistics
        One a slice, in order.
    divisor : int, optional
        Greatest common divisor of all differences between integers (`divisor_of`), where a plan needs it.
    samples : int
        Samples per pixel: 1, or 3 for colour.
    promised : tuple of int or float, optional
        Least and greatest value that the whole source may hold, where `slices` are only some of its slices.
    padding : int, optional
        The number that stands for "no value here", where the source is known to have one.
    shown : tuple of SliceStatistics
        The same slices without their padding; empty where there is none.

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
        """Least finite value, or the least that was promised; None if there is none."""
        if self.promised is not None:
            return self.promised[0]
        return min((one.minimum for one in self.slices if one.minimum is not None), default=None)

    @property
    def maximum(self) -> Number | None:
        """Greatest finite value, or the greatest that was promised; None if there is none."""
        if self.promised is not None:
            return self.promised[1]
        return max((one.maximum for one in self.slices if one.maximum is not None), default=None)

    @property
    def shown_ends(self) -> tuple[Number, Number] | None:
        """Least and greatest finite value that is no padding; None if there is none."""
        if self.promised is not None:
            return self.promised
        found = [
            one
            for one in self.shown or self.slices
            if one.minimum is not None and one.maximum is not None
        ]
        if not found:
            return None
        return min(one.minimum or 0 for one in found), max(one.maximum or 0 for one in found)

    @property
    def nonfinite(self) -> int:
        """How many values are NaN or infinite."""
        return sum(one.nonfinite for one in self.slices)

    @property
    def first_nonfinite(self) -> tuple[int, ...] | None:
        """(slice, row, column[, channel]) of the first NaN or infinity; None if there is none."""
        for index, one in enumerate(self.slices):
            if one.first_nonfinite is not None:
                return (index, *one.first_nonfinite)
        return None

    @property
    def is_whole(self) -> bool:
        """Whether floats are known to be whole numbers, every finite one of them."""
        has_values = any(one.minimum is not None for one in self.slices)
        return has_values and self.promised is None and all(one.is_whole for one in self.slices)

    @property
    def is_integer(self) -> bool:
        """Whether the source holds integers or booleans."""
        return np.dtype(self.dtype).kind in "biu"


def slice_statistics(slab: npt.NDArray[Any]) -> tuple[SliceStatistics, ...]:
    """Return minimum, maximum and non-finite count of each slice, reading the slab once.

    Parameters
    ----------
    slab : array, shape (slices, rows, columns) or (slices, rows, columns, 3)
        Bool, integer or float of any byte order and strides; it may be read-only.

    Returns
    -------
    tuple of SliceStatistics
        One a slice, in order.

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
    return tuple(found for some in _contiguous_slices(slab) for found in _of_slices(some))


def shown_statistics(slab: npt.NDArray[Any], padding: int) -> tuple[SliceStatistics, ...]:
    """Return minimum and maximum of each slice of integers without their padding.

    Parameters
    ----------
    slab : array of integers, shape (slices, rows, columns)
        Of any byte order and strides.
    padding : int
        The number that stands for "no value here".

    Examples
    --------
    >>> shown_statistics(np.array([[[-2000, 3, 7]], [[-2000, -2000, -2000]]], np.int16), -2000)
    (SliceStatistics(minimum=3, maximum=7, ...), SliceStatistics(minimum=None, maximum=None, ...))
    """
    found = []
    for one in slab:
        values = one[one != padding]
        low, high = (int(values.min()), int(values.max())) if values.size else (None, None)
        found.append(SliceStatistics(minimum=low, maximum=high))
    return tuple(found)


def divisor_of(slab: npt.NDArray[Any], reference: int) -> int:
    """Return the greatest common divisor of all differences from `reference`; 0 if there is no difference.

    Parameters
    ----------
    slab : array of integers, any shape, byte order and strides
        Voxels of the source (before slope).
    reference : int
        A value of the source, the same for all slabs (its minimum); combine slabs with `math.gcd`.

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
        # One Euclid a voxel is slow; mostly the divisor so far already divides the block.
        if divisor == 0 or np.any(differences % np.uint64(divisor)):
            divisor = math.gcd(divisor, int(np.gcd.reduce(differences)))
        if divisor == 1:
            break
    return divisor


def _distances(block: npt.NDArray[Any], reference: int) -> npt.NDArray[np.uint64]:
    """Return |value - reference| as uint64, right for any pair of 64-bit integers."""
    # Differences modulo 2^64 are true differences, as none reaches 2^64.
    wrapped = block.astype(np.uint64)
    base = np.uint64(reference % 2**64)
    with np.errstate(over="ignore"):
        return np.where(block >= reference, wrapped - base, base - wrapped)


def _contiguous_slices(slab: npt.NDArray[Any]) -> Iterator[npt.NDArray[Any]]:
    """Yield some slices at a time, in native byte order: few enough to stay in the cache if they are copied."""
    size = max(slab[0].size, 1)
    is_ready = slab[0].flags.c_contiguous and slab.dtype.isnative
    together = max(_BLOCK // size, 1 if is_ready else _SLICES_TOGETHER)
    native = slab.dtype.newbyteorder("=")
    for start in range(0, len(slab), together):
        yield np.ascontiguousarray(slab[start : start + together], dtype=native)


def _of_slices(some: npt.NDArray[Any]) -> Iterator[SliceStatistics]:
    """Yield what each slice holds; small slices are reduced together, large ones block by block."""
    rows = some.reshape(len(some), -1)
    if rows.size <= _BLOCK:
        lows, highs = _ends(rows)
    else:
        parts = [
            _ends(rows[:, start : start + _BLOCK]) for start in range(0, rows.shape[1], _BLOCK)
        ]
        lows = np.min([low for low, _ in parts], axis=0)
        highs = np.max([high for _, high in parts], axis=0)
    if some.dtype == np.bool_:
        lows, highs = lows.astype(np.uint8), highs.astype(np.uint8)
    # NaN and infinity come through minimum or maximum, so finite ends prove a finite slice.
    finite = np.isfinite(lows) & np.isfinite(highs)
    ends = zip(some, lows.tolist(), highs.tolist(), finite.tolist(), strict=True)
    if some.dtype.kind != "f":
        for _, low, high, _ in ends:
            yield SliceStatistics(minimum=low, maximum=high)
        return
    for one, low, high, is_finite in ends:
        if is_finite:
            yield SliceStatistics(
                minimum=low, maximum=high, is_whole=_are_whole(one.reshape(-1), low, high)
            )
        else:
            yield _of_slice_with_nonfinite(one)


def _are_whole(values: npt.NDArray[Any], low: float, high: float) -> bool:
    """Return whether floats are whole numbers; mostly their ends or their first block tell already."""
    if not (
        low.is_integer() and high.is_integer() and low >= -_LARGEST_WHOLE and high <= _LARGEST_WHOLE
    ):
        return False
    starts = range(0, values.size, _BLOCK)
    return all(
        bool((np.rint(block) == block).all())
        for block in (values[at : at + _BLOCK] for at in starts)
    )


def _ends(block: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return least and greatest value of each row."""
    # numpy compares half floats one by one in software; as float32 they go through the vector unit.
    values = block.astype(np.float32) if block.dtype == np.float16 else block
    return values.min(axis=1), values.max(axis=1)


def _of_slice_with_nonfinite(one: npt.NDArray[Any]) -> SliceStatistics:
    finite = np.isfinite(one)
    first = np.unravel_index(int(np.argmin(finite)), one.shape)
    values = one[finite]
    low, high = (float(values.min()), float(values.max())) if values.size else (None, None)
    return SliceStatistics(
        minimum=low,
        maximum=high,
        is_whole=low is None or high is None or _are_whole(values, low, high),
        nonfinite=int(one.size - values.size),
        first_nonfinite=tuple(int(index) for index in first),
    )
