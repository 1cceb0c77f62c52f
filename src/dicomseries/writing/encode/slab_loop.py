"""A volume as slabs: what is read at once, and the work done on each."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from dicomseries.executors import Bounds, Look
from dicomseries.sources import SlabPlan, Volume, scratch_copy, slab_rule
from dicomseries.writing.inputs.write_request import WriteRequest

__all__ = ["Bounds", "each_slab", "slab_plan", "slabs_of", "within_memory"]

Found = TypeVar("Found")


def each_slab(
    volume: Volume,
    look: Look[Found],
    request: WriteRequest,
    what: str,
    asked: Sequence[Bounds] | None = None,
) -> Iterator[Found]:
    """Yield `look(slab, bounds)` of every slab in order, or of those that are asked for, telling the progress.

    `look` is pickled where other processes work: it is a function of a module with arguments bound, or such a record.
    """
    slabs = slabs_of(volume, request) if asked is None else list(asked)
    for (_, stop), found in zip(
        slabs, request.options.executor.run(look, volume.slabs, slabs), strict=True
    ):
        if request.options.progress is not None:
            request.options.progress(stop, volume.slabs.shape[0], what)
        yield found


def slabs_of(volume: Volume, request: WriteRequest) -> Sequence[Bounds]:
    """Return the bounds of slabs: whole chunks of the source, together about 8 MiB (`slab_rule`)."""
    return slab_plan(volume, request).bounds


def slab_plan(volume: Volume, request: WriteRequest) -> SlabPlan:
    """Return the slabs of one pass over a volume within the memory that was asked for."""
    return slab_rule(
        volume.slabs.edges,
        frame_bytes=math.prod(volume.slabs.shape[1:]) * volume.slabs.dtype.itemsize,
        slices=volume.slices,
        memory=request.options.memory,
        workers=request.options.executor.sharing,
        can_copy=request.options.executor.is_here and volume.slabs.blocks is not None,
        is_costly=request.options.compression is not None,
    )


def within_memory(volume: Volume, request: WriteRequest) -> tuple[Volume, SlabPlan]:
    """Return the volume, its slabs copied to the disk by their first read where memory demands it, and the plan."""
    plan = slab_plan(volume, request)
    if not plan.scratch_bytes:
        return volume, plan

    def progress(done: int, total: int) -> None:
        if request.options.progress is not None:
            request.options.progress(done, total, "copying")

    copied = scratch_copy(volume.slabs, slices=volume.slices, progress=progress)
    return replace(volume, slabs=copied), plan
