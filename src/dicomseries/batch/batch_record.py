"""The record of a batch: JSON lines, added as the work goes on.

The first line has the clock and the random bytes of the batch. Then come the UIDs of keys, the jobs
that are begun, and for each job that ended its receipt or its error. No line holds options of
object stores, nor attributes of a patient.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, Self

from dicomseries.errors import SourceError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.operating_system import make_durable

__all__ = ["BatchRecord", "JobState", "entry_at"]

_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class JobState:
    """What a record says of a job.

    Parameters
    ----------
    state : {"begun", "done", "failed"}
        The last that is known of it.
    inputs : str
        Digest of its inputs when it was done.
    offset : int
        Byte of its last line in the record.
    """

    state: str
    inputs: str = ""
    offset: int = 0


@dataclass(slots=True, kw_only=True, eq=False)
class BatchRecord:
    """The record of one batch, open to be continued.

    Lines are added by several threads, and are whole: a line that a kill has cut short is ignored.

    Parameters
    ----------
    path : Path
        Of the file.
    now : str
        Clock of the batch (ISO 8601).
    entropy : bytes
        Its random bytes.
    states : dict
        Identifier of a job → its state when the record was opened.
    uids : dict
        (field, key) → UID.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "record.jsonl")
    ...     record = BatchRecord.opened(path, now="2024-01-31T12:00:00", entropy=b"seed")
    ...     record.begin(["a"])
    ...     record.add({"failed": "a"})
    ...     record.close()
    ...     again = BatchRecord.opened(path, now="", entropy=b"")
    ...     again.close()
    >>> again.states["a"].state, again.entropy
    ('failed', b'seed')
    """

    path: Path
    now: str
    entropy: bytes
    states: dict[str, JobState] = field(default_factory=dict)
    uids: dict[tuple[str, str], str] = field(default_factory=dict)
    _file: Any = None
    _lock: Any = None

    @classmethod
    def opened(cls, path: Path, *, now: str, entropy: bytes) -> Self:
        """Open a record, or begin it with this clock and these random bytes.

        Raises
        ------
        SourceError
            If the file is no record of a batch.
        """
        record = cls(path=path, now=now, entropy=entropy)
        is_new = not path.exists() or not path.stat().st_size
        if not is_new:
            record._load()
        record._lock = threading.Lock()
        record._file = path.open("ab", buffering=0)
        if is_new:
            record.add({"batch": _VERSION, "now": now, "entropy": entropy.hex()})
        elif not _ends_whole(path):
            record._file.write(b"\n")
        return record

    @classmethod
    def seen(cls, path: Path) -> Self:
        """Return what a record holds, without continuing it.

        Raises
        ------
        SourceError
            If the file is no record of a batch.
        """
        record = cls(path=path, now="", entropy=b"")
        record._load()
        return record

    def _load(self) -> None:
        lines = _entries_of(self.path)
        _, header = next(lines, (0, {}))
        if header.get("batch") != _VERSION:
            raise SourceError(
                code="record-unreadable",
                where=str(self.path),
                given="a file that is no record of a batch of this version",
                expected="the record that the batch wrote",
                remedy="Move the folder away, or name another one for the record.",
            )
        self.now, self.entropy = str(header["now"]), bytes.fromhex(header["entropy"])
        for offset, entry in lines:
            if "key" in entry:
                self.uids[entry["key"], entry["name"]] = entry["uid"]
            for job in entry.get("begun", ()):
                self.states[job] = JobState(state="begun")
            for state in ("done", "failed"):
                if state in entry:
                    inputs = str(entry.get("inputs", ""))
                    self.states[entry[state]] = JobState(state=state, inputs=inputs, offset=offset)

    def add(self, entry: Mapping[str, Any]) -> None:
        """Add a line."""
        line = json.dumps(entry, ensure_ascii=False, default=str).encode() + b"\n"
        with self._lock:
            self._file.write(line)

    def add_uids(self, uids: Mapping[tuple[str, str], str]) -> None:
        """Add the UIDs of keys that are not in it, durably."""
        for (role, key), uid in uids.items():
            if (role, key) not in self.uids:
                self.add({"key": role, "name": key, "uid": uid})
        self.sync()

    def begin(self, jobs: Iterable[str]) -> None:
        """Note jobs that are about to begin, durably, and all lines before."""
        self.add({"begun": list(jobs)})
        self.sync()

    def sync(self) -> None:
        """Make all lines durable."""
        make_durable(self._file.fileno())

    def close(self) -> None:
        """Make the lines durable, and close the file."""
        if not self._file.closed:
            self.sync()
            self._file.close()


def _entries_of(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the place of each whole line of a record, and its content."""
    offset = 0
    with path.open("rb") as file:
        for line in file:
            try:
                entry = json.loads(line)
            except ValueError:  # cut short by a kill
                entry = None
            if isinstance(entry, dict):
                yield offset, entry
            offset += len(line)


def entry_at(path: Path, offset: int) -> dict[str, Any]:
    """Return the entry of the line at a place."""
    with path.open("rb") as file:
        file.seek(offset)
        entry: dict[str, Any] = json.loads(file.readline())
    return entry


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read() == b"\n"
