"""Pixels of some frames of a file, read when they are asked for (PS3.5 section 8)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.pixels.native_pixels import (
    NATIVE,
    check_pixels,
    decoded,
    is_plain,
    plain_bytes,
    read_into,
    significant,
    stored_dtype,
)

__all__ = ["read_frames", "read_frames_into", "reads_in_place"]

_UNCONVERTED = frozenset({"MONOCHROME1", "MONOCHROME2", "RGB", "PALETTE COLOR"})


def read_frames(
    instance: Instance, start: int, stop: int, *, as_witness: bool = False
) -> npt.NDArray[Any]:
    """Return the stored values of the frames [start, stop) of a file.

    Parameters
    ----------
    instance : Instance
        Of one or several frames.
    start, stop : int
        Frames, counted from 0.
    as_witness : bool
        Whether pydicom decodes compressed frames wherever it can, and not the package that encodes ours.

    Returns
    -------
    ndarray, shape (frames, rows, columns) or (frames, rows, columns, 3)
        In the dtype of the file, native byte order; float32 and float64 bit for bit. Bits above BitsStored are
        replaced by the sign. Pixels of one bit are 0 and 1 of uint8.

    Raises
    ------
    IndexError
        If there are no such frames.
    ReadError
        If there are no pixels, or too few bytes of them.
    MissingPackageError
        If they are compressed and no decoder for them is installed.

    Notes
    -----
    PS3.5 sections 8.1 and 8.2; PS3.3 sections C.7.6.3, C.7.6.24 and C.7.6.25. Uncompressed frames that follow each
    other are one read of the file.

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
    if start == stop:
        return np.empty((0, *_frame_shape(instance)), stored_dtype(instance))
    if is_plain(instance):
        array = np.empty((stop - start, *_frame_shape(instance)), stored_dtype(instance))
        read_into(instance, array, start)
        return significant(instance, array)
    if (
        instance.transfer_syntax in NATIVE
        and instance.text("PhotometricInterpretation") in _UNCONVERTED
    ):
        if instance.number("BitsAllocated") == 1:
            return _bits(instance, start, stop)
        return significant(instance, _planes(instance, start, stop))
    return significant(instance, decoded(instance, start, stop, as_witness=as_witness))


def reads_in_place(instance: Instance, dtype: np.dtype[Any]) -> bool:
    """Return whether `read_frames_into` can fill an array of this dtype straight from the file."""
    bits = dtype.itemsize * 8
    return (
        is_plain(instance)
        and stored_dtype(instance) == dtype
        and (dtype.kind == "f" or instance.number("BitsStored", bits) == bits)
    )


def read_frames_into(instance: Instance, array: npt.NDArray[Any], start: int) -> None:
    """Fill a C-contiguous `array` (frames, rows, columns[, 3]) with the frames from `start` on.

    Raises
    ------
    ReadError, MissingPackageError
        As `read_frames`.
    """
    if reads_in_place(instance, array.dtype):
        read_into(instance, array, start)
    else:
        array[...] = read_frames(instance, start, start + len(array))


def _frame_shape(instance: Instance) -> tuple[int, ...]:
    return (instance.rows, instance.columns, *([3] if instance.samples == 3 else []))


def _planes(instance: Instance, start: int, stop: int) -> npt.NDArray[Any]:
    """Return colours that lie plane by plane (Planar Configuration 1) with the colours last."""
    shape = (stop - start, instance.samples, instance.rows, instance.columns)
    array = np.empty(shape, stored_dtype(instance))
    read_into(instance, array, start)
    return np.ascontiguousarray(np.moveaxis(array, 1, -1)) if instance.samples > 1 else array[:, 0]


def _bits(instance: Instance, start: int, stop: int) -> npt.NDArray[np.uint8]:
    """Return packed pixels of one bit: the first pixel in the lowest bit, frames without padding (PS3.5 annex D)."""
    frame_bits = instance.rows * instance.columns
    first, last = start * frame_bits, stop * frame_bits
    packed = np.empty((last + 7) // 8 - first // 8, np.uint8)
    plain_bytes(instance, first // 8, packed.data)
    bits = np.unpackbits(packed, bitorder="little")[first % 8 : first % 8 + last - first]
    return bits.reshape(stop - start, instance.rows, instance.columns)
