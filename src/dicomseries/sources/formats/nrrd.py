"""NRRD files (``.nrrd``, ``.nhdr``): the header is read here, the voxels are mapped or unpacked forward.

Neither ITK nor pynrrd reads them lazily. The format: https://teem.sourceforge.net/nrrd/format.html.
"""

from __future__ import annotations

import bz2
import gzip
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from dicomseries.errors import GeometryError, SourceError
from dicomseries.geometry import Grid
from dicomseries.geometry_statement import Statement
from dicomseries.sources.arguments.axes_argument import array_axes
from dicomseries.sources.arguments.length_units import mm_per_unit
from dicomseries.sources.arguments.source_arguments import Location, SourceArguments
from dicomseries.sources.arguments.stated_geometry import IN_PLANE, lengths_only
from dicomseries.sources.arguments.volume_times import step_times
from dicomseries.sources.build_volume import build_volume
from dicomseries.sources.formats.itk_tags import tags_among
from dicomseries.sources.frames.mapped_files import FileArray, map_file
from dicomseries.sources.frames.unpacked_size import check_packing
from dicomseries.sources.frames.unpacked_stream import unpack
from dicomseries.sources.volume import Volume

__all__ = ["PACKAGE", "matches", "open_volume"]

PACKAGE: str | None = None
"""No extra: the header is plain text."""

_MAX_LINE = 1 << 16
_NAMES = {
    "i1": "signed char, int8, int8_t",
    "u1": "uchar, unsigned char, uint8, uint8_t",
    "i2": "short, short int, signed short, signed short int, int16, int16_t",
    "u2": "ushort, unsigned short, unsigned short int, uint16, uint16_t",
    "i4": "int, signed int, int32, int32_t",
    "u4": "uint, unsigned int, uint32, uint32_t",
    "i8": "longlong, long long, long long int, signed long long, signed long long int, int64, int64_t",
    "u8": "ulonglong, unsigned long long, unsigned long long int, uint64, uint64_t",
    "f4": "float",
    "f8": "double",
}
_DTYPES = {name: code for code, names in _NAMES.items() for name in names.split(", ")}
_SYNONYMS = {"datafile": "data file", "lineskip": "line skip", "byteskip": "byte skip"}
_RAW, _GZIP, _BZIP2 = {"raw"}, {"gz", "gzip"}, {"bz2", "bzip2"}
_LPS_SIGNS = {
    "left-posterior-superior": (1.0, 1.0, 1.0),
    "lps": (1.0, 1.0, 1.0),
    "left-anterior-superior": (1.0, -1.0, 1.0),
    "las": (1.0, -1.0, 1.0),
    "right-anterior-superior": (-1.0, -1.0, 1.0),
    "ras": (-1.0, -1.0, 1.0),
}
"""What turns a point of this space into LPS."""

_NO_ORIGIN = Statement(
    origin="assumed",
    notes=(
        "The NRRD header has no space origin: the first voxel is put at 0. Give `origin=` if you know it.",
    ),
)

