"""C-GET, and C-MOVE to our own port (PS3.4 sections C.4.2 and C.4.3)."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dicomseries.errors import NetworkError, ReadError, counted
from dicomseries.network.dimse.address import DimseAddress
from dicomseries.network.dimse.associating import (
    MOST_CONTEXTS,
    DimseAssociation,
    PresentationContext,
    open_association,
)
from dicomseries.network.dimse.failures import TRANSIENT, failure
from dicomseries.network.dimse.finding import NATIVE, held_instances, identifier_of
from dicomseries.network.dimse.received_files import ReceivedFiles
from dicomseries.network.dimse.receiver import receiver, require_port
from dicomseries.network.dimse.settings import DimseSettings
from dicomseries.network.dimse.statuses import answer_text, status_meaning
from dicomseries.network.peer import Level, Report
from dicomseries.network.peer_errors import no_series

__all__ = ["fetch_instances"]

_STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"
_STUDY_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
_JPEG = "1.2.840.10008.1.2.4."
_COMPRESSED = (
    "1.2.840.10008.1.2.5",
    *(f"{_JPEG}{number}" for number in (80, 90, 201, 70, 57, 50, 51, 81, 91, 202, 203, 110)),
    "1.2.840.10008.1.2.1.99",
)
"""RLE, JPEG-LS, JPEG 2000, HTJ2K, JPEG, JPEG XL and Deflated: what `reading` decodes."""
_MOST_UIDS = 200
"""UIDs of a request for what is missing."""
_PENDING = (0xFF00, 0xFF01)
_SOME_FAILED = 0xB000
_NOTHING = "no instance with these UIDs"

_Request = tuple[Level, dict[str, Any]]


def fetch_instances(
    address: DimseAddress,
    settings: DimseSettings,
    *,
    study_uid: str,
    series_uid: str | None,
    folder: Path,
    report: Report | None,
) -> int:
    """Store a study or series in a folder; return the number of instances.

    What is missing after a lost association is asked for again.

    Raises
    ------
    NetworkError
        If the archive cannot be talked to, or rejects the retrieval.
    ReadError
        If there is no such study or series, or instances are missing.
    """
    by_move = settings.method == "move"
    if by_move:
        require_port(address, settings)
    held = held_instances(address, settings, study_uid, series_uid)
    if held is not None and not held:
        raise no_series(address.where, _NOTHING)
    classes: dict[str, str] = {}
    for instances in (held or {}).values():
        classes |= instances
    files = ReceivedFiles(
        folder,
        classes,
        report,
        originators=(address.calling_aet, address.called_aet) if by_move else (),
    )
    retrieval = _Retrieval(
        address, settings, files, held or {}, study_uid=study_uid, series_uid=series_uid
    )
    if by_move:
        contexts = [(uid, (*_COMPRESSED, *NATIVE)) for uid in _sop_classes(classes.values())]
        with receiver(address, settings, contexts, [("EVT_C_STORE", files.store)]):
            retrieval.run(by_move=True)
    else:
        retrieval.run(by_move=False)
    return retrieval.count()


class _Retrieval:
    """Requests until every instance is there, or the archive has no more to give."""

    def __init__(
        self,
        address: DimseAddress,
        settings: DimseSettings,
        files: ReceivedFiles,
        held: Mapping[str, Mapping[str, str]],
        *,
        study_uid: str,
        series_uid: str | None,
    ) -> None:
        self._address = address
        self._settings = settings
        self._files = files
        self._held = held
        self._study_uid = study_uid
        self._series_uid = series_uid
        self._answer = ""

    def run(self, *, by_move: bool) -> None:
        """Ask for everything; after a lost association, for what is missing."""
        retry = 0
        while True:
            count = len(self._files.uids)
            try:
                self._ask_for_all(by_move=by_move)
            except NetworkError as error:
                self._files.check_disk()
                retry = 1 if len(self._files.uids) > count else retry + 1
                has_begun = bool(self._files.uids)
                if (
                    error.code not in TRANSIENT
                    or not has_begun
                    or not self._files.missing
                    or retry > self._settings.retries
                ):
                    raise
                time.sleep(self._settings.wait_before(retry))
            else:
                self._files.check_disk()
                return

    def count(self) -> int:
        """Return the number of files, or raise if some are missing."""
        number, missing = len(self._files.uids), self._files.missing
        if missing:
            expected = number + len(missing)
            raise ReadError(
                code="instances-missing",
                where=self._address.where,
                given=f"{number:,} of {counted(expected, 'instance')}; {min(missing)} is missing"
                + f". {self._answer}" * bool(self._answer),
                expected="every instance that the archive lists",
                remedy="Try again; if they stay away, ask the administrator of the archive.",
            )
        if not number:
            raise no_series(self._address.where, _NOTHING)
        return number

    def _ask_for_all(self, *, by_move: bool) -> None:
        groups = [self._held]
        if not by_move and len(_contexts(_classes_of(self._held))) > MOST_CONTEXTS:
            groups = []
            for uid, instances in self._held.items():
                groups.append({uid: instances})
        for group in groups:
            classes = _classes_of(group)
            contexts = [PresentationContext(_STUDY_ROOT_MOVE, NATIVE)]
            if not by_move:
                contexts = _contexts(classes)[:MOST_CONTEXTS]
            handlers = [("EVT_C_STORE", self._files.store)]
            with open_association(self._address, self._settings, contexts, handlers) as link:
                self._files.on_arrival = link.touch
                for level, keys in self._requests(group, is_all=len(groups) == 1):
                    self._ask(link, level, keys, by_move=by_move)

    def _requests(
        self, group: Mapping[str, Mapping[str, str]], *, is_all: bool
    ) -> Iterator[_Request]:
        study: dict[str, Any] = {"StudyInstanceUID": self._study_uid}
        if not self._files.uids and is_all:
            if self._series_uid is None:
                yield "STUDY", study
            else:
                yield "SERIES", {**study, "SeriesInstanceUID": self._series_uid}
            return
        for series_uid, instances in group.items():
            series = {**study, "SeriesInstanceUID": series_uid}
            missing = sorted(self._files.missing.intersection(instances))
            if len(missing) == len(instances):
                yield "SERIES", series
                continue
            for start in range(0, len(missing), _MOST_UIDS):
                uids = missing[start : start + _MOST_UIDS]
                yield "IMAGE", {**series, "SOPInstanceUID": uids}

    def _ask(
        self, link: DimseAssociation, level: Level, keys: dict[str, Any], *, by_move: bool
    ) -> None:
        identifier, number = identifier_of(level, keys), link.next_message_id()
        if by_move:
            answers = link.pynetdicom.send_c_move(
                identifier, self._address.calling_aet, _STUDY_ROOT_MOVE, number
            )
        elif _STUDY_ROOT_GET in link.accepted:
            answers = link.pynetdicom.send_c_get(identifier, _STUDY_ROOT_GET, number)
        else:
            raise failure(self._address, "get-not-offered", "an archive that does not offer C-GET")
        for answer, _ in answers:
            self._check(link, answer)

    def _check(self, link: DimseAssociation, answer: Any) -> None:
        if "Status" not in answer:
            raise link.loss()
        if answer.Status in _PENDING or answer.Status == 0:
            return
        self._files.check_disk()
        failed = int(answer.get("NumberOfFailedSuboperations", 0) or 0)
        self._answer = f"The archive failed to send {counted(failed, 'instance')}"
        if answer.Status != _SOME_FAILED:
            self._answer = f"{answer_text(answer.Status, answer, is_sending=False)} {self._answer}"
        if status_meaning(answer.Status).outcome == "refused" and not self._files.uids:
            raise failure(self._address, "retrieval-rejected", self._answer)


def _classes_of(held: Mapping[str, Mapping[str, str]]) -> list[str]:
    classes: set[str] = set()
    for instances in held.values():
        classes.update(instances.values())
    return _sop_classes(classes)


def _sop_classes(classes: Iterable[str]) -> list[str]:
    """Return SOP classes, all usual ones if the archive has not told them."""
    stated = sorted(set(classes))
    if stated and stated[0]:
        return stated
    from pynetdicom import StoragePresentationContexts  # noqa: PLC0415

    return [str(context.abstract_syntax) for context in StoragePresentationContexts]


def _contexts(classes: Sequence[str]) -> list[PresentationContext]:
    """Return contexts for C-GET: one for each transfer syntax, so that none must be changed."""
    asking = PresentationContext(_STUDY_ROOT_GET, NATIVE)
    syntaxes = [(syntax,) for syntax in (*NATIVE, *_COMPRESSED)]
    for choice in (syntaxes, [NATIVE, _COMPRESSED]):
        contexts = []
        for uid in classes:
            for names in choice:
                contexts.append(PresentationContext(uid, tuple(names), is_received=True))
        if len(contexts) < MOST_CONTEXTS:
            return [asking, *contexts]
    every = (*NATIVE, *_COMPRESSED)
    return [asking, *(PresentationContext(uid, every, is_received=True) for uid in classes)]
