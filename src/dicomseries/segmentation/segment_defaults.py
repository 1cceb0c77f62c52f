"""What a segment takes from its name and from the stated model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from dicomseries.segmentation.segment_colors import distinct_colors
from dicomseries.segmentation.segment_names import structure_of
from dicomseries.segmentation.segments import Segment

__all__ = ["with_defaults"]


def with_defaults(segments: Iterable[Segment], algorithm_name: str = "") -> tuple[Segment, ...]:
    """Return segments with codes of their names, the model and colours.

    Parameters
    ----------
    segments : iterable of Segment
        A segment without a type gets type, category, side and region of its label, if that is the
        name of a structure. One without a colour gets the usual one of its structure, or another
        that is distinct from those of all other segments.
    algorithm_name : str
        Name of the model that made the labels; empty if not stated. A segment without an algorithm
        then is AUTOMATIC with this name.

    Examples
    --------
    >>> liver, other = with_defaults([Segment(value=1, label="Liver"), Segment(value=2, label="X")])
    >>> print(liver.type, other.type)
    (10200004, SCT, 'Liver') None
    """
    completed = []
    for segment in segments:
        typed = segment
        if segment.type is None:
            typed = _with_codes(segment)
        if segment.algorithm is None and algorithm_name:
            name = segment.algorithm_name or algorithm_name
            typed = replace(typed, algorithm="AUTOMATIC", algorithm_name=name)
        completed.append(typed)
    return _with_colors(completed)


def _with_codes(segment: Segment) -> Segment:
    structure = structure_of(segment.label)
    if structure is None:
        return segment
    region, region_modifier = structure.region, structure.region_modifier
    if segment.region is not None:
        region, region_modifier = segment.region, segment.region_modifier
    return replace(
        segment,
        type=structure.type,
        category=structure.category,
        modifier=structure.modifier,
        region=region,
        region_modifier=region_modifier,
    )


def _with_colors(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    taken = [segment.color for segment in segments if segment.color is not None]
    without = [segment for segment in segments if segment.color is None]
    wanted = []
    for segment in without:
        structure = structure_of(segment.label)
        wanted.append(None if structure is None else structure.color)
    colors = iter(distinct_colors(wanted, taken))
    colored = []
    for segment in segments:
        if segment.color is None:
            colored.append(replace(segment, color=next(colors)))
        else:
            colored.append(segment)
    return tuple(colored)
