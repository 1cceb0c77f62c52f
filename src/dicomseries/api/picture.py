"""`picture`: a result drawn on its source, as images that every PACS shows."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import warnings
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Any, Literal

import numpy as np

from dicomseries import pictures, viewing
from dicomseries.api.write import written
from dicomseries.errors import DicomSeriesError, DicomSeriesWarning, OptionError
from dicomseries.event_log import LOGGER
from dicomseries.lazy_dataclass import dataclass
from dicomseries.options import MappingLike, Progress, WriteKeywords, WriteOptions, load_mapping
from dicomseries.pictures import PictureSlices, PictureStyle, ResultOnSource
from dicomseries.progress_bar import progress_report
from dicomseries.reading import (
    LocalFiles,
    Series,
    SeriesSource,
    SeriesTags,
    local_files,
    name_of_files,
    parse_series_files,
    scan,
    select_images,
)
from dicomseries.reports import Receipt
from dicomseries.sources import Volume
from dicomseries.writing import DrawnImage, Job, WriteRequest, prepare

__all__ = ["picture"]

_SAME = {"PatientID": "patient", "FrameOfReferenceUID": "frame of reference"}
"""Attributes that result and source have in common."""
_ON_GRID = 0.01
"""Largest distance of a slice of the result from one of the source, as a part of it."""
_LONGEST_DESCRIPTION = 64
"""Characters of a LO (PS3.5 section 6.2)."""


def picture(
    result: SeriesSource | Volume,
    source: SeriesSource | Volume,
    out: str | os.PathLike[str],
    *,
    slices: PictureSlices | None = None,
    window: tuple[float, float] | str | None = None,
    fill: float | None = None,
    outline: bool = True,
    value_range: tuple[float, float] | None = None,
    color_map: Literal["hot-iron", "viridis", "blue-red"] = "hot-iron",
    legend: bool = True,
    title: str | None = None,
    time_point: int | None = None,
    result_series: str | None = None,
    series: str | None = None,
    description: str | None = None,
    metadata: MappingLike | None = None,
    uid: str | Mapping[str, str] = "random",
    now: dt.datetime | None = None,
    entropy: bytes | None = None,
    compression: Any = None,
    workers: int | None = None,
    memory: int | str | None = None,
    overwrite: bool = False,
    resume: bool = False,
    verify: bool = True,
    sync: bool = True,
    progress: Progress | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> Receipt:
    """Draw a result on its source, as a colour series with a legend.

    Each slice of the source becomes one RGB image, in the study and on the place of the source.
    Its first rows and columns are those of the source, voxel by voxel; the legend is beside
    them and covers nothing. Names of segments are part of the image, patient data never are.

    Parameters
    ----------
    result : path-like, Volume, Series, or iterable of paths or datasets
        A Segmentation in the colours of its segments; or a Parametric Map or another series of
        numbers, in colours from low to high. Its voxels lie on those of the source.
    source : path-like, Volume, Series, or iterable of paths or datasets
        The series that it was made from.
    out : str or os.PathLike
        The folder to make, or a URL, as in `write`.
    slices : "all", "result", "key", slice, range, whole number or whole numbers, optional
        All slices if not given; from the first to the last that shows the result; for each
        segment the one where it is largest; or as in `read`. Key slices at uneven distances are
        a series each, in folders such as ``slice-0012``.
    window : tuple of float or str, optional
        Centre and width of the source, in its real values; or ``"Lung"``, ``"Bone"``,
        ``"Brain"``, ``"Soft tissue"`` (CT). That of the source if not given.
    fill : float, optional
        Opacity of the colours, 0 to 1; 0.35 for segments and 0.5 for numbers if not given. A
        fractional segment has that part of it.
    outline : bool
        Whether the outermost voxels of each segment have its full colour.
    value_range : tuple of float, optional
        Real values of the result at the ends of the colour map; its window if not given.
    color_map : {"hot-iron", "viridis", "blue-red"}
        The colour map of numbers. Voxels at the low end and below are left clear, except of
        ``"blue-red"``.
    legend : bool
        Whether colours and names, or the scale and its unit, are drawn beside the image, with the
        sides of the patient and the window. It needs pillow.
    title : str, optional
        First line of the legend. It is part of the image: name no patient.
    time_point : int, optional
        Index of the volume to draw, of a source or result that has several.
    result_series, series : str, optional
        SeriesInstanceUID of result and source, where a folder has several.
    description : str, optional
        SeriesDescription; if not given, "Picture of" the title or the description of the result.
    metadata, uid, now, entropy, compression, workers, memory, overwrite, resume, verify, sync, \
