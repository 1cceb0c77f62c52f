"""Advice on readers that misread a result over its source series."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dicomseries.standard.known_readers import OVERLAY_LIMITS

__all__ = ["overlay_advice"]

_MOST_IN_BYTE = 255


def overlay_advice(
    segmentation_type: str,
    numbers: Sequence[int],
    *,
    rows: int,
    columns: int,
    has_source: bool,
    has_overlap: bool = False,
) -> Iterator[str]:
    """Yield advice on a Segmentation.

    Parameters
    ----------
    segmentation_type : str
        Form of the pixels.
    numbers : sequence of int
        SegmentNumber of each segment.
    rows, columns : int
        Of a frame.
    has_source : bool
        Whether the file names its source series.
    has_overlap : bool
        Whether a voxel belongs to several segments.

    Examples
    --------
    >>> list(overlay_advice("binary", [1, 2], rows=512, columns=512, has_source=True))
    []
    >>> next(overlay_advice("labelmap", [300], rows=8, columns=8, has_source=True))[:30]
    'OHIF 3.13 and @cornerstonejs/a'
    """
    if not has_source:
        yield OVERLAY_LIMITS["segmentation alone"]
        return
    if segmentation_type == "fractional":
        yield OVERLAY_LIMITS["fractional"]
    if segmentation_type == "binary":
        yield from _binary_advice(len(numbers), rows, columns, has_overlap=has_overlap)
    if segmentation_type == "labelmap":
        yield from _label_advice(numbers)


def _binary_advice(segments: int, rows: int, columns: int, *, has_overlap: bool) -> Iterator[str]:
    if segments > _MOST_IN_BYTE:
        yield OVERLAY_LIMITS["segments beyond 255"]
    if rows * columns % 8:
        yield OVERLAY_LIMITS["bits"]
    if columns % 8:
        yield OVERLAY_LIMITS["columns of bits"]
    if has_overlap:
        yield OVERLAY_LIMITS["overlapping"]


def _label_advice(numbers: Sequence[int]) -> Iterator[str]:
    if max(numbers) > _MOST_IN_BYTE:
        yield OVERLAY_LIMITS["labels beyond 255"]
    if sorted(numbers) != list(range(1, len(numbers) + 1)):
        yield OVERLAY_LIMITS["colours of labels"]
