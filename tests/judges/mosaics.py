"""Mosaics as Siemens and UIH scanners write them, from pydicom alone."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as DatasetSequence
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage

__all__ = ["MOSAIC_AFFINE", "csa1", "csa2", "grid_dataset", "mosaic_dataset", "write_mosaics"]

MOSAIC_AFFINE = np.array(
    [
        [0.6 * 2.5, -0.8 * 3.0, 0.0, -101.25],
        [0.0, 0.0, -4.5, 40.5],
        [0.8 * 2.5, 0.6 * 3.0, 0.0, 77.125],
        [0.0, 0.0, 0.0, 1.0],
    ]
)
"""From (column, row, slice) to LPS mm: coronal, turned in the plane, slices along the normal."""

Fields = Mapping[str, tuple[str, Sequence[str]]]
"""Name → VR and values."""


def csa2(fields: Fields) -> bytes:
    """Return a CSA header of the newer form, SV10."""
    parts = [b"SV10\4\3\2\1", struct.pack("<2I", len(fields), 77)]
    for name, (vr, values) in fields.items():
        count = max(6, len(values)) if values else 0
        parts.append(_field(name, vr, len(values), count))
        for value in (*values, *[""] * (count - len(values)))[:count]:
            content = value.encode("latin-1") + b"\0" if value else b""
            size = len(content)
            parts += [struct.pack("<4i", size, size, 77, size), content + bytes(-size % 4)]
    return b"".join(parts)


def csa1(fields: Fields) -> bytes:
    """Return a CSA header of the older form, without a magic word."""
    counts = [max(6, len(values)) if values else 0 for _, values in fields.values()]
    parts = [struct.pack("<2I", len(fields), 77)]
    for count, (name, (vr, values)) in zip(counts, fields.items(), strict=True):
        parts.append(_field(name, vr, len(values), count))
        for value in (*values, *[""] * (count - len(values)))[:count]:
            content = value.encode("latin-1") + b"\0" if value else b""
            size = len(content)
            parts += [struct.pack("<4i", size + counts[0], 0, 77, 0), content + bytes(-size % 4)]
    return b"".join(parts)


def _field(name: str, vr: str, multiplicity: int, count: int) -> bytes:
    return struct.pack("<64si4s3i", name.encode(), multiplicity, vr.encode(), 6, count, 77)


def mosaic_dataset(
    stored: npt.NDArray[Any],
    affine: npt.NDArray[np.float64] = MOSAIC_AFFINE,
    *,
    volume: int = 0,
    is_reversed: bool = False,
    fields: Fields | None = None,
    header: Callable[[Fields], bytes] = csa2,
) -> Dataset:
    """Return a Siemens mosaic of `stored` (slices, rows, columns), slices along the normal.

    `is_reversed`: the last slice is in the first tile, as with reversed image numbering.
    """
    count, rows, columns = stored.shape
    across = math.ceil(math.sqrt(count))
    dataset = _plain_dataset(affine, volume)
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"]
    dataset.Manufacturer, dataset.SoftwareVersions = "SIEMENS", "syngo MR B17"
    tiles = stored[::-1] if is_reversed else stored
    _set_pixels(dataset, _side_by_side(tiles, across, across))
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    cosines = affine[:3, :3] / lengths
    first = affine[:3] @ (0, 0, count - 1 if is_reversed else 0, 1)
    shift = (across - 1) / 2
    corner = first - affine[:3, 0] * columns * shift - affine[:3, 1] * rows * shift
    dataset.ImagePositionPatient = [f"{value:.9f}"[:16] for value in corner]
    normal = -cosines[:, 2] if is_reversed else cosines[:, 2]
    times = [f"{(index * 7 % count) * 62.5}" for index in range(count)]
    known: dict[str, tuple[str, Sequence[str]]] = {
        "EchoLinePosition": ("IS", ["32"]),
        "UsedChannelString": ("UT", []),
        "ICE_Dims": ("LO", ["X_1_1_1_1_1_1"]),
        "ProtocolSliceNumber": ("IS", [str(count - 1) if is_reversed else "0"]),
        "AcquisitionMatrixText": ("SH", [f"{columns}*{rows}"]),
        "NumberOfImagesInMosaic": ("US", [str(count)]),
        "SliceNormalVector": ("FD", [f"{part:.8f}" for part in normal]),
        "MosaicRefAcqTimes": ("FD", times),
        **(fields or {}),
    }
    block = dataset.private_block(0x29, "SIEMENS CSA HEADER", create=True)
    block.add_new(0x10, "OB", header(known))
    return dataset


def grid_dataset(
    stored: npt.NDArray[Any], affine: npt.NDArray[np.float64] = MOSAIC_AFFINE, *, volume: int = 0
) -> Dataset:
    """Return a UIH grid of `stored` (slices, rows, columns)."""
    count = len(stored)
    across = math.ceil(math.sqrt(count))
    dataset = _plain_dataset(affine, volume)
    dataset.ImageType, dataset.Manufacturer = ["ORIGINAL", "PRIMARY", "M", "VFRAME"], "UIH"
    _set_pixels(dataset, _side_by_side(stored, across, -(-count // across)))
    del dataset.AcquisitionNumber, dataset.AcquisitionTime
    items = []
    for index in range(count):
        item = Dataset()
        item.AcquisitionDateTime = f"202402291200{3 * volume + 0.25 * index:09.6f}"
        item.ImagePositionPatient = [f"{value:.9f}"[:16] for value in affine[:3] @ (0, 0, index, 1)]
        items.append(item)
    block = dataset.private_block(0x65, "Image Private Header", create=True)
    block.add_new(0x50, "DS", str(count))
    block.add_new(0x51, "SQ", DatasetSequence(items))
    return dataset


def write_mosaics(
    folder: Path,
    stored: npt.NDArray[Any],
    *,
    change: Callable[[int, Dataset], None] | None = None,
    make: Callable[..., Dataset] = mosaic_dataset,
    **options: Any,
) -> Path:
    """Write `stored` (volumes, slices, rows, columns) as a file for each volume."""
    folder.mkdir(parents=True, exist_ok=True)
    for volume, slices in enumerate(stored):
        dataset = make(slices, volume=volume, **options)
        if change:
            change(volume, dataset)
        dataset.save_as(folder / f"{7 - volume}.dcm", enforce_file_format=True)
    return folder


def _side_by_side(tiles: npt.NDArray[Any], across: int, down: int) -> npt.NDArray[Any]:
    _, rows, columns = tiles.shape
    image = np.zeros((down * rows, across * columns), tiles.dtype)
    for index, tile in enumerate(tiles):
        top, left = index // across * rows, index % across * columns
        image[top : top + rows, left : left + columns] = tile
    return image


def _plain_dataset(affine: npt.NDArray[np.float64], volume: int) -> Dataset:
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    cosines = affine[:3, :3] / lengths
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SpecificCharacterSet, dataset.Modality = "ISO_IR 192", "MR"
    dataset.SOPClassUID, dataset.SOPInstanceUID = MRImageStorage, f"2.25.5002.{volume + 1}"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "2.25.5000", "2.25.5002"
    dataset.FrameOfReferenceUID, dataset.PositionReferenceIndicator = "2.25.5003", ""
    dataset.StudyDate = dataset.SeriesDate = dataset.AcquisitionDate = "20240229"
    dataset.StudyTime = dataset.SeriesTime = "120000"
    dataset.AcquisitionTime = f"1200{volume * 3:02d}.250000"
    dataset.PatientName, dataset.PatientID, dataset.StudyID = "Known^Mosaic", "KNOWN", "1"
    dataset.PatientBirthDate = dataset.PatientSex = dataset.ReferringPhysicianName = ""
    dataset.AccessionNumber, dataset.PatientPosition = "", "HFS"
    dataset.SeriesNumber, dataset.InstanceNumber = 5, volume + 1
    dataset.AcquisitionNumber, dataset.SeriesDescription = volume + 1, "ep2d_bold"
    dataset.ScanningSequence, dataset.SequenceVariant, dataset.ScanOptions = "EP", "SK", "FS"
    dataset.MRAcquisitionType, dataset.EchoTime, dataset.EchoTrainLength = "2D", "30", "1"
    dataset.RepetitionTime, dataset.FlipAngle, dataset.MagneticFieldStrength = "3000", "90", "3"
    dataset.PixelSpacing = [f"{lengths[1]:.9g}", f"{lengths[0]:.9g}"]
    dataset.SliceThickness = f"{lengths[2] * 0.8:.9g}"
    dataset.SpacingBetweenSlices = f"{lengths[2]:.9g}"
    dataset.ImageOrientationPatient = [f"{value:.9f}" for value in (*cosines[:, 0], *cosines[:, 1])]
    dataset.SliceLocation = "-12.5"
    return dataset


def _set_pixels(dataset: Dataset, image: npt.NDArray[Any]) -> None:
    dataset.Rows, dataset.Columns = image.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelRepresentation = 0
    dataset.PixelData = image.astype("<u2").tobytes()
