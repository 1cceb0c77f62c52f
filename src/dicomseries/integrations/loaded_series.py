"""The series that a framework loaded an image from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import dicomseries as dcs

__all__ = ["source_options"]


def source_options(path: Any) -> dict[str, Any]:
    """Return `like` and `series` for an image of this path.

    Parameters
    ----------
    path : path-like or None
        What the framework loaded: a folder of DICOM, one of its files, or a file of another format,
        which is no source series.

    Returns
    -------
    dict
        Options of `dicomseries.write`; empty if no series is there.

    Examples
    --------
    >>> source_options("scan.nii.gz"), source_options(None)
    ({}, {})
    """
    if not path or not isinstance(path, (str, os.PathLike)):
        return {}
    place = Path(path)
    if place.is_dir():
        return {"like": place}
    try:
        uid = dcs.tags(place)["SeriesInstanceUID"]
    except dcs.DicomSeriesError:
        return {}
    return {"like": place.parent, "series": uid}
