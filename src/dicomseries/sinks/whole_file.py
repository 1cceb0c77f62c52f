"""One small file that appears whole or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from dicomseries.errors import WriteError
from dicomseries.operating_system import replace
from dicomseries.sinks.durable import sync_file, sync_folder
from dicomseries.sinks.staged_folder import system_errors
from dicomseries.sinks.volume_files import check_free

__all__ = ["make_folder", "save_bytes"]


def make_folder(path: Path) -> None:
    """Make a folder, and those above it, unless it exists.

    Raises
    ------
    WriteError
        If the system cannot make it, or a file has its name.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     make_folder(Path(folder, "a", "b"))
    ...     os.listdir(folder)
    ['a']
    """
    with system_errors(path, WriteError, "write-failed"):
        path.mkdir(parents=True, exist_ok=True)


def save_bytes(path: str | os.PathLike[str], content: bytes, *, overwrite: bool = False) -> None:
    """Write a file beside its name, then rename it.

    Parameters
    ----------
    path : path-like
        The file to make.
    content : bytes
        What it holds.
    overwrite : bool
        Replace a file of this name.

    Raises
    ------
    TargetError
        If the name is taken, or its folder does not exist.
    WriteError
        If the system cannot write; nothing is left behind.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_bytes(Path(folder, "page.html"), b"...")
    ...     os.listdir(folder)
    ['page.html']
    """
    check_free(path, overwrite=overwrite)
    target = Path(path).absolute()
    staged = target.with_name(f".partial-{secrets.token_hex(4)}-{target.name}")
    try:
        with system_errors(Path(path), WriteError, "write-failed"):
            staged.write_bytes(content)
            sync_file(staged)
            replace(staged, target)
            sync_folder(target.parent)
    finally:
        staged.unlink(missing_ok=True)
