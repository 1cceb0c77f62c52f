"""Images of nibabel. The only module that imports `nibabel` here."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import OptionError, missing_package
from dicomseries.sinks.voxels import Voxels
from dicomseries.volume_axes import axis_words

__all__ = ["nifti_image"]

_UNKNOWN = 0
"""NIFTI_XFORM_UNKNOWN: pictures without a place have no orientation."""
_SCANNER = 1
"""NIFTI_XFORM_SCANNER_ANAT: the coordinates are the scanner's, as DICOM's are."""


def nifti_image(voxels: Voxels, where: str) -> Any:
    """Return a Nifti1Image with sform and qform, in RAS mm.

    Slices of a tilted gantry have a sheared sform, and no qform, which cannot hold it.

    Its axes are (columns, rows, slices[, volumes]), and its memory is that of the array. Even
    times are ``pixdim[4]``; names and values of other axes of volumes are in ``descrip``. NIfTI
    cannot leave voxel sizes out: where none is stated they are the 1 of a new header, without a
    unit, and without an orientation.

    Parameters
    ----------
    voxels : Voxels
        Colours of uint8 become RGB24.
    where : str
        The file or method, for messages.

    Raises
    ------
    GeometryError
        If the slices are irregular, unless they are evenly sheared.
    OptionError
        If the colours are not 8 bits, which NIfTI's RGB24 is, or NIfTI has no name for the dtype.
    MissingPackageError
        If nibabel is not installed.

    Examples
    --------
    >>> from dicomseries.geometry import Grid
    >>> grid = Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 2))
    >>> nifti_image(Voxels.of(np.zeros((3, 4, 5)), grid), "here").header.get_zooms()
    (np.float32(1.0), np.float32(1.0), np.float32(2.0))
    """
    try:
        import nibabel  # noqa: PLC0415 - an optional package, imported when used
        from nibabel.spatialimages import HeaderDataError  # noqa: PLC0415
    except ImportError as error:
        raise missing_package(extra="nifti", where=where) from error

    array = voxels.array
    if voxels.is_colour:
        array = _rgb(array, where)
    affine, unit = np.eye(4), "unknown"
    if voxels.has_geometry or voxels.in_plane_mm is not None:
        affine, unit = voxels.affine("RAS"), "mm"
    # The header is complete before the image is made, which then keeps the affine in double
    # precision: the header has single precision.
    header = nibabel.Nifti1Header()
    try:
        header.set_data_dtype(array.dtype)
    except HeaderDataError as error:
        raise _dtype_unknown(array, where) from error
    header.set_data_shape(array.T.shape)
    header.set_sform(affine, code=_SCANNER)
    header.set_qform(affine, code=_SCANNER)
    if not voxels.is_regular:  # a quaternion holds no shear
        header.set_qform(affine, code=_UNKNOWN)
        header.set_zooms((*np.linalg.norm(affine[:3, :3], axis=0), *header.get_zooms()[3:]))
    _describe_volumes(header, voxels, unit)
    image = nibabel.Nifti1Image(array.T, affine, header)
    if not voxels.has_geometry:
        image.set_sform(affine, code=_UNKNOWN)
        image.set_qform(affine, code=_UNKNOWN)
    return image


def _describe_volumes(header: Any, voxels: Voxels, unit: str) -> None:
    """Set the step of time, the units, and the names of axes of volumes."""
    unit_of_time = None
    if voxels.step_s is not None:
        header.set_zooms((*header.get_zooms()[:3], voxels.step_s))
        unit_of_time = "sec"
    header.set_xyzt_units(xyz=unit, t=unit_of_time)
    if not voxels.is_time_axis:
        header["descrip"] = _described(axis_words(voxels.volume_axes))


def _described(text: str) -> bytes:
    """Return the 79 bytes of ASCII that a header has for a description."""
    plain = text.replace("²", "2").replace("×", "x").replace("…", "...")
    return plain.encode("ascii", "replace")[:79]


def _rgb(array: npt.NDArray[Any], where: str) -> npt.NDArray[Any]:
    """Return the three samples of a voxel as NIfTI's RGB24."""
    if array.dtype != np.uint8:
        raise OptionError(
            code="dtype-not-in-format",
            where=where,
            given=f"colours of {array.dtype}",
            expected="colours of uint8",
            remedy="Choose .nrrd, .mha or .tif, which hold colours of 16 bits.",
        )
    rgb = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])
    return np.ascontiguousarray(array, dtype=np.uint8).view(rgb)[..., 0]


def _dtype_unknown(array: npt.NDArray[Any], where: str) -> OptionError:
    return OptionError(
        code="dtype-not-in-format",
        where=where,
        given=f"values of {array.dtype}",
        expected="a dtype of NIfTI: integers of 8 to 64 bits, float32 or float64",
        remedy="Choose .npy or .npz, or convert the array with its method astype.",
    )
