"""``.nrrd``: raw voxels behind a text header (NRRD0004)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from dicomseries.errors import OptionError
from dicomseries.sinks.volume_files.voxels import Voxels

__all__ = ["PACKAGE", "SUFFIXES", "save"]

SUFFIXES: tuple[str, ...] = (".nrrd",)
PACKAGE: str | None = None

_TYPES = {
    "int8": "int8",
    "uint8": "uint8",
    "int16": "int16",
    "uint16": "uint16",
    "int32": "int32",
    "uint32": "uint32",
    "int64": "int64",
    "uint64": "uint64",
    "float32": "float",
    "float64": "double",
}


def save(path: Path, voxels: Voxels) -> None:
    """Write one attached-header file, little-endian, in LPS mm.

    Volumes are a fourth axis, of time.

    Where no geometry is stated there is no space, and a spacing that is not known is NaN.

    Raises
    ------
    OptionError
        If NRRD has no name for the dtype.

    Examples
    --------
    >>> SUFFIXES
    ('.nrrd',)
    """
    header = "\n".join(_header(voxels)) + "\n\n"
    with path.open("xb") as file:
        file.write(header.encode("ascii"))
        for plane in voxels.planes():
            file.write(plane.data)


def _header(voxels: Voxels) -> list[str]:
    array = voxels.array
    if array.dtype.name not in _TYPES:
        raise OptionError(
            code="dtype-not-in-format",
            where=".nrrd",
            given=str(array.dtype),
            expected=f"one of {', '.join(_TYPES)}",
            remedy="Choose .npy, which holds every dtype.",
        )
    colour, time = voxels.is_colour, voxels.has_time
    return [
        "NRRD0004",
        f"type: {_TYPES[array.dtype.name]}",
        f"dimension: {array.ndim}",
        f"sizes: {' '.join(map(str, reversed(array.shape)))}",
        f"kinds: {' '.join(['RGB-color'] * colour + ['domain'] * 3 + ['time'] * time)}",
        "endian: little",
        "encoding: raw",
        *(_space(voxels) if voxels.has_geometry else _spacings(voxels)),
    ]


def _space(voxels: Voxels) -> list[str]:
    colour, time = voxels.is_colour, voxels.has_time
    affine = voxels.grid.affine("LPS")
    still = [0.0] * time
    vectors = [_vector([*affine[:3, column], *still]) for column in range(3)]
    vectors += [_vector([0.0, 0.0, 0.0, voxels.step_s or 1.0])] * time
    units = ["mm"] * 3 + ["s" if voxels.step_s else ""] * time
    return [
        "space: left-posterior-superior" + "-time" * time,
        f"space directions: {' '.join(['none'] * colour + vectors)}",
        "space units: " + " ".join(f'"{unit}"' for unit in units),
        f"space origin: {_vector([*affine[:3, 3], *still])}",
    ]


def _spacings(voxels: Voxels) -> list[str]:
    """Return the known lengths of axes without a space."""
    x, y = voxels.in_plane_mm or (float("nan"), float("nan"))
    unit = "mm" if voxels.in_plane_mm else ""
    lengths = [x, y, float("nan"), *[voxels.step_s or float("nan")] * voxels.has_time]
    units = [unit, unit, "", *["s" if voxels.step_s else ""] * voxels.has_time]
    if all(math.isnan(length) for length in lengths):
        return []
    colour = voxels.is_colour
    return [
        "spacings: " + " ".join(["nan"] * colour + [repr(length) for length in lengths]),
        "units: " + " ".join(['""'] * colour + [f'"{one}"' for one in units]),
    ]


def _vector(values: Sequence[float]) -> str:
    return "(" + ",".join(repr(float(value) + 0.0) for value in values) + ")"
