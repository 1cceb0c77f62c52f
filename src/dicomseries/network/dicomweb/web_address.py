"""URLs of DICOMweb services, and of studies and series in them (PS3.18 section 10.3)."""

from __future__ import annotations

import re
from dataclasses import field
from typing import Self
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit, urlunsplit

from dicomseries.errors import OptionError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.stores import masked

__all__ = ["WebAddress", "is_dicomweb_url"]

_EXPLICIT = "dicomweb+"
_SCHEMES = ("http", "https")
_SERVICE = re.compile(r"/(dicom-?web|wado-rs|rs)/?$", re.IGNORECASE)
"""Last word of the path of common services: Orthanc, Google, dcm4chee and others."""
_STUDY = re.compile(r"/studies/[0-9][0-9.]*(/|$)")
_RESOURCE = re.compile(r"(/(?P<study>[^/]+)(/series(/(?P<series>[^/]+))?)?)?")
_UID = re.compile(r"[0-9]+(\.[0-9]+)*")
_LONGEST_UID = 64
_KEYWORD = re.compile(r"[A-Z][A-Za-z0-9]+|[0-9A-Fa-f]{8}")


def is_dicomweb_url(url: object, *, as_target: bool = False) -> bool:
    """Return whether a URL is that of a DICOMweb service.

    ``dicomweb+https://`` and ``dicomweb+http://`` always are. Of ``https://`` and ``http://``
    those are whose path has ``/studies/UID`` or ends with ``dicom-web``, ``dicomweb``, ``wado-rs``
    or ``rs``; the others are files. As a target, all are: a file cannot be written there.

    Parameters
    ----------
    url : object
        What the user gave.
    as_target : bool
        Whether something is to be written there.

    Examples
    --------
    >>> is_dicomweb_url("https://pacs/dicom-web"), is_dicomweb_url("https://host/scan.nii.gz")
    (True, False)
    >>> is_dicomweb_url("https://pacs/api/studies/1.2.3/series/1.2.4")
    True
    >>> is_dicomweb_url("https://host/api"), is_dicomweb_url("https://host/api", as_target=True)
    (False, True)
    """
    if not isinstance(url, str):
        return False
    scheme, separator, rest = url.partition("://")
    scheme = scheme.lower()
    if not separator:
        return False
    if scheme.startswith(_EXPLICIT):
        return scheme.removeprefix(_EXPLICIT) in _SCHEMES
    if scheme not in _SCHEMES:
        return False
    path = re.split(r"[?#]", rest, maxsplit=1)[0]
    path = path[path.find("/") :] if "/" in path else ""
    return as_target or bool(_SERVICE.search(path) or _STUDY.search(path))


@dataclass(frozen=True, slots=True, kw_only=True)
class WebAddress:
    """A DICOMweb service, or a study or series in it.

    Parameters
    ----------
    base : str
        URL of the service, without user, query and the path of studies.
    where : str
        The whole URL as it may be shown.
    study_uid, series_uid : str
        Empty if the URL names none.
    user : tuple of str
        Name and password of the URL; never shown.
    query : tuple of pairs
        Keywords to search for, and parameters that every request repeats; never shown.

    Raises
    ------
    OptionError
        If the URL has no host, a wrong UID, or names less or more than a study or series.

    Examples
    --------
    >>> address = WebAddress.from_url("https://jo:secret@pacs/dicom-web/studies/1.2/series/1.2.3")
    >>> address.base, address.study_uid, address.series_uid
    ('https://pacs/dicom-web', '1.2', '1.2.3')
    >>> address
    WebAddress(https://***@pacs/dicom-web/studies/1.2/series/1.2.3)
    """

    base: str
    where: str
    study_uid: str = ""
    series_uid: str = ""
    user: tuple[str, str] | None = None
    query: tuple[tuple[str, str], ...] = field(default=())

    def __repr__(self) -> str:
        return f"WebAddress({self.where})"

    @property
    def filters(self) -> dict[str, str]:
        """Keywords of the query and the values to search for."""
        return {name: value for name, value in self.query if _KEYWORD.fullmatch(name)}

    @property
    def parameters(self) -> dict[str, str]:
        """The rest of the query, such as a token; every request repeats it."""
        return {name: value for name, value in self.query if not _KEYWORD.fullmatch(name)}

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Return the address of a URL."""
        where = masked(url)
        plain = url[len(_EXPLICIT) :] if url.lower().startswith(_EXPLICIT) else url
        try:
            parts = urlsplit(plain)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise _wrong_url(where, f"a URL that cannot be read ({error})") from None
        if not host or parts.scheme not in _SCHEMES:
            raise _wrong_url(where, "a URL without a host")
        base, study_uid, series_uid = _resource(parts.path.rstrip("/"), where)
        netloc = f"[{host}]" if ":" in host else host
        netloc += f":{port}" * (port is not None)
        return cls(
            base=urlunsplit((parts.scheme, netloc, base, "", "")),
            where=where,
            study_uid=study_uid,
            series_uid=series_uid,
            user=_user(parts),
            query=tuple(parse_qsl(parts.query, keep_blank_values=True)),
        )


def _resource(path: str, where: str) -> tuple[str, str, str]:
    """Return the path of the service, and the UIDs of a study and series."""
    base, separator, resource = path.rpartition("/studies")
    if not separator or (resource and not resource.startswith("/")):
        return path, "", ""
    match = _RESOURCE.fullmatch(resource)
    if match is None:
        raise _wrong_url(where, f"a path that ends with {separator + resource!r}")
    uids = match["study"] or "", match["series"] or ""
    for uid in filter(None, uids):
        if len(uid) > _LONGEST_UID or not _UID.fullmatch(uid):
            raise _wrong_url(where, f"the UID {uid!r}")
    return base, *uids


def _user(parts: SplitResult) -> tuple[str, str] | None:
    if parts.username is None:
        return None
    return unquote(parts.username), unquote(parts.password or "")


def _wrong_url(where: str, fault: str) -> OptionError:
    return OptionError(
        code="url-not-dicomweb",
        where=where,
        given=fault,
        expected="https://HOST/PATH, https://HOST/PATH/studies/UID or "
        "https://HOST/PATH/studies/UID/series/UID",
        remedy="Correct the URL; a whole series or study is the smallest that is read.",
    )
