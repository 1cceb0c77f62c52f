"""Files that the records of a DICOMDIR list.

PS3.3 annex F, PS3.10 section 8.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dicomseries.errors import DicomSeriesWarning, ReadError, counted

__all__ = ["files_of_dicomdir"]

_NAME = "DICOMDIR"
_SHOWN = 3
"""Files that a warning names."""


def files_of_dicomdir(path: Path) -> tuple[str, ...]:
    """Return the files that a DICOMDIR lists, in its order.

    Their names are compared without regard to case, since copies of a CD often change it. Files
    beside them are not among them.

    Parameters
    ----------
    path : Path
        The DICOMDIR.

    Raises
    ------
    ReadError
        If it is damaged, a name leads out of its folder, or none of its files exists.

    Warns
    -----
    DicomSeriesWarning
        If files that it lists are missing, or there are files that it does not list.
    """
    folders = _Folders(path.parent)
    listed: list[str] = []
    missing: list[str] = []
    for file_id in _file_ids(path):
        place = folders.find(file_id)
        if place is None:
            missing.append("/".join(file_id))
        else:
            listed.append(place)
    if not listed:
        raise ReadError(
            code="no-series",
            where=str(path),
            given=f"a DICOMDIR of {counted(len(missing), 'file')}, none of which exists",
            expected="the files that it lists, below its folder",
            remedy="Copy the whole medium, or name the folder that holds the files.",
        )
    if missing:
        message = (
            f"{path} lists {counted(len(missing), 'file')} that cannot be found:"
            f" {_some_of(missing)}. Copy the medium again."
        )
        warnings.warn(message, DicomSeriesWarning, stacklevel=2)
    others = folders.others(listed)
    if others:
        message = (
            f"{path} does not list {counted(len(others), 'file')} beside its own:"
            f" {_some_of(others)}. Name the folder to read all files."
        )
        warnings.warn(message, DicomSeriesWarning, stacklevel=2)
    return tuple(listed)


def _file_ids(path: Path) -> Iterator[tuple[str, ...]]:
    """Yield the File IDs of the records in use."""
    from pydicom import dcmread  # noqa: PLC0415 - of File-sets alone

    try:
        records = list(dcmread(path).get("DirectoryRecordSequence") or ())
        file_ids = list(map(_file_id, records))
    except Exception as error:  # pydicom raises anything for what it cannot parse
        raise _damaged(path, str(error) or type(error).__name__) from error
    for file_id in file_ids:
        if any(part in {"", ".", ".."} or {*part} & {*"/\\:\0"} for part in file_id):
            raise _damaged(path, f"a file name that leads elsewhere: {file_id!r}")
        if file_id:
            yield file_id


def _file_id(record: Any) -> tuple[str, ...]:
    file_id = record.get("ReferencedFileID")
    if not file_id or record.get("RecordInUseFlag") == 0:
        return ()
    if isinstance(file_id, str):
        return (file_id,)
    return tuple(map(str, file_id))


def _damaged(path: Path, given: str) -> ReadError:
    return ReadError(
        code="file-damaged",
        where=str(path),
        given=given,
        expected="a DICOMDIR with records of files below its folder",
        remedy="Copy it again, or name the folder that holds the files.",
    )


def _some_of(names: list[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    if len(names) > _SHOWN:
        return f"{shown}, …"
    return shown


class _Folders:
    """Folders below one, each listed once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._entries: dict[str, dict[str, str]] = {}

    def find(self, file_id: tuple[str, ...]) -> str | None:
        """Return the path of a file."""
        folder = str(self._root)
        for part in file_id:
            name = self._in(folder).get(part.strip().upper())
            if name is None:
                return None
            folder = os.path.join(folder, name)  # noqa: PTH118 - ten thousand times
        return folder if os.path.isfile(folder) else None  # noqa: PTH113 - the same

    def others(self, listed: list[str]) -> list[str]:
        """Return other files in the folders of those that are listed."""
        known = {*listed}
        names = []
        for folder in dict.fromkeys(map(os.path.dirname, listed)):
            for name in self._in(folder).values():
                path = os.path.join(folder, name)  # noqa: PTH118 - as above
                is_other = path not in known and name.upper() != _NAME and name[0] != "."
                if is_other and os.path.isfile(path):  # noqa: PTH113 - as above
                    names.append(os.path.relpath(path, self._root))
        return names

    def _in(self, folder: str) -> dict[str, str]:
        """Return the names in a folder by their form on a medium."""
        if folder not in self._entries:
            try:
                names = sorted(os.listdir(folder))  # noqa: PTH208 - names alone
            except OSError:
                names = []
            self._entries[folder] = {_on_medium(name): name for name in names}
        return self._entries[folder]


def _on_medium(name: str) -> str:
    """Return a name as ISO 9660 would have it without version and dot."""
    return name.upper().partition(";")[0].rstrip(".")
