"""The archive at a ``dicom://`` URL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from dicomseries.errors import NetworkError, OptionError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.network.dimse.address import DimseAddress
from dicomseries.network.dimse.associations import association
from dicomseries.network.dimse.finding import NATIVE, matches
from dicomseries.network.dimse.retrieving import fetch_by_get, fetch_by_move
from dicomseries.network.dimse.sending import send_instances
from dicomseries.network.dimse.settings import DimseSettings
from dicomseries.network.dimse.statuses import answer_text
from dicomseries.network.peer import InstanceFile, InstanceStatus, Level, Report, Transcode

__all__ = ["DimsePeer"]

_VERIFICATION = "1.2.840.10008.1.1"
_METHODS = {"get": fetch_by_get, "move": fetch_by_move}


@dataclass(frozen=True, slots=True, kw_only=True)
class DimsePeer:
    """An archive that is reached by DIMSE messages.

    Parameters
    ----------
    address : DimseAddress
        Who is called, by whom.
    settings : DimseSettings
        Time-outs, TLS, number of associations.

    Examples
    --------
    >>> DimsePeer.at("dicom://ARCHIVE@pacs.example:104", {"timeout": 5}).where
    'dicom://ARCHIVE@pacs.example:104'
    """

    address: DimseAddress
    settings: DimseSettings

    @classmethod
    def at(cls, url: str, options: Mapping[str, Any]) -> Self:
        """Return the peer of a URL; nothing is connected yet."""
        return cls(address=DimseAddress.parse(url), settings=DimseSettings.of(options))

    @property
    def where(self) -> str:
        """The URL without its query."""
        return self.address.where

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Associations live only within a call."""

    def echo(self) -> None:
        """Send a C-ECHO (PS3.4 annex A)."""
        with association(self.address, self.settings, [(_VERIFICATION, NATIVE)]) as link:
            answer = link.send_c_echo()
            status = getattr(answer, "Status", None)
        if status != 0:
            text = "no answer" if status is None else answer_text(status, answer)
            raise NetworkError(
                code="echo-failed",
                where=self.where,
                given=f"{text} to C-ECHO",
                expected="an archive that answers C-ECHO",
                remedy="Look into the log of the archive.",
            )

    def store(
        self, instances: Iterable[InstanceFile], *, transcode: Transcode
    ) -> Iterator[InstanceStatus]:
        """Send by C-STORE; yield the answers as they come."""
        return send_instances(self.address, self.settings, instances, transcode)

    def find(self, level: Level, keys: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
        """Ask by C-FIND; yield keyword → value of each match."""
        return matches(self.address, self.settings, level, keys)

    def fetch(
        self,
        study_uid: str,
        series_uid: str | None,
        folder: Path,
        *,
        report: Report | None = None,
    ) -> int:
        """Fetch by C-GET, or C-MOVE if the URL has ``method=move``."""
        method = self.address.query.get("method", "get")
        if method not in _METHODS:
            raise OptionError(
                code="method-unknown",
                where=self.where,
                given=f"method={method}",
                expected="method=get or method=move",
                remedy="Use one of them, or leave it out.",
            )
        keys = {"StudyInstanceUID": study_uid}
        if series_uid is not None:
            keys["SeriesInstanceUID"] = series_uid
        return _METHODS[method](self.address, self.settings, keys, folder, report)
