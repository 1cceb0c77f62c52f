"""Differences between the files of one series.

Tables: a new attribute is a new row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from dicomseries.errors import counted
from dicomseries.lazy_dataclass import dataclass
from dicomseries.reading import read_errors
from dicomseries.reading.parse.instance import Instance, unlike
from dicomseries.reading.pixels.pixel_format import (
    FORMAT_TAGS,
    PACKED_BITS,
    frame_bits,
    pixel_bytes,
)
from dicomseries.reading.pixels.rescale_of_frames import (
    has_colour_table,
    has_narrow_bits,
    has_value_table,
)
from dicomseries.reading.problems import Problem
from dicomseries.standard.attributes.attribute import tag_of
from dicomseries.standard.transfer_syntaxes import DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN

__all__ = ["consistency_problems", "format_of", "format_problems", "value_notes"]


def format_problems(files: Sequence[Instance]) -> Iterator[Problem]:
    """Yield errors of files without complete pixels of one format."""
    without_pixels = [instance for instance in files if instance.pixels is None]
    if without_pixels:
        yield _no_pixels(without_pixels, len(files))
        return
    for instance in unlike(files, FORMAT_TAGS):
        if not instance.rows * instance.columns:
            error = read_errors.no_size(instance.path, instance.rows, instance.columns)
            yield Problem.of(error)
            return
    yield from _mixed_sizes(files)
    yield from _truncated_files(files)


def _no_pixels(without_pixels: list[Instance], count: int) -> Problem:
    first = without_pixels[0]
    from pydicom.uid import UID  # noqa: PLC0415 - slow to import

    name = UID(first.sop_class_uid).name.removesuffix(" Storage")
    return Problem(
        code="no-pixels",
        level="error",
        text=f"{len(without_pixels)} of {counted(count, 'image')} have no Pixel Data, "
        f"the first is {first.name} ({name})",
        remedy="Export the images again with their pixels: these files hold only the attributes.",
    )


def _mixed_sizes(files: Sequence[Instance]) -> Iterator[Problem]:
    variants = unlike(files, FORMAT_TAGS)
    sizes = Counter({format_of(files[0]): len(files) - len(variants) + 1})
    sizes.update(map(format_of, variants[1:]))
    if len(sizes) > 1:
        parts = []
        for (rows, columns, samples, bits, _), count in sizes.items():
            parts.append(f"{count} of {rows}×{columns} with {samples} samples of {bits} bits")
        listed = ", ".join(parts)
        yield Problem(
            code="mixed-sizes",
            level="error",
            text=f"the slices have different sizes or pixel formats: {listed}",
            remedy="Move the files that do not belong to the volume (localizers, screen shots) "
            "to another folder.",
        )


def format_of(instance: Instance) -> tuple[int, int, int, int, int]:
    """Return rows, columns, samples, bits and sign, which must be equal in one array."""
    bits = instance.number("BitsAllocated")
    sign = instance.number("PixelRepresentation")
    return instance.rows, instance.columns, instance.samples, bits, sign


def _truncated_files(files: Sequence[Instance]) -> Iterator[Problem]:
    truncated = list(filter(_is_truncated, files))
    if truncated:
        names = ", ".join(instance.name for instance in truncated[:3])
        yield Problem(
            code="file-truncated",
            level="error",
            text=f"{len(truncated)} of {len(files)} files end before their pixels do: {names}",
            remedy="Copy or export them again.",
        )


def _is_truncated(instance: Instance) -> bool:
    """Return True if Pixel Data is longer than the file.

    Unknown if compressed or deflated.
    """
    pixels = instance.pixels
    if pixels is None or pixels.length is None:
        return False
    if instance.transfer_syntax == DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN:
        return False
    return pixels.offset + pixels.length > instance.file_size


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """An attribute that should be equal in all slices."""

    keyword: str
    code: str
    noun: str
    remedy: str


_READ_EACH_UNIT = "Read the volumes, or slices, of each unit separately."
_ROWS = (
    _Row(
        keyword="StudyInstanceUID",
        code="studies-differ",
        noun="studies",
        remedy="Check that they belong together: a series is part of one study "
        "(PS3.3 section A.1.2).",
    ),
    _Row(
        keyword="FrameOfReferenceUID",
        code="frames-of-reference-differ",
        noun="frames of reference",
        remedy="Check that they belong together: their positions have different origins.",
    ),
    _Row(
        keyword="PhotometricInterpretation",
        code="photometric-differs",
        noun="photometric interpretations",
        remedy="Check which slices are inverted: their stored values are returned unchanged.",
    ),
    _Row(
        keyword="RescaleSlope",
        code="rescale-incomplete",
        noun="",
        remedy="Check the slices without a slope: their values are returned as stored.",
    ),
    _Row(keyword="RescaleType", code="units-differ", noun="rescale types", remedy=_READ_EACH_UNIT),
    _Row(keyword="Units", code="units-differ", noun="units", remedy=_READ_EACH_UNIT),
)

_TAGS = frozenset(tag_of(row.keyword) for row in _ROWS)


def consistency_problems(files: Sequence[Instance]) -> Iterator[Problem]:
    """Yield warnings about contradictions between files, or with their header.

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> palette = read_instance(get_testdata_file("examples_palette.dcm"))
    >>> [problem.code for problem in consistency_problems([palette])]
    []
    """
    if len(unlike(files, _TAGS)) > 1:
        for row in _ROWS:
            yield from _difference(files, row)
    first = files[0]
    is_palette = first.text("PhotometricInterpretation") == "PALETTE COLOR"
    if is_palette and not has_colour_table(first):
        yield Problem(
            code="palette-missing",
            level="warning",
            text="the values are indices into a colour palette that the file does not have "
            "(PALETTE COLOR)",
            remedy="Ask the maker of the file for the palette; the values are no intensities.",
        )
    yield from _unread_frames(files)


def _difference(files: Sequence[Instance], row: _Row) -> Iterator[Problem]:
    texts = {instance.text(row.keyword) for instance in files}
    if len(texts) == 1 or not (row.noun or "" in texts):
        return
    if row.noun:
        text = f"the {len(files)} files of the series have {len(texts)} different {row.noun}"
        if not row.keyword.endswith("UID"):
            text += f" ({', '.join(sorted(text or 'none' for text in texts))})"
    else:
        lacking = [instance for instance in files if not instance.text(row.keyword)]
        text = (
            f"{len(lacking)} of the {len(files)} files of the series have no {row.keyword}, "
            f"the others have one; the first is {lacking[0].name}"
        )
    yield Problem(code=row.code, level="warning", text=text, remedy=row.remedy)


def _unread_frames(files: Sequence[Instance]) -> Iterator[Problem]:
    """Yield a warning if files hold more frames than NumberOfFrames."""
    first = files[0]
    suspects = files
    if not _extra_frames(first):
        length = _stored_length(first)
        variants = {*unlike(files, FORMAT_TAGS)}
        suspects = [
            instance
            for instance in files
            if instance in variants or _stored_length(instance) != length
        ]
    longer = list(filter(_extra_frames, suspects))
    if longer:
        first = longer[0]
        yield Problem(
            code="pixels-left",
            level="warning",
            text=f"{len(longer)} of {len(files)} files have pixels that are not read, such as "
            f"{first.name}: NumberOfFrames is {first.frames}, {_extra_frames(first)} more follow",
            remedy="Check NumberOfFrames, Rows, Columns and BitsAllocated; export the file again "
            "if they are wrong.",
        )


def _stored_length(instance: Instance) -> int | None:
    return None if instance.pixels is None else instance.pixels.length


def _extra_frames(instance: Instance) -> int:
    length = _stored_length(instance)
    size = frame_bits(instance)
    if length is None or not size:
        return 0
    expected = pixel_bytes(instance)
    padding = expected % 2  # to an even length (PS3.5 section 8.1)
    return max(length - expected - padding, 0) * 8 // size


_CONVERTED = frozenset({"YBR_FULL", "YBR_FULL_422", "YBR_RCT", "YBR_ICT"})


def value_notes(files: Sequence[Instance], *, is_real: bool) -> tuple[str, ...]:
    """Return what was done to the values, or left as it is.

    Parameters
    ----------
    files : sequence of Instance
        Of one series.
    is_real : bool
        Whether real values were read, not stored ones.

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> files = [read_instance(get_testdata_file("examples_ybr_color.dcm"))]
    >>> value_notes(files, is_real=True)
    ('The colours are converted from YBR_FULL_422 to RGB.',)
    """
    first = files[0]
    photometric = first.text("PhotometricInterpretation")
    notes = []
    if photometric in _CONVERTED and first.samples == 3:
        notes.append(f"The colours are converted from {photometric} to RGB.")
    if photometric == "MONOCHROME1":
        notes.append("Low values are bright (MONOCHROME1); the values are not inverted.")
    if has_colour_table(first):
        notes.append(_PALETTE_NOTES[is_real])
    if has_value_table(first):
        notes.append(_MODALITY_NOTES[is_real])
        if is_real and any(map(has_narrow_bits, files)):
            notes.append(
                "The Modality LUT states 8 bits for entries of up to 16 bits; they are read as "
                "16 bits."
            )
    if first.number("BitsAllocated") == PACKED_BITS:
        notes.append("The file has 12 bits for each value, without padding (ACR-NEMA).")
    if first.text("PixelPresentation") in {"COLOR", "MIXED"} and photometric == "MONOCHROME2":
        notes.append(
            "The file has a palette that colours some of its values (PixelPresentation "
            f"{first.text('PixelPresentation')}); the values are grey."
        )
    return tuple(notes)


_PALETTE_NOTES = {
    True: "The colours are those of the palette of the file (PALETTE COLOR), one byte for each of "
    "red, green and blue.",
    False: "The values are indices into the palette of the file (PALETTE COLOR), not intensities.",
}
_MODALITY_NOTES = {
    True: "The values are those of the Modality LUT of the file.",
    False: "The values are those before the Modality LUT of the file.",
}
