"""``.mha``: MetaImage, raw voxels behind a text header, as ITK writes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import OptionError
from dicomseries.geometry import Grid

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


def save(path: Path, array: npt.NDArray[Any], grid: Grid) -> None:
    """Write one file, little-endian, uncompressed, in LPS mm.

    Raises
    ------
    OptionError
        If MetaImage has no name for the dtype.

    Examples
    --------
    >>> SUFFIXES
    ('.mha',)
    """
    header = "\n".join(f"{key} = {value}" for key, value in _header(array, grid).items()) + "\n"
    with path.open("xb") as file:
        file.write(header.encode("ascii"))
        for plane in array:  # slice by slice: one byte-swapped copy of a slice at most
            file.write(np.ascontiguousarray(plane, dtype=array.dtype.newbyteorder("<")).data)


def _header(array: npt.NDArray[Any], grid: Grid) -> dict[str, str]:
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
        "NDims": "3",
        "BinaryData": "True",
        "BinaryDataByteOrderMSB": "False",
        "CompressedData": "False",
        # MetaImage lists the matrix axis by axis: the transpose of what ITK's GetDirection prints.
        "TransformMatrix": _texts(value for axis in grid.axes for value in axis),
        "Offset": _texts(grid.origin_lps),
        "CenterOfRotation": "0 0 0",
        "AnatomicalOrientation": "RAI",
        "ElementSpacing": _texts(grid.spacing_mm),
        "DimSize": " ".join(map(str, reversed(grid.shape))),
    }
    if array.ndim == 4:
        header["ElementNumberOfChannels"] = str(array.shape[3])
    return header | {"ElementType": _TYPES[array.dtype.name], "ElementDataFile": "LOCAL"}


def _texts(values: Any) -> str:
    return " ".join(repr(float(value) + 0.0) for value in values)
