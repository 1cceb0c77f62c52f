"""One display window for a whole series."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from dicomseries.standard.attributes.decimal_string import format_ds
from dicomseries.values import Statistics, ValueMap

__all__ = ["window_facts"]


def window_facts(statistics: Statistics, value_map: ValueMap) -> dict[str, tuple[Any, ...]]:
    """Return one window for the series, in real values.

    It covers all values except padding and those of a stray outlier. The function is LINEAR: center
    mid + 0.5 and width max - min + 1 show each value (PS3.3 section C.11.2.1.2.1). VOILUTFunction
    is then left out, because Cornerstone3D and OHIF draw no slice that has it. If the digits of DS
    cannot separate the ends in this way, the function is LINEAR_EXACT (section C.11.2.1.3.2).
    """
    low, high = _displayed_range(statistics, value_map)
    middle, width = low / 2 + high / 2, high - low
    is_integer = not value_map.is_float
    for text in (*(value_map.slopes or (value_map.slope,)), value_map.intercept):
        is_integer = is_integer and float(text).is_integer()
    if not is_integer:
        width = width or 1.0
    center_text, width_text = format_ds(middle + 0.5), _width_text(width + 1)
    # LINEAR as printed must be right to a thousandth of the width: far finer than any grey level
    is_precise = (
        abs(float(center_text) - 0.5 - middle) <= width / 1000
        and abs(float(width_text) - 1 - width) <= width / 1000
    )
    if is_integer or is_precise:
        return {"WindowCenter": (center_text,), "WindowWidth": (width_text,)}
    return {
        "WindowCenter": (format_ds(middle),),
        "WindowWidth": (_width_text(width),),
        "VOILUTFunction": ("LINEAR_EXACT",),
    }


def _width_text(width: float) -> str:
    return format_ds(min(width, sys.float_info.max))  # the ends may be further apart than a float64


def _displayed_range(statistics: Statistics, value_map: ValueMap) -> tuple[float, float]:
    slices = statistics.shown or statistics.slices
    pairs = [(part.minimum, part.maximum) for part in slices if part.minimum is not None]
    if not pairs:
        return 0.0, 0.0
    stored = np.array(pairs, dtype=np.float64)
    with np.errstate(over="ignore"):
        ends = value_map.source_slope * stored + value_map.source_intercept
    if value_map.clip is not None:
        ends = ends.clip(*value_map.clip)
    lows, highs = ends.min(axis=1), ends.max(axis=1)
    has_contrast = lows < highs
    if not has_contrast.any():  # each slice has one value: only all together are an image
        return float(lows.min()), float(highs.max())
    lows, highs = lows[has_contrast], highs[has_contrast]
    # A lone outlier lies in one slice: it may not blacken the others.
    low = float(np.sort(lows)[(len(lows) - 1) // 2])
    high = float(np.sort(highs)[len(highs) // 2])
    reach = 4 * (high - low)
    return max(float(lows.min()), low - reach), min(float(highs.max()), high + reach)
