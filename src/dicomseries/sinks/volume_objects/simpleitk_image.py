"""Images of SimpleITK. The only module that imports `SimpleITK` here."""

from __future__ import annotations

from typing import Any

import numpy as np

from dicomseries.errors import OptionError, missing_package
from dicomseries.sinks.voxels import Voxels

__all__ = ["itk_image"]

_NAMES = "buif"
"""Kinds of numpy's dtypes that SimpleITK has, from 8 to 64 bits."""


def itk_image(voxels: Voxels, where: str) -> Any:
    """Return an image with spacing, origin and direction in LPS mm.

    Colour is a vector pixel. Volumes are a fourth dimension, whose spacing is the step in seconds
    if the steps are even, and 1 otherwise. ITK cannot leave geometry out: where none is stated it
    is that of a new image, spacing 1 and origin 0.

    Parameters
    ----------
    voxels : Voxels
        Booleans become uint8.
    where : str
        The method, for messages.

    Raises
    ------
    OptionError
        If SimpleITK has no such dtype (float16).
    MissingPackageError
        If SimpleITK is not installed.

    Examples
    --------
    >>> from dicomseries.geometry import Grid
    >>> grid = Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 2), origin_lps=(7, 8, 9))
    >>> image = itk_image(Voxels.of(np.zeros((3, 4, 5), "int16"), grid), "here")
    >>> image.GetSize(), image.GetSpacing(), image.GetOrigin()
    ((5, 4, 3), (1.0, 1.0, 2.0), (7.0, 8.0, 9.0))
    """
    try:
        import SimpleITK  # noqa: PLC0415 - an optional package, imported when used
    except ImportError as error:
        raise missing_package(extra="itk", where=where) from error

    array, grid = voxels.array, voxels.grid
    if array.dtype.kind not in _NAMES or array.dtype == np.float16:
        raise OptionError(
            code="dtype-not-in-format",
            where=where,
            given=f"values of {array.dtype}",
            expected="integers of 8 to 64 bits, float32 or float64",
            remedy="Convert the array with its method astype, and make the image of that.",
        )
    if array.dtype.kind == "b":
        array = array.astype(np.uint8)
    native = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("="))
    image = SimpleITK.GetImageFromArray(native, isVector=voxels.is_colour)
    spacing, origin, axes = [1.0, 1.0, 1.0], [0.0, 0.0, 0.0], np.eye(3)
    if voxels.has_geometry:
        spacing, origin = list(grid.spacing_mm), list(grid.origin_lps)
        axes = np.reshape(grid.direction_lps, (3, 3))
    elif voxels.in_plane_mm is not None:
        spacing[:2] = voxels.in_plane_mm
    if voxels.has_time:
        spacing, origin = [*spacing, voxels.step_s or 1.0], [*origin, 0.0]
        axes = np.pad(axes, (0, 1))
        axes[3, 3] = 1.0
    image.SetSpacing(spacing)
    image.SetOrigin(origin)
    image.SetDirection(axes.ravel().tolist())
    return image
