"""Files of image classes that the library does not write, made with pydicom alone.

Each generator reproduces the structure of one kind of object: ultrasound with regions, projection
radiographs, nuclear medicine with detectors, doses, tiles of a microscope.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

CLASSES = {
    "CR": "1.2.840.10008.5.1.4.1.1.1",
    "DX": "1.2.840.10008.5.1.4.1.1.1.1",
    "MG": "1.2.840.10008.5.1.4.1.1.1.2",
    "CT": "1.2.840.10008.5.1.4.1.1.2",
    "US clip": "1.2.840.10008.5.1.4.1.1.3.1",
    "MR": "1.2.840.10008.5.1.4.1.1.4",
    "Enhanced MR": "1.2.840.10008.5.1.4.1.1.4.1",
    "US": "1.2.840.10008.5.1.4.1.1.6.1",
    "SC": "1.2.840.10008.5.1.4.1.1.7",
    "PR": "1.2.840.10008.5.1.4.1.1.11.1",
    "XA": "1.2.840.10008.5.1.4.1.1.12.1",
    "RF": "1.2.840.10008.5.1.4.1.1.12.2",
    "NM": "1.2.840.10008.5.1.4.1.1.20",
    "RAW": "1.2.840.10008.5.1.4.1.1.66",
    "SM": "1.2.840.10008.5.1.4.1.1.77.1.6",
    "SR": "1.2.840.10008.5.1.4.1.1.88.11",
    "KOS": "1.2.840.10008.5.1.4.1.1.88.59",
    "RTIMAGE": "1.2.840.10008.5.1.4.1.1.481.1",
    "RTDOSE": "1.2.840.10008.5.1.4.1.1.481.2",
    "RTSTRUCT": "1.2.840.10008.5.1.4.1.1.481.3",
    "RTPLAN": "1.2.840.10008.5.1.4.1.1.481.5",
    "ECG": "1.2.840.10008.5.1.4.1.1.9.1.1",
    "MRS": "1.2.840.10008.5.1.4.1.1.4.2",
    "CSA": "1.3.12.2.1107.5.9.1",
}


def items(*datasets: dict[str, Any]) -> Sequence:
    """Return a sequence of items with these attributes."""
    return Sequence([dataset_with(**values) for values in datasets])


def dataset_with(**values: Any) -> Dataset:
    """Return a dataset with these attributes."""
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


def save_object(
    path: Path,
    name: str,
    stored: npt.NDArray[Any] | None = None,
    *,
    number: int = 1,
    series: str = "2.25.7",
    is_implicit: bool = False,
    **values: Any,
) -> Path:
    """Write an object of the class `name`, with pixels if `stored` are given.

    `stored` has the shape ([frames, ]rows, columns), or one more axis of three colours if it is
    uint8 and ends with 3.
    """
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    syntax = ImplicitVRLittleEndian if is_implicit else ExplicitVRLittleEndian
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.SOPClassUID = CLASSES[name]
    dataset.SOPInstanceUID = f"{series}.{sum(map(ord, name))}.{number}"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "2.25.6", series
    modality = {"US clip": "US", "Enhanced MR": "MR", "RAW": "MR", "MRS": "MR", "CSA": "MR"}
    dataset.Modality, dataset.InstanceNumber = modality.get(name, name), number
    if stored is not None:
        put_pixels(dataset, stored)
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    return path


def put_pixels(dataset: Dataset, stored: npt.NDArray[Any]) -> None:
    """Add Pixel Data and the attributes of their format."""
    is_colour = stored.dtype == np.uint8 and stored.ndim > 2 and stored.shape[-1] == 3
    planes = stored.shape[:-1] if is_colour else stored.shape
    if len(planes) == 3:
        dataset.NumberOfFrames = planes[0]
    dataset.Rows, dataset.Columns = planes[-2:]
    dataset.SamplesPerPixel = 3 if is_colour else 1
    dataset.PhotometricInterpretation = "RGB" if is_colour else "MONOCHROME2"
    if is_colour:
        dataset.PlanarConfiguration = 0
    bits = stored.dtype.itemsize * 8
    dataset.BitsAllocated = dataset.BitsStored = bits
    dataset.HighBit = bits - 1
    dataset.PixelRepresentation = int(stored.dtype.kind == "i")
    dataset.PixelData = stored.tobytes() + b"\0" * (stored.nbytes % 2)
