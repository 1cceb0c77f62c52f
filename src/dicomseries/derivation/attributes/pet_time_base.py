"""The time base of a derived PET series: the source's SeriesDate and SeriesTime (PS3.3 section C.8.9.4.1.5)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from dicomseries.derivation.source.source_facts import SourceFact
from dicomseries.derivation.source.source_series import SourceSeries
from dicomseries.iod import Kind
from dicomseries.standard.moments import date_text, moment_of, time_text

__all__ = ["SourceTimeBase", "source_time_base"]

_TOLERANCE_S = 60.0
"""Series and acquisitions of scanners begin within a minute of each other."""

_LONGEST_FRAME_S = 3600.0
"""Where ActualFrameDuration is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceTimeBase:
    """SeriesDate and SeriesTime of a result.

    Parameters
    ----------
    date, time : str
        As DA and TM.
    advice : str
        What the user should know; empty if they are the source's.
    """

    date: str
    time: str
    advice: str = ""


def source_time_base(
    source: SourceSeries, facts: Mapping[str, SourceFact], kind: Kind
) -> SourceTimeBase | None:
    """Return the time base that a result has from its source.

    A source whose SeriesTime contradicts its acquisitions is not followed: its earliest acquisition is the base.

    Parameters
    ----------
    source : SourceSeries
        The series.
    facts : mapping of str to SourceFact
        What it says.
    kind : Kind
        Of the result.

    Returns
    -------
    SourceTimeBase or None
        None where times do not count from SeriesTime, in the source or in the result, or it has none.

    Examples
    --------
    >>> from dicomseries.derivation.source.source_series import SourceFrame
    >>> from dicomseries.geometry import Grid
    >>> from dicomseries.iod import PT
    >>> from dicomseries.standard.attribute import Attribute
    >>> frame = SourceFrame(sop_class_uid="1.2", sop_instance_uid="1.3", position_lps=(0.0, 0.0, 0.0))
    >>> source = SourceSeries(kind="PT", sop_class_uid=PT.sop_class_uid, modality="PT", study_uid="1", series_uid="2",
    ...                 frame_of_reference_uid="3", grid=Grid(shape=(1, 4, 5), spacing_mm=(1, 1, 2)), frames=(frame,))
    >>> texts = {"SeriesDate": "20240131", "SeriesTime": "120000"}
    >>> facts = {name: SourceFact(keyword=name, frames=(Attribute(name, "DA", (text,)),)) for name, text in texts.items()}
    >>> source_time_base(source, facts, PT).time
    '120000'
    """
    if not kind.has_time_base or source.sop_class_uid != kind.sop_class_uid:
        return None
    date, time = _text(facts, "SeriesDate", 0), _text(facts, "SeriesTime", 0)
    base = moment_of(date, time)
    if base is None:
        return None
    first = _first_acquisition(source, facts)
    if first is None or _agrees(facts, base, first):
        return SourceTimeBase(date=date, time=time)
    moment = first[0]
    return SourceTimeBase(
        date=date_text(moment),
        time=time_text(moment),
        advice=f"SeriesTime of the source ({date} {time}) contradicts its acquisition ({date_text(moment)} "
        f"{time_text(moment)}) and FrameReferenceTime. SeriesDate and SeriesTime of the result are the earliest "
        "acquisition, from which the decay of PET counts.",
    )


def _first_acquisition(
    source: SourceSeries, facts: Mapping[str, SourceFact]
) -> tuple[dt.datetime, int] | None:
    """Return the earliest acquisition and the frame that has it."""
    found = [
        (moment, index)
        for index in range(len(source.frames))
        if (
            moment := moment_of(
                _text(facts, "AcquisitionDate", index), _text(facts, "AcquisitionTime", index)
            )
        )
    ]
    return min(found, default=None)


def _agrees(
    facts: Mapping[str, SourceFact], base: dt.datetime, first: tuple[dt.datetime, int]
) -> bool:
    """Return whether FrameReferenceTime of the first frame lies in that frame, counted from the base."""
    moment, index = first
    after = (moment - base) / dt.timedelta(seconds=1)
    reference = _number(_text(facts, "FrameReferenceTime", index)) or 0.0
    duration = _number(_text(facts, "ActualFrameDuration", index))
    longest = _LONGEST_FRAME_S if duration is None else duration / 1000
    return after - _TOLERANCE_S <= reference / 1000 <= after + longest + _TOLERANCE_S


def _text(facts: Mapping[str, SourceFact], keyword: str, index: int) -> str:
    fact = facts.get(keyword)
    own = None if fact is None else fact.frames[index]
    return "" if own is None or own.is_empty else str(own.values[0]).strip()


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
