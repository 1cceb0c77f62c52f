"""Studies, series and instances found by QIDO-RS (PS3.18 section 10.6).

The only module that imports `dicomweb_client`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from dicomweb_client import DICOMwebClient
from pydicom.datadict import keyword_for_tag

from dicomseries.errors import NetworkError
from dicomseries.network.dicomweb.http_failures import connection_failure
from dicomseries.network.dicomweb.web_session import WebSession
from dicomseries.network.peer import Level

__all__ = ["WebQueries"]

_PAGES = (1000, 200)
"""Results of one request; some services reject more than 200."""
_KEYS = {
    "STUDY": "StudyInstanceUID",
    "SERIES": "SeriesInstanceUID",
    "IMAGE": "SOPInstanceUID",
}
_COUNT = "NumberOfSeriesRelatedInstances"
_UID = re.compile(r"[0-9]+(\.[0-9]+)*")
_WITHOUT_TEXT = ("SQ", "OB", "OW", "OD", "OF", "OL", "OV", "UN")
_UNSUPPORTED = ("not-supported", "request-rejected", "media-type-not-offered", "not-found")


class WebQueries:
    """Asks a service for what matches.

    Parameters
    ----------
    session : WebSession
        To the service.
    """

    def __init__(self, session: WebSession) -> None:
        self._session = session
        self._client = DICOMwebClient(
            url=session.address.base, session=session, permissive_uid=True
        )
        self._client.set_http_retry_params(retry=False)  # the session repeats

    def find(self, level: Level, keys: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
        """Yield keyword → value of each match, page by page.

        Raises
        ------
        NetworkError
            If the service does not search, or does not answer in DICOM JSON.
        """
        filters = {name: value for name, value in keys.items() if value}
        search, filters = self._search(level, filters)
        seen: set[str] = set()
        offset, limit = 0, _PAGES[0]
        while True:
            page, limit = self._page_in_limits(search, filters, list(keys), offset, limit)
            count = len(seen)
            for values in page:
                uid = str(values.get(_KEYS[level], f"#{offset}"))
                if uid not in seen:
                    seen.add(uid)
                    yield values
            if len(seen) == count:  # no more, or a service that does not know `offset`
                return
            offset += len(page)

    def check(self) -> None:
        """Raise a `NetworkError` if no DICOMweb service answers."""
        try:
            self._page(self._client.search_for_studies, {}, [], 0, 1)
        except NetworkError as error:
            if error.code != "not-supported":  # a service that only stores
                raise

    def held(self, study_uid: str, series_uid: str) -> frozenset[str] | None:
        """Return the UIDs of instances that the archive has; None if it does not search."""
        keys = {"StudyInstanceUID": study_uid, "SOPInstanceUID": ""}
        if series_uid:
            keys["SeriesInstanceUID"] = series_uid
        try:
            matches = list(self.find("IMAGE", keys))
        except NetworkError as error:
            if error.code in _UNSUPPORTED:
                return None
            raise
        uids = set()
        for values in matches:
            uids.add(str(values.get("SOPInstanceUID", "")))
        return frozenset(uids)

    def instance_counts(self, study_uid: str, series_uid: str) -> dict[str, int] | None:
        """Return series UID → instances of a study or series; None if it does not search.

        A count is -1 if the service does not state it.
        """
        keys = {"StudyInstanceUID": study_uid, _COUNT: ""}
        if series_uid:
            keys["SeriesInstanceUID"] = series_uid
        counts: dict[str, int] = {}
        try:
            for match in self.find("SERIES", keys):
                text = str(match.get(_COUNT, ""))
                uid = str(match.get("SeriesInstanceUID", series_uid))
                if uid == series_uid or not series_uid:  # a service may not know the filter
                    counts[uid] = int(text) if text.isdecimal() else -1
        except NetworkError as error:
            if error.code in _UNSUPPORTED:
                return None
            raise
        return counts

    def _search(
        self, level: Level, filters: dict[str, str]
    ) -> tuple[Callable[..., Any], dict[str, str]]:
        """Return the search below a study or series, and the filters that remain."""
        if level == "STUDY":
            return self._client.search_for_studies, filters
        uids: dict[str, str] = {}
        study = filters.get("StudyInstanceUID", "")
        if _UID.fullmatch(study):
            uids["study_instance_uid"] = study
        if level == "SERIES":
            return self._bound(self._client.search_for_series, uids, filters)
        series = filters.get("SeriesInstanceUID", "")
        if uids and _UID.fullmatch(series):
            uids["series_instance_uid"] = series
        return self._bound(self._client.search_for_instances, uids, filters)

    @staticmethod
    def _bound(
        search: Callable[..., Any], uids: Mapping[str, str], filters: Mapping[str, str]
    ) -> tuple[Callable[..., Any], dict[str, str]]:
        names = {"study_instance_uid": "StudyInstanceUID", "series_instance_uid": _KEYS["SERIES"]}
        rest = dict(filters)
        for name in uids:
            rest.pop(names[name], None)

        def bound(**arguments: Any) -> Any:
            return search(**uids, **arguments)

        return bound, rest

    def _page_in_limits(
        self,
        search: Callable[..., Any],
        filters: Mapping[str, str],
        fields: list[str],
        offset: int,
        limit: int,
    ) -> tuple[list[dict[str, Any]], int]:
        """Return a page, and the limit that the service takes."""
        try:
            return self._page(search, filters, fields, offset, limit), limit
        except NetworkError as error:
            if error.code != "request-rejected" or offset or limit == _PAGES[-1]:
                raise
        return self._page(search, filters, fields, offset, _PAGES[-1]), _PAGES[-1]

    def _page(
        self,
        search: Callable[..., Any],
        filters: Mapping[str, str],
        fields: list[str],
        offset: int,
        limit: int,
    ) -> list[dict[str, Any]]:
        try:
            rows = search(
                limit=limit,
                offset=offset or None,
                fields=fields or None,
                search_filters=dict(filters),
            )
        except ValueError:
            rows = None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            fault = "an answer to a search that is not DICOM JSON"
            raise connection_failure(self._session.where, "answer-not-valid", fault)
        return list(map(_values_of, rows))


def _values_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return texts, and lists of texts, by keyword; sequences and private elements are left out."""
    values: dict[str, Any] = {}
    for tag, entry in row.items():
        keyword = keyword_for_tag(tag) if re.fullmatch("[0-9A-Fa-f]{8}", tag) else ""
        if not keyword or not isinstance(entry, dict) or entry.get("vr") in _WITHOUT_TEXT:
            continue
        listed = entry.get("Value")
        texts = list(map(_text_of, listed)) if isinstance(listed, list) else []
        values[keyword] = texts if len(texts) > 1 else "".join(texts)
    return values


def _text_of(item: Any) -> str:
    if item is None:
        return ""
    if isinstance(item, dict):  # PS3.18 section F.2.2: the three forms of a name
        names = (item.get("Alphabetic"), item.get("Ideographic"), item.get("Phonetic"))
        return "=".join(str(name or "") for name in names).rstrip("=")
    return str(item)
