"""What the files of one series say differently, though one array can mean one thing only.

Tables: a new attribute is a new row. None of it keeps an array from being made, so all of it is a warning.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dicomseries.reading.parse.instance import Instance, unlike
from dicomseries.reading.pixels.pixel_format import FORMAT_TAGS, frame_bits, pixel_bytes
from dicomseries.reading.problems import Problem
from dicomseries.standard.attribute import tag_of

__all__ = ["agreement_problems"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """An attribute that is the same in all slices of one array, and what it means if it is not."""

    keyword: str
    code: str
    noun: str
    remedy: str


_ROWS = (
    _Row(
        keyword="StudyInstanceUID",
        code="studies-differ",
        noun="studies",
        remedy="Check that they belong together: a series is of one study (PS3.3 section A.1.2).",
    ),
    _Row(
        keyword="FrameOfReferenceUID",
        code="frames-of-reference-differ",
        noun="frames of reference",
        remedy="Check that they belong together: their positions are counted from different origins.",
    ),
    _Row(
        keyword="PhotometricInterpretation",
        code="photometric-differs",
        noun="photometric interpretations",
        remedy="Check which slices are inverted: their stored values are returned as they are.",
    ),
    _Row(
        keyword="RescaleSlope",
        code="rescale-incomplete",
        noun="",
        remedy="Check the values of the slices without a slope: they are returned as stored.",
    ),
    _Row(
        keyword="RescaleType",
        code="units-differ",
        noun="rescale types",
        remedy="Read the volumes, or slices, of each unit by themselves.",
    ),
    _Row(
        keyword="Units",
        code="units-differ",
        noun="units",
        remedy="Read the volumes, or slices, of each unit by themselves.",
    ),
)


_TAGS = frozenset(tag_of(row.keyword) for row in _ROWS)


def agreement_problems(instances: Sequence[Instance]) -> Iterator[Problem]:
    """Yield what the files of a series disagree on, and what else their values may mean than it seems.

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> [problem.code for problem in agreement_problems([read_instance(get_testdata_file("examples_palette.dcm"))])]
    ['palette']
    """
    for row in _ROWS if len(unlike(instances, _TAGS)) > 1 else ():
        texts = {instance.text(row.keyword) for instance in instances}
        if len(texts) > 1 and (row.noun or "" in texts):
            yield Problem(
                code=row.code,
                level="warning",
                text=_differ(instances, row, texts),
                remedy=row.remedy,
            )
    yield from _palette(instances)
    yield from _excess(instances)


def _differ(instances: Sequence[Instance], row: _Row, texts: set[str]) -> str:
    files = f"the {len(instances)} files of the series"
    if not row.noun:
        lacking = [instance for instance in instances if not instance.text(row.keyword)]
        return f"{len(lacking)} of {files} have no {row.keyword}, the others have; the first is {lacking[0].name}"
    listed = (
        ""
        if row.keyword.endswith("UID")
        else f" ({', '.join(sorted(text or 'none' for text in texts))})"
    )
    return f"{files} name {len(texts)} {row.noun}{listed}"


def _palette(instances: Sequence[Instance]) -> Iterator[Problem]:
    if instances[0].text("PhotometricInterpretation") == "PALETTE COLOR":
        yield Problem(
            code="palette",
            level="warning",
            text="the values are numbers of colours in a palette, not intensities (PALETTE COLOR)",
            remedy="Look the colours up in the palette of the file, for example with pydicom's apply_color_lut.",
        )


def _excess(instances: Sequence[Instance]) -> Iterator[Problem]:
    """Yield whether files hold whole frames behind those they name: a number of frames that is too small."""
    first = instances[0]
    length, odd = _stored_length(first), {*unlike(instances, FORMAT_TAGS)}
    differ = (one for one in instances if one in odd or _stored_length(one) != length)
    asked = instances if _frames_behind(first) else differ
    longer = [one for one in asked if _frames_behind(one)]
    if longer:
        first = longer[0]
        yield Problem(
            code="pixels-left",
            level="warning",
            text=f"{len(longer)} of {len(instances)} files have pixels that are not read, such as {first.name}: "
            f"{_frames_behind(first)} frames behind the {first.frames} it names",
            remedy="Check NumberOfFrames, Rows, Columns and BitsAllocated; export the file again if they are wrong.",
        )


def _stored_length(instance: Instance) -> int | None:
    return None if instance.pixels is None else instance.pixels.length


def _frames_behind(instance: Instance) -> int:
    pixels = instance.pixels
    size = frame_bits(instance)
    if pixels is None or pixels.length is None or not size:
        return 0
    needed = pixel_bytes(instance)
    return (
        max(pixels.length - needed - needed % 2, 0) * 8 // size
    )  # a byte makes odd lengths even (PS3.5 section 8.1)
