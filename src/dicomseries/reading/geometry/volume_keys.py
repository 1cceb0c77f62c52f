"""The attributes that tell the volumes of one series apart, from files of one frame and from functional groups.

Tables: a new attribute is a new row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dicomseries.reading.geometry.repeated_places import Key
from dicomseries.reading.multiframe.functional_groups import FunctionalGroups, as_numbers, path_of
from dicomseries.reading.parse.clocks import seconds_of_dates, seconds_of_day
from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.parse.parser import Damaged, Short, items_of
from dicomseries.standard.attribute import tag_of

__all__ = ["classic_clocks", "classic_keys", "frame_clocks", "frame_keys"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One key: its name, where its numbers stand (keywords; sequences first) and how many each has."""

    name: str
    columns: tuple[tuple[tuple[str, ...], int], ...]
    is_index: bool = False
    in_order: bool = False


def _single(*keywords: str, is_index: bool = False) -> _Row:
    return _Row(name=keywords[-1], columns=((keywords, 1),), is_index=is_index)


_CLASSIC = (
    _single("TemporalPositionIdentifier", is_index=True),
    _single("AcquisitionNumber"),
    _single("TriggerTime"),
    _single("FrameReferenceTime"),
    _single("ActualFrameDuration"),
    _Row(
        name="DiffusionBValue",
        columns=((("DiffusionBValue",), 1), (("DiffusionGradientOrientation",), 3)),
        in_order=True,
    ),
    _single("EchoTime"),
    _single("EchoNumbers", is_index=True),
    _single("InversionTime"),
    _single("FlipAngle"),
)

_DIFFUSION = "MRDiffusionSequence"
_FRAMES = (
    _single("FrameContentSequence", "TemporalPositionIndex", is_index=True),
    _single("TemporalPositionSequence", "TemporalPositionTimeOffset"),
    _Row(
        name="DiffusionBValue",
        columns=(
            ((_DIFFUSION, "DiffusionBValue"), 1),
            ((_DIFFUSION, "DiffusionGradientDirectionSequence", "DiffusionGradientOrientation"), 3),
        ),
        in_order=True,
    ),
    _single("MREchoSequence", "EffectiveEchoTime"),
    _single("MRModifierSequence", "InversionTimes"),
    _single("MRTimingAndRelatedParametersSequence", "FlipAngle"),
    _single("CardiacSynchronizationSequence", "NominalCardiacTriggerDelayTime"),
    _single("CardiacSynchronizationSequence", "NominalPercentageOfCardiacPhase"),
    _single("FrameContentSequence", "FrameAcquisitionNumber"),
)
_FRAME_TEXTS = (
    ("MRImageFrameTypeSequence", "FrameType"),
    ("MRImageFrameTypeSequence", "ComplexImageComponent"),
    ("CTImageFrameTypeSequence", "FrameType"),
)
_DATE_TIMES = (
    ("FrameContentSequence", "FrameReferenceDateTime"),
    ("FrameContentSequence", "FrameAcquisitionDateTime"),
)

_SPATIAL = frozenset(
    map(
        tag_of,
        ("StackID", "InStackPositionNumber", "ImagePositionPatient", "PlanePositionSequence"),
    )
)
"""Dimensions that say where a frame stands, not which volume it belongs to."""


def classic_keys(instances: Sequence[Instance]) -> tuple[Key, ...]:
    """Return what may tell the volumes of files of one frame apart, the best first."""
    keys = [
        Key(name=row.name, values=values, is_index=row.is_index, in_order=row.in_order)
        for row in _CLASSIC
        if (
            values := _columns(
                [_classic_column(instances, keyword, size) for (keyword,), size in row.columns]
            )
        )
        is not None
    ]
    slices = _time_slices(instances)
    keys += [] if slices is None else [Key(name="ImageIndex", values=slices)]
    image_types = [instance.text("ImageType") for instance in instances]
    keys += [Key(name="ImageType", values=_codes(image_types))] if len(set(image_types)) > 1 else []
    times = [seconds_of_dates([one.text("AcquisitionDateTime") for one in instances])]
    times += [
        _times(instances, "AcquisitionTime", "AcquisitionDate"),
        _times(instances, "ContentTime", "ContentDate"),
    ]
    clocks = [
        Key(name=key.name, values=key.values, is_clock=True)
        for key in keys
        if key.name == "TriggerTime"
    ]
    names = ("AcquisitionDateTime", "AcquisitionTime", "ContentTime")
    clocks += [
        Key(name=name, values=values, is_clock=True)
        for name, values in zip(names, times, strict=True)
    ]
    return (*keys, *(key for key in clocks if np.isfinite(key.values).all()))


def classic_clocks(instances: Sequence[Instance]) -> tuple[Floats, ...]:
    """Return the times of files of one frame in seconds, by each clock there is, the best first."""
    found = [
        _classic_column(instances, keyword, 1) for keyword in ("TriggerTime", "FrameReferenceTime")
    ]
    return (
        *(column[:, 0] / 1000 for column in found if column is not None),  # both are milliseconds
        seconds_of_dates([one.text("AcquisitionDateTime") for one in instances]),
        _times(instances, "AcquisitionTime", "AcquisitionDate"),
    )


