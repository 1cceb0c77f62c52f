"""From a job to files, written and read back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from dicomseries.codecs import Codec, codec_of
from dicomseries.errors import ReadError
from dicomseries.executors import Bounds
from dicomseries.part10 import encode_headers, frames_chunks, header_template
from dicomseries.sinks import Sink, stored_path
from dicomseries.writing.encode.compressed_frames import chunks_behind_offsets
from dicomseries.writing.encode.encode_tasks import EncodeTask, FileTask, StoreTask
from dicomseries.writing.encode.read_back import Tally, compare_frames, reject_imprecise
from dicomseries.writing.encode.slab_loop import each_slab
from dicomseries.writing.inputs.write_request import WriteRequest
from dicomseries.writing.jobs.series_jobs import Job

__all__ = ["write_series"]


def write_series(
    job: Job, sink: Sink, request: WriteRequest, *, read_back: bool, resumes: bool = False
) -> Tally:
    """Write one series, and read it back if asked.

    Complete files of a killed write stay.
    """
    if job.plan.is_multi_frame:
        tally = _written_before(job, sink, request, read_back=read_back)
        return tally or _write_one_file(job, sink, request, read_back=read_back)
    task = FileTask(
        plan=job.plan,
        sink=sink,
        scale=(job.volume.slope, job.volume.intercept),
        read_back=read_back,
        resumes=resumes,
    )
    total = Tally()
    slabs: Sequence[Bounds] = job.slabs
    if resumes and not read_back and not job.plan.value_map.counts:
        slabs = _unwritten(task, slabs, total)
    for tally in each_slab(job.volume, task, request, "writing", slabs):
        total.add(tally)
    return total


def _unwritten(task: FileTask, slabs: Sequence[Bounds], total: Tally) -> list[Bounds]:
    """Return the slabs that are not written yet.

    Of slabs that are written already, only the bound of the error is known.
    """
    unwritten: list[Bounds] = []
    for bounds in slabs:
        if not task.is_written(bounds):
            unwritten.append(bounds)
            continue
        total.error = task.plan.value_map.max_error
        total.size += sum(map(task.plan.file_bytes, range(*bounds)))
    return unwritten


# ----------------------------------------------------------------------- one file of all frames
def _written_before(
    job: Job, sink: Sink, request: WriteRequest, *, read_back: bool
) -> Tally | None:
    """Return the sums of a killed write's file."""
    if job.plan.value_map.counts:
        return None
    start = encode_headers(header_template(job.plan), job.plan, 0, 1)[0]
    size = job.plan.file_bytes(0)
    file = sink.find(job.plan.file_name(0), start, size)
    if file is None:
        return None
    if not read_back:
        return Tally(error=job.plan.value_map.max_error, size=size)
    try:
        with stored_path(file) as path:
            tally = Tally() if path is None else _compared(path, job, request)
    except ReadError:
        return None
    tally.size = size
    if tally.error <= job.plan.value_map.max_error:
        return tally
    return None


def _write_one_file(job: Job, sink: Sink, request: WriteRequest, *, read_back: bool) -> Tally:
    """Write one file of all frames."""
    total = Tally()

    def counted(chunks: Iterable[bytes | memoryview]) -> Iterator[bytes | memoryview]:
        for chunk in chunks:
            total.size += len(chunk)
            yield chunk

    if job.segmentation is None:
        chunks = _chunks(job, request, total)
    else:
        from dicomseries.writing.encode import segmentation_chunks  # noqa: PLC0415 - of one kind

        chunks = segmentation_chunks.segmentation_chunks(job.segmentation, request, total)
    with stored_path(sink.put(job.plan.file_name(0), counted(chunks))) as path:
        if read_back and path is not None:
            tally = _compared(path, job, request)
            reject_imprecise(tally, job.plan)
            total.add(tally)
    return total


def _compared(path: Path, job: Job, request: WriteRequest) -> Tally:
    if job.segmentation is not None:
        from dicomseries.writing.encode import segment_read_back  # noqa: PLC0415 - of one kind

        return segment_read_back.compare_segments(path, job.segmentation, request)
    return compare_frames(path, job, request)


def _chunks(job: Job, request: WriteRequest, total: Tally) -> Iterator[bytes | memoryview]:
    template, codec = header_template(job.plan), codec_of(job.plan.transfer_syntax_uid)
    (header,) = encode_headers(template, job.plan, 0, 1)
    if codec is not None:
        frames = _compressed_frames(job, codec, request, total)
        yield from chunks_behind_offsets(template, header, frames)
        return
    task = StoreTask(value_map=job.plan.value_map)

    def stored_slabs() -> Iterator[Any]:
        for stored in each_slab(job.volume, task, request, "writing", job.slabs):
            total.count(stored)
            yield stored.array

    yield from frames_chunks(template, header, stored_slabs())


def _compressed_frames(
    job: Job, codec: Codec, request: WriteRequest, total: Tally
) -> Iterator[bytes]:
    task = EncodeTask(value_map=job.plan.value_map, codec=codec)
    for tally, frames in each_slab(job.volume, task, request, "writing", job.slabs):
        total.add(tally)
        yield from frames
