"""A lossless map and its companion name each other (PS3.3 sections C.12.2 and C.7.6.1.1.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dicomseries.iod import Leaf, VaryingGroup
from dicomseries.plan import Column, SeriesPlan
from dicomseries.standard.attribute import Attribute, Item, attribute, tag_of

__all__ = ["cross_referenced"]

_SOURCE: Item = (
    attribute("CodeValue", "121322"),
    attribute("CodingSchemeDesignator", "DCM"),
    attribute("CodeMeaning", "Source image for image processing operation"),
)
"""CID 7202: what the companion was made from."""

_ALTERNATE: Item = (
    attribute("CodeValue", "121326"),
    attribute("CodingSchemeDesignator", "DCM"),
    attribute("CodeMeaning", "Alternate SOP Class instance"),
)
"""CID 7205: the same picture in another form."""


def cross_referenced(plans: Sequence[SeriesPlan]) -> tuple[SeriesPlan, ...]:
    """Return the plans of one volume, a map and its companion with references to each other.

    Parameters
    ----------
    plans : sequence of SeriesPlan
        One, which is returned as it is, or the map and its companion.
    """
    if len(plans) == 1:
        return tuple(plans)
    source, display = plans
    return (
        _showing(_naming_series(source, display), display),
        _made_from(_naming_series(display, source), source),
    )


def _naming_series(plan: SeriesPlan, other: SeriesPlan) -> SeriesPlan:
    """Return the plan with all instances of another series of the study among its references."""
    instances = tuple(_instance(other, index) for index in range(len(other)))
    series = (
        attribute("ReferencedInstanceSequence", *instances),
        attribute("SeriesInstanceUID", other.uids.series),
    )
    return replace(plan, shared=_inserted(plan.shared, attribute("ReferencedSeriesSequence", series)))


def _made_from(display: SeriesPlan, source: SeriesPlan) -> SeriesPlan:
    """Return the companion with the frame of the map that each of its slices shows."""
    if display.is_multi_frame:
        return display
    values = tuple((_frame(source, index),) for index in range(display.extent.frames))
    column = Column(keyword="SourceImageSequence", per="frame", values=values, vr="SQ")
    keywords = sorted({*display.per_instance, column.keyword}, key=tag_of)
    return replace(display, columns=(*display.columns, column), per_instance=tuple(keywords))


def _showing(source: SeriesPlan, display: SeriesPlan) -> SeriesPlan:
    """Return the map with the slice of the companion that shows each of its frames (PS3.3 section C.7.6.16.2.5)."""
    if display.is_multi_frame:
        return source
    uids = tuple((display.uids.instance(index),) for index in range(source.extent.frames))
    column = Column(keyword="ReferencedSOPInstanceUID", per="frame", values=uids, vr="UI")
    group = VaryingGroup(
        "ReferencedImageSequence",
        (
            attribute("ReferencedSOPClassUID", display.sop_class_uid),
            Leaf(column.keyword, column.keyword),
            attribute("PurposeOfReferenceCodeSequence", _ALTERNATE),
        ),
    )
    groups = tuple(sorted((*source.per_frame, group), key=lambda one: one.tag))
    return replace(source, columns=(*source.columns, column), per_frame=groups)


def _instance(plan: SeriesPlan, index: int) -> Item:
    return (
        attribute("ReferencedSOPClassUID", plan.sop_class_uid),
        attribute("ReferencedSOPInstanceUID", plan.uids.instance(index)),
    )


def _frame(plan: SeriesPlan, frame: int) -> Item:
    return (
        *_instance(plan, 0),
        attribute("ReferencedFrameNumber", str(frame + 1)),
        attribute("PurposeOfReferenceCodeSequence", _SOURCE),
    )


def _inserted(attributes: tuple[Attribute, ...], own: Attribute) -> tuple[Attribute, ...]:
    others = (one for one in attributes if one.keyword != own.keyword)
    return tuple(sorted((*others, own), key=lambda one: one.tag))
