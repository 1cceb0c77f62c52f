"""Small MR series with the private structures of vendors, from pydicom alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import MRImageStorage

from judges.known import write_known_series

__all__ = ["DIFFUSION_VENDORS", "ORIENTATIONS", "write_vendor_series"]

VoxelArray = np.ndarray[Any, np.dtype[Any]]


def _turned(columns: Sequence[float], rows: Sequence[float]) -> VoxelArray:
    """Return an affine of unequal lengths, turned by a few degrees about two axes."""
    a, b = np.radians([12.0, -7.0])
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_z = np.array([[np.cos(b), -np.sin(b), 0], [np.sin(b), np.cos(b), 0], [0, 0, 1]])
    axes = np.column_stack((columns, rows, np.cross(columns, rows)))
    affine = np.eye(4)
    affine[:3, :3] = about_x @ about_z @ axes * [0.9, 0.7, 2.5]
    affine[:3, 3] = [-31.5, 20.25, 7.125]
    return affine


ORIENTATIONS = {
    "axial": _turned((1, 0, 0), (0, 1, 0)),
    "sagittal": _turned((0, 1, 0), (0, 0, -1)),
    "coronal": _turned((1, 0, 0), (0, 0, -1)),
}
"""Oblique affines, column, row and slice to LPS mm, with slices along the normal."""


def write_vendor_series(
    folder: Path,
    stored: VoxelArray,
    affine: VoxelArray,
    mark: Callable[[int, int, Dataset], None],
    *,
    uid: int,
    manufacturer: str,
) -> Path:
    """Write `stored` (volumes, slices, rows, columns) as MR; `mark(volume, slice, dataset)`.

    All volumes are in one series; files are numbered volume by volume.
    """
    slices = stored.shape[1]
    for volume, voxels in enumerate(stored):

        def change(index: int, dataset: Dataset, volume: int = volume) -> None:
            number = volume * slices + index + 1
            dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = MRImageStorage
            dataset.SOPInstanceUID = f"2.25.{uid}{number:05d}"
            dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
            dataset.SeriesInstanceUID = f"2.25.{uid}"
            dataset.SeriesNumber, dataset.InstanceNumber = uid, number
            dataset.Modality, dataset.Manufacturer = "MR", manufacturer
            dataset.ImageType = ["ORIGINAL", "PRIMARY", "OTHER"]
            dataset.ScanningSequence, dataset.MRAcquisitionType = ["EP", "SE"], "2D"
            dataset.RepetitionTime, dataset.EchoTime = "3000", "80"
            dataset.InPlanePhaseEncodingDirection = "COL"
            dataset.PatientPosition = "HFS"
            dataset.AcquisitionTime = "101500"
            mark(volume, index, dataset)

        write_known_series(folder / f"{volume:02d}", voxels, affine, change=change)
    return folder


B_VALUES = (0.0, 1000.0, 1000.0, 700.0, 0.0, 1000.0)
"""Two images without weighting, one of them between the others."""
_VECTORS = ((0, 0, 0), (0.6, 0.0, 0.8), (0.0, -0.8, 0.6), (-0.48, 0.6, 0.64), (0, 0, 0), (1, 0, 0))


def _standard(volume: int, _: int, dataset: Dataset) -> None:
    dataset.DiffusionBValue = B_VALUES[volume]
    if B_VALUES[volume]:
        dataset.DiffusionGradientOrientation = list(map(float, _VECTORS[volume]))


def _siemens(volume: int, _: int, dataset: Dataset) -> None:
    block = dataset.private_block(0x0019, "SIEMENS MR HEADER", create=True)
    block.add_new(0x0C, "IS", str(int(B_VALUES[volume])))
    if B_VALUES[volume]:
        block.add_new(0x0E, "FD", list(map(float, _VECTORS[volume])))


def _philips(volume: int, _: int, dataset: Dataset) -> None:
    imaging = dataset.private_block(0x2001, "Philips Imaging DD 001", create=True)
    imaging.add_new(0x03, "FL", B_VALUES[volume])
    imaging.add_new(0x04, "CS", "O" if B_VALUES[volume] else "I")
    block = dataset.private_block(0x2005, "Philips MR Imaging DD 001", create=True)
    for offset, part in zip((0xB0, 0xB1, 0xB2), _VECTORS[volume], strict=True):
        block.add_new(offset, "FL", float(part))


def _ge(volume: int, _: int, dataset: Dataset) -> None:
    parameters = dataset.private_block(0x0043, "GEMS_PARM_01", create=True)
    nominal, scale = B_VALUES[volume], 1.0
    if nominal == 700:
        nominal, scale = 1000.0, 0.7**0.5  # the length of the vector states the lower b-value
    parameters.add_new(0x39, "IS", [str(int(nominal) + 1_000_000_000), "8", "0", "0"])
    block = dataset.private_block(0x0019, "GEMS_ACQU_01", create=True)
    for offset, part in zip((0xBB, 0xBC, 0xBD), _VECTORS[volume], strict=True):
        block.add_new(offset, "DS", f"{part * scale:.6f}")


def _canon(volume: int, _: int, dataset: Dataset) -> None:
    dataset.DiffusionBValue = B_VALUES[volume]
    if B_VALUES[volume]:
        x, y, z = _VECTORS[volume]
        dataset.ImageComments = f"b={B_VALUES[volume]:g}({x:.3f},{y:.3f},{z:.3f})"


def _by_row(mark: Callable[[int, int, Dataset], None]) -> Callable[[int, int, Dataset], None]:
    def marked(volume: int, index: int, dataset: Dataset) -> None:
        mark(volume, index, dataset)
        dataset.InPlanePhaseEncodingDirection = "ROW"

    return marked


DIFFUSION_VENDORS: dict[str, tuple[str, Callable[[int, int, Dataset], None]]] = {
    "standard": ("TOSHIBA", _standard),
    "siemens": ("SIEMENS", _siemens),
    "philips": ("Philips Medical Systems", _philips),
    "ge": ("GE MEDICAL SYSTEMS", _ge),
    "ge by row": ("GE MEDICAL SYSTEMS", _by_row(_ge)),
    "canon": ("CANON_MEC", _canon),
    "canon by row": ("CANON_MEC", _by_row(_canon)),
}
"""Manufacturer and marks of six diffusion weightings."""
