"""`WrittenPlanes`: planes of slices with the texts that a header gets.

The numbers of `SlicePlanes` as a series states them: a position and an orientation for each slice,
the thickness of the slices, and SpacingBetweenSlices where one distance holds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Self, cast

import numpy as np
import numpy.typing as npt

from dicomseries.errors import GeometryError
from dicomseries.geometry import EVENNESS_TOLERANCE, Grid, GridTexts, Vector
from dicomseries.geometry_statement import STATED, Statement
from dicomseries.lazy_dataclass import dataclass
from dicomseries.slice_planes import Irregularity, SlicePlanes
from dicomseries.standard.attributes.decimal_string import format_ds

__all__ = [
    "PlaneTexts",
    "WrittenPlanes",
    "arguments_of",
    "content_of",
    "grid_of_planes",
    "irregular_places",
    "plane_of",
    "written_planes",
]

Floats = npt.NDArray[np.float64]

_EVEN = 5e-4
"""Departure from one distance, as part of it, within which SpacingBetweenSlices is true."""
_REGULAR = 1e-6
"""Departure from even slices, as part of the spacing, that is none."""
_SIDEWAYS = 1e-5
"""Sideways shift of each slice, as part of the distance, that is no shear."""
_SAME_DIRECTION = 1e-4
"""Largest difference of direction cosines of parallel slices: four printed decimals."""
_MULTIPLE = 0.01
"""Departure of gaps from whole steps, in steps, where slices are missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaneTexts:
    """Decimal strings of the header of each slice.

    Parameters
    ----------
    spacing : tuple of str
        mm along x (columns) and y (rows).
    positions : tuple of tuple of str
        ImagePositionPatient of each slice.
    orientations : tuple of tuple of str
        ImageOrientationPatient of each slice.
    between : str, optional
        SpacingBetweenSlices, where one distance holds.
    thickness : str, optional
        SliceThickness, where something states it.

    Examples
    --------
    >>> texts = PlaneTexts(
    ...     spacing=("0.70", "0.70"), positions=(("0", "0", "1.50"),),
    ...     orientations=(("1", "0", "0", "0", "1", "0"),),
    ... )
    >>> texts.between is None
    True
    """

    spacing: tuple[str, str]
    positions: tuple[tuple[str, ...], ...]
    orientations: tuple[tuple[str, ...], ...]
    between: str | None = None
    thickness: str | None = None

    def reversed(self) -> PlaneTexts:
        """Return the texts of the slices in opposite order."""
        return replace(self, positions=self.positions[::-1], orientations=self.orientations[::-1])


