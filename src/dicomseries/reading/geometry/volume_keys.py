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

__all__ = [
    "ASL_CONTEXT",
    "Key",
    "file_column",
    "file_keys",
    "file_times",
    "frame_column",
    "frame_keys",
    "frame_texts",
]

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
    """Path of a key's attribute."""

    keywords: tuple[str, ...]
    is_index: bool = False


def _row(*keywords: str, is_index: bool = False) -> _Row:
    return _Row(keywords=keywords, is_index=is_index)


_DIFFUSION = "DiffusionBValue"
"""Place of b-value and direction among the keys; their values are an argument."""
_FILE_ROWS = (
    _row("TemporalPositionIdentifier", is_index=True),
    _row("AcquisitionNumber"),
    _row("TriggerTime"),
    _row("FrameReferenceTime"),
    _row("ActualFrameDuration"),
    _row(_DIFFUSION),
    _row("EchoTime"),
    _row("EchoNumbers", is_index=True),
    _row("InversionTime"),
    _row("FlipAngle"),
)

_FRAME_ROWS = (
    _row("FrameContentSequence", "TemporalPositionIndex", is_index=True),
    _row("TemporalPositionSequence", "TemporalPositionTimeOffset"),
    _row(_DIFFUSION),
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
ASL_CONTEXT = ("MRArterialSpinLabelingSequence", "ASLContext")
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


def file_keys(
    instances: Sequence[Instance],
    diffusion: Floats | None = None,
    parts: Sequence[str] = (),
    asl_contexts: Sequence[str] = (),
) -> tuple[Key, ...]:
    """Return the keys of single-frame files, the best first.

    Parameters
    ----------
    instances : sequence of Instance
        Of one series.
    diffusion : ndarray, shape (files, 4), optional
        b-value and direction of each file.
    parts : sequence of str, optional
        Part of a complex value in each file.
    asl_contexts : sequence of str, optional
        Label, control or m0scan of each file.
    """
    keys: list[Key] = []
    for row in _FILE_ROWS:
        if row.keywords == (_DIFFUSION,):
            keys += _diffusion_key(diffusion)
        else:
            keys += _key(row, file_column(instances, row.keywords[0], 1))
    slices = _time_slices(instances)
    if slices is not None:
        keys.append(Key(name="ImageIndex", values=slices))
    keys += _text_key("ImageType", [instance.text("ImageType") for instance in instances])
    keys += _text_key("ComplexImageComponent", parts)
    keys += _text_key("ASLContext", asl_contexts, in_order=True)
    clocks = [(key.name, key.values) for key in keys if key.name == "TriggerTime"]
    clocks += [
        ("AcquisitionDateTime", _dates(instances)),
        ("AcquisitionTime", file_times(instances, "AcquisitionTime", "AcquisitionDate")),
        ("ContentTime", file_times(instances, "ContentTime", "ContentDate")),
    ]
    for name, seconds in clocks:
        if np.isfinite(seconds).all():
            keys.append(Key(name=name, values=seconds, is_clock=True))
    return tuple(keys)


def frame_keys(
    files: Sequence[FunctionalGroups], diffusion: Floats | None = None
) -> tuple[Key, ...]:
    """Return the keys of frames, the best first.

    Parameters
    ----------
    files : sequence of FunctionalGroups
        Of one series.
    diffusion : ndarray, shape (frames, 4), optional
        b-value and direction of each frame.
    """
    keys: list[Key] = []
    for row in _FRAME_ROWS:
        if row.keywords == (_DIFFUSION,):
            keys += _diffusion_key(diffusion)
        else:
            keys += _key(row, frame_column(files, path_of(*row.keywords), 1))
    for keywords in _FRAME_TEXTS:
        keys += _text_key(keywords[-1], frame_texts(files, keywords))
    keys += _text_key("ASLContext", frame_texts(files, ASL_CONTEXT), in_order=True)
    dimensions = _dimensions(files)
    if dimensions is not None:
        keys.append(Key(name="DimensionIndexValues", values=dimensions, is_dimension=True))
    if len(files) > 1:
        counts = [groups.count for groups in files]
        numbers = np.repeat(np.arange(len(files), dtype=np.float64), counts)
        keys.append(Key(name="file", values=numbers))
    for keywords in _FRAME_DATES:
        seconds = seconds_of_dates(frame_texts(files, keywords))
        keys.append(Key(name=keywords[-1], values=seconds, is_clock=True))
    return tuple(keys)


def _key(row: _Row, values: Floats | None) -> list[Key]:
    """Return the key of a row; none if its attribute is missing."""
    if values is None:
        return []
    return [Key(name=row.keywords[-1], values=values, is_index=row.is_index)]


def _diffusion_key(diffusion: Floats | None) -> list[Key]:
    if diffusion is None:
        return []
    # Vendors compute directions for each slice: they differ in the last digits.
    return [Key(name=_DIFFUSION, values=np.round(diffusion, 4), in_order=True)]


def _text_key(name: str, texts: Sequence[str], *, in_order: bool = False) -> list[Key]:
    """Return the key of a text attribute.

    Nothing if all texts are equal.
    """
    if len(set(texts)) < 2:
        return []
    codes = np.unique(texts, return_inverse=True)[1]
    return [Key(name=name, values=codes.astype(np.float64), in_order=in_order)]


def file_column(instances: Sequence[Instance], keyword: str, size: int) -> Floats | None:
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


def file_times(instances: Sequence[Instance], time: str, date: str) -> Floats:
    """Return the times of files in seconds from the first midnight."""
    times = [instance.text(time) for instance in instances]
    return seconds_of_day(times, [instance.text(date) for instance in instances])


def frame_column(files: Sequence[FunctionalGroups], path: Path, size: int) -> Floats | None:
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


def frame_texts(files: Sequence[FunctionalGroups], keywords: tuple[str, ...]) -> list[str]:
    """Return a text of each frame; "" if it is missing."""
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
    values = frame_column(files, path, len(pointers))
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
