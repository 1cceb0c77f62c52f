"""C-STORE requests as PDUs: the data set goes out as it is in the file.

pynetdicom's own call sends PDU by PDU through its thread, which takes 20 times as long.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from dicomseries.errors import ReadError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.network.peer import InstanceFile

__all__ = ["DataSetBytes", "StoreAnswer", "open_data_set", "pdus", "store_answer", "store_command"]

_PDU_HEAD = struct.Struct(">BBIIBB")
"""P-DATA-TF with one value: type, reserved, length; length, context, flags (PS3.8 9.3.5)."""
_BLOCK = 1 << 21
"""Bytes that are read and sent at once."""
_PREAMBLE = 132
_FILE_META_GROUP = 2
_LONG_VRS = {b"OB", b"UN", b"OW", b"UT", b"UC", b"UR", b"OD", b"OF", b"OL", b"OV", b"SQ"}
_C_STORE_RQ = 0x0001
_C_STORE_RSP = 0x8001
_NO_DATA_SET = 0x0101
_LAST_OF_A_COMMAND = 3
_HAS_DATA_SET = 0x0001
_MEDIUM_PRIORITY = 0


def store_command(sop_class_uid: str, instance_uid: str, message_id: int) -> bytes:
    """Return the command set of a C-STORE request (PS3.7 table 9.3-1), implicit little endian.

    Examples
    --------
    >>> store_command("1.2", "1.3", 7)[:12].hex()
    '000000000400000040000000'
    """
    elements = (
        (0x0002, _uid(sop_class_uid)),
        (0x0100, struct.pack("<H", _C_STORE_RQ)),
        (0x0110, struct.pack("<H", message_id)),
        (0x0700, struct.pack("<H", _MEDIUM_PRIORITY)),
        (0x0800, struct.pack("<H", _HAS_DATA_SET)),
        (0x1000, _uid(instance_uid)),
    )
    body = b"".join(struct.pack("<HHI", 0, tag, len(value)) + value for tag, value in elements)
    return struct.pack("<HHII", 0, 0, 4, len(body)) + body


def _uid(text: str) -> bytes:
    value = text.encode("ascii")
    return value + b"\0" * (len(value) % 2)


@dataclass(frozen=True, slots=True)
class StoreAnswer:
    """A C-STORE response (PS3.7 table 9.3-2), by pynetdicom's names.

    Parameters
    ----------
    Status : int
        Status of the operation.
    OffendingElement : tuple of int
        Tags.
    ErrorComment : str
        Text of the archive.
    """

    Status: int
    OffendingElement: tuple[int, ...] = ()
    ErrorComment: str = ""


def store_answer(pdu: bytes) -> StoreAnswer | None:
    """Return the C-STORE response in the body of a P-DATA-TF; None if it is anything else.

    Examples
    --------
    >>> store_answer(bytes.fromhex(
    ...     "000000200103" "0000000102000000" "0180" "0000000802000000" "0101"
    ...     "0000000902000000" "00a7"))
    StoreAnswer(Status=42752, OffendingElement=(), ErrorComment='')
    """
    if len(pdu) < 6 or pdu[5] & 3 != _LAST_OF_A_COMMAND:
        return None
    if struct.unpack(">I", pdu[:4])[0] != len(pdu) - 4:
        return None
    values: dict[int, bytes] = {}
    place = 6
    while place + 8 <= len(pdu):
        group, element, length = struct.unpack("<HHI", pdu[place : place + 8])
        values[group << 16 | element] = pdu[place + 8 : place + 8 + length]
        place += 8 + length
    if place != len(pdu):
        return None
    numbers = []
    for tag in (0x0100, 0x0800, 0x0900):
        value = values.get(tag, b"")
        if len(value) != 2:
            return None
        numbers.append(int.from_bytes(value, "little"))
    command, data_set, status = numbers
    if command != _C_STORE_RSP or data_set != _NO_DATA_SET:
        return None
    tags = values.get(0x0901, b"")
    halves = struct.iter_unpack("<HH", tags[: len(tags) // 4 * 4])
    return StoreAnswer(
        status,
        tuple(group << 16 | element for group, element in halves),
        values.get(0x0902, b"").decode("ascii", "replace").strip(" \0"),
    )


def pdus(
    context: int, data: memoryview, longest: int, *, is_command: bool, is_last: bool
) -> Iterator[bytes | memoryview]:
    """Yield heads and parts of data in turn, as P-DATA-TF of at most `longest` bytes.

    Examples
    --------
    >>> parts = list(pdus(1, memoryview(b"abcdef"), 10, is_command=False, is_last=True))
    >>> [bytes(part) for part in parts[1::2]], [part[-1] for part in parts[::2]]
    ([b'abcd', b'ef'], [0, 2])
    """
    size = _part_size(longest)
    for start in range(0, len(data), size):
        part = data[start : start + size]
        ends = is_last and start + size >= len(data)
        flags = is_command | ends << 1
        yield _PDU_HEAD.pack(4, 0, len(part) + 6, len(part) + 2, context, flags)
        yield part


def _part_size(longest: int) -> int:
    """Return the bytes of data in a PDU; even, as PS3.8 annex E demands."""
    return max((longest - 6) // 2 * 2, 2)


class DataSetBytes:
    """The bytes of a data set in a file or in memory.

    Parameters
    ----------
    name : str
        The file, for errors.
    source : bytes or file
        Whole part 10 file.
    start, end : int
        The data set's place in it.
    """

    def __init__(self, name: str, source: bytes | BinaryIO, start: int, end: int) -> None:
        self._name = name
        self._source = source
        self._start = start
        self._end = end

    def blocks(self, longest: int) -> Iterator[tuple[memoryview, bool]]:
        """Yield blocks of whole PDUs, and whether each is the last; valid until the next."""
        size = max(_BLOCK // _part_size(longest), 1) * _part_size(longest)
        if isinstance(self._source, bytes):
            view = memoryview(self._source)[self._start : self._end]
            for start in range(0, len(view), size):
                yield view[start : start + size], start + size >= len(view)
            return
        left = self._end - self._start
        buffer = memoryview(bytearray(min(size, left)))
        while left:
            block = buffer[: min(size, left)]
            _fill(self._source, block, self._name)
            left -= len(block)
            yield block, left == 0


def _fill(source: BinaryIO, block: memoryview, name: str) -> None:
    filled = 0
    while filled < len(block):
        try:
            count = source.readinto(block[filled:])  # type: ignore[attr-defined]
        except OSError as error:
            raise _unreadable(name, f"an error while it was read ({error.strerror})") from None
        if not count:
            raise _unreadable(name, "a file that became shorter while it was sent")
        filled += count


@contextmanager
def open_data_set(instance: InstanceFile) -> Iterator[DataSetBytes]:
    """Open the data set of a part 10 file.

    Raises
    ------
    ReadError
        If there is no such file, or it is none of DICOM.
    """
    if isinstance(instance.content, bytes):
        stream = io.BytesIO(instance.content)
        end = len(instance.content)
        yield DataSetBytes("instance", instance.content, _data_set_start(stream, "instance"), end)
        return
    path = Path(instance.content)
    try:
        file = path.open("rb", buffering=0)
    except OSError as error:
        raise _unreadable(str(path), f"an error ({error.strerror})") from None
    with file:
        end = file.seek(0, io.SEEK_END)
        start = _data_set_start(file, str(path))
        file.seek(start)
        yield DataSetBytes(str(path), file, start, end)


def _data_set_start(file: BinaryIO, name: str) -> int:
    """Return where the group 0002 ends (PS3.10 section 7.1)."""
    file.seek(0)
    if file.read(_PREAMBLE)[128:] != b"DICM":
        raise _unreadable(name, "no part 10 file of DICOM")
    place = _PREAMBLE
    while True:
        head = file.read(8)
        if len(head) < 8:
            raise _unreadable(name, "a file without a data set")
        group, element = struct.unpack("<HH", head[:4])
        if group != _FILE_META_GROUP:
            return place
        if element == 0:  # the length of the others
            return place + 12 + int(struct.unpack("<I", file.read(4).ljust(4, b"\0"))[0])
        if head[4:6] in _LONG_VRS:
            length = 12 + int(struct.unpack("<I", file.read(4).ljust(4, b"\0"))[0])
        else:
            length = 8 + int(struct.unpack("<H", head[6:8])[0])
        place += length
        file.seek(place)


def _unreadable(name: str, fault: str) -> ReadError:
    return ReadError(
        code="file-unreadable",
        where=name,
        given=fault,
        expected="a whole DICOM file",
        remedy="Check the file, and send it again.",
    )
