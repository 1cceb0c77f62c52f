"""`read`: a series as a volume."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from math import prod
from time import perf_counter
from typing import Any, Literal, overload

import numpy as np

from dicomseries import executors, reading, regridding
from dicomseries.api.read_result import LazySeriesVolume, SeriesVolume
from dicomseries.errors import DicomSeriesError, DicomSeriesWarning, OptionError, ReadError
from dicomseries.event_log import LOGGER
from dicomseries.progress_bar import ProgressReport, progress_report
from dicomseries.sources import FrameReader, Volume, array_frames
from dicomseries.stores import is_archive, is_url

__all__ = ["read"]

_TASK_BYTES = 4 << 20
"""Bytes that a thread reads or decodes in one task."""


@overload
def read(
    path: reading.SeriesSource,
    *,
    series: str | None = None,
    values: Literal["real", "stored"] = "real",
    slices: reading.Slices | None = None,
    stack: str | None = None,
    even: regridding.Method | None = None,
    onto: regridding.OntoSource | None = None,
    resample: regridding.Method | None = None,
    fill: float | None = None,
    same_space: bool = False,
    lazy: Literal[False] = False,
    workers: int | None = None,
    progress: ProgressReport | bool | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> SeriesVolume: ...


@overload
def read(
    path: reading.SeriesSource,
    *,
    series: str | None = None,
    values: Literal["real", "stored"] = "real",
    slices: reading.Slices | None = None,
    stack: str | None = None,
    even: regridding.Method | None = None,
    onto: regridding.OntoSource | None = None,
    resample: regridding.Method | None = None,
    fill: float | None = None,
    same_space: bool = False,
    lazy: Literal[True],
    workers: int | None = None,
    progress: ProgressReport | bool | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> LazySeriesVolume: ...


@overload
def read(
    path: reading.SeriesSource,
    *,
    series: str | None = None,
    values: Literal["real", "stored"] = "real",
    slices: reading.Slices | None = None,
    stack: str | None = None,
    even: regridding.Method | None = None,
    onto: regridding.OntoSource | None = None,
    resample: regridding.Method | None = None,
    fill: float | None = None,
    same_space: bool = False,
    lazy: bool = False,
    workers: int | None = None,
    progress: ProgressReport | bool | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> SeriesVolume | LazySeriesVolume: ...


def read(
    path: reading.SeriesSource,
    *,
    series: str | None = None,
    values: Literal["real", "stored"] = "real",
    slices: reading.Slices | None = None,
    stack: str | None = None,
    even: regridding.Method | None = None,
    onto: regridding.OntoSource | None = None,
    resample: regridding.Method | None = None,
    fill: float | None = None,
    same_space: bool = False,
    lazy: bool = False,
    workers: int | None = None,
    progress: ProgressReport | bool | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> SeriesVolume:
    """Read a series as an array with grid and attributes.

    Parameters
    ----------
    path : path-like, Series, or iterable of paths or datasets
        Folder of the series, with all folders below it, or one file: a single slice, or a
        multi-frame file. Or a URL of either: its objects are fetched into a private folder, which
        is removed afterwards; or a ZIP or tar archive of files. Or a series of `scan`; several
        files, such as ``Path("ct").glob("*.dcm")``; or pydicom datasets.
    series : str, optional
        SeriesInstanceUID, if there are several; ``"UID/part"`` if one of them has several parts
        (`Series.choice`).
    values : {"real", "stored"}
        Real values (slope and intercept of each slice, or a Modality LUT, applied; the colours of
        a palette), or the integers in the files. ``.notes`` says what was done.
    slices : slice, range, whole number, or whole numbers, optional
        Read only these slices of each volume, rising by even steps: ``slice(100, 200)``,
        ``range(0, 400, 4)``, ``-1``. Counted from 0 along the normal, negative ones from the end.
        ``.grid`` and ``.tags`` are theirs; all volumes are read. With `onto`, slices of that grid.
    stack : str, optional
        Read only these slices of a series of several orientations, sizes or pixel spacings, such
        as a localizer: ``"axial"``, ``"coronal"``, ``"sagittal"``, ``"oblique 1"``. The list of
        series and the error of a wrong name have the names.
    even : {"nearest", "linear"}, optional
        Put irregular slices (uneven, missing, of a tilted gantry) on a right-angled, even grid, by
        the nearest voxel or by interpolation; regular ones stay as they are. Without it they are
        returned as in the files.
    onto : path-like, Series, Volume, Grid, or iterable of paths or datasets, optional
        Put the voxels on the grid of this series (or volume, or image file): the source of a
        segmentation, a map or a dose. Axes are turned, and parts put in their place, without
        changing a value. The voxels must coincide, unless `resample` is given.
    resample : {"nearest", "linear"}, optional
        With `onto`: take the nearest voxel, or interpolate between eight, where voxels do not
        coincide. Labels need ``"nearest"``. Needs scipy.
    fill : float, optional
        With `onto` or `even`: value of voxels that the series does not have; with `even`, also of
        missing slices, which are interpolated without it. By default 0 for segmentations, NaN for
        floats, and PixelPaddingValue for other whole numbers, which need `fill` if the series has
        none. NaN makes floats of them.
    same_space : bool
        With `onto`: the positions of both agree, although their frames of reference differ.
    lazy : bool
        Whether ``.array`` holds no voxels and reads from the files when it is indexed,
        ``.array[100:110]``; it can be written as it is, and ``.to_dask()`` works on it without
        reading all.
    workers : int, optional
        Threads that read and decode; the machine's processors if not given.
    progress : bool or callable, optional
        True shows a bar; a callable gets the files done, all of them (0 while not known), and
        "fetching" or "unpacking", then slices and
        "reading".
    storage_options : mapping, optional
        Of fsspec, for a URL; by default its configuration and the environment.

    Returns
    -------
    SeriesVolume
        Slices along the normal, ``.array`` of shape ([volumes, ]slices, rows, columns[, 3]),
        ``.positions_mm`` and ``.orientations`` of the slices, ``.grid`` in LPS mm (its numbers
        raise a `GeometryError` if the slices are irregular), ``.times_s``, ``.tags``; and
        ``.derive(array)`` for a series that is made from it. A segmentation is a label map, 0
        where no segment is; if its segments overlap, or are fractional, it has a volume for each
        segment. ``.segments`` describes them, and ``.segment("Liver")`` is one of them in either
        case.

    Raises
    ------
    ReadError
        If there is no series or more than one, or if its files are not the slices of one array; if
        it has no images (code "no-pixels"), or several parts ("several-parts").
    OptionError
        If `values` is neither of the two, `slices` or `stack` do not exist, `workers` is below 1,
        or `fill` is needed.
    GeometryError
        If the slices rotate or have no position with `even`; if the series is irregular, does not
        coincide with the grid of `onto`, lies elsewhere, or has another frame of reference.
    MissingPackageError
        If their compression has no decoder installed; of a lazy array, when it is indexed. If
        scipy is missing for `resample`.

    Warns
    -----
    DicomSeriesWarning
        For small faults: rounded positions, a missing spacing, files that cannot be read. With
        `onto`: if voxels were resampled, or lie outside of its grid and are left out; ``.notes``
        has these sentences.

    Notes
    -----
    PS3.3 sections C.7.6.2 (Image Plane), C.7.6.16 (Multi-frame Functional Groups), C.7.9 (Palette
    Color Lookup Table) and C.11.1 (Modality LUT). Colours are RGB; MONOCHROME1 is not inverted.

    Examples
    --------
    >>> from pydicom.data import get_testdata_file
    >>> volume = read(get_testdata_file("CT_small.dcm"))
    >>> volume.array.shape, volume.array.dtype.name, volume.grid.spacing_mm
    ((1, 128, 128), 'int32', (0.661468, 0.661468, 5.0))
    """
    started = perf_counter()
    count = executors.worker_count(workers)
    options = None
    if onto is None:
        unused = None if even is not None else fill
        _check_without_onto(resample, unused, same_space=same_space)
    else:
        options = regridding.OntoOptions(resample=resample, fill=fill, same_space=same_space)
    files = reading.parse_series_files(path)
    if lazy and (is_url(files) or is_archive(files) or reading.are_in_memory(files)):
        raise _lazy_without_files(reading.name_of_files(files))
    with (
        progress_report(progress) as report,
        reading.local_files(files, storage_options, report) as local_path,
    ):
        try:
            chosen = slices if onto is None else None
            volume = reading.open_volume(
                local_path,
                series=series,
                values=values,
                slices=chosen,
                stack=stack,
                is_made_even=even is not None,
            )
            tags = volume.tags
            assert isinstance(tags, reading.SeriesTags)  # noqa: S101 - of a volume that was read
            voxels = _voxel_meaning(tags, volume)
            is_regular = volume.is_regular
            if even is not None:
                volume = regridding.even_volume(
                    volume, even, fill, voxels=voxels, is_real=values == "real"
                )
            if options is not None:
                target = regridding.open_target(onto, tags.place, storage_options)
                volume, voxels = _put_onto(
                    volume, target, options, voxels=voxels, is_real=values == "real"
                )
                if slices is not None:
                    volume = regridding.picked_slices(volume, slices)
        except DicomSeriesError as error:
            LOGGER.info("read: failed with the code %s", error.code)
            raise
        shape = "x".join(map(str, volume.slabs.shape))
        LOGGER.info("read: opened a series of %s, %s", shape, volume.slabs.dtype)
        slabs = volume.slabs if lazy else _in_memory(volume.slabs, count, report)
    LOGGER.info(
        "read: %s %d files in %.2f s",
        "opened" if lazy else "read",
        len(tags.paths),
        perf_counter() - started,
    )
    LOGGER.debug("read: %s values, %d threads, lazy %s", values, count, lazy)
    volume_class = LazySeriesVolume if lazy else SeriesVolume
    return volume_class(
        slabs=slabs,
        grid=volume.grid,
        slope=volume.slope,
        intercept=volume.intercept,
        tags=tags,
        volumes=volume.volumes,
        times_s=volume.times_s,
        repetition_time_s=volume.repetition_time_s,
        path=files if stack is None else _files_of_stack(files, tags),
        series=series,
        is_part=not (slices is None and onto is None and stack is None and is_regular),
        segments=tags.segments,
        voxels=voxels,
        layers=volume.layers,
        notes=(*volume.notes, *volume.grid.statement.notes),
        volume_axes=volume.volume_axes,
        b_values=volume.b_values,
        gradients=volume.gradients,
    )


def _files_of_stack(files: reading.SeriesFiles, tags: reading.SeriesTags) -> reading.SeriesFiles:
    """Return the files of a stack, which alone are the source of what is derived from it."""
    if reading.are_in_memory(files) or is_url(files) or is_archive(files):
        return files
    return tuple(map(str, tags.paths))


def _put_onto(
    volume: Volume,
    target: regridding.TargetGrid,
    options: regridding.OntoOptions,
    *,
    voxels: reading.VoxelMeaning,
    is_real: bool,
) -> tuple[Volume, reading.VoxelMeaning]:
    """Put a volume onto a grid; warn of what its place is based on."""
    placed, voxels = regridding.put_onto(volume, target, options, voxels=voxels, is_real=is_real)
    for note in placed.grid.statement.notes[len(target.grid.statement.notes) :]:
        warnings.warn(note, DicomSeriesWarning, stacklevel=3)
    return placed, voxels


def _check_without_onto(resample: str | None, fill: float | None, *, same_space: bool) -> None:
    """Reject the options of `onto` without it."""
    options = {"resample": resample, "fill": fill, "same_space": same_space or None}
    for name, value in options.items():
        if value is not None:
            raise OptionError(
                code="onto-missing",
                where=name,
                given=f"`{name}=` without `onto=`",
                expected="the series whose grid the voxels are put on",
                remedy="Pass `onto=` with the folder of the source series.",
            )


def _voxel_meaning(tags: reading.SeriesTags, volume: Volume) -> reading.VoxelMeaning:
    segmentation_type = tags.segmentation_type
    if not segmentation_type:
        return "values"
    if segmentation_type == "FRACTIONAL":
        return "fractions"
    return "labels" if volume.volumes is None else "masks"


def _in_memory(slabs: FrameReader, workers: int, report: ProgressReport | None) -> FrameReader:
    """Return slabs read into one array, by several threads."""
    try:
        array = np.empty(slabs.shape, slabs.dtype)
    except MemoryError as error:
        raise _too_large(slabs) from error
    step = max(_TASK_BYTES // (prod(slabs.shape[1:]) * slabs.dtype.itemsize), slabs.depth, 1)

    def fill(start: int) -> int:
        stop = min(start + step, len(array))
        slabs.fill(array[start:stop], start)
        return stop

    for done in executors.run(fill, range(0, len(array), step), workers=workers):
        if report is not None:
            report(done, len(array), "reading")
    return array_frames(array)


def _too_large(slabs: FrameReader) -> ReadError:
    return ReadError(
        code="memory-short",
        where="array",
        given=f"{prod(slabs.shape) * slabs.dtype.itemsize} bytes for an array of {slabs.shape}, "
        f"{slabs.dtype}",
        expected="an array that fits into the free memory",
        remedy="Read with `lazy=True`, or only some `slices=`.",
    )


def _lazy_without_files(where: str) -> OptionError:
    return OptionError(
        code="lazy-without-files",
        where="lazy",
        given=f"`lazy=True` for {where}",
        expected="files that stay in place; fetched objects, unpacked files and copies of "
        "datasets are removed after reading",
        remedy="Copy them to a folder and read that, or leave `lazy=` out.",
    )
