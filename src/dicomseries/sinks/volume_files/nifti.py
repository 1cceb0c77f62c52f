"""``.nii`` and ``.nii.gz``: NIfTI-1 through nibabel."""

from __future__ import annotations

from pathlib import Path

from dicomseries.sinks.volume_objects.nibabel_image import nifti_image
from dicomseries.sinks.voxels import Voxels

__all__ = ["PACKAGE", "SUFFIXES", "save"]

SUFFIXES: tuple[str, ...] = (".nii", ".nii.gz")
PACKAGE: str | None = "nifti"


def save(path: Path, voxels: Voxels) -> None:
    """Write the array with sform and qform, without a scale.

    Raises
    ------
    OptionError
        If the colours are not 8 bits, which NIfTI's RGB24 is.

    Examples
    --------
    >>> SUFFIXES
    ('.nii', '.nii.gz')
    """
    nifti_image(voxels, ".nii").to_filename(path)
