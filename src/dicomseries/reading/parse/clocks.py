"""Dates and times in seconds (PS3.5 section 6.2)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

import numpy as np
import numpy.typing as npt

__all__ = ["seconds_of_dates", "seconds_of_day"]

_DAY = 86400.0


def seconds_of_day(texts: Sequence[str], dates: Sequence[str] = ()) -> npt.NDArray[np.float64]:
    r"""Return times (VR TM) in seconds from the first midnight.

    Without dates, times more than half a day apart are assumed to pass midnight.

    Parameters
    ----------
    texts : sequence of str
        Times of day; NaN for an invalid one.
    dates : sequence of str
        Their dates (VR DA), if all are known.

    Examples
    --------
    >>> times = ["235958.5", "000001", "120000.25"]
    >>> seconds_of_day(times, ["20240229", "20240301", "20240301"]).tolist()
    [86398.5, 86401.0, 129600.25]
    >>> seconds_of_day(["235958", "000003"]).tolist()
    [86398.0, 86403.0]
    >>> seconds_of_day(["235958.\N{SUPERSCRIPT TWO}"]).tolist()
    [nan]
    """
    seconds = np.array(list(map(_seconds, texts)))
    days = np.array(list(map(_day_number, dates)))
    if len(days) == len(seconds) and np.isfinite(days).all():
        seconds += (days - days.min()) * _DAY
        return seconds
    if len(seconds) and np.isfinite(seconds).all() and float(np.ptp(seconds)) > _DAY / 2:
        seconds = np.where(seconds < _DAY / 2, seconds + _DAY, seconds)
    return seconds


def seconds_of_dates(texts: Sequence[str]) -> npt.NDArray[np.float64]:
    """Return moments (VR DT) in seconds from the first midnight.

    Examples
    --------
    >>> seconds_of_dates(["20240229235958.5", "20240301000001+0000", ""]).tolist()
    [86398.5, 86401.0, nan]
    """
    days = np.array([_day_number(text[:8]) for text in texts])
    seconds = np.empty(len(texts))
    for index, text in enumerate(texts):
        time = text[8:].partition("+")[0].partition("-")[0]
        seconds[index] = _seconds(time) - _utc_offset(text)
    known = days[np.isfinite(days)]
    first = known.min() if len(known) else 0
    return seconds + (days - first) * _DAY


def _seconds(text: str) -> float:
    digits, _, fraction = text.strip().replace(":", "").partition(".")
    if len(digits) not in {2, 4, 6} or not _are_digits(digits + fraction):
        return math.nan
    hours, minutes, seconds = (int(digits[start : start + 2] or 0) for start in (0, 2, 4))
    return hours * 3600 + minutes * 60 + float(f"{seconds}.{fraction or 0}")


def _are_digits(text: str) -> bool:
    """Return True for digits from 0 to 9; a superscript is a digit to Python."""
    return text.isascii() and text.isdigit()


def _day_number(text: str) -> float:
    digits = text.strip().replace(".", "")
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8])).toordinal()
    except ValueError:
        return math.nan


def _utc_offset(text: str) -> float:
    for sign, factor in (("+", 1), ("-", -1)):
        _, separator, zone = text.partition(sign)
        if separator and len(zone) >= 4 and _are_digits(zone[:4]):
            return factor * (int(zone[:2]) * 3600 + int(zone[2:4]) * 60)
    return 0.0
