"""ZIP and tar archives of DICOM files, unpacked into a temporary folder."""

from __future__ import annotations

import lzma
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any, NamedTuple

from dicomseries.errors import ReadError, counted
from dicomseries.progress_bar import ProgressReport

__all__ = ["unpack_archive"]

_ZIP = (".zip",)
_MOST_GAIN = 1100
"""Bytes that one byte of an archive becomes at most; Deflate reaches 1032."""
_DAMAGED = (
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    tarfile.TarError,
)


class _Member(NamedTuple):
    """A file of an archive: its name, its size, and what opens it."""

    name: str
    size: int
    key: Any


def unpack_archive(path: Path, folder: Path, report: ProgressReport | None = None) -> None:
    """Unpack the files of an archive into a folder.

    Folders of the archive are kept, names are not trusted: what would leave the folder, links, and
    hidden files are passed over.

    Parameters
    ----------
    path : Path
        The archive.
    folder : Path
        An empty folder.
    report : callable, optional
        Gets the files that are there, all of them, and "unpacking".

    Raises
    ------
    ReadError
        If the archive is damaged or encrypted, claims more bytes than it can hold, or the disk has
        no room for its files.
    """
    where = str(path)
    try:
        if path.name.lower().endswith(_ZIP):
            with zipfile.ZipFile(path) as archive:
                members = []
                for item in archive.infolist():
                    if not item.is_dir():
                        members.append(_Member(item.filename, item.file_size, item))
                _unpack(members, archive.open, path, folder, report)
            return
        with tarfile.open(path) as tar:
            files = [_Member(item.name, item.size, item) for item in tar if item.isreg()]
            _unpack(files, tar.extractfile, path, folder, report)
    except ReadError:
        raise
    except _DAMAGED as error:
        is_encrypted = "password" in str(error) or "encrypted" in str(error)
        raise ReadError(
            code="file-unreadable",
            where=where,
            given=str(error) or type(error).__name__,
            expected="a whole archive without a password",
            remedy="Unpack it yourself and name the folder."
            if is_encrypted
            else "Copy or download the archive again.",
        ) from error


def _unpack(
    members: list[_Member],
    opened: Any,
    path: Path,
    folder: Path,
    report: ProgressReport | None,
) -> None:
    size = sum(member.size for member in members)
    if size > _MOST_GAIN * path.stat().st_size:
        raise ReadError(
            code="file-damaged",
            where=str(path),
            given=f"files of {size:,} bytes in an archive of {path.stat().st_size:,}",
            expected="an archive that can hold its files",
            remedy="Copy or download the archive again; do not trust it if it stays so.",
        )
    free = shutil.disk_usage(folder).free
    if size > free:
        raise ReadError(
            code="disk-full",
            where=str(path),
            given=f"{free:,} bytes free in {folder.parent}",
            expected=f"{size:,} bytes for {counted(len(members), 'file')} while they are read",
            remedy="Free space, or set TMPDIR to a folder on another disk.",
        )
    targets = list(_targets(members, folder))
    for done, (member, target) in enumerate(targets, 1):
        target.parent.mkdir(parents=True, exist_ok=True)
        with opened(member.key) as stream, target.open("wb") as file:
            _copy(stream, file, member, path)
        if report is not None:
            report(done, len(targets), "unpacking")


def _targets(members: list[_Member], folder: Path) -> Iterator[tuple[_Member, Path]]:
    """Yield the files that are read, with their places; names are made anew, folders kept."""
    folders: dict[PurePosixPath, Path] = {}
    for index, member in enumerate(members):
        name = PurePosixPath(member.name.replace("\\", "/"))
        parts = [part for part in name.parts if part not in {"/", "..", "."}]
        if not parts or any(part.startswith((".", "__MACOSX")) for part in parts):
            continue
        parent = name.parent
        if parent not in folders:
            plain = "".join(c if c.isalnum() or c in "-_ " else "_" for c in parent.name)
            folders[parent] = folder / str(len(folders)) / (plain.strip()[:60] or "files")
        if name.name.upper() != "DICOMDIR":
            yield member, folders[parent] / f"{index:07d}.dcm"


def _copy(stream: IO[bytes], file: IO[bytes], member: _Member, path: Path) -> None:
    """Copy a file of an archive, at most the bytes that it has by the archive's own list."""
    left = member.size
    while left > 0:
        piece = stream.read(min(left, 1 << 20))
        if not piece:
            raise ReadError(
                code="file-truncated",
                where=f"{path}::{member.name}",
                given=f"{member.size - left:,} bytes",
                expected=f"{member.size:,} bytes",
                remedy="Copy or download the archive again.",
            )
        file.write(piece)
        left -= len(piece)
