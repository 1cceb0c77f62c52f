"""NRRD files (``.nrrd``, ``.nhdr``): headers, and lazily read voxels.

Neither ITK nor pynrrd reads them lazily. The format: https://teem.sourceforge.net/nrrd/format.html.
"""

from __future__ import annotations

import bz2
import math
import operator
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from dicomseries.errors import GeometryError, SourceError
from dicomseries.geometry import Grid
from dicomseries.geometry_statement import Statement
from dicomseries.lazy_dataclass import dataclass
from dicomseries.sources.arguments.axes_argument import array_axes
from dicomseries.sources.arguments.length_units import mm_per_unit
from dicomseries.sources.arguments.source_arguments import Location, SourceArguments
from dicomseries.sources.arguments.stated_geometry import IN_PLANE, lengths_only
from dicomseries.sources.arguments.volume_times import step_times
from dicomseries.sources.build_volume import build_volume
from dicomseries.sources.formats.headers.itk_tags import tags_among
from dicomseries.sources.formats.headers.text_header import MAX_LINE, TextHeader, unpacked_voxels
from dicomseries.sources.frames.files.gzip_stream import open_gzip
from dicomseries.sources.frames.files.mapped_files import FileArray, map_file
from dicomseries.sources.volume import Volume
from dicomseries.sources.written_volumes import record_of_text, with_written_volumes

__all__ = ["PACKAGE", "NrrdHeader", "matches", "open_volume", "read_header"]

PACKAGE: str | None = None
"""No extra: the header is plain text."""

_NAMES = {
    "i1": "signed char, int8, int8_t",
    "u1": "uchar, unsigned char, uint8, uint8_t",
    "i2": "short, short int, signed short, signed short int, int16, int16_t",
    "u2": "ushort, unsigned short, unsigned short int, uint16, uint16_t",
    "i4": "int, signed int, int32, int32_t",
    "u4": "uint, unsigned int, uint32, uint32_t",
    "i8": "longlong, long long, long long int, signed long long, signed long long int, int64, "
    "int64_t",
    "u8": "ulonglong, unsigned long long, unsigned long long int, uint64, uint64_t",
    "f4": "float",
    "f8": "double",
}
_DTYPES = {name: code for code, names in _NAMES.items() for name in names.split(", ")}
_SYNONYMS = {"datafile": "data file", "lineskip": "line skip", "byteskip": "byte skip"}
_COMPRESSED: dict[str, Any] = {
    "gz": open_gzip,
    "gzip": open_gzip,
    "bz2": bz2.open,
    "bzip2": bz2.open,
}
_LPS_SIGNS = {
    "left-posterior-superior": (1.0, 1.0, 1.0),
    "lps": (1.0, 1.0, 1.0),
    "left-anterior-superior": (1.0, -1.0, 1.0),
    "las": (1.0, -1.0, 1.0),
    "right-anterior-superior": (-1.0, -1.0, 1.0),
    "ras": (-1.0, -1.0, 1.0),
}
"""Space → factors that turn its points into LPS."""

_NO_ORIGIN_NOTE = "The NRRD header has no space origin: the first voxel is put at 0. Pass "
"`origin=` if you know it."
_NO_ORIGIN = Statement(origin="assumed", notes=(_NO_ORIGIN_NOTE,))

_COLOUR_KINDS = {"vector", "3-vector", "rgb-color", "3-color"}
_SPACE_KINDS = {"domain", "space"}
_OTHER_KINDS = {"list", "time", "scalar", "none", "stub", "point"}


