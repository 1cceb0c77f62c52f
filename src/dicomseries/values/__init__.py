"""Real values → stored integers or floats, with a bound that is proven on the numbers as a reader decodes them.

::

    slice_statistics → Statistics → plan_values(policy, statistics, rules) → ValueMap → store(slab, map) → Stored

The plan chooses slope and intercept as DS text first and quantises with the numbers a reader will parse.
"""

from __future__ import annotations

from dicomseries.values.choose_value_map import plan_values
from dicomseries.values.clip_limits import limits_in
from dicomseries.values.exact import needs_divisor
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
from dicomseries.values.promised_range import check_value_range, promised_ends
from dicomseries.values.quantise_integers import count_outside
from dicomseries.values.range_error import RangeError, refuse_range
from dicomseries.values.statistics import (
    SliceStatistics,
    Statistics,
    divisor_of,
    shown_statistics,
    slice_statistics,
)
from dicomseries.values.store_slab import store
from dicomseries.values.stored_slab import Stored
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
    "count_outside",
    "divisor_of",
    "limits_in",
    "needs_divisor",
    "parse_policy",
    "plan_values",
    "promised_ends",
    "refuse_range",
    "shown_statistics",
    "slice_statistics",
    "store",
    "stored_range",
]
