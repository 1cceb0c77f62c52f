"""``.nrrd``: raw voxels behind a text header (NRRD0004, as 3D Slicer writes it)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import OptionError
from dicomseries.geometry import Grid

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


def save(path: Path, array: npt.NDArray[Any], grid: Grid) -> None:
    """Write one attached-header file, little-endian, in LPS mm.

    Raises
    ------
    OptionError
        If NRRD has no name for the dtype.

    Examples
    --------
    >>> SUFFIXES
    ('.nrrd',)
    """
    header = "\n".join(_header(array, grid)) + "\n\n"
    with path.open("xb") as file:
        file.write(header.encode("ascii"))
        for plane in array:  # slice by slice: one byte-swapped copy of a slice at most
            file.write(np.ascontiguousarray(plane, dtype=array.dtype.newbyteorder("<")).data)


def _header(array: npt.NDArray[Any], grid: Grid) -> list[str]:
    if array.dtype.name not in _TYPES:
        raise OptionError(
            code="dtype-not-in-format",
            where=".nrrd",
            given=str(array.dtype),
            expected=f"one of {', '.join(_TYPES)}",
            remedy="Choose .npy, which holds every dtype.",
        )
    colour = array.ndim == 4
    affine = grid.affine("LPS")
    vectors = [_vector(affine[:3, column]) for column in range(3)]
    sizes = [*([array.shape[3]] if colour else []), *reversed(grid.shape)]
    return [
        "NRRD0004",
        f"type: {_TYPES[array.dtype.name]}",
        f"dimension: {len(sizes)}",
        "space: left-posterior-superior",
        f"sizes: {' '.join(map(str, sizes))}",
        f"space directions: {' '.join(['none'] * colour + vectors)}",
        f"kinds: {' '.join(['RGB-color'] * colour + ['domain'] * 3)}",
        "endian: little",
        "encoding: raw",
        'space units: "mm" "mm" "mm"',
        f"space origin: {_vector(affine[:3, 3])}",
    ]


def _vector(values: npt.NDArray[np.float64]) -> str:
    return "(" + ",".join(repr(float(value) + 0.0) for value in values) + ")"
