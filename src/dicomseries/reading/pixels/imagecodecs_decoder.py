"""Compressed frames decoded by imagecodecs, several in parallel.

PS3.5 section A.4.
Most plug-ins of pydicom hold the interpreter lock while they decode, its RLE decoder is pure
Python, and several syntaxes have none. What a stream states about its samples comes before the
header of the file, as in pydicom.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import cache
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.pixels.decodable_syntaxes import DECODABLE_SYNTAXES
from dicomseries.reading.pixels.frame_colours import is_ybr, jpeg_is_ybr, rgb_of_ybr
from dicomseries.reading.pixels.jpeg_headers import (
    END_OF_IMAGE,
    VariantError,
    check_scans,
    has_end,
    jpeg_header,
)
from dicomseries.reading.pixels.stream_headers import FrameSize, check_stream
from dicomseries.reading.pixels.unpacked_frames import (
    FrameForm,
    form_of,
    keep_bits,
    unpacked_frame,
)

__all__ = [
    "can_decode",
    "check_frames",
    "decode",
    "decoder_of",
    "lacks_imagecodecs",
    "stream_of",
]

Frame = npt.NDArray[Any]

_HIGH_THROUGHPUT = b"\xff\x50"
"""Marker of capabilities; in the header of HTJ2K streams (ISO/IEC 15444-15 section A.3)."""
_HEADER_BYTES = 128

_JUNK = b"\x5a\xc3\x17\x88" * 64
"""Bytes that no encoder writes: a complete stream does not use what follows its last sample."""


@cache
def decoder_of(transfer_syntax: str) -> Any:
    """Return imagecodecs' decoder of a transfer syntax.

    None if there is none, or none is needed.
    """
    syntax = DECODABLE_SYNTAXES.get(transfer_syntax)
    if syntax is None or not syntax.codec:
        return None
    return _codec(syntax.codec)


@cache
def _codec(name: str) -> Any:
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
    syntax = DECODABLE_SYNTAXES.get(transfer_syntax)
    return syntax is not None and bool(syntax.codec) and decoder_of(transfer_syntax) is None


def can_decode(instance: Instance) -> bool:
    """Return True if the frames can be decoded without pydicom."""
    syntax = DECODABLE_SYNTAXES.get(instance.transfer_syntax)
    return syntax is not None and not lacks_imagecodecs(syntax.uid)


def decode(instance: Instance, start: int, stop: int) -> Frame:
    """Return the stored values of the frames [start, stop), colours as RGB.

    Parameters
    ----------
    instance : Instance
        File that `can_decode` accepts.
    start, stop : int
        Frames, counted from 0.

    Raises
    ------
    ValueError, RuntimeError, OSError
        If there is no such frame, or its stream is damaged or of another size.
    VariantError
        If the stream is of a form that the decoder has not.
    """
    form = form_of(instance)
    decode_stream = _STREAM_DECODERS[DECODABLE_SYNTAXES[instance.transfer_syntax].codec]
    check_frames(instance, start, start + 1)  # before memory is allocated
    array = np.empty((stop - start, *form.shape), form.dtype)
    with open(instance.path, "rb") as file:  # noqa: PTH123 - paths are texts here
        for index, frame in enumerate(array, start):
            stream = _checked_stream(instance, file, index, form)
            decoded = decode_stream(stream, form)
            if decoded.shape != form.shape:
                message = f"frame {index + 1} of shape {decoded.shape}, not {form.shape}"
                raise ValueError(message)
            frame[...] = decoded
    return array


def check_frames(instance: Instance, start: int, stop: int) -> None:
    """Compare the sizes of streams with the header.

    Raises
    ------
    ValueError, OSError
        If a stream is of another size, or there is no such frame.
    """
    form = form_of(instance)
    with open(instance.path, "rb") as file:  # noqa: PTH123 - paths are texts here
        for index in range(start, stop):
            _checked_stream(instance, file, index, form)


def _checked_stream(instance: Instance, file: BinaryIO, index: int, form: FrameForm) -> bytes:
    stream = stream_of(instance, file, index)
    size = FrameSize(instance.rows, instance.columns, instance.samples)
    check_stream(instance.transfer_syntax, stream, size, form.bits_allocated)
    return stream


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


def _deflated(stream: bytes, form: FrameForm) -> Frame:
    """Inflate no more than a frame (PS3.5 section A.4.13)."""
    try:
        content = zlib.decompressobj(-zlib.MAX_WBITS).decompress(stream, form.frame_bytes + 1)
    except zlib.error as error:
        message = f"a deflated frame that cannot be inflated: {error}"
        raise ValueError(message) from error
    return _native(content, form)


def _run_lengths(stream: bytes, form: FrameForm) -> Frame:
    """Decode the byte planes of RLE, most significant first (PS3.5 annex G)."""
    content = _codec("dicomrle")(stream, form.dtype)
    return _native(content, form._replace(has_planes=len(form.shape) == 3))


def _native(content: bytes, form: FrameForm) -> Frame:
    """Return native values: bits above BitsStored are undefined."""
    if form.photometric == "YBR_FULL_422" and form.shape[2:] == (3,):
        message = "YBR_FULL_422 without JPEG"
        raise VariantError(message)
    values = unpacked_frame(content, form)
    if form.bits_allocated > 1 and form.dtype.kind != "f":
        values = keep_bits(values, form.bits_stored)
    return _rgb(values, form)


def _rgb(values: Frame, form: FrameForm) -> Frame:
    """Return colours as RGB."""
    if values.ndim == 3 and is_ybr(form.photometric):
        return rgb_of_ybr(values)
    return values


def _jpeg(stream: bytes, form: FrameForm) -> Frame:
    """Decode JPEG of any process with Huffman coding, 8 to 16 bits."""
    header = jpeg_header(stream)
    header.check_process()
    check_scans(stream)
    _check_precision(header.precision, form)
    options = {}
    is_colour = len(form.shape) == 3
    if is_colour:  # as they are: pydicom's conversion differs from libjpeg's by 1 in few voxels
        options = {"colorspace": "RGB", "outcolorspace": "RGB"}
    values = _whole_jpeg(stream, options)
    if is_colour and jpeg_is_ybr(header, form.photometric):
        values = rgb_of_ybr(values)
    return _with_sign(values, header.precision, form)


def _whole_jpeg(stream: bytes, options: dict[str, str]) -> Frame:
    """Return the samples of a complete stream.

    libjpeg fills what is missing with grey, and does not say so.

    Raises
    ------
    ValueError
        If the stream is truncated.
    """
    decoder = _codec("jpeg8")
    if has_end(stream):
        samples: Frame = decoder(stream, **options)
        return samples
    samples = decoder(stream + END_OF_IMAGE, **options)
    others = decoder(stream + _JUNK + END_OF_IMAGE, **options)
    if not np.array_equal(samples, others):
        message = "a truncated JPEG stream"
        raise ValueError(message)
    return samples


def _jpeg_ls(stream: bytes, form: FrameForm) -> Frame:
    """Decode JPEG-LS, whose streams have no sign."""
    precision = jpeg_header(stream).precision
    _check_precision(precision, form)
    values = _codec("jpegls")(stream)
    if values.shape != form.shape and values.shape == (*form.shape[2:], *form.shape[:2]):
        values = np.moveaxis(values, 0, -1)
    return _rgb(_with_sign(values, precision, form), form)


def _jpeg_2000(stream: bytes, form: FrameForm) -> Frame:
    """Decode JPEG 2000 with the sign of the header; the stream's own may be wrong."""
    from pydicom.pixels.utils import get_j2k_parameters  # noqa: PLC0415 - slow to import

    if _HIGH_THROUGHPUT in stream[:_HEADER_BYTES] and not has_end(stream):
        message = "a truncated HTJ2K stream"
        raise ValueError(message)
    values = _codec("jpeg2k")(stream)
    stated = get_j2k_parameters(stream)
    precision = stated.get("precision", form.bits_stored)
    _check_precision(precision, form)
    values = values.astype(form.dtype, copy=False).reshape(form.shape)
    if bool(stated.get("is_signed", form.is_signed)) != form.is_signed:
        values = keep_bits(values, precision)
    return _rgb(values, form)


