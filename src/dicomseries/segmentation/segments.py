"""Descriptions of segments, from mappings, lists or TOML.

A segment without a description is written as a region of the image, made by an algorithm that is
not stated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import field, replace
from typing import Any

from dicomseries.errors import MetadataError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.segmentation.dataset_json import is_dataset_json, names_in_dataset_json
from dicomseries.segmentation.segment_codes import Code, category_of, code_of
from dicomseries.sources import HIGHEST_LABEL
from dicomseries.standard.attributes.value_representations import text_fault

__all__ = [
    "NO_ALGORITHM",
    "REGION",
    "SPATIAL",
    "Segment",
    "Segments",
    "parse_segments",
]

SPATIAL = Code("309825002", "SCT", "Spatial and Relational Concept")
REGION = Code("111030", "DCM", "Image Region")
"""Category and type of a segment without a type: neither tissue nor organ."""

NO_ALGORITHM = "not stated"
"""SegmentAlgorithmName of AUTOMATIC without a stated algorithm.

MANUAL would invent a person's judgement, which is worse.
"""

_ALGORITHMS = ("AUTOMATIC", "SEMIAUTOMATIC", "MANUAL")
_DEFAULT = "default"
_TEXT_VRS = {
    "label": "LO",
    "description": "ST",
    "algorithm_name": "LO",
    "tracking_id": "UT",
    "tracking_uid": "UI",
}
_RGB = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One segment.

    Parameters
    ----------
    value : int
        The label in the array, 1 to 65535; 0 for all labels without a record.
    label : str
        SegmentLabel, at most 64 characters.
    description : str
        SegmentDescription; none if empty.
    category, type : Code, optional
        Segmented property category and type (CID 7150 and 7151). A category that follows from the
        type is filled in; without a type the segment is written as a region of the image,
        (111030, DCM).
    algorithm : {"AUTOMATIC", "SEMIAUTOMATIC", "MANUAL"}, optional
        SegmentAlgorithmType; AUTOMATIC is written if it is not stated.
    algorithm_name : str
        Required with AUTOMATIC and SEMIAUTOMATIC, rejected with MANUAL.
    tracking_id, tracking_uid : str
        Identity of the same thing in other studies; the UID is made if only the id is given.
    color : tuple of int, optional
        Recommended colour: red, green, blue, each 0 to 255.
    region : Code, optional
        Anatomic region.
    modifier : Code, optional
        Modifier of the type, such as Left or Right (CID 244).
    region_modifier : Code, optional
        Modifier of the anatomic region, such as Left or Right (CID 244).
    key : str or int, optional
        Name or number of its mask in `segments`; not written. None of a label, which is `value`.

    Raises
    ------
    MetadataError
        For all faults at once.

    Notes
    -----
    PS3.3 section C.8.20.4 (Segment Description macro).

    Examples
    --------
    >>> liver = Segment(value=2, label="Liver", type=Code("10200004", "SCT", "Liver"))
    >>> liver.category.meaning
    'Anatomical Structure'
    """

    value: int
    label: str
    description: str = ""
    category: Code | None = None
    type: Code | None = None
    algorithm: str | None = None
    algorithm_name: str = ""
    tracking_id: str = ""
    tracking_uid: str = ""
    color: tuple[int, int, int] | None = None
    region: Code | None = None
    modifier: Code | None = None
    region_modifier: Code | None = None
    key: str | int | None = None

    def __post_init__(self) -> None:
        if self.type is not None and self.category is None:
            object.__setattr__(self, "category", category_of(self.type))
        faults = [
            *self._text_faults(),
            *self._algorithm_faults(),
            *self._number_faults(),
            *self._type_faults(),
        ]
        if faults:
            raise MetadataError.together(faults)

    @property
    def is_stated(self) -> bool:
        """Whether the user has stated the type."""
        return self.type is not None

    @property
    def written_type(self) -> Code:
        """SegmentedPropertyTypeCodeSequence."""
        return self.type or REGION

    @property
    def written_category(self) -> Code:
        """SegmentedPropertyCategoryCodeSequence."""
        return self.category or SPATIAL

    @property
    def written_algorithm(self) -> str:
        """SegmentAlgorithmType."""
        return self.algorithm or "AUTOMATIC"

    @property
    def written_algorithm_name(self) -> str:
        """SegmentAlgorithmName; empty if not allowed."""
        if self.written_algorithm == "MANUAL":
            return ""
        return self.algorithm_name or NO_ALGORITHM

    def _text_faults(self) -> list[MetadataError]:
        faults = []
        for name, vr in _TEXT_VRS.items():
            text: Any = getattr(self, name)
            expected = text_fault(vr, text) if isinstance(text, str) else "text"
            if name == "label" and text == "":
                expected = "a name"
            if expected:
                faults.append(self._fault(name, text, expected, "Correct the text."))
        return faults

    def _algorithm_faults(self) -> list[MetadataError]:
        if self.algorithm is not None and self.algorithm not in _ALGORITHMS:
            expected = f"one of {', '.join(_ALGORITHMS)}"
            return [self._fault("algorithm", self.algorithm, expected, "Choose one of them.")]
        if self.algorithm == "MANUAL" and self.algorithm_name:
            expected = "none, as the algorithm is MANUAL"
            remedy = "Leave it out, or give SEMIAUTOMATIC."
            return [self._fault("algorithm_name", self.algorithm_name, expected, remedy)]
        if self.algorithm in {"AUTOMATIC", "SEMIAUTOMATIC"} and not self.algorithm_name:
            expected = f"the name of the algorithm, as it is {self.algorithm} (Type 1C)"
            return [self._fault("algorithm_name", None, expected, 'Give it, such as "MyNet 2.1".')]
        return []

    def _number_faults(self) -> list[MetadataError]:
        faults = []
        if not _is_whole(self.value) or not 0 <= self.value <= HIGHEST_LABEL:
            expected = f"a label from 1 to {HIGHEST_LABEL}"
            faults.append(self._fault("value", self.value, expected, "Renumber the labels."))
        if self.tracking_uid and not self.tracking_id:
            expected = "a tracking_id beside tracking_uid"
            faults.append(self._fault("tracking_id", None, expected, "Give both."))
        if self.color is not None and not _is_color(self.color):
            expected = "red, green and blue from 0 to 255"
            remedy = 'Write it as "#ff8000" or [255, 128, 0].'
            faults.append(self._fault("color", self.color, expected, remedy))
        return faults

    def _type_faults(self) -> list[MetadataError]:
        if self.type is not None and self.category is None:
            remedy = 'Give it, such as "Tissue" (CID 7150).'
            return [self._fault("category", None, "a category", remedy)]
        if self.category is not None and self.type is None:
            expected = "a type beside the category"
            return [self._fault("type", None, expected, 'Give it, such as "Liver".')]
        if self.modifier is not None and self.type is None:
            expected = "a type beside the modifier"
            return [self._fault("type", None, expected, 'Give it, such as "Kidney".')]
        if self.region_modifier is not None and self.region is None:
            expected = "a region beside its modifier"
            return [self._fault("region", None, expected, 'Give it, such as "Kidney".')]
        return []

    def _fault(self, name: str, value: Any, expected: str, remedy: str) -> MetadataError:
        return MetadataError(
            code=f"{name.replace('_', '-')}-of-segment",
            where=f"segments[{self.value or _DEFAULT!r}].{name}",
            given="none" if value is None else repr(value),
            expected=expected,
            remedy=remedy,
        )


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_color(color: Any) -> bool:
    if not isinstance(color, tuple) or len(color) != 3:
        return False
    return all(_is_whole(part) and 0 <= part <= 255 for part in color)


