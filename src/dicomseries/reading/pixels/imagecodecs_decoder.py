"""Lossless frames decoded by imagecodecs, several in parallel.

PS3.5 section A.4.
Most plug-ins of pydicom hold the interpreter lock while they decode, and its RLE decoder is pure
Python. But pydicom handles streams that contradict the header; such a stream is left to it.
"""

from __future__ import annotations

import contextlib
from functools import cache
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.pixels.pixel_format import frame_shape
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
"""Lossless transfer syntax → decoder of imagecodecs."""

_DECODABLE = frozenset({"MONOCHROME1", "MONOCHROME2", "PALETTE COLOR", "RGB", "YBR_RCT"})
"""Photometric interpretations that decode to stored values; decoders undo YBR_RCT themselves."""

_CONTIGUOUS = {"htj2k": {"planar": False}}
"""Samples last; this decoder returns them first by default."""

_END = b"\xff\xd9"
"""End of a JPEG 2000 stream (ISO/IEC 15444-1 section A.4.4); missing in a truncated one."""


@cache
def decoder_of(transfer_syntax: str) -> Any:
    """Return imagecodecs' decoder of a transfer syntax.

    None if there is none.
    """
    name = _DECODERS.get(transfer_syntax)
    if name is None:
        return None
    try:
        import imagecodecs  # noqa: PLC0415 - large and optional: imported when used
    except ImportError:
        return None
    codec = getattr(imagecodecs, name.upper(), None)
    if not getattr(codec, "available", False):
        return None
    return getattr(imagecodecs, f"{name}_decode")


def lacks_imagecodecs(transfer_syntax: str) -> bool:
    """Return True if imagecodecs is missing for this syntax."""
    return transfer_syntax in _DECODERS and decoder_of(transfer_syntax) is None


def can_decode(instance: Instance) -> bool:
    """Return True if imagecodecs is installed and decodes the file."""
    return (
        instance.text("PhotometricInterpretation") in _DECODABLE
        and instance.number("BitsAllocated") >= 8
        and decoder_of(instance.transfer_syntax) is not None
    )


