"""Where files go: each sink takes whole files and shows them only when all are there.

A sink is one small file with a class of four calls: ``put``, ``find``, ``commit``, ``abort``.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from dicomseries.sinks.directory import DirectorySink

__all__ = ["DirectorySink", "Sink"]


class Sink(Protocol):
    """Takes the files of one series; whole or nothing.

    `put` may be called from several threads, once for each name; a name may have one folder before the file's.
    Nothing is visible at the target before `commit`; after `abort`, or if the process dies, nothing ever is.

    It can be pickled: other processes then `put` and `find` files through what comes out, some of them twice.
    """

    def put(self, name: str, chunks: Iterable[bytes | memoryview]) -> Path | None:
        """Store one whole file, whose chunks may be made while they are asked for.

        Returns where it can be read back before the commit; None if it cannot.
        """

    def find(self, name: str, header: bytes, size: int) -> Path | None:
        """Return where a file of this size and beginning stands that a killed write has left; None if there is none."""

    def commit(self) -> None:
        """Show all files at once."""

    def abort(self) -> None:
        """Leave nothing behind; may be called at any time, also twice."""
