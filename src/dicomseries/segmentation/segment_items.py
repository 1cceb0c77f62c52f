"""Items of SegmentSequence (PS3.3 section C.8.20.4)."""

from __future__ import annotations

from collections.abc import Sequence

from dicomseries.iod import code_item
from dicomseries.segmentation.segment_codes import Code
from dicomseries.segmentation.segments import Segment
from dicomseries.standard.attributes.attribute import Attribute, Item, attribute
from dicomseries.standard.attributes.cielab import cielab_of_rgb

__all__ = ["segment_sequence"]

_BACKGROUND = Code("125040", "DCM", "Background")
_BLACK = (0, 0, 0)


def segment_sequence(
    segments: Sequence[Segment], numbers: Sequence[int], *, has_background: bool
) -> Attribute:
    """Return SegmentSequence.

    Parameters
    ----------
    segments : sequence of Segment
        In the order of `numbers`.
    numbers : sequence of int
        SegmentNumber of each.
    has_background : bool
        Whether 0 is described too, as in label maps: with the algorithm of the first segment. It
        comes last, as OHIF 3.13 colours the segments by the order of items.

    Examples
    --------
    >>> liver = Segment(value=1, label="Liver")
    >>> segment_sequence([liver], [1], has_background=False).values[0][1].values
    (1,)
    """
    items: list[Item] = []
    for segment, number in zip(segments, numbers, strict=True):
        items.append(_item(segment, number))
    if has_background:
        background = (
            *_property(_BACKGROUND, _BACKGROUND),
            attribute("SegmentNumber", 0),
            attribute("SegmentLabel", "Background"),
            *_algorithm(segments[0]),
            attribute("RecommendedDisplayCIELabValue", *cielab_of_rgb(_BLACK)),
        )
        items.append(_in_order(background))
    return attribute("SegmentSequence", *items)


def _item(segment: Segment, number: int) -> Item:
    attributes = [
        *_property(segment.written_category, segment.written_type, segment.modifier),
        attribute("SegmentNumber", number),
        attribute("SegmentLabel", segment.label),
        *_algorithm(segment),
    ]
    if segment.description:
        attributes.append(attribute("SegmentDescription", segment.description))
    if segment.color is not None:
        color = cielab_of_rgb(segment.color)
        attributes.append(attribute("RecommendedDisplayCIELabValue", *color))
    if segment.tracking_id:
        attributes.append(attribute("TrackingID", segment.tracking_id))
        attributes.append(attribute("TrackingUID", segment.tracking_uid))
    if segment.region is not None:
        region = _coded(segment.region)
        if segment.region_modifier is not None:
            modifier = _coded(segment.region_modifier)
            region = (*region, attribute("AnatomicRegionModifierSequence", modifier))
        attributes.append(attribute("AnatomicRegionSequence", region))
    return _in_order(attributes)


def _property(
    category: Code, property_type: Code, modifier: Code | None = None
) -> tuple[Attribute, Attribute]:
    item = _coded(property_type)
    if modifier is not None:
        keyword = "SegmentedPropertyTypeModifierCodeSequence"
        item = (*item, attribute(keyword, _coded(modifier)))
    return (
        attribute("SegmentedPropertyCategoryCodeSequence", _coded(category)),
        attribute("SegmentedPropertyTypeCodeSequence", item),
    )


def _algorithm(segment: Segment) -> list[Attribute]:
    attributes = [attribute("SegmentAlgorithmType", segment.written_algorithm)]
    if segment.written_algorithm_name:
        attributes.append(attribute("SegmentAlgorithmName", segment.written_algorithm_name))
    return attributes


def _coded(code: Code) -> Item:
    return code_item(code.value, code.scheme, code.meaning)


def _in_order(attributes: Sequence[Attribute]) -> Item:
    return tuple(sorted(attributes, key=lambda member: member.tag))
