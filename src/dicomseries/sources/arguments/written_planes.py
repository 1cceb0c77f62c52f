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
from dicomseries.geometry import EVENNESS_TOLERANCE, Grid, GridTexts
from dicomseries.lazy_dataclass import dataclass
from dicomseries.slice_planes import SlicePlanes
from dicomseries.standard.attributes.decimal_string import format_ds

__all__ = [
    "PlaneTexts",
    "WrittenPlanes",
    "arguments_of",
    "content_of",
    "irregular_places",
    "plane_of",
    "written_planes",
]

Floats = npt.NDArray[np.float64]

_EVEN = 5e-4
"""Departure from one distance, as part of it, within which SpacingBetweenSlices is true."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaneTexts:
    """Decimal strings of the header of each slice.

    Parameters
    ----------
    spacings : tuple of tuple of str
        mm along x (columns) and y (rows) of each slice.
    positions : tuple of tuple of str
        ImagePositionPatient of each slice.
    orientations : tuple of tuple of str
        ImageOrientationPatient of each slice.
    between : str, optional
        SpacingBetweenSlices, where one distance holds.
    thicknesses : tuple of str
        SliceThickness of each slice; nothing where nothing states it.

    Examples
    --------
    >>> texts = PlaneTexts(
    ...     spacings=(("0.70", "0.70"),), positions=(("0", "0", "1.50"),),
    ...     orientations=(("1", "0", "0", "0", "1", "0"),),
    ... )
    >>> texts.between is None
    True
    """

    spacings: tuple[tuple[str, str], ...]
    positions: tuple[tuple[str, ...], ...]
    orientations: tuple[tuple[str, ...], ...]
    between: str | None = None
    thicknesses: tuple[str, ...] = ()

    def reversed(self) -> PlaneTexts:
        """Return the texts of the slices in opposite order."""
        return replace(
            self,
            spacings=self.spacings[::-1],
            positions=self.positions[::-1],
            orientations=self.orientations[::-1],
            thicknesses=self.thicknesses[::-1],
        )


class WrittenPlanes(SlicePlanes):
    """Planes of slices as a series states them.

    Made by `written_planes`.

    Parameters
    ----------
    thickness_mm : float, optional
        Thickness of the slices, the first of several; None if nothing states it.
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
        thickness = "" if thickness_mm is None else format_ds(thickness_mm)
        if printed.thicknesses:
            thickness = printed.thicknesses[0]
        texts = GridTexts(
            spacing=(*printed.spacings[0], thickness),
            orientation=printed.orientations[0],
            positions=printed.positions,
        )
        object.__setattr__(self, "texts", texts)

    def _own_texts(self) -> PlaneTexts:
        lengths = self.spacings_mm.tolist()
        if self.has_one_spacing:
            lengths = [lengths[0]] * len(lengths)
        rows = [tuple(map(format_ds, row)) for row in self.orientations.tolist()]
        if self.are_parallel:
            rows = [rows[0]] * len(rows)
        gap = self.common_gap_mm
        return PlaneTexts(
            spacings=tuple((format_ds(x), format_ds(y)) for x, y in lengths),
            positions=tuple(tuple(map(format_ds, row)) for row in self.positions_lps.tolist()),
            orientations=tuple(rows),
            between=None if gap is None else format_ds(gap),
        )

    def __reduce__(self) -> tuple[Any, ...]:
        _, (arguments,) = super().__reduce__()
        return _again, ({**arguments, "thickness_mm": self.thickness_mm, "printed": self.printed},)

    def _with(self, **changes: Any) -> Self:
        _, (arguments,) = self.__reduce__()
        if not set(changes) - {"statement"}:
            return type(self)(**(arguments | changes))
        arguments["printed"] = None  # other numbers, other texts
        planes = type(self)(**(arguments | changes))
        if planes.shape[0] != self.shape[0]:
            return planes
        return planes.with_texts(replace(planes.printed, thicknesses=self.printed.thicknesses))

    def with_texts(self, printed: PlaneTexts) -> Self:
        """Return the planes with other texts for the same numbers."""
        _, (arguments,) = self.__reduce__()
        return type(self)(**{**arguments, "printed": printed})

    def with_thickness(self, thicknesses: Sequence[str]) -> Self:
        """Return the planes with SliceThickness of each slice."""
        _, (arguments,) = self.__reduce__()
        arguments["thickness_mm"] = float(thicknesses[0])
        arguments["printed"] = replace(self.printed, thicknesses=tuple(thicknesses))
        arguments["statement"] = replace(self.statement, thickness="stated")
        return type(self)(**arguments)

    @property
    def has_repeated_places(self) -> bool:
        """Whether two slices have one position and orientation."""
        places = zip(self.printed.positions, self.printed.orientations, strict=True)
        return len(set(places)) < self.shape[0]

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
            spacing_mm=(*self.spacings_mm[0].tolist(), 1.0),
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

    def pick(self, slices: Sequence[int]) -> Self:
        """Return the planes of selected slices, in the order of the indices."""
        planes = super().pick(slices)
        if not self.printed.thicknesses:
            return planes
        return planes.with_thickness([self.printed.thicknesses[index] for index in slices])

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
        allowed = EVENNESS_TOLERANCE * min(float(self.spacings_mm.min()), self.usual_gap_mm)
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
        If a slice has no place.
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

    Nothing for slices of several orientations or pixel spacings.

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
    if not (grid.are_parallel and grid.has_one_spacing):
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


def _again(arguments: dict[str, Any]) -> WrittenPlanes:
    """Return planes again, for pickle."""
    return WrittenPlanes(**arguments)
