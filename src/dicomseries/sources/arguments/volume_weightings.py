"""b-values and gradients of the volumes of an array."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import SourceError
from dicomseries.geometry import Grid

__all__ = ["fsl_directions", "weightings_of"]

_UNIT = 1e-3
"""Largest departure of a gradient's length from 1, or from 0."""


def weightings_of(
    values: Any, volumes: int | None, shape: tuple[int, ...], where: str
) -> npt.NDArray[np.float64] | None:
    """Return b-values or gradients as an array that cannot be changed.

    Parameters
    ----------
    values : array_like or None
        b-values in s/mm², or unit vectors and zero vectors.
    volumes : int or None
        How many there are; None without an axis of volumes, which then has no weightings.
    shape : tuple of int
        Of the value of one volume: () or (3,).
    where : str
        Name of the argument, for messages.

    Raises
    ------
    SourceError
        If they have another shape, or are not such numbers.

    Examples
    --------
    >>> weightings_of([0, 1000], 2, (), "b_values").tolist()
    [0.0, 1000.0]
    """
    if values is None or volumes is None:
        return None
    array = np.array(values, dtype=np.float64)
    if array.shape == (volumes, *shape) and _are_weightings(array):
        array.flags.writeable = False
        return array
    expected = "a b-value of 0 or more (s/mm²) for each volume"
    if shape:
        expected = "a unit vector (patient LPS) for each volume, or 0 0 0 where there is none"
    raise SourceError(
        code="weightings-unfit",
        where=where,
        given=f"numbers of shape {array.shape}",
        expected=f"{expected}: shape {(volumes, *shape)}",
        remedy="Pass finite numbers, one row for each volume.",
    )


def _are_weightings(array: npt.NDArray[np.float64]) -> bool:
    if not np.isfinite(array).all():
        return False
    if array.ndim == 1:
        return bool((array >= 0).all())
    lengths = np.linalg.norm(array, axis=1)
    return bool((np.minimum(np.abs(lengths - 1), lengths) <= _UNIT).all())


def fsl_directions(gradients: npt.NDArray[np.float64], grid: Grid) -> npt.NDArray[np.float64]:
    """Return gradients along the axes of an image, by FSL's definition.

    The inverse of `diffusion_gradients`.

    Parameters
    ----------
    gradients : ndarray, shape (volumes, 3)
        Unit vectors in patient LPS; zeros where there is none.
    grid : Grid
        Of the image as it lies in its file: i along columns, j along rows, k along slices.

    Returns
    -------
    ndarray, shape (3, volumes)
        Along i, j and k; the first is negated where the affine has a positive determinant.

    Examples
    --------
    >>> grid = Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 2))
    >>> fsl_directions(np.array([[1.0, 0, 0], [0, 0.6, 0.8]]), grid).tolist()
    [[-1.0, 0.0], [0.0, 0.6], [0.0, 0.8]]
    """
    along_axes = gradients @ np.reshape(grid.direction_lps, (3, 3))
    if grid.is_right_handed:
        along_axes[:, 0] *= -1.0
    directions: npt.NDArray[np.float64] = along_axes.T + 0.0
    return directions
