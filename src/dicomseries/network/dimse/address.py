"""``dicom://`` URLs: who is called, by whom, and what is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Self
from urllib.parse import parse_qsl, unquote, urlsplit

from dicomseries.errors import OptionError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.network.peer_urls import shown_url

__all__ = ["CALLING_AET", "DimseAddress"]

CALLING_AET = "DICOMSERIES"
"""Application entity title of this program, unless the URL has ``calling=``."""

_PORT = 104
_TLS_PORT = 2762
"""Ports registered for DICOM, and for DICOM over TLS (PS3.8 section 9.1.1)."""
_LONGEST_TITLE = 16
_EXAMPLE = "a URL such as dicom://ARCHIVE@pacs.example:104?calling=MYAET"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class DimseAddress:
    """A ``dicom://`` or ``dicoms://`` URL in its parts.

    Parameters
    ----------
    host : str
        Name or IP address.
    port : int
        104 if not stated, 2762 with TLS.
    called_aet, calling_aet : str
        Application entity titles of the archive, and of this program.
    has_tls : bool
        Whether the URL begins with ``dicoms://``.
    query : mapping
        What the URL asks for: ``study``, ``series``, ``method``, ``port``, or keywords.

    Examples
    --------
    >>> address = DimseAddress.parse("dicom://ARCHIVE@pacs.example:11112?calling=ME&study=1.2")
    >>> address
    DimseAddress(dicom://ARCHIVE@pacs.example:11112)
    >>> address.calling_aet, dict(address.query)
    ('ME', {'study': '1.2'})
    """

    host: str
    port: int
    called_aet: str
    calling_aet: str = CALLING_AET
    has_tls: bool = False
    query: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"DimseAddress({self.where})"

    @property
    def where(self) -> str:
        """The URL without its query."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"dicom{'s' * self.has_tls}://{self.called_aet}@{host}:{self.port}"

    @classmethod
    def parse(cls, url: str) -> Self:
        """Return the parts of a URL.

        Raises
        ------
        OptionError
            If the title, host or port is missing or wrong.
        """
        where = shown_url(url)
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise _wrong_address(where, str(error)) from None
        has_tls = parts.scheme.lower() == "dicoms"
        if not parts.username or not parts.hostname:
            raise _wrong_address(where, "no title or no host")
        if parts.password is not None:
            raise _wrong_address(where, "a password, which DICOM addresses do not have")
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        called, calling = unquote(parts.username), query.pop("calling", CALLING_AET)
        for title in (called, calling):
            _check_title(title, where)
        if port is None:
            port = _TLS_PORT if has_tls else _PORT
        return cls(
            host=parts.hostname,
            port=port,
            called_aet=called,
            calling_aet=calling,
            has_tls=has_tls,
            query=query,
        )


def _check_title(title: str, where: str) -> None:
    """Reject what PS3.5 section 6.2 does not allow as VR AE."""
    is_valid = title.strip(" ") and title.isascii() and title.isprintable() and "\\" not in title
    if not is_valid or len(title) > _LONGEST_TITLE:
        raise OptionError(
            code="aet-not-valid",
            where=where,
            given=repr(title),
            expected=f"an application entity title of 1 to {_LONGEST_TITLE} characters "
            "without a backslash",
            remedy="Use the title that the administrator of the archive has entered.",
        )


def _wrong_address(where: str, fault: str) -> OptionError:
    return OptionError(
        code="address-not-valid",
        where=where,
        given=fault,
        expected=_EXAMPLE,
        remedy="Write the archive's AE title before the @, then its host and port.",
    )
