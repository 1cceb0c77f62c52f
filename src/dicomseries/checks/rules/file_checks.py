"""Checks of single files and their pixels (FIL, PIX)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dicomseries.checks.registry import Fault, check
from dicomseries.checks.series_view.element_values import printable
from dicomseries.checks.series_view.series_view import LABEL_MAP, SeriesView
from dicomseries.errors import DicomSeriesError, counted
from dicomseries.reading import (
    Instance,
    Problem,
    clear_unused_bits,
    is_plain,
    read_frames,
    read_plain_frames,
    stored_dtype,
)
from dicomseries.standard.attributes.value_representations import LONG_VRS
from dicomseries.standard.objects import sop_classes
from dicomseries.standard.transfer_syntaxes import (
    BY_UID,
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    TransferSyntax,
)

if TYPE_CHECKING:
    from pydicom.uid import UID

__all__: list[str] = []

_META = (
    "MediaStorageSOPClassUID",
    "MediaStorageSOPInstanceUID",
    "TransferSyntaxUID",
    "ImplementationClassUID",
)
_ALLOWED_BITS: Mapping[str, set[int]] = {
    sop_classes.CT: {16},
    sop_classes.MR: {16},
    sop_classes.PT: {16},
    sop_classes.SC: {1, 8, 16},
    sop_classes.ENHANCED_CT: {16},
    sop_classes.ENHANCED_MR: {8, 16},
    sop_classes.MULTIFRAME_SC_BIT: {1},
    sop_classes.MULTIFRAME_SC_BYTE: {8},
    sop_classes.MULTIFRAME_SC_WORD: {16},
    sop_classes.MULTIFRAME_SC_COLOUR: {8},
    sop_classes.XRAY_3D: {8, 16},
    sop_classes.PARAMETRIC_MAP: {8, 16, 32, 64},
    sop_classes.SEGMENTATION: {1, 8},
    LABEL_MAP: {8, 16},
}
"""SOP class → allowed BitsAllocated (PS3.3 sections A.8 and C.8)."""
_FLOATS = {0x7FE00008: (32, "OF"), 0x7FE00009: (64, "OD")}
"""Float and Double Float Pixel Data → BitsAllocated and VR (PS3.3 C.7.6.24 and C.7.6.25)."""
_INTEGERS_ONLY = ("BitsStored", "HighBit", "PixelRepresentation")
_BLOCK_BYTES = 8 << 20
_SIZES = ("Rows", "Columns", "SamplesPerPixel", "BitsAllocated", "NumberOfFrames")
_GREY = frozenset({"MONOCHROME1", "MONOCHROME2", "PALETTE COLOR"})
_COLOUR = frozenset(
    {"RGB", "YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_420", "YBR_ICT", "YBR_RCT", "XYB"}
)


@check("FIL-001", level="error", part="PS3.10 7", scope="files")
def files_can_be_read(problems: tuple[Problem, ...]) -> Iterator[Fault]:
    """Every DICOM file can be read.

    Otherwise it is truncated, damaged, or written in another transfer syntax than that of its file
    meta information.
    """
    for problem in problems:
        yield Fault("file", f"{problem.text}.", problem.remedy)


@check("FIL-002", level="error", part="PS3.10 7.1")
def meta_agrees(view: SeriesView) -> Iterator[Fault]:
    """File meta information and data set have equal UIDs.

    Those of SOP class and instance. Archives store by the former and query by the latter; a file in
    which they differ is lost or rejected.
    """
    for instance in view.instances:
        for keyword in ("SOPClassUID", "SOPInstanceUID"):
            meta, main = instance.text(f"MediaStorage{keyword}"), instance.text(keyword)
            if meta and meta != main:
                yield Fault(
                    instance.name,
                    f"MediaStorage{keyword} is {printable(meta)}, {keyword} is {printable(main)}.",
                    f"Write {keyword} into the file meta information.",
                )


@check("FIL-003", level="error", part="PS3.10 7.1")
def meta_is_complete(view: SeriesView) -> Iterator[Fault]:
    """Files have the preamble and file meta information of PS3.10.

    FileMetaInformationGroupLength is right.
    """
    for instance in view.instances:
        message = _meta_fault(instance)
        if message:
            yield Fault(instance.name, message, "Write the file meta information again.")


def _meta_fault(instance: Instance) -> str:
    if not instance.family.has_preamble:
        return "The preamble with DICM is missing."
    missing = [keyword for keyword in _META if not instance.raw(keyword)]
    if missing:
        return f"{', '.join(missing)} is missing."
    size = 0
    for tag in instance.tags:
        if tag >> 16 != 2:
            break
        element = instance.element(tag)
        if element is not None and tag & 0xFFFF:
            size += len(element.raw) + (12 if element.vr in LONG_VRS else 8)
    stated = instance.raw("FileMetaInformationGroupLength") or b""
    if int.from_bytes(stated, "little") != size:
        return "FileMetaInformationGroupLength is not the length of group 2."
    return ""


@check("FIL-004", level="error", part="PS3.5 8.1, 7.1.1", scope="image")
def pixels_are_complete(view: SeriesView) -> Iterator[Fault]:
    """Pixel Data is as long as its format requires.

    Rows, columns, samples, bits and frames give the length; it is padded to an even number, and all
    of it is in the file. Readers fill a short frame with
    zeros, or with the bytes after it.
    """
    are_alike = not view.differs(*_SIZES)
    usual = _needed_bytes(view.first)
    for instance in view.instances:
        pixels = instance.pixels
        if pixels is None:
            message = "Pixel Data is missing."
            yield Fault(instance.name, message, "Export the image again with its pixels.")
            continue
        if pixels.length is None:
            continue
        needed = usual if are_alike else _needed_bytes(instance)
        present = pixels.length
        if instance.transfer_syntax != DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN:
            present = min(pixels.length, max(instance.file_size - pixels.offset, 0))
        padded = needed + needed % 2
        if present < needed or pixels.length != padded:
            yield Fault(
                instance.name,
                f"Pixel Data has {present} bytes and a stated length of {pixels.length}; "
                f"{padded} are needed.",
                "Write the file again with all of its pixels.",
            )


def _needed_bytes(instance: Instance) -> int:
    """Return the bytes of all pixels, without padding."""
    # In 4:2:2 two pixels share their colours.
    samples = instance.rows * instance.columns * instance.samples * instance.frames
    bits = samples * instance.number("BitsAllocated")
    if instance.text("PhotometricInterpretation").endswith("422"):
        bits = bits * 2 // 3
    return (bits + 7) // 8


def _known_syntax(syntax: str) -> TransferSyntax | UID | None:
    """Return a standard transfer syntax; None if unknown."""
    if syntax in BY_UID:
        return BY_UID[syntax]
    from pydicom.uid import UID  # noqa: PLC0415 - slow to import

    standard = UID(syntax)
    return standard if standard.is_transfer_syntax else None


@check("FIL-005", level="error", part="PS3.5 A.4", scope="image")
def syntax_fits_the_pixels(view: SeriesView) -> Iterator[Fault]:
    """Only compressed transfer syntaxes have Pixel Data in fragments.

    Fragments have an undefined length and VR OB. A compressed file labelled as uncompressed is
    drawn as noise; the other way round, decoders fail.
    """
    syntaxes: dict[str, TransferSyntax | UID | None] = {}
    for instance in view.instances:
        syntax = syntaxes.setdefault(instance.stated_syntax, _known_syntax(instance.stated_syntax))
        if instance.pixels is None or syntax is None:
            continue
        has_fragments = instance.pixels.length is None
        if syntax.is_encapsulated != has_fragments:
            form = "fragments" if has_fragments else "one piece"
            yield Fault(
                instance.name,
                f"TransferSyntaxUID is {syntax.name}, but Pixel Data is in {form}.",
                "Write the transfer syntax of the pixels into the file meta information.",
            )


@check("FIL-006", level="error", part="PS3.5 10, A")
def syntax_is_known(view: SeriesView) -> Iterator[Fault]:
    """TransferSyntaxUID is one of the standard's."""
    for instance in view.representatives("TransferSyntaxUID"):
        if _known_syntax(instance.transfer_syntax) is None:
            yield Fault(
                instance.name,
                f"TransferSyntaxUID {printable(instance.transfer_syntax)} is not in the standard.",
                "Export the file in a standard transfer syntax.",
            )