def frame_keys(pool: Sequence[FunctionalGroups]) -> tuple[Key, ...]:
    """Return what may tell the volumes of the frames of one file, or of several, apart, the best first."""
    keys = [
        Key(name=row.name, values=values, is_index=row.is_index, in_order=row.in_order)
        for row in _FRAMES
        if (
            values := _columns(
                [_frame_column(pool, path_of(*keywords), size) for keywords, size in row.columns]
            )
        )
        is not None
    ]
    for keywords in _FRAME_TEXTS:
        texts = _frame_texts(pool, keywords)
        keys += [Key(name=keywords[-1], values=_codes(texts))] if len(set(texts)) > 1 else []
    dimensions = _dimensions(pool)
    keys += (
        []
        if dimensions is None
        else [Key(name="DimensionIndexValues", values=dimensions, is_dimension=True)]
    )
    if len(pool) > 1:
        files = np.repeat(np.arange(len(pool), dtype=np.float64), [groups.count for groups in pool])
        keys.append(Key(name="file", values=files))
    clocks = zip((keywords[-1] for keywords in _DATE_TIMES), _date_times(pool), strict=True)
    return (*keys, *(Key(name=name, values=seconds, is_clock=True) for name, seconds in clocks))


def frame_clocks(pool: Sequence[FunctionalGroups]) -> tuple[Floats, ...]:
    """Return the times of frames in seconds, by each clock there is, the best first."""
    offsets = _frame_column(
        pool, path_of("TemporalPositionSequence", "TemporalPositionTimeOffset"), 1
    )
    triggers = _frame_column(
        pool, path_of("CardiacSynchronizationSequence", "NominalCardiacTriggerDelayTime"), 1
    )
    return (
        *([] if offsets is None else [offsets[:, 0]]),
        *_date_times(pool),
        *([] if triggers is None else [triggers[:, 0] / 1000]),  # milliseconds
    )


def _columns(parts: Sequence[Floats | None]) -> Floats | None:
    """Return the columns there are side by side; None if the first is missing."""
    known = [part for part in parts if part is not None]
    return None if parts[0] is None else np.hstack(known)


def _classic_column(instances: Sequence[Instance], keyword: str, size: int) -> Floats | None:
    tag = tag_of(keyword)
    rows = [_values(instance, tag, size) for instance in instances]
    return (
        None
        if all(row is None for row in rows)
        else np.array([row or (np.nan,) * size for row in rows])
    )


def _values(instance: Instance, tag: int, size: int) -> tuple[float, ...] | None:
    element = instance.element(tag)
    if element is None:
        return None
    values = as_numbers(element.vr, element.raw, instance.byte_order)[:size]
    return values if len(values) == size else None


def _time_slices(instances: Sequence[Instance]) -> Floats | None:
    """Return the time slice that ImageIndex of dynamic PET counts (PS3.3 section C.8.9.4.1.9); None without it."""
    count = instances[0].number("NumberOfSlices")
    if not count or not instances[0].raw("ImageIndex"):
        return None
    return np.array([float((one.number("ImageIndex") - 1) // count) for one in instances])


def _times(instances: Sequence[Instance], time: str, date: str) -> Floats:
    return seconds_of_day(
        [one.text(time) for one in instances], [one.text(date) for one in instances]
    )


def _codes(texts: Sequence[str]) -> Floats:
    return np.unique(texts, return_inverse=True)[1].astype(np.float64)


def _pooled(
    pool: Sequence[FunctionalGroups], column: Callable[[FunctionalGroups], Floats | None], size: int
) -> Floats:
    parts = [(column(groups), groups.count) for groups in pool]
    return np.concatenate(
        [np.full((count, size), np.nan) if part is None else part for part, count in parts]
    )


def _frame_column(
    pool: Sequence[FunctionalGroups], path: tuple[int, ...], size: int
) -> Floats | None:
    found = _pooled(pool, lambda groups: groups.numbers(path, size), size)
    return None if np.isnan(found).all() else found


def _frame_texts(pool: Sequence[FunctionalGroups], keywords: tuple[str, ...]) -> list[str]:
    path = path_of(*keywords)
    return [text for groups in pool for text in groups.texts(path) or [""] * groups.count]


def _date_times(pool: Sequence[FunctionalGroups]) -> list[Floats]:
    return [seconds_of_dates(_frame_texts(pool, keywords)) for keywords in _DATE_TIMES]


def _dimensions(pool: Sequence[FunctionalGroups]) -> Floats | None:
    """Return the columns of DimensionIndexValues that do not say where a frame stands."""
    pointers = _pointers(pool[0])
    chosen = [index for index, pointer in enumerate(pointers) if pointer not in _SPATIAL]
    if not chosen:
        return None
    values = _frame_column(
        pool, path_of("FrameContentSequence", "DimensionIndexValues"), len(pointers)
    )
    return None if values is None else values[:, chosen]


def _pointers(groups: FunctionalGroups) -> list[int]:
    """Return the tags that the dimensions of a file point at."""
    element = groups.instance.element(tag_of("DimensionIndexSequence"))
    if element is None:
        return []
    try:
        items = items_of(element, groups.order)
    except (Damaged, Short):
        return []
    little = groups.order == "<"
    tag = tag_of("DimensionIndexPointer")
    raws = [item[tag].raw if tag in item else bytes(4) for item in items]
    halves = [
        [int.from_bytes(raw[at : at + 2], "little" if little else "big") for at in (0, 2)]
        for raw in raws
    ]
    return [group << 16 | number for group, number in halves]
