"""Frames of a file as arrays of stored values.

PS3.5 section 8.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.reading import read_errors
from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.pixels.native_bytes import (
    bytes_of,
    read_native_bytes,
    read_plain_frames,
    read_same_format,
)
from dicomseries.reading.pixels.pixel_format import (
    NATIVE_SYNTAXES,
    PACKED_BITS,
    check_pixels,
    clear_unused_bits,
    frame_shape,
    is_plain,
    is_stored_as,
    is_unconverted,
    stored_dtype,
)

__all__ = ["read_frames", "read_frames_into", "read_stored"]


def read_frames(
    instance: Instance, start: int, stop: int, *, prefer_pydicom: bool = False
) -> npt.NDArray[Any]:
    """Return the stored values of the frames [start, stop).

    Parameters
    ----------
    instance : Instance
        File with one frame or several.
    start, stop : int
        Frames, counted from 0.
    prefer_pydicom : bool
        Decode compressed frames with pydicom if it can, not with the package that encodes ours.

    Returns
    -------
    ndarray, shape (frames, rows, columns) or (frames, rows, columns, 3)
        In the dtype of the file, native byte order; float32 and float64 bit for bit. Bits above
        BitsStored are replaced by the sign. Pixels of one bit are 0 and 1 of uint8.

    Raises
    ------
    IndexError
        If there are no such frames.
    ReadError
        If there are no pixels, or too few bytes of them.
    MissingPackageError
        If the pixels are compressed and no decoder for them is installed.

    Notes
    -----
    PS3.5 sections 8.1 and 8.2; PS3.3 sections C.7.6.3, C.7.6.24 and C.7.6.25. Consecutive
    uncompressed frames are one read of the file.

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> read_frames(read_instance(get_testdata_file("rtdose.dcm")), 3, 5).shape
    (2, 10, 10)
    """
    if not 0 <= start <= stop <= instance.frames:
        message = f"frames {start} to {stop} of {instance.frames} in {instance.path}"
        raise IndexError(message)
    check_pixels(instance)
    shape = (stop - start, *frame_shape(instance))
    if start == stop:
        return np.empty(shape, stored_dtype(instance))
    if is_plain(instance):
        array = np.empty(shape, stored_dtype(instance))
        read_plain_frames(instance, array, start)
    elif instance.number("BitsAllocated") == PACKED_BITS:
        array = _read_packed(instance, start, stop)
    elif instance.transfer_syntax in NATIVE_SYNTAXES and is_unconverted(instance):
        if instance.number("BitsAllocated") == 1:
            return _read_bits(instance, start, stop)
        array = _read_planes(instance, start, stop)
    else:
        from dicomseries.reading.pixels.decode_frames import (  # noqa: PLC0415 - for few files
            decode_frames,
        )

        array = decode_frames(instance, start, stop, prefer_pydicom=prefer_pydicom)
    return clear_unused_bits(instance, array)


def _read_planes(instance: Instance, start: int, stop: int) -> npt.NDArray[Any]:
    """Return colour planes (Planar Configuration 1) with the samples last."""
    shape = (stop - start, instance.samples, instance.rows, instance.columns)
    planes = np.empty(shape, stored_dtype(instance))
    read_plain_frames(instance, planes, start)
    if instance.samples == 1:
        return planes[:, 0]
    return np.ascontiguousarray(np.moveaxis(planes, 1, -1))


def _read_bits(instance: Instance, start: int, stop: int) -> npt.NDArray[np.uint8]:
    """Return single bits: lowest bit first, frames without padding.

    PS3.5 annex D.
    """
    frame_bits = instance.rows * instance.columns
    first, last = start * frame_bits, stop * frame_bits
    packed = np.empty((last + 7) // 8 - first // 8, np.uint8)
    read_native_bytes(instance, first // 8, packed.data)
    bits = np.unpackbits(packed, bitorder="little")[first % 8 : first % 8 + last - first]
    return bits.reshape(stop - start, instance.rows, instance.columns)


def _read_packed(instance: Instance, start: int, stop: int) -> npt.NDArray[Any]:
    """Return values of 12 bits: two in three bytes, the lowest bits first.

    ACR-NEMA 2.0 section 8.1, as in PS3.5 until 1998.
    """
    pixels = instance.rows * instance.columns
    first, last = start * pixels, stop * pixels
    packed = np.zeros(-(-last // 2) * 3 - first // 2 * 3, np.uint8)
    used = (last * PACKED_BITS + 7) // 8 - first // 2 * 3
    read_native_bytes(instance, first // 2 * 3, packed[:used].data)
    low, middle, high = packed.reshape(-1, 3).astype(np.uint16).T
    pairs = np.column_stack((low | (middle & 0xF) << 8, middle >> 4 | high << 4))
    values = pairs.reshape(-1)[first % 2 : first % 2 + last - first]
    shape = (stop - start, instance.rows, instance.columns)
    return values.astype(stored_dtype(instance)).reshape(shape)


def read_frames_into(instance: Instance, array: npt.NDArray[Any], start: int) -> None:
    """Fill a C-contiguous array with the frames from `start`.

    Raises
    ------
    ReadError, MissingPackageError
        As `read_frames`.
    """
    if is_stored_as(instance, array.dtype):
        read_plain_frames(instance, array, start)
    else:
        array[...] = read_frames(instance, start, start + len(array))


def read_stored(instance: Instance, *, like: Instance | None = None) -> npt.NDArray[Any]:
    """Return the stored values of a file of one frame.

    Parameters
    ----------
    instance : Instance
        File with one frame.
    like : Instance, optional
        Another file of the same series; saves time if both have the same pixel format.

    Returns
    -------
    ndarray, shape (rows, columns) or (rows, columns, 3)
        As `read_frames`.

    Raises
    ------
    ReadError
        If there are no pixels of one frame, or too few bytes of them.
    MissingPackageError
        If the pixels are compressed and no decoder for them is installed.

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> read_stored(read_instance(get_testdata_file("CT_small.dcm"))).dtype.name
    'int16'
    """
    if like is not None:
        layout = _plain_layout(like)
        if layout is not None:
            array = np.empty(*layout)
            if read_same_format(instance, 0, bytes_of(array), like=like):
                return array
    if instance.pixels is not None and instance.frames != 1:
        size = f"{instance.frames} frames of {instance.rows}×{instance.columns}"
        raise read_errors.no_pixels(instance.path, size)
    values: npt.NDArray[Any] = read_frames(instance, 0, 1)[0]
    return values


@lru_cache(maxsize=8)
def _plain_layout(instance: Instance) -> tuple[tuple[int, ...], np.dtype[Any]] | None:
    """Return shape and dtype of a plain single frame.

    None otherwise.
    """
    is_image = instance.pixels is not None and instance.rows * instance.columns > 0
    if not is_image or instance.frames != 1 or instance.samples not in {1, 3}:
        return None
    if not is_plain(instance):
        return None
    dtype = stored_dtype(instance)
    if not is_stored_as(instance, dtype):
        return None
    return frame_shape(instance), dtype