_COLOURS = {"vector", "3-vector", "rgb-color", "3-color"}
_PLACES = {"domain", "space"}
_UNPLACED = {"list", "time", "scalar", "none", "stub", "point"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    fields: Mapping[str, str]
    entries: Mapping[str, str]
    """Key/value pairs that NRRD leaves to its users, "key:=value"."""
    path: Path
    end: int
    """Bytes of the header file before attached voxels."""

    def text(self, key: str, default: str = "") -> str:
        return self.fields.get(key, default)

    def fault(self, *, key: str, expected: str, remedy: str) -> SourceError:
        return SourceError(
            code="nrrd-header",
            where=str(self.path),
            given=f"{key}: {self.text(key) or '(missing)'}",
            expected=expected,
            remedy=remedy,
        )

    def whole(self, key: str) -> int:
        try:
            return int(self.text(key, "0"))
        except ValueError:
            raise self.fault(key=key, expected="a whole number", remedy="Fix the header.") from None

    @property
    def sizes(self) -> tuple[int, ...]:
        """The fastest axis first."""
        words = self.text("sizes").split()
        if (
            not words
            or len(words) != self.whole("dimension")
            or not all(word.isdigit() for word in words)
        ):
            raise self.fault(
                key="sizes",
                expected="one whole number for each dimension",
                remedy="Fix the header.",
            )
        return tuple(map(int, words))

    @property
    def dtype(self) -> np.dtype[Any]:
        code = _DTYPES.get(self.text("type").lower())
        if code is None:
            raise self.fault(
                key="type",
                expected="an integer or float type of NRRD",
                remedy="Convert the file to one of them.",
            )
        order = {"little": "<", "big": ">"}.get(self.text("endian").lower())
        if order is None and code[1] != "1":
            raise self.fault(
                key="endian", expected="little or big", remedy="Add the line to the header."
            )
        return np.dtype((order or "<") + code)

    @property
    def directions(self) -> tuple[tuple[float, ...] | None, ...]:
        """A vector for each axis, the fastest first; None for an axis that is not in space."""
        words = re.findall(r"\([^)]*\)|none", self.text("space directions"))
        return tuple(_vector(word) for word in words)

    def per_axis(self, key: str) -> tuple[str, ...]:
        """Return one word for each axis, the fastest first; empty words where nothing is said."""
        words = _words(self.text(key))
        count = len(self.sizes)
        return tuple(word.strip('"') for word in words) if len(words) == count else ("",) * count


def matches(source: object) -> bool:
    """Return whether `source` is the location of a ``.nrrd`` or ``.nhdr`` file.

    Examples
    --------
    >>> matches(Location(Path("a.seg.nrrd"))), matches(Location(Path("a.raw")))
    (True, False)
    """
    return isinstance(source, Location) and source.has_suffix(".nrrd", ".nhdr")


def open_volume(source: Location, arguments: SourceArguments) -> Volume:
    r"""Return the voxels of an NRRD file with its space directions and origin, turned into LPS.

    An axis of three colours or vector components is the colour axis; one without a place in space (a list, time) is
    the time axis. Units other than mm are converted. The times are multiples of that axis' spacing in its unit; a
    spacing without a unit of time is left out with a warning, unless it is 1.

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
    >>> header = b"NRRD0004\ntype: uchar\ndimension: 3\nsizes: 3 2 1\nspacings: 1 1 2.5\nencoding: raw\n\n"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "a.nrrd"
    ...     _ = path.write_bytes(header + bytes(range(6)))
    ...     volume = open_volume(Location(path), SourceArguments())
    ...     volume.array.tolist(), volume.grid.spacing_mm
    ([[[0, 1, 2], [3, 4, 5]]], (1.0, 1.0, 2.5))
    """
    header = _read_header(source.path)
    sizes = header.sizes
    axes = array_axes(sizes[::-1], arguments, _axes(header))
    frames = _open_voxels(header).frames(axes)
    times = partial(_times, header, axes.letters)
    volume = build_volume(frames, axes, arguments, lambda: _grid(header), source_times=times)
    return replace(volume, carried=tags_among(header.entries))


def _read_header(path: Path) -> _Header:
    fields: dict[str, str] = {}
    entries: dict[str, str] = {}
    with path.open("rb") as file:
        line = file.readline(_MAX_LINE)
        if not line.startswith(b"NRRD000"):
            raise SourceError(
                code="nrrd-header",
                where=str(path),
                given=repr(line[:20]),
                expected="a first line of NRRD0001 to NRRD0005",
                remedy="Check that the file is an NRRD file.",
            )
        while line := file.readline(_MAX_LINE).rstrip(b"\r\n"):
            text = line.decode("utf-8", "replace")
            name, equals, entry = text.partition(":=")
            if equals and not text.startswith("#"):
                entries[name] = entry
            key, colon, value = text.partition(": ")
            if colon and not text.startswith("#") and ":=" not in key:
                fields[_SYNONYMS.get(key.lower(), key.lower())] = value.strip()
        return _Header(fields=fields, entries=entries, path=path, end=file.tell())


def _axes(header: _Header) -> str | None:
    """Return a letter for each axis, the slowest first; None if the header does not tell them apart."""
    sizes, directions, kinds = header.sizes, header.directions, header.per_axis("kinds")
    placed = [
        direction is not None
        if len(directions) == len(sizes)
        else kind.lower() not in _COLOURS | _UNPLACED
        for direction, kind in zip(directions or (None,) * len(sizes), kinds, strict=False)
    ]
    letters, spatial = "", iter("xyzt")
    for size, kind, in_space in zip(sizes, kinds, placed, strict=False):
        is_colour = size == 3 and kind.lower() in _COLOURS
        letters += next(spatial, "?") if in_space else "c" if is_colour else "t"
    told = bool(directions) or any(kind.lower() in _PLACES for kind in kinds) or len(sizes) <= 3
    is_usable = told and "?" not in letters and len(set(letters)) == len(sizes)
    return letters[::-1] if is_usable else None


def _open_voxels(header: _Header) -> FileArray:
    shape, dtype = header.sizes[::-1], header.dtype
    path, offset, encoding = *_data_place(header), header.text("encoding").lower()
    skip = header.whole("byte skip")
    if encoding in _RAW:
        # A byte skip of -1 means that the voxels are the end of the file.
        size = math.prod(shape) * dtype.itemsize
        start = path.stat().st_size - size if skip == -1 else offset + skip
        return map_file(path, dtype, shape, offset=start)
    if encoding not in _GZIP | _BZIP2:
        raise header.fault(
            key="encoding",
            expected="raw, gzip or bzip2",
            remedy="Save the file again with one of these encodings.",
        )
    if encoding in _GZIP:
        packed, size = (
            path.stat().st_size - offset,
            max(skip, 0) + math.prod(shape) * dtype.itemsize,
        )
        check_packing("deflate", where=str(path), packed_bytes=packed, unpacked_bytes=size)
    file = path.open("rb")
    file.seek(offset)
    unpacker = gzip.GzipFile(fileobj=file) if encoding in _GZIP else bz2.BZ2File(file)
    # The bytes to skip are those of the unpacked voxels, says the format.
    return unpack(_Both(unpacker, file), dtype, shape, where=str(path), skip=max(skip, 0))


@dataclass(frozen=True, slots=True)
class _Both:
    """An unpacker and the file underneath, which it does not close itself."""

    unpacker: Any
    file: BinaryIO

    def read(self, size: int, /) -> bytes:
        return bytes(self.unpacker.read(size))

    def close(self) -> None:
        self.unpacker.close()
        self.file.close()


def _data_place(header: _Header) -> tuple[Path, int]:
    """Return the file of the voxels and where they start, lines skipped."""
    name = header.text("data file")
    if name.upper().startswith("LIST") or "%" in name:
        raise header.fault(
            key="data file",
            expected="one file of voxels",
            remedy="Convert it to one .nrrd file, e.g. with SimpleITK.",
        )
    path, start = (header.path.parent / name, 0) if name else (header.path, header.end)
    if not path.is_file():
        raise header.fault(
            key="data file",
            expected="a file beside the header",
            remedy="Put the file of voxels there again.",
        )
    with path.open("rb") as file:
        file.seek(start)
        for _ in range(header.whole("line skip")):
            file.readline()
        return path, file.tell()


def _vector(word: str) -> tuple[float, ...] | None:
    if word == "none":
        return None
    values = tuple(_number(value) for value in word.strip("()").split(","))
    return None if all(math.isnan(value) for value in values) else values


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return math.inf  # refused as not finite by the grid


def _times(header: _Header, axes: str, volumes: int) -> npt.ArrayLike | None:
    """Return when each volume was taken: an axis of time may be one of a space with time, or have a spacing alone."""
    axis = len(axes) - 1 - axes.index("t")
    vector = header.directions[axis] if len(header.directions) == len(axes) else None
    if vector is not None and len(vector) == 4:
        step, unit = vector[3], (*_words(header.text("space units")), "", "", "", "")[3]
    else:
        step, unit = (
            _number(header.per_axis("spacings")[axis] or "nan"),
            header.per_axis("units")[axis],
        )
    return step_times(step, unit, volumes, where=f"{header.path}, axis {axis}")


def _words(text: str) -> list[str]:
    """Return words, and what stands in quotation marks as one word with them."""
    return re.findall(r'"[^"]*"|\S+', text)


def _grid(header: _Header) -> Grid | None:
    """Return where the voxels are, from the axes in space, the fastest first."""
    vectors = [direction for direction in header.directions if direction is not None]
    return _grid_of_vectors(header, vectors[:3]) if vectors else _grid_of_spacings(header)


def _grid_of_vectors(header: _Header, vectors: list[tuple[float, ...]]) -> Grid | None:
    if len(vectors) < 3:
        return None
    space = header.text("space").lower().removesuffix("-time")
    space = space[:-1] if space in {"last", "rast", "lpst"} else space
    if space not in _LPS_SIGNS:
        raise GeometryError(
            code="space-unknown",
            where=str(header.path),
            given=f"space: {header.text('space') or '(missing)'}",
            expected="left-posterior-superior, left-anterior-superior or right-anterior-superior",
            remedy="Pass `affine=` and `space=`, or add the line 'space: left-posterior-superior' if ITK wrote the file.",
        )
    signs = np.array(_LPS_SIGNS[space])
    factors = np.array(_factors(header, header.text("space units"), 3))
    origin = _vector(header.text("space origin") or "(0,0,0)") or ()
    if {len(vector) for vector in (*vectors, origin)} - {3, 4}:
        raise header.fault(
            key="space directions",
            expected="vectors of three numbers, and a space origin like them",
            remedy="Fix the header.",
        )
    matrix = np.eye(4)
    matrix[:3, :3] = np.column_stack([signs * factors * vector[:3] for vector in vectors])
    matrix[:3, 3] = signs * factors * origin[:3]
    grid = Grid.from_affine((1, 1, 1), matrix, space="LPS")
    return grid if header.text("space origin") else grid.stated(_NO_ORIGIN)


def _grid_of_spacings(header: _Header) -> Grid | None:
    """Return an axial grid: a header without space directions has lengths only."""
    axes = (_axes(header) or "")[::-1]
    if not set("xyz") <= set(axes):
        return None
    order = [axes.index(letter) for letter in "xyz"]
    spacings = [_number(header.per_axis("spacings")[i] or "nan") for i in order]
    if math.isnan(spacings[2]) and not any(map(math.isnan, spacings[:2])):
        x, y = _factors(header, " ".join(f'"{header.per_axis("units")[i]}"' for i in order[:2]), 2)
        return Grid(
            shape=(1, 1, 1), spacing_mm=(spacings[0] * x, spacings[1] * y, 1.0), statement=IN_PLANE
        )
    if any(math.isnan(length) for length in spacings):
        return None
    factors = _factors(header, " ".join(f'"{header.per_axis("units")[i]}"' for i in order), 3)
    origin = _origin_of_mins(header, order, spacings)
    return Grid.from_spacing(
        (1, 1, 1),
        [length * factor for length, factor in zip(spacings, factors, strict=True)],
        origin=[value * factor for value, factor in zip(origin, factors, strict=True)],
    ).stated(lengths_only("an NRRD header without space directions"))


def _origin_of_mins(
    header: _Header, order: Sequence[int], spacings: Sequence[float]
) -> tuple[float, ...]:
    """Return the centre of the first voxel: half a voxel inside the smallest position, as teem and ITK have it."""
    mins = [_number(header.per_axis("axis mins")[i] or "nan") for i in order]
    centres = [header.per_axis("centerings")[i] or header.per_axis("centers")[i] for i in order]
    if any(math.isnan(value) for value in mins):
        return (0.0, 0.0, 0.0)
    halves = [
        0.0 if centre == "node" else length / 2
        for centre, length in zip(centres, spacings, strict=True)
    ]
    return tuple(value + half for value, half in zip(mins, halves, strict=True))


def _factors(header: _Header, units: str, count: int) -> tuple[float, ...]:
    words = _words(units)[:count] or [""] * count
    factors = [mm_per_unit(word) for word in words]
    if None in factors or len(factors) != count:
        raise header.fault(
            key="space units",
            expected="mm, cm, m or um",
            remedy="Pass `spacing=`, `origin=` and `direction=` in mm.",
        )
    return tuple(factor for factor in factors if factor is not None)
