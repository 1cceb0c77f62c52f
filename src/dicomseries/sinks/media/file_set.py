"""A folder of files as a DICOM File-set: file names, and the DICOMDIR.

PS3.10 section 8: a File ID has at most eight components of at most eight characters (A to Z, 0 to 9
and the underscore). PS3.3 annex F: the directory records.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

from dicomseries.errors import MetadataError
from dicomseries.operating_system import rename
from dicomseries.sinks.durable import sync_file
from dicomseries.sinks.media.directory_records import DirectoryRecord, DirectoryTree, encode_tree
from dicomseries.sinks.media.record_types import PREFIXES, SINGLE_LEVEL, record_type

__all__ = ["DICOMDIR", "make_file_set"]

DICOMDIR = "DICOMDIR"
_TOP = re.compile(r"[A-Z]{2}\d{6}|" + DICOMDIR)
"""Names at the root of a File-set that an earlier, killed call has made."""
_MOVED = ".file-set"
_MOST = 10**6
"""Files, series or studies below one record: their names have six digits."""
_LEVELS = (("PATIENT", "PatientID"), ("STUDY", "StudyInstanceUID"), ("SERIES", "SeriesInstanceUID"))
_HEADER = (  # noqa: SIM905 - seventy lines otherwise
    "SpecificCharacterSet SOPClassUID SOPInstanceUID Modality PatientName PatientID StudyDate"
    " StudyTime StudyDescription StudyInstanceUID StudyID AccessionNumber SeriesInstanceUID"
    " SeriesNumber InstanceNumber ContentDate ContentTime ContentLabel ContentDescription"
    " ContentCreatorName DoseSummationType StructureSetLabel StructureSetDate StructureSetTime"
    " RTPlanLabel RTPlanDate RTPlanTime TreatmentDate TreatmentTime PresentationCreationDate"
    " PresentationCreationTime ReferencedSeriesSequence BlendingSequence CompletionFlag"
    " VerificationFlag VerificationDateTime ConceptNameCodeSequence ContentSequence ImageType"
    " NumberOfFrames Rows Columns DataPointRows DataPointColumns ReferencedImageEvidenceSequence"
    " HangingProtocolName HangingProtocolDescription HangingProtocolLevel"
    " HangingProtocolCreator HangingProtocolCreationDateTime HangingProtocolDefinitionSequence"
    " NumberOfPriorsReferenced HangingProtocolUserIdentificationCodeSequence DocumentTitle"
    " HL7InstanceIdentifier MIMETypeOfEncapsulatedDocument Manufacturer ImplantName ImplantSize"
    " ImplantPartNumber ImplantAssemblyTemplateName ProcedureTypeCodeSequence"
    " ImplantTemplateGroupName ImplantTemplateGroupDescription"
    " ImplantTemplateGroupIssuer EffectiveDateTime UserContentLabel UserContentLongLabel"
    " ContentCreatorIdentificationCodeSequence"
).split()
"""What directory records are made from."""
_OF_CONCEPT = "HAS CONCEPT MOD"


def make_file_set(folder: Path, *, sync: bool) -> None:
    """Rename the files of a folder as a File-set does, and add a DICOMDIR.

    Every file becomes ``PT000000/ST000000/SE000000/IM000000`` or the like, in the order of the old
    names. What a killed call has left is removed first.

    Parameters
    ----------
    folder : Path
        It holds DICOM files, also in folders below.
    sync : bool
        Make the DICOMDIR durable.

    Raises
    ------
    MetadataError
        If a file lacks what its directory record must have, or two files are the same instance.
    """
    _remove_leftovers(folder)
    tree = DirectoryTree()
    targets: dict[Path, str] = {}
    names: Counter[str] = Counter()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        targets[path] = _enter(path, path.relative_to(folder).as_posix(), tree, names)
    _move(folder, targets)
    directory = folder / DICOMDIR
    directory.write_bytes(encode_tree(tree))
    if sync:
        sync_file(directory)


def _remove_leftovers(folder: Path) -> None:
    for path in folder.iterdir():
        if path.name != _MOVED and not _TOP.fullmatch(path.name):
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _move(folder: Path, targets: dict[Path, str]) -> None:
    """Give the files their names, and remove the folders that held them."""
    moved = folder / _MOVED
    for path, name in targets.items():
        (moved / name).parent.mkdir(parents=True, exist_ok=True)
        rename(path, moved / name)
    for path in folder.iterdir():
        if path.is_dir() and path != moved and not path.name.startswith("."):
            shutil.rmtree(path)
    for path in moved.iterdir():
        rename(path, folder / path.name)
    moved.rmdir()


def _enter(path: Path, name: str, tree: DirectoryTree, names: Counter[str]) -> str:
    """Add a file to the tree and return its name in the File-set."""
    from pydicom import dcmread  # noqa: PLC0415 - of File-sets alone

    dataset = dcmread(path, stop_before_pixels=True, specific_tags=_header_tags())
    class_uid = str(dataset.get("SOPClassUID", ""))
    instance_uid = str(dataset.get("SOPInstanceUID", ""))
    if instance_uid in tree.instances:
        raise MetadataError(
            code="instance-twice",
            where=name,
            given=f"the SOPInstanceUID {instance_uid} a second time",
            expected="every instance once in a File-set",
            remedy="Leave one of the two files out.",
        )
    tree.instances.add(instance_uid)
    type_ = record_type(class_uid)
    levels = () if class_uid in SINGLE_LEVEL else _LEVELS
    parent = tree.root
    for level, keyword in levels:
        key = (level, str(dataset.get(keyword, "")))
        if key not in parent.children:
            _add(parent, key, _record(dataset, level, name), names)
        parent = parent.children[key]
    leaf = _record(dataset, type_, name)
    _add(parent, (type_, instance_uid), leaf, names)
    added = parent.children[type_, instance_uid]
    leaf.ReferencedFileID = list(added.file_id)
    leaf.ReferencedSOPClassUIDInFile = class_uid
    leaf.ReferencedSOPInstanceUIDInFile = instance_uid
    leaf.ReferencedTransferSyntaxUIDInFile = dataset.file_meta.TransferSyntaxUID
    return "/".join(added.file_id)


@cache
def _header_tags() -> list[Any]:
    """Return the tags of `_HEADER`; pydicom would look each up for each file."""
    from pydicom.tag import Tag  # noqa: PLC0415 - of File-sets alone

    return list(map(Tag, _HEADER))


def _add(
    parent: DirectoryRecord,
    key: tuple[str, str],
    attributes: Any,
    names: Counter[str],
) -> None:
    """Add a record below another, with the next free name of its type."""
    prefix = PREFIXES[key[0]]
    place = "/".join([*parent.file_id, prefix])
    number = names[place]
    names[place] += 1
    if number >= _MOST:
        raise MetadataError(
            code="too-many-files",
            where=place,
            given=f"more than {_MOST:,} records of the type {key[0]}",
            expected=f"at most {_MOST:,} below one record",
            remedy="Write several File-sets.",
        )
    file_id = (*parent.file_id, f"{prefix}{number:06d}")
    parent.children[key] = DirectoryRecord(attributes=attributes, file_id=file_id)


def _record(dataset: Any, type_: str, name: str) -> Any:
    """Return the directory record of one level, as pydicom makes it.

    Raises
    ------
    MetadataError
        If the file lacks an attribute that such a record must have.
    """
    from pydicom.fileset import DIRECTORY_RECORDERS  # noqa: PLC0415 - of File-sets alone

    try:
        record = DIRECTORY_RECORDERS[type_](dataset)
    except (ValueError, AttributeError, KeyError) as error:
        raise MetadataError(
            code="file-set-needs-a-value",
            where=name,
            given=f"a file without what its {type_} record must have: {error}",
            expected="a value of every attribute that a DICOMDIR must hold (PS3.3 section F.5)",
            remedy="Add the attribute to the file, or write without `dicomdir=`.",
        ) from error
    record.OffsetOfTheNextDirectoryRecord = 0
    record.RecordInUseFlag = 0xFFFF
    record.OffsetOfReferencedLowerLevelDirectoryEntity = 0
    record.DirectoryRecordType = type_
    if "SpecificCharacterSet" in dataset:
        record.SpecificCharacterSet = dataset.SpecificCharacterSet
    if "ContentSequence" in record:
        _keep_concept_modifiers(record)
    return record


def _keep_concept_modifiers(record: Any) -> None:
    """Leave out the content of a report that a record does not hold.

    PS3.3 section F.5.26: items that modify the title alone.
    """
    modifiers = []
    for item in record.ContentSequence:
        if item.get("RelationshipType") == _OF_CONCEPT:
            modifiers.append(item)
    if modifiers:
        record.ContentSequence = modifiers
        return
    del record.ContentSequence
