"""Files of MATLAB: ``scan.mat`` and ``scan.mat::name``.

Files before version 7.3 are read whole with scipy, later ones (HDF5) slab by slab with h5py.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import SourceError, missing_package
from dicomseries.lazy_dataclass import dataclass
from dicomseries.sources.arguments.axes_argument import default_axes
from dicomseries.sources.arguments.source_arguments import Location, SourceArguments
from dicomseries.sources.formats.array_like import open_volume as open_array
from dicomseries.sources.formats.hdf5 import open_hdf5
from dicomseries.sources.frames.files.unpacked_size import check_packing
from dicomseries.sources.optional_packages import guarded
from dicomseries.sources.volume import Volume

__all__ = ["PACKAGE", "matches", "open_volume"]

PACKAGE: str | None = "matlab"
"""Extra that installs scipy and h5py."""

_EXPECTED = "a file that MATLAB's save wrote"
_REMEDY = "Check that the file is complete and has the right suffix."
_AXES = {2: "yx", 3: "yxz", 4: "yxzt"}
"""Axes of an array in MATLAB: rows, columns, slices, times."""
_LARGEST_WHOLE = 2.0**53
_PART_BYTES = 1 << 24
"""Bytes of doubles that are looked at together for fractions."""
_CLASSES = {
    "double": "float64",
    "single": "float32",
    "logical": "bool",
    **{name: name for name in ("int8", "int16", "int32", "int64")},
    **{name: name for name in ("uint8", "uint16", "uint32", "uint64")},
}
"""Class of MATLAB → numpy's dtype."""


def matches(source: object) -> bool:
    """Return whether `source` is a ``.mat`` file.

    Examples
    --------
    >>> matches(Location(Path("a.mat"), "scan")), matches(Location(Path("a.h5")))
    (True, False)
    """
    return isinstance(source, Location) and source.has_suffix(".mat")


def open_volume(source: Location, arguments: SourceArguments) -> Volume:
    """Return an array of a MATLAB file, with its axes as in MATLAB.

    The default axes are those of MATLAB's images: rows, columns, slices, times (``axes="yxzt"``),
    or rows, columns and colours for a last axis of 3 of `uint8`. ``axes`` counts as in MATLAB in
    both versions of the format. Double numbers, MATLAB's usual type of any number, are integers
    here if all of them are whole.

    Parameters
    ----------
    source : Location
        The file; ``member`` names the variable, where there are several.
    arguments : SourceArguments
        Must hold the spacing.

    Raises
    ------
    MissingPackageError
        If scipy (or h5py, for version 7.3) is not installed.
    SourceError
        If it is no such file, or the variable is not named clearly (the error lists them).
    OptionError, GeometryError
        As for an array.

    Examples
    --------
    >>> import tempfile
    >>> from scipy.io import savemat
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     savemat(Path(folder) / "a.mat", {"scan": np.zeros((4, 5, 3), "int16")})
    ...     location = Location(Path(folder) / "a.mat")
    ...     open_volume(location, SourceArguments(spacing=(1, 1, 2))).slabs.shape
    (3, 4, 5)
    """
    if _is_hdf5(source.path):
        dataset = _open_hdf5(source, arguments.where)
        letters = _letters(dataset.shape, dataset.stored_dtype, arguments)
        return open_array(dataset, arguments, letters=letters, stored_bytes=dataset.stored_bytes)
    array = _read_scipy(source, arguments.where)
    letters = _letters(array.shape, array.dtype, arguments)
    return open_array(_whole(array), arguments, letters=letters)


def _letters(
    shape: tuple[int, ...], dtype: np.dtype[Any], arguments: SourceArguments
) -> str | None:
    """Return the axes of an array as MATLAB's images have them."""
    if arguments.axes is not None:
        return None
    if len(shape) == 3 and shape[2] == 3 and dtype == np.uint8:
        return "yxc"
    return _AXES.get(len(shape), default_axes(shape))


