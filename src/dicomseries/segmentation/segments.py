"""What each label of an array means: one record a segment, from a mapping, a list of names or a TOML file.

What nobody has said is written as that: a region of the image, made by an algorithm that is not stated.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dicomseries.errors import MetadataError
from dicomseries.segmentation.segment_codes import Code, category_of, code_of
from dicomseries.standard.value_representations import text_fault

__all__ = [
    "HIGHEST_LABEL",
    "NO_ALGORITHM",
    "REGION",
    "SPATIAL",
    "Segment",
    "Segments",
    "parse_segments",
]

HIGHEST_LABEL = 65535
"""SegmentNumber (0062,0004) and the pixels of a label map are unsigned 16-bit numbers."""

SPATIAL = Code("309825002", "SCT", "Spatial and Relational Concept")
REGION = Code("111030", "DCM", "Image Region")
"""Category and type of a segment of which nothing is said: some region of the image, neither tissue nor organ."""

NO_ALGORITHM = "not stated"
"""SegmentAlgorithmName where AUTOMATIC stands because nobody said how the labels came about.

MANUAL would claim a person's judgement, which is the worse thing to invent.
"""

ALGORITHMS = ("AUTOMATIC", "SEMIAUTOMATIC", "MANUAL")
_DEFAULT = "default"
_TEXTS = {
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
        The label in the array, 1 to 65535; 0 stands for every label that has no record of its own.
    label : str
        SegmentLabel, at most 64 characters.
    description : str
        SegmentDescription; none if empty.
    category, type : Code, optional
        Segmented property category and type (CID 7150 and 7151). A category that follows from the type is filled in;
        without a type the segment is written as a region of the image, (111030, DCM).
    algorithm : {"AUTOMATIC", "SEMIAUTOMATIC", "MANUAL"}, optional
        How the segment was made; AUTOMATIC is written if it is not stated.
    algorithm_name : str
        Demanded with AUTOMATIC and SEMIAUTOMATIC, refused with MANUAL.
    tracking_id, tracking_uid : str
        Name the same thing in other studies; the UID is made if only the id is given.
    color : tuple of int, optional
        Recommended colour: red, green, blue, each 0 to 255.
    region : Code, optional
        Anatomic region.

    Raises
    ------
    MetadataError
        For every fault at once.

    Notes
    -----
    PS3.3 section C.8.20.4 (Segment Description macro).

    Examples
    --------
    >>> Segment(value=2, label="Liver", type=Code("10200004", "SCT", "Liver")).category.meaning
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

    def __post_init__(self) -> None:
        faults = [*self._text_faults(), *self._algorithm_faults(), *self._other_faults()]
        if self.type is not None and self.category is None:
            object.__setattr__(self, "category", category_of(self.type))
            if self.category is None:
                faults.append(
                    self._fault(
                        "category", None, "a category", 'Give it, such as "Tissue" (CID 7150).'
                    )
                )
        if self.category is not None and self.type is None:
            faults.append(
                self._fault("type", None, "a type beside the category", 'Give it, such as "Liver".')
            )
        if faults:
            raise MetadataError.together(faults)

    @property
    def is_stated(self) -> bool:
        """Whether the user has said what the segment is."""
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
        """SegmentAlgorithmName; empty if it must not be there."""
        return "" if self.written_algorithm == "MANUAL" else self.algorithm_name or NO_ALGORITHM

    def _text_faults(self) -> list[MetadataError]:
        faults = []
        for name, vr in _TEXTS.items():
            text: Any = getattr(self, name)
            expected = text_fault(vr, text) if isinstance(text, str) else "text"
            if name == "label" and text == "":
                expected = "a name"
            if expected:
                faults.append(self._fault(name, text, expected, "Correct the text."))
        return faults

    def _algorithm_faults(self) -> list[MetadataError]:
        if self.algorithm is not None and self.algorithm not in ALGORITHMS:
            return [
                self._fault(
                    "algorithm",
                    self.algorithm,
                    f"one of {', '.join(ALGORITHMS)}",
                    "Choose one of them.",
                )
            ]
        if self.algorithm == "MANUAL" and self.algorithm_name:
            remedy = "Leave it out, or say SEMIAUTOMATIC."
            return [
                self._fault(
                    "algorithm_name",
                    self.algorithm_name,
                    "none, as the algorithm is MANUAL",
                    remedy,
                )
            ]
        if self.algorithm in {"AUTOMATIC", "SEMIAUTOMATIC"} and not self.algorithm_name:
            expected = f"the name of the algorithm, as it is {self.algorithm} (Type 1C)"
            return [self._fault("algorithm_name", None, expected, 'Give it, such as "MyNet 2.1".')]
        return []

    def _other_faults(self) -> list[MetadataError]:
        faults = []
        if not _whole(self.value) or not 0 <= self.value <= HIGHEST_LABEL:
            faults.append(
                self._fault(
                    "value",
                    self.value,
                    f"a label from 1 to {HIGHEST_LABEL}",
                    "Renumber the labels.",
                )
            )
        if self.tracking_uid and not self.tracking_id:
            faults.append(
                self._fault("tracking_id", None, "a tracking_id beside tracking_uid", "Give both.")
            )
        if self.color is not None and not _is_color(self.color):
            remedy = 'Write it as "#ff8000" or [255, 128, 0].'
            faults.append(
                self._fault("color", self.color, "red, green and blue from 0 to 255", remedy)
            )
        return faults

    def _fault(self, name: str, given: Any, expected: str, remedy: str) -> MetadataError:
        return MetadataError(
            code=f"{name.replace('_', '-')}-of-segment",
            where=f"segments[{self.value or _DEFAULT!r}].{name}",
            given="none" if given is None else repr(given),
            expected=expected,
            remedy=remedy,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Segments:
    """What the user says of all labels.

    Parameters
    ----------
    described : tuple of Segment
        In the order of their labels, each label once.
    default : Segment
        What holds for every other label; its own label text is not used.

    Examples
    --------
    >>> [one.label for one in parse_segments({3: "Spleen"}).of([3, 7])]
    ['Spleen', 'Segment 7']
    """

    described: tuple[Segment, ...] = ()
    default: Segment = field(default_factory=lambda: Segment(value=0, label="(any)"))

    def of(self, values: Collection[int]) -> tuple[Segment, ...]:
        """Return the segments of an array with these labels, described ones without voxels too, in label order."""
        known = {one.value: one for one in self.described}
        others = (value for value in values if value not in known)
        found = [replace(self.default, value=value, label=f"Segment {value}") for value in others]
        return tuple(sorted([*self.described, *found], key=lambda one: one.value))


def parse_segments(given: Any) -> Segments:
    """Return what a user may pass as ``segments=``, checked.

    Parameters
    ----------
    given : mapping, sequence of str, Segments or None
        Label → name, or label → mapping with the fields of `Segment` (codes as `code_of` takes them); the key
        ``"default"`` holds what is said of every label. A list names the labels 1, 2, 3 and so on. TOML and JSON
        have labels as text, which is understood.

    Raises
    ------
    MetadataError
        All faults at once, each with its place.

    Examples
    --------
    >>> segments = parse_segments({"1": {"label": "Liver", "type": "Liver"}, "default": {"algorithm": "MANUAL"}})
    >>> [(one.value, one.label, str(one.type), one.algorithm) for one in segments.described]
    [(1, 'Liver', "(10200004, SCT, 'Liver')", 'MANUAL')]
    """
    if isinstance(given, Segments):
        return given
    entries = _entries(given)
    faults: list[MetadataError] = []
    common = (
        _collected(lambda: _fields(entries.pop(_DEFAULT, {}), f"segments[{_DEFAULT!r}]"), faults)
        or {}
    )
    common.pop("label", None)
    default = (
        _collected(lambda: Segment(value=0, label="(any)", **common), faults) or Segments().default
    )
    described: dict[int, Segment] = {}
    for key, entry in entries.items():
        own = _collected(lambda key=key, entry=entry: _segment(key, entry, common), faults)
        if own is not None and own.value in described:
            faults.append(
                _wrong(
                    where=f"segments[{own.value}]",
                    given="a second time",
                    expected="each label once",
                    remedy="Remove one of the two.",
                )
            )
        elif own is not None:
            described[own.value] = own
    if faults:
        raise MetadataError.together(faults)
    return Segments(
        described=tuple(described[value] for value in sorted(described)), default=default
    )


def _collected(make: Any, faults: list[MetadataError]) -> Any:
    """Return what `make` makes; None and its faults if it cannot."""
    try:
        return make()
    except MetadataError as error:
        faults += [fault for fault in error.faults if isinstance(fault, MetadataError)]
        return None


def _entries(given: Any) -> dict[Any, Any]:
    if given is None:
        return {}
    if isinstance(given, Mapping):
        return dict(given)
    if isinstance(given, Sequence) and not isinstance(given, str | bytes):
        return dict(enumerate(given, 1))
    raise _wrong(
        where="segments",
        given=repr(given),
        expected="a mapping from label to name or description",
        remedy='Pass {1: "Liver", 2: "Spleen"}.',
    )


def _segment(key: Any, entry: Any, common: Mapping[str, Any]) -> Segment:
    value = _label_of(key)
    fields = _fields(entry, f"segments[{value}]")
    merged = {**common, **fields}
    if fields.get("algorithm") == "MANUAL" and "algorithm_name" not in fields:
        merged.pop("algorithm_name", None)
    return Segment(**{"label": f"Segment {value}", **merged, "value": value})


def _label_of(key: Any) -> int:
    text = str(key).strip()
    value = (
        int(text) if not isinstance(key, bool | float) and text.isascii() and text.isdigit() else -1
    )
    if value == 0:
        raise _wrong(
            where="segments[0]",
            given="the label 0",
            expected="labels from 1: 0 is what belongs to no segment",
            remedy="Leave it out.",
        )
    if not 1 <= value <= HIGHEST_LABEL:
        raise _wrong(
            where=f"segments[{key!r}]",
            given=repr(key),
            expected=f"a label from 1 to {HIGHEST_LABEL}, or 'default'",
            remedy="Write the number that stands in the array.",
        )
    return value


def _fields(entry: Any, where: str) -> dict[str, Any]:
    if isinstance(entry, str):
        return {"label": entry}
    if not isinstance(entry, Mapping):
        raise _wrong(
            where=where,
            given=repr(entry),
            expected="a name, or a mapping with " + ", ".join(_CONVERT),
            remedy='Write for example {"label": "Liver", "type": "Liver"}.',
        )
    faults: list[MetadataError] = []
    found: dict[str, Any] = {}
    for key, value in entry.items():
        name = _SYNONYMS.get(key, key)
        if name not in _CONVERT:
            expected = "one of " + ", ".join(_CONVERT)
            faults.append(
                _wrong(
                    where=f"{where}.{key}",
                    given=repr(value),
                    expected=expected,
                    remedy="Correct the name.",
                )
            )
            continue
        found[name] = _collected(
            lambda name=name, value=value: _CONVERT[name](value, f"{where}.{name}"), faults
        )
    if faults:
        raise MetadataError.together(faults)
    return found


def _as_is(value: Any, where: str) -> Any:  # noqa: ARG001 - one form for all conversions
    return value.strip() if isinstance(value, str) else value


def _upper(value: Any, where: str) -> Any:  # noqa: ARG001 - as above
    return value.strip().upper() if isinstance(value, str) else value


def _color(value: Any, where: str) -> Any:  # noqa: ARG001 - as above
    if isinstance(value, str) and _RGB.fullmatch(value):
        return tuple(bytes.fromhex(value[1:]))
    return tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else value


_SYNONYMS = {"colour": "color", "name": "label", "algorithm_type": "algorithm"}
_CONVERT = {
    "label": _as_is,
    "description": _as_is,
    "category": code_of,
    "type": code_of,
    "algorithm": _upper,
    "algorithm_name": _as_is,
    "tracking_id": _as_is,
    "tracking_uid": _as_is,
    "color": _color,
    "region": code_of,
}
"""Field of a description → how what a user writes becomes its value."""


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_color(color: Any) -> bool:
    return (
        isinstance(color, tuple)
        and len(color) == 3
        and all(_whole(part) and 0 <= part <= 255 for part in color)
    )


def _wrong(*, where: str, given: str, expected: str, remedy: str) -> MetadataError:
    return MetadataError(
        code="segments-malformed", where=where, given=given, expected=expected, remedy=remedy
    )
