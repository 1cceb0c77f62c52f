"""Compression on the way from stored frames to a file: what can be compressed, and where encoded frames wait."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from tempfile import SpooledTemporaryFile

from dicomseries.part10 import HeaderTemplate, encoded_chunks

__all__ = ["waiting_chunks"]

_IN_MEMORY = 64 << 20
"""Bytes of encoded frames that wait in memory; more wait in a temporary file without a name."""


def waiting_chunks(
    template: HeaderTemplate, header: bytes, slabs: Iterable[Sequence[bytes]]
) -> Iterator[bytes]:
    """Yield the bytes of a file of compressed frames, whose table of offsets stands before them.

    So they wait until the last one is encoded: in memory, and if they are many in a temporary file that nobody sees.
    """
    lengths: list[int] = []
    with SpooledTemporaryFile(_IN_MEMORY) as waiting:
        for slab in slabs:
            waiting.writelines(slab)
            lengths += map(len, slab)
        waiting.seek(0)
        yield from encoded_chunks(template, header, lengths, map(waiting.read, lengths))
