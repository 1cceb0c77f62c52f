"""``.npz``: the array and its affine."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dicomseries.sinks.voxels import Voxels

__all__ = ["PACKAGE", "SUFFIXES", "save"]

SUFFIXES: tuple[str, ...] = (".npz",)
PACKAGE: str | None = None


def save(path: Path, voxels: Voxels) -> None:
    """Write ``array``, ``affine_lps`` (4×4, mm) and its parts.

    Where no geometry is stated, only the array is written. Where the times of the volumes are
    known, they are ``times_s``, seconds after the first.

    Examples
    --------
    >>> SUFFIXES
    ('.npz',)
    """
    grid = voxels.grid
    arrays = {"array": voxels.array}
    if voxels.has_geometry:
        arrays |= {
            "affine_lps": grid.affine("LPS"),
            "spacing_mm": np.array(grid.spacing_mm),
            "origin_lps": np.array(grid.origin_lps),
            "direction_lps": np.array(grid.direction_lps).reshape(3, 3),
        }
    if voxels.times_s is not None:
        arrays["times_s"] = np.array(voxels.times_s)
    np.savez(path, **arrays)  # type: ignore[arg-type]  # the stub knows allow_pickle only
