"""The door of reading to imagecodecs: compressed frames for which pydicom has no decoder here (PS3.5 section A.4)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import numpy.typing as npt
from pydicom.encaps import get_frame

if TYPE_CHECKING:
    from dicomseries.readback.instance import Instance

__all__ = ["can_decode", "decode", "decoder_of", "stream_of"]

_DECODERS = {
    "1.2.840.10008.1.2.4.80": "jpegls",
    "1.2.840.10008.1.2.4.90": "jpeg2k",
    "1.2.840.10008.1.2.4.201": "htj2k",
    "1.2.840.10008.1.2.4.202": "htj2k",
    "1.2.840.10008.1.2.4.110": "jpegxl",
}
"""Lossless transfer syntaxes, whose streams hold stored values, and the decoder of each."""

_OF_SAMPLES = frozenset({"MONOCHROME1", "MONOCHROME2", "PALETTE COLOR", "RGB", "YBR_RCT"})
"""Photometric interpretations of what a decoder gives back as it was; the transform of YBR_RCT is its own."""

_CONTIGUOUS = {"htj2k": {"planar": False}}
"""Colours last, where the decoder would have them first."""


@cache
def decoder_of(transfer_syntax: str) -> Any:
    """Return the function of imagecodecs that decodes a transfer syntax; None if it is not here, or knows it not."""
    name = _DECODERS.get(transfer_syntax)
    if name is None:
        return None
    try:
        import imagecodecs  # noqa: PLC0415 - large and optional: imported when used
    except ImportError:
        return None
    return getattr(imagecodecs, f"{name}_decode") if getattr(imagecodecs, name.upper()).available else None


def can_decode(instance: Instance) -> bool:
    """Return whether imagecodecs is here and knows the compression."""
    return (
        instance.text("PhotometricInterpretation") in _OF_SAMPLES and decoder_of(instance.transfer_syntax) is not None
    )


def decode(instance: Instance, start: int, stop: int, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Return the stored values of frames [start, stop), frames first.

    Parameters
    ----------
    instance : Instance
        That `can_decode` says yes to.
    start, stop : int
        Frames, counted from 0.
    dtype : dtype
        Of the stored values.

    Raises
    ------
    ValueError, RuntimeError, OSError
        If there is no such frame, or its stream is damaged or of another size.
    """
    options = _CONTIGUOUS.get(_DECODERS[instance.transfer_syntax], {})
    colours = () if instance.samples == 1 else (instance.samples,)
    array = np.empty((stop - start, instance.rows, instance.columns, *colours), dtype)
    with open(instance.path, "rb") as file:  # noqa: PTH123 - paths are texts here
        for index, frame in enumerate(array, start):
            stream = stream_of(instance, file, index)
            # Through words without a sign, as the stream of JPEG-LS has none.
            words = decoder_of(instance.transfer_syntax)(stream, **options).astype(f"u{dtype.itemsize}", copy=False)
            frame[...] = words.reshape(frame.shape).view(dtype)
    return _signed(array, 8 * dtype.itemsize - instance.number("BitsStored", 8 * dtype.itemsize))


def stream_of(instance: Instance, file: BinaryIO, index: int) -> bytes:
    """Return the compressed stream of a frame, counted from 0, out of the opened file of an instance.

    Raises
    ------
    ValueError, OSError
        If there is no such frame, or the fragments are damaged.
    """
    assert instance.pixels is not None  # noqa: S101 - checked by the caller
    offsets, lengths = (instance.raw(keyword) for keyword in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths"))
    file.seek(instance.pixels.offset)
    return get_frame(
        file,
        index,
        number_of_frames=instance.frames,
        extended_offsets=(offsets, lengths) if offsets and lengths else None,
    )


def _signed(words: npt.NDArray[Any], unused: int) -> npt.NDArray[Any]:
    """Return words whose highest stored bit is their sign, with that sign in the `unused` bits above it."""
    if words.dtype.kind == "i" and 0 < unused < 8 * words.dtype.itemsize:
        words = (words << words.dtype.type(unused)) >> words.dtype.type(unused)
    return words
