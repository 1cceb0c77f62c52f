"""The door of reading to imagecodecs, which decodes lossless frames in several threads at a time (PS3.5 section A.4).

Most plug-ins of pydicom hold the interpreter's lock while they decode, and its own decoder of RLE is written in Python.
But they know better what to do with a stream that says otherwise than the header; such a stream is left to them.
"""

from __future__ import annotations

import contextlib
from functools import cache
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from pydicom.encaps import get_frame
from pydicom.pixels.utils import get_j2k_parameters

from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.pixels.stream_headers import FrameSize, check_stream

__all__ = [
    "can_decode",
    "check_frames",
    "decode",
    "decode_plain",
    "decoder_of",
    "lacks_imagecodecs",
    "stream_of",
]

_DECODERS = {
    "1.2.840.10008.1.2.5": "dicomrle",
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

_END = b"\xff\xd9"
"""End of a stream of JPEG 2000 (ISO/IEC 15444-1 section A.4.4), before which a file may have been cut off."""


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
    is_here = getattr(getattr(imagecodecs, name.upper(), None), "available", False)
    return getattr(imagecodecs, f"{name}_decode") if is_here else None


def lacks_imagecodecs(transfer_syntax: str) -> bool:
    """Return whether imagecodecs would decode a transfer syntax, but is not installed.

    Examples
    --------
    >>> lacks_imagecodecs("1.2.840.10008.1.2")
    False
    """
    return transfer_syntax in _DECODERS and decoder_of(transfer_syntax) is None


def can_decode(instance: Instance) -> bool:
    """Return whether imagecodecs is here and knows the compression."""
    return (
        instance.text("PhotometricInterpretation") in _OF_SAMPLES
        and instance.number("BitsAllocated") >= 8
        and decoder_of(instance.transfer_syntax) is not None
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
    return _decoded(instance, start, stop, dtype, must_be_plain=False)


def decode_plain(
    instance: Instance, start: int, stop: int, dtype: np.dtype[Any]
) -> npt.NDArray[Any] | None:
    """Return what `decode` does; None if a stream is damaged, or says otherwise than the header what its values are."""
    with contextlib.suppress(ValueError, RuntimeError, OSError):
        return _decoded(instance, start, stop, dtype, must_be_plain=True)
    return None


def _decoded(
    instance: Instance, start: int, stop: int, dtype: np.dtype[Any], *, must_be_plain: bool
) -> npt.NDArray[Any]:
    name = _DECODERS[instance.transfer_syntax]
    check_frames(
        instance, start, start + 1, dtype.itemsize
    )  # before memory is taken for what they claim to be
    colours = () if instance.samples == 1 else (instance.samples,)
    array = np.empty((stop - start, instance.rows, instance.columns, *colours), dtype)
    with open(instance.path, "rb") as file:  # noqa: PTH123 - paths are texts here
        for index, frame in enumerate(array, start):
            stream = stream_of(instance, file, index)
            check_stream(instance.transfer_syntax, stream, _size(instance), dtype.itemsize)
            if not (
                _is_plain(name, stream, instance) if must_be_plain else _is_whole(name, stream)
            ):
                message = f"frame {index + 1} is cut off, or no {name} of {instance.number('BitsStored')} bits"
                raise ValueError(message)
            frame[...] = _words(instance.transfer_syntax, stream, frame)
    unused = 8 * dtype.itemsize - instance.number("BitsStored", 8 * dtype.itemsize)
    # Of words of RLE, which are those of the native form, also the bits above an unsigned value may hold anything.
    return _significant(array, unused) if dtype.kind == "i" or name == "dicomrle" else array


def check_frames(instance: Instance, start: int, stop: int, sample_bytes: int) -> None:
    """Raise where the streams of frames [start, stop) do not hold what Rows, Columns and SamplesPerPixel state.

    Raises
    ------
    ValueError, OSError
        If it is so, or there is no such frame.
    """
    with open(instance.path, "rb") as file:  # noqa: PTH123 - paths are texts here
        for index in range(start, stop):
            stream = stream_of(instance, file, index)
            check_stream(instance.transfer_syntax, stream, _size(instance), sample_bytes)


def _size(instance: Instance) -> FrameSize:
    return FrameSize(instance.rows, instance.columns, instance.samples)


def stream_of(instance: Instance, file: BinaryIO, index: int) -> bytes:
    """Return the compressed stream of a frame, counted from 0, out of the opened file of an instance.

    Raises
    ------
    ValueError, OSError
        If there is no such frame, or the fragments are damaged.
    """
    assert instance.pixels is not None  # noqa: S101 - checked by the caller
    offsets, lengths = (
        instance.raw(keyword) for keyword in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths")
    )
    file.seek(instance.pixels.offset)
    return get_frame(
        file,
        index,
        number_of_frames=instance.frames,
        extended_offsets=(offsets, lengths) if offsets and lengths else None,
    )


def _is_plain(name: str, stream: bytes, instance: Instance) -> bool:
    """Return whether a stream is whole, and says of its values what the header says."""
    bits = instance.number("BitsStored")
    if (
        name == "jpegls"
    ):  # SOF 55 at once, without tables of its own before it (ISO/IEC 14495-1 section C.2.2)
        return stream[2:4] == b"\xff\xf7" and stream[6:7] == bytes([bits])
    if name in {"jpeg2k", "htj2k"}:
        said = get_j2k_parameters(stream)
        is_signed = bool(instance.number("PixelRepresentation"))
        return (said.get("precision"), said.get("is_signed")) == (bits, is_signed) and _ends(stream)
    return True


def _is_whole(name: str, stream: bytes) -> bool:
    """Return whether a stream has its end, where the decoder would not miss it."""
    return name != "htj2k" or _ends(stream)


def _ends(stream: bytes) -> bool:
    return stream.rstrip(b"\0").endswith(_END)


def _words(transfer_syntax: str, stream: bytes, frame: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the values of a stream in the shape and dtype of `frame`."""
    name, decoder = _DECODERS[transfer_syntax], decoder_of(transfer_syntax)
    if name == "dicomrle":  # colours first
        planes = np.frombuffer(decoder(stream, frame.dtype), frame.dtype).reshape(
            -1, *frame.shape[:2]
        )
        return planes[0] if frame.ndim == 2 else np.moveaxis(planes, 0, -1)
    # Through words without a sign, as the stream of JPEG-LS has none.
    words = decoder(stream, **_CONTIGUOUS.get(name, {})).astype(
        f"u{frame.dtype.itemsize}", copy=False
    )
    array: npt.NDArray[Any] = words.reshape(frame.shape).view(frame.dtype)
    return array


def _significant(words: npt.NDArray[Any], unused: int) -> npt.NDArray[Any]:
    """Return words with the `unused` bits above the highest stored one replaced by the sign (PS3.5 section 8.1.1)."""
    if 0 < unused < 8 * words.dtype.itemsize:
        words = (words << words.dtype.type(unused)) >> words.dtype.type(unused)
    return words
