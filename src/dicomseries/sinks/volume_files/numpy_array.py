"""``.npy``: the array alone, without its place in space."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.geometry import Grid

__all__ = ["PACKAGE", "SUFFIXES", "save"]

SUFFIXES: tuple[str, ...] = (".npy",)
PACKAGE: str | None = None


def save(path: Path, array: npt.NDArray[Any], grid: Grid) -> None:  # noqa: ARG001 - the format has no place for it
    """Write the array as NumPy's own file.

    Examples
    --------
    >>> SUFFIXES
    ('.npy',)
    """
    np.save(path, array, allow_pickle=False)
