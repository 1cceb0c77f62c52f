"""Values at given ranks of many numbers, in bounded memory."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.lazy_dataclass import dataclass

__all__ = ["OrderStatistics", "percentile_of", "ranks_of"]

_BINS = 1 << 16
_FEW = 1 << 16
"""Numbers of an interval that are sorted instead of counted."""
_SIGN = np.uint64(1 << 63)


def ranks_of(count: int, percentiles: Sequence[float]) -> list[int]:
    """Return the ranks, from 0, between which percentiles lie.

    Examples
    --------
    >>> ranks_of(4, [0, 50])
    [0, 1, 2]
    """
    ranks: set[int] = set()
    for part in percentiles:
        low = math.floor(_position(count, part))
        ranks |= {low, min(low + 1, count - 1)}
    return sorted(ranks)


def percentile_of(values: Mapping[int, float], count: int, part: float) -> float:
    """Return a percentile from the values at its ranks.

    Linear interpolation with the roundings of ``numpy.percentile``.

    Examples
    --------
    >>> percentile_of({1: 3.0, 2: 7.0}, 4, 50)
    5.0
    """
    position = _position(count, part)
    rank = math.floor(position)
    fraction = position - rank
    low, high = values[rank], values[min(rank + 1, count - 1)]
    if fraction < 0.5:
        return low + (high - low) * fraction
    return high - (high - low) * (1 - fraction)


def _position(count: int, part: float) -> float:
    return part / 100 * (count - 1)


@dataclass(slots=True, kw_only=True)
class _Interval:
    """A range of keys, both ends included, that holds wanted ranks."""

    low: int
    high: int
    ranks: dict[int, int]
    """Rank among all numbers → rank within the interval."""
    few: list[npt.NDArray[np.uint64]] | None = None
    counts: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(_BINS, np.int64))

    @property
    def shift(self) -> int:
        """Bits of a key below its bin."""
        return max((self.high - self.low).bit_length() - 16, 0)


class OrderStatistics:
    """Values at ranks, by passes that each narrow their interval.

    Numbers become integer keys of the same order. The first pass counts keys in 65536 intervals;
    each next one counts inside of those that hold a wanted rank, or sorts them if they are few.

    Parameters
    ----------
    ranks : sequence of int
        Wanted ranks, from 0.

    Examples
    --------
    >>> selection = OrderStatistics([0, 3])
    >>> while not selection.is_complete:
    ...     selection.add(np.array([2.5, -1.0]))
    ...     selection.add(np.array([7.0, 0.5]))
    ...     selection.end_pass()
    >>> selection.values
    {0: -1.0, 3: 7.0}
    """

    def __init__(self, ranks: Sequence[int]) -> None:
        self.values: dict[int, float] = {}
        whole = _Interval(low=0, high=(1 << 64) - 1, ranks={rank: rank for rank in ranks})
        self._intervals = [whole] if ranks else []

    @property
    def is_complete(self) -> bool:
        """Whether every wanted value is known."""
        return not self._intervals

    def add(self, numbers: npt.NDArray[Any]) -> None:
        """Take some of the numbers of this pass."""
        if self.is_complete:
            return
        keys = _keys(numbers)
        for interval in self._intervals:
            inside = keys[(keys >= np.uint64(interval.low)) & (keys <= np.uint64(interval.high))]
            if interval.few is not None:
                interval.few.append(inside)
                continue
            bins = (inside - np.uint64(interval.low)) >> np.uint64(interval.shift)
            interval.counts += np.bincount(bins.astype(np.intp), minlength=_BINS)

    def end_pass(self) -> None:
        """Narrow the intervals, after all numbers were taken."""
        narrower: list[_Interval] = []
        for interval in self._intervals:
            if interval.few is None:
                narrower += self._split(interval)
                continue
            keys = np.sort(np.concatenate(interval.few))
            for rank, place in interval.ranks.items():
                self.values[rank] = _number(int(keys[place]))
        self._intervals = narrower
        if self.is_complete:
            self.values = dict(sorted(self.values.items()))

    def _split(self, interval: _Interval) -> list[_Interval]:
        """Return the bins of an interval that hold wanted ranks."""
        ends = np.cumsum(interval.counts)
        parts: dict[int, _Interval] = {}
        for rank, place in interval.ranks.items():
            number = int(np.searchsorted(ends, place, side="right"))
            count = int(interval.counts[number])
            low = interval.low + (number << interval.shift)
            if interval.shift == 0:
                self.values[rank] = _number(low)
                continue
            if number not in parts:
                few: list[npt.NDArray[np.uint64]] | None = [] if count <= _FEW else None
                high = low + (1 << interval.shift) - 1
                parts[number] = _Interval(low=low, high=high, ranks={}, few=few)
            parts[number].ranks[rank] = place - int(ends[number]) + count
        return list(parts.values())


def _keys(numbers: npt.NDArray[Any]) -> npt.NDArray[np.uint64]:
    """Return integers with the order of the numbers."""
    floats = np.ascontiguousarray(numbers, np.float64) + 0.0  # -0.0 becomes 0.0
    bits = floats.view(np.uint64)
    return np.where(bits & _SIGN, ~bits, bits | _SIGN)


def _number(key: int) -> float:
    bits = key ^ (1 << 63) if key >> 63 else ~key & ((1 << 64) - 1)
    return float(np.array([bits], np.uint64).view(np.float64)[0])
