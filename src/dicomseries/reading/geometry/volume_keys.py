"""Attributes that separate the volumes of one series.

Tables: a new attribute is a new row.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dicomseries.lazy_dataclass import dataclass
from dicomseries.reading.parse.clocks import seconds_of_dates, seconds_of_day
from dicomseries.reading.parse.functional_groups import FunctionalGroups, Path, as_numbers, path_of
from dicomseries.reading.parse.instance import Instance
from dicomseries.standard.attributes.attribute import tag_of

__all__ = ["Key", "file_clocks", "file_keys", "frame_clocks", "frame_keys"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Key:
    """An attribute that may separate the volumes.

    Parameters
    ----------
    name : str
        Keyword.
    values : ndarray, shape (frames,) or (frames, n)
        One value or vector per frame; NaN if missing.
    is_clock : bool
        A clock advances from slice to slice: its values need only differ at each place. Any other
        attribute must have the same values at each place.
    is_index : bool
        A number of the volume, given by the writer: if it repeats from place to place, each place
        has the same numbers.
    is_dimension : bool
        The standard's index of the frames (PS3.3 section C.7.6.17).
    in_order : bool
        Volumes are sorted by the order of their frames, not by value: diffusion directions have
        no order.
    """

    name: str
    values: Floats
    is_clock: bool = False
    is_index: bool = False
    in_order: bool = False
    is_dimension: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """Name, paths and sizes of a key's columns."""

    name: str
    columns: tuple[tuple[tuple[str, ...], int], ...]
    is_index: bool = False
    in_order: bool = False


def _row(*keywords: str, is_index: bool = False) -> _Row:
    return _Row(name=keywords[-1], columns=((keywords, 1),), is_index=is_index)


_FILE_ROWS = (
    _row("TemporalPositionIdentifier", is_index=True),
    _row("AcquisitionNumber"),
    _row("TriggerTime"),
    _row("FrameReferenceTime"),
    _row("ActualFrameDuration"),
    _Row(
        name="DiffusionBValue",
        columns=((("DiffusionBValue",), 1), (("DiffusionGradientOrientation",), 3)),
        in_order=True,
    ),
    _row("EchoTime"),
    _row("EchoNumbers", is_index=True),
    _row("InversionTime"),
    _row("FlipAngle"),
)

_DIFFUSION = "MRDiffusionSequence"
_FRAME_ROWS = (
    _row("FrameContentSequence", "TemporalPositionIndex", is_index=True),
    _row("TemporalPositionSequence", "TemporalPositionTimeOffset"),
    _Row(
        name="DiffusionBValue",
        columns=(
            ((_DIFFUSION, "DiffusionBValue"), 1),
            ((_DIFFUSION, "DiffusionGradientDirectionSequence", "DiffusionGradientOrientation"), 3),
        ),
        in_order=True,
    ),
    _row("MREchoSequence", "EffectiveEchoTime"),
    _row("MRModifierSequence", "InversionTimes"),
    _row("MRTimingAndRelatedParametersSequence", "FlipAngle"),
    _row("CardiacSynchronizationSequence", "NominalCardiacTriggerDelayTime"),
    _row("CardiacSynchronizationSequence", "NominalPercentageOfCardiacPhase"),
    _row("FrameContentSequence", "FrameAcquisitionNumber"),
)
_FRAME_TEXTS = (
    ("MRImageFrameTypeSequence", "FrameType"),
    ("MRImageFrameTypeSequence", "ComplexImageComponent"),
    ("CTImageFrameTypeSequence", "FrameType"),
)
_FRAME_DATES = (
    ("FrameContentSequence", "FrameReferenceDateTime"),
    ("FrameContentSequence", "FrameAcquisitionDateTime"),
)

_SPATIAL = frozenset(
    map(
        tag_of,
        ("StackID", "InStackPositionNumber", "ImagePositionPatient", "PlanePositionSequence"),
    )
)
"""Dimensions that count places, not volumes."""


def file_keys(instances: Sequence[Instance]) -> tuple[Key, ...]:
    """Return the keys of single-frame files, the best first."""
    keys: list[Key] = []
    for row in _FILE_ROWS:
        parts = [_file_column(instances, keyword, size) for (keyword,), size in row.columns]
        keys += _key(row, parts)
    slices = _time_slices(instances)
    if slices is not None:
        keys.append(Key(name="ImageIndex", values=slices))
    keys += _text_key("ImageType", [instance.text("ImageType") for instance in instances])
    clocks = [(key.name, key.values) for key in keys if key.name == "TriggerTime"]
    clocks += [
        ("AcquisitionDateTime", _dates(instances)),
        ("AcquisitionTime", _times(instances, "AcquisitionTime", "AcquisitionDate")),
        ("ContentTime", _times(instances, "ContentTime", "ContentDate")),
    ]
    for name, seconds in clocks:
        if np.isfinite(seconds).all():
            keys.append(Key(name=name, values=seconds, is_clock=True))
    return tuple(keys)


def file_clocks(instances: Sequence[Instance]) -> tuple[Floats, ...]:
    """Return times of single-frame files in seconds, best clock first."""
    clocks = []
    for keyword in ("TriggerTime", "FrameReferenceTime"):
        milliseconds = _file_column(instances, keyword, 1)
        if milliseconds is not None:
            clocks.append(milliseconds[:, 0] / 1000)
    clocks += [_dates(instances), _times(instances, "AcquisitionTime", "AcquisitionDate")]
    return tuple(clocks)


