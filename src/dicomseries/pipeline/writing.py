"""From a plan to files: every slab stored and written, then read back by code that shares nothing with the writer."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy.typing as npt

from dicomseries.errors import TargetError
from dicomseries.part10 import file_chunks, frames_chunks, header_template
from dicomseries.pipeline.drafting import Job
from dicomseries.pipeline.request import Request
from dicomseries.pipeline.slabs import each_slab
from dicomseries.pipeline.witness import FileWitness, Tally, compare_frames, compare_labels
from dicomseries.plan import SeriesPlan
from dicomseries.sinks import Sink
from dicomseries.values import Stored, ValueMap, store

__all__ = ["check_space", "write_series"]

_AMPLE = 1 << 30
"""Bytes beside twice the pixels, beyond which a disk is not asked for each header's size."""


def check_space(out: Path, jobs: Sequence[Job]) -> None:
    """Refuse what the disk has no room for, before a file exists."""
    folder = next(parent for parent in out.absolute().parents if parent.exists())
    free = shutil.disk_usage(folder).free
    if free > 2 * sum(len(plan) * plan.pixel_bytes for plan in _plans(jobs)) + _AMPLE:
        return  # far more than any headers take; to know their size costs as much as to make them
    size = sum(len(plan) * max(plan.file_bytes(index) for index in {0, len(plan) - 1}) for plan in _plans(jobs))
    if size > free:
        raise TargetError(
            code="disk-full",
            where=str(out),
            given=f"{free:,} bytes free",
            expected=f"{size:,} bytes for {sum(map(len, _plans(jobs)))} files",
            remedy="Free space, or write to another disk.",
        )


def _plans(jobs: Sequence[Job]) -> Iterator[SeriesPlan]:
    return (job.plan for job in jobs)


def write_series(job: Job, sink: Sink, request: Request, *, read_back: bool) -> Tally:
    """Store, write and (if asked) read back one series."""
    if job.encoded is not None:
        return _write_whole(job, job.encoded, sink, read_back=read_back)
    if job.plan.is_multi_frame:
        return _write_frames(job, sink, request, read_back=read_back)
    return _write_files(job, sink, request, read_back=read_back)


def _write_files(job: Job, sink: Sink, request: Request, *, read_back: bool) -> Tally:
    """Write one file a frame, every slab by a task of its own."""
    volume, series = job.volume, job.plan
    template = header_template(series)
    witness = FileWitness(volume, series.value_map) if read_back else None

    def work(bounds: tuple[int, int]) -> Tally:
        slab = volume.slabs.read(*bounds)
        stored, own = _stored(slab, bounds, series.value_map)
        for index, frame, asked in zip(range(*bounds), stored, slab, strict=True):
            instance = series.instance(index)
            chunks = file_chunks(template, instance, frame)
            own.size += sum(map(len, chunks))
            path = sink.put(instance.name, chunks)
            if witness is not None and path is not None:
                own.add(witness.compare(path, asked))
        return own

    total = Tally()
    for own in each_slab(volume, work, request, "writing"):
        total.add(own)
    return total


def _write_frames(job: Job, sink: Sink, request: Request, *, read_back: bool) -> Tally:
    """Write one file of all frames: slabs are stored by tasks, and written in order."""
    volume, series = job.volume, job.plan
    instance = series.instance(0)
    total = Tally()

    def work(bounds: tuple[int, int]) -> Stored:
        return store(volume.slabs.read(*bounds), series.value_map)

    def frames() -> Iterator[npt.NDArray[Any]]:
        for stored in each_slab(volume, work, request, "writing"):
            total.add(_tally(stored))
            yield stored.array

    def chunks() -> Iterator[bytes | memoryview]:
        for chunk in frames_chunks(header_template(series), instance, frames()):
            total.size += len(chunk)
            yield chunk

    path = sink.put(instance.name, chunks())
    if read_back and path is not None:
        total.add(compare_frames(path, volume, series.value_map, request))
    return total


def _write_whole(job: Job, encoded: bytes, sink: Sink, *, read_back: bool) -> Tally:
    """Write a file that was made whole."""
    total = Tally(size=len(encoded))
    path = sink.put(job.plan.file_name(0), (encoded,))
    if read_back and path is not None:
        total.add(compare_labels(path, job))
    return total


def _stored(
    slab: npt.NDArray[Any], bounds: tuple[int, int], value_map: ValueMap
) -> tuple[list[npt.NDArray[Any]], Tally]:
    """Return a slab as it is stored, frame by frame, and what was found on the way."""
    if value_map.slopes is None:
        found = store(slab, value_map)
        return [*found.array], _tally(found)
    frames, total = [], Tally()
    for index, frame in zip(range(*bounds), slab, strict=True):
        one = store(frame, value_map.at(index))
        total.add(_tally(one))
        frames.append(one.array)
    return frames, total


def _tally(stored: Stored) -> Tally:
    return Tally(error=stored.error, clipped=stored.clipped, replaced=stored.replaced)
