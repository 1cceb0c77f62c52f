"""Layout and dtype of Pixel Data in a file.

PS3.5 section 8.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import ReadError
from dicomseries.reading import read_errors
from dicomseries.reading.parse.instance import Instance
from dicomseries.standard.attributes.attribute import tag_of
from dicomseries.standard.transfer_syntaxes import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)

__all__ = [
    "FORMAT_TAGS",
    "NATIVE_SYNTAXES",
    "PACKED_BITS",
    "check_pixels",
    "clear_unused_bits",
    "frame_bits",
    "frame_shape",
    "is_compressed",
    "is_plain",
    "is_stored_as",
    "is_unconverted",
    "pixel_bytes",
    "stored_dtype",
]

NATIVE_SYNTAXES = frozenset(
    {
        IMPLICIT_VR_LITTLE_ENDIAN,
        EXPLICIT_VR_LITTLE_ENDIAN,
        DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    }
)
"""Transfer syntaxes with uncompressed little-endian pixels."""

FORMAT_TAGS = frozenset(
    map(
        tag_of,
        (
            "SamplesPerPixel",
            "PhotometricInterpretation",
            "PlanarConfiguration",
            "NumberOfFrames",
            "Rows",
            "Columns",
            "BitsAllocated",
            "BitsStored",
            "HighBit",
            "PixelRepresentation",
        ),
    )
)
"""Tags of the attributes that describe the pixel format."""

_FLOATS = {0x7FE00008: "f4", 0x7FE00009: "f8"}
"""Float Pixel Data and Double Float Pixel Data (PS3.3 sections C.7.6.24 and C.7.6.25)."""

PACKED_BITS = 12
"""BitsAllocated of values without padding: two of them in three bytes, the lowest bits first."""

_UNCONVERTED = frozenset({"MONOCHROME1", "MONOCHROME2", "RGB", "PALETTE COLOR"})
"""Photometric interpretations of samples that need no colour conversion."""


def stored_dtype(instance: Instance) -> np.dtype[Any]:
    """Return the dtype of the stored values, native byte order.

    Raises
    ------
    ReadError
        If BitsAllocated is not 1, 8, 12, 16 or 32. Packed values of 12 bits (until DICOM 1998) need
        BitsStored 12, one sample and no compression.
    """
    bits = instance.number("BitsAllocated")
    if instance.pixels is not None and instance.pixels.tag in _FLOATS:
        dtype = np.dtype(_FLOATS[instance.pixels.tag])
        if bits not in {0, 8 * dtype.itemsize}:
            raise read_errors.no_pixels(
                instance.path, f"BitsAllocated {bits} of {dtype.name} pixels"
            )
        return dtype
    if bits == PACKED_BITS and _is_packed(instance):
        bits = 16
    if bits not in {1, 8, 16, 32}:
        raise read_errors.no_pixels(instance.path, f"BitsAllocated {bits}")
    if bits > 1 and instance.number("PixelRepresentation"):
        return np.dtype(f"i{bits // 8}")
    return np.dtype(f"u{max(bits // 8, 1)}")


def _is_packed(instance: Instance) -> bool:
    """Return True for values of 12 bits without padding between them."""
    has_all_bits = instance.number("BitsStored") == PACKED_BITS
    is_native = instance.transfer_syntax in NATIVE_SYNTAXES and not is_compressed(instance)
    return has_all_bits and is_native and instance.samples == 1


def frame_shape(instance: Instance) -> tuple[int, ...]:
    """Return the shape of one frame.

    (rows, columns) or (rows, columns, samples).
    """
    if instance.samples == 1:
        return instance.rows, instance.columns
    return instance.rows, instance.columns, instance.samples


def is_compressed(instance: Instance) -> bool:
    """Return True if each frame is a compressed stream.

    PS3.5 section A.4.
    """
    return instance.pixels is not None and instance.pixels.length is None


def is_plain(instance: Instance) -> bool:
    """Return True if pixels are stored as in memory."""
    is_float = instance.pixels is not None and instance.pixels.tag in _FLOATS
    return (
        instance.transfer_syntax in NATIVE_SYNTAXES
        and (is_float or instance.number("BitsAllocated") in {8, 16, 32, 64})
        and (not instance.text("PhotometricInterpretation") or is_unconverted(instance))
        and not (instance.samples > 1 and instance.number("PlanarConfiguration"))
    )


def is_unconverted(instance: Instance) -> bool:
    """Return True if the samples need no colour conversion."""
    return instance.text("PhotometricInterpretation") in _UNCONVERTED


def is_stored_as(instance: Instance, dtype: np.dtype[Any]) -> bool:
    """Return True if plain pixels have this dtype and use all its bits."""
    bits = dtype.itemsize * 8
    return (
        is_plain(instance)
        and stored_dtype(instance) == dtype
        and (dtype.kind == "f" or instance.number("BitsStored", bits) == bits)
    )


def frame_bits(instance: Instance) -> int:
    """Return the number of bits of an uncompressed frame."""
    bits = instance.number("BitsAllocated")
    if instance.pixels is not None and instance.pixels.tag in _FLOATS:
        bits = 8 * stored_dtype(instance).itemsize
    size = instance.rows * instance.columns * instance.samples * bits
    if instance.text("PhotometricInterpretation").endswith("422"):
        return size * 2 // 3
    return size


def pixel_bytes(instance: Instance) -> int:
    """Return the bytes of all frames, uncompressed, without padding."""
    return (frame_bits(instance) * instance.frames + 7) // 8


def check_pixels(instance: Instance) -> int:
    """Return the file offset of the pixels.

    Raise if they are missing or incomplete.

    Raises
    ------
    ReadError
        If there are no pixels of a supported format, or too few bytes of them.
    """
    pixels = instance.pixels
    if pixels is None:
        raise read_errors.no_pixels(instance.path, "none")
    if not instance.rows * instance.columns:
        raise read_errors.no_size(instance.path, instance.rows, instance.columns)
    if instance.samples not in {1, 3}:
        size = f"{instance.frames} frames of {instance.rows}×{instance.columns}"
        raise read_errors.no_pixels(instance.path, f"{size}, {instance.samples} samples")
    stored_dtype(instance)
    if pixels.length is not None:
        _check_length(instance, pixels.offset, pixels.length)
    return pixels.offset


def _check_length(instance: Instance, offset: int, length: int) -> None:
    expected = pixel_bytes(instance)
    if length < expected:
        raise ReadError(
            code="pixels-short",
            where=instance.path,
            given=f"Pixel Data of {length} bytes",
            expected=f"{expected} bytes for Rows, Columns, SamplesPerPixel and BitsAllocated "
            "(PS3.5 section 8.1)",
            remedy="Export the file again: its pixels are incomplete, or its Rows and Columns "
            "are wrong.",
        )
    is_deflated = instance.transfer_syntax == DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN
    if not is_deflated and offset + expected > instance.file_size:
        raise read_errors.truncated(instance.path, has=instance.file_size, needs=offset + expected)


def clear_unused_bits(instance: Instance, pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Replace the bits outside BitsStored by the sign.

    PS3.5 section 8.1.1.
    """
    if pixels.dtype.kind == "f" or instance.transfer_syntax not in NATIVE_SYNTAXES:
        return pixels
    allocated = pixels.dtype.itemsize * 8
    stored = instance.number("BitsStored", allocated)
    high = instance.number("HighBit", stored - 1)
    if not 0 < stored < allocated or not stored - 1 <= high < allocated:
        return pixels
    left = pixels.dtype.type(allocated - 1 - high)
    values: npt.NDArray[Any] = (pixels << left) >> pixels.dtype.type(allocated - stored)
    return values
