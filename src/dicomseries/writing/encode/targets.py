"""Where a series goes: a folder, or a prefix in an object store; each knows its checks, its leftovers and its sink."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from dicomseries.errors import TargetError
from dicomseries.sinks import (
    DirectorySink,
    Leftover,
    ObjectSink,
    absolute_target,
    check_prefix,
    check_target,
    find_plan,
)
from dicomseries.stores import is_url, masked
from dicomseries.writing.encode.encode_series import check_space
from dicomseries.writing.encode.resume_record import Record, find_record
from dicomseries.writing.jobs.series_jobs import Job

__all__ = ["Target", "target_at"]


class Target(Protocol):
    """A place that a series is written to."""

    @property
    def where(self) -> str:
        """What it is called."""

    def check(self, *, overwrite: bool, resume: bool) -> None:
        """Refuse a place that is not free."""

    def find(self) -> tuple[Leftover | None, Record] | None:
        """Return what a killed write has left."""

    def check_space(self, jobs: Sequence[Job]) -> None:
        """Refuse what there is no room for."""

    def sink(
        self, jobs: Sequence[Job], record: Record, leftover: Leftover | None, /, **options: bool
    ) -> DirectorySink | ObjectSink:
        """Return the sink; `options` are overwrite, sync, read_back and resumes."""


def target_at(out: Any, options: Mapping[str, Any] | None = None) -> Target:
    """Return the target that `out` names.

    Raises
    ------
    TargetError
        If it names none.

    Examples
    --------
    >>> target_at("memory://scan").where
    'memory://scan'
    """
    if isinstance(out, str) and is_url(out):
        return _Prefix(url=out, options=options)
    return _Folder(path=_folder_of(out), given=os.fspath(out))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Folder:
    path: Path
    given: str

    @property
    def where(self) -> str:
        return self.given

    def check(self, *, overwrite: bool, resume: bool) -> None:  # noqa: ARG002 - leftovers stand beside a folder
        check_target(self.path, overwrite=overwrite)

    def find(self) -> tuple[Leftover | None, Record] | None:
        return find_record(self.path)

    def check_space(self, jobs: Sequence[Job]) -> None:
        check_space(self.path, jobs)

    def sink(
        self, _: Sequence[Job], record: Record, leftover: Leftover | None, /, **options: bool
    ) -> DirectorySink:
        return DirectorySink(
            self.path,
            overwrite=options["overwrite"],
            sync=options["sync"],
            record=record.to_text(),
            leftover=leftover,
        )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class _Prefix:
    url: str
    options: Mapping[str, Any] | None

    @property
    def where(self) -> str:
        return masked(self.url)

    def check(self, *, overwrite: bool, resume: bool) -> None:
        is_left = resume and find_plan(self.url, self.options) is not None
        check_prefix(self.url, self.options, overwrite=overwrite or is_left)

    def find(self) -> tuple[None, Record] | None:
        text = find_plan(self.url, self.options)
        record = None if text is None else Record.from_text(text)
        return None if record is None else (None, record)

    def check_space(self, jobs: Sequence[Job]) -> None:
        """Say nothing: a store does not tell what room it has."""

    def sink(
        self, jobs: Sequence[Job], record: Record, _: Leftover | None, /, **options: bool
    ) -> ObjectSink:
        return ObjectSink(
            self.url,
            self.options,
            overwrite=options["overwrite"],
            read_back=options["read_back"],
            record=record.to_text(),
            series=[_facts(job) for job in jobs],
            resumes=options["resumes"],
        )


def _facts(job: Job) -> dict[str, Any]:
    """Return what a manifest says of a series; nothing of the patient."""
    series = job.plan
    return {
        "SeriesInstanceUID": series.uids.series,
        "StudyInstanceUID": series.uids.study,
        "kind": series.kind,
        "folder": series.folder,
        "files": len(series),
    }


def _folder_of(out: Any) -> Path:
    """Return the folder that `out` names, or reject it."""
    if isinstance(out, (str, os.PathLike)):
        path = os.fspath(out)
        if isinstance(path, str) and "\0" not in path:
            return absolute_target(Path(path))
    raise TargetError(
        code="target-not-a-path",
        where="out",
        given=repr(out)
        if isinstance(out, (str, bytes))
        else f"an object of type {type(out).__name__}",
        expected="the path of a folder",
        remedy="Pass a str or a pathlib.Path.",
    )
