"""``.npz``: the array and its affine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.geometry import Grid

__all__ = ["PACKAGE", "SUFFIXES", "save"]

SUFFIXES: tuple[str, ...] = (".npz",)
PACKAGE: str | None = None


def save(path: Path, array: npt.NDArray[Any], grid: Grid) -> None:
    """Write ``array`` (slices, rows, columns) and ``affine_lps`` (4×4, mm), with the numbers it is made of.

    Examples
    --------
    >>> SUFFIXES
    ('.npz',)
    """
    np.savez(
        path,
        array=array,
        affine_lps=grid.affine("LPS"),
        spacing_mm=np.array(grid.spacing_mm),
        origin_lps=np.array(grid.origin_lps),
        direction_lps=np.array(grid.direction_lps).reshape(3, 3),
    )
