"""A series → a `Volume`: the inverse of `write`."""

from __future__ import annotations

import os
import warnings
from dataclasses import replace

from dicomseries.errors import DicomSeriesWarning, OptionError, ReadError
from dicomseries.geometry import Grid
from dicomseries.readback.attributes import SeriesTags
from dicomseries.readback.folders import Scan, Series, scan, select
from dicomseries.readback.pixels import stored_dtype
from dicomseries.readback.rescales import real_dtype, rescale_of
from dicomseries.readback.slabs import SeriesSlabs
from dicomseries.sources.volume import ArraySlabs, Volume

__all__ = ["read", "volume_of"]


def read(
    path: str | os.PathLike[str],
    *,
    series: str | None = None,
    values: str = "real",
) -> Volume:
    """Read a series as an array on its grid, with its attributes.

    Parameters
    ----------
    path : path-like
        Folder of the series (folders below it are looked at too), or one file of a single slice.
    series : str, optional
        SeriesInstanceUID, where there are several.
    values : {"real", "stored"}
        Real values (slope and intercept of each slice applied), or the integers in the files; `Volume.slope` and
        `Volume.intercept` then say what these mean.

    Returns
    -------
    Volume
        Slices along the normal; ``.array`` of shape (slices, rows, columns[, 3]), in memory; ``.grid`` in LPS mm, its
        slice spacing the mean distance of the positions; ``.tags``. Real values are integers as long as every slope
        and intercept is whole, else float64.

    Raises
    ------
    ReadError
        If there is no series or more than one, or if its files are not the slices of one regular grid: missing,
        repeated or truncated ones, other sizes or orientations, several frames in a file.
    OptionError
        If `values` is neither of the two.
    MissingPackageError
        If their compression has no decoder installed.

    Warns
    -----
    DicomSeriesWarning
        If something small is wrong: rounded positions, a missing spacing, files that cannot be read.

    Notes
    -----
    PS3.3 sections C.7.6.2 (Image Plane) and C.11.1 (Modality LUT).

    Examples
    --------
    >>> from pydicom.data import get_testdata_file
    >>> volume = read(get_testdata_file("CT_small.dcm"))
    >>> volume.array.shape, volume.array.dtype.name, volume.grid.spacing_mm
    ((1, 128, 128), 'int32', (0.661468, 0.661468, 5.0))
    """
    if values not in {"real", "stored"}:
        raise OptionError(
            code="values-unknown",
            where="values",
            given=repr(values),
            expected="'real' or 'stored'",
            remedy="Use values='real' for what the numbers mean, values='stored' for the integers in the files.",
        )
    found = scan(path)
    chosen = select(path, found, series)
    grid = _grid(path, chosen)
    _warn(found, chosen)
    volume = volume_of(chosen, grid, is_real=values == "real")
    return replace(volume, slabs=ArraySlabs(volume.array))


def volume_of(series: Series, grid: Grid, *, is_real: bool) -> Volume:
    """Return the volume of a series that has a grid.

    Raises
    ------
    ReadError
        If a rescale is unusable, or if the stored values of the slices mean different things.
    """
    instances = series.instances
    slope, intercept = (1.0, 0.0) if is_real else _common_rescale(series)
    return Volume(
        slabs=SeriesSlabs(
            instances=instances,
            dtype=real_dtype(instances) if is_real else stored_dtype(instances[0]),
            is_real=is_real,
        ),
        grid=grid,
        slope=slope,
        intercept=intercept,
        tags=SeriesTags(instances),
    )


def _grid(path: str | os.PathLike[str], series: Series) -> Grid:
    errors = [problem.error(os.fspath(path)) for problem in series.problems if problem.level == "error"]
    if errors:
        raise ReadError.together(errors)
    if series.grid is None:  # pragma: no cover - a series without a grid has an error
        message = f"series {series.series_uid} has neither grid nor error"
        raise AssertionError(message)
    return series.grid


def _common_rescale(series: Series) -> tuple[float, float]:
    found = {rescale_of(instance) for instance in series.instances}
    if len(found) == 1:
        return found.pop()
    raise ReadError(
        code="rescale-differs",
        where=f"series {series.series_uid}",
        given=f"{len(found)} pairs of RescaleSlope and RescaleIntercept",
        expected="one pair for all slices, if stored values are to be one array",
        remedy="Read the real values with values='real'.",
    )


def _warn(found: Scan, series: Series) -> None:
    for problem in (*found.problems, *series.problems):
        warnings.warn(str(problem), DicomSeriesWarning, stacklevel=3)
