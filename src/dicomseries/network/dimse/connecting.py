"""A connection by TCP, with or without TLS."""

from __future__ import annotations

import socket
import ssl
import time

from dicomseries.errors import NetworkError
from dicomseries.network.dimse.address import DimseAddress
from dicomseries.network.dimse.failures import failure
from dicomseries.network.dimse.settings import DimseSettings

__all__ = ["connect", "tls_failure"]

_ALERTS = {
    "CERTIFICATE_REQUIRED": "certificate-required",
    "BAD_CERTIFICATE": "certificate-required",
    "UNKNOWN_CA": "certificate-required",
    "CERTIFICATE_UNKNOWN": "certificate-required",
    "ALERT_HANDSHAKE_FAILURE": "certificate-required",
}
"""Part of the name of an alert from the archive -> code."""


def connect(address: DimseAddress, settings: DimseSettings) -> tuple[socket.socket, str]:
    """Return a connected socket, and the IP address of the archive.

    Raises
    ------
    NetworkError
        If the host is unknown, the port is closed, TLS fails, or the time is over.
    """
    end = time.monotonic() + settings.connection_timeout
    connection = _connected(address, settings)
    try:
        host = str(connection.getpeername()[0])
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if address.has_tls:
            connection.settimeout(max(end - time.monotonic(), 0.001))
            connection = _secured(connection, address, settings)
        connection.settimeout(settings.silence_timeout)
    except BaseException as error:
        connection.close()
        if isinstance(error, OSError) and not isinstance(error, NetworkError):
            fault = f"a connection that broke ({error.strerror or error})"
            raise failure(address, "association-lost", fault) from None
        raise
    return connection, host


def _connected(address: DimseAddress, settings: DimseSettings) -> socket.socket:
    seconds = settings.connection_timeout
    try:
        return socket.create_connection((address.host, address.port), timeout=seconds)
    except socket.gaierror:
        raise failure(address, "host-unknown", "a name without an address") from None
    except TimeoutError:
        fault = f"no connection within {seconds:g} s"
        raise failure(address, "peer-timeout", fault, timeout=seconds) from None
    except ConnectionRefusedError:
        fault = f"a closed port: nothing listens on {address.port}"
        raise failure(address, "peer-not-reached", fault) from None
    except OSError as error:
        fault = f"no connection ({error.strerror or error})"
        raise failure(address, "peer-not-reached", fault) from None


def _secured(
    connection: socket.socket, address: DimseAddress, settings: DimseSettings
) -> socket.socket:
    context = settings.tls_context()
    try:
        return context.wrap_socket(connection, server_hostname=address.host)
    except TimeoutError:
        fault = "no answer to the start of TLS; the port may be one without TLS"
        raise failure(address, "tls-mismatch", fault) from None
    except OSError as error:
        raise tls_failure(address, error) from None


def tls_failure(address: DimseAddress, error: OSError) -> NetworkError:
    """Return the error for what went wrong in TLS."""
    if isinstance(error, ssl.SSLCertVerificationError):
        fault = f"a certificate that cannot be verified: {error.verify_message}"
        return failure(address, "certificate-not-trusted", fault)
    name = str(getattr(error, "reason", "") or "")
    for part, code in _ALERTS.items():
        if part in name:
            fault = f"an archive that refuses this program's certificate ({name.lower()})"
            return failure(address, code, fault)
    fault = "an answer that is not TLS" if name else "a connection that was closed in TLS"
    return failure(address, "tls-mismatch", f"{fault}{f' ({name.lower()})' * bool(name)}")
