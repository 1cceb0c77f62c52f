"""numpy's own files: ``.npy``, and ``.npz`` with one array or ``file.npz::name``.

Beside the array a ``.npz`` may hold its place in space, 4×4 in LPS mm, as ``affine_lps``, and the times of its volumes,
seconds, as ``times_s``: so `read` on the command line saves them.
"""

from __future__ import annotations

import math
import zipfile
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from numpy.lib import format as npy_format

from dicomseries.errors import SourceError
from dicomseries.geometry import Grid
from dicomseries.sources.arguments.axes_argument import array_axes, check_dtype, default_axes
from dicomseries.sources.arguments.source_arguments import Location, SourceArguments
from dicomseries.sources.build_volume import build_volume
from dicomseries.sources.frames.mapped_files import FileArray, map_file
from dicomseries.sources.frames.unpacked_size import check_packing
from dicomseries.sources.frames.unpacked_stream import unpack
from dicomseries.sources.volume import Volume

__all__ = ["PACKAGE", "matches", "open_volume"]

PACKAGE: str | None = None
"""No extra: numpy reads it."""

_AFFINE = "affine_lps"
_TIMES = "times_s"
_PLACE = frozenset({_AFFINE, _TIMES, "spacing_mm", "origin_lps", "direction_lps"})
"""What stands beside the array in a file that says where it is."""


def matches(source: object) -> bool:
    """Return whether `source` is the location of a ``.npy`` or ``.npz`` file.

    Examples
    --------
    >>> from pathlib import Path
    >>> matches(Location(Path("a.npy"))), matches(Location(Path("a.mha")))
    (True, False)
    """
    return isinstance(source, Location) and source.has_suffix(".npy", ".npz")


def open_volume(source: Location, arguments: SourceArguments) -> Volume:
    """Return the array of a file, mapped (``.npy``) or unpacked as it is read (``.npz``).

    Parameters
    ----------
    source : Location
        The file; ``member`` names the array in a ``.npz`` that has several.
    arguments : SourceArguments
        Must hold the spacing, unless a ``.npz`` holds ``affine_lps``.

    Raises
    ------
    SourceError
        If it is no such file, holds Python objects, or the array in a ``.npz`` is not named clearly.
    OptionError, GeometryError
        As for an array; also if ``affine_lps`` is no grid.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(Path(folder) / "a.npy", np.zeros((3, 4, 5), "uint8"))
    ...     open_volume(Location(Path(folder) / "a.npy"), SourceArguments(spacing=(1, 1, 2))).slabs.shape
    (3, 4, 5)
    """
    try:
        mapped, fortran = (
            _open_npz(source) if source.has_suffix(".npz") else _open_npy(source, arguments.where)
        )
        affine, times = (_beside(source, name) for name in (_AFFINE, _TIMES))
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(
            code="file-unreadable",
            where=arguments.where,
            given=str(error),
            expected="an array that numpy.save or numpy.savez wrote",
            remedy="Check that the file is whole and what its name says.",
        ) from error
    array = mapped.array.T if fortran else mapped.array
    axes = array_axes(
        array.shape,
        arguments,
        None
        if affine is None and times is None
        else _own_axes(array.shape, is_timed=times is not None),
    )
    frames = FileArray(array, mapped.window, mapped.where).frames(axes)
    return build_volume(
        frames, axes, arguments, lambda: _placed(affine), source_times=lambda _: times
    )


def _open_npy(source: Location, where: str) -> tuple[FileArray, bool]:
    with source.path.open("rb") as file:
        shape, fortran, dtype = _read_header(file)
        offset = file.tell()
    _check(shape, dtype, where)
    return map_file(source.path, dtype, shape, offset=offset), fortran


def _open_npz(source: Location) -> tuple[FileArray, bool]:
    with zipfile.ZipFile(source.path) as archive:
        member = archive.getinfo(_choose(archive.namelist(), source))
        stream = archive.open(member)  # keeps the file open until it is closed itself
    try:
        shape, fortran, dtype = _read_header(stream)
        _check(shape, dtype, str(source))
        _check_member(source, member, shape, dtype)
    except BaseException:
        stream.close()
        raise
    return unpack(cast("Any", stream), dtype, shape, where=str(source)), fortran


def _choose(members: list[str], source: Location) -> str:
    names = _names(members)
    if {f"{_AFFINE}.npy", f"{_TIMES}.npy"} & set(members):
        names = [name for name in names if name not in _PLACE]
    chosen = names[0] if source.member is None and len(names) == 1 else source.member
    if chosen in names:
        return members[_names(members).index(chosen)]
    raise SourceError(
        code="dataset-unclear",
        where=str(source),
        given=f"the arrays {', '.join(names) or '(none)'}",
        expected="one array" if source.member is None else f"an array named {source.member}",
        remedy=f"Name the one you mean, e.g. {source.path}::{names[0] if names else 'name'}.",
    )


def _names(members: list[str]) -> list[str]:
    return [member.removesuffix(".npy") for member in members]


def _placed(affine: npt.NDArray[Any] | None) -> Grid | None:
    """Return the place in space that stands beside the array."""
    return None if affine is None else Grid.from_affine((1, 1, 1), affine, space="LPS")


def _beside(source: Location, name: str) -> npt.NDArray[Any] | None:
    """Return the numbers that stand beside the array under that name, None if there are none."""
    if not source.has_suffix(".npz"):
        return None
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
    """Raise where a member of the archive cannot hold the array that its header states."""
    size = math.prod(shape) * dtype.itemsize
    packed = min(member.compress_size, source.path.stat().st_size)
    compression = {zipfile.ZIP_STORED: "none", zipfile.ZIP_DEFLATED: "deflate"}.get(
        member.compress_type, "other"
    )
    check_packing(compression, where=str(source), packed_bytes=packed, unpacked_bytes=size)


def _own_axes(shape: tuple[int, ...], *, is_timed: bool) -> str | None:
    """Return the axes of an array that this package wrote: time in front, colour behind."""
    own = {4: "tzyx", 5: "tzyxc"}.get(len(shape))
    return own if is_timed else default_axes(shape) or own


def _read_header(file: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return shape as it lies in the file (slowest axis first), whether that is reversed, and dtype."""
    version = npy_format.read_magic(file)
    read = (
        npy_format.read_array_header_1_0 if version == (1, 0) else npy_format.read_array_header_2_0
    )
    shape, fortran, dtype = read(file)
    return (shape[::-1] if fortran else shape), fortran, dtype


def _check(shape: tuple[int, ...], dtype: np.dtype[Any], where: str) -> None:
    check_dtype(dtype, where)
    if 0 in shape:  # nothing can be mapped; the axes says why it is refused
        array_axes(shape, SourceArguments(where=where, axes="zyxtc"[: len(shape)]))