def _jpeg_xl(stream: bytes, form: FrameForm) -> Frame:
    """Decode JPEG XL, whose streams have no sign; colours are RGB."""
    values = _codec("jpegxl")(stream)
    if values.dtype.kind == "f" or values.dtype.itemsize > form.dtype.itemsize:
        message = f"JPEG XL with samples of {values.dtype.name}"
        raise VariantError(message)
    return _with_sign(values.reshape(form.shape), form.bits_stored, form)


def _check_precision(precision: int, form: FrameForm) -> None:
    if precision > 8 * form.dtype.itemsize:
        message = f"samples of {precision} bits; the header allocates {form.bits_allocated}"
        raise ValueError(message)


def _with_sign(values: Frame, precision: int, form: FrameForm) -> Frame:
    """Return unsigned samples as stored values: two's complement of `precision` bits."""
    unsigned = values.astype(f"u{form.dtype.itemsize}", copy=False)
    if not form.is_signed:
        return unsigned
    return keep_bits(unsigned.view(form.dtype), precision)


_STREAM_DECODERS: dict[str, Callable[[bytes, FrameForm], Frame]] = {
    "": _deflated,
    "dicomrle": _run_lengths,
    "jpeg2k": _jpeg_2000,
    "jpeg8": _jpeg,
    "jpegls": _jpeg_ls,
    "jpegxl": _jpeg_xl,
}
"""By the decoder's name in imagecodecs."""
