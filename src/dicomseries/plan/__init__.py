"""The plan of a series: every name, UID, attribute and size, before a pixel is encoded."""

from __future__ import annotations

from dicomseries.plan.agreement import check_agreement
from dicomseries.plan.columns import Column, Extent, given_columns
from dicomseries.plan.facts import SOFTWARE_VERSION
from dicomseries.plan.frames import FramePart, frame_parts
from dicomseries.plan.planning import check_frame, plan_series
from dicomseries.plan.series import InstancePlan, SeriesPlan

__all__ = [
    "SOFTWARE_VERSION",
    "Column",
    "Extent",
    "FramePart",
    "InstancePlan",
    "SeriesPlan",
    "check_agreement",
    "check_frame",
    "frame_parts",
    "given_columns",
    "plan_series",
]
