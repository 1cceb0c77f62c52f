"""`measure`: numbers of each segment, as a table and a report."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, Literal

from dicomseries import measurements, reading
from dicomseries.derivation import Inheritance, Model, SourceSeries
from dicomseries.errors import DicomSeriesError, OptionError, VerificationError
from dicomseries.event_log import LOGGER
from dicomseries.lazy_dataclass import dataclass
from dicomseries.metadata import Metadata
from dicomseries.options import WriteOptions, checked_options, load_mapping
from dicomseries.plan import SOFTWARE_VERSION
from dicomseries.progress_bar import ProgressReport, progress_report
from dicomseries.reports import MeasurementReceipt
from dicomseries.short_repr import whole_text
from dicomseries.sinks import stored_path
from dicomseries.sources import Volume
from dicomseries.standard.known_readers import DCMQI, HIGHDICOM, OHIF, listed
from dicomseries.uids import SeriesUids, make_uid, series_uids
from dicomseries.writing import open_source, target_at

__all__ = ["measure"]

_FILE = "0001.dcm"
_PERCENTILES = (10, 50, 90)
_PARAMETERS = (
    f"statistics by dicomseries {SOFTWARE_VERSION}",
    "standard deviation of the population (divided by the number of voxels)",
    "percentiles by linear interpolation",
)
_CONTENT_VERSION = b"dicomseries measurements 1"
"""Begins every digest. A change of what is hashed changes this, so that no UID is made twice."""
_UNKNOWN_VERSION = "not stated"
_OF_READERS = (
    f"{OHIF} lists a report on segments and cannot open it; {listed(HIGHDICOM, DCMQI)} read it, "
    "and so does dicomseries."
)
"""tests/interop/test_results_on_source.py and test_measurements.py."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Measured:
    """Numbers of segments, and what a report says about them.

    `receipt` is that of the numbers, as nothing is written yet; `choices` are the options that
    change them.
    """

    labels: measurements.SegmentationInput
    source: SourceSeries
    quantity: measurements.Quantity
    regions: tuple[measurements.ReportedRegion, ...]
    receipt: MeasurementReceipt
    choices: tuple[object, ...]


