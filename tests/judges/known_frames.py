"""Small known multi-frame files from pydicom alone, to test the judges."""

from __future__ import annotations

from collections.abc import Sequence as Several
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels.utils import pack_bits
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian
from pydicom.valuerep import format_number_as_ds

from judges.known import OBLIQUE

__all__ = [
    "enhanced_ct",
    "enhanced_mr",
    "label_map",
    "multi_frame_capture",
    "parametric_map",
    "save",
    "segmentation",
]

SERIES, FRAME, ORGANIZATION = "2.25.2002", "2.25.2003", "2.25.2004"
STORAGE = "1.2.840.10008.5.1.4.1.1."
STACK, IN_STACK, TEMPORAL, POSITION, SEGMENT = (
    0x00209056,
    0x00209057,
    0x00209128,
    0x00200032,
    0x0062000B,
)
CONTENT, PLANE_POSITION, SEGMENT_GROUP = 0x00209111, 0x00209113, 0x0062000A
VOLUME_TYPE = ["DERIVED", "PRIMARY", "VOLUME", "RESAMPLED"]


def save(dataset: Dataset, folder: Path) -> Path:
    """Write the file into a new folder; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    dataset.save_as(folder / "0001.dcm", enforce_file_format=True)
    return folder


def enhanced_mr(stored: npt.NDArray[Any], affine: npt.NDArray[np.float64] = OBLIQUE) -> Dataset:
    """Return 16-bit `stored` (times, slices, rows, columns) as Enhanced MR, every two seconds."""
    times, slices = stored.shape[:2]
    dataset = _enhanced("4.1", "MR", stored.reshape(-1, *stored.shape[2:]), times=times)
    dataset.ComplexImageComponent, dataset.AcquisitionContrast = "MAGNITUDE", "UNKNOWN"
    dataset.ApplicableSafetyStandardAgency = "IEC"
    shared = _shared(affine, _rescale(), _anatomy(), _window())
    shared.MRImageFrameTypeSequence = [
        _frame_type(ComplexImageComponent="MAGNITUDE", AcquisitionContrast="UNKNOWN"),
    ]
    dataset.SharedFunctionalGroupsSequence = Sequence([shared])
    dataset.PerFrameFunctionalGroupsSequence = Sequence(
        _frame(affine, place, time=time if times > 1 else None)
        for time in range(times)
        for place in range(slices)
    )
    dimensions = [
        (STACK, CONTENT),
        *([(TEMPORAL, CONTENT)] if times > 1 else []),
        (IN_STACK, CONTENT),
    ]
    _dimensions(dataset, dimensions)
    dataset.DimensionOrganizationType = "3D_TEMPORAL" if times > 1 else "3D"
    return dataset


def enhanced_ct(stored: npt.NDArray[Any], affine: npt.NDArray[np.float64] = OBLIQUE) -> Dataset:
    """Return int16 `stored` (slices, rows, columns) as Enhanced CT."""
    dataset = _enhanced("2.1", "CT", stored, times=1)
    shared = _shared(affine, _rescale("HU"), _anatomy(), _window())
    shared.CTImageFrameTypeSequence = [_frame_type()]
    shared.IrradiationEventIdentificationSequence = [_item(IrradiationEventUID="2.25.2009")]
    dataset.SharedFunctionalGroupsSequence = Sequence([shared])
    dataset.PerFrameFunctionalGroupsSequence = Sequence(
        _frame(affine, place) for place in range(len(stored))
    )
    _dimensions(dataset, [(STACK, CONTENT), (IN_STACK, CONTENT)])
    dataset.DimensionOrganizationType = "3D"
    return dataset


def parametric_map(real: npt.NDArray[Any], affine: npt.NDArray[np.float64] = OBLIQUE) -> Dataset:
    """Return float32 or float64 `real` (slices, rows, columns) as a Parametric Map."""
    dataset = _base("30", "OT", len(real), real.shape[1:])
    dataset.ImageType, dataset.ContentQualification = (
        ["DERIVED", "PRIMARY", "VOLUME", "QUANTITY"],
        "RESEARCH",
    )
    dataset.BurnedInAnnotation, dataset.RecognizableVisualFeatures = "NO", "YES"
    dataset.LossyImageCompression, dataset.PresentationLUTShape = "00", "IDENTITY"
    dataset.ContentLabel, dataset.ContentDescription, dataset.ContentCreatorName = "MAP", "", ""
    dataset.AcquisitionContextSequence, dataset.PatientOrientation = Sequence([]), ""
    dataset.BitsAllocated = real.dtype.itemsize * 8
    keyword = "FloatPixelData" if real.dtype.itemsize == 4 else "DoubleFloatPixelData"
    setattr(dataset, keyword, real.astype(real.dtype.newbyteorder("<")).tobytes())
    mapping = _item(
        LUTLabel="VALUE",
        LUTExplanation="value",
        RealWorldValueIntercept=0.0,
        RealWorldValueSlope=1.0,
    )
    mapping.DoubleFloatRealWorldValueFirstValueMapped = float(real[np.isfinite(real)].min())
    mapping.DoubleFloatRealWorldValueLastValueMapped = float(real[np.isfinite(real)].max())
    mapping.MeasurementUnitsCodeSequence = [_code("1", "UCUM", "no units")]
    shared = _shared(affine, _rescale(), _anatomy(), _window())
    shared.ParametricMapFrameTypeSequence = [_item(FrameType=dataset.ImageType)]
    shared.RealWorldValueMappingSequence = [mapping]
    dataset.SharedFunctionalGroupsSequence = Sequence([shared])
    dataset.PerFrameFunctionalGroupsSequence = Sequence(
        _frame(affine, place) for place in range(len(real))
    )
    _dimensions(dataset, [(STACK, CONTENT), (IN_STACK, CONTENT)])
    dataset.DimensionOrganizationType = "3D"
    return dataset


def multi_frame_capture(
    stored: npt.NDArray[np.uint8], affine: npt.NDArray[np.float64] = OBLIQUE
) -> Dataset:
    """Return uint8 `stored` (slices, rows, columns) as multi-frame Secondary Capture."""
    dataset = _base("7.2", "OT", len(stored), stored.shape[1:])
    _pixels(dataset, stored)
    dataset.ImageType, dataset.ConversionType, dataset.BurnedInAnnotation = (
        ["DERIVED", "SECONDARY"],
        "SYN",
        "NO",
    )
    dataset.PresentationLUTShape, dataset.PatientOrientation = "IDENTITY", ""
    dataset.RescaleSlope, dataset.RescaleIntercept, dataset.RescaleType = "1", "0", "US"
    dataset.WindowCenter, dataset.WindowWidth, dataset.FrameIncrementPointer = (
        "127.5",
        "255",
        0x52009230,
    )
    dataset.SharedFunctionalGroupsSequence = Sequence([_shared(affine)])
    dataset.PerFrameFunctionalGroupsSequence = Sequence(
        _item(PlanePositionSequence=[_position(affine, place)]) for place in range(len(stored))
    )
    return dataset


def segmentation(
    labels: npt.NDArray[np.uint8], affine: npt.NDArray[np.float64] = OBLIQUE
) -> Dataset:
    """Return `labels` (slices, rows, columns) as binary Segmentation without empty frames."""
    numbers = sorted({*np.unique(labels).tolist()} - {0})
    kept = [
        (number, place)
        for number in numbers
        for place in range(len(labels))
        if (labels[place] == number).any()
    ]
    dataset = _segments("66.4", "BINARY", len(kept), labels.shape[1:], numbers)
    dataset.SegmentsOverlap = "NO"
    dataset.BitsAllocated = dataset.BitsStored = 1
    dataset.HighBit = dataset.PixelRepresentation = 0
    dataset.PixelData = pack_bits(
        np.stack([labels[place] == number for number, place in kept]).astype(np.uint8)
    )
    dataset["PixelData"].VR = "OB"
    dataset.SharedFunctionalGroupsSequence = Sequence([_shared(affine)])
    dataset.PerFrameFunctionalGroupsSequence = Sequence(
        _item(
            FrameContentSequence=[_item(DimensionIndexValues=[number, place + 1])],
            PlanePositionSequence=[_position(affine, place)],
            SegmentIdentificationSequence=[_item(ReferencedSegmentNumber=number)],
        )
        for number, place in kept
    )
    _dimensions(dataset, [(SEGMENT, SEGMENT_GROUP), (POSITION, PLANE_POSITION)])
    return dataset


def label_map(labels: npt.NDArray[np.uint8], affine: npt.NDArray[np.float64] = OBLIQUE) -> Dataset:
    """Return `labels` (slices, rows, columns) as Label Map Segmentation."""
    numbers = sorted({*np.unique(labels).tolist()} | {0})
    dataset = _segments("66.7", "LABELMAP", len(labels), labels.shape[1:], numbers)
    _pixels(dataset, labels)
    dataset.SharedFunctionalGroupsSequence = Sequence([_shared(affine)])
    dataset.PerFrameFunctionalGroupsSequence = Sequence(
        _item(
            FrameContentSequence=[_item(DimensionIndexValues=[place + 1])],
            PlanePositionSequence=[_position(affine, place)],
        )
        for place in range(len(labels))
    )
    _dimensions(dataset, [(POSITION, PLANE_POSITION)])
    return dataset


def _enhanced(storage: str, modality: str, frames: npt.NDArray[Any], *, times: int) -> Dataset:
    dataset = _base(storage, modality, len(frames), frames.shape[1:])
    _pixels(dataset, frames)
    dataset.ImageType, dataset.PixelPresentation = VOLUME_TYPE, "MONOCHROME"
    dataset.VolumetricProperties, dataset.VolumeBasedCalculationTechnique = "VOLUME", "NONE"
    dataset.ContentQualification, dataset.BurnedInAnnotation = "RESEARCH", "NO"
    dataset.LossyImageCompression, dataset.PresentationLUTShape = "00", "IDENTITY"
    dataset.AcquisitionContextSequence, dataset.PatientPosition = Sequence([]), ""
    return dataset


def _segments(
    storage: str, kind: str, frames: int, size: Several[int], numbers: list[int]
) -> Dataset:
    dataset = _base(storage, "SEG", frames, size)
    dataset.ImageType, dataset.LossyImageCompression = ["DERIVED", "PRIMARY"], "00"
    dataset.ContentLabel, dataset.ContentDescription, dataset.ContentCreatorName = (
        "SEGMENTATION",
        "",
        "",
    )
    dataset.SegmentationType, dataset.PatientOrientation = kind, ""
    dataset.SegmentSequence = Sequence(
        _item(
            SegmentNumber=number,
            SegmentLabel=f"label {number}",
            SegmentAlgorithmType="AUTOMATIC",
            SegmentAlgorithmName="tests",
            SegmentedPropertyCategoryCodeSequence=[
                _code("91723000", "SCT", "Anatomical Structure")
            ],
            SegmentedPropertyTypeCodeSequence=[_code("85756007", "SCT", "Tissue")],
        )
        for number in numbers
    )
    return dataset


def _base(storage: str, modality: str, frames: int, size: Several[int]) -> Dataset:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID, dataset.SOPInstanceUID = STORAGE + storage, f"{SERIES}.1"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.FrameOfReferenceUID = (
        "2.25.2001",
        SERIES,
        FRAME,
    )
    dataset.StudyDate = dataset.ContentDate = "20240229"
    dataset.StudyTime = dataset.ContentTime = "120000"
    dataset.Modality, dataset.StudyID, dataset.SeriesNumber, dataset.InstanceNumber = (
        modality,
        "1",
        1,
        1,
    )
    dataset.PatientName, dataset.PatientID = "Known^Frames", "KNOWN"
    dataset.PatientBirthDate = dataset.PatientSex = dataset.ReferringPhysicianName = (
        dataset.AccessionNumber
    ) = ""
    dataset.PositionReferenceIndicator = ""
    if storage.startswith("7"):
        dataset.BodyPartExamined = "WHOLEBODY"
    dataset.Manufacturer = dataset.ManufacturerModelName = "Tests"
    dataset.DeviceSerialNumber, dataset.SoftwareVersions = "1", "1"
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.NumberOfFrames, (dataset.Rows, dataset.Columns) = frames, size
    return dataset


def _pixels(dataset: Dataset, stored: npt.NDArray[Any]) -> None:
    dataset.BitsAllocated = dataset.BitsStored = stored.dtype.itemsize * 8
    dataset.HighBit, dataset.PixelRepresentation = (
        dataset.BitsStored - 1,
        int(stored.dtype.kind == "i"),
    )
    pixels = stored.astype(stored.dtype.newbyteorder("<")).tobytes()
    dataset.PixelData = pixels + bytes(len(pixels) % 2)
    dataset["PixelData"].VR = "OB" if stored.dtype.itemsize == 1 else "OW"


def _shared(affine: npt.NDArray[np.float64], *groups: tuple[str, Dataset]) -> Dataset:
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    cosines = affine[:3, :3] / lengths
    measures = _item(
        PixelSpacing=[_ds(lengths[1]), _ds(lengths[0])],
        SliceThickness=_ds(lengths[2]),
        SpacingBetweenSlices=_ds(lengths[2]),
    )
    orientation = _item(
        ImageOrientationPatient=[_ds(value) for value in (*cosines[:, 0], *cosines[:, 1])]
    )
    named = {keyword: [item] for keyword, item in groups}
    return _item(PixelMeasuresSequence=[measures], PlaneOrientationSequence=[orientation], **named)


def _frame(affine: npt.NDArray[np.float64], place: int, *, time: int | None = None) -> Dataset:
    indices = [1, *([] if time is None else [time + 1]), place + 1]
    content = _item(StackID="1", InStackPositionNumber=place + 1, DimensionIndexValues=indices)
    frame = _item(FrameContentSequence=[content], PlanePositionSequence=[_position(affine, place)])
    if time is not None:
        content.TemporalPositionIndex = time + 1
        frame.TemporalPositionSequence = [_item(TemporalPositionTimeOffset=2.0 * time)]
    return frame


def _dimensions(dataset: Dataset, pointers: list[tuple[int, int]]) -> None:
    dataset.DimensionOrganizationSequence = Sequence([_item(DimensionOrganizationUID=ORGANIZATION)])
    dataset.DimensionIndexSequence = Sequence(
        _item(
            DimensionIndexPointer=tag,
            FunctionalGroupPointer=group,
            DimensionOrganizationUID=ORGANIZATION,
        )
        for tag, group in pointers
    )


def _rescale(unit: str = "US") -> tuple[str, Dataset]:
    return "PixelValueTransformationSequence", _item(
        RescaleSlope="1", RescaleIntercept="0", RescaleType=unit
    )


def _window() -> tuple[str, Dataset]:
    return "FrameVOILUTSequence", _item(WindowCenter="0", WindowWidth="1000")


def _anatomy() -> tuple[str, Dataset]:
    region = _code("38266002", "SCT", "Entire body")
    return "FrameAnatomySequence", _item(FrameLaterality="U", AnatomicRegionSequence=[region])


def _frame_type(**values: str) -> Dataset:
    return _item(
        FrameType=VOLUME_TYPE,
        PixelPresentation="MONOCHROME",
        VolumetricProperties="VOLUME",
        VolumeBasedCalculationTechnique="NONE",
        **values,
    )


def _position(affine: npt.NDArray[np.float64], place: int) -> Dataset:
    return _item(ImagePositionPatient=[_ds(value) for value in affine[:3] @ (0, 0, place, 1)])


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    return _item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


def _item(**values: Any) -> Dataset:
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item


def _ds(value: float) -> str:
    return format_number_as_ds(float(value))
