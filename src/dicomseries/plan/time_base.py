"""The time base of PET: SeriesDate and SeriesTime, from which frames, acquisitions and decay are counted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from dicomseries.errors import MetadataError
from dicomseries.iod import Kind
from dicomseries.metadata import Metadata
from dicomseries.plan.columns import Column, Extent, Per
from dicomseries.plan.plan_facts import Facts
from dicomseries.standard.attribute import attribute, vr_of
from dicomseries.standard.decimal_string import format_ds
from dicomseries.standard.moments import date_text, moment_of, moment_of_datetime, time_text

__all__ = ["TimeBase", "time_base", "with_acquisition"]

_ROUNDING_S = 1.0
"""Clocks of scanners print whole seconds."""

_LONGEST_FRAME_S = 3600.0
"""Where ActualFrameDuration is not known."""

_CLOCK_ADVICE = (
    "SeriesDate and SeriesTime are those of this write. The times and the decay of PET count from them "
    "(PS3.3 C.8.9.4.1.5), and readers compute SUV with them. "
    'Give metadata={"AcquisitionDate": ..., "AcquisitionTime": ...} of the scan.'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeBase:
    """What follows from the time base of a series.

    Parameters
    ----------
    facts : mapping of str to tuple
        SeriesDate, SeriesTime, StudyDate and StudyTime by keyword, where they follow from the acquisition.
    columns : tuple of Column
        FrameReferenceTime of each volume or slice, in ms after the time base.
    advice : tuple of str
        What the user should know.

    Examples
    --------
    >>> TimeBase().facts
    {}
    """

    facts: Facts = field(default_factory=dict)
    columns: tuple[Column, ...] = ()
    advice: tuple[str, ...] = ()


def with_acquisition(kind: Kind, metadata: Metadata) -> Metadata:
    """Return the metadata with date and time of acquisition, where the user has given them in another way.

    The day of an AcquisitionTime is that of SeriesDate or StudyDate. AcquisitionDateTime gives both.

    Parameters
    ----------
    kind : Kind
        A kind without a time base changes nothing.
    metadata : Metadata
        What the user has given.

    Examples
    --------
    >>> from dicomseries.iod import PT
    >>> user = Metadata.from_mapping({"SeriesDate": "20240131", "AcquisitionTime": "120000"})
    >>> with_acquisition(PT, user).get("AcquisitionDate").values
    ('20240131',)
    """
    if not kind.has_time_base or _text(metadata, "AcquisitionDate"):
        return metadata
    time = _text(metadata, "AcquisitionTime")
    joined = moment_of_datetime(_text(metadata, "AcquisitionDateTime"))
    if joined is not None and not time:
        return metadata.having(
            attribute("AcquisitionDate", date_text(joined)),
            attribute("AcquisitionTime", time_text(joined)),
        )
    day = (
        date_text(joined)
        if joined is not None
        else _text(metadata, "SeriesDate") or _text(metadata, "StudyDate")
    )
    return metadata.having(attribute("AcquisitionDate", day)) if time and day else metadata


def time_base(
    kind: Kind,
    extent: Extent,
    metadata: Metadata,
    computed: Sequence[Column],
    given: Sequence[Column],
) -> TimeBase:
    """Return the time base of a series and the times that count from it.

    Parameters
    ----------
    kind : Kind
        A kind without a time base has nothing to say.
    extent : Extent
        Volumes, slices and times.
    metadata : Metadata
        What the user has given, after `with_acquisition`.
    computed : sequence of Column
        What follows from `times=`.
    given : sequence of Column
        What the user has given for each volume or slice.

    Raises
    ------
    MetadataError
        If an acquisition has a time and no date, or begins before SeriesTime; if FrameReferenceTime is not
        within its frame. What a source series says is not the user's, and not rejected.

    Notes
    -----
    PS3.3 sections C.8.9.1.1.2 (SeriesDate and SeriesTime), C.8.9.4.1.4 (AcquisitionTime has the same time base),
    C.8.9.4.1.5 (FrameReferenceTime). The earliest acquisition is the base if the user has given no SeriesTime.

    Examples
    --------
    >>> from dicomseries.iod import PT
    >>> user = Metadata.from_mapping({"AcquisitionDate": "20240131", "AcquisitionTime": "120000"})
    >>> found = time_base(PT, Extent(volumes=1, slices=3), user, (), ())
    >>> found.facts["SeriesDate"], found.facts["SeriesTime"]
    (('20240131',), ('120000',))
    """
    if not kind.has_time_base:
        return TimeBase()
    starts = _starts(extent, metadata, {one.keyword: one for one in (*computed, *given)})
    moments = [one for one in starts.moments if one is not None]
    if not moments:
        has_base = _text(metadata, "SeriesDate") and _text(metadata, "SeriesTime")
        return TimeBase(advice=() if has_base else (_CLOCK_ADVICE,))
    first = min(moments)
    date, time = _text(metadata, "SeriesDate"), _text(metadata, "SeriesTime")
    base = moment_of(date or date_text(first), time or time_text(first)) or first
    is_stated = _is_stated(metadata)
    if is_stated:
        _check_base(base, first)
    columns = _frame_times(extent, starts, base, metadata, given)
    by_name = {one.keyword: one for one in (*computed, *given, *columns)}
    if is_stated:
        _check_frames(extent, starts, base, metadata, by_name)
    texts = {"Date": (date_text(base),), "Time": (time_text(base),)}
    facts = {
        f"{level}{part}": values for level in ("Series", "Study") for part, values in texts.items()
    }
    return TimeBase(facts=facts, columns=columns)


_STATED = ("SeriesDate", "SeriesTime", "AcquisitionDate", "AcquisitionTime", "FrameReferenceTime")


def _is_stated(metadata: Metadata) -> bool:
    """Return whether the user has given the times; those of a source series are not rejected."""
    if not metadata.verbatim:
        return True
    return any(metadata.get(one) is not None and one not in metadata.verbatim for one in _STATED)


# ------------------------------------------------------------------------------------------------ acquisitions
@dataclass(frozen=True, slots=True, kw_only=True)
class _Starts:
    """When each volume or frame began; None where that is not known."""

    per: Per
    moments: tuple[dt.datetime | None, ...]


def _starts(extent: Extent, metadata: Metadata, columns: dict[str, Column]) -> _Starts:
    own = [columns[name] for name in ("AcquisitionDate", "AcquisitionTime") if name in columns]
    per: Per = "volume" if all(one.per == "volume" for one in own) else "frame"
    count = extent.volumes if per == "volume" else extent.frames
    step = extent.slices if per == "volume" else 1
    moments: list[dt.datetime | None] = []
    for index in range(count):
        date, time = (
            _at(columns, metadata, name, index * step, extent)
            for name in ("AcquisitionDate", "AcquisitionTime")
        )
        if time and not date:
            date = _text(metadata, "SeriesDate") or _text(metadata, "StudyDate")
        if bool(date) != bool(time) and not _text(metadata, "SeriesTime"):
            raise _half_known("AcquisitionTime" if date else "AcquisitionDate")
        moments.append(moment_of(date, time))
    return _Starts(per=per, moments=tuple(moments))


def _half_known(keyword: str) -> MetadataError:
    other = {"AcquisitionTime": "AcquisitionDate", "AcquisitionDate": "AcquisitionTime"}[keyword]
    return MetadataError(
        code="value-missing",
        where=keyword,
        given=f"{other} alone",
        expected="date and time of acquisition, from which the times and the decay of PET count (PS3.3 C.8.9.4.1.5)",
        remedy=f'Give metadata={{"{keyword}": ...}} too, or SeriesDate and SeriesTime.',
    )


def _at(
    columns: dict[str, Column], metadata: Metadata, keyword: str, frame: int, extent: Extent
) -> str:
    column = columns.get(keyword)
    if column is None:
        return _text(metadata, keyword)
    values = column.at(frame, slices=extent.slices)
    return str(values[0]) if values else ""


def _text(metadata: Metadata, keyword: str) -> str:
    own = metadata.get(keyword)
    return "" if own is None or own.is_empty else str(own.values[0])


# ------------------------------------------------------------------------------------------------ frame times
def _frame_times(
    extent: Extent, starts: _Starts, base: dt.datetime, metadata: Metadata, given: Sequence[Column]
) -> tuple[Column, ...]:
    """Return FrameReferenceTime: the beginning of each frame in ms after the base, unless the user has given it."""
    named = {one.keyword for one in given}
    if "FrameReferenceTime" in named or metadata.get("FrameReferenceTime") is not None:
        return ()
    after = [None if one is None else _seconds(one - base) for one in starts.moments]
    if extent.times_s is not None and starts.moments[0] is not None and starts.per == "volume":
        # not from the texts of AcquisitionTime, which end with microseconds
        after = [(after[0] or 0.0) + time for time in extent.times_s]
    if None in after:
        return ()
    values = tuple((format_ds(max(0.0, 1000 * (one or 0.0))),) for one in after)
    return (
        Column(
            keyword="FrameReferenceTime",
            per=starts.per,
            values=values,
            vr=vr_of("FrameReferenceTime"),
        ),
    )


def _seconds(step: dt.timedelta) -> float:
    return step / dt.timedelta(seconds=1)


# ------------------------------------------------------------------------------------------------- agreement
def _check_base(base: dt.datetime, first: dt.datetime) -> None:
    if _seconds(base - first) <= _ROUNDING_S:
        return
    raise MetadataError(
        code="time-base-contradicts",
        where="SeriesTime",
        given=f"{date_text(base)} {time_text(base)}, after the acquisition at {date_text(first)} {time_text(first)}",
        expected="the moment from which the times and the decay of PET count, not after the earliest acquisition",
        remedy="Leave SeriesDate and SeriesTime out, and the earliest acquisition is taken; or correct one of them.",
    )


def _check_frames(
    extent: Extent,
    starts: _Starts,
    base: dt.datetime,
    metadata: Metadata,
    columns: dict[str, Column],
) -> None:
    step = extent.slices if starts.per == "volume" else 1
    for index, start in enumerate(starts.moments):
        reference = _number(_at(columns, metadata, "FrameReferenceTime", index * step, extent))
        if start is None or reference is None:
            continue
        duration = _number(_at(columns, metadata, "ActualFrameDuration", index * step, extent))
        first = 1000 * _seconds(start - base)
        last = first + (1000 * _LONGEST_FRAME_S if duration is None else duration)
        if first - 1000 * _ROUNDING_S <= reference <= last + 1000 * _ROUNDING_S:
            continue
        raise MetadataError(
            code="time-base-contradicts",
            where="FrameReferenceTime",
            given=f"{reference:g} ms of {starts.per} {index + 1}, which was acquired from {first:g} to {last:g} ms "
            f"after SeriesTime ({date_text(base)} {time_text(base)})",
            expected="a time within the acquisition of the frame (PS3.3 C.8.9.4.1.5)",
            remedy="Give SeriesDate and SeriesTime from which it counts, or AcquisitionDate and AcquisitionTime of "
            "each volume; or leave FrameReferenceTime out.",
        )


def _number(text: str) -> float | None:
    return float(text) if text else None
