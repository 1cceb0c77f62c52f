"""``.nii`` and ``.nii.gz``: NIfTI-1 through nibabel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import OptionError
from dicomseries.sinks.volume_files.voxels import Voxels

__all__ = ["PACKAGE", "SUFFIXES", "save"]

SUFFIXES: tuple[str, ...] = (".nii", ".nii.gz")
PACKAGE: str | None = "nifti"

_UNKNOWN = 0
"""NIFTI_XFORM_UNKNOWN: pictures without a place have no orientation."""
_SCANNER = 1
"""NIFTI_XFORM_SCANNER_ANAT: the coordinates are the scanner's, as DICOM's are."""


def save(path: Path, voxels: Voxels) -> None:
    """Write the array with sform and qform, without a scale.

    Even times are ``pixdim[4]``.

    NIfTI cannot leave voxel sizes out: where none is stated they are the 1 of a new header, without
    a unit, and without an orientation.

    Raises
    ------
    OptionError
        If the colours are not 8 bits, which NIfTI's RGB24 is.

    Examples
    --------
    >>> SUFFIXES
    ('.nii', '.nii.gz')
    """
    import nibabel  # noqa: PLC0415 - an optional package, imported when used

    array = voxels.array
    if voxels.is_colour:
        array = _rgb(array)
    affine, unit = np.eye(4), "unknown"
    if voxels.has_geometry or voxels.in_plane_mm is not None:
        affine, unit = voxels.grid.affine("RAS"), "mm"
    image = nibabel.Nifti1Image(array.T, affine, dtype=array.dtype)
    code = _SCANNER if voxels.has_geometry else _UNKNOWN
    image.set_sform(affine, code=code)
    image.set_qform(affine, code=code)
    unit_of_time = None
    if voxels.step_s is not None:
        image.header.set_zooms((*image.header.get_zooms()[:3], voxels.step_s))
        unit_of_time = "sec"
    image.header.set_xyzt_units(xyz=unit, t=unit_of_time)
    nibabel.save(image, path)


def _rgb(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the three samples of a voxel as NIfTI's RGB24."""
    if array.dtype != np.uint8:
        raise OptionError(
            code="dtype-not-in-format",
            where=".nii",
            given=f"colours of {array.dtype}",
            expected="colours of uint8",
            remedy="Choose .nrrd, .mha or .tif, which hold colours of 16 bits.",
        )
    rgb = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])
    return np.ascontiguousarray(array, dtype=np.uint8).view(rgb)[..., 0]