@check("FIL-007", level="warning", part="PS3.5 10")
def syntax_is_shared(view: SeriesView) -> Iterator[Fault]:
    """All files of a series have one transfer syntax.

    Several are legal; attributes are then compared by value. Some readers use that of the first
    file for all.
    """
    if view.differs("TransferSyntaxUID"):
        from pydicom.uid import UID  # noqa: PLC0415 - slow to import

        names = Counter(UID(instance.transfer_syntax).name for instance in view.instances)
        listed = [f"{counted(count, 'file')} in {name}" for name, count in names.most_common()]
        yield Fault(
            view.unusual("TransferSyntaxUID")[0].name,
            f"The series has several transfer syntaxes: {', '.join(listed)}.",
            "Export all files in one transfer syntax, if a reader fails on them.",
        )


@check("FIL-008", level="error", part="PS3.5 7.1, A")
def encoding_is_stated(view: SeriesView) -> Iterator[Fault]:
    """Elements have the encoding of the transfer syntax.

    Only Implicit VR Little Endian has elements without a value representation. We and pydicom see
    it from the first element; other readers reject the file, or find nothing in it.
    """
    for instance in view.instances:
        is_stated = instance.stated_syntax == IMPLICIT_VR_LITTLE_ENDIAN
        if instance.is_implicit == is_stated:
            continue
        found = "implicit" if instance.is_implicit else "explicit"
        yield Fault(
            instance.name,
            f"The elements have {found} value representations, which TransferSyntaxUID denies.",
            "Export the file again, or write its elements in the encoding of its transfer syntax.",
        )


