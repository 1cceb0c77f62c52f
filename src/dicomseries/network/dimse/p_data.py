"""C-STORE requests as P-DATA-TF PDUs (PS3.8 section 9.3.5, PS3.7 section 9.3.1).

pynetdicom makes and sends one PDU after another in Python, each with a wait for its threads; an
image of 512 KiB takes it 30 PDUs. Here the data set is cut as views and sent in a few system calls.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from dicomseries.errors import ReadError

__all__ = ["data_set_offset", "store_command", "store_pdus"]

_PDV_HEADER = struct.Struct(">BBIIBB")
_P_DATA_TF = 0x04
_OVERHEAD = 6
"""Bytes of a presentation data value item before its fragment; they count as part of the PDU."""
_COMMAND_LAST, _DATA, _DATA_LAST = 0x03, 0x00, 0x02
_UNLIMITED = 1 << 20
"""Bytes of a PDU if the archive states no limit."""
_BLOCK = 4 << 20
"""Bytes of a file that are in memory at once."""
_PREAMBLE = 132
_STORE_REQUEST, _MEDIUM, _HAS_DATA_SET = 0x0001, 0, 0x0001


def store_command(sop_class_uid: str, sop_instance_uid: str, message_id: int) -> bytes:
    """Return the command set of a C-STORE request.

    Implicit VR Little Endian, PS3.7 table 9.3-1.

    Examples
    --------
    >>> command = store_command("1.2", "1.3", 7)
    >>> len(command), int.from_bytes(command[8:12], "little")
    (76, 64)
    """
    elements = b"".join(
        (
            _element(0x0002, _uid(sop_class_uid)),
            _element(0x0100, _short(_STORE_REQUEST)),
            _element(0x0110, _short(message_id)),
            _element(0x0700, _short(_MEDIUM)),
            _element(0x0800, _short(_HAS_DATA_SET)),
            _element(0x1000, _uid(sop_instance_uid)),
        )
    )
    return _element(0x0000, struct.pack("<I", len(elements))) + elements


def _element(number: int, value: bytes) -> bytes:
    return struct.pack("<HHI", 0x0000, number, len(value)) + value


def _short(number: int) -> bytes:
    return struct.pack("<H", number)


def _uid(uid: str) -> bytes:
    text = uid.encode("ascii")
    return text + b"\0" * (len(text) % 2)


def store_pdus(
    context_id: int, command: bytes, content: Path | bytes, largest_pdu: int
) -> Iterator[list[bytes | memoryview]]:
    """Yield buffers to send: the command set, then the data set of a part 10 file.

    Parameters
    ----------
    context_id : int
        Of the presentation context.
    command : bytes
        Command set.
    content : Path or bytes
        The file; some megabytes of it are in memory at once.
    largest_pdu : int
        Maximum length that the archive takes; 0 if it states no limit.

    Raises
    ------
    ReadError
        If the file ends before its data set begins.

    Examples
    --------
    >>> file = bytes(128) + b"DICM" + b"0123456789"
    >>> [len(buffer) for part in store_pdus(1, b"command", file, 10) for buffer in part]
    [12, 7, 12, 4, 12, 4, 12, 2]
    """
    step = max((largest_pdu or _UNLIMITED) - _OVERHEAD, 1)
    buffers: list[bytes | memoryview] = [_header(context_id, _COMMAND_LAST, command), command]
    if isinstance(content, Path) and content.stat().st_size <= _BLOCK:
        content = content.read_bytes()
    if isinstance(content, bytes):
        view = memoryview(content)[data_set_offset(content) :]
        yield buffers + _fragments(context_id, view, step, is_end=True)
        return
    with content.open("rb") as file:
        offset = data_set_offset(file.read(_BLOCK))
        left = content.stat().st_size - offset
        file.seek(offset)
        block = max(_BLOCK // step, 1) * step
        while buffers or left > 0:
            view = memoryview(file.read(block))
            left = left - len(view) if view else 0
            yield buffers + _fragments(context_id, view, step, is_end=left <= 0)
            buffers = []


def _fragments(
    context_id: int, view: memoryview, step: int, *, is_end: bool
) -> list[bytes | memoryview]:
    """Return each fragment behind its header."""
    buffers: list[bytes | memoryview] = []
    for start in range(0, max(len(view), 1), step):
        fragment = view[start : start + step]
        is_last = is_end and start + step >= len(view)
        buffers += [_header(context_id, _DATA_LAST if is_last else _DATA, fragment), fragment]
    return buffers


def _header(context_id: int, control: int, fragment: bytes | memoryview) -> bytes:
    size = len(fragment)
    return _PDV_HEADER.pack(_P_DATA_TF, 0, size + _OVERHEAD, size + 2, context_id, control)


def data_set_offset(beginning: bytes) -> int:
    """Return where the data set of a part 10 file begins.

    PS3.10 section 7.1: the file meta information is in Explicit VR Little Endian, group 0002.

    Raises
    ------
    ReadError
        If the file meta information has no end.

    Examples
    --------
    >>> meta = bytes.fromhex("02000000") + b"UL" + bytes([4, 0, 2, 0, 0, 0]) + b"xx"
    >>> data_set_offset(bytes(128) + b"DICM" + meta + b"data"), data_set_offset(b"no preamble")
    (146, 0)
    """
    if beginning[128:_PREAMBLE] != b"DICM":
        return 0
    position = _PREAMBLE
    while beginning[position : position + 2] == b"\x02\0":
        element = beginning[position + 2 : position + 4]
        is_long = beginning[position + 4 : position + 6] in {b"OB", b"UN", b"OW", b"SQ", b"UT"}
        start = position + (12 if is_long else 8)
        length = int.from_bytes(beginning[start - (4 if is_long else 2) : start], "little")
        value = beginning[start : start + length]
        position = start + length
        if element == b"\0\0" and length == 4:
            position += int.from_bytes(value, "little")
            break
    if position > len(beginning):
        raise ReadError(
            code="file-truncated",
            where="file meta information",
            given=f"an end at byte {position:,} of {len(beginning):,}",
            expected="a complete part 10 file",
            remedy="Copy or export the file again.",
        )
    return position
