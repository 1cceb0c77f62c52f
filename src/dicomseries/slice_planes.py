"""`SlicePlanes`: slices that form no regular grid, each with its plane in LPS mm.

Gantry tilt, uneven spacing, missing slices, localizers and rotating projections are data, not
errors. Each slice has a position and an orientation (PS3.3 section C.7.6.2), or it is known that
it has none. Numbers of a regular grid, which do not exist here, raise a `GeometryError`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self, cast

import numpy as np
import numpy.typing as npt

from dicomseries.errors import GeometryError
from dicomseries.geometry import Direction, Grid, GridTexts, Space, Vector
from dicomseries.geometry_statement import STATED, Statement, rounding_allowed_mm
from dicomseries.short_repr import short_text

__all__ = [
    "IRREGULARITIES",
    "SAME_SPACING",
    "Irregularity",
    "SlicePlanes",
    "orientations_of",
    "positions_of",
]

Floats = npt.NDArray[np.float64]

_SAME_DIRECTION = 1e-4
"""Largest difference of direction cosines of parallel slices: four printed decimals."""
SAME_SPACING = 1e-3
"""Relative difference of pixel spacings that is rounding."""


class _Meaning(NamedTuple):
    """An irregularity in words: a name for lists, what the slices are, and how to go on."""

    name: str
    slices: str
    remedy: str


_EVEN = (
    "Put the slices on an even grid with `even='linear'` when you read them, or with "
    "volume.resample(); or choose a regular stretch with `slices=`."
)
_STACK = "Choose the slices of one orientation with `stack=`; the list of series names the stacks."
_EACH = "Use the slices one by one: volume[0], volume.positions_mm[0], volume.orientations[0]."

IRREGULARITIES: Mapping[str, _Meaning] = {
    "spacing-uneven": _Meaning("uneven", "unevenly spaced slices", _EVEN),
    "slices-missing": _Meaning("slices missing", "slices with gaps between them", _EVEN),
    "slices-sheared": _Meaning(
        "sheared",
        "slices that shift sideways (gantry tilt)",
        f"{_EVEN} NIfTI and NRRD hold evenly sheared slices as they are.",
    ),
    "mixed-orientations": _Meaning(
        "several orientations", "slices of several orientations", _STACK
    ),
    "pixel-spacing-differs": _Meaning(
        "several pixel spacings", "slices of several pixel spacings", _STACK
    ),
    "slices-rotating": _Meaning("rotating", "slices that rotate around an axis", _EACH),
    "position-missing": _Meaning("without position", "slices without a position", _EACH),
}
"""Code of an irregularity → its meaning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Irregularity:
    """A reason why slices form no regular grid.

    Parameters
    ----------
    code : str
        A key of `IRREGULARITIES`, such as ``"spacing-uneven"``.
    detail : str
        What was seen, with numbers.

    Raises
    ------
    ValueError
        If there is no such code.

    Examples
    --------
    >>> Irregularity(code="spacing-uneven", detail="gaps of 2 to 5 mm").name
    'uneven'
    """

    code: str
    detail: str

    def __post_init__(self) -> None:
        if self.code not in IRREGULARITIES:
            message = f"an irregularity is one of {', '.join(IRREGULARITIES)}, not {self.code}"
            raise ValueError(message)

    @property
    def name(self) -> str:
        """A word or two for lists: ``"uneven"``, ``"several orientations"``."""
        return IRREGULARITIES[self.code].name

    @property
    def remedy(self) -> str:
        """How to go on; begins with a verb."""
        return IRREGULARITIES[self.code].remedy


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class SlicePlanes(Grid):
    """Planes of slices that form no regular grid, LPS mm.

    It takes the place of a `Grid`. What each slice knows is here; a number that only a regular
    grid has (`spacing_mm`, `origin_lps`, `direction_lps`, `affine`, `axes` …) raises a
    `GeometryError` with the reason and a remedy.

    Parameters
    ----------
    shape : tuple of int
        Slices, rows, columns; each at least 1.
    spacings_mm : array_like, shape (2,) or (slices, 2)
        Distance of voxel centres in mm along x (columns) and y (rows), of all or of each slice.
    positions_lps : array_like, shape (slices, 3)
        Centre of the first voxel of each slice in LPS mm (ImagePositionPatient); NaN where unknown.
    orientations : array_like, shape (slices, 6)
        Cosines along which the column index, then the row index grows (ImageOrientationPatient);
        NaN where unknown.
    irregularities : tuple of Irregularity
        Why the slices form no grid; at least one. The first is that of errors.
    statement : Statement
        Certainty of these numbers, and notes. Without all positions there is no place.

    Raises
    ------
    GeometryError
        If the arrays do not fit the shape, or a spacing is not a length above 0.
    ValueError
        If there is no irregularity.

    Notes
    -----
    PS3.3 section C.7.6.2 (Image Plane).

    Examples
    --------
    >>> planes = SlicePlanes(
    ...     shape=(3, 4, 5), spacings_mm=(0.5, 0.75),
    ...     positions_lps=[(0, 0, 0), (0, 0, 2), (0, 0, 5)],
    ...     orientations=[(1, 0, 0, 0, 1, 0)] * 3,
    ...     irregularities=(Irregularity(code="spacing-uneven", detail="gaps of 2 and 3 mm"),),
    ... )
    >>> planes.position(2), planes.point(4, 0, 1), planes.normal
    ((0.0, 0.0, 5.0), (2.0, 0.0, 2.0), (0.0, 0.0, 1.0))
    >>> planes.affine()  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    dicomseries.errors.GeometryError: grid: expected a regular grid, given unevenly spaced ...
    """

    spacing_mm: Vector = field(init=False)
    origin_lps: Vector = field(init=False)
    direction_lps: Direction = field(init=False)
    texts: GridTexts | None = field(default=None, init=False)
    spacings_mm: Floats
    positions_lps: Floats
    orientations: Floats
    irregularities: tuple[Irregularity, ...]
    statement: Statement = STATED

    def __post_init__(self) -> None:
        checked = Grid(shape=self.shape, spacing_mm=(1.0, 1.0, 1.0))
        slices = checked.shape[0]
        object.__setattr__(self, "shape", checked.shape)
        object.__setattr__(self, "spacings_mm", _lengths(self.spacings_mm, slices))
        for name, size in (("positions_lps", 3), ("orientations", 6)):
            object.__setattr__(self, name, _rows(name, getattr(self, name), (slices, size)))
        object.__setattr__(self, "irregularities", tuple(self.irregularities))
        if not self.irregularities:
            message = "planes need a reason why they form no grid; make a Grid of regular slices"
            raise ValueError(message)
        if self.are_placed:
            return
        unplaced = replace(self.statement, origin="missing", direction="missing")
        object.__setattr__(self, "statement", unplaced)

    if not TYPE_CHECKING:  # a type checker knows the attributes of `Grid`

        def __getattr__(self, name: str) -> Any:
            # only reached for the numbers of a regular grid, which are never set
            if name in {"spacing_mm", "origin_lps", "direction_lps"}:
                raise self.error()
            message = f"{type(self).__name__} has no attribute {name!r}"
            raise AttributeError(message)

    def __repr__(self) -> str:
        return short_text(f"SlicePlanes of {self.shape} (slices, rows, columns): {self.summary}")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SlicePlanes):
            return NotImplemented
        return self.shape == other.shape and all(
            np.array_equal(getattr(self, name), getattr(other, name), equal_nan=True)
            for name in ("spacings_mm", "positions_lps", "orientations")
        )

    def __hash__(self) -> int:
        return hash((self.shape, self.positions_lps.tobytes(), self.orientations.tobytes()))

    def __reduce__(self) -> tuple[Any, ...]:
        names = ("shape", "spacings_mm", "positions_lps", "orientations", "irregularities")
        arguments = {name: getattr(self, name) for name in (*names, "statement")}
        return _planes, (arguments,)

    # ----------------------------------------------------------------------------- what is known
    @property
    def summary(self) -> str:
        """Names of the irregularities: ``"uneven, sheared"``."""
        return ", ".join(dict.fromkeys(each.name for each in self.irregularities))

    @property
    def codes(self) -> frozenset[str]:
        """Codes of the irregularities."""
        return frozenset(each.code for each in self.irregularities)

    @property
    def are_placed(self) -> bool:
        """Whether every slice has a position and an orientation."""
        known = np.isfinite(self.positions_lps).all() and np.isfinite(self.orientations).all()
        return bool(known)

    @property
    def are_parallel(self) -> bool:
        """Whether all slices have one known orientation."""
        if not np.isfinite(self.orientations).all():
            return False
        departure = float(np.abs(self.orientations - self.orientations[0]).max())
        return departure <= _SAME_DIRECTION

    @property
    def has_one_spacing(self) -> bool:
        """Whether all slices have one pixel spacing, within rounding."""
        return float(np.abs(self.spacings_mm / self.spacings_mm[0] - 1).max()) <= SAME_SPACING

    @property
    def pixel_spacing_mm(self) -> tuple[float, float]:
        """Common spacing in mm along x (columns) and y (rows); raises if there are several."""
        first = self.spacings_mm[0]
        if not self.has_one_spacing:
            raise self.error()
        return float(first[0]), float(first[1])

    @property
    def orientation(self) -> tuple[float, float, float, float, float, float]:
        """ImageOrientationPatient that all slices share; raises if there is none."""
        if not self.are_parallel:
            raise self.error()
        return self.orientation_of(0)

    @property
    def normal(self) -> Vector:
        """Row direction × column direction (LPS) of parallel slices; raises for others."""
        cosines = self.orientation
        normal = np.cross(cosines[:3], cosines[3:])
        return cast("Vector", tuple((normal / np.linalg.norm(normal) + 0.0).tolist()))

    @property
    def distances_mm(self) -> Floats:
        """Distance of each slice from the first along the normal of parallel slices."""
        distances: Floats = (self._placed() - self.positions_lps[0]) @ np.array(self.normal)
        return distances

    @property
    def is_right_handed(self) -> bool:
        """Whether the slices run along the normal; True if they have no common one."""
        if not (self.are_placed and self.are_parallel):
            return True
        return float(self.distances_mm[-1]) >= 0

    def orientation_of(self, slice_index: int) -> tuple[float, float, float, float, float, float]:
        """Return ImageOrientationPatient of a slice; raises if it is unknown."""
        cosines = self.orientations[slice_index].tolist()
        if not np.isfinite(cosines).all():
            raise self.error()
        return cast("tuple[float, float, float, float, float, float]", tuple(cosines))

    def position(self, slice_index: int) -> Vector:
        """Return ImagePositionPatient of a slice in LPS mm; raises if it is unknown."""
        position = self.positions_lps[slice_index].tolist()
        if not np.isfinite(position).all():
            raise self.error()
        return cast("Vector", tuple(position))

    def point(self, column: float, row: float, slice_index: float) -> Vector:
        """Return the LPS mm of an index; a fraction of a slice has no place."""
        if int(slice_index) != slice_index:
            raise self.error()
        index = int(slice_index)
        cosines = np.reshape(self.orientation_of(index), (2, 3))
        steps = np.array([column, row]) * self.spacings_mm[index]
        return cast("Vector", tuple((np.array(self.position(index)) + steps @ cosines).tolist()))

    def corners(self) -> tuple[Vector, ...]:
        """Return the LPS mm of the outermost voxel centres of parallel slices."""
        if not self.are_parallel:
            raise self.error()
        return Grid.corners(self)

    def sheared_affine(self, space: Space = "LPS") -> Floats:
        """Return the 4×4 matrix from (column, row, slice) to mm of evenly sheared slices.

        Parameters
        ----------
        space : {"LPS", "RAS"}
            Of the result.

        Raises
        ------
        GeometryError
            If the slices are irregular in another way: no matrix puts each in its place.

        Examples
        --------
        >>> tilted = SlicePlanes(
        ...     shape=(3, 4, 5), spacings_mm=(1, 1),
        ...     positions_lps=[(0, 0, 0), (0, 1, 2), (0, 2, 4)],
        ...     orientations=[(1, 0, 0, 0, 1, 0)] * 3,
        ...     irregularities=(Irregularity(code="slices-sheared", detail="2 mm sideways"),),
        ... )
        >>> tilted.sheared_affine()[:3, 2].tolist()
        [0.0, 1.0, 2.0]
        """
        if not self.is_evenly_sheared:
            raise self.error()
        x_mm, y_mm = self.pixel_spacing_mm
        cosines = np.reshape(self.orientation, (2, 3))
        matrix = np.eye(4)
        matrix[:3, 0], matrix[:3, 1] = cosines[0] * x_mm, cosines[1] * y_mm
        matrix[:3, 2] = (self.positions_lps[-1] - self.positions_lps[0]) / (self.shape[0] - 1)
        matrix[:3, 3] = self.positions_lps[0]
        signs = Grid(shape=(1, 1, 1), spacing_mm=(1.0, 1.0, 1.0)).affine(space)
        return np.asarray(signs @ matrix, np.float64)

    @property
    def is_evenly_sheared(self) -> bool:
        """Whether all slices take the same step, though not along the normal."""
        if self.codes != {"slices-sheared"} or self.shape[0] < 2:
            return False
        even = np.linspace(self.positions_lps[0], self.positions_lps[-1], self.shape[0])
        off = np.linalg.norm(self.positions_lps - even, axis=1)
        pixel_mm, step_mm = min(self.pixel_spacing_mm), float(np.linalg.norm(even[1] - even[0]))
        edge_mm = min(pixel_mm, step_mm)
        return float(off.max()) <= rounding_allowed_mm(self.positions_lps, edge_mm, pixel_mm)

    # ------------------------------------------------------------------------------- other planes
    def stated(self, statement: Statement) -> Self:
        """Return the planes with another statement."""
        return self._with(statement=statement)

    def pick(self, slices: Sequence[int]) -> Self:
        """Return the planes of selected slices, in the order of the indices."""
        chosen = list(slices)
        return self._with(
            shape=(len(chosen), *self.shape[1:]),
            spacings_mm=self.spacings_mm[chosen],
            positions_lps=self.positions_lps[chosen],
            orientations=self.orientations[chosen],
        )

    def flipped(self, axis: Literal["x", "y", "z"]) -> Self:
        """Return the planes of the array flipped along one axis."""
        if axis == "z":
            return self.pick(range(self.shape[0] - 1, -1, -1))
        i = "xy".index(axis)
        part = slice(3 * i, 3 * i + 3)
        reach = self.spacings_mm[:, i] * (self.shape[2 - i] - 1)
        orientations = self.orientations.copy()
        orientations[:, part] = -orientations[:, part] + 0.0  # without a negative zero
        positions = self.positions_lps + reach[:, None] * self.orientations[:, part]
        return self._with(positions_lps=positions, orientations=orientations)

    def along_normal(self) -> tuple[Self, bool]:
        """Return the planes along the normal, and whether reversed.

        Planes without a common normal keep their order.
        """
        return (self, False) if self.is_right_handed else (self.flipped("z"), True)

    def error(self, where: str = "grid") -> GeometryError:
        """Return the error of an operation that needs a regular grid."""
        first = self.irregularities[0]
        meaning = IRREGULARITIES[first.code]
        others = [each.name for each in self.irregularities[1:] if each.code != first.code]
        given = f"{meaning.slices}: {first.detail}"
        if others:
            given += f" (also {', '.join(dict.fromkeys(others))})"
        return GeometryError(
            code=first.code,
            where=where,
            given=given,
            expected="a regular grid",
            remedy=meaning.remedy,
        )

    def _placed(self) -> Floats:
        if not self.are_placed:
            raise self.error()
        return self.positions_lps

    def _with(self, **changes: Any) -> Self:
        _, (arguments,) = self.__reduce__()
        return type(self)(**(arguments | changes))


