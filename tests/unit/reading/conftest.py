"""Small multi-frame files made with pydicom alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels.utils import pack_bits
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian
from pydicom.valuerep import format_number_as_ds

from judges.known import OBLIQUE

LENGTHS = np.linalg.norm(OBLIQUE[:3, :3], axis=0)


def item(**values: Any) -> Sequence:
    """Return a sequence of one item."""
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return Sequence([dataset])


def ds(values: Any) -> list[str]:
    return [format_number_as_ds(float(value)) for value in values]


def frame_item(position: float) -> Dataset:
    """Return the functional groups of a frame that stands `position` slices along the normal."""
    groups = Dataset()
    groups.PlanePositionSequence = item(ImagePositionPatient=ds(OBLIQUE[:3] @ (0, 0, position, 1)))
    groups.FrameContentSequence = item(StackID="1")
    return groups


def put_pixels(dataset: Dataset, stored: np.ndarray) -> None:
    dataset.Rows, dataset.Columns = stored.shape[1:3]
    dataset.SamplesPerPixel = 3 if stored.ndim == 4 else 1
    dataset.PhotometricInterpretation = "RGB" if stored.ndim == 4 else "MONOCHROME2"
    if stored.ndim == 4:
        dataset.PlanarConfiguration = 0
    if stored.dtype == bool:
        dataset.BitsAllocated = dataset.BitsStored = 1
        dataset.HighBit = dataset.PixelRepresentation = 0
        dataset.PixelData = pack_bits(stored.astype("uint8"))
        dataset["PixelData"].VR = "OB"
        return
    bits = stored.dtype.itemsize * 8
    dataset.BitsAllocated = bits
    if stored.dtype.kind == "f":
        setattr(
            dataset, "FloatPixelData" if bits == 32 else "DoubleFloatPixelData", stored.tobytes()
        )
        return
    dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = (
        bits,
        bits - 1,
        int(stored.dtype.kind == "i"),
    )
    dataset.PixelData = stored.tobytes() + bytes(stored.nbytes % 2)
    dataset["PixelData"].VR = "OB" if bits == 8 else "OW"


def write_known_frames(
    path: Path,
    stored: np.ndarray,
    *,
    positions: Any = None,
    sop_class: str = "1.2.840.10008.5.1.4.1.1.4.1",
    each: Callable[[int, Dataset], None] | None = None,
    change: Callable[[Dataset], None] | None = None,
) -> Path:
    """Write `stored` (frames, rows, columns[, 3]) as a file altered by `each` and `change`."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID, dataset.SOPInstanceUID = sop_class, f"2.25.900.{crc32(path.name.encode())}"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "2.25.901", "2.25.902"
    dataset.Modality, dataset.SeriesNumber, dataset.InstanceNumber = "MR", 1, 1
    dataset.NumberOfFrames = len(stored)
    shared = Dataset()
    shared.PixelMeasuresSequence = item(
        PixelSpacing=ds([LENGTHS[1], LENGTHS[0]]),
        SliceThickness=ds([2.5])[0],
        SpacingBetweenSlices=ds([2.5])[0],
    )
    cosines = OBLIQUE[:3, :3] / LENGTHS
    shared.PlaneOrientationSequence = item(
        ImageOrientationPatient=ds((*cosines[:, 0], *cosines[:, 1]))
    )
    shared.PixelValueTransformationSequence = item(
        RescaleSlope="1", RescaleIntercept="0", RescaleType="US"
    )
    dataset.SharedFunctionalGroupsSequence = Sequence([shared])
    groups = [
        frame_item(position)
        for position in (range(len(stored)) if positions is None else positions)
    ]
    for frame, one in enumerate(groups):
        if each:
            each(frame, one)
    dataset.PerFrameFunctionalGroupsSequence = Sequence(groups)
    put_pixels(dataset, stored)
    if change:
        change(dataset)
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    return path


@pytest.fixture
def write_frames(tmp_path) -> Callable[..., Path]:
    """Return a function that writes a multi-frame file into the test's folder."""
    return lambda stored, name="frames.dcm", **options: write_known_frames(
        tmp_path / name, stored, **options
    )