def frame_keys(files: Sequence[FunctionalGroups]) -> tuple[Key, ...]:
    """Return the keys of frames, the best first."""
    keys: list[Key] = []
    for row in _FRAME_ROWS:
        parts = [_frame_column(files, path_of(*keywords), size) for keywords, size in row.columns]
        keys += _key(row, parts)
    for keywords in _FRAME_TEXTS:
        keys += _text_key(keywords[-1], _frame_texts(files, keywords))
    dimensions = _dimensions(files)
    if dimensions is not None:
        keys.append(Key(name="DimensionIndexValues", values=dimensions, is_dimension=True))
    if len(files) > 1:
        counts = [groups.count for groups in files]
        numbers = np.repeat(np.arange(len(files), dtype=np.float64), counts)
        keys.append(Key(name="file", values=numbers))
    for keywords in _FRAME_DATES:
        seconds = seconds_of_dates(_frame_texts(files, keywords))
        keys.append(Key(name=keywords[-1], values=seconds, is_clock=True))
    return tuple(keys)


def frame_clocks(files: Sequence[FunctionalGroups]) -> tuple[Floats, ...]:
    """Return times of frames in seconds, best clock first."""
    clocks = []
    offset = path_of("TemporalPositionSequence", "TemporalPositionTimeOffset")
    seconds = _frame_column(files, offset, 1)
    if seconds is not None:
        clocks.append(seconds[:, 0])
    clocks += [seconds_of_dates(_frame_texts(files, keywords)) for keywords in _FRAME_DATES]
    delay = path_of("CardiacSynchronizationSequence", "NominalCardiacTriggerDelayTime")
    milliseconds = _frame_column(files, delay, 1)
    if milliseconds is not None:
        clocks.append(milliseconds[:, 0] / 1000)
    return tuple(clocks)


def _key(row: _Row, parts: Sequence[Floats | None]) -> list[Key]:
    """Return the key of a row.

    Nothing if its first column is missing.
    """
    if parts[0] is None:
        return []
    values = np.hstack([part for part in parts if part is not None])
    return [Key(name=row.name, values=values, is_index=row.is_index, in_order=row.in_order)]


def _text_key(name: str, texts: Sequence[str]) -> list[Key]:
    """Return the key of a text attribute.

    Nothing if all texts are equal.
    """
    if len(set(texts)) < 2:
        return []
    codes = np.unique(texts, return_inverse=True)[1]
    return [Key(name=name, values=codes.astype(np.float64))]


def _file_column(instances: Sequence[Instance], keyword: str, size: int) -> Floats | None:
    """Return an attribute, shape (files, size), NaN if missing.

    None if all files lack it.
    """
    tag = tag_of(keyword)
    rows: list[tuple[float, ...]] = [(np.nan,) * size] * len(instances)
    is_present = False
    for index, instance in enumerate(instances):
        element = instance.element(tag)
        if element is not None:
            values = as_numbers(element.vr, element.raw, instance.byte_order)[:size]
            if len(values) == size:
                rows[index] = values
                is_present = True
    if not is_present:
        return None
    return np.array(rows)


def _time_slices(instances: Sequence[Instance]) -> Floats | None:
    """Return the time slice in ImageIndex of dynamic PET.

    PS3.3 section C.8.9.4.1.9.
    """
    slices = instances[0].number("NumberOfSlices")
    if not slices or not instances[0].raw("ImageIndex"):
        return None
    return np.array(
        [float((instance.number("ImageIndex") - 1) // slices) for instance in instances]
    )


def _dates(instances: Sequence[Instance]) -> Floats:
    return seconds_of_dates([instance.text("AcquisitionDateTime") for instance in instances])


def _times(instances: Sequence[Instance], time: str, date: str) -> Floats:
    times = [instance.text(time) for instance in instances]
    return seconds_of_day(times, [instance.text(date) for instance in instances])


def _frame_column(files: Sequence[FunctionalGroups], path: Path, size: int) -> Floats | None:
    """Return an attribute, shape (frames, size), NaN if missing.

    None if all frames lack it.
    """
    parts = []
    for groups in files:
        part = groups.numbers(path, size)
        if part is None:
            part = np.full((groups.count, size), np.nan)
        parts.append(part)
    column = np.concatenate(parts)
    if np.isnan(column).all():
        return None
    return column


def _frame_texts(files: Sequence[FunctionalGroups], keywords: tuple[str, ...]) -> list[str]:
    path = path_of(*keywords)
    texts: list[str] = []
    for groups in files:
        texts += groups.texts(path) or [""] * groups.count
    return texts


def _dimensions(files: Sequence[FunctionalGroups]) -> Floats | None:
    """Return the columns of DimensionIndexValues that do not count places."""
    pointers = _pointers(files[0])
    columns = [index for index, pointer in enumerate(pointers) if pointer not in _SPATIAL]
    if not columns:
        return None
    path = path_of("FrameContentSequence", "DimensionIndexValues")
    values = _frame_column(files, path, len(pointers))
    if values is None:
        return None
    return values[:, columns]


def _pointers(groups: FunctionalGroups) -> list[int]:
    """Return the tags in DimensionIndexPointer, one per dimension."""
    pointers = []
    for item in groups.instance.sequence("DimensionIndexSequence"):
        element = item.get(tag_of("DimensionIndexPointer"))
        raw = bytes(4) if element is None else element.raw
        group, number = np.frombuffer(raw[:4].ljust(4, b"\0"), f"{groups.order}u2").tolist()
        pointers.append(group << 16 | number)
    return pointers
