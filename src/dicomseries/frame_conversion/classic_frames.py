"""Frames of a multi-frame file as files of one frame each."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from dicomseries.errors import ValuesError
from dicomseries.frame_conversion.compare_conversion import check_classic_frame, facts_of_frames
from dicomseries.frame_conversion.flat_attributes import flat_attributes, set_value
from dicomseries.frame_conversion.scan_terms import scan_terms
from dicomseries.reading import Instance, read_instance
from dicomseries.standard.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN
from dicomseries.transcoding import transcoded
from dicomseries.uids import make_uid

__all__ = ["classic_files", "classic_obstacle"]

_CT, _MR, _PET, _SC = (
    "1.2.840.10008.5.1.4.1.1.2",
    "1.2.840.10008.5.1.4.1.1.4",
    "1.2.840.10008.5.1.4.1.1.128",
    "1.2.840.10008.5.1.4.1.1.7",
)
_CLASSIC_CLASSES = {
    "1.2.840.10008.5.1.4.1.1.2.1": _CT,
    "1.2.840.10008.5.1.4.1.1.2.2": _CT,
    "1.2.840.10008.5.1.4.1.1.4.1": _MR,
    "1.2.840.10008.5.1.4.1.1.4.4": _MR,
    "1.2.840.10008.5.1.4.1.1.128.1": _PET,
    "1.2.840.10008.5.1.4.1.1.7.2": _SC,
    "1.2.840.10008.5.1.4.1.1.7.3": _SC,
    "1.2.840.10008.5.1.4.1.1.7.4": _SC,
}
"""SOP class of a multi-frame file (PS3.4 table B.5-1) → of its frames."""
_ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2.1"
_OF_THE_FILE = (
    "ConcatenationFrameOffsetNumber",
    "ConcatenationUID",
    "ConversionSourceAttributesSequence",
    "DimensionIndexSequence",
    "DimensionOrganizationSequence",
    "DimensionOrganizationType",
    "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths",
    "FrameIncrementPointer",
    "IconImageSequence",
    "InConcatenationNumber",
    "InConcatenationTotalNumber",
    "LargestImagePixelValue",
    "NumberOfFrames",
    "PerFrameFunctionalGroupsSequence",
    "PixelData",
    "PixelPresentation",
    "PresentationLUTShape",
    "ReferencedImageEvidenceSequence",
    "ReferencedSeriesSequence",
    "SOPInstanceUIDOfConcatenationSource",
    "SharedFunctionalGroupsSequence",
    "SmallestImagePixelValue",
    "SourceImageEvidenceSequence",
    "StudiesContainingOtherReferencedInstancesSequence",
    "VolumeBasedCalculationTechnique",
    "VolumetricProperties",
)
"""Attributes about all frames together."""
_DATES_OF_THE_FILE = ("AcquisitionDate", "AcquisitionTime")
_PIXEL_DATA = 0x7FE00010
_TYPE_VALUES = 3
_EMPTY = {
    _CT: ("AcquisitionNumber", "KVP", "PatientPosition", "PositionReferenceIndicator"),
    _MR: (
        "EchoTime",
        "EchoTrainLength",
        "MRAcquisitionType",
        "PatientPosition",
        "PositionReferenceIndicator",
        "RepetitionTime",
        "ScanOptions",
    ),
    _PET: (),
    _SC: (),
}
"""Attributes of Type 2: empty if unknown."""


def classic_obstacle(instance: Instance) -> str:
    """Return why the frames have no form as single files, or nothing.

    Examples
    --------
    >>> from pydicom.data import get_testdata_file
    >>> classic_obstacle(read_instance(get_testdata_file("CT_small.dcm")))
    'its kind has no form of one frame per file'
    """
    if instance.sop_class_uid not in _CLASSIC_CLASSES:
        return "its kind has no form of one frame per file"
    if not (instance.text("SOPInstanceUID") and instance.text("SeriesInstanceUID")):
        return "a file without SOPInstanceUID or SeriesInstanceUID"
    if instance.text("FrameIncrementPointer") and (
        instance.raw("FrameTime") or instance.raw("FrameTimeVector")
    ):
        return "a clip: files of one frame do not state the time of a frame"
    for tag in instance.tags:
        if 0x6000 <= tag >> 16 <= 0x601E and tag & 0xFFFF == 0x0015:
            return "overlays of several frames"
    return ""


def classic_files(path: Path, folder: Path, *, first_number: int = 1) -> Iterator[Path]:
    """Write each frame of a multi-frame file to a separate file.

    Functional groups become attributes; the study and the frame of reference stay. Every file is
    read again and compared with its frame: pixels, place, spacing, rescale, b-value.

    Parameters
    ----------
    path : Path
        Enhanced CT or MR, legacy converted, or multi-frame Secondary Capture.
    folder : Path
        Where the files go, as 0001.dcm and so on.
    first_number : int
        InstanceNumber of the first frame, where the source does not state it.

    Yields
    ------
    Path
        A file that was written and compared.

    Raises
    ------
    ReadError
        If the file is damaged.
    VerificationError
        If a frame differs after it was read again.

    Notes
    -----
    PS3.3 sections A.1.4, C.7.6.16 and C.12.1 (Conversion Source Attributes Sequence).
    """
    from pydicom import dcmread, dcmwrite  # noqa: PLC0415 - slow to import

    content = transcoded(path, EXPLICIT_VR_LITTLE_ENDIAN).content
    native = folder / "source.dcm"
    native.write_bytes(content)
    instance = read_instance(native)
    facts = facts_of_frames(instance)
    whole = dcmread(BytesIO(content))
    base = _base(whole)
    shared = whole.get("SharedFunctionalGroupsSequence", [])[:1]
    per_frame = whole.get("PerFrameFunctionalGroupsSequence", [])
    bits = instance.number("BitsAllocated")
    size = instance.rows * instance.columns * instance.samples * bits // 8
    pixels = memoryview(whole.PixelData)
    for index in range(instance.frames):
        groups = (*shared, *per_frame[index : index + 1])
        content = bytes(pixels[index * size : (index + 1) * size])
        target = folder / f"{first_number + index:04d}.dcm"
        try:
            frame = _frame(whole, base, groups, index, first_number + index)
            frame.add_new(_PIXEL_DATA, "OW" if bits > 8 else "OB", content + b"\0" * (size % 2))
            dcmwrite(target, frame, enforce_file_format=True)
        except (ValueError, TypeError, AttributeError, LookupError, struct.error) as error:
            raise ValuesError(
                code="series-not-convertible",
                where=path.name,
                given=f"an attribute of frame {index + 1} cannot be written: {error}",
                expected="attributes with legal values",
                remedy="Leave this file as it is.",
            ) from error
        check_classic_frame(instance, facts, index, target)
        yield target
    native.unlink()


def _base(whole: Any) -> Any:
    """Return the attributes that all frames have in common."""
    from pydicom import Dataset  # noqa: PLC0415 - slow to import

    base = Dataset()
    for element in whole:
        if element.keyword not in _OF_THE_FILE and element.tag.element:
            base.add(element)
    return base


def _frame(whole: Any, base: Any, groups: tuple[Any, ...], index: int, number: int) -> Any:
    """Return the data set of one frame, without its pixels."""
    from pydicom import Dataset  # noqa: PLC0415 - slow to import
    from pydicom.dataset import FileMetaDataset  # noqa: PLC0415 - as above
    from pydicom.uid import ExplicitVRLittleEndian  # noqa: PLC0415 - as above

    frame = Dataset()
    frame.update(base)
    flat = flat_attributes(groups)
    for keyword in _DATES_OF_THE_FILE:
        if keyword in frame and "AcquisitionDateTime" in flat:
            del frame[keyword]
    frame.update(flat)
    sop_class = _CLASSIC_CLASSES[whole.SOPClassUID]
    set_value(frame, "SOPClassUID", sop_class)
    instance_uid = make_uid(_digest(whole.SOPInstanceUID), "classic frame", index)
    set_value(frame, "SOPInstanceUID", instance_uid)
    series_uid = make_uid(_digest(whole.SeriesInstanceUID), "classic series")
    set_value(frame, "SeriesInstanceUID", series_uid)
    set_value(frame, "InstanceNumber", flat.get("InstanceNumber") or number)
    set_value(frame, "ConversionSourceAttributesSequence", [_source_of(whole, index)])
    if whole.SOPClassUID == _ENHANCED_CT:
        _name_ct_type(frame)
    if sop_class == _MR:
        for keyword, terms in scan_terms(frame).items():
            set_value(frame, keyword, terms)
    for keyword in _EMPTY[sop_class]:
        if keyword not in frame:
            set_value(frame, keyword, None)
    frame.file_meta = FileMetaDataset()
    frame.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return frame


def _digest(uid: str) -> bytes:
    return hashlib.sha256(uid.encode()).digest()


def _source_of(whole: Any, index: int) -> Any:
    """Return an item that names the frame of the multi-frame file."""
    from pydicom import Dataset  # noqa: PLC0415 - slow to import

    item = Dataset()
    item.ReferencedSOPClassUID = whole.SOPClassUID
    item.ReferencedSOPInstanceUID = whole.SOPInstanceUID
    item.ReferencedFrameNumber = index + 1
    return item


def _name_ct_type(frame: Any) -> None:
    """State a type that CT Image Storage has (PS3.3 section C.8.2.1.1.1)."""
    values = list(map(str, frame.get("ImageType", [])))
    if len(values) < _TYPE_VALUES:
        return
    if values[2] != "LOCALIZER":
        values[2] = "AXIAL"
    if values[3:] == ["NONE"]:
        values = values[:3]
    set_value(frame, "ImageType", values)
