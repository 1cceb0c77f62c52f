"""``.mha``: MetaImage, raw voxels behind a text header."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dicomseries.sinks.volume_files.raw_voxels import name_of_dtype, number_texts, save_raw
from dicomseries.sinks.voxels import Voxels

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

    Volumes are a fourth axis, in seconds if their steps are even. Where no geometry is stated,
    spacing, offset and directions are left out, and with them the step of time.

    Raises
    ------
    OptionError
        If MetaImage has no name for the dtype.

    Examples
    --------
    >>> SUFFIXES
    ('.mha',)
    """
    array = voxels.array
    volumes = array.shape[: voxels.has_time]
    fields = {
        "ObjectType": "Image",
        "NDims": str(3 + voxels.has_time),
        "BinaryData": "True",
        "BinaryDataByteOrderMSB": "False",
        "CompressedData": "False",
    }
    if voxels.has_geometry:
        fields |= _geometry(voxels)
    fields["DimSize"] = " ".join(map(str, (*reversed(voxels.grid.shape), *volumes)))
    if voxels.is_colour:
        fields["ElementNumberOfChannels"] = str(array.shape[-1])
    fields["ElementType"] = name_of_dtype(array.dtype, _TYPES, ".mha")
    fields["ElementDataFile"] = "LOCAL"
    lines = [f"{key} = {value}\n" for key, value in fields.items()]
    save_raw(path, "".join(lines), voxels)


def _geometry(voxels: Voxels) -> dict[str, str]:
    grid = voxels.grid
    axes, zero = np.array(grid.axes), [0.0] * voxels.has_time
    spacing = list(grid.spacing_mm)
    if voxels.has_time:
        # Time is a fourth axis at right angles to the others; ITK knows no unit for it, one second
        # is as good as unknown.
        axes = np.pad(axes, (0, 1))
        axes[3, 3] = 1.0
        spacing.append(voxels.step_s or 1.0)
    return {
        # MetaImage lists the matrix axis by axis: the transpose of what ITK's GetDirection prints.
        "TransformMatrix": _texts(axes.ravel().tolist()),
        "Offset": _texts([*grid.origin_lps, *zero]),
        "CenterOfRotation": _texts([0.0, 0.0, 0.0, *zero]),
        "AnatomicalOrientation": "RAI",
        "ElementSpacing": _texts(spacing),
    }


def _texts(values: Sequence[float]) -> str:
    return " ".join(number_texts(values))
