"""One window for a whole series, from the statistics of its slices."""

from __future__ import annotations

import statistics as averages
import sys
from typing import Any

from dicomseries.standard.decimal_string import format_ds
from dicomseries.values import SliceStatistics, Statistics, ValueMap

__all__ = ["window_facts"]


def window_facts(statistics: Statistics, value_map: ValueMap) -> dict[str, tuple[Any, ...]]:
    """Return one window for the whole series, in real values, over all values but a stray outlier's.

    Whole-number data get the LINEAR function, under which a width of max - min + 1 shows each value (PS3.3 section
    C.11.2.1.2.1); others LINEAR_EXACT, since LINEAR cannot say a width below 1 (section C.11.2.1.3.2).
    """
    low, high = _shown_range(statistics, value_map)
    half_sum, width = low / 2 + high / 2, high - low
    slopes = value_map.slopes or (value_map.slope,)
    whole = all(float(text).is_integer() for text in (*slopes, value_map.intercept))
    if whole and not value_map.is_float:
        return {"WindowCenter": (format_ds(half_sum + 0.5),), "WindowWidth": (_width_text(width + 1),)}
    return {
        "WindowCenter": (format_ds(half_sum),),
        "WindowWidth": (_width_text(width or 1.0),),
        "VOILUTFunction": ("LINEAR_EXACT",),
    }


def _width_text(width: float) -> str:
    return format_ds(min(width, sys.float_info.max))  # the ends may be further apart than float64 can say


def _shown_range(statistics: Statistics, value_map: ValueMap) -> tuple[float, float]:
    ranges = [_real_range(own, value_map) for own in statistics.slices if own.minimum is not None]
    if not ranges:
        return 0.0, 0.0
    contrasts = [(low, high) for low, high in ranges if low < high]
    if not contrasts:  # each slice has one value: only all of them together are a picture
        return min(ranges)[0], max(ranges)[1]
    lows, highs = [low for low, _ in contrasts], [high for _, high in contrasts]
    # A lone outlier lies in one slice: it may not blacken the others.
    low, high = averages.median_low(lows), averages.median_high(highs)
    reach = 4 * (high - low)
    return max(min(lows), low - reach), min(max(highs), high + reach)


def _real_range(own: SliceStatistics, value_map: ValueMap) -> tuple[float, float]:
    ends = (float(own.minimum or 0), float(own.maximum or 0))
    low, high = sorted(value_map.source_slope * end + value_map.source_intercept for end in ends)
    if value_map.clip is not None:
        low, high = (min(max(end, value_map.clip[0]), value_map.clip[1]) for end in (low, high))
    return low, high