def _whole(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return doubles that are whole numbers as integers, without changing a value."""
    integer = _integer_type(array.dtype, [array])
    return array if integer is None else array.astype(integer)


def _integer_type(dtype: np.dtype[Any], blocks: Iterable[npt.NDArray[Any]]) -> np.dtype[Any] | None:
    """Return the integer type that holds all numbers of doubles; None if none does."""
    if dtype != np.float64:
        return None
    least, most = math.inf, -math.inf
    for block in blocks:
        if not block.size:
            return None
        least, most = min(least, float(block.min())), max(most, float(block.max()))
        if not (least >= -_LARGEST_WHOLE and most <= _LARGEST_WHOLE):  # NaN is never so
            return None
        if (block != np.floor(block)).any():
            return None
    if least > most:
        return None
    return np.result_type(np.min_scalar_type(int(least)), np.min_scalar_type(int(most)))


def _is_hdf5(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(520)
    return b"\x89HDF\r\n\x1a\n" in (head[:8], head[512:520])


def _read_scipy(source: Location, where: str) -> npt.NDArray[Any]:
    try:
        from scipy.io import loadmat, whosmat
    except ImportError as error:
        raise missing_package(extra="matlab", where=where, package="scipy") from error
    with guarded(where, _EXPECTED, _REMEDY):
        variables = whosmat(source.path)
    names = [name for name, shape, kind in variables if kind in _CLASSES and len(shape) > 1]
    name = _choose(names, source, [name for name, _, _ in variables])
    shape, kind = next((shape, kind) for other, shape, kind in variables if other == name)
    check_packing(
        "deflate",
        where=where,
        packed_bytes=source.path.stat().st_size,
        unpacked_bytes=math.prod(shape),
    )
    with guarded(where, _EXPECTED, _REMEDY):
        array = np.asarray(loadmat(source.path, variable_names=[name])[name])
    # MATLAB saves whole doubles in fewer bytes.
    return array if array.dtype.kind in "cb" else array.astype(_CLASSES[kind], copy=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _MatlabDataset:
    """A dataset of HDF5 with the axes of MATLAB.

    MATLAB counts the first axis fastest, and HDF5 the last.
    """

    dataset: Any
    dtype: np.dtype[Any]

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(map(int, reversed(self.dataset.shape)))

    @property
    def stored_dtype(self) -> np.dtype[Any]:
        stored: np.dtype[Any] = self.dataset.dtype
        return stored

    @property
    def chunks(self) -> tuple[int, ...] | None:
        chunks = self.dataset.chunks
        return None if chunks is None else tuple(reversed(chunks))

    def stored_bytes(self) -> int:
        return int(self.dataset.id.get_storage_size())

    def __getitem__(self, index: tuple[slice, ...]) -> npt.NDArray[Any]:
        block = np.asarray(self.dataset[tuple(reversed(index))])
        if block.dtype.names == ("real", "imag"):
            block = block["real"] + 1j * block["imag"]
        return block.T.astype(self.dtype, copy=False)


def _open_hdf5(source: Location, where: str) -> _MatlabDataset:
    file = open_hdf5(source.path, where, extra="matlab")
    with guarded(where, _EXPECTED, _REMEDY):
        names: list[str] = []
        others: list[str] = []
        for name, item in file.items():
            kind = item.attrs.get("MATLAB_class", b"")
            text = kind.decode() if isinstance(kind, bytes) else str(kind)
            is_array = text in _CLASSES and getattr(item, "ndim", 0) > 1
            if not name.startswith("#"):
                (names if is_array else others).append(name)
        dataset = file[_choose(names, source, [*names, *others])]
        _check_storage(dataset, where)
        dtype = _dtype(dataset)
        return _MatlabDataset(
            dataset=dataset, dtype=_integer_type(dtype, _blocks(dataset)) or dtype
        )


def _check_storage(dataset: Any, where: str) -> None:
    """Reject a dataset that would take far more memory than its file, chunk by chunk."""
    piece = math.prod(dataset.chunks or dataset.shape)
    check_packing(
        "other",
        where=where,
        packed_bytes=dataset.id.get_storage_size(),
        unpacked_bytes=dataset.size * dataset.dtype.itemsize,
        piece_bytes=piece * dataset.dtype.itemsize,
    )


def _dtype(dataset: Any) -> np.dtype[Any]:
    dtype: np.dtype[Any] = dataset.dtype
    if dtype.names == ("real", "imag"):
        return np.result_type(dtype["real"], np.complex64)
    return dtype


def _blocks(dataset: Any) -> Iterator[npt.NDArray[Any]]:
    """Yield the numbers of a dataset in parts of about 16 MiB."""
    of_entry = max(1, dataset.size // max(1, len(dataset)) * dataset.dtype.itemsize)
    depth = max(1, _PART_BYTES // of_entry)
    if dataset.chunks is not None:
        depth = max(1, depth // dataset.chunks[0]) * dataset.chunks[0]
    for start in range(0, len(dataset), depth):
        yield np.asarray(dataset[start : start + depth])


def _choose(names: Sequence[str], source: Location, all_names: Sequence[str]) -> str:
    """Return the variable that is meant."""
    if source.member is None and len(names) == 1:
        return names[0]
    if source.member in names:
        return str(source.member)
    expected = "one array of numbers with two axes or more"
    if source.member is not None:
        expected = f"such an array named {source.member}"
    raise SourceError(
        code="dataset-unclear",
        where=str(source),
        given=f"the variables {', '.join(all_names) or '(none)'}",
        expected=expected,
        remedy=f"Name the one you mean, e.g. {source.path}::{next(iter(names), 'scan')}; save a "
        "field of a struct as a variable first.",
    )
