"""A ZIP or tar file of a series, packed beside the target, renamed once."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

from dicomseries.errors import TargetError, VerificationError, WriteError
from dicomseries.operating_system import replace
from dicomseries.sinks.directory import DirectorySink, Leftover, find_leftover
from dicomseries.sinks.durable import sync_file, sync_folder
from dicomseries.sinks.folder_lock import locked_parent
from dicomseries.sinks.media.archive_forms import ArchiveForm, archive_form, checksum_of
from dicomseries.sinks.staged_folder import system_errors

__all__ = ["ArchiveSink", "check_archive", "find_archive_leftover"]

_ARCHIVE = ".archive"
"""In the hidden folder: the archive before it appears."""
_PREAMBLE = 132


class ArchiveSink:
    """Write a series as one ZIP or tar file, complete or not at all.

    Files are staged in a hidden folder beside the target, where they can be read back. `commit`
    packs them in the order of their names, each removed when it is packed, reads the archive again,
    and renames it. Its bytes depend on the files alone: they are stored, with fixed times.

    Locks, leftovers of killed processes and pickling are those of the hidden folder; see
    `DirectorySink`.

    Parameters
    ----------
    target : path-like
        The file to make, with the suffix .zip or .tar; its parents are made too.
    overwrite : bool
        Replace an archive that holds DICOM files and nothing else.
    sync : bool
        Make the archive durable (fsync) before it is shown.
    read_back : bool
        Read the archive again before it is shown. Without it, the staged files are durable, so that
        a write after a power cut can go on with them.
    record : str
        What a later write needs to go on with this one, as of `DirectorySink`.
    leftover : Leftover, optional
        Of a killed write (`find_archive_leftover`).
    is_file_set : bool
        Name the files as a File-set does, and add a DICOMDIR.

    Raises
    ------
    TargetError
        If the target exists (without `overwrite`), holds other things than DICOM files, or its
        parent cannot be written to.
    WriteError
        From `put` and `commit`, if the system cannot write.
    VerificationError
        From `commit`, if the archive does not hold what was packed.

    Examples
    --------
    >>> import tempfile, zipfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with ArchiveSink(Path(folder, "out.zip")) as sink:
    ...         _ = sink.put("0001.dcm", [b"header", memoryview(b"pixels")])
    ...         sink.commit()
    ...     names = os.listdir(folder), zipfile.ZipFile(Path(folder, "out.zip")).namelist()
    >>> names
    (['out.zip'], ['0001.dcm'])
    """

    def __init__(
        self,
        target: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        sync: bool = True,
        read_back: bool = True,
        record: str = "",
        leftover: Leftover | None = None,
        is_file_set: bool = False,
    ) -> None:
        self._target = Path(target).absolute()
        self._form = _form_of(self._target)
        self._overwrite = overwrite
        self._sync = sync
        self._read_back = read_back
        check_archive(self._target, overwrite=overwrite)
        self._folder = DirectorySink(
            _hidden_folder(self._target),
            sync=sync and not read_back,
            record=record,
            leftover=leftover,
            is_file_set=is_file_set,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.abort()

    def __reduce__(self) -> tuple[Any, ...]:
        return self._folder.__reduce__()

    def folder_of_parts(self) -> Path:
        """Return a hidden folder for targets of other sinks."""
        return self._folder.folder_of_parts()

    def put(self, name: str, chunks: Iterable[bytes | memoryview]) -> Path:
        """Write one file into the hidden folder."""
        return self._folder.put(name, chunks)

    def find(self, name: str, header: bytes, size: int) -> Path | None:
        """Return a complete file of a killed write, else None."""
        return self._folder.find(name, header, size)

    def commit(self) -> None:
        """Pack the files, read the archive, and rename it."""
        with system_errors(self._target, WriteError, "commit-failed"):
            staging = self._folder.gathered()
            archive = staging / _ARCHIVE
            archive.unlink(missing_ok=True)
            files = _files_below(staging)
            sizes = {name: path.stat().st_size for name, path in files.items()}
            checksums = self._form.pack(files, archive)
            if self._sync:
                sync_file(archive)
            if self._read_back:
                self._check(archive, sizes, checksums)
            with locked_parent(self._target.parent):
                # Checked again: another process may have made the target since.
                check_archive(self._target, overwrite=self._overwrite)
                if self._target.exists():
                    archive.chmod(self._target.stat().st_mode)
                replace(archive, self._target)
            if self._sync:
                for folder in (self._target.parent, *self._folder.parents_of_new_folders()):
                    sync_folder(folder)
        self._folder.abort()

    def abort(self) -> None:
        """Remove the hidden folder."""
        self._folder.abort()

    def _check(self, archive: Path, sizes: dict[str, int], checksums: dict[str, int]) -> None:
        """Read the archive by its own lists, and compare every file."""
        try:
            packed: dict[str, tuple[int, int]] = {}
            for member in self._form.members(archive):
                with member.open() as stream:
                    packed[member.name] = member.size, checksum_of(stream)
        except self._form.faults as error:
            raise self._differs(given=str(error) or type(error).__name__) from error
        for name, size in sizes.items():
            if packed.pop(name, None) != (size, checksums[name]):
                raise self._differs(name)
        for name in packed:
            raise self._differs(name)

    def _differs(self, name: str = "", *, given: str = "another content") -> VerificationError:
        return VerificationError(
            code="archive-differs",
            where=f"{self._target}::{name}" if name else str(self._target),
            given=given,
            expected="an archive that holds the files as they were written",
            remedy="Check the disk, then write again; nothing is left at the target.",
        )


def check_archive(target: Path, *, overwrite: bool) -> None:
    """Reject a target that is taken.

    Raises
    ------
    TargetError
        If it exists; with `overwrite`, if it is a folder or holds other things than DICOM files.

    Examples
    --------
    >>> check_archive(Path("does-not-exist.zip"), overwrite=False)
    """
    with system_errors(target, TargetError, "target-not-writable"):
        if not os.path.lexists(target):
            return
        if not target.is_file():
            raise _taken(target, "target-not-a-file", "a folder", "Choose another name.")
        if not overwrite:
            remedy = "Choose another name, or pass `overwrite=True` to replace it."
            raise _taken(target, "target-exists", "a file that exists", remedy)
        other = _other_content(target)
    if other:
        raise TargetError(
            code="target-holds-other-files",
            where=str(target),
            given=other,
            expected="DICOM files only: overwriting removes the whole archive",
            remedy="Move the archive away, or choose another name.",
        )


def _taken(target: Path, code: str, given: str, remedy: str) -> TargetError:
    return TargetError(
        code=code,
        where=str(target),
        given=given,
        expected="a file that does not exist yet",
        remedy=remedy,
    )


def _other_content(target: Path) -> str:
    """Return what an archive holds beside DICOM files, or nothing."""
    form = _form_of(target)
    try:
        for member in form.members(target):
            if not member.is_file:
                continue
            with member.open() as stream:
                if stream.read(_PREAMBLE)[128:] != b"DICM":
                    return f"{member.name!r}, which is not a DICOM file"
    except form.faults:
        return "a file that is not a whole archive"
    return ""


def find_archive_leftover(target: Path) -> Leftover | None:
    """Return the leftover of a killed write to this archive.

    Raises
    ------
    TargetError
        If the write is not killed but under way.

    Examples
    --------
    >>> find_archive_leftover(Path("/does/not/exist.zip"))
    """
    return find_leftover(_hidden_folder(target))


def _hidden_folder(target: Path) -> Path:
    """Return the folder whose staging folder holds the files."""
    return target.with_name(f".{target.name}.files")


def _form_of(target: Path) -> ArchiveForm:
    form = archive_form(target.name)
    if form is None:
        raise TargetError(
            code="not-an-archive-name",
            where=str(target),
            given=f"the suffix {target.suffix!r}",
            expected="a name that ends with .zip or .tar",
            remedy="Choose such a name.",
        )
    return form


def _files_below(folder: Path) -> dict[str, Path]:
    """Return the files of a folder by name, in order; a DICOMDIR comes first."""
    names = []
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            if path.is_file():
                names.append(path.relative_to(folder).as_posix())
    return {name: folder / name for name in sorted(names, key=_place)}


def _place(name: str) -> tuple[bool, str]:
    return name != "DICOMDIR", name
