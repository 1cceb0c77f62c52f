"""Axes of frames in nuclear medicine (PS3.3 section C.8.4.8).

FrameIncrementPointer names vectors with a number for each frame: its energy window, detector,
phase, angular view, time slot. They say what the frames are, and in which order they belong.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from dicomseries.lazy_dataclass import dataclass
from dicomseries.reading.modalities.clip_times import pointed_tags
from dicomseries.reading.modalities.detector_planes import vector_of
from dicomseries.reading.parse.functional_groups import as_numbers
from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.parse.parser import Element, ParseError, items_of
from dicomseries.reading.parse.to_python import plain_value
from dicomseries.standard.attributes.attribute import tag_of
from dicomseries.volume_axes import VolumeAxis, VolumeLayout

__all__ = ["NuclearOrder", "nuclear_axes", "nuclear_order"]

Indices = npt.NDArray[np.intp]
Items = Sequence[Mapping[int, Element]]

_AXIS_OF = {
    "EnergyWindowVector": "energy_window",
    "DetectorVector": "detector",
    "RotationVector": "rotation",
    "AngularViewVector": "angular_view",
    "RRIntervalVector": "rr_interval",
    "TimeSlotVector": "cardiac_phase",
    "PhaseVector": "time",
    "TimeSliceVector": "time",
    "SliceVector": "slice",
}
"""Vector → axis; phases and time slices of a dynamic study are one axis of time."""
_PHASE = 1 << 16
"""Factor of PhaseVector in the numbers of the axis of time; TimeSliceVector is below it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NuclearOrder:
    """Order of the frames of one file, and what they are.

    Parameters
    ----------
    frames : ndarray of int, shape (frames,)
        Frames from 0, the slices of the first volume first.
    slices : int
        Slices of one volume; 1 for views.
    layout : VolumeLayout
        Axes of the volumes.
    """

    frames: Indices
    slices: int
    layout: VolumeLayout


def nuclear_order(instance: Instance, frames: int) -> NuclearOrder | None:
    """Return the order of frames without a place.

    None if the vectors are missing, or do not number every combination once.
    """
    columns = _columns(instance, frames)
    slices = columns.pop("slice", np.zeros(frames, np.intp))
    codes = [np.unique(column, return_inverse=True)[1] for column in columns.values()]
    number_of_slices = len(np.unique(slices))
    lengths = [int(code.max()) + 1 for code in codes]
    if math.prod(lengths) * number_of_slices != frames:
        return None
    keys = np.column_stack([*codes, slices])
    if len(np.unique(keys, axis=0)) != frames:
        return None
    order = np.lexsort(tuple(reversed([*codes, slices])))
    return NuclearOrder(
        frames=np.asarray(order, np.intp),
        slices=number_of_slices,
        layout=_layout(instance, columns),
    )


def nuclear_axes(instance: Instance, volume_of_frame: Indices) -> VolumeLayout | None:
    """Return the axes of volumes that are already sorted, such as gated slices.

    None if the vectors do not tell these volumes apart.

    Parameters
    ----------
    instance : Instance
        One multi-frame file.
    volume_of_frame : ndarray of int, shape (frames,)
        Volume of each frame, from 0.
    """
    columns = _columns(instance, len(volume_of_frame))
    columns.pop("slice", None)
    if not columns:
        return None
    codes = [np.unique(column, return_inverse=True)[1] for column in columns.values()]
    flat = np.zeros(len(volume_of_frame), np.intp)
    for code in codes:
        flat = flat * (int(code.max()) + 1) + code
    is_same = np.array_equal(flat, volume_of_frame)
    if not is_same or len(np.unique(flat)) != math.prod(int(code.max()) + 1 for code in codes):
        return None
    return _layout(instance, columns)


def _columns(instance: Instance, frames: int) -> dict[str, npt.NDArray[np.float64]]:
    """Return the numbers of the frames by axis, the outer axis first.

    Vectors with one number for all frames are left out.
    """
    columns: dict[str, npt.NDArray[np.float64]] = {}
    by_tag = {tag_of(keyword): keyword for keyword in _AXIS_OF}
    for tag in pointed_tags(instance):
        keyword = by_tag.get(tag)
        vector = None if keyword is None else vector_of(instance, keyword, frames)
        if keyword is None or vector is None:
            continue
        if keyword == "PhaseVector":
            vector = vector * _PHASE
        axis = _AXIS_OF[keyword]
        columns[axis] = columns[axis] + vector if axis in columns else vector
    return {axis: column for axis, column in columns.items() if np.ptp(column)}


def _layout(instance: Instance, columns: Mapping[str, npt.NDArray[np.float64]]) -> VolumeLayout:
    axes = []
    times: tuple[float, ...] | None = None
    for name, column in columns.items():
        numbers = np.unique(column)
        axis = _VALUES.get(name, _numbered)(instance, name, numbers)
        axes.append(axis)
        if name == "time" and axis.unit == "s" and len(columns) == 1:
            times = tuple(map(float, axis.values))
    return VolumeLayout(axes=tuple(axes), times_s=times)


def _numbered(_: Instance, name: str, numbers: npt.NDArray[np.float64]) -> VolumeAxis:
    return VolumeAxis(name=name, values=tuple(range(1, len(numbers) + 1)))


def _energy_windows(instance: Instance, name: str, numbers: npt.NDArray[np.float64]) -> VolumeAxis:
    """Return the energy windows by name, or by limits in keV."""
    items = instance.sequence("EnergyWindowInformationSequence")
    texts = []
    for number in numbers.astype(int).tolist():
        item = items[number - 1] if 0 < number <= len(items) else {}
        texts.append(_text(instance, item, "EnergyWindowName") or _limits(instance, item))
    return _named(name, texts)


