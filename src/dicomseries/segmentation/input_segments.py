"""Descriptions of the segments of masks, by name or number."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import Any

from dicomseries.errors import MetadataError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.segmentation.dataset_json import is_dataset_json, names_in_dataset_json
from dicomseries.segmentation.segment_names import structure_of
from dicomseries.segmentation.segments import Segment, Segments, parse_segments

__all__ = ["InputMask", "InputSegments", "segments_of_masks"]

_BACKGROUND = "background"
_DEFAULT = "default"
_OF_TYPE = ("type", "category", "modifier")
_CODES = (*_OF_TYPE, "region", "region_modifier")
_NUMBER = re.compile(r"segments\[(\d+)\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class InputMask:
    """One mask of an input.

    Parameters
    ----------
    number : int
        Value of its segment, from 1.
    key : int
        Its number for the user: a label, its place from 1, or the index of its channel.
    name : str
        Name of its file or key; empty if it has none.
    fields : mapping
        Fields of its segment that the input states.
    """

    number: int
    key: int
    name: str
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """Its name or number, for messages."""
        return self.name or str(self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSegments:
    """Segments of masks.

    Parameters
    ----------
    segments : Segments
        A description of each mask that is written.
    left_out : frozenset of int
        Numbers of masks that are the background.
    advice : tuple of str
        What is left out without being asked for.
    """

    segments: Segments
    left_out: frozenset[int]
    advice: tuple[str, ...]


def segments_of_masks(
    masks: Sequence[InputMask],
    segments: Any,
    *,
    first_is_optional: bool = False,
    note: str = "",
) -> InputSegments:
    """Return a description of each mask.

    Parameters
    ----------
    masks : sequence of InputMask
        In order.
    segments : mapping, sequence or None
        As for `parse_segments`, with names of masks or their keys; a list has an entry for each
        mask. None and "background" leave a mask out.
    first_is_optional : bool
        Whether the first mask is the background if others are described and it is not.
    note : str
        Added to each SegmentDescription.

    Raises
    ------
    MetadataError
        If a description is wrong or names no mask.

    Examples
    --------
    >>> masks = [InputMask(number=1, key=0, name=""), InputMask(number=2, key=1, name="")]
    >>> chosen = segments_of_masks(masks, {1: "Liver"}, first_is_optional=True)
    >>> [(segment.value, segment.label) for segment in chosen.segments.described], chosen.left_out
    ([(2, 'Liver')], frozenset({1}))
    """
    default, entries = _entries(masks, segments)
    left_out = {mask.number for mask in masks if _is_background(entries.get(mask.number, {}))}
    advice: list[str] = []
    for mask, text in _unasked(masks, entries, first_is_optional=first_is_optional):
        left_out.add(mask.number)
        advice.append(text)
    fields: dict[Any, Any] = {} if default is None else {_DEFAULT: default}
    for mask in masks:
        if mask.number not in left_out:
            fields[mask.number] = _fields(mask, entries.get(mask.number, {}))
    try:
        parsed = parse_segments(fields)
    except MetadataError as error:
        raise _with_keys(error, masks) from None
    keys = {mask.number: mask.name or mask.key for mask in masks}
    described = tuple(
        replace(_noted(segment, note), key=keys[segment.value]) for segment in parsed.described
    )
    return InputSegments(
        segments=replace(parsed, described=described),
        left_out=frozenset(left_out),
        advice=tuple(advice),
    )


def _unasked(
    masks: Sequence[InputMask], entries: Mapping[int, Any], *, first_is_optional: bool
) -> Iterator[tuple[InputMask, str]]:
    """Yield masks that are the background although nobody says so, and the advice."""
    for mask in masks:
        if mask.number not in entries and mask.name.casefold() == _BACKGROUND:
            yield mask, f"The mask {mask.name!r} is left out: the background is no segment."
    first = masks[0]
    if first_is_optional and entries and first.number not in entries:
        text = (
            f"Channel {first.key} is left out as background, as `segments=` describes others and "
            "not it."
        )
        yield first, text


def _entries(masks: Sequence[InputMask], segments: Any) -> tuple[Any, dict[int, Any]]:
    """Return the default, and descriptions by number of mask."""
    if segments is None:
        return None, {}
    if is_dataset_json(segments):
        segments = names_in_dataset_json(segments)
    if not isinstance(segments, Mapping):
        if len(segments) != len(masks):
            raise _malformed(
                where="segments",
                given=f"{len(segments)} names for {len(masks)} masks",
                expected="a name for each mask; 'background' or None leaves one out",
                remedy=f"Give {len(masks)} names, or a mapping such as {{1: 'Liver'}}.",
            )
        return None, {mask.number: entry for mask, entry in zip(masks, segments, strict=True)}
    default: Any = None
    entries: dict[int, Any] = {}
    for key, entry in segments.items():
        if key == _DEFAULT:
            default = entry
            continue
        number = _number_of(key, masks)
        if number in entries:
            raise _malformed(
                where=f"segments[{key!r}]",
                given="a second description of one mask",
                expected="each mask once",
                remedy="Remove one of the two.",
            )
        entries[number] = entry
    return default, entries


def _number_of(key: Any, masks: Sequence[InputMask]) -> int:
    """Return the number of the mask with a name or key."""
    text = str(key).strip()
    for mask in masks:
        if mask.name and mask.name == text:
            return mask.number
    for mask in masks:
        if text == str(mask.key):
            return mask.number
    folded = [mask for mask in masks if mask.name and mask.name.casefold() == text.casefold()]
    if len(folded) == 1:
        return folded[0].number
    raise _malformed(
        where=f"segments[{key!r}]",
        given=repr(key),
        expected=f"one of the masks: {_listed(masks)}",
        remedy="Correct the name or number, or leave it out.",
    )


def _listed(masks: Sequence[InputMask]) -> str:
    names = ", ".join(mask.words for mask in masks[:12])
    return f"{names} …" if len(masks) > 12 else names


def _is_background(entry: Any) -> bool:
    if isinstance(entry, Mapping):
        entry = entry.get("label", entry.get("name", ""))
    return entry is None or (isinstance(entry, str) and entry.strip().casefold() == _BACKGROUND)


def _fields(mask: InputMask, entry: Any) -> Any:
    """Return the fields of the user, completed by those of the mask."""
    known: dict[str, Any] = {"label": mask.name} if mask.name else {}
    known |= mask.fields
    if isinstance(entry, str):
        entry = {"label": entry}
    entry = getattr(entry, "fields", entry)  # a segment that was read
    if not isinstance(entry, Mapping):
        return entry  # rejected by `parse_segments`
    if "type" not in known:
        known |= _codes_of_name(mask.name, entry.get("label", entry.get("name", "")))
    if "type" in entry:
        known = {key: value for key, value in known.items() if key not in _OF_TYPE}
    if "region" in entry:
        known.pop("region_modifier", None)
    for synonym, name in (("name", "label"), ("colour", "color"), ("laterality", "modifier")):
        if synonym in entry:
            known.pop(name, None)
    return {**known, **entry}


def _codes_of_name(name: str, label: Any) -> dict[str, Any]:
    """Return the codes of a mask's name, if it gets a label that is no known name."""
    if not label or not isinstance(label, str) or structure_of(label) is not None:
        return {}
    structure = structure_of(name)
    if structure is None:
        return {}
    codes = {key: getattr(structure, key) for key in _CODES}
    return {key: code for key, code in codes.items() if code is not None}


def _noted(segment: Segment, note: str) -> Segment:
    if not note:
        return segment
    description = f"{segment.description} ({note})" if segment.description else note
    return replace(segment, description=description)


def _with_keys(error: MetadataError, masks: Sequence[InputMask]) -> MetadataError:
    """Return the error with masks as the user names them."""
    keys = {str(mask.number): mask.name or mask.key for mask in masks}
    faults = []
    for fault in error.faults:
        where = _NUMBER.sub(
            lambda found: f"segments[{keys.get(found[1], found[1])!r}]", fault.where
        )
        faults.append(
            MetadataError(
                code=fault.code,
                where=where,
                given=fault.given,
                expected=fault.expected,
                remedy=fault.remedy,
            )
        )
    return MetadataError.together(faults)


def _malformed(*, where: str, given: str, expected: str, remedy: str) -> MetadataError:
    return MetadataError(
        code="segments-malformed", where=where, given=given, expected=expected, remedy=remedy
    )
