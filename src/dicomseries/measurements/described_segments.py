"""Segments of a Segmentation as their file describes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dicomseries.errors import ReadError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.reading import CodedConcept, Instance

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = [
    "BodySite",
    "DescribedSegment",
    "concept_in",
    "described_segments",
    "referenced_images",
    "referenced_series",
]

_ANATOMY = "91723000"
"""Code of the category Anatomical Structure (PS3.16, CID 7150): such a type is a place, too."""
_LATERALITY = frozenset({"7771000", "24028007", "51440002", "399488007", "66459002"})
"""Left, right, both sides, midline, one side (PS3.16, CID 244)."""


@dataclass(frozen=True, slots=True)
class BodySite:
    """A place in the body, with its side if stated."""

    region: CodedConcept
    laterality: CodedConcept | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedSegment:
    """One segment, as its Segmentation describes it.

    Parameters
    ----------
    number : int
        SegmentNumber.
    label : str
        SegmentLabel.
    category, type : CodedConcept, optional
        Segmented property; None if the file lacks them.
    sites : tuple of BodySite
        Anatomic regions; of an anatomical structure without them, the structure itself.
    tracking_id, tracking_uid : str
        Identity of the same thing in other objects; may be empty.

    Notes
    -----
    PS3.3 section C.8.20.4 (Segment Description macro).

    Examples
    --------
    >>> DescribedSegment(number=1, label="Liver").identifier
    'Liver'
    """

    number: int
    label: str
    category: CodedConcept | None = None
    type: CodedConcept | None = None
    sites: tuple[BodySite, ...] = ()
    tracking_id: str = ""
    tracking_uid: str = ""

    @property
    def identifier(self) -> str:
        """Tracking identifier: the stated one, else the label."""
        return self.tracking_id or self.label or f"Segment {self.number}"


def described_segments(instance: Instance) -> dict[int, DescribedSegment]:
    """Return the segments of a file by number, without background.

    Raises
    ------
    ReadError
        If SegmentSequence is damaged.
    """
    items = instance.value("SegmentSequence") or ()
    segments: dict[int, DescribedSegment] = {}
    try:
        for item in items:
            segment = _segment(item)
            if segment.number > 0:  # 0 is the background of a label map (C.8.20.2)
                segments[segment.number] = segment
    except Exception as error:  # pydicom raises anything for damaged values
        raise ReadError(
            code="file-damaged",
            where=instance.path,
            given=f"SegmentSequence: {error}",
            expected="a description of each segment",
            remedy="Export the Segmentation again.",
        ) from error
    return segments


def referenced_series(instance: Instance) -> tuple[str, ...]:
    """Return SeriesInstanceUIDs that a Segmentation refers to (PS3.3 C.12.2)."""
    uids: list[str] = []
    for item in instance.value("ReferencedSeriesSequence") or ():
        uids.append(str(item.get("SeriesInstanceUID", "")))
    return tuple(uid for uid in uids if uid)


def referenced_images(instance: Instance) -> frozenset[str]:
    """Return SOPInstanceUIDs of the images that frames come from (PS3.3 C.7.6.16.2.6)."""
    uids: set[str] = set()
    for keyword in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        for frame in instance.value(keyword) or ():
            for derivation in frame.get("DerivationImageSequence") or ():
                for image in derivation.get("SourceImageSequence") or ():
                    uids.add(str(image.get("ReferencedSOPInstanceUID", "")))
    return frozenset(uids - {""})


def _segment(item: Dataset) -> DescribedSegment:
    category = concept_in(item, "SegmentedPropertyCategoryCodeSequence")
    kind = concept_in(item, "SegmentedPropertyTypeCodeSequence")
    sites = tuple(_sites(item, "AnatomicRegionSequence", "AnatomicRegionModifierSequence"))
    if not sites and kind is not None and category is not None and category.value == _ANATOMY:
        side = _laterality(item.get("SegmentedPropertyTypeCodeSequence"))
        sites = (BodySite(kind, side),)
    return DescribedSegment(
        number=int(item.SegmentNumber),
        label=str(item.get("SegmentLabel", "")).strip(),
        category=category,
        type=kind,
        sites=sites,
        tracking_id=str(item.get("TrackingID", "")).strip(),
        tracking_uid=str(item.get("TrackingUID", "")),
    )


def _sites(item: Dataset, keyword: str, modifiers: str) -> Iterator[BodySite]:
    for region in item.get(keyword) or ():
        concept = _concept(region)
        if concept is not None:
            side = None
            for modifier in region.get(modifiers) or ():
                side = side or _side(modifier)
            yield BodySite(concept, side)


def _laterality(types: Any) -> CodedConcept | None:
    """Return the side among the modifiers of a property type."""
    for kind in types or ():
        for modifier in kind.get("SegmentedPropertyTypeModifierCodeSequence") or ():
            side = _side(modifier)
            if side is not None:
                return side
    return None


def _side(modifier: Dataset) -> CodedConcept | None:
    concept = _concept(modifier)
    if concept is not None and concept.value in _LATERALITY:
        return concept
    return None


def concept_in(item: Dataset, keyword: str) -> CodedConcept | None:
    """Return the first code of a sequence in a data set; None without one."""
    for code in item.get(keyword) or ():
        return _concept(code)
    return None


def _concept(code: Mapping[str, Any] | Dataset) -> CodedConcept | None:
    value = ""
    for keyword in ("CodeValue", "LongCodeValue", "URNCodeValue"):
        value = value or str(code.get(keyword) or "").strip()
    meaning = str(code.get("CodeMeaning") or "").strip()
    if not value:
        return None
    return CodedConcept(
        value, str(code.get("CodingSchemeDesignator") or "").strip(), meaning or value
    )