@dataclass(frozen=True, slots=True, kw_only=True)
class Segments:
    """Descriptions of all labels.

    Parameters
    ----------
    described : tuple of Segment
        Described segments in the order of their labels, each label once.
    default : Segment
        Description of every other label; its label text is not used.
    names : mapping of int to str
        Names of labels that the input states; used for those that have voxels.

    Examples
    --------
    >>> [segment.label for segment in parse_segments({3: "Spleen"}).of([3, 7])]
    ['Spleen', 'Segment 7']
    """

    described: tuple[Segment, ...] = ()
    default: Segment = field(default_factory=lambda: Segment(value=0, label="(any)"))
    names: Mapping[int, str] = field(default_factory=dict)

    def renumbered(self, values: Mapping[int, int]) -> Segments:
        """Return the described segments with other values; without those that get none.

        Examples
        --------
        >>> segments = parse_segments({3: "Spleen", 4: "Liver"}).renumbered({4: 1})
        >>> [(segment.value, segment.label) for segment in segments.described]
        [(1, 'Liver')]
        """
        described = []
        for segment in self.described:
            if segment.value not in values:
                continue
            label, value = segment.label, values[segment.value]
            if label == f"Segment {segment.value}":
                label = f"Segment {value}"
            described.append(replace(segment, value=value, label=label))
        described.sort(key=lambda segment: segment.value)
        return replace(self, described=tuple(described))

    def of(self, values: Collection[int]) -> tuple[Segment, ...]:
        """Return described and other segments, in label order."""
        segments = {segment.value: segment for segment in self.described}
        for value in values:
            if value not in segments:
                label = self.names.get(value, f"Segment {value}")
                segments[value] = replace(self.default, value=value, label=label)
        return tuple(segments[value] for value in sorted(segments))


