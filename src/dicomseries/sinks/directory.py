"""A folder of files, staged beside the target, renamed once."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Self

from dicomseries.errors import TargetError, WriteError, counted
from dicomseries.lazy_dataclass import dataclass
from dicomseries.operating_system import rename
from dicomseries.sinks.durable import sync_file, sync_folder
from dicomseries.sinks.folder_lock import FolderLock, has_locks, lock_folder, locked_parent
from dicomseries.sinks.staged_folder import StagedFolder, system_errors

__all__ = ["DirectorySink", "Leftover", "absolute_target", "check_target", "find_leftover"]

_SERIES_FOLDER = re.compile(
    r"(time-\d{4,})?-?(map|display)?|slice-\d{4,}|segmentation|measurements|picture"
    r"|(map|image|picture)-[a-z0-9-]+|(PT|ST|SE)\d{6}"
)
"""Names of the folders of several series in one target, and of a File-set."""
_PARTS = ".parts"
"""In the staging folder: targets of other sinks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """Files of a killed write beside its target.

    Parameters
    ----------
    staging : Path
        The folder with the files it has written, the last one perhaps in part.
    record : str
        Its description of itself.
    """

    staging: Path
    record: str


class DirectorySink:
    """Write a series as a folder, complete or not at all.

    Files are staged in ``.NAME.partial-XXXX`` beside the target. A lock on that folder tells the
    leftovers of a killed process, which the next write to the same target removes or goes on with,
    from the work of a living one.

    Pickled to other processes, a sink is its staging folder alone: they `put` and `find` files, and
    may be killed.

    Parameters
    ----------
    target : path-like
        The folder to make; its parents are made too. May exist if it is empty: it keeps its
        permissions.
    overwrite : bool
        Replace a target that holds DICOM files and nothing else; it is moved aside until the new
        one stands.
    sync : bool
        Make files and folders durable (fsync) before they are shown.
    record : str
        What a later write needs to go on with this one if it is killed; kept beside the staging
        folder until then.
    leftover : Leftover, optional
        Of a killed write, whose files are kept; they are found with `find`.
    is_file_set : bool
        Name the files as a File-set does, and add a DICOMDIR, before they are shown.

    Raises
    ------
    TargetError
        If the target is a file, is not empty (without `overwrite`), holds other things than DICOM
        files, is a mount point or the current folder, or its parent cannot be written to.
    WriteError
        From `put` and `commit`, if the system cannot write.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, DirectorySink(Path(folder, "out")) as sink:
    ...     _ = sink.put("0001.dcm", [b"header", memoryview(b"pixels")])
    ...     hidden = not Path(folder, "out").exists()
    ...     sink.commit()
    ...     shown = [path.name for path in Path(folder, "out").iterdir()]
    >>> hidden, shown
    (True, ['0001.dcm'])
    """

    def __init__(
        self,
        target: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        sync: bool = True,
        record: str = "",
        leftover: Leftover | None = None,
        is_file_set: bool = False,
    ) -> None:
        self._sync = sync
        self._is_file_set = is_file_set
        self._overwrite = overwrite
        self._record = record
        self._is_shared = leftover is not None
        self._done = False
        self._lock: FolderLock | None = None
        with system_errors(Path(target), TargetError, "target-not-writable"):
            self._target = absolute_target(Path(target))
            self._staging = self._beside("partial") if leftover is None else leftover.staging
            self._staged = StagedFolder(path=self._staging, sync=sync, is_shared=self._is_shared)
            self._parts = self._staging / _PARTS
            self._aside = self._beside("replaced")
            self._made_parents = [folder for folder in self._target.parents if not folder.exists()]
            try:
                self._open(leftover)
            except BaseException:
                self.abort()
                raise

    def _open(self, leftover: Leftover | None) -> None:
        self._target.parent.mkdir(parents=True, exist_ok=True)
        with locked_parent(self._target.parent):
            hidden = _hidden_names(self._target)
            _restore(self._target, hidden)
            check_target(self._target, overwrite=self._overwrite)
            if leftover is None:
                _sweep(self._target, hidden)
                self._staging.mkdir()
            self._lock = _lock(self._staging)
            if leftover is not None and self._lock is None and has_locks():
                self._done = True  # it is another process's: nothing of it is removed
                raise _in_use(self._target)
            _keep_access(self._target, self._staging)
            if self._record:
                self._keep_record()

    def _keep_record(self) -> None:
        path = _record_of(self._staging)
        path.write_text(self._record, encoding="utf-8")
        if self._sync:
            sync_file(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.abort()

    def folder_of_parts(self) -> Path:
        """Return a hidden folder for targets of other sinks, which `commit` shows, too.

        The staging folder itself is locked, and other sinks lock the parent of their target.
        """
        self._parts.mkdir(exist_ok=True)
        return self._parts

    def put(self, name: str, chunks: Iterable[bytes | memoryview]) -> Path:
        """Write one file into the staging folder."""
        return self._staged.put(name, chunks)

    def find(self, name: str, header: bytes, size: int) -> Path | None:
        """Return a complete file of a killed write, else None."""
        if not self._staged.is_shared:
            return None
        return self._staged.find(name, header, size)

    def __reduce__(self) -> tuple[Any, ...]:
        self._is_shared = True
        return _shared_folder, (self._staging, self._sync)

    def commit(self) -> None:
        """Rename the staging folder to the target."""
        with system_errors(self._target, WriteError, "commit-failed"):
            self.gathered()
            if self._sync:
                for path in (self._staging, *self._staging.rglob("*/")):
                    if path.is_dir():
                        sync_folder(path)
            with locked_parent(self._target.parent):
                # Checked again: another process may have filled the target since, and nothing of it
                # may be lost.
                check_target(self._target, overwrite=self._overwrite)
                try:
                    if self._target.exists():
                        rename(self._target, self._aside)
                    rename(self._staging, self._target)
                except BaseException:
                    self._put_back()
                    raise
            self._done = True
            _record_of(self._staging).unlink(missing_ok=True)
            if self._sync:
                self._sync_parents()
            shutil.rmtree(self._aside, ignore_errors=True)
        self._unlock()

    def gathered(self) -> Path:
        """Return the staging folder with its files in their final places."""
        if self._is_shared:
            self._staged.sweep()
        self._take_parts()
        if self._is_file_set:
            from dicomseries.sinks.media.file_set import make_file_set  # noqa: PLC0415 - pydicom

            make_file_set(self._staging, sync=self._sync)
        return self._staging

    def parents_of_new_folders(self) -> list[Path]:
        """Return the folders that hold the parents made for the target."""
        return [path.parent for path in self._made_parents]

    def _take_parts(self) -> None:
        """Move the targets of other sinks into the staging folder."""
        if not self._parts.is_dir():
            return
        for part in self._parts.iterdir():
            rename(part, self._staging / part.name)
        self._parts.rmdir()

    def _sync_parents(self) -> None:
        """Make the names of target and new parents durable."""
        for folder in (self._target.parent, *self.parents_of_new_folders()):
            sync_folder(folder)

    def abort(self) -> None:
        """Remove the staging folder, unless it was committed."""
        if not self._done:
            self._done = True
            shutil.rmtree(self._staging, ignore_errors=True)
            with contextlib.suppress(OSError):  # a name too long for the system was never there
                _record_of(self._staging).unlink()
            self._unlock()  # which may be a file in the parent
            with contextlib.suppress(OSError):  # a parent that somebody else uses by now stays
                for folder in self._made_parents:
                    folder.rmdir()
        self._unlock()

    def _put_back(self) -> None:
        """Undo a commit that failed between its two renames."""
        # Where somebody made the target meanwhile, the next write removes the old one.
        with contextlib.suppress(OSError):
            if self._aside.exists() and not self._target.exists():
                rename(self._aside, self._target)

    def _beside(self, what: str) -> Path:
        return self._target.with_name(f".{self._target.name}.{what}-{secrets.token_hex(4)}")

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None


def find_leftover(target: Path) -> Leftover | None:
    """Return the leftover of a killed write that can resume.

    Parameters
    ----------
    target : Path
        The folder that it was to make; absolute (`absolute_target`).

    Raises
    ------
    TargetError
        If the write is not killed but under way.

    Examples
    --------
    >>> find_leftover(Path("/does/not/exist"))
    """
    if not target.parent.is_dir():
        return None
    siblings = _siblings(target, _hidden_names(target), "partial")
    resumable = [path for path in siblings if path.is_dir() and _record_of(path).is_file()]
    if not resumable:
        return None
    staging = max(resumable, key=lambda path: path.stat().st_mtime)
    lock = _lock(staging)
    if lock is None and has_locks():
        raise _in_use(target)
    if lock is not None:
        lock.release()
    return Leftover(staging=staging, record=_record_of(staging).read_text(encoding="utf-8"))


def _in_use(target: Path) -> TargetError:
    return TargetError(
        code="write-under-way",
        where=str(target),
        given="a write to this target that goes on",
        expected="one that was killed",
        remedy="Wait for it, or end it, then resume.",
    )


def _record_of(staging: Path) -> Path:
    """Return the path of a write's record, beside its files."""
    return staging.with_name(f"{staging.name}.json")


def _shared_folder(path: Path, sync: bool) -> StagedFolder:  # noqa: FBT001 - called by pickle
    return StagedFolder(path=path, sync=sync, is_shared=True)


def absolute_target(target: Path) -> Path:
    """Return the absolute path, parent links resolved.

    Examples
    --------
    >>> absolute_target(Path("out")).is_absolute()
    True
    """
    absolute = target.absolute()
    if absolute.name in {"", ".."}:
        return absolute.resolve()
    # A link as the target itself is rejected, so it is not followed.
    return absolute.parent.resolve() / absolute.name


def check_target(target: Path, *, overwrite: bool) -> None:
    """Reject a target that would lose files.

    Raises
    ------
    TargetError
        As `DirectorySink` does.

    Examples
    --------
    >>> check_target(Path("does-not-exist"), overwrite=False)
    """
    if not os.path.lexists(target):
        return
    if not target.is_dir() or target.is_symlink():
        raise TargetError(
            code="target-not-a-folder",
            where=str(target),
            given="a link" if target.is_symlink() else "a file",
            expected="a folder that does not exist yet, or an empty one",
            remedy="Choose another name for the output folder.",
        )
    is_mount = os.path.ismount(target)  # Path.is_mount fails on Windows before Python 3.12
    if is_mount or _is_current(target):
        # The series comes as a new folder: a mount point cannot be replaced, and a shell would be
        # left in the old one.
        raise TargetError(
            code="target-in-use",
            where=str(target),
            given="a mount point" if is_mount else "the current folder",
            expected="a folder that can be replaced by a new one in a single rename",
            remedy=f"Name a folder inside of it, such as {str(target / 'series')!r}.",
        )
    with system_errors(target, TargetError, "target-not-readable"):
        try:
            names = sorted(entry.name for entry in target.iterdir())
        except FileNotFoundError:
            return  # another writer is replacing it now; checked again at the commit
    if not names:
        return
    if not overwrite:
        raise TargetError(
            code="target-not-empty",
            where=str(target),
            given=f"a folder with {counted(len(names), 'entry')} ({', '.join(names[:3])}, …)",
            expected="a folder that does not exist yet, or an empty one",
            remedy="Choose another name, or pass `overwrite=True` to replace the series in it.",
        )
    foreign = next((name for name in names if not _is_replaceable(target / name)), None)
    if foreign is not None:
        raise TargetError(
            code="target-holds-other-files",
            where=str(target),
            given=f"{foreign!r}, which is not a DICOM file",
            expected="DICOM files only: overwriting removes the whole folder",
            remedy="Move the other files away, or choose another name.",
        )


def _is_current(folder: Path) -> bool:
    with contextlib.suppress(OSError):  # the current folder may be gone, or closed to the user
        return folder.samefile(Path.cwd())
    return False


def _is_replaceable(path: Path) -> bool:
    """Return whether a path is a DICOM file or series folder."""
    if _SERIES_FOLDER.fullmatch(path.name) and path.is_dir() and not path.is_symlink():
        return all(map(_is_replaceable, path.iterdir()))
    return _is_dicom(path)


def _is_dicom(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM"


def _lock(staging: Path) -> FolderLock | None:
    return lock_folder(staging, staging.with_name(f"{staging.name}.lock"))


def _keep_access(target: Path, staging: Path) -> None:
    """Copy owner and permissions, so that data stay private."""
    if not target.exists():
        return
    old = target.stat()
    if hasattr(os, "chown"):
        with contextlib.suppress(PermissionError):  # only root may give files away
            os.chown(staging, old.st_uid, old.st_gid)
    staging.chmod(stat.S_IMODE(old.st_mode))


def _sweep(target: Path, hidden: Sequence[str]) -> None:
    """Remove staging folders of killed writes to this target."""
    for leftover in _siblings(target, hidden, "partial"):
        lock = _lock(leftover)
        if lock is not None:
            shutil.rmtree(leftover, ignore_errors=True)
            _record_of(leftover).unlink(missing_ok=True)
            lock.release()
    for suffix in (".json", ".lock"):
        for file in _siblings(target, hidden, "partial", suffix):
            if not file.with_suffix("").exists():  # its write was killed just behind a rename
                with contextlib.suppress(OSError):
                    file.unlink()


def _restore(target: Path, hidden: Sequence[str]) -> None:
    """Put back an old target that a killed write moved."""
    asides = _siblings(target, hidden, "replaced")
    if asides and not os.path.lexists(target):
        rename(asides.pop(), target)
    for leftover in asides:
        shutil.rmtree(leftover, ignore_errors=True)


def _hidden_names(target: Path) -> list[str]:
    """Return the names beside a target that its writes have made.

    The parent may hold the targets of ten thousand other writes, so it is listed once.
    """
    prefix = f".{target.name}."
    return [name for name in os.listdir(target.parent) if name.startswith(prefix)]  # noqa: PTH208


def _siblings(target: Path, hidden: Sequence[str], what: str, suffix: str = "") -> list[Path]:
    """Return hidden siblings of this very target."""
    if not hidden:
        return []
    ours = re.compile(re.escape(f".{target.name}.{what}-") + "[0-9a-f]{8}" + re.escape(suffix))
    return sorted(target.with_name(name) for name in hidden if ours.fullmatch(name))
