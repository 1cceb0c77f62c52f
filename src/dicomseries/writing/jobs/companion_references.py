"""A lossless map and its companion name each other (PS3.3 sections C.12.2 and C.7.6.1.1.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dicomseries.derivation import SOURCE_IMAGE
from dicomseries.iod import Leaf, VaryingGroup
from dicomseries.plan import Column, SeriesPlan
from dicomseries.standard.attribute import Attribute, Item, Value, attribute, tag_of

__all__ = ["cross_referenced"]

_IMAGES = "ReferencedImageSequence"

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
        (_evident if display.is_multi_frame else _made_from)(
            _naming_series(display, source), source
        ),
    )


def _naming_series(plan: SeriesPlan, other: SeriesPlan) -> SeriesPlan:
    """Return the plan with all instances of another series of the study among its references."""
    instances = tuple(_instance(other, index) for index in range(len(other)))
    series = (
        attribute("ReferencedInstanceSequence", *instances),
        attribute("SeriesInstanceUID", other.uids.series),
    )
    named = attribute(
        "ReferencedSeriesSequence", *_shared(plan, "ReferencedSeriesSequence"), series
    )
    return replace(plan, shared=_inserted(plan.shared, named))


def _made_from(display: SeriesPlan, source: SeriesPlan) -> SeriesPlan:
    """Return the companion with the frame of the map that each of its slices shows, behind what it names already."""
    keyword = "SourceImageSequence"
    known = next((one for one in display.columns if one.keyword == keyword), None)
    fixed, slices = _shared(display, keyword), display.extent.slices
    named = (
        (known.at(frame, slices=slices) if known else fixed) or ()
        for frame in range(display.extent.frames)
    )
    values = tuple((*others, _frame(source, frame)) for frame, others in enumerate(named))
    columns = (one for one in display.columns if one.keyword != keyword)
    return replace(
        display,
        # what differs from file to file may not stand among what all files share
        shared=tuple(one for one in display.shared if one.keyword != keyword),
        columns=(*columns, Column(keyword=keyword, per="frame", values=values, vr="SQ")),
        per_instance=tuple(sorted({*display.per_instance, keyword}, key=tag_of)),
    )


def _shared(plan: SeriesPlan, keyword: str) -> tuple[Value, ...]:
    return next((one.values for one in plan.shared if one.keyword == keyword), ())


def _evident(display: SeriesPlan, source: SeriesPlan) -> SeriesPlan:
    """Return a companion of all frames with the frame of the map that each shows, and the evidence (C.8.13.2.1)."""
    uid = attribute("SeriesInstanceUID", source.uids.series)
    images = attribute("ReferencedSOPSequence", _instance(source, 0))
    study = (
        attribute("ReferencedSeriesSequence", (images, uid)),
        attribute("StudyInstanceUID", source.uids.study),
    )
    keyword = "ReferencedImageEvidenceSequence"
    evidence = attribute(keyword, *_shared(display, keyword), study)
    return _showing(replace(display, shared=_inserted(display.shared, evidence)), source)


def _showing(plan: SeriesPlan, other: SeriesPlan) -> SeriesPlan:
    """Return a plan of frames with what shows each of them in the other series (PS3.3 section C.7.6.16.2.5)."""
    if _has_images(plan):
        return plan
    frames = range(plan.extent.frames)
    if other.is_multi_frame:
        numbers = tuple((str(frame + 1),) for frame in frames)
        column = Column(keyword="ReferencedFrameNumber", per="frame", values=numbers, vr="IS")
        fixed = _instance(other, 0)
    else:
        uids = tuple((other.uids.instance(frame),) for frame in frames)
        column = Column(keyword="ReferencedSOPInstanceUID", per="frame", values=uids, vr="UI")
        fixed = (attribute("ReferencedSOPClassUID", other.sop_class_uid),)
    purpose = attribute("PurposeOfReferenceCodeSequence", _ALTERNATE)
    group = VaryingGroup(_IMAGES, (*fixed, Leaf(column.keyword, column.keyword), purpose))
    groups = tuple(sorted((*plan.per_frame, group), key=lambda one: one.tag))
    return replace(plan, columns=(*plan.columns, column), per_frame=groups)


def _has_images(plan: SeriesPlan) -> bool:
    """Return whether the user names images in a functional group already: one group cannot be shared and per frame."""
    items = (*_shared(plan, "SharedFunctionalGroupsSequence"), plan.per_frame)
    return any(one.keyword == _IMAGES for item in items if isinstance(item, tuple) for one in item)


def _instance(plan: SeriesPlan, index: int) -> Item:
    return (
        attribute("ReferencedSOPClassUID", plan.sop_class_uid),
        attribute("ReferencedSOPInstanceUID", plan.uids.instance(index)),
    )


def _frame(plan: SeriesPlan, frame: int) -> Item:
    return (
        *_instance(plan, 0),
        attribute("ReferencedFrameNumber", str(frame + 1)),
        attribute("PurposeOfReferenceCodeSequence", SOURCE_IMAGE),
    )


def _inserted(attributes: tuple[Attribute, ...], own: Attribute) -> tuple[Attribute, ...]:
    others = (one for one in attributes if one.keyword != own.keyword)
    return tuple(sorted((*others, own), key=lambda one: one.tag))
