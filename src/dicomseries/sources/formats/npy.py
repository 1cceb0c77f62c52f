"""Files of numpy: ``.npy``, and ``.npz`` or ``file.npz::name``.

Beside the array a ``.npz`` may hold its place in space, 4×4 in LPS mm, as ``affine_lps``, the times
of its volumes, seconds, as ``times_s``, and the names of their axes: so `read` on the command line
saves them.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from numpy.lib import format as npy_format

from dicomseries.errors import SourceError
from dicomseries.geometry import Grid
from dicomseries.sources.arguments.axes_argument import array_axes, check_dtype, default_axes
from dicomseries.sources.arguments.source_arguments import Location, SourceArguments
from dicomseries.sources.build_volume import build_volume
from dicomseries.sources.frames.files.mapped_files import FileArray, map_file
from dicomseries.sources.frames.files.unpacked_size import check_packing
from dicomseries.sources.frames.files.unpacked_stream import unpack
from dicomseries.sources.volume import Volume
from dicomseries.sources.written_volumes import with_written_volumes
from dicomseries.volume_axes import AXIS_NAMES

__all__ = ["PACKAGE", "matches", "open_volume"]

PACKAGE: str | None = None
"""No extra: numpy reads it."""

_AFFINE = "affine_lps"
_TIMES = "times_s"
_GEOMETRY = frozenset({_AFFINE, _TIMES, "spacing_mm", "origin_lps", "direction_lps"})
"""Names beside the array in a file with its place."""
_AXES, _UNITS, _WEIGHTINGS = "volume_axes", "volume_axis_units", ("b_values", "gradients_lps")
_VOLUMES = frozenset(
    {
        _AXES,
        _UNITS,
        *_WEIGHTINGS,
        *(f"{name}_values" for name in AXIS_NAMES),
    }
)
"""Names of what is known of the volumes."""


def matches(source: object) -> bool:
    """Return whether `source` is a ``.npy`` or ``.npz`` file.

    Examples
    --------
    >>> from pathlib import Path
    >>> matches(Location(Path("a.npy"))), matches(Location(Path("a.mha")))
    (True, False)
    """
    return isinstance(source, Location) and source.has_suffix(".npy", ".npz")


def open_volume(source: Location, arguments: SourceArguments) -> Volume:
    """Return the array of a file, read lazily.

    Parameters
    ----------
    source : Location
        The file; ``member`` names the array in a ``.npz`` that has several.
    arguments : SourceArguments
        Must hold the spacing, unless a ``.npz`` holds ``affine_lps``.

    Raises
    ------
    SourceError
        If it is no such file, holds Python objects, or the array in a ``.npz`` is not named
        clearly.
    OptionError, GeometryError
        As for an array; also if ``affine_lps`` is no grid.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(Path(folder) / "a.npy", np.zeros((3, 4, 5), "uint8"))
    ...     location = Location(Path(folder) / "a.npy")
    ...     open_volume(location, SourceArguments(spacing=(1, 1, 2))).slabs.shape
    (3, 4, 5)
    """
    affine = times = None
    record: Mapping[str, Any] = {}
    try:
        if source.has_suffix(".npz"):
            array = _open_npz(source)
            affine, times = _read_member(source, _AFFINE), _read_member(source, _TIMES)
            record = _record_of_volumes(source)
        else:
            array = _open_npy(source, arguments.where)
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(
            code="file-unreadable",
            where=arguments.where,
            given=str(error),
            expected="an array that numpy.save or numpy.savez wrote",
            remedy="Check that the file is complete and has the right suffix.",
        ) from error
    letters = None
    if affine is not None or times is not None or record:
        letters = _written_axes(array.array.shape, is_timed=times is not None)
    axes = array_axes(array.array.shape, arguments, letters)

    def grid() -> Grid | None:
        if affine is None:
            return None
        return Grid.from_affine((1, 1, 1), affine, space="LPS")

    volume = build_volume(array.frames(axes), axes, arguments, grid, source_times=lambda _: times)
    return with_written_volumes(volume, record, arguments)


def _record_of_volumes(source: Location) -> Mapping[str, Any]:
    """Return axes, b-values and gradients of volumes, as other formats have them in JSON."""
    record: dict[str, Any] = {}
    names = _read_member(source, _AXES)
    if names is not None:
        units = _read_member(source, _UNITS)
        unit_of_axis = [""] * names.size if units is None else units.ravel().tolist()
        record[_AXES] = []
        for name, unit in zip(names.ravel().tolist(), unit_of_axis, strict=False):
            values = _read_member(source, f"{name}_values")
            row = {"name": name, "unit": unit, "values": () if values is None else values.tolist()}
            record[_AXES].append(row)
    for key in _WEIGHTINGS:
        values = _read_member(source, key)
        if values is not None:
            record[key] = values.tolist()
    return record


def _open_npy(source: Location, where: str) -> FileArray:
    with source.path.open("rb") as file:
        shape, is_fortran, dtype = _read_header(file)
        offset = file.tell()
    _check(shape, dtype, where)
    array = map_file(source.path, dtype, shape, offset=offset)
    return _in_order(array, is_fortran=is_fortran)


def _open_npz(source: Location) -> FileArray:
    where = str(source)
    with zipfile.ZipFile(source.path) as archive:
        member = archive.getinfo(_choose(archive.namelist(), source))
        stream = archive.open(member)  # keeps the file open until it is closed itself
    try:
        shape, is_fortran, dtype = _read_header(stream)
        _check(shape, dtype, where)
        _check_member(source, member, shape, dtype)
    except BaseException:
        stream.close()
        raise
    array = unpack(cast("Any", stream), dtype, shape, where=where)
    return _in_order(array, is_fortran=is_fortran)


def _in_order(array: FileArray, *, is_fortran: bool) -> FileArray:
    return replace(array, array=array.array.T) if is_fortran else array


def _choose(members: list[str], source: Location) -> str:
    by_name = {member.removesuffix(".npy"): member for member in members}
    names = [*by_name]
    if {_AFFINE, _TIMES, _AXES} & set(names):
        names = [name for name in names if name not in _GEOMETRY and name not in _VOLUMES]
    if source.member is None and len(names) == 1:
        return by_name[names[0]]
    if source.member in names:
        return by_name[source.member]
    expected = "one array"
    if source.member is not None:
        expected = f"an array named {source.member}"
    raise SourceError(
        code="dataset-unclear",
        where=str(source),
        given=f"the arrays {', '.join(names) or '(none)'}",
        expected=expected,
        remedy=f"Name the one you mean, e.g. {source.path}::{next(iter(names), 'name')}.",
    )


def _read_member(source: Location, name: str) -> npt.NDArray[Any] | None:
    """Return an array beside the voxels, None if missing."""
    with zipfile.ZipFile(source.path) as archive:
        if f"{name}.npy" not in archive.namelist():
            return None
        member = archive.getinfo(f"{name}.npy")
        with archive.open(member) as stream:
            shape, _, dtype = _read_header(stream)
            _check_member(source, member, shape, dtype)
        with archive.open(member) as stream:
            return npy_format.read_array(stream, allow_pickle=False)


def _check_member(
    source: Location, member: zipfile.ZipInfo, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> None:
    """Reject a member too small for its array."""
    names = {zipfile.ZIP_STORED: "none", zipfile.ZIP_DEFLATED: "deflate"}
    check_packing(
        names.get(member.compress_type, "other"),
        where=str(source),
        packed_bytes=min(member.compress_size, source.path.stat().st_size),
        unpacked_bytes=math.prod(shape) * dtype.itemsize,
    )


def _written_axes(shape: tuple[int, ...], *, is_timed: bool) -> str | None:
    """Return the axes of an array written by this package."""
    with_time = {4: "tzyx", 5: "tzyxc"}.get(len(shape))
    if is_timed:
        return with_time
    return default_axes(shape) or with_time


def _read_header(file: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return shape in the file, Fortran order or not, dtype."""
    if npy_format.read_magic(file) == (1, 0):
        shape, is_fortran, dtype = npy_format.read_array_header_1_0(file)
    else:
        shape, is_fortran, dtype = npy_format.read_array_header_2_0(file)
    if is_fortran:
        shape = shape[::-1]
    return shape, is_fortran, dtype


def _check(shape: tuple[int, ...], dtype: np.dtype[Any], where: str) -> None:
    check_dtype(dtype, where)
    if 0 in shape:  # nothing can be mapped; the error of the axes says why
        array_axes(shape, SourceArguments(where=where, axes="zyxtc"[: len(shape)]))
