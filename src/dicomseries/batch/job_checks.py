"""Faults between jobs: one target for two, one study for two patients."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from dicomseries.batch.batch_job import BatchJob
from dicomseries.batch.input_state import input_paths
from dicomseries.errors import OptionError
from dicomseries.stores import is_url, masked

__all__ = ["check_jobs", "waves_of"]

_OF_THE_PATIENT = (
    "PatientID",
    "PatientName",
    "PatientBirthDate",
    "PatientSex",
    "IssuerOfPatientID",
)


def check_jobs(jobs: Sequence[BatchJob]) -> Iterator[OptionError]:
    """Yield the faults between jobs.

    Examples
    --------
    >>> first = BatchJob(place="job 1", number=1, source="a.nii", out="/out")
    >>> second = BatchJob(place="job 2", number=2, source="b.nii", out="/out")
    >>> [fault.code for fault in check_jobs([first, second])]
    ['target-twice']
    """
    yield from _targets(jobs)
    yield from _given_uids(jobs)
    yield from _studies(jobs)


def _targets(jobs: Sequence[BatchJob]) -> Iterator[OptionError]:
    """Yield targets that are equal, or one inside the other."""
    by_target: dict[str, BatchJob] = {}
    for job in jobs:
        target = _normal(job.out)
        if target in by_target:
            yield _fault(
                job,
                "target-twice",
                f"{masked(job.out)}, which is the target of {by_target[target].place} too",
                "a target for each job",
                "Choose another 'out'.",
            )
        by_target.setdefault(target, job)
    for job in jobs:
        for parent in _parents(job.out):
            outer = by_target.get(parent)
            if outer is not None:
                yield _fault(
                    job,
                    "target-inside-another",
                    f"{masked(job.out)}, inside of the target of {outer.place}",
                    "targets beside each other",
                    "Choose another 'out' for one of them.",
                )
                break


def _normal(out: str) -> str:
    return out.rstrip("/") if is_url(out) else os.path.normcase(out)


def _parents(out: str) -> Iterator[str]:
    if is_url(out):
        head = out.rstrip("/")
        while "/" in head.partition("://")[2]:
            head = head.rpartition("/")[0]
            yield head
        return
    yield from map(str, PurePath(_normal(out)).parents)


def _given_uids(jobs: Sequence[BatchJob]) -> Iterator[OptionError]:
    """Yield series that two jobs would write under one UID."""
    by_uid: dict[str, BatchJob] = {}
    for job in jobs:
        uid = job.options.get("uid")
        if not isinstance(uid, Mapping):
            continue
        series = uid.get("SeriesInstanceUID")
        if series in by_uid:
            yield _fault(
                job,
                "series-uid-twice",
                f"the SeriesInstanceUID of {by_uid[series].place}",
                "another UID for each series (PS3.5 section 9)",
                "Leave it out, and a unique one is made.",
            )
        elif series is not None:
            by_uid[series] = job
        for field, keyword in (
            ("study", "StudyInstanceUID"),
            ("frame_of_reference", "FrameOfReferenceUID"),
        ):
            if getattr(job, field) and keyword in uid:
                yield _fault(
                    job,
                    "uid-and-key",
                    f"{field!r} besides {keyword} in 'uid'",
                    "one of the two",
                    f"Leave {field!r} out where you give the UID.",
                )


def _studies(jobs: Sequence[BatchJob]) -> Iterator[OptionError]:
    """Yield studies of two patients, and keys of derived series."""
    patients: dict[str, tuple[BatchJob, dict[str, Any]]] = {}
    for job in jobs:
        if not job.study and not job.frame_of_reference:
            continue
        if "like" in job.options:
            yield _fault(
                job,
                "key-with-like",
                "'study' or 'frame_of_reference' besides 'like'",
                "study and frame of reference of the source series",
                "Leave the key out: 'like' gives both.",
            )
            continue
        if not job.study:
            continue
        metadata = job.options.get("metadata", {})
        patient = {keyword: metadata.get(keyword) for keyword in _OF_THE_PATIENT}
        first, known = patients.setdefault(job.study, (job, patient))
        for keyword, value in patient.items():
            if value != known[keyword]:
                yield _fault(
                    job,
                    "study-of-two-patients",
                    f"{keyword} differs from that of {first.place}, in the study {job.study!r}",
                    "the same patient in all series of a study",
                    "Correct it, or give the job another 'study'.",
                )
                break


def waves_of(jobs: Sequence[BatchJob]) -> list[list[BatchJob]]:
    """Return the jobs in groups; each needs earlier groups only.

    A job whose input lies in the target of another one comes after it.

    Raises
    ------
    OptionError
        If jobs need each other in a circle.

    Examples
    --------
    >>> image = BatchJob(place="job 1", number=1, source="a.nii", out="/ct")
    >>> mask = BatchJob(place="job 2", number=2, source="b.nii", out="/seg",
    ...                 options={"like": "/ct"})
    >>> [[job.out for job in wave] for wave in waves_of([mask, image])]
    [['/ct'], ['/seg']]
    """
    targets = {_normal(job.out) for job in jobs}
    waves: list[list[BatchJob]] = []
    left = list(jobs)
    made: set[str] = set()
    needs = {id(job): _needs(job, targets) for job in jobs}
    while left:
        wave = [job for job in left if needs[id(job)] <= made]
        if not wave:
            raise _fault(
                left[0],
                "jobs-in-a-circle",
                f"{len(left)} jobs whose inputs are targets of each other",
                "an order in which each job finds its input",
                "Correct 'source' or 'like' of one of them.",
            )
        waves.append(wave)
        made |= {_normal(job.out) for job in wave}
        left = [job for job in left if not needs[id(job)] <= made or _normal(job.out) not in made]
    return waves


def _needs(job: BatchJob, targets: set[str]) -> frozenset[str]:
    """Return the targets of other jobs that hold inputs of this one."""
    needed = set()
    for name, path in input_paths(job):
        if name in {"source", "like"}:
            for place in (_normal(path), *_parents(path)):
                if place in targets:
                    needed.add(place)
    return frozenset(needed)


def _fault(job: BatchJob, code: str, given: str, expected: str, remedy: str) -> OptionError:
    return OptionError(code=code, where=job.place, given=given, expected=expected, remedy=remedy)