def parse_segments(segments: Any) -> Segments:
    """Return the value of ``segments=``, checked.

    Parameters
    ----------
    segments : mapping, sequence of str, Segments or None
        Label → name, or label → mapping with the fields of `Segment` (codes as for `code_of`); the
        key ``"default"`` describes every label. A list names the labels 1, 2, 3 and so on. Labels
        may be text, as in TOML and JSON. Or the content of a ``dataset.json`` of nnU-Net.

    Raises
    ------
    MetadataError
        For all faults at once, each with its place.

    Examples
    --------
    >>> liver = {"label": "Liver", "type": "Liver"}
    >>> segments = parse_segments({"1": liver, "default": {"algorithm": "MANUAL"}})
    >>> [(segment.value, str(segment.type), segment.algorithm) for segment in segments.described]
    [(1, "(10200004, SCT, 'Liver')", 'MANUAL')]
    """
    if isinstance(segments, Segments):
        return segments
    entries = _entries(segments)
    faults: list[MetadataError] = []
    common: dict[str, Any] = {}
    default = Segments().default
    try:
        common = _fields(entries.pop(_DEFAULT, {}), f"segments[{_DEFAULT!r}]")
        common.pop("label", None)
        default = Segment(value=0, label="(any)", **common)
    except MetadataError as error:
        faults += _faults_in(error)
    described: dict[int, Segment] = {}
    for key, entry in entries.items():
        try:
            segment = _segment(key, entry, common)
        except MetadataError as error:
            faults += _faults_in(error)
            continue
        if segment.value in described:
            faults.append(
                _malformed(
                    where=f"segments[{segment.value}]",
                    given="a second time",
                    expected="each label once",
                    remedy="Remove one of the two.",
                )
            )
        described.setdefault(segment.value, segment)
    if faults:
        raise MetadataError.together(faults)
    in_order = tuple(described[value] for value in sorted(described))
    return Segments(described=in_order, default=default)


def _faults_in(error: MetadataError) -> list[MetadataError]:
    return [fault for fault in error.faults if isinstance(fault, MetadataError)]


