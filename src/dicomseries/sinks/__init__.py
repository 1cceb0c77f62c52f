"""Where files go: each sink takes whole files and shows them only when all are there.

A sink is one small file with a class of three calls: ``put``, ``commit``, ``abort``.
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
    """

    def put(self, name: str, chunks: Iterable[bytes | memoryview]) -> Path | None:
        """Store one whole file, whose chunks may be made while they are asked for.

        Returns where it can be read back before the commit; None if it cannot.
        """

    def commit(self) -> None:
        """Show all files at once."""

    def abort(self) -> None:
        """Leave nothing behind; may be called at any time, also twice."""
