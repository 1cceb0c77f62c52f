"""Checks of series with several volumes in single-frame files: what numbers and times them (TIM)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from dicomseries.readback import Instance
from dicomseries.verify.registry import Fault, check
from dicomseries.verify.view import SeriesView

__all__: list[str] = []


@check("TIM-001", level="error", part="PS3.3 C.8.3.1, C.7.6.1")
def time_points_are_numbered(view: SeriesView) -> Iterator[Fault]:
    """TemporalPositionIdentifier, where it differs, is one number for each volume, from 1 to NumberOfTemporalPositions.

    It rises with InstanceNumber. It is what dcm2niix and vtk-dicom sort time points by.
    """
    if view.is_framed or not view.differs("TemporalPositionIdentifier"):
        return
    for place, (found, volume) in enumerate(_by_volume(view, "TemporalPositionIdentifier"), start=1):
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
            "Write how many there are.",
        )


def _by_volume(view: SeriesView, keyword: str) -> Iterator[tuple[set[float], tuple[Instance, ...]]]:
    """Yield the values of a numeric attribute in each volume, and the files of the volume."""
    for volume in view.places.volumes:
        members = view.instances[volume.start : volume.stop]
        yield {next(iter(one.numbers(keyword)), np.nan) for one in members}, members


def _shown(values: set[float]) -> str:
    return ", ".join(f"{value:g}" for value in sorted(values)[:4]) + (" …" if len(values) > 4 else "")


@check("TIM-002", level="error", part="PS3.3 C.8.9.1.1.3, C.8.9.4.1.9")
def dynamic_pet_is_counted(view: SeriesView) -> Iterator[Fault]:
    """A dynamic PET series has NumberOfTimeSlices times NumberOfSlices images, and ImageIndex counts them.

    ImageIndex is (time slice - 1) times NumberOfSlices plus the slice, both from 1.
    """
    if view.first.texts("SeriesType")[:1] != ("DYNAMIC",):
        return
    times, slices = (view.first.number(keyword) for keyword in ("NumberOfTimeSlices", "NumberOfSlices"))
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


@check("TIM-003", level="error", part="PS3.3 C.8.9.4, C.7.6.18.1, C.7.6.1")
def times_rise(view: SeriesView) -> Iterator[Fault]:
    """FrameReferenceTime, TriggerTime, and date and time of acquisition, where they differ, rise with the volumes.

    Volumes are in the order of InstanceNumber.
    """
    volumes = view.places.volumes
    if view.is_framed or len(volumes) < 2:
        return
    for keywords in (("FrameReferenceTime",), ("TriggerTime",), ("AcquisitionDate", "AcquisitionTime")):
        if not any(map(view.differs, keywords)):
            continue
        starts = [min(_time(one, keywords) for one in view.instances[volume.start : volume.stop]) for volume in volumes]
        for place, (before, after) in enumerate(itertools.pairwise(starts), start=1):
            if not before <= after or (before == after and len(keywords) == 1):
                yield Fault(
                    view.places.name(volumes[place].start),
                    f"{keywords[-1]} of volume {place + 1} is {after:.12g}, of the one before {before:.12g}.",
                    "Write the time of each volume, later than that of the one before.",
                )
                break


def _time(instance: Instance, keywords: tuple[str, ...]) -> float:
    """Return a time as a number that rises: milliseconds, or digits of date and time; 0 where it is missing."""
    if len(keywords) == 1:
        return next(iter(instance.numbers(keywords[0])), 0.0)
    date, time = (instance.text(keyword) for keyword in keywords)
    try:
        return float(f"{date or 0}{time.partition('.')[0]:0<6}.{time.partition('.')[2]}")
    except ValueError:
        return 0.0
