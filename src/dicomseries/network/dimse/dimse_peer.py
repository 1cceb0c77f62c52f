"""The peer of a ``dicom://`` URL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from dicomseries.network.dimse.address import DimseAddress
from dicomseries.network.dimse.associating import (
    VERIFICATION,
    PresentationContext,
    open_association,
    require_pynetdicom,
)
from dicomseries.network.dimse.commitment import request_commitment
from dicomseries.network.dimse.finding import NATIVE, find
from dicomseries.network.dimse.retrieving import fetch_instances
from dicomseries.network.dimse.sending import send_instances
from dicomseries.network.dimse.settings import DimseSettings
from dicomseries.network.peer import (
    Commitment,
    InstanceFile,
    InstanceStatus,
    Level,
    Peer,
    Report,
    Transcode,
)

__all__ = ["DimsePeer"]


class DimsePeer(Peer):
    """An archive that talks DIMSE; each call opens its associations and ends them.

    Parameters
    ----------
    address : DimseAddress
        Titles, host and port.
    settings : DimseSettings
        Time-outs, TLS, retries.

    Examples
    --------
    >>> DimsePeer.at("dicom://ARCHIVE@pacs.example:104", {"timeout": 5}).where
    'dicom://ARCHIVE@pacs.example:104'
    """

    def __init__(self, address: DimseAddress, settings: DimseSettings) -> None:
        self._address = address
        self._settings = settings

    @classmethod
    def at(cls, url: str, options: Mapping[str, Any]) -> Self:
        """Return the peer of a URL; it connects at its first call.

        Raises
        ------
        OptionError
            If the URL or an option is wrong.
        MissingPackageError
            If pynetdicom is not installed.
        """
        address = DimseAddress.parse(url)
        in_url = {name: address.query[name] for name in ("method", "port") if name in address.query}
        settings = DimseSettings.of({**in_url, **options})
        require_pynetdicom(address.where)
        return cls(address, settings)

    def __repr__(self) -> str:
        return f"DimsePeer({self.where})"

    @property
    def where(self) -> str:
        """The archive as it may be shown."""
        return self._address.where

    def echo(self) -> None:
        """Ask by C-ECHO whether the archive answers and knows this caller.

        Raises
        ------
        NetworkError
            If it does not.
        """
        contexts = [PresentationContext(VERIFICATION, NATIVE)]
        with open_association(self._address, self._settings, contexts) as association:
            association.echo()

    def store(
        self, instances: Iterable[InstanceFile], *, transcode: Transcode
    ) -> Iterator[InstanceStatus]:
        """Send instances by C-STORE; yield one status for each, in their order.

        Data sets are sent as the bytes of their files. An instance in a transfer syntax that the
        archive does not accept is passed to `transcode` first.

        Raises
        ------
        NetworkError
            If the archive does not answer to the first instance.
        """
        return send_instances(instances, self._address, self._settings, transcode)

    def find(self, level: Level, keys: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
        """Ask by C-FIND in the study root; yield keyword → text, or list of texts.

        Below the level of studies, `keys` must have the UIDs of the levels above.

        Raises
        ------
        NetworkError
            If the archive rejects the search.
        """
        return find(self._address, self._settings, level, keys)

    def fetch(
        self,
        study_uid: str,
        series_uid: str | None,
        folder: Path,
        *,
        report: Report | None = None,
    ) -> int:
        """Store a study or series in a folder, by C-GET or C-MOVE; return the number of files.

        Raises
        ------
        NetworkError
            If the archive does not send.
        ReadError
            If there is no such study or series, or instances are missing.
        """
        return fetch_instances(
            self._address,
            self._settings,
            study_uid=study_uid,
            series_uid=series_uid or None,
            folder=folder,
            report=report,
        )

    def commit(self, references: Iterable[tuple[str, str]]) -> Commitment:
        """Ask the archive to commit itself to keep instances (PS3.4 annex J).

        Parameters
        ----------
        references : iterable of (str, str)
            SOP class and SOP instance UIDs.

        Raises
        ------
        NetworkError
            If the archive does not offer it, or does not report in time.
        """
        return request_commitment(self._address, self._settings, list(references))
