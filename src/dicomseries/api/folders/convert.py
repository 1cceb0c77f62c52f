"""`convert`: every series of a folder as a file of another format."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from dicomseries import conversion, reading, sinks
from dicomseries.api.read import read
from dicomseries.api.read_result import SeriesVolume
from dicomseries.errors import DicomSeriesError, Message, OptionError, template_of
from dicomseries.event_log import LOGGER
from dicomseries.lazy_dataclass import dataclass
from dicomseries.progress_bar import ProgressReport, progress_report
from dicomseries.reports import ConversionReport, ConvertedSeries

__all__ = ["convert"]


def convert(
    folder: reading.SeriesSource,
    out: str | os.PathLike[str],
    *,
    format: str = "nii.gz",  # noqa: A002 - as on the command line
    name: str = "%f_%p_%t_%s",
    sidecar: bool = True,
    even: Literal["linear", "nearest"] | None = None,
    overwrite: bool = False,
    workers: int | None = None,
    progress: ProgressReport | bool | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> ConversionReport:
    """Convert every series of a folder to files, with BIDS sidecars.

    Echoes, and the parts of complex images, become separate files, as dcm2niix makes them; so
    do the orientations of a localizer. Times, diffusion weightings and cardiac phases stay in one
    file. A series that cannot be converted does not stop the others: its row names the reason.

    Parameters
    ----------
    folder : path-like, Scan, or iterable of paths or datasets
        Folder with DICOM files, and all folders below it; or a URL of one.
    out : path-like
        Folder of the files; made if it does not exist.
    format : str
        Suffix of a format of `read`: ``"nii.gz"``, ``"nii"``, ``"nrrd"``, ``"mha"``, ``"npz"``,
        ``"npy"``, ``"tif"``, ``"zarr"``.
    name : str
        Pattern of the names in dcm2niix's letters: ``%p`` protocol, ``%s`` series number, ``%d``
        description, ``%t`` date and time of the study, ``%f`` folder, ``%i`` patient's ID, ``%n``
        patient's name, ``%e`` echo, ``%z`` sequence, ``%u`` acquisition, ``%j`` series UID, ``%k``
        study UID, ``%x`` study ID, ``%g`` accession number, ``%m`` manufacturer, ``%a`` coil,
        ``%c`` comments; ``/`` makes folders.
    sidecar : bool
        Whether to write NAME.json in the keys and units of BIDS, without the patient. NIfTI of
        diffusion weightings has NAME.bval and NAME.bvec in FSL's format in any case. Arterial spin
        labelling has NAME_aslcontext.tsv, if the files say which volumes are labelled.
    even : {"linear", "nearest"}, optional
        Resample uneven and tilted series to an even, right-angled grid. Without it, a format that
        cannot hold their geometry leaves them out.
    overwrite : bool
        Whether files of these names are replaced.
    workers : int, optional
        Threads that read and decode; the machine's processors if not given.
    progress : bool or callable, optional
        True shows a bar; a callable gets the series that are done, all series, and "converting".
    storage_options : mapping, optional
        Of fsspec, for a URL; by default its configuration and the environment.

    Returns
    -------
    ConversionReport
        A row for each file, or series without one.

    Raises
    ------
    OptionError
        If the format or a letter of the pattern is unknown.
    ReadError
        If there is no series.
    TargetError, WriteError
        If the folder cannot be made.

    Warns
    -----
    DicomSeriesWarning
        As `read` does for each series; the rows have the sentences as notes.

    Notes
    -----
    Affines are in RAS mm (NIfTI) or LPS mm (NRRD, MetaImage), values are real values: RescaleSlope
    and RescaleIntercept applied. Philips' private scale is not; the sidecar has its numbers
    (PhilipsScaleSlope), which make floating-point values of the displayed ones (Chenevert et al.,
    Transl Oncol 2014). Keys of sidecars: BIDS 1.11.

    Examples
    --------
    >>> import tempfile
    >>> from pydicom.data import get_testdata_file
    >>> with tempfile.TemporaryDirectory() as out:
    ...     report = convert(get_testdata_file("CT_small.dcm"), out, format="nrrd", name="%s_%d")
    ...     [Path(file).name for file in report.rows[0].files]
    ['1.nrrd', '1.json']
    """
    suffix = "." + format.removeprefix(".")
    sinks.find_format(f"name{suffix}")
    pattern = conversion.NamePattern(text=name)
    if even not in {None, "linear", "nearest"}:
        raise OptionError(
            code="even-unknown",
            where="even",
            given=repr(even),
            expected="'linear' or 'nearest'",
            remedy="Pass one of them, or leave `even=` out.",
        )
    files = reading.parse_series_files(folder)
    with (
        progress_report(progress) as report,
        reading.local_files(files, storage_options, report) as local_path,
    ):
        scanned = reading.scan(local_path)
        if not scanned.series:
            raise reading.nothing_found(reading.name_of_files(files), scanned)
        target = _Target(
            folder=Path(out),
            suffix=suffix,
            pattern=pattern,
            has_sidecar=sidecar,
            even=even,
            overwrite=overwrite,
            workers=workers,
        )
        sinks.make_folder(target.folder)
        rows: list[ConvertedSeries] = []
        for done, series in enumerate(scanned.series, 1):
            rows += target.converted(series)
            if report is not None:
                report(done, len(scanned.series), "converting")
    broken = tuple(problem.text for problem in scanned.problems)
    return ConversionReport(
        out=os.fspath(out), rows=tuple(rows), skipped=scanned.skipped, broken=broken
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """Where and how the files of a folder are written."""

    folder: Path
    suffix: str
    pattern: conversion.NamePattern
    has_sidecar: bool
    even: Literal["linear", "nearest"] | None
    overwrite: bool
    workers: int | None
    taken: set[str] = field(default_factory=set)
    """Names of this run, in lower case: two series of one name would replace each other."""

    def converted(self, series: reading.Series) -> Iterator[ConvertedSeries]:
        """Yield a row for each file of a series; the reason if there is none."""
        stacks: list[str | None] = [stack.name for stack in series.stacks]
        for stack in stacks if len(stacks) > 1 else [None]:
            row = ConvertedSeries(
                series_uid=series.series_uid,
                modality=series.modality,
                description=series.description,
                number=series.number,
                part="_".join(filter(None, (series.part, stack))),
            )
            try:
                volume = read(series, stack=stack, even=self.even, workers=self.workers)
                for part in conversion.volume_parts(volume):
                    yield self._saved(part, row)
            except (DicomSeriesError, OSError) as error:
                yield _failed(row, error)

    def _saved(self, part: conversion.VolumePart, row: ConvertedSeries) -> ConvertedSeries:
        """Write the files of a part; return its row."""
        volume, attributes = part.volume, part.attributes
        assert isinstance(volume, SeriesVolume)  # noqa: S101 - it was read
        suffix = "_".join(filter(None, (row.part, part.suffix)))
        stem = self._free_name(attributes, volume.tags.paths[0].parent.name, suffix)
        target = self.folder / f"{stem}{self.suffix}"
        sinks.make_folder(target.parent)
        volume.save(target, overwrite=self.overwrite)
        files = [target]
        if self.suffix.startswith(".nii") and volume.b_values is not None:
            gradients = [self.folder / f"{stem}{ending}" for ending in (".bval", ".bvec")]
            files += [file for file in gradients if file.is_file()]  # `save` wrote them
        if self.has_sidecar:
            file = self.folder / f"{stem}.json"
            text = json.dumps(_sidecar(volume, attributes), indent=2) + "\n"
            sinks.save_bytes(file, text.encode(), overwrite=self.overwrite)
            files.append(file)
            table = conversion.asl_context_table(volume.volume_axes)
            if table:
                file = self.folder / f"{stem.removesuffix('_asl')}_aslcontext.tsv"
                sinks.save_bytes(file, table.encode(), overwrite=self.overwrite)
                files.append(file)
        return replace(
            row,
            part=suffix,
            files=tuple(map(str, files)),
            shape=volume.shape,
            notes=tuple(volume.notes),
        )

    def _free_name(self, attributes: Mapping[str, Any], folder: str, suffix: str) -> str:
        """Return a name that no other series of this run has, with a, b, c … behind it."""
        name = self.pattern.name(attributes, folder)
        if suffix:
            name += "_" + suffix.replace(" ", "")
        count = 0
        while (free := name + _letters(count)).lower() in self.taken:
            count += 1
        self.taken.add(free.lower())
        return free


def _letters(count: int) -> str:
    """Return nothing, a, b, … z, aa, ab, … for 0, 1, 2, …."""
    letters = ""
    while count:
        count, rest = divmod(count - 1, 26)
        letters = chr(ord("a") + rest) + letters
    return letters


def _sidecar(volume: SeriesVolume, attributes: Mapping[str, Any]) -> dict[str, Any]:
    if not volume.is_regular or attributes.get("Modality") != "MR":
        return conversion.sidecar(volume, attributes)
    rows, columns = volume.grid.shape[1:]
    blocks = volume.tags.get(conversion.GE_BLOCK)
    encoding = conversion.phase_encoding_record(
        attributes,
        rows=rows,
        columns=columns,
        csa_number=partial(reading.shared_csa_number, volume.tags),
        ge_blocks=blocks if isinstance(blocks, tuple) else (blocks,),
    )
    return conversion.sidecar(
        volume, attributes, slice_times_s=volume.slice_times_s, phase_encoding=encoding
    )


def _failed(row: ConvertedSeries, error: DicomSeriesError | OSError) -> ConvertedSeries:
    code = error.code if isinstance(error, DicomSeriesError) else "system-error"
    LOGGER.info("convert: a series was not converted, code %s", code)
    return replace(row, reason=Message(" ".join(template_of(str(error)).split())), code=code)
