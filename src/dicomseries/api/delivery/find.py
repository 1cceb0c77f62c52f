"""`find`: studies and series of an archive."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from dicomseries.errors import OptionError
from dicomseries.event_log import LOGGER
from dicomseries.network import (
    Level,
    NamedSeries,
    is_peer_url,
    open_peer,
    shown_url,
    url_of_series,
)
from dicomseries.reports import ArchiveListing, ListedEntry

__all__ = ["find"]

_STUDY = (
    "StudyInstanceUID",
    "PatientID",
    "PatientName",
    "AccessionNumber",
    "StudyDate",
    "StudyTime",
    "StudyDescription",
    "ModalitiesInStudy",
    "NumberOfStudyRelatedSeries",
    "NumberOfStudyRelatedInstances",
)
_SERIES = (
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "SeriesNumber",
    "Modality",
    "SeriesDescription",
    "SeriesDate",
    "SeriesTime",
    "NumberOfSeriesRelatedInstances",
)
_DATE = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})")
_RANGE = re.compile(r"(?P<first>[\d-]*?)(?P<mark>:|\.\.|/)(?P<last>[\d-]*)")


def find(
    url: str,
    *,
    patient_id: str | None = None,
    patient_name: str | None = None,
    accession: str | None = None,
    date: str | None = None,
    modality: str | None = None,
    description: str | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> ArchiveListing:
    """Find studies of an archive, or the series of one study.

    Parameters
    ----------
    url : str
        Of the archive: ``dicom://AET@host:port`` or ``https://host/dicom-web``. If it names a
        study, its series are found.
    patient_id, patient_name, accession, description : str, optional
        Values to match; ``*`` matches any text, ``?`` one character. `description` is
        StudyDescription; SeriesDescription if the URL names a study.
    date : str, optional
        Of the study: ``"2026-11-28"``; or a range, ``"2026-11-01:2026-11-30"``, open on one side if
        you like.
    modality : str, optional
        Such as ``"CT"``: studies with a series of it, or series.
    storage_options : mapping, optional
        Of the archive: ``timeout``, ``auth``, ``headers``, files of TLS.

    Returns
    -------
    ArchiveListing
        One entry for each study or series, with the URL to read it.

    Raises
    ------
    OptionError
        If the URL or a date is wrong.
    NetworkError
        If the archive cannot be reached, or rejects the request.
    MissingPackageError
        If the extra ``network`` is not installed.

    Notes
    -----
    C-FIND in the Study Root model (PS3.4 annex C), or QIDO-RS (PS3.18 section 10.6).

    Examples
    --------
    >>> find("scans/")
    Traceback (most recent call last):
    ...
    dicomseries.errors.OptionError: url: expected the URL of an archive, such as ...
    """
    if not is_peer_url(url, is_target=True):
        raise not_an_archive(url)
    named = NamedSeries.of(url)
    dates = "" if date is None else _dates(date)
    with open_peer(url, storage_options) as peer:
        if named.study_uid:
            keys = {
                "StudyInstanceUID": named.study_uid,
                "SeriesInstanceUID": named.series_uid,
                "Modality": modality or "",
                "SeriesDescription": description or "",
            }
            matches = list(peer.find("SERIES", _keys(_SERIES, keys)))
            level: Level = "SERIES"
        else:
            keys = {
                "PatientID": patient_id or "",
                "PatientName": patient_name or "",
                "AccessionNumber": accession or "",
                "StudyDate": dates,
                "ModalitiesInStudy": modality or "",
                "StudyDescription": description or "",
            }
            matches = list(peer.find("STUDY", _keys(_STUDY, keys)))
            level = "STUDY"
    LOGGER.info("find: %d matches at the level %s", len(matches), level)
    if level == "SERIES":
        entries = [_series(url, match, named.study_uid) for match in matches]
        entries.sort(key=lambda entry: (entry.number or 0, entry.series_uid))
        return ArchiveListing(where=shown_url(url), level="series", entries=tuple(entries))
    entries = [_study(url, match) for match in matches]
    entries.sort(key=lambda entry: (entry.date, entry.time), reverse=True)
    return ArchiveListing(where=shown_url(url), level="study", entries=tuple(entries))


def not_an_archive(url: object) -> OptionError:
    """Return the error for what is not the URL of an archive."""
    return OptionError(
        code="not-an-archive",
        where="url",
        given=shown_url(url) if isinstance(url, str) else f"an object of {type(url).__name__}",
        expected="the URL of an archive, such as dicom://ARCHIVE@pacs.example:104 or "
        "https://pacs.example/dicom-web",
        remedy="Write the protocol in front: dicom://, dicoms:// (TLS), or https:// (DICOMweb).",
    )


def _keys(names: Iterable[str], values: Mapping[str, str]) -> dict[str, str]:
    return {name: values.get(name, "") for name in names}


def _dates(text: str) -> str:
    """Return a date or range in the form of PS3.4 section C.2.2.2.5."""
    match = _RANGE.fullmatch(text.strip())
    if match is None:
        return _day(text, text)
    first = _day(match["first"], text) if match["first"] else ""
    last = _day(match["last"], text) if match["last"] else ""
    return f"{first}-{last}" if first or last else ""


def _day(word: str, text: str) -> str:
    match = _DATE.fullmatch(word.strip())
    if match is None:
        raise OptionError(
            code="date-not-valid",
            where="date",
            given=repr(text),
            expected="YYYY-MM-DD, or a range such as 2026-11-01:2026-11-30",
            remedy="Write the date in that form.",
        )
    return "".join(match.groups())


def _study(url: str, match: Mapping[str, Any]) -> ListedEntry:
    uid = _text(match, "StudyInstanceUID")
    return ListedEntry(
        url=url_of_series(url, uid),
        study_uid=uid,
        patient_id=_text(match, "PatientID"),
        patient_name=_text(match, "PatientName"),
        accession_number=_text(match, "AccessionNumber"),
        date=_date(match, "StudyDate"),
        time=_text(match, "StudyTime"),
        modality=_text(match, "ModalitiesInStudy"),
        description=_text(match, "StudyDescription"),
        series=_whole(match, "NumberOfStudyRelatedSeries"),
        instances=_whole(match, "NumberOfStudyRelatedInstances"),
    )


def _series(url: str, match: Mapping[str, Any], study_uid: str) -> ListedEntry:
    uid = _text(match, "SeriesInstanceUID")
    return ListedEntry(
        url=url_of_series(url, study_uid, uid),
        study_uid=study_uid,
        series_uid=uid,
        date=_date(match, "SeriesDate"),
        time=_text(match, "SeriesTime"),
        modality=_text(match, "Modality"),
        description=_text(match, "SeriesDescription"),
        number=_whole(match, "SeriesNumber"),
        instances=_whole(match, "NumberOfSeriesRelatedInstances"),
    )


def _text(match: Mapping[str, Any], keyword: str) -> str:
    value = match.get(keyword)
    if value is None:
        return ""
    if isinstance(value, (list, tuple)) or type(value).__name__ == "MultiValue":
        return "/".join(map(str, value))
    return str(value).replace("\\", "/")


def _date(match: Mapping[str, Any], keyword: str) -> str:
    text = _text(match, keyword)
    parts = _DATE.fullmatch(text)
    return text if parts is None else "-".join(parts.groups())


def _whole(match: Mapping[str, Any], keyword: str) -> int | None:
    text = _text(match, keyword)
    try:
        return int(text)
    except ValueError:
        return None
