"""Locks on folders, which end with their process."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from dicomseries.lazy_dataclass import dataclass
from dicomseries.operating_system import open_file, optional_module

__all__ = ["FolderLock", "has_locks", "lock_folder", "locked_parent"]


_FCNTL = optional_module("fcntl")
_MSVCRT = optional_module("msvcrt")
_PATIENCE_S = 30.0
"""Others hold a lock that is waited for as long as two renames take."""
_PAUSE_S = 0.01
_LOCK_OF_WRITERS = ".dicomseries.lock"
"""In the parent of the target, for a moment; on Windows only."""


@dataclass(frozen=True, slots=True)
class FolderLock:
    """A lock that is held.

    Parameters
    ----------
    handle : int
        Descriptor of what is locked.
    file : Path, optional
        File that exists for the lock alone.
    """

    handle: int
    file: Path | None = None

    def release(self) -> None:
        """Let others have it."""
        os.close(self.handle)
        if self.file is not None:
            with contextlib.suppress(OSError):  # who waits for it has it open, and removes it
                self.file.unlink()


def has_locks() -> bool:
    """Return whether this system has locks."""
    return _FCNTL is not None or _MSVCRT is not None


def lock_folder(folder: Path, file: Path, *, is_waiting: bool = False) -> FolderLock | None:
    """Lock a folder, or `file` where folders cannot be opened.

    Parameters
    ----------
    folder : Path
        It exists.
    file : Path
        Made on Windows, which can lock files only; outside of a folder that is to be renamed.
    is_waiting : bool
        Wait until others release it.

    Returns
    -------
    FolderLock or None
        None if another process has it, or the file system has no locks.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     lock = lock_folder(Path(name), Path(name, ".lock"))
    ...     again = lock_folder(Path(name), Path(name, ".lock"))
    ...     lock.release()
    >>> again is None
    True
    """
    if _FCNTL is not None:
        return _lock_folder(folder, is_waiting=is_waiting)
    if _MSVCRT is not None:
        return _lock_file(file, is_waiting=is_waiting)
    return None


@contextlib.contextmanager
def locked_parent(folder: Path) -> Iterator[None]:
    """Hold off other writers that start or end in this folder.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name, locked_parent(Path(name)):
    ...     Path(name, "out").mkdir()
    """
    lock = lock_folder(folder, folder / _LOCK_OF_WRITERS, is_waiting=True)
    try:
        yield  # without a lock on some network file systems
    finally:
        if lock is not None:
            lock.release()


def _lock_folder(folder: Path, *, is_waiting: bool) -> FolderLock | None:
    try:
        handle = os.open(folder, os.O_RDONLY)
    except PermissionError:  # of another user: it is theirs
        return None
    try:
        _FCNTL.flock(handle, _FCNTL.LOCK_EX | (0 if is_waiting else _FCNTL.LOCK_NB))
    except OSError:
        os.close(handle)
        return None
    return FolderLock(handle)


def _lock_file(file: Path, *, is_waiting: bool) -> FolderLock | None:
    end = time.monotonic() + (_PATIENCE_S if is_waiting else 0)
    while True:
        try:
            lock = _lock_once(file)
        except PermissionError:  # another process has it, or no file can be made here
            lock = None
            if not file.exists():
                return None
        except OSError:
            return None
        if lock is not None or time.monotonic() >= end:
            return lock
        time.sleep(_PAUSE_S)


def _lock_once(file: Path) -> FolderLock | None:
    """Return the lock, None if its last owner removed the file."""
    handle = open_file(file, os.O_RDWR | os.O_CREAT)
    try:
        _MSVCRT.locking(handle, _MSVCRT.LK_NBLCK, 1)
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(handle), file.stat()):
                return FolderLock(handle, file)
    except BaseException:
        os.close(handle)
        raise
    os.close(handle)
    return None
