"""When the volumes of a series were taken: clocks in a reasoned order.

The first clock of this table that rises from volume to volume counts. Times are seconds after the
first volume, and unequal steps are kept.

1. TemporalPositionTimeOffset: the standard's statement about the volume itself.
2. TriggerTime: GE and Philips count it from the start of a dynamic series. It is exact where
   RepetitionTime is not the step (several acquisitions for a volume, pauses).
3. FrameReferenceTime: the same in PET and nuclear medicine, and in what this package writes.
4. AcquisitionDateTime, AcquisitionDate with AcquisitionTime, FrameReferenceDateTime,
   FrameAcquisitionDateTime: the clock of the scanner; across midnight too. GE and Canon write the
   start of the series into every file: such a clock does not rise and is passed over.
5. RTIA timer of GE, DynamicScanBeginTime of Philips: private clocks of the sequence.
6. TemporalPositionIdentifier times TemporalResolution: a nominal step.
7. RepetitionTime of 2-D echo planar images of one average, with GE's group delay: one excitation
   of every slice is one volume. In other sequences it is the time between excitations. It is never
   the step between echoes, parts, inversion times, flip angles or diffusion weightings.

ContentTime is the moment of reconstruction; it counts only where it confirms RepetitionTime, and
then RepetitionTime is the step. Wherever a clock agrees with RepetitionTime within its own
rounding (2.5 ms in images of Siemens, 1 s in some of GE and Canon), RepetitionTime is the step.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from dicomseries.lazy_dataclass import dataclass
from dicomseries.reading.geometry.vendor_facts import PrivateNumbers, private_column
from dicomseries.reading.geometry.volume_keys import (
    file_column,
    file_times,
    frame_column,
    frame_texts,
)
from dicomseries.reading.parse.clocks import seconds_of_dates
from dicomseries.reading.parse.functional_groups import FunctionalGroups, path_of
from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.problems import Problem

__all__ = [
    "Clock",
    "Repetition",
    "clocks_of_files",
    "clocks_of_frames",
    "repetition_of_files",
    "repetition_of_frames",
    "settled_times",
]

Floats = npt.NDArray[np.float64]

_FINE_S = 0.005
"""Rounding of clocks with fractions of a second: two steps of Siemens' 2.5 ms."""
_NOMINAL = 1e-3
"""Departure of the mean step from RepetitionTime, as a part of it, that is drift of a clock."""
_TOLERATED = 5e-3
"""Departure of the mean step from RepetitionTime that is no contradiction: Siemens B17 adds up to
12.5 ms to volumes of 3 s."""
_CONFIRMED = 0.05
"""Departure of the steps of ContentTime, or of a second clock, that is no contradiction."""
_OLD_RTIA = 1e-4
"""Unit of GE's timer in whole numbers, in seconds."""
_RTIA_TIMER = PrivateNumbers(0x0021, "GEMS_RELA_01", 0x5E, "DS")
_GROUP_DELAY = PrivateNumbers(0x0043, "GEMS_PARM_01", 0x7C, "FL")
_SCAN_BEGIN = PrivateNumbers(0x2005, "Philips MR Imaging DD 001", 0xA0, "FL")
_OFFSET = path_of("TemporalPositionSequence", "TemporalPositionTimeOffset")
_DELAY = path_of("CardiacSynchronizationSequence", "NominalCardiacTriggerDelayTime")
_FRAME_REPETITION = path_of("MRTimingAndRelatedParametersSequence", "RepetitionTime")
_FRAME_DATES = ("FrameReferenceDateTime", "FrameAcquisitionDateTime")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clock:
    """Times of frames.

    Parameters
    ----------
    name : str
        Attribute.
    seconds : ndarray, shape (frames,)
        NaN for a frame without a time.
    is_confirming : bool
        Whether it counts only where it confirms RepetitionTime.
    """

    name: str
    seconds: Floats
    is_confirming: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Repetition:
    """RepetitionTime of a series.

    Parameters
    ----------
    seconds : float
        With GE's group delay.
    is_step : bool
        Whether it is the time between volumes by the kind of sequence alone.
    """

    seconds: float
    is_step: bool