def decode(instance: Instance, start: int, stop: int, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Return the stored values of the frames [start, stop).

    Parameters
    ----------
    instance : Instance
        File that `can_decode` accepts.
    start, stop : int
        Frames, counted from 0.
    dtype : dtype
        Of the stored values.

    Raises
    ------
    ValueError, RuntimeError, OSError
        If there is no such frame, or its stream is damaged or of another size.
    """
    return _decode(instance, start, stop, dtype, must_match=False)


def decode_plain(
    instance: Instance, start: int, stop: int, dtype: np.dtype[Any]
) -> npt.NDArray[Any] | None:
    """Return the frames as `decode`.

    None if a stream is damaged or contradicts the header.
    """
    with contextlib.suppress(ValueError, RuntimeError, OSError):
        return _decode(instance, start, stop, dtype, must_match=True)
    return None


def _decode(
    instance: Instance, start: int, stop: int, dtype: np.dtype[Any], *, must_match: bool
) -> npt.NDArray[Any]:
    syntax = instance.transfer_syntax
    name = _DECODERS[syntax]
    bits = instance.number("BitsStored")
    is_usable = _matches_header if must_match else _is_complete
    check_frames(instance, start, start + 1, dtype.itemsize)  # before memory is allocated
    array = np.empty((stop - start, *frame_shape(instance)), dtype)
    with open(instance.path, "rb") as file:  # noqa: PTH123 - paths are texts here
        for index, frame in enumerate(array, start):
            stream = stream_of(instance, file, index)
            check_stream(syntax, stream, _size(instance), dtype.itemsize)
            if not is_usable(name, stream, instance):
                message = f"frame {index + 1} is truncated, or not {name} of {bits} bits"
                raise ValueError(message)
            frame[...] = _decode_stream(syntax, stream, frame)
    # RLE holds the bits of the native form: bits above an unsigned value are undefined too.
    if dtype.kind == "i" or name == "dicomrle":
        return _clear_high_bits(array, instance.number("BitsStored", 8 * dtype.itemsize))
    return array


def check_frames(instance: Instance, start: int, stop: int, sample_bytes: int) -> None:
    """Compare the sizes of streams with the header.

    Raises
    ------
    ValueError, OSError
        If a stream is of another size, or there is no such frame.
    """
    with open(instance.path, "rb") as file:  # noqa: PTH123 - paths are texts here
        for index in range(start, stop):
            stream = stream_of(instance, file, index)
            check_stream(instance.transfer_syntax, stream, _size(instance), sample_bytes)


def _size(instance: Instance) -> FrameSize:
    return FrameSize(instance.rows, instance.columns, instance.samples)


def stream_of(instance: Instance, file: BinaryIO, index: int) -> bytes:
    """Return the compressed stream of a frame.

    Raises
    ------
    ValueError, OSError
        If there is no such frame, or the fragments are damaged.
    """
    assert instance.pixels is not None  # noqa: S101 - checked by the caller
    offsets = instance.raw("ExtendedOffsetTable")
    lengths = instance.raw("ExtendedOffsetTableLengths")
    tables = (offsets, lengths) if offsets and lengths else None
    file.seek(instance.pixels.offset)
    from pydicom.encaps import get_frame  # noqa: PLC0415 - slow to import

    return get_frame(file, index, number_of_frames=instance.frames, extended_offsets=tables)


def _matches_header(name: str, stream: bytes, instance: Instance) -> bool:
    """Return True if a complete stream agrees with the header."""
    bits = instance.number("BitsStored")
    if name == "jpegls":  # SOF 55 comes first, without tables (ISO/IEC 14495-1 section C.2.2)
        return stream[2:4] == b"\xff\xf7" and stream[6:7] == bytes([bits])
    if name in {"jpeg2k", "htj2k"}:
        from pydicom.pixels.utils import get_j2k_parameters  # noqa: PLC0415 - slow to import

        parameters = get_j2k_parameters(stream)
        is_signed = bool(instance.number("PixelRepresentation"))
        is_same = (parameters.get("precision"), parameters.get("is_signed")) == (bits, is_signed)
        return is_same and _has_end(stream)
    return True


def _is_complete(name: str, stream: bytes, _: Instance) -> bool:
    """Return True if a stream has its end.

    Only the HTJ2K decoder does not check it.
    """
    return name != "htj2k" or _has_end(stream)


def _has_end(stream: bytes) -> bool:
    return stream.rstrip(b"\0").endswith(_END)


def _decode_stream(
    transfer_syntax: str, stream: bytes, frame: npt.NDArray[Any]
) -> npt.NDArray[Any]:
    """Return the values of a stream, shaped like `frame`."""
    name, decoder = _DECODERS[transfer_syntax], decoder_of(transfer_syntax)
    if name == "dicomrle":  # samples first
        planes = np.frombuffer(decoder(stream, frame.dtype), frame.dtype)
        planes = planes.reshape(-1, *frame.shape[:2])
        return planes[0] if frame.ndim == 2 else np.moveaxis(planes, 0, -1)
    # JPEG-LS streams have no sign: decode to unsigned integers, then reinterpret the bits.
    unsigned = decoder(stream, **_CONTIGUOUS.get(name, {}))
    unsigned = unsigned.astype(f"u{frame.dtype.itemsize}", copy=False)
    values: npt.NDArray[Any] = unsigned.reshape(frame.shape).view(frame.dtype)
    return values


def _clear_high_bits(pixels: npt.NDArray[Any], bits_stored: int) -> npt.NDArray[Any]:
    """Replace the bits above BitsStored by the sign.

    PS3.5 section 8.1.1.
    """
    unused = 8 * pixels.dtype.itemsize - bits_stored
    if 0 < unused < 8 * pixels.dtype.itemsize:
        pixels = (pixels << pixels.dtype.type(unused)) >> pixels.dtype.type(unused)
    return pixels
