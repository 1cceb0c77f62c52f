"""The arguments about a source, and places of files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import GeometryError, SourceError
from dicomseries.lazy_dataclass import dataclass

__all__ = ["Location", "SourceArguments", "locate"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SourceArguments:
    """The arguments of `open_volume` about a source, without contradictions.

    Parameters
    ----------
    where : str
        What to call the source in an error: the file, or the type of the array.
    spacing : sequence of 3 float, optional
        mm along x (columns), y (rows), z (slices).
    origin : sequence of 3 float, optional
        LPS mm of the first voxel's centre.
    direction : array_like, optional
        Nine direction cosines (3×3, columns are the axes) or the six of ImageOrientationPatient,
        LPS.
    affine : array_like, optional
        4×4 from (x, y, z) = (column, row, slice) indices to mm; instead of the three above.
    space : {"LPS", "RAS"}, optional
        The frame of `affine`.
    positions : array_like, optional
        LPS mm of the first voxel of each slice, or a distance along the normal for each.
    axes : str, optional
        A letter of ``t z y x c`` for each axis of the array, in its order.
    time_point : int, optional
        The only index of axis t that is taken.
    times : float or sequence, optional
        Seconds from one volume to the next, or the time of each.
    place_optional : bool
        Whether a source without voxel size or place is opened too, on a placeholder grid with a
        statement that says so.
    part : {"magnitude", "phase", "real", "imaginary"}, optional
        Which part of complex numbers is taken.
    may_be_irregular : bool
        Whether slices may lie on separate planes (`WrittenPlanes`); else a shear is rejected.
    is_read_once : bool
        Whether the frames are read once, from the first to the last: a compressed file then needs
        no copy that is unpacked.

    Raises
    ------
    GeometryError
        If one of them is not made of numbers, if `affine` comes with a spacing, origin or
        direction, or without `space`, or `space` without it.

    Examples
    --------
    >>> SourceArguments(spacing=(1, 1, 2)).axes is None
    True
    """

    where: str = "source"
    spacing: Sequence[float] | npt.NDArray[Any] | None = None
    origin: Sequence[float] | npt.NDArray[Any] | None = None
    direction: Any = None
    affine: Any = None
    space: str | None = None
    positions: Any = None
    axes: str | None = None
    time_point: int | None = None
    times: Any = None
    place_optional: bool = False
    part: str | None = None
    may_be_irregular: bool = False
    is_read_once: bool = False

    def __post_init__(self) -> None:
        for name in ("spacing", "origin", "direction", "affine"):
            _check_numbers(name, getattr(self, name))
        if self.affine is not None:
            self._check_affine()
        elif self.space is not None:
            raise GeometryError(
                code="space-without-affine",
                where="space",
                given=repr(self.space),
                expected="`space=` only together with `affine=`; spacing, origin and direction are "
                "always LPS",
                remedy="Pass the matrix as `affine=`, or leave `space=` out.",
            )

    @property
    def has_geometry(self) -> bool:
        """Whether any argument states geometry."""
        return not all(part is None for part in (*self._parts, self.affine, self.positions))

    @property
    def is_complete(self) -> bool:
        """Whether the arguments alone define the grid."""
        if self.positions is not None:
            return self.spacing is not None and self.direction is not None
        return self.affine is not None or all(part is not None for part in self._parts)

    @property
    def _parts(self) -> tuple[Any, Any, Any]:
        return self.spacing, self.origin, self.direction

    def _check_affine(self) -> None:
        names = ("spacing", "origin", "direction", "positions")
        others = [f"`{name}=`" for name in names if getattr(self, name) is not None]
        if others:
            raise GeometryError(
                code="geometry-given-twice",
                where="affine",
                given=f"`affine=` and {', '.join(others)}",
                expected="one of the two: an affine holds spacing, origin and direction",
                remedy=f"Drop {' and '.join(others)}, or drop `affine=`.",
            )
        if self.space is None:
            raise GeometryError(
                code="space-missing",
                where="space",
                given="`affine=` without `space=`",
                expected="'LPS' (DICOM, ITK, SimpleITK) or 'RAS' (NIfTI, nibabel)",
                remedy="Name the frame of the affine, e.g. `space='RAS'`.",
            )


def _check_numbers(name: str, values: Any) -> None:
    try:
        np.asarray(0 if values is None else values, dtype=np.float64)
    except (TypeError, ValueError):
        if name == "spacing" and _has_lists(values):
            raise GeometryError(
                code="spacing-uneven",
                where="spacing",
                given=repr(values),
                expected="three lengths: a series is written with even slices, one distance for "
                "all",
                remedy="Resample the array onto evenly spaced slices first (e.g. with SimpleITK or "
                "scipy.ndimage), and pass their `spacing=`.",
            ) from None
        raise GeometryError(
            code="geometry-not-numbers",
            where=name,
            given=repr(values),
            expected="numbers",
            remedy=f"Pass `{name}=` as a list or array of numbers.",
        ) from None


def _has_lists(values: Any) -> bool:
    """Return whether one of the lengths is a list."""
    try:
        return any(np.ndim(value) > 0 for value in values)
    except (TypeError, ValueError):
        return False


@dataclass(frozen=True, slots=True)
class Location:
    """A file or folder, and a part inside of it.

    Examples
    --------
    >>> location = Location(Path("volume.h5"), "scan/ct")
    >>> str(location), Location(Path("A.NII.GZ")).has_suffix(".nii", ".nii.gz")
    ('volume.h5::scan/ct', True)
    """

    path: Path
    member: str | None = None

    def __str__(self) -> str:
        if self.member is None:
            return str(self.path)
        return f"{self.path}::{self.member}"

    def has_suffix(self, *suffixes: str) -> bool:
        """Return whether the name has one of `suffixes`."""
        return self.path.name.lower().endswith(suffixes)


def locate(source: str | os.PathLike[str]) -> Location:
    """Return the place of an existing file or folder.

    Raises
    ------
    SourceError
        If nothing is there, it is an address on the network, or ``::`` names a part of what has
        none.

    Examples
    --------
    >>> import tempfile
    >>> locate(tempfile.gettempdir()).member is None
    True
    """
    text = os.fspath(source)
    path, _, member = text.partition("::")
    if member and not _exists(Path(text)):
        location = Location(Path(path), member)
        _check_member(location)
    else:
        location = Location(Path(text))
    if "://" in path and not _exists(location.path):
        raise SourceError(
            code="source-remote",
            where=text,
            given="an address on the network",
            expected="a local file, or an array that is already open",
            remedy="Open it first (zarr.open, xarray.open_zarr, dask.array.from_zarr, ...) and "
            "pass "
            "the array; of a file:// address pass the path behind it.",
        )
    if not text or not _exists(location.path):
        raise SourceError(
            code="file-missing",
            where=text or "path",
            given="no such file or folder",
            expected="an existing file of a known format",
            remedy="Check the path; a relative one starts from the working folder, and ~ is not "
            "replaced.",
        )
    return location


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that is too long, or a folder without permission
        return False


def _check_member(location: Location) -> None:
    if location.path.is_file() and not location.has_suffix(
        ".npz", ".h5", ".hdf5", ".mat", ".mrd", ".ismrmrd"
    ):
        raise SourceError(
            code="member-of-single-array",
            where=str(location),
            given=f"::{location.member}",
            expected="no part: this file holds one array",
            remedy=f"Leave it out: {location.path}.",
        )
