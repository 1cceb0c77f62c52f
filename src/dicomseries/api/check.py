"""`check`: findings about a series on disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from time import perf_counter
from typing import Any

from dicomseries import checks, reading
from dicomseries.errors import GeometryError
from dicomseries.event_log import LOGGER
from dicomseries.progress_bar import ProgressReport, progress_report
from dicomseries.sources import ArraySource, Volume, open_volume
from dicomseries.writing import in_order_of

__all__ = ["check"]


def check(
    path: reading.SeriesSource,
    *,
    series: str | None = None,
    against: ArraySource | None = None,
    max_error: float | None = None,
    nan: float | None = None,
    clip: tuple[float, float] | None = None,
    validators: bool = True,
    progress: ProgressReport | bool | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> checks.Findings:
    """Return the faults of a series on disk.

    Parameters
    ----------
    path : path-like, Series, or iterable of paths or datasets
        Folder of the series, from any maker; or a URL; a series of `scan`; its files; or pydicom
        datasets.
    series : str, optional
        SeriesInstanceUID, if the folder holds several; ``"UID/part"`` if one of them has
        several parts (`Series.choice`).
    against : array, path or Volume, optional
        The input that the series should hold: every voxel is compared, and the grid, if the input
        states one. A bare array (slices, rows, columns) gets the grid of the series.
    max_error : float, optional
        Allowed error of a voxel, in real units; without it integers must be exact, and floats
        within half a step.
    nan : float, optional
        Value that was written for NaN and infinities, as in `write`.
    clip : tuple of float, optional
        Range to which the values were clipped, as in `write`.
    validators : bool
        Also ask dciodvfy and dcentvfy, if dicom3tools is installed.
    progress : bool or callable, optional
        True shows a bar; a callable gets the files done, all of them (0 while not known), and
        "fetching" or "unpacking".
    storage_options : mapping, optional
        Of fsspec, for a URL; by default its configuration and the environment.

    Returns
    -------
    Findings
        A tuple of `Finding` (id, level, part of the standard, file, message, remedy), empty if
        there are none. Its ``checked`` names the checked parts, ``not_checked`` the others with the
        reason.

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
    started = perf_counter()
    files = reading.parse_series_files(path)
    with (
        progress_report(progress) as report,
        reading.local_files(files, storage_options, report) as local_path,
    ):
        if against is not None:
            against = _volume_on_grid(local_path, series, against, storage_options)
        findings = checks.check(
            local_path,
            series=series,
            against=against,
            max_error=max_error,
            nan=nan,
            clip=clip,
            validators=validators,
        )
    LOGGER.info(
        "check: checked: %d errors, %d other findings in %.2f s",
        len(findings.errors),
        len(findings) - len(findings.errors),
        perf_counter() - started,
    )
    for finding in findings:
        LOGGER.debug("check: %s (%s)", finding.id, finding.level)
    return findings


def _volume_on_grid(
    path: reading.LocalFiles,
    series_uid: str | None,
    against: ArraySource,
    storage_options: Mapping[str, Any] | None,
) -> Volume:
    """Return the input as a volume, with a grid."""
    grid = reading.select(path, reading.scan(path), series_uid).grid
    try:
        return in_order_of(grid, open_volume(against, storage_options=storage_options))
    except GeometryError as error:
        if error.code != "geometry-missing" or grid is None:
            raise
        volume = open_volume(
            against, affine=grid.affine(), space="LPS", storage_options=storage_options
        )
        return replace(volume, grid=volume.grid.stated(grid.statement))
