"""``.zarr``: a group with one array and OME-Zarr 0.5 attributes (a scale, a translation) in mm.

OME-Zarr 0.5 has no rotation: the whole affine stands beside it, in the attribute ``dicomseries``.
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
    """Write a store (a folder) whose array is named ``"0"``.

    Examples
    --------
    >>> SUFFIXES
    ('.zarr',)
    """
    import zarr  # noqa: PLC0415 - an optional package, behind this door

    group = zarr.create_group(store=path, zarr_format=3)
    array = voxels.array
    chunks = tuple(
        1 if axis == "t" else min(size, _CHUNK_VOXELS) for axis, size in zip(voxels.axes, array.shape, strict=True)
    )
    stored = group.create_array("0", shape=array.shape, dtype=array.dtype, chunks=chunks)
    stored[...] = array
    group.attrs.update(_attributes(voxels))


def _attributes(voxels: Voxels) -> dict[str, Any]:
    grid, step = voxels.grid, voxels.step_s
    time = {"name": "t", "type": "time"} | ({} if step is None else {"unit": "second"})
    space = {name: {"name": name, "type": "space", "unit": "millimeter"} for name in "zyx"}
    axes = {"t": time, **space, "c": {"name": "c", "type": "channel"}}
    scale = {"t": step or 1.0, "c": 1.0, **dict(zip("xyz", grid.spacing_mm, strict=True))}
    shift = {"t": 0.0, "c": 0.0, **dict(zip("xyz", grid.origin_lps, strict=True))}
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
        "dicomseries": {"affine_lps": grid.affine("LPS").tolist(), **times},
    }
