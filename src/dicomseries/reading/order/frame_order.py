"""Order and grid of the frames of multi-frame files."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dicomseries.errors import ReadError, counted
from dicomseries.reading import read_errors
from dicomseries.reading.consistency import consistency_problems, format_problems
from dicomseries.reading.geometry.slice_spacing import SAME_DIRECTION, unit_normal
from dicomseries.reading.geometry.volume_sorting import VolumeSorting, sort_frames
from dicomseries.reading.multiframe.frame_facts import NUCLEAR_MEDICINE, Frames, frames_of
from dicomseries.reading.order.placement import (
    FrameSet,
    Placement,
    SortedPlanes,
    no_geometry,
    place_on_grid,
)
from dicomseries.reading.order.segment_order import SEGMENTATIONS, place_segments
from dicomseries.reading.order.slice_stacks import IrregularSlices, UnsortedSlices
from dicomseries.reading.parse.instance import Instance, file_order
from dicomseries.reading.pixels.pixel_format import check_pixels
from dicomseries.reading.pixels.rescale_of_frames import mapping_problems
from dicomseries.reading.problems import Problem, has_errors
from dicomseries.slice_planes import SlicePlanes
from dicomseries.standard.attributes.attribute import tag_of
from dicomseries.volume_axes import VolumeLayout, layout_of_times

if TYPE_CHECKING:
    from dicomseries.reading.modalities.nuclear_axes import NuclearOrder

__all__ = ["holds_frames", "place_frames"]

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

_ONE_FRAME = frozenset(
    {"1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.128"}
)
"""CT, MR and PT Image Storage: one frame per file; some makers write several."""
_CLIPS = frozenset(
    {
        "1.2.840.10008.5.1.4.1.1.3.1",
        "1.2.840.10008.5.1.4.1.1.12.1",
        "1.2.840.10008.5.1.4.1.1.12.2",
        "1.2.840.10008.5.1.4.1.1.12.1.1",
        "1.2.840.10008.5.1.4.1.1.12.2.1",
        "1.2.840.10008.5.1.4.1.1.77.1.1.1",
        "1.2.840.10008.5.1.4.1.1.77.1.2.1",
        "1.2.840.10008.5.1.4.1.1.77.1.4.1",
    }
)
"""Ultrasound, angiography, fluoroscopy, video: frames are moments or views, never slices."""
_PARAMETRIC_MAP = "1.2.840.10008.5.1.4.1.1.30"
_GROUPS = (tag_of("SharedFunctionalGroupsSequence"), tag_of("PerFrameFunctionalGroupsSequence"))


def holds_frames(instance: Instance) -> bool:
    """Return True for files with several frames or functional groups.

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> files = [get_testdata_file(name) for name in ("CT_small.dcm", "rtdose.dcm")]
    >>> [holds_frames(read_instance(file)) for file in files]
    [False, True]
    """
    if instance.sop_class_uid in _ONE_FRAME:
        return instance.frames != 1
    return instance.frames != 1 or any(instance.element(tag) is not None for tag in _GROUPS)


def place_frames(instances: Sequence[Instance], chosen: Sequence[int] | None = None) -> Placement:
    """Sort frames into volumes, and find their grid.

    Parameters
    ----------
    instances : sequence of Instance
        At least one, of one series, in any order. Several files are joined: volumes, or parts
        of one.
    chosen : sequence of int, optional
        Only these frames, counted through all files in the order of InstanceNumber.

    Returns
    -------
    Placement
        With `frames`. Files without geometry are in their own order, on a grid of 1 mm, with a
        warning.
    """
    files = tuple(sorted(instances, key=file_order))
    problems = tuple(_file_problems(files))
    if problems:
        return Placement(instances=files, problems=problems)
    try:
        pool = tuple(map(frames_of, files))
        placement = _placed(files, pool, chosen)
    except ReadError as error:
        return Placement(instances=files, problems=(Problem.of(error),))
    surplus = tuple(_surplus_items(pool))
    return replace(placement, problems=(*placement.problems, *surplus)) if surplus else placement


def _placed(
    files: tuple[Instance, ...], pool: tuple[Frames, ...], chosen: Sequence[int] | None
) -> Placement:
    if files[0].sop_class_uid in SEGMENTATIONS:
        return place_segments(pool, chosen)
    if all(frames.is_unplaced for frames in pool):
        return _place_pictures(files, pool)
    return _place_in_space(files, pool, chosen)


def _surplus_items(pool: tuple[Frames, ...]) -> Iterator[Problem]:
    """Yield a warning about functional groups of frames that a file does not have."""
    for frames in pool:
        if frames.groups.surplus_items:
            yield Problem(
                code="functional-groups-left",
                level="warning",
                text=f"{frames.instance.name} has functional groups for "
                f"{counted(frames.count + frames.groups.surplus_items, 'frame')}, but pixels of "
                f"{counted(frames.count, 'frame')}; the other functional groups are left out",
                remedy="Export it again if frames are missing.",
            )


def _file_problems(files: tuple[Instance, ...]) -> Iterator[Problem]:
    empty = [instance for instance in files if instance.frames < 1]
    if empty:
        yield Problem(
            code="no-frames",
            level="error",
            text=f"NumberOfFrames of {empty[0].name} is {empty[0].frames}",
            remedy="Export it again: NumberOfFrames must be at least 1.",
        )
        return
    tiled = [instance for instance in files if instance.raw("TotalPixelMatrixRows")]
    if tiled:
        from dicomseries.reading.modalities.tiled_images import tiles_problem  # noqa: PLC0415

        problem = tiles_problem(tiled[0])
        if problem is not None:
            yield problem
            return
    problems = tuple(format_problems(files))
    yield from problems or itertools.chain(*map(_incomplete_pixels, files))


def _incomplete_pixels(instance: Instance) -> Iterator[Problem]:
    """Yield an error if a file lacks bytes for its frames."""
    try:
        check_pixels(instance)
        if instance.frames > instance.file_size:  # a compressed frame has at least 8 bytes
            raise read_errors.truncated(
                instance.path, has=instance.file_size, needs=instance.frames * 8
            )
    except ReadError as error:
        yield Problem.of(error)


def _place_pictures(files: tuple[Instance, ...], pool: tuple[Frames, ...]) -> Placement:
    """Return frames without positions in the order of the file.

    Slices, or a time series.
    """
    if len(pool) > 1:
        problem = Problem(
            code="several-multi-frame",
            level="error",
            text=f"{len(pool)} multi-frame files without positions, the first with "
            f"{pool[0].count} frames",
            remedy="Read one file at a time: give its path instead of the folder.",
        )
        return Placement(instances=files, problems=(problem,))
    from dicomseries.reading.geometry.picture_series import (  # noqa: PLC0415 - not for slices
        picture_grid,
    )

    (frames,) = pool
    nuclear = _nuclear_order(frames)
    if nuclear is not None:
        return _place_nuclear(frames, nuclear)
    slices, volumes, times = frames.count, None, None
    of_times: list[Problem] = []
    if frames.count > 1:
        times, of_times = _clip_times_s(files[0])
        if times is not None or files[0].sop_class_uid in _CLIPS:
            slices, volumes = 1, frames.count
    spacing = None
    if frames.groups.is_present:
        spacing = frames.pixel_spacing_mm
    grid, problems = picture_grid(files, slices, spacing)
    return Placement(
        instances=files,
        grid=grid,
        problems=(_without_place(frames), *_warnings(files, pool), *problems, *of_times),
        volumes=volumes,
        layout=layout_of_times(times),
        frames=FrameSet(pool=pool, sources=_sources(pool)),
    )


def _nuclear_order(frames: Frames) -> NuclearOrder | None:
    """Return the order of several frames in nuclear medicine, by their vectors."""
    if frames.count == 1 or frames.instance.sop_class_uid != NUCLEAR_MEDICINE:
        return None
    from dicomseries.reading.modalities.nuclear_axes import nuclear_order  # noqa: PLC0415 - of NM

    return nuclear_order(frames.instance, frames.count)


def _place_nuclear(frames: Frames, nuclear: NuclearOrder) -> Placement:
    """Return views, or slices without a place, in the order of their vectors."""
    from dicomseries.reading.geometry.picture_series import picture_grid  # noqa: PLC0415 - of NM

    files, pool = (frames.instance,), (frames,)
    grid, problems = picture_grid(files, nuclear.slices)
    volumes = frames.count // nuclear.slices
    order = "their vectors (FrameIncrementPointer)"
    return Placement(
        instances=files,
        grid=grid,
        problems=(no_geometry("frames", order), *_warnings(files, pool), *problems),
        volumes=volumes if volumes > 1 else None,
        layout=nuclear.layout,
        frames=FrameSet(pool=pool, sources=_sources(pool)[nuclear.frames]),
    )


def _without_place(frames: Frames) -> Problem:
    problem = no_geometry("frames", "the file")
    if frames.count > 1 and frames.instance.raw("ImagePositionPatient"):
        text = (
            f"only one position is stated for {frames.count} frames: their places in the patient "
            "are unknown, and they are in the order of the file"
        )
        return replace(problem, text=text)
    return problem


def _place_in_space(
    files: tuple[Instance, ...], pool: tuple[Frames, ...], chosen: Sequence[int] | None
) -> Placement:
    everything = _unsorted(files, pool)
    frames = np.arange(len(everything.names)) if chosen is None else np.array(chosen, np.intp)
    slices = everything.pick(frames)
    sources = _sources(pool)[frames]
    axes = slices.orientations.reshape(-1, 2, 3)
    is_parallel = np.abs(axes - axes[0]).max() <= SAME_DIRECTION  # not if one is NaN
    if not (slices.are_placed.all() and is_parallel):
        return _place_irregular(files, pool, slices, sources)
    groups = [file.groups for file in pool]
    positions = slices.positions_lps
    sorting = sort_frames(groups, positions @ unit_normal(axes[0]), frames)
    if sorting.arrangement is None:
        from dicomseries.reading.geometry.incomplete_volumes import (  # noqa: PLC0415 - rare
            complete_volumes,
            left_out_problem,
        )

        kept = complete_volumes(sorting)
        if kept is not None:
            placement = _place_in_space(files, pool, frames[kept].tolist())
            problem = left_out_problem(kept, sorting.place_count)
            return replace(placement, problems=(problem, *placement.problems))
    order = sorting.order
    planes = SortedPlanes(
        noun="frames",
        names=_names(pool, sources[order[: sorting.place_count]]),
        positions_lps=positions[order],
        axes=axes[0],
        spacings_mm=_pixel_spacings(slices.spacings_mm),
        thicknesses_mm=pool[0].slice_lengths_mm,
        size=(files[0].rows, files[0].columns),
    )
    grid, problems = place_on_grid(planes, sorting)
    if grid is None and any(problem.code == "pixel-spacing-differs" for problem in problems):
        return _place_irregular(files, pool, slices, sources)
    problems = [*_warnings(files, pool), *problems]
    if grid is None or sorting.arrangement is None:
        return Placement(instances=files, problems=tuple(problems))
    volumes = sorting.arrangement.volumes
    layout = _nuclear_layout(pool, sorting.arrangement.volume_index)
    if layout is not None:
        problems = [problem for problem in problems if problem.code != "volumes-by-number"]
    return Placement(
        instances=files,
        grid=None if has_errors(problems) else grid,
        planes=grid if isinstance(grid, SlicePlanes) else None,
        problems=tuple(problems),
        volumes=volumes if volumes > 1 else None,
        layout=layout or _layout(pool, sorting),
        frames=FrameSet(pool=pool, sources=sources[order]),
    )


def _sources(pool: tuple[Frames, ...]) -> Indices:
    """Return file and frame of all frames.

    Shape (frames, 2).
    """
    counts = [frames.count for frames in pool]
    files = np.repeat(np.arange(len(pool)), counts)
    return np.column_stack((files, np.concatenate(list(map(np.arange, counts)))))


def _names(pool: tuple[Frames, ...], sources: Indices) -> list[str]:
    names = []
    for file, frame in sources.tolist():
        of_file = f" of {pool[file].instance.name}" if len(pool) > 1 else ""
        names.append(f"frame {frame + 1}{of_file}")
    return names


def _unsorted(files: Sequence[Instance], pool: tuple[Frames, ...]) -> UnsortedSlices:
    """Return the planes of all frames, in the order of the files."""
    size = (files[0].rows, files[0].columns)
    sources = _sources(pool)
    return UnsortedSlices(
        noun="frames",
        names=_names(pool, sources),
        positions_lps=np.concatenate([frames.known_positions_lps for frames in pool]),
        orientations=np.concatenate([frames.known_orientations for frames in pool]),
        spacings_mm=np.concatenate([frames.known_spacings_mm for frames in pool]),
        formats=np.tile(np.array(size, np.int64), (len(sources), 1)),
    )


def _place_irregular(
    files: tuple[Instance, ...], pool: tuple[Frames, ...], slices: UnsortedSlices, sources: Indices
) -> Placement:
    """Return frames of several orientations, pixel spacings, or without a position."""
    irregular = IrregularSlices.of(slices)
    return Placement(
        instances=files,
        planes=irregular.planes,
        stacks=irregular.stacks,
        problems=(irregular.problem, *_warnings(files, pool)),
        frames=FrameSet(pool=pool, sources=sources[irregular.order]),
    )


def _pixel_spacings(spacings_mm: Floats) -> list[Sequence[float]]:
    """Return the different spacings of rows and columns in mm.

    () for a missing one.
    """
    if np.isnan(spacings_mm).any():
        return [()]
    first = spacings_mm[:1].tolist()
    return [*first, *np.unique(spacings_mm, axis=0).tolist()]


def _warnings(files: tuple[Instance, ...], pool: tuple[Frames, ...]) -> Iterator[Problem]:
    yield from consistency_problems(files)
    yield from _missing_parts(files)
    yield from _unusual_frames(files)
    for frames in pool:
        if frames.instance.sop_class_uid == _PARAMETRIC_MAP:
            yield from mapping_problems(frames.groups)


def _unusual_frames(files: Sequence[Instance]) -> Iterator[Problem]:
    """Yield a warning about several frames in a file of a class with one."""
    unusual = [instance for instance in files if instance.sop_class_uid in _ONE_FRAME]
    if unusual:
        yield Problem(
            code="multi-frame",
            level="warning",
            text=f"{unusual[0].name} has {unusual[0].frames} frames, but its SOP class allows one "
            "per file",
            remedy="Export it again as an enhanced (multi-frame) object, or as one file per slice, "
            "for readers that take the first frame only.",
        )


def _missing_parts(files: Sequence[Instance]) -> Iterator[Problem]:
    """Yield a warning for each concatenation with missing files."""
    numbers_by_uid: dict[str, set[int]] = {}
    totals: dict[str, int] = {}
    for instance in files:
        uid = instance.text("ConcatenationUID")
        if not uid:
            continue
        number = instance.number("InConcatenationNumber")
        total = instance.number("InConcatenationTotalNumber")
        numbers_by_uid.setdefault(uid, set()).add(number)
        totals[uid] = max(totals.get(uid, 0), total, number)
    for uid, numbers in sorted(numbers_by_uid.items()):
        total = totals[uid]
        if len(numbers) < total:
            yield Problem(
                code="concatenation-incomplete",
                level="warning",
                text=f"only {len(numbers)} of {total} parts of a concatenation were found; "
                "the frames of the others are missing",
                remedy="Copy or export the other parts, which have the same ConcatenationUID.",
            )


def _layout(pool: tuple[Frames, ...], sorting: VolumeSorting) -> VolumeLayout:
    """Return what is known of the volumes; the times of a cine are those of its frames."""
    layout, count = sorting.layout, pool[0].count
    is_cine = len(pool) == 1 and sum(map(len, layout.axes)) == count > 1
    if layout.times_s is None and is_cine and layout.axes[0].name in {"volume", "time"}:
        times, _ = _clip_times_s(pool[0].instance)
        if times is not None:
            return layout_of_times(times)
    return layout


def _nuclear_layout(pool: tuple[Frames, ...], volume_index: Indices) -> VolumeLayout | None:
    """Return the axes of reconstructed volumes in nuclear medicine; None for others."""
    instance = pool[0].instance
    is_one_volume = not volume_index.any()
    if len(pool) > 1 or is_one_volume or instance.sop_class_uid != NUCLEAR_MEDICINE:
        return None
    from dicomseries.reading.modalities.nuclear_axes import nuclear_axes  # noqa: PLC0415 - of NM

    return nuclear_axes(instance, volume_index)


def _clip_times_s(instance: Instance) -> tuple[tuple[float, ...] | None, list[Problem]]:
    from dicomseries.reading.modalities.clip_times import clip_times_s  # noqa: PLC0415 - of clips

    return clip_times_s(instance)
