"""URLs without their secrets.

Secrets never reach a log, a plan, a manifest or an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from pathlib import Path
from typing import Any

from dicomseries.errors import SourceError
from dicomseries.lazy_dataclass import dataclass

__all__ = ["Address", "hidden", "is_archive", "is_url", "masked"]

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+(::[a-z0-9]+)*://")
"""Two letters at least, lest it be a drive of Windows; fsspec chains are understood too."""
_USER = re.compile(r"(?<=://)[^/@?#]+@")
_VALUE = re.compile(r"(?<==)[^&#]+")
_SHORTEST = 4
"""A shorter option ("true", "us") is no secret, and would be found in words that have nothing to do
with it."""
_HIDDEN = "***"


def is_url(path: object) -> bool:
    r"""Return whether a path is a URL, such as ``s3://bucket/prefix``.

    Examples
    --------
    >>> is_url("s3://bucket/scan"), is_url("C:\\scans"), is_url("scan/"), is_url("memory://scan")
    (True, False, False, True)
    """
    return isinstance(path, str) and _SCHEME.match(path) is not None


def masked(url: str) -> str:
    """Return a URL without its user and query values.

    Examples
    --------
    >>> masked("ftp://jane:secret@host/scan"), masked("https://host/a.npy?X-Amz-Signature=1f3a&v=1")
    ('ftp://***@host/scan', 'https://host/a.npy?X-Amz-Signature=***&v=***')
    """
    head, mark, query = _USER.sub(f"{_HIDDEN}@", url).partition("?")
    return head + mark + _VALUE.sub(_HIDDEN, query)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A URL and how it is reached.

    Parameters
    ----------
    url : str
        With everything that it takes to get there; never shown.
    options : mapping
        Options of its file system, as fsspec names them; never shown either.

    Examples
    --------
    >>> address = Address(url="ftp://jane:secret@host/scan", options={"key": "AKIA1234"})
    >>> address.where, address.scheme, address.hide("no access for jane:secret with AKIA1234")
    ('ftp://***@host/scan', 'ftp', 'no access for *** with ***')
    >>> address
    Address(ftp://***@host/scan)
    """

    url: str
    options: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Address({self.where})"

    @property
    def where(self) -> str:
        """The URL as it may be shown."""
        return masked(self.url)

    @property
    def scheme(self) -> str:
        """Scheme of the URL, in lower case."""
        return self.url.partition("://")[0].lower()

    def hide(self, text: str) -> str:
        """Return a text of a library without secrets."""
        for secret in sorted({*self._secrets()}, key=len, reverse=True):
            text = text.replace(secret, _HIDDEN)
        return text

    def _secrets(self) -> Iterator[str]:
        from urllib.parse import parse_qsl, unquote

        user = _USER.search(self.url)
        if user is not None:
            login = user[0][:-1]
            yield from filter(None, (login, unquote(login), *login.split(":")[1:]))
        query = self.url.partition("?")[2]
        values = [value for _, value in parse_qsl(query)] + _VALUE.findall(query)
        for value in (*values, *_texts(self.options)):
            if len(value) >= _SHORTEST:
                yield value


def _texts(options: Mapping[str, Any]) -> Iterator[str]:
    """Yield texts and numbers among options: possible passwords."""
    for value in options.values():
        if isinstance(value, Mapping):
            yield from _texts(value)
        elif (
            isinstance(value, (str, int, float))
            and not isinstance(value, bool)
            and not is_url(value)
        ):
            yield str(value)


@contextmanager
def hidden(url: str, options: Mapping[str, Any] | None) -> Iterator[None]:
    """Remove the secrets of a URL from a `SourceError`.

    Examples
    --------
    >>> with hidden("s3://bucket/a.zarr", {"secret": "abcdef"}):
    ...     raise SourceError(code="file-unreadable", where="a.zarr", given="no abcdef",
    ...         expected="-", remedy="-")
    Traceback (most recent call last):
    ...
    dicomseries.errors.SourceError: a.zarr: expected -, given no ***. -
    """
    try:
        yield
    except SourceError as error:
        address = Address(url=url, options=options or {})
        raise SourceError(
            code=error.code,
            where=error.where,
            given=address.hide(str(error.given)),
            expected=error.expected,
            remedy=error.remedy,
        ) from None


_ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")


def is_archive(path: object) -> bool:
    """Return whether a path is a ZIP or tar file, by its name.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("scans.ZIP", "scans.tar.gz", "scans.txt"):
    ...         _ = Path(folder, name).write_bytes(b"")
    ...     [path.name for path in sorted(Path(folder).iterdir()) if is_archive(path)]
    ['scans.ZIP', 'scans.tar.gz']
    """
    is_path = isinstance(path, (str, Path))
    return is_path and str(path).lower().endswith(_ARCHIVES) and Path(str(path)).is_file()
