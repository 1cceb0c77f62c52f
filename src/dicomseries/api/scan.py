"""`scan`: every series below a folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from dicomseries import reading
from dicomseries.stores import local_copy

__all__ = ["scan"]


def scan(
    path: str | os.PathLike[str], *, storage_options: Mapping[str, Any] | None = None
) -> reading.Scan:
    """Find every series below a folder.

    Parameters
    ----------
    path : path-like
        A folder with all folders below it, or one file. Hidden files and folders (such as
        unfinished writes) and DICOMDIR are skipped. Or a URL: its objects are fetched into a
        private folder, which is removed afterwards; the paths in the result then lead nowhere.
    storage_options : mapping, optional
        Of fsspec, for a URL; by default its configuration and the environment.

    Returns
    -------
    Scan
        One `Series` for each SeriesInstanceUID.

    Raises
    ------
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
    >>> [(series.kind, series.rows, len(series.instances)) for series in folder.series]
    [('CT', 128, 1)]
    """
    with local_copy(path, storage_options) as local_path:
        return reading.scan(local_path)
