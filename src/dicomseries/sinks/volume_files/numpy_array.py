"""``.npy``: the array alone, without its place in space."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dicomseries.sinks.voxels import Voxels

__all__ = ["PACKAGE", "SUFFIXES", "save"]

SUFFIXES: tuple[str, ...] = (".npy",)
PACKAGE: str | None = None


def save(path: Path, voxels: Voxels) -> None:
    """Write the array as NumPy's file, without the grid.

    Examples
    --------
    >>> SUFFIXES
    ('.npy',)
    """
    np.save(path, voxels.array, allow_pickle=False)
