"""Storage commitment: the archive promises to keep instances (PS3.4 annex J)."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

from dicomseries.network.dimse.address import DimseAddress
from dicomseries.network.dimse.associating import PresentationContext, open_association
from dicomseries.network.dimse.failures import failure
from dicomseries.network.dimse.finding import NATIVE
from dicomseries.network.dimse.receiver import receiver
from dicomseries.network.dimse.settings import DimseSettings
from dicomseries.network.dimse.statuses import answer_text
from dicomseries.network.peer import Commitment

__all__ = ["request_commitment"]

_PUSH_MODEL = "1.2.840.10008.1.20.1"
_PUSH_INSTANCE = "1.2.840.10008.1.20.1.1"
_REQUEST = 1
_SUCCESS = 0x0000
_UNKNOWN_TRANSACTION = 0x0115
_LOOK_S = 0.5
"""Longest wait that Ctrl-C does not end, which is a whole one on Windows."""
_REASONS = {
    0x0110: "the archive failed in processing it",
    0x0112: "the archive does not have it",
    0x0119: "its SOP class is another one in the archive",
    0x0122: "the archive does not commit to this SOP class",
    0x0131: "the archive has seen this transaction already",
    0x0213: "the archive is out of resources",
}
"""FailureReason (PS3.3 section C.14.1.1) -> sentence."""


def request_commitment(
    address: DimseAddress, settings: DimseSettings, references: Sequence[tuple[str, str]]
) -> Commitment:
    """Ask the archive to commit to instances, and wait for its report.

    The report comes on the association of the request, or on one to our port if `settings` has it.

    Parameters
    ----------
    address, settings
        The archive.
    references : sequence of (str, str)
        SOP class and SOP instance UIDs.

    Raises
    ------
    NetworkError
        If the archive does not offer it, or does not report in time.
    """
    from pydicom.dataset import Dataset  # noqa: PLC0415

    action = Dataset()
    action.TransactionUID = f"2.25.{uuid.uuid4().int}"
    items = []
    for sop_class_uid, instance_uid in references:
        item = Dataset()
        item.ReferencedSOPClassUID = sop_class_uid
        item.ReferencedSOPInstanceUID = instance_uid
        items.append(item)
    action.ReferencedSOPSequence = items
    waiting = _Report(str(action.TransactionUID))
    handlers = [("EVT_N_EVENT_REPORT", waiting.take)]
    own_port: Any = nullcontext()
    if settings.port is not None:
        own_port = receiver(address, settings, [(_PUSH_MODEL, NATIVE)], handlers)
    contexts = [PresentationContext(_PUSH_MODEL, NATIVE)]
    with own_port, open_association(address, settings, contexts, handlers) as association:
        answer, _ = association.pynetdicom.send_n_action(
            action, _REQUEST, _PUSH_MODEL, _PUSH_INSTANCE, association.next_message_id()
        )
        if "Status" not in answer:
            raise association.loss()
        if answer.Status != _SUCCESS:
            rejection = answer_text(answer.Status, answer, is_sending=False)
            raise failure(address, "commitment-rejected", rejection)
        if not waiting.has_come_within(settings.commit_timeout):
            silence = f"no report within {settings.commit_timeout:g} s, the option commit_timeout"
            raise failure(address, "commitment-not-reported", silence)
    return waiting.commitment()


class _Report:
    """The N-EVENT-REPORT of one transaction."""

    def __init__(self, transaction_uid: str) -> None:
        self._transaction_uid = transaction_uid
        self._information: Any = None
        self.is_there = threading.Event()

    def take(self, event: Any) -> tuple[int, None]:
        """Keep the report of our transaction; return the status of the answer."""
        information = event.event_information
        if str(information.get("TransactionUID", "")) != self._transaction_uid:
            return _UNKNOWN_TRANSACTION, None
        self._information = information
        self.is_there.set()
        return _SUCCESS, None

    def has_come_within(self, seconds: float) -> bool:
        """Wait for the report; Ctrl-C ends the wait on every system."""
        end = time.monotonic() + seconds
        while not self.is_there.wait(max(min(_LOOK_S, end - time.monotonic()), 0.0)):
            if time.monotonic() >= end:
                return False
        return True

    def commitment(self) -> Commitment:
        committed = []
        for item in self._information.get("ReferencedSOPSequence") or ():
            committed.append(str(item.ReferencedSOPInstanceUID))
        failed = {}
        for item in self._information.get("FailedSOPSequence") or ():
            reason = int(item.get("FailureReason") or 0)
            text = _REASONS.get(reason, "the archive gives no known reason")
            failed[str(item.ReferencedSOPInstanceUID)] = f"Reason {reason:04X}: {text}."
        return Commitment(committed=tuple(committed), failed=failed)
