"""Directory records of a DICOMDIR, and their bytes.

pydicom's own `FileSet` makes the same bytes, but copies every file and compares each with all
others: ten thousand files need minutes.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import field
from io import BytesIO
from typing import Any

from dicomseries.lazy_dataclass import dataclass
from dicomseries.plan import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from dicomseries.uids import make_uid

__all__ = ["DirectoryRecord", "DirectoryTree", "encode_tree"]

_MEDIA_STORAGE_DIRECTORY = "1.2.840.10008.1.3.10"
_EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
_ITEM = b"\xfe\xff\x00\xe0"
_ITEM_HEADER = 8
_NEXT_AT, _LOWER_AT = 8, 30
"""Places of the two offsets in a record: (0004,1400), (0004,1410) and (0004,1420) come first."""
_NUMBER_BYTES = 4


@dataclass(slots=True, kw_only=True)
class DirectoryRecord:
    """A record, and the records below it.

    Parameters
    ----------
    attributes : Dataset or None
        Its attributes; None of the root.
    file_id : tuple of str
        Components of the name of its file or folder.
    children : dict
        Records below it, by type and identifier.
    content : bytearray
        Its encoded attributes.
    offset : int
        Its place in the DICOMDIR.
    """

    attributes: Any
    file_id: tuple[str, ...] = ()
    children: dict[tuple[str, str], DirectoryRecord] = field(default_factory=dict)
    content: bytearray = field(default_factory=bytearray)
    offset: int = 0


@dataclass(slots=True)
class DirectoryTree:
    """All records of a File-set.

    Parameters
    ----------
    root : DirectoryRecord
        Parent of the records of patients.
    instances : set of str
        SOP Instance UIDs of all files.
    """

    root: DirectoryRecord = field(default_factory=lambda: DirectoryRecord(attributes=None))
    instances: set[str] = field(default_factory=set)


def encode_tree(tree: DirectoryTree) -> bytes:
    """Return the DICOMDIR of a File-set.

    Its UID is made from those of the files: the same files give the same bytes.

    Examples
    --------
    >>> encode_tree(DirectoryTree())[128:132]
    b'DICM'
    """
    records = list(_below(tree.root))
    offset = len(_start(tree))
    for record in records:
        record.content = _encoded(record.attributes)
        record.offset = offset
        offset += _ITEM_HEADER + len(record.content)
    for parent in (tree.root, *records):
        siblings = list(parent.children.values())
        for record, following in itertools.pairwise(siblings):
            _set_offset(record.content, _NEXT_AT, following.offset)
        if siblings and parent is not tree.root:
            _set_offset(parent.content, _LOWER_AT, siblings[0].offset)
    start = _start(tree)
    items = b"".join(_item(record.content) for record in records)
    return start[:-_NUMBER_BYTES] + _number(len(items)) + items


def _below(record: DirectoryRecord) -> Iterator[DirectoryRecord]:
    """Yield the records below one, each before those below it."""
    for child in record.children.values():
        yield child
        yield from _below(child)


def _start(tree: DirectoryTree) -> bytes:
    """Return the bytes before the first record, with the offsets that are known."""
    from pydicom import Dataset, dcmwrite  # noqa: PLC0415 - of File-sets alone
    from pydicom.dataset import FileMetaDataset  # noqa: PLC0415
    from pydicom.uid import UID  # noqa: PLC0415

    top = list(tree.root.children.values())
    identity = hashlib.sha256("\n".join(sorted(tree.instances)).encode()).digest()
    directory = Dataset()
    directory.file_meta = FileMetaDataset()
    directory.file_meta.MediaStorageSOPClassUID = UID(_MEDIA_STORAGE_DIRECTORY)
    directory.file_meta.MediaStorageSOPInstanceUID = UID(make_uid(identity, "file-set"))
    directory.file_meta.TransferSyntaxUID = UID(_EXPLICIT_LITTLE_ENDIAN)
    directory.file_meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    directory.file_meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    directory.FileSetID = None
    directory.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity = 0
    directory.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity = 0
    if top:
        directory.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity = top[0].offset
        directory.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity = top[-1].offset
    directory.FileSetConsistencyFlag = 0
    directory.DirectoryRecordSequence = []
    buffer = BytesIO()
    dcmwrite(buffer, directory, enforce_file_format=True)
    return buffer.getvalue()


def _encoded(attributes: Any) -> bytearray:
    """Return the attributes of a record in explicit VR little endian."""
    from pydicom.filebase import DicomBytesIO  # noqa: PLC0415 - of File-sets alone
    from pydicom.filewriter import write_dataset  # noqa: PLC0415

    buffer = DicomBytesIO()
    buffer.is_little_endian = True
    buffer.is_implicit_VR = False
    write_dataset(buffer, attributes)
    return bytearray(buffer.getvalue())


def _item(content: bytearray) -> bytes:
    return _ITEM + _number(len(content)) + content


def _set_offset(content: bytearray, place: int, offset: int) -> None:
    content[place : place + _NUMBER_BYTES] = _number(offset)


def _number(value: int) -> bytes:
    return value.to_bytes(_NUMBER_BYTES, "little")