def _entries(segments: Any) -> dict[Any, Any]:
    if segments is None:
        return {}
    if is_dataset_json(segments):
        return dict(names_in_dataset_json(segments))
    if isinstance(segments, Mapping):
        return dict(segments)
    if isinstance(segments, Sequence) and not isinstance(segments, str | bytes):
        return dict(enumerate(segments, 1))
    raise _malformed(
        where="segments",
        given=repr(segments),
        expected="a mapping from label to name or description",
        remedy='Pass {1: "Liver", 2: "Spleen"}.',
    )


def _segment(key: Any, entry: Any, common: Mapping[str, Any]) -> Segment:
    value = _label_of(key)
    fields = _fields(entry, f"segments[{value}]")
    merged = {"label": f"Segment {value}", **common, **fields, "value": value}
    if fields.get("algorithm") == "MANUAL" and "algorithm_name" not in fields:
        merged.pop("algorithm_name", None)
    return Segment(**merged)


def _label_of(key: Any) -> int:
    text = str(key).strip()
    is_number = text.isascii() and text.isdigit() and not isinstance(key, bool | float)
    value = int(text) if is_number else -1
    if value == 0:
        raise _malformed(
            where="segments[0]",
            given="the label 0",
            expected="labels from 1: 0 belongs to no segment",
            remedy="Leave it out.",
        )
    if not 1 <= value <= HIGHEST_LABEL:
        raise _malformed(
            where=f"segments[{key!r}]",
            given=repr(key),
            expected=f"a label from 1 to {HIGHEST_LABEL}, or 'default'",
            remedy="Write the number in the array.",
        )
    return value


def _fields(entry: Any, where: str) -> dict[str, Any]:
    """Return the converted fields of a segment."""
    if isinstance(entry, str):
        return {"label": entry}
    entry = getattr(entry, "fields", entry)  # a segment that was read
    if not isinstance(entry, Mapping):
        raise _malformed(
            where=where,
            given=repr(entry),
            expected="a name, or a mapping with " + ", ".join(_CONVERSIONS),
            remedy='Write for example {"label": "Liver", "type": "Liver"}.',
        )
    faults: list[MetadataError] = []
    fields: dict[str, Any] = {}
    for key, value in entry.items():
        name = _SYNONYMS.get(key, key)
        if name in _CONVERSIONS:
            try:
                fields[name] = _CONVERSIONS[name](value, f"{where}.{name}")
            except MetadataError as error:
                faults += _faults_in(error)
        else:
            faults.append(
                _malformed(
                    where=f"{where}.{key}",
                    given=repr(value),
                    expected="one of " + ", ".join(_CONVERSIONS),
                    remedy="Correct the name.",
                )
            )
    if faults:
        raise MetadataError.together(faults)
    return fields


def _text(value: Any, where: str) -> Any:  # noqa: ARG001 - signature of conversions
    if isinstance(value, str):
        return value.strip()
    return value


def _term(value: Any, where: str) -> Any:  # noqa: ARG001 - signature of conversions
    if isinstance(value, str):
        return value.strip().upper()
    return value


def _color(value: Any, where: str) -> Any:  # noqa: ARG001 - signature of conversions
    if isinstance(value, str):
        if _RGB.fullmatch(value):
            return tuple(bytes.fromhex(value[1:]))
        return value
    if isinstance(value, Sequence):
        return tuple(value)
    return value


_SYNONYMS = {
    "colour": "color",
    "name": "label",
    "algorithm_type": "algorithm",
    "laterality": "modifier",
}
_CONVERSIONS: dict[str, Callable[[Any, str], Any]] = {
    "label": _text,
    "description": _text,
    "category": code_of,
    "type": code_of,
    "algorithm": _term,
    "algorithm_name": _text,
    "tracking_id": _text,
    "tracking_uid": _text,
    "color": _color,
    "region": code_of,
    "modifier": code_of,
    "region_modifier": code_of,
}
"""Field of a segment → conversion of the user's value, given its place for errors."""


def _malformed(*, where: str, given: str, expected: str, remedy: str) -> MetadataError:
    return MetadataError(
        code="segments-malformed", where=where, given=given, expected=expected, remedy=remedy
    )