progress, storage_options
        As in `write`.

    Returns
    -------
    Receipt
        Of the series of kind SC; further series of key slices in ``.others``.

    Raises
    ------
    OptionError
        If the voxels of the result do not lie on those of the source, if it is of another
        patient or frame of reference, or if an option is wrong.
    ReadError
        If there is no such series, or it is no regular grid.
    MissingPackageError
        If the legend needs pillow, and it is not installed.
    DicomSeriesError
        As `write` does.

    Notes
    -----
    Secondary Capture (PS3.3 A.8) with ImageType DERIVED, SECONDARY and the plane of the source
    (C.7.6.2). Source and result are named in SourceImageSequence and ReferencedSeriesSequence.
    BurnedInAnnotation is NO (C.7.6.1.1.5): the legend identifies no patient. Colours of segments
    are RecommendedDisplayCIELabValue as sRGB.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from pathlib import Path
    >>> from dicomseries.api import read, write
    >>> with tempfile.TemporaryDirectory() as name:
    ...     ct, map_, drawn = (Path(name, part) for part in ("ct", "map", "drawn"))
    ...     voxels = np.zeros((3, 40, 50), "int16")
    ...     _ = write(voxels, ct, kind="CT", spacing=(1, 1, 2))
    ...     _ = write(voxels + 0.5, map_, kind="ParametricMap", like=ct, units="1")
    ...     receipt = picture(map_, ct, drawn, value_range=(0, 1), legend=False)
    ...     receipt.kind, receipt.files, read(drawn).shape
    ('SC', 3, (3, 40, 50, 3))
    """
    style = pictures.parse_style(
        window=window,
        fill=fill,
        outline=outline,
        value_range=value_range,
        color_map=color_map,
        legend=legend,
        title=title,
    )
    chosen = pictures.parse_slices(slices)
    if style.legend:
        pictures.check_pillow("the legend of a picture (`legend=`)")
    keywords = WriteKeywords(
        kind="SC",
        description=description,
        metadata={},
        uid=uid,
        now=now,
        entropy=entropy,
        compression=compression,
        workers=workers,
        memory=memory,
        overwrite=overwrite,
        resume=resume,
        verify=verify,
        sync=sync,
        storage_options=storage_options,
    )
    result_files = _files_of(result, "result")
    source_files = _files_of(source, "source")
    with progress_report(progress) as report, ExitStack() as stack:
        keywords["progress"] = report
        try:
            drawn = _opened(
                stack.enter_context(local_files(result_files, storage_options, report)),
                stack.enter_context(local_files(source_files, storage_options, report)),
                result_series or _series_of(result),
                series or _series_of(source),
                time_point=time_point,
                style=style,
            )
            keywords["like"] = drawn.source_series
            keywords["metadata"] = _attributes(drawn, metadata)
            keywords["description"] = description or _described(drawn, style.title)
            advice: list[str] = []
            receipt = written(
                partial(_planned, drawn, style, chosen, advice), out, keywords, source=title
            )
        except DicomSeriesError as error:
            LOGGER.info("picture: failed with the code %s", error.code)
            raise
    LOGGER.info("picture: drew %d slices", sum(part.files for part in receipt.every))
    return replace(receipt, advice=tuple(dict.fromkeys((*advice, *receipt.advice))))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _DrawnSeries:
    """A result on its source, and the series of both."""

    placed: ResultOnSource
    result_series: Series
    source_series: Series


def _files_of(series: SeriesSource | Volume, where: str) -> Any:
    if not isinstance(series, Volume):
        return parse_series_files(series, where)
    path = getattr(series, "path", None)
    if path:
        return path
    raise OptionError(
        code="not-a-series",
        where=where,
        given=f"voxels of shape {series.shape} that were not read from a series",
        expected="a DICOM series: a folder, or the volume that `read` returned",
        remedy="Write it first with `write`, and pass its folder.",
    )


def _series_of(series: object) -> str | None:
    """Return the UID of a volume or series that was read."""
    if isinstance(series, Volume):
        return getattr(series, "series", None)
    return getattr(series, "choice", None)


def _opened(
    result: LocalFiles,
    source: LocalFiles,
    result_uid: str | None,
    source_uid: str | None,
    *,
    time_point: int | None,
    style: PictureStyle,
) -> _DrawnSeries:
    result_series = _select(result, result_uid)
    source_series = _select(source, source_uid)
    _check_same_place(result_series, source_series)
    result_layer, source_layer = viewing.layer_of(result_series), viewing.layer_of(source_series)
    if result_layer.volume.samples > 1:
        raise _in_colour(result_series)
    source_layer = _one_volume(source_layer, "source", time_point)
    segments = SeriesTags(result_series.instances, result_series.frame_set).segments
    if not segments:
        result_layer = _one_volume(result_layer, "result", time_point)
    placed = pictures.place_result(source_layer, result_layer, segments, style)
    return _DrawnSeries(placed=placed, result_series=result_series, source_series=source_series)


def _select(path: LocalFiles, uid: str | None) -> Series:
    scanned = scan(path)
    chosen = select_images(path, scanned, uid)
    viewing.check_regular(name_of_files(path), chosen)
    for problem in (*scanned.problems, *chosen.problems):
        warnings.warn(str(problem), DicomSeriesWarning, stacklevel=4)
    return chosen


def _check_same_place(result: Series, source: Series) -> None:
    """Reject a result of another patient or another space."""
    faults: list[OptionError] = []
    for keyword, meaning in _SAME.items():
        of_result, of_source = (series.instances[0].text(keyword) for series in (result, source))
        if of_result and of_source and of_result != of_source:
            faults.append(
                OptionError(
                    code="not-of-this-source",
                    where="source",
                    given=f"a result with another {keyword} than the source",
                    expected=f"series of one {meaning}: else the picture shows what is not there",
                    remedy="Pass the series that the result was made from.",
                )
            )
    if faults:
        raise OptionError.together(faults)


def _one_volume(layer: viewing.Layer, where: str, time_point: int | None) -> viewing.Layer:
    """Return a layer of one volume."""
    volumes = layer.volume.volumes
    if volumes is None:
        return layer
    if time_point is None and volumes > 1:
        raise OptionError(
            code="several-volumes",
            where=where,
            given=f"{volumes} volumes",
            expected="one volume: a picture shows one moment",
            remedy=f"Choose one with `time_point=`, 0 to {volumes - 1}.",
        )
    index: Any = time_point or 0
    if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < volumes:
        raise OptionError(
            code="time-point-unknown",
            where="time_point",
            given=repr(time_point),
            expected=f"a whole number from 0 to {volumes - 1}: the {where} has {volumes} volumes",
            remedy="Choose one of them.",
        )
    return replace(layer, volume=layer.volume.at(index), axis="volume", steps=())


def _in_colour(series: Series) -> OptionError:
    return OptionError(
        code="overlay-colour",
        where="result",
        given=f"{series.description or series.series_uid}, a series in colour",
        expected="segments, or a number for each voxel",
        remedy="Pass a Segmentation, a Parametric Map or a grey series.",
    )


def _described(drawn: _DrawnSeries, title: str) -> str:
    """Return a SeriesDescription for a picture without a stated one."""
    result = drawn.result_series
    name = title or result.description or result.kind or result.modality
    text = f"Picture of {name}"
    return text if len(text) <= _LONGEST_DESCRIPTION else f"Picture of {result.modality}"


def _attributes(drawn: _DrawnSeries, metadata: MappingLike | None) -> dict[str, Any]:
    """Return attributes of the picture; those of the user win."""
    kind = drawn.result_series.kind or drawn.result_series.modality
    text = f"{kind} drawn on the images of its source series, with a legend beside them."
    stated = load_mapping("metadata", metadata)
    return {"BurnedInAnnotation": "NO", "DerivationDescription": text, **stated}


def _planned(
    drawn: _DrawnSeries,
    style: PictureStyle,
    slices: Any,
    advice: list[str],
    options: WriteOptions,
) -> tuple[WriteRequest, tuple[Job, ...]]:
    """Return the request and the series of pictures."""
    runs = pictures.chosen_pictures(slices, drawn.placed)
    request: WriteRequest | None = None
    jobs: list[Job] = []
    images = _images_by_slice(drawn)
    if not images and drawn.result_series.study_uid != drawn.source_series.study_uid:
        advice.append("The result is in another study than its source: the picture names only it.")
    for number, run in enumerate(runs):
        painted = pictures.picture_volume(drawn.placed, style, run)
        part = options
        if options.entropy is not None and number:
            entropy = hashlib.sha256(options.entropy + number.to_bytes(4, "big")).digest()
            part = replace(options, entropy=entropy)
        number_given = options.metadata.get("SeriesNumber")
        if number and number_given is not None:
            attributes = {**options.metadata, "SeriesNumber": int(number_given) + number}
            part = replace(part, metadata=attributes)
        named = [images[index] for index in run] if images else []
        part_request, (job,) = prepare(painted.volume, part, drawn=named)
        request = request or replace(part_request, options=options)
        if len(runs) > 1:
            job = replace(job, plan=replace(job.plan, folder=f"slice-{run.start + 1:04d}"))
        jobs.append(job)
        advice += painted.advice
    assert request is not None  # noqa: S101 - there is a run, or an error
    return request, tuple(jobs)


def _images_by_slice(drawn: _DrawnSeries) -> list[tuple[DrawnImage, ...]]:
    """Return the images of the result in each slice of the source.

    None if they are in another study, where a reference to them would need more (C.12.2).
    """
    result, source = drawn.result_series, drawn.source_series
    if result.study_uid != source.study_uid or result.series_uid == source.series_uid:
        return []
    images: list[DrawnImage] = []
    for instance in result.instances:
        uids = (instance.sop_class_uid, instance.text("SOPInstanceUID"))
        if not all(uids):
            return []
        images.append(
            DrawnImage(
                series_uid=result.series_uid, sop_class_uid=uids[0], sop_instance_uid=uids[1]
            )
        )
    count = drawn.placed.source.volume.slices
    if result.frame_set is not None or len(images) == 1:
        return [tuple(images)] * count
    return [_images_in_plane(images, result, source, index) for index in range(count)]


def _images_in_plane(
    images: Sequence[DrawnImage], result: Series, source: Series, index: int
) -> tuple[DrawnImage, ...]:
    """Return the single-frame images of a result in a slice of the source."""
    assert result.grid is not None and source.grid is not None  # noqa: S101,PT018 - both regular
    if len(images) != result.grid.shape[0] or not np.allclose(
        np.abs(np.dot(result.grid.normal, source.grid.normal)), 1, atol=1e-4
    ):
        return tuple(images)
    place = np.linalg.solve(result.grid.affine(), [*source.grid.position(index), 1.0])[2]
    nearest = round(float(place))
    if not 0 <= nearest < len(images) or abs(place - nearest) > _ON_GRID:
        return ()
    return (images[nearest],)
