"""``.mha``: MetaImage, raw voxels behind a text header."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dicomseries.errors import OptionError
from dicomseries.sinks.volume_files.voxels import Voxels

__all__ = ["PACKAGE", "SUFFIXES", "save"]

SUFFIXES: tuple[str, ...] = (".mha",)
PACKAGE: str | None = None

_TYPES = {
    "int8": "MET_CHAR",
    "uint8": "MET_UCHAR",
    "int16": "MET_SHORT",
    "uint16": "MET_USHORT",
    "int32": "MET_INT",
    "uint32": "MET_UINT",
    "int64": "MET_LONG_LONG",
    "uint64": "MET_ULONG_LONG",
    "float32": "MET_FLOAT",
    "float64": "MET_DOUBLE",
}


def save(path: Path, voxels: Voxels) -> None:
    """Write one file, little-endian, uncompressed, in LPS mm.

    Volumes are a fourth axis, in seconds if their steps are even.

    Where no geometry is stated, spacing, offset and directions are left out, and with them the step of time.

    Raises
    ------
    OptionError
        If MetaImage has no name for the dtype.

    Examples
    --------
    >>> SUFFIXES
    ('.mha',)
    """
    header = "\n".join(f"{key} = {value}" for key, value in _header(voxels).items()) + "\n"
    with path.open("xb") as file:
        file.write(header.encode("ascii"))
        for plane in voxels.planes():
            file.write(plane.data)


def _header(voxels: Voxels) -> dict[str, str]:
    array, grid = voxels.array, voxels.grid
    if array.dtype.name not in _TYPES:
        raise OptionError(
            code="dtype-not-in-format",
            where=".mha",
            given=str(array.dtype),
            expected=f"one of {', '.join(_TYPES)}",
            remedy="Choose .npy, which holds every dtype.",
        )
    header = {
        "ObjectType": "Image",
        "NDims": str(3 + voxels.has_time),
        "BinaryData": "True",
        "BinaryDataByteOrderMSB": "False",
        "CompressedData": "False",
        **(_place(voxels) if voxels.has_geometry else {}),
        "DimSize": " ".join(map(str, (*reversed(grid.shape), *array.shape[: voxels.has_time]))),
    }
    if voxels.is_colour:
        header["ElementNumberOfChannels"] = str(array.shape[-1])
    return header | {"ElementType": _TYPES[array.dtype.name], "ElementDataFile": "LOCAL"}


def _place(voxels: Voxels) -> dict[str, str]:
    grid = voxels.grid
    # Time is a fourth axis at right angles to the others; ITK knows no unit for it, one second is as good as unknown.
    still, step = ((0.0,), (voxels.step_s or 1.0,)) if voxels.has_time else ((), ())
    axes = [(*axis, *still) for axis in grid.axes] + [(0.0, 0.0, 0.0, 1.0)] * voxels.has_time
    return {
        # MetaImage lists the matrix axis by axis: the transpose of what ITK's GetDirection prints.
        "TransformMatrix": _texts(value for axis in axes for value in axis),
        "Offset": _texts((*grid.origin_lps, *still)),
        "CenterOfRotation": _texts((0, 0, 0, *still)),
        "AnatomicalOrientation": "RAI",
        "ElementSpacing": _texts((*grid.spacing_mm, *step)),
    }


def _texts(values: Any) -> str:
    return " ".join(repr(float(value) + 0.0) for value in values)
