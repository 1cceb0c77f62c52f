"""Slice and segment of each frame of segmentations (PS3.3 C.8.20)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from dicomseries.errors import counted
from dicomseries.geometry import Grid
from dicomseries.geometry_statement import evenness_of
from dicomseries.lazy_dataclass import dataclass
from dicomseries.reading.geometry.slice_spacing import (
    drift_problems,
    grid_of,
    pixel_spacing_of,
    statement_of,
    thickness_of,
    unit_normal,
)
from dicomseries.reading.geometry.volume_sorting import places_of
from dicomseries.reading.multiframe.frame_facts import Frames
from dicomseries.reading.order.placement import FrameSet, Placement, no_geometry
from dicomseries.reading.order.slice_stacks import SliceStack
from dicomseries.reading.parse.functional_groups import as_numbers
from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.parse.to_python import plain_value
from dicomseries.reading.problems import Problem, has_errors
from dicomseries.slice_planes import (
    IRREGULARITIES,
    SAME_SPACING,
    Irregularity,
    SlicePlanes,
)
from dicomseries.standard.attributes.attribute import tag_of

__all__ = [
    "SEGMENTATIONS",
    "labels_of",
    "place_segments",
    "segment_volumes",
    "segmentation_type_of",
    "step_mm",
]

SEGMENTATIONS = frozenset({"1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7"})
"""Segmentation Storage and Label Map Segmentation Storage."""

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

_TOLERANCE = 0.02
"""Departure of a gap from a multiple of the step, as a fraction of the step."""
_MOST_PICTURES = 2**16
"""A higher picture number is damage; it would make an array of that many slices."""


def labels_of(instance: Instance) -> dict[int, str]:
    """Return SegmentLabel by SegmentNumber.

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> labels_of(read_instance(get_testdata_file("CT_small.dcm")))
    {}
    """
    number_tag, label_tag = tag_of("SegmentNumber"), tag_of("SegmentLabel")
    labels: dict[int, str] = {}
    for item in instance.sequence("SegmentSequence"):
        if number_tag not in item:
            continue
        numbers = as_numbers("US", item[number_tag].raw, instance.byte_order)
        if numbers:
            label = ""
            if label_tag in item:
                label = str(plain_value(label_tag, item[label_tag], instance.decoding()))
            labels[int(numbers[0])] = label
    return labels


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Places:
    """Slices of the frames of a segmentation.

    Parameters
    ----------
    frames : ndarray of int
        The frames that are placed.
    slices : ndarray of int
        Slice of each.
    grid : Grid or None
        Regular or irregular; None if the frames form no array.
    stacks : tuple of SliceStack
        If there are several orientations or pixel spacings.
    problems : sequence of Problem
        Errors and warnings.
    """

    frames: Indices
    slices: Indices
    grid: Grid | None
    stacks: tuple[SliceStack, ...] = ()
    problems: Sequence[Problem]


def place_segments(pool: tuple[Frames, ...], chosen: Sequence[int] | None = None) -> Placement:
    """Place the frames of one segmentation on their grid.

    Parameters
    ----------
    pool : tuple of Frames
        Of one file; several are an error, as their segment numbers are independent.
    chosen : sequence of int, optional
        Only the frames in the planes of these.

    Returns
    -------
    Placement
        Includes the slices of frames that were omitted as empty, if there is one distance of
        slices; otherwise the planes of the frames.

    Raises
    ------
    ReadError
        If functional groups are damaged.
    """
    files = tuple(frames.instance for frames in pool)
    frames = pool[0]
    labels = labels_of(frames.instance)
    segmentation_type = segmentation_type_of(frames.instance)
    problems = list(_frame_problems(pool, segmentation_type))
    if problems:
        return Placement(instances=files, problems=tuple(problems), segments=labels)
    places = _places_of_frames(frames, chosen)
    grid, slices, placed = places.grid, places.slices, places.frames
    numbers = _segment_numbers(frames)[placed]
    problems = list(places.problems)
    if grid is not None:
        problems += _repeated_segments(slices, numbers)
    planes = grid if isinstance(grid, SlicePlanes) else None
    codes = {problem.code for problem in problems if problem.level == "error"}
    if grid is None or codes - (frozenset() if planes is None else planes.codes):
        return Placement(instances=files, problems=tuple(problems), segments=labels)
    count = grid.shape[0]
    volumes = None
    if segmentation_type == "BINARY":
        frame_set = _label_map(frames, placed, slices, numbers, count)
    else:
        segments = [0] if segmentation_type == "LABELMAP" else sorted({*labels, *numbers.tolist()})
        volumes = len(segments) if len(segments) > 1 else None
        sources = _segment_volumes(placed, slices, numbers, count, segments)
        frame_set = FrameSet(pool=pool, sources=sources, divisor=_divisor(frames.instance))
    return Placement(
        instances=files,
        grid=None if planes is not None else grid,
        planes=planes,
        stacks=places.stacks,
        problems=tuple(problems),
        volumes=volumes,
        frames=frame_set,
        segments=labels,
    )


def _places_of_frames(frames: Frames, chosen: Sequence[int] | None) -> _Places:
    """Return the slice of each frame, on one grid, on planes, or as pictures."""
    every = np.arange(frames.count)
    if _is_of_pictures(frames):
        grid, slices, problems = _grid_of_pictures(frames)
        return _Places(frames=every, slices=slices, grid=grid, problems=problems)
    if frames.orientation is not None and _has_one_spacing(frames):
        grid, slices, problems = _grid_in_space(frames, every)
        return _Places(frames=every, slices=slices, grid=grid, problems=problems)
    from dicomseries.reading.order.segment_stacks import (  # noqa: PLC0415 - rare
        segment_stacks,
    )

    of_stacks = segment_stacks(frames)
    if chosen is not None:
        members = of_stacks.in_planes_of(np.array(chosen, np.intp))
        grid, slices, problems = _grid_in_space(frames, members)
        return _Places(frames=members, slices=slices, grid=grid, problems=problems)
    irregular = of_stacks.irregular
    return _Places(
        frames=every,
        slices=of_stacks.plane_of,
        grid=irregular.planes,
        stacks=of_stacks.stacks,
        problems=[irregular.problem],
    )


def segment_volumes(frames: FrameSet, segments: Iterable[int]) -> FrameSet:
    """Return the frames of a label map as one volume for each segment.

    Parameters
    ----------
    frames : FrameSet
        Of a binary segmentation, with `masks`.
    segments : iterable of int
        Numbers in SegmentSequence; those of frames are added.
    """
    masks, pool = frames.masks or (), frames.pool[0]
    numbers = _segment_numbers(pool)
    places = np.array(
        [(frame, index) for index, of_slice in enumerate(masks) for frame in of_slice], np.intp
    ).reshape(-1, 2)
    every = sorted({*segments, *numbers.tolist()})
    sources = np.full((len(every) * len(masks), 2), -1, np.intp)
    order = np.searchsorted(every, numbers[places[:, 0]]) * len(masks) + places[:, 1]
    sources[order] = np.column_stack((np.zeros(len(places), np.intp), places[:, 0]))
    return FrameSet(pool=frames.pool, sources=sources)


def segmentation_type_of(instance: Instance) -> str:
    """Return BINARY, LABELMAP or FRACTIONAL; "" for a file of another class."""
    if instance.sop_class_uid not in SEGMENTATIONS:
        return ""
    if instance.sop_class_uid.endswith(".7"):
        return "LABELMAP"
    return instance.text("SegmentationType") or "BINARY"


def _segment_numbers(frames: Frames) -> Indices:
    """Return the segment of each frame; 0 for label maps."""
    if frames.segments is None or segmentation_type_of(frames.instance) == "LABELMAP":
        return np.zeros(frames.count, np.intp)
    return frames.segments


def _divisor(instance: Instance) -> float:
    """Return MaximumFractionalValue of fractional segmentations, 1 for others."""
    if segmentation_type_of(instance) != "FRACTIONAL":
        return 1.0
    return float(max(instance.number("MaximumFractionalValue", 1), 1))


def _frame_problems(pool: tuple[Frames, ...], segmentation_type: str) -> Iterator[Problem]:
    """Yield errors that keep the file from being read."""
    frames = pool[0]
    name = frames.instance.name
    if len(pool) > 1:
        yield Problem(
            code="several-segmentations",
            level="error",
            text=f"{len(pool)} segmentations in one series, each with independent segments",
            remedy="Read one file at a time: give its path instead of the folder.",
        )
    is_placed = frames.positions_lps is not None and frames.orientations is not None
    if not is_placed and not _is_of_pictures(frames):
        yield Problem(
            code="position-missing",
            level="error",
            text=f"frames of {name} lack ImagePositionPatient or ImageOrientationPatient",
            remedy="Use the source images of the segmentation: tiled segmentations, or those "
            "without positions, are not volumes.",
        )
    if segmentation_type != "LABELMAP" and frames.segments is None:
        yield Problem(
            code="segment-missing",
            level="error",
            text=f"frames of {name} lack ReferencedSegmentNumber",
            remedy="Export the segmentation again, with a segment for every frame.",
        )


def _is_of_pictures(frames: Frames) -> bool:
    """Return True for frames with picture numbers, not positions."""
    if not frames.is_unplaced:
        return False
    numbers = frames.picture_numbers
    if numbers is None:
        return False
    return bool(numbers.min() >= 1 and numbers.max() <= _MOST_PICTURES)


def _grid_of_pictures(frames: Frames) -> tuple[Grid | None, Indices, list[Problem]]:
    """Return the grid, and the picture of each frame."""
    numbers = frames.picture_numbers
    assert numbers is not None  # noqa: S101 - _is_of_pictures has checked it
    from dicomseries.reading.geometry.picture_series import (  # noqa: PLC0415 - not for slices
        picture_grid,
    )

    grid, problems = picture_grid((frames.instance,), int(numbers.max()))
    order = "InStackPositionNumber" if frames.stack_numbers is not None else "their source images"
    return grid, numbers - 1, [no_geometry("frames", order), *problems]


def _has_one_spacing(frames: Frames) -> bool:
    """Return whether no two frames state different pixel spacings."""
    spacings = frames.pixel_spacing_mm
    if spacings is None or not (np.isfinite(spacings).all() and spacings.min() > 0):
        return True
    return float(np.abs(spacings / spacings[0] - 1).max()) <= SAME_SPACING


def _grid_in_space(frames: Frames, members: Indices) -> tuple[Grid | None, Indices, list[Problem]]:
    """Return the grid or planes of parallel frames, the slice of each, and problems."""
    positions, orientations = frames.positions_lps, frames.orientations
    assert positions is not None  # noqa: S101 - _frame_problems has checked it
    assert orientations is not None  # noqa: S101 - as above
    positions, axes = positions[members], orientations[members[0]]
    distances = positions @ unit_normal(axes)
    between, thickness = frames.slice_lengths_mm
    stated = [length for length in (between, thickness) if length > 0]  # not NaN
    places = places_of(distances, step_mm=stated[0] if stated else None)
    firsts = np.unique(places, return_index=True)[1]
    spacings: list[Sequence[float]] = [()]
    if frames.pixel_spacing_mm is not None:
        spacings = frames.pixel_spacing_mm[members].tolist()
    (row_mm, column_mm), problems = pixel_spacing_of(spacings)
    if len(firsts) == 1:
        step, more = thickness_of((between, thickness))
        problems += more
    else:
        common = step_mm(distances[firsts], between=between, thickness=thickness)
        irregular = _irregular(positions[firsts], axes, min(row_mm, column_mm), common)
        problems += irregular
        if has_errors(irregular):
            size = (frames.instance.rows, frames.instance.columns)
            planes = _planes(positions[firsts], axes, size, (column_mm, row_mm), problems)
            return planes, places, problems
        step = common or 1.0
    slices = np.rint((distances - distances.min()) / step).astype(np.intp)
    shape = (int(slices.max()) + 1, frames.instance.rows, frames.instance.columns)
    grid = grid_of(shape, (column_mm, row_mm, step), positions[firsts[0]], axes)
    if isinstance(grid, Problem):
        return None, slices, [*problems, grid]
    if has_errors(problems):
        return None, slices, problems
    statement = statement_of(problems)
    if len(firsts) > 1 and not np.isfinite(between):  # of more slices, frames may be left out
        statement = replace(statement, thickness="assumed")
        if shape[0] > len(firsts):
            problems.append(_step_computed(step, shape[0] - len(firsts)))
    return grid.stated(statement), slices, problems


def _irregular(
    positions_lps: Floats, axes: Floats, pixel_mm: float, step: float | None
) -> list[Problem]:
    """Return problems of places, rising along the normal, that are no multiples of a step."""
    distances = positions_lps @ unit_normal(axes)
    if step is None:
        of_planes = evenness_of(positions_lps, axes, pixel_mm)
        return [_uneven(np.diff(distances)), *drift_problems(of_planes, pixel_mm)]
    at = np.rint((distances - distances[0]) / step).astype(np.intp)
    evenness = evenness_of(positions_lps, axes, pixel_mm, at)
    problems = drift_problems(evenness, pixel_mm)
    if not evenness.are_along or (has_errors(problems) and np.ptp(np.diff(at))):
        problems.insert(0, _uneven(np.diff(distances)))
    return problems


def _planes(
    positions_lps: Floats,
    axes: Floats,
    size: tuple[int, int],
    spacing_mm: tuple[float, float],
    problems: Sequence[Problem],
) -> SlicePlanes | None:
    """Return the planes that have a frame; None if other errors keep them from being slices."""
    reasons = []
    for problem in problems:
        if problem.level == "error" and problem.code not in {"spacing-uneven", "slices-sheared"}:
            return None
        if problem.level == "error":
            reasons.append(Irregularity(code=problem.code, detail=problem.text))
    return SlicePlanes(
        shape=(len(positions_lps), *size),
        spacings_mm=np.array(spacing_mm),
        positions_lps=positions_lps,
        orientations=np.tile(axes.reshape(6), (len(positions_lps), 1)),
        irregularities=tuple(reasons),
        statement=statement_of(problems),
    )


def step_mm(
    distances_mm: Floats, *, between: float | None, thickness: float | None
) -> float | None:
    """Return the slice spacing despite omitted empty slices.

    Parameters
    ----------
    distances_mm : ndarray
        Of at least two places, rising.
    between, thickness : float, optional
        SpacingBetweenSlices and SliceThickness in mm. The first is right if the gaps are multiples
        of it; the second counts only for a single gap, because slices may overlap. Without the
        first, the smallest gap is the step: a smaller one would make up slices between all others.

    Returns
    -------
    float or None
        Measured on the places; None if the gaps are not multiples of one step.

    Examples
    --------
    >>> step_mm(np.array([0, 5, 7.5, 20]), between=None, thickness=None)
    2.5
    >>> step_mm(np.array([0.0, 7.5]), between=2.5, thickness=None)
    2.5
    >>> step_mm(np.array([0, 2.5, 4, 9]), between=None, thickness=None) is None
    True
    """
    gaps = np.diff(distances_mm)
    candidates = [between, thickness if len(gaps) == 1 else None]
    for candidate in (*candidates, float(gaps.min())):
        if candidate is None or not np.isfinite(candidate) or candidate <= 0:
            continue
        steps = np.rint(gaps / candidate)
        if steps.min() < 1:
            continue
        measured = float(gaps.sum() / steps.sum())
        is_multiple = float(np.abs(gaps / measured - steps).max()) < _TOLERANCE
        if is_multiple and abs(measured / candidate - 1) < _TOLERANCE:
            return measured
    return None


def _step_computed(step: float, count: int) -> Problem:
    """Return the warning for a step that no attribute states."""
    return Problem(
        code="spacing-computed",
        level="warning",
        text="SpacingBetweenSlices is missing, and the frames are at uneven distances: their "
        f"common step of {step:g} mm is the distance of slices, and {counted(count, 'slice')} "
        "without frames are background",
        remedy="Check the positions against those of the source series: slices that it does not "
        "have are no background there.",
    )


def _uneven(gaps: Floats) -> Problem:
    return Problem(
        code="spacing-uneven",
        level="error",
        text=f"the gaps between slices, {gaps.min():.6g} to {gaps.max():.6g} mm, are not multiples "
        "of one step",
        remedy=IRREGULARITIES["spacing-uneven"].remedy,
    )


def _repeated_segments(slices: Indices, numbers: Indices) -> Iterator[Problem]:
    pairs = np.unique(np.column_stack((slices, numbers)), axis=0)
    if len(pairs) < len(slices):
        yield Problem(
            code="positions-repeated",
            level="error",
            text=f"{len(slices)} frames share {len(pairs)} places, some with the same segment "
            "twice",
            remedy="Export one segmentation for each time point.",
        )


def _label_map(
    frames: Frames, placed: Indices, slices: Indices, numbers: Indices, count: int
) -> FrameSet:
    """Return the frames of all segments at each slice."""
    masks: list[list[int]] = [[] for _ in range(count)]
    for index in np.argsort(numbers, kind="stable").tolist():
        masks[slices[index]].append(int(placed[index]))
    sources = np.column_stack((np.zeros(len(placed), np.intp), placed))
    return FrameSet(pool=(frames,), sources=sources, masks=tuple(map(tuple, masks)))


def _segment_volumes(
    placed: Indices, slices: Indices, numbers: Indices, count: int, segments: Sequence[int]
) -> Indices:
    """Return file and frame of each slice, by segment.

    -1 if empty.
    """
    sources = np.full((len(segments) * count, 2), -1, np.intp)
    order = np.searchsorted(segments, numbers) * count + slices
    sources[order] = np.column_stack((np.zeros(len(placed), np.intp), placed))
    return sources
