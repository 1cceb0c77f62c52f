"""Options of commands that talk to an archive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from dicomseries.cli.click_commands.command_line import CommandOption
from dicomseries.cli.exit_codes import CommandLineError
from dicomseries.cli.storage_options import storage_options_of

__all__ = [
    "Associations",
    "AuthFile",
    "CaCertificate",
    "CallingTitle",
    "Certificate",
    "Key",
    "Timeout",
    "archive_options",
    "is_listed_by_query",
    "with_calling_title",
]

_GROUP = "Archive"

CallingTitle = Annotated[
    str | None,
    CommandOption(
        "--calling",
        metavar="AET",
        help="AE title of this program for dicom://.  [default: DICOMSERIES]",
        group=_GROUP,
    ),
]
Timeout = Annotated[
    float | None,
    CommandOption(
        "--timeout",
        metavar="SECONDS",
        help="Longest wait for an answer.  [default: 30 of dicom://, 60 of https://]",
        group=_GROUP,
    ),
]
Associations = Annotated[
    int | None,
    CommandOption(
        "--associations",
        metavar="N",
        help="Associations of dicom:// that send at the same time.  [default: 1]",
        group=_GROUP,
    ),
]
AuthFile = Annotated[
    str | None,
    CommandOption(
        "--auth-file",
        metavar="FILE",
        help="For https://: a file with the value of the header Authorization, such as Bearer"
        " TOKEN, or with lines NAME: VALUE of headers. Without it the environment variable"
        " DICOMSERIES_AUTHORIZATION, else netrc.",
        group=_GROUP,
    ),
]
CaCertificate = Annotated[
    str | None,
    CommandOption(
        "--ca-certificate",
        metavar="FILE",
        help="Certificates (PEM) that sign the archive's, for dicoms:// and https://.",
        group=_GROUP,
    ),
]
Certificate = Annotated[
    str | None,
    CommandOption(
        "--certificate",
        metavar="FILE",
        help="This program's certificate (PEM), if the archive asks for one.",
        group=_GROUP,
    ),
]
Key = Annotated[
    str | None,
    CommandOption(
        "--key", metavar="FILE", help="The private key of --certificate (PEM).", group=_GROUP
    ),
]


def archive_options(
    pairs: Sequence[str] | None = None, auth_file: str | None = None, **settings: Any
) -> Mapping[str, Any] | None:
    """Return the options of an archive, or None if there are none.

    Parameters
    ----------
    pairs : sequence of str, optional
        Of ``--storage-options``.
    auth_file : str, optional
        File of ``--auth-file``.
    **settings
        Further options by name; None is left out.

    Examples
    --------
    >>> archive_options(["retries=0"], timeout=5.0, key=None)
    {'retries': 0, 'timeout': 5.0}
    """
    options = dict(storage_options_of(pairs) or {})
    options |= {name: value for name, value in settings.items() if value is not None}
    if auth_file is not None:
        options |= _headers_of(auth_file)
    return options or None


def with_calling_title(url: str, title: str | None) -> str:
    """Return the URL of a DIMSE archive with the AE title of this program.

    Examples
    --------
    >>> with_calling_title("dicom://ARCHIVE@host:104", "ME")
    'dicom://ARCHIVE@host:104?calling=ME'
    """
    if title is None:
        return url
    from urllib.parse import quote

    if not url.lower().startswith(("dicom://", "dicoms://")):
        raise CommandLineError(
            code="calling-without-dimse",
            where="--calling",
            given=f"--calling {title}, and another URL",
            expected="a URL that begins with dicom:// or dicoms://",
            remedy="Leave --calling out: DICOMweb has no AE titles.",
        )
    mark = "&" if "?" in url else "?"
    return f"{url}{mark}calling={quote(title)}"


def is_listed_by_query(url: str, filters: Mapping[str, str | None]) -> bool:
    """Return whether a URL names an archive or study, and not a series.

    Raises
    ------
    CommandLineError
        If something else is to be filtered.

    Examples
    --------
    >>> is_listed_by_query("dicom://ARCHIVE@host:104", {}), is_listed_by_query("scans/", {})
    (True, False)
    """
    from dicomseries.network import NamedSeries, is_peer_url

    is_archive = is_peer_url(url)
    is_query = is_archive and not NamedSeries.of(url).series_uid
    given = next((name for name, value in filters.items() if value is not None), None)
    if given is None or is_query:
        return is_query
    flag = "--patient" if given == "patient_id" else f"--{given.replace('_', '-')}"
    raise CommandLineError(
        code="filter-without-archive",
        where=flag,
        given=f"{flag}, and {'a series' if is_archive else 'no URL of an archive'}",
        expected="the URL of an archive: dicom://AET@HOST:PORT or https://HOST/dicom-web",
        remedy=f"Give such a URL, or leave {flag} out.",
    )


def _headers_of(path: str) -> dict[str, Any]:
    """Return the headers of a file; its content is never shown."""
    try:
        lines = Path(path).expanduser().read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandLineError(
            code="auth-file-unreadable",
            where="--auth-file",
            given=f"{path}: {getattr(error, 'strerror', '') or 'not UTF-8'}",
            expected="a text file that can be read",
            remedy="Check the path and its permissions.",
        ) from None
    lines = [line.strip() for line in lines if line.strip()]
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if colon and " " not in name:
            headers[name] = value.strip()
    if len(headers) == len(lines) and headers:
        return {"headers": headers}
    if len(lines) == 1:
        return {"auth": lines[0]}
    raise CommandLineError(
        code="auth-file-malformed",
        where="--auth-file",
        given=f"{path}: {len(lines)} lines that are not all NAME: VALUE",
        expected="one line with the value of Authorization, or lines NAME: VALUE",
        remedy="Write for example Bearer TOKEN, or X-Api-Key: KEY.",
    )
