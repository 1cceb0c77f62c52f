"""`write` and `plan`: every argument, and the order of the stages."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from dicomseries.codecs import Codec
from dicomseries.options import MappingLike, MetadataLike, Progress
from dicomseries.plan import SeriesPlan
from dicomseries.reports import Receipt
from dicomseries.uids import UidPolicy
from dicomseries.values import Policy
from dicomseries.writing import (
    DerivationLike,
    Job,
    Record,
    Tally,
    like_of,
    prepare,
    refuse_another,
    target_at,
    verify_series,
    with_others,
    write_series,
)

__all__ = ["plan", "write"]


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
    orient: str | None = None,
    time_point: int | None = None,
    times: float | Sequence[float] | None = None,
    like: str | os.PathLike[str] | None = None,
    series: str | None = None,
    same_space: bool | None = None,
    derivation: DerivationLike = None,
    description: str | None = None,
    model: Mapping[str, str] | None = None,
    keep_private: Sequence[str] = (),
    values: Policy | str = "auto",
    nan: float | None = None,
    clip: tuple[float, float] | None = None,
    value_range: tuple[float, float] | None = None,
    units: str | None = None,
    metadata: MetadataLike = None,
    bids: MappingLike = None,
    per_volume: MappingLike = None,
    split: str | None = None,
    companion: bool = False,
    segments: Any = None,
    segmentation_type: str | None = None,
    compression: Codec | str | None = None,
    uid: str | Mapping[str, str] | UidPolicy = "random",
    now: dt.datetime | None = None,
    entropy: bytes | None = None,
    workers: int | None = None,
    executor: Any = None,
    memory: int | str | None = None,
    overwrite: bool = False,
    resume: bool = False,
    verify: bool = True,
    sync: bool = True,
    progress: Progress | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> Receipt:
    """Write an array as a DICOM series, or as several of one study and space, whole or not at all.

    Parameters
    ----------
    source : array, path or Volume
        Axes (slices, rows, columns), volumes first, colour last; numpy, memmap, torch, h5py, zarr, dask, xarray,
        SimpleITK, nibabel, or a file of the formats in `open_volume`. Read a few slices at a time.
    out : path-like
        The folder to make; must not exist, or be empty. Or a URL, such as ``s3://bucket/prefix``, below which nothing
        is yet: ``manifest.json`` is put there last, and readers take what has none for incomplete.
    kind : str
        Only you know what the numbers are. One file a slice: ``"CT"``, ``"MR"``, ``"PT"``, ``"SC"``; one file for all:
        ``"EnhancedCT"``, ``"EnhancedMR"``, ``"MultiframeSC"``, ``"XRay3D"``, ``"ParametricMap"``, ``"Segmentation"``.
    spacing, origin : sequence of float, optional
        mm along x (columns), y (rows), z (slices), and LPS mm of the first voxel, as ITK has them. Kinds ``"SC"`` and
        ``"MultiframeSC"`` can do without, and then state no spacing and no place.
    direction : array_like, optional
        Nine direction cosines, or six as ImageOrientationPatient.
    affine : array_like, optional
        4×4, from (column, row, slice) indices to mm; with `space`.
    space : {"LPS", "RAS"}, optional
        The frame of `affine`.
    axes : str, optional
        Names the axes of the array, e.g. ``"zyx"`` (default), ``"xyz"`` (nibabel), ``"zyxc"`` (colour), ``"tzyx"``.
    orient : {"as-is", "upright", "axial", "coronal", "sagittal"}, optional
        Order in which whole axes are stored; nothing is interpolated. ``"upright"`` keeps the slices and lets rows and
        columns run the usual way; a plane may make other slices. If not given: the grid of `like` where the voxels are
        its own, ``"upright"`` for images with directions of their own (NIfTI, SimpleITK, NRRD), ``"as-is"`` for arrays.
    time_point : int, optional
        Which one of an array with an axis t; all of them if not given.
    times : float or sequence of float, optional
        Seconds from each volume to the next, or of each volume after the first; what the file says if not given.
    like : path-like, optional
        Folder or URL of the series that the array was made from: kind, grid, patient, study, frame of reference and
        what else stays true are taken from it, and it is referred to slice by slice.
    series : str, optional
        SeriesInstanceUID in `like`, where there are several.
    same_space : bool, optional
        Whether the array stands in the space of `like`. If not given it is taken to, unless its file states template
        space (MNI, Talairach), which is rejected. False gives it a frame of reference of its own.
    derivation : str or sequence, optional
        What was done: code, name or (value, scheme, meaning) of CID 7203, such as ``"113087"`` or ``"smoothing"``.
    description : str, optional
        SeriesDescription of the result.
    model : mapping, optional
        Of an algorithm that took part: ``name``, ``version``, ``manufacturer``.
    keep_private : sequence of str
        Creators whose private attributes are taken over from `like`.
    values : policy or str
        ``"auto"`` (Exact for integers, else Rescale), `Exact`, `Rescale`, `Digits`, `Lossless`.
    nan : float, optional
        Real value for NaN and infinities; without it they are refused.
    clip : tuple of float, optional
        Real values beyond (low, high) are set to the limit, and counted. Of integers a limit with a fraction counts as
        the next whole number inside.
    value_range : tuple of float, optional
        Real values between which all voxels lie (after `clip`), where you know it: floats and wide integers are then
        read once, and the window follows from an eighth of them at most. A voxel beyond is refused while writing.
    units : str, optional
        UCUM code of the unit of the values, such as ``"mm2/s"``; written where the kind maps to real-world values.
    metadata : mapping or path, optional
        Attributes by DICOM keyword (a private one as ``"(0099,1001) CREATOR"``), or a pydicom Dataset; or a TOML or
        JSON file of them. None leaves out what `like` holds, else it is zero length.
    bids : mapping or path, optional
        A BIDS sidecar (the .json beside a NIfTI file), whose names and units are converted: seconds to milliseconds.
        `metadata` wins; keys without a place in DICOM are named in the advice.
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
    compression : codec or str, optional
        Lossless: `Rle`, `JpegLs`, `Jpeg2000`, `Htj2k`, `JpegXl`, or ``"rle"``, ``"jpegls"``, ``"j2k"``, ``"htj2k"``,
        ``"jxl"``; none if not given.
    uid : str or mapping
        ``"random"``, ``"content"``, a root of your own, or given UIDs.
    now : datetime, optional
        Date and time of the series; the clock's, except with ``uid="content"``, which leaves dates to `metadata`.
    entropy : bytes, optional
        Chance for the UIDs; with `now` it makes a write repeatable to the byte.
    workers : int, optional
        Threads; every processor if not given. The files do not depend on it.
    executor : distributed.Client, optional
        A Dask cluster that works instead of threads: its workers have this package and see the same files.
    memory : int or str, optional
        For the slabs of all threads: bytes, or ``"200 MB"``, ``"2GiB"``. A quarter of what is free, 512 MiB at most, if
        not given. Chunks that are too deep for it are read up to four times, or copied once to the folder for
        temporary files; `advice` says so.
    overwrite : bool
        Replace a folder of DICOM files.
    resume : bool
        Go on with a write to `out` that was killed, given the same input and options: its whole files are kept, and
        the result is what it would have made. If there is none, begin anew.
    verify : bool
        Read every file back, by other code than wrote it, and compare before anything is shown.
    sync : bool
        Make the files durable (fsync) before they are shown.
    progress : callable, optional
        Called as ``progress(done, total, what)``.
    storage_options : mapping, optional
        Of fsspec, for URLs; by default its configuration and the environment. They are written nowhere.

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
    Explicit VR Little Endian (PS3.5 section A.2), compressed pixels in fragments of a frame each (section A.4); PS3.3
    annex A of the kind, PS3.10 files.

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
    target = target_at(out, storage_options)
    target.check(overwrite=overwrite, resume=resume)
    found = target.find() if resume else None
    if found is not None:
        entropy, now = entropy or found[1].entropy, now or found[1].now
    request, jobs = prepare(
        source,
        like_of(
            like,
            series=series,
            same_space=same_space,
            derivation=derivation,
            description=description,
            model=model,
            keep_private=keep_private,
        ),
        {
            "spacing": spacing,
            "origin": origin,
            "direction": direction,
            "affine": affine,
            "space": space,
            "axes": axes,
            "time_point": time_point,
            "times": times,
            "storage_options": storage_options,
        },
        kind=kind,
        values=values,
        nan=nan,
        clip=clip,
        value_range=value_range,
        metadata=metadata,
        bids=bids,
        uid=uid,
        now=now,
        entropy=entropy,
        workers=workers,
        executor=executor,
        memory=memory,
        progress=progress,
        per_volume=per_volume,
        split=split,
        companion=companion,
        units=units,
        segments=segments,
        segmentation_type=segmentation_type,
        compression=compression,
        orient=orient,
    )
    record = Record.of(request, jobs)
    if found is None:
        target.check_space(jobs)
    else:
        refuse_another(found[1], record, target.where)
    tallies = []
    with target.sink(
        jobs,
        record,
        None if found is None else found[0],
        overwrite=overwrite,
        sync=sync,
        read_back=verify,
        resumes=found is not None,
    ) as sink:
        for job in jobs:
            tallies.append(
                write_series(job, sink, request, read_back=verify, resumes=found is not None)
            )
            if verify:
                verify_series(job, tallies[-1], request.lineage)
        sink.commit()
    seconds = time.perf_counter() - started
    first, *others = (
        _receipt(target.where, job, tally, verified=verify, seconds=seconds)
        for job, tally in zip(jobs, tallies, strict=True)
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
    orient: str | None = None,
    time_point: int | None = None,
    times: float | Sequence[float] | None = None,
    like: str | os.PathLike[str] | None = None,
    series: str | None = None,
    same_space: bool | None = None,
    derivation: DerivationLike = None,
    description: str | None = None,
    model: Mapping[str, str] | None = None,
    keep_private: Sequence[str] = (),
    values: Policy | str = "auto",
    nan: float | None = None,
    clip: tuple[float, float] | None = None,
    value_range: tuple[float, float] | None = None,
    units: str | None = None,
    metadata: MetadataLike = None,
    bids: MappingLike = None,
    per_volume: MappingLike = None,
    split: str | None = None,
    companion: bool = False,
    segments: Any = None,
    segmentation_type: str | None = None,
    compression: Codec | str | None = None,
    uid: str | Mapping[str, str] | UidPolicy = "random",
    now: dt.datetime | None = None,
    entropy: bytes | None = None,
    workers: int | None = None,
    executor: Any = None,
    memory: int | str | None = None,
    progress: Progress | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> SeriesPlan:
    """Return what `write` would write, having read the source once and written nothing.

    Parameters
    ----------
    source, kind, spacing, origin, direction, affine, space, axes, orient, time_point, times, units
        As in `write`.
    values, nan, clip, value_range
        As in `write`.
    like, series, same_space, derivation, description, model, keep_private
        As in `write`.
    per_volume, split, companion, segments, segmentation_type, compression
        As in `write`.
    metadata, bids, uid, now, entropy, workers, executor, memory, progress, storage_options
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
    _, jobs = prepare(
        source,
        like_of(
            like,
            series=series,
            same_space=same_space,
            derivation=derivation,
            description=description,
            model=model,
            keep_private=keep_private,
        ),
        {
            "spacing": spacing,
            "origin": origin,
            "direction": direction,
            "affine": affine,
            "space": space,
            "axes": axes,
            "time_point": time_point,
            "times": times,
            "storage_options": storage_options,
        },
        kind=kind,
        values=values,
        nan=nan,
        clip=clip,
        value_range=value_range,
        metadata=metadata,
        bids=bids,
        uid=uid,
        now=now,
        entropy=entropy,
        workers=workers,
        executor=executor,
        memory=memory,
        progress=progress,
        per_volume=per_volume,
        split=split,
        companion=companion,
        units=units,
        segments=segments,
        segmentation_type=segmentation_type,
        compression=compression,
        orient=orient,
    )
    return with_others(jobs)


def _receipt(folder: str, job: Job, tally: Tally, *, verified: bool, seconds: float) -> Receipt:
    series = job.plan
    return Receipt(
        out=os.path.join(folder, series.folder) if series.folder else folder,  # noqa: PTH118 - as it was given
        kind=series.kind,
        study_uid=series.uids.study,
        series_uid=series.uids.series,
        frame_of_reference_uid=series.frame_of_reference_uid,
        files=len(series),
        bytes=tally.size,
        grid=series.grid,
        volumes=series.extent.volumes,
        dtype=series.value_map.dtype,
        slope=series.value_map.slope,
        intercept=series.value_map.intercept,
        max_error=series.value_map.max_error,
        achieved_error=tally.error,
        value_range=series.value_map.value_range,
        clipped=tally.clipped,
        replaced=tally.replaced,
        verified=verified,
        seconds=seconds,
        advice=series.advice,
    )
