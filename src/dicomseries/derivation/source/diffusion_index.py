"""Volumes of a result that are diffusion weightings, not time points, in the index of the frames (PS3.3 C.7.6.17)."""

from __future__ import annotations

from dataclasses import replace

from dicomseries.iod import Leaf, VaryingGroup
from dicomseries.plan import SeriesPlan
from dicomseries.standard.attribute import Attribute, Item, Value, attribute, tag_of

__all__ = ["counted_by_acquisition"]

_TIME, _ACQUISITION = "TemporalPositionIndex", "FrameAcquisitionNumber"
_CONTENT = "FrameContentSequence"


def counted_by_acquisition(plan: SeriesPlan) -> SeriesPlan:
    """Return a plan of several volumes whose frames count acquisitions in place of time points.

    dcm2niix takes frames of some makers with TemporalPositionIndex for a time series, and writes no b-values.

    Parameters
    ----------
    plan : SeriesPlan
        Of one file for all frames; a plan of one volume, or with times, is returned as it is.
    """
    content = next((one for one in plan.per_frame if one.keyword == _CONTENT), None)
    is_counted = isinstance(content, VaryingGroup) and Leaf(_TIME, _TIME) in content.parts
    if plan.extent.times_s is not None or not is_counted or not isinstance(content, VaryingGroup):
        return plan
    parts = [part for part in content.parts if part.keyword not in {_TIME, _ACQUISITION}]
    parts = sorted((*parts, Leaf(_ACQUISITION, _TIME)), key=lambda part: part.tag)
    counted = VaryingGroup(_CONTENT, tuple(parts))
    return replace(
        plan,
        per_frame=tuple(counted if one is content else one for one in plan.per_frame),
        shared=tuple(
            _indexed(one) for one in plan.shared if one.keyword != "DimensionOrganizationType"
        ),
    )


def _indexed(own: Attribute) -> Attribute:
    """Return DimensionIndexSequence with the number of the acquisition in place of the time point."""
    if own.keyword != "DimensionIndexSequence":
        return own
    return replace(own, values=tuple(_dimension(item) for item in own.values))


def _dimension(item: Value) -> Value:
    members: Item = item if isinstance(item, tuple) else ()
    if attribute("DimensionIndexPointer", tag_of(_TIME)) not in members:
        return item
    changed = {
        "DimensionIndexPointer": attribute("DimensionIndexPointer", tag_of(_ACQUISITION)),
        "DimensionDescriptionLabel": attribute(
            "DimensionDescriptionLabel", "Frame Acquisition Number"
        ),
    }
    return tuple(changed.get(one.keyword, one) for one in members)
