"""Files of one frame → their order, volume by volume along the normal, and their grid (PS3.3 section C.7.6.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from pydicom.uid import UID

from dicomseries.errors import counted
from dicomseries.geometry import Grid
from dicomseries.reading import read_errors as faults
from dicomseries.reading.consistency import agreement_problems
from dicomseries.reading.geometry.picture_series import picture_grid, picture_times_s
from dicomseries.reading.geometry.repeated_places import Arrangement, rising_times
from dicomseries.reading.geometry.slice_spacing import (
    drift_problems,
    gap_problems,
    grid_of,
    moved_problems,
    pixel_spacing_of,
    repeated_problem,
    statement_of,
    thickness_of,
    unit_normal,
)
from dicomseries.reading.geometry.volume_keys import classic_clocks
from dicomseries.reading.geometry.volume_sorting import sort_files
from dicomseries.reading.multiframe.frame_facts import SAME_DIRECTION, Frames
from dicomseries.reading.parse.instance import Instance, unlike
from dicomseries.reading.pixels.pixel_format import FORMAT_TAGS
from dicomseries.reading.problems import Problem
from dicomseries.standard.attribute import tag_of
from dicomseries.standard.transfer_syntaxes import DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN

__all__ = [
    "FrameSet",
    "Placement",
    "distances_mm",
    "doubtful_volumes",
    "no_geometry",
    "number_of",
    "orientation_of",
    "pixel_problems",
    "place",
    "positions_lps",
]

_SPACING = frozenset({tag_of("PixelSpacing")})
_LENGTHS = frozenset(
    map(
        tag_of,
        (
            "PixelSpacing",
            "ImagerPixelSpacing",
            "NominalScannedPixelSpacing",
            "PixelAspectRatio",
            "PixelSpacingCalibrationType",
            "SequenceOfUltrasoundRegions",
        ),
    )
)
_ORIENTATION = frozenset({tag_of("ImageOrientationPatient")})
_MOSAIC = frozenset(map(tag_of, ("Modality", "ImageType")))

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FrameSet:
    """The frames of multi-frame files, in the order of the array.

    Parameters
    ----------
    pool : tuple of Frames
        One for each file.
    sources : ndarray of int, shape (frames, 2)
        File and frame of each frame of the array, volume by volume; -1 for a frame left out because it is empty.
    masks : tuple of tuple of int, optional
        For binary segmentations: the frames at each slice, in place of `sources`.
    divisor : float
        What a stored value is divided by (fractional segmentations).
    """

    pool: tuple[Frames, ...]
    sources: npt.NDArray[np.intp]
    masks: tuple[tuple[int, ...], ...] | None = None
    divisor: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Placement:
    """The instances in the order of the slices, volume by volume, the grid (None if there is none), and what is wrong.

    Multi-frame files have their frames in `frames`, segmentations the labels of their segments in `segments`.
    """

    instances: tuple[Instance, ...]
    grid: Grid | None
    problems: tuple[Problem, ...]
    volumes: int | None = None
    times_s: tuple[float, ...] | None = None
    frames: FrameSet | None = None
    segments: Mapping[int, str] = field(default_factory=dict)


def positions_lps(instances: Sequence[Instance]) -> Floats | None:
    """Return ImagePositionPatient in LPS mm, shape (instances, 3); None if one has none."""
    positions = [instance.numbers("ImagePositionPatient") for instance in instances]
    return np.array(positions) if _are_vectors(positions, 3) else None


def orientation_of(instance: Instance) -> Floats | None:
    """Return ImageOrientationPatient as two rows of three cosines; None if it is missing."""
    cosines = instance.numbers("ImageOrientationPatient")
    return np.reshape(cosines, (2, 3)) if _are_vectors([cosines], 6) else None


def distances_mm(instances: Sequence[Instance]) -> Floats | None:
    """Return how far along the normal each slice stands, in mm; None without positions and orientation."""
    positions, axes = positions_lps(instances), orientation_of(instances[0])
    return None if positions is None or axes is None else positions @ unit_normal(axes)


def place(instances: Sequence[Instance]) -> Placement:
    """Sort the instances of one series along the normal, and find their grid.

    Parameters
    ----------
    instances : sequence of Instance
        At least one, of one series, in any order.

    Returns
    -------
    Placement
        Volume by volume where several stand at each place. Without geometry in the files: in the order of
        InstanceNumber, on a grid of 1 mm, with a warning.
    """
    numbered = tuple(sorted(instances, key=number_of))
    faults = tuple(_format_problems(numbered))
    if faults:
        return Placement(instances=numbered, grid=None, problems=faults)
    if not any(instance.raw("ImagePositionPatient") for instance in numbered):
        return _without_positions(numbered)
    positions, axes = positions_lps(numbered), orientation_of(numbered[0])
    if positions is None or axes is None:
        return Placement(instances=numbered, grid=None, problems=(_position_missing(numbered),))
    distances = positions @ unit_normal(axes)
    split, problem = _split(numbered, distances)
    along = tuple(numbered[index] for index in split.order)
    slices = len(along) // split.volumes
    faults = tuple(_orientation_problems(along)) or (
        (problem,)
        if problem
        else tuple(_gap_problems(along[:slices], distances[split.order[:slices]]))
    )
    faults += tuple(agreement_problems(along))
    if any(fault.level == "error" for fault in faults):
        return Placement(instances=along, grid=None, problems=faults)
    return _on_grid(along, positions[split.order], split, [*faults, *split.problems])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Split:
    """The order of the instances, volume by volume, and when each volume begins."""

    order: npt.NDArray[np.intp]
    volumes: int = 1
    times_s: tuple[float, ...] | None = None
    problems: tuple[Problem, ...] = ()


def _split(numbered: tuple[Instance, ...], distances: Floats) -> tuple[_Split, Problem | None]:
    """Return the instances sorted along the normal, and into volumes where several stand at each place."""
    along = _Split(order=np.argsort(distances, kind="stable"))
    sorting = sort_files(numbered, distances)
    if sorting.place_count == len(numbered):
        return along, None
    found = sorting.arrangement
    if found is None:
        tried = dict.fromkeys((*sorting.tried, "InstanceNumber"))
        return along, repeated_problem(len(numbered), sorting.place_count, tried=tuple(tried))
    times = rising_times(found, classic_clocks(numbered))
    doubts = tuple(doubtful_volumes(found, sorting.numbers))
    return _Split(order=found.order, volumes=found.volumes, times_s=times, problems=doubts), None


def doubtful_volumes(
    found: Arrangement, numbers: Floats, number: str = "InstanceNumber"
) -> list[Problem]:
    """Return what one should know of how frames became volumes: by their numbers only, or by two attributes."""
    if found.by == "InstanceNumber":
        gaps = int(np.ptp(numbers)) + 1 - len(numbers)
        missing = f"; {gaps} numbers between the first and the last are missing" if gaps > 0 else ""
        return [
            Problem(
                code="volumes-by-number",
                level="warning",
                text=f"nothing but {number} tells the {found.volumes} volumes apart{missing}",
                remedy="Check that the volumes are what you expect: time points, echoes, or copies.",
            )
        ]
    if " and " in found.by:
        return [
            Problem(
                code="volumes-by-two",
                level="warning",
                text=f"the {found.volumes} volumes differ in {found.by}; they are sorted by the first, then the second",
                remedy="Reshape the axis of volumes where you need an axis for each; the tags of each slice say which.",
            )
        ]
    return []


def _gap_problems(instances: tuple[Instance, ...], distances: Floats) -> Iterator[Problem]:
    return gap_problems([instance.name for instance in instances], distances)


def number_of(instance: Instance) -> tuple[float, str]:
    """Return InstanceNumber and path, to sort by."""
    return (next(iter(instance.numbers("InstanceNumber")), float("inf")), instance.path)


def _are_vectors(values: Sequence[Sequence[float]], size: int) -> bool:
    return all(len(value) == size for value in values) and bool(np.isfinite(values).all())


def _format_problems(instances: tuple[Instance, ...]) -> Iterator[Problem]:
    """Yield what keeps the files from being the slices of one array."""
    framed = [instance for instance in unlike(instances, FORMAT_TAGS) if instance.frames != 1]
    if framed:
        yield Problem(
            code="multi-frame",
            level="error",
            text=f"{framed[0].name} has {framed[0].frames} frames, but its SOP class holds one a file",
            remedy="Export it again as an enhanced (multi-frame) object, or as one file a slice.",
        )
        return
    mosaics = [instance for instance in unlike(instances, _MOSAIC) if is_mosaic(instance)]
    if mosaics:
        yield Problem(
            code="siemens-mosaic",
            level="error",
            text=f"{mosaics[0].name} is a Siemens mosaic: the slices of a volume side by side in one image",
            remedy="Convert it with dcm2niix, or export it from the scanner as Enhanced MR.",
        )
        return
    yield from pixel_problems(instances)


def is_mosaic(instance: Instance) -> bool:
    """Return whether a file shows all slices of a volume as tiles of one image, as Siemens stored functional MR."""
    return instance.text("Modality") == "MR" and "MOSAIC" in instance.texts("ImageType")


def pixel_problems(instances: tuple[Instance, ...]) -> Iterator[Problem]:
    """Yield what keeps files from having pixels of one format, all of them."""
    bare = [instance for instance in instances if instance.pixels is None]
    if bare:
        yield _without_pixels(bare, len(instances))
        return
    lacking = [
        instance
        for instance in unlike(instances, FORMAT_TAGS)
        if not instance.rows * instance.columns
    ]
    if lacking:
        yield Problem.of(faults.no_size(lacking[0].path, lacking[0].rows, lacking[0].columns))
        return
    yield from _size_problems(instances)
    yield from _truncation_problems(instances)


def _without_pixels(bare: list[Instance], count: int) -> Problem:
    first = f"{bare[0].name}{_class_of(bare[0])}"
    is_image = len(bare) < count
    choice = "Move these files to another folder" if is_image else "Choose an image series"
    return Problem(
        code="no-pixels",
        level="error",
        text=f"{len(bare)} of {counted(count, 'file')} have no pixels, the first is {first}",
        remedy=f"{choice}: reports, structures and raw data have no pixels.",
    )


def _class_of(instance: Instance) -> str:
    """Return the name of an object's SOP class for a message; "" if it is not known."""
    uid = UID(instance.sop_class_uid)
    return "" if uid.name == str(uid) else f" ({uid.name})"


