"""Studies and series fetched by WADO-RS, byte by byte (PS3.18 section 10.4)."""

from __future__ import annotations

import errno
import itertools
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pydicom
from pydicom.errors import InvalidDicomError

from dicomseries.errors import NetworkError, ReadError, counted
from dicomseries.event_log import LOGGER
from dicomseries.network.dicomweb.http_failures import connection_failure
from dicomseries.network.dicomweb.multipart_files import (
    IncompleteAnswerError,
    boundary_of,
    part_contents,
)
from dicomseries.network.dicomweb.web_queries import WebQueries
from dicomseries.network.dicomweb.web_session import WebAnswer, WebSession
from dicomseries.network.peer import Report
from dicomseries.network.peer_errors import no_series

__all__ = ["WadoRequests"]

_AS_STORED = 'multipart/related; type="application/dicom"; transfer-syntax=*'
_ANY = 'multipart/related; type="application/dicom", application/dicom;q=0.5'
_REJECTS_ANY_SYNTAX = ("media-type-not-offered", "request-rejected", "media-type-not-taken")
_PASSING = ("connection-lost", "peer-timeout")
_PREFIX = b"DICM"
_PREAMBLE = 128
_UID_ELEMENT = re.compile(rb"\x02\x00\x03\x00UI(..)", re.DOTALL)
_META = 4096
_UID = re.compile(r"[0-9]+(\.[0-9]+)*")
_LONGEST_UID = 64
_NO_CONTENT = 204
_CONNECTIONS = 4
"""Requests at a time for instances that did not come with their series."""
_NOTHING = "no instance of it"


