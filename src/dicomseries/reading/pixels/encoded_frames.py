"""Bytes of one frame in the encoding of its file."""

from __future__ import annotations

import numpy as np

from dicomseries.reading import read_errors
from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.pixels.imagecodecs_decoder import stream_of
from dicomseries.reading.pixels.native_bytes import read_native_bytes
from dicomseries.reading.pixels.pixel_format import (
    NATIVE_SYNTAXES,
    check_pixels,
    frame_bits,
    is_compressed,
    pixel_bytes,
)

__all__ = ["encoded_frame"]


def encoded_frame(instance: Instance, index: int) -> bytes:
    """Return the bytes of one frame, not decoded.

    Parameters
    ----------
    instance : Instance
        File with pixels.
    index : int
        Frame, counted from 0.

    Returns
    -------
    bytes
        The stream of a compressed frame, with its padding; otherwise the values in Explicit VR
        Little Endian. A frame of single bits begins with a byte.

    Raises
    ------
    IndexError
        If there is no such frame.
    ReadError
        If there are no pixels, or they are damaged or incomplete.

    Notes
    -----
    PS3.5 sections 8.1 and A.4; PS3.18 section 8.7.3.3 (bulk data holds streams without their
    delimiters). A deflated or big-endian file is read completely for each frame.

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> dose = read_instance(get_testdata_file("rtdose.dcm"))
    >>> [len(encoded_frame(dose, index)) for index in (0, 14)]
    [400, 400]
    """
    if not 0 <= index < instance.frames:
        message = f"frame {index} of {instance.frames} in {instance.path}"
        raise IndexError(message)
    check_pixels(instance)
    if is_compressed(instance):
        return _compressed_frame(instance, index)
    return _native_frame(instance, index)


def _compressed_frame(instance: Instance, index: int) -> bytes:
    try:
        with open(instance.path, "rb") as file:  # noqa: PTH123 - paths are texts here
            return stream_of(instance, file, index)
    except OSError as error:
        raise read_errors.unreadable(instance.path, error) from error
    except Exception as error:
        raise read_errors.damaged(instance.path, f"frame {index + 1} not found: {error}") from error


def _native_frame(instance: Instance, index: int) -> bytes:
    bits = frame_bits(instance)
    first, last = index * bits, (index + 1) * bits
    content = _native_bytes(instance, first // 8, (last + 7) // 8)
    if not first % 8 and not bits % 8:
        return content
    # Frames of single bits follow each other without padding (PS3.5 annex D).
    pixels = np.unpackbits(np.frombuffer(content, np.uint8), bitorder="little")
    frame = pixels[first % 8 : first % 8 + bits]
    return np.packbits(frame, bitorder="little").tobytes()


def _native_bytes(instance: Instance, first: int, last: int) -> bytes:
    if instance.transfer_syntax not in NATIVE_SYNTAXES:
        return _all_pixels(instance)[first:last]
    content = bytearray(last - first)
    read_native_bytes(instance, first, memoryview(content))
    return bytes(content)


def _all_pixels(instance: Instance) -> bytes:
    """Return all pixels of a big-endian file in little-endian order."""
    assert instance.pixels is not None  # noqa: S101 - checked by the caller
    word = max(instance.number("BitsAllocated") // 8, 2)
    size = -(-pixel_bytes(instance) // word) * word
    content = bytearray(size)
    view = memoryview(content)[: min(size, instance.pixels.length or 0)]
    read_native_bytes(instance, 0, view)
    if instance.byte_order == "<" or instance.pixels.vr == "OB":
        return bytes(content)
    return np.frombuffer(content, f"u{word}").byteswap().tobytes()
