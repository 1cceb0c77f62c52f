"""The interface of every target of a write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Protocol, Self

from dicomseries import sinks
from dicomseries.writing.encode.resume_record import KilledWrite
from dicomseries.writing.inputs.write_request import WriteRequest
from dicomseries.writing.jobs.series_jobs import Job

__all__ = ["OpenedSink", "Target"]


class Target(Protocol):
    """Where the files of a write go."""

    @property
    def where(self) -> str:
        """The target as it may be shown: without secrets."""

    def place_of(self, folder: str) -> str:
        """Return where a series is: the target, or its folder in it."""

    def check(self, *, overwrite: bool, resume: bool) -> KilledWrite | None:
        """Reject a target that cannot be written; return a killed write."""

    def open_sink(
        self, request: WriteRequest, jobs: Sequence[Job], killed: KilledWrite | None
    ) -> OpenedSink:
        """Return the sink of a planned write."""

    def open_sink_of_objects(
        self, entries: Sequence[Mapping[str, Any]], *, overwrite: bool, sync: bool, read_back: bool
    ) -> OpenedSink:
        """Return a sink of objects that are encoded already."""


class OpenedSink(sinks.Sink, Protocol):
    """A sink that is a context manager."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