def clocks_of_files(
    instances: Sequence[Instance], further: Sequence[Floats] = ()
) -> tuple[Clock, ...]:
    """Return the clocks of files of one frame, the best first.

    Parameters
    ----------
    instances : sequence of Instance
        Of one series.
    further : sequence of ndarray, shape (files,)
        Seconds from other places, such as the first slice of a mosaic.
    """
    clocks = []
    for keyword, factor in (
        ("TemporalPositionTimeOffset", 1.0),
        ("TriggerTime", 1e-3),
        ("FrameReferenceTime", 1e-3),
    ):
        column = file_column(instances, keyword, 1)
        if column is not None:
            clocks.append(Clock(name=keyword, seconds=column[:, 0] * factor))
    dates = seconds_of_dates([file.text("AcquisitionDateTime") for file in instances])
    clocks.append(Clock(name="AcquisitionDateTime", seconds=dates))
    times = file_times(instances, "AcquisitionTime", "AcquisitionDate")
    clocks.append(Clock(name="AcquisitionTime", seconds=times))
    clocks += [Clock(name="the time of the first slice", seconds=each) for each in further]
    clocks += _private_clocks(instances)
    numbers = file_column(instances, "TemporalPositionIdentifier", 1)
    steps_ms = {file.decimal("TemporalResolution", 0.0) for file in instances}
    if numbers is not None and len(steps_ms) == 1 and 0 < min(steps_ms) < np.inf:
        seconds = numbers[:, 0] * (min(steps_ms) / 1000)
        clocks.append(Clock(name="TemporalResolution", seconds=seconds))
    content = file_times(instances, "ContentTime", "ContentDate")
    clocks.append(Clock(name="ContentTime", seconds=content, is_confirming=True))
    return tuple(clocks)


def _private_clocks(instances: Sequence[Instance]) -> Iterator[Clock]:
    timer = private_column(instances, _RTIA_TIMER)
    if timer is not None:
        seconds = np.where(timer[:, 0] == 0, np.nan, timer[:, 0])  # 0: not recorded
        known = seconds[np.isfinite(seconds)]
        if len(known) and (known == np.round(known)).all():
            seconds = seconds * _OLD_RTIA
        yield Clock(name="the RTIA timer of GE (0021,105E)", seconds=seconds)
    begin = private_column(instances, _SCAN_BEGIN)
    if begin is not None:
        name = "the DynamicScanBeginTime of Philips (2005,10A0)"
        yield Clock(name=name, seconds=begin[:, 0])


def clocks_of_frames(files: Sequence[FunctionalGroups]) -> tuple[Clock, ...]:
    """Return the clocks of frames of multi-frame files, the best first."""
    clocks = []
    offset = frame_column(files, _OFFSET, 1)
    if offset is not None:
        clocks.append(Clock(name="TemporalPositionTimeOffset", seconds=offset[:, 0]))
    for keyword in _FRAME_DATES:
        seconds = seconds_of_dates(frame_texts(files, ("FrameContentSequence", keyword)))
        clocks.append(Clock(name=keyword, seconds=seconds))
    delay = frame_column(files, _DELAY, 1)
    if delay is not None:
        clocks.append(Clock(name="NominalCardiacTriggerDelayTime", seconds=delay[:, 0] / 1000))
    return tuple(clocks)


def repetition_of_files(instances: Sequence[Instance]) -> Repetition | None:
    """Return the common RepetitionTime of files; None without one."""
    first = instances[0]
    times_ms = {file.decimal("RepetitionTime", 0.0) for file in instances}
    if len(times_ms) != 1 or not 0 < min(times_ms) < np.inf:
        return None
    delay_s = private_column(instances, _GROUP_DELAY)
    seconds = min(times_ms) / 1000
    if delay_s is not None and len(np.unique(delay_s)) == 1 and delay_s[0, 0] > 0:
        seconds = round(seconds + float(delay_s[0, 0]), 6)
    is_planar = "EP" in first.texts("ScanningSequence") and first.text("MRAcquisitionType") == "2D"
    is_single = first.decimal("NumberOfAverages", 1.0) == 1
    is_original = first.texts("ImageType")[:1] != ("DERIVED",)
    return Repetition(seconds=seconds, is_step=is_planar and is_single and is_original)


def repetition_of_frames(files: Sequence[FunctionalGroups]) -> Repetition | None:
    """Return the common RepetitionTime of frames; None without one."""
    column = frame_column(files, _FRAME_REPETITION, 1)
    if column is None or len(np.unique(column)) != 1 or not 0 < column[0, 0] < np.inf:
        return None
    first = files[0].instance
    is_planar = first.text("EchoPlanarPulseSequence") == "YES"
    is_step = is_planar and first.text("MRAcquisitionType") == "2D"
    is_step &= first.texts("ImageType")[:1] != ("DERIVED",)
    return Repetition(seconds=round(float(column[0, 0]) / 1000, 9), is_step=is_step)


