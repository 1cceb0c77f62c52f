"""Diffusion weightings instead of time points as dimension.

PS3.3 section C.7.6.17.
"""

from __future__ import annotations

from dataclasses import replace

from dicomseries.derivation.source.source_facts import item_members
from dicomseries.iod import Leaf, VaryingGroup
from dicomseries.plan import SeriesPlan
from dicomseries.standard.attributes.attribute import Attribute, Value, attribute, tag_of

__all__ = ["counted_by_acquisition"]

_TIME, _ACQUISITION = "TemporalPositionIndex", "FrameAcquisitionNumber"
_TIME_POINTER = attribute("DimensionIndexPointer", tag_of(_TIME))
_ACQUISITION_DIMENSION = {
    "DimensionIndexPointer": attribute("DimensionIndexPointer", tag_of(_ACQUISITION)),
    "DimensionDescriptionLabel": attribute("DimensionDescriptionLabel", "Frame Acquisition Number"),
}


def counted_by_acquisition(plan: SeriesPlan) -> SeriesPlan:
    """Return a plan that counts acquisitions, not time points.

    dcm2niix takes frames of some makers with TemporalPositionIndex for a time series, and writes no
    b-values.

    Parameters
    ----------
    plan : SeriesPlan
        Plan of one file for all frames; a plan of one volume, or with times, is returned unchanged.
    """
    if plan.extent.times_s is not None:
        return plan
    per_frame = list(plan.per_frame)
    for index, group in enumerate(per_frame):
        if not isinstance(group, VaryingGroup) or group.keyword != "FrameContentSequence":
            continue
        if Leaf(_TIME, _TIME) in group.parts:
            parts = [part for part in group.parts if part.keyword not in {_TIME, _ACQUISITION}]
            parts = sorted((*parts, Leaf(_ACQUISITION, _TIME)), key=lambda part: part.tag)
            per_frame[index] = VaryingGroup(group.keyword, tuple(parts))
            break
    else:
        return plan
    shared: list[Attribute] = []
    for member in plan.shared:
        if member.keyword == "DimensionIndexSequence":
            shared.append(replace(member, values=tuple(map(_dimension, member.values))))
        elif member.keyword != "DimensionOrganizationType":
            shared.append(member)
    return replace(plan, per_frame=tuple(per_frame), shared=tuple(shared))


def _dimension(item: Value) -> Value:
    """Return an item of DimensionIndexSequence, with acquisitions for time points."""
    members = item_members(item)
    if _TIME_POINTER not in members:
        return item
    return tuple(_ACQUISITION_DIMENSION.get(member.keyword, member) for member in members)
