"""``.zarr``: one array with OME-Zarr 0.5 attributes in mm.

OME-Zarr 0.5 has no rotation: the whole affine stands beside it, in the attribute ``dicomseries``. It demands a scale:
where no geometry is stated that is 1 without a unit, and the affine is null.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dicomseries.sinks.volume_files.voxels import Voxels

__all__ = ["PACKAGE", "SUFFIXES", "save"]

SUFFIXES: tuple[str, ...] = (".zarr",)
PACKAGE: str | None = "zarr"

_CHUNK_VOXELS = 128


def save(path: Path, voxels: Voxels) -> None:
    """Write a store (a folder) with the array ``"0"``.

    Examples
    --------
    >>> SUFFIXES
    ('.zarr',)
    """
    import zarr  # noqa: PLC0415 - an optional package, behind this door

    group = zarr.create_group(store=path, zarr_format=3)
    array = voxels.array
    chunks = tuple(
        1 if axis == "t" else min(size, _CHUNK_VOXELS)
        for axis, size in zip(voxels.axes, array.shape, strict=True)
    )
    stored = group.create_array("0", shape=array.shape, dtype=array.dtype, chunks=chunks)
    stored[...] = array
    group.attrs.update(_attributes(voxels))


def _attributes(voxels: Voxels) -> dict[str, Any]:
    grid, step = voxels.grid, voxels.step_s
    time = {"name": "t", "type": "time"} | ({} if step is None else {"unit": "second"})
    unit = {"unit": "millimeter"} if voxels.has_geometry else {}
    space = {name: {"name": name, "type": "space"} | unit for name in "zyx"}
    axes = {"t": time, **space, "c": {"name": "c", "type": "channel"}}
    has_geometry = voxels.has_geometry
    spacing, origin = (
        (grid.spacing_mm, grid.origin_lps) if has_geometry else ((1.0,) * 3, (0.0,) * 3)
    )
    scale = {"t": step or 1.0, "c": 1.0, **dict(zip("xyz", spacing, strict=True))}
    shift = {"t": 0.0, "c": 0.0, **dict(zip("xyz", origin, strict=True))}
    transforms = [
        {"type": "scale", "scale": [scale[name] for name in voxels.axes]},
        {"type": "translation", "translation": [shift[name] for name in voxels.axes]},
    ]
    multiscale = {
        "name": "volume",
        "axes": [axes[name] for name in voxels.axes],
        "datasets": [{"path": "0", "coordinateTransformations": transforms}],
    }
    times = {} if voxels.times_s is None else {"times_s": list(voxels.times_s)}
    return {
        "ome": {"version": "0.5", "multiscales": [multiscale]},
        "dicomseries": {
            "affine_lps": grid.affine("LPS").tolist() if has_geometry else None,
            **times,
        },
    }
