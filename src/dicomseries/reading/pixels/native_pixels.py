"""Pixel Data → arrays of stored values (PS3.5 section 8)."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import Dataset, dcmread
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.utils import iter_pixels
from pydicom.uid import UID, ExplicitVRLittleEndian

from dicomseries.errors import MissingPackageError, ReadError
from dicomseries.reading import read_errors
from dicomseries.reading.parse.deflated import fill_inflated
from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.pixels import decode as fragments
from dicomseries.standard.attribute import tag_of
from dicomseries.standard.transfer_syntaxes import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)

__all__ = [
    "FORMAT",
    "NATIVE",
    "check_first_frame",
    "check_pixels",
    "decoded",
    "frame_bits",
    "is_plain",
    "needed_bytes",
    "plain_bytes",
    "read_into",
    "read_like",
    "significant",
    "stored_dtype",
    "stored_values",
]

NATIVE = frozenset(
    {
        IMPLICIT_VR_LITTLE_ENDIAN,
        EXPLICIT_VR_LITTLE_ENDIAN,
        DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    }
)
"""Implicit and Explicit VR Little Endian, deflated or not: pixels lie in the data set as in memory."""

_AS_STORED = frozenset({"MONOCHROME1", "MONOCHROME2", "RGB", "PALETTE COLOR"})
"""Photometric interpretations whose samples need no conversion to be what they are called."""

FORMAT = frozenset(
    tag_of(keyword)
    for keyword in (
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
    )
)
"""Tags of what says how pixels lie in a file."""

_FLOATS = {0x7FE00008: "f4", 0x7FE00009: "f8"}
"""Float Pixel Data and Double Float Pixel Data (PS3.3 sections C.7.6.24 and C.7.6.25)."""


def stored_dtype(instance: Instance) -> np.dtype[Any]:
    """Return the dtype of the stored values, native byte order.

    Raises
    ------
    ReadError
        If BitsAllocated is not 1, 8, 16 or 32.
    """
    bits = instance.number("BitsAllocated")
    if instance.pixels is not None and instance.pixels.tag in _FLOATS:
        dtype = np.dtype(_FLOATS[instance.pixels.tag])
        if bits not in {0, 8 * dtype.itemsize}:
            raise read_errors.no_pixels(
                instance.path, f"BitsAllocated {bits} of {dtype.name} pixels"
            )
        return dtype
    if bits not in {1, 8, 16, 32}:
        raise read_errors.no_pixels(instance.path, f"BitsAllocated {bits}")
    sign = "i" if instance.number("PixelRepresentation") and bits > 1 else "u"
    return np.dtype(f"{sign}{max(bits // 8, 1)}")


def is_plain(instance: Instance) -> bool:
    """Return whether the pixels can be copied from the file as they are."""
    return (
        instance.transfer_syntax in NATIVE
        and (_is_float(instance) or instance.number("BitsAllocated") in {8, 16, 32, 64})
        and (instance.text("PhotometricInterpretation") or "RGB") in _AS_STORED
        and not (instance.samples > 1 and instance.number("PlanarConfiguration"))
    )


def _is_float(instance: Instance) -> bool:
    """Return whether the tag of the pixels says what they are, where BitsAllocated may be missing."""
    return instance.pixels is not None and instance.pixels.tag in _FLOATS


def stored_values(instance: Instance) -> npt.NDArray[Any]:
    """Return the stored values of a file of one frame."""
    check_pixels(instance)
    if instance.frames != 1:
        raise read_errors.no_pixels(
            instance.path, f"{instance.frames} frames of {instance.rows}×{instance.columns}"
        )
    if is_plain(instance):
        colours = () if instance.samples == 1 else (instance.samples,)
        array = np.empty((instance.rows, instance.columns, *colours), stored_dtype(instance))
        read_into(instance, array)
        return significant(instance, array)
    return significant(instance, decoded(instance, 0, 1)[0])


def read_into(instance: Instance, array: npt.NDArray[Any], start: int = 0) -> None:
    """Read plain pixels from frame `start` on into a C-contiguous `array` of their shape and dtype, without a copy.

    Raises
    ------
    ReadError
        If the file ends too early or cannot be read.
    """
    frame_bytes = array.dtype.itemsize * instance.rows * instance.columns * instance.samples
    plain_bytes(instance, start * frame_bytes, array.reshape(-1).view(np.uint8).data)


def read_like(instance: Instance, view: memoryview, like: Instance) -> bool:
    """Fill `view` with the plain pixels of a file whose format is known: that of `like`, whose frame has its size.

    Returns
    -------
    bool
        False, and nothing is read, if the format of the file has to be looked at first.

    Raises
    ------
    ReadError
        As `read_into`.
    """
    pixels = instance.pixels
    if pixels is None or pixels.length is None or pixels.length < len(view):
        return False
    if like.pixels is None or pixels.tag != like.pixels.tag or not instance.shares(FORMAT, like):
        return False
    _fill(instance, pixels.offset, view)
    return True


def plain_bytes(instance: Instance, start: int, view: memoryview) -> None:
    """Fill `view` with the bytes of uncompressed pixels from byte `start` of them on.

    Raises
    ------
    ReadError
        If the file ends too early or cannot be read.
    """
    _fill(instance, check_pixels(instance) + start, view)


def _fill(instance: Instance, first: int, view: memoryview) -> None:
    if instance.transfer_syntax == DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN:
        fill_inflated(instance.path, first, view)
        return
    try:
        file = os.open(instance.path, os.O_RDONLY)
        try:
            done = os.preadv(file, [view], first)
            while 0 < done < len(view):
                more = os.preadv(file, [view[done:]], first + done)
                done = done + more if more else 0
        finally:
            os.close(file)
    except OSError as error:
        raise read_errors.unreadable(instance.path, error) from error
    if done != len(view):
        raise read_errors.truncated(instance.path, has=instance.file_size, needs=first + len(view))


def check_pixels(instance: Instance) -> int:
    """Return where the pixels begin; refuse an instance that has none, or too few bytes of them."""
    pixels = instance.pixels
    if pixels is None:
        raise read_errors.no_pixels(instance.path, "none")
    if not instance.rows * instance.columns:
        raise read_errors.no_size(instance.path, instance.rows, instance.columns)
    if instance.samples not in {1, 3}:
        given = f"{instance.frames} frames of {instance.rows}×{instance.columns}, {instance.samples} samples"
        raise read_errors.no_pixels(instance.path, given)
    stored_dtype(instance)
    if pixels.length is not None:
        _check_length(instance, pixels.offset, pixels.length)
    return pixels.offset


def check_first_frame(instance: Instance) -> None:
    """Compare the header of the first compressed frame with Rows and Columns, before memory is taken for all frames.

    Raises
    ------
    ReadError
        If it states another size, or is damaged.
    """
    if instance.pixels is None or instance.pixels.length is not None:
        return
    check_pixels(instance)
    try:
        fragments.check_frames(instance, 0, 1, stored_dtype(instance).itemsize)
    except Exception as error:
        raise read_errors.damaged(
            instance.path, f"pixels that cannot be decoded: {_short(error)}"
        ) from error


def frame_bits(instance: Instance) -> int:
    """Return the bits that an uncompressed frame asks for."""
    bits = instance.number("BitsAllocated")
    if instance.pixels is not None and instance.pixels.tag in _FLOATS:
        bits = 8 * stored_dtype(instance).itemsize
    whole = instance.rows * instance.columns * instance.samples * bits
    return whole * 2 // 3 if instance.text("PhotometricInterpretation").endswith("422") else whole


def needed_bytes(instance: Instance) -> int:
    """Return the bytes that all frames together ask for if they are not compressed, not padded."""
    return (frame_bits(instance) * instance.frames + 7) // 8


def _check_length(instance: Instance, offset: int, length: int) -> None:
    needed = needed_bytes(instance)
    is_inflated = instance.transfer_syntax == DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN
    if length < needed:
        raise ReadError(
            code="pixels-short",
            where=instance.path,
            given=f"Pixel Data of {length} bytes",
            expected=f"{needed} bytes for Rows, Columns, SamplesPerPixel and BitsAllocated (PS3.5 section 8.1)",
            remedy="Export the file again: its pixels are incomplete, or its Rows and Columns are wrong.",
        )
    if not is_inflated and offset + needed > instance.file_size:
        raise read_errors.truncated(instance.path, has=instance.file_size, needs=offset + needed)


def significant(instance: Instance, words: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return `words` with the bits outside BitsStored replaced by the sign (PS3.5 section 8.1.1)."""
    if words.dtype.kind == "f":
        return words
    allocated = words.dtype.itemsize * 8
    stored = instance.number("BitsStored", allocated)
    high = instance.number("HighBit", stored - 1)
    if (
        instance.transfer_syntax not in NATIVE
        or not 0 < stored < allocated
        or not stored - 1 <= high < allocated
    ):
        return words
    up = words.dtype.type(allocated - 1 - high)
    array: npt.NDArray[Any] = (words << up) >> words.dtype.type(allocated - stored)
    return array


