"""C-STORE of many instances: contexts, retries, several associations."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from dicomseries.errors import DicomSeriesError, NetworkError, ReadError
from dicomseries.network.dimse.address import DimseAddress
from dicomseries.network.dimse.associating import (
    MOST_CONTEXTS,
    VERIFICATION,
    DimseAssociation,
    PresentationContext,
    contexts_of,
    open_association,
)
from dicomseries.network.dimse.failures import TRANSIENT
from dicomseries.network.dimse.settings import DimseSettings
from dicomseries.network.dimse.statuses import answer_text, is_busy, status_meaning
from dicomseries.network.dimse.store_messages import open_data_set
from dicomseries.network.peer import InstanceFile, InstanceStatus, Transcode
from dicomseries.standard.transfer_syntaxes import (
    BY_UID,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)

__all__ = ["InstanceSender", "send_instances"]

_OFFERED = (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    *(uid for uid, syntax in BY_UID.items() if syntax.is_encapsulated),
)
"""Transfer syntaxes to offer beside the one of the file, the best first."""
_WAIT_S = 1.0
"""Seconds between looks for Ctrl-C, which Windows does not show to a thread that waits."""


class InstanceSender:
    """One association that is opened again when it is lost, or must have other contexts.

    Parameters
    ----------
    address : DimseAddress
        Of the archive.
    settings : DimseSettings
        Time-outs and retries.
    transcode : Transcode
        Called for what the archive does not accept as it is.
    closing : threading.Event
        Ends the waits between retries.
    """

    def __init__(
        self,
        address: DimseAddress,
        settings: DimseSettings,
        transcode: Transcode,
        closing: threading.Event,
    ) -> None:
        self._address = address
        self._settings = settings
        self._transcode = transcode
        self._closing = closing
        self._proposed: dict[str, list[str]] = {}
        self._association: DimseAssociation | None = None
        self._has_answered = False
        self._ended_by: NetworkError | None = None

    def send(self, instance: InstanceFile) -> InstanceStatus:
        """Send an instance, again if need be; return what came of it.

        Raises
        ------
        NetworkError
            If the archive has never answered to this sender.
        """
        if self._ended_by is not None:
            return _failed(instance, self._ended_by)
        try:
            return self._sent_with_retries(instance)
        except NetworkError as error:
            if not self._has_answered:
                raise
            return self.give_up(instance, error)

    def give_up(self, instance: InstanceFile, error: NetworkError) -> InstanceStatus:
        """Send nothing more; return the failure of an instance."""
        self._ended_by = error
        return _failed(instance, error)

    def _sent_with_retries(self, instance: InstanceFile) -> InstanceStatus:
        retry = 0
        while True:
            try:
                status = self._sent(instance)
            except NetworkError as error:
                self.abort()
                if retry == self._settings.retries or not self._may_retry(error):
                    raise
            else:
                if retry == self._settings.retries or not is_busy(status.status):
                    return status
            retry += 1
            if self._closing.wait(self._settings.wait_before(retry)):
                return _unsent(instance, "Not sent: sending ended before its turn. Send it again.")

    def _may_retry(self, error: NetworkError) -> bool:
        if self._has_answered:
            return error.code in TRANSIENT
        return error.code == "peer-busy"

    def _sent(self, instance: InstanceFile) -> InstanceStatus:
        association = self._association_for(instance)
        accepted = association.accepted.get(instance.sop_class_uid, {}) if association else {}
        if association is None or not accepted:
            self._has_answered = True
            return _not_accepted(instance)
        if instance.transfer_syntax_uid not in accepted:
            try:
                instance = self._transcoded(instance, tuple(accepted))
            except DicomSeriesError as error:
                return _not_transcoded(instance, error)
        context = accepted[instance.transfer_syntax_uid]
        try:
            with open_data_set(instance) as data:
                answer = association.store(
                    data, instance.sop_class_uid, instance.sop_instance_uid, context
                )
        except ReadError as error:
            self.abort()  # half of a message may have gone out
            return _failed(instance, error)
        self._has_answered = True
        return _answered(instance, answer)

    def _transcoded(self, instance: InstanceFile, accepted: tuple[str, ...]) -> InstanceFile:
        syntaxes = [uid for uid in _OFFERED if uid in accepted]
        changed = self._transcode(instance, syntaxes)
        if changed.transfer_syntax_uid not in accepted:
            message = f"transcoded to {changed.transfer_syntax_uid}, not to one of {syntaxes}"
            raise ValueError(message)
        return changed

    def _association_for(self, instance: InstanceFile) -> DimseAssociation | None:
        """Return an association whose contexts were proposed for the instance; None if refused."""
        uid, syntax = instance.sop_class_uid, instance.transfer_syntax_uid
        is_proposed = syntax in self._proposed.get(uid, ())
        if is_proposed and self._association is not None and self._association.is_alive:
            return self._association
        self._propose(uid, syntax)
        self.release()
        contexts = contexts_of(self._proposed)
        if not self._has_answered:
            contexts.append(PresentationContext(VERIFICATION, (IMPLICIT_VR_LITTLE_ENDIAN,)))
        try:
            self._association = open_association(self._address, self._settings, contexts)
        except NetworkError as error:
            if error.code != "no-context-accepted":
                raise
            return None
        if VERIFICATION in self._association.accepted:
            self._association.echo()
        return self._association

    def _propose(self, uid: str, syntax: str) -> None:
        """Add what an instance needs; forget the classes that were used the longest ago."""
        syntaxes = self._proposed.pop(uid, list(_OFFERED))
        if syntax not in syntaxes:
            syntaxes.insert(0, syntax)
        self._proposed[uid] = syntaxes
        while sum(map(len, self._proposed.values())) > MOST_CONTEXTS - 1:
            del self._proposed[next(iter(self._proposed))]

    def release(self) -> None:
        """End the association in order."""
        if self._association is not None:
            self._association.release()
            self._association = None

    def stop(self) -> None:
        """End the association and the waits of another thread."""
        self._closing.set()
        self.abort()

    def abort(self) -> None:
        """End the association at once."""
        if self._association is not None:
            self._association.abort()
            self._association = None


def send_instances(
    instances: Iterable[InstanceFile],
    address: DimseAddress,
    settings: DimseSettings,
    transcode: Transcode,
) -> Iterator[InstanceStatus]:
    """Send instances; yield what came of each, in their order.

    The first is sent alone: if the archive does not answer at all, this raises `NetworkError`.
    """
    closing = threading.Event()
    senders = [
        InstanceSender(address, settings, transcode, closing) for _ in range(settings.associations)
    ]
    is_done = False
    try:
        left = iter(instances)
        for instance in left:
            yield senders[0].send(instance)
            if len(senders) > 1:
                break
        if len(senders) > 1:
            yield from _sent_side_by_side(left, senders)
        is_done = True
    finally:
        closing.set()
        for sender in senders:
            if is_done:
                sender.release()
            else:
                sender.abort()


def _sent_side_by_side(
    instances: Iterator[InstanceFile], senders: list[InstanceSender]
) -> Iterator[InstanceStatus]:
    free = _FreeSenders(senders)
    waiting: deque[Future[InstanceStatus]] = deque()
    pool = ThreadPoolExecutor(len(senders), thread_name_prefix="dicomseries-send")
    try:
        for instance in instances:
            waiting.append(pool.submit(free.send, instance))
            while waiting and (waiting[0].done() or len(waiting) >= 2 * len(senders)):
                yield _result(waiting.popleft())
        while waiting:
            yield _result(waiting.popleft())
    except BaseException:
        free.stop()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


class _FreeSenders:
    """Senders that take turns; an archive may accept fewer associations than there are senders."""

    def __init__(self, senders: list[InstanceSender]) -> None:
        self._all = senders
        self._count = len(senders)
        self._lock = threading.Lock()
        self._free: queue.SimpleQueue[InstanceSender] = queue.SimpleQueue()
        for sender in senders:
            self._free.put(sender)

    def send(self, instance: InstanceFile) -> InstanceStatus:
        while True:
            sender = self._free.get()
            try:
                status = sender.send(instance)
            except NetworkError as error:
                with self._lock:
                    self._count -= 1
                    is_last = self._count == 0
                if not is_last:
                    continue
                status = sender.give_up(instance, error)
            self._free.put(sender)
            return status

    def stop(self) -> None:
        for sender in self._all:
            sender.stop()


def _result(future: Future[InstanceStatus]) -> InstanceStatus:
    while True:
        try:
            return future.result(timeout=_WAIT_S)
        except TimeoutError:
            if future.done():
                return future.result()


def _answered(instance: InstanceFile, answer: Any) -> InstanceStatus:
    status = int(answer.Status)
    keywords = _keywords(answer.OffendingElement)
    meaning = status_meaning(status)
    return InstanceStatus(
        sop_instance_uid=instance.sop_instance_uid,
        outcome=meaning.outcome,
        status=status,
        text=answer_text(status, answer, keywords),
        coerced=keywords if meaning.outcome == "warning" else (),
        transfer_syntax_uid=instance.transfer_syntax_uid,
    )


def _keywords(tags: Any) -> tuple[str, ...]:
    """Return the keywords of OffendingElement, one tag or several."""
    if tags is None:
        return ()
    from pydicom.datadict import keyword_for_tag  # noqa: PLC0415

    several = [tags] if isinstance(tags, int) else list(tags)
    return tuple(keyword_for_tag(tag) or str(tag) for tag in several)


def _failed(instance: InstanceFile, error: DicomSeriesError) -> InstanceStatus:
    return _unsent(instance, f"Not sent: {error.given}. {error.remedy}")


def _unsent(instance: InstanceFile, text: str) -> InstanceStatus:
    return InstanceStatus(
        sop_instance_uid=instance.sop_instance_uid,
        outcome="failed",
        text=text,
        transfer_syntax_uid=instance.transfer_syntax_uid,
    )


def _not_accepted(instance: InstanceFile) -> InstanceStatus:
    name = _name_of(instance.sop_class_uid)
    text = f"Not sent: the archive does not accept {name}; write another kind, or ask for support."
    return replace(_unsent(instance, text), outcome="refused")


def _not_transcoded(instance: InstanceFile, error: DicomSeriesError) -> InstanceStatus:
    name = _name_of(instance.transfer_syntax_uid)
    text = f"Not sent: the archive does not accept {name}. {error}"
    return replace(_unsent(instance, text), outcome="refused")


def _name_of(uid: str) -> str:
    from pydicom.uid import UID  # noqa: PLC0415

    return UID(uid).name
