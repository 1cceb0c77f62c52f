"""Layers of a segmentation: labels of each volume and their segments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dicomseries.errors import SourceError

__all__ = ["HIGHEST_LABEL", "check_layers"]

HIGHEST_LABEL = 65535
"""SegmentNumber (0062,0004) and the pixels of a label map are unsigned 16-bit numbers."""


def check_layers(
    layers: Sequence[Mapping[int, int] | None], volumes: int | None, *, is_timed: bool
) -> None:
    """Reject layers that do not fit the volumes.

    Parameters
    ----------
    layers : sequence of (mapping of int to int, or None)
        For each volume label → value of the segment; None: the labels are the values.
    volumes : int or None
        Length of the axis of volumes.
    is_timed : bool
        Whether the volumes have times.

    Raises
    ------
    SourceError
        If there is not one for each volume, or a label or value is not from 1 to 65535.

    Examples
    --------
    >>> check_layers([{1: 5}, None], 2, is_timed=False)
    """
    if len(layers) != (volumes or 1) or is_timed:
        raise _malformed(
            where="layers",
            given=f"{len(layers)} layers of {volumes or 1} volumes" + " with times" * is_timed,
            expected="one layer for each volume, and no times",
            remedy="Give one mapping from label to segment for each volume.",
        )
    for index, segments in enumerate(layers):
        if segments is None:
            continue
        numbers = (*segments, *segments.values())
        if not numbers or not all(map(_is_label, numbers)):
            raise _malformed(
                where=f"layers[{index}]",
                given=repr(dict(segments)),
                expected=f"labels and values of segments from 1 to {HIGHEST_LABEL}",
                remedy="Leave the background 0 out, and number the segments from 1.",
            )


def _is_label(number: object) -> bool:
    if not isinstance(number, int) or isinstance(number, bool):
        return False
    return 1 <= number <= HIGHEST_LABEL


def _malformed(*, where: str, given: str, expected: str, remedy: str) -> SourceError:
    return SourceError(
        code="layers-malformed", where=where, given=given, expected=expected, remedy=remedy
    )
