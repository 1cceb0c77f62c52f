"""MetaImage files (``.mha``, ``.mhd``): the header is read here, the voxels are mapped or unpacked forward.

ITK's reader is neither lazy nor linear for compressed files; its numbers are reproduced, as tests against it show.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from dicomseries.errors import SourceError
from dicomseries.geometry import Grid
from dicomseries.geometry_statement import STATED, Statement
from dicomseries.sources.arguments.axes_argument import array_axes
from dicomseries.sources.arguments.length_units import mm_per_unit
from dicomseries.sources.arguments.source_arguments import Location, SourceArguments
from dicomseries.sources.arguments.stated_geometry import IN_PLANE, lengths_only
from dicomseries.sources.arguments.volume_times import step_times
from dicomseries.sources.build_volume import build_volume
from dicomseries.sources.formats.itk_tags import tags_among
from dicomseries.sources.frames.mapped_files import FileArray, map_file
from dicomseries.sources.frames.unpacked_size import check_packing
from dicomseries.sources.frames.unpacked_stream import ZlibReader, unpack
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
    "MET_LONG": "i4",  # 4 bytes in every MetaImage, whatever the machine's long is
    "MET_ULONG": "u4",
    "MET_LONG_LONG": "i8",
    "MET_ULONG_LONG": "u8",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}
_MAX_LINE = 1 << 16
_SYNONYMS = {
    "BinaryDataByteOrderMSB": "ElementByteOrderMSB",
    "Orientation": "TransformMatrix",
    "Rotation": "TransformMatrix",
    "Origin": "Offset",
    "Position": "Offset",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    fields: Mapping[str, str]
    path: Path
    end: int
    """Bytes of the header file before the voxels of LOCAL data."""

    def text(self, key: str, default: str = "") -> str:
        return self.fields.get(key, default)

    def numbers(self, key: str) -> tuple[float, ...]:
        try:
            return tuple(float(word) for word in self.text(key).split())
        except ValueError:
            raise self.fault(
                key=key, given=self.text(key), expected="numbers", remedy="Fix the header."
            ) from None

    def whole(self, key: str, default: int) -> int:
        try:
            return int(self.text(key, str(default)))
        except ValueError:
            raise self.fault(
                key=key, given=self.text(key), expected="a whole number", remedy="Fix the header."
            ) from None

    def flag(self, key: str) -> bool:
        return self.text(key)[:1] in {"T", "t", "1"}

    def fault(self, *, key: str, given: object, expected: str, remedy: str) -> SourceError:
        return SourceError(
            code="metaimage-header",
            where=str(self.path),
            given=f"{key} = {given}",
            expected=expected,
            remedy=remedy,
        )

    @property
    def sizes(self) -> tuple[int, ...]:
        """x, y, z, t: the fastest axis first."""
        words = self.text("DimSize").split()
        sizes = tuple(int(word) for word in words if word.isdecimal())
        if (
            str(len(words)) != self.text("NDims")
            or len(words) not in {2, 3, 4}
            or len(sizes) != len(words)
        ):
            raise self.fault(
                key="DimSize",
                given=self.text("DimSize"),
                expected="2 to 4 whole numbers, as many as NDims says",
                remedy="Fix the header.",
            )
        return sizes

    @property
    def channels(self) -> int:
        return self.whole("ElementNumberOfChannels", 1)

    @property
    def dtype(self) -> np.dtype[Any]:
        name = self.text("ElementType")
        if name not in _DTYPES:
            raise self.fault(
                key="ElementType",
                given=name,
                expected=f"one of {', '.join(_DTYPES)}",
                remedy="Convert the file with ITK.",
            )
        return np.dtype((">" if self.flag("ElementByteOrderMSB") else "<") + _DTYPES[name])


def matches(source: object) -> bool:
    """Return whether `source` is the location of a ``.mha`` or ``.mhd`` file.

    Examples
    --------
    >>> matches(Location(Path("a.MHD"))), matches(Location(Path("a.raw")))
    (True, False)
    """
    return isinstance(source, Location) and source.has_suffix(".mha", ".mhd")


def open_volume(source: Location, arguments: SourceArguments) -> Volume:
    r"""Return the voxels of a MetaImage with its spacing, offset and directions.

    A file in another unit than mm (``DistanceUnits``) is converted; ITK takes its numbers for mm. The fourth spacing is
    in seconds, by ITK's convention; 1, which ITK writes where nothing was said, is none.

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
    _refuse_odd(header)
    shape = header.sizes[::-1] + ((header.channels,) if header.channels > 1 else ())
    letters = "tzyx"[-len(header.sizes) :] + ("c" if header.channels > 1 else "")
    axes = array_axes(shape, arguments, letters)
    frames = _open_voxels(header, shape).frames(axes)
    times = partial(_times, header, arguments.where)
    volume = build_volume(frames, axes, arguments, lambda: _grid(header), source_times=times)
    return replace(
        volume, carried=tags_among({key: _utf8(text) for key, text in header.fields.items()})
    )


def _utf8(text: str) -> str:
    """Return a text of the header that ITK has written in UTF-8."""
    return text.encode("latin-1").decode("utf-8", "replace")