@check("FIL-009", level="error", part="PS3.5 7, PS3.10 7.1")
def header_is_regular(view: SeriesView) -> Iterator[Fault]:
    """Headers need no repair to be read.

    We read file meta information in implicit VR, and leave out items whose sequence was lost; other
    readers reject the file, or stop there.
    """
    for instance in view.instances:
        if instance.stated_syntax != instance.transfer_syntax:
            continue  # FIL-005
        for fault in instance.family.faults:
            yield Fault(instance.name, f"{fault[0].upper()}{fault[1:]}.", "Export the file again.")


@check("PIX-001", level="error", part="PS3.3 C.7.6.3.1, PS3.5 8.1.1", scope="image")
def bits_agree(view: SeriesView) -> Iterator[Fault]:
    """BitsAllocated, BitsStored and HighBit agree.

    BitsStored is at most BitsAllocated, and HighBit is one less than BitsStored.
    """
    for instance in view.representatives("HighBit", "BitsStored"):
        if instance.pixels is None or instance.pixels.tag in _FLOATS:
            continue  # FIL-004, PIX-006
        allocated, stored = instance.number("BitsAllocated"), instance.number("BitsStored")
        high = instance.number("HighBit")
        if not 0 < stored <= allocated or high != stored - 1:
            yield Fault(
                instance.name,
                f"BitsAllocated {allocated}, BitsStored {stored}, HighBit {high}.",
                "Write HighBit = BitsStored - 1, and BitsStored of at most BitsAllocated.",
            )


@check("PIX-002", level="error", part="PS3.3 C.8", scope="image")
def bits_fit_the_kind(view: SeriesView) -> Iterator[Fault]:
    """BitsAllocated is allowed in the SOP class.

    16 in CT, MR and PET images; 1, 8 or 16 in Secondary Capture. Multi-frame Secondary Capture has
    a class for each: 8 in grayscale byte and true color, 16 in grayscale word.
    """
    for instance in view.representatives("BitsAllocated"):
        allowed = _ALLOWED_BITS.get(instance.sop_class_uid)
        bits = instance.number("BitsAllocated")
        if allowed is not None and bits not in allowed and instance.pixels is not None:
            yield Fault(
                instance.name,
                f"BitsAllocated is {bits}; the SOP class allows {sorted(allowed)}.",
                "Store the values in 16 bits, or choose another kind.",
            )


@check("PIX-003", level="error", part="PS3.3 C.7.6.3.1.2", scope="image")
def photometry_fits_the_samples(view: SeriesView) -> Iterator[Fault]:
    """Grey and palette images have one sample, colour images three.

    PhotometricInterpretation of three samples is RGB or YBR, with PlanarConfiguration.
    """
    for instance in view.representatives("PhotometricInterpretation"):
        if instance.pixels is None:
            continue  # FIL-004
        name, samples = instance.text("PhotometricInterpretation"), instance.samples
        if (samples == 1 and name not in _GREY) or (samples == 3 and name not in _COLOUR):
            yield Fault(
                instance.name,
                f"PhotometricInterpretation {printable(name)} with SamplesPerPixel {samples}.",
                "Write MONOCHROME2 for one sample, RGB for three.",
            )
        if samples == 3 and not instance.raw("PlanarConfiguration"):
            yield Fault(
                instance.name,
                "PlanarConfiguration of a colour image is missing.",
                "Write PlanarConfiguration 0 (RGBRGB…).",
            )


