"""Files as the instances that an archive is sent."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from pathlib import Path

from dicomseries.errors import ReadError, counted
from dicomseries.lazy_dataclass import dataclass
from dicomseries.network import InstanceFile
from dicomseries.reading import read_errors
from dicomseries.reading.contents.listed_files import files_of_all
from dicomseries.reading.parse.header_files import read_instance
from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.problems import Problem
from dicomseries.reading.series_files import LocalFiles, name_of_files

__all__ = ["FilesToSend", "files_to_send", "instance_file"]

_DIRECTORY_CLASS = "1.2.840.10008.1.3.10"
_NEEDED = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesToSend:
    """The instances below a path, each once.

    Parameters
    ----------
    instances : tuple of InstanceFile
        In the order of the files.
    skipped : int
        Files that are not DICOM.
    copies : int
        Files with the bytes of another one.
    """

    instances: tuple[InstanceFile, ...]
    skipped: int = 0
    copies: int = 0


def files_to_send(path: LocalFiles, series_uid: str | None = None) -> FilesToSend:
    """Return every instance below a path; only headers are read.

    Images and other objects (reports, raw data) alike; DICOMDIR is left out.

    Parameters
    ----------
    path : path-like, or sequence of str
        A folder or file, or several of them.
    series_uid : str, optional
        Only instances of this series.

    Raises
    ------
    ReadError
        If there is no instance, one of the files is damaged or has no UIDs, or two files with
        different bytes share a UID.

    Examples
    --------
    >>> from pydicom.data import get_testdata_file
    >>> len(files_to_send(get_testdata_file("CT_small.dcm")).instances)
    1
    """
    problems: list[Problem] = []
    instances: dict[str, InstanceFile] = {}
    skipped = copies = 0
    like: Instance | None = None
    for name in files_of_all(path, problems):
        header = _header(name, like)
        if header is None:
            skipped += 1
            continue
        if header.family.layout is not None:
            like = header
        if not _is_chosen(header, series_uid):
            continue
        instance = instance_file(name, header)
        other = instances.setdefault(instance.sop_instance_uid, instance)
        copies += _is_copy(instance, other)
    if problems:
        raise ReadError.together([problem.error(problem.text) for problem in problems])
    if not instances:
        raise _nothing_to_send(name_of_files(path), series_uid)
    return FilesToSend(instances=tuple(instances.values()), skipped=skipped, copies=copies)


def _header(path: str, like: Instance | None) -> Instance | None:
    """Return the header of a file; None if it is not DICOM."""
    try:
        return read_instance(path, like=like)
    except ReadError as error:
        if error.code != "not-dicom":
            raise
    return None


def _is_chosen(header: Instance, series_uid: str | None) -> bool:
    if header.text("MediaStorageSOPClassUID") == _DIRECTORY_CLASS:
        return False
    return series_uid is None or header.text("SeriesInstanceUID") == series_uid


def _is_copy(instance: InstanceFile, other: InstanceFile) -> bool:
    """Return whether an instance is a copy of another; reject another version of it."""
    if instance is other:
        return False
    if not _are_equal(other, instance):
        raise _uid_repeated(str(instance.content), other)
    return True


def instance_file(path: str | Path, header: Instance | None = None) -> InstanceFile:
    """Return one file as an instance to send.

    Raises
    ------
    ReadError
        If the file cannot be read, or one of its UIDs is missing.

    Examples
    --------
    >>> from pydicom.data import get_testdata_file
    >>> instance_file(get_testdata_file("CT_small.dcm")).transfer_syntax_uid
    '1.2.840.10008.1.2.1'
    """
    if header is None:
        header = read_instance(path)
    uids = list(map(header.text, _NEEDED))
    if not all(uids):
        missing = list(itertools.compress(_NEEDED, [not uid for uid in uids]))
        raise ReadError(
            code="uid-missing",
            where=str(path),
            given=f"no {', '.join(missing)}",
            expected="a file with the UIDs by which an archive sorts it",
            remedy="Write the file again with its UIDs, or leave it out.",
        )
    content: Path | bytes = Path(path)
    size = header.file_size
    if header.family.faults or not header.family.has_preamble:
        content = _with_preamble(path, header)
        size = len(content)
    return InstanceFile(
        sop_class_uid=uids[0],
        sop_instance_uid=uids[1],
        study_uid=uids[2],
        series_uid=uids[3],
        transfer_syntax_uid=header.transfer_syntax,
        content=content,
        size=size,
    )


def _with_preamble(path: str | Path, header: Instance) -> bytes:
    """Return a bare data set, or one with a contradictory header, as a part 10 file.

    PS3.10 section 7.1.
    """
    import pydicom  # noqa: PLC0415 - rare
    from pydicom.dataset import FileMetaDataset  # noqa: PLC0415
    from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian  # noqa: PLC0415

    try:
        dataset = pydicom.dcmread(path, force=True)
        if "TransferSyntaxUID" not in getattr(dataset, "file_meta", ()):
            is_implicit, _ = dataset.original_encoding
            syntax = ImplicitVRLittleEndian if is_implicit else ExplicitVRLittleEndian
            dataset.file_meta = FileMetaDataset()
            dataset.file_meta.TransferSyntaxUID = syntax
        if header.family.faults:
            dataset.file_meta.TransferSyntaxUID = UID(header.transfer_syntax)
        target = io.BytesIO()
        pydicom.dcmwrite(target, dataset, enforce_file_format=True)
    except Exception as error:  # pydicom raises anything for what it cannot read
        raise read_errors.damaged(str(path), str(error)) from error
    return target.getvalue()


def _are_equal(first: InstanceFile, second: InstanceFile) -> bool:
    """Return whether two instances have the same bytes."""
    if first.size != second.size:
        return False
    pieces = zip(_pieces(first.content), _pieces(second.content), strict=True)
    return all(left == right for left, right in pieces)


def _pieces(content: Path | bytes) -> Iterator[bytes]:
    if isinstance(content, bytes):
        for start in range(0, len(content), _PIECE):
            yield content[start : start + _PIECE]
        return
    with content.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def _uid_repeated(path: str, other: InstanceFile) -> ReadError:
    return ReadError(
        code="uid-repeated",
        where=path,
        given=f"the SOPInstanceUID of {other.content if isinstance(other.content, Path) else ''}, "
        "with other bytes",
        expected="files with different content to have different UIDs: an archive keeps one",
        remedy="Leave one of both out; they may be versions of one image.",
    )


def _nothing_to_send(where: str, series_uid: str | None) -> ReadError:
    which = "no DICOM file" if series_uid is None else f"no file of series {series_uid}"
    return ReadError(
        code="no-series",
        where=where,
        given=f'"{where}" does not contain a DICOM series: {which}',
        expected="the files of at least one series",
        remedy=f"Give the folder that holds the files{' of that series' * (series_uid is not None)}"
        f", or {counted(1, 'file')}.",
    )
