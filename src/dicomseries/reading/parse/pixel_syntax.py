"""Transfer syntax of pixels that contradict the one in their file.

PS3.5 annex A: pixels in fragments are compressed, pixels of a stated length are not. Some writers
copy the file meta information of another file. The length of native pixels, and the header of a
compressed stream, show the encoding without doubt; where they do not, the stated one stays.
"""

from __future__ import annotations

import struct

from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.parse.parser import IncompleteError
from dicomseries.standard.transfer_syntaxes import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)

__all__ = ["real_syntax"]

_ITEM = b"\xfe\xff\x00\xe0"
_STREAM_HEAD = 64 << 10
"""Bytes in which a stream states its process."""
_JPEG = "1.2.840.10008.1.2.4."
_PROCESSES = {
    0xC0: f"{_JPEG}50",
    0xC1: f"{_JPEG}51",
    0xC2: f"{_JPEG}55",
    0xC3: f"{_JPEG}57",
    0xF7: f"{_JPEG}81",
}
"""Transfer syntax by the frame marker of JPEG (ISO/IEC 10918-1 table B.1)."""
_JPEG_2000 = b"\xff\x4f\xff\x51"
_HIGH_THROUGHPUT = b"\xff\x50"
_UNCOMPRESSED = (IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN)


def real_syntax(instance: Instance, data: bytes) -> str:
    """Return the transfer syntax that the pixels of a file have.

    Parameters
    ----------
    instance : Instance
        File with pixels.
    data : bytes
        The file, as far as it was read.

    Returns
    -------
    str
        UID; the stated one if the pixels fit it, or do not show another.

    Raises
    ------
    IncompleteError
        If more bytes of the file are needed.
    """
    stated, pixels = instance.transfer_syntax, instance.pixels
    if pixels is None:
        return stated
    is_native = stated in _UNCOMPRESSED
    if pixels.length is None and is_native:
        return _of_stream(_first_stream(data, pixels.offset, instance.file_size)) or stated
    if pixels.length is None or is_native or not stated.startswith(_JPEG):
        return stated
    if pixels.length - _native_bytes(instance) in {0, 1}:
        return IMPLICIT_VR_LITTLE_ENDIAN if instance.is_implicit else EXPLICIT_VR_LITTLE_ENDIAN
    return stated


def _native_bytes(instance: Instance) -> int:
    """Return the bytes of all frames without compression; -2 if they are not known."""
    values = instance.rows * instance.columns * instance.samples * max(instance.frames, 1)
    bits = values * instance.number("BitsAllocated")
    return (bits + 7) // 8 if bits else -2


def _first_stream(data: bytes, offset: int, size: int) -> bytes:
    """Return the begin of the first fragment behind the offset table (PS3.5 table A.4-1)."""
    needed = min(size, offset + 8)
    if len(data) < needed:
        raise IncompleteError(needed)
    if data[offset : offset + 4] != _ITEM:
        return b""
    (length,) = struct.unpack_from("<L", data, offset + 4)
    start = offset + 8 + length + 8
    needed = min(size, start + _STREAM_HEAD)
    if len(data) < needed:
        raise IncompleteError(needed)
    if data[start - 8 : start - 4] != _ITEM:
        return b""
    return data[start : start + _STREAM_HEAD]


def _of_stream(stream: bytes) -> str | None:
    """Return the transfer syntax of a stream that states its process; None for others."""
    if stream.startswith(_JPEG_2000):
        return f"{_JPEG}203" if _HIGH_THROUGHPUT in stream[:128] else f"{_JPEG}91"
    from dicomseries.reading.pixels.jpeg_headers import jpeg_header  # noqa: PLC0415 - rare

    try:
        header = jpeg_header(stream)
    except (ValueError, struct.error, IndexError):
        return None
    return _PROCESSES.get(header.process)
