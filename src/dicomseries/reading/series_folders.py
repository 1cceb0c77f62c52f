"""Series below a folder, each sorted by geometry."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import overload

from dicomseries.errors import ReadError, counted
from dicomseries.geometry import Grid
from dicomseries.lazy_dataclass import dataclass
from dicomseries.reading import read_errors
from dicomseries.reading.mosaics.mosaic_order import hold_mosaics, place_mosaics
from dicomseries.reading.order.frame_order import holds_frames, place_frames
from dicomseries.reading.order.placement import FrameSet, Placement
from dicomseries.reading.order.slice_order import place_files
from dicomseries.reading.parse.header_files import read_instance
from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.parse.to_python import plain_value
from dicomseries.reading.problems import Problem
from dicomseries.reading.series_files import LocalFiles, SeriesFiles, name_of_files
from dicomseries.short_repr import short_lines
from dicomseries.standard.attributes.attribute import tag_of

__all__ = ["Scan", "Series", "nothing_found", "scan", "select"]

_KINDS = {
    "1.2.840.10008.5.1.4.1.1.2": "CT",
    "1.2.840.10008.5.1.4.1.1.4": "MR",
    "1.2.840.10008.5.1.4.1.1.128": "PT",
    "1.2.840.10008.5.1.4.1.1.7": "SC",
    "1.2.840.10008.5.1.4.1.1.2.1": "EnhancedCT",
    "1.2.840.10008.5.1.4.1.1.4.1": "EnhancedMR",
    "1.2.840.10008.5.1.4.1.1.7.2": "MultiframeSC",
    "1.2.840.10008.5.1.4.1.1.7.3": "MultiframeSC",
    "1.2.840.10008.5.1.4.1.1.7.4": "MultiframeSC",
    "1.2.840.10008.5.1.4.1.1.13.1.1": "XRay3D",
    "1.2.840.10008.5.1.4.1.1.30": "ParametricMap",
    "1.2.840.10008.5.1.4.1.1.66.4": "Segmentation",
    "1.2.840.10008.5.1.4.1.1.66.7": "Segmentation",
}
_DIRECTORY_CLASS = "1.2.840.10008.1.3.10"
_GROUPED_BY = frozenset({tag_of("MediaStorageSOPClassUID"), tag_of("SeriesInstanceUID")})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Series:
    """A series in a folder.

    Parameters
    ----------
    series_uid, study_uid, modality, sop_class_uid, description : str
        Of the first slice; "" if absent.
    kind : str or None
        ``"CT"``, ``"MR"``, ``"PT"``, ``"SC"``, ``"EnhancedCT"``, ``"EnhancedMR"``,
        ``"MultiframeSC"``, ``"XRay3D"``, ``"ParametricMap"``, ``"Segmentation"``; None for other
        SOP classes.
    number : int or None
        SeriesNumber.
    rows, columns, samples : int
        Of the first slice; of the whole image of a mosaic that forms no grid.
    instances : tuple of Instance
        In the order of the slices: along the normal, or by InstanceNumber without geometry; of
        several volumes, one after the other. Multi-frame files by InstanceNumber.
    grid : Grid or None
        Voxel centres of one volume in LPS mm; None if the slices do not form one.
    problems : tuple of Problem
        Errors and warnings that `read` raises.
    volumes : int or None
        Length of the axis t: time points, echoes, diffusion weightings, segments of a fractional
        segmentation; None for one volume.
    times_s : tuple of float or None
        Start of each volume in seconds after the first; None if unknown.
    segments : mapping of int to str
        SegmentLabel by SegmentNumber; empty for other kinds.
    frame_set : FrameSet or None
        Frames of multi-frame files in the order of the array; None for files of one frame.

    Examples
    --------
    >>> from pydicom.data import get_testdata_file
    >>> scan(get_testdata_file("CT_small.dcm"))[0]
    Series 1.3.6.1.4.1.5962.1.3.1.1.20040119072730.12322  CT 128×128×1
      CT, 1 file
    """

    series_uid: str
    study_uid: str
    modality: str
    sop_class_uid: str
    kind: str | None
    description: str
    number: int | None
    rows: int
    columns: int
    samples: int
    instances: tuple[Instance, ...] = field(repr=False)
    grid: Grid | None
    problems: tuple[Problem, ...]
    volumes: int | None = None
    times_s: tuple[float, ...] | None = None
    segments: Mapping[int, str] = field(default_factory=dict)
    frame_set: FrameSet | None = field(default=None, repr=False)

    @property
    def frames(self) -> int:
        """Number of frames in all files.

        One per file in a classic series; the slices of a mosaic.
        """
        if self.frame_set is not None:
            return sum(file.count for file in self.frame_set.pool)
        return sum(max(instance.frames, 1) for instance in self.instances)

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files in the order of the slices."""
        return tuple(Path(instance.path) for instance in self.instances)

    def __repr__(self) -> str:
        files = counted(len(self.instances), "file")
        lines = [f"Series {self}", f"  {self.modality or 'no modality'}, {files}"]
        if self.grid is None:
            lines[1] += ", no grid"
        lines += [f"  {problem.level}: {problem.text}" for problem in self.problems]
        return short_lines(lines)

    def __str__(self) -> str:
        slices = self.frames // (self.volumes or 1)
        if self.grid is not None:  # may have slices without frames
            slices = self.grid.shape[0]
        size = f"{self.columns}×{self.rows}×{slices}"
        if self.volumes:
            size += f"×{self.volumes}"
        kind = self.kind or self.modality or "?"
        return f"{self.series_uid}  {kind} {size} {self.description}".rstrip()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scan:
    """The content of a folder.

    Parameters
    ----------
    series : tuple of Series
        By study, number and UID.
    skipped : int
        Number of files that are not DICOM.
    problems : tuple of Problem
        DICOM files that cannot be read.

    Examples
    --------
    >>> from pydicom.data import get_testdata_file
    >>> folder = scan(get_testdata_file("CT_small.dcm"))
    >>> [series.modality for series in folder], len(folder), folder[0].kind
    (['CT'], 1, 'CT')
    """

    series: tuple[Series, ...]
    skipped: int
    problems: tuple[Problem, ...] = ()

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files of all series."""
        return tuple(itertools.chain.from_iterable(series.paths for series in self.series))

    def __iter__(self) -> Iterator[Series]:
        return iter(self.series)

    def __len__(self) -> int:
        return len(self.series)

    @overload
    def __getitem__(self, index: int) -> Series: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Series, ...]: ...

    def __getitem__(self, index: int | slice) -> Series | tuple[Series, ...]:
        return self.series[index]

    def __repr__(self) -> str:
        counts = f"Scan: {len(self.series)} series, {counted(self.skipped, 'other file')}"
        if self.problems:
            counts += f", {counted(len(self.problems), 'damaged file')}"
        return short_lines([counts, *(f"  {series}" for series in self.series)])


def scan(path: LocalFiles) -> Scan:
    """Find every series below a folder.

    Parameters
    ----------
    path : path-like, or sequence of str
        A folder, searched with all folders below it, or one file; or several of them. Hidden files
        and folders (unfinished writes among them) and DICOMDIR are skipped.

    Returns
    -------
    Scan
        One `Series` for each SeriesInstanceUID.

    Raises
    ------
    ReadError
        If there is no such path (code "no-series").

    Notes
    -----
    PS3.3 sections C.7.3 (General Series) and C.7.6.2 (Image Plane). Only headers are read.

    Examples
    --------
    >>> from pydicom.data import get_testdata_file
    >>> folder = scan(get_testdata_file("CT_small.dcm"))
    >>> [(series.kind, series.rows, len(series.instances)) for series in folder.series]
    [('CT', 128, 1)]
    """
    groups: dict[str, list[Instance]] = {}
    problems: list[Problem] = []
    skipped = 0
    like: Instance | None = None
    previous: Instance | None = None
    group: list[Instance] = []
    for name in _files_of_all(path, problems):
        try:
            instance = read_instance(name, like=like)
        except ReadError as error:
            if error.code == "not-dicom":
                skipped += 1
            else:
                problems.append(Problem.of(error))
            continue
        if previous is None or not instance.shares(_GROUPED_BY, previous):
            if instance.text("MediaStorageSOPClassUID") == _DIRECTORY_CLASS:
                continue
            group = groups.setdefault(instance.text("SeriesInstanceUID"), [])
        group.append(instance)
        previous = instance
        if instance.family.layout is not None:
            like = instance
    series = list(itertools.starmap(_series, groups.items()))
    series.sort(key=lambda item: (item.study_uid, item.number or 0, item.series_uid))
    return Scan(series=tuple(series), skipped=skipped, problems=tuple(problems))


def _files_of_all(path: LocalFiles, problems: list[Problem]) -> Iterator[str]:
    if isinstance(path, (str, os.PathLike)):
        yield from _files(path, problems)
        return
    for each in path:
        yield from _files(each, problems)


def _files(path: str | os.PathLike[str], problems: list[Problem]) -> Iterator[str]:
    """Yield the files below a path in order.

    Folders that cannot be listed become problems.
    """
    name = os.fspath(path)
    if not os.path.lexists(name):
        raise _no_series(name, f"{_contains_no_series(name)}: there is no such file or folder")
    if not os.path.isdir(name):  # noqa: PTH112 - Path.is_dir raises without access above
        yield name
        return

    def note(error: OSError) -> None:
        folder = os.fspath(error.filename or name)
        unreadable = read_errors.unreadable(folder, error)
        if folder == name:
            raise unreadable
        problems.append(Problem.of(unreadable))

    for folder, folders, files in os.walk(name, onerror=note):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        prefix = str(Path(folder) / "_")[:-1]
        for file in sorted(files):
            if not file.startswith(".") and file != "DICOMDIR":
                yield prefix + file


def select(path: SeriesFiles | LocalFiles, scanned: Scan, series: str | None) -> Series:
    """Return the series with this UID, or the only one.

    Parameters
    ----------
    path : path-like, or sequence of str or Dataset
        For messages.
    scanned : Scan
        Content of the folder.
    series : str or None
        SeriesInstanceUID.

    Raises
    ------
    ReadError
        If there is no series (code "no-series", or the reason why the one file cannot be read),
        none of that UID ("series-not-found"), or several and no UID ("several-series").
    """
    name = name_of_files(path)
    if not scanned.series:
        raise nothing_found(name, scanned)
    matching = [item for item in scanned.series if series in {None, item.series_uid}]
    if len(matching) == 1:
        return matching[0]
    code, expected = "several-series", "one series"
    if series is not None:
        code, expected = "series-not-found", "the SeriesInstanceUID of a series in this folder"
    listed = "\n".join(f"  {item}" for item in scanned.series)
    raise ReadError(
        code=code,
        where=name,
        given=f"{series or len(scanned.series)}; the folder holds\n{listed}\n",
        expected=expected,
        remedy=f"Choose one with `series=`, e.g. `series={scanned.series[0].series_uid!r}`.",
    )


def nothing_found(path: str, scanned: Scan) -> ReadError:
    """Return the error for a path without a series.

    That of a damaged file if there is one.

    Parameters
    ----------
    path : str
        As the user gave it.
    scanned : Scan
        Without any series.
    """
    causes = [problem.cause for problem in scanned.problems if problem.cause is not None]
    if len(causes) == 1 and not scanned.skipped:
        return causes[0]
    counts = f"{counted(scanned.skipped, 'file')} not DICOM"
    if not causes:
        return _no_series(path, f"{_contains_no_series(path)} ({counts})")
    first = causes[0]
    counts += f", {counted(len(causes), 'file')} damaged"
    return ReadError(
        code="no-series",
        where=path,
        given=f"{_contains_no_series(path)} ({counts}, such as {first.where}: {first.given})",
        expected=first.expected,
        remedy=first.remedy,
    )


def _contains_no_series(path: str) -> str:
    return f'"{path}" does not contain a DICOM series'


def _no_series(path: str, given: str) -> ReadError:
    return ReadError(
        code="no-series",
        where=path,
        given=given,
        expected="the files of at least one series",
        remedy="Give the folder that holds the files, or one above it.",
    )


def _series(uid: str, members: Sequence[Instance]) -> Series:
    files, problems = _without_copies(members)
    placement = _placement(files)
    first = placement.instances[0]
    return Series(
        series_uid=uid,
        study_uid=first.text("StudyInstanceUID"),
        modality=first.text("Modality"),
        sop_class_uid=first.sop_class_uid,
        kind=_KINDS.get(first.sop_class_uid),
        description=_description(first),
        number=first.whole("SeriesNumber", 0) if first.text("SeriesNumber") else None,
        rows=first.rows if placement.grid is None else placement.grid.shape[1],
        columns=first.columns if placement.grid is None else placement.grid.shape[2],
        samples=first.samples,
        instances=placement.instances,
        grid=placement.grid,
        problems=(*problems, *placement.problems),
        volumes=placement.volumes,
        times_s=placement.times_s,
        segments=placement.segments,
        frame_set=placement.frames,
    )


def _placement(files: Sequence[Instance]) -> Placement:
    if any(map(holds_frames, files)):
        return place_frames(files)
    if hold_mosaics(files):
        return place_mosaics(files)
    return place_files(files)


def _description(instance: Instance) -> str:
    tag = tag_of("SeriesDescription")
    element = instance.element(tag)
    if element is None:
        return ""
    text = plain_value(tag, element, instance.decoding())
    return text if isinstance(text, str) else ""


def _without_copies(members: Sequence[Instance]) -> tuple[list[Instance], list[Problem]]:
    """Return each instance once.

    Copies have the same SOPInstanceUID, header and size.
    """
    uids = {instance.text("SOPInstanceUID") for instance in members}
    if len(uids) == len(members):
        return list(members), []
    variants: dict[tuple[str, int], list[Instance]] = {}
    for index, instance in enumerate(members):
        uid = instance.text("SOPInstanceUID") or str(index)
        similar = variants.setdefault((uid, instance.file_size), [])
        if all(other.elements != instance.elements for other in similar):
            similar.append(instance)
    files = list(itertools.chain(*variants.values()))
    copies = len(members) - len(files)
    repeated = len(files) - len({uid for uid, _ in variants})
    problems = []
    if copies:
        problems.append(
            Problem(
                code="instances-repeated",
                level="warning",
                text=f"{copies} of {len(members)} files are copies (same SOPInstanceUID and "
                "header) and are ignored",
                remedy="Remove the copies.",
            )
        )
    if repeated:
        problems.append(
            Problem(
                code="uids-repeated",
                level="warning",
                text=f"{repeated} of {len(members)} files share the SOPInstanceUID of another "
                "file with a different header; all are used",
                remedy="Check which files belong here: they may be versions of one image, or "
                "images with wrong UIDs.",
            )
        )
    return files, problems
