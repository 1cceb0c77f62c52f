"""`batch`: the series of a whole dataset in one call."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from dicomseries import sinks
from dicomseries.api.folders.batch_results import batch_report, planned_row, save_reports
from dicomseries.api.folders.batch_run import PlannedJob, keywords_for, run_jobs
from dicomseries.batch import (
    BatchJob,
    BatchRecord,
    InputStates,
    JobList,
    ResolvedUids,
    bids_jobs,
    check_jobs,
    input_paths,
    job_list,
    read_jobs,
    waves_of,
)
from dicomseries.errors import (
    DicomSeriesError,
    Message,
    OptionError,
    TargetError,
    counted,
)
from dicomseries.event_log import LOGGER
from dicomseries.lazy_dataclass import dataclass
from dicomseries.network import is_peer_url
from dicomseries.options import WriteOptions, check_names, checked_options
from dicomseries.progress_bar import ProgressReport, progress_report
from dicomseries.reports import BatchReport, LeftOutFile
from dicomseries.stores import is_url
from dicomseries.writing import target_at

__all__ = ["batch"]

_SHARED = ("executor", "memory", "storage_options", "workers")
"""Options of `write` that the whole batch has."""
_MOST_FAULTS = 50
"""Faults that one error lists."""
_RECORD = "record.jsonl"


def batch(
    jobs: str | os.PathLike[str] | Iterable[Mapping[str, Any]] | None = None,
    *,
    bids: str | os.PathLike[str] | None = None,
    out: str | os.PathLike[str] | None = None,
    records: str | os.PathLike[str] | None = None,
    namespace: str = "",
    resume: bool = False,
    keep_going: bool = True,
    dry_run: bool = False,
    progress: ProgressReport | bool | None = None,
    **defaults: Any,
) -> BatchReport:
    """Write many series: a job for each, in one process or on a cluster.

    All jobs are checked before the first is written: fields, options, inputs, targets, and what two
    jobs must not share. A job that fails does not stop the others. A batch that was killed goes on
    with ``resume=True``: jobs that are done, whose target is there and whose inputs are unchanged,
    are not written again.

    Parameters
    ----------
    jobs : path-like or iterable of mapping
        A file of jobs (``.jsonl``, ``.csv``, ``.tsv``), or the jobs. Each has ``source``, ``out``
        and options of `write` by their names, as values of JSON; paths are relative to the file.
        Further fields: ``study`` and ``frame_of_reference``, keys by which jobs share these UIDs;
        ``bvals`` and ``bvecs``, FSL's files of diffusion weightings.
    bids : path-like, optional
        Root of a BIDS dataset, instead of `jobs`: its images become series of the kind that their
        suffix names, label maps of its derivatives become Segmentations over their image. What
        is not certain is left out, and listed in the report.
    out : path-like, optional
        With `bids`: folder of the series, which lie as the images do.
    records : path-like, optional
        Folder of the record, ``failed.jsonl`` and the reports; by default the name of the job
        file, or of `out`, with the ending ``.batch``.
    namespace : str
        A text that no other dataset has, such as a DOI: the UIDs of keys are then made from it,
        the same in every batch. Without it they are made from the contents of the inputs
        (``uid="content"``), or by chance, once for each `records`.
    resume : bool
        Go on with a batch that was stopped. If there is none, begin anew.
    keep_going : bool
        Whether a failed job leaves the others running; if not, no further job begins.
    dry_run : bool
        Check all jobs, and write nothing.
    progress : bool or callable, optional
        True shows a bar with the remaining time; a callable gets the jobs that are done, all jobs,
        and ``"writing series"``.
    **defaults
        Options of `write` for all jobs that do not have them (they win over ``defaults`` of the
        file), and ``workers``, ``memory``,
        ``executor`` and ``storage_options`` of the batch. Attributes in ``metadata`` are merged one
        by one.

    Returns
    -------
    BatchReport
        Counts, sizes, failures and the commonest advice.

    Raises
    ------
    OptionError
        If a job is wrong; all faults are listed with their lines, and nothing is written.
    SourceError
        If the list of jobs, or the record, cannot be read.
    TargetError
        If another batch uses the same record, or one was begun there before.
    KeyboardInterrupt
        After Ctrl-C: jobs under way have ended, and the record is complete.

    Warns
    -----
    DicomSeriesWarning
        As `write` does.

    Notes
    -----
    PS3.3 section A.1.2: series of one study have one StudyInstanceUID. Files are those of `write`,
    in any order and for any number of workers.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(f"{folder}/a.npy", np.arange(60, dtype="int16").reshape(3, 4, 5))
    ...     jobs = [{"source": f"{folder}/a.npy", "out": f"{folder}/a"}]
    ...     report = batch(jobs, records=f"{folder}/record", kind="CT", spacing=(1, 1, 2.5))
    >>> report.done, report.files
    (1, 3)
    """
    shared, options = _split(defaults)
    listed, left_out = _listed(jobs, bids, out, options)
    return run_batch(
        listed,
        left_out=left_out,
        folder=_records_folder(jobs, out, records),
        namespace=namespace,
        resume=resume,
        keep_going=keep_going,
        dry_run=dry_run,
        progress=progress,
        shared=shared,
    )


def run_batch(
    listed: JobList,
    *,
    folder: Path,
    namespace: str,
    resume: bool,
    keep_going: bool,
    dry_run: bool,
    progress: ProgressReport | bool | None,
    shared: Mapping[str, Any],
    left_out: Sequence[LeftOutFile] = (),
) -> BatchReport:
    """Check and write the jobs of a list; parameters as in `batch`."""
    started = time.perf_counter()
    plan = _Plan(listed=listed, shared=shared)
    _reject(listed.faults)
    _reject(tuple(check_jobs(listed.jobs)))
    waves = waves_of(listed.jobs)
    if dry_run:
        return _only_planned(plan, folder, resume=resume, left_out=left_out)
    with _opened_record(folder, resume=resume) as record:
        plan.choose(record)
        uids = ResolvedUids(now=record.now, uids=dict(record.uids))
        uids.add(listed.jobs, entropy=record.entropy, namespace=namespace)
        record.add_uids(uids.uids)
        LOGGER.info("batch: %d jobs, %d done before", len(listed.jobs), plan.done_before)
        try:
            _run(plan, waves, uids, record, keep_going=keep_going, progress=progress)
        except KeyboardInterrupt:
            report = _reported(plan, uids, record, started, left_out)
            text = Message(f"{report.summary}; go on with `resume=True`")
            raise KeyboardInterrupt(text) from None
        return _reported(plan, uids, record, started, left_out)


def _split(defaults: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the options of the batch, and the defaults of its jobs."""
    check_names("write", defaults)
    shared = {name: defaults[name] for name in _SHARED if defaults.get(name) is not None}
    options = {name: value for name, value in defaults.items() if name not in _SHARED}
    client = shared.get("executor")
    if client is not None:
        # The check of `write`: a client, and no threads besides it.
        checked_options(WriteOptions, {"kind": "CT", **shared})
    return shared, options


