"""`transcode`: files in another transfer syntax, every other element kept."""

from __future__ import annotations

import os
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from dicomseries import reading, transcoding
from dicomseries.api.folders.frame_forms import (
    NEW_UIDS,
    FilesInForm,
    FrameForm,
    check_form,
    files_in_form,
)
from dicomseries.api.folders.stated_loss import LOSSY_FILES, check_loss
from dicomseries.codecs import Codec, CompressionWord, parse_compression, syntax_of
from dicomseries.errors import ReadError, ValuesError
from dicomseries.event_log import LOGGER
from dicomseries.lazy_dataclass import dataclass
from dicomseries.operating_system import usable_processors
from dicomseries.progress_bar import ProgressReport, progress_report
from dicomseries.reports import KeptFile, TranscodeReceipt
from dicomseries.writing import target_at

__all__ = ["transcode"]

_MOST_BYTES = 1 << 30
"""Files that are in memory together; a larger one is there alone."""


def transcode(
    series: reading.SeriesSource,
    out: str | os.PathLike[str],
    *,
    compression: Codec | CompressionWord | None = None,
    near: int | None = None,
    ratio: float | None = None,
    to: FrameForm | None = None,
    overwrite: bool = False,
    sync: bool = True,
    dicomdir: bool = False,
    workers: int | None = None,
    progress: ProgressReport | bool | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> TranscodeReceipt:
    """Copy series in another transfer syntax, or as other files.

    Without loss: stored values, UIDs and all other elements stay. Every frame that is encoded anew
    is decoded by a second decoder and compared before anything appears. `near` and `ratio` alone
    allow a loss: the files are then derived images with new UIDs. With `to`, frames of
    enhanced files become files of one frame, or the other way round, with new UIDs.

    Parameters
    ----------
    series : path-like, Series, Scan, Dataset, or iterable of these
        A folder with all series below it, a file, an archive, a URL, or what `scan` returned.
    out : str or os.PathLike
        The folder to make, or what else `write` takes as a target.
    compression : codec or str, optional
        ``"none"`` for Explicit VR Little Endian, or `Rle`, `JpegLs`, `Jpeg2000`, `Htj2k`,
        `JpegXl` or their words. Without it files are copied byte by byte.
    near : int, optional
        With ``compression="jpegls"``: JPEG-LS near-lossless, no stored value changes by more.
    ratio : float, optional
        With ``"j2k"`` or ``"htj2k"``: with loss, so that the pixels are this much smaller.
    to : {"classic", "enhanced"}, optional
        ``"classic"`` for a file for each frame of enhanced CT and MR, legacy converted PET and
        multi-frame Secondary Capture; ``"enhanced"`` for one legacy converted enhanced file for
        each series of CT, MR or PT (with highdicom). Other files stay as they are.
    overwrite : bool
        Replace a folder of DICOM files.
    sync : bool
        Make the files durable (fsync) before they appear.
    dicomdir : bool
        Make a DICOM File-set, as on a CD, in a folder, ``.zip`` or ``.tar``.
    workers : int, optional
        Threads; one for each processor if not given.
    progress : bool or callable, optional
        True shows a bar; a callable gets the files that are done, all files, and "encoding".
    storage_options : mapping, optional
        Of fsspec, for a URL; by default its configuration and the environment.

    Returns
    -------
    TranscodeReceipt
        Sizes, frames compared, and files that were kept as they are, with the reason.

    Raises
    ------
    OptionError
        If the compression is unknown.
    ReadError
        If there is no series, or a file is damaged: nothing is written.
    MetadataError
        If a file lacks what a DICOMDIR must hold, or an instance is there twice.
    TargetError, WriteError
        If the target is not free or cannot be written.
    VerificationError
        If decoded frames differ; nothing is written.
    MissingPackageError
        If a codec or decoder is not installed.

    Notes
    -----
    PS3.5 section 8.2 and annex A. A file whose pixels the transfer syntax cannot hold without loss
    (floats, single bits, 32 bits) is kept as it is. A file is in memory, and its frames in both
    forms, while it is encoded: a few at a time, of 1 GiB together; a larger one alone.

    Examples
    --------
    >>> import tempfile
    >>> from pydicom.data import get_testdata_file
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     receipt = transcode(get_testdata_file("MR_small.dcm"), folder, compression="rle")
    >>> receipt.files, receipt.encoded, receipt.frames
    (1, 1, 1)
    """
    since = time.perf_counter()
    check_form(to)
    codec = parse_compression(compression)
    loss = check_loss(codec, near, ratio)
    syntax = None if compression is None else syntax_of(codec).uid
    target = target_at(out, storage_options, dicomdir=dicomdir)
    target.check(overwrite=overwrite, resume=False)
    files = reading.parse_series_files(series)
    with (
        progress_report(progress) as report,
        reading.local_files(files, storage_options, report) as local_files,
    ):
        scanned = reading.scan(local_files)
        _check(scanned, files)
        names = _names(_all_paths(scanned), local_files)
        bytes_before = sum(path.stat().st_size for path in names.values())
        entries = list(map(_entry, scanned.series))
        sink = target.open_sink_of_objects(entries, overwrite=overwrite, sync=sync, read_back=True)
        with sink, _scratch_folder() as scratch:
            form = FilesInForm(paths=names, reasons={}, frames=0)
            if to is not None:
                form = files_in_form(scanned, names, to, scratch, report)
            encoded: list[_Encoded] = []
            for file in _encoded_files(form.paths, syntax, loss, workers or usable_processors()):
                sink.put(file.name, [file.content])
                encoded.append(file.without_content())
                if report is not None:
                    report(len(encoded), len(form.paths), "encoding")
            sink.commit()
    LOGGER.info("transcode: %d files", len(encoded))
    return replace(
        _sums(form, encoded),
        out=target.where,
        bytes_before=bytes_before,
        seconds=time.perf_counter() - since,
        is_lossy=loss is not None,
        skipped=scanned.skipped,
    )


def _all_paths(scanned: reading.Scan) -> list[Path]:
    """Return the files of all series, also those without pixels beside images."""
    return [Path(instance.path) for instance in scanned.instances]


def _sums(form: FilesInForm, files: Sequence[_Encoded]) -> TranscodeReceipt:
    """Return the receipt of files, before the facts of the whole call."""
    reasons = dict(form.reasons)
    encoded = frames = size = samples = 0
    largest_error = sum_of_errors = 0.0
    for file in files:
        encoded += file.is_encoded
        frames += file.frames
        size += file.size
        samples += file.samples
        largest_error = max(largest_error, file.largest_error)
        sum_of_errors += file.mean_error * file.samples
        if file.reason:
            reasons.setdefault(file.name, file.reason)
    advice = []
    if form.frames:
        advice.append(NEW_UIDS)
    if samples:
        advice.append(LOSSY_FILES)
    return TranscodeReceipt(
        out="",
        files=len(files),
        encoded=encoded,
        frames=frames,
        bytes_before=0,
        bytes_after=size,
        seconds=0.0,
        converted=form.frames,
        kept=tuple(KeptFile(name=name, reason=reason) for name, reason in reasons.items()),
        largest_error=largest_error,
        mean_error=sum_of_errors / max(samples, 1),
        advice=tuple(advice),
    )


@contextmanager
def _scratch_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="dicomseries-") as folder:
        yield Path(folder)


