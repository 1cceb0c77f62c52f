"""`scan`: every series below a folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dicomseries import reading
from dicomseries.progress_bar import ProgressReport, progress_report

__all__ = ["scan"]


def scan(
    path: reading.SeriesSource,
    *,
    progress: ProgressReport | bool | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> reading.Scan:
    """Find every series below a folder.

    Parameters
    ----------
    path : path-like, or iterable of paths or datasets
        A folder with all folders below it, or one file; several of them, such as
        ``Path("ct").glob("*.dcm")``; or pydicom datasets. Hidden files and folders (such as
        unfinished writes) and DICOMDIR are skipped. Or a URL: its objects are fetched into a
        private folder, which is removed afterwards; the paths in the result then lead nowhere, as
        those of datasets do.
    progress : bool or callable, optional
        True shows a bar; a callable gets the files done, all of them (0 while not known), and
        "fetching" or "unpacking".
    storage_options : mapping, optional
        Of fsspec, for a URL; by default its configuration and the environment.

    Returns
    -------
    Scan
        One `Series` for each SeriesInstanceUID, or for each part of it if its images are not one
        array; iterable, sized and indexable. `read`, `tags`, `check` and ``like=`` take a series of
        it.

    Raises
    ------
    OptionError
        If `path` is nothing of these.
    ReadError
        If there is no such path (code "no-series"), or objects of a manifest are missing
        ("series-incomplete").

    Notes
    -----
    PS3.3 sections C.7.3 (General Series) and C.7.6.2 (Image Plane). Only headers are read.

    Examples
    --------
    >>> from pydicom.data import get_testdata_file
    >>> folder = scan(get_testdata_file("CT_small.dcm"))
    >>> [(series.kind, series.rows, len(series.paths)) for series in folder]
    [('CT', 128, 1)]
    """
    files = reading.parse_series_files(path)
    with (
        progress_report(progress) as report,
        reading.local_files(files, storage_options, report) as local_path,
    ):
        return reading.scan(local_path)
