"""pynetdicom's upper layer on a connection that we have made."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.presentation import build_context, build_role
from pynetdicom.transport import (
    T_CONNECT,
    AddressInformation,
    AssociationSocket,
    ThreadedAssociationServer,
)

from dicomseries.operating_system import acknowledge_at_once, send_buffers

__all__ = [
    "AE",
    "ArchiveEntity",
    "ArchiveSocket",
    "Association",
    "ThreadedAssociationServer",
    "build_context",
    "build_role",
    "evt",
]

_MOST_AT_ONCE = 1 << 18
_P_DATA = 4
_HEAD = 6
_LONGEST_ANSWER = 1 << 16


class ArchiveSocket(AssociationSocket):
    """A connected socket, which keeps the reason of its failure.

    pynetdicom reads from its thread. `send_whole` writes from the caller's, and keeps the other
    thread away meanwhile: one TLS connection must not be used by two threads at once.
    """

    def __init__(
        self, assoc: Association, connection: socket.socket, address: AddressInformation
    ) -> None:
        self._connection = connection
        self._turn = threading.RLock()
        self.failure: OSError | None = None
        self.is_closed_by_peer = False
        self.first_bytes = b""
        self.last_arrival = time.monotonic()
        self._unread = bytearray()
        super().__init__(assoc, address=address)

    def _create_socket(
        self,
        address: AddressInformation,  # noqa: ARG002 - it is connected
    ) -> socket.socket:
        return self._connection

    def connect(self, primitive: T_CONNECT) -> None:
        """Report the connection that was made already."""
        name = self._connection.getsockname()
        self.assoc.requestor.address_info = AddressInformation.from_tuple(name)
        self._is_connected = True
        primitive.result = "Evt2"
        self.provider_queue.put(primitive)
        self._ready.set()

    @property
    def ready(self) -> bool:
        """Whether there is something to read for pynetdicom's thread."""
        if not self._turn.acquire(blocking=False):
            return False  # a message is being sent, and its answer read
        try:
            return bool(self._unread) or super().ready
        finally:
            self._turn.release()

    def recv(self, nr_bytes: int) -> bytearray:
        """Return so many bytes, or fewer if the connection ends."""
        with self._turn:
            if self._unread:
                received, self._unread = self._unread[:nr_bytes], self._unread[nr_bytes:]
            else:
                received = bytearray()
            self._read_into(received, nr_bytes)
        return received

    def _read_into(self, received: bytearray, count: int) -> None:
        """Read until there are so many bytes, or the connection ends."""
        try:
            while len(received) < count:
                part = self._connection.recv(min(count - len(received), _MOST_AT_ONCE))
                if not part:
                    self.is_closed_by_peer = True
                    return
                received += part
                self.last_arrival = time.monotonic()
                # What is late may be waiting for it; to ask for it before has no lasting effect.
                acknowledge_at_once(self._connection)
        except OSError as error:
            self.failure = error
            raise
        finally:
            if not self.first_bytes:
                self.first_bytes = bytes(received[:3])

    def read_pdu(self) -> bytes:
        """Return the body of a short P-DATA-TF, b"" for anything else, which stays unread.

        To be called within `send_whole`: it saves the way through pynetdicom's thread, which looks
        for bytes 1000 times a second.
        """
        head = bytearray()
        self._read_into(head, _HEAD)
        size = int.from_bytes(head[2:], "big")
        if len(head) < _HEAD or head[0] != _P_DATA or size > _LONGEST_ANSWER:
            self._unread = head
            return b""
        body = bytearray()
        self._read_into(body, size)
        if len(body) < size:
            self._unread = head + body
            return b""
        return bytes(body)

    def leave_unread(self, body: bytes) -> None:
        """Give the body of a P-DATA-TF back, for pynetdicom to read."""
        self._unread = bytearray(bytes((_P_DATA, 0)) + len(body).to_bytes(4, "big") + body)

    def wait_for(self, seconds: float) -> None:
        """Let reading end after so many seconds without a byte."""
        self._connection.settimeout(seconds)

    def send(self, bytestream: bytes) -> None:
        """Send the bytes of a message that is not one of `send_parts`."""
        try:
            self._connection.sendall(bytestream)
        except OSError as error:
            self.failure = self._alert() or error
            self.event_queue.put("Evt17")

    def _alert(self) -> OSError | None:
        """Return what TLS says about the end of a connection that can no longer be written to."""
        if not self.has_tls:
            return None
        try:
            self._connection.recv(1)
        except ssl.SSLError as error:
            return error
        except OSError:
            return None
        return None

    @contextmanager
    def send_whole(self) -> Iterator[None]:
        """Keep the other thread from reading while a message is sent."""
        with self._turn:
            yield

    def send_parts(self, buffers: Sequence[bytes | memoryview]) -> None:
        """Send buffers, one after the other."""
        send_buffers(self._connection, buffers)

    def end(self) -> None:
        """Close the connection, in any state that pynetdicom's thread has left."""
        with suppress(OSError):
            self._connection.close()

    @property
    def has_tls(self) -> bool:
        """Whether the bytes are encrypted."""
        return isinstance(self._connection, ssl.SSLSocket)


class ArchiveEntity(AE):
    """An application entity that associates over a given connection."""

    connection: socket.socket
    archive_socket: ArchiveSocket
    association: Association

    def _create_socket(
        self,
        assoc: Association,
        address: AddressInformation,
        tls_args: tuple[ssl.SSLContext, str] | None,  # noqa: ARG002 - the connection has TLS
    ) -> ArchiveSocket:
        assoc.dul.daemon = True  # else Ctrl-C would wait for its thread
        self.association = assoc
        self.archive_socket = ArchiveSocket(assoc, self.connection, address)
        return self.archive_socket
