"""Associations by pynetdicom, with an error for each way to fail."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from dicomseries.errors import NetworkError, missing_package
from dicomseries.network.dimse.address import DimseAddress
from dicomseries.network.dimse.settings import DimseSettings

__all__ = ["association", "close", "import_pynetdicom", "open_association"]

_RECEIVED_PDU = 131072
"""Largest PDU that we take; the largest of dcmtk too."""
_PROBE_S = 3.0
"""Seconds that the search for the reason of a failure may take."""


def import_pynetdicom() -> Any:
    """Return pynetdicom, or raise `MissingPackageError`."""
    try:
        import pynetdicom  # noqa: PLC0415 - optional, and slow to import
    except ImportError as error:
        raise missing_package(extra="network", where="dicom:// URLs") from error
    return pynetdicom


def open_association(
    address: DimseAddress,
    settings: DimseSettings,
    contexts: Sequence[tuple[str, Sequence[str]]],
    *,
    handlers: Sequence[tuple[Any, ...]] = (),
    receives: Sequence[str] = (),
) -> Any:
    """Return an association that the archive has accepted.

    Parameters
    ----------
    address : DimseAddress
        Of the archive.
    settings : DimseSettings
        Time-outs and TLS.
    contexts : sequence of (str, sequence of str)
        SOP class and transfer syntaxes of each presentation context, at most 128.
    handlers : sequence of tuple
        Event handlers of pynetdicom.
    receives : sequence of str
        SOP classes that the archive sends to us on this association (C-GET).

    Raises
    ------
    NetworkError
        If there is none.
    """
    pynetdicom = import_pynetdicom()
    entity = pynetdicom.AE(ae_title=address.calling_aet)
    entity.connection_timeout = settings.timeout
    entity.acse_timeout = settings.timeout
    entity.dimse_timeout = settings.timeout
    entity.network_timeout = settings.timeout
    for sop_class, syntaxes in contexts:
        entity.add_requested_context(sop_class, list(syntaxes))
    roles = [pynetdicom.build_role(sop_class, scp_role=True) for sop_class in receives]
    tls = (settings.tls_context(), address.host) if address.has_tls else None
    since = time.perf_counter()
    try:
        opened = entity.associate(
            address.host,
            address.port,
            [_context(pynetdicom, *context) for context in contexts],
            ae_title=address.called_aet,
            max_pdu=_RECEIVED_PDU,
            ext_neg=roles or None,
            tls_args=tls,
            evt_handlers=list(handlers),
        )
    except OSError as error:  # an unknown host
        raise _unreached(address, error) from None
    if opened.is_established:
        opened.dul.socket.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return opened
    seconds = time.perf_counter() - since
    raise _failure(opened, address, settings, seconds)


def _context(pynetdicom: Any, sop_class: str, syntaxes: Sequence[str]) -> Any:
    return pynetdicom.presentation.build_context(sop_class, list(syntaxes))


@contextmanager
def association(
    address: DimseAddress,
    settings: DimseSettings,
    contexts: Sequence[tuple[str, Sequence[str]]],
    **options: Any,
) -> Iterator[Any]:
    """Give an association; release it, or abort it after an error."""
    opened = open_association(address, settings, contexts, **options)
    try:
        yield opened
    except BaseException:
        opened.abort()
        raise
    close(opened)


def close(opened: Any) -> None:
    """Release an association, if it is still established."""
    if opened.is_established:
        opened.release()


def _failure(
    opened: Any, address: DimseAddress, settings: DimseSettings, seconds: float
) -> NetworkError:
    if opened.is_rejected:
        return _rejected(opened, address)
    if opened.rejected_contexts:
        return NetworkError(
            code="no-context-accepted",
            where=address.where,
            given="an association in which the archive takes none of the SOP classes and transfer "
            "syntaxes",
            expected="an archive that offers this service",
            remedy="Ask its administrator what it takes, or send another kind of object.",
        )
    try:
        _probe(address, settings)
    except (OSError, ssl.SSLError) as error:
        return _unreached(address, error)
    if seconds >= settings.timeout:
        return _silent(address, settings)
    return NetworkError(
        code="association-aborted",
        where=address.where,
        given="a connection that the archive closed without an answer",
        expected="an answer to the association request",
        remedy="Check that a DICOM service listens on this port, and look into its log.",
    )


def _rejected(opened: Any, address: DimseAddress) -> NetworkError:
    answer = opened.acceptor.primitive
    reason = str(answer.reason_str)
    remedy = "Look into the log of the archive, or ask its administrator."
    if "Calling AE" in reason:
        remedy = (
            f"Let the administrator enter the AE title {address.calling_aet} and this machine in "
            "the archive, or name another title with calling= in the URL."
        )
    elif "Called AE" in reason:
        remedy = f"Write the right AE title before the @; {address.called_aet} is not known."
    elif "congestion" in reason or "limit" in reason:
        remedy = "Try again later, or send over fewer `associations`."
    return NetworkError(
        code="association-rejected",
        where=address.where,
        given=f"a rejected association: {reason.lower().replace(' ae ', ' AE ')}",
        expected="an archive that accepts associations of this caller",
        remedy=remedy,
    )


def _probe(address: DimseAddress, settings: DimseSettings) -> None:
    """Connect once more, to raise what pynetdicom only logs."""
    seconds = min(settings.timeout, _PROBE_S)
    with socket.create_connection((address.host, address.port), timeout=seconds) as plain:
        if address.has_tls:
            with settings.tls_context().wrap_socket(plain, server_hostname=address.host):
                return
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # only asks whether TLS is spoken there
        try:
            context.wrap_socket(plain).close()
        except OSError:
            return
    reason = "the archive expects TLS"
    raise ssl.SSLError(reason)


def _unreached(address: DimseAddress, error: OSError) -> NetworkError:
    code, remedy = "peer-not-reached", "Check host and port, and that the archive runs."
    given = error.strerror or str(error) or type(error).__name__
    if isinstance(error, ssl.SSLCertVerificationError):
        code = "certificate-not-trusted"
        given = f"a certificate that is not trusted: {error.verify_message}"
        remedy = (
            "Pass the file of the certificate that signed it as `ca_certificate`, and use the host "
            "name that is in it."
        )
    elif isinstance(error, ssl.SSLError) and not address.has_tls:
        code, given = "tls-mismatch", "an archive that expects TLS on this port"
        remedy = "Use a URL that begins with dicoms://, or use the port without TLS."
    elif isinstance(error, ssl.SSLError | ConnectionResetError) and address.has_tls:
        code, given = "tls-mismatch", f"no TLS on this port ({given})"
        remedy = (
            "Use a URL that begins with dicom://, or the port with TLS, or pass the "
            "`certificate` and `key` that the archive asks for."
        )
    elif isinstance(error, socket.gaierror):
        code, given = "host-unknown", f"the host {address.host}, which has no address"
        remedy = "Check the name of the host and the network."
    elif isinstance(error, TimeoutError):
        code, given = "peer-timeout", "no answer to the connection"
        remedy = "Check host, port and firewall."
    return NetworkError(
        code=code,
        where=address.where,
        given=given,
        expected="an archive that answers" + " over TLS" * address.has_tls,
        remedy=remedy,
    )


def _silent(address: DimseAddress, settings: DimseSettings) -> NetworkError:
    return NetworkError(
        code="peer-timeout",
        where=address.where,
        given=f"no answer within {settings.timeout:g} s",
        expected="an archive that answers",
        remedy="Check that a DICOM service listens on this port, or pass a longer `timeout`.",
    )
