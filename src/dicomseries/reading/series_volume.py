"""A series → a `Volume`: the inverse of `write`."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt

from dicomseries.errors import DicomSeriesWarning, OptionError, ReadError
from dicomseries.geometry import Grid
from dicomseries.reading.geometry.slice_order import FrameSet
from dicomseries.reading.multiframe.frame_slabs import FrameSlabs, LabelSlabs
from dicomseries.reading.pixels.native_pixels import check_first_frame, stored_dtype
from dicomseries.reading.pixels.rescale_of_frames import (
    dtype_of_real,
    real_dtype,
    rescales_of_files,
)
from dicomseries.reading.series_attributes import SeriesTags
from dicomseries.reading.series_folders import Scan, Series, scan, select
from dicomseries.reading.slice_selection import Slices, chosen_slices, grid_of_slices
from dicomseries.reading.slice_slabs import SeriesSlabs
from dicomseries.sources import FrameReader, Volume, array_frames, pick

__all__ = ["FileSlabs", "open_volume", "read", "volume_of"]


class FileSlabs(FrameReader, Protocol):
    """FrameReader of files: some frames of them are slabs again, and an array that is there already can be filled."""

    def pick(self, frames: Sequence[int]) -> Self:
        """Return some of the frames, at least one, in the order given."""

    def fill(self, array: npt.NDArray[Any], start: int) -> None:
        """Read the frames from `start` on into a C-contiguous `array` of their shape and dtype."""


def open_volume(
    path: str | os.PathLike[str],
    *,
    series: str | None = None,
    values: str = "real",
    slices: Slices | None = None,
) -> Volume:
    """Return a series as a volume that reads its slices when they are asked for, with its grid and attributes.

    Parameters
    ----------
    path : path-like
        Folder of the series (folders below it are looked at too), or one file: a single slice, or a multi-frame file.
    series : str, optional
        SeriesInstanceUID, where there are several.
    values : {"real", "stored"}
        Real values (slope and intercept of each slice applied), or the integers in the files; `Volume.slope` and
        `Volume.intercept` then say what these mean.
    slices : slice, range, whole number, or whole numbers, optional
        Only these slices (of every volume), rising by even steps; the grid is theirs.

    Returns
    -------
    Volume
        Slices along the normal; ``.array`` of shape ([volumes, ]slices, rows, columns[, 3]), read anew each time;
        ``.slabs`` of `FileSlabs`; ``.grid`` in LPS mm, its slice spacing the mean distance of the positions;
        ``.volumes`` and ``.times_s``; ``.tags``. Real values are integers as long as every slope and intercept is
        whole, else float64; the floats of a Parametric Map are its own, bit for bit. A binary segmentation is one map
        of labels, 0 where no segment is; a fractional one has a volume of values from 0 to 1 for each segment.

    Raises
    ------
    ReadError
        If there is no series or more than one, or if its files are not the slices of one regular grid, once or
        several times: missing, repeated or truncated ones, other sizes or orientations; Siemens mosaics; segments
        that overlap.
    OptionError
        If `values` is neither of the two, or `slices` are not there.

    Warns
    -----
    DicomSeriesWarning
        If something small is wrong, or may be meant in another way: rounded positions, a missing spacing, files that
        cannot be read, volumes that only InstanceNumber tells apart, slices of different units.

    Notes
    -----
    PS3.3 sections C.7.6.2 (Image Plane), C.7.6.16 (Multi-frame Functional Groups), C.8.20 (Segmentation) and C.11.1
    (Modality LUT).

    Examples
    --------
    >>> from pydicom.data import get_testdata_file
    >>> volume = open_volume(get_testdata_file("CT_small.dcm"))
    >>> volume.array.shape, volume.slabs.dtype.name, volume.grid.spacing_mm
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
    check_first_frame(chosen.instances[0])
    volume = volume_of(chosen, grid, is_real=values == "real")
    return volume if slices is None else _of_slices(volume, chosen_slices(slices, grid.shape[0]))


def read(
    path: str | os.PathLike[str], *, series: str | None = None, values: str = "real"
) -> Volume:
    """Return a series as `open_volume` does, with its voxels in memory.

    Raises
    ------
    ReadError, OptionError
        As `open_volume`.
    MissingPackageError
        If its compression has no decoder installed.

    Examples
    --------
    >>> from pydicom.data import get_testdata_file
    >>> read(get_testdata_file("CT_small.dcm")).slabs.array.shape
    (1, 128, 128)
    """
    volume = open_volume(path, series=series, values=values)
    return replace(volume, slabs=array_frames(volume.slabs.read(0, volume.slabs.shape[0])))


def _of_slices(volume: Volume, chosen: range) -> Volume:
    """Return some slices of every volume."""
    frames = [at * volume.slices + index for at in range(volume.volumes or 1) for index in chosen]
    tags = volume.tags.pick(frames) if isinstance(volume.tags, SeriesTags) else volume.tags
    return replace(
        volume,
        slabs=pick(volume.slabs, frames),
        grid=grid_of_slices(volume.grid, chosen),
        tags=tags,
    )


