"""An archive that talks DICOMweb: QIDO-RS, WADO-RS and STOW-RS."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from dicomseries.errors import missing_package
from dicomseries.network.dicomweb.web_address import WebAddress
from dicomseries.network.dicomweb.web_settings import WebSettings
from dicomseries.network.peer import InstanceFile, InstanceStatus, Level, Peer, Report, Transcode

if TYPE_CHECKING:
    from dicomseries.network.dicomweb.web_queries import WebQueries
    from dicomseries.network.dicomweb.web_session import WebSession

__all__ = ["WebPeer"]


class WebPeer(Peer):
    """A DICOMweb service as a `Peer`.

    Parameters
    ----------
    address : WebAddress
        The service, or a study or series in it.
    settings : WebSettings
        Who asks, certificates, time-outs, batches.

    Examples
    --------
    >>> peer = WebPeer.at("https://jo:secret@pacs.example/dicom-web/studies/1.2", {})
    >>> peer.where, peer.study_uid, peer.series_uid
    ('https://***@pacs.example/dicom-web/studies/1.2', '1.2', '')
    """

    def __init__(self, address: WebAddress, settings: WebSettings) -> None:
        self._address = address
        self._settings = settings

    @classmethod
    def at(cls, url: str, options: Mapping[str, Any]) -> Self:
        """Return the peer at a URL.

        Raises
        ------
        OptionError
            If the URL or an option is wrong.
        """
        address = WebAddress.from_url(url)
        return cls(address, WebSettings.of(options, user=address.user))

    @property
    def where(self) -> str:
        """The URL as it may be shown."""
        return self._address.where

    @property
    def study_uid(self) -> str:
        """Study of the URL, empty if it names none."""
        return self._address.study_uid

    @property
    def series_uid(self) -> str:
        """Series of the URL, empty if it names none."""
        return self._address.series_uid

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        if "_session" in self.__dict__:
            self._session.close()

    def echo(self) -> None:
        """Ask for one study, which shows that a DICOMweb service answers to this user."""
        self._queries.check()

    def store(
        self, instances: Iterable[InstanceFile], *, transcode: Transcode
    ) -> Iterator[InstanceStatus]:
        """Send instances by STOW-RS; yield one status for each."""
        session, held = self._session, self._queries.held
        from dicomseries.network.dicomweb.stow_requests import StowRequests

        return StowRequests(session, held).send(instances, transcode)

    def find(self, level: Level, keys: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
        """Yield keyword → value of each match of QIDO-RS.

        The study and series of the URL, and the keywords in its query, are searched for too. A
        value is a text, several are a list of texts; sequences are left out.
        """
        in_url = {"StudyInstanceUID": self.study_uid, "SeriesInstanceUID": self.series_uid}
        all_keys = {**keys}
        for name, value in (*in_url.items(), *self._address.filters.items()):
            if value and not all_keys.get(name):
                all_keys[name] = value
        return self._queries.find(level, all_keys)

    def fetch(
        self,
        study_uid: str,
        series_uid: str | None,
        folder: Path,
        *,
        report: Report | None = None,
    ) -> int:
        """Store a study or series as part 10 files in a folder, by WADO-RS."""
        session, queries = self._session, self._queries
        from dicomseries.network.dicomweb.wado_requests import WadoRequests

        return WadoRequests(session, queries, folder, report).fetch(study_uid, series_uid or "")

    @cached_property
    def _session(self) -> WebSession:
        with self._needing_client():
            from dicomseries.network.dicomweb.web_session import WebSession
        return WebSession(self._address, self._settings)

    @cached_property
    def _queries(self) -> WebQueries:
        session = self._session
        with self._needing_client():
            from dicomseries.network.dicomweb.web_queries import WebQueries
        return WebQueries(session)

    @contextmanager
    def _needing_client(self) -> Iterator[None]:
        """Turn a failed import into an error that says how to install the client."""
        try:
            yield
        except ImportError as error:
            raise missing_package(
                extra="network", where=self.where, package="dicomweb-client"
            ) from error
