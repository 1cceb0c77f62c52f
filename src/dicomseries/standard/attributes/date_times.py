"""Dates and times (DA, TM, DT) as Python moments."""

from __future__ import annotations

import datetime as dt
import re

__all__ = ["date_text", "in_zone", "is_zone", "moment_of", "moment_of_datetime", "time_text"]

_ZONE = re.compile(r"([+-])(\d{2})(\d{2})")
_LAST_SECOND = 59


def moment_of(date: str, time: str) -> dt.datetime | None:
    """Return a DA and a TM as one moment.

    Parameters
    ----------
    date : str
        YYYYMMDD; the old form YYYY.MM.DD too.
    time : str
        HH, HHMM, HHMMSS or HHMMSS.F to six digits; missing parts are zero.

    Returns
    -------
    datetime or None
        Without a zone; None if one of them is empty or malformed.

    Notes
    -----
    PS3.5 section 6.2. Python has no leap seconds: one becomes the second before it.

    Examples
    --------
    >>> moment_of("20240131", "2359")
    datetime.datetime(2024, 1, 31, 23, 59)
    >>> moment_of("20240131", "") is None
    True
    """
    hours_to_seconds, _, digits = time.strip().replace(":", "").partition(".")
    day, clock = date.strip().replace(".", ""), hours_to_seconds.ljust(6, "0")
    if not hours_to_seconds or not (day + clock + digits).isdigit():
        return None
    if len(day) != 8 or len(clock) != 6:
        return None
    seconds = min(int(clock[4:]), _LAST_SECOND)
    microseconds = int(digits[:6].ljust(6, "0"))
    try:
        return dt.datetime(  # noqa: DTZ001 - DICOM dates are local unless the file says otherwise
            int(day[:4]),
            int(day[4:6]),
            int(day[6:]),
            int(clock[:2]),
            int(clock[2:4]),
            seconds,
            microseconds,
        )
    except ValueError:
        return None


def moment_of_datetime(text: str) -> dt.datetime | None:
    """Return a DT as a moment without its zone.

    Examples
    --------
    >>> moment_of_datetime("20240131120000.5+0100")
    datetime.datetime(2024, 1, 31, 12, 0, 0, 500000)
    """
    plain = re.split(r"[+-]", text.strip(), maxsplit=1)[0]
    return moment_of(plain[:8], plain[8:])


def date_text(moment: dt.datetime) -> str:
    """Return the date of a moment as a DA.

    Examples
    --------
    >>> date_text(dt.datetime(999, 1, 2))
    '09990102'
    """
    return f"{moment:%Y%m%d}".zfill(8)  # %Y alone writes the year 999 in three digits


def time_text(moment: dt.datetime) -> str:
    """Return the time of a moment as a TM.

    Examples
    --------
    >>> time_text(dt.datetime(2024, 1, 31, 12)), time_text(dt.datetime(2024, 1, 31, 12, 0, 2, 5000))
    ('120000', '120002.005000')
    """
    if moment.microsecond:
        return f"{moment:%H%M%S.%f}"
    return f"{moment:%H%M%S}"


def is_zone(text: str) -> bool:
    """Return whether a text is an offset from UTC.

    Examples
    --------
    >>> is_zone("-0330"), is_zone("UTC")
    (True, False)
    """
    match = _ZONE.fullmatch(text)
    return match is not None and int(match[2]) < 24 and int(match[3]) < 60


def in_zone(moment: dt.datetime | None, zone: str) -> dt.datetime | None:
    """Return a moment in another zone.

    One without a zone is taken to be in that zone already.

    Examples
    --------
    >>> noon = dt.datetime(2024, 5, 1, 12, tzinfo=dt.timezone.utc)
    >>> in_zone(noon, "-0330").isoformat()
    '2024-05-01T08:30:00-03:30'
    """
    match = _ZONE.fullmatch(zone)
    if moment is None or moment.tzinfo is None or match is None:
        return moment
    offset = dt.timedelta(hours=int(match[2]), minutes=int(match[3]))
    if match[1] == "-":
        offset = -offset
    return moment.astimezone(dt.timezone(offset))
