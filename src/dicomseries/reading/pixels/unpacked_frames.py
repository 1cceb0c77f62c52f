"""One frame of uncompressed bytes as an array.

PS3.5 sections 8.1 and 8.2.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.pixels.pixel_format import frame_shape, stored_dtype

__all__ = ["FrameForm", "form_of", "keep_bits", "unpacked_frame"]


class FrameForm(NamedTuple):
    """What the header says about each frame.

    Shape (rows, columns[, samples]), dtype, bits allocated and stored, photometric
    interpretation, and whether colour planes follow each other.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    bits_allocated: int
    bits_stored: int
    photometric: str
    has_planes: bool

    @property
    def is_signed(self) -> bool:
        """Whether the stored values have a sign."""
        return self.dtype.kind == "i"

    @property
    def frame_bytes(self) -> int:
        """Bytes of an uncompressed frame."""
        return (math.prod(self.shape) * self.bits_allocated + 7) // 8


def form_of(instance: Instance) -> FrameForm:
    """Return the form of the frames of a file.

    Raises
    ------
    ReadError
        If BitsAllocated is not supported.
    """
    dtype = stored_dtype(instance)
    allocated = instance.number("BitsAllocated") or 8 * dtype.itemsize
    return FrameForm(
        shape=frame_shape(instance),
        dtype=dtype,
        bits_allocated=allocated,
        bits_stored=instance.number("BitsStored", allocated),
        photometric=instance.text("PhotometricInterpretation"),
        has_planes=instance.samples > 1 and bool(instance.number("PlanarConfiguration")),
    )


def unpacked_frame(content: bytes, form: FrameForm) -> npt.NDArray[Any]:
    """Return the stored values of one little-endian frame.

    Bits outside of BitsStored are not cleared.

    Parameters
    ----------
    content : bytes
        At least the bytes of the frame; padding follows.
    form : FrameForm
        Its form.

    Raises
    ------
    ValueError
        If there are too few bytes.
    """
    if len(content) < form.frame_bytes:
        message = f"{len(content)} bytes in a frame of {form.frame_bytes}"
        raise ValueError(message)
    if form.bits_allocated == 1:
        packed = np.frombuffer(content, np.uint8, form.frame_bytes)
        bits = np.unpackbits(packed, count=math.prod(form.shape), bitorder="little")
        return bits.reshape(form.shape)
    values = np.frombuffer(content, form.dtype.newbyteorder("<"), math.prod(form.shape))
    if not form.has_planes:
        return values.reshape(form.shape)
    rows, columns, samples = form.shape
    return np.moveaxis(values.reshape(samples, rows, columns), 0, -1)


def keep_bits(pixels: npt.NDArray[Any], bits: int) -> npt.NDArray[Any]:
    """Replace the bits above the lowest `bits` by the sign, or by 0.

    PS3.5 section 8.1.1.

    Examples
    --------
    >>> keep_bits(np.array([4095, 1], "int16"), 12).tolist()
    [-1, 1]
    """
    width = 8 * pixels.dtype.itemsize
    if not 0 < bits < width:
        return pixels
    unused = pixels.dtype.type(width - bits)
    kept: npt.NDArray[Any] = (pixels << unused) >> unused
    return kept
