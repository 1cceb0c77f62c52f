"""Checks of numbers and times of several volumes (TIM)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from dicomseries.checks.registry import Fault, check
from dicomseries.checks.series_view.series_view import SeriesView
from dicomseries.reading import Instance, file_order, seconds_of_dates
from dicomseries.standard.objects import sop_classes
from dicomseries.standard.objects.rising_volumes import (
    OTHER_VOLUMES,
    RISING,
    first_not_rising,
    moment_number,
)

__all__: list[str] = []

_CLOCK_TOLERANCE_S = 60.0
_LONGEST_FRAME_MS = 3_600_000.0
_TIME_ATTRIBUTES = frozenset(
    {
        "",
        "AcquisitionDateTime",
        "AcquisitionNumber",
        "AcquisitionTime",
        "ActualFrameDuration",
        "ContentTime",
        "FrameReferenceTime",
        "ImageIndex",
        "InstanceNumber",
        "TemporalPositionIdentifier",
        "TriggerTime",
    }
)
"""Attributes that distinguish volumes of different time points."""


def _volumes(view: SeriesView) -> list[tuple[Instance, ...]]:
    """Return the files of each volume, by smallest InstanceNumber."""
    volumes = [view.instances[volume.start : volume.stop] for volume in view.places.volumes]
    return sorted(volumes, key=lambda files: min(map(file_order, files)))


def _are_time_points(view: SeriesView) -> bool:
    """Return whether volumes are time points, not echoes or weightings."""
    return not view.is_multi_frame and _TIME_ATTRIBUTES.issuperset(view.arranged_by)


@check("TIM-001", level="error", part="PS3.3 C.8.3.1, C.7.6.1", scope="image")
def time_points_are_numbered(view: SeriesView) -> Iterator[Fault]:
    """TemporalPositionIdentifier numbers the volumes from 1, if it differs.

    The last number is NumberOfTemporalPositions, and numbers rise with InstanceNumber. dcm2niix and
    vtk-dicom sort time points by it.
    """
    if not view.differs("TemporalPositionIdentifier") or not _are_time_points(view):
        return
    volumes = _volumes(view)
    for number, files in enumerate(volumes, start=1):
        values = {_number(file, "TemporalPositionIdentifier") for file in files}
        if values != {float(number)}:
            listed = ", ".join(f"{value:g}" for value in sorted(values)[:4])
            yield Fault(
                files[0].name,
                f"TemporalPositionIdentifier of volume {number} is {listed}, expected {number}.",
                "Number the time points 1, 2, 3 …",
            )
            return
    stated = view.first.whole("NumberOfTemporalPositions", 0)
    if view.differs("NumberOfTemporalPositions") or stated not in {0, len(volumes)}:
        yield Fault(
            view.first.name,
            f"NumberOfTemporalPositions is {stated}, there are {len(volumes)} time points.",
            "Write the number of time points into NumberOfTemporalPositions, "
            "or export the missing ones.",
        )


def _number(instance: Instance, keyword: str, default: float = np.nan) -> float:
    return next(iter(instance.numbers(keyword)), default)


@check("TIM-002", level="error", part="PS3.3 C.8.9.1.1.3, C.8.9.4.1.9", scope="image")
def dynamic_pet_is_counted(view: SeriesView) -> Iterator[Fault]:
    """ImageIndex counts the images of a dynamic PET series.

    There are NumberOfTimeSlices times NumberOfSlices images. ImageIndex is (time slice - 1) times
    NumberOfSlices plus the number of the slice, both from 1.
    """
    if view.first.texts("SeriesType")[:1] != ("DYNAMIC",):
        return
    times, slices = view.first.number("NumberOfTimeSlices"), view.first.number("NumberOfSlices")
    if times * slices != len(view.instances):
        yield Fault(
            view.first.name,
            f"NumberOfTimeSlices {times} times NumberOfSlices {slices} is not the number of "
            f"images, {len(view.instances)}.",
            "Write the right numbers, or export the missing files.",
        )
        return
    indices = [instance.number("ImageIndex") for instance in view.instances]
    is_rising = indices[0] <= indices[min(slices, len(indices)) - 1]
    for place, (instance, index) in enumerate(zip(view.instances, indices, strict=True)):
        time, position = divmod(place, slices)
        if not is_rising:
            position = slices - 1 - position
        expected = time * slices + position + 1
        if index != expected:
            yield Fault(
                instance.name,
                f"ImageIndex is {index}; time slice {time + 1} and position ask for {expected}.",
                "Count the slices of the first time slice from 1, then those of the next.",
            )
            return


@check("TIM-003", level="error", part="PS3.3 C.8.9.4, C.7.6.18.1, C.7.6.1", scope="image")
def times_rise(view: SeriesView) -> Iterator[Fault]:
    """Times that differ rise with the volumes.

    FrameReferenceTime, TriggerTime, and date and time of acquisition. Volumes are in the order of
    InstanceNumber; only time points are compared, not echoes or diffusion weightings.
    """
    if not _are_time_points(view):
        return
    volumes = _volumes(view)
    for keywords, is_strict in RISING.items():
        if not view.differs(*keywords) or (not is_strict and view.differs(*OTHER_VOLUMES)):
            continue
        starts = [min(_time(file, keywords) for file in files) for files in volumes]
        late = first_not_rising(starts, is_strict=is_strict)
        if late is not None:
            yield Fault(
                volumes[late][0].name,
                f"{keywords[-1]} of volume {late + 1} is {starts[late]:.12g}, of the one before "
                f"{starts[late - 1]:.12g}.",
                "Write the time of each volume, later than that of the one before.",
            )


def _time(instance: Instance, keywords: tuple[str, ...]) -> float:
    """Return milliseconds, or date and time as one number."""
    if len(keywords) == 1:
        return _number(instance, keywords[0], 0.0)
    date, time = map(instance.text, keywords)
    return moment_number(date, time)


@check("TIM-004", level="error", part="PS3.3 C.8.9.1.1.2, C.8.9.4.1.4, C.8.9.4.1.5", scope="image")
def pet_counts_from_series_time(view: SeriesView) -> Iterator[Fault]:
    """FrameReferenceTime of PET lies within the acquisition of its frame.

    It counts from SeriesDate and SeriesTime, the time base of a PET series: AcquisitionTime and
    decay count from them too, and many readers compute SUV with them. The frame lasts from
    AcquisitionTime for ActualFrameDuration (an hour if that is empty). A minute more or less is
    allowed, as clocks of scanners differ. If FrameReferenceTime is the same in all images, as
    scanners write it for the beds of a whole body, only the earliest acquisition is compared.
    """
    if view.is_multi_frame or view.first.sop_class_uid != sop_classes.PT:
        return
    compared = ("AcquisitionDate", "AcquisitionTime", "FrameReferenceTime", "ActualFrameDuration")
    instances = view.representatives(*compared)
    begins_s = _seconds_after_series(view.first, instances)
    known = np.flatnonzero(np.isfinite(begins_s)).tolist()
    if not view.differs("FrameReferenceTime"):
        known = sorted(known, key=lambda index: begins_s[index])[:1]
    for index in known:
        instance, begin = instances[index], begins_s[index]
        reference = _number(instance, "FrameReferenceTime", 0.0) / 1000
        duration = _number(instance, "ActualFrameDuration", _LONGEST_FRAME_MS) / 1000
        end = begin + duration
        if begin - _CLOCK_TOLERANCE_S <= reference <= end + _CLOCK_TOLERANCE_S:
            continue
        base = f"{view.first.text('SeriesDate')} {view.first.text('SeriesTime')}"
        yield Fault(
            instance.name,
            f"The acquisition begins {begin:g} s after SeriesDate and SeriesTime ({base}), "
            f"FrameReferenceTime is {reference:g} s.",
            "Write the moment from which FrameReferenceTime and decay count into SeriesDate and "
            "SeriesTime.",
        )
        return


def _seconds_after_series(
    series: Instance, instances: Sequence[Instance]
) -> npt.NDArray[np.float64]:
    """Return the begin of each acquisition after SeriesTime, in seconds."""
    day = series.text("SeriesDate")
    texts = [day + series.text("SeriesTime")]
    for instance in instances:
        time = instance.text("AcquisitionTime")
        texts.append((instance.text("AcquisitionDate") or day) + time if time else "")
    seconds = seconds_of_dates(texts)
    return np.asarray(seconds[1:] - seconds[0])