class WrittenPlanes(SlicePlanes):
    """Planes of slices as a series states them.

    Made by `written_planes`.

    Parameters
    ----------
    thickness_mm : float, optional
        Thickness of the slices; None if nothing states it.
    printed : PlaneTexts, optional
        Texts of another header for these numbers; made from the numbers if left out.
    **planes
        As of `SlicePlanes`.
    """

    __slots__ = ("printed", "thickness_mm")

    thickness_mm: float | None
    printed: PlaneTexts

    def __init__(
        self,
        *,
        thickness_mm: float | None = None,
        printed: PlaneTexts | None = None,
        **planes: Any,
    ) -> None:
        super().__init__(**planes)
        object.__setattr__(self, "thickness_mm", thickness_mm)
        if printed is None:
            printed = self._own_texts()
        object.__setattr__(self, "printed", printed)
        thickness = printed.thickness or ""
        if thickness_mm is not None and not thickness:
            thickness = format_ds(thickness_mm)
        texts = GridTexts(
            spacing=(*printed.spacing, thickness),
            orientation=printed.orientations[0],
            positions=printed.positions,
        )
        object.__setattr__(self, "texts", texts)

    def _own_texts(self) -> PlaneTexts:
        x, y = self.pixel_spacing_mm
        rows = [tuple(map(format_ds, row)) for row in self.orientations.tolist()]
        if self.are_parallel:
            rows = [rows[0]] * len(rows)
        gap = self.common_gap_mm
        return PlaneTexts(
            spacing=(format_ds(x), format_ds(y)),
            positions=tuple(tuple(map(format_ds, row)) for row in self.positions_lps.tolist()),
            orientations=tuple(rows),
            between=None if gap is None else format_ds(gap),
        )

    def __reduce__(self) -> tuple[Any, ...]:
        _, (arguments,) = super().__reduce__()
        return _again, ({**arguments, "thickness_mm": self.thickness_mm, "printed": self.printed},)

    def _with(self, **changes: Any) -> Self:
        _, (arguments,) = self.__reduce__()
        if set(changes) - {"statement"}:  # other numbers, other texts
            arguments["printed"] = None
        return type(self)(**(arguments | changes))

    def with_texts(self, printed: PlaneTexts) -> Self:
        """Return the planes with other texts for the same numbers."""
        _, (arguments,) = self.__reduce__()
        return type(self)(**{**arguments, "printed": printed})

    @property
    def common_gap_mm(self) -> float | None:
        """Distance between all slices along their normal in mm; None if there is none."""
        if self.shape[0] < 2 or not self.are_parallel:
            return None
        gaps = np.abs(np.diff(self.distances_mm))
        mean = float(gaps.mean())
        if float(np.abs(gaps - mean).max()) > _EVEN * mean:
            return None
        return mean

    @property
    def usual_gap_mm(self) -> float:
        """Smallest distance of neighbours in mm, for tolerances."""
        if self.shape[0] < 2:
            return self.thickness_mm or 1.0
        steps = np.linalg.norm(np.diff(self.positions_lps, axis=0), axis=1)
        apart = steps[steps > 0]
        return float(apart.min()) if apart.size else 1.0

    @property
    def has_one_orientation(self) -> bool:
        """Whether all slices state one orientation."""
        return len(set(self.printed.orientations)) == 1

    def regular_plane(self) -> Grid:
        """Return a grid with the rows and columns of the first slice, for questions about these.

        Its slices run along the normal if these do.
        """
        first = np.reshape(self.orientation_of(0), (2, 3))
        normal = np.cross(first[0], first[1])
        if not self.is_right_handed:
            normal = -normal
        return Grid(
            shape=self.shape,
            spacing_mm=(*self.pixel_spacing_mm, 1.0),
            origin_lps=self.position(0),
            direction_lps=cast("Any", tuple(np.column_stack([*first, normal]).ravel().tolist())),
            statement=self.statement,
        )

    def slice_corners(self) -> Floats:
        """Return the corner voxels of each slice in LPS mm, shape (slices, 4, 3)."""
        slices, rows, columns = self.shape
        across = self.orientations[:, :3] * (self.spacings_mm[:, :1] * (columns - 1))
        down = self.orientations[:, 3:] * (self.spacings_mm[:, 1:] * (rows - 1))
        corners = np.stack([0 * across, across, down, across + down], axis=1)
        return np.asarray(corners + self.positions_lps.reshape(slices, 1, 3), np.float64)

    def flipped(self, axis: Any) -> Self:
        """Return the planes of the array flipped along one axis."""
        turned = super().flipped(axis)
        if axis != "z":
            return turned
        _, (arguments,) = turned.__reduce__()
        return type(self)(**{**arguments, "printed": self.printed.reversed()})

    def turned(self, order: tuple[int, int, int], flips: tuple[bool, bool, bool]) -> Self:
        """Return the planes of the array with turned rows and columns.

        Parameters
        ----------
        order, flips : tuple
            As of `Turn`. Slices stay slices.

        Raises
        ------
        GeometryError
            If slices would become rows or columns.
        """
        if order[2] != 2:
            raise self._not_turnable()
        planes = self
        for axis, is_flipped in zip(order, flips, strict=True):
            if is_flipped:
                planes = planes.flipped("xyz"[axis])
        if order[0] == 0:
            return planes
        return planes.transposed()

    def transposed(self) -> Self:
        """Return the planes of the array with rows and columns exchanged."""
        slices, rows, columns = self.shape
        return self._with(
            shape=(slices, columns, rows),
            spacings_mm=self.spacings_mm[:, ::-1],
            orientations=np.roll(self.orientations, 3, axis=1),
        )

    def _not_turnable(self) -> GeometryError:
        return GeometryError(
            code="slices-not-turnable",
            where="orient",
            given=f"slices on separate planes ({self.summary})",
            expected="slices that stay slices: across them, pixels are not even",
            remedy="Leave `orient=` out, or pass `orient='upright'` or 'as-is'.",
        )

    def check_printed(self) -> None:
        """Reject positions that DS texts cannot hold.

        Raises
        ------
        GeometryError
            As of `Grid`.
        """
        allowed = EVENNESS_TOLERANCE * min(*self.pixel_spacing_mm, self.usual_gap_mm)
        printed = np.array(self.printed.positions, np.float64)
        errors = np.abs(printed - self.positions_lps).max(axis=1)
        index = int(np.argmax(errors))
        if not math.isfinite(errors[index]) or errors[index] > allowed:
            raise GeometryError(
                code="position-not-printable",
                where="ImagePositionPatient",
                given=f"{self.position(index)} mm, an error of {errors[index]:.3g} mm in slice "
                f"{index} once printed",
                expected=f"at most {allowed:.3g} mm in the 16 characters of a DS value (PS3.5 "
                "section 6.2)",
                remedy="Move the origin nearer to 0, or check that positions are in mm.",
            )