def measure(
    segmentation: reading.SeriesSource,
    *,
    source: reading.SeriesSource,
    out: str | os.PathLike[str] | None = None,
    series: str | None = None,
    source_series: str | None = None,
    time_point: int | None = None,
    threshold: float | None = None,
    resample: Literal["nearest"] | None = None,
    percentiles: Sequence[float] = _PERCENTILES,
    numbers: Mapping[Any, Any] | str | os.PathLike[str] | None = None,
    units: str | None = None,
    model: Mapping[str, str] | None = None,
    description: str | None = None,
    metadata: Mapping[str, Any] | str | os.PathLike[str] | None = None,
    uid: str | Mapping[str, str] = "random",
    now: Any = None,
    entropy: bytes | None = None,
    overwrite: bool = False,
    verify: bool = True,
    sync: bool = True,
    progress: ProgressReport | bool | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> MeasurementReceipt:
    """Measure each segment in its source, and write the report.

    Volume, mean, standard deviation, minimum, maximum and percentiles, of the source's real values
    in their unit.

    Parameters
    ----------
    segmentation : path-like, Series, SeriesVolume, or iterable of paths or datasets
        A Segmentation: its file or folder, or a folder with other series beside it; a URL; or what
        `read` returned.
    source : path-like, Series, SeriesVolume, or iterable of paths or datasets
        The series to measure in. Of a folder with several, the one that the Segmentation refers to.
    out : path-like, optional
        Folder of the report to make, or a URL. Without it numbers are returned and nothing is
        written.
    series : str, optional
        SeriesInstanceUID of the Segmentation, if there are several.
    source_series : str, optional
        SeriesInstanceUID of the source, if there are several.
    time_point : int, optional
        Index of the volume to measure, of a source with several; if not given, the only one whose
        images the Segmentation refers to.
    threshold : float, optional
        For a fractional Segmentation: the least fraction that counts as the segment.
    resample : {"nearest"}, optional
        For labels whose voxels do not coincide with those of the source: each voxel of the source
        takes the nearest label. The volume stays that of the Segmentation's voxels.
    percentiles : sequence of float
        From 0 to 100; 10, 50 (the median) and 90 if not given.
    numbers : mapping or path, optional
        Further numbers by segment (label or number) and name: ``{"Liver": {"Elasticity": (3.2,
        "kPa")}}``, with UCUM units (``"1"`` for none); or a TOML or JSON file of them. A name that
        pydicom's code dictionary knows gets its code, ``(value, scheme, meaning)`` is one; any
        other name gets a private code.
    units : str, optional
        UCUM code of the source's values, if it states none.
    model : mapping, optional
        The algorithm: ``name``, ``version``, ``manufacturer``.
    description : str, optional
        SeriesDescription of the report; "Measurements" if not given.
    metadata : mapping or path, optional
        Attributes of the report by DICOM keyword. Patient and study are those of the source.
    uid : str or mapping
        ``"random"``, ``"content"``, your UID root, or given UIDs, as in `write`.
    now : datetime, optional
        Date and time of the report; that of the clock if not given, but none with
        ``uid="content"``, which leaves dates to `metadata`.
    entropy : bytes, optional
        Random bytes for the UIDs; with `now` they make the report repeatable to the byte.
    overwrite : bool
        Replace a folder of DICOM files.
    verify : bool
        Read the report back, by other code than wrote it, and compare before it appears.
    sync : bool
        Make the file durable (fsync) before it appears.
    progress : bool or callable, optional
        True shows a bar; a callable is called as ``progress(done, total, "reading")``.
    storage_options : mapping, optional
        Of fsspec, for URLs.

    Returns
    -------
    MeasurementReceipt
        ``.table`` has the numbers as they are printed in the report (at most 16 characters), with
        segment, codes and unit; ``.table.to_csv()``. ``.advice`` says what was left out.

    Raises
    ------
    ReadError
        If there is no Segmentation or source, or they cannot be read.
    GeometryError
        If they lie in different spaces, or their voxels do not coincide without `resample`.
    OptionError, MetadataError
        If an argument is wrong.
    MissingPackageError
        If highdicom is not installed, and a report is to be written.
    TargetError, WriteError, VerificationError
        If the report cannot be written; nothing is left.

    Notes
    -----
    A Comprehensive 3D SR by TID 1500 with a measurement group (TID 1411) for each segment (PS3.16).
    The volume is the number of voxels × their size. Statistics leave out voxels outside of the
    source, padding (PixelPaddingValue), NaN and infinities; the advice counts them. They equal
    ``numpy.mean``, ``numpy.std`` (of the population, ``ddof=0``) and ``numpy.percentile`` (linear)
    of all voxels of a segment, and are computed slab by slab.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from dicomseries.api import write
    >>> array = np.arange(60, dtype="int16").reshape(3, 4, 5)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     ct, seg, report = (f"{folder}/{name}" for name in ("ct", "seg", "report"))
    ...     _ = write(array, ct, kind="CT", spacing=(1, 1, 2), metadata={"RescaleType": "HU"})
    ...     _ = write(array > 55, seg, kind="Segmentation", like=ct, segments={1: "Liver"})
    ...     receipt = measure(seg, source=ct, out=report, percentiles=[50])
    >>> print(receipt.table)
    Liver: Volume 8 mm3
    Liver: Attenuation Coefficient, Mean 57.5 [hnsf'U]
    Liver: Attenuation Coefficient, Standard Deviation 1.11803398874989 [hnsf'U]
    Liver: Attenuation Coefficient, Minimum 56 [hnsf'U]
    Liver: Attenuation Coefficient, Maximum 59 [hnsf'U]
    Liver: Attenuation Coefficient, Median 57.5 [hnsf'U]
    """
    started = time.perf_counter()
    target = None
    if out is not None:
        measurements.check_installed()
        target = target_at(out, storage_options)
        target.check(overwrite=overwrite, resume=False)
    try:
        source_files = _files_of(source, "source")
        arguments = {
            "kind": "Segmentation",  # of the input; it demands no further option
            "like": source_files,
            "model": model,
            "description": description,
            "metadata": metadata,
            "uid": uid,
            "now": now,
            "entropy": entropy,
        }
        options = checked_options(WriteOptions, arguments, verb="measure")
        values = {name: value for name, value in options.metadata.items() if value is not None}
        stated = Metadata.from_mapping(values)
        measured = _measured(
            segmentation,
            source_files,
            series=series,
            source_series=source_series,
            time_point=time_point,
            threshold=threshold,
            resample=resample,
            percentiles=percentiles,
            numbers=numbers,
            units=units,
            progress=progress,
            storage_options=storage_options,
        )
        encoded, receipt = b"", measured.receipt
        if target is not None:
            encoded, receipt = _encoded_report(measured, options, stated)
    except DicomSeriesError as error:
        LOGGER.info("measure: failed with the code %s", error.code)
        raise
    if target is None:
        return replace(receipt, seconds=time.perf_counter() - started)
    entry = {
        "SeriesInstanceUID": receipt.series_uid,
        "StudyInstanceUID": receipt.study_uid,
        "kind": "MeasurementReport",
        "folder": "",
        "files": 1,
    }
    with target.open_sink_of_objects(
        [entry], overwrite=overwrite, sync=sync, read_back=verify
    ) as sink:
        with stored_path(sink.put(_FILE, [encoded])) as path:
            if verify and path is not None:
                check_report(path, receipt)
        sink.commit()
    LOGGER.info("measure: published a report of %d numbers", len(receipt.table))
    seconds = time.perf_counter() - started
    return replace(receipt, out=target.where, verified=verify, seconds=seconds)


def _measured(
    segmentation: reading.SeriesSource,
    source_files: reading.SeriesFiles,
    *,
    series: str | None,
    source_series: str | None,
    time_point: int | None,
    threshold: float | None,
    resample: Literal["nearest"] | None,
    percentiles: Sequence[float],
    numbers: Mapping[Any, Any] | str | os.PathLike[str] | None,
    units: str | None,
    progress: ProgressReport | bool | None,
    storage_options: Mapping[str, Any] | None,
) -> _Measured:
    """Return the numbers of all segments; arguments as of `measure`."""
    started = time.perf_counter()
    parts = _checked_percentiles(percentiles)
    with ExitStack() as stack:
        report = stack.enter_context(progress_report(progress))
        labels_path = stack.enter_context(
            reading.local_files(_files_of(segmentation, "segmentation"), storage_options, report)
        )
        source_path = stack.enter_context(
            reading.local_files(source_files, storage_options, report)
        )
        labels = measurements.open_segmentation(labels_path, series=series, threshold=threshold)
        chosen = measurements.choose_source(source_path, labels, source_series)
        further = measurements.parse_numbers(
            load_mapping("numbers", numbers), list(labels.segments.values())
        )
        described = open_source(chosen)
        if time_point is None:
            time_point = measurements.volume_of_images(labels, described)
        values = measurements.open_values(chosen, time_point)
        quantity = measurements.quantity_of(described, units)
        placed, notes = measurements.on_source(labels, chosen, resample)
        notes = (*measurements.notes_of_gaps(values), *notes)
        slabs = measurements.AlignedSlabs(
            segmentation=placed,
            values=values,
            padding=measurements.padding_limits(described, time_point or 0),
            report=report,
        )
        LOGGER.info(
            "measure: opened %d segments on %d slices", len(labels.segments), labels.volume.slices
        )
        statistics = measurements.measure_regions(slabs, list(labels.segments), parts)
        statistics, voxels, notes = measurements.with_voxels_outside(labels, statistics, notes)
    regions = measurements.reported_regions(
        labels.segments,
        statistics,
        grid=labels.volume.grid,
        voxels=voxels,
        quantity=quantity,
        further=further,
    )
    advice = measurements.advice_on_measurements(labels, described, regions, statistics, quantity)
    receipt = MeasurementReceipt(
        table=measurements.table_of(regions),
        study_uid=described.study_uid,
        segmentation_uid=labels.instance.text("SOPInstanceUID"),
        source_series_uid=described.series_uid,
        seconds=time.perf_counter() - started,
        advice=(*notes, *advice),
    )
    return _Measured(
        labels=labels,
        source=described,
        quantity=quantity,
        regions=regions,
        receipt=receipt,
        choices=(time_point, threshold, resample),
    )


def _encoded_report(
    measured: _Measured, options: WriteOptions, stated: Metadata
) -> tuple[bytes, MeasurementReceipt]:
    """Return the report of numbers as a Part 10 file, and its receipt."""
    labels, source, quantity = measured.labels, measured.source, measured.quantity
    regions, receipt = measured.regions, measured.receipt
    content = (whole_text((options.content(), stated, regions, quantity, receipt.table.rows)),)
    identity = (receipt.segmentation_uid, sorted(source.uids), *measured.choices)
    uids, stated = _identified(source, options, stated, (*content, identity))
    header = measurements.report_header(
        source,
        measurements.source_slices(labels, source),
        uids=uids,
        metadata=stated,
        moment=options.now,
        description=options.description or "Measurements",
        model=options.model,
        left_out=frozenset(name for name, value in options.metadata.items() if value is None),
    )
    context = _context(labels, source, quantity, options.model, uids)
    encoded = measurements.encode_report(
        header,
        measurements.content_of(regions, context),
        _references(labels, source),
        regions,
        uids.study,
    )
    receipt = replace(
        receipt,
        study_uid=uids.study,
        series_uid=uids.series,
        instance_uid=uids.instance(0),
        bytes=len(encoded),
        advice=(*receipt.advice, *header.advice, _OF_READERS),
    )
    return encoded, receipt


def _files_of(series: Any, where: str) -> reading.SeriesFiles:
    """Return the files of a series; a volume's are those it was read from."""
    if isinstance(series, Volume) and getattr(series, "path", None):
        series = series.path  # type: ignore[attr-defined] # of a SeriesVolume
    return reading.parse_series_files(series, where)


def _checked_percentiles(percentiles: Any) -> tuple[float, ...]:
    """Return percentages from 0 to 100, each once."""
    is_list = isinstance(percentiles, Sequence) and not isinstance(percentiles, (str, bytes))
    numbers: list[float] = []
    for part in percentiles if is_list else ():
        is_number = isinstance(part, (int, float)) and not isinstance(part, bool)
        if is_number and 0 <= part <= 100 and part not in numbers:
            numbers.append(part)
    if is_list and len(numbers) == len(percentiles):
        return tuple(numbers)
    raise OptionError(
        code="percentiles-malformed",
        where="percentiles",
        given=repr(percentiles),
        expected="different numbers from 0 to 100",
        remedy="Pass `percentiles=(10, 50, 90)`, or `percentiles=()` for none.",
    )


def _identified(
    source: SourceSeries, options: WriteOptions, stated: Metadata, content: tuple[object, ...]
) -> tuple[SeriesUids, Metadata]:
    """Return the UIDs of the report, in the source's study, and its SeriesNumber."""
    # Other bytes than those of a Segmentation with the same `entropy=`.
    seed = options.entropy or whole_text(content).encode()
    entropy = hashlib.sha256(_CONTENT_VERSION + seed).digest()
    inheritance = Inheritance(
        study_uid=source.study_uid,
        frame_of_reference_uid=source.frame_of_reference_uid,
        source_number=source.number,
        source_uids=source.uids,
    )
    uids = inheritance.uids_in_study(series_uids(options.uid, entropy), options.uid)
    inheritance.check_new_uids(uids, 1)
    return uids, inheritance.with_series_number(stated, uids)


def _context(
    labels: measurements.SegmentationInput,
    source: SourceSeries,
    quantity: measurements.Quantity,
    model: Model | None,
    uids: SeriesUids,
) -> measurements.ReportContext:
    algorithm = model or Model(name="dicomseries", version=SOFTWARE_VERSION)

    def tracking_uid(number: int) -> str:
        return make_uid(uids.entropy, "tracking", number, root=uids.root)

    return measurements.ReportContext(
        procedure=quantity.procedure,
        segmentation_class_uid=labels.instance.sop_class_uid,
        segmentation_uid=labels.instance.text("SOPInstanceUID"),
        source_series_uid=source.series_uid,
        observer_uid=make_uid(b"dicomseries", "device observer"),
        observer_name="dicomseries",
        observer_version=f"dicomseries {SOFTWARE_VERSION}",
        algorithm_name=algorithm.name,
        algorithm_version=algorithm.version or _UNKNOWN_VERSION,
        algorithm_manufacturer=algorithm.manufacturer,
        parameters=_PARAMETERS,
        tracking_uid=tracking_uid,
    )


def _references(
    labels: measurements.SegmentationInput, source: SourceSeries
) -> tuple[measurements.ReferencedObjects, ...]:
    """Return the Segmentation and the images of the source."""
    segmentation = labels.instance
    images = []
    for frame in source.frames:
        if frame.sop_instance_uid:
            images.append((frame.sop_class_uid, frame.sop_instance_uid))
    return (
        measurements.ReferencedObjects(
            study_uid=labels.study_uid,
            series_uid=labels.series_uid,
            instances=((segmentation.sop_class_uid, segmentation.text("SOPInstanceUID")),),
        ),
        measurements.ReferencedObjects(
            study_uid=source.study_uid, series_uid=source.series_uid, instances=tuple(images)
        ),
    )


def check_report(path: Any, receipt: MeasurementReceipt) -> None:
    """Compare a written report with its table.

    Raises
    ------
    VerificationError
        If they differ.
    """
    table = measurements.table_of_report(reading.read_instance(str(path)))
    if table.rows == receipt.table.rows:
        return
    pairs = zip(table.rows, receipt.table.rows, strict=False)
    different = next((pair for pair in pairs if pair[0] != pair[1]), (None, None))
    raise VerificationError(
        code="report-differs",
        where=str(path),
        given=f"{len(table)} numbers, the first other one {different[0]}",
        expected=f"{len(receipt.table)} numbers, {different[1]}",
        remedy="Report this: the report is not published.",
    )
