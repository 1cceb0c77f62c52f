"""`Grid`: regular right-angled voxel grid in LPS mm.

Patient coordinates are DICOM's: x grows to the patient's Left, y to the Posterior, z to the
Superior (PS3.3 section C.7.6.2.1.1). In RAS (NIfTI, nibabel) x and y have the other sign.
"""

from __future__ import annotations

import decimal
import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self, cast

import numpy as np
import numpy.typing as npt

from dicomseries.errors import GeometryError
from dicomseries.geometry_statement import STATED, Statement
from dicomseries.short_repr import record_repr
from dicomseries.standard.attributes.decimal_string import format_ds

__all__ = [
    "EVENNESS_TOLERANCE",
    "SHEAR_TOLERANCE",
    "Grid",
    "GridTexts",
    "Space",
    "Vector",
    "all_position_texts",
]

Vector = tuple[float, float, float]
Direction = tuple[float, float, float, float, float, float, float, float, float]
Space = Literal["LPS", "RAS"]

SHEAR_TOLERANCE = 1e-5
"""Largest accepted departure of direction cosines from a right-angled unit frame (no unit).

NIfTI's float32 affines reach about 1e-6. Readers ignore a shear (SimpleITK, Cornerstone3D): it
is rejected before it moves a voxel visibly. 1e-5 is 5 µm at half a metre.
"""

EVENNESS_TOLERANCE = 1e-6
"""Largest uneven step of printed positions, as a part of the spacing; ITK warns above it."""

_IDENTITY: Direction = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
_EXACT = 1e-14  # a frame this close to right-angled is not changed


