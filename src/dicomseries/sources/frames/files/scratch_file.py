"""Unnamed files in the folder for temporary files (``TMPDIR``)."""

from __future__ import annotations

import errno
import shutil
import tempfile
from typing import Any

from dicomseries.errors import SourceError

__all__ = ["scratch_file", "scratch_full"]


def scratch_file(size: int, where: str) -> Any:
    """Return an unnamed file; the caller closes it.

    Raises
    ------
    SourceError
        If the disk has no room for it (code "scratch-full").

    Examples
    --------
    >>> with scratch_file(8, "volume.zarr") as file:
    ...     len(file.read())
    8
    """
    try:
        free = shutil.disk_usage(tempfile.gettempdir()).free
        if size > free:
            raise OSError(errno.ENOSPC, f"{free / 1e6:.0f} MB free")  # noqa: TRY301
        file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - the caller closes it
    except OSError as error:
        raise scratch_full(where, size, error) from error
    try:
        file.truncate(size)
    except (OSError, OverflowError) as error:  # the second for a size that no file can have
        file.close()
        raise scratch_full(where, size, error) from error
    return file


def scratch_full(where: str, size: int, error: OSError | OverflowError) -> SourceError:
    """Return the error of a full temporary folder."""
    return SourceError(
        code="scratch-full",
        where=where,
        given=f"{tempfile.gettempdir()}: {getattr(error, 'strerror', None) or error}",
        expected=f"{size / 1e6:.0f} MB for the voxels in the folder for temporary files",
        remedy="Set the environment variable TMPDIR to a folder with more room, or unpack the file "
        "first; an array in chunks of few slices needs none.",
    )