@check("PIX-004", level="error", part="PS3.5 8.1.1", scope="pixels")
def values_fit_the_bits(instance: Instance) -> Iterator[Fault]:
    """Stored values need no more bits than BitsStored.

    Some readers mask the bits above and others do not: the same file has different values in
    different viewers.
    """
    stored_bits, allocated = instance.number("BitsStored"), instance.number("BitsAllocated")
    if not 0 < stored_bits < allocated or instance.number("HighBit") != stored_bits - 1:
        return
    count = 0
    try:
        for words, values in _blocks(instance):
            count += int(np.count_nonzero(words != values)) + _too_large(values, stored_bits)
    except DicomSeriesError:
        return  # FIL-004 and PIX-005 report it
    if count:
        yield Fault(
            instance.name,
            f"{count} values need more than BitsStored = {stored_bits} bits.",
            f"Write BitsStored {allocated} and HighBit {allocated - 1}.",
        )


def _blocks(instance: Instance) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
    """Yield blocks of frames: all bits, and stored values."""
    shape: tuple[int, ...] = (instance.rows, instance.columns)
    if instance.samples != 1:
        shape += (instance.samples,)
    size = instance.rows * instance.columns * instance.samples * instance.number("BitsAllocated")
    step = max(1, _BLOCK_BYTES // max(1, size // 8))
    for start in range(0, instance.frames, step):
        stop = min(instance.frames, start + step)
        if is_plain(instance):
            words = np.empty((stop - start, *shape), stored_dtype(instance))
            read_plain_frames(instance, words, start)
            yield words, clear_unused_bits(instance, words)
        else:
            values = read_frames(instance, start, stop)
            yield values, values


def _too_large(values: npt.NDArray[Any], bits: int) -> int:
    """Return the number of values that need more bits."""
    low, high = 0, 1 << bits
    if values.dtype.kind == "i":
        low, high = -(1 << bits - 1), 1 << bits - 1
    return int(np.count_nonzero((values < low) | (values >= high)))


@check("PIX-005", level="error", part="PS3.5 8", scope="pixels")
def pixels_can_be_decoded(instance: Instance) -> Iterator[Fault]:
    """Compressed pixels can be decoded.

    Only checked if a decoder is installed.
    """
    if instance.pixels is None or instance.pixels.length is not None:
        return
    try:
        for _ in _blocks(instance):
            pass
    except DicomSeriesError as error:
        if error.code == "file-damaged":
            yield Fault(instance.name, f"{error.given}.", error.remedy)


@check("PIX-006", level="error", part="PS3.3 C.7.6.24, C.7.6.25", scope="image")
def floats_are_described_as_floats(view: SeriesView) -> Iterator[Fault]:
    """Float Pixel Data has BitsAllocated 32 and VR OF.

    Double Float Pixel Data has 64 and OD; both have one sample. BitsStored, HighBit and
    PixelRepresentation are for integers only.
    """
    for instance in view.instances:
        pixels = instance.pixels
        if pixels is None or pixels.tag not in _FLOATS:
            continue
        bits, vr = _FLOATS[pixels.tag]
        allocated = instance.number("BitsAllocated")
        if (allocated, pixels.vr, instance.samples) != (bits, vr, 1):
            yield Fault(
                instance.name,
                f"BitsAllocated {allocated}, VR {pixels.vr}, SamplesPerPixel {instance.samples} "
                f"with {bits}-bit floats.",
                f"Write BitsAllocated {bits}, VR {vr} and SamplesPerPixel 1.",
            )
        wrong = [keyword for keyword in _INTEGERS_ONLY if instance.raw(keyword) is not None]
        if wrong:
            listed = " and ".join(wrong)
            yield Fault(
                instance.name,
                f"{listed} must not be present with floating point pixels.",
                f"Remove {listed}.",
            )