def _size_problems(instances: tuple[Instance, ...]) -> Iterator[Problem]:
    odd = unlike(instances, FORMAT_TAGS)[1:]
    groups = {_pixel_format(instances[0]): len(instances) - len(odd)}
    for instance in odd:
        key = _pixel_format(instance)
        groups[key] = groups.get(key, 0) + 1
    if len(groups) > 1:
        listed = ", ".join(
            f"{count} of {key[0]}×{key[1]} with {key[2]} samples of {key[3]} bits"
            for key, count in groups.items()
        )
        yield Problem(
            code="mixed-sizes",
            level="error",
            text=f"the slices have different sizes or pixel formats: {listed}",
            remedy="Move the files that do not belong to the volume (localizers, screen shots) to another folder.",
        )


def _pixel_format(instance: Instance) -> tuple[int, ...]:
    numbers = (instance.number(keyword) for keyword in ("BitsAllocated", "PixelRepresentation"))
    return (instance.rows, instance.columns, instance.samples, *numbers)


def _truncation_problems(instances: tuple[Instance, ...]) -> Iterator[Problem]:
    short = [instance for instance in instances if is_truncated(instance)]
    if short:
        names = ", ".join(instance.name for instance in short[:3])
        yield Problem(
            code="file-truncated",
            level="error",
            text=f"{len(short)} of {len(instances)} files end before their pixels do: {names}",
            remedy="Copy or export them again.",
        )