def positions_of(grid: Grid) -> Floats:
    """Return ImagePositionPatient of each slice in LPS mm, shape (slices, 3).

    NaN where the position is not stated.

    Examples
    --------
    >>> positions_of(Grid(shape=(2, 4, 5), spacing_mm=(1, 1, 2))).tolist()
    [[0.0, 0.0, 0.0], [0.0, 0.0, 2.0]]
    """
    if isinstance(grid, SlicePlanes):
        return grid.positions_lps
    if not grid.statement.has_place:
        return np.full((grid.shape[0], 3), np.nan)
    step = np.array(grid.axes[2]) * grid.spacing_mm[2]
    return np.asarray(grid.origin_lps + np.outer(np.arange(grid.shape[0]), step), np.float64)


def orientations_of(grid: Grid) -> Floats:
    """Return ImageOrientationPatient of each slice, shape (slices, 6).

    NaN where it is not stated.

    Examples
    --------
    >>> orientations_of(Grid(shape=(1, 4, 5), spacing_mm=(1, 1, 2))).tolist()
    [[1.0, 0.0, 0.0, 0.0, 1.0, 0.0]]
    """
    if isinstance(grid, SlicePlanes):
        return grid.orientations
    if not grid.statement.has_place:
        return np.full((grid.shape[0], 6), np.nan)
    return np.tile(np.asarray(grid.orientation, np.float64), (grid.shape[0], 1))