def _read_header(path: Path) -> _Header:
    fields: dict[str, str] = {}
    with path.open("rb") as file:
        while "ElementDataFile" not in fields:
            key, value = _read_field(file, path)
            fields[_SYNONYMS.get(key, key)] = value
        return _Header(fields=fields, path=path, end=file.tell())


def _read_field(file: BinaryIO, path: Path) -> tuple[str, str]:
    line = file.readline(_MAX_LINE)
    key, equals, value = line.decode("latin-1").partition("=")
    if equals and (line.endswith(b"\n") or key.strip() == "ElementDataFile"):
        return key.strip(), value.strip()
    raise SourceError(
        code="metaimage-header",
        where=str(path),
        given=repr(line[:40]),
        expected="lines of the form Key = Value up to ElementDataFile",
        remedy="Check that the file is a MetaImage and not cut short.",
    )


def _refuse_odd(header: _Header) -> None:
    if header.fields.get("BinaryData", "True")[:1] not in {"T", "t", "1"}:
        raise header.fault(
            key="BinaryData",
            given="False",
            expected="binary voxels",
            remedy="Convert the file with ITK to binary voxels.",
        )
    slope, offset = (
        header.numbers(f"ElementToIntensityFunction{part}") for part in ("Slope", "Offset")
    )
    if slope not in {(), (1.0,)} or offset not in {(), (0.0,)}:
        raise header.fault(
            key="ElementToIntensityFunctionSlope, -Offset",
            given=f"{slope}, {offset}",
            expected="none: ITK ignores them, so nobody can tell whether they are meant",
            remedy="Apply them to the voxels and remove both lines; only remove them if the voxels are right already.",
        )
    name = header.text("ElementDataFile")
    if name.upper().startswith("LIST") or "%" in name:
        raise header.fault(
            key="ElementDataFile",
            given=name,
            expected="LOCAL or one file of voxels",
            remedy="Convert it to one .mha file, e.g. with SimpleITK.",
        )


def _open_voxels(header: _Header, shape: Sequence[int]) -> FileArray:
    size = math.prod(shape) * header.dtype.itemsize
    path, offset = _data_place(header, size)
    if not header.flag("CompressedData"):
        return map_file(path, header.dtype, shape, offset=offset)
    check_packing(
        "deflate", where=str(path), packed_bytes=path.stat().st_size - offset, unpacked_bytes=size
    )
    file = path.open("rb")
    file.seek(offset)
    return unpack(ZlibReader(file), header.dtype, shape, where=str(path))


def _data_place(header: _Header, size: int) -> tuple[Path, int]:
    name = header.text("ElementDataFile")
    skip = header.whole("HeaderSize", 0)
    is_local = name.upper() == "LOCAL"
    path = header.path if is_local else header.path.parent / name
    if not path.is_file():
        raise header.fault(
            key="ElementDataFile",
            given=name,
            expected="a file beside the header",
            remedy="Put the file of voxels there again.",
        )
    if skip == -1:  # the voxels are the end of the file, whatever stands in front of them
        return path, path.stat().st_size - size
    return path, header.end if is_local else max(skip, 0)


def _times(header: _Header, where: str, volumes: int) -> npt.ArrayLike | None:
    spacing = header.numbers("ElementSpacing") or header.numbers("ElementSize")
    step = spacing[3] if len(spacing) > 3 else 1.0
    return step_times(step, "s" if step != 1 else None, volumes, where=where)


def _grid(header: _Header) -> Grid | None:
    """Return where the voxels are; MetaImage, like ITK, is LPS."""
    # As in MetaIO, the size of an element is the spacing where no spacing is said.
    spacing, count = (
        header.numbers("ElementSpacing") or header.numbers("ElementSize"),
        len(header.sizes),
    )
    if len(spacing) < 2:
        return None
    factor = mm_per_unit(header.text("DistanceUnits", "mm"))
    if factor is None:
        raise header.fault(
            key="DistanceUnits",
            given=header.text("DistanceUnits"),
            expected="mm, cm or um",
            remedy="Pass `spacing=` in mm.",
        )
    if len(spacing) < 3 and spacing[:2] == (1.0, 1.0):
        return None
    if len(spacing) < 3:
        return Grid(
            shape=(1, 1, 1),
            spacing_mm=(factor * spacing[0], factor * spacing[1], 1.0),
            statement=IN_PLANE,
        )
    matrix = header.numbers("TransformMatrix") or tuple(np.eye(count).ravel())
    if len(matrix) != count * count:
        raise header.fault(
            key="TransformMatrix",
            given=matrix,
            expected=f"{count * count} numbers",
            remedy="Fix the header.",
        )
    # The file holds the direction of one axis after the other: the transpose of ITK's matrix.
    direction: npt.NDArray[np.float64] = np.reshape(matrix, (count, count)).T[:3, :3]
    return Grid.from_spacing(
        (1, 1, 1),
        tuple(factor * length for length in spacing[:3]),
        origin=tuple(factor * value for value in (header.numbers("Offset") or (0.0,) * count)[:3]),
        direction=direction,
    ).stated(_statement(header))


def _statement(header: _Header) -> Statement:
    """Return what the header states: a place needs Offset and TransformMatrix, which ITK always writes."""
    if header.numbers("TransformMatrix") and header.numbers("Offset"):
        return STATED
    return lengths_only("a MetaImage header without Offset and TransformMatrix")
