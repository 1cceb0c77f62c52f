"""An archive as the target of a write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dicomseries import network, reading, sinks
from dicomseries.errors import NetworkError, OptionError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.writing.encode.accepted_syntax import in_accepted_syntax
from dicomseries.writing.encode.resume_record import KilledWrite
from dicomseries.writing.inputs.write_request import WriteRequest
from dicomseries.writing.jobs.series_jobs import Job

__all__ = ["ArchiveTarget"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ArchiveTarget:
    """An archive on the network.

    Parameters
    ----------
    url : str
        ``dicom://`` or DICOMweb.
    storage_options : mapping, optional
        Of the archive.

    Examples
    --------
    >>> ArchiveTarget(url="dicom://ARCHIVE@pacs.example:104?calling=ME", storage_options=None).where
    'dicom://ARCHIVE@pacs.example:104'
    """

    url: str
    storage_options: Mapping[str, Any] | None

    @property
    def where(self) -> str:
        """The archive, without secrets."""
        return network.shown_url(self.url)

    def place_of(self, folder: str) -> str:
        """Return the archive: it has no folders."""
        del folder
        return self.where

    def check(self, *, overwrite: bool, resume: bool) -> KilledWrite | None:
        """Ask whether the archive answers; it holds no killed write."""
        del resume
        if overwrite:
            raise OptionError(
                code="overwrite-in-archive",
                where="overwrite",
                given=f"`overwrite=True` for {self.where}",
                expected="a folder, or a prefix of an object store: archives replace nothing",
                remedy="Leave `overwrite=` out; every write makes a new series.",
            )
        with network.open_peer(self.url, self.storage_options) as peer:
            peer.echo()
        return None

    def open_sink(
        self, request: WriteRequest, jobs: Sequence[Job], killed: KilledWrite | None
    ) -> sinks.NetworkSink:
        """Return the sink of a planned write.

        Raises
        ------
        OptionError
            If other machines work on it, or it is to be resumed with other UIDs.
        """
        del killed
        options = request.options
        if not options.executor.is_here:
            raise OptionError(
                code="archive-with-cluster",
                where="executor",
                given=f"`executor=` for {self.where}",
                expected="a write in this process: it holds the connection to the archive",
                remedy="Leave `executor=` out, or write to a folder and send that.",
            )
        peer = network.open_peer(self.url, self.storage_options)
        present: frozenset[str] = frozenset()
        if options.resume:
            if options.entropy is None:
                present = _present(peer, jobs)
            else:
                raise OptionError(
                    code="resume-with-new-uids",
                    where="resume",
                    given=f"`resume=True` for {self.where}, and new UIDs",
                    expected="the UIDs of the write that failed",
                    remedy='Pass `uid="content"` in both writes, so that the same input has the '
                    "same UIDs.",
                )
        return sinks.NetworkSink(
            peer,
            transcode=in_accepted_syntax,
            describe=reading.instance_file,
            present=present,
            files=sum(len(job.plan) for job in jobs),
        )

    def open_sink_of_objects(
        self, entries: Sequence[Mapping[str, Any]], *, overwrite: bool, sync: bool, read_back: bool
    ) -> sinks.NetworkSink:
        """Return a sink of objects that are encoded already."""
        del overwrite, sync, read_back
        return sinks.NetworkSink(
            network.open_peer(self.url, self.storage_options),
            transcode=in_accepted_syntax,
            describe=reading.instance_file,
            files=sum(int(entry["files"]) for entry in entries),
        )


def _present(peer: network.Peer, jobs: Sequence[Job]) -> frozenset[str]:
    """Return the instances of these series that the archive has."""
    uids: set[str] = set()
    for job in jobs:
        keys = {
            "StudyInstanceUID": job.plan.uids.study,
            "SeriesInstanceUID": job.plan.uids.series,
            "SOPInstanceUID": "",
        }
        try:
            uids.update(str(match["SOPInstanceUID"]) for match in peer.find("IMAGE", keys))
        except NetworkError:
            return frozenset()  # without queries all are sent again, with the same UIDs
    return frozenset(uids)
