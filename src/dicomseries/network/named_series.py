"""The study and series that the URL of an archive names."""

from __future__ import annotations

import re
from typing import Self
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from dicomseries.lazy_dataclass import dataclass

__all__ = ["NamedSeries", "url_of_series"]

_DIMSE = ("dicom", "dicoms")
_RESOURCE = re.compile(r"/studies(/(?P<study>[^/]+)(/series(/(?P<series>[^/]+))?)?)?/?$")
"""Studies and series of DICOMweb (PS3.18 section 10.3)."""
_KEPT = ("calling", "method", "port")
"""What a DIMSE URL has besides the series, and what its fetching needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedSeries:
    """The UIDs in the URL of an archive.

    Parameters
    ----------
    study_uid, series_uid : str
        Empty if the URL names none.

    Examples
    --------
    >>> NamedSeries.of("https://pacs.example/dicom-web/studies/1.2/series/1.3")
    NamedSeries(study_uid='1.2', series_uid='1.3')
    >>> NamedSeries.of("dicom://ARCHIVE@pacs.example:104?calling=ME&study=1.2")
    NamedSeries(study_uid='1.2', series_uid='')
    """

    study_uid: str = ""
    series_uid: str = ""

    @classmethod
    def of(cls, url: str) -> Self:
        """Return the UIDs in a URL."""
        parts = urlsplit(url)
        if parts.scheme in _DIMSE:
            query = dict(parse_qsl(parts.query))
            return cls(study_uid=query.get("study", ""), series_uid=query.get("series", ""))
        match = _RESOURCE.search(parts.path)
        if match is None:
            return cls()
        return cls(study_uid=match["study"] or "", series_uid=match["series"] or "")


def url_of_series(url: str, study_uid: str, series_uid: str = "") -> str:
    """Return the URL of a study or series of the same archive.

    It has no secrets: neither a password nor a token.

    Parameters
    ----------
    url : str
        Of the archive, or of anything in it.
    study_uid, series_uid : str
        UIDs; without the second it is the URL of the study.

    Examples
    --------
    >>> url_of_series("https://jo:secret@pacs.example/dicom-web?PatientID=42", "1.2", "1.3")
    'https://pacs.example/dicom-web/studies/1.2/series/1.3'
    >>> url_of_series("dicom://ARCHIVE@pacs.example:104?calling=ME", "1.2")
    'dicom://ARCHIVE@pacs.example:104?calling=ME&study=1.2'
    """
    parts = urlsplit(url)
    if parts.scheme in _DIMSE:
        query = [(name, value) for name, value in parse_qsl(parts.query) if name in _KEPT]
        query.append(("study", study_uid))
        if series_uid:
            query.append(("series", series_uid))
        return urlunsplit((parts.scheme, parts.netloc, "", urlencode(query), ""))
    path = _RESOURCE.sub("", parts.path).rstrip("/") + f"/studies/{study_uid}"
    if series_uid:
        path += f"/series/{series_uid}"
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, path, "", ""))