def _limits(instance: Instance, item: Mapping[int, Element]) -> str:
    ranges = _items(instance, item, "EnergyWindowRangeSequence")
    parts = []
    for limits in ranges:
        low = _number(instance, limits, "EnergyWindowLowerLimit")
        high = _number(instance, limits, "EnergyWindowUpperLimit")
        if math.isfinite(low) and math.isfinite(high):
            parts.append(f"{low:g}-{high:g} keV")
    return " + ".join(parts)


def _detectors(instance: Instance, name: str, numbers: npt.NDArray[np.float64]) -> VolumeAxis:
    """Return the detectors by their view, such as anterior."""
    items = instance.sequence("DetectorInformationSequence")
    texts = []
    for number in numbers.astype(int).tolist():
        text = ""
        if 0 < number <= len(items):
            for view in _items(instance, items[number - 1], "ViewCodeSequence")[:1]:
                text = _text(instance, view, "CodeMeaning")
        texts.append(text)
    return _named(name, texts)


def _named(name: str, texts: Sequence[str]) -> VolumeAxis:
    """Return an axis of names; of numbers if they are not all different."""
    if all(texts) and len({*texts}) == len(texts):
        return VolumeAxis(name=name, values=tuple(texts))
    return VolumeAxis(name=name, values=tuple(range(1, len(texts) + 1)))


def _angles(instance: Instance, name: str, numbers: npt.NDArray[np.float64]) -> VolumeAxis:
    """Return the angles of the views of one rotation in degrees, against the clock if CC."""
    rotations = instance.sequence("RotationInformationSequence")
    if len(rotations) != 1:
        return _numbered(instance, name, numbers)
    start = _number(instance, rotations[0], "StartAngle")
    step = _number(instance, rotations[0], "AngularStep")
    if not math.isfinite(start) or not math.isfinite(step) or step == 0:
        return _numbered(instance, name, numbers)
    if _text(instance, rotations[0], "RotationDirection") == "CC":
        step = -step
    angles = (start + step * (numbers - 1)) % 360
    return VolumeAxis(name=name, values=tuple(angles.round(6).tolist()), unit="deg")


def _slots(instance: Instance, name: str, numbers: npt.NDArray[np.float64]) -> VolumeAxis:
    """Return the delay of the time slots after the R wave in ms."""
    for gated in instance.sequence("GatedInformationSequence")[:1]:
        for data in _items(instance, gated, "DataInformationSequence")[:1]:
            frame_ms = _number(instance, data, "FrameTime")
            if math.isfinite(frame_ms) and frame_ms > 0:
                values = ((numbers - 1) * frame_ms).round(6).tolist()
                return VolumeAxis(name=name, values=tuple(values), unit="ms")
    return _numbered(instance, name, numbers)


def _times(instance: Instance, name: str, numbers: npt.NDArray[np.float64]) -> VolumeAxis:
    """Return the start of each frame of a dynamic study, in seconds after the first."""
    phases = instance.sequence("PhaseInformationSequence")
    wanted = {divmod(int(number), _PHASE) for number in numbers.tolist()}
    starts: list[float] = []
    now_ms = 0.0
    for index, phase in enumerate(phases, 1):
        duration = _number(instance, phase, "ActualFrameDuration")
        pause = _number(instance, phase, "PauseBetweenFrames")
        delay = _number(instance, phase, "PhaseDelay")
        now_ms += delay if index > 1 and math.isfinite(delay) else 0.0
        count = _number(instance, phase, "NumberOfFramesInPhase")
        if not (math.isfinite(duration) and duration > 0 and math.isfinite(count)):
            return _numbered(instance, name, numbers)
        for number in range(1, int(count) + 1):
            is_only_phase = len(phases) == 1 and (0, number) in wanted
            is_only_frame = count == 1 and (index, 0) in wanted
            if (index, number) in wanted or is_only_phase or is_only_frame:
                starts.append(now_ms)
            now_ms += duration + (pause if math.isfinite(pause) else 0.0)
    if len(starts) != len(numbers):
        return _numbered(instance, name, numbers)
    seconds = ((np.array(starts) - starts[0]) / 1000).round(9).tolist()
    return VolumeAxis(name=name, values=tuple(seconds), unit="s")


_VALUES: Mapping[str, Callable[[Instance, str, npt.NDArray[np.float64]], VolumeAxis]] = {
    "energy_window": _energy_windows,
    "detector": _detectors,
    "angular_view": _angles,
    "cardiac_phase": _slots,
    "time": _times,
}
"""Axis → values of its entries; the others are numbered."""


def _items(instance: Instance, item: Mapping[int, Element], keyword: str) -> Items:
    element = item.get(tag_of(keyword))
    if element is None:
        return ()
    try:
        return items_of(element, instance.byte_order)
    except ParseError:
        return ()


def _number(instance: Instance, item: Mapping[int, Element], keyword: str) -> float:
    """Return a number of an item; NaN if it is missing."""
    element = item.get(tag_of(keyword))
    if element is None:
        return math.nan
    vr = "US" if keyword == "NumberOfFramesInPhase" else "DS"
    numbers = as_numbers(vr, element.raw, instance.byte_order)
    return numbers[0] if numbers else math.nan


def _text(instance: Instance, item: Mapping[int, Element], keyword: str) -> str:
    tag = tag_of(keyword)
    if tag not in item:
        return ""
    return str(plain_value(tag, item[tag], instance.decoding())).strip()