def written_planes(
    planes: SlicePlanes, *, thickness_mm: float | None = None, printed: PlaneTexts | None = None
) -> WrittenPlanes:
    """Return planes with the texts of their headers.

    Parameters
    ----------
    planes : SlicePlanes
        With a position and an orientation of each slice.
    thickness_mm : float, optional
        Thickness of the slices.
    printed : PlaneTexts, optional
        Texts of another header.

    Raises
    ------
    GeometryError
        If a slice has no place, or slices have different pixel spacings.
    """
    if not planes.are_placed:
        raise planes.error()
    return WrittenPlanes(
        shape=planes.shape,
        spacings_mm=planes.spacings_mm,
        positions_lps=planes.positions_lps,
        orientations=planes.orientations,
        irregularities=planes.irregularities,
        statement=planes.statement,
        thickness_mm=thickness_mm,
        printed=printed,
    )


def grid_of_planes(
    shape: Sequence[int],
    pixel_spacing: Sequence[float],
    positions: npt.ArrayLike,
    orientations: npt.ArrayLike,
    *,
    thickness_mm: float | None = None,
    printed: PlaneTexts | None = None,
    statement: Statement = STATED,
) -> Grid:
    """Return the grid of slices at positions: regular, or planes.

    Parameters
    ----------
    shape : sequence of int
        Slices, rows, columns.
    pixel_spacing : sequence of 2 float
        mm along x (columns) and y (rows).
    positions : array_like, shape (slices, 3)
        Centre of the first voxel of each slice in LPS mm.
    orientations : array_like, shape (6,) or (slices, 6)
        Cosines of columns and rows.
    thickness_mm : float, optional
        Thickness of the slices; of a single slice its distance to the next.
    printed : PlaneTexts, optional
        Texts of another header.
    statement : Statement
        Certainty of these numbers.

    Raises
    ------
    GeometryError
        If the numbers do not fit, are not finite, or directions are not at right angles.

    Examples
    --------
    >>> axial = (1, 0, 0, 0, 1, 0)
    >>> grid_of_planes((3, 4, 5), (1, 1), [(0, 0, 0), (0, 0, 2), (0, 0, 4)], axial).spacing_mm
    (1.0, 1.0, 2.0)
    >>> planes = grid_of_planes((3, 4, 5), (1, 1), [(0, 0, 0), (0, 0, 2), (0, 0, 7)], axial)
    >>> planes.summary, planes.position_texts(2)
    ('uneven', ('0', '0', '7'))
    """
    places = np.asarray(positions, np.float64).reshape(-1, 3)
    cosines = np.asarray(orientations, np.float64)
    if cosines.ndim == 1:
        cosines = np.tile(cosines, (len(places), 1))
    x, y = float(pixel_spacing[0]), float(pixel_spacing[1])
    reasons = _irregularities(places, cosines)
    if reasons:
        return WrittenPlanes(
            shape=tuple(shape),
            spacings_mm=(x, y),
            positions_lps=places,
            orientations=cosines,
            irregularities=reasons,
            statement=statement,
            thickness_mm=thickness_mm,
            printed=printed,
        )
    normal = np.cross(cosines[0, :3], cosines[0, 3:])
    step = thickness_mm or 1.0
    if len(places) > 1:
        step = float((places[-1] - places[0]) @ normal) / (len(places) - 1)
    axes = np.column_stack([cosines[0, :3], cosines[0, 3:], normal * np.sign(step)])
    return Grid(
        shape=cast("tuple[int, int, int]", tuple(shape)),
        spacing_mm=(x, y, abs(step)),
        origin_lps=cast("Vector", tuple(places[0].tolist())),
        direction_lps=cast("Any", tuple((axes.ravel() + 0.0).tolist())),
        statement=statement,
    )


