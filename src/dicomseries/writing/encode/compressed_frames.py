"""Compressed frames behind their table of offsets, and frames that wait."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from tempfile import SpooledTemporaryFile
from typing import IO, cast

from dicomseries.part10 import HeaderTemplate, encoded_chunks

__all__ = ["IN_MEMORY", "chunks_behind_offsets", "scratch_file"]

IN_MEMORY = 64 << 20
"""Bytes of encoded frames that wait in memory; more wait in an unnamed temporary file."""


def scratch_file(most: int | None = None) -> IO[bytes]:
    """Return an empty file, in memory up to `most` bytes."""
    return cast("IO[bytes]", SpooledTemporaryFile(IN_MEMORY if most is None else most))


def chunks_behind_offsets(
    template: HeaderTemplate, header: bytes, frames: Iterable[bytes]
) -> Iterator[bytes]:
    """Yield compressed frames behind their table of offsets.

    The frames wait until the last one is encoded: in memory, and if they are many in an unnamed
    temporary file.
    """
    lengths: list[int] = []
    with scratch_file() as waiting:
        for frame in frames:
            waiting.write(frame)
            lengths.append(len(frame))
        waiting.seek(0)
        yield from encoded_chunks(template, header, lengths, map(waiting.read, lengths))
