"""Dates and times of DICOM (DA, TM, DT) as moments, and back (PS3.5 section 6.2)."""

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
    PS3.5 section 6.2. A leap second, which Python does not have, is the second before it.

    Examples
    --------
    >>> moment_of("20240131", "2359")
    datetime.datetime(2024, 1, 31, 23, 59)
    >>> moment_of("20240131", "") is None
    True
    """
    whole, _, part = time.strip().replace(":", "").partition(".")
    day, clock = date.strip().replace(".", ""), whole.ljust(6, "0")
    if not whole or not (day + clock + part).isdigit() or len(day) != 8 or len(clock) != 6:
        return None
    seconds = min(int(clock[4:]), _LAST_SECOND)
    fraction = int(part[:6].ljust(6, "0"))
    try:
        return dt.datetime(  # noqa: DTZ001 - DICOM dates are local unless the file says otherwise
            int(day[:4]),
            int(day[4:6]),
            int(day[6:]),
            int(clock[:2]),
            int(clock[2:4]),
            seconds,
            fraction,
        )
    except ValueError:
        return None


def moment_of_datetime(text: str) -> dt.datetime | None:
    """Return a DT as a moment; its zone is left out.

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
    """Return the time of a moment as a TM, with a fraction if it has one.

    Examples
    --------
    >>> time_text(dt.datetime(2024, 1, 31, 12)), time_text(dt.datetime(2024, 1, 31, 12, 0, 2, 500000))
    ('120000', '120002.500000')
    """
    return f"{moment:%H%M%S.%f}" if moment.microsecond else f"{moment:%H%M%S}"


def is_zone(text: str) -> bool:
    """Return whether a text is an offset from UTC, such as +0100.

    Examples
    --------
    >>> is_zone("-0330"), is_zone("UTC")
    (True, False)
    """
    found = _ZONE.fullmatch(text)
    return found is not None and int(found[2]) < 24 and int(found[3]) < 60


def in_zone(moment: dt.datetime | None, zone: str) -> dt.datetime | None:
    """Return a moment in a zone; one without a zone is taken to be there already.

    Examples
    --------
    >>> noon = dt.datetime(2024, 5, 1, 12, tzinfo=dt.timezone.utc)
    >>> in_zone(noon, "-0330").isoformat()
    '2024-05-01T08:30:00-03:30'
    """
    found = _ZONE.fullmatch(zone)
    if moment is None or moment.tzinfo is None or found is None:
        return moment
    offset = dt.timedelta(hours=int(found[2]), minutes=int(found[3]))
    return moment.astimezone(dt.timezone(-offset if found[1] == "-" else offset))
