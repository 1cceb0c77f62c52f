"""Statistics of segments, slab by slab in bounded memory."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.lazy_dataclass import dataclass
from dicomseries.measurements.order_statistics import OrderStatistics, percentile_of, ranks_of

__all__ = ["LabelLayer", "MeasuredSlab", "RegionStatistics", "measure_regions"]

Numbers = npt.NDArray[Any]

_MOST_DISTINCT = 1 << 22
"""Distinct values that are counted for all segments together."""
_LEAST_DISTINCT = 1 << 16
"""Distinct values that are counted for any segment: all that 16 bits have."""
_SMALL_RANGE = 1 << 17
"""Range of whole numbers that are counted in a table."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelLayer:
    """Labels of one slab, and the segments that they name.

    Parameters
    ----------
    labels : ndarray, shape (slices, rows, columns)
        Whole numbers or booleans; 0 is background.
    segments : mapping of int to int, optional
        Label → segment number; without it the label is the number.
    """

    labels: Numbers
    segments: Mapping[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MeasuredSlab:
    """Labels and source values of a few slices.

    Parameters
    ----------
    layers : iterable of LabelLayer
        Their segments may overlap. Read once, one after the other.
    values : ndarray, shape (slices, rows, columns), optional
        Real values of the source; None outside of it.
    padding : ndarray of bool, optional
        True for voxels that the source calls padding, of the same shape.
    """

    layers: Iterable[LabelLayer]
    values: Numbers | None = None
    padding: npt.NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionStatistics:
    """Statistics of one segment, as numpy gives them.

    Parameters
    ----------
    voxels : int
        Of the segment.
    outside, padding, not_finite : int
        Those without a value: outside of the source, padding, NaN or infinite.
    mean, sd, minimum, maximum : float
        Of the other voxels, in real units; NaN if there are none. `sd` is that of the population,
        ``numpy.std(values)``.
    percentiles : tuple of (float, float)
        Percentage and its value, linearly interpolated as by ``numpy.percentile``.

    Raises
    ------
    ValueError
        If the counts are negative, or more voxels lack a value than there are.

    Examples
    --------
    >>> RegionStatistics(voxels=3, padding=1).valued
    2
    """

    voxels: int
    outside: int = 0
    padding: int = 0
    not_finite: int = 0
    mean: float = math.nan
    sd: float = math.nan
    minimum: float = math.nan
    maximum: float = math.nan
    percentiles: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        if min(self.outside, self.padding, self.not_finite, self.valued) < 0:
            message = f"the counts of voxels do not fit: {self}"
            raise ValueError(message)

    @property
    def valued(self) -> int:
        """Number of voxels that the statistics are of."""
        return self.voxels - self.outside - self.padding - self.not_finite


def measure_regions(
    slabs: Callable[[], Iterable[MeasuredSlab]],
    segments: Sequence[int],
    percentiles: Sequence[float] = (),
) -> dict[int, RegionStatistics]:
    """Return the statistics of each segment by its number.

    Values are read once. Percentiles of more distinct values than are counted (floats of more than
    16 bits) read them again, two to five times.

    Parameters
    ----------
    slabs : callable
        Returns the slabs, each time from the beginning.
    segments : sequence of int
        Segment numbers, with those without voxels; further labels are added.
    percentiles : sequence of float
        From 0 to 100.

    Examples
    --------
    >>> labels, values = np.array([[[1, 1, 0, 2]]]), np.array([[[3, 5, 7, 9]]])
    >>> slab = MeasuredSlab(layers=[LabelLayer(labels)], values=values)
    >>> measured = measure_regions(lambda: [slab], [1, 2, 3], [50])
    >>> measured[1].mean, measured[1].sd, measured[1].percentiles, measured[3].voxels
    (4.0, 1.0, ((50, 4.0),), 0)
    """
    most = 0
    if percentiles:
        most = max(_LEAST_DISTINCT, _MOST_DISTINCT // max(len(segments), 1))
    regions = {number: _Region(most=most) for number in segments}
    for slab in slabs():
        for number, values in _values_by_segment(slab):
            regions.setdefault(number, _Region(most=most)).add(values)
    selected = _selected(slabs, regions, percentiles)
    results: dict[int, RegionStatistics] = {}
    for number, region in regions.items():
        results[number] = region.result(percentiles, selected.get(number))
    return results


def _selected(
    slabs: Callable[[], Iterable[MeasuredSlab]],
    regions: Mapping[int, _Region],
    percentiles: Sequence[float],
) -> dict[int, OrderStatistics]:
    """Return the values at ranks of segments with too many distinct values."""
    selected: dict[int, OrderStatistics] = {}
    for number, region in regions.items():
        if percentiles and region.count and region.distinct is None:
            selected[number] = OrderStatistics(ranks_of(region.count, percentiles))
    while not all(selection.is_complete for selection in selected.values()):
        for slab in slabs():
            for number, values in _values_by_segment(slab):
                if number in selected:
                    selected[number].add(values.finite)
        for selection in selected.values():
            selection.end_pass()
    return selected


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _RegionValues:
    """Values of one segment in one slab."""

    voxels: int
    outside: int = 0
    padding: int = 0
    finite: Numbers = field(default_factory=lambda: np.empty(0))


def _values_by_segment(slab: MeasuredSlab) -> Iterator[tuple[int, _RegionValues]]:
    for layer in slab.layers:
        flat = layer.labels.reshape(-1)
        index = np.flatnonzero(flat)
        if not len(index):
            continue
        labels = flat[index]
        order = np.argsort(labels, kind="stable")
        labels, index = labels[order], index[order]
        starts = [0, *(np.flatnonzero(labels[1:] != labels[:-1]) + 1).tolist(), len(labels)]
        for start, stop in itertools.pairwise(starts):
            label = int(labels[start])
            number = label
            if layer.segments is not None:
                number = layer.segments[label]
            yield number, _region_values(slab, index[start:stop])


def _region_values(slab: MeasuredSlab, index: npt.NDArray[np.intp]) -> _RegionValues:
    if slab.values is None:
        return _RegionValues(voxels=len(index), outside=len(index))
    values = slab.values.reshape(-1)[index]
    padding = 0
    if slab.padding is not None:
        is_padding = slab.padding.reshape(-1)[index]
        padding = int(is_padding.sum())
        values = values[~is_padding]
    if values.dtype.kind == "f":
        values = values[np.isfinite(values)]
    return _RegionValues(voxels=len(index), padding=padding, finite=values)


@dataclass(kw_only=True, slots=True)
class _Distinct:
    """Distinct values of a segment with their counts, rising."""

    values: Numbers
    counts: npt.NDArray[np.int64]

    def merged(self, values: Numbers) -> _Distinct:
        new, counts = _distinct_values(values)
        joined, places = np.unique(np.concatenate((self.values, new)), return_inverse=True)
        sums = np.zeros(len(joined), np.int64)
        np.add.at(sums, places.reshape(-1), np.concatenate((self.counts, counts)))
        return _Distinct(values=joined, counts=sums)

    def at(self, ranks: Iterable[int]) -> dict[int, float]:
        """Return the values at ranks, counted from 0."""
        ends = np.cumsum(self.counts)
        values: dict[int, float] = {}
        for rank in ranks:
            values[rank] = float(self.values[int(np.searchsorted(ends, rank, side="right"))])
        return values


def _distinct_values(values: Numbers) -> tuple[Numbers, npt.NDArray[np.int64]]:
    """Return the distinct values, rising, and how often each is there.

    Whole numbers of a small range are counted without sorting.
    """
    if values.dtype.kind in "iu":
        low, high = int(values.min()), int(values.max())
        if high - low < _SMALL_RANGE:
            counts = np.bincount(np.subtract(values, low, dtype=np.int64))
            places = np.flatnonzero(counts)
            return places.astype(np.float64) + low, counts[places]
    return np.unique(values.astype(np.float64, copy=False), return_counts=True)


class _Region:
    """Running statistics of one segment.

    Mean and squares of slabs are joined by the formula of Chan, Golub and LeVeque, which keeps the
    digits that a difference of large sums loses.
    """

    def __init__(self, *, most: int) -> None:
        self.most = most
        self.voxels = self.outside = self.padding = self.not_finite = self.count = 0
        self.mean = self.squares = 0.0
        self.minimum, self.maximum = math.inf, -math.inf
        self.distinct: _Distinct | None = None
        if most:
            self.distinct = _Distinct(values=np.empty(0), counts=np.empty(0, np.int64))

    def add(self, region: _RegionValues) -> None:
        self.voxels += region.voxels
        self.outside += region.outside
        self.padding += region.padding
        count = len(region.finite)
        self.not_finite += region.voxels - region.outside - region.padding - count
        if not count:
            return
        values = region.finite.astype(np.float64, copy=False)
        mean = float(values.mean())
        difference = mean - self.mean
        total = self.count + count
        self.squares += float(np.square(values - mean).sum())
        self.squares += difference**2 * (self.count * count / total)
        self.mean += difference * (count / total)
        self.count = total
        self.minimum = min(self.minimum, float(values.min()))
        self.maximum = max(self.maximum, float(values.max()))
        if self.distinct is not None:
            distinct = self.distinct.merged(region.finite)
            self.distinct = distinct if len(distinct.values) <= self.most else None

    def result(
        self, percentiles: Sequence[float], selection: OrderStatistics | None
    ) -> RegionStatistics:
        counts = RegionStatistics(
            voxels=self.voxels,
            outside=self.outside,
            padding=self.padding,
            not_finite=self.not_finite,
        )
        if not self.count:
            return counts
        values: Mapping[int, float] = {}
        if selection is not None:
            values = selection.values
        elif self.distinct is not None:
            values = self.distinct.at(ranks_of(self.count, percentiles))
        pairs = tuple((part, percentile_of(values, self.count, part)) for part in percentiles)
        return replace(
            counts,
            mean=min(max(self.mean, self.minimum), self.maximum),
            sd=math.sqrt(self.squares / self.count),
            minimum=self.minimum,
            maximum=self.maximum,
            percentiles=pairs,
        )