def decoded(
    instance: Instance, start: int, stop: int, *, as_witness: bool = False
) -> npt.NDArray[Any]:
    """Return what imagecodecs, or else pydicom and its plugins, make of frames [start, stop), frames first.

    A witness of what imagecodecs has encoded asks pydicom wherever that has a decoder.

    Raises
    ------
    ReadError
        If they cannot be decoded.
    MissingPackageError
        If no decoder for them is installed.
    """
    missing = _missing(instance)
    try:
        frames = _decoded(instance, start, stop, is_only=missing is not None, as_witness=as_witness)
        _check_shape(instance, frames, stop - start)
    except ReadError:
        raise
    except Exception as error:
        raise missing or read_errors.damaged(
            instance.path, f"pixels that cannot be decoded: {_short(error)}"
        ) from error
    return np.ascontiguousarray(frames, dtype=frames.dtype.newbyteorder("="))


def _decoded(
    instance: Instance, start: int, stop: int, *, is_only: bool, as_witness: bool
) -> npt.NDArray[Any]:
    if fragments.can_decode(instance) and (is_only or not as_witness):
        decode = fragments.decode if is_only else fragments.decode_plain
        frames = decode(instance, start, stop, stored_dtype(instance))
        if frames is not None:
            return frames
    if instance.pixels is not None and instance.pixels.length is None:
        fragments.check_frames(instance, start, stop, stored_dtype(instance).itemsize)
    return _one(instance) if instance.frames == 1 else _some(instance, start, stop)


