"""Statistics of the voxels, read in one pass before planning.

Integers of 8 and 16 bits are stored as they are in most kinds: no voxel can change a plan except
for the display window. Then only some slices are read before writing, and the source is read once.
"""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import ValuesError
from dicomseries.executors import Bounds
from dicomseries.lazy_dataclass import dataclass
from dicomseries.sources import Volume
from dicomseries.values import (
    SliceStatistics,
    Statistics,
    ValueMap,
    choose_value_map,
    needs_divisor,
    promised_ends,
    shown_statistics,
    slice_statistics,
)
from dicomseries.writing.encode.slab_loop import each_slab
from dicomseries.writing.inputs.write_request import WriteRequest
from dicomseries.writing.jobs.output_series import OutputSeries
from dicomseries.writing.jobs.padding_value import source_padding

__all__ = ["frame_digest", "survey"]

_PREFETCHED_BYTES = 8 << 20
"""Bytes of chunks that are read before writing and kept for it."""

_MOST_PLACES = 64
"""Places that are read for the window: it follows the typical slice."""


def survey(
    volume: Volume,
    request: WriteRequest,
    outputs: Sequence[OutputSeries],
    slabs: Sequence[Bounds],
) -> tuple[Statistics, tuple[bytes, ...]]:
    """Return statistics, and with ``uid="content"`` the digest of every frame.

    Parameters
    ----------
    volume : Volume
        Slices along the normal.
    request : WriteRequest
        The options of the write, and the attributes of its inputs.
    outputs : sequence of OutputSeries
        They decide whether some slices are enough.
    slabs : sequence of (int, int)
        All slabs of the volume.
    """
    is_hashed = request.uid.mode == "content" and request.options.entropy is None
    sample: list[Bounds] | None = None
    promised = None
    if _fits_any_value(volume, outputs):
        sample = _spread_runs(volume)
    elif request.options.value_range is not None:
        sample = _few_runs(volume)
        promised = promised_ends(
            request.options.value_range, volume.slabs.dtype, volume.slope, volume.intercept
        )
    task = _SurveyTask(padding=source_padding(request, volume), is_hashed=is_hashed)
    if sample is not None and is_hashed:
        sampled = frozenset(itertools.chain.from_iterable(itertools.starmap(range, sample)))
        task = replace(task, sampled=sampled)
    elif sample is not None:
        slabs = sample
        if volume.slabs.ahead is not None:
            volume = replace(volume, slabs=volume.slabs.ahead)
    slices: list[SliceStatistics] = []
    without_padding: list[SliceStatistics] = []
    digests: list[bytes] = []
    for result in each_slab(volume, task, request, "reading", slabs):
        slices += result.slices
        without_padding += result.without_padding
        digests += result.digests
    statistics = Statistics(
        dtype=volume.slabs.dtype.name,
        slices=tuple(slices),
        samples=volume.samples,
        promised=promised,
        padding=task.padding,
        shown=tuple(without_padding),
    )
    return statistics, tuple(digests)


@dataclass(frozen=True, slots=True, kw_only=True)
class _SlabSurvey:
    slices: tuple[SliceStatistics, ...] = ()
    without_padding: tuple[SliceStatistics, ...] = ()
    digests: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _SurveyTask:
    """Surveys a slab; pickled for other processes."""

    padding: int | None
    is_hashed: bool
    sampled: frozenset[int] | None = None

    def __call__(self, slab: npt.NDArray[Any], bounds: Bounds) -> _SlabSurvey:
        digests: tuple[bytes, ...] = ()
        if self.is_hashed:
            digests = tuple(map(frame_digest, slab))
        if self.sampled is not None:
            slab = slab[[index in self.sampled for index in range(*bounds)]]
        if not len(slab):
            return _SlabSurvey(digests=digests)
        without_padding = () if self.padding is None else shown_statistics(slab, self.padding)
        return _SlabSurvey(
            slices=slice_statistics(slab), without_padding=without_padding, digests=digests
        )


def frame_digest(frame: Any) -> bytes:
    """Return the SHA-256 of a frame in any byte order."""
    array = np.asarray(frame)
    little_endian = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return hashlib.sha256(little_endian.data if little_endian.size else b"").digest()


# --------------------------------------------------------------------- slices that are enough
def _fits_any_value(volume: Volume, outputs: Sequence[OutputSeries]) -> bool:
    """Return whether every value is stored alike."""
    dtype = volume.slabs.dtype
    if dtype.kind not in "biu" or volume.is_scaled:
        return False
    low, high = 0, 1
    if dtype.kind != "b":
        low, high = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    for output in outputs:
        ranges = ((low, high), (low, low), (high, high), (0, 0))
        if len({_storage(volume, output, *ends) for ends in ranges}) > 1:
            return False
    return True


def _storage(volume: Volume, output: OutputSeries, low: int, high: int) -> ValueMap | Bounds:
    """Return the value map of a range, or the range."""
    ends = (SliceStatistics(minimum=low, maximum=high),)
    statistics = Statistics(dtype=volume.slabs.dtype.name, slices=ends, samples=volume.samples)
    rules = output.kind.pixels
    if output.clip is not None or needs_divisor(output.policy, statistics, rules, clip=output.clip):
        return (low, high)
    try:
        return choose_value_map(output.policy, statistics, rules, nan=output.nan)
    except ValuesError:
        return (low, high)


def _spread_runs(volume: Volume) -> list[Bounds] | None:
    """Return chunks spread over all; None for all."""
    runs = _runs(volume)
    if volume.slabs.ahead is not None:
        return _prefetched_runs(runs, volume)
    if len(runs) <= _MOST_PLACES:
        return None
    places = np.linspace(0, len(runs) - 1, _MOST_PLACES).round().astype(int)
    return [runs[index] for index in np.unique(places)]


def _few_runs(volume: Volume) -> list[Bounds]:
    """Return an eighth of the chunks at most."""
    runs = _runs(volume)
    if volume.slabs.ahead is not None:
        return _prefetched_runs(runs, volume)
    return _middle_runs(runs, min(max(len(runs) // 8, 1), _MOST_PLACES))


def _prefetched_runs(runs: list[Bounds], volume: Volume) -> list[Bounds]:
    """Return chunks that are kept until they are written."""
    longest = max(stop - start for start, stop in runs)
    frame_bytes = math.prod(volume.slabs.shape[1:]) * volume.slabs.dtype.itemsize
    most = max(1, _PREFETCHED_BYTES // (longest * frame_bytes))
    return _middle_runs(runs, min(len(runs), _MOST_PLACES, most))


def _runs(volume: Volume) -> list[Bounds]:
    return list(itertools.pairwise(volume.slabs.edges))


def _middle_runs(runs: list[Bounds], places: int) -> list[Bounds]:
    """Return the middle of equal parts."""
    return [runs[(2 * part + 1) * len(runs) // (2 * places)] for part in range(places)]