@dataclass(frozen=True, slots=True, kw_only=True)
class GridTexts:
    """Decimal strings of a header for a grid.

    Parameters
    ----------
    spacing : tuple of str
        mm along x (columns), y (rows), z (slices).
    orientation : tuple of str
        ImageOrientationPatient.
    positions : tuple of tuple of str, optional
        ImagePositionPatient of each slice in LPS mm; None if the grid prints them.

    Examples
    --------
    >>> axial = ("1", "0", "0", "0", "1", "0")
    >>> GridTexts(spacing=("0.90", "0.7", "2.5"), orientation=axial).spacing[0]
    '0.90'
    """

    spacing: tuple[str, str, str]
    orientation: tuple[str, ...]
    positions: tuple[tuple[str, ...], ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Voxel centres of an array in LPS mm.

    Parameters
    ----------
    shape : tuple of int
        Slices, rows, columns; each at least 1.
    spacing_mm : tuple of float
        Distance between voxel centres in mm along x (columns), y (rows), z (slices): ITK's order.
    origin_lps : tuple of float
        Centre of voxel (0, 0, 0) in LPS mm.
    direction_lps : tuple of float
        Nine direction cosines, row by row, as ITK prints them: the columns of the 3×3 matrix are
        the unit vectors along which the column, row and slice index grow.
    texts : GridTexts, optional
        These numbers as printed in another header, to be written again; not compared. A turned
        grid has none.
    statement : Statement
        Certainty of these numbers and their space; equal grids may differ in it.

    Raises
    ------
    GeometryError
        If a number is not finite, a spacing not positive, or the directions not at right angles
        (tolerance 1e-5). Smaller departures are snapped to the nearest right-angled frame.

    Notes
    -----
    PS3.3 sections C.7.6.2 (Image Plane) and C.7.4.1 (Frame of Reference).

    Examples
    --------
    >>> grid = Grid(shape=(3, 4, 5), spacing_mm=(2.5, 3.5, 4.5))
    >>> grid.position(2)
    (0.0, 0.0, 9.0)
    """

    shape: tuple[int, int, int]
    spacing_mm: Vector
    origin_lps: Vector = (0.0, 0.0, 0.0)
    direction_lps: Direction = _IDENTITY
    texts: GridTexts | None = field(default=None, compare=False, repr=False)
    statement: Statement = field(default=STATED, compare=False, repr=False)

    __repr__ = record_repr

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", _shape(self.shape))
        object.__setattr__(self, "spacing_mm", _spacing(self.spacing_mm))
        object.__setattr__(self, "origin_lps", _numbers("origin_lps", self.origin_lps, 3))
        cosines = _numbers("direction_lps", self.direction_lps, 9)
        object.__setattr__(self, "direction_lps", _right_angled(cosines, SHEAR_TOLERANCE))

    @classmethod
    def from_spacing(
        cls,
        shape: Sequence[int],
        spacing: Sequence[float] | npt.NDArray[Any],
        *,
        origin: Sequence[float] | npt.NDArray[Any] | None = None,
        direction: Any = None,
        tolerance: float = SHEAR_TOLERANCE,
    ) -> Self:
        """Build a grid from spacing, origin and direction (ITK).

        Parameters
        ----------
        shape : sequence of int
            Slices, rows, columns.
        spacing : sequence of float
            mm along x (columns), y (rows), z (slices).
        origin : sequence of float, optional
            LPS mm of voxel (0, 0, 0); (0, 0, 0) if not given.
        direction : array_like, optional
            Nine cosines (3×3, its columns are the axes), or six as ImageOrientationPatient has
            them; axial if not given.
        tolerance : float
            Largest departure from right angles that is snapped; readers of old files need more
            than the writer's 1e-5.

        Raises
        ------
        GeometryError
            As for the class.

        Examples
        --------
        >>> sagittal = (0, 1, 0, 0, 0, -1)
        >>> Grid.from_spacing((3, 4, 5), (2.5, 3.5, 4.5), direction=sagittal).normal
        (-1.0, 0.0, 0.0)
        """
        cosines = _IDENTITY if direction is None else _cosines(direction)
        return cls(
            shape=cast("tuple[int, int, int]", tuple(shape)),
            spacing_mm=cast("Vector", tuple(spacing)),
            origin_lps=cast("Vector", tuple(origin) if origin is not None else (0.0, 0.0, 0.0)),
            direction_lps=_right_angled(_numbers("direction", cosines, 9), tolerance),
        )

    @classmethod
    def from_affine(
        cls, shape: Sequence[int], affine: npt.ArrayLike, *, space: Space | str
    ) -> Self:
        """Build a grid from an affine matrix to mm.

        Parameters
        ----------
        shape : sequence of int
            Slices, rows, columns.
        affine : array_like, shape (4, 4) or (3, 4)
            Last row 0 0 0 1. nibabel's affine of an array in (x, y, z) order is of this form.
        space : {"LPS", "RAS"}
            The frame of the result, never guessed; nibabel's is RAS, ITK's LPS.

        Raises
        ------
        GeometryError
            For a shear, a zero or non-finite column, or an unknown `space`.

        Examples
        --------
        >>> affine = [[-2, 0, 0, 9], [0, 2, 0, 8], [0, 0, 3, 7]]
        >>> grid = Grid.from_affine((3, 4, 5), affine, space="RAS")
        >>> grid.spacing_mm, grid.origin_lps, grid.is_right_handed
        ((2.0, 2.0, 3.0), (-9.0, -8.0, 7.0), False)
        """
        matrix = _matrix(affine)
        flip = np.diag(_signs(space))
        axes = flip @ matrix[:3, :3]
        lengths = np.array(list(map(_length, axes.T.tolist())))
        if not np.all(lengths > 0):
            raise GeometryError(
                code="affine-singular",
                where="affine",
                given=lengths.tolist(),
                expected="three columns with a length above 0 mm",
                remedy="Give each axis its voxel size, also a single slice its thickness.",
            )
        return cls(
            shape=cast("tuple[int, int, int]", tuple(shape)),
            spacing_mm=cast("Vector", tuple(lengths.tolist())),
            origin_lps=cast("Vector", tuple((flip @ matrix[:3, 3]).tolist())),
            direction_lps=cast("Direction", tuple((axes / lengths).ravel().tolist())),
        )

    def stated(self, statement: Statement) -> Self:
        """Return the grid with another statement."""
        return replace(self, statement=statement)

    @property
    def axes(self) -> tuple[Vector, Vector, Vector]:
        """Unit vectors (LPS) along growing column, row and slice index."""
        d = self.direction_lps
        return (d[0], d[3], d[6]), (d[1], d[4], d[7]), (d[2], d[5], d[8])

    @property
    def normal(self) -> Vector:
        """Row direction × column direction (LPS); slices follow it."""
        (ax, ay, az), (bx, by, bz), _ = self.axes
        return ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx

    @property
    def is_right_handed(self) -> bool:
        """Whether the slices run along the normal."""
        return sum(a * b for a, b in zip(self.normal, self.axes[2], strict=True)) > 0

    @property
    def orientation(self) -> tuple[float, float, float, float, float, float]:
        """ImageOrientationPatient.

        Cosines along which the column index, then the row index grows.
        """
        x, y, _ = self.axes
        return (*x, *y)

    def affine(self, space: Space = "LPS") -> npt.NDArray[np.float64]:
        """Return the 4×4 matrix from (column, row, slice) to mm.

        Examples
        --------
        >>> Grid(shape=(1, 2, 3), spacing_mm=(1, 2, 3)).affine("RAS").diagonal().tolist()
        [-1.0, -2.0, 3.0, 1.0]
        """
        matrix = np.eye(4)
        matrix[:3, :3] = np.reshape(self.direction_lps, (3, 3)) * self.spacing_mm
        matrix[:3, 3] = self.origin_lps
        return np.diag([*_signs(space), 1.0]) @ matrix

    def point(self, column: float, row: float, slice_index: float) -> Vector:
        """Return the LPS mm of an index (fractions allowed)."""
        dx, dy, dz = self.spacing_mm
        steps = column * dx, row * dy, slice_index * dz
        x, y, z = self.axes
        point = [
            self.origin_lps[i] + x[i] * steps[0] + y[i] * steps[1] + z[i] * steps[2]
            for i in range(3)
        ]
        return point[0], point[1], point[2]

    def position(self, slice_index: int) -> Vector:
        """Return ImagePositionPatient of a slice in LPS mm."""
        return self.point(0, 0, slice_index)

    def corners(self) -> tuple[Vector, ...]:
        """Return the LPS mm of the eight outermost voxel centres."""
        slices, rows, columns = self.shape
        indices = itertools.product((0, slices - 1), (0, rows - 1), (0, columns - 1))
        return tuple(self.point(x, y, z) for z, y, x in indices)

    def flipped(self, axis: Literal["x", "y", "z"]) -> Self:
        """Return the grid of the array flipped along one axis.

        Examples
        --------
        >>> Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 2)).flipped("z").origin_lps
        (0.0, 0.0, 4.0)
        """
        i = "xyz".index(axis)
        index = [0, 0, 0]
        index[i] = self.shape[2 - i] - 1
        direction = list(self.direction_lps)
        for row in range(3):
            direction[3 * row + i] = -direction[3 * row + i] + 0.0  # without a negative zero
        return replace(
            self,
            origin_lps=self.point(*index),
            direction_lps=cast("Direction", tuple(direction)),
            texts=None,
        )

    def along_normal(self) -> tuple[Self, bool]:
        """Return the grid along the normal, and whether reversed.

        Examples
        --------
        >>> affine = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, -2, 0]]
        >>> Grid.from_affine((3, 4, 5), affine, space="LPS").along_normal()[1]
        True
        """
        return (self, False) if self.is_right_handed else (self.flipped("z"), True)

    def orientation_texts(self) -> tuple[str, ...]:
        """Return ImageOrientationPatient as DS texts."""
        if self.texts is not None:
            return self.texts.orientation
        return tuple(map(format_ds, self.orientation))

    def spacing_texts(self) -> tuple[str, ...]:
        """Return the spacing (x, y, z) in mm as DS texts."""
        if self.texts is not None:
            return self.texts.spacing
        return tuple(map(format_ds, self.spacing_mm))

    def position_texts(self, slice_index: int) -> tuple[str, ...]:
        """Return ImagePositionPatient of a slice as DS texts."""
        if self.texts is not None and self.texts.positions is not None:
            return self.texts.positions[slice_index]
        return tuple(map(format_ds, self.position(slice_index)))

    def check_printed(self) -> None:
        """Reject a grid with uneven positions in DS texts.

        Raises
        ------
        GeometryError
            If DS cannot distinguish the slices: the origin is too far out, or the spacing too
            small.
        """
        if self.texts is not None and self.texts.positions is not None:
            return  # texts of another header, compared with these numbers when it was read
        allowed = EVENNESS_TOLERANCE * min(self.spacing_mm)
        last = self.shape[0] - 1
        for index in sorted({0, min(1, last), last // 2, max(last - 1, 0), last}):
            exact = self.position(index)
            error = math.inf  # beyond float64
            if all(map(math.isfinite, exact)):
                error = max(abs(value - float(format_ds(value))) for value in exact)
            if error > allowed:
                raise GeometryError(
                    code="position-not-printable",
                    where="ImagePositionPatient",
                    given=f"{exact} mm, an error of {error:.3g} mm in slice {index} once printed",
                    expected=f"at most {allowed:.3g} mm in the 16 characters of a DS value (PS3.5 "
                    "section 6.2)",
                    remedy="Move the origin nearer to 0, or check that spacing and origin are in "
                    "mm.",
                )


def all_position_texts(grid: Grid, slices: Sequence[int] | None = None) -> list[tuple[str, ...]]:
    """Return `Grid.position_texts` of many slices quickly.

    Parameters
    ----------
    grid : Grid
        Of the series.
    slices : sequence of int, optional
        Indices of slices, from 0; all if left out.

    Examples
    --------
    >>> all_position_texts(Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 2.5)))
    [('0', '0', '0'), ('0', '0', '2.5'), ('0', '0', '5')]
    """
    wanted = range(grid.shape[0]) if slices is None else slices
    if grid.texts is not None and grid.texts.positions is not None:
        return [grid.texts.positions[index] for index in wanted]
    steps = np.asarray(wanted) * grid.spacing_mm[2]
    columns = []
    for start, cosine in zip(grid.origin_lps, grid.axes[2], strict=True):
        numbers = (start + cosine * steps).tolist()
        # if slices are along an axis of the patient, most coordinates are equal in all of them
        text = {number: format_ds(number) for number in dict.fromkeys(numbers)}
        columns.append([text[number] for number in numbers])
    return list(zip(*columns, strict=True))


def _shape(shape: Iterable[Any]) -> tuple[int, int, int]:
    sizes = tuple(shape)
    is_count = [int(size) == size and size >= 1 for size in sizes]
    if len(sizes) != 3 or not all(is_count):
        raise GeometryError(
            code="shape-not-3d",
            where="shape",
            given=sizes,
            expected="three whole numbers (slices, rows, columns), each at least 1",
            remedy="Name the array's axes with `axes=`, e.g. `axes='xyz'`, or add the missing one.",
        )
    return int(sizes[0]), int(sizes[1]), int(sizes[2])


def _numbers(where: str, values: Iterable[Any], count: int) -> tuple[Any, ...]:
    try:
        numbers = tuple(map(float, values))
    except (TypeError, ValueError):
        numbers = ()
    if len(numbers) != count or not all(map(math.isfinite, numbers)):
        raise GeometryError(
            code="geometry-not-finite",
            where=where,
            given=values,
            expected=f"{count} finite numbers",
            remedy="Replace missing, NaN and infinite numbers; the file's header may be damaged.",
        )
    return numbers


def _spacing(values: Iterable[Any]) -> Vector:
    if min(spacing := _numbers("spacing_mm", values, 3)) <= 0:
        raise GeometryError(
            code="spacing-not-positive",
            where="spacing_mm",
            given=spacing,
            expected="three lengths above 0 mm, in the order x (columns), y (rows), z (slices)",
            remedy="Give a flipped axis as a direction of -1, not as a negative spacing.",
        )
    return cast("Vector", spacing)


def _cosines(direction: Any) -> Any:
    """Return nine cosines from 3×3, nine, or six."""
    flat = np.asarray(direction, dtype=np.float64).ravel()
    if flat.size != 6:
        return tuple(flat.tolist())
    x, y = flat[:3], flat[3:]
    return tuple(np.column_stack([x, y, np.cross(x, y)]).ravel())


def _right_angled(cosines: Any, tolerance: float) -> Direction:
    """Return the nearest right-angled unit frame within `tolerance`."""
    matrix = np.reshape(np.asarray(cosines, dtype=np.float64), (3, 3))
    departure = float(np.abs(matrix.T @ matrix - np.eye(3)).max())
    if departure > tolerance:
        raise GeometryError(
            code="axes-not-right-angled",
            where="direction_lps",
            given=f"{tuple(matrix.ravel().round(6).tolist())}, off by {departure:.3g}",
            expected=f"unit vectors at right angles, within {tolerance:g}; readers drop shear",
            remedy="Resample onto a right-angled grid, or fix the affine (sform or qform).",
        )
    if departure > _EXACT:
        left, _, right = np.linalg.svd(matrix)
        matrix = left @ right
    return cast("Direction", tuple((matrix.ravel() + 0.0).tolist()))  # without negative zeros


def _matrix(affine: npt.ArrayLike) -> npt.NDArray[np.float64]:
    try:
        matrix = np.asarray(affine, dtype=np.float64)
    except (TypeError, ValueError):
        matrix = np.empty(0)
    is_affine = matrix.shape in {(4, 4), (3, 4)} and bool(np.isfinite(matrix).all())
    if is_affine and matrix.shape == (4, 4):
        is_affine = np.array_equal(matrix[3], (0, 0, 0, 1))
    if not is_affine:
        raise GeometryError(
            code="affine-malformed",
            where="affine",
            given=affine,
            expected="4×4 finite numbers with the last row 0 0 0 1",
            remedy="Pass the matrix from (column, row, slice) indices to mm, origin in column 4.",
        )
    return matrix


def _length(vector: Iterable[float]) -> float:
    """Return the Euclidean length, rounded alike by every C library, unlike `math.hypot`."""
    with decimal.localcontext(prec=50):
        return float(decimal.Decimal(sum(decimal.Decimal(part) ** 2 for part in vector)).sqrt())


def _signs(space: str) -> tuple[float, float, float]:
    if space == "LPS":
        return 1.0, 1.0, 1.0
    if space == "RAS":
        return -1.0, -1.0, 1.0
    raise GeometryError(
        code="space-unknown",
        where="space",
        given=space,
        expected="'LPS' (DICOM, ITK, SimpleITK) or 'RAS' (NIfTI, nibabel)",
        remedy="Name the frame of the affine's result, e.g. `space='RAS'`.",
    )
