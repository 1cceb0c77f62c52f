"""The hidden folder of files before they appear."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from dicomseries.errors import DicomSeriesError, TargetError, WriteError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.operating_system import create_file, is_held_by_others, replace, write_buffers

__all__ = ["StagedFolder", "system_errors"]

_UNFINISHED = ".unfinished-"
"""In the name of a file that is being written where another process may write the same one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedFolder:
    """Complete files in a folder that is not visible yet.

    Parameters
    ----------
    path : Path
        The folder.
    sync : bool
        Make each file durable (fsync).
    is_shared : bool
        Whether a file may be there already, or be written by two processes: each then appears by a
        rename, whole.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     folder = StagedFolder(path=Path(name), sync=False)
    ...     _ = folder.put("0001.dcm", [b"head", memoryview(b"pixels")])
    ...     folder.find("0001.dcm", b"head", 10) is not None, folder.find("0001.dcm", b"heap", 10)
    (True, None)
    """

    path: Path
    sync: bool
    is_shared: bool = False

    def put(self, name: str, chunks: Iterable[bytes | memoryview]) -> Path:
        """Write one whole file and return its path."""
        path = self.path / name
        try:
            if "/" in name:
                path.parent.mkdir(exist_ok=True)
            if not self.is_shared:
                self._write(path, chunks)
                return path
            unfinished = path.with_name(f"{path.name}{_UNFINISHED}{secrets.token_hex(4)}")
            self._write(unfinished, chunks)
            replace(unfinished, path)
        except DicomSeriesError:
            raise
        except OSError as refusal:
            raise _translated(refusal, path, WriteError, "write-failed") from refusal
        return path

    def find(self, name: str, header: bytes, size: int) -> Path | None:
        """Return a file of that size and header, else None.

        A process that is killed leaves files that are too short, for they are written front to
        back.
        """
        path = self.path / name
        with contextlib.suppress(OSError), path.open("rb", buffering=0) as file:
            if os.fstat(file.fileno()).st_size == size and file.read(len(header)) == header:
                return path
        return None

    def sweep(self) -> None:
        """Remove unfinished files of killed processes."""
        for path in self.path.rglob(f"*{_UNFINISHED}*"):
            path.unlink()

    def _write(self, path: Path, chunks: Iterable[bytes | memoryview]) -> None:
        """Write every byte, in as few system calls as the system allows."""
        handle = create_file(path)
        try:
            # Chunks that are made while they are written go out one by one, others together.
            groups = [chunks] if isinstance(chunks, Sequence) else ([chunk] for chunk in chunks)
            for group in groups:
                write_buffers(handle, group)
            if self.sync:
                os.fsync(handle)
        finally:
            os.close(handle)


@contextlib.contextmanager
def system_errors(path: Path, error: type[TargetError | WriteError], code: str) -> Iterator[None]:
    """Turn the system's refusal into ours.

    Examples
    --------
    >>> with system_errors(Path("out"), WriteError, "write-failed"):
    ...     raise OSError(28, "No space left on device")
    Traceback (most recent call last):
    ...
    dicomseries.errors.WriteError: out: expected a place that can be written to, with space...
    """
    try:
        yield
    except DicomSeriesError:
        raise
    except OSError as refusal:
        raise _translated(refusal, path, error, code) from refusal


def _translated(
    refusal: OSError, path: Path, error: type[TargetError | WriteError], code: str
) -> TargetError | WriteError:
    cure = "Free space or fix the permissions"
    if is_held_by_others(refusal):
        cure = "Close the programs that have its files open, or fix the permissions"
    return error(
        code=code,
        where=str(path),
        given=refusal.strerror or str(refusal),
        expected="a place that can be written to, with space left",
        remedy=f"{cure}, then write again; nothing is left at the target.",
    )