def _listed(
    jobs: Any, bids: Any, out: Any, options: Mapping[str, Any]
) -> tuple[JobList, tuple[LeftOutFile, ...]]:
    """Return the jobs, and files of a dataset that became none."""
    is_dataset = bids is not None or out is not None
    if (jobs is not None) is is_dataset or (is_dataset and (bids is None or out is None)):
        raise OptionError(
            code="jobs-or-dataset",
            where="jobs",
            given="both, neither, or one of `bids=` and `out=` alone",
            expected="a list of jobs, or a BIDS dataset with the folder of its series",
            remedy="Pass jobs, or `bids='dataset'` with `out='dicom'`.",
        )
    if bids is not None:
        listed, left_out = bids_jobs(bids, out, options)
        return listed, tuple(LeftOutFile(path=path, reason=reason) for path, reason in left_out)
    if isinstance(jobs, (str, os.PathLike)):
        return read_jobs(jobs, options), ()
    return job_list(jobs, options), ()


def _records_folder(jobs: Any, out: Any, records: str | os.PathLike[str] | None) -> Path:
    if records is not None:
        return Path(records)
    if out is not None:
        folder = Path(os.path.normpath(out))
        return folder.with_name(f"{folder.name}.batch")
    if isinstance(jobs, (str, os.PathLike)):
        return Path(jobs).with_suffix(".batch")
    raise OptionError(
        code="records-missing",
        where="records",
        given="jobs of this program, and no `records=`",
        expected="a folder for the record, the failures and the reports",
        remedy="Pass `records='out.batch'`.",
    )