@dataclass(frozen=True, slots=True, kw_only=True)
class NrrdHeader(TextHeader):
    """A header with the users' key/value pairs, "key:=value".

    Parameters
    ----------
    entries : mapping of str to str
        These pairs.
    """

    entries: Mapping[str, str]

    @property
    def sizes(self) -> tuple[int, ...]:
        """The fastest axis first."""
        words = self.text("sizes").split()
        is_counted = len(words) == self.integer("dimension") > 0
        if is_counted and all(word.isdigit() for word in words):
            return tuple(map(int, words))
        expected = "one whole number for each dimension"
        raise self.error(key="sizes", expected=expected, remedy="Fix the header.")

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the voxels."""
        code = _DTYPES.get(self.text("type").lower())
        if code is None:
            raise self.error(
                key="type",
                expected="an integer or float type of NRRD",
                remedy="Convert the file to one of them.",
            )
        if code[1] == "1":
            return np.dtype(code)
        order = {"little": "<", "big": ">"}.get(self.text("endian").lower())
        if order is None:
            remedy = "Add the line to the header."
            raise self.error(key="endian", expected="little or big", remedy=remedy)
        return np.dtype(order + code)

    @property
    def directions(self) -> tuple[tuple[float, ...] | None, ...]:
        """A vector for each axis, None outside of space."""
        words = re.findall(r"\([^)]*\)|none", self.text("space directions"))
        return tuple(map(_vector, words))

    def per_axis(self, key: str) -> list[str]:
        """Return one word for each axis, perhaps empty."""
        words, count = _words(self.text(key)), len(self.sizes)
        if len(words) != count:
            return [""] * count
        return words

    def numbers_of(self, key: str, axes: Sequence[int]) -> list[float]:
        """Return the numbers of some axes, or NaN."""
        words = self.per_axis(key)
        return [_number(words[axis] or "nan") for axis in axes]

    def mm_per_unit(self, key: str, words: Sequence[str]) -> list[float]:
        """Return the mm of each unit of length."""
        factors = [factor for factor in map(mm_per_unit, words) if factor is not None]
        if len(factors) == len(words):
            return factors
        remedy = "Pass `spacing=`, `origin=` and `direction=` in mm."
        raise self.error(key=key, expected="mm, cm, m or um", remedy=remedy)


def matches(source: object) -> bool:
    """Return whether `source` is a ``.nrrd`` or ``.nhdr`` file.

    Examples
    --------
    >>> matches(Location(Path("a.seg.nrrd"))), matches(Location(Path("a.raw")))
    (True, False)
    """
    return isinstance(source, Location) and source.has_suffix(".nrrd", ".nhdr")


def open_volume(source: Location, arguments: SourceArguments) -> Volume:
    r"""Return an NRRD file with directions and origin in LPS.

    An axis of three colours or vector components is the colour axis; one without a place in space
    (a list, time) is the time axis. Units other than mm are converted. The times are multiples of
    that axis' spacing in its unit; a spacing without a unit of time is left out with a warning,
    unless it is 1.

    Raises
    ------
    SourceError
        If the header is malformed, or the voxels are text or spread over several files.
    GeometryError
        If the space is not one of LPS, LAS, RAS; else as for an array.
    OptionError
        As for an array.

    Examples
    --------
    >>> import tempfile
    >>> header = (b"NRRD0004\ntype: uchar\ndimension: 3\nsizes: 3 2 1\n"
    ...           b"spacings: 1 1 2.5\nencoding: raw\n\n")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "a.nrrd"
    ...     _ = path.write_bytes(header + bytes(range(6)))
    ...     volume = open_volume(Location(path), SourceArguments())
    ...     volume.array.tolist(), volume.grid.spacing_mm
    ...     del volume  # it has the file open
    ([[[0, 1, 2], [3, 4, 5]]], (1.0, 1.0, 2.5))
    """
    header = read_header(source.path)
    axes = array_axes(header.sizes[::-1], arguments, _letters(header))
    volume = build_volume(
        _open_voxels(header).frames(axes),
        axes,
        arguments,
        partial(_grid, header),
        source_times=partial(_times, header, axes.letters),
    )
    volume = replace(volume, carried=tags_among(header.entries))
    return with_written_volumes(
        volume, record_of_text(header.entries.get("dicomseries", "{}")), arguments
    )


def read_header(path: Path) -> NrrdHeader:
    """Return the header of a file.

    Raises
    ------
    SourceError
        If it is no NRRD file.
    """
    fields: dict[str, str] = {}
    entries: dict[str, str] = {}
    with path.open("rb") as file:
        line = file.readline(MAX_LINE)
        if not line.startswith(b"NRRD000"):
            raise SourceError(
                code="nrrd-header",
                where=str(path),
                given=repr(line[:20]),
                expected="a first line of NRRD0001 to NRRD0005",
                remedy="Check that the file is an NRRD file.",
            )
        while line := file.readline(MAX_LINE).rstrip(b"\r\n"):
            text = line.decode("utf-8", "replace")
            if text.startswith("#"):
                continue
            name, equals, entry = text.partition(":=")
            if equals:
                entries[name] = entry
            key, colon, value = text.partition(": ")
            if colon and ":=" not in key:
                fields[_SYNONYMS.get(key.lower(), key.lower())] = value.strip()
        return NrrdHeader(
            fields=fields,
            entries=entries,
            path=path,
            end=file.tell(),
            code="nrrd-header",
            separator=": ",
        )


def _letters(header: NrrdHeader) -> str | None:
    """Return the letters of axes, None if not clear."""
    sizes, directions = header.sizes, header.directions
    kinds = list(map(str.lower, header.per_axis("kinds")))
    if len(directions) == len(sizes):
        in_space = [direction is not None for direction in directions]
    else:
        in_space = [kind not in _COLOUR_KINDS | _OTHER_KINDS for kind in kinds]
    letters, spatial = "", iter("xyzt")
    for size, kind, is_spatial in zip(sizes, kinds, in_space, strict=True):
        if is_spatial:
            letters += next(spatial, "?")
        elif size == 3 and kind in _COLOUR_KINDS:
            letters += "c"
        else:
            letters += "t"
    is_stated = bool(directions) or not _SPACE_KINDS.isdisjoint(kinds) or len(sizes) <= 3
    is_usable = is_stated and "?" not in letters and len(set(letters)) == len(sizes)
    if not is_usable:
        return None
    return letters[::-1]


def _open_voxels(header: NrrdHeader) -> FileArray:
    shape, dtype = header.sizes[::-1], header.dtype
    path, offset = _data_place(header)
    skip, encoding = header.integer("byte skip"), header.text("encoding").lower()
    if encoding == "raw":
        if skip == -1:  # the voxels are the end of the file
            offset = path.stat().st_size - math.prod(shape) * dtype.itemsize
            skip = 0
        return map_file(path, dtype, shape, offset=offset + skip)
    if encoding not in _COMPRESSED:
        remedy = "Save the file again with one of these encodings."
        raise header.error(key="encoding", expected="raw, gzip or bzip2", remedy=remedy)
    # The bytes to skip are those of the unpacked voxels, says the format.
    return unpacked_voxels(
        path,
        offset,
        dtype,
        shape,
        partial(_Unpacking, encoding),
        skip=max(skip, 0),
        is_deflate=encoding.startswith("gz"),
    )


def _data_place(header: NrrdHeader) -> tuple[Path, int]:
    """Return the file and offset of the voxels."""
    path, start = header.path, header.end
    if header.text("data file"):
        path, start = header.data_path("data file"), 0
    with path.open("rb") as file:
        file.seek(start)
        for _ in range(header.integer("line skip")):
            file.readline()
        return path, file.tell()


class _Unpacking:
    """An unpacker that closes its file too."""

    def __init__(self, encoding: str, file: BinaryIO) -> None:
        self._file = file
        self._unpacked: Any = _COMPRESSED[encoding](file)

    def read(self, size: int, /) -> bytes:
        return bytes(self._unpacked.read(size))

    def readinto(self, view: memoryview, /) -> int:
        return int(self._unpacked.readinto(view))

    def close(self) -> None:
        self._unpacked.close()
        self._file.close()


def _times(header: NrrdHeader, letters: str, volumes: int) -> npt.ArrayLike | None:
    """Return the times of volumes from directions or spacings."""
    axis = len(letters) - 1 - letters.index("t")
    directions = header.directions
    vector = None
    if len(directions) == len(letters):
        vector = directions[axis]
    if vector is not None and len(vector) == 4:
        units = [*_words(header.text("space units")), "", "", "", ""]
        step, unit = vector[3], units[3]
    else:
        (step,) = header.numbers_of("spacings", [axis])
        unit = header.per_axis("units")[axis]
    return step_times(step, unit, volumes, where=f"{header.path}, axis {axis}")


def _grid(header: NrrdHeader) -> Grid | None:
    """Return the grid of the axes in space."""
    vectors = [direction for direction in header.directions if direction is not None]
    if not vectors:
        return _grid_of_spacings(header)
    if len(vectors) < 3:
        return None
    return _grid_of_vectors(header, vectors[:3])


def _grid_of_vectors(header: NrrdHeader, vectors: list[tuple[float, ...]]) -> Grid:
    origin = _vector(header.text("space origin") or "(0,0,0)") or ()
    scale = _lps_signs(header) * np.array(_mm_per_space_unit(header))
    if set(map(len, (*vectors, origin))) - {3, 4}:
        expected = "vectors of three numbers, and a space origin like them"
        raise header.error(key="space directions", expected=expected, remedy="Fix the header.")
    matrix = np.eye(4)
    for column, vector in enumerate((*vectors, origin)):
        matrix[:3, column] = scale * vector[:3]
    grid = Grid.from_affine((1, 1, 1), matrix, space="LPS")
    return grid if header.text("space origin") else grid.stated(_NO_ORIGIN)


def _lps_signs(header: NrrdHeader) -> npt.NDArray[np.float64]:
    space = header.text("space").lower().removesuffix("-time")
    if space in {"last", "rast", "lpst"}:
        space = space[:-1]
    if space in _LPS_SIGNS:
        return np.array(_LPS_SIGNS[space])
    raise GeometryError(
        code="space-unknown",
        where=str(header.path),
        given=f"space: {header.text('space') or '(missing)'}",
        expected="left-posterior-superior, left-anterior-superior or right-anterior-superior",
        remedy="Pass `affine=` and `space=`, or add the line 'space: left-posterior-superior' if "
        "ITK wrote the file.",
    )


def _mm_per_space_unit(header: NrrdHeader) -> list[float]:
    words = _words(header.text("space units"))[:3] or [""] * 3
    if len(words) != 3:
        words = ["?"]
    return header.mm_per_unit("space units", words)


def _grid_of_spacings(header: NrrdHeader) -> Grid | None:
    """Return an axial grid of a header without directions."""
    letters = (_letters(header) or "")[::-1]
    if not set("xyz") <= set(letters):
        return None
    axes = list(map(letters.index, "xyz"))
    spacing = header.numbers_of("spacings", axes)
    if any(map(math.isnan, spacing[:2])):
        return None
    units = list(map(header.per_axis("units").__getitem__, axes))
    if math.isnan(spacing[2]):
        x, y = header.mm_per_unit("space units", units[:2])
        in_plane = (spacing[0] * x, spacing[1] * y, 1.0)
        return Grid(shape=(1, 1, 1), spacing_mm=in_plane, statement=IN_PLANE)
    factors = header.mm_per_unit("space units", units)
    origin = map(operator.mul, _first_centre(header, axes, spacing), factors)
    spacing = list(map(operator.mul, spacing, factors))
    grid = Grid.from_spacing((1, 1, 1), spacing, origin=list(origin))
    return grid.stated(lengths_only("an NRRD header without space directions"))


def _first_centre(header: NrrdHeader, axes: Sequence[int], spacing: Sequence[float]) -> list[float]:
    """Return the first voxel's centre, from `axis mins`, as teem does."""
    mins = header.numbers_of("axis mins", axes)
    if any(map(math.isnan, mins)):
        return [0.0, 0.0, 0.0]
    centres = []
    for axis, least, length in zip(axes, mins, spacing, strict=True):
        centring = header.per_axis("centerings")[axis] or header.per_axis("centers")[axis]
        centres.append(least if centring == "node" else least + length / 2)
    return centres


def _words(text: str) -> list[str]:
    """Return words; quoted text is one word."""
    return [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', text)]


def _vector(word: str) -> tuple[float, ...] | None:
    if word == "none":
        return None
    values = tuple(map(_number, word.strip("()").split(",")))
    if all(map(math.isnan, values)):
        return None
    return values


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return math.inf  # rejected as not finite by the grid