def _one(instance: Instance) -> npt.NDArray[Any]:
    array: npt.NDArray[Any] = _dataset(instance).pixel_array
    return array[np.newaxis]


def _some(instance: Instance, start: int, stop: int) -> npt.NDArray[Any]:
    # Packed bits of a frame may begin inside a byte, which pydicom's iterator does not bear.
    is_whole = (
        instance.family.has_preamble
        and instance.transfer_syntax != DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN
    )
    if not is_whole or instance.number("BitsAllocated") == 1:
        array: npt.NDArray[Any] = _dataset(instance).pixel_array[start:stop]
        return array
    return np.stack(
        [frame.copy() for frame in iter_pixels(instance.path, indices=range(start, stop))]
    )


def _dataset(instance: Instance) -> Dataset:
    if instance.transfer_syntax == DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN:
        return _inflated_dataset(instance)
    dataset = dcmread(instance.path, force=True)
    dataset.file_meta.TransferSyntaxUID = UID(instance.transfer_syntax)
    return dataset


def _inflated_dataset(instance: Instance) -> Dataset:
    """Return a data set whose pixels alone were inflated; pydicom inflates a file without a limit."""
    assert instance.pixels is not None  # noqa: S101 - checked by the caller
    content = bytearray(needed_bytes(instance))
    plain_bytes(instance, 0, memoryview(content))
    dataset = instance.dataset()
    dataset.add_new(instance.pixels.tag, instance.pixels.vr, bytes(content))
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return dataset


def _missing(instance: Instance) -> MissingPackageError | None:
    packages = ["imagecodecs"] if fragments.lacks_imagecodecs(instance.transfer_syntax) else []
    try:
        decoder = get_decoder(instance.transfer_syntax)
    except NotImplementedError:
        return read_errors.decoder_missing(
            instance.path, UID(instance.transfer_syntax).name, packages
        )
    if decoder.is_available:
        return None
    packages += [_pip_words(line) for line in decoder.missing_dependencies]
    return read_errors.decoder_missing(instance.path, decoder.UID.name, packages)


def _pip_words(missing: str) -> str:
    """Return what pip installs for a plug-in, from "gdcm - requires gdcm>=3.0.10".

    Examples
    --------
    >>> _pip_words("gdcm - requires gdcm>=3.0.10")
    'python-gdcm'
    >>> _pip_words("pylibjpeg - requires pylibjpeg>=2.0 and pylibjpeg-libjpeg>=2.1")
    'pylibjpeg pylibjpeg-libjpeg'
    """
    requirements = (
        missing.partition(" requires ")[2].replace(" and ", " ").replace(",", " ").split()
    )
    names = [requirement.partition(">=")[0] for requirement in requirements]
    return " ".join("python-gdcm" if name == "gdcm" else name for name in names)


def _check_shape(instance: Instance, frames: npt.NDArray[Any], count: int) -> None:
    colours = () if instance.samples == 1 else (instance.samples,)
    wanted = (count, instance.rows, instance.columns, *colours)
    if frames.shape != wanted:
        message = f"an array of {frames.shape} where the header has {wanted}"
        raise ValueError(message)


def _short(error: Exception) -> str:
    return str(error).partition("\n")[0]