class WadoRequests:
    """Fetches instances into a folder.

    Parameters
    ----------
    session : WebSession
        To the service.
    queries : WebQueries
        Says how many instances there are, and which.
    folder : Path
        Where the files are stored, named by their SOP Instance UIDs.
    report : callable, optional
        Called with the instances that are there and all that will come.
    """

    def __init__(
        self, session: WebSession, queries: WebQueries, folder: Path, report: Report | None
    ) -> None:
        self._session = session
        self._queries = queries
        self._folder = folder
        self._report = report
        self._accept = _AS_STORED
        self._fetched: dict[str, Path] = {}
        self._total = 0
        self._numbers = itertools.count()
        self._lock = threading.Lock()

    def fetch(self, study_uid: str, series_uid: str) -> int:
        """Fetch a study, or one series of it; return the number of instances.

        Raises
        ------
        ReadError
            If there is none, or instances are missing, or the disk is full.
        NetworkError
            If the archive is lost, or answers with something else.
        """
        url = f"{self._session.address.base}/studies/{study_uid}"
        counts = self._queries.instance_counts(study_uid, series_uid)
        if counts is None:
            is_complete = self._fetch_whole(url + f"/series/{series_uid}" * bool(series_uid))
            if not is_complete:
                fault = "an answer that ended too early each time"
                raise connection_failure(self._session.where, "connection-lost", fault)
            return len(self._fetched)
        if not counts:
            raise no_series(self._session.where, _NOTHING)
        self._total = max(0, sum(counts.values()))
        for uid, count in counts.items():
            self._fetch_series(study_uid, uid, count)
        return len(self._fetched)

    def _fetch_series(self, study_uid: str, series_uid: str, count: int) -> None:
        """Fetch a series whose instances are counted; -1 if they are not."""
        url = f"{self._session.address.base}/studies/{study_uid}/series/{series_uid}"
        before = len(self._fetched)
        is_complete = self._fetch_whole(url)
        if is_complete and len(self._fetched) - before == count:
            return
        listed = self._queries.held(study_uid, series_uid) or frozenset()
        missing = self._missing(listed)
        with ThreadPoolExecutor(_CONNECTIONS) as pool:
            try:
                list(pool.map(self._fetch_one, [f"{url}/instances/{uid}" for uid in missing]))
            finally:
                pool.shutdown(cancel_futures=True)
        missing = self._missing(listed)
        number = len(self._fetched) - before
        if missing or number < count:
            expected = max(count, len(listed))
            raise ReadError(
                code="instances-missing",
                where=self._session.where,
                given=f"{number:,} of {counted(expected, 'instance')}"
                + f"; {missing[0]} is missing" * bool(missing),
                expected="every instance that the archive lists",
                remedy="Ask the administrator of the archive for them; its list and its files "
                "differ.",
            )

    def _missing(self, listed: frozenset[str]) -> list[str]:
        """Return UIDs that are listed, and neither in a file's meta information nor data set."""
        missing = listed - self._fetched.keys()
        if missing:  # an archive may have changed one of them alone
            for uid in self._fetched.keys() - listed:
                missing -= {_data_set_uid(self._fetched[uid])}
        return sorted(filter(_UID.fullmatch, missing))

    def _fetch_whole(self, url: str) -> bool:
        """Fetch what is at a URL; return whether it came whole in one of the attempts."""
        for _ in range(self._session.settings.retries + 1):
            try:
                self._receive(url)
            except NetworkError as error:
                if error.code == "not-found":
                    raise no_series(self._session.where, str(error.given)) from None
                if error.code not in _PASSING:
                    raise
                if self._total:
                    return False  # the rest is fetched one by one
            else:
                return True
        return False

    def _fetch_one(self, url: str) -> None:
        for left in range(self._session.settings.retries, -1, -1):
            try:
                self._receive(url)
            except NetworkError as error:
                if error.code == "not-found":
                    return
                if error.code not in _PASSING or not left:
                    raise
            else:
                return

    def _receive(self, url: str) -> None:
        answer = self._answer(url)
        content_type = answer.headers.get("Content-Type", "")
        boundary = boundary_of(content_type)
        if answer.status_code == _NO_CONTENT:
            answer.close()
            return
        if not boundary and not content_type.lower().startswith("application/dicom"):
            answer.close()
            code = "not-dicomweb" if "html" in content_type.lower() else "answer-not-valid"
            fault = f"an answer of type {content_type or 'unknown'} instead of DICOM files"
            raise connection_failure(self._session.where, code, self._session.hide(fault))
        pieces = self._session.pieces(answer)
        contents = part_contents(pieces, boundary) if boundary else _single(pieces)
        try:
            self._save(contents)
        except IncompleteAnswerError:
            fault = "an answer that ends before its last part"
            raise connection_failure(self._session.where, "connection-lost", fault) from None
        finally:
            answer.close()

    def _answer(self, url: str) -> WebAnswer:
        """Ask for the files as they are stored, else as the server likes."""
        try:
            return self._get(url)
        except NetworkError as error:
            if error.code not in _REJECTS_ANY_SYNTAX or self._accept == _ANY:
                raise
        self._accept = _ANY
        answer = self._get(url)
        LOGGER.warning("the archive may send instances in another transfer syntax than its own")
        return answer

    def _get(self, url: str) -> WebAnswer:
        headers = {"Accept": self._accept, "Accept-Encoding": "identity"}
        return self._session.exchange("GET", url, headers=headers, is_streamed=True)

    def _save(self, contents: Iterator[bytes | None]) -> None:
        """Store each part under its UID when it is complete."""
        path = self._folder / f"{next(self._numbers)}.part"
        try:
            while (first := next(contents, None)) is not None:
                with path.open("wb") as file:
                    file.write(first)
                    while (piece := next(contents, None)) is not None:
                        file.write(piece)
                self._keep(path)
        except OSError as error:
            if isinstance(error, (NetworkError, ReadError)):
                raise
            raise self._not_written(error) from error
        finally:
            path.unlink(missing_ok=True)

    def _keep(self, path: Path) -> None:
        uid = self._uid_of(path)
        with self._lock:
            self._fetched[uid] = path.replace(self._folder / f"{uid}.dcm")
            if self._report is not None:
                self._report(len(self._fetched), self._total)

    def _uid_of(self, path: Path) -> str:
        with path.open("rb") as file:
            head = file.read(_META)
        if head[_PREAMBLE : _PREAMBLE + len(_PREFIX)] != _PREFIX:
            fault = "a part that is no DICOM file (PS3.10)"
            raise connection_failure(self._session.where, "answer-not-valid", fault)
        uid = _media_storage_uid(head) or _data_set_uid(path)
        if len(uid) > _LONGEST_UID or not _UID.fullmatch(uid):
            fault = "a DICOM file without a valid SOPInstanceUID"
            raise connection_failure(self._session.where, "answer-not-valid", fault)
        return uid

    def _not_written(self, error: OSError) -> ReadError:
        is_full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        return ReadError(
            code="disk-full" if is_full else "file-unwritable",
            where=self._session.where,
            given=f"{error.strerror or error} in {self._folder}",
            expected="room for the instances while they are read",
            remedy="Free space, or set TMPDIR to a folder on another disk.",
        )


def _single(pieces: Iterator[bytes]) -> Iterator[bytes | None]:
    """Yield an answer that is one file."""
    yield from pieces
    yield None


def _media_storage_uid(head: bytes) -> str:
    """Return MediaStorageSOPInstanceUID of the file meta information, which is explicit VR."""
    match = _UID_ELEMENT.search(head, _PREAMBLE + len(_PREFIX))
    if match is None:
        return ""
    value = head[match.end() : match.end() + int.from_bytes(match[1], "little")]
    return value.decode("ascii", "replace").strip("\0 ")


def _data_set_uid(path: Path) -> str:
    """Return SOPInstanceUID of the data set, which an archive may have changed alone."""
    try:
        dataset = pydicom.dcmread(path, specific_tags=["SOPInstanceUID"], stop_before_pixels=True)
        element = dataset.get_item("SOPInstanceUID")  # as it is: pydicom would warn of a wrong one
    except (InvalidDicomError, OSError, ValueError, KeyError):
        return ""
    value = getattr(element, "value", b"")
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)
    return text.strip("\0 ")
