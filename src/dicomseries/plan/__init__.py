"""The plan of a series: names, UIDs, attributes and sizes."""

from __future__ import annotations

from dicomseries.plan.column_checks import check_agreement
from dicomseries.plan.columns import Column, Extent, FrameTable, given_columns
from dicomseries.plan.compressible_kind import check_compressible, check_sign, kind_for_codec
from dicomseries.plan.frame_plan import FramePart, stacks_of
from dicomseries.plan.plan_facts import (
    SOFTWARE_VERSION,
    grid_facts,
    identity_facts,
    moment_facts,
    place_facts,
    plane_columns,
)
from dicomseries.plan.reader_advice import plane_advice
from dicomseries.plan.series_draft import (
    SeriesDraft,
    check_draft,
    check_frame,
    check_size,
    plan_series,
)
from dicomseries.plan.series_plan import (
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
    InstancePlan,
    SeriesPlan,
)

__all__ = [
    "IMPLEMENTATION_CLASS_UID",
    "IMPLEMENTATION_VERSION_NAME",
    "SOFTWARE_VERSION",
    "Column",
    "Extent",
    "FramePart",
    "FrameTable",
    "InstancePlan",
    "SeriesDraft",
    "SeriesPlan",
    "check_agreement",
    "check_compressible",
    "check_draft",
    "check_frame",
    "check_sign",
    "check_size",
    "given_columns",
    "grid_facts",
    "identity_facts",
    "kind_for_codec",
    "moment_facts",
    "place_facts",
    "plan_series",
    "plane_advice",
    "plane_columns",
    "stacks_of",
]
