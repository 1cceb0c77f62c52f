"""The grid that `read(onto=)` names."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, TypeAlias

from dicomseries import reading
from dicomseries.errors import DicomSeriesWarning, ReadError
from dicomseries.geometry import Grid
from dicomseries.lazy_dataclass import dataclass
from dicomseries.sources import SUFFIXES, Volume, open_volume

__all__ = ["OntoSource", "TargetGrid", "open_target"]

OntoSource: TypeAlias = "reading.SeriesSource | Volume | Grid"
"""What users give as `onto=`."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TargetGrid:
    """A grid to put a result on.

    Parameters
    ----------
    grid : Grid
        Of one volume, LPS mm; or the planes of irregular slices.
    name : str
        For messages.
    place : SeriesPlace, optional
        Of the series that has the grid.
    volumes : int, optional
        Of the series.
    times_s : tuple of float, optional
        Of its volumes.
    """

    grid: Grid
    name: str
    place: reading.SeriesPlace | None = None
    volumes: int | None = None
    times_s: tuple[float, ...] | None = None


def open_target(
    onto: Any, result: reading.SeriesPlace, storage_options: Mapping[str, Any] | None
) -> TargetGrid:
    """Return the grid of a source; only headers are read.

    Parameters
    ----------
    onto : path-like, Series, Volume, Grid, or iterable of paths or datasets
        A series, an image file of another format, or the grid itself.
    result : SeriesPlace
        Of the result; of several series in a folder, the one that it refers to is chosen.
    storage_options : mapping, optional
        Of fsspec, for a URL.

    Raises
    ------
    OptionError
        If it is nothing of these.
    ReadError
        If there is no series or more than one, or it has no grid.
    """
    if isinstance(onto, Grid):
        return TargetGrid(grid=onto, name="the given grid")
    if isinstance(onto, Volume):
        return _of_volume(onto)
    if isinstance(onto, reading.Series):
        return _of_series(onto, str(onto.choice))
    files = reading.parse_series_files(onto, "onto")
    if isinstance(files, str) and files.lower().endswith(SUFFIXES):
        image = open_volume(files, storage_options=storage_options)
        return TargetGrid(grid=image.grid, name=reading.name_of_files(files))
    name = reading.name_of_files(files)
    with reading.local_files(files, storage_options) as local_path:
        scanned = reading.scan(local_path)
        series = reading.select_images(files, scanned, _series_uid(scanned, result))
    for problem in scanned.problems:
        warnings.warn(str(problem), DicomSeriesWarning, stacklevel=4)
    return _of_series(series, name)


def _of_volume(volume: Volume) -> TargetGrid:
    place, name = None, "the given volume"
    if isinstance(volume.tags, reading.SeriesTags):
        place = volume.tags.place
        name = reading.name_of_files(tuple(map(str, volume.tags.paths)))
    return TargetGrid(
        grid=volume.grid, name=name, place=place, volumes=volume.volumes, times_s=volume.times_s
    )


def _of_series(series: reading.Series, name: str) -> TargetGrid:
    grid: Grid | None = series.grid
    if series.planes is not None and series.planes.are_placed:
        grid = series.planes
    errors = [problem.error(name) for problem in series.problems if problem.level == "error"]
    if grid is None and errors:
        raise ReadError.together(errors)
    assert grid is not None  # noqa: S101 - a series without a grid or planes has an error
    return TargetGrid(
        grid=grid,
        name=name,
        place=reading.SeriesTags(series.instances, series.frame_set).place,
        volumes=series.volumes,
        times_s=series.times_s,
    )


def _series_uid(scanned: reading.Scan, result: reading.SeriesPlace) -> str | None:
    """Return the one series of a folder that the result refers to, or None."""
    if len(scanned) < 2:
        return None
    uids = {series.series_uid for series in scanned} & {*result.referenced_series}
    if len(uids) == 1:
        return uids.pop()
    # beside the result itself, there may be one series that could be its source
    others = []
    for series in scanned:
        if series.has_images and series.series_uid != result.series_uid:
            others.append(series.choice)
    return others[0] if len(others) == 1 else None
