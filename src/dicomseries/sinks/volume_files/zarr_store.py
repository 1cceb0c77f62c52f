"""``.zarr``: one array with OME-Zarr 0.5 attributes in mm.

OME-Zarr 0.5 has a scale and a translation, and no rotation: the affine is beside it, in the
attribute ``dicomseries``. It demands a scale: where no geometry is stated that is 1 without a unit,
and the affine is null.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dicomseries.sinks.voxels import Voxels

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
    import zarr  # noqa: PLC0415 - an optional package

    group = zarr.create_group(store=path, zarr_format=3)
    array = voxels.array
    chunks = [min(size, _CHUNK_VOXELS) for size in array.shape]
    if voxels.has_time:
        chunks[0] = 1
    stored = group.create_array("0", shape=array.shape, dtype=array.dtype, chunks=tuple(chunks))
    stored[...] = array
    group.attrs.update(_attributes(voxels))


def _attributes(voxels: Voxels) -> dict[str, Any]:
    grid = voxels.grid
    axes = {letter: {"name": letter, "type": "space"} for letter in "zyx"}
    axes |= {"t": {"name": "t", "type": "time"}, "c": {"name": "c", "type": "channel"}}
    scale = dict.fromkeys("tzyxc", 1.0)
    shift = dict.fromkeys("tzyxc", 0.0)
    written: dict[str, Any] = {"affine_lps": None}
    if voxels.has_geometry:
        written["affine_lps"] = grid.affine("LPS").tolist()
        scale |= zip("xyz", grid.spacing_mm, strict=True)
        shift |= zip("xyz", grid.origin_lps, strict=True)
        for letter in "zyx":
            axes[letter]["unit"] = "millimeter"
    if voxels.step_s is not None:
        axes["t"]["unit"] = "second"
        scale["t"] = voxels.step_s or 1.0
    if voxels.times_s is not None:
        written["times_s"] = list(voxels.times_s)
    written |= voxels.volume_record
    if not voxels.is_time_axis:
        axes["t"]["type"] = "volume"
    transforms = [
        {"type": "scale", "scale": [scale[letter] for letter in voxels.axes]},
        {"type": "translation", "translation": [shift[letter] for letter in voxels.axes]},
    ]
    multiscale = {
        "name": "volume",
        "axes": [axes[letter] for letter in voxels.axes],
        "datasets": [{"path": "0", "coordinateTransformations": transforms}],
    }
    return {"ome": {"version": "0.5", "multiscales": [multiscale]}, "dicomseries": written}
