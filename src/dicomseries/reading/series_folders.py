"""A folder → the series below it, each sorted by geometry."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dicomseries.errors import ReadError, counted
from dicomseries.geometry import Grid
from dicomseries.reading import read_errors
from dicomseries.reading.geometry.placement import FrameSet
from dicomseries.reading.geometry.slice_order import place_files
from dicomseries.reading.multiframe.frame_order import holds_frames, place_frames
from dicomseries.reading.parse.header_files import read_instance
from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.problems import Problem
from dicomseries.standard.attribute import tag_of

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
_GROUPED_BY = frozenset(map(tag_of, ("MediaStorageSOPClassUID", "SeriesInstanceUID")))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Series:
    """A series that was found.

    Parameters
    ----------
    series_uid, study_uid, modality, sop_class_uid, description : str
        As the first slice has them; "" if absent.
    kind : str or None
        ``"CT"``, ``"MR"``, ``"PT"``, ``"SC"``, ``"EnhancedCT"``, ``"EnhancedMR"``, ``"MultiframeSC"``, ``"XRay3D"``,
        ``"ParametricMap"``, ``"Segmentation"``; None for other SOP classes.
    number : int or None
        SeriesNumber.
    rows, columns, samples : int
        Of the first slice.
    instances : tuple of Instance
        In the order of the slices: along the normal, or by InstanceNumber without geometry. With several volumes,
        those of the first volume before those of the second. Multi-frame files by InstanceNumber.
    grid : Grid or None
        Voxel centres of one volume in LPS mm; None if the slices do not form one.
    problems : tuple of Problem
        What `read` will warn of, or refuse.
    volumes : int or None
        Length of the axis t: time points, echoes, diffusion weightings, segments of a fractional segmentation; None
        where there is one volume.
    times_s : tuple of float or None
        When each volume begins, in seconds after the first; None where that is not known.
    segments : mapping of int to str
        SegmentLabel by SegmentNumber; empty for what is no segmentation.
    frame_set : FrameSet or None
        The frames of multi-frame files in the order of the array; None where each file holds one.
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
        """How many frames the files hold together; a file each in a classic series."""
        return sum(max(instance.frames, 1) for instance in self.instances)

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files in the order of the slices."""
        return tuple(Path(instance.path) for instance in self.instances)

    def __str__(self) -> str:
        what = self.kind or self.modality or "?"
        slices = self.frames // (self.volumes or 1) if self.grid is None else self.grid.shape[0]
        size = f"{self.columns}×{self.rows}×{slices}" + (f"×{self.volumes}" if self.volumes else "")
        return f"{self.series_uid}  {what} {size} {self.description}".rstrip()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scan:
    """What was found below a path.

    Parameters
    ----------
    series : tuple of Series
        By study, number and UID.
    skipped : int
        Files that are not DICOM.
    problems : tuple of Problem
        DICOM files that cannot be read.
    """

    series: tuple[Series, ...]
    skipped: int
    problems: tuple[Problem, ...] = ()


def scan(path: str | os.PathLike[str]) -> Scan:
    """Find every series below a folder.

    Parameters
    ----------
    path : path-like
        A folder, looked at with all folders below it, or one file. Hidden files and folders (unfinished writes are
        among them) and DICOMDIR are passed over.

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
    >>> found = scan(get_testdata_file("CT_small.dcm"))
    >>> [(series.kind, series.rows, len(series.instances)) for series in found.series]
    [('CT', 128, 1)]
    """
    groups: dict[str, list[Instance]] = {}
    problems: list[Problem] = []
    skipped = 0
    like: Instance | None = None
    previous: Instance | None = None
    group: list[Instance] = []
    for name in _files(path, problems):
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
        like = instance if instance.family.layout is not None else like
    found = sorted((_series(uid, members) for uid, members in groups.items()), key=_listed)
    return Scan(series=tuple(found), skipped=skipped, problems=tuple(problems))


def select(path: str | os.PathLike[str], found: Scan, series: str | None) -> Series:
    """Return the one series that was meant.

    Raises
    ------
    ReadError
        If there is none (code "no-series", or the reason why the one file cannot be read), none of that UID
        ("series-not-found"), or more than one to choose from ("several-series").
    """
    name = os.fspath(path)
    if not found.series:
        raise nothing_found(name, found)
    listed = "\n".join(f"  {one}" for one in found.series)
    matching = [one for one in found.series if series in {None, one.series_uid}]
    if len(matching) == 1:
        return matching[0]
    raise ReadError(
        code="series-not-found" if series is not None else "several-series",
        where=name,
        given=f"{series or len(found.series)}; the folder holds\n{listed}\n",
        expected="the SeriesInstanceUID of a series in this folder"
        if series is not None
        else "one series",
        remedy=f"Choose one with `series=`, e.g. `series={found.series[0].series_uid!r}`.",
    )


def _files(path: str | os.PathLike[str], problems: list[Problem]) -> Iterator[str]:
    """Yield the files below a path in order; folders that cannot be listed become problems."""
    name = os.fspath(path)
    if not os.path.lexists(name):
        raise _no_series(
            name, f'"{name}" does not contain a DICOM series: there is no such file or folder'
        )
    if not os.path.isdir(name):  # noqa: PTH112 - Path.is_dir raises where a folder above may not be entered
        yield name
        return
    unlisted = _unlisted(name, problems)
    for folder, folders, files in os.walk(name, onerror=unlisted):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        within = str(Path(folder) / "_")[:-1]
        for file in sorted(files):
            if not file.startswith(".") and file != "DICOMDIR":
                yield within + file


def _unlisted(path: str, problems: list[Problem]) -> Callable[[OSError], None]:
    """Return what notes a folder that cannot be listed, and raises where it is the whole path."""

    def note(error: OSError) -> None:
        folder = error.filename or path
        fault = read_errors.unreadable(folder, error)
        if os.fspath(folder) == path:
            raise fault
        problems.append(Problem.of(fault))

    return note


def nothing_found(path: str, found: Scan) -> ReadError:
    """Return the error for a path without a series: the reason of a broken file if there is one.

    Parameters
    ----------
    path : str
        As the user named it.
    found : Scan
        Without any series.
    """
    causes = [problem.cause for problem in found.problems if problem.cause is not None]
    if len(causes) == 1 and not found.skipped:
        return causes[0]
    others = f"{counted(found.skipped, 'file')} not DICOM"
    if not causes:
        return _no_series(path, f'"{path}" does not contain a DICOM series ({others})')
    first = causes[0]
    reason = f"{counted(len(causes), 'file')} broken, such as {first.where}: {first.given}"
    given = f'"{path}" does not contain a DICOM series ({others}, {reason})'
    return ReadError(
        code="no-series", where=path, given=given, expected=first.expected, remedy=first.remedy
    )


def _no_series(where: str, given: str) -> ReadError:
    return ReadError(
        code="no-series",
        where=where,
        given=given,
        expected="the files of at least one series",
        remedy="Name the folder that holds the files, or one above it.",
    )


def _listed(series: Series) -> tuple[str, int, str]:
    return (series.study_uid, series.number or 0, series.series_uid)


def _series(uid: str, members: Sequence[Instance]) -> Series:
    kept, problems = _without_copies(members)
    placement = place_frames(kept) if any(map(holds_frames, kept)) else place_files(kept)
    first = placement.instances[0]
    return Series(
        series_uid=uid,
        study_uid=first.text("StudyInstanceUID"),
        modality=first.text("Modality"),
        sop_class_uid=first.sop_class_uid,
        kind=_KINDS.get(first.sop_class_uid),
        description=_description(first),
        number=first.whole("SeriesNumber", 0) if first.text("SeriesNumber") else None,
        rows=first.rows,
        columns=first.columns,
        samples=first.samples,
        instances=placement.instances,
        grid=placement.grid,
        problems=(*problems, *placement.problems),
        volumes=placement.volumes,
        times_s=placement.times_s,
        segments=placement.segments,
        frame_set=placement.frames,
    )


def _without_copies(members: Sequence[Instance]) -> tuple[list[Instance], list[Problem]]:
    """Return each instance once: the same SOPInstanceUID in a file of the same header and size is a copy."""
    uids = {instance.text("SOPInstanceUID") for instance in members}
    if len(uids) == len(members):
        return list(members), []
    kept: dict[tuple[str, int], list[Instance]] = {}
    for index, instance in enumerate(members):
        uid = instance.text("SOPInstanceUID") or str(index)
        alike = kept.setdefault((uid, instance.file_size), [])
        if not any(one.elements == instance.elements for one in alike):
            alike.append(instance)
    found = [instance for alike in kept.values() for instance in alike]
    copies = len(members) - len(found)
    repeated = len(found) - len({uid for uid, _ in kept})
    return found, [*_copied(copies, len(members)), *_named_twice(repeated, len(members))]


def _copied(copies: int, count: int) -> Iterator[Problem]:
    if copies:
        yield Problem(
            code="instances-repeated",
            level="warning",
            text=f"{copies} of {count} files are copies of another (same SOPInstanceUID and header) and are left out",
            remedy="Remove the copies.",
        )


def _named_twice(repeated: int, count: int) -> Iterator[Problem]:
    if repeated:
        yield Problem(
            code="uids-repeated",
            level="warning",
            text=f"{repeated} of {count} files have the SOPInstanceUID of another, but not its header; all are kept",
            remedy="Check which of them are meant: versions of one image, or images that were named badly.",
        )


def _description(instance: Instance) -> str:
    try:
        return str(instance.value("SeriesDescription") or "")
    except ReadError:
        return ""
