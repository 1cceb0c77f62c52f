"""Segments of a segmentation as its SegmentSequence describes them (PS3.3 C.8.20.2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from dicomseries.errors import OptionError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.reading.parse.functional_groups import as_numbers
from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.parse.parser import Element, ParseError, items_of
from dicomseries.reading.parse.to_python import Decoding, plain_value
from dicomseries.short_repr import short_text
from dicomseries.standard.attributes.attribute import tag_of
from dicomseries.standard.attributes.cielab import rgb_of_cielab

__all__ = ["CodedConcept", "SegmentDescription", "segment_number", "segments_of"]

_MOST_NAMES = 20
"""Segments that a message names."""

_ALGORITHMS = frozenset({"AUTOMATIC", "SEMIAUTOMATIC"})
_UNSTATED_NAMES = frozenset({"", "not stated"})
_TYPE = "SegmentedPropertyTypeCodeSequence"
_REGION = ("111030", "DCM")
"""Type of a segment without a stated one."""

Item = Mapping[int, Element]


@dataclass(frozen=True, slots=True)
class CodedConcept:
    """A code of a vocabulary.

    Parameters
    ----------
    value, scheme, meaning : str
        CodeValue (or a long or URN one), CodingSchemeDesignator, CodeMeaning.

    Examples
    --------
    >>> CodedConcept("10200004", "SCT", "Liver")
    Liver (10200004, SCT)
    """

    value: str
    scheme: str
    meaning: str

    def __str__(self) -> str:
        return f"{self.meaning} ({self.value}, {self.scheme})"

    def __repr__(self) -> str:
        return short_text(str(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentDescription:
    """A segment as its file describes it.

    The names are those of ``write(segments=)``.

    Parameters
    ----------
    number : int
        SegmentNumber; the value of its voxels in a label map.
    label, description : str
        SegmentLabel and SegmentDescription; "" if absent.
    category, type, region : CodedConcept, optional
        Segmented property category and type, and anatomic region.
    modifier, region_modifier : CodedConcept, optional
        Modifiers of type and region, such as Left.
    algorithm, algorithm_name : str
        SegmentAlgorithmType and SegmentAlgorithmName; "" if absent.
    color : tuple of int, optional
        RecommendedDisplayCIELabValue as red, green and blue (sRGB), 0 to 255.
    tracking_id, tracking_uid : str
        TrackingID and TrackingUID; "" if absent.

    Examples
    --------
    >>> SegmentDescription(number=1, label="Liver", type=CodedConcept("10200004", "SCT", "Liver"))
    Segment 1 "Liver": Liver (10200004, SCT)
    """

    number: int
    label: str = ""
    description: str = ""
    category: CodedConcept | None = None
    type: CodedConcept | None = None
    region: CodedConcept | None = None
    algorithm: str = ""
    algorithm_name: str = ""
    color: tuple[int, int, int] | None = None
    tracking_id: str = ""
    tracking_uid: str = ""
    modifier: CodedConcept | None = None
    region_modifier: CodedConcept | None = None

    @property
    def fields(self) -> dict[str, Any]:
        """What is stated, as `write` takes it in `segments`."""
        fields: dict[str, Any] = {}
        for name in ("label", "description", "color", "tracking_id"):
            if getattr(self, name):
                fields[name] = getattr(self, name)
        if self.tracking_id and self.tracking_uid:
            fields["tracking_uid"] = self.tracking_uid
        return {**fields, **self._algorithm_fields(), **self._codes()}

    def _algorithm_fields(self) -> dict[str, str]:
        if self.algorithm == "MANUAL":
            return {"algorithm": self.algorithm}
        if self.algorithm not in _ALGORITHMS or self.algorithm_name in _UNSTATED_NAMES:
            return {}
        return {"algorithm": self.algorithm, "algorithm_name": self.algorithm_name}

    def _codes(self) -> dict[str, tuple[str, str, str]]:
        codes: dict[str, CodedConcept | None] = {}
        if self.type and self.category and (self.type.value, self.type.scheme) != _REGION:
            codes |= {"type": self.type, "category": self.category, "modifier": self.modifier}
        if self.region:
            codes |= {"region": self.region, "region_modifier": self.region_modifier}
        return {name: _parts(code) for name, code in codes.items() if code is not None}

    def __repr__(self) -> str:
        text = f'Segment {self.number} "{self.label}"'
        if self.type is not None:
            text += f": {self.type}"
        return short_text(text)


def _parts(code: CodedConcept) -> tuple[str, str, str]:
    return code.value, code.scheme, code.meaning


def segments_of(
    instance: Instance, referenced: Iterable[int] = ()
) -> dict[int, SegmentDescription]:
    """Return the segments of a file by number.

    Parameters
    ----------
    instance : Instance
        Any file; one without SegmentSequence has none.
    referenced : iterable of int
        Numbers in the frames; those without an item have no label.

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> segments_of(read_instance(get_testdata_file("CT_small.dcm")))
    {}
    """
    segments = {number: SegmentDescription(number=number) for number in referenced}
    decoding = instance.decoding()
    for item in instance.sequence("SegmentSequence"):
        reader = _ItemReader(item, decoding)
        numbers = reader.numbers("SegmentNumber")
        if numbers:
            segments[int(numbers[0])] = reader.description(int(numbers[0]))
    return dict(sorted(segments.items()))


def segment_number(segments: Mapping[int, SegmentDescription], segment: int | str) -> int:
    """Return the number of one segment.

    Parameters
    ----------
    segments : mapping of int to SegmentDescription
        By number.
    segment : int or str
        SegmentNumber or SegmentLabel.

    Raises
    ------
    OptionError
        If there is no such segment, or several have this label.

    Examples
    --------
    >>> segment_number({3: SegmentDescription(number=3, label="Liver")}, "Liver")
    3
    """
    numbers = []
    for number, description in segments.items():
        if not isinstance(segment, bool) and segment in {number, description.label}:
            numbers.append(number)
    if len(numbers) == 1:
        return numbers[0]
    code, remedy = "segment-unknown", "Give the number or the label of one of them."
    labels = [description.label for description in segments.values()]
    similar = get_close_matches(str(segment), labels, 1)
    if similar:
        remedy = f"Did you mean {similar[0]!r}?"
    if numbers:
        code, remedy = "segment-ambiguous", f"Give the number: {' or '.join(map(str, numbers))}."
    raise OptionError(
        code=code,
        where="segment",
        given=f"{segment!r} of {_names(segments)}",
        expected="the number or the label of one segment",
        remedy=remedy,
    )


def _names(segments: Mapping[int, SegmentDescription]) -> str:
    if not segments:
        return "a series without segments"
    names = [f"{number} {each.label!r}" for number, each in segments.items()]
    text = ", ".join(names[:_MOST_NAMES])
    if len(names) > _MOST_NAMES:
        text += f" and {len(names) - _MOST_NAMES} more"
    return text


@dataclass(frozen=True, slots=True, eq=False)
class _ItemReader:
    """Reads values of one item."""

    item: Item
    decoding: Decoding

    def description(self, number: int) -> SegmentDescription:
        cielab = list(map(int, self.numbers("RecommendedDisplayCIELabValue")))
        return SegmentDescription(
            number=number,
            label=self.text("SegmentLabel"),
            description=self.text("SegmentDescription"),
            category=self.code("SegmentedPropertyCategoryCodeSequence"),
            type=self.code(_TYPE),
            region=self.code("AnatomicRegionSequence"),
            algorithm=self.text("SegmentAlgorithmType"),
            algorithm_name=self.text("SegmentAlgorithmName"),
            color=rgb_of_cielab(cielab) if len(cielab) == 3 else None,
            tracking_id=self.text("TrackingID"),
            tracking_uid=self.text("TrackingUID"),
            modifier=self.code(_TYPE, "SegmentedPropertyTypeModifierCodeSequence"),
            region_modifier=self.code("AnatomicRegionSequence", "AnatomicRegionModifierSequence"),
        )

    def numbers(self, keyword: str) -> tuple[float, ...]:
        element = self.item.get(tag_of(keyword))
        return () if element is None else as_numbers("US", element.raw, self.decoding.order)

    def text(self, keyword: str) -> str:
        tag = tag_of(keyword)
        if tag not in self.item:
            return ""
        value: Any = plain_value(tag, self.item[tag], self.decoding)
        return value if isinstance(value, str) else str(value or "")

    def item_of(self, keyword: str) -> _ItemReader | None:
        """Return the first item of a sequence."""
        element = self.item.get(tag_of(keyword))
        if element is None:
            return None
        try:
            items = items_of(element, self.decoding.order)
        except ParseError:
            return None
        return _ItemReader(items[0], self.decoding) if items else None

    def code(self, *keywords: str) -> CodedConcept | None:
        """Return the code in a sequence, or in one inside of it."""
        code: _ItemReader | None = self
        for keyword in keywords:
            if code is not None:
                code = code.item_of(keyword)
        if code is None:
            return None
        values = list(map(code.text, ("CodeValue", "LongCodeValue", "URNCodeValue")))
        return CodedConcept(
            value=next(filter(None, values), ""),
            scheme=code.text("CodingSchemeDesignator"),
            meaning=code.text("CodeMeaning"),
        )
