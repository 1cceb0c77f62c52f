"""Segmentations → which frame is which segment of which slice, on the whole grid they span (PS3.3 section C.8.20)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from dicomseries.geometry import Grid
from dicomseries.reading.geometry.picture_series import picture_grid
from dicomseries.reading.geometry.repeated_places import places_of
from dicomseries.reading.geometry.slice_order import FrameSet, Placement, no_geometry
from dicomseries.reading.geometry.slice_spacing import (
    drift_problems,
    grid_of,
    pixel_spacing_of,
    statement_of,
    thickness_of,
    unit_normal,
)
from dicomseries.reading.multiframe.frame_facts import Frames
from dicomseries.reading.multiframe.functional_groups import as_numbers
from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.parse.parser import Damaged, Element, Short, items_of
from dicomseries.reading.parse.to_python import plain_value
from dicomseries.reading.problems import Problem
from dicomseries.standard.attribute import tag_of

__all__ = ["SEGMENTATIONS", "labels_of", "place_segments", "step_mm"]

SEGMENTATIONS = frozenset({"1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7"})
"""Segmentation Storage and Label Map Segmentation Storage."""

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

_OFF = 0.02
"""Departure of a gap from a whole number of steps, as a part of the step, that rounding explains."""
_MOST_PICTURES = 2**16
"""A higher number of a picture is damage: an array of that many would be made of it."""
_PARTS = 8
"""Into how many steps the smallest gap may fall: segments that leave out that many slices everywhere."""


def labels_of(instance: Instance) -> dict[int, str]:
    """Return SegmentLabel by SegmentNumber.

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> labels_of(read_instance(get_testdata_file("CT_small.dcm")))
    {}
    """
    element = instance.element(tag_of("SegmentSequence"))
    order = instance.byte_order
    try:
        items = () if element is None else items_of(element, order)
    except (Damaged, Short):
        return {}
    found: dict[int, str] = {}
    for item in items:
        number, label = item.get(tag_of("SegmentNumber")), item.get(tag_of("SegmentLabel"))
        values = () if number is None else as_numbers("US", number.raw, order)
        if values:
            found[int(values[0])] = "" if label is None else _text(instance, label)
    return found


def _text(instance: Instance, label: Element) -> str:
    return str(plain_value(tag_of("SegmentLabel"), label, instance.decoding()))


def place_segments(pool: tuple[Frames, ...]) -> Placement:
    """Put the frames of one segmentation on their grid.

    Parameters
    ----------
    pool : tuple of Frames
        Of one file; several are refused, for their segment numbers mean different things.

    Returns
    -------
    Placement
        With slices for the frames that were left out as empty.

    Raises
    ------
    ReadError
        If functional groups are damaged.
    """
    frames = pool[0]
    labels = labels_of(frames.instance)
    kind = "LABELMAP" if frames.instance.sop_class_uid.endswith(".7") else _kind(frames.instance)
    faults = tuple(_problems(pool, kind))
    if faults:
        return Placement(instances=_files(pool), grid=None, problems=faults, segments=labels)
    grid, slices, problems = (
        _grid_of_pictures(frames) if _is_of_pictures(frames) else _grid_in_space(frames)
    )
    if grid is None:
        return Placement(
            instances=_files(pool), grid=None, problems=tuple(problems), segments=labels
        )
    numbers = np.zeros(frames.count, np.intp) if kind == "LABELMAP" else _numbers(frames)
    repeated = _repeated(slices, numbers)
    if repeated:
        return Placement(
            instances=_files(pool), grid=None, problems=(*problems, repeated), segments=labels
        )
    found, volumes = _frame_set(
        pool, kind, np.column_stack((slices, numbers)), grid.shape[0], sorted(labels)
    )
    return Placement(
        instances=_files(pool),
        grid=grid,
        problems=tuple(problems),
        volumes=volumes,
        frames=found,
        segments=labels,
    )


def _kind(instance: Instance) -> str:
    return instance.text("SegmentationType") or "BINARY"


def _files(pool: tuple[Frames, ...]) -> tuple[Instance, ...]:
    return tuple(frames.instance for frames in pool)


def _numbers(frames: Frames) -> Indices:
    return np.zeros(frames.count, np.intp) if frames.segments is None else frames.segments


def _problems(pool: tuple[Frames, ...], kind: str) -> Iterator[Problem]:
    """Yield what keeps the file from being read."""
    frames = pool[0]
    if len(pool) > 1:
        yield Problem(
            code="several-segmentations",
            level="error",
            text=f"{len(pool)} segmentations in one series, each with segments of its own",
            remedy="Read one file at a time: give its path instead of the folder.",
        )
    if (frames.positions_lps is None or frames.orientation is None) and not _is_of_pictures(frames):
        yield Problem(
            code="position-missing",
            level="error",
            text=f"the frames of {frames.instance.name} lack positions, or one orientation for all",
            remedy="Use the segmentation's own images: tiled and unplaced segmentations are no volumes.",
        )
    if kind != "LABELMAP" and frames.segments is None:
        yield Problem(
            code="segment-missing",
            level="error",
            text=f"frames of {frames.instance.name} lack ReferencedSegmentNumber",
            remedy="Export the segmentation again, with a segment for every frame.",
        )


def _is_of_pictures(frames: Frames) -> bool:
    """Return whether the frames have no place, and numbers instead that tell which picture each is of."""
    numbers = frames.stack_numbers
    return (
        frames.is_unplaced
        and numbers is not None
        and numbers.min() >= 1
        and numbers.max() <= _MOST_PICTURES
    )


def _grid_of_pictures(frames: Frames) -> tuple[Grid | None, Indices, list[Problem]]:
    """Return the grid of labels without a place, and the picture each frame is of."""
    numbers = (
        np.zeros(frames.count, np.intp) if frames.stack_numbers is None else frames.stack_numbers
    )
    grid, problems = picture_grid((frames.instance,), int(numbers.max()))
    return grid, numbers - 1, [no_geometry("frames", "InStackPositionNumber"), *problems]


def _grid_in_space(frames: Frames) -> tuple[Grid | None, Indices, list[Problem]]:
    """Return the grid, the slice each frame is on, and what is wrong with them."""
    positions, axes = frames.positions_lps, frames.orientation
    if positions is None or axes is None:
        return None, np.zeros(0, np.intp), []
    distances = positions @ unit_normal(axes)
    places = places_of(distances)
    count = int(places.max()) + 1
    firsts = np.array([int(np.argmax(places == place)) for place in range(count)])
    in_plane, problems = pixel_spacing_of(
        [()] if frames.pixel_spacing_mm is None else frames.pixel_spacing_mm.tolist()
    )
    sizes = [
        None if found is None else float(found[0])
        for found in (frames.spacing_between_mm, frames.thickness_mm)
    ]
    if count == 1:
        step, more = thickness_of([size for size in sizes if size is not None])
        problems += more
    else:
        found_step = step_mm(distances[firsts], between=sizes[0], thickness=sizes[1])
        if found_step is None:
            return None, places, [*problems, _uneven(distances[firsts])]
        step = found_step
        problems += drift_problems(positions[firsts], axes, min(in_plane))
    at = np.rint((distances - distances.min()) / step).astype(np.intp)
    shape = (int(at.max()) + 1, frames.instance.rows, frames.instance.columns)
    grid = grid_of(shape, (in_plane[1], in_plane[0], step), positions[firsts[0]], axes)
    if isinstance(grid, Problem):
        return None, at, [*problems, grid]
    fatal = any(problem.level == "error" for problem in problems)
    return (None if fatal else grid.stated(statement_of(problems))), at, problems


def step_mm(
    distances_mm: Floats, *, between: float | None, thickness: float | None
) -> float | None:
    """Return the spacing of the slices that places along the normal are some of.

    Parameters
    ----------
    distances_mm : ndarray
        Of at least two places, rising.
    between, thickness : float, optional
        SpacingBetweenSlices and SliceThickness in mm. The first is right where the gaps are whole numbers of it; the
        second is asked only where there is a single gap, for slices may overlap.

    Returns
    -------
    float or None
        Measured on the places; None if they are no whole numbers of steps apart.

    Examples
    --------
    >>> step_mm(np.array([0, 5, 7.5, 20]), between=None, thickness=None)
    2.5
    >>> step_mm(np.array([0.0, 7.5]), between=2.5, thickness=None)
    2.5
    """
    gaps = np.diff(distances_mm)
    candidates = [between, thickness if len(gaps) == 1 else None]
    candidates += [float(gaps.min()) / part for part in range(1, _PARTS + 1)]
    for candidate in candidates:
        if candidate is None or not np.isfinite(candidate) or candidate <= 0:
            continue
        steps = np.rint(gaps / candidate)
        if steps.min() < 1:
            continue
        measured = float(gaps.sum() / steps.sum())
        if (
            float(np.abs(gaps / measured - steps).max()) < _OFF
            and abs(measured / candidate - 1) < _OFF
        ):
            return measured
    return None


def _uneven(distances: Floats) -> Problem:
    gaps = np.diff(distances)
    return Problem(
        code="spacing-uneven",
        level="error",
        text=f"the gaps between slices, {gaps.min():.6g} to {gaps.max():.6g} mm, are no whole numbers of one step",
        remedy="Resample the segmentation onto the slices of its source images.",
    )


def _repeated(slices: Indices, numbers: Indices) -> Problem | None:
    pairs = np.unique(np.column_stack((slices, numbers)), axis=0)
    if len(pairs) == len(slices):
        return None
    return Problem(
        code="positions-repeated",
        level="error",
        text=f"{len(slices)} frames stand at {len(pairs)} places, some with the same segment twice",
        remedy="Export one segmentation for each time point.",
    )


def _frame_set(
    pool: tuple[Frames, ...], kind: str, places: Indices, count: int, labels: Sequence[int]
) -> tuple[FrameSet, int | None]:
    """Return the frames in the order of the array, and the number of volumes if each segment is one.

    `places` are slice and segment of each frame, shape (frames, 2).
    """
    slices, numbers = places.T
    if kind == "BINARY":
        at: list[list[int]] = [[] for _ in range(count)]
        for frame in np.argsort(numbers, kind="stable").tolist():
            at[slices[frame]].append(frame)
        own = np.column_stack((np.zeros(len(slices), np.intp), np.arange(len(slices))))
        return FrameSet(pool=pool, sources=own, masks=tuple(map(tuple, at))), None
    segments: Sequence[int] = [0] if kind == "LABELMAP" else sorted({*labels, *numbers.tolist()})
    rank = {number: index for index, number in enumerate(segments)}
    sources = np.full((len(segments) * count, 2), -1, np.intp)
    for frame, (place, number) in enumerate(zip(slices.tolist(), numbers.tolist(), strict=True)):
        sources[rank[number] * count + place] = (0, frame)
    largest = pool[0].instance.number("MaximumFractionalValue", 1) if kind == "FRACTIONAL" else 1
    volumes = len(segments) if len(segments) > 1 else None
    return FrameSet(pool=pool, sources=sources, divisor=float(max(largest, 1))), volumes
