"""`tags`: the attributes of a file or a series."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dicomseries import reading
from dicomseries.progress_bar import ProgressReport, progress_report

__all__ = ["tags"]


def tags(
    path: reading.SeriesSource,
    *,
    series: str | None = None,
    progress: ProgressReport | bool | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> reading.SeriesTags:
    """Return the attributes of a series by keyword.

    Parameters
    ----------
    path : path-like, Series, or iterable of paths or datasets
        A file, a folder with one series, or a URL of either; a series of `scan`; several files; or
        pydicom datasets.
    series : str, optional
        SeriesInstanceUID, if the folder holds several; ``"UID/part"`` if one of them has
        several parts (`Series.choice`).
    progress : bool or callable, optional
        True shows a bar; a callable gets the files done, all of them (0 while not known), and
        "fetching" or "unpacking".
    storage_options : mapping, optional
        Of fsspec, for a URL; by default its configuration and the environment.

    Returns
    -------
    SeriesTags
        A mapping in the order of tags, without pixels. Names are keywords, private ones with group,
        element and creator; ``tags["0010,0010"]`` finds them too. An attribute that differs within
        the series is a tuple with one value for each slice or frame, None if it is absent there;
        functional groups are opened. ``.shared`` has the others alone, ``.instances`` those that
        differ, slice by slice.

    Raises
    ------
    ReadError
        If there is no such series.

    Examples
    --------
    >>> from pydicom.data import get_testdata_file
    >>> attributes = tags(get_testdata_file("CT_small.dcm"))
    >>> attributes["Modality"], attributes["0028,0030"], attributes["(0043,104E) GEMS_PARM_01"]
    ('CT', [0.661468, 0.661468], 10.60060977935791)
    """
    files = reading.parse_series_files(path)
    with (
        progress_report(progress) as report,
        reading.local_files(files, storage_options, report) as local_path,
    ):
        return reading.tags(local_path, series=series)