def plane_of(grid: Grid) -> Grid | None:
    """Return a grid with the directions of rows, columns and slices.

    Parameters
    ----------
    grid : Grid
        Regular or not.

    Returns
    -------
    Grid or None
        None without a place, or of slices of several orientations.
    """
    if not grid.statement.has_place:
        return None
    if not isinstance(grid, SlicePlanes):
        return grid
    if not isinstance(grid, WrittenPlanes) or not grid.are_parallel:
        return None
    return grid.regular_plane()


def irregular_places(grid: Grid) -> dict[str, Any]:
    """Return the position of each slice for JSON, where no regular grid says it."""
    if not isinstance(grid, SlicePlanes):
        return {}
    return {"irregular": grid.summary, "positions_lps": grid.positions_lps.tolist()}


def arguments_of(grid: Grid) -> dict[str, Any]:
    """Return the geometry arguments of `write` that give a grid.

    Nothing for slices of several orientations.

    Examples
    --------
    >>> sorted(arguments_of(Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 2))))
    ['direction', 'origin', 'spacing']
    """
    if not isinstance(grid, SlicePlanes):
        return {
            "spacing": grid.spacing_mm,
            "origin": grid.origin_lps,
            "direction": grid.direction_lps,
        }
    if not grid.are_parallel:
        return {}
    return {
        "spacing": grid.pixel_spacing_mm,
        "positions": grid.positions_lps,
        "direction": grid.orientation,
    }


def content_of(grid: Grid) -> object:
    """Return everything about a grid as plain values, for digests."""
    if not isinstance(grid, SlicePlanes):
        return grid
    return (
        grid.shape,
        grid.spacings_mm.tolist(),
        grid.positions_lps.tolist(),
        grid.orientations.tolist(),
    )


def _irregularities(positions: Floats, orientations: Floats) -> tuple[Irregularity, ...]:
    """Return why slices form no regular grid; nothing if they do."""
    if float(np.abs(orientations - orientations[0]).max(initial=0)) > _SAME_DIRECTION:
        count = len(np.unique(orientations.round(3), axis=0))
        detail = f"{count} orientations of {len(positions)} slices"
        return (Irregularity(code="mixed-orientations", detail=detail),)
    if len(positions) < 2:
        return ()
    normal = np.cross(orientations[0, :3], orientations[0, 3:])
    normal = normal / np.linalg.norm(normal)
    steps = positions - positions[0]
    along = steps @ normal
    gaps = np.abs(np.diff(along))
    mean = float(gaps.mean())
    reasons: list[Irregularity] = []
    if float(np.abs(gaps - mean).max()) > _REGULAR * mean:
        smallest = max(float(np.median(gaps)), 1e-9)
        multiples = gaps / smallest
        code = "spacing-uneven"
        if float(np.abs(multiples - np.round(multiples)).max()) <= _MULTIPLE:
            code = "slices-missing"
        detail = f"gaps of {gaps.min():.6g} to {gaps.max():.6g} mm"
        reasons.append(Irregularity(code=code, detail=detail))
    sideways = np.linalg.norm(steps - np.outer(along, normal), axis=1)
    if float(sideways.max()) > _SIDEWAYS * mean * len(positions):
        detail = f"{sideways.max():.6g} mm sideways from the first to the last"
        reasons.append(Irregularity(code="slices-sheared", detail=detail))
    return tuple(reasons)


def _again(arguments: dict[str, Any]) -> WrittenPlanes:
    """Return planes again, for pickle."""
    return WrittenPlanes(**arguments)
