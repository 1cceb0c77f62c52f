"""Targets of a write: folders, archives and object stores."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dicomseries import sinks
from dicomseries.errors import MetadataError, TargetError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.stores import is_url, masked
from dicomseries.writing.encode.resume_record import KilledWrite, WriteRecord, check_same_write
from dicomseries.writing.inputs.write_request import WriteRequest
from dicomseries.writing.jobs.series_jobs import Job

if TYPE_CHECKING:
    from dicomseries.writing.encode.write_target import Target

__all__ = [
    "FolderTarget",
    "LocalTarget",
    "PackedTarget",
    "StoreTarget",
    "check_space",
    "target_at",
]

_AMPLE = 1 << 30
"""Bytes free beside twice the pixels: headers of any size then fit."""
_ARCHIVES = (".zip", ".tar")
_OTHER_ARCHIVES = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst", ".7z", ".rar")
_OF_A_FILE_SET = ("PatientID", "StudyID", "StudyDate", "StudyTime", "SeriesNumber")
"""Attributes of a series that directory records must have (PS3.3 section F.5)."""


def target_at(
    out: Any, storage_options: Mapping[str, Any] | None, *, dicomdir: bool = False
) -> Target:
    """Return the target that `out` names.

    Raises
    ------
    TargetError
        If it is neither a path nor a URL, or an archive that is not written.
    """
    if isinstance(out, str) and is_url(out):
        _check_prefix_name(out, dicomdir=dicomdir)
        from dicomseries.network import is_peer_url  # noqa: PLC0415 - not needed for files

        if is_peer_url(out, is_target=True):
            from dicomseries.writing.encode.archive_target import ArchiveTarget  # noqa: PLC0415

            return ArchiveTarget(url=out, storage_options=storage_options)
        return StoreTarget(url=out, storage_options=storage_options)
    if isinstance(out, (str, os.PathLike)):
        path = os.fspath(out)
        if isinstance(path, str) and "\0" not in path:
            return _local_target(path, dicomdir=dicomdir)
    wrong = f"an object of type {type(out).__name__}"
    if isinstance(out, (str, bytes)):
        wrong = repr(out)
    raise TargetError(
        code="target-not-a-path",
        where="out",
        given=wrong,
        expected="the path of a folder",
        remedy="Pass a str or a pathlib.Path.",
    )


def _local_target(path: str, *, dicomdir: bool) -> LocalTarget:
    absolute = sinks.absolute_target(Path(path))
    name = absolute.name.lower()
    if name.endswith(_OTHER_ARCHIVES):
        raise TargetError(
            code="archive-not-written",
            where="out",
            given=f"the name {absolute.name}",
            expected="a folder, or a name that ends with .zip or .tar",
            remedy="Write to .zip or .tar, and compress the pixels with `compression='jpegls'`.",
        )
    if name.endswith(_ARCHIVES):
        return PackedTarget(where=path, path=absolute, dicomdir=dicomdir)
    return FolderTarget(where=path, path=absolute, dicomdir=dicomdir)


def _check_prefix_name(url: str, *, dicomdir: bool) -> None:
    """Reject what object stores are not written as."""
    name = url.partition("?")[0].rstrip("/")
    if dicomdir:
        wrong = "`dicomdir=True` with a URL"
    elif name.lower().endswith((*_ARCHIVES, *_OTHER_ARCHIVES)):
        wrong = "the URL of an archive"
    else:
        return
    raise TargetError(
        code="target-not-local",
        where="out",
        given=wrong,
        expected="a folder, .zip or .tar of this machine, which appears by one rename",
        remedy="Write to a folder or archive, and upload that.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalTarget:
    """A place on this machine that appears by one rename.

    Parameters
    ----------
    where : str
        As the user wrote it.
    path : Path
        The same, absolute.
    dicomdir : bool
        Whether it becomes a File-set, with a DICOMDIR.
    """

    where: str
    path: Path
    dicomdir: bool = False

    def place_of(self, folder: str) -> str:
        """Return where the files of a series are found."""
        raise NotImplementedError

    def check(self, *, overwrite: bool, resume: bool) -> KilledWrite | None:
        """Reject a place in use; return a killed write."""
        self._check_free(overwrite=overwrite)
        leftover = self._leftover() if resume else None
        if leftover is None:
            return None
        return _killed_write(leftover.record, leftover)

    def check_plans(self, jobs: Sequence[Job]) -> None:
        """Reject series that lack what a DICOMDIR holds."""
        if self.dicomdir:
            _check_file_set(jobs)

    def open_sink(
        self, request: WriteRequest, jobs: Sequence[Job], killed: KilledWrite | None
    ) -> sinks.DirectorySink | sinks.ArchiveSink:
        """Return the sink of a planned write.

        Raises
        ------
        TargetError
            If the disk has no room.
        OptionError
            If the plan differs from that of the killed write.
        """
        options, record = request.options, WriteRecord.of(request, jobs)
        self.check_plans(jobs)
        leftover = None
        if killed is None:
            check_space(self.path, jobs, is_packed=isinstance(self, PackedTarget))
        else:
            check_same_write(killed.record, record, self.where)
            leftover = killed.leftover
        return self._sink(
            read_back=options.verify,
            overwrite=options.overwrite,
            sync=options.sync,
            record=record.to_text(),
            leftover=leftover,
        )

    def open_sink_of_objects(
        self, entries: Sequence[Mapping[str, Any]], *, overwrite: bool, sync: bool, read_back: bool
    ) -> sinks.DirectorySink | sinks.ArchiveSink:
        """Return a sink of objects that are encoded already.

        Parameters
        ----------
        entries : sequence of mapping
            Facts of each series, for the manifest of a store.
        overwrite : bool
            Replace DICOM files that are there.
        sync : bool
            Make files durable.
        read_back : bool
            Whether files are read before the commit.
        """
        del entries  # of stores alone
        return self._sink(read_back=read_back, overwrite=overwrite, sync=sync)

    def _check_free(self, *, overwrite: bool) -> None:
        raise NotImplementedError

    def _leftover(self) -> sinks.Leftover | None:
        raise NotImplementedError

    def _sink(self, *, read_back: bool, **settings: Any) -> sinks.DirectorySink | sinks.ArchiveSink:
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderTarget(LocalTarget):
    """A folder of this machine; with a DICOMDIR, a File-set."""

    def place_of(self, folder: str) -> str:
        """Return where the files of a series are found."""
        if not folder or self.dicomdir:
            return self.where
        return os.path.join(self.where, folder)  # noqa: PTH118 - relative paths stay relative

    def _check_free(self, *, overwrite: bool) -> None:
        sinks.check_target(self.path, overwrite=overwrite)

    def _leftover(self) -> sinks.Leftover | None:
        return sinks.find_leftover(self.path)

    def _sink(self, *, read_back: bool, **settings: Any) -> sinks.DirectorySink:
        del read_back  # staged files can be read at any time
        return sinks.DirectorySink(self.path, is_file_set=self.dicomdir, **settings)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedTarget(LocalTarget):
    """A ZIP or tar file of this machine."""

    def place_of(self, folder: str) -> str:
        """Return where the files of a series are found: always in the archive."""
        del folder
        return self.where

    def _check_free(self, *, overwrite: bool) -> None:
        sinks.check_archive(self.path, overwrite=overwrite)

    def _leftover(self) -> sinks.Leftover | None:
        return sinks.find_archive_leftover(self.path)

    def _sink(self, *, read_back: bool, **settings: Any) -> sinks.ArchiveSink:
        return sinks.ArchiveSink(
            self.path, read_back=read_back, is_file_set=self.dicomdir, **settings
        )


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


def _check_file_set(jobs: Sequence[Job]) -> None:
    """Reject a series without what its directory records must have."""
    faults = []
    for keyword in _OF_A_FILE_SET:
        for job in jobs:
            if any(item.keyword == keyword and not item.is_empty for item in job.plan.shared):
                continue
            faults.append(
                MetadataError(
                    code="file-set-needs-a-value",
                    where=f"metadata[{keyword!r}]",
                    given="no value",
                    expected=f"a value of {keyword}: a DICOMDIR holds one (PS3.3 section F.5)",
                    remedy=f"Pass `metadata={{{keyword!r}: ...}}`, or leave `dicomdir=` out.",
                )
            )
            break
    if faults:
        raise MetadataError.together(faults)


def check_space(out: Path, jobs: Sequence[Job], *, is_packed: bool = False) -> None:
    """Reject a write that the disk has no room for.

    With `is_packed`, a file is there twice for a moment.
    """
    folder = next(parent for parent in out.absolute().parents if parent.exists())
    disk = shutil.disk_usage(folder)
    if not disk.total:
        return  # not a disk, as below /proc: making a file there fails with a better reason
    plans = [job.plan for job in jobs]
    if disk.free > (2 + is_packed) * sum(len(plan) * plan.pixel_bytes for plan in plans) + _AMPLE:
        return  # the size of the headers costs as much as making them
    size = files = largest = 0
    for plan in plans:
        file_size = max(plan.file_bytes(0), plan.file_bytes(len(plan) - 1))
        files += len(plan)
        size += len(plan) * file_size
        largest = max(largest, file_size)
    if is_packed:
        size += largest
    if size > disk.free:
        at_most = "at most " * any(plan.is_encapsulated for plan in plans)
        raise TargetError(
            code="disk-full",
            where=str(out),
            given=f"{disk.free:,} bytes free",
            expected=f"{at_most}{size:,} bytes for {files} files",
            remedy="Free space, or write to another disk.",
        )
