"""Studies and series fetched by WADO-RS, byte by byte (PS3.18 section 10.4)."""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Iterator
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
from dicomseries.network.dicomweb.web_session import WebAnswer, WebSession
from dicomseries.network.peer import Report

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
_NOTHING = "no instance of it"


class WadoRequests:
    """Fetches instances into a folder.

    Parameters
    ----------
    session : WebSession
        To the service.
    held : callable
        From UIDs of a study and series (or "") to those of its instances; None if unknown.
    folder : Path
        Where the files are stored, named by their SOP Instance UIDs.
    report : callable, optional
        Called with the instances that are there and all that will come.
    """

    def __init__(
        self,
        session: WebSession,
        held: Callable[[str, str], frozenset[str] | None],
        folder: Path,
        report: Report | None,
    ) -> None:
        self._session = session
        self._held = held
        self._folder = folder
        self._report = report
        self._accept = _AS_STORED
        self._fetched: set[str] = set()
        self._expected: frozenset[str] = frozenset()

    def fetch(self, study_uid: str, series_uid: str) -> int:
        """Fetch a study, or one series of it; return the number of instances."""
        expected = self._held(study_uid, series_uid)
        if expected is not None and not expected:
            raise self._no_series(_NOTHING)
        self._expected = expected or frozenset()
        url = f"{self._session.address.base}/studies/{study_uid}"
        if series_uid:
            url += f"/series/{series_uid}"
        self._fetch_all(url)
        self._fetch_missing(url, series_uid)
        missing = self._expected - self._fetched
        if missing:
            raise ReadError(
                code="instances-missing",
                where=self._session.where,
                given=f"{len(self._fetched):,} of {counted(len(self._expected), 'instance')}; "
                f"{min(missing)} is missing",
                expected="every instance that the archive lists",
                remedy="Ask the administrator of the archive for them; its list and its files "
                "differ.",
            )
        return len(self._fetched)

    def _fetch_all(self, url: str) -> None:
        """Fetch what is at a URL; after a lost connection, only as much as came."""
        for attempt in range(self._session.settings.retries + 1):
            is_last = attempt == self._session.settings.retries
            try:
                self._receive(url)
            except NetworkError as error:
                if error.code == "not-found":
                    raise self._no_series(str(error.given)) from None
                if error.code not in _PASSING or (is_last and not self._fetched):
                    raise
                is_listed = bool(self._expected)
                if is_listed and self._fetched:
                    return  # the rest is fetched one by one
                if is_last:
                    raise
            else:
                return

    def _fetch_missing(self, url: str, series_uid: str) -> None:
        """Fetch instances one by one that did not come with the others."""
        if not series_uid:
            return
        for uid in sorted(self._expected - self._fetched):
            if not _UID.fullmatch(uid):
                continue
            try:
                self._receive(f"{url}/instances/{uid}")
            except NetworkError as error:
                if error.code != "not-found":
                    raise

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
            given = f"an answer of type {content_type or 'unknown'} instead of DICOM files"
            raise connection_failure(self._session.where, code, self._session.hide(given))
        pieces = self._session.pieces(answer)
        contents = part_contents(pieces, boundary) if boundary else _single(pieces)
        try:
            self._save(contents)
        except IncompleteAnswerError:
            given = "an answer that ends before its last part"
            raise connection_failure(self._session.where, "connection-lost", given) from None
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
        path = self._folder / "incomplete.part"
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
        path.replace(self._folder / f"{uid}.dcm")
        self._fetched.add(uid)
        if self._report is not None:
            self._report(len(self._fetched), len(self._expected))

    def _uid_of(self, path: Path) -> str:
        with path.open("rb") as file:
            head = file.read(_META)
        if head[_PREAMBLE : _PREAMBLE + len(_PREFIX)] != _PREFIX:
            given = "a part that is no DICOM file (PS3.10)"
            raise connection_failure(self._session.where, "answer-not-valid", given)
        uid = _media_storage_uid(head)
        if not uid or (self._expected and uid not in self._expected):
            uid = _data_set_uid(path) or uid
        if len(uid) > _LONGEST_UID or not _UID.fullmatch(uid):
            given = "a DICOM file without a valid SOPInstanceUID"
            raise connection_failure(self._session.where, "answer-not-valid", given)
        return uid

    def _no_series(self, given: str) -> ReadError:
        return ReadError(
            code="no-series",
            where=self._session.where,
            given=given,
            expected="a study or series that the archive has",
            remedy="Check the UIDs in the URL; list the studies of the archive to see them.",
        )

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