def is_truncated(instance: Instance) -> bool:
    """Return whether the file ends before its Pixel Data does (never known of compressed or deflated files)."""
    pixels = instance.pixels
    if (
        pixels is None
        or pixels.length is None
        or instance.transfer_syntax == DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN
    ):
        return False
    return pixels.offset + pixels.length > instance.file_size


def _position_missing(instances: tuple[Instance, ...]) -> Problem:
    lacking = [
        one.name
        for one in instances
        if not (_has_position(one) and orientation_of(one) is not None)
    ]
    return Problem(
        code="position-missing",
        level="error",
        text=f"{len(lacking)} of {len(instances)} files lack ImagePositionPatient or ImageOrientationPatient, "
        f"the first is {lacking[0]}",
        remedy="Move the files that do not belong to the volume to another folder.",
    )


def _has_position(instance: Instance) -> bool:
    return _are_vectors([instance.numbers("ImagePositionPatient")], 3)


def _orientation_problems(instances: tuple[Instance, ...]) -> Iterator[Problem]:
    first = orientation_of(instances[0])
    asked = instances if first is None else unlike(instances, _ORIENTATION)[1:]
    odd = [
        instance.name for instance in asked if first is None or not _is_parallel(instance, first)
    ]
    if odd:
        yield Problem(
            code="mixed-orientations",
            level="error",
            text=f"{len(odd)} of {len(instances)} files have another orientation than the first, such as {odd[0]}",
            remedy="Move localizers and reformatted slices to another folder.",
        )


