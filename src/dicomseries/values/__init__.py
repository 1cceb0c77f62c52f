"""Real values → stored integers or floats, with a bound that is proven on the numbers as a reader decodes them.

::

    slice_statistics → Statistics → plan_values(policy, statistics, rules) → ValueMap → store(slab, map) → Stored

The plan chooses slope and intercept as DS text first and quantises with the numbers a reader will parse.
"""

from __future__ import annotations

from dicomseries.values.exact import needs_divisor
from dicomseries.values.limits import limits_in
from dicomseries.values.planning import plan_values
from dicomseries.values.policies import Digits, Exact, Lossless, PixelRules, Policy, Rescale, parse_policy
from dicomseries.values.promise import check_value_range, promised_ends
from dicomseries.values.quantise import count_outside
from dicomseries.values.request import check_request
from dicomseries.values.statistics import SliceStatistics, Statistics, divisor_of, shown_statistics, slice_statistics
from dicomseries.values.stored import Stored
from dicomseries.values.storing import store
from dicomseries.values.value_map import ValueMap

__all__ = [
    "Digits",
    "Exact",
    "Lossless",
    "PixelRules",
    "Policy",
    "Rescale",
    "SliceStatistics",
    "Statistics",
    "Stored",
    "ValueMap",
    "check_request",
    "check_value_range",
    "count_outside",
    "divisor_of",
    "limits_in",
    "needs_divisor",
    "parse_policy",
    "plan_values",
    "promised_ends",
    "shown_statistics",
    "slice_statistics",
    "store",
]
