"""Files that a job reads, and whether they have changed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import field
from pathlib import Path
from typing import Any

from dicomseries.batch.batch_job import BatchJob
from dicomseries.lazy_dataclass import dataclass
from dicomseries.stores import is_url

__all__ = ["InputStates", "input_paths"]

_BLOCK = 1 << 20
_FILES = ("like", "bids", "per_volume", "segments", "positions", "affine")


def input_paths(job: BatchJob) -> Iterator[tuple[str, str]]:
    """Yield the name of a field and each path in it; no URLs.

    Examples
    --------
    >>> job = BatchJob(place="job 1", number=1, source="a.h5::ct", out="b",
    ...                options={"like": "ct/"})
    >>> list(input_paths(job))
    [('source', 'a.h5'), ('like', 'ct/')]
    """
    for path in _texts(job.source):
        yield "source", path.partition("::")[0]
    for name in _FILES:
        for path in _texts(job.options.get(name)) if name == "like" else _text(job, name):
            yield name, path
    for name in ("bvals", "bvecs"):
        if getattr(job, name):
            yield name, getattr(job, name)


def _text(job: BatchJob, name: str) -> Iterator[str]:
    value = job.options.get(name)
    if isinstance(value, str) and not is_url(value):
        yield value


def _texts(value: Any) -> Iterator[str]:
    values = [value]
    if isinstance(value, list):
        values = value
    elif isinstance(value, dict):
        values = list(value.values())
    for text in values:
        if isinstance(text, str) and not is_url(text):
            yield text


@dataclass(frozen=True, slots=True, kw_only=True)
class InputStates:
    """Sizes and times of the inputs of many jobs, each read once.

    Examples
    --------
    >>> states = InputStates()
    >>> job = BatchJob(place="job 1", number=1, source=__file__, out="b")
    >>> states.of(job) == states.of(job), states.bytes_of(job) > 0
    (True, True)
    """

    known: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Path → digest of names, sizes and times below it, and its size in bytes."""

    def of(self, job: BatchJob) -> str:
        """Return a digest that changes when an input is written to."""
        parts = [self._state(path)[0] for _, path in input_paths(job)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]

    def bytes_of(self, job: BatchJob) -> int:
        """Return the size of the image file."""
        return sum(self._state(path)[1] for name, path in input_paths(job) if name == "source")

    def _state(self, path: str) -> tuple[str, int]:
        if not os.path.isdir(path):  # noqa: PTH112 - called for every job
            return _file_state(path)
        if path not in self.known:  # folders are those of many jobs
            self.known[path] = _folder_state(path)
        return self.known[path]


def _file_state(path: str) -> tuple[str, int]:
    try:
        facts = os.stat(path)  # noqa: PTH116 - called for every job
    except OSError:
        return "missing", 0
    return f"{facts.st_size} {facts.st_mtime_ns}", facts.st_size


def _folder_state(path: str) -> tuple[str, int]:
    total, parts = 0, []
    for file in sorted(Path(path).rglob("*")):
        if file.is_file():
            state, size = _file_state(str(file))
            total += size
            parts.append(f"{file.relative_to(path).as_posix()} {state}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest(), total


def content_digest(job: BatchJob) -> bytes:
    """Return the SHA-256 of the bytes of the image files of a job."""
    digest = hashlib.sha256()
    for name, path in input_paths(job):
        if name == "source":
            for file in _files(Path(path)):
                digest.update(_file_digest(file))
    return digest.digest()


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.is_file())
    return [path] if path.is_file() else []


def _file_digest(path: Path) -> bytes:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.digest()
