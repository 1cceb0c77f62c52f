"""Real values → stored values, with a proven bound.

::

    slice_statistics → Statistics → choose_value_map → ValueMap → store → Stored

Slope and intercept are chosen as DS texts first; values are quantised with the numbers that a
reader parses from them.
"""

from __future__ import annotations

from dicomseries.values.clip_limits import limits_in
from dicomseries.values.maps.exact import needs_divisor
from dicomseries.values.maps.promised_range import check_value_range, promised_ends
from dicomseries.values.maps.value_map_choice import choose_value_map
from dicomseries.values.policies import (
    Digits,
    Exact,
    Lossless,
    PixelRules,
    Policy,
    Rescale,
    parse_policy,
)
from dicomseries.values.preconditions import check_request
from dicomseries.values.range_error import RangeError, error_with_window
from dicomseries.values.statistics import (
    SliceStatistics,
    Statistics,
    divisor_of,
    shown_statistics,
    slice_statistics,
)
from dicomseries.values.storing.quantise_integers import count_outside
from dicomseries.values.storing.store_slab import store
from dicomseries.values.storing.stored_slab import Stored
from dicomseries.values.value_map import ValueMap, bound_text, stored_range

__all__ = [
    "Digits",
    "Exact",
    "Lossless",
    "PixelRules",
    "Policy",
    "RangeError",
    "Rescale",
    "SliceStatistics",
    "Statistics",
    "Stored",
    "ValueMap",
    "bound_text",
    "check_request",
    "check_value_range",
    "choose_value_map",
    "count_outside",
    "divisor_of",
    "error_with_window",
    "limits_in",
    "needs_divisor",
    "parse_policy",
    "promised_ends",
    "shown_statistics",
    "slice_statistics",
    "store",
    "stored_range",
]