def volume_of(series: Series, grid: Grid, *, is_real: bool) -> Volume:
    """Return the volume of a series that has a grid.

    Raises
    ------
    ReadError
        If a rescale is unusable, or if the stored values of the slices mean different things.
    """
    if series.frame_set is not None:
        return _volume_of_frames(series, series.frame_set, grid, is_real=is_real)
    instances = series.instances
    slope, intercept = (
        (1.0, 0.0)
        if is_real
        else _common_rescale(series, lambda: set(rescales_of_files(instances)))
    )
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
        volumes=series.volumes,
        times_s=series.times_s,
    )


def _volume_of_frames(series: Series, frames: FrameSet, grid: Grid, *, is_real: bool) -> Volume:
    slabs, (slope, intercept) = _slabs(series, frames, is_real=is_real)
    return Volume(
        slabs=slabs,
        grid=grid,
        slope=slope,
        intercept=intercept,
        tags=SeriesTags(series.instances, frames),
        volumes=series.volumes,
        times_s=series.times_s,
    )


def _slabs(
    series: Series, frames: FrameSet, *, is_real: bool
) -> tuple[FrameReader, tuple[float, float]]:
    """Return the voxels, and what they mean if they are stored values."""
    stored = stored_dtype(series.instances[0])
    first = frames.pool[0]
    if frames.masks is not None and first.segments is not None:
        largest = max((*series.segments, *first.segments.tolist()))
        dtype = np.min_scalar_type(largest)
        return LabelSlabs(
            instance=first.instance, masks=frames.masks, segments=first.segments, dtype=dtype
        ), (1.0, 0.0)
    if not is_real:
        identity = np.tile([1.0, 0.0], (len(frames.sources), 1))
        slope, intercept = _common_rescale(series, lambda: _pairs(_rescales(series, frames)))
        slabs = FrameSlabs(
            instances=series.instances, sources=frames.sources, rescales=identity, dtype=stored
        )
        return slabs, (slope / frames.divisor, intercept)
    rescales = _rescales(series, frames)
    is_divided = frames.divisor != 1.0
    dtype = (
        np.dtype(np.float64) if is_divided else dtype_of_real(series.instances, _pairs(rescales))
    )
    return (
        FrameSlabs(
            instances=series.instances,
            sources=frames.sources,
            rescales=rescales,
            dtype=dtype,
            divisor=frames.divisor,
        ),
        (1.0, 0.0),
    )


def _pairs(rescales: npt.NDArray[np.float64]) -> set[tuple[float, float]]:
    return {(slope, intercept) for slope, intercept in np.unique(rescales, axis=0).tolist()}


def _rescales(series: Series, frames: FrameSet) -> npt.NDArray[np.float64]:
    """Return slope and intercept of each frame of the array, shape (frames, 2).

    A Parametric Map has no rescale but the identity: what its values mean says RealWorldValueMapping alone. A
    segmentation has none.
    """
    if series.segments:
        return np.tile([1.0, 0.0], (len(frames.sources), 1))
    is_map = series.kind == "ParametricMap"
    mapped = [one.real_world if is_map else None for one in frames.pool]
    found = [
        one.rescales if pairs is None else pairs
        for one, pairs in zip(frames.pool, mapped, strict=True)
    ]
    starts = np.cumsum([0, *(one.count for one in frames.pool)])
    chosen: npt.NDArray[np.float64] = np.concatenate(found)[
        starts[frames.sources[:, 0]] + frames.sources[:, 1]
    ]
    return chosen


def _grid(path: str | os.PathLike[str], series: Series) -> Grid:
    errors = [
        problem.error(os.fspath(path)) for problem in series.problems if problem.level == "error"
    ]
    if errors:
        raise ReadError.together(errors)
    if series.grid is None:  # pragma: no cover - a series without a grid has an error
        message = f"series {series.series_uid} has neither grid nor error"
        raise AssertionError(message)
    return series.grid


def _common_rescale(
    series: Series, pairs_of: Callable[[], set[tuple[float, float]]]
) -> tuple[float, float]:
    """Return slope and intercept of all stored values; 1 and 0, with a warning, where their meaning is not known."""
    try:
        found = pairs_of()
    except ReadError as error:
        message = f"what the stored values mean is not known: {error.given} in {error.where}"
        warnings.warn(message, DicomSeriesWarning, stacklevel=4)
        return 1.0, 0.0
    if len(found) == 1:
        return found.pop()
    raise _rescale_differs(series, len(found))


def _rescale_differs(series: Series, pairs: int) -> ReadError:
    return ReadError(
        code="rescale-differs",
        where=f"series {series.series_uid}",
        given=f"{pairs} pairs of RescaleSlope and RescaleIntercept",
        expected="one pair for all slices, if stored values are to be one array",
        remedy="Read the real values with values='real'.",
    )


def _warn(found: Scan, series: Series) -> None:
    for problem in (*found.problems, *series.problems):
        warnings.warn(str(problem), DicomSeriesWarning, stacklevel=3)
