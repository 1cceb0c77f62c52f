"""A small known series from pydicom alone, to test the judges."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian
from pydicom.valuerep import format_number_as_ds

__all__ = ["OBLIQUE", "write_known_series"]

OBLIQUE = np.array(
    [
        [0.6 * 0.9, -0.8 * 0.7, 0.0, -101.25],
        [0.0, 0.0, -2.5, 40.5],
        [0.8 * 0.9, 0.6 * 0.7, 0.0, 77.125],
        [0.0, 0.0, 0.0, 1.0],
    ]
)
"""From (column, row, slice) to LPS mm: coronal, turned in the plane; slices along the normal."""

STUDY, SERIES, FRAME = "2.25.1001", "2.25.1002", "2.25.1003"


def write_known_series(
    folder: Path,
    stored: npt.NDArray[Any],
    affine_lps: npt.NDArray[np.float64] = OBLIQUE,
    *,
    slope: float = 1.0,
    intercept: float = 0.0,
    change: Callable[[int, Dataset], None] | None = None,
) -> Path:
    """Write `stored` (slices, rows, columns) as valid CT; `change(index, dataset)` spoils it."""
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(stored.shape[0]):
        dataset = _instance(stored, affine_lps, index)
        dataset.RescaleSlope, dataset.RescaleIntercept, dataset.RescaleType = (
            f"{slope}",
            f"{intercept}",
            "US",
        )
        if change:
            change(index, dataset)
        dataset.save_as(folder / f"{index + 1:04d}.dcm", enforce_file_format=True)
    return folder


def _instance(stored: npt.NDArray[Any], affine: npt.NDArray[np.float64], index: int) -> Dataset:
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    cosines = affine[:3, :3] / lengths
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.ImageType = ["DERIVED", "SECONDARY", "AXIAL"]
    dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, f"{SERIES}.{index + 1}"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.FrameOfReferenceUID = (
        STUDY,
        SERIES,
        FRAME,
    )
    dataset.StudyDate, dataset.StudyTime, dataset.Modality = "20240229", "120000", "CT"
    dataset.PatientName, dataset.PatientID, dataset.StudyID = "Known^Series", "KNOWN", "1"
    dataset.SeriesNumber, dataset.InstanceNumber = 1, index + 1
    dataset.BodyPartExamined, dataset.Manufacturer = "WHOLEBODY", "Tests"
    dataset.PatientBirthDate = dataset.PatientSex = dataset.ReferringPhysicianName = (
        dataset.AccessionNumber
    ) = ""
    dataset.PositionReferenceIndicator = dataset.PatientPosition = ""
    dataset.KVP = dataset.AcquisitionNumber = None
    dataset.SliceThickness = dataset.SpacingBetweenSlices = _ds(lengths[2])
    dataset.PixelSpacing = [_ds(lengths[1]), _ds(lengths[0])]
    dataset.ImageOrientationPatient = [_ds(value) for value in (*cosines[:, 0], *cosines[:, 1])]
    dataset.ImagePositionPatient = [_ds(value) for value in affine[:3] @ (0, 0, index, 1)]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = stored.shape[1:]
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
    dataset.PixelRepresentation = int(stored.dtype.kind == "i")
    dataset.WindowCenter, dataset.WindowWidth = "0", "1000"
    dataset.PixelData = stored[index].astype(stored.dtype.newbyteorder("<")).tobytes()
    return dataset


def _ds(value: float) -> str:
    return format_number_as_ds(float(value))
