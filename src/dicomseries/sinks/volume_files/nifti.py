"""``.nii`` and ``.nii.gz``: NIfTI-1 through nibabel, RAS affine, array in (x, y, z) order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.geometry import Grid

__all__ = ["PACKAGE", "SUFFIXES", "save"]

SUFFIXES: tuple[str, ...] = (".nii", ".nii.gz")
PACKAGE: str | None = "nifti"

_MILLIMETRES = "mm"
_SCANNER = 1
"""NIFTI_XFORM_SCANNER_ANAT: the coordinates are the scanner's, as DICOM's are."""


def save(path: Path, array: npt.NDArray[Any], grid: Grid) -> None:
    """Write the array with sform and qform; the values as they are, without a scale.

    Examples
    --------
    >>> SUFFIXES
    ('.nii', '.nii.gz')
    """
    import nibabel  # noqa: PLC0415 - an optional package, behind this door

    voxels = _colours(array) if array.ndim == 4 else array
    voxels = voxels.transpose(2, 1, 0)
    affine = grid.affine("RAS")
    image = nibabel.Nifti1Image(voxels, affine, dtype=voxels.dtype)
    image.set_sform(affine, code=_SCANNER)
    image.set_qform(affine, code=_SCANNER)
    image.header.set_xyzt_units(xyz=_MILLIMETRES)
    nibabel.save(image, path)


def _colours(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the three samples of a voxel as NIfTI's RGB24."""
    rgb = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])
    return np.ascontiguousarray(array, dtype=np.uint8).view(rgb)[..., 0]
