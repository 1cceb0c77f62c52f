"""``.zarr``: a group with one array and OME-Zarr 0.5 attributes (a scale, a translation) in mm.

OME-Zarr 0.5 has no rotation: the whole affine stands beside it, in the attribute ``dicomseries``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy.typing as npt

from dicomseries.geometry import Grid

__all__ = ["PACKAGE", "SUFFIXES", "save"]

SUFFIXES: tuple[str, ...] = (".zarr",)
PACKAGE: str | None = "zarr"

_CHUNK_VOXELS = 128


def save(path: Path, array: npt.NDArray[Any], grid: Grid) -> None:
    """Write a store (a folder) whose array is named ``"0"``.

    Examples
    --------
    >>> SUFFIXES
    ('.zarr',)
    """
    import zarr  # noqa: PLC0415 - an optional package, behind this door

    group = zarr.create_group(store=path, zarr_format=3)
    chunks = tuple(min(size, _CHUNK_VOXELS) for size in array.shape)
    voxels = group.create_array("0", shape=array.shape, dtype=array.dtype, chunks=chunks)
    voxels[...] = array
    group.attrs.update(_attributes(array.ndim, grid))


def _attributes(dimensions: int, grid: Grid) -> dict[str, Any]:
    colour = [1.0] * (dimensions - 3)
    axes: list[dict[str, str]] = [{"name": name, "type": "space", "unit": "millimeter"} for name in "zyx"]
    axes += [{"name": "c", "type": "channel"}] * (dimensions - 3)
    transforms = [
        {"type": "scale", "scale": [*reversed(grid.spacing_mm), *colour]},
        {"type": "translation", "translation": [*reversed(grid.origin_lps), *[0.0 for _ in colour]]},
    ]
    multiscale = {"name": "volume", "axes": axes, "datasets": [{"path": "0", "coordinateTransformations": transforms}]}
    return {
        "ome": {"version": "0.5", "multiscales": [multiscale]},
        "dicomseries": {"affine_lps": grid.affine("LPS").tolist()},
    }
