"""Series below a folder, each sorted by geometry."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from types import ModuleType
from typing import overload

from dicomseries.errors import ReadError, counted
from dicomseries.geometry import Grid
from dicomseries.lazy_dataclass import dataclass
from dicomseries.reading.contents.listed_files import files_of_all
from dicomseries.reading.mosaics.mosaic_order import hold_mosaics, place_mosaics
from dicomseries.reading.order.frame_order import holds_frames, place_frames
from dicomseries.reading.order.placement import FrameSet, Placement
from dicomseries.reading.order.slice_order import place_files
from dicomseries.reading.order.slice_stacks import SliceStack
from dicomseries.reading.parse.header_files import read_instance
from dicomseries.reading.parse.instance import Instance, unlike
from dicomseries.reading.parse.to_python import plain_value
from dicomseries.reading.pixels.pixel_format import FORMAT_TAGS
from dicomseries.reading.problems import Problem
from dicomseries.reading.series_files import LocalFiles
from dicomseries.short_repr import short_lines
from dicomseries.slice_planes import SlicePlanes
from dicomseries.standard.attributes.attribute import tag_of
from dicomseries.standard.objects.sop_classes import NAMED_KINDS
from dicomseries.volume_axes import VolumeLayout

__all__ = ["Scan", "Series", "described_series", "scan"]

_DIRECTORY_CLASS = "1.2.840.10008.1.3.10"
_WRITTEN_ALIKE = FORMAT_TAGS | frozenset(
    map(
        tag_of,
        (
            "SOPClassUID",
            "MediaStorageSOPClassUID",
            "NumberOfFrames",
            "SharedFunctionalGroupsSequence",
            "PerFrameFunctionalGroupsSequence",
        ),
    )
)
"""Tags that tell the parts of a series apart."""
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
    layout : VolumeLayout
        Axes of the volumes, with their times, b-values and directions.
    segments : mapping of int to str
        SegmentLabel by SegmentNumber; empty for other kinds.
    frame_set : FrameSet or None
        Frames of multi-frame files in the order of the array; None for files of one frame.
    part : str
        Name of a part, if one SeriesInstanceUID holds several: copies as files of one frame and as
        multi-frame files, clips, pictures of several sizes. Empty for the whole series.
    planes : SlicePlanes or None
        Plane of each slice in LPS mm, if the slices form no regular grid; else None.
    stacks : tuple of SliceStack
        Slices of each orientation, size and pixel spacing, if there are several; ``stack=`` of
        `read` takes their names.
    objects : tuple of Instance
        Objects without pixels (raw data, reports, presentation states) that the series holds beside
        the images; not in `instances`.
    left_out : tuple of Instance
        Files of an incomplete last volume, as of an interrupted scan; not in `instances`.
    split_from : str or None
        Name of the whole part, of one of its echoes (or other volumes) that do not have the same
        slices, and are parts for this reason; None for others.

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
    layout: VolumeLayout = VolumeLayout()
    segments: Mapping[int, str] = field(default_factory=dict)
    frame_set: FrameSet | None = field(default=None, repr=False)
    part: str = ""
    planes: SlicePlanes | None = None
    stacks: tuple[SliceStack, ...] = ()
    objects: tuple[Instance, ...] = field(default=(), repr=False)
    left_out: tuple[Instance, ...] = field(default=(), repr=False)
    split_from: str | None = field(default=None, repr=False)

    @property
    def choice(self) -> str:
        """What ``series=`` takes for this series: its UID, and the name of a part."""
        return f"{self.series_uid}/{self.part}" if self.part else self.series_uid

    @property
    def has_images(self) -> bool:
        """Whether it holds images, and not only reports, plans or raw data."""
        first = self.instances[0]
        return first.pixels is not None or not _objects().is_without_pixels(first)

    @property
    def times_s(self) -> tuple[float, ...] | None:
        """Start of each volume in seconds after the first; None if unknown."""
        return self.layout.times_s

    @property
    def frames(self) -> int:
        """Number of frames in all files.

        One per file in a classic series; the slices of a mosaic; 0 without images.
        """
        if not self.has_images:
            return 0
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
            lines[1] += self._words_without_grid()
        lines += [f"  {problem.level}: {problem.text}" for problem in self.problems]
        return short_lines(lines)

    def _words_without_grid(self) -> str:
        if not self.has_images:
            return ", no image"
        if self.planes is None:
            return ", no grid"
        return f", no grid: {self.planes.summary}"

    def __str__(self) -> str:
        kind = self.kind or self.modality or "?"
        if not self.has_images:
            return f"{self.choice}  {kind} without pixels {self.description}".rstrip()
        slices = self.frames // (self.volumes or 1)
        if self.grid is not None:  # may have slices without frames
            slices = self.grid.shape[0]
        size = f"{self.columns}×{self.rows}×{slices}"
        if self.volumes:
            size += f"×{self.volumes}"
        return f"{self.choice}  {kind} {size} {self.description}".rstrip()


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
    def instances(self) -> tuple[Instance, ...]:
        """Images and objects of all series, each once."""
        instances: dict[int, Instance] = {}
        for series in self.series:
            for instance in (*series.instances, *series.left_out, *series.objects):
                instances.setdefault(id(instance), instance)
        return tuple(instances.values())

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
        One `Series` for each SeriesInstanceUID; several, with names of parts, if its images are not
        one array (`Series.part`).

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
    for name in files_of_all(path, problems):
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
    series = list(itertools.chain(*itertools.starmap(_all_series, groups.items())))
    series.sort(key=lambda item: (item.study_uid, item.number or 0, item.series_uid))
    return Scan(series=tuple(series), skipped=skipped, problems=tuple(problems))


def _all_series(uid: str, members: Sequence[Instance]) -> Iterator[Series]:
    """Yield the parts of a series, with a note on objects without pixels."""
    files, problems = list(members), list[Problem]()
    if len({instance.text("SOPInstanceUID") for instance in members}) < len(members):
        from dicomseries.reading.contents.copied_files import without_copies  # noqa: PLC0415 - rare

        files, problems = without_copies(members)
    problems += _header_faults(files)
    objects = []
    if any(instance.pixels is None for instance in files):
        objects = [instance for instance in files if _objects().is_without_pixels(instance)]
    if not objects:
        for part, images in _parts(files):
            yield from _series_of_part(uid, images, problems, part)
        return
    without_pixels = set(map(id, objects))
    remaining = [instance for instance in files if id(instance) not in without_pixels]
    if not remaining:
        problems = [*problems, _objects().only_objects(objects)]
        yield described_series(uid, Placement(instances=tuple(objects), problems=()), problems)
        return
    problems = [*problems, _objects().left_out(objects)]
    for part, images in _parts(remaining):
        for series in _series_of_part(uid, images, problems, part):
            yield replace(series, objects=tuple(objects))


def _header_faults(files: Sequence[Instance]) -> list[Problem]:
    if not any(instance.family.faults for instance in files):
        return []
    from dicomseries.reading.contents.header_faults import fault_problems  # noqa: PLC0415 - rare

    return list(fault_problems(files))


def _objects() -> ModuleType:
    """Return the module about objects without pixels, which few series need."""
    from dicomseries.reading.contents import objects_without_pixels  # noqa: PLC0415

    return objects_without_pixels


def _parts(images: list[Instance]) -> list[tuple[str, list[Instance]]]:
    """Return the parts of a series; most have one, without a name."""
    has_frames = holds_frames(images[0])
    if len(images) == 1 or (not has_frames and len(unlike(images, _WRITTEN_ALIKE)) == 1):
        return [("", images)]
    from dicomseries.reading.contents.series_parts import parts_of  # noqa: PLC0415 - rare

    return parts_of(images)


def _series_of_part(
    uid: str, files: Sequence[Instance], problems: Sequence[Problem], part: str
) -> Iterator[Series]:
    """Yield the series of a part; several if its volumes do not have the same slices."""
    series = _series(uid, files, problems, part)
    is_repeated = any(problem.code == "positions-repeated" for problem in series.problems)
    if not is_repeated or any(map(holds_frames, files)) or hold_mosaics(files):
        yield series
        return
    from dicomseries.reading.contents.volumes_as_parts import (  # noqa: PLC0415 - rare
        volumes_as_parts,
    )

    parts = volumes_as_parts(files)
    for name, members in parts:
        volume = _series(uid, members, problems, f"{part}-{name}" if part else name)
        yield replace(volume, split_from=part)
    if not parts:
        yield series


def _series(uid: str, files: Sequence[Instance], problems: Sequence[Problem], part: str) -> Series:
    return replace(described_series(uid, _placement(files), problems), part=part)


def described_series(uid: str, placement: Placement, problems: Sequence[Problem]) -> Series:
    """Return a series from the placement of its slices."""
    first = placement.instances[0]
    grid = placement.grid or placement.planes
    return Series(
        series_uid=uid,
        study_uid=first.text("StudyInstanceUID"),
        modality=first.text("Modality"),
        sop_class_uid=first.sop_class_uid,
        kind=NAMED_KINDS.get(first.sop_class_uid),
        description=_description(first),
        number=first.whole("SeriesNumber", 0) if first.text("SeriesNumber") else None,
        rows=first.rows if grid is None else grid.shape[1],
        columns=first.columns if grid is None else grid.shape[2],
        samples=first.samples,
        instances=placement.instances,
        grid=placement.grid,
        planes=placement.planes,
        stacks=placement.stacks,
        problems=(*problems, *placement.problems),
        volumes=placement.volumes,
        layout=placement.layout,
        segments=placement.segments,
        frame_set=placement.frames,
        left_out=placement.left_out,
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
