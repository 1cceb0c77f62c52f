"""Checks of series with several volumes in single-frame files: what numbers and times them (TIM)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from dicomseries.checks.registry import Fault, check
from dicomseries.checks.series_view.series_view import SeriesView
from dicomseries.checks.series_view.slice_places import PlacedVolume
from dicomseries.reading import Instance, number_of, seconds_of_dates
from dicomseries.standard.rising import RISING, first_not_rising, moment_number

__all__: list[str] = []

_PET = "1.2.840.10008.5.1.4.1.1.128"
_CLOCKS_S = 60.0
_LONGEST_FRAME_S = 3600.0

_OF_TIME = frozenset(
    {
        *(
            "",
            "TemporalPositionIdentifier",
            "AcquisitionNumber",
            "TriggerTime",
            "FrameReferenceTime",
            "ImageIndex",
        ),
        *(
            "ActualFrameDuration",
            "AcquisitionDateTime",
            "AcquisitionTime",
            "ContentTime",
            "InstanceNumber",
        ),
    }
)
"""What tells volumes apart if they are time points."""


@check("TIM-001", level="error", part="PS3.3 C.8.3.1, C.7.6.1", scope="image")
def time_points_are_numbered(view: SeriesView) -> Iterator[Fault]:
    """TemporalPositionIdentifier, where it differs, is one number for each volume, from 1 to NumberOfTemporalPositions.

    It rises with InstanceNumber. It is what dcm2niix and vtk-dicom sort time points by.
    """
    if (
        view.is_framed
        or not view.differs("TemporalPositionIdentifier")
        or not _are_time_points(view)
    ):
        return
    for place, (found, volume) in enumerate(
        _by_volume(view, "TemporalPositionIdentifier"), start=1
    ):
        if found != {float(place)}:
            yield Fault(
                volume[0].name,
                f"Volume {place} has TemporalPositionIdentifier {_shown(found)}.",
                "Number the time points 1, 2, 3 …",
            )
            return
    stated = {view.first.whole("NumberOfTemporalPositions", 0)}
    count = len(view.places.volumes)
    if view.differs("NumberOfTemporalPositions") or stated not in ({0}, {count}):
        yield Fault(
            view.first.name,
            f"NumberOfTemporalPositions is {stated.pop()}, there are {count} time points.",
            "Write NumberOfTemporalPositions as the number of time points, or export the missing ones.",
        )


def _by_volume(view: SeriesView, keyword: str) -> Iterator[tuple[set[float], tuple[Instance, ...]]]:
    """Yield the values of a numeric attribute in each volume, and the files of the volume."""
    for volume in _in_order_of_numbers(view):
        members = view.instances[volume.start : volume.stop]
        yield {next(iter(one.numbers(keyword)), np.nan) for one in members}, members


def _in_order_of_numbers(view: SeriesView) -> list[PlacedVolume]:
    """Return the volumes in the order of their smallest InstanceNumber."""
    return sorted(
        view.places.volumes,
        key=lambda one: min(map(number_of, view.instances[one.start : one.stop])),
    )


def _are_time_points(view: SeriesView) -> bool:
    """Return whether volumes follow each other in time: not echoes, weightings or parts of complex images."""
    arrangements = [sorting.arrangement for sorting in view.places.sortings]
    return all(one is None or one.by in _OF_TIME for one in arrangements)


def _shown(values: set[float]) -> str:
    return ", ".join(f"{value:g}" for value in sorted(values)[:4]) + (
        " …" if len(values) > 4 else ""
    )


@check("TIM-002", level="error", part="PS3.3 C.8.9.1.1.3, C.8.9.4.1.9", scope="image")
def dynamic_pet_is_counted(view: SeriesView) -> Iterator[Fault]:
    """A dynamic PET series has NumberOfTimeSlices times NumberOfSlices images, and ImageIndex counts them.

    ImageIndex is (time slice - 1) times NumberOfSlices plus the slice, both from 1.
    """
    if view.first.texts("SeriesType")[:1] != ("DYNAMIC",):
        return
    times, slices = (
        view.first.number(keyword) for keyword in ("NumberOfTimeSlices", "NumberOfSlices")
    )
    if times * slices != len(view.instances):
        yield Fault(
            view.first.name,
            f"NumberOfTimeSlices {times} times NumberOfSlices {slices} are not {len(view.instances)} images.",
            "Write how many there are, or export the missing files.",
        )
        return
    indices = [one.number("ImageIndex") for one in view.instances]
    upwards = indices[0] <= indices[min(slices, len(indices)) - 1]
    for index, instance in enumerate(view.instances):
        time, place = divmod(index, slices)
        wanted = time * slices + (place if upwards else slices - 1 - place) + 1
        if indices[index] != wanted:
            yield Fault(
                instance.name,
                f"ImageIndex is {indices[index]}, by time slice {time + 1} and position it is {wanted}.",
                "Count the slices of the first time slice from 1, then those of the next.",
            )
            return


@check("TIM-003", level="error", part="PS3.3 C.8.9.4, C.7.6.18.1, C.7.6.1", scope="image")
def times_rise(view: SeriesView) -> Iterator[Fault]:
    """FrameReferenceTime, TriggerTime, and date and time of acquisition, where they differ, rise with the volumes.

    Volumes are in the order of InstanceNumber; only time points are looked at, not echoes or diffusion weightings.
    """
    if view.is_framed or not _are_time_points(view):
        return
    volumes = _in_order_of_numbers(view)
    for keywords, is_strict in RISING.items():
        if not any(map(view.differs, keywords)):
            continue
        starts = [
            min(_time(one, keywords) for one in view.instances[volume.start : volume.stop])
            for volume in volumes
        ]
        place = first_not_rising(starts, is_strict=is_strict)
        if place is not None:
            yield Fault(
                view.places.name(volumes[place].start),
                f"{keywords[-1]} of volume {place + 1} is {starts[place]:.12g}, of the one before "
                f"{starts[place - 1]:.12g}.",
                "Write the time of each volume, later than that of the one before.",
            )


@check("TIM-004", level="error", part="PS3.3 C.8.9.1.1.2, C.8.9.4.1.4, C.8.9.4.1.5", scope="image")
def pet_counts_from_series_time(view: SeriesView) -> Iterator[Fault]:
    """FrameReferenceTime of PET lies within the acquisition of its frame, counted from SeriesDate and SeriesTime.

    They are the time base of a PET series: AcquisitionTime and decay count from them too, and many readers compute SUV
    with them. The frame lasts from AcquisitionTime for ActualFrameDuration (an hour if that is empty). A minute more or
    less is allowed, as clocks of scanners differ. Where FrameReferenceTime is the same in all images, as scanners
    write it for the beds of a whole body, only the earliest acquisition is compared.
    """
    if view.is_framed or view.first.sop_class_uid != _PET:
        return
    compared = ("AcquisitionDate", "AcquisitionTime", "FrameReferenceTime", "ActualFrameDuration")
    instances = view.instances if any(map(view.differs, compared)) else (view.first,)
    after = _seconds_after_series(view.first, instances)
    known = [index for index in range(len(instances)) if np.isfinite(after[index])]
    if not view.differs("FrameReferenceTime"):
        known = sorted(known, key=lambda index: after[index])[:1]
    for index in known:
        instance = instances[index]
        reference = next(iter(instance.numbers("FrameReferenceTime")), 0.0) / 1000
        duration = (
            next(iter(instance.numbers("ActualFrameDuration")), 1000 * _LONGEST_FRAME_S) / 1000
        )
        if after[index] - _CLOCKS_S <= reference <= after[index] + duration + _CLOCKS_S:
            continue
        base = f"{view.first.text('SeriesDate')} {view.first.text('SeriesTime')}"
        yield Fault(
            instance.name,
            f"The acquisition begins {after[index]:g} s after SeriesDate and SeriesTime ({base}), FrameReferenceTime "
            f"is {reference:g} s.",
            "Write the moment from which FrameReferenceTime and decay count into SeriesDate and SeriesTime.",
        )
        return


def _seconds_after_series(
    series: Instance, instances: Sequence[Instance]
) -> npt.NDArray[np.float64]:
    """Return when each acquisition began, in seconds after the time of the series; NaN where it is not known."""
    day = series.text("SeriesDate")
    texts = [day + series.text("SeriesTime")]
    for one in instances:
        time = one.text("AcquisitionTime")
        texts.append((one.text("AcquisitionDate") or day) + time if time else "")
    seconds = seconds_of_dates(texts)
    return np.asarray(seconds[1:] - seconds[0])


def _time(instance: Instance, keywords: tuple[str, ...]) -> float:
    """Return a time as a number that rises: milliseconds, or digits of date and time; 0 where it is missing."""
    if len(keywords) == 1:
        return next(iter(instance.numbers(keywords[0])), 0.0)
    date, time = (instance.text(keyword) for keyword in keywords)
    return moment_number(date, time)
