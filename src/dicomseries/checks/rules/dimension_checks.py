"""Checks of the order of frames (MFR-010 to 019)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dicomseries.checks.registry import Fault, check
from dicomseries.checks.series_view.element_values import name_of, printable, text_in
from dicomseries.checks.series_view.file_frames import FileFrames, numbers_of_frames
from dicomseries.checks.series_view.series_view import SeriesView
from dicomseries.checks.series_view.slice_places import Floats
from dicomseries.reading import Path, same_place_mm, usual_gap
from dicomseries.standard.attributes.attribute import tag_of

__all__: list[str] = []

_RISING = {
    tag_of("InStackPositionNumber"),
    tag_of("TemporalPositionIndex"),
    tag_of("TemporalPositionTimeOffset"),
    tag_of("ReferencedSegmentNumber"),
}
"""Attributes whose dimension indices rise with their values."""
_INDEXED = _RISING | {tag_of("StackID"), tag_of("ImagePositionPatient")}
"""Attributes with one index for each value."""


@check("MFR-010", level="error", part="PS3.3 C.7.6.17", scope="image")
def dimensions_are_of_the_organization(view: SeriesView) -> Iterator[Fault]:
    """DimensionOrganizationSequence lists the organization of every dimension."""
    for frames in view.frames:
        organizations = frames.items("DimensionOrganizationSequence")
        listed = {text_in(item, "DimensionOrganizationUID") for item in organizations}
        for index, (_, uid) in enumerate(frames.dimensions):
            if uid not in listed:
                yield Fault(
                    f"{frames.instance.name} DimensionIndexSequence[{index}]",
                    f"DimensionOrganizationUID {printable(uid)} is not in "
                    "DimensionOrganizationSequence.",
                    "Write the UID of the organization that the dimension belongs to.",
                )


def _readable_frames(view: SeriesView) -> tuple[FileFrames, ...]:
    """Return the frames; none if functional groups are damaged."""
    if any(frames.groups is None for frames in view.frames):
        return ()
    return view.frames


@check("MFR-011", level="error", part="PS3.3 C.7.6.17.1", scope="image")
def dimensions_point_at_attributes(view: SeriesView) -> Iterator[Fault]:
    """DimensionIndexPointer names an attribute of every frame.

    It is in the functional group of FunctionalGroupPointer.
    """
    for frames in _readable_frames(view):
        for index, (path, _) in enumerate(frames.dimensions):
            missing = frames.column(path).count(None) if path else frames.count
            if missing:
                target = ".".join(map(name_of, path[::2])) or "nothing"
                yield Fault(
                    f"{frames.instance.name} DimensionIndexSequence[{index}]",
                    f"It points at {target}, missing in {missing} of {frames.count} frames.",
                    "Point at an attribute that every frame has.",
                )


@check("MFR-012", level="error", part="PS3.3 C.7.6.16.2.2, C.7.6.17", scope="image")
def indices_fit_the_dimensions(view: SeriesView) -> Iterator[Fault]:
    """DimensionIndexValues has a value from 1 for each dimension.

    Dimensions are the items of DimensionIndexSequence.
    """
    for frames in _readable_frames(view):
        dimensions = len(frames.dimensions)
        values = frames.values("DimensionIndexValues")
        if values is None and dimensions:
            values = [None] * frames.count
        for frame, raw in enumerate(values or ()):
            count = len(raw or b"") // 4
            if count != dimensions:
                yield Fault(
                    frames.name(frame),
                    f"DimensionIndexValues has {count} values, DimensionIndexSequence "
                    f"{dimensions} items.",
                    "Write one value for each dimension.",
                )
                break
        indices = frames.index_values
        if indices is not None and indices.min() < 1:
            frame = int(np.argmin(indices.min(axis=1)))
            yield Fault(frames.name(frame), "A dimension index is 0.", "Count from 1.")


@check("MFR-013", level="warning", part="PS3.3 C.7.6.17", scope="image")
def indices_are_unique(view: SeriesView) -> Iterator[Fault]:
    """No two frames have the same DimensionIndexValues.

    Otherwise their order is not defined.
    """
    for frames in view.frames:
        first: dict[bytes | None, int] = {}
        for frame, raw in enumerate(frames.values("DimensionIndexValues") or ()):
            if first.setdefault(raw, frame) != frame:
                yield Fault(
                    frames.name(frame),
                    f"Its DimensionIndexValues are those of frame {first[raw] + 1}.",
                    "Add a dimension for the attribute in which the frames differ.",
                )
                break


@check("MFR-014", level="error", part="PS3.3 C.7.6.17", scope="image")
def indices_follow_their_attributes(view: SeriesView) -> Iterator[Fault]:
    """Equal dimension indices mean equal values, and vice versa.

    Compared for stacks, positions, times and segments. Indices of positions in a stack, of times
    and of segments rise with them.
    """
    for frames in view.frames:
        if frames.index_values is None:
            continue
        for column, (path, _) in enumerate(frames.dimensions):
            if path and path[-1] in _INDEXED:
                yield from _index_faults(frames, path, frames.index_values[:, column])


def _index_faults(frames: FileFrames, path: Path, indices: Floats) -> Iterator[Fault]:
    """Yield the first frame with a contradictory or falling index."""
    name = name_of(path[-1])
    index_of: dict[object, float] = {}
    value_of: dict[object, object] = {}
    rows = zip(frames.texts("StackID"), frames.column(path), indices.tolist(), strict=True)
    for frame, (stack, value, index) in enumerate(rows):
        same_index = index_of.setdefault((stack, value), index) == index
        same_value = value_of.setdefault((stack, index), value) == value
        if not same_index or not same_value:
            yield Fault(
                frames.name(frame),
                f"Dimension index {index:g} of {name} contradicts other frames.",
                "Write one index for each value, and a different one for each other value.",
            )
            return
    values = frames.numbers_at(path)
    if path[-1] not in _RISING or values is None or not np.isfinite(values).all():
        return
    order = np.lexsort((indices, values[:, 0]))
    falls = np.flatnonzero(np.diff(indices[order]) < 0)
    if len(falls):
        yield Fault(
            frames.name(int(order[falls[0] + 1])),
            f"The dimension index of {name} falls while {name} rises.",
            "Number the values in their order.",
        )


class _Stack(NamedTuple):
    """Frames of a stack: places, InStackPositionNumbers, distances."""

    places: npt.NDArray[np.intp]
    numbers: Floats
    distances: Floats


def _stacks(view: SeriesView) -> Iterator[_Stack]:
    places = view.places
    numbers = numbers_of_frames(view.frames, "InStackPositionNumber")
    if places.distances_mm is None or numbers is None:
        return
    ordered = numbers[places.order, 0]
    stacks = np.array(view.stacks)[places.order]
    for stack in dict.fromkeys(stacks.tolist()):
        members = np.flatnonzero(stacks == stack)
        yield _Stack(members, ordered[members], places.distances_mm[members])


@check("MFR-015", level="error", part="PS3.3 C.7.6.16.2.2.4", scope="image")
def stack_numbers_run_with_the_positions(view: SeriesView) -> Iterator[Fault]:
    """InStackPositionNumber runs along the normal in every stack.

    Frames at one position share a number.
    """
    for stack in _stacks(view):
        same_mm = same_place_mm(usual_gap(np.diff(np.sort(stack.distances))))
        along = np.argsort(stack.distances, kind="stable")
        position = np.cumsum(np.diff(stack.distances[along], prepend=-np.inf) > same_mm)
        order = along[np.lexsort((stack.numbers[along], position))]
        is_step = np.diff(stack.distances[order]) > same_mm
        rises = np.diff(stack.numbers[order])
        direction = np.sign(rises[is_step][0]) if is_step.any() else 1.0
        wrong = np.flatnonzero(np.where(is_step, rises * direction <= 0, rises != 0))
        if len(wrong):
            before, after = order[wrong[0]], order[wrong[0] + 1]
            yield Fault(
                view.places.name(int(stack.places[after])),
                f"InStackPositionNumber {stack.numbers[after]:g} follows "
                f"{stack.numbers[before]:g} along the normal.",
                "Number the positions of the stack 1, 2, 3 … along the normal.",
            )


@check("MFR-016", level="warning", part="PS3.3 C.7.6.16.2.2.4", scope="image")
def stack_numbers_rise_along_the_normal(view: SeriesView) -> Iterator[Fault]:
    """InStackPositionNumber rises along the normal.

    Sorting by number and by position then give the same array.
    """
    for stack in _stacks(view):
        low, high = int(np.argmin(stack.distances)), int(np.argmax(stack.distances))
        if stack.numbers[low] > stack.numbers[high]:
            yield Fault(
                view.places.name(int(stack.places[low])),
                f"InStackPositionNumber falls along the normal, from {stack.numbers[low]:g} to "
                f"{stack.numbers[high]:g}.",
                "Number the positions of the stack 1, 2, 3 … along the normal.",
            )


@check("MFR-017", level="error", part="PS3.3 C.7.6.16.2.2, C.7.6.16.2.6", scope="image")
def times_rise_with_their_indices(view: SeriesView) -> Iterator[Fault]:
    """TemporalPositionIndex counts time points from 1, with rising times.

    The times are in TemporalPositionTimeOffset. A file of a single time point may be any of
    several.
    """
    for frames in view.frames:
        numbers = numbers_of_frames([frames], "TemporalPositionIndex")
        if numbers is None:
            continue
        indices = numbers[:, 0]
        present, first = np.unique(indices, return_index=True)
        expected = np.arange(1, len(present) + 1)
        if len(present) == 1:
            expected = np.maximum(1, present)
        if not np.array_equal(present, expected):
            yield Fault(
                frames.instance.name,
                f"TemporalPositionIndex has {len(present)} values from {present[0]:g} to "
                f"{present[-1]:g}.",
                "Number the time points 1, 2, 3 …",
            )
        offsets = numbers_of_frames([frames], "TemporalPositionTimeOffset")
        if offsets is None:
            continue
        starts = np.array([offsets[indices == index, 0].min() for index in present])
        falls = np.flatnonzero(np.diff(starts) <= 0)
        if len(falls):
            late = int(falls[0]) + 1
            yield Fault(
                frames.name(int(first[late])),
                f"Time point {present[late]:g} begins at {starts[late]:g} s, the one before at "
                f"{starts[late - 1]:g} s.",
                "Write the offset of each time point in seconds after the first.",
            )


@check("MFR-018", level="error", part="PS3.3 C.7.6.17.3", scope="image")
def organization_type_fits(view: SeriesView) -> Iterator[Fault]:
    """DimensionOrganizationType is 3D for one time point, 3D_TEMPORAL for several.

    It may be missing.
    """
    for frames in view.frames:
        name = frames.instance.text("DimensionOrganizationType")
        times = len({*frames.texts("TemporalPositionIndex")})
        is_legal = name in {"", "TILED_FULL", "TILED_SPARSE"}
        is_legal = is_legal or name == ("3D" if times == 1 else "3D_TEMPORAL")
        if not is_legal:
            yield Fault(
                frames.instance.name,
                f"DimensionOrganizationType is {printable(name)} with {times} time points.",
                "Write 3D, or 3D_TEMPORAL if TemporalPositionIndex differs.",
            )
