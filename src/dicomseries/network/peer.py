"""The interface of every archive on the network, and its records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol, Self, TypeAlias

from dicomseries.lazy_dataclass import dataclass

__all__ = [
    "Commitment",
    "InstanceFile",
    "InstanceStatus",
    "Level",
    "Outcome",
    "Peer",
    "Report",
    "Transcode",
]

Level: TypeAlias = Literal["STUDY", "SERIES", "IMAGE"]
"""QueryRetrieveLevel."""

Outcome: TypeAlias = Literal["stored", "warning", "refused", "failed"]

Report: TypeAlias = Callable[[int, int], None]
"""Called with the instances that are there, and all that are known to come (0: not known)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceFile:
    """A part 10 file to send.

    Parameters
    ----------
    sop_class_uid, sop_instance_uid, transfer_syntax_uid, study_uid, series_uid : str
        As in the file.
    content : Path or bytes
        The file, or its bytes: preamble, file meta information, data set.
    size : int
        Bytes of the file.

    Examples
    --------
    >>> instance = InstanceFile(sop_class_uid="1.2", sop_instance_uid="1.3", series_uid="1.5",
    ...     transfer_syntax_uid="1.2.840.10008.1.2.1", study_uid="1.4", content=b"...", size=3)
    >>> instance
    InstanceFile(3 bytes)
    """

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    study_uid: str
    series_uid: str
    content: Path | bytes
    size: int

    def __repr__(self) -> str:
        return f"InstanceFile({self.size:,} bytes)"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceStatus:
    """What an archive answered to one instance.

    Parameters
    ----------
    sop_instance_uid : str
        Of the instance.
    outcome : {"stored", "warning", "refused", "failed"}
        ``"warning"``: stored, with a change or a doubt; ``"refused"``: the archive answered that
        it does not take it; ``"failed"``: there was no answer.
    status : int, optional
        DIMSE status, FailureReason or HTTP status.
    text : str
        What the archive answered, and what to do; empty if stored.
    coerced : tuple of str
        Keywords of attributes that the archive reports to have changed.
    transfer_syntax_uid : str
        Of the data set as it was sent.

    Examples
    --------
    >>> InstanceStatus(sop_instance_uid="1.3", outcome="stored", status=0).is_stored
    True
    """

    sop_instance_uid: str
    outcome: Outcome
    status: int | None = None
    text: str = ""
    coerced: tuple[str, ...] = ()
    transfer_syntax_uid: str = ""

    @property
    def is_stored(self) -> bool:
        """Whether the archive has it."""
        return self.outcome in {"stored", "warning"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment:
    """What an archive promises to keep (storage commitment).

    Parameters
    ----------
    committed : tuple of str
        SOP instance UIDs.
    failed : mapping of str to str
        UIDs of the others, and why.

    Examples
    --------
    >>> Commitment(committed=("1.3",), failed={}).is_complete
    True
    """

    committed: tuple[str, ...]
    failed: Mapping[str, str]

    @property
    def is_complete(self) -> bool:
        """Whether no instance is left out."""
        return not self.failed


Transcode: TypeAlias = Callable[[InstanceFile, Sequence[str]], InstanceFile]
"""From an instance and the UIDs of transfer syntaxes to the same instance in one of them.

Raises a `DicomSeriesError` if none of them can hold its pixels without loss.
"""


class Peer(Protocol):
    """An archive; a context manager that opens no connection before the first call.

    Every call raises `NetworkError` if the archive cannot be reached or talked to.
    """

    @property
    def where(self) -> str:
        """The archive as it may be shown: without secrets."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close connections that outlive a call; there are none."""

    def echo(self) -> None:
        """Ask whether the archive answers and knows this caller."""

    def store(
        self, instances: Iterable[InstanceFile], *, transcode: Transcode
    ) -> Iterator[InstanceStatus]:
        """Send instances; yield one status for each, as the answers come.

        Instances are taken as they are sent, so that memory does not grow with their number. A
        lost connection is opened again, a bounded number of times; the instances without an answer
        are then ``"failed"``.
        """

    def find(self, level: Level, keys: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
        """Yield the studies, series or instances that match.

        `keys` has keywords and the values to match, "" for an attribute that is only returned.
        """

    def fetch(
        self,
        study_uid: str,
        series_uid: str | None,
        folder: Path,
        *,
        report: Report | None = None,
    ) -> int:
        """Store a study or series as part 10 files in a folder; return their number.

        Raises
        ------
        ReadError
            If there is no such study or series, or instances are missing.
        """
