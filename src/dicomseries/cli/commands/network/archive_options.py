"""Options of commands that talk to an archive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

from dicomseries.cli.click_commands.command_line import CommandOption
from dicomseries.cli.exit_codes import CommandLineError
from dicomseries.cli.storage_options import storage_options_of
from dicomseries.lazy_dataclass import dataclass

__all__ = ["ArchiveAccess", "Associations", "StudyFilters", "is_listed_by_query"]

_GROUP = "Archive"
_STUDIES = "Studies of an archive"

Associations = Annotated[
    int | None,
    CommandOption(
        "--associations",
        metavar="N",
        help="Associations of dicom:// that send at the same time.  [default: 1]",
        group=_GROUP,
    ),
]
"""Of commands that send."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveAccess:
    """How to reach an archive: options of a command.

    Examples
    --------
    >>> access = ArchiveAccess(calling="ME", timeout=5.0)
    >>> access.url_of("dicom://ARCHIVE@host:104"), access.options(["retries=0"])
    ('dicom://ARCHIVE@host:104?calling=ME', {'retries': 0, 'timeout': 5.0})
    """

    calling: Annotated[
        str | None,
        CommandOption(
            "--calling",
            metavar="AET",
            help="AE title of this program for dicom://.  [default: DICOMSERIES]",
            group=_GROUP,
        ),
    ] = None
    timeout: Annotated[
        float | None,
        CommandOption(
            "--timeout",
            metavar="SECONDS",
            help="Longest wait for an answer.  [default: 30 of dicom://, 60 of https://]",
            group=_GROUP,
        ),
    ] = None
    auth_file: Annotated[
        str | None,
        CommandOption(
            "--auth-file",
            metavar="FILE",
            help="For https://: a file with the value of the header Authorization, such as Bearer"
            " TOKEN, or with lines NAME: VALUE of headers. Without it the environment variable"
            " DICOMSERIES_AUTHORIZATION, else netrc.",
            group=_GROUP,
        ),
    ] = None
    ca_certificate: Annotated[
        str | None,
        CommandOption(
            "--ca-certificate",
            metavar="FILE",
            help="Certificates (PEM) that sign the archive's, for dicoms:// and https://.",
            group=_GROUP,
        ),
    ] = None
    certificate: Annotated[
        str | None,
        CommandOption(
            "--certificate",
            metavar="FILE",
            help="This program's certificate (PEM), if the archive asks for one.",
            group=_GROUP,
        ),
    ] = None
    key: Annotated[
        str | None,
        CommandOption(
            "--key", metavar="FILE", help="The private key of --certificate (PEM).", group=_GROUP
        ),
    ] = None

    def url_of(self, url: str) -> str:
        """Return the URL of a DIMSE archive with the AE title of this program.

        Raises
        ------
        CommandLineError
            If there is a title, and another URL.
        """
        if self.calling is None:
            return url
        from urllib.parse import quote

        if not url.lower().startswith(("dicom://", "dicoms://")):
            raise CommandLineError(
                code="calling-without-dimse",
                where="--calling",
                given=f"--calling {self.calling}, and another URL",
                expected="a URL that begins with dicom:// or dicoms://",
                remedy="Leave --calling out: DICOMweb has no AE titles.",
            )
        mark = "&" if "?" in url else "?"
        return f"{url}{mark}calling={quote(self.calling)}"

    def options(
        self, pairs: Sequence[str] | None = None, **settings: Any
    ) -> Mapping[str, Any] | None:
        """Return the options of the archive, or None if there are none.

        Parameters
        ----------
        pairs : sequence of str, optional
            Of ``--storage-options``.
        **settings
            Further options by name; None is left out.
        """
        settings |= {
            "timeout": self.timeout,
            "ca_certificate": self.ca_certificate,
            "certificate": self.certificate,
            "key": self.key,
        }
        options = dict(storage_options_of(pairs) or {})
        for name, value in settings.items():
            if value is not None:
                options[name] = value
        if self.auth_file is not None:
            options |= _headers_of(self.auth_file)
        return options or None


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyFilters:
    """Which studies or series of an archive are listed: options of a command."""

    patient: Annotated[
        str | None,
        CommandOption("--patient", metavar="ID", help="PatientID; * and ? match.", group=_STUDIES),
    ] = None
    patient_name: Annotated[
        str | None,
        CommandOption(
            "--patient-name", metavar="NAME", help="PatientName, such as Doe^*.", group=_STUDIES
        ),
    ] = None
    accession: Annotated[
        str | None,
        CommandOption("--accession", metavar="NUMBER", help="AccessionNumber.", group=_STUDIES),
    ] = None
    date: Annotated[
        str | None,
        CommandOption(
            "--date",
            metavar="DATE",
            help="Of the study: YYYY-MM-DD, or FIRST:LAST, open on one side if you like.",
            group=_STUDIES,
        ),
    ] = None
    modality: Annotated[
        str | None, CommandOption("--modality", metavar="CT|MR|…", help="Modality.", group=_STUDIES)
    ] = None
    description: Annotated[
        str | None,
        CommandOption(
            "--description", metavar="TEXT", help="Of the study, or of the series.", group=_STUDIES
        ),
    ] = None

    @property
    def arguments(self) -> dict[str, str | None]:
        """The same as arguments of `find`."""
        return {
            "patient_id": self.patient,
            "patient_name": self.patient_name,
            "accession": self.accession,
            "date": self.date,
            "modality": self.modality,
            "description": self.description,
        }

    @property
    def first_flag(self) -> str:
        """The first of them that was typed; empty if none was."""
        for field in fields(self):
            if getattr(self, field.name) is not None:
                return f"--{field.name.replace('_', '-')}"
        return ""


def is_listed_by_query(url: str, filters: StudyFilters) -> bool:
    """Return whether a URL names an archive or study, and not a series.

    Raises
    ------
    CommandLineError
        If something else is to be filtered.

    Examples
    --------
    >>> is_listed_by_query("dicom://ARCHIVE@host:104", StudyFilters())
    True
    >>> is_listed_by_query("scans/", StudyFilters())
    False
    """
    from dicomseries.network import NamedSeries, is_peer_url

    is_archive = is_peer_url(url)
    is_query = is_archive and not NamedSeries.of(url).series_uid
    flag = filters.first_flag
    if is_query or not flag:
        return is_query
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
