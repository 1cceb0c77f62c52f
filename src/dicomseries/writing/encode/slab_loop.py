"""A volume as slabs, and the work on each."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from dicomseries.executors import Bounds, SlabTask
from dicomseries.sources import SlabPlan, Volume, scratch_copy, slab_rule
from dicomseries.writing.inputs.write_request import WriteRequest

__all__ = ["each_slab", "slab_plan", "within_memory"]

Result = TypeVar("Result")


def each_slab(
    volume: Volume,
    task: SlabTask[Result],
    request: WriteRequest,
    stage: str,
    slabs: Sequence[Bounds],
) -> Iterator[Result]:
    """Yield `task(slab, bounds)` of each slab in order.

    `task` is pickled if other processes work: it is a function of a module with arguments bound, or
    a record.
    """
    options = request.options
    results = options.executor.run(task, volume.slabs, slabs)
    for (_, stop), result in zip(slabs, results, strict=True):
        if options.progress is not None:
            options.progress(stop, volume.slabs.shape[0], stage)
        yield result


def slab_plan(volume: Volume, request: WriteRequest) -> SlabPlan:
    """Return the slabs of one pass, within the memory."""
    options = request.options
    return slab_rule(
        volume.slabs.edges,
        frame_bytes=math.prod(volume.slabs.shape[1:]) * volume.slabs.dtype.itemsize,
        slices=volume.slices,
        memory=options.memory,
        workers=options.executor.sharing,
        can_copy=options.executor.is_here and volume.slabs.blocks is not None,
        is_costly=options.compression is not None,
    )


def within_memory(volume: Volume, request: WriteRequest) -> tuple[Volume, SlabPlan]:
    """Return the volume and its slabs.

    Chunks that are too deep for the memory are copied to the disk by their first read.
    """
    options = request.options
    plan = slab_plan(volume, request)
    if not plan.scratch_bytes:
        return volume, plan

    def report(done: int, total: int) -> None:
        if options.progress is not None:
            options.progress(done, total, "copying")

    copied = scratch_copy(volume.slabs, slices=volume.slices, progress=report)
    return replace(volume, slabs=copied), plan
