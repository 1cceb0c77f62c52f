"""``.tif``: a stack of pages through tifffile; the geometry stands as JSON in ImageDescription."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.geometry import Grid

__all__ = ["PACKAGE", "SUFFIXES", "save"]

SUFFIXES: tuple[str, ...] = (".tif", ".tiff")
PACKAGE: str | None = "tiff"

_CENTIMETRE = 3
"""TIFF ResolutionUnit; resolutions are pixels per this."""


def save(path: Path, array: npt.NDArray[Any], grid: Grid) -> None:
    """Write one page a slice, with the pixel size as resolution.

    Examples
    --------
    >>> SUFFIXES
    ('.tif', '.tiff')
    """
    import tifffile  # noqa: PLC0415 - an optional package, behind this door

    colour = array.ndim == 4
    tifffile.imwrite(
        path,
        np.ascontiguousarray(array),
        photometric="rgb" if colour else "minisblack",
        resolution=(10 / grid.spacing_mm[0], 10 / grid.spacing_mm[1]),
        resolutionunit=_CENTIMETRE,
        metadata={
            "axes": "ZYXS" if colour else "ZYX",
            "unit": "mm",
            "spacing": grid.spacing_mm[2],
            "affine_lps": grid.affine("LPS").tolist(),
        },
    )
