"""One window for a whole series, from the statistics of its slices."""

from __future__ import annotations

import statistics as averages
import sys
from typing import Any

import numpy as np

from dicomseries.standard.decimal_string import format_ds
from dicomseries.values import Statistics, ValueMap

__all__ = ["window_facts"]


def window_facts(statistics: Statistics, value_map: ValueMap) -> dict[str, tuple[Any, ...]]:
    """Return one window for the whole series, in real values, over all values but padding and a stray outlier's.

    The function is LINEAR, under which center mid + 0.5 and width max - min + 1 show each value (PS3.3 section
    C.11.2.1.2.1), and goes without saying: Cornerstone3D and OHIF draw no slice whose VOILUTFunction is said. Where
    the digits of DS cannot tell the ends apart in this way, it is LINEAR_EXACT (section C.11.2.1.3.2).
    """
    low, high = _shown_range(statistics, value_map)
    half_sum, width = low / 2 + high / 2, high - low
    slopes = value_map.slopes or (value_map.slope,)
    whole = (
        all(float(text).is_integer() for text in (*slopes, value_map.intercept))
        and not value_map.is_float
    )
    width = width if whole else width or 1.0
    center_text, width_text = format_ds(half_sum + 0.5), _width_text(width + 1)
    if whole or _shows(float(center_text), float(width_text), half_sum, width):
        return {"WindowCenter": (center_text,), "WindowWidth": (width_text,)}
    return {
        "WindowCenter": (format_ds(half_sum),),
        "WindowWidth": (_width_text(width),),
        "VOILUTFunction": ("LINEAR_EXACT",),
    }


def _shows(center: float, printed: float, half_sum: float, width: float) -> bool:
    """Whether LINEAR shows what is meant, as printed, to a thousandth of the width: far finer than any grey."""
    return abs(center - 0.5 - half_sum) <= width / 1000 and abs(printed - 1 - width) <= width / 1000


def _width_text(width: float) -> str:
    return format_ds(
        min(width, sys.float_info.max)
    )  # the ends may be further apart than float64 can say


def _shown_range(statistics: Statistics, value_map: ValueMap) -> tuple[float, float]:
    found = [
        (own.minimum, own.maximum)
        for own in statistics.shown or statistics.slices
        if own.minimum is not None
    ]
    if not found:
        return 0.0, 0.0
    with np.errstate(over="ignore"):
        ends = (
            value_map.source_slope * np.array(found, dtype=np.float64) + value_map.source_intercept
        )
    if value_map.clip is not None:
        ends = ends.clip(*value_map.clip)
    lows, highs = ends.min(axis=1), ends.max(axis=1)
    has_contrast = lows < highs
    if not has_contrast.any():  # each slice has one value: only all of them together are a picture
        return float(lows.min()), float(highs.max())
    lows, highs = lows[has_contrast], highs[has_contrast]
    # A lone outlier lies in one slice: it may not blacken the others.
    low, high = averages.median_low(lows.tolist()), averages.median_high(highs.tolist())
    reach = 4 * (high - low)
    return max(float(lows.min()), low - reach), min(float(highs.max()), high + reach)