def _is_parallel(instance: Instance, axes: Floats) -> bool:
    other = orientation_of(instance)
    return other is not None and bool(np.abs(other - axes).max() <= SAME_DIRECTION)


def _on_grid(
    instances: tuple[Instance, ...], positions: Floats, split: _Split, problems: list[Problem]
) -> Placement:
    """Return the instances, which stand at `positions`, on the grid of the first volume."""
    axes = orientation_of(instances[0])
    if axes is None:  # pragma: no cover - it was looked at before
        return Placement(instances=instances, grid=None, problems=tuple(problems))
    in_plane, found = _pixel_spacing(instances)
    problems += found
    slices = len(instances) // split.volumes
    if slices > 1:
        distances = positions[:slices] @ unit_normal(axes)
        between = float((distances[-1] - distances[0]) / (slices - 1))
        problems += drift_problems(positions[:slices], axes, min(in_plane))
    else:
        between, found = _single_spacing(instances[0])
        problems += found
    problems += moved_problems(positions, split.volumes, min(in_plane))
    shape = (slices, instances[0].rows, instances[0].columns)
    grid = grid_of(shape, (in_plane[1], in_plane[0], between), positions[0], axes)
    if isinstance(grid, Problem):
        return Placement(instances=instances, grid=None, problems=(*problems, grid))
    grid = grid.stated(statement_of(problems))
    fatal = any(problem.level == "error" for problem in problems)
    return Placement(
        instances=instances,
        grid=None if fatal else grid,
        problems=tuple(problems),
        volumes=split.volumes if split.volumes > 1 else None,
        times_s=split.times_s,
    )


def _pixel_spacing(instances: tuple[Instance, ...]) -> tuple[tuple[float, ...], list[Problem]]:
    return pixel_spacing_of(
        [instance.numbers("PixelSpacing") for instance in unlike(instances, _SPACING)]
    )


def _single_spacing(instance: Instance) -> tuple[float, list[Problem]]:
    keywords = ("SpacingBetweenSlices", "SliceThickness")
    return thickness_of([value for keyword in keywords for value in instance.numbers(keyword)[:1]])


def _without_positions(instances: tuple[Instance, ...]) -> Placement:
    """Return pictures in the order of InstanceNumber: radiographs and secondary captures have no place."""
    times = picture_times_s(instances)
    volumes = len(times) if times else 1
    grid, problems = picture_grid(unlike(instances, _LENGTHS), len(instances) // volumes)
    return Placement(
        instances=instances,
        grid=grid,
        problems=(no_geometry(), *agreement_problems(instances), *problems),
        volumes=volumes if times else None,
        times_s=times,
    )


def no_geometry(what: str = "files", order: str = "InstanceNumber") -> Problem:
    """Return the problem of slices that stand nowhere."""
    return Problem(
        code="no-geometry",
        level="warning",
        text=f"the {what} have no ImagePositionPatient: they are pictures in the order of {order}, without a place in "
        "the patient",
        remedy="Give origin and direction when you use them as slices of a volume.",
    )