def _planes(arguments: Mapping[str, Any]) -> SlicePlanes:
    """Return planes again, for pickle."""
    return SlicePlanes(**arguments)


def _rows(name: str, values: Any, shape: tuple[int, int]) -> Floats:
    rows = np.array(values, np.float64)
    if rows.shape != shape:
        raise _unfit_rows(name, rows.shape, shape)
    rows.flags.writeable = False
    return rows


def _lengths(values: Any, slices: int) -> Floats:
    lengths = np.array(values, np.float64)
    if lengths.shape == (2,):
        lengths = np.tile(lengths, (slices, 1))
    if lengths.shape != (slices, 2):
        raise _unfit_rows("spacings_mm", lengths.shape, (slices, 2))  # noqa: EM101 - a name
    if not (np.isfinite(lengths).all() and float(lengths.min()) > 0):
        raise GeometryError(
            code="spacing-not-positive",
            where="spacings_mm",
            given=lengths.tolist(),
            expected="lengths above 0 mm along x (columns) and y (rows)",
            remedy="Give the size of the voxels in mm.",
        )
    lengths.flags.writeable = False
    return lengths


def _unfit_rows(name: str, given: tuple[int, ...], expected: tuple[int, int]) -> GeometryError:
    return GeometryError(
        code="planes-do-not-fit",
        where=name,
        given=f"an array of shape {given}",
        expected=f"shape {expected}, a row for each slice",
        remedy="Give the position and the orientation of every slice, NaN where unknown.",
    )
