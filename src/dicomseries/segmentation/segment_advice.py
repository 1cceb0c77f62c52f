"""What the receipt tells of a segmentation: what was not stated, what was changed, what a reader will do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dicomseries.errors import MetadataError
from dicomseries.segmentation.segment_codes import code_of
from dicomseries.segmentation.segments import NO_ALGORITHM, REGION, SPATIAL, Segment
from dicomseries.standard.readers import (
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

_SHOWN = 8


def advice_on(
    found: Sequence[Segment], numbers: Sequence[int], values: Sequence[int], form: str
) -> Iterator[str]:
    """Yield what a user should know of the segments as they are written.

    Parameters
    ----------
    found : sequence of Segment
        As the user has described them, with those that nobody described.
    numbers : sequence of int
        SegmentNumber of each.
    values : sequence of int
        Labels that occur in the array.
    form : {"binary", "labelmap"}
        The form of the pixels.

    Examples
    --------
    >>> liver = Segment(value=1, label="Liver", algorithm="MANUAL")
    >>> next(advice_on([liver], [1], [1], "binary")).partition(".")[0]
    "Not stated what it is: label 1, written as (309825002, SCT, 'Spatial and Relational Concept') and (111030, DCM...
    """
    unstated = [segment for segment in found if not segment.is_stated]
    if unstated:
        first = unstated[0]
        name = first.label if _is_known(first.label) else "Liver"
        example = f'{{{first.value}: {{"label": "{name}", "type": "{name}"}}}}'
        labels = _many([segment.value for segment in unstated])
        yield f"Not stated what it is: {labels}, written as {SPATIAL} and {REGION}. Give `segments={example}`."
    unmade = [one.value for one in found if one.algorithm is None]
    if unmade:
        yield (
            f"Not stated how it was made: {_many(unmade)}, written as AUTOMATIC with the name {NO_ALGORITHM!r}. Give "
            '`segments={"default": {"algorithm": "MANUAL"}}`, or another algorithm and its algorithm_name.'
        )
    empty = sorted({one.value for one in found} - set(values))
    if empty:
        yield f"No voxel has {_many(empty)}: the file describes the segment, but has no frame of it."
    moved = [one.value for one, number in zip(found, numbers, strict=True) if one.value != number]
    if moved:
        yield (
            f"Renumbered, as SegmentNumber runs 1, 2, 3 … in a binary Segmentation: {_many(moved)}. SegmentDescription "
            "keeps the label; `segmentation_type='labelmap'` keeps it as the number."
        )
    if form == "labelmap":
        unable = listed(SIMPLEITK, GDCM, DICOM2NIFTI, ITK_WASM)
        yield f"{unable} cannot read a label map Segmentation; {listed(HIGHDICOM, DCM2NIIX, VTK_DICOM)} can."


def _is_known(label: str) -> bool:
    """Return whether a label is the name of a code.

    Examples
    --------
    >>> _is_known("Lung"), _is_known("my region 7")
    (True, False)
    """
    try:
        code_of(label, "segments")
    except MetadataError:
        return False
    return True


def _many(values: Sequence[int]) -> str:
    shown = ", ".join(map(str, values[:_SHOWN]))
    if len(values) == 1:
        return f"label {shown}"
    return f"labels {shown}" + (f" … ({len(values)} in all)" if len(values) > _SHOWN else "")