def _reject(faults: Sequence[DicomSeriesError]) -> None:
    """Raise one error that lists the faults."""
    if not faults:
        return
    errors = []
    for fault in faults[:_MOST_FAULTS]:
        for part in fault.faults:
            errors.append(
                OptionError(
                    code=part.code,
                    where=part.where,
                    given=part.given,
                    expected=part.expected,
                    remedy=part.remedy,
                )
            )
    if len(faults) > _MOST_FAULTS:
        errors.append(
            OptionError(
                code="more-faults",
                where="jobs",
                given=f"{counted(len(faults) - _MOST_FAULTS, 'more fault')}",
                expected="none of them",
                remedy="Correct those above first.",
            )
        )
    raise OptionError.together(errors)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """The jobs of a batch, and what is to be done for each."""

    listed: JobList
    shared: Mapping[str, Any]
    states: InputStates = field(default_factory=InputStates)
    chosen: dict[str, PlannedJob] = field(default_factory=dict)
    identified: list[tuple[BatchJob, str]] = field(default_factory=list)

    @property
    def done_before(self) -> int:
        """Jobs that need not be written again."""
        return len(self.identified) - len(self.chosen)

    def choose(self, record: BatchRecord | None) -> None:
        """Choose the jobs to write, and reject those that are wrong.

        Raises
        ------
        OptionError
            With every fault.
        """
        faults: list[DicomSeriesError] = []
        targets = {job.out for job in self.listed.jobs}
        for job in self.listed.jobs:
            identifier, inputs = job.id, self.states.of(job)
            self.identified.append((job, identifier))
            state = None if record is None else record.states.get(identifier)
            is_begun = state is not None and state.state == "begun"
            if state is not None and state.state == "done":
                is_unchanged = state.inputs == inputs or _reads_targets(job, targets)
                if is_unchanged and _is_there(job, self.shared):
                    continue
            faults += _faults_of(job, self.shared, targets, is_begun=is_begun)
            self.chosen[identifier] = PlannedJob(
                job=job,
                id=identifier,
                inputs=inputs,
                size=self.states.bytes_of(job),
                is_begun=is_begun,
            )
        _reject(faults)


def _reads_targets(job: BatchJob, targets: set[str]) -> bool:
    """Return whether a job reads what another one writes."""
    return any(_inside(path, targets) for _, path in input_paths(job))


def _inside(path: str, targets: set[str]) -> bool:
    return path in targets or any(str(parent) in targets for parent in Path(path).parents)


def _is_there(job: BatchJob, shared: Mapping[str, Any]) -> bool:
    """Return whether the target of a job that is done still exists."""
    if is_peer_url(job.out):
        return True  # an archive keeps what it has accepted
    if is_url(job.out):
        try:
            target_at(job.out, shared.get("storage_options")).check(overwrite=False, resume=False)
        except TargetError:
            return True
        return False
    path = Path(job.out)
    return path.is_file() or (path.is_dir() and any(path.iterdir()))


def _faults_of(
    job: BatchJob, shared: Mapping[str, Any], targets: set[str], *, is_begun: bool
) -> Iterator[DicomSeriesError]:
    """Yield the faults of one job that can be known before its pixels are read."""
    for name, path in input_paths(job):
        if not os.path.exists(path) and not _inside(path, targets):  # noqa: PTH110 - many jobs
            yield OptionError(
                code="input-missing",
                where=f"{job.place}: {name}",
                given=f"{path}, which does not exist",
                expected="a file or folder that exists",
                remedy="Correct the path; it is relative to the list of jobs.",
            )
            return
    try:
        keywords = keywords_for(job)
        checked_options(WriteOptions, {**keywords, **shared})
        overwrite = is_begun or bool(keywords.get("overwrite", False))
        target = target_at(job.out, shared.get("storage_options"))
        target.check(overwrite=overwrite, resume=False)
    except DicomSeriesError as error:
        for fault in error.faults:
            yield OptionError(
                code=fault.code,
                where=f"{job.place}: {fault.where}",
                given=fault.given,
                expected=fault.expected,
                remedy=fault.remedy,
            )
    except (TypeError, ValueError, AttributeError) as error:
        yield OptionError(
            code="job-value-malformed",
            where=job.place,
            given=str(error),
            expected="options as `write` takes them",
            remedy="Correct the value; the reference of options has the forms.",
        )


