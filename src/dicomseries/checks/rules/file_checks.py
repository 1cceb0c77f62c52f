"""Checks of single files: file meta information, pixel format, length and syntax (FIL, PIX)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.uid import UID

from dicomseries.checks.registry import Fault, check
from dicomseries.checks.series_view.series_view import SeriesView, printable
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
from dicomseries.standard.transfer_syntaxes import (
    BY_UID,
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    TransferSyntax,
)
from dicomseries.standard.value_representations import LONG_VRS

__all__: list[str] = []

_META = (
    "MediaStorageSOPClassUID",
    "MediaStorageSOPInstanceUID",
    "TransferSyntaxUID",
    "ImplementationClassUID",
)
_BITS: dict[str, frozenset[int]] = {
    "1.2.840.10008.5.1.4.1.1.2": frozenset({16}),
    "1.2.840.10008.5.1.4.1.1.4": frozenset({16}),
    "1.2.840.10008.5.1.4.1.1.128": frozenset({16}),
    "1.2.840.10008.5.1.4.1.1.7": frozenset({1, 8, 16}),
    "1.2.840.10008.5.1.4.1.1.2.1": frozenset({16}),
    "1.2.840.10008.5.1.4.1.1.4.1": frozenset({8, 16}),
    "1.2.840.10008.5.1.4.1.1.7.1": frozenset({1}),
    "1.2.840.10008.5.1.4.1.1.7.2": frozenset({8}),
    "1.2.840.10008.5.1.4.1.1.7.3": frozenset({16}),
    "1.2.840.10008.5.1.4.1.1.7.4": frozenset({8}),
    "1.2.840.10008.5.1.4.1.1.13.1.1": frozenset({8, 16}),
    "1.2.840.10008.5.1.4.1.1.30": frozenset({8, 16, 32, 64}),
    "1.2.840.10008.5.1.4.1.1.66.4": frozenset({1, 8}),
    "1.2.840.10008.5.1.4.1.1.66.7": frozenset({8, 16}),
}
"""SOP Class → BitsAllocated it may have (PS3.3 sections C.8.2, C.8.3, C.8.9, A.8, C.8.13, C.8.15, C.8.20, C.8.32)."""
_FLOATS = {0x7FE00008: (32, "OF"), 0x7FE00009: (64, "OD")}
"""Float and Double Float Pixel Data → BitsAllocated and VR (PS3.3 sections C.7.6.24 and C.7.6.25)."""
_INTEGERS_ONLY = ("BitsStored", "HighBit", "PixelRepresentation")
_BLOCK_BYTES = 8 << 20
_SIZES = ("Rows", "Columns", "SamplesPerPixel", "BitsAllocated", "NumberOfFrames")
_GREY = frozenset({"MONOCHROME1", "MONOCHROME2", "PALETTE COLOR"})
_COLOUR = frozenset(
    {"RGB", "YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_420", "YBR_ICT", "YBR_RCT", "XYB"}
)


@check("FIL-001", level="error", part="PS3.10 7", scope="files")
def files_can_be_read(problems: tuple[Problem, ...]) -> Iterator[Fault]:
    """Every DICOM file can be taken apart into elements.

    A file that begins as DICOM and cannot be read is truncated, damaged, or written in another transfer syntax than
    its file meta information says.
    """
    for problem in problems:
        yield Fault("file", problem.text + ".", problem.remedy)


@check("FIL-002", level="error", part="PS3.10 7.1")
def meta_agrees(view: SeriesView) -> Iterator[Fault]:
    """File meta information names the same SOP class and instance as the data set.

    Archives store under the one and query by the other; a file in which they differ is lost or refused.
    """
    for instance in view.instances:
        for ours, theirs in (
            ("MediaStorageSOPClassUID", "SOPClassUID"),
            ("MediaStorageSOPInstanceUID", "SOPInstanceUID"),
        ):
            meta, main = instance.text(ours), instance.text(theirs)
            if meta and meta != main:
                yield Fault(
                    instance.name,
                    f"{ours} is {printable(meta)}, {theirs} is {printable(main)}.",
                    f"Write {theirs} into the file meta information.",
                )


@check("FIL-003", level="error", part="PS3.10 7.1")
def meta_is_whole(view: SeriesView) -> Iterator[Fault]:
    """A file has the preamble and the file meta information that PS3.10 demands, with the right group length."""
    shared = [keyword for keyword in _META if not view.differs(keyword)]
    always = [keyword for keyword in shared if not view.first.raw(keyword)]
    for instance in view.instances:
        lacking = always + [
            keyword for keyword in _META if keyword not in shared and not instance.raw(keyword)
        ]
        if not instance.family.has_preamble or lacking:
            what = ", ".join(lacking) if instance.family.has_preamble else "the preamble with DICM"
            yield Fault(
                instance.name, f"The file lacks {what}.", "Write the file meta information anew."
            )
        elif not _group_length_agrees(instance):
            yield Fault(
                instance.name,
                "FileMetaInformationGroupLength is not the length of group 2.",
                "Write the file meta information anew.",
            )


def _group_length_agrees(instance: Instance) -> bool:
    found = int.from_bytes(instance.raw("FileMetaInformationGroupLength") or b"", "little")
    size = 0
    for tag in instance.tags:
        if tag >> 16 != 2:
            break
        element = instance.element(tag) if tag & 0xFFFF else None
        size += 0 if element is None else len(element.raw) + (12 if element.vr in LONG_VRS else 8)
    return found == size


@check("FIL-004", level="error", part="PS3.5 8.1, 7.1.1", scope="image")
def pixels_are_whole(view: SeriesView) -> Iterator[Fault]:
    """Pixel Data is as long as rows, columns, samples and bits say, padded to an even length, and all of it is there.

    Readers fill a short frame with zeros, or with whatever follows.
    """
    is_alike = not any(map(view.differs, _SIZES))
    usual = _needed_bytes(view.first)
    for instance in view.instances:
        pixels = instance.pixels
        if pixels is None:
            yield Fault(
                instance.name, "There is no Pixel Data.", "Export the image again with its pixels."
            )
        elif pixels.length is not None:
            needed = usual if is_alike else _needed_bytes(instance)
            there = min(pixels.length, max(instance.file_size - pixels.offset, 0))
            there = (
                pixels.length
                if instance.transfer_syntax == DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN
                else there
            )
            if there < needed or pixels.length != needed + needed % 2:
                yield Fault(
                    instance.name,
                    f"Pixel Data has {there} bytes and says {pixels.length}; {needed + needed % 2} are needed.",
                    "Write the file again with all of its pixels.",
                )


def _needed_bytes(instance: Instance) -> int:
    """Return the bytes that the header asks for, not padded; two pixels of 4:2:2 share their colours."""
    bits = (
        instance.rows
        * instance.columns
        * instance.samples
        * instance.number("BitsAllocated")
        * instance.frames
    )
    if instance.text("PhotometricInterpretation").endswith("422"):
        bits = bits * 2 // 3
    return (bits + 7) // 8


def _known(syntax: str) -> TransferSyntax | UID | None:
    """Return what is known of a transfer syntax: by us, as pydicom does not know the newest, or by pydicom."""
    uid = UID(syntax)
    return BY_UID.get(syntax) or (uid if uid.is_transfer_syntax else None)


@check("FIL-005", level="error", part="PS3.5 A.4", scope="image")
def syntax_fits_the_pixels(view: SeriesView) -> Iterator[Fault]:
    """Compressed transfer syntaxes have Pixel Data in fragments (undefined length, VR OB), all others have not.

    A compressed file labelled as uncompressed is drawn as noise; the other way round, decoders fail.
    """
    syntaxes = {
        name: _known(name) for name in {instance.transfer_syntax for instance in view.instances}
    }
    for instance in view.instances:
        syntax = syntaxes[instance.transfer_syntax]
        if instance.pixels is None or syntax is None:
            continue
        in_fragments = instance.pixels.length is None
        if syntax.is_encapsulated != in_fragments:
            yield Fault(
                instance.name,
                f"TransferSyntaxUID says {syntax.name}, Pixel Data is {'in' if in_fragments else 'not in'} fragments.",
                "Write the transfer syntax that the pixels have into the file meta information.",
            )


@check("FIL-006", level="error", part="PS3.5 10, A")
def syntax_is_known(view: SeriesView) -> Iterator[Fault]:
    """TransferSyntaxUID is one of the standard's."""
    for instance in view.representatives("TransferSyntaxUID"):
        if _known(instance.transfer_syntax) is None:
            yield Fault(
                instance.name,
                f"TransferSyntaxUID {printable(instance.transfer_syntax)} is not one of the standard's.",
                "Export the file in a standard transfer syntax.",
            )


