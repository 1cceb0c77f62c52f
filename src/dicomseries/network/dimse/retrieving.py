"""C-GET, and C-MOVE with our own receiver (PS3.4 sections C.4.2 and C.4.3)."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dicomseries.errors import NetworkError, OptionError, ReadError
from dicomseries.network.dimse.address import DimseAddress
from dicomseries.network.dimse.associations import association, import_pynetdicom
from dicomseries.network.dimse.finding import NATIVE, identifier_of, matches
from dicomseries.network.dimse.settings import DimseSettings
from dicomseries.network.dimse.statuses import answer_text
from dicomseries.network.peer import Report
from dicomseries.standard.transfer_syntaxes import TRANSFER_SYNTAXES

__all__ = ["Retrieval", "fetch_by_get", "fetch_by_move"]

_STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"
_STUDY_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
_UID = re.compile(r"[0-9.]{1,64}")
_MOST_CLASSES = 10
"""SOP classes of a series or study that get a context for each transfer syntax."""
_OUT_OF_RESOURCES = 0xA700


class Retrieval:
    """Instances on their way into a folder."""

    def __init__(self, folder: Path, report: Report | None, expected: int = 0) -> None:
        self._folder = folder
        self._report = report
        self._lock = threading.Lock()
        self.expected = expected
        self.names: set[str] = set()
        self.failure: OSError | None = None

    def store(self, event: Any) -> int:
        """Write a received instance as a part 10 file; return the status of the answer."""
        uid = str(event.request.AffectedSOPInstanceUID)
        name = uid if _UID.fullmatch(uid) else hashlib.sha256(uid.encode()).hexdigest()
        try:
            (self._folder / f"{name}.dcm").write_bytes(event.encoded_dataset())
        except OSError as error:
            self.failure = error
            return _OUT_OF_RESOURCES
        with self._lock:
            self.names.add(name)
            if self._report is not None:
                self._report(len(self.names), self.expected)
        return 0


def fetch_by_get(
    address: DimseAddress,
    settings: DimseSettings,
    keys: dict[str, str],
    folder: Path,
    report: Report | None,
) -> int:
    """Fetch a study or series over the association that asks for it."""
    pynetdicom = import_pynetdicom()
    retrieval, classes = _expected(address, settings, keys, folder, report)
    contexts: list[tuple[str, Sequence[str]]] = [(_STUDY_ROOT_GET, NATIVE)]
    for sop_class in classes:
        contexts.append((sop_class, NATIVE))
        if len(classes) <= _MOST_CLASSES:
            contexts += [(sop_class, [syntax]) for syntax in _compressed()]
    handlers = [(pynetdicom.evt.EVT_C_STORE, retrieval.store)]
    with association(
        address, settings, contexts[:128], handlers=handlers, receives=classes
    ) as link:
        if not any(
            context.abstract_syntax == _STUDY_ROOT_GET for context in link.accepted_contexts
        ):
            raise NetworkError(
                code="no-context-accepted",
                where=address.where,
                given="an archive that does not offer C-GET",
                expected="C-GET of the study root",
                remedy="Use C-MOVE: add method=move&port=PORT to the URL; the archive must "
                "know the AE title, address and port of this machine.",
            )
        answers = link.send_c_get(identifier_of(_level(keys), keys), _STUDY_ROOT_GET)
        _check_answers(address, answers, retrieval)
    return _complete(address, retrieval)


def fetch_by_move(
    address: DimseAddress,
    settings: DimseSettings,
    keys: dict[str, str],
    folder: Path,
    report: Report | None,
) -> int:
    """Fetch a study or series by associations that the archive opens to us."""
    pynetdicom = import_pynetdicom()
    retrieval, _ = _expected(address, settings, keys, folder, report)
    receiver = pynetdicom.AE(ae_title=address.calling_aet)
    receiver.require_called_aet = True
    receiver.network_timeout = settings.timeout
    for context in pynetdicom.AllStoragePresentationContexts:
        receiver.add_supported_context(context.abstract_syntax, [*_compressed(), *NATIVE])
    port = _receiver_port(address)
    handlers = [(pynetdicom.evt.EVT_C_STORE, retrieval.store)]
    try:
        server = receiver.start_server(("", port), block=False, evt_handlers=handlers)
    except OSError as error:
        raise NetworkError(
            code="receiver-not-started",
            where=f"port {port}",
            given=error.strerror or str(error),
            expected="a port that is free on this machine",
            remedy="Name another one with port= in the URL; the archive must know it.",
        ) from None
    try:
        with association(address, settings, [(_STUDY_ROOT_MOVE, NATIVE)]) as link:
            answers = link.send_c_move(
                identifier_of(_level(keys), keys), address.calling_aet, _STUDY_ROOT_MOVE
            )
            _check_answers(address, answers, retrieval)
    finally:
        server.shutdown()
    return _complete(address, retrieval)


def _receiver_port(address: DimseAddress) -> int:
    text = address.query.get("port", "")
    if not text.isdigit() or not 0 < int(text) < 1 << 16:
        raise OptionError(
            code="receiver-port-missing",
            where=address.where,
            given=repr(text) if text else "no port for the instances to come to",
            expected="the port at which the archive reaches this machine",
            remedy="Add port=PORT to the URL, and have this AE title, address and port entered in "
            "the archive; or leave method=move out.",
        )
    return int(text)


def _compressed() -> list[str]:
    return [syntax.uid for syntax in TRANSFER_SYNTAXES if syntax.uid not in NATIVE]


def _level(keys: dict[str, str]) -> Any:
    return "SERIES" if "SeriesInstanceUID" in keys else "STUDY"


def _expected(
    address: DimseAddress,
    settings: DimseSettings,
    keys: dict[str, str],
    folder: Path,
    report: Report | None,
) -> tuple[Retrieval, list[str]]:
    """Return the empty retrieval, and the SOP classes that will come."""
    pynetdicom = import_pynetdicom()
    series = [keys]
    if "SeriesInstanceUID" not in keys:
        asked = {**keys, "SeriesInstanceUID": ""}
        series = [
            {**keys, "SeriesInstanceUID": str(match["SeriesInstanceUID"])}
            for match in matches(address, settings, "SERIES", asked)
        ]
    classes: set[str] = set()
    count = 0
    for series_keys in series:
        asked = {**series_keys, "SOPInstanceUID": "", "SOPClassUID": ""}
        for match in matches(address, settings, "IMAGE", asked):
            count += 1
            classes.add(str(match.get("SOPClassUID", "")))
    if not count:
        raise ReadError(
            code="no-series",
            where=address.where,
            given="no instance with these UIDs",
            expected="a study or series that the archive has",
            remedy="Look at what is there: `dicomseries list` with the URL of the archive.",
        )
    if "" in classes:  # the archive does not return SOPClassUID
        common = pynetdicom.StoragePresentationContexts
        return Retrieval(folder, report, count), [str(cx.abstract_syntax) for cx in common][:127]
    return Retrieval(folder, report, count), sorted(classes)


def _check_answers(address: DimseAddress, answers: Any, retrieval: Retrieval) -> None:
    """Read the answers to the end; raise if the last one is a failure."""
    last = [answer for answer, _ in answers][-1]
    status = getattr(last, "Status", None)
    if retrieval.failure is not None:
        raise ReadError(
            code="disk-full",
            where=address.where,
            given=retrieval.failure.strerror or str(retrieval.failure),
            expected="room for the files while they are read",
            remedy="Free space, or set TMPDIR to a folder on another disk.",
        )
    if status is None:
        raise NetworkError(
            code="association-aborted",
            where=address.where,
            given=f"a connection that ended after {len(retrieval.names)} of "
            f"{retrieval.expected} instances",
            expected="every instance of the series",
            remedy="Try again, or pass a longer `timeout`.",
        )
    failed = int(getattr(last, "NumberOfFailedSuboperations", 0) or 0)
    if status != 0 and (failed or status < 0xB000 or status >= 0xC000):
        raise NetworkError(
            code="retrieval-rejected",
            where=address.where,
            given=f"{answer_text(status, last)} {failed} instances failed",
            expected="an archive that sends every instance of the series",
            remedy="Look into the log of the archive; for C-MOVE it must know the AE title, "
            "address and port of this machine.",
        )


def _complete(address: DimseAddress, retrieval: Retrieval) -> int:
    count = len(retrieval.names)
    if count < retrieval.expected:
        raise ReadError(
            code="instances-missing",
            where=address.where,
            given=f"{count} of {retrieval.expected} instances",
            expected="every instance that the archive lists",
            remedy="Try again; if it stays so, the archive cannot send the others.",
        )
    return count
