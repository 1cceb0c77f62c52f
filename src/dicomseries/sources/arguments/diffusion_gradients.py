"""FSL's diffusion weightings (``.bval``, ``.bvec``) as DICOM attributes.

FSL's definition (https://fsl.fmrib.ox.ac.uk/fsl/docs/#/diffusion/index): a direction is given along
the axes i, j, k of the image as it lies in its file, and its first component is meant for a
radiological image, whose affine has a negative determinant; for one with a positive determinant it
points against i. With the unit vectors e_i, e_j, e_k of the axes in patient coordinates, the
direction b = (b1, b2, b3) is in space

    g = s · b1 · e_i + b2 · e_j + b3 · e_k,   s = −1 where det[e_i e_j e_k] > 0, else 1.

RAS and LPS differ by a rotation of 180° about the third axis, so the determinant has one sign in
both.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import SourceError
from dicomseries.geometry import Grid

__all__ = ["NO_WEIGHTING", "UNIT_TOLERANCE", "diffusion_gradients"]

UNIT_TOLERANCE = 0.01
"""Largest departure of a direction's length from 1 that is corrected; files with three decimals
reach about 0.001."""

NO_WEIGHTING = 50.0
"""b-value in s/mm² up to which a volume without a direction is taken for one without weighting:
scanners write 5."""

Numbers = str | os.PathLike[str] | Sequence[Any] | npt.NDArray[Any]


def diffusion_gradients(
    bvals: Numbers, bvecs: Numbers, grid: Grid, *, volumes: int | None = None
) -> dict[str, list[Any]]:
    """Return `per_volume` of diffusion-weighted volumes from FSL's two files.

    Parameters
    ----------
    bvals : array_like, shape (n,), or path
        b-values in s/mm², or a text file of them.
    bvecs : array_like, shape (3, n) or (n, 3), or path
        Unit directions along the axes i, j, k of the image by FSL's definition, or a text file of
        them. 3×3 numbers are FSL's own form: three rows.
    grid : Grid
        Of the image as it lies in its file, before any axis is renamed, flipped or put along the
        normal: ``open_volume(path).grid``.
    volumes : int, optional
        How many there must be.

    Returns
    -------
    dict of str to list
        ``DiffusionBValue`` (s/mm²), ``DiffusionGradientOrientation`` (unit vectors, patient LPS, or
        None) and ``DiffusionDirectionality`` (``DIRECTIONAL``, or ``NONE`` where there is no
        direction), n of each. There is no direction where b is 0, nor where it is 50 or less and
        the vector is zero or NaN.

    Raises
    ------
    SourceError
        If a file cannot be read, the counts differ, a b-value is negative or not finite, or a
        direction is not of length 1 (tolerance 0.01).

    Notes
    -----
    PS3.3 section C.8.13.5.9 (MR Diffusion): (0018,9087), (0018,9089), (0018,9075).

    Examples
    --------
    >>> affine = np.diag([2.0, 2.0, 2.0, 1.0])  # i to the right: positive
    >>> grid = Grid.from_affine((3, 4, 5), affine, space="RAS")
    >>> found = diffusion_gradients([0, 1000], [[0, 1], [0, 0], [0, 0]], grid)
    >>> found["DiffusionGradientOrientation"], found["DiffusionDirectionality"]
    ([None, [1.0, 0.0, 0.0]], ['NONE', 'DIRECTIONAL'])
    """
    weightings, directions = _b_values(bvals), _directions(bvecs)
    _check_counts(len(weightings), len(directions), volumes)
    along_axes = _along_axes(weightings, directions)
    if grid.is_right_handed:
        along_axes[:, 0] *= -1.0
    in_space = along_axes @ np.reshape(grid.direction_lps, (3, 3)).T
    orientations: list[list[float] | None] = []
    directionalities = []
    for vector in in_space:
        # Adding 0 makes of −0 a plain 0.
        if np.isnan(vector).any():
            orientations.append(None)
            directionalities.append("NONE")
        else:
            orientations.append((vector + 0.0).tolist())
            directionalities.append("DIRECTIONAL")
    return {
        "DiffusionBValue": weightings.tolist(),
        "DiffusionGradientOrientation": orientations,
        "DiffusionDirectionality": directionalities,
    }


def _b_values(bvals: Numbers) -> npt.NDArray[np.float64]:
    table = _numbers(bvals, "bvals")
    values = table.ravel()
    is_row = values.size > 0 and max(table.shape, default=0) == values.size
    if not is_row or not np.all(np.isfinite(values) & (values >= 0)):
        numbers = f"numbers of shape {table.shape}"
        if values.size:
            numbers += f", the least {np.min(values):g}"
        raise SourceError(
            code="b-values-unfit",
            where="bvals",
            given=numbers,
            expected="one row of finite b-values of 0 or more, in s/mm²",
            remedy="Check that these are the b-values and not the directions.",
        )
    return values


def _directions(bvecs: Numbers) -> npt.NDArray[np.float64]:
    """Return directions as rows; FSL's form is three rows."""
    table = _numbers(bvecs, "bvecs")
    if table.ndim == 2 and 3 in table.shape:
        if table.shape[0] == 3:
            return table.T
        return table
    raise SourceError(
        code="directions-unfit",
        where="bvecs",
        given=f"numbers of shape {table.shape}",
        expected="3 rows (x, y, z) with a column for each volume, or a row of 3 for each volume",
        remedy="Check that these are the directions and not the b-values.",
    )


