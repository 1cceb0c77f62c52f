"""Files that survive a power cut (fsync)."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from dicomseries.operating_system import make_durable, open_file

__all__ = ["sync_all", "sync_file", "sync_folder"]


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sync_folder(Path(folder))
    """
    with contextlib.suppress(PermissionError):  # Windows cannot open a folder
        _sync(folder, os.O_RDONLY)


def sync_file(path: Path) -> None:
    """Make the content of a file durable."""
    _sync(path, os.O_RDWR)


def sync_all(path: Path) -> None:
    """Make a file or a folder with its content durable."""
    if path.is_file():
        sync_file(path)
        return
    for part in (*path.rglob("*"), path):
        if part.is_dir():
            sync_folder(part)
        else:
            sync_file(part)


def _sync(path: Path, flags: int) -> None:
    handle = open_file(path, flags)
    try:
        make_durable(handle)
    finally:
        os.close(handle)
