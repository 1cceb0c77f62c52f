"""Send instances by C-STORE (PS3.4 annex B), over one or several associations."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any

from dicomseries.errors import DicomSeriesError, NetworkError
from dicomseries.event_log import LOGGER
from dicomseries.network.dimse.address import DimseAddress
from dicomseries.network.dimse.associations import close, open_association
from dicomseries.network.dimse.p_data import store_command, store_pdus
from dicomseries.network.dimse.settings import DimseSettings
from dicomseries.network.dimse.statuses import answer_text, is_busy, status_meaning
from dicomseries.network.peer import InstanceFile, InstanceStatus, Transcode
from dicomseries.operating_system import acknowledge_at_once, send_buffers
from dicomseries.standard.dictionary import keyword_for_tag
from dicomseries.standard.transfer_syntaxes import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)

__all__ = ["send_instances"]

_NATIVE = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)
"""Transfer syntaxes that are proposed for every SOP class, best first."""
_MOST_CONTEXTS = 128
"""Presentation contexts of an association: odd numbers of a byte."""
_FIRST_WAIT_S = 0.1
"""Seconds before the first repetition; each further one waits twice as long."""
_CANNOT_SEND = "there was no association when its turn came"

Pair = tuple[str, str]
"""SOP class and transfer syntax."""


class _LostError(Exception):
    """The association ended in the middle of a request."""


def send_instances(
    address: DimseAddress,
    settings: DimseSettings,
    instances: Iterable[InstanceFile],
    transcode: Transcode,
) -> Iterator[InstanceStatus]:
    """Send instances; yield the answers as they come.

    Raises
    ------
    NetworkError
        If there is no association for the first instance.
    """
    if settings.associations == 1:
        yield from _send_over_one(address, settings, instances, transcode)
    else:
        yield from _Crew(address, settings, instances, transcode).answers()


def _send_over_one(
    address: DimseAddress,
    settings: DimseSettings,
    instances: Iterable[InstanceFile],
    transcode: Transcode,
) -> Iterator[InstanceStatus]:
    sender = _Sender(address, settings, transcode)
    try:
        for instance in instances:
            yield sender.send(instance)
    except BaseException:
        sender.abort()
        raise
    sender.close()


class _Crew:
    """Threads with an association each; they take the next instance in turn."""

    def __init__(
        self,
        address: DimseAddress,
        settings: DimseSettings,
        instances: Iterable[InstanceFile],
        transcode: Transcode,
    ) -> None:
        self._remaining = iter(instances)
        self._turn = threading.Lock()
        self._is_over = threading.Event()
        self._answers: queue.Queue[InstanceStatus | BaseException | None] = queue.Queue(
            4 * settings.associations
        )
        self._threads = []
        for _ in range(settings.associations):
            sender = _Sender(address, settings, transcode)
            self._threads.append(threading.Thread(target=self._run, args=(sender,), daemon=True))

    def answers(self) -> Iterator[InstanceStatus]:
        """Send everything; yield the answers as they come."""
        for thread in self._threads:
            thread.start()
        running = len(self._threads)
        try:
            while running:
                answer = self._answers.get()
                if isinstance(answer, InstanceStatus):
                    yield answer
                elif answer is None:
                    running -= 1
                else:
                    raise answer
        finally:
            self._is_over.set()
            for thread in self._threads:
                thread.join()

    def _run(self, sender: _Sender) -> None:
        try:
            while (instance := self._next()) is not None:
                self._put(sender.send(instance))
        except BaseException as error:  # noqa: BLE001 - raised in the caller's thread
            sender.abort()
            self._put(error)
        else:
            sender.close()
            self._put(None)

    def _next(self) -> InstanceFile | None:
        with self._turn:
            return None if self._is_over.is_set() else next(self._remaining, None)

    def _put(self, answer: InstanceStatus | BaseException | None) -> None:
        """Hand an answer over, unless nobody waits for it."""
        while not self._is_over.is_set():
            try:
                self._answers.put(answer, timeout=0.5)
            except queue.Full:
                continue
            return


class _Sender:
    """One association, which is opened again when needed."""

    def __init__(
        self, address: DimseAddress, settings: DimseSettings, transcode: Transcode
    ) -> None:
        self._address = address
        self._settings = settings
        self._transcode = transcode
        self._proposed: list[Pair] = []
        self._accepted: dict[Pair, int] = {}
        self._association: Any = None
        self._message_id = 0
        self._has_begun = False
        self._failure: NetworkError | None = None

    def close(self) -> None:
        """Release the association."""
        if self._association is not None:
            close(self._association)
            self._association = None

    def abort(self) -> None:
        """Abort the association."""
        if self._association is not None:
            self._association.abort()
            self._association = None

    def send(self, instance: InstanceFile) -> InstanceStatus:
        """Send an instance, several times if the archive is busy or lost."""
        if self._failure is not None:
            return _unsent(instance, f"{_CANNOT_SEND}: {self._failure.given}.")
        wait_s = _FIRST_WAIT_S
        status = self._attempt(instance)
        for _ in range(self._settings.retries):
            is_final = status.outcome != "failed" and not is_busy(status.status or 0)
            if is_final:
                return status
            time.sleep(wait_s)
            wait_s *= 2
            status = self._attempt(instance)
        return status

    def _attempt(self, instance: InstanceFile) -> InstanceStatus:
        """Send once; "failed" if there is no association or no answer."""
        self._failure = None
        try:
            return self._send_once(instance)
        except _LostError:
            self.abort()
            LOGGER.info("send: the association was lost")
            return _unsent(instance, "the association was lost before an answer came.")
        except NetworkError as error:
            if not self._has_begun:
                raise
            LOGGER.info("send: no association, code %s", error.code)
            self._failure = error
            return _unsent(instance, f"{error.given}.")

    def _send_once(self, instance: InstanceFile) -> InstanceStatus:
        self._associate(instance.sop_class_uid, instance.transfer_syntax_uid)
        accepted = self._accepted_of(instance.sop_class_uid)
        if not accepted:
            return _refused(instance, "the archive does not take this SOP class.")
        if instance.transfer_syntax_uid not in accepted:
            try:
                instance = self._transcode(instance, accepted)
            except DicomSeriesError as error:
                text = f"the archive does not take its transfer syntax: {error}"
                return _refused(instance, text)
        context_id = self._accepted[instance.sop_class_uid, instance.transfer_syntax_uid]
        answer = self._request(instance, context_id)
        status = int(answer.Status)
        return InstanceStatus(
            sop_instance_uid=instance.sop_instance_uid,
            outcome=status_meaning(status).outcome,
            status=status,
            text=answer_text(status, answer),
            coerced=_keywords(answer),
            transfer_syntax_uid=instance.transfer_syntax_uid,
        )

    def _accepted_of(self, sop_class: str) -> list[str]:
        """Return the accepted transfer syntaxes of a SOP class, the native ones first."""
        syntaxes = [syntax for cls, syntax in self._accepted if cls == sop_class]
        return sorted(syntaxes, key=lambda syntax: (syntax not in _NATIVE, syntax == _NATIVE[1]))

    def _associate(self, sop_class: str, syntax: str) -> None:
        """Open an association that proposes this SOP class and transfer syntax."""
        is_open = self._association is not None and self._association.is_established
        if is_open and (sop_class, syntax) in self._proposed:
            return
        self.close()
        for pair in ((sop_class, syntax), *((sop_class, native) for native in _NATIVE)):
            if pair in self._proposed:
                self._proposed.remove(pair)
            self._proposed.append(pair)
        self._proposed = self._proposed[-_MOST_CONTEXTS:]
        contexts = [(cls, [name]) for cls, name in self._proposed]
        self._accepted = {}
        try:
            self._association = open_association(self._address, self._settings, contexts)
        except NetworkError as error:
            if error.code != "no-context-accepted":
                raise
            return  # the instance is refused; another SOP class may be taken
        self._has_begun = True
        for context in self._association.accepted_contexts:
            pair = (str(context.abstract_syntax), str(context.transfer_syntax[0]))
            self._accepted.setdefault(pair, context.context_id)

    def _request(self, instance: InstanceFile, context_id: int) -> Any:
        """Send a C-STORE request; return the answer."""
        link = self._association
        self._message_id = self._message_id % 65535 + 1
        command = store_command(instance.sop_class_uid, instance.sop_instance_uid, self._message_id)
        # pynetdicom's own thread must not take the answer.
        link._reactor_checkpoint.clear()  # noqa: SLF001 - as send_c_store does
        try:
            while not link._is_paused:  # noqa: SLF001
                time.sleep(0.0001)
            transport = link.dul.socket
            if not link.is_established or transport is None:
                raise _LostError
            try:
                for buffers in store_pdus(
                    context_id, command, instance.content, link.acceptor.maximum_length
                ):
                    send_buffers(transport.socket, buffers)
                acknowledge_at_once(transport.socket)
            except OSError:
                raise _LostError from None
            _, answer = link.dimse.get_msg(block=True)
        finally:
            link._reactor_checkpoint.set()  # noqa: SLF001
        if answer is None or not getattr(answer, "is_valid_response", False):
            raise _LostError
        return answer


def _keywords(answer: Any) -> tuple[str, ...]:
    """Return the keywords in OffendingElement."""
    tags = getattr(answer, "OffendingElement", None) or ()
    if isinstance(tags, int):
        tags = (tags,)
    return tuple(keyword_for_tag(int(tag)) or f"{int(tag):08X}" for tag in tags)


def _refused(instance: InstanceFile, text: str) -> InstanceStatus:
    return InstanceStatus(sop_instance_uid=instance.sop_instance_uid, outcome="refused", text=text)


def _unsent(instance: InstanceFile, text: str) -> InstanceStatus:
    return InstanceStatus(sop_instance_uid=instance.sop_instance_uid, outcome="failed", text=text)
