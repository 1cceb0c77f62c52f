"""Targets of a write: folders and object stores."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dicomseries import sinks
from dicomseries.errors import TargetError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.stores import is_url, masked
from dicomseries.writing.encode.resume_record import KilledWrite, WriteRecord, check_same_write
from dicomseries.writing.inputs.write_request import WriteRequest
from dicomseries.writing.jobs.series_jobs import Job

if TYPE_CHECKING:
    from dicomseries.writing.encode.write_target import Target

__all__ = ["FolderTarget", "StoreTarget", "check_space", "target_at"]

_AMPLE = 1 << 30
"""Bytes free beside twice the pixels: headers of any size then fit."""


def target_at(out: Any, storage_options: Mapping[str, Any] | None) -> Target:
    """Return the target that `out` names.

    Raises
    ------
    TargetError
        If it is neither a path nor a URL.
    """
    if isinstance(out, str) and is_url(out):
        from dicomseries.network import is_peer_url  # noqa: PLC0415 - not needed for files

        if is_peer_url(out, is_target=True):
            from dicomseries.writing.encode.archive_target import ArchiveTarget  # noqa: PLC0415

            return ArchiveTarget(url=out, storage_options=storage_options)
        return StoreTarget(url=out, storage_options=storage_options)
    if isinstance(out, (str, os.PathLike)):
        path = os.fspath(out)
        if isinstance(path, str) and "\0" not in path:
            return FolderTarget(where=path, path=sinks.absolute_target(Path(path)))
    given = f"an object of type {type(out).__name__}"
    if isinstance(out, (str, bytes)):
        given = repr(out)
    raise TargetError(
        code="target-not-a-path",
        where="out",
        given=given,
        expected="the path of a folder",
        remedy="Pass a str or a pathlib.Path.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderTarget:
    """A folder of this machine."""

    where: str
    path: Path

    def place_of(self, folder: str) -> str:
        """Return where a series is: the target, or its folder in it."""
        return os.path.join(self.where, folder)  # noqa: PTH118 - relative paths stay relative

    def check(self, *, overwrite: bool, resume: bool) -> KilledWrite | None:
        """Reject a folder in use; return a killed write."""
        sinks.check_target(self.path, overwrite=overwrite)
        if resume:
            leftover = sinks.find_leftover(self.path)
            if leftover is not None:
                return _killed_write(leftover.record, leftover)
        return None

    def open_sink(
        self, request: WriteRequest, jobs: Sequence[Job], killed: KilledWrite | None
    ) -> sinks.DirectorySink:
        """Return the sink of a planned write.

        Raises
        ------
        TargetError
            If the disk has no room.
        OptionError
            If the plan differs from that of the killed write.
        """
        options, record = request.options, WriteRecord.of(request, jobs)
        leftover = None
        if killed is None:
            check_space(self.path, jobs)
        else:
            check_same_write(killed.record, record, self.where)
            leftover = killed.leftover
        return sinks.DirectorySink(
            self.path,
            overwrite=options.overwrite,
            sync=options.sync,
            record=record.to_text(),
            leftover=leftover,
        )

    def open_sink_of_objects(
        self, entries: Sequence[Mapping[str, Any]], *, overwrite: bool, sync: bool, read_back: bool
    ) -> sinks.DirectorySink:
        """Return a sink of objects that are encoded already.

        Parameters
        ----------
        entries : sequence of mapping
            Facts of each series, for the manifest of a store.
        overwrite : bool
            Replace a folder of DICOM files.
        sync : bool
            Make files durable.
        read_back : bool
            Whether files are read before the commit.
        """
        del entries, read_back  # of stores alone
        return sinks.DirectorySink(self.path, overwrite=overwrite, sync=sync)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class StoreTarget:
    """A prefix in an object store."""

    url: str
    storage_options: Mapping[str, Any] | None

    @property
    def where(self) -> str:
        """The URL without secrets."""
        return masked(self.url)

    def place_of(self, folder: str) -> str:
        """Return where a series is: the target, or its folder in it."""
        return os.path.join(self.where, folder)  # noqa: PTH118 - a URL has such separators

    def check(self, *, overwrite: bool, resume: bool) -> KilledWrite | None:
        """Reject a prefix in use; return a killed write."""
        text = None
        if resume:
            text = sinks.find_plan(self.url, self.storage_options)
        sinks.check_prefix(self.url, self.storage_options, overwrite=overwrite or text is not None)
        if text is None:
            return None
        return _killed_write(text)

    def open_sink(
        self, request: WriteRequest, jobs: Sequence[Job], killed: KilledWrite | None
    ) -> sinks.ObjectSink:
        """Return the sink of a planned write.

        Raises
        ------
        OptionError
            If the plan differs from that of the killed write.
        """
        options, record = request.options, WriteRecord.of(request, jobs)
        if killed is not None:
            check_same_write(killed.record, record, self.where)
        return sinks.ObjectSink(
            self.url,
            self.storage_options,
            overwrite=options.overwrite,
            read_back=options.verify,
            record=record.to_text(),
            series=list(map(_manifest_entry, jobs)),
            resumes=killed is not None,
        )

    def open_sink_of_objects(
        self, entries: Sequence[Mapping[str, Any]], *, overwrite: bool, sync: bool, read_back: bool
    ) -> sinks.ObjectSink:
        """Return a sink of objects that are encoded already."""
        del sync  # a store makes objects durable itself
        return sinks.ObjectSink(
            self.url,
            self.storage_options,
            overwrite=overwrite,
            read_back=read_back,
            series=entries,
        )


def _killed_write(text: str, leftover: sinks.Leftover | None = None) -> KilledWrite | None:
    """Return the killed write of a record, if complete."""
    record = WriteRecord.from_text(text)
    if record is None:
        return None
    return KilledWrite(record=record, leftover=leftover)


def _manifest_entry(job: Job) -> dict[str, Any]:
    """Return facts of a series, without the patient."""
    series = job.plan
    return {
        "SeriesInstanceUID": series.uids.series,
        "StudyInstanceUID": series.uids.study,
        "kind": series.kind,
        "folder": series.folder,
        "files": len(series),
    }


def check_space(out: Path, jobs: Sequence[Job]) -> None:
    """Reject a write that the disk has no room for."""
    folder = next(parent for parent in out.absolute().parents if parent.exists())
    disk = shutil.disk_usage(folder)
    if not disk.total:
        return  # not a disk, as below /proc: making a file there fails with a better reason
    plans = [job.plan for job in jobs]
    if disk.free > 2 * sum(len(plan) * plan.pixel_bytes for plan in plans) + _AMPLE:
        return  # the size of the headers costs as much as making them
    size = files = 0
    for plan in plans:
        files += len(plan)
        size += len(plan) * max(plan.file_bytes(0), plan.file_bytes(len(plan) - 1))
    if size > disk.free:
        at_most = "at most " * any(plan.is_encapsulated for plan in plans)
        raise TargetError(
            code="disk-full",
            where=str(out),
            given=f"{disk.free:,} bytes free",
            expected=f"{at_most}{size:,} bytes for {files} files",
            remedy="Free space, or write to another disk.",
        )
