"""From a volume and a request to a plan: one pass over the source, none of it kept."""

from __future__ import annotations

import hashlib
import math
import secrets
from dataclasses import replace
from typing import Any

import numpy as np

from dicomseries.pipeline.request import Request
from dicomseries.pipeline.slabs import each_slab
from dicomseries.plan import SeriesPlan, plan_series
from dicomseries.sources import Volume
from dicomseries.uids import series_uids
from dicomseries.values import (
    SliceStatistics,
    Statistics,
    ValueMap,
    check_request,
    count_outside,
    divisor_of,
    needs_divisor,
    plan_values,
    slice_statistics,
)
from dicomseries.values.refusal import RangeError, refuse_range

__all__ = ["plan_volume"]

_ENTROPY_BYTES = 32
_CONTENT_VERSION = b"dicomseries content 1"
"""Begins every content digest; a change of what is hashed changes this, so that UIDs are never reused."""


def plan_volume(volume: Volume, request: Request) -> SeriesPlan:
    """Read the source once and decide everything about the series."""
    check_request(request.policy, volume.slabs.dtype, samples=volume.samples, nan=request.nan, clip=request.clip)
    _rehearse(volume, request)
    statistics, digests = _survey(volume, request)
    value_map = _plan_values(volume, request, statistics)
    return plan_series(
        kind=request.kind,
        grid=volume.grid,
        samples=volume.samples,
        value_map=value_map,
        statistics=statistics,
        uids=series_uids(request.uid, _entropy(volume, request, value_map, digests)),
        metadata=request.metadata,
        moment=request.now,
    )


def _rehearse(volume: Volume, request: Request) -> None:
    """Plan with made-up values, so that what the user can mend is refused before a long source is read."""
    plan_series(
        kind=request.kind,
        grid=volume.grid,
        samples=volume.samples,
        value_map=ValueMap(dtype="int16", slope="1", intercept="0", max_error=0.0, policy="rehearsal"),
        statistics=Statistics(dtype="int16", slices=(SliceStatistics(minimum=0, maximum=1),)),
        uids=series_uids(request.uid, b"rehearsal"),
        metadata=request.metadata,
        moment=request.now,
    )


def _survey(volume: Volume, request: Request) -> tuple[Statistics, tuple[bytes, ...]]:
    """Return the statistics of every slice and, for ``uid="content"``, its digest: one pass."""
    hashed = request.uid.mode == "content" and request.entropy is None

    def look(bounds: tuple[int, int]) -> tuple[tuple[SliceStatistics, ...], list[bytes]]:
        slab = volume.slabs.read(*bounds)
        return slice_statistics(slab), [_digest(own) for own in slab] if hashed else []

    slices: list[SliceStatistics] = []
    digests: list[bytes] = []
    for found, own in each_slab(volume, look, request, "reading"):
        slices += found
        digests += own
    statistics = Statistics(dtype=volume.slabs.dtype.name, slices=tuple(slices), samples=volume.samples)
    return statistics, tuple(digests)


def _digest(frame: Any) -> bytes:
    array = np.asarray(frame)
    little_endian = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return hashlib.sha256(little_endian.data if little_endian.size else b"").digest()


def _entropy(volume: Volume, request: Request, value_map: ValueMap, digests: tuple[bytes, ...]) -> bytes:
    """Return chance, or everything the files depend on."""
    if request.entropy is not None:
        return request.entropy
    if request.uid.mode != "content":
        return secrets.token_bytes(_ENTROPY_BYTES)
    said = (
        request.kind.name,
        volume.grid,
        volume.samples,
        volume.slabs.dtype.newbyteorder("<").str,
        value_map,
        request.metadata,
        request.uid,
        None if request.now is None else f"{request.now:%Y%m%d%H%M%S}",
    )
    return hashlib.sha256(b"\x1f".join((_CONTENT_VERSION, repr(said).encode(), *digests))).digest()


def _plan_values(volume: Volume, request: Request, statistics: Statistics) -> ValueMap:
    rules = request.kind.pixels
    if needs_divisor(request.policy, statistics, rules, clip=request.clip):
        statistics = _with_divisor(volume, request, statistics)
    try:
        return plan_values(
            request.policy,
            statistics,
            rules,
            nan=request.nan,
            clip=request.clip,
            source_slope=volume.slope,
            source_intercept=volume.intercept,
        )
    except RangeError as refusal:
        raise _counted(refusal, volume, request) from None


def _with_divisor(volume: Volume, request: Request, statistics: Statistics) -> Statistics:
    reference = int(statistics.minimum or 0)

    def look(bounds: tuple[int, int]) -> int:
        return divisor_of(volume.slabs.read(*bounds), reference)

    divisor = math.gcd(*each_slab(volume, look, request, "reading"))
    return replace(statistics, divisor=divisor)


def _counted(refusal: RangeError, volume: Volume, request: Request) -> RangeError:
    """Return the refusal with the number of voxels that are out of the range it names."""
    low, high = refusal.window

    def look(bounds: tuple[int, int]) -> int:
        slab = volume.slabs.read(*bounds)
        return count_outside(slab, low, high, source_slope=volume.slope, source_intercept=volume.intercept)

    outside = sum(each_slab(volume, look, request, "reading"))
    total = math.prod(volume.slabs.shape)
    return refuse_range(
        code=refusal.code,
        where=refusal.where,
        given=f"{refusal.given}; {outside:,} of {total:,} voxels lie outside {low:g} … {high:g}",
        expected=refusal.expected,
        remedy=refusal.remedy,
        window=refusal.window,
    )