@contextlib.contextmanager
def _opened_record(folder: Path, *, resume: bool) -> Iterator[BatchRecord]:
    """Open the record of a batch; no other process may have it."""
    sinks.make_folder(folder)
    lock = sinks.lock_folder(folder, folder.with_name(f"{folder.name}.lock"))
    if lock is None and sinks.has_locks():
        raise TargetError(
            code="batch-under-way",
            where=str(folder),
            given="a batch that goes on",
            expected="a record that no other batch uses",
            remedy="Wait for it, or name another folder with `records=`.",
        )
    try:
        path = folder / _RECORD
        if path.exists() and not resume:
            raise TargetError(
                code="batch-begun-before",
                where=str(path),
                given="the record of a batch that was begun before",
                expected="a folder without a record",
                remedy="Pass `resume=True` to go on with it, or move the folder away.",
            )
        now = dt.datetime.now().astimezone().isoformat(timespec="seconds")
        record = BatchRecord.opened(path, now=now, entropy=secrets.token_bytes(32))
        try:
            yield record
        finally:
            record.close()
    finally:
        if lock is not None:
            lock.release()


def _run(
    plan: _Plan,
    waves: Sequence[Sequence[BatchJob]],
    uids: ResolvedUids,
    record: BatchRecord,
    *,
    keep_going: bool,
    progress: ProgressReport | bool | None,
) -> None:
    """Write the chosen jobs, wave after wave."""
    identifiers = {id(job): identifier for job, identifier in plan.identified}
    done, total = 0, len(plan.chosen)
    with progress_report(progress) as report:
        for wave in waves:
            ended = run_jobs(_of_wave(wave, identifiers, plan, uids), record, plan.shared)
            with contextlib.closing(ended):
                for is_done in ended:
                    done += 1
                    if report is not None:
                        report(done, total, "writing series")
                    if not is_done and not keep_going:
                        return


def _of_wave(
    wave: Iterable[BatchJob],
    identifiers: Mapping[int, str],
    plan: _Plan,
    uids: ResolvedUids,
) -> Iterator[PlannedJob]:
    for job in wave:
        planned = plan.chosen.get(identifiers[id(job)])
        if planned is not None:
            yield replace(planned, job=uids.resolved(job))


def _reported(
    plan: _Plan,
    uids: ResolvedUids,
    record: BatchRecord,
    started: float,
    left_out: Sequence[LeftOutFile],
) -> BatchReport:
    """Write the reports, and return the first."""
    record.close()
    folder = record.path.parent
    states = BatchRecord.seen(record.path).states
    report = batch_report(
        folder,
        plan.identified,
        states,
        done_before=plan.done_before,
        seconds=time.perf_counter() - started,
        left_out=left_out,
    )
    save_reports(folder, report, plan.identified, states, uids)
    LOGGER.info("batch: %d done, %d failed", report.done, report.failed)
    return report


def _only_planned(
    plan: _Plan, folder: Path, *, resume: bool, left_out: Sequence[LeftOutFile]
) -> BatchReport:
    """Return what would be written."""
    record = None
    if resume and (folder / _RECORD).exists():
        record = BatchRecord.seen(folder / _RECORD)
    plan.choose(record)
    return BatchReport(
        records=str(folder),
        jobs=len(plan.identified),
        done_before=plan.done_before,
        planned=tuple(planned_row(planned.job) for planned in plan.chosen.values()),
        left_out=tuple(left_out),
        is_plan=True,
    )
