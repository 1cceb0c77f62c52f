"""``.tif``: a stack of pages, geometry in ImageDescription."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from dicomseries.sinks.voxels import Voxels

__all__ = ["PACKAGE", "SUFFIXES", "save"]

SUFFIXES: tuple[str, ...] = (".tif", ".tiff")
PACKAGE: str | None = "tiff"

_CENTIMETRE = 3
"""TIFF ResolutionUnit; resolutions are pixels per this."""


def save(path: Path, voxels: Voxels) -> None:
    """Write one page a slice, volume by volume.

    A stated pixel size is the resolution.

    Examples
    --------
    >>> SUFFIXES
    ('.tif', '.tiff')
    """
    import tifffile  # noqa: PLC0415 - an optional package, imported when used

    description: dict[str, Any] = {"axes": voxels.axes.upper().replace("C", "S")}
    if voxels.has_geometry:
        description |= {
            "unit": "mm",
            "spacing": voxels.grid.spacing_mm[2],
            "affine_lps": voxels.grid.affine("LPS").tolist(),
        }
    if voxels.times_s is not None:
        description["times_s"] = list(voxels.times_s)
    description |= voxels.volume_record
    tifffile.imwrite(
        path,
        np.ascontiguousarray(voxels.array),
        photometric="rgb" if voxels.is_colour else "minisblack",
        **_resolution(voxels),
        metadata=description,
    )


def _resolution(voxels: Voxels) -> dict[str, Any]:
    """Return the pixels per centimetre of a stated spacing."""
    spacing = voxels.grid.spacing_mm[:2] if voxels.has_geometry else voxels.in_plane_mm
    if spacing is None:
        return {}
    return {"resolution": (10 / spacing[0], 10 / spacing[1]), "resolutionunit": _CENTIMETRE}
