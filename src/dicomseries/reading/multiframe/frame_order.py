"""Multi-frame files → their frames, volume by volume along the normal, and the grid they stand on."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dicomseries.errors import ReadError
from dicomseries.geometry import Grid
from dicomseries.reading import read_errors as faults
from dicomseries.reading.consistency import agreement_problems
from dicomseries.reading.geometry.picture_series import picture_grid
from dicomseries.reading.geometry.repeated_places import Arrangement, rising_times
from dicomseries.reading.geometry.slice_order import (
    FrameSet,
    Placement,
    doubtful_volumes,
    no_geometry,
    number_of,
    pixel_problems,
)
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
from dicomseries.reading.geometry.volume_keys import frame_clocks
from dicomseries.reading.geometry.volume_sorting import sort_frames
from dicomseries.reading.multiframe.frame_facts import SAME_DIRECTION, Frames, frames_of
from dicomseries.reading.multiframe.segment_order import SEGMENTATIONS, place_segments
from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.pixels.pixel_format import check_pixels
from dicomseries.reading.pixels.rescale_of_frames import mapping_problems
from dicomseries.reading.problems import Problem
from dicomseries.standard.attribute import tag_of

__all__ = ["holds_frames", "number_of_part", "place_frames"]

Floats = npt.NDArray[np.float64]

_ONE_FRAME = frozenset(
    {"1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.128"}
)
"""CT, MR and PT Image Storage: whatever NumberOfFrames says, their IODs hold one."""
_PARAMETRIC_MAP = "1.2.840.10008.5.1.4.1.1.30"
_GROUPS = (tag_of("SharedFunctionalGroupsSequence"), tag_of("PerFrameFunctionalGroupsSequence"))


def holds_frames(instance: Instance) -> bool:
    """Return whether a file has several frames, or functional groups that say where its one frame stands.

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> [holds_frames(read_instance(get_testdata_file(name))) for name in ("CT_small.dcm", "rtdose.dcm")]
    [False, True]
    """
    if instance.sop_class_uid in _ONE_FRAME:
        return False
    return instance.frames != 1 or any(instance.element(tag) is not None for tag in _GROUPS)


def place_frames(instances: Sequence[Instance]) -> Placement:
    """Sort the frames of the multi-frame files of one series into volumes, and find their grid.

    Parameters
    ----------
    instances : sequence of Instance
        At least one, of one series, in any order. Several files are put together: volumes, or parts of one.

    Returns
    -------
    Placement
        With `frames`; without geometry in the files in the order of the file, on a grid of 1 mm, with a warning.
    """
    files = tuple(sorted(instances, key=number_of_part))
    faults = tuple(_file_problems(files))
    if faults:
        return Placement(instances=files, grid=None, problems=faults)
    try:
        pool = tuple(map(frames_of, files))
        if files[0].sop_class_uid in SEGMENTATIONS:
            return place_segments(pool)
        return _placed(pool)
    except ReadError as error:
        return Placement(instances=files, grid=None, problems=(Problem.of(error),))


def _file_problems(files: tuple[Instance, ...]) -> Iterator[Problem]:
    empty = [instance for instance in files if instance.frames < 1]
    if empty:
        yield Problem(
            code="no-frames",
            level="error",
            text=f"{empty[0].name} says it has {empty[0].frames} frames",
            remedy="Export it again: NumberOfFrames must be at least 1.",
        )
        return
    found = tuple(pixel_problems(files))
    yield from found
    if not found:
        yield from map(Problem.of, filter(None, map(_pixels_missing, files)))


def number_of_part(instance: Instance) -> tuple[float, int, str]:
    """Return what to sort files by: parts of a concatenation share InstanceNumber (PS3.3 section C.7.6.16.2.2.4)."""
    number, path = number_of(instance)
    return number, instance.number("InConcatenationNumber"), path


def _parts_missing(files: Sequence[Instance]) -> Iterator[Problem]:
    """Yield whether the frames of one object were spread over several files, and some of these are not here."""
    for uid in sorted({instance.text("ConcatenationUID") for instance in files} - {""}):
        parts = [instance for instance in files if instance.text("ConcatenationUID") == uid]
        numbers = {instance.number("InConcatenationNumber") for instance in parts}
        total = max(
            *numbers, *(instance.number("InConcatenationTotalNumber") for instance in parts)
        )
        if len(numbers) < total:
            yield Problem(
                code="concatenation-incomplete",
                level="warning",
                text=f"{len(numbers)} of {total} parts of a concatenation are here; the frames of the others are not",
                remedy="Copy or export the other parts, which have the same ConcatenationUID.",
            )


def _pixels_missing(instance: Instance) -> ReadError | None:
    """Return why a file cannot hold as many frames as it says, before anything is made of their number."""
    try:
        check_pixels(instance)
    except ReadError as error:
        return error
    if (
        instance.frames > instance.file_size
    ):  # compressed: a frame is a fragment of 8 bytes at least
        return faults.truncated(instance.path, has=instance.file_size, needs=instance.frames * 8)
    return None


def _placed(pool: tuple[Frames, ...]) -> Placement:
    if all(frames.is_unplaced for frames in pool):
        return _without_positions(pool)
    frames = _pooled(pool)
    if frames is None:
        return _refused(pool, [_position_missing(pool)])
    odd = np.flatnonzero(np.abs(frames.axes - frames.axes[0]).max(axis=(1, 2)) > SAME_DIRECTION)
    if len(odd):
        return _refused(pool, [_mixed_orientations(frames, odd)])
    distances = frames.positions @ unit_normal(frames.axes[0])
    groups = [one.groups for one in pool]
    sorting = sort_frames(groups, distances)
    if sorting.arrangement is None:
        return _refused(
            pool, [repeated_problem(len(distances), sorting.place_count, "frames", sorting.tried)]
        )
    return _on_grid(pool, frames, sorting.arrangement, distances)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Pooled:
    """The frames of all files: names, places in LPS mm, cosines, and file and number in the file."""

    names: tuple[str, ...]
    positions: Floats
    axes: Floats
    sources: npt.NDArray[np.intp]


def _pooled(pool: tuple[Frames, ...]) -> _Pooled | None:
    positions = [frames.positions_lps for frames in pool if frames.positions_lps is not None]
    axes = [frames.orientations for frames in pool if frames.orientations is not None]
    if len(positions) != len(pool) or len(axes) != len(pool):
        return None
    return _Pooled(
        names=_names(pool),
        positions=np.concatenate(positions),
        axes=np.concatenate(axes),
        sources=_sources(pool),
    )


def _names(pool: tuple[Frames, ...]) -> tuple[str, ...]:
    of = {id(frames): f" of {frames.instance.name}" if len(pool) > 1 else "" for frames in pool}
    return tuple(
        f"frame {index + 1}{of[id(frames)]}" for frames in pool for index in range(frames.count)
    )


def _sources(pool: tuple[Frames, ...]) -> npt.NDArray[np.intp]:
    return np.array(
        [(file, frame) for file, frames in enumerate(pool) for frame in range(frames.count)],
        np.intp,
    )


def _on_grid(
    pool: tuple[Frames, ...], frames: _Pooled, found: Arrangement, distances: Floats
) -> Placement:
    order = found.order
    slices = len(order) // found.volumes
    first = order[:slices]
    axes = frames.axes[0]
    problems = _doubts(pool)
    problems += gap_problems([frames.names[index] for index in first], distances[first], "frames")
    in_plane, more = _pixel_spacing(pool)
    problems += more
    if any(problem.level == "error" for problem in problems):
        return _refused(pool, problems)
    if slices > 1:
        between = float((distances[first[-1]] - distances[first[0]]) / (slices - 1))
        problems += drift_problems(frames.positions[first], axes, min(in_plane))
    else:
        between, more = thickness_of(_thicknesses(pool[0]))
        problems += more
    problems += moved_problems(frames.positions[order], found.volumes, min(in_plane))
    problems += doubtful_volumes(
        found, np.arange(len(order), dtype=np.float64), "the order of the frames"
    )
    shape = (slices, pool[0].instance.rows, pool[0].instance.columns)
    grid = grid_of(shape, (in_plane[1], in_plane[0], between), frames.positions[first[0]], axes)
    if isinstance(grid, Grid):
        grid = grid.stated(statement_of(problems))
    else:
        problems.append(grid)
    fatal = any(problem.level == "error" for problem in problems)
    return Placement(
        instances=tuple(one.instance for one in pool),
        grid=grid if isinstance(grid, Grid) and not fatal else None,
        problems=tuple(problems),
        volumes=found.volumes if found.volumes > 1 else None,
        times_s=_times_s(pool, found) if found.volumes > 1 else None,
        frames=FrameSet(pool=pool, sources=frames.sources[order]),
    )


def _times_s(pool: tuple[Frames, ...], found: Arrangement) -> tuple[float, ...] | None:
    """Return when each volume was taken: by a clock of the frames, or by the frame time of a clip of one slice."""
    times = rising_times(found, frame_clocks([one.groups for one in pool]))
    is_clip = len(pool) == 1 and found.volumes == pool[0].count
    return _frame_times_s(pool[0].instance) if times is None and is_clip else times


def _doubts(pool: tuple[Frames, ...]) -> list[Problem]:
    """Return what else the frames may be than they seem."""
    files = [one.instance for one in pool]
    maps = [one.groups for one in pool if one.instance.sop_class_uid == _PARAMETRIC_MAP]
    return [
        *agreement_problems(files),
        *_parts_missing(files),
        *itertools.chain(*map(mapping_problems, maps)),
    ]


def _pixel_spacing(pool: tuple[Frames, ...]) -> tuple[tuple[float, ...], list[Problem]]:
    """Return the spacing of rows and of columns in mm; each different pair is looked at once."""
    found = [() if one.pixel_spacing_mm is None else one.pixel_spacing_mm for one in pool]
    return pixel_spacing_of(
        [pair for pairs in found for pair in (np.unique(pairs, axis=0) if len(pairs) else [()])]
    )


def _thicknesses(frames: Frames) -> list[float]:
    return [
        float(found[0])
        for found in (frames.spacing_between_mm, frames.thickness_mm)
        if found is not None
    ]


def _refused(pool: tuple[Frames, ...], problems: Sequence[Problem]) -> Placement:
    return Placement(
        instances=tuple(frames.instance for frames in pool), grid=None, problems=tuple(problems)
    )


def _position_missing(pool: tuple[Frames, ...]) -> Problem:
    lacking = [
        one.instance.name for one in pool if one.positions_lps is None or one.orientations is None
    ]
    return Problem(
        code="position-missing",
        level="error",
        text=f"some frames lack ImagePositionPatient or ImageOrientationPatient, in {lacking[0]}",
        remedy="Export the file again, with a position and an orientation for every frame.",
    )


def _mixed_orientations(frames: _Pooled, odd: npt.NDArray[np.intp]) -> Problem:
    return Problem(
        code="mixed-orientations",
        level="error",
        text=f"{len(odd)} of {len(frames.names)} frames have another orientation than the first, such as "
        f"{frames.names[odd[0]]}: several stacks, or localizers",
        remedy="Export each stack as a file of its own; a volume has slices of one orientation.",
    )


def _without_positions(pool: tuple[Frames, ...]) -> Placement:
    """Return frames that stand nowhere in the order of the file: slices, or pictures at one place one after another."""
    if len(pool) > 1:
        return _refused(pool, [_several_clips(pool)])
    (frames,) = pool
    instance = frames.instance
    times = _frame_times_s(instance)
    volumes = frames.count if times is not None and frames.count > 1 else None
    grid, problems = picture_grid(
        (instance,), 1 if volumes else frames.count, _spacing_of_groups(frames)
    )
    return Placement(
        instances=(instance,),
        grid=grid,
        problems=(no_geometry("frames", "the file"), *_doubts(pool), *problems),
        volumes=volumes,
        times_s=times if volumes else None,
        frames=FrameSet(pool=pool, sources=_sources(pool)),
    )


def _spacing_of_groups(frames: Frames) -> Floats | None:
    """Return the pixel spacing of functional groups; None where there are none, and the file itself states it."""
    return frames.pixel_spacing_mm if frames.groups.is_present else None


def _several_clips(pool: tuple[Frames, ...]) -> Problem:
    return Problem(
        code="several-multi-frame",
        level="error",
        text=f"{len(pool)} multi-frame files of {pool[0].count} frames and so on, which do not say where they stand",
        remedy="Read one file at a time: give its path instead of the folder.",
    )


def _frame_times_s(instance: Instance) -> tuple[float, ...] | None:
    """Return the times of a cine in seconds after the first: FrameTime or FrameTimeVector (PS3.3 section C.7.6.5)."""
    pointers = instance.raw("FrameIncrementPointer") or b""
    pairs = (
        np.frombuffer(pointers[: len(pointers) // 4 * 4], f"{instance.byte_order}u2")
        .reshape(-1, 2)
        .tolist()
    )
    tags = {group << 16 | number for group, number in pairs}
    if tag_of("FrameTime") in tags:
        steps: Sequence[float] = instance.numbers("FrameTime")[:1] * (instance.frames - 1)
    elif tag_of("FrameTimeVector") in tags:
        steps = instance.numbers("FrameTimeVector")[1:]
    else:
        return None
    if len(steps) != instance.frames - 1 or not all(step > 0 for step in steps):
        return None
    return tuple((np.concatenate(([0.0], np.cumsum(steps))) / 1000).round(9).tolist())
