"""The time base of PET: SeriesDate and SeriesTime.

Frames, acquisitions and decay are counted from it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import field

from dicomseries.errors import MetadataError
from dicomseries.iod import Kind
from dicomseries.lazy_dataclass import dataclass
from dicomseries.metadata import Metadata
from dicomseries.plan.columns import Column, Extent, Per
from dicomseries.plan.plan_facts import Facts
from dicomseries.standard.attributes.attribute import attribute, vr_of
from dicomseries.standard.attributes.date_times import (
    date_text,
    moment_of,
    moment_of_datetime,
    time_text,
)
from dicomseries.standard.attributes.decimal_string import format_ds

__all__ = ["TimeBase", "time_base", "with_acquisition"]

_ROUNDING_S = 1.0
"""Clocks of scanners print whole seconds."""

_LONGEST_FRAME_S = 3600.0
"""Assumed if ActualFrameDuration is not known."""

_STATED = ("SeriesDate", "SeriesTime", "AcquisitionDate", "AcquisitionTime", "FrameReferenceTime")

_CLOCK_ADVICE = (
    "SeriesDate and SeriesTime are those of this write. The times and the decay of PET count from "
    "them (PS3.3 C.8.9.4.1.5), and readers compute SUV with them. "
    'Give `metadata={"AcquisitionDate": ..., "AcquisitionTime": ...}` of the scan.'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeBase:
    """Attributes that follow from the time base of a series.

    Parameters
    ----------
    facts : mapping of str to tuple
        SeriesDate, SeriesTime, StudyDate and StudyTime by keyword, if they follow from the
        acquisition.
    columns : tuple of Column
        FrameReferenceTime of each volume or slice, in ms after the time base.
    advice : tuple of str
        Sentences for the user.
    """

    facts: Facts = field(default_factory=dict)
    columns: tuple[Column, ...] = ()
    advice: tuple[str, ...] = ()


def with_acquisition(kind: Kind, metadata: Metadata) -> Metadata:
    """Return the metadata with date and time of acquisition.

    The day of an AcquisitionTime is that of SeriesDate or StudyDate. AcquisitionDateTime gives
    both. A kind without a time base changes nothing.
    """
    if not kind.has_time_base or metadata.text("AcquisitionDate"):
        return metadata
    time = metadata.text("AcquisitionTime")
    joined = moment_of_datetime(metadata.text("AcquisitionDateTime"))
    if joined is None:
        day = metadata.text("SeriesDate") or metadata.text("StudyDate")
    else:
        day = date_text(joined)
    if joined is not None and not time:
        return metadata.having(
            attribute("AcquisitionDate", day), attribute("AcquisitionTime", time_text(joined))
        )
    if not (time and day):
        return metadata
    return metadata.having(attribute("AcquisitionDate", day))


def time_base(
    kind: Kind,
    extent: Extent,
    metadata: Metadata,
    computed: Sequence[Column],
    stated: Sequence[Column],
) -> TimeBase:
    """Return the time base of a series and its times.

    Parameters
    ----------
    kind : Kind
        A kind without a time base gets no attributes.
    extent : Extent
        Volumes, slices and times.
    metadata : Metadata
        The user's attributes, after `with_acquisition`.
    computed : sequence of Column
        Attributes that follow from `times=`.
    stated : sequence of Column
        The user's attributes of each volume or slice.

    Raises
    ------
    MetadataError
        If an acquisition has a time and no date, or begins before SeriesTime; if FrameReferenceTime
        is not within its frame. Times of a source series are not rejected.

    Notes
    -----
    PS3.3 sections C.8.9.1.1.2 (SeriesDate and SeriesTime), C.8.9.4.1.4 (AcquisitionTime has the
    same time base), C.8.9.4.1.5 (FrameReferenceTime). The earliest acquisition is the base if the
    user gives no SeriesTime.
    """
    if not kind.has_time_base:
        return TimeBase()
    by_name = {column.keyword: column for column in (*computed, *stated)}
    starts = _starts(extent, metadata, by_name)
    date, time = metadata.text("SeriesDate"), metadata.text("SeriesTime")
    moments = [moment for moment in starts.moments if moment is not None]
    if not moments:
        if date and time:
            return TimeBase()
        return TimeBase(advice=(_CLOCK_ADVICE,))
    first = min(moments)
    base = moment_of(date or date_text(first), time or time_text(first)) or first
    is_stated = _is_stated(metadata)
    if is_stated:
        _check_base(base, first)
    columns = _frame_times(extent, starts, base, metadata, stated)
    by_name |= {column.keyword: column for column in columns}
    if is_stated:
        _check_frames(extent, starts, base, metadata, by_name)
    facts: Facts = {}
    for level in ("Series", "Study"):
        facts[f"{level}Date"] = (date_text(base),)
        facts[f"{level}Time"] = (time_text(base),)
    return TimeBase(facts=facts, columns=columns)


def _is_stated(metadata: Metadata) -> bool:
    """Return whether the user gives a time."""
    if not metadata.verbatim:
        return True
    return bool(set(_STATED).intersection(metadata.keywords) - metadata.verbatim)


# ------------------------------------------------------------------------------------- acquisitions
@dataclass(frozen=True, slots=True, kw_only=True)
class _Starts:
    """Start of each volume or frame, as far as known."""

    per: Per
    moments: tuple[dt.datetime | None, ...]


def _starts(extent: Extent, metadata: Metadata, columns: dict[str, Column]) -> _Starts:
    per, step, count = _counting(extent, columns)
    moments: list[dt.datetime | None] = []
    for index in range(count):
        date = _at(columns, metadata, "AcquisitionDate", index * step, extent)
        time = _at(columns, metadata, "AcquisitionTime", index * step, extent)
        if time and not date:
            date = metadata.text("SeriesDate") or metadata.text("StudyDate")
        if bool(date) != bool(time) and not metadata.text("SeriesTime"):
            raise _half_known("AcquisitionTime" if date else "AcquisitionDate")
        moments.append(moment_of(date, time))
    return _Starts(per=per, moments=tuple(moments))


def _counting(extent: Extent, columns: dict[str, Column]) -> tuple[Per, int, int]:
    """Return volume or frame, its frames, and their number."""
    for name in ("AcquisitionDate", "AcquisitionTime"):
        if name in columns and columns[name].per != "volume":
            return "frame", 1, extent.frames
    return "volume", extent.slices, extent.volumes


def _half_known(keyword: str) -> MetadataError:
    other = {"AcquisitionTime": "AcquisitionDate", "AcquisitionDate": "AcquisitionTime"}[keyword]
    return MetadataError(
        code="value-missing",
        where=keyword,
        given=f"{other} alone",
        expected="date and time of acquisition, from which the times and the decay of PET count "
        "(PS3.3 C.8.9.4.1.5)",
        remedy=f'Give `metadata={{"{keyword}": ...}}` too, or SeriesDate and SeriesTime.',
    )


def _at(
    columns: dict[str, Column], metadata: Metadata, keyword: str, frame: int, extent: Extent
) -> str:
    column = columns.get(keyword)
    if column is None:
        return metadata.text(keyword)
    values = column.at(frame, slices=extent.slices)
    if not values:
        return ""
    return str(values[0])


# -------------------------------------------------------------------------------------- frame times
def _frame_times(
    extent: Extent, starts: _Starts, base: dt.datetime, metadata: Metadata, stated: Sequence[Column]
) -> tuple[Column, ...]:
    """Return FrameReferenceTime unless the user gives it.

    It is the beginning of each frame in ms after the base.
    """
    keyword = "FrameReferenceTime"
    if metadata.get(keyword) is not None or any(column.keyword == keyword for column in stated):
        return ()
    seconds: list[float] = []
    if extent.times_s is not None and starts.moments[0] is not None and starts.per == "volume":
        # not from the texts of AcquisitionTime, which end with microseconds
        first = _seconds(starts.moments[0] - base)
        seconds = [first + time for time in extent.times_s]
    else:
        for moment in starts.moments:
            if moment is None:
                return ()
            seconds.append(_seconds(moment - base))
    values = tuple((format_ds(max(0.0, 1000 * time)),) for time in seconds)
    return (Column(keyword=keyword, per=starts.per, values=values, vr=vr_of(keyword)),)


def _seconds(step: dt.timedelta) -> float:
    return step / dt.timedelta(seconds=1)


# --------------------------------------------------------------------------------------- agreement
def _check_base(base: dt.datetime, first: dt.datetime) -> None:
    if _seconds(base - first) <= _ROUNDING_S:
        return
    raise MetadataError(
        code="time-base-contradicts",
        where="SeriesTime",
        given=f"{date_text(base)} {time_text(base)}, after the acquisition at {date_text(first)} "
        f"{time_text(first)}",
        expected="the moment from which the times and the decay of PET count, not after the "
        "earliest acquisition",
        remedy="Leave SeriesDate and SeriesTime out, and the earliest acquisition is taken; or "
        "correct one of them.",
    )


def _check_frames(
    extent: Extent,
    starts: _Starts,
    base: dt.datetime,
    metadata: Metadata,
    columns: dict[str, Column],
) -> None:
    step = extent.slices if starts.per == "volume" else 1
    tolerance = 1000 * _ROUNDING_S
    for index, start in enumerate(starts.moments):
        reference = _number(_at(columns, metadata, "FrameReferenceTime", index * step, extent))
        if start is None or reference is None:
            continue
        duration = _number(_at(columns, metadata, "ActualFrameDuration", index * step, extent))
        first = 1000 * _seconds(start - base)
        if duration is None:
            duration = 1000 * _LONGEST_FRAME_S
        last = first + duration
        if first - tolerance <= reference <= last + tolerance:
            continue
        raise MetadataError(
            code="time-base-contradicts",
            where="FrameReferenceTime",
            given=f"{reference:g} ms of {starts.per} {index + 1}, which was acquired from "
            f"{first:g} to {last:g} ms after SeriesTime ({date_text(base)} {time_text(base)})",
            expected="a time within the acquisition of the frame (PS3.3 C.8.9.4.1.5)",
            remedy="Give SeriesDate and SeriesTime from which it counts, or AcquisitionDate and "
            "AcquisitionTime of each volume; or leave FrameReferenceTime out.",
        )


def _number(text: str) -> float | None:
    if not text:
        return None
    return float(text)
