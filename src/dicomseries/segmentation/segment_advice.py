"""Advice on a segmentation."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from dicomseries.segmentation.segment_codes import nearest_type
from dicomseries.segmentation.segments import NO_ALGORITHM, REGION, SPATIAL, Segment
from dicomseries.standard.known_readers import (
    DCM2NIIX,
    DICOM2NIFTI,
    GDCM,
    HIGHDICOM,
    ITK_WASM,
    SIMPLEITK,
    VTK_DICOM,
    listed,
)

__all__ = ["advice_on"]

_MOST_LABELS = 8


def advice_on(
    segments: Sequence[Segment],
    numbers: Sequence[int],
    values: Sequence[int],
    segmentation_type: str,
    typed_by_label: Collection[int] = (),
) -> Iterator[str]:
    """Yield advice on segments as they are written.

    Parameters
    ----------
    segments : sequence of Segment
        Described and other segments.
    numbers : sequence of int
        SegmentNumber of each.
    values : sequence of int
        Labels in the array.
    segmentation_type : {"binary", "labelmap"}
        Form of the pixels.
    typed_by_label : collection of int
        Labels in the array whose type follows from the name of the segment.

    Examples
    --------
    >>> liver = Segment(value=1, label="Liver", algorithm="MANUAL")
    >>> next(advice_on([liver], [1], [1], "binary")).partition(",")[0]
    'Type not stated: label 1'
    """
    yield from _type_advice(segments, typed_by_label)
    without_algorithm = [segment for segment in segments if segment.algorithm is None]
    if without_algorithm:
        yield (
            f"Algorithm not stated: {_label_list(without_algorithm)}, written as AUTOMATIC with "
            f"the name {NO_ALGORITHM!r}. Give "
            '`segments={"default": {"algorithm": "MANUAL"}}`, or another algorithm and its '
            "algorithm_name."
        )
    empty = [segment for segment in segments if segment.value not in set(values)]
    if empty:
        yield f"No voxel has {_label_list(empty)}: the file describes the segment without frames."
    renumbered = []
    for segment, number in zip(segments, numbers, strict=True):
        if segment.value != number:
            renumbered.append(segment)
    if renumbered:
        yield (
            "Renumbered, as SegmentNumber runs 1, 2, 3 … in a binary Segmentation: "
            f"{_label_list(renumbered)}. SegmentDescription keeps the label; "
            "`segmentation_type='labelmap'` keeps it as the number."
        )
    if segmentation_type == "labelmap":
        unable = listed(SIMPLEITK, GDCM, DICOM2NIFTI, ITK_WASM)
        able = listed(HIGHDICOM, DCM2NIIX, VTK_DICOM)
        yield f"{unable} cannot read a label map Segmentation; {able} can."


def _type_advice(segments: Sequence[Segment], typed_by_label: Collection[int]) -> Iterator[str]:
    """Yield advice on the types of segments."""
    coded = [segment for segment in segments if segment.value in typed_by_label]
    if coded:
        types = ", ".join(map(_type_text, coded[:_MOST_LABELS]))
        more = f" … ({len(coded)} in all)" if len(coded) > _MOST_LABELS else ""
        yield (
            f"Type taken from the name: {_word(coded)} {types}{more}. `segments=` can give another "
            "type."
        )
    untyped = [segment for segment in segments if not segment.is_stated]
    if untyped:
        labels = _label_list(untyped)
        yield (
            f"Type not stated: {labels}, written as {SPATIAL} and {REGION}. {_proposal(untyped)}"
        )


def _type_text(segment: Segment) -> str:
    side = "" if segment.modifier is None else f", {segment.modifier.meaning}"
    return f"{_key(segment)} is {segment.type}{side}"


def _proposal(untyped: Sequence[Segment]) -> str:
    """Return how to state a type, with the label and its nearest name."""
    named = [segment for segment in untyped if segment.label != f"Segment {segment.value}"]
    if not named:
        return f'Give names, such as `segments={{{_key_text(untyped[0])}: "Liver"}}`.'
    for segment in named:
        nearest = nearest_type(segment.label)
        if nearest:
            example = _example(segment, f'"{nearest}"')
            return f"Give `segments={example}`, if that is meant."
    code = '["VALUE", "SCHEME", "MEANING"], "category": "Tissue"'
    return f"Give a code and its category, such as `segments={_example(named[0], code)}`."


def _example(segment: Segment, property_type: str) -> str:
    label = segment.label.replace('"', "'").replace("`", "'")
    return f'{{{_key_text(segment)}: {{"label": "{label}", "type": {property_type}}}}}'


def _label_list(segments: Sequence[Segment]) -> str:
    first = ", ".join(str(_key(segment)) for segment in segments[:_MOST_LABELS])
    word = _word(segments)
    if len(segments) == 1:
        return f"{word} {first}"
    if len(segments) > _MOST_LABELS:
        return f"{word}s {first} … ({len(segments)} in all)"
    return f"{word}s {first}"


def _word(segments: Sequence[Segment]) -> str:
    return "label" if segments[0].key is None else "mask"


def _key(segment: Segment) -> str | int:
    return segment.value if segment.key is None else segment.key


def _key_text(segment: Segment) -> str:
    """Return the key in `segments`, as Python."""
    key = _key(segment)
    if isinstance(key, int):
        return str(key)
    return '"' + key.replace('"', "'").replace("`", "'") + '"'