def settled_times(
    starts: Sequence[tuple[Clock, Floats]],
    repetition: Repetition | None,
    volumes: int,
    *,
    is_time: bool,
    is_compared: bool = True,
) -> tuple[tuple[float, ...] | None, tuple[Problem, ...]]:
    """Return the time of each volume, and contradictions.

    Parameters
    ----------
    starts : sequence of (Clock, ndarray of shape (volumes,))
        First moment of each volume by each clock, the best clock first; NaN if unknown.
    repetition : Repetition or None
        Of the series.
    volumes : int
        Number of volumes, at least 2.
    is_time : bool
        Whether the volumes differ in nothing but time. RepetitionTime alone is no step otherwise.
    is_compared : bool
        Whether the clocks are compared with each other. Those of PET state different moments.

    Returns
    -------
    times_s : tuple of float or None
        Seconds after the first volume, rising.
    problems : tuple of Problem
        Warnings where times contradict each other.

    Examples
    --------
    >>> rounded = Clock(name="AcquisitionTime", seconds=np.zeros(3))
    >>> starts = [(rounded, np.array([7.0, 8.5125, 10.0275]))]
    >>> settled_times(starts, Repetition(seconds=1.514, is_step=False), 3, is_time=True)[0]
    (0.0, 1.514, 3.028)
    >>> settled_times(starts, None, 3, is_time=True)[0]
    (0.0, 1.5125, 3.0275)
    """
    rising = []
    for clock, seconds in starts:
        if np.isfinite(seconds).all() and (np.diff(seconds) > 0).all():
            rising.append((clock, seconds))
    clocks = [(clock, seconds) for clock, seconds in rising if not clock.is_confirming]
    if not clocks and not is_time:
        return None, ()
    if not clocks:
        contradictions = tuple(_falling(starts))
        if contradictions:
            return None, contradictions
        return _by_repetition(rising, repetition, volumes), ()
    clock, seconds = clocks[0]
    problems: list[Problem] = []
    if is_compared and is_time:
        problems += _disagreeing(clocks)
        problems += _unlike_repetition(clock, seconds, repetition)
    if repetition is not None and _agrees(seconds, repetition.seconds):
        return _steps(repetition.seconds, len(seconds)), tuple(problems)
    return tuple(np.round(seconds - seconds[0], 9).tolist()), tuple(problems)


def _by_repetition(
    confirming: Sequence[tuple[Clock, Floats]],
    repetition: Repetition | None,
    volumes: int,
) -> tuple[float, ...] | None:
    """Return steps of RepetitionTime, if that is the time between volumes."""
    if repetition is None:
        return None
    if repetition.is_step:
        return _steps(repetition.seconds, volumes)
    for _, seconds in confirming:
        steps = np.diff(seconds)
        if (np.abs(steps - repetition.seconds) <= _CONFIRMED * repetition.seconds).all():
            return _steps(repetition.seconds, volumes)
    return None


def _steps(seconds: float, count: int) -> tuple[float, ...]:
    return tuple(round(seconds * index, 9) for index in range(count))


def _rounding_s(seconds: Floats) -> float:
    """Return how far a clock may be off: it may count whole seconds."""
    return 1.0 if (seconds == np.round(seconds)).all() else _FINE_S


def _agrees(seconds: Floats, step: float) -> bool:
    """Return whether a clock has this step, within its rounding."""
    rounding = _rounding_s(seconds)
    steps = np.diff(seconds)
    if rounding >= step:
        return False
    mean = float(seconds[-1] - seconds[0]) / len(steps)
    drift = max(_NOMINAL * step, rounding / len(steps))
    is_near = np.abs(steps - step) <= rounding + 1e-9
    return bool(is_near.all()) and abs(mean - step) <= drift + 1e-9


def _mean_step(seconds: Floats) -> float:
    return float(seconds[-1] - seconds[0]) / (len(seconds) - 1)


def _disagreeing(clocks: Sequence[tuple[Clock, Floats]]) -> Iterator[Problem]:
    """Yield a warning for the first clock that contradicts the best one."""
    first, seconds = clocks[0]
    step = _mean_step(seconds)
    for other, others in clocks[1:]:
        allowed = max(_CONFIRMED * step, max(map(_rounding_s, (seconds, others))) / len(others))
        if abs(_mean_step(others) - step) > allowed:
            yield Problem(
                code="times-contradict",
                level="warning",
                text=f"the volumes are {step:.6g} s apart by {first.name}, and "
                f"{_mean_step(others):.6g} s by {other.name}; the former is used",
                remedy="Check the times of the volumes in the protocol of the scan.",
            )
            return


def _unlike_repetition(
    clock: Clock, seconds: Floats, repetition: Repetition | None
) -> Iterator[Problem]:
    if repetition is None or not repetition.is_step:
        return
    step = _mean_step(seconds)
    is_near = abs(step - repetition.seconds) <= _TOLERATED * repetition.seconds
    if not is_near and not _agrees(seconds, repetition.seconds):
        yield Problem(
            code="times-contradict",
            level="warning",
            text=f"the volumes are {step:.6g} s apart on average by {clock.name}, and "
            f"RepetitionTime is {repetition.seconds:.6g} s; the former is used",
            remedy="Check the time between volumes in the protocol of the scan; programs that "
            "take RepetitionTime for it are wrong here.",
        )


def _falling(starts: Sequence[tuple[Clock, Floats]]) -> Iterator[Problem]:
    """Yield a warning if a clock differs between volumes, and does not rise with them."""
    for clock, seconds in starts:
        if clock.is_confirming or not np.isfinite(seconds).all():
            continue
        if float(np.ptp(seconds)) > 0:
            yield Problem(
                code="times-contradict",
                level="warning",
                text=f"{clock.name} does not rise from volume to volume: the volumes have no times",
                remedy="Give the times when you use this volume, if you know them.",
            )
            return
