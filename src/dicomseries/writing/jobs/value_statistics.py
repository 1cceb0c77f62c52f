"""What a plan must know of the voxels, read in one pass; of integers that fit whatever they are, from some slices.

Integers of 8 and 16 bits are stored as they are in most kinds: no voxel of theirs can change a plan but for the window,
which is there to be looked at. So only some slices are looked at before they are written, and the source is read once.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import ValuesError
from dicomseries.executors import Bounds
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
from dicomseries.writing.encode.slab_loop import each_slab, slabs_of
from dicomseries.writing.inputs.write_request import WriteRequest
from dicomseries.writing.jobs.output_series import Form
from dicomseries.writing.jobs.padding_value import source_padding

__all__ = ["digest", "survey"]

_KEPT_BYTES = 8 << 20
"""Bytes of chunks that were looked at and wait to be written, so that they are not read again."""

_SAMPLES = 64
"""Places looked at for the window: a stray slice more or less does not move it, as it follows the typical slice."""


def survey(
    volume: Volume, request: WriteRequest, forms: Sequence[Form]
) -> tuple[Statistics, tuple[bytes, ...]]:
    """Return the statistics of the slices that matter and, for ``uid="content"``, the digest of every slice.

    Parameters
    ----------
    volume : Volume
        Slices along the normal.
    request : WriteRequest
        What was asked.
    forms : sequence of Form
        The ways it is written: whether some slices will do is theirs to say.
    """
    is_hashed = request.uid.mode == "content" and request.options.entropy is None
    some = promised = None
    if _fits_whatever(volume, forms):
        some = _some(volume)
    elif request.options.value_range is not None:
        some = _few(volume)
        promised = promised_ends(
            request.options.value_range, volume.slabs.dtype, volume.slope, volume.intercept
        )
    kept = None if some is None else frozenset(index for bounds in some for index in range(*bounds))
    if volume.slabs.ahead is not None and some and not is_hashed:
        volume = replace(volume, slabs=volume.slabs.ahead)

    padding = source_padding(request, volume)
    look = partial(_look, kept=kept, is_hashed=is_hashed, padding=padding)
    slices: list[SliceStatistics] = []
    shown: list[SliceStatistics] = []
    digests: list[bytes] = []
    asked = slabs_of(volume, request) if some is None or is_hashed else some
    for found, without_padding, own in each_slab(volume, look, request, "reading", asked):
        slices += found
        shown += without_padding
        digests += own
    statistics = Statistics(
        dtype=volume.slabs.dtype.name,
        slices=tuple(slices),
        samples=volume.samples,
        promised=promised,
        padding=padding,
        shown=tuple(shown),
    )
    return statistics, tuple(digests)


def _look(
    slab: npt.NDArray[Any],
    bounds: Bounds,
    *,
    kept: frozenset[int] | None,
    is_hashed: bool,
    padding: int | None,
) -> tuple[tuple[SliceStatistics, ...], tuple[SliceStatistics, ...], list[bytes]]:
    wanted = (
        slab if kept is None or not is_hashed else slab[[index in kept for index in range(*bounds)]]
    )
    found = slice_statistics(wanted) if len(wanted) else ()
    shown = () if padding is None else shown_statistics(wanted, padding)
    return found, shown, [digest(own) for own in slab] if is_hashed else []


def digest(frame: Any) -> bytes:
    """Return the SHA-256 of a frame, the same for every byte order."""
    array = np.asarray(frame)
    little_endian = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return hashlib.sha256(little_endian.data if little_endian.size else b"").digest()


def _some(volume: Volume) -> list[Bounds] | None:
    """Return the bounds of some chunks spread over all, the first and the last among them; None for all of them."""
    if volume.slabs.ahead is not None:
        return _kept(volume)
    runs = _runs(volume)
    if len(runs) <= _SAMPLES:
        return None
    return [
        runs[index]
        for index in np.unique(np.linspace(0, len(runs) - 1, _SAMPLES).round().astype(int))
    ]


def _few(volume: Volume) -> list[Bounds]:
    """Return the bounds of some chunks spread over all, an eighth of them at most but for the one in the middle."""
    if volume.slabs.ahead is not None:
        return _kept(volume)
    runs = _runs(volume)
    return _middles(runs, min(max(len(runs) // 8, 1), _SAMPLES))


def _kept(volume: Volume) -> list[Bounds]:
    """Return the bounds of some chunks where looking costs a reading: no more than may be kept until written."""
    runs = _runs(volume)
    longest = max(stop - start for start, stop in runs)
    frame_bytes = prod(volume.slabs.shape[1:]) * volume.slabs.dtype.itemsize
    return _middles(runs, min(len(runs), _SAMPLES, max(1, _KEPT_BYTES // (longest * frame_bytes))))


def _runs(volume: Volume) -> list[Bounds]:
    return list(itertools.pairwise(volume.slabs.edges))


def _middles(runs: list[Bounds], places: int) -> list[Bounds]:
    """Return the middle of as many equal parts: the ends of a scan show little."""
    return [runs[(2 * part + 1) * len(runs) // (2 * places)] for part in range(places)]


def _fits_whatever(volume: Volume, forms: Sequence[Form]) -> bool:
    """Return whether no value that the source's dtype can hold would change how it is stored."""
    dtype = volume.slabs.dtype
    if dtype.kind not in "biu" or volume.is_scaled:
        return False
    low, high = (
        (0, 1) if dtype.kind == "b" else (int(np.iinfo(dtype).min), int(np.iinfo(dtype).max))
    )
    ends = ((low, high), (low, low), (high, high), (0, 0))
    return all(len({_planned(volume, form, *pair) for pair in ends}) == 1 for form in forms)


def _planned(volume: Volume, form: Form, low: int, high: int) -> ValueMap | tuple[int, int]:
    """Return how such a range would be stored; what would be refused or needs a closer look, as itself."""
    range_of = (SliceStatistics(minimum=low, maximum=high),)
    statistics = Statistics(dtype=volume.slabs.dtype.name, slices=range_of, samples=volume.samples)
    rules = form.kind.pixels
    if form.clip is not None or needs_divisor(form.policy, statistics, rules, clip=form.clip):
        return (low, high)
    try:
        return choose_value_map(form.policy, statistics, rules, nan=form.nan)
    except ValuesError:
        return (low, high)
