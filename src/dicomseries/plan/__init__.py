"""The plan of a series: every name, UID, attribute and size, before a pixel is encoded."""

from __future__ import annotations

from dicomseries.plan.series import EXPLICIT_VR_LITTLE_ENDIAN, SOFTWARE_VERSION, InstancePlan, SeriesPlan, plan_series

__all__ = ["EXPLICIT_VR_LITTLE_ENDIAN", "SOFTWARE_VERSION", "InstancePlan", "SeriesPlan", "plan_series"]