def _check_counts(weightings: int, directions: int, volumes: int | None) -> None:
    if weightings == directions and volumes in {None, weightings}:
        return
    expected = "as many of both"
    if volumes is not None:
        expected = f"{volumes} of both, one for each volume"
    raise SourceError(
        code="gradient-counts-differ",
        where="bvals, bvecs",
        given=f"{weightings} b-values and {directions} directions",
        expected=expected,
        remedy="Pass the two files that belong to this image; give a volume without weighting the "
        "direction 0 0 0.",
    )


def _along_axes(
    weightings: npt.NDArray[np.float64], directions: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return unit vectors, NaN for those without a direction."""
    lengths = np.linalg.norm(directions, axis=1)
    is_none = (weightings == 0) | (
        (weightings <= NO_WEIGHTING) & (np.isnan(lengths) | (lengths == 0))
    )
    is_unit = np.abs(lengths - 1) <= UNIT_TOLERANCE
    wrong = np.flatnonzero(~is_none & ~is_unit)
    if wrong.size:
        first = int(wrong[0])
        raise SourceError(
            code="direction-not-unit",
            where=f"bvecs, volume {first}",
            given=f"length {lengths[first]:g} at b = {weightings[first]:g}, and {wrong.size - 1} "
            "more",
            expected=f"unit vectors (tolerance {UNIT_TOLERANCE:g}), or 0 0 0 where b is "
            f"{NO_WEIGHTING:g} or less",
            remedy="Divide each direction by its length; where lengths scale b, multiply the "
            "b-values with their squares. Leave averages over directions out.",
        )
    units = np.full(directions.shape, np.nan)
    units[~is_none] = directions[~is_none] / lengths[~is_none, np.newaxis]
    return units


def _numbers(source: Numbers, where: str) -> npt.NDArray[np.float64]:
    if isinstance(source, (str, os.PathLike)):
        where = os.fspath(source)
    try:
        if isinstance(source, (str, os.PathLike)):
            return np.array(_rows(Path(source)), dtype=np.float64)
        return np.asarray(source, dtype=np.float64)
    except (OSError, ValueError, TypeError) as error:
        raise SourceError(
            code="gradients-unreadable",
            where=where,
            given=getattr(error, "strerror", None) or str(error),
            expected="a text file, or an array, of numbers in rows of equal length",
            remedy="Check the path and the file: FSL's are numbers with blanks between them.",
        ) from error


def _rows(path: Path) -> list[list[float]]:
    lines = path.read_text(encoding="utf-8-sig").replace(",", " ").splitlines()
    return [list(map(float, line.split())) for line in lines if line.strip()]
