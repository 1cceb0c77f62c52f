"""Sinks: targets of files that appear together, when complete.

A sink is one small file with a class of four calls: ``put``, ``find``, ``commit``, ``abort``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

from dicomseries.lazy_exports import export_lazily

if TYPE_CHECKING:
    from dicomseries.sinks.directory import (
        DirectorySink,
        Leftover,
        absolute_target,
        check_target,
        find_leftover,
    )
    from dicomseries.sinks.folder_lock import FolderLock, has_locks, lock_folder
    from dicomseries.sinks.media.archive_sink import (
        ArchiveSink,
        check_archive,
        find_archive_leftover,
    )
    from dicomseries.sinks.network_target import NetworkSink
    from dicomseries.sinks.object_store import ObjectSink, check_prefix, find_plan
    from dicomseries.sinks.volume_files import check_free, find_format, save_volume
    from dicomseries.sinks.volume_files.fsl_gradients import fsl_files
    from dicomseries.sinks.volume_objects import data_array, itk_image, nifti_image
    from dicomseries.sinks.voxels import Voxels
    from dicomseries.sinks.whole_file import make_folder, save_bytes

__all__ = [
    "ArchiveSink",
    "DirectorySink",
    "FolderLock",
    "Leftover",
    "NetworkSink",
    "ObjectSink",
    "Sink",
    "StoredFile",
    "Voxels",
    "absolute_target",
    "check_archive",
    "check_free",
    "check_prefix",
    "check_target",
    "data_array",
    "find_archive_leftover",
    "find_format",
    "find_leftover",
    "find_plan",
    "fsl_files",
    "has_locks",
    "itk_image",
    "lock_folder",
    "make_folder",
    "nifti_image",
    "save_bytes",
    "save_volume",
    "stored_path",
]

export_lazily(
    __name__,
    {
        "dicomseries.sinks.directory": (
            "DirectorySink",
            "Leftover",
            "absolute_target",
            "check_target",
            "find_leftover",
        ),
        "dicomseries.sinks.folder_lock": ("FolderLock", "has_locks", "lock_folder"),
        "dicomseries.sinks.network_target": ("NetworkSink",),
        "dicomseries.sinks.media.archive_sink": (
            "ArchiveSink",
            "check_archive",
            "find_archive_leftover",
        ),
        "dicomseries.sinks.object_store": ("ObjectSink", "check_prefix", "find_plan"),
        "dicomseries.sinks.volume_files": ("check_free", "find_format", "save_volume"),
        "dicomseries.sinks.volume_files.fsl_gradients": ("fsl_files",),
        "dicomseries.sinks.volume_objects": ("data_array", "itk_image", "nifti_image"),
        "dicomseries.sinks.voxels": ("Voxels",),
        "dicomseries.sinks.whole_file": ("make_folder", "save_bytes"),
    },
)

StoredFile: TypeAlias = Path | AbstractContextManager[Path]
"""Where a file can be read back before the commit: a path, or what gives one for as long as it is
open."""


@contextmanager
def stored_path(stored: StoredFile | None) -> Iterator[Path | None]:
    """Give the path of a stored file; objects are fetched.

    Examples
    --------
    >>> with stored_path(Path("0001.dcm")) as path:
    ...     path.name
    '0001.dcm'
    """
    if stored is None or isinstance(stored, Path):
        yield stored
        return
    with stored as path:
        yield path


class Sink(Protocol):
    """Takes the files of one series; whole or nothing.

    `put` may be called from several threads, once for each name; a name may have one folder before
    the file's. Nothing is visible at the target before `commit`; after `abort`, or if the process
    dies, nothing ever is.

    It can be pickled: other processes then `put` and `find` files through what comes out, some of
    them twice.
    """

    def put(self, name: str, chunks: Iterable[bytes | memoryview]) -> StoredFile | None:
        """Store one file; its chunks may be made lazily.

        Returns where it can be read back before the commit (see `stored_path`); None if it cannot.
        A file is stored for sure when that was opened, or after the commit: a store may take
        several at once meanwhile.
        """

    def find(self, name: str, header: bytes, size: int) -> StoredFile | None:
        """Return a file that a killed write has left, else None.

        It has this size and begins with `header`.
        """

    def commit(self) -> None:
        """Show all files at once."""

    def abort(self) -> None:
        """Leave nothing behind; may be called twice."""
