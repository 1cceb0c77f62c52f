"""Our own port, on which archives send what was asked for by C-MOVE and N-ACTION."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from socketserver import TCPServer
from typing import Any

from dicomseries.errors import OptionError
from dicomseries.network.dimse.address import DimseAddress
from dicomseries.network.dimse.associating import VERIFICATION, require_pynetdicom
from dicomseries.network.dimse.failures import failure
from dicomseries.network.dimse.settings import DimseSettings

__all__ = ["receiver", "require_port"]

_POLL_S = 0.02
_LONGEST_PDU = 1 << 18


def require_port(address: DimseAddress, settings: DimseSettings) -> int:
    """Return the port to receive on.

    Raises
    ------
    OptionError
        If none was given.
    """
    if settings.port is None:
        raise OptionError(
            code="receiver-port-missing",
            where=address.where,
            given="no port for the instances to come to",
            expected="the port at which the archive reaches this computer",
            remedy="Add port=PORT to the URL, and have this AE title, address and port entered in "
            "the archive; or fetch with method=get.",
        )
    return settings.port


@contextmanager
def receiver(
    address: DimseAddress,
    settings: DimseSettings,
    contexts: Sequence[tuple[str, Sequence[str]]],
    handlers: Sequence[tuple[str, Callable[[Any], Any]]],
) -> Iterator[None]:
    """Listen on our port for associations with our AE title.

    Parameters
    ----------
    address : DimseAddress
        Of the archive; its calling title is ours.
    settings : DimseSettings
        With the port.
    contexts : sequence of (str, sequence of str)
        SOP classes and transfer syntaxes that are accepted.
    handlers : sequence of (str, callable)
        Names of pynetdicom's events, and what is called.

    Raises
    ------
    NetworkError
        If the port is not free.
    """
    port = require_port(address, settings)
    require_pynetdicom(address.where)
    from dicomseries.network.dimse.upper_layer import (  # noqa: PLC0415
        AE,
        ThreadedAssociationServer,
        evt,
    )

    entity = AE(ae_title=address.calling_aet)
    entity.require_called_aet = True
    entity.maximum_pdu_size = _LONGEST_PDU
    entity.network_timeout = settings.silence_timeout
    entity.acse_timeout = settings.connection_timeout
    entity.add_supported_context(VERIFICATION)
    for sop_class, syntaxes in contexts:
        entity.add_supported_context(sop_class, list(syntaxes), scu_role=True, scp_role=True)
    bound: list[Any] = [(getattr(evt, name), handler) for name, handler in handlers]
    try:
        server = entity.make_server(
            ("", port),
            evt_handlers=[
                (evt.EVT_CONN_OPEN, _let_it_end),
                (evt.EVT_REQUESTED, _prefer_as_proposed),
                *bound,
            ],
            ssl_context=settings.tls_server_context() if address.has_tls else None,
            server_class=ThreadedAssociationServer,
        )
    except OSError as error:
        fault = f"port {port}, on which this computer cannot listen ({error.strerror or error})"
        raise failure(address, "receiver-not-started", fault) from None
    thread = threading.Thread(target=server.serve_forever, args=(_POLL_S,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        TCPServer.shutdown(server)
        thread.join()
        for association in server.active_associations:
            with suppress(Exception):
                association.abort()
        server.server_close()


def _let_it_end(event: Any) -> None:
    event.assoc.dul.daemon = True  # else Ctrl-C would wait for its thread


def _prefer_as_proposed(event: Any) -> None:
    """Accept the first transfer syntax of each context: the archive likes it best.

    pynetdicom takes the first of ours, to which the archive may have to transcode.
    """
    association = event.assoc
    proposed: dict[str, list[str]] = {}
    for context in association.requestor.primitive.presentation_context_definition_list:
        syntaxes = proposed.setdefault(str(context.abstract_syntax), [])
        syntaxes.extend(map(str, context.transfer_syntax))
    contexts = association.acceptor.supported_contexts
    for context in contexts:
        order = proposed.get(str(context.abstract_syntax))
        if order is None:
            continue
        known = [uid for uid in context.transfer_syntax if uid in order]
        if known:
            context.transfer_syntax = sorted(known, key=order.index)
    association.acceptor.supported_contexts = contexts
