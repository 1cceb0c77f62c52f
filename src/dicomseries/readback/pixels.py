"""Pixel Data → arrays of stored values (PS3.5 section 8)."""

from __future__ import annotations

import os
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from pydicom import dcmread
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID

from dicomseries.errors import MissingPackageError, ReadError
from dicomseries.readback import faults

if TYPE_CHECKING:
    from dicomseries.readback.instance import Instance

__all__ = ["NATIVE", "is_plain", "read_into", "read_words", "significant", "stored_dtype"]

NATIVE = frozenset({"1.2.840.10008.1.2", "1.2.840.10008.1.2.1"})
"""Implicit and Explicit VR Little Endian: pixels lie in the file as in memory."""

_AS_STORED = frozenset({"MONOCHROME1", "MONOCHROME2", "RGB", "PALETTE COLOR"})
"""Photometric interpretations whose samples need no conversion to be what they are called."""


def stored_dtype(instance: Instance) -> np.dtype[Any]:
    """Return the dtype of the stored values, native byte order.

    Raises
    ------
    ReadError
        If BitsAllocated is not 1, 8, 16 or 32.
    """
    bits = instance.number("BitsAllocated")
    if bits not in {1, 8, 16, 32}:
        raise faults.no_pixels(instance.path, f"BitsAllocated {bits}")
    sign = "i" if instance.number("PixelRepresentation") and bits > 1 else "u"
    return np.dtype(f"{sign}{max(bits // 8, 1)}")


def is_plain(instance: Instance) -> bool:
    """Return whether the pixels can be copied from the file as they are."""
    return (
        instance.transfer_syntax in NATIVE
        and instance.number("BitsAllocated") in {8, 16, 32}
        and (instance.text("PhotometricInterpretation") or "RGB") in _AS_STORED
        and not (instance.samples > 1 and instance.number("PlanarConfiguration"))
    )


def read_words(instance: Instance) -> npt.NDArray[Any]:
    """Return the pixels with all allocated bits; see `Instance.words`."""
    check_pixels(instance)
    if is_plain(instance):
        colours = () if instance.samples == 1 else (instance.samples,)
        array = np.empty((instance.rows, instance.columns, *colours), stored_dtype(instance))
        read_into(instance, array)
        return array
    return _decode(instance)


def read_into(instance: Instance, array: npt.NDArray[Any]) -> None:
    """Read plain pixels into a C-contiguous `array` of their shape and dtype, without a copy between.

    Raises
    ------
    ReadError
        If the file ends too early or cannot be read.
    """
    pixels = check_pixels(instance)
    view = array.reshape(-1).view(np.uint8).data
    try:
        file = os.open(instance.path, os.O_RDONLY)
        try:
            done = os.preadv(file, [view], pixels)
            while 0 < done < len(view):
                more = os.preadv(file, [view[done:]], pixels + done)
                done = done + more if more else 0
        finally:
            os.close(file)
    except OSError as error:
        raise faults.unreadable(instance.path, error) from error
    if done != len(view):
        raise faults.truncated(instance.path, has=instance.file_size, needs=pixels + len(view))


def check_pixels(instance: Instance) -> int:
    """Return where the pixels begin; refuse an instance that has none of one frame, or too few bytes of them."""
    pixels = instance.pixels
    if pixels is None or pixels.tag != 0x7FE00010:
        raise faults.no_pixels(instance.path, "none" if pixels is None else "floating point pixels")
    if instance.frames != 1 or instance.samples not in {1, 3} or not instance.rows * instance.columns:
        given = f"{instance.frames} frames of {instance.rows}×{instance.columns}, {instance.samples} samples"
        raise faults.no_pixels(instance.path, given)
    stored_dtype(instance)
    if pixels.length is not None:
        _check_length(instance, pixels.offset, pixels.length)
    return pixels.offset


def _check_length(instance: Instance, offset: int, length: int) -> None:
    needed = instance.expected_pixel_bytes
    if instance.text("PhotometricInterpretation").endswith("422"):
        needed = needed * 2 // 3
    is_inflated = instance.transfer_syntax == "1.2.840.10008.1.2.1.99"
    if length < needed:
        raise ReadError(
            code="pixels-short",
            where=instance.path,
            given=f"Pixel Data of {length} bytes",
            expected=f"{needed} bytes for Rows, Columns, SamplesPerPixel and BitsAllocated (PS3.5 section 8.1)",
            remedy="Export the file again: its pixels are incomplete, or its Rows and Columns are wrong.",
        )
    if not is_inflated and offset + needed > instance.file_size:
        raise faults.truncated(instance.path, has=instance.file_size, needs=offset + needed)


def significant(instance: Instance, words: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return `words` with the bits outside BitsStored replaced by the sign (PS3.5 section 8.1.1)."""
    allocated = words.dtype.itemsize * 8
    stored = instance.number("BitsStored", allocated)
    high = instance.number("HighBit", stored - 1)
    if instance.transfer_syntax not in NATIVE or not 0 < stored < allocated or not stored - 1 <= high < allocated:
        return words
    up = words.dtype.type(allocated - 1 - high)
    array: npt.NDArray[Any] = (words << up) >> words.dtype.type(allocated - stored)
    return array


def _decode(instance: Instance) -> npt.NDArray[Any]:
    """Return what pydicom and its plugins make of the pixels."""
    try:
        dataset = dcmread(instance.path, force=True)
        dataset.file_meta.TransferSyntaxUID = UID(instance.transfer_syntax)
        array: npt.NDArray[Any] = dataset.pixel_array
    except Exception as error:
        missing = _missing(instance)
        raise missing or faults.damaged(instance.path, f"pixels that cannot be decoded: {_short(error)}") from error
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("="))


def _missing(instance: Instance) -> MissingPackageError | None:
    try:
        decoder = get_decoder(instance.transfer_syntax)
    except NotImplementedError:
        return faults.decoder_missing(instance.path, instance.transfer_syntax, "none is known")
    if decoder.is_available:
        return None
    return faults.decoder_missing(instance.path, decoder.UID.name, "; ".join(decoder.missing_dependencies))


def _short(error: Exception) -> str:
    return str(error).partition("\n")[0]


def inflate(path: str, data: bytes) -> bytes:
    """Return a deflated data set inflated (PS3.5 section A.5).

    Raises
    ------
    ReadError
        If the stream is broken.
    """
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        content = stream.decompress(data)
    except zlib.error as error:
        raise faults.damaged(path, f"a deflated data set that does not inflate: {error}") from error
    if not stream.eof:
        raise faults.truncated(path, has=len(data), needs=len(data) + 1)
    return content
