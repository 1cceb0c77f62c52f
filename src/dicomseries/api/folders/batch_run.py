"""Jobs of a batch, written in threads or on a cluster, and their record."""

from __future__ import annotations

import itertools
import time
import traceback
from collections.abc import Generator, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from dicomseries import executors
from dicomseries.api.write import write
from dicomseries.batch import BatchJob, BatchRecord, keywords_of
from dicomseries.errors import DicomSeriesError, OptionError, WriteError, shortened, template_of
from dicomseries.lazy_dataclass import dataclass
from dicomseries.sources import diffusion_gradients, open_volume
from dicomseries.stores import masked

__all__ = ["PlannedJob", "keywords_for", "run_jobs"]

_SMALL = 4 << 20
"""Bytes of a source below which several jobs run at a time, each in one thread."""
_MOST_SMALL = 4
"""Small jobs at a time: more only wait for the interpreter lock."""
_WINDOW = 64
"""Jobs that are noted as begun by one write to the disk."""
_LONGEST = 2000
"""Characters of a reason in the record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedJob:
    """A checked job that is to be written.

    Parameters
    ----------
    job : BatchJob
        With the UIDs of its keys.
    id : str
        Its identifier in the record.
    inputs : str
        Digest of its inputs.
    size : int
        Bytes of its source.
    is_begun : bool
        Whether an earlier run of this batch began it, so that its target is ours.
    """

    job: BatchJob
    id: str
    inputs: str
    size: int
    is_begun: bool = False


def run_jobs(
    planned: Iterable[PlannedJob], record: BatchRecord, shared: Mapping[str, Any]
) -> Generator[bool]:
    """Write jobs, and yield whether each was done.

    Their results are in the record before they are yielded; a job that ends while the caller stops
    is there too.

    Parameters
    ----------
    planned : iterable of PlannedJob
        In the order of the list.
    record : BatchRecord
        Open.
    shared : mapping
        Options of the batch: ``executor``, ``workers``, ``memory``, ``storage_options``.
    """
    client = shared.get("executor")
    begun = _begun(planned, record)
    if client is not None:
        yield from _on_cluster(begun, record, shared, client)
        return
    workers = executors.worker_count(shared.get("workers"))
    small = partial(_recorded, record, {**shared, "workers": 1})
    large = partial(_recorded, record, shared)
    for is_small, group in itertools.groupby(begun, key=_is_small):
        if is_small:
            yield from executors.run(small, group, workers=min(workers, _MOST_SMALL))
        else:
            yield from map(large, group)


def _is_small(planned: PlannedJob) -> bool:
    return planned.size < _SMALL


def _begun(planned: Iterable[PlannedJob], record: BatchRecord) -> Iterator[PlannedJob]:
    """Yield jobs after they are noted as begun."""
    remaining = iter(planned)
    while window := tuple(itertools.islice(remaining, _WINDOW)):
        record.begin([job.id for job in window])
        yield from window


def _recorded(record: BatchRecord, shared: Mapping[str, Any], planned: PlannedJob) -> bool:
    """Write one job, and add its result to the record."""
    result = _result(planned, shared, is_begun=planned.is_begun, can_resume=True)
    _add(record, planned, result)
    return "receipt" in result


def _add(record: BatchRecord, planned: PlannedJob, result: Mapping[str, Any]) -> None:
    state = "done" if "receipt" in result else "failed"
    entry = {
        state: planned.id,
        "job": planned.job.place,
        "out": masked(planned.job.out),
        "inputs": planned.inputs,
    }
    record.add({**entry, **result})


def _result(
    planned: PlannedJob, shared: Mapping[str, Any], *, is_begun: bool, can_resume: bool
) -> dict[str, Any]:
    """Write a job; return its receipt or its error, of JSON's types."""
    started = time.perf_counter()
    try:
        keywords = {**keywords_for(planned.job), **shared}
        if is_begun:
            # What is at the target, or half written beside it, was made by this batch.
            keywords |= {"overwrite": True, "resume": can_resume}
        receipt = _written(planned.job, keywords)
    except DicomSeriesError as error:
        return _failure(error.code, template_of(str(error)), started)
    except (OSError, MemoryError) as error:
        return _failure("system-refused", f"{type(error).__name__}: {error}", started)
    except Exception as error:  # noqa: BLE001 - one job must not end the others
        text = shortened("".join(traceback.format_exception(error)), _LONGEST)
        return _failure("unforeseen", f"{type(error).__name__}: {error}", started, traceback=text)
    seconds = round(time.perf_counter() - started, 6)
    record = receipt.to_dict()
    record["advice"] = list(map(template_of, receipt.advice))
    return {"seconds": seconds, "receipt": record}


def _written(job: BatchJob, keywords: dict[str, Any]) -> Any:
    try:
        return write(job.source, job.out, **keywords)
    except OptionError as error:
        if error.code != "resume-of-another-write":
            raise
    return write(job.source, job.out, **{**keywords, "resume": False})


def _failure(code: str, reason: str, started: float, **more: str) -> dict[str, Any]:
    seconds = round(time.perf_counter() - started, 6)
    return {"seconds": seconds, "code": code, "reason": shortened(reason, _LONGEST), **more}


def keywords_for(job: BatchJob) -> dict[str, Any]:
    """Return the keyword arguments of a job, with its diffusion weightings.

    Raises
    ------
    DicomSeriesError
        If the files of weightings do not fit the image.
    """
    keywords = keywords_of(job)
    if not job.bvals and not job.bvecs:
        return keywords
    if not job.bvals or not job.bvecs:
        raise OptionError(
            code="gradients-incomplete",
            where=job.place,
            given="one of 'bvals' and 'bvecs'",
            expected="both files of FSL: b-values, and directions along the axes of the image",
            remedy="Add the other one, or give DiffusionBValue in 'per_volume'.",
        )
    volume = open_volume(job.source)
    gradients = diffusion_gradients(job.bvals, job.bvecs, volume.grid, volumes=volume.volumes or 1)
    keywords["per_volume"] = {**(keywords.get("per_volume") or {}), **gradients}
    return keywords


# --- a cluster ------------------------------------------------------------------------------------


def _on_cluster(
    begun: Iterable[PlannedJob], record: BatchRecord, shared: Mapping[str, Any], client: Any
) -> Generator[bool]:
    """Write each job as one task of a Dask cluster."""
    others = {name: value for name, value in shared.items() if name != "executor"}
    there = partial(_written_there, str(record.path.parent), {**others, "workers": 1})
    for planned, ended in executors.run_on_cluster(client, there, begun):
        if isinstance(ended, WriteError):
            result = _failure(ended.code, template_of(str(ended)), time.perf_counter())
        else:
            result = ended
        _add(record, planned, result)
        _mark(str(record.path.parent), planned).unlink(missing_ok=True)
        yield "receipt" in result


def _mark(folder: str, planned: PlannedJob) -> Path:
    """Return the file that says that a worker has begun a job."""
    return Path(folder, f".begun-{planned.id}")


def _written_there(folder: str, shared: Mapping[str, Any], planned: PlannedJob) -> dict[str, Any]:
    """Write a job in a worker, perhaps after another one was lost with it."""
    mark = _mark(folder, planned)
    try:
        mark.open("x").close()
        is_repeated = False
    except FileExistsError:
        is_repeated = True
    is_begun = planned.is_begun or is_repeated
    return _result(planned, shared, is_begun=is_begun, can_resume=False)
