"""A URL → the peer that it names."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from dicomseries.network.dicomweb import is_dicomweb_url
from dicomseries.network.peer import Peer
from dicomseries.stores import is_url, masked

__all__ = ["is_peer_url", "open_peer", "shown_url"]

_DIMSE = ("dicom", "dicoms")
_DIMSE_PEER = ("dicomseries.network.dimse", "DimsePeer")
_WEB_PEER = ("dicomseries.network.dicomweb", "WebPeer")
_PEERS = {
    "dicom": _DIMSE_PEER,
    "dicoms": _DIMSE_PEER,
    "dicomweb+http": _WEB_PEER,
    "dicomweb+https": _WEB_PEER,
    "http": _WEB_PEER,
    "https": _WEB_PEER,
}
"""Scheme -> module and class; a module is imported when its scheme is used."""


def is_peer_url(url: object, *, is_target: bool = False) -> bool:
    """Return whether a URL names an archive: DIMSE or DICOMweb.

    Parameters
    ----------
    url : object
        Anything; only a str can be one.
    is_target : bool
        Whether something is stored there: then every HTTP URL is DICOMweb. A source is if its
        path looks like it (see `is_dicomweb_url`), since a plain file has an HTTP URL too.

    Examples
    --------
    >>> is_peer_url("dicom://ARCHIVE@pacs.example:104"), is_peer_url("s3://bucket/scan")
    (True, False)
    >>> is_peer_url("https://pacs.example/dicom-web/studies/1.2"), is_peer_url("https://a.b/c.nii")
    (True, False)
    """
    if not isinstance(url, str) or not is_url(url):
        return False
    return _scheme(url) in _DIMSE or is_dicomweb_url(url, as_target=is_target)


def open_peer(url: str, options: Mapping[str, Any] | None = None) -> Peer:
    """Return the peer of a URL; it connects at its first call.

    Parameters
    ----------
    url : str
        ``dicom://AET@host:port``, ``dicoms://…`` (TLS), or the URL of a DICOMweb service.
    options : mapping, optional
        Time-outs in seconds, files of TLS, headers; see `DimseSettings` and `WebSettings`.

    Raises
    ------
    MissingPackageError
        If the extra ``network`` is not installed.
    OptionError
        If the URL or an option is wrong.
    """
    module, name = _PEERS[_scheme(url)]
    peer: Peer = getattr(import_module(module), name).at(url, options or {})
    return peer


def shown_url(url: str) -> str:
    """Return the URL of an archive without secrets and patients.

    The AE title is shown; it is no secret.

    Examples
    --------
    >>> shown_url("dicom://ARCHIVE@pacs.example:104?calling=ME&PatientID=42")
    'dicom://ARCHIVE@pacs.example:104'
    >>> shown_url("https://jane:secret@pacs.example/dicom-web?PatientID=42")
    'https://***@pacs.example/dicom-web?PatientID=***'
    """
    if _scheme(url) in _DIMSE:
        return url.partition("?")[0]
    return masked(url)


def _scheme(url: str) -> str:
    return url.partition("://")[0].lower()
