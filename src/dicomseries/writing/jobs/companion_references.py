"""References between a lossless map and its companion.

PS3.3 sections C.12.2 and C.7.6.1.1.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dicomseries import derivation
from dicomseries.iod import Leaf, VaryingGroup
from dicomseries.plan import Column, SeriesPlan
from dicomseries.standard.attributes.attribute import Attribute, Item, Value, attribute, tag_of

__all__ = ["cross_referenced"]

_IMAGES = "ReferencedImageSequence"

_ALTERNATE: Item = (
    attribute("CodeValue", "121326"),
    attribute("CodingSchemeDesignator", "DCM"),
    attribute("CodeMeaning", "Alternate SOP Class instance"),
)
"""CID 7205: the same picture in another form."""


def cross_referenced(plans: Sequence[SeriesPlan]) -> tuple[SeriesPlan, ...]:
    """Return the plans with references to each other.

    Parameters
    ----------
    plans : sequence of SeriesPlan
        One, which is returned as it is, or the map and its companion.
    """
    if len(plans) == 1:
        return tuple(plans)
    lossless, display = plans
    lossless_with_references = _with_images(_with_series_of(lossless, display), display)
    display = _with_series_of(display, lossless)
    if display.is_multi_frame:
        return lossless_with_references, _with_evidence(display, lossless)
    return lossless_with_references, _with_source_frames(display, lossless)


def _with_series_of(plan: SeriesPlan, other: SeriesPlan) -> SeriesPlan:
    """Return the plan with references to another series."""
    instances = (_instance(other, index) for index in range(len(other)))
    series = (
        attribute("ReferencedInstanceSequence", *instances),
        attribute("SeriesInstanceUID", other.uids.series),
    )
    keyword = "ReferencedSeriesSequence"
    return _with_shared(plan, attribute(keyword, *_shared(plan, keyword), series))


def _with_source_frames(display: SeriesPlan, lossless: SeriesPlan) -> SeriesPlan:
    """Return the companion with references to frames."""
    keyword = "SourceImageSequence"
    slices, fixed = display.extent.slices, _shared(display, keyword)
    columns = {column.keyword: column for column in display.columns}
    known = columns.pop(keyword, None)
    values: list[tuple[Value, ...]] = []
    for frame in range(display.extent.frames):
        others = fixed
        if known is not None:
            others = known.at(frame, slices=slices) or ()
        values.append((*others, _frame(lossless, frame)))
    column = Column(keyword=keyword, per="frame", values=tuple(values), vr="SQ")
    return replace(
        display,
        # attributes that differ from file to file are not shared
        shared=tuple(element for element in display.shared if element.keyword != keyword),
        columns=(*columns.values(), column),
        per_instance=tuple(sorted({*display.per_instance, keyword}, key=tag_of)),
    )


def _with_evidence(display: SeriesPlan, lossless: SeriesPlan) -> SeriesPlan:
    """Return a multi-frame companion with frames of the map (C.8.13.2.1)."""
    images = attribute("ReferencedSOPSequence", _instance(lossless, 0))
    series = (images, attribute("SeriesInstanceUID", lossless.uids.series))
    study = (
        attribute("ReferencedSeriesSequence", series),
        attribute("StudyInstanceUID", lossless.uids.study),
    )
    keyword = "ReferencedImageEvidenceSequence"
    evidence = attribute(keyword, *_shared(display, keyword), study)
    return _with_images(_with_shared(display, evidence), lossless)


def _with_images(plan: SeriesPlan, other: SeriesPlan) -> SeriesPlan:
    """Return a plan with images of each frame.

    PS3.3 section C.7.6.16.2.5.
    """
    if _has_images(plan):
        return plan
    frames = range(plan.extent.frames)
    fixed: Item
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
    groups = tuple(sorted((*plan.per_frame, group), key=lambda part: part.tag))
    return replace(plan, columns=(*plan.columns, column), per_frame=groups)


def _has_images(plan: SeriesPlan) -> bool:
    """Return whether the user names images in a functional group.

    A group cannot be shared and per frame.
    """
    keywords = {group.keyword for group in plan.per_frame}
    for item in _shared(plan, "SharedFunctionalGroupsSequence"):
        if isinstance(item, tuple):
            keywords.update(group.keyword for group in item)
    return _IMAGES in keywords


def _shared(plan: SeriesPlan, keyword: str) -> tuple[Value, ...]:
    for element in plan.shared:
        if element.keyword == keyword:
            return element.values
    return ()


def _with_shared(plan: SeriesPlan, added: Attribute) -> SeriesPlan:
    others = (element for element in plan.shared if element.keyword != added.keyword)
    return replace(plan, shared=tuple(sorted((*others, added), key=lambda part: part.tag)))


def _instance(plan: SeriesPlan, index: int) -> Item:
    return (
        attribute("ReferencedSOPClassUID", plan.sop_class_uid),
        attribute("ReferencedSOPInstanceUID", plan.uids.instance(index)),
    )


def _frame(plan: SeriesPlan, frame: int) -> Item:
    return (
        *_instance(plan, 0),
        attribute("ReferencedFrameNumber", str(frame + 1)),
        attribute("PurposeOfReferenceCodeSequence", derivation.SOURCE_IMAGE),
    )
