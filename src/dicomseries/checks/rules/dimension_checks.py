"""Checks of multi-frame files: how the frames are ordered (MFR-010 to 019)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from dicomseries.checks.registry import Fault, check
from dicomseries.checks.series_view.frame_views import FileFrames, Path, raw_in
from dicomseries.checks.series_view.series_view import SeriesView, name_of, printable
from dicomseries.checks.series_view.slice_places import usual_gap
from dicomseries.reading import SAME_PLACE
from dicomseries.standard.attribute import tag_of

__all__: list[str] = []

_RISING = frozenset(
    map(
        tag_of,
        (
            "InStackPositionNumber",
            "TemporalPositionIndex",
            "TemporalPositionTimeOffset",
            "ReferencedSegmentNumber",
        ),
    )
)
"""Attributes in whose order their dimension indices run."""
_INDEXED = _RISING | {tag_of("StackID"), tag_of("ImagePositionPatient")}
"""Attributes each value of which has one index of its own."""


@check("MFR-010", level="error", part="PS3.3 C.7.6.17", scope="image")
def dimensions_are_of_the_organization(view: SeriesView) -> Iterator[Fault]:
    """Every dimension names a DimensionOrganizationUID that DimensionOrganizationSequence lists."""
    for frames in view.frames:
        listed = {
            raw_in(item, "DimensionOrganizationUID").strip(b" \0").decode("latin-1")
            for item in frames.items("DimensionOrganizationSequence")
        }
        for index, (_, uid) in enumerate(frames.pointers):
            if uid not in listed:
                yield Fault(
                    f"{frames.instance.name} DimensionIndexSequence[{index}]",
                    f"DimensionOrganizationUID {printable(uid)} is not in DimensionOrganizationSequence.",
                    "Write the UID of the organization that the dimension belongs to.",
                )


@check("MFR-011", level="error", part="PS3.3 C.7.6.17.1", scope="image")
def dimensions_point_at_something(view: SeriesView) -> Iterator[Fault]:
    """DimensionIndexPointer names an attribute of every frame, in the functional group of FunctionalGroupPointer."""
    for frames in view.frames if _are_read(view) else ():
        for index, (path, _) in enumerate(frames.pointers):
            lacking = sum(value is None for value in frames.column(path)) if path else frames.count
            if lacking:
                target = ".".join(map(name_of, path[::2])) or "nothing"
                yield Fault(
                    f"{frames.instance.name} DimensionIndexSequence[{index}]",
                    f"It points at {target}, which {lacking} of {frames.count} frames have not.",
                    "Point at an attribute that every frame has.",
                )


@check("MFR-012", level="error", part="PS3.3 C.7.6.16.2.2, C.7.6.17", scope="image")
def indices_fit_the_dimensions(view: SeriesView) -> Iterator[Fault]:
    """DimensionIndexValues has one value, of 1 or more, for each item of DimensionIndexSequence."""
    for frames in view.frames if _are_read(view) else ():
        count = len(frames.pointers)
        for frame, raw in enumerate(
            frames.raw("DimensionIndexValues") or ([None] * frames.count if count else [])
        ):
            found = len(raw or b"") // 4
            if found != count:
                yield Fault(
                    frames.name(frame),
                    f"DimensionIndexValues has {found} values, DimensionIndexSequence {count} items.",
                    "Write one value for each dimension.",
                )
                break
        values = frames.index_values
        if values is not None and values.min() < 1:
            frame = int(np.argmin(values.min(axis=1)))
            yield Fault(frames.name(frame), "A dimension index is 0.", "Count from 1.")


@check("MFR-013", level="warning", part="PS3.3 C.7.6.17", scope="image")
def indices_are_unique(view: SeriesView) -> Iterator[Fault]:
    """No two frames have the same DimensionIndexValues: what sorts frames would not know their order."""
    for frames in view.frames:
        first: dict[bytes | None, int] = {}
        for frame, raw in enumerate(frames.raw("DimensionIndexValues") or ()):
            if first.setdefault(raw, frame) != frame:
                yield Fault(
                    frames.name(frame),
                    f"Its DimensionIndexValues are those of frame {first[raw] + 1}.",
                    "Add a dimension for what the frames differ in.",
                )
                break


@check("MFR-014", level="error", part="PS3.3 C.7.6.17", scope="image")
def indices_follow_what_they_index(view: SeriesView) -> Iterator[Fault]:
    """Frames with the same dimension index have the same value of the attribute it points at, and the other way round.

    Looked at for stacks, positions, times and segments. Indices of positions in a stack, of times and of segments rise
    with them.
    """
    for frames in view.frames:
        values = frames.index_values
        for column, (path, _) in enumerate(frames.pointers if values is not None else ()):
            if values is None or not path or path[-1] not in _INDEXED:
                continue
            fault = _misordered(frames, path, values[:, column])
            if fault is not None:
                yield fault


def _misordered(frames: FileFrames, path: Path, indices: npt.NDArray[np.float64]) -> Fault | None:
    """Return the first frame whose index is another than that of the same value, or not in the order of values."""
    stacks = frames.texts("StackID")
    target = frames.column(path)
    known: dict[object, float] = {}
    used: dict[object, object] = {}
    for frame, (stack, value, index) in enumerate(
        zip(stacks, target, indices.tolist(), strict=True)
    ):
        usual = known.setdefault((stack, value), index)
        same = used.setdefault((stack, index), value)
        if usual != index or same != value:
            return Fault(
                frames.name(frame),
                f"Dimension index {index:g} of {name_of(path[-1])}, which other frames have with another value.",
                "Give each value an index of its own.",
            )
    numbers = frames.numbers_at(path) if path[-1] in _RISING else None
    if numbers is None or not np.isfinite(numbers).all():
        return None
    order = np.lexsort((indices, numbers))
    falls = np.flatnonzero(np.diff(indices[order]) < 0)
    if not len(falls):
        return None
    return Fault(
        frames.name(int(order[falls[0] + 1])),
        f"The dimension index of {name_of(path[-1])} falls where {name_of(path[-1])} rises.",
        "Number the values in their order.",
    )


@check("MFR-015", level="error", part="PS3.3 C.7.6.16.2.2.4", scope="image")
def stack_numbers_run_with_the_positions(view: SeriesView) -> Iterator[Fault]:
    """InStackPositionNumber runs with the position along the normal in every stack; frames at one place share one."""
    for inside, numbers, distances in _stacks(view):
        nearest = SAME_PLACE * usual_gap(np.diff(np.sort(distances)))
        order = _by_place(distances, numbers, nearest)
        steps = np.diff(distances[order]) > nearest
        rises = np.diff(numbers[order])
        direction = np.sign(rises[steps][0]) if steps.any() else 1.0
        wrong = np.flatnonzero(np.where(steps, rises * direction <= 0, rises != 0))
        if len(wrong):
            yield Fault(
                view.places.name(int(inside[order[wrong[0] + 1]])),
                f"InStackPositionNumber {numbers[order[wrong[0] + 1]]:g} follows {numbers[order[wrong[0]]]:g} "
                "along the normal.",
                "Number the positions of the stack 1, 2, 3 … along the normal.",
            )


@check("MFR-016", level="warning", part="PS3.3 C.7.6.16.2.2.4", scope="image")
def stack_numbers_rise_along_the_normal(view: SeriesView) -> Iterator[Fault]:
    """InStackPositionNumber rises along the normal, so that sorting by number and by position give the same array."""
    for inside, numbers, distances in _stacks(view):
        low, high = int(np.argmin(distances)), int(np.argmax(distances))
        if numbers[low] > numbers[high]:
            yield Fault(
                view.places.name(int(inside[low])),
                f"InStackPositionNumber falls along the normal, from {numbers[low]:g} to {numbers[high]:g}.",
                "Number the positions of the stack 1, 2, 3 … along the normal.",
            )


def _by_place(
    distances: npt.NDArray[np.float64], numbers: npt.NDArray[np.float64], nearest: float
) -> npt.NDArray[np.intp]:
    """Return the order along the normal, by number where places are one but for rounding."""
    order = np.argsort(distances, kind="stable")
    place = np.concatenate([[0], np.cumsum(np.diff(distances[order]) > nearest)])
    return order[np.lexsort((numbers[order], place))]


def _stacks(
    view: SeriesView,
) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.float64], npt.NDArray[np.float64]]]:
    """Yield which frames, InStackPositionNumbers and distances along the normal of the frames of each stack."""
    places = view.places
    if places.distances_mm is None or not view.is_framed:
        return
    parts = [frames.numbers("InStackPositionNumber") for frames in view.frames]
    if any(part is None or not np.isfinite(part).all() for part in parts):
        return
    numbers = np.concatenate([part[:, 0] for part in parts if part is not None])[places.order]
    stacks = np.array(view.stacks)[places.order]
    for stack in dict.fromkeys(stacks.tolist()):
        inside = np.flatnonzero(stacks == stack)
        yield inside, numbers[inside], places.distances_mm[inside]


@check("MFR-017", level="error", part="PS3.3 C.7.6.16.2.2, C.7.6.16.2.6", scope="image")
def times_rise_with_their_indices(view: SeriesView) -> Iterator[Fault]:
    """TemporalPositionIndex counts the time points from 1, and TemporalPositionTimeOffset rises with it.

    A file of a single time point may be any one of several.
    """
    for frames in view.frames:
        found = frames.numbers("TemporalPositionIndex")
        if found is None or not np.isfinite(found).all():
            continue
        indices = found[:, 0]
        present, first = np.unique(indices, return_index=True)
        counted = range(1, len(present) + 1) if len(present) > 1 else (max(1, present[0]),)
        if present.tolist() != list(counted):
            yield Fault(
                frames.instance.name,
                f"TemporalPositionIndex has {len(present)} values from {present[0]:g} to {present[-1]:g}.",
                "Number the time points 1, 2, 3 …",
            )
        offsets = frames.numbers("TemporalPositionTimeOffset")
        if offsets is None or not np.isfinite(offsets).all():
            continue
        order = np.argsort(indices, kind="stable")
        bounds = np.searchsorted(indices[order], present)
        starts = np.minimum.reduceat(offsets[order, 0], bounds)
        falls = np.flatnonzero(np.diff(starts) <= 0)
        if len(falls):
            at = int(falls[0]) + 1
            yield Fault(
                frames.name(int(first[at])),
                f"Time point {present[at]:g} begins at {starts[at]:g} s, the one before at {starts[at - 1]:g} s.",
                "Write the offset of each time point in seconds after the first.",
            )


@check("MFR-018", level="error", part="PS3.3 C.7.6.17.3", scope="image")
def organization_type_fits(view: SeriesView) -> Iterator[Fault]:
    """DimensionOrganizationType is 3D for one time point and 3D_TEMPORAL for several, where it is there."""
    for frames in view.frames:
        name = frames.instance.text("DimensionOrganizationType")
        times = len({*frames.texts("TemporalPositionIndex")})
        wanted = {
            "3D": times == 1,
            "3D_TEMPORAL": times > 1,
            "": True,
            "TILED_FULL": True,
            "TILED_SPARSE": True,
        }
        if not wanted.get(name, False):
            yield Fault(
                frames.instance.name,
                f"DimensionOrganizationType is {printable(name)} with {times} time points.",
                "Write 3D, or 3D_TEMPORAL where TemporalPositionIndex differs.",
            )


def _are_read(view: SeriesView) -> bool:
    """Return whether the functional groups could be read; MFR-001 says if not."""
    return not any(frames.is_damaged for frames in view.frames)
