"""From a plan to files: every slab stored and written, then read back by code that shares nothing with the writer."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy.typing as npt

from dicomseries.codecs import Codec, codec_of
from dicomseries.errors import ReadError, TargetError
from dicomseries.executors import Bounds
from dicomseries.part10 import encode_headers, frames_chunks, header_template
from dicomseries.plan import SeriesPlan
from dicomseries.sinks import Sink, stored_path
from dicomseries.writing.encode.compressed_frames import waiting_chunks
from dicomseries.writing.encode.encode_tasks import EncodeTask, FileTask, StoreTask, tally_of
from dicomseries.writing.encode.read_back import Tally, compare_frames, compare_labels
from dicomseries.writing.encode.slab_loop import each_slab, slabs_of
from dicomseries.writing.inputs.write_request import WriteRequest
from dicomseries.writing.jobs.series_jobs import Job

__all__ = ["check_space", "write_series"]

_AMPLE = 1 << 30
"""Bytes beside twice the pixels, beyond which a disk is not asked for each header's size."""


def check_space(out: Path, jobs: Sequence[Job]) -> None:
    """Refuse what the disk has no room for, before a file exists."""
    folder = next(parent for parent in out.absolute().parents if parent.exists())
    disk = shutil.disk_usage(folder)
    free = disk.free
    if not disk.total:
        return  # no disk at all, as below /proc: what is wrong with such a place is said when a file is to be made
    if free > 2 * sum(len(plan) * plan.pixel_bytes for plan in _plans(jobs)) + _AMPLE:
        return  # far more than any headers take; to know their size costs as much as to make them
    size = sum(
        len(plan) * max(plan.file_bytes(index) for index in {0, len(plan) - 1})
        for plan in _plans(jobs)
    )
    if size > free:
        is_estimate = any(plan.is_encapsulated for plan in _plans(jobs))
        raise TargetError(
            code="disk-full",
            where=str(out),
            given=f"{free:,} bytes free",
            expected=f"{'at most ' * is_estimate}{size:,} bytes for {sum(map(len, _plans(jobs)))} files",
            remedy="Free space, or write to another disk.",
        )


def _plans(jobs: Sequence[Job]) -> Iterator[SeriesPlan]:
    return (job.plan for job in jobs)


def write_series(
    job: Job, sink: Sink, request: WriteRequest, *, read_back: bool, resumes: bool = False
) -> Tally:
    """Store, write and (if asked) read back one series; what a killed write has left whole is kept."""
    if job.encoded is None and not job.plan.is_multi_frame:
        return _write_files(job, sink, request, read_back=read_back, resumes=resumes)
    return _kept(job, sink, request, read_back=read_back) or _write_one(
        job, sink, request, read_back=read_back
    )


def _write_files(
    job: Job, sink: Sink, request: WriteRequest, *, read_back: bool, resumes: bool
) -> Tally:
    """Write one file a frame, every slab by a task of its own."""
    volume, series = job.volume, job.plan
    task = FileTask(
        plan=series,
        sink=sink,
        scale=(volume.slope, volume.intercept),
        read_back=read_back,
        resumes=resumes,
    )
    total = Tally()
    asked = slabs_of(volume, request)
    if resumes and not read_back and not series.value_map.counts:
        asked = _missing(task, asked, total)
    for own in each_slab(volume, task, request, "writing", asked):
        total.add(own)
    return total


def _missing(task: FileTask, asked: Sequence[Bounds], total: Tally) -> list[Bounds]:
    """Return the slabs that are not written yet; of the others the error is not known, only its bound."""
    missing = [bounds for bounds in asked if not task.is_there(bounds)]
    there = set(asked) - set(missing)
    if there:
        total.error = task.plan.value_map.max_error
        total.size = sum(
            task.plan.file_bytes(index) for bounds in there for index in range(*bounds)
        )
    return missing


def _write_one(job: Job, sink: Sink, request: WriteRequest, *, read_back: bool) -> Tally:
    """Write one file of all frames: made whole already, or slabs stored by tasks and written in order."""
    total = Tally()

    def counted(chunks: Iterable[bytes | memoryview]) -> Iterator[bytes | memoryview]:
        for chunk in chunks:
            total.size += len(chunk)
            yield chunk

    chunks = (job.encoded,) if job.encoded is not None else _chunks(job, request, total)
    with stored_path(sink.put(job.plan.file_name(0), counted(chunks))) as path:
        if read_back and path is not None:
            total.add(_compared(path, job, request))
    return total


def _chunks(job: Job, request: WriteRequest, total: Tally) -> Iterator[bytes | memoryview]:
    def frames() -> Iterator[npt.NDArray[Any]]:
        for stored in each_slab(
            job.volume, StoreTask(value_map=job.plan.value_map), request, "writing"
        ):
            total.add(tally_of(stored))
            yield stored.array

    def compressed(codec: Codec) -> Iterator[list[bytes]]:
        task = EncodeTask(value_map=job.plan.value_map, codec=codec)
        for found, encoded in each_slab(job.volume, task, request, "writing"):
            total.add(found)
            yield encoded

    template, codec = header_template(job.plan), codec_of(job.plan.transfer_syntax_uid)
    (header,) = encode_headers(template, job.plan, 0, 1)
    if codec is None:
        return frames_chunks(template, header, frames())
    return waiting_chunks(template, header, compressed(codec))


def _kept(job: Job, sink: Sink, request: WriteRequest, *, read_back: bool) -> Tally | None:
    """Return what is known of a file of all frames that a killed write has left whole; None if it is to be written."""
    if job.encoded is None and job.plan.value_map.counts:
        return None
    start = job.encoded or encode_headers(header_template(job.plan), job.plan, 0, 1)[0]
    size = job.plan.file_bytes(0)
    found = sink.find(job.plan.file_name(0), start, size)
    if found is None:
        return None
    if not read_back:
        return Tally(error=job.plan.value_map.max_error, size=size)
    try:
        with stored_path(found) as path:
            seen = Tally() if path is None else _compared(path, job, request)
    except ReadError:
        return None
    seen.size = size
    return seen if seen.error <= job.plan.value_map.max_error else None


def _compared(path: Path, job: Job, request: WriteRequest) -> Tally:
    if job.encoded is not None:
        return compare_labels(path, job)
    return compare_frames(path, job.volume, job.plan.value_map, request)
