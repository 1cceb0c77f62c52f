"""Instances that an archive sends to us, as files in a folder."""

from __future__ import annotations

import errno
import re
import threading
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from dicomseries.errors import ReadError
from dicomseries.network.peer import Report

__all__ = ["ReceivedFiles"]

_UID = re.compile(r"[0-9]+(\.[0-9]+)*")
_LONGEST_UID = 64
_STORED = 0x0000
_NOT_AUTHORIZED = 0x0124
_INVALID_UID = 0x0117
_OUT_OF_RESOURCES = 0xA700


class ReceivedFiles:
    """Part 10 files named by their UIDs; the data sets are the bytes that came.

    Parameters
    ----------
    folder : Path
        Where the files are stored.
    expected : collection of str
        UIDs of the instances that will come; empty if they are not known.
    report : callable, optional
        Called after each instance.
    originators : collection of str
        AE titles of both sides, if others can send to us too: what was not asked for is rejected.
        Archives name either of them as the one that has asked.
    on_arrival : callable, optional
        Called with no argument when an instance comes.
    """

    def __init__(
        self,
        folder: Path,
        expected: Collection[str] = (),
        report: Report | None = None,
        *,
        originators: Collection[str] = (),
        on_arrival: Callable[[], None] | None = None,
    ) -> None:
        self._folder = folder
        self._expected = frozenset(expected)
        self._report = report
        self._originators = frozenset(originators)
        self.on_arrival = on_arrival
        self._lock = threading.Lock()
        self._error: OSError | None = None
        self.uids: set[str] = set()

    @property
    def missing(self) -> set[str]:
        """UIDs that are expected and not here."""
        return set(self._expected - self.uids)

    def store(self, event: Any) -> int:
        """Write an instance of a C-STORE request; return the status of the answer."""
        request = event.request
        uid = str(request.AffectedSOPInstanceUID)
        if self.on_arrival is not None:
            self.on_arrival()
        if len(uid) > _LONGEST_UID or not _UID.fullmatch(uid):
            return _INVALID_UID
        if not self._is_asked_for(uid, request.MoveOriginatorApplicationEntityTitle):
            return _NOT_AUTHORIZED
        if self._error is not None:
            return _OUT_OF_RESOURCES
        part = self._folder / f"{uid}.part"
        try:
            with part.open("wb") as file:
                file.write(_file_meta(event))
                file.write(request.DataSet.getbuffer())
            part.replace(self._folder / f"{uid}.dcm")
        except OSError as error:
            self._error = error
            part.unlink(missing_ok=True)
            return _OUT_OF_RESOURCES
        with self._lock:
            self.uids.add(uid)
            if self._report is not None:
                self._report(len(self.uids), len(self._expected))
        return _STORED

    def _is_asked_for(self, uid: str, originator: str | None) -> bool:
        if self._expected or not self._originators:
            return uid in self._expected or not self._originators
        return not originator or str(originator).strip() in self._originators

    def check_disk(self) -> None:
        """Raise a `ReadError` if a file could not be written."""
        if self._error is None:
            return
        is_full = self._error.errno in {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
        raise ReadError(
            code="disk-full" if is_full else "file-unwritable",
            where=str(self._folder),
            given=f"{self._error.strerror or self._error}",
            expected="room for the instances while they are read",
            remedy="Free space, or set TMPDIR to a folder on another disk.",
        )


def _file_meta(event: Any) -> bytes:
    from pynetdicom.dsutils import encode_file_meta  # noqa: PLC0415

    return b"\0" * 128 + b"DICM" + encode_file_meta(event.file_meta)
