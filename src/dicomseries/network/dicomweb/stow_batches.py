"""Instances in batches of bounded size, and the body of a request to store them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from dicomseries.network.peer import InstanceFile

__all__ = ["ContentChangedError", "InstanceBatches", "StowBody"]

_PIECE = 1 << 16
"""Bytes that are sent at once; the time-out of a slow line holds for each of them."""


class ContentChangedError(Exception):
    """A file that cannot be read as it was when its size was taken."""


class InstanceBatches:
    """Instances in batches; they are taken as the batches are.

    Parameters
    ----------
    instances : iterable of InstanceFile
        Read one instance ahead.
    size, count : int
        The most bytes and instances of a batch; a larger instance is alone.

    Examples
    --------
    >>> instance = InstanceFile(sop_class_uid="1.2", sop_instance_uid="1.3", series_uid="1.5",
    ...     transfer_syntax_uid="1.2.840.10008.1.2.1", study_uid="1.4", content=b"...", size=3)
    >>> [len(batch) for batch in InstanceBatches([instance] * 5, size=6, count=9)]
    [2, 2, 1]
    """

    def __init__(self, instances: Iterable[InstanceFile], *, size: int, count: int) -> None:
        self._instances = instances
        self._size = size
        self._count = count

    def __iter__(self) -> Iterator[list[InstanceFile]]:
        batch: list[InstanceFile] = []
        size = 0
        for instance in self._instances:
            is_full = len(batch) >= self._count or size + instance.size > self._size
            if batch and is_full:
                yield batch
                batch, size = [], 0
            batch.append(instance)
            size += instance.size
        if batch:
            yield batch

    def reduce(self, refused: Sequence[InstanceFile]) -> None:
        """Make further batches smaller than one that was too large."""
        size = sum(instance.size for instance in refused)
        self._size = max(1, min(self._size, size // 2))


class StowBody:
    """Body of a request to store: ``multipart/related``, one part for each instance.

    It can be read several times, and has its length before a file is read.

    Parameters
    ----------
    instances : sequence of InstanceFile
        One batch.
    boundary : str
        Text between the parts.
    """

    def __init__(self, instances: Sequence[InstanceFile], boundary: str) -> None:
        self._instances = instances
        head = f"\r\n--{boundary}\r\nContent-Type: application/dicom\r\n\r\n"
        self._head = head.encode("ascii")
        self._end = f"\r\n--{boundary}--\r\n".encode("ascii")

    def __len__(self) -> int:
        size: int = sum(instance.size for instance in self._instances)
        return size + len(self._instances) * len(self._head) + len(self._end)

    def __iter__(self) -> Iterator[bytes]:
        for instance in self._instances:
            yield self._head
            if isinstance(instance.content, Path):
                yield from _pieces_of_file(instance.content, instance.size)
            else:
                yield from _pieces_of_bytes(instance.content, instance.size)
        yield self._end


def _pieces_of_file(path: Path, size: int) -> Iterator[bytes]:
    left = size
    try:
        with path.open("rb") as file:
            while left > 0 and (piece := file.read(min(_PIECE, left))):
                left -= len(piece)
                yield piece
            is_changed = left > 0 or bool(file.read(1))
    except OSError as error:
        message = f"the file {path.name} cannot be read: {error.strerror or error}"
        raise ContentChangedError(message) from None
    if is_changed:
        message = f"the file {path.name} has no longer {size:,} bytes"
        raise ContentChangedError(message)


def _pieces_of_bytes(content: bytes, size: int) -> Iterator[bytes]:
    if len(content) != size:
        message = f"the content has {len(content):,} bytes, not {size:,}"
        raise ContentChangedError(message)
    view = memoryview(content)
    for start in range(0, size, _PIECE):
        yield bytes(view[start : start + _PIECE])
