"""One frame of a file as bytes, in the encoding it has there: what is handed on without being looked at."""

from __future__ import annotations

import numpy as np

from dicomseries.reading import read_errors
from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.pixels.decode import stream_of
from dicomseries.reading.pixels.native_pixels import (
    NATIVE,
    check_pixels,
    frame_bits,
    needed_bytes,
    plain_bytes,
)

__all__ = ["is_compressed", "stored_frame"]


def is_compressed(instance: Instance) -> bool:
    """Return whether the pixels are in fragments (PS3.5 section A.4), each frame a stream of its own."""
    return instance.pixels is not None and instance.pixels.length is None


def stored_frame(instance: Instance, index: int) -> bytes:
    """Return one frame as it stands in the file, read by its offset.

    Parameters
    ----------
    instance : Instance
        With pixels.
    index : int
        Of the frame, counted from 0.

    Returns
    -------
    bytes
        The stream of a compressed frame, with its padding; else the words of Explicit VR Little Endian. A frame of
        single bits begins with a byte.

    Raises
    ------
    IndexError
        If there is no such frame.
    ReadError
        If there are no pixels, or they are damaged or incomplete.

    Notes
    -----
    PS3.5 sections 8.1 and A.4; PS3.18 section 8.7.3.3 (bulk data holds streams without their delimiters). A file whose
    data set is deflated, or big-endian, is read whole for each frame.

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> dose = read_instance(get_testdata_file("rtdose.dcm"))
    >>> [len(stored_frame(dose, index)) for index in (0, 14)]
    [400, 400]
    """
    if not 0 <= index < instance.frames:
        message = f"frame {index} of {instance.frames} in {instance.path}"
        raise IndexError(message)
    check_pixels(instance)
    return _stream(instance, index) if is_compressed(instance) else _native(instance, index)


def _stream(instance: Instance, index: int) -> bytes:
    try:
        with open(instance.path, "rb") as file:  # noqa: PTH123 - paths are texts here
            return stream_of(instance, file, index)
    except OSError as error:
        raise read_errors.unreadable(instance.path, error) from error
    except Exception as error:
        raise read_errors.damaged(
            instance.path, f"frame {index + 1} that cannot be found: {error}"
        ) from error


def _native(instance: Instance, index: int) -> bytes:
    bits = frame_bits(instance)
    first, last = index * bits, (index + 1) * bits
    content = _bytes(instance, first // 8, (last + 7) // 8)
    if not first % 8 and not bits % 8:
        return content
    # Frames of single bits follow each other without padding (PS3.5 annex D); each is to begin with a byte of its own.
    pixels = np.unpackbits(np.frombuffer(content, np.uint8), bitorder="little")[
        first % 8 : first % 8 + bits
    ]
    return np.packbits(pixels, bitorder="little").tobytes()


def _bytes(instance: Instance, first: int, last: int) -> bytes:
    if instance.transfer_syntax not in NATIVE:
        return _whole(instance)[first:last]
    content = bytearray(last - first)
    plain_bytes(instance, first, memoryview(content))
    return bytes(content)


def _whole(instance: Instance) -> bytes:
    """Return all pixels, lowest byte first, of a file that cannot be read by offsets or has the highest first."""
    assert instance.pixels is not None  # noqa: S101 - checked by the caller
    word = max(instance.number("BitsAllocated") // 8, 2)
    needed = -(-needed_bytes(instance) // word) * word
    content = bytearray(needed)
    plain_bytes(instance, 0, memoryview(content)[: min(needed, instance.pixels.length or 0)])
    if instance.byte_order == "<" or instance.pixels.vr == "OB":
        return bytes(content)
    return np.frombuffer(content, f"u{word}").byteswap().tobytes()
