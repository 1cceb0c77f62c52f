"""MetaImage files (``.mha``, ``.mhd``): headers, and lazily read voxels.

ITK's reader is neither lazy nor linear for compressed files; its numbers are reproduced, as tests
against it show.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from dicomseries.errors import SourceError
from dicomseries.geometry import Grid
from dicomseries.geometry_statement import STATED
from dicomseries.sources.arguments.axes_argument import array_axes
from dicomseries.sources.arguments.length_units import mm_per_unit
from dicomseries.sources.arguments.source_arguments import Location, SourceArguments
from dicomseries.sources.arguments.stated_geometry import IN_PLANE, lengths_only
from dicomseries.sources.arguments.volume_times import itk_times
from dicomseries.sources.build_volume import build_volume
from dicomseries.sources.formats.headers.itk_tags import tags_among
from dicomseries.sources.formats.headers.text_header import MAX_LINE, TextHeader, unpacked_voxels
from dicomseries.sources.frames.files.mapped_files import FileArray, map_file
from dicomseries.sources.frames.files.unpacked_stream import ZlibReader
from dicomseries.sources.volume import Volume

__all__ = ["PACKAGE", "matches", "open_volume"]

PACKAGE: str | None = None
"""No extra: the header is plain text."""

_DTYPES = {
    "MET_CHAR": "i1",
    "MET_UCHAR": "u1",
    "MET_SHORT": "i2",
    "MET_USHORT": "u2",
    "MET_INT": "i4",
    "MET_UINT": "u4",
    "MET_LONG": "i4",  # 4 bytes in every MetaImage, for any size of long on the machine
    "MET_ULONG": "u4",
    "MET_LONG_LONG": "i8",
    "MET_ULONG_LONG": "u8",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}
_SYNONYMS = {
    "BinaryDataByteOrderMSB": "ElementByteOrderMSB",
    "Orientation": "TransformMatrix",
    "Rotation": "TransformMatrix",
    "Origin": "Offset",
    "Position": "Offset",
}
_TRUE = {"T", "t", "1"}
_SCALES = {"ElementToIntensityFunctionSlope": 1.0, "ElementToIntensityFunctionOffset": 0.0}
"""Fields of a scale, with the number that changes nothing."""


def matches(source: object) -> bool:
    """Return whether `source` is a ``.mha`` or ``.mhd`` file.

    Examples
    --------
    >>> matches(Location(Path("a.MHD"))), matches(Location(Path("a.raw")))
    (True, False)
    """
    return isinstance(source, Location) and source.has_suffix(".mha", ".mhd")


def open_volume(source: Location, arguments: SourceArguments) -> Volume:
    r"""Return a MetaImage with spacing, offset and directions.

    A file in another unit than mm (``DistanceUnits``) is converted; ITK takes its numbers for mm.
    The fourth spacing is in seconds, by ITK's convention; 1, which ITK writes where nothing was
    stated, is none.

    Raises
    ------
    SourceError
        If the header is malformed, or voxels are text or spread over several files.
    OptionError, GeometryError
        As for an array.

    Examples
    --------
    >>> import tempfile
    >>> header = b"NDims = 2\nDimSize = 3 2\nElementType = MET_UCHAR\nElementDataFile = LOCAL\n"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "a.mha"
    ...     _ = path.write_bytes(header + bytes(range(6)))
    ...     open_volume(Location(path), SourceArguments(spacing=(1, 1, 5))).array.tolist()
    [[[0, 1, 2], [3, 4, 5]]]
    """
    header = _read_header(source.path)
    _check_voxels(header)
    sizes, channels = _sizes(header), header.integer("ElementNumberOfChannels", 1)
    shape, letters = sizes[::-1], "tzyx"[-len(sizes) :]
    if channels > 1:
        shape, letters = (*shape, channels), letters + "c"
    axes = array_axes(shape, arguments, letters)
    volume = build_volume(
        _open_voxels(header, shape).frames(axes),
        axes,
        arguments,
        partial(_grid, header),
        source_times=partial(itk_times, _spacing(header), where=arguments.where),
    )
    # ITK writes texts in UTF-8.
    texts = {}
    for key, text in header.fields.items():
        texts[key] = text.encode("latin-1").decode("utf-8", "replace")
    return replace(volume, carried=tags_among(texts))


def _read_header(path: Path) -> TextHeader:
    fields: dict[str, str] = {}
    with path.open("rb") as file:
        while "ElementDataFile" not in fields:
            key, value = _read_field(file, path)
            fields[_SYNONYMS.get(key, key)] = value
        return TextHeader(
            fields=fields, path=path, end=file.tell(), code="metaimage-header", separator=" = "
        )


def _read_field(file: BinaryIO, path: Path) -> tuple[str, str]:
    line = file.readline(MAX_LINE)
    key, equals, value = line.decode("latin-1").partition("=")
    if equals and (line.endswith(b"\n") or key.strip() == "ElementDataFile"):
        return key.strip(), value.strip()
    raise SourceError(
        code="metaimage-header",
        where=str(path),
        given=repr(line[:40]),
        expected="lines of the form Key = Value up to ElementDataFile",
        remedy="Check that the file is a complete MetaImage.",
    )


def _check_voxels(header: TextHeader) -> None:
    """Reject voxels that are text, or that have a scale."""
    if header.text("BinaryData", "True")[:1] not in _TRUE:
        remedy = "Convert the file with ITK to binary voxels."
        raise header.error(key="BinaryData", expected="binary voxels", remedy=remedy)
    for key, neutral in _SCALES.items():
        if header.numbers(key) not in {(), (neutral,)}:
            raise header.error(
                key=key,
                expected="no scale: ITK ignores it, so it may or may not be meant",
                remedy="Apply slope and offset to the voxels and remove both lines; only remove "
                "them if the voxels are right already.",
            )


def _sizes(header: TextHeader) -> tuple[int, ...]:
    """Return the sizes of x, y, z, t."""
    words = header.text("DimSize").split()
    is_counted = str(len(words)) == header.text("NDims") and len(words) in {2, 3, 4}
    if is_counted and all(word.isdecimal() for word in words):
        return tuple(map(int, words))
    raise header.error(
        key="DimSize",
        expected="2 to 4 whole numbers, as many as NDims says",
        remedy="Fix the header.",
    )


def _open_voxels(header: TextHeader, shape: Sequence[int]) -> FileArray:
    dtype = _dtype(header)
    skip = header.integer("HeaderSize")
    if header.text("ElementDataFile").upper() == "LOCAL":
        path, offset = header.path, header.end
    else:
        path, offset = header.data_path("ElementDataFile"), max(skip, 0)
    if skip == -1:  # the voxels are the end of the file, after anything else
        offset = path.stat().st_size - math.prod(shape) * dtype.itemsize
    if header.text("CompressedData")[:1] in _TRUE:
        return unpacked_voxels(path, offset, dtype, shape, ZlibReader)
    return map_file(path, dtype, shape, offset=offset)


def _dtype(header: TextHeader) -> np.dtype[Any]:
    code = _DTYPES.get(header.text("ElementType"))
    if code is None:
        expected = f"one of {', '.join(_DTYPES)}"
        raise header.error(
            key="ElementType", expected=expected, remedy="Convert the file with ITK."
        )
    dtype = np.dtype(code)
    is_big_endian = header.text("ElementByteOrderMSB")[:1] in _TRUE
    return dtype.newbyteorder(">" if is_big_endian else "<")


def _spacing(header: TextHeader) -> tuple[float, ...]:
    """Return spacing or, as in MetaIO, the element size."""
    return header.numbers("ElementSpacing") or header.numbers("ElementSize")


def _grid(header: TextHeader) -> Grid | None:
    """Return the grid; MetaImage, like ITK, is LPS."""
    spacing, count = _spacing(header), len(_sizes(header))
    if len(spacing) < 2:
        return None
    factor = mm_per_unit(header.text("DistanceUnits", "mm"))
    if factor is None:
        raise header.error(
            key="DistanceUnits", expected="mm, cm or um", remedy="Pass `spacing=` in mm."
        )
    if len(spacing) == 2:
        if spacing == (1.0, 1.0):
            return None
        x, y = factor * spacing[0], factor * spacing[1]
        return Grid(shape=(1, 1, 1), spacing_mm=(x, y, 1.0), statement=IN_PLANE)
    matrix = header.numbers("TransformMatrix")
    offset = header.numbers("Offset")
    if matrix and len(matrix) != count * count:
        raise header.error(
            key="TransformMatrix", expected=f"{count * count} numbers", remedy="Fix the header."
        )
    # The file holds the direction of one axis after the other: the transpose of ITK's matrix.
    direction = np.reshape(matrix or np.eye(count), (count, count)).T[:3, :3]
    grid = Grid.from_spacing(
        (1, 1, 1),
        [factor * length for length in spacing[:3]],
        origin=[factor * value for value in (offset or (0.0,) * count)[:3]],
        direction=direction,
    )
    if matrix and offset:
        return grid.stated(STATED)
    # ITK always writes both.
    source = "a MetaImage header without Offset and TransformMatrix"
    return grid.stated(lengths_only(source))
