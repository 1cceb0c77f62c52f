"""Time base of a derived PET series.

SeriesDate and SeriesTime: PS3.3 section C.8.9.4.1.5.
"""

from __future__ import annotations

import datetime as dt

from dicomseries.derivation.source.source_facts import Facts, first_text
from dicomseries.derivation.source.source_series import SourceSeries
from dicomseries.iod import Kind
from dicomseries.lazy_dataclass import dataclass
from dicomseries.standard.attributes.date_times import date_text, moment_of, time_text

__all__ = ["SourceTimeBase", "source_time_base", "uncounted_time"]

_TOLERANCE_S = 60.0
"""Series and acquisitions of scanners start within a minute of each other."""

_LONGEST_FRAME_S = 3600.0
"""Duration of a frame without ActualFrameDuration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceTimeBase:
    """SeriesDate and SeriesTime of a result.

    Parameters
    ----------
    date, time : str
        As DA and TM.
    advice : str
        Advice for the user; empty if they are the source's.
    """

    date: str
    time: str
    advice: str = ""


def source_time_base(source: SourceSeries, facts: Facts, kind: Kind) -> SourceTimeBase | None:
    """Return the time base of a result from its source.

    If the SeriesTime of a source contradicts its acquisitions, the earliest acquisition is the
    base.

    Parameters
    ----------
    source : SourceSeries
        The source.
    facts : mapping of str to SourceFact
        Its attributes.
    kind : Kind
        Kind of the result.

    Returns
    -------
    SourceTimeBase or None
        None if times do not count from SeriesTime in source or result, or the source has none.
    """
    if not kind.has_time_base or source.sop_class_uid != kind.sop_class_uid:
        return None
    date, time = _text(facts, "SeriesDate", 0), _text(facts, "SeriesTime", 0)
    base = moment_of(date, time)
    if base is None:
        return None
    acquisitions = _acquisitions(source, facts)
    if not acquisitions or _agrees(facts, base, *min(acquisitions)):
        return SourceTimeBase(date=date, time=time)
    earliest, _ = min(acquisitions)
    acquisition_date, acquisition_time = date_text(earliest), time_text(earliest)
    return SourceTimeBase(
        date=acquisition_date,
        time=acquisition_time,
        advice=f"SeriesTime of the source ({date} {time}) contradicts its acquisition "
        f"({acquisition_date} {acquisition_time}) and FrameReferenceTime. SeriesDate and "
        "SeriesTime of the result are the earliest acquisition, from which PET decay counts.",
    )


def uncounted_time(source: SourceSeries, facts: Facts, kind: Kind) -> dict[str, str]:
    """Return FrameReferenceTime without a moment to count from, with the reason.

    The source states no SeriesDate and SeriesTime, or its acquisitions contradict any.
    """
    if not kind.has_time_base or _text(facts, "FrameReferenceTime", 0) == "":
        return {}
    acquisitions = _acquisitions(source, facts)
    if not acquisitions:
        return {}
    base = source_time_base(source, facts, kind)
    moment = None if base is None else moment_of(base.date, base.time)
    if moment is not None and _agrees(facts, moment, *min(acquisitions)):
        return {}
    return {"FrameReferenceTime": "it counts from SeriesDate and SeriesTime of the source"}


def _acquisitions(source: SourceSeries, facts: Facts) -> list[tuple[dt.datetime, int]]:
    """Return the begin of each acquisition, and the index of its frame."""
    acquisitions = []
    for index in range(len(source.frames)):
        texts = _text(facts, "AcquisitionDate", index), _text(facts, "AcquisitionTime", index)
        moment = moment_of(*texts)
        if moment is not None:
            acquisitions.append((moment, index))
    return acquisitions


def _agrees(facts: Facts, base: dt.datetime, acquisition: dt.datetime, frame: int) -> bool:
    """Return whether FrameReferenceTime lies in its frame.

    It counts from the base.
    """
    start_s = (acquisition - base) / dt.timedelta(seconds=1)
    reference_ms = _number(_text(facts, "FrameReferenceTime", frame)) or 0.0
    duration_ms = _number(_text(facts, "ActualFrameDuration", frame))
    longest_s = _LONGEST_FRAME_S if duration_ms is None else duration_ms / 1000
    end_s = start_s + longest_s
    return start_s - _TOLERANCE_S <= reference_ms / 1000 <= end_s + _TOLERANCE_S


def _text(facts: Facts, keyword: str, frame: int) -> str:
    if keyword in facts:
        return first_text(facts[keyword].frames[frame])
    return ""


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
