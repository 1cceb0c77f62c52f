"""ZIP and tar files whose bytes depend on nothing but their content."""

from __future__ import annotations

import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

from dicomseries.lazy_dataclass import dataclass

__all__ = ["ArchiveForm", "Member", "archive_form", "checksum_of"]

_PIECE = 1 << 20
_LONGEST_ZIP32 = (1 << 31) - 1
"""Bytes of a file that needs no zip64 fields."""
_START_OF_TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest date of a ZIP file."""
_MODE = stat.S_IFREG | 0o644
_UNIX = 3


class Member(NamedTuple):
    """A file of an archive that is read.

    `name` is its path in the archive, `size` in bytes; `is_file` is False for folders and links,
    and `open` gives its content.
    """

    name: str
    size: int
    is_file: bool
    open: Callable[[], IO[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveForm:
    """One form of archives: how it is packed and listed.

    Parameters
    ----------
    suffix : str
        End of the names of its files.
    pack : callable
        From files by name, in their order, and a path, to an archive.
    members : callable
        From the path of an archive to its `Member` records.
    faults : tuple of type
        What reading a damaged archive raises.
    """

    suffix: str
    pack: Callable[[Mapping[str, Path], Path], dict[str, int]]
    members: Callable[[Path], Iterator[Member]]
    faults: tuple[type[Exception], ...]


def archive_form(name: str) -> ArchiveForm | None:
    """Return the form of archives with such a name.

    Examples
    --------
    >>> archive_form("scans/out.ZIP").suffix, archive_form("scans/out")
    ('.zip', None)
    """
    for form in _FORMS:
        if name.lower().endswith(form.suffix):
            return form
    return None


def checksum_of(stream: IO[bytes]) -> int:
    """Return the CRC-32 of a stream.

    Examples
    --------
    >>> import io
    >>> checksum_of(io.BytesIO(b"123456789")) == 0xCBF43926
    True
    """
    checksum = 0
    while piece := stream.read(_PIECE):
        checksum = zlib.crc32(piece, checksum)
    return checksum


# ----------------------------------------------------------------------------------------- ZIP
def _pack_zip(files: Mapping[str, Path], target: Path) -> dict[str, int]:
    """Pack files into a ZIP; return their CRC-32, and remove each."""
    checksums = {}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, path in files.items():
            member = zipfile.ZipInfo(name, _START_OF_TIME)
            member.create_system = _UNIX
            member.external_attr = _MODE << 16
            size = path.stat().st_size
            with (
                path.open("rb", buffering=0) as source,
                archive.open(member, "w", force_zip64=size > _LONGEST_ZIP32) as packed,
            ):
                shutil.copyfileobj(source, packed, _PIECE)
            checksums[name] = member.CRC
            path.unlink()
    return checksums


def _members_of_zip(path: Path) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        for item in archive.infolist():
            yield Member(
                item.filename, item.file_size, not item.is_dir(), _opener(archive.open, item)
            )


# ----------------------------------------------------------------------------------------- tar
class _Summed:
    """A file that is read, with its CRC-32."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.checksum = 0

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self.checksum = zlib.crc32(piece, self.checksum)
        return piece


def _pack_tar(files: Mapping[str, Path], target: Path) -> dict[str, int]:
    """Pack files into a tar; return their CRC-32, and remove each."""
    checksums = {}
    with tarfile.TarFile(target, "w", format=tarfile.PAX_FORMAT, copybufsize=_PIECE) as archive:
        for name, path in files.items():
            member = tarfile.TarInfo(name)
            member.size = path.stat().st_size
            member.mode = stat.S_IMODE(_MODE)
            with path.open("rb", buffering=0) as source:
                summed = _Summed(source)
                archive.addfile(member, summed)
            checksums[name] = summed.checksum
            path.unlink()
    return checksums


def _members_of_tar(path: Path) -> Iterator[Member]:
    with tarfile.open(path, "r:") as archive:
        for item in archive:
            yield Member(item.name, item.size, item.isreg(), _opener(archive.extractfile, item))


def _opener(opened: Callable[[Any], Any], item: Any) -> Callable[[], IO[bytes]]:
    def open_member() -> IO[bytes]:
        stream: IO[bytes] = opened(item)
        return stream

    return open_member


_FORMS: Sequence[ArchiveForm] = (
    ArchiveForm(
        suffix=".zip",
        pack=_pack_zip,
        members=_members_of_zip,
        faults=(OSError, EOFError, RuntimeError, NotImplementedError, zipfile.BadZipFile),
    ),
    ArchiveForm(
        suffix=".tar",
        pack=_pack_tar,
        members=_members_of_tar,
        faults=(OSError, EOFError, tarfile.TarError),
    ),
)
