"""Instances stored by STOW-RS, in batches (PS3.18 section 10.5)."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence

from urllib3.filepost import choose_boundary

from dicomseries.errors import DicomSeriesError, NetworkError
from dicomseries.network.dicomweb.http_failures import answer_excerpt, status_failure
from dicomseries.network.dicomweb.stow_answers import (
    StowEntry,
    is_unsupported_syntax,
    parse_stow_answer,
)
from dicomseries.network.dicomweb.stow_batches import (
    ContentChangedError,
    InstanceBatches,
    StowBody,
)
from dicomseries.network.dicomweb.web_session import MOST_LOSSES, WebAnswer, WebSession
from dicomseries.network.peer import InstanceFile, InstanceStatus, Transcode
from dicomseries.standard.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN

__all__ = ["StowRequests"]

_CONFLICT = 409
_TOO_LARGE = 413
_MEDIA_TYPE = 415
_SERVER_ERROR = 500
_OF_INSTANCES = (400, _CONFLICT, _TOO_LARGE, _MEDIA_TYPE, 422, _SERVER_ERROR)
"""Statuses that may be due to a single instance, or to the size of the batch."""
_REJECTIONS = {
    400: "the server answered that it does not understand the instance (HTTP 400)",
    _CONFLICT: "the archive does not take the instance (HTTP 409); look at its log for the reason",
    _TOO_LARGE: "the instance is larger than the server takes (HTTP 413); ask its administrator "
    "to raise the limit, or compress the series",
    _MEDIA_TYPE: "the server does not take the instance in this form (HTTP 415)",
    422: "the server answered that it cannot process the instance (HTTP 422)",
    _SERVER_ERROR: "the server failed while it stored the instance (HTTP 500); look at its log",
}
_FIRST_ERROR = 300
_LOSSES_OF_BATCH = 1
"""Lost connections after which a batch is divided."""
_PARTLY = 202

Held = Callable[[str, str], frozenset[str] | None]
"""From UIDs of a study and series to those of its instances; None if it cannot be asked."""


class _LostArchiveError(Exception):
    """An archive that answered before, and is lost; with the instances that it did not answer."""

    def __init__(self, instances: Sequence[InstanceFile], error: NetworkError) -> None:
        super().__init__(str(error))
        self.instances = instances
        self.reason = f"no answer to this instance ({error.given}); send it again"


class StowRequests:
    """Sends batches of instances, and reads the answers.

    Parameters
    ----------
    session : WebSession
        To the service.
    held : callable
        Says which instances of a series the archive has, for answers that do not.
    """

    def __init__(self, session: WebSession, held: Held) -> None:
        self._session = session
        self._held = held
        self._refused_syntaxes: set[str] = set()
        self._has_stored = False
        self._has_answered = False
        study = session.address.study_uid
        self._url = f"{session.address.base}/studies" + f"/{study}" * bool(study)

    def send(
        self, instances: Iterable[InstanceFile], transcode: Transcode
    ) -> Iterator[InstanceStatus]:
        """Yield the status of each instance, in their order.

        After the first answer of the archive, what it does not answer is failed.

        Raises
        ------
        NetworkError
            If the archive has never answered, or rejects the first request as a whole.
        """
        settings = self._session.settings
        batches = InstanceBatches(
            (self._in_accepted_syntax(instance, transcode) for instance in instances),
            size=settings.batch_bytes,
            count=settings.batch_instances,
        )
        reason = ""
        for batch in batches:
            if reason:
                yield from _unanswered(batch, reason)
                continue
            try:
                yield from self._send_batch(batch, batches, transcode)
            except _LostArchiveError as error:
                reason = error.reason
                yield from _unanswered(error.instances, reason)

    def _in_accepted_syntax(self, instance: InstanceFile, transcode: Transcode) -> InstanceFile:
        """Return an instance without a compression that was refused before."""
        if instance.transfer_syntax_uid not in self._refused_syntaxes:
            return instance
        try:
            return transcode(instance, [EXPLICIT_VR_LITTLE_ENDIAN])
        except DicomSeriesError:
            return instance  # it is refused again, and then says why

    def _send_batch(
        self, batch: list[InstanceFile], batches: InstanceBatches, transcode: Transcode
    ) -> Iterator[InstanceStatus]:
        waiting = deque([batch])
        while waiting:
            part = waiting.popleft()
            try:
                result = self._post(part)
            except NetworkError as error:
                is_single = len(part) == 1
                if error.code != "connection-lost" or is_single:
                    if not self._has_answered:
                        raise
                    rest = list(itertools.chain(part, *waiting))
                    raise _LostArchiveError(rest, error) from None
                result = None  # some servers end the connection instead of saying "too large"
            if result is None:
                half = len(part) // 2
                waiting.extendleft((part[half:], part[:half]))
                batches.reduce(part)
                continue
            for instance, status in zip(part, result, strict=True):
                yield self._repeated(instance, status, transcode)

    def _post(self, part: Sequence[InstanceFile]) -> list[InstanceStatus] | None:
        """Return a status for each instance; None if the batch must be divided."""
        boundary = choose_boundary()
        headers = {
            "Accept": "application/dicom+json, application/dicom+xml;q=0.5",
            "Content-Type": f'multipart/related; type="application/dicom"; boundary={boundary}',
        }
        try:
            answer = self._session.exchange(
                "POST",
                self._url,
                headers=headers,
                body=StowBody(part, boundary),
                accepted=_OF_INSTANCES,
                most_losses=_LOSSES_OF_BATCH if len(part) > 1 else MOST_LOSSES,
            )
        except ContentChangedError as error:
            if len(part) > 1:
                return None
            return [_status(part[0], StowEntry(outcome="failed", text=str(error)))]
        statuses = self._statuses(part, answer)
        self._has_answered |= statuses is not None
        return statuses

    def _statuses(
        self, part: Sequence[InstanceFile], answer: WebAnswer
    ) -> list[InstanceStatus] | None:
        entries = parse_stow_answer(answer.content)
        is_error = answer.status_code >= _FIRST_ERROR
        if not entries and is_error:
            return self._without_entries(part, answer)
        if not entries:
            self._session.check_no_web_page(answer)
        unnamed = [instance for instance in part if instance.sop_instance_uid not in entries]
        if unnamed:
            entries.update(self._entries_of_unnamed(unnamed, answer.status_code))
        statuses = [_status(instance, entries[instance.sop_instance_uid]) for instance in part]
        self._has_stored |= any(status.is_stored for status in statuses)
        return statuses

    def _without_entries(
        self, part: Sequence[InstanceFile], answer: WebAnswer
    ) -> list[InstanceStatus] | None:
        """Return the status of a single instance by the HTTP status."""
        status = answer.status_code
        if len(part) > 1:
            return None
        text = _REJECTIONS[status]
        excerpt = self._session.hide(answer_excerpt(answer.content.decode("utf-8", "replace")))
        is_first = not self._has_stored
        is_native = part[0].transfer_syntax_uid == EXPLICIT_VR_LITTLE_ENDIAN
        if status == _MEDIA_TYPE and is_native and is_first:
            reason = answer.reason or ""
            raise status_failure(self._session.where, status, reason, excerpt)
        if excerpt:
            text = f"{text}: {excerpt}"
        return [_status(part[0], StowEntry(outcome="refused", reason=status, text=text))]

    def _entries_of_unnamed(
        self, unnamed: Sequence[InstanceFile], status: int
    ) -> dict[str, StowEntry]:
        """Ask the archive for instances that its answer does not name."""
        held: dict[tuple[str, str], frozenset[str] | None] = {}
        entries: dict[str, StowEntry] = {}
        if status >= _FIRST_ERROR:
            rejected = StowEntry(outcome="refused", reason=status, text=_REJECTIONS[status])
            return {instance.sop_instance_uid: rejected for instance in unnamed}
        for instance in unnamed:
            series = instance.study_uid, instance.series_uid
            if series not in held:
                held[series] = self._held(*series)
            entries[instance.sop_instance_uid] = _entry_of_unnamed(
                instance.sop_instance_uid, held[series], status
            )
        return entries

    def _repeated(
        self, instance: InstanceFile, status: InstanceStatus, transcode: Transcode
    ) -> InstanceStatus:
        """Send an instance without compression if the archive may not take that."""
        syntax = instance.transfer_syntax_uid
        is_refused = status.outcome == "refused"
        may_help = status.status == _MEDIA_TYPE or is_unsupported_syntax(status.status)
        if not (is_refused and may_help) or syntax == EXPLICIT_VR_LITTLE_ENDIAN:
            return status
        try:
            native = transcode(instance, [EXPLICIT_VR_LITTLE_ENDIAN])
        except DicomSeriesError as error:
            entry = StowEntry(
                outcome="refused",
                reason=status.status,
                text=f"{status.text}; it cannot be sent in another transfer syntax: {error}",
            )
            return _status(instance, entry)
        try:
            statuses = self._post([native]) or [status]
        except NetworkError as error:  # the next batch meets it too
            return next(_unanswered([native], _LostArchiveError([native], error).reason))
        if statuses[0].is_stored:
            self._refused_syntaxes.add(syntax)
        return statuses[0]


def _unanswered(instances: Iterable[InstanceFile], reason: str) -> Iterator[InstanceStatus]:
    for instance in instances:
        yield _status(instance, StowEntry(outcome="failed", text=reason))


def _entry_of_unnamed(uid: str, held: frozenset[str] | None, status: int) -> StowEntry:
    if held is not None and uid in held:
        return StowEntry(outcome="stored")
    if held is not None:
        text = "the archive accepted the request, but does not have the instance; send it again"
        return StowEntry(outcome="failed", reason=status, text=text)
    text = "the archive does not say whether it stored the instance; look for it there"
    if status == _PARTLY:
        return StowEntry(outcome="failed", reason=status, text=text)
    return StowEntry(outcome="warning", reason=status, text=text)


def _status(instance: InstanceFile, entry: StowEntry) -> InstanceStatus:
    return InstanceStatus(
        sop_instance_uid=instance.sop_instance_uid,
        outcome=entry.outcome,
        status=entry.reason,
        text=entry.text,
        coerced=entry.coerced,
        transfer_syntax_uid=instance.transfer_syntax_uid,
    )