@check("FIL-007", level="warning", part="PS3.5 10")
def syntax_is_one(view: SeriesView) -> Iterator[Fault]:
    """All files of a series are in one transfer syntax.

    Several are legal; attributes are compared by value then. Some readers take that of the first file for all.
    """
    if view.differs("TransferSyntaxUID"):
        names = Counter(UID(instance.transfer_syntax).name for instance in view.instances)
        listed = ", ".join(
            f"{counted(count, 'file')} in {name}" for name, count in names.most_common()
        )
        yield Fault(
            view.odd("TransferSyntaxUID")[0].name,
            f"The series has several transfer syntaxes: {listed}.",
            "Export all files in one transfer syntax, if a reader stumbles over them.",
        )


@check("PIX-001", level="error", part="PS3.3 C.7.6.3.1, PS3.5 8.1.1", scope="image")
def bits_agree(view: SeriesView) -> Iterator[Fault]:
    """BitsAllocated, BitsStored and HighBit agree: BitsStored fits in BitsAllocated, HighBit is one less."""
    for instance in (
        view.instances if view.differs("HighBit") or view.differs("BitsStored") else (view.first,)
    ):
        if instance.pixels is None or instance.pixels.tag in _FLOATS:
            continue  # FIL-004, PIX-006
        allocated, stored, high = (
            instance.number(key) for key in ("BitsAllocated", "BitsStored", "HighBit")
        )
        if not 0 < stored <= allocated or high != stored - 1:
            yield Fault(
                instance.name,
                f"BitsAllocated {allocated}, BitsStored {stored}, HighBit {high}.",
                "Write HighBit = BitsStored - 1, and BitsStored of at most BitsAllocated.",
            )