def _check(scanned: reading.Scan, files: reading.SeriesFiles) -> None:
    """Reject a folder without series, or with damaged files."""
    if scanned.problems:
        raise ReadError(
            code="file-damaged",
            where=reading.name_of_files(files),
            given="; ".join(problem.text for problem in scanned.problems[:3]),
            expected="files that can be read completely",
            remedy="Repair or remove these files, or name the series that you want.",
        )
    if not scanned.series:
        raise reading.nothing_found(reading.name_of_files(files), scanned)


def _entry(series: reading.Series) -> dict[str, Any]:
    """Return facts of a series for the manifest of a store, without the patient."""
    return {
        "SeriesInstanceUID": series.series_uid,
        "StudyInstanceUID": series.study_uid,
        "kind": series.kind,
        "folder": "",
        "files": len(series.paths),
    }


def _names(paths: Sequence[Path], source: reading.LocalFiles) -> dict[str, Path]:
    """Return a name in the target for each file: its own, in one folder at most."""
    root = Path(os.fspath(source)) if isinstance(source, (str, os.PathLike)) else None
    names: dict[str, Path] = {}
    for path in dict.fromkeys(paths):
        parts: tuple[str, ...] = (path.name,)
        if root is not None and root.is_dir() and path.is_relative_to(root):
            parts = path.relative_to(root).parts
        folder = "-".join(parts[:-1])
        stem, count = parts[-1], 1
        if not stem.lower().endswith(".dcm"):
            stem += ".dcm"
        name = f"{folder}/{stem}" if folder else stem
        while name in names:
            count += 1
            numbered = f"{stem[:-4]}-{count}.dcm"
            name = f"{folder}/{numbered}" if folder else numbered
        names[name] = path
    return names


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class _Encoded:
    """A file of the target."""

    name: str
    content: bytes
    size: int
    is_encoded: bool = False
    frames: int = 0
    samples: int = 0
    largest_error: float = 0.0
    mean_error: float = 0.0
    reason: str = ""

    def without_content(self) -> _Encoded:
        """Return its facts alone, so that memory stays flat."""
        return replace(self, content=b"")


def _encoded_files(
    names: Mapping[str, Path], syntax: str | None, loss: transcoding.Loss | None, workers: int
) -> Iterator[_Encoded]:
    """Yield the files of the target in order; a few are encoded at a time."""
    with ThreadPoolExecutor(workers) as pool:
        under_way: deque[tuple[int, Future[_Encoded]]] = deque()
        size_under_way = 0
        try:
            for name, path in names.items():
                size = path.stat().st_size
                while under_way and (
                    len(under_way) > 2 * workers or size_under_way + size > _MOST_BYTES
                ):
                    size_before, file = under_way.popleft()
                    size_under_way -= size_before
                    yield file.result()
                size_under_way += size
                under_way.append((size, pool.submit(_encode_file, name, path, syntax, loss)))
            for _, file in under_way:
                yield file.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _encode_file(
    name: str, path: Path, syntax: str | None, loss: transcoding.Loss | None
) -> _Encoded:
    reason = ""
    if syntax is not None:
        try:
            if loss is not None:
                file = transcoding.lossy_file(path, loss)
            else:
                file = transcoding.transcoded(path, syntax)
        except ValuesError as error:
            reason = str(error.given)
        else:
            return _Encoded(
                name=name,
                content=file.content,
                size=len(file.content),
                is_encoded=file.is_encoded,
                frames=file.frames,
                samples=file.samples,
                largest_error=file.largest_error,
                mean_error=file.mean_error,
            )
    content = path.read_bytes()
    return _Encoded(name=name, content=content, size=len(content), reason=reason)
