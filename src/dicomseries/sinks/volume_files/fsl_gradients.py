"""FSL's ``.bval`` and ``.bvec`` beside a NIfTI file."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from dicomseries.sinks.voxels import Voxels
from dicomseries.slice_planes import SlicePlanes
from dicomseries.sources import fsl_directions

__all__ = ["fsl_files"]

_ENDINGS = (".nii.gz", ".nii")


def fsl_files(path: str, voxels: Voxels) -> dict[str, str]:
    r"""Return the texts of FSL's two files by path; none without diffusion weightings.

    Parameters
    ----------
    path : str
        Of the volume; only NIfTI has such files.
    voxels : Voxels
        With b-values in s/mm², and gradients in patient LPS.

    Examples
    --------
    >>> from dicomseries.geometry import Grid
    >>> grid = Grid(shape=(1, 1, 1), spacing_mm=(1, 1, 1))
    >>> voxels = Voxels.of(np.zeros((2, 1, 1, 1)), grid).with_volumes(
    ...     (), np.array([0.0, 1000]), np.array([[0.0, 0, 0], [1, 0, 0]])
    ... )
    >>> fsl_files("dwi.nii.gz", voxels)
    {'dwi.bval': '0 1000\n', 'dwi.bvec': '0 -1\n0 0\n0 0\n'}
    """
    ending = next((ending for ending in _ENDINGS if path.lower().endswith(ending)), "")
    if not ending or voxels.b_values is None or voxels.gradients is None:
        return {}
    if not voxels.has_geometry or isinstance(voxels.grid, SlicePlanes):
        return {}  # directions are along right-angled axes
    stem = path[: -len(ending)]
    directions = fsl_directions(voxels.gradients, voxels.grid)
    return {f"{stem}.bval": _rows([voxels.b_values]), f"{stem}.bvec": _rows(directions)}


def _rows(numbers: Iterable[npt.NDArray[np.float64]]) -> str:
    """Return numbers as lines of text."""
    lines = [" ".join(f"{number:.10g}" for number in row) for row in numbers]
    return "\n".join(lines) + "\n"