@check("PIX-002", level="error", part="PS3.3 C.8", scope="image")
def bits_fit_the_kind(view: SeriesView) -> Iterator[Fault]:
    """BitsAllocated is one that the SOP class allows: 16 in CT, MR and PET images; 1, 8 or 16 in Secondary Capture.

    Multi-frame Secondary Capture has a class for each: 8 in grayscale byte and true color, 16 in grayscale word.
    """
    for instance in view.representatives("BitsAllocated"):
        allowed = _BITS.get(instance.sop_class_uid)
        bits = instance.number("BitsAllocated")
        if allowed is not None and bits not in allowed and instance.pixels is not None:
            yield Fault(
                instance.name,
                f"BitsAllocated is {bits}; the SOP class allows {sorted(allowed)}.",
                "Store the values in 16 bits, or choose another kind.",
            )


@check("PIX-003", level="error", part="PS3.3 C.7.6.3.1.2", scope="image")
def photometry_fits_the_samples(view: SeriesView) -> Iterator[Fault]:
    """One sample is grey or palette colour, three are RGB or YBR; three have a PlanarConfiguration."""
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
                "Colour without PlanarConfiguration.",
                "Write PlanarConfiguration 0 (RGBRGB…).",
            )


@check("PIX-004", level="error", part="PS3.5 8.1.1", scope="pixels")
def values_fit_the_bits(instance: Instance) -> Iterator[Fault]:
    """Stored values need no more bits than BitsStored says.

    Some readers mask the bits above and others do not: the same file has different values in different viewers.
    """
    stored_bits, allocated = instance.number("BitsStored"), instance.number("BitsAllocated")
    if not 0 < stored_bits < allocated or instance.number("HighBit") != stored_bits - 1:
        return
    beyond = 0
    try:
        for words, values in _blocks(instance):
            beyond += int(np.count_nonzero(words != values)) + _beyond(values, stored_bits)
    except DicomSeriesError:
        return  # FIL-004 and PIX-005 say so
    if beyond:
        yield Fault(
            instance.name,
            f"{beyond} values need more than BitsStored = {stored_bits} bits.",
            f"Write BitsStored {allocated} and HighBit {allocated - 1}.",
        )


def _blocks(instance: Instance) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
    """Yield some frames at a time: all their bits, and the stored values."""
    size = max(
        1,
        instance.rows * instance.columns * instance.samples * instance.number("BitsAllocated") // 8,
    )
    step = max(1, _BLOCK_BYTES // size)
    for start in range(0, instance.frames, step):
        stop = min(instance.frames, start + step)
        if is_plain(instance):
            colours = () if instance.samples == 1 else (instance.samples,)
            words = np.empty(
                (stop - start, instance.rows, instance.columns, *colours), stored_dtype(instance)
            )
            read_plain_frames(instance, words, start)
            yield words, clear_unused_bits(instance, words)
        else:
            values = read_frames(instance, start, stop)
            yield values, values


def _beyond(values: npt.NDArray[Any], bits: int) -> int:
    if values.dtype.kind == "i":
        return int(np.count_nonzero((values < -(1 << bits - 1)) | (values >= 1 << bits - 1)))
    return int(np.count_nonzero(values >= 1 << bits))


@check("PIX-005", level="error", part="PS3.5 8", scope="pixels")
def pixels_can_be_decoded(instance: Instance) -> Iterator[Fault]:
    """Compressed pixels can be decoded.

    Only looked at where a decoder is installed.
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
def floats_are_told_as_floats(view: SeriesView) -> Iterator[Fault]:
    """Float Pixel Data has BitsAllocated 32 and VR OF, Double Float Pixel Data 64 and OD; they are of one sample.

    BitsStored, HighBit and PixelRepresentation are of integers and must not be there.
    """
    for instance in view.instances:
        pixels = instance.pixels
        if pixels is None or pixels.tag not in _FLOATS:
            continue
        bits, vr = _FLOATS[pixels.tag]
        found = instance.number("BitsAllocated")
        if (found, pixels.vr, instance.samples) != (bits, vr, 1):
            yield Fault(
                instance.name,
                f"BitsAllocated {found}, VR {pixels.vr}, SamplesPerPixel {instance.samples} with {bits}-bit floats.",
                f"Write BitsAllocated {bits}, VR {vr} and SamplesPerPixel 1.",
            )
        wrong = [keyword for keyword in _INTEGERS_ONLY if instance.raw(keyword) is not None]
        if wrong:
            yield Fault(
                instance.name,
                f"{' and '.join(wrong)} with floating point pixels.",
                f"Leave {' and '.join(wrong)} out.",
            )
