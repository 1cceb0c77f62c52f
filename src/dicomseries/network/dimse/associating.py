"""Associations: presentation contexts, C-ECHO, C-STORE of one file."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from dicomseries.errors import NetworkError, missing_package
from dicomseries.lazy_dataclass import dataclass
from dicomseries.network.dimse.address import DimseAddress
from dicomseries.network.dimse.connecting import connect, tls_failure
from dicomseries.network.dimse.failures import failure, rejection
from dicomseries.network.dimse.settings import DimseSettings
from dicomseries.network.dimse.store_messages import (
    DataSetBytes,
    StoreAnswer,
    pdus,
    store_answer,
    store_command,
)

if TYPE_CHECKING:
    from dicomseries.network.dimse.upper_layer import ArchiveEntity

__all__ = [
    "MOST_CONTEXTS",
    "VERIFICATION",
    "DimseAssociation",
    "PresentationContext",
    "contexts_of",
    "open_association",
    "require_pynetdicom",
]

VERIFICATION = "1.2.840.10008.1.1"
MOST_CONTEXTS = 128
"""Identifiers of contexts are the odd numbers below 256 (PS3.8 section 9.3.2.2)."""
_LONGEST_PDU = 1 << 18
"""Bytes of a PDU that we take, and that we send to an archive without a limit."""
_TLS_RECORDS = (b"\x15\x03", b"\x16\x03")
"""Beginnings of records of TLS: an alert, a handshake."""
_MOST_MESSAGES = 65535
_REJECTED = (1, 2)
"""Results of an A-ASSOCIATE-RJ: permanent, transient."""


@dataclass(frozen=True, slots=True)
class PresentationContext:
    """A presentation context to propose.

    Parameters
    ----------
    sop_class_uid : str
        The abstract syntax.
    transfer_syntaxes : tuple of str
        The archive chooses one of them.
    is_received : bool
        Whether the archive sends such instances to us (C-GET).
    """

    sop_class_uid: str
    transfer_syntaxes: tuple[str, ...]
    is_received: bool = False


def require_pynetdicom(where: str) -> None:
    """Raise `MissingPackageError` if pynetdicom is not installed."""
    try:
        import pynetdicom  # noqa: F401, PLC0415
    except ImportError:
        raise missing_package(extra="network", where=where, package="pynetdicom") from None


def open_association(
    address: DimseAddress,
    settings: DimseSettings,
    contexts: Sequence[PresentationContext],
    handlers: Sequence[tuple[str, Callable[[Any], Any]]] = (),
) -> DimseAssociation:
    """Return an established association.

    Parameters
    ----------
    address, settings
        The archive, time-outs and TLS.
    contexts : sequence of PresentationContext
        At most 128.
    handlers : sequence of (str, callable)
        Names of pynetdicom's events, and what is called.

    Raises
    ------
    NetworkError
        If the archive is not reached, rejects, accepts no context, or does not answer in time.
    """
    require_pynetdicom(address.where)
    from dicomseries.network.dimse.upper_layer import (  # noqa: PLC0415
        ArchiveEntity,
        build_context,
        build_role,
        evt,
    )

    entity = ArchiveEntity(ae_title=address.calling_aet)
    entity.acse_timeout = settings.connection_timeout
    entity.dimse_timeout = settings.timeout
    entity.network_timeout = None  # an association may wait for what is sent next
    roles = {context.sop_class_uid for context in contexts if context.is_received}
    proposed = []
    for context in contexts:
        proposed.append(build_context(context.sop_class_uid, list(context.transfer_syntaxes)))
    entity.connection, host = connect(address, settings)
    start = time.monotonic()
    try:
        entity.associate(
            host,
            address.port,
            contexts=proposed,
            ae_title=address.called_aet,
            max_pdu=_LONGEST_PDU,
            ext_neg=[build_role(uid, scp_role=True) for uid in sorted(roles)],
            evt_handlers=[(getattr(evt, name), handler) for name, handler in handlers],
        )
    except BaseException:
        _close(entity)
        raise
    association = DimseAssociation(entity, address, settings)
    if not entity.association.is_established:
        error = _why_not(association, time.monotonic() - start)
        _close(entity)
        raise error
    return association


def _close(entity: ArchiveEntity) -> None:
    with suppress(Exception):  # pynetdicom raises anything from a thread that has ended
        entity.association.dul.kill_dul()
    with suppress(OSError):
        entity.connection.close()


def _why_not(opened: DimseAssociation, seconds: float) -> NetworkError:
    """Return the error of an association that was not established."""
    address, association = opened.address, opened.pynetdicom
    answer: Any = association.acceptor.primitive
    if not association.is_rejected:
        # pynetdicom overlooks an answer that comes before it looks whether it is connected.
        answer = association.dul.peek_next_pdu()
    if getattr(answer, "result", None) in _REJECTED:
        return rejection(address, answer.result_source or 0, answer.diagnostic or 0)
    if association.rejected_contexts:
        fault = "none of the proposed presentation contexts accepted"
        return failure(address, "no-context-accepted", fault)
    error = opened.reason_of_loss()
    if error is not None:
        return error
    if seconds >= opened.settings.connection_timeout * 0.98:
        return failure(
            address,
            "peer-timeout",
            "a connection, but no answer to the association",
            timeout=opened.settings.connection_timeout,
        )
    return failure(address, "association-aborted", "an archive that aborted the association")


class DimseAssociation:
    """An established association; a context manager that releases it, or aborts after an error.

    Parameters
    ----------
    entity : ArchiveEntity
        With its association.
    address : DimseAddress
        Of the archive.
    settings : DimseSettings
        Time-outs.
    """

    def __init__(
        self, entity: ArchiveEntity, address: DimseAddress, settings: DimseSettings
    ) -> None:
        self.address = address
        self.settings = settings
        self.pynetdicom = entity.association
        self._socket = entity.archive_socket
        self._message_id = 0
        setattr(self.pynetdicom.dimse, "get_msg", self._next_message)  # noqa: B010 - see there
        self.accepted: dict[str, dict[str, int]] = {}
        for context in self.pynetdicom.accepted_contexts:
            syntaxes = self.accepted.setdefault(str(context.abstract_syntax), {})
            syntaxes.setdefault(str(context.transfer_syntax[0]), int(context.context_id or 0))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.release()
        else:
            self.abort()

    @property
    def is_alive(self) -> bool:
        """Whether messages can be sent."""
        return (
            self.pynetdicom.is_established
            and self.pynetdicom.dul.peek_next_pdu() is None
            and not self._socket.is_closed_by_peer
        )

    def release(self) -> None:
        """End the association in order, or abort it if the archive does not answer."""
        with suppress(Exception):  # the work is done; a lost connection changes nothing
            if self.is_alive:
                self.pynetdicom.release()
        self.abort()

    def abort(self) -> None:
        """End the association at once."""
        with suppress(Exception):
            if self.pynetdicom.is_established:
                self.pynetdicom.abort()
        with suppress(Exception):
            self.pynetdicom.kill()
        self._socket.end()

    def next_message_id(self) -> int:
        """Return a number that no open message has."""
        self._message_id = self._message_id % _MOST_MESSAGES + 1
        return self._message_id

    def echo(self) -> None:
        """Send a C-ECHO and wait for its answer."""
        answer = self.pynetdicom.send_c_echo(self.next_message_id())
        if "Status" not in answer:
            raise self.loss()
        if answer.Status != 0:
            fault = f"status {answer.Status:04X} to a C-ECHO"
            raise failure(self.address, "answer-not-valid", fault)

    def store(self, data: DataSetBytes, sop_class_uid: str, instance_uid: str, context: int) -> Any:
        """Send a data set as it is; return the answer, pynetdicom's C_STORE.

        Raises
        ------
        NetworkError
            If the association is lost, or no answer comes in time.
        ReadError
            If the file cannot be read to its end.
        """
        longest = self.pynetdicom.acceptor.maximum_length or _LONGEST_PDU
        command = memoryview(store_command(sop_class_uid, instance_uid, self.next_message_id()))
        waiting = list(pdus(context, command, longest, is_command=True, is_last=True))
        self._hold_reactor()
        with self._socket.send_whole():
            try:
                for block, is_last in data.blocks(longest):
                    waiting += pdus(context, block, longest, is_command=False, is_last=is_last)
                    self._socket.send_parts(waiting)
                    waiting = []
            except TimeoutError:
                fault = "an archive that stopped reading"
                timeout = self.settings.silence_timeout
                raise failure(self.address, "peer-timeout", fault, timeout=timeout) from None
            except OSError as error:
                raise self._lost_by(error) from None
            answer: Any = self._short_answer()
        if answer is None:
            _, answer = self._next_message(block=True)
        if answer is None:
            raise self.loss()
        if type(answer).__name__ not in {"C_STORE", "StoreAnswer"} or answer.Status is None:
            fault = "an answer that is none to a C-STORE"
            raise failure(self.address, "answer-not-valid", fault)
        return answer

    def _short_answer(self) -> StoreAnswer | None:
        """Return the answer to a C-STORE, None if pynetdicom has to read what comes."""
        self._socket.wait_for(self.settings.timeout)
        try:
            body = self._socket.read_pdu()
        except TimeoutError:
            timeout = self.settings.timeout
            fault = f"no answer within {timeout:g} s"
            raise failure(self.address, "peer-timeout", fault, timeout=timeout) from None
        except OSError as error:
            raise self._broken_by(error) from None
        finally:
            self._socket.wait_for(self.settings.silence_timeout)
        answer = store_answer(body) if body else None
        if body and answer is None:
            self._socket.leave_unread(body)
        return answer

    def touch(self) -> None:
        """Start the time-out anew, since the archive has sent something elsewhere."""
        self._socket.last_arrival = time.monotonic()

    def _next_message(self, block: bool = False) -> Any:  # noqa: FBT001, FBT002 - pynetdicom's
        """Return the next context and message, (None, None) if none comes in time.

        Two differences from pynetdicom's own: its thread, which does not block, takes no answer
        away from the caller. And the time-out begins anew with each byte: a large instance takes
        longer than an archive may be silent.
        """
        if not block:
            return None, None
        start = time.monotonic()
        while True:
            last = max(start, self._socket.last_arrival)
            left = last + self.settings.timeout - time.monotonic()
            try:
                return self.pynetdicom.dimse.msg_queue.get(timeout=max(left, 0.001))
            except queue.Empty:
                if self._is_silent(start):
                    return None, None

    def _is_silent(self, since: float) -> bool:
        last = max(since, self._socket.last_arrival)
        return time.monotonic() >= last + self.settings.timeout

    def _hold_reactor(self) -> None:
        """Let pynetdicom's thread rest, which looks for requests 1000 times a second."""
        if not self.is_alive:
            raise self.loss()
        self.pynetdicom._reactor_checkpoint.clear()  # noqa: SLF001 - as its send_c_store does

    def _lost_by(self, error: OSError) -> NetworkError:
        if isinstance(error, NetworkError):
            return error
        fault = f"a connection that broke ({error.strerror or error})"
        return failure(self.address, "association-lost", fault)

    def loss(self) -> NetworkError:
        """Return the error for an answer that did not come."""
        error = self.reason_of_loss()
        if error is not None:
            return error
        if self.pynetdicom.acse.is_aborted() or self.pynetdicom.is_aborted:
            return failure(self.address, "association-aborted", "an archive that aborted")
        if not self.pynetdicom.is_established or not self.is_alive:
            fault = "an archive that ended the association"
            return failure(self.address, "association-lost", fault)
        timeout = self.settings.timeout
        fault = f"no answer within {timeout:g} s"
        return failure(self.address, "peer-timeout", fault, timeout=timeout)

    def reason_of_loss(self) -> NetworkError | None:
        """Return the error that the connection shows, if it does."""
        if self._socket.first_bytes.startswith(_TLS_RECORDS) and not self.address.has_tls:
            return failure(self.address, "tls-mismatch", "an archive that talks TLS")
        if self._socket.failure is not None:
            return self._broken_by(self._socket.failure)
        if not self._socket.is_closed_by_peer:
            return None
        return self._ended("a connection that the archive closed")

    def _broken_by(self, error: OSError) -> NetworkError:
        if isinstance(error, TimeoutError):
            timeout = self.settings.silence_timeout
            return failure(self.address, "peer-timeout", "half of an answer", timeout=timeout)
        if getattr(error, "reason", None):
            return tls_failure(self.address, error)
        return self._ended(f"a connection that broke ({error.strerror or error})")

    def _ended(self, fault: str) -> NetworkError:
        """Return the error of an end; before the first answer it may be due to TLS."""
        if self._socket.first_bytes:
            return failure(self.address, "association-lost", fault)
        if self.address.has_tls:
            fault += " after the start of TLS; it may ask for a certificate"
            return failure(self.address, "certificate-required", fault)
        fault += " without an answer; the port may be one with TLS"
        return failure(self.address, "association-lost", fault)


def contexts_of(proposals: Mapping[str, Iterable[str]]) -> list[PresentationContext]:
    """Return one context for each SOP class and transfer syntax."""
    contexts = []
    for uid, syntaxes in proposals.items():
        for syntax in syntaxes:
            contexts.append(PresentationContext(uid, (syntax,)))
    return contexts
