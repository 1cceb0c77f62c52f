"""A series of an archive as files in a private folder."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from dicomseries.errors import OptionError
from dicomseries.event_log import LOGGER
from dicomseries.network.named_series import NamedSeries
from dicomseries.network.peer_urls import open_peer, shown_url
from dicomseries.progress_bar import ProgressReport

__all__ = ["fetched_series"]

_PREFIX = "dicomseries-"


@contextmanager
def fetched_series(
    url: str,
    options: Mapping[str, Any] | None = None,
    report: ProgressReport | None = None,
) -> Iterator[str]:
    """Give a folder with the instances that a URL names.

    The folder is removed afterwards.

    Parameters
    ----------
    url : str
        URL of a study, or of a series, in an archive.
    options : mapping, optional
        Of the archive, as in `open_peer`.
    report : callable, optional
        Gets the instances that are there, all of them (0 while not known), and "fetching".

    Raises
    ------
    OptionError
        If the URL names no study.
    NetworkError
        If the archive cannot be reached, or rejects the request.
    ReadError
        If there is no such study or series.
    MissingPackageError
        If the extra ``network`` is not installed.

    Examples
    --------
    >>> with fetched_series("dicom://ARCHIVE@pacs.example:104"):
    ...     pass
    Traceback (most recent call last):
    ...
    dicomseries.errors.OptionError: dicom://ARCHIVE@pacs.example:104: expected the URL of a ...
    """
    named = NamedSeries.of(url)
    if not named.study_uid:
        raise _study_not_named(url)
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as folder:
        started = perf_counter()
        arrived = None if report is None else partial(_report_arrival, report)
        with open_peer(url, options) as peer:
            count = peer.fetch(
                named.study_uid, named.series_uid or None, Path(folder), report=arrived
            )
        LOGGER.info("fetch: %d instances in %.2f s", count, perf_counter() - started)
        yield folder


def _report_arrival(report: ProgressReport, done: int, total: int) -> None:
    report(done, total, "fetching")


def _study_not_named(url: str) -> OptionError:
    is_dimse = url.lower().startswith("dicom:") or url.lower().startswith("dicoms:")
    example = "`?study=UID&series=UID`" if is_dimse else "/studies/UID/series/UID"
    return OptionError(
        code="study-not-named",
        where=shown_url(url),
        given="an archive, without a study",
        expected=f"the URL of a series or study in it, which ends with {example}",
        remedy="List its studies with `dicomseries list URL` or `dicomseries.find(url)`: each row "
        "has the URL to read it.",
    )
