"""`send`: a series to an archive, with an answer for each instance."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from dicomseries import reading, sinks
from dicomseries.api.delivery.confirmed_delivery import confirmed, listed_uids
from dicomseries.api.delivery.find import not_an_archive
from dicomseries.errors import (
    DeliveryError,
    DicomSeriesError,
    NetworkError,
    OptionError,
    SendInterrupted,
    TargetError,
    counted,
)
from dicomseries.event_log import LOGGER
from dicomseries.network import (
    InstanceFile,
    InstanceStatus,
    Peer,
    is_peer_url,
    open_peer,
    shown_url,
)
from dicomseries.progress_bar import ProgressReport, progress_report
from dicomseries.reports import SendReceipt, SentInstance
from dicomseries.sources import Volume
from dicomseries.writing import in_accepted_syntax

__all__ = ["delivery_error", "receipt_of", "send"]


def send(
    source: reading.SeriesSource | Volume,
    url: str,
    *,
    series: str | None = None,
    again: bool = False,
    confirm: bool = False,
    receipt: str | os.PathLike[str] | None = None,
    dry_run: bool = False,
    progress: ProgressReport | bool | None = None,
    storage_options: Mapping[str, Any] | None = None,
    source_options: Mapping[str, Any] | None = None,
) -> SendReceipt:
    """Send the instances of series that an archive does not have yet.

    Parameters
    ----------
    source : path-like, Series, Scan, Volume, or iterable of paths or datasets
        Everything that `scan` takes: a folder with all folders below it, a file, several of them, a
        ZIP or tar archive, a URL (of another archive, too); a series or all series of `scan`; the
        volume of `read`; pydicom datasets.
    url : str
        ``dicom://AET@host:port?calling=MYAET`` (C-STORE), ``dicoms://…`` (the same over TLS), or
        the URL of a DICOMweb service, ``https://host/dicom-web`` (STOW-RS).
    series : str, optional
        Only this SeriesInstanceUID.
    again : bool
        Send instances that the archive has already, too. Otherwise it is asked which ones it has;
        if it does not answer queries, the file of `receipt` says so.
    confirm : bool
        Ask for storage commitment where there is one (DIMSE), fetch every instance back, and
        compare attributes and pixels. The archive has 60 s to report, or what the option
        ``commit_timeout`` says.
    receipt : path-like, optional
        JSON file for the receipt, also after a failure or Ctrl-C. If it exists, it is the receipt
        of an earlier `send` to the same archive, and is replaced.
    dry_run : bool
        Connect and ask, but send nothing.
    progress : bool or callable, optional
        True shows a bar; a callable gets the instances done, all of them, and "fetching" (of a
        source at a URL), "sending", "waiting for storage commitment" or "fetching back".
    storage_options : mapping, optional
        Of the archive: ``timeout`` in seconds, ``retries``; files of TLS ``ca_certificate``,
        ``certificate``, ``key``; ``associations`` of DIMSE; ``auth`` and ``headers`` of DICOMweb.
    source_options : mapping, optional
        The same of a source at a URL.

    Returns
    -------
    SendReceipt
        Outcome, status and changed attributes of each instance, and their counts.

    Raises
    ------
    DeliveryError
        If the archive does not have every instance in the end; ``error.receipt`` says which.
    NetworkError
        If the archive cannot be reached: nothing was sent.
    ReadError, OptionError
        If `source` has no instances or damaged ones, or an option is wrong: nothing was sent.
    MissingPackageError
        If the extra ``network`` is not installed.

    Notes
    -----
    Data sets are sent byte by byte. A transfer syntax that the archive does not accept is changed
    to one that it accepts, without loss, and the receipt counts these instances. PS3.4 annex B
    (storage), PS3.18 section 10.5 (STOW-RS).

    Examples
    --------
    >>> send("ct/", "ct/")
    Traceback (most recent call last):
    ...
    dicomseries.errors.OptionError: url: expected the URL of an archive, such as ...
    """
    if not is_peer_url(url, is_target=True):
        raise not_an_archive(url)
    delivery = _Delivery(url, receipt)
    with progress_report(progress) as report, ExitStack() as stack:
        try:
            files = _files_of(source)
            local = stack.enter_context(reading.local_files(files, source_options, report))
            chosen = reading.files_to_send(local, series or _series_of(source))
            delivery.take(chosen)
            peer = stack.enter_context(open_peer(url, storage_options))
            peer.echo()
            if not again:
                delivery.leave_out_present(peer)
            if dry_run:
                return delivery.receipt(is_planned=True)
            return _sent(delivery, peer, report, is_confirmed=confirm)
        except DicomSeriesError as error:
            LOGGER.info("send: failed with the code %s", error.code)
            raise


def _sent(
    delivery: _Delivery, peer: Peer, report: ProgressReport | None, *, is_confirmed: bool
) -> SendReceipt:
    """Send what is left, confirm it, and keep the receipt."""
    try:
        delivery.send(peer, report)
        result = delivery.receipt()
        if is_confirmed:
            instances = delivery.stored_files(result)
            result = replace(delivery.receipt(), confirmation=confirmed(peer, instances, report))
    except KeyboardInterrupt:
        result = delivery.receipt()
        delivery.keep(result)
        total = counted(len(result.instances), "instance")
        text = f"{result.to} has kept {result.stored} of {total}; send again for the others"
        if not result.faults:
            text = f"{result.to} has kept {total}, not confirmed yet; send again to confirm them"
        raise SendInterrupted(text, receipt=result) from None
    delivery.keep(result)
    LOGGER.info("send: %d of %d instances are there", result.stored, len(result.instances))
    if not result.is_complete:
        raise delivery_error(result)
    return result


class _Delivery:
    """The instances of one call, and the answers so far."""

    def __init__(self, url: str, receipt: str | os.PathLike[str] | None) -> None:
        self._where = shown_url(url)
        self._started = time.perf_counter()
        self._path = None if receipt is None else Path(receipt)
        self._earlier = _stored_earlier(self._path, self._where)
        self._statuses: dict[str, InstanceStatus] = {}
        self._present: frozenset[str] = frozenset()
        self._notes: list[str] = []
        self.instances: tuple[InstanceFile, ...] = ()

    def take(self, files: reading.FilesToSend) -> None:
        """Take the instances to send."""
        self.instances = files.instances
        if files.skipped:
            self._notes.append(f"{counted(files.skipped, 'file')} skipped: not DICOM")
        if files.copies:
            self._notes.append(f"{counted(files.copies, 'file')} skipped: copies of others")

    def leave_out_present(self, peer: Peer) -> None:
        """Ask which instances the archive has already."""
        try:
            self._present = frozenset(listed_uids(peer, self.instances))
        except NetworkError as error:
            self._present = frozenset(self._earlier)
            source = "all are sent"
            if self._earlier:
                source = "those of the earlier receipt are left out"
            self._notes.append(
                f"the archive does not say which instances it has ({error.given}); {source}"
            )

    def send(self, peer: Peer, report: ProgressReport | None) -> None:
        """Send every instance that is not there.

        Raises
        ------
        NetworkError
            If nothing could be sent.
        """
        todo = [item for item in self.instances if item.sop_instance_uid not in self._present]
        total = len(self.instances)
        done = total - len(todo)
        if not todo:
            return
        if report is not None:
            report(done, total, "sending")
        try:
            for status in peer.store(todo, transcode=in_accepted_syntax):
                self._statuses[status.sop_instance_uid] = status
                done += 1
                if report is not None:
                    report(done, total, "sending")
        except DicomSeriesError as error:
            if not self._statuses:
                raise
            self._notes.append(f"sending ended early: {error}")

    def receipt(self, *, is_planned: bool = False) -> SendReceipt:
        """Return the receipt of what was answered so far."""
        return SendReceipt(
            to=self._where,
            instances=receipt_of(
                self.instances,
                self._statuses,
                self._present,
                default="planned" if is_planned else "unsent",
            ),
            seconds=time.perf_counter() - self._started,
            notes=tuple(self._notes),
        )

    def stored_files(self, result: SendReceipt) -> list[InstanceFile]:
        """Return the instances that the archive has, as it says."""
        pairs = zip(self.instances, result.instances, strict=True)
        return [instance for instance, entry in pairs if entry.is_there]

    def keep(self, result: SendReceipt) -> None:
        """Write the file of the receipt."""
        if self._path is not None:
            text = json.dumps(result.to_dict(), indent=1) + "\n"
            sinks.save_bytes(self._path, text.encode(), overwrite=True)


def receipt_of(
    instances: Sequence[InstanceFile],
    statuses: Mapping[str, InstanceStatus],
    present: frozenset[str],
    *,
    default: str = "unsent",
) -> tuple[SentInstance, ...]:
    """Return instances with their answers.

    Parameters
    ----------
    instances : sequence of InstanceFile
        All of them.
    statuses : mapping
        SOPInstanceUID → answer.
    present : frozenset of str
        SOPInstanceUIDs that were there already.
    default : str
        Outcome of those without an answer.
    """
    entries = []
    for instance in instances:
        uid = instance.sop_instance_uid
        entry = SentInstance(
            sop_instance_uid=uid,
            series_uid=instance.series_uid,
            outcome="present" if uid in present else default,
            transfer_syntax_uid=instance.transfer_syntax_uid,
            bytes=instance.size,
        )
        status = statuses.get(uid)
        if status is not None:
            entry = replace(
                entry,
                outcome=status.outcome,
                status=status.status,
                text=status.text,
                coerced=status.coerced,
                sent_syntax_uid=status.transfer_syntax_uid,
            )
        entries.append(entry)
    return tuple(entries)


def delivery_error(receipt: SendReceipt) -> DeliveryError:
    """Return the error of a receipt with faults."""
    total = counted(len(receipt.instances), "instance")
    code, given = "instances-not-stored", f"{receipt.stored} of {total} are there"
    texts = list(dict.fromkeys(fault.text for fault in receipt.faults if fault.text))
    remedy = "Send again when the cause is gone: only the others are sent."
    if not receipt.faults and receipt.confirmation is not None:
        code, given = "delivery-not-confirmed", str(receipt.confirmation)
        texts = list(receipt.confirmation.faults)
        remedy = "Look into the log of the archive, and compare with `dicomseries check`."
    error = DeliveryError(
        code=code,
        where=receipt.to,
        given="; ".join([given, *texts[:3]]),
        expected="every instance in the archive",
        remedy=remedy,
    )
    error.receipt = receipt
    return error


def _files_of(source: Any) -> reading.SeriesFiles:
    if not isinstance(source, Volume):
        return reading.parse_series_files(source, "source")
    path: reading.SeriesFiles | None = getattr(source, "path", None)
    if path:
        return path
    raise OptionError(
        code="not-a-series",
        where="source",
        given="a volume that was not read from a DICOM series",
        expected="files of DICOM instances",
        remedy="Write the volume to the archive: `dicomseries.write(volume, url, ...)`.",
    )


def _series_of(source: Any) -> str | None:
    """Return the series of a volume; all of other sources."""
    return getattr(source, "series", None) if isinstance(source, Volume) else None


def _stored_earlier(path: Path | None, where: str) -> list[str]:
    """Return the instances that an earlier receipt lists as stored.

    Raises
    ------
    TargetError
        If the file is something else, or of another archive.
    """
    if path is None or not path.exists():
        return []
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        entries = list(map(SentInstance.of, record["instances"]))
        archive = record["to"]
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise TargetError(
            code="not-a-receipt",
            where=str(path),
            given="a file that is no receipt of `send`",
            expected="a name that is free, or the receipt of an earlier run",
            remedy="Choose another name for `receipt=`.",
        ) from error
    if archive != where:
        raise TargetError(
            code="receipt-of-another-archive",
            where=str(path),
            given=f"a receipt of {archive}",
            expected=f"one of {where}",
            remedy="Choose another name for `receipt=`.",
        )
    return [entry.sop_instance_uid for entry in entries if entry.is_there]
