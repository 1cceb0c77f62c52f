"""What a segment takes from its label and from the stated model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from dicomseries.segmentation.segment_codes import known_type
from dicomseries.segmentation.segments import Segment

__all__ = ["with_defaults"]


def with_defaults(segments: Iterable[Segment], algorithm_name: str = "") -> tuple[Segment, ...]:
    """Return segments with the type of their label, and the model's name.

    Parameters
    ----------
    segments : iterable of Segment
        A segment without a type gets that of its label, if the label is the name of a property type
        (CID 7151).
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
            typed = replace(segment, type=known_type(segment.label))
        if segment.algorithm is None and algorithm_name:
            name = segment.algorithm_name or algorithm_name
            typed = replace(typed, algorithm="AUTOMATIC", algorithm_name=name)
        completed.append(typed)
    return tuple(completed)
