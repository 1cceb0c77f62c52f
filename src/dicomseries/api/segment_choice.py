"""Choice of one segment by number or label."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from dicomseries.errors import OptionError
from dicomseries.reading import SegmentDescription

__all__ = ["segment_number"]

_MOST_NAMES = 20
"""Segments that a message names."""


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
