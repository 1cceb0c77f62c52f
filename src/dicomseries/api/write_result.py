"""`write_result`: all series of one result, published together."""

from __future__ import annotations

import datetime as dt
import os
import secrets
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dicomseries.api.delivery.send import send
from dicomseries.api.measure import measure as measure_segments
from dicomseries.api.picture import picture as draw_picture
from dicomseries.api.whole_result.result_parts import (
    first_series_number,
    input_parts,
    part_options,
)
from dicomseries.api.whole_result.result_run import ResultRun, check_parts, publish_parts
from dicomseries.errors import DicomSeriesError, OptionError, TargetError
from dicomseries.event_log import LOGGER
from dicomseries.network import is_peer_url
from dicomseries.options import (
    MappingLike,
    Progress,
    load_mapping,
)
from dicomseries.progress_bar import progress_report
from dicomseries.reading import (
    LocalFiles,
    Series,
    SeriesSource,
    local_files,
    parse_series_files,
    scan,
    select,
)
from dicomseries.reports import Receipt, ResultPart, ResultReceipt, SendReceipt
from dicomseries.sources import Volume
from dicomseries.stores import is_url
from dicomseries.uids import parse_uid_policy
from dicomseries.writing import FolderTarget, LocalTarget, Target, target_at

__all__ = ["write_result"]

_FILLED = frozenset(
    {
        "source",
        "out",
        "series",
        "source_series",
        "result_series",
        "model",
        "description",
        "metadata",
        "uid",
        "now",
        "entropy",
        "compression",
        "workers",
        "memory",
        "overwrite",
        "resume",
        "verify",
        "sync",
        "progress",
        "storage_options",
    }
)
"""Arguments of `measure` and `picture` that are those of the whole result."""
_ENTROPY_BYTES = 32
_UNNAMED = "Result"


