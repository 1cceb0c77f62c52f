"""``.tif``: a stack of pages through tifffile; the geometry stands as JSON in ImageDescription."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from dicomseries.sinks.volume_files.voxels import Voxels

__all__ = ["PACKAGE", "SUFFIXES", "save"]

SUFFIXES: tuple[str, ...] = (".tif", ".tiff")
PACKAGE: str | None = "tiff"

_CENTIMETRE = 3
"""TIFF ResolutionUnit; resolutions are pixels per this."""


def save(path: Path, voxels: Voxels) -> None:
    """Write one page a slice, volume by volume, with the pixel size as resolution.

    Examples
    --------
    >>> SUFFIXES
    ('.tif', '.tiff')
    """
    import tifffile  # noqa: PLC0415 - an optional package, behind this door

    grid = voxels.grid
    times: dict[str, Any] = {} if voxels.times_s is None else {"times_s": list(voxels.times_s)}
    tifffile.imwrite(
        path,
        np.ascontiguousarray(voxels.array),
        photometric="rgb" if voxels.is_colour else "minisblack",
        resolution=(10 / grid.spacing_mm[0], 10 / grid.spacing_mm[1]),
        resolutionunit=_CENTIMETRE,
        metadata={
            "axes": voxels.axes.upper().replace("C", "S"),
            "unit": "mm",
            "spacing": grid.spacing_mm[2],
            "affine_lps": grid.affine("LPS").tolist(),
            **times,
        },
    )
