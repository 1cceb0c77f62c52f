"""Headers of compressed frames, checked before decoding.

Decoders allocate memory for the size in a stream, and some read beyond a stream with wrong tables.
So the size is first compared with Rows, Columns and SamplesPerPixel, and the segment table of RLE
with the stream.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import NamedTuple

from dicomseries.reading.pixels.jpeg_headers import END_OF_IMAGE, jpeg_header

__all__ = ["FrameSize", "check_stream", "stated_size"]


class FrameSize(NamedTuple):
    """Size of a frame.

    0 if a stream does not state it.
    """

    rows: int
    columns: int
    samples: int


_RLE = "1.2.840.10008.1.2.5"
_JPEG = frozenset(map("1.2.840.10008.1.2.4.{}".format, (50, 51, 53, 55, 57, 70)))
_JPEG_LS = frozenset(map("1.2.840.10008.1.2.4.{}".format, (80, 81)))
_JPEG_2000 = frozenset(map("1.2.840.10008.1.2.4.{}".format, (90, 91, 92, 93, 201, 202, 203)))
_JPEG_XL = frozenset(map("1.2.840.10008.1.2.4.{}".format, (110, 111, 112)))

_RLE_HEADER_BYTES = 64
_RLE_GAIN = 64
"""Two bytes of a segment decode to 128 at most (PS3.5 annex G.3.1)."""

_LARGE_FRAME_BYTES = 256 << 20
_MOST_GAIN = 4096
"""Frames above 256 MiB, decoded from less than a 4096th of it, count as damaged."""

_MOST_TILES = 65535
"""ISO/IEC 15444-1 section A.5.1."""

_BOX_MARK = b"\x00\x00\x00\x0c"


def check_stream(transfer_syntax: str, stream: bytes, size: FrameSize, sample_bits: int) -> None:
    """Check that a stream holds a frame of this size.

    Parameters
    ----------
    transfer_syntax : str
        UID.
    stream : bytes
        One frame.
    size : FrameSize
        Rows, Columns and SamplesPerPixel.
    sample_bits : int
        Bits of one sample of the uncompressed frame.

    Raises
    ------
    ValueError
        If the header is damaged, or states another size. Unknown transfer syntaxes pass.

    Notes
    -----
    PS3.5 sections 8.2 and A.4, annex G.

    Examples
    --------
    >>> head = struct.pack("<16L", 2, 64, 1 << 30, *[0] * 13)
    >>> check_stream("1.2.840.10008.1.2.5", head + bytes(99), FrameSize(4, 4, 1), 16)
    Traceback (most recent call last):
    ...
    ValueError: an RLE header with segments at 64, 1073741824 in a stream of 163 bytes
    """
    frame_bytes = (size.rows * size.columns * size.samples * sample_bits + 7) // 8
    if transfer_syntax == _RLE:
        _check_rle(stream, size.samples * max(sample_bits // 8, 1), frame_bytes)
        return
    stated = stated_size(transfer_syntax, stream)
    if stated is None:
        return
    if any(number not in {0, expected} for number, expected in zip(stated, size, strict=True)):
        message = f"a stream of {_text_of(stated)}; the header says {_text_of(size)}"
        raise ValueError(message)
    if transfer_syntax in _JPEG_LS and END_OF_IMAGE not in stream:
        message = "a truncated JPEG-LS stream"
        raise ValueError(message)
    if frame_bytes > _LARGE_FRAME_BYTES and frame_bytes > _MOST_GAIN * len(stream):
        message = f"a stream of {len(stream)} bytes for a frame of {frame_bytes} bytes"
        raise ValueError(message)


def stated_size(transfer_syntax: str, stream: bytes) -> FrameSize | None:
    """Return the size in the header of a stream.

    None for unknown transfer syntaxes.

    Raises
    ------
    ValueError
        If there is no such header.

    Examples
    --------
    >>> stated_size("1.2.840.10008.1.2.4.80", bytes.fromhex("ffd8fff7000b100003000401011100"))
    FrameSize(rows=3, columns=4, samples=1)
    """
    for syntaxes, read in _READERS:
        if transfer_syntax not in syntaxes:
            continue
        try:
            return read(stream)
        except (struct.error, IndexError) as error:
            message = "a stream that ends inside its header"
            raise ValueError(message) from error
    return None


def _text_of(size: FrameSize) -> str:
    return f"{size.rows}×{size.columns}, {size.samples} samples"


def _check_rle(stream: bytes, planes: int, frame_bytes: int) -> None:
    if len(stream) < _RLE_HEADER_BYTES:
        message = f"an RLE stream of {len(stream)} bytes, shorter than its header"
        raise ValueError(message)
    count, *table = struct.unpack_from("<16L", stream)
    if count != planes:
        message = f"an RLE header of {count} segments; the pixels need {planes}"
        raise ValueError(message)
    offsets = table[:count]
    is_rising = offsets == sorted(set(offsets))
    if offsets[0] != _RLE_HEADER_BYTES or not is_rising or offsets[-1] >= len(stream):
        listed = ", ".join(map(str, offsets))
        message = f"an RLE header with segments at {listed} in a stream of {len(stream)} bytes"
        raise ValueError(message)
    if frame_bytes > _RLE_GAIN * len(stream):
        message = f"an RLE stream of {len(stream)} bytes for a frame of {frame_bytes} bytes"
        raise ValueError(message)


def _jpeg_size(stream: bytes) -> FrameSize:
    """Read the first frame header of JPEG or JPEG-LS.

    ISO/IEC 10918-1 section B.2.2.

    Raises
    ------
    VariantError
        If no decoder has the process of the stream.
    """
    header = jpeg_header(stream)
    header.check_process()
    return FrameSize(header.rows, header.columns, len(header.components))


def _jpeg_2000_size(stream: bytes) -> FrameSize:
    """Read the SIZ segment of a JPEG 2000 stream.

    ISO/IEC 15444-1 section A.5.1.
    """
    start = _box(stream, (b"jp2c",)) if stream.startswith(_BOX_MARK) else 0
    if stream[start : start + 4] != b"\xff\x4f\xff\x51":
        message = "a stream that is not JPEG 2000"
        raise ValueError(message)
    right, bottom, left, top = struct.unpack_from(">4L", stream, start + 8)
    tile_width, tile_height = struct.unpack_from(">2L", stream, start + 24)
    (samples,) = struct.unpack_from(">H", stream, start + 40)
    if left >= right or top >= bottom or not tile_width * tile_height:
        message = "a JPEG 2000 stream without a size"
        raise ValueError(message)
    if -(-right // tile_width) * -(-bottom // tile_height) > _MOST_TILES:
        message = f"a JPEG 2000 stream of more than {_MOST_TILES} tiles"
        raise ValueError(message)
    return FrameSize(bottom - top, right - left, samples)


def _box(stream: bytes, names: tuple[bytes, ...]) -> int:
    """Return the content offset of the first such box.

    ISO/IEC 15444-1 annex I.4.
    """
    position = 0
    while position + 8 <= len(stream):
        length, name = struct.unpack_from(">L4s", stream, position)
        head = 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", stream, position + 8)
            head = 16
        if name in names:
            return position + head
        if length < head:
            break
        position += length
    message = "a stream of boxes without an image"
    raise ValueError(message)


_XL_RATIOS = ((1, 1), (1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
"""Ratios of width to height (ISO/IEC 18181-1 annex D.2)."""
_XL_BITS = (9, 13, 18, 30)


def _jpeg_xl_size(stream: bytes) -> FrameSize:
    """Read the size header of JPEG XL.

    ISO/IEC 18181-1 annex D.2, 18181-2 section 9.
    """
    start = 0
    if stream.startswith(_BOX_MARK):
        start = _box(stream, (b"jxlc", b"jxlp"))
        if stream[start - 4 : start] == b"jxlp":
            start += 4
    if stream[start : start + 2] != b"\xff\x0a" or len(stream) < start + 12:
        message = "a stream that is not JPEG XL"
        raise ValueError(message)
    bits = _Bits(stream[start + 2 : start + 12])
    is_small = bool(bits.take(1))
    rows = _xl_length(bits, is_small=is_small)
    width, height = _XL_RATIOS[ratio := bits.take(3)]
    if ratio:
        return FrameSize(rows, rows * width // height, 0)
    return FrameSize(rows, _xl_length(bits, is_small=is_small), 0)


def _xl_length(bits: _Bits, *, is_small: bool) -> int:
    if is_small:
        return 8 * (bits.take(5) + 1)
    return 1 + bits.take(_XL_BITS[bits.take(2)])


class _Bits:
    """Bits of a stream, lowest first."""

    def __init__(self, data: bytes) -> None:
        self._left = int.from_bytes(data, "little")

    def take(self, count: int) -> int:
        value = self._left & ((1 << count) - 1)
        self._left >>= count
        return value


_READERS: tuple[tuple[frozenset[str], Callable[[bytes], FrameSize]], ...] = (
    (_JPEG | _JPEG_LS, _jpeg_size),
    (_JPEG_2000, _jpeg_2000_size),
    (_JPEG_XL, _jpeg_xl_size),
)