def write_result(
    source: SeriesSource | Volume,
    out: str | os.PathLike[str],
    *,
    masks: Any = None,
    maps: Mapping[str, Any] | None = None,
    images: Mapping[str, Any] | None = None,
    segments: Any = None,
    segmentation_type: Any = None,
    threshold: float | None = None,
    axes: str | None = None,
    measure: bool | Mapping[str, Any] = False,
    picture: bool | Mapping[str, Any] = False,
    model: Mapping[str, str] | None = None,
    description: str | None = None,
    derivation: Any = None,
    series: str | None = None,
    metadata: MappingLike = None,
    uid: str | Mapping[str, str] = "random",
    now: dt.datetime | None = None,
    entropy: bytes | None = None,
    compression: Any = None,
    workers: int | None = None,
    memory: int | str | None = None,
    overwrite: bool = False,
    verify: bool = True,
    sync: bool = True,
    dicomdir: bool = False,
    progress: Progress | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> ResultReceipt:
    """Write all that was made from a series, together or not at all.

    Segmentation, maps, images, measurements and picture of one run, in the study of the source:
    each a series in its folder, with its own number and description.

    Parameters
    ----------
    source : path-like, Volume, Series, or iterable of paths or datasets
        The series that everything was made from.
    out : str or os.PathLike
        The folder to make; must not exist, or be empty. Or a ``.zip`` or ``.tar``. Or an archive,
        as in `send`: all parts are made here first, and then sent.
    masks : array, path, mapping, list or folder, optional
        As `write` takes it for ``kind="Segmentation"``; in the folder ``segmentation``.
    maps : mapping, optional
        Name → (array or file, UCUM unit); each a Parametric Map in a folder such as ``map-adc``.
    images : mapping, optional
        Name → array or file; each a series of the kind of the source, in a folder such as
        ``image-denoised``.
    segments, segmentation_type, threshold, axes
        Of the masks, as in `write`.
    measure : bool or mapping
        Whether numbers of each segment are written as a report, in ``measurements``; or options
        of `measure`, such as ``{"percentiles": (5, 95)}``.
    picture : bool or mapping
        Whether the masks are drawn on the source, in ``picture``; without masks, each map. Or
        options of `picture`, such as ``{"slices": "key", "window": "lung"}``.
    model : mapping, optional
        The algorithm: ``name``, ``version``, ``manufacturer``.
    description : str, optional
        Begins every SeriesDescription; the name of the model if not given.
    derivation : str or sequence, optional
        What was done to make maps and images, as in `write`.
    series : str, optional
        SeriesInstanceUID of the source, if there are several.
    compression : codec or str, optional
        Of images and pictures, as in `write`.
    metadata, uid, now, entropy, workers, memory, overwrite, verify, sync, dicomdir, progress, \
storage_options
        As in `write`, for all parts.

    Returns
    -------
    ResultReceipt
        A receipt for each part: ``receipt["segmentation"]``, ``receipt["map ADC"]``.

    Raises
    ------
    DicomSeriesError
        As `write`, `measure` and `picture`. Wrong options and inputs of all parts are rejected
        before a voxel is read; after any error, nothing is left.

    Notes
    -----
    Everything is staged beside `out` and appears by one rename. Maps, images and Segmentation name
    the source; report and picture name Segmentation and source (PS3.3 section C.12.2). A call that
    was killed leaves nothing to resume: repeat it. Its UIDs are the same with ``uid="content"``.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from dicomseries.api import write
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     ct, out = f"{folder}/ct", f"{folder}/result"
    ...     voxels = np.arange(60, dtype="int16").reshape(3, 4, 5)
    ...     _ = write(voxels, ct, kind="CT", spacing=(1, 1, 2))
    ...     score = voxels / np.float32(60)
    ...     receipt = write_result(ct, out, maps={"Score": (score, "1")}, description="MyNet")
    >>> [part.name for part in receipt.parts], receipt.files, receipt.verified
    (['map Score'], 1, True)
    """
    started = time.perf_counter()
    is_from_content = parse_uid_policy(uid).mode == "content"
    if not is_from_content:
        now = now or dt.datetime.now().astimezone()
        entropy = entropy or secrets.token_bytes(_ENTROPY_BYTES)
    of_masks = {"segments": segments, "segmentation_type": segmentation_type, "axes": axes}
    if threshold is not None:
        of_masks["threshold"] = threshold
    parts = input_parts(
        masks,
        maps,
        images,
        of_masks=of_masks,
        of_numbers={"derivation": derivation},
    )
    result = ResultRun(
        parts=parts,
        measuring=part_options("measure", measure, measure_segments, _FILLED),
        drawing=part_options("picture", picture, draw_picture, _FILLED),
        base=_base_of(description, model),
        model=model,
        metadata=dict(load_mapping("metadata", metadata)),
        compression=compression,
        shared={
            "uid": uid,
            "now": now,
            "verify": verify,
            "sync": sync,
            "storage_options": storage_options,
        },
        resources={"workers": workers, "memory": memory},
        entropy=entropy,
    )
    check_parts(result, uid)
    target = _checked_target(out, storage_options, overwrite=overwrite, dicomdir=dicomdir)
    files = _files_of(source)
    with progress_report(progress) as report, ExitStack() as stack:
        try:
            local = stack.enter_context(local_files(files, storage_options, report))
            chosen = _chosen(local, series or getattr(source, "series", None))
            run = replace(result, source=chosen, report=report, first_number=_first(result, chosen))
            delivery = None
            if isinstance(target, LocalTarget):
                receipts = publish_parts(run, target, overwrite=overwrite, sync=sync)
            else:
                receipts, delivery = _sent(run, os.fspath(out), storage_options)
        except DicomSeriesError as error:
            LOGGER.info("write_result: failed with the code %s", error.code)
            raise
    LOGGER.info("write_result: published %d parts", len(receipts))
    return ResultReceipt(
        out=target.where,
        study_uid=receipts[0].receipt.study_uid,
        parts=tuple(_at_target(part, target) for part in receipts),
        seconds=time.perf_counter() - started,
        delivery=delivery,
    )


def _sent(
    run: ResultRun, url: str, storage_options: Mapping[str, Any] | None
) -> tuple[list[ResultPart], SendReceipt]:
    """Write all parts into a private folder, and send them to an archive."""
    with TemporaryDirectory(prefix="dicomseries-") as scratch:
        path = Path(scratch, "result")
        staged = FolderTarget(where=str(path), path=path)
        receipts = publish_parts(run, staged, overwrite=False, sync=False)
        delivery = send(path, url, again=True, progress=run.report, storage_options=storage_options)
    return receipts, delivery


def _base_of(description: Any, model: Any) -> str:
    if description is not None:
        return str(description)
    if isinstance(model, Mapping) and model.get("name"):
        return str(model["name"])
    return _UNNAMED


def _checked_target(out: Any, storage_options: Any, *, overwrite: bool, dicomdir: bool) -> Target:
    """Return the target; reject an object store and a folder in use."""
    target = target_at(out, storage_options, dicomdir=dicomdir)
    if isinstance(out, str) and is_url(out) and not is_peer_url(out, is_target=True):
        raise TargetError(
            code="target-not-a-folder",
            where="out",
            given="a URL of an object store",
            expected="a folder of this machine (all parts appear by one rename), or an archive",
            remedy="Write to a folder, and upload that.",
        )
    target.check(overwrite=overwrite, resume=False)
    return target


def _files_of(source: SeriesSource | Volume) -> Any:
    if not isinstance(source, Volume):
        return parse_series_files(source, "source")
    path = getattr(source, "path", None)
    if path:
        return path
    raise OptionError(
        code="not-a-series",
        where="source",
        given="a volume that was not read from a DICOM series",
        expected="the series that the result was made from",
        remedy="Pass the path of its folder, or the volume of dicomseries.read.",
    )


def _chosen(path: LocalFiles, uid: str | None) -> Series:
    return select(path, scan(path), uid)


def _first(result: ResultRun, source: Series) -> int:
    """Return the SeriesNumber of the first part."""
    stated = result.metadata.get("SeriesNumber")
    if stated is not None:
        try:
            return int(stated)
        except (TypeError, ValueError) as error:
            raise OptionError(
                code="series-number-not-whole",
                where="metadata['SeriesNumber']",
                given=repr(stated),
                expected="a whole number: that of the first part, the others follow",
                remedy="Pass such as 501, or leave it out.",
            ) from error
    seed = result.entropy or f"{source.series_uid} {result.base}".encode()
    return first_series_number(source.number or 0, seed, result.series_count)


def _at_target(part: ResultPart, target: Target) -> ResultPart:
    """Return a part with the place that it has now."""
    receipt = part.receipt
    if isinstance(receipt, Receipt):
        others = []
        for other in receipt.others:
            others.append(replace(other, out=_moved(other.out, part.folder, target)))
        moved = replace(receipt, out=_moved(receipt.out, part.folder, target), others=tuple(others))
        return replace(part, receipt=moved)
    return replace(part, receipt=replace(receipt, out=target.place_of(part.folder)))


def _moved(staged: str, folder: str, target: Target) -> str:
    """Return the final folder of a staged series of a part."""
    _, _, below = staged.rpartition(f"{os.sep}{folder}")
    return target.place_of(folder + below)
