"""`write`: the order of its stages."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Unpack

from dicomseries import api
from dicomseries.errors import DeliveryError, DicomSeriesError, SendInterrupted
from dicomseries.event_log import LOGGER, log_advice
from dicomseries.lazy_dataclass import dataclass
from dicomseries.options import (
    PlanKeywords,
    WriteKeywords,
    WriteOptions,
    checked_options,
    with_options,
)
from dicomseries.plan import SeriesPlan
from dicomseries.progress_bar import progress_report
from dicomseries.reports import Receipt
from dicomseries.short_repr import short_text
from dicomseries.sinks import Sink
from dicomseries.sources import MaskSource
from dicomseries.writing import (
    Job,
    Tally,
    WriteRequest,
    prepare,
    private_texts,
    target_at,
    verify_series,
    write_series,
)

if TYPE_CHECKING:
    from dicomseries.reports import SendReceipt
    from dicomseries.writing import KilledWrite, Target

__all__ = ["Derivation", "write", "written"]

_FREE_TEXTS = (
    "like",
    "metadata",
    "bids",
    "per_volume",
    "segments",
    "description",
    "derivation",
    "model",
    "keep_private",
)
"""Options whose texts are not logged."""


@with_options("write")
def write(
    source: MaskSource, out: str | os.PathLike[str], **keywords: Unpack[WriteKeywords]
) -> Receipt:
    """Write an array as DICOM, with all files or none.

    Parameters
    ----------
    source : array, path or Volume
        Axes (slices, rows, columns), volumes first, colour last; numpy, memmap, torch, h5py, zarr,
        dask, xarray, SimpleITK, nibabel, or a file of the formats in `open_volume`. Read a few
        slices at a time. For a Segmentation also masks on one grid: a mapping from name or label,
        a list, or a folder of their files.
    out : str or os.PathLike
        The folder to make; must not exist, or be empty. Or one file that ends with ``.zip`` or
        ``.tar``. Or a URL, such as ``s3://bucket/prefix``, below which nothing is yet:
        ``manifest.json`` is put there last, and readers take a prefix without one for incomplete.
        Or an archive, ``dicom://AET@host:port`` or
        ``https://host/dicom-web``: each instance is sent as soon as it was compared, and no file
        stays here.
    kind : str
        Only you know what the numbers are. One file for each slice: ``"CT"``, ``"MR"``,
        ``"PT"``, ``"SC"``; one file for all: ``"EnhancedCT"``, ``"EnhancedMR"``,
        ``"MultiframeSC"``, ``"XRay3D"``, ``"ParametricMap"``, ``"Segmentation"``. With `like`,
        the kind of that series if not given.
    values : policy or str
        ``"auto"`` (Exact for integers, else Rescale), `Exact`, `Rescale`, `Digits`, `Lossless`.
    nan : float, optional
        Real value for NaN and infinities; without it they are rejected.
    clip : tuple of float, optional
        Real values beyond (low, high) are set to the limit, and counted. For integers, a limit
        with a fraction counts as the next whole number inside.
    value_range : tuple of float, optional
        Real values between which all voxels lie (after `clip`), if you know them: floats and
        wide integers are then read once, and the window follows from at most an eighth of them.
        A voxel beyond is rejected while writing.
    units : str, optional
        UCUM code of the unit of the values, such as ``"mm2/s"``; written where the kind maps to
        real-world values.
    companion : bool
        Beside the lossless map of floats, write a classic series of 16 bits for display; they
        name each other.
    like : path-like, Volume, Series, or iterable of paths or datasets, optional
        The series that the array was made from: its folder or URL, the volume that `read`
        returned, a series of `scan`, its files, or pydicom datasets. Kind, grid, patient,
        study, frame of reference and other attributes that stay true are taken over, and its
        slices are referenced one by one.
    series : str, optional
        SeriesInstanceUID in `like`, if there are several.
    derivation : str or sequence, optional
        What was done: code, name or (value, scheme, meaning) of CID 7203, such as ``"113087"``
        or ``"smoothing"``.
    description : str, optional
        SeriesDescription of the result.
    model : mapping, optional
        An algorithm that took part: ``name``, ``version``, ``manufacturer``.
    keep_private : sequence of str
        Creators of private attributes that are taken over from `like`.
    same_space : bool, optional
        Whether the array lies in the space of `like`. If not given, it is assumed to, unless
        its file states a template space (MNI, Talairach), which is rejected. False gives the
        result a new frame of reference.
    spacing : sequence of float, optional
        mm along x (columns), y (rows), z (slices), as in ITK. Kinds ``"SC"`` and
        ``"MultiframeSC"`` can do without, and then state neither spacing nor position.
    origin : sequence of float, optional
        LPS mm of the centre of the first voxel, as in ITK.
    direction : array_like, optional
        Nine direction cosines, or six as in ImageOrientationPatient.
    affine : array_like, optional
        4×4, from (column, row, slice) indices to mm; with `space`.
    space : {"LPS", "RAS"}, optional
        The frame of `affine`.
    positions : array_like or path, optional
        Places of slices that are not even: LPS mm of the first voxel of each, shape (slices,
        3), instead of `origin`; or a distance along the normal for each. `spacing` then has the
        thickness of the slices as z. Also a .npy, .csv, .txt or .json file.
    axes : str, optional
        Names of the axes of the array, e.g. ``"zyx"`` (default), ``"xyz"`` (nibabel),
        ``"zyxc"`` (colour), ``"tzyx"``. Of a segmentation, ``c`` counts masks: ``"czyx"``.
    orient : {"as-is", "upright", "axial", "coronal", "sagittal"}, optional
        Order in which whole axes are stored; nothing is interpolated. ``"upright"`` keeps the
        slices, and rows and columns run the usual way; a plane may make other slices. If not
        given: the grid of `like` if the voxels are the same, ``"upright"`` for images that
        state directions (NIfTI, SimpleITK, NRRD), ``"as-is"`` for arrays.
    times : float or sequence of float, optional
        Seconds from each volume to the next, or of each volume after the first; those of the
        file if not given.
    time_point : int, optional
        Index of the only volume to write of an array with an axis t; all of them if not given.
    part : {"magnitude", "phase", "real", "imaginary"}, optional
        Which part of complex numbers to write. Of MR it is named by ComplexImageComponent; the
        phase is in radians.
    split : {"time"}, optional
        One series for each volume, each in its folder, instead of all in one.
    per_volume : mapping or path, optional
        Attributes by keyword with a list of values, one for each volume or slice: b-values,
        echo times.
    segments : mapping, list or path, optional
        Meaning of the labels of a segmentation: label, or name of a mask, → name or fields; of
        channels their index. A list names the labels 1, 2, 3 …, or each mask; None leaves a
        mask out. Also nnU-Net's ``dataset.json``. Known names become codes.
    segmentation_type : {"binary", "labelmap", "fractional"}, optional
        How a segmentation is stored; ``"binary"`` if not given. ``"fractional"`` keeps parts or
        probabilities from 0 to 1, to 1/255.
    threshold : float, optional
        Least value of a voxel inside of a mask, for probabilities; SegmentDescription says it.
    metadata : mapping or path, optional
        Attributes by DICOM keyword (a private one as ``"(0099,1001) CREATOR"``), or a pydicom
        Dataset; or a TOML or JSON file of them. None leaves out what `like` holds; without
        `like` the attribute is empty.
    bids : mapping or path, optional
        A BIDS sidecar (the .json beside a NIfTI file). Names and units are converted: seconds
        to milliseconds. `metadata` wins; keys without a place in DICOM are named in the advice.
    uid : str or mapping
        ``"random"``, ``"content"``, your UID root, or given UIDs.
    now : datetime, optional
        Date and time of the series; that of the clock if not given, but none with
        ``uid="content"``, which leaves dates to `metadata`.
    entropy : bytes, optional
        Random bytes for the UIDs; with `now` it makes a write repeatable to the byte.
    compression : codec or str, optional
        Lossless: `Rle`, `JpegLs`, `Jpeg2000`, `Htj2k`, `JpegXl`, or ``"rle"``, ``"jpegls"``,
        ``"j2k"``, ``"htj2k"``, ``"jxl"``; none if not given.
    workers : int, optional
        Threads; one for each processor if not given. The files do not depend on it.
    memory : int or str, optional
        For the slabs of all threads: bytes, or ``"200 MB"``, ``"2GiB"``. A quarter of the free
        memory, at most 512 MiB, if not given. Chunks that are too deep for it are read up to
        four times, or copied once to the folder for temporary files; `advice` says so.
    executor : distributed.Client, optional
        A Dask cluster that works instead of threads: its workers have this package and see the
        same files.
    overwrite : bool
        Replace a folder or archive of DICOM files.
    resume : bool
        Continue a write to `out` that was killed, given the same input and options: its
        complete files are kept, and the result is the same as without the kill. If there is
        none, begin anew.
    verify : bool
        Read every file back, by other code than wrote it, and compare before anything appears.
    sync : bool
        Make the files durable (fsync) before they appear.
    dicomdir : bool
        Make a DICOM File-set, as on a CD: a DICOMDIR at the root, and the names of files that
        it demands. In a folder, ``.zip`` or ``.tar``.
    progress : bool or callable, optional
        True shows a bar on stderr, on a terminal or in a notebook. A callable is called as
        ``progress(done, total, what)``, with slices and ``"reading"``, ``"copying"`` or
        ``"writing"``.
    storage_options : mapping, optional
        Options of fsspec, for URLs; by default its configuration and the environment. They are
        never written to a file.

    Returns
    -------
    Receipt
        UIDs, size, value map, proven and achieved error, advice.

    Raises
    ------
    GeometryError, ValuesError, MetadataError, KindError, OptionError, SourceError
        If the input is rejected: nothing was written.
    MissingPackageError
        If a format or codec needs an optional package.
    TargetError
        If `out` is not free, or the disk is full.
    WriteError, VerificationError
        If writing failed half way; nothing is left.
    NetworkError, DeliveryError
        If the archive cannot be reached, or does not take every instance; ``error.receipt`` of the
        second lists those that it has kept.

    Notes
    -----
    Explicit VR Little Endian (PS3.5 section A.2), compressed pixels in fragments of a frame each
    (section A.4); PS3.3 annex A of the kind, PS3.10 files.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     array = np.arange(60, dtype="int16").reshape(3, 4, 5)
    ...     receipt = write(array, folder, kind="CT", spacing=(2.5, 3.5, 4.5))
    >>> receipt.files, receipt.max_error, receipt.verified
    (3, 0.0, True)
    """
    with progress_report(keywords.get("progress")) as report:
        keywords["progress"] = report
        try:
            return written(partial(prepare, source), out, keywords, source=source)
        except DicomSeriesError as error:
            LOGGER.info("write: failed with the code %s", error.code)
            raise


def written(
    plan_jobs: Callable[[WriteOptions], tuple[WriteRequest, tuple[Job, ...]]],
    out: str | os.PathLike[str],
    keywords: WriteKeywords,
    *,
    source: object = None,
) -> Receipt:
    """Write as `write`, with its stages in order.

    Parameters
    ----------
    plan_jobs : callable
        From the checked options to the request and the planned series.
    out : str or os.PathLike
        As in `write`.
    keywords : dict
        Options of `write`.
    source : object
        The input, whose texts are not logged.
    """
    started = time.perf_counter()
    target = target_at(
        out, keywords.get("storage_options"), dicomdir=keywords.get("dicomdir", False)
    )
    killed = target.check(
        overwrite=keywords.get("overwrite", False), resume=keywords.get("resume", False)
    )
    if killed is not None:
        keywords["entropy"] = keywords.get("entropy") or killed.record.entropy
        keywords["now"] = keywords.get("now") or killed.record.now
    options = checked_options(WriteOptions, keywords)
    request, jobs = plan_jobs(options)
    log_plans(jobs, options)
    files = _write_files(target, request, jobs, killed)
    seconds = time.perf_counter() - started
    receipts: list[Receipt] = []
    for job, tally in zip(jobs, files.tallies, strict=True):
        receipt = _receipt(target, job, tally, verified=options.verify, seconds=seconds)
        receipts.append(receipt)
    log_advice_of(jobs, source, keywords)
    return replace(receipts[0], others=tuple(receipts[1:]), delivery=files.delivery)


@dataclass(frozen=True, slots=True, kw_only=True)
class _WrittenFiles:
    """Sums of each series; of an archive also its answers."""

    tallies: tuple[Tally, ...]
    delivery: SendReceipt | None = None


def _write_files(
    target: Target, request: WriteRequest, jobs: Sequence[Job], killed: KilledWrite | None
) -> _WrittenFiles:
    """Write, verify and publish the files of all series."""
    options = request.options
    tallies: list[Tally] = []
    count = sum(len(job.plan) for job in jobs)
    since = time.perf_counter()
    sink = target.open_sink(request, jobs, killed)
    try:
        with sink:
            for job in jobs:
                tally = write_series(
                    job, sink, request, read_back=options.verify, resumes=killed is not None
                )
                if options.verify:
                    verify_series(job, tally, request.inheritance)
                tallies.append(tally)
            size = sum(tally.size for tally in tallies)
            seconds = time.perf_counter() - since
            LOGGER.info("write: wrote %d files of %d bytes in %.2f s", count, size, seconds)
            if options.verify:
                error = max(tally.error for tally in tallies)
                LOGGER.info("write: verified %d files, largest error %g", count, error)
            sink.commit()
    except (DeliveryError, SendInterrupted) as failure:
        failure.receipt = _delivery(sink, target.where, since)
        raise
    LOGGER.info("write: published")
    delivery = _delivery(sink, target.where, since)
    return _WrittenFiles(tallies=tuple(tallies), delivery=delivery)


def _delivery(sink: Sink, where: str, since: float) -> SendReceipt | None:
    """Return what an archive answered; None for other targets."""
    if not hasattr(sink, "statuses"):
        return None
    from dicomseries.api.delivery.send import receipt_of  # noqa: PLC0415 - of archives alone
    from dicomseries.reports import SendReceipt  # noqa: PLC0415

    sent: Any = sink
    return SendReceipt(
        to=where,
        instances=receipt_of(sent.instances, sent.statuses, sent.present),
        seconds=time.perf_counter() - since,
    )


def _names_of_masks(source: object) -> list[str]:
    """Return the names in a mapping or folder of masks, which may name a patient."""
    if isinstance(source, Mapping):
        return list(map(str, source))
    if not isinstance(source, (str, os.PathLike)) or not os.path.isdir(source):  # noqa: PTH112
        return []
    return [name.partition(".")[0] for name in os.listdir(source)]  # noqa: PTH208


def log_advice_of(
    jobs: Sequence[Job], source: object, keywords: WriteKeywords | PlanKeywords
) -> None:
    """Log the advice about all series, without texts of the user."""
    names_of_masks = _names_of_masks(source)
    for job in jobs:
        texts = private_texts(job.plan, source, names_of_masks, *map(keywords.get, _FREE_TEXTS))
        log_advice(job.plan.advice, texts)


def log_plans(jobs: Sequence[Job], options: WriteOptions, verb: str = "write") -> None:
    """Log what is planned."""
    for job in jobs:
        series, slabs = job.plan, job.volume.slabs
        LOGGER.info(
            "%s: opened an array of %s, %s", verb, "x".join(map(str, slabs.shape)), slabs.dtype
        )
        LOGGER.info("%s: planned %d files of kind %s", verb, len(series), series.kind)
        LOGGER.debug(
            "%s: %s stored as %s with slope %s and intercept %s, error at most %g",
            verb,
            series.value_map.policy.partition("(")[0],
            series.value_map.dtype,
            series.value_map.slope,
            series.value_map.intercept,
            series.value_map.max_error,
        )
        LOGGER.debug(
            "%s: grid %s, transfer syntax %s, %d slabs, verify %s, sync %s, resume %s",
            verb,
            "x".join(map(str, series.grid.shape)),
            series.transfer_syntax_uid,
            len(job.slabs),
            options.verify,
            options.sync,
            options.resume,
        )


def _receipt(target: Target, job: Job, tally: Tally, *, verified: bool, seconds: float) -> Receipt:
    series = job.plan
    return Receipt(
        out=target.place_of(series.folder) if series.folder else target.where,
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Derivation:
    """An array and its source series, ready to be written.

    Parameters
    ----------
    array : array, path or Volume
        The result.
    options : dict
        The keyword arguments of `dicomseries.write`, `like` among them.

    Examples
    --------
    >>> from dicomseries.api import read
    >>> from pydicom.data import get_testdata_file
    >>> volume = read(get_testdata_file("CT_small.dcm"))
    >>> volume.derive(volume.array // 2, description="Halved")
    Derivation of (1, 128, 128) with like, axes, description
    """

    array: MaskSource
    options: WriteKeywords

    def __repr__(self) -> str:
        shape = getattr(self.array, "shape", type(self.array).__name__)
        names = [name for name, value in self.options.items() if value is not None]
        return short_text(f"Derivation of {shape} with {', '.join(names)}")

    @with_options("write")
    def write(self, out: str | os.PathLike[str], **options: Unpack[WriteKeywords]) -> Receipt:
        """Write the derived series; options as in `dicomseries.write`."""
        return write(self.array, out, **(self.options | options))

    @with_options("plan")
    def plan(self, **options: Unpack[PlanKeywords]) -> SeriesPlan:
        """Return the plan of `write`; options as in `dicomseries.plan`."""
        return api.plan(self.array, **(self.options | options))
