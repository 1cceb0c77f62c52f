"""Attributes of a frame outside their functional groups (PS3.3 section C.7.6.16)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dicomseries.derivation import CLASSIC_NAMES
from dicomseries.standard.attributes.attribute import tag_of
from dicomseries.standard.dictionary import dictionary_vr

__all__ = ["flat_attributes", "set_value"]

_FRAME_TYPES = frozenset(
    {"CTImageFrameTypeSequence", "MRImageFrameTypeSequence", "PETFrameTypeSequence"}
)
_UNASSIGNED = frozenset(
    {
        "UnassignedSharedConvertedAttributesSequence",
        "UnassignedPerFrameConvertedAttributesSequence",
    }
)
"""Attributes that a conversion from single frames kept under their classic names."""
_LEFT_OUT = frozenset(
    {
        "ConversionSourceAttributesSequence",
        "DimensionIndexValues",
        "FrameReferenceDateTime",
        "PixelPresentation",
        "VolumeBasedCalculationTechnique",
        "VolumetricProperties",
    }
)
"""Attributes about the multi-frame file, without a place in a file of one frame."""
_KEPT_WHOLE = frozenset(
    {"RealWorldValueMappingSequence", "ReferencedImageSequence", "ReferencedInstanceSequence"}
)
"""Groups that files of one frame hold as sequences, too."""
_OPENED = frozenset({"DiffusionGradientDirectionSequence", "DiffusionBMatrixSequence"})
_PLAIN_NAMES = {
    "FrameComments": "ImageComments",
    "FrameType": "ImageType",
    "TemporalPositionIndex": "TemporalPositionIdentifier",
}


def flat_attributes(groups: tuple[Any, ...]) -> Any:
    """Return the attributes of a frame, under their classic names.

    Parameters
    ----------
    groups : tuple of pydicom.Dataset
        The item shared by all frames, and the frame's; a later one wins.

    Returns
    -------
    pydicom.Dataset
        Without functional groups.

    Examples
    --------
    >>> from pydicom import Dataset
    >>> group, echo = Dataset(), Dataset()
    >>> echo.EffectiveEchoTime = 4.6
    >>> group.MREchoSequence = [echo]
    >>> flat_attributes((group,)).EchoTime
    '4.6'
    """
    from pydicom import Dataset  # noqa: PLC0415 - slow to import

    flat, unassigned = Dataset(), Dataset()
    for group in groups:
        for element in group:
            if element.keyword in _UNASSIGNED:
                for item in element.value:
                    unassigned.update(item)
            elif element.keyword == "DerivationImageSequence":
                _add_derivation(flat, element.value)
            elif element.keyword not in _LEFT_OUT:
                _add_group(flat, element)
    flat.update(unassigned)
    return flat


def set_value(dataset: Any, keyword: str, value: Any) -> None:
    """Set an attribute; the data sets that share the element before keep theirs."""
    tag = tag_of(keyword)
    dataset.add_new(tag, dictionary_vr(tag), value)


def _add_group(flat: Any, element: Any) -> None:
    is_opened = element.VR == "SQ" and not element.tag.is_private and len(element.value) == 1
    if not is_opened or element.keyword in _KEPT_WHOLE:
        if element.tag.is_private or element.VR != "SQ" or len(element.value):
            flat.add(element)
        return
    for member in _members(element.value[0]):
        if member.keyword in _LEFT_OUT:
            continue
        if member.keyword == "FrameType" and element.keyword not in _FRAME_TYPES:
            continue
        _add_member(flat, member)


def _members(item: Any) -> Iterator[Any]:
    """Yield the attributes of a group; those of a gradient's sequences, too."""
    for member in item:
        if member.keyword in _OPENED and len(member.value) == 1:
            yield from member.value[0]
        else:
            yield member


def _add_member(flat: Any, member: Any) -> None:
    if member.keyword == "FrameAcquisitionDateTime" and member.value:
        set_value(flat, "AcquisitionDateTime", str(member.value))
    if member.keyword in _PLAIN_NAMES:
        set_value(flat, _PLAIN_NAMES[member.keyword], member.value)
        return
    if member.keyword not in CLASSIC_NAMES:
        flat.add(member)
        return
    for keyword, convert in CLASSIC_NAMES[member.keyword]:
        try:
            values = convert(_values(member))
        except (ValueError, OverflowError):
            continue
        if values:
            set_value(flat, keyword, list(values) if len(values) > 1 else values[0])


def _values(member: Any) -> tuple[Any, ...]:
    if member.is_empty:
        return ()
    if member.VM > 1:
        return tuple(member.value)
    return (member.value,)


def _add_derivation(flat: Any, items: Any) -> None:
    """Add the images that a frame was derived from (PS3.3 section C.7.6.1.1.4)."""
    sources: list[Any] = []
    for item in items:
        sources += item.get("SourceImageSequence", [])
        for keyword in ("DerivationDescription", "DerivationCodeSequence"):
            if keyword in item:
                flat.add(item[keyword])
    if sources:
        set_value(flat, "SourceImageSequence", sources)
