"""Positions of slices → the regular grid they stand on, or what keeps them from standing on one.

Files of scanners round what they print. So readers must bear more than a writer may do: small departures are
warnings, and only what would put voxels visibly in the wrong place is an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from dicomseries.errors import GeometryError
from dicomseries.geometry import Grid
from dicomseries.geometry_statement import Statement
from dicomseries.reading.geometry.repeated_places import SAME_PLACE
from dicomseries.reading.problems import Problem

__all__ = [
    "drift_problems",
    "gap_problems",
    "grid_of",
    "moved_problems",
    "pixel_spacing_of",
    "repeated_problem",
    "statement_of",
    "thickness_of",
    "unit_normal",
]

Floats = npt.NDArray[np.float64]

_EVEN = 1e-3
"""Departure from even places, as a part of the spacing, above which one is warned."""
_UNEVEN = 0.2
"""The same, above which no regular grid is honest (Cornerstone3D draws the line here too)."""
_ROUNDED_COSINES = 5e-3
"""Departure from a right-angled unit frame that is snapped: cosines of two to three decimals."""


def unit_normal(axes: Floats) -> Floats:
    """Return the normal of slices, of length 1 though the cosines of rows and columns, shape (2, 3), may be rounded.

    Examples
    --------
    >>> unit_normal(np.array([[0.99, 0.0, 0.0], [0.0, 0.99, 0.0]])).tolist()
    [0.0, 0.0, 1.0]
    """
    normal = np.cross(axes[0], axes[1])
    length = float(np.linalg.norm(normal))
    return np.asarray(normal / length if length > 0 else normal)


def gap_problems(
    names: Sequence[str], distances_mm: Floats, what: str = "files"
) -> Iterator[Problem]:
    """Yield what is wrong with the steps from slice to slice; `distances_mm` along the normal, in rising order.

    Examples
    --------
    >>> [problem.code for problem in gap_problems("abcd", np.array([0, 2.5, 5, 10]))]
    ['slices-missing']
    """
    if len(names) == 1:
        return
    gaps = np.diff(distances_mm)
    usual = float(np.median(gaps[gaps > SAME_PLACE * float(gaps.max())])) if gaps.max() > 0 else 0.0
    repeated = int((gaps <= SAME_PLACE * usual).sum())
    if repeated:
        yield repeated_problem(len(names), len(names) - repeated, what)
        return
    missing = np.round(gaps / usual).astype(int) - 1
    whole = np.abs(gaps / usual - (missing + 1)) < _UNEVEN
    if whole.all() and missing.any() and missing.min() >= 0:
        index = int(np.argmax(missing > 0))
        yield Problem(
            code="slices-missing",
            level="error",
            text=f"{int(missing.sum())} of {len(names) + int(missing.sum())} slices are missing, "
            f"the first between {names[index]} and {names[index + 1]}",
            remedy="Copy or export the missing files; spread over the gap, every voxel behind it would be misplaced.",
        )
        return
    yield from _unevenness(names, distances_mm)


def repeated_problem(
    count: int, places: int, what: str = "files", tried: Sequence[str] = ()
) -> Problem:
    """Return the problem of more files, or frames, than places, which nothing sorts into volumes."""
    each = f", {count // places} at each" if count % places == 0 else ""
    looked_at = f"; none of {', '.join(tried)} makes whole volumes of them" if tried else ""
    return Problem(
        code="positions-repeated",
        level="error",
        text=f"{count} {what} stand at {places} places{each}: several time points, echoes or copies in one series"
        + looked_at,
        remedy="Move the files of one time point (or echo) to a folder of their own, and read that."
        if what == "files"
        else "Read one file at a time, or export the series again with one volume a file.",
    )


def _unevenness(names: Sequence[str], distances: Floats) -> Iterator[Problem]:
    spacing = float((distances[-1] - distances[0]) / (len(distances) - 1))
    gaps = np.diff(distances)
    worst = int(np.argmax(np.abs(gaps - spacing)))
    off = abs(float(gaps[worst]) - spacing) / spacing
    if off > _EVEN:
        yield Problem(
            code="spacing-uneven",
            level="error" if off > _UNEVEN else "warning",
            text=f"the gap from {names[worst]} to {names[worst + 1]} is {gaps[worst]:.6g} mm, "
            f"the mean {spacing:.6g} mm",
            remedy="Resample the slices onto even places; rounded positions of a scanner may be left as they are.",
        )


def drift_problems(positions_lps: Floats, axes: Floats, pixel_mm: float) -> list[Problem]:
    """Return whether slices slide sideways: a tilted gantry, which no right-angled grid can hold.

    Parameters
    ----------
    positions_lps : ndarray, shape (slices, 3)
        At least two, along the normal, mm.
    axes : ndarray, shape (2, 3)
        Cosines of rows and columns.
    pixel_mm : float
        The smaller pixel spacing.
    """
    normal = unit_normal(axes)
    steps = positions_lps - positions_lps[0]
    sideways = steps - np.outer(steps @ normal, normal)
    drift = float(np.sqrt((sideways**2).sum(axis=1)).max())
    spacing = float(steps[-1] @ normal) / (len(positions_lps) - 1)
    if drift <= max(_EVEN * spacing, 1e-3 * pixel_mm):
        return []
    return [
        Problem(
            code="slices-sheared",
            level="error" if drift > pixel_mm / 2 else "warning",
            text=f"the slices slide {drift:.3g} mm sideways (gantry tilt, or rounded positions)",
            remedy="Resample the slices onto a right-angled grid; less than half a pixel may be left as it is.",
        )
    ]


def moved_problems(positions_lps: Floats, volumes: int, pixel_mm: float) -> list[Problem]:
    """Return whether the volumes stand beside each other; `positions_lps` are volume by volume, shape (frames, 3)."""
    if volumes == 1:
        return []
    by_volume = positions_lps.reshape(volumes, -1, 3)
    moved = float(np.sqrt(((by_volume - by_volume[0]) ** 2).sum(axis=2)).max())
    if moved <= 1e-2 * pixel_mm:
        return []
    return [
        Problem(
            code="volumes-moved",
            level="error" if moved > pixel_mm / 2 else "warning",
            text=f"the volumes stand up to {moved:.3g} mm from where the first one does",
            remedy="Read each volume by itself, from a folder of its own, and resample it onto the first one's grid.",
        )
    ]


def grid_of(
    shape: tuple[int, int, int], spacing_mm: Sequence[float], origin: Floats, axes: Floats
) -> Grid | Problem:
    """Return the grid of slices that stand evenly, or what is wrong with its axes."""
    try:
        return Grid.from_spacing(
            shape,
            tuple(spacing_mm),
            origin=origin.tolist(),
            direction=axes.ravel(),
            tolerance=_ROUNDED_COSINES,
        )
    except GeometryError as error:
        remedy = _REMEDIES.get(error.code, "Export the slices again with a right geometry.")
        return Problem(
            code=error.code, level="error", text=f"{error.where}: {error.given}", remedy=remedy
        )


_REMEDIES = {
    "shape-not-3d": "Export the image again: Rows or Columns is 0.",
    "geometry-not-finite": "Export the slices again: a position, orientation or spacing is no finite number.",
    "spacing-not-positive": "Export the slices again: PixelSpacing and the gaps must be lengths above 0 mm.",
    "axes-not-right-angled": "Export the slices again: ImageOrientationPatient is no two right-angled unit vectors.",
    "position-not-printable": "Check the unit of positions and spacing, which are in mm.",
}
"""What the user of a series can do about a grid that cannot be; options of `write` do not help here."""


def pixel_spacing_of(
    spacings: Sequence[Sequence[float]],
) -> tuple[tuple[float, ...], list[Problem]]:
    """Return the spacing of rows and of columns in mm, the same in all slices.

    Examples
    --------
    >>> pixel_spacing_of([(0.5, 0.75), (0.5, 0.75)])
    ((0.5, 0.75), [])
    """
    usable = all(len(one) == 2 and bool(np.isfinite(one).all()) for one in spacings)
    if not usable or min(spacings[0]) <= 0:
        problem = Problem(
            code="pixel-spacing-missing",
            level="warning",
            text="PixelSpacing is missing or not two lengths above 0 mm; 1 mm is assumed",
            remedy="Give the real spacing when you use this volume.",
        )
        return (1.0, 1.0), [problem]
    first = tuple(map(float, spacings[0]))
    if float(np.abs(np.array(spacings) - first).max()) > _EVEN * min(first):
        problem = Problem(
            code="pixel-spacing-differs",
            level="error",
            text="PixelSpacing is not the same in all slices",
            remedy="Move the files that do not belong to the volume to another folder.",
        )
        return first, [problem]
    return first, []


def statement_of(problems: Sequence[Problem]) -> Statement:
    """Return what slices with a place state: all, but for the lengths that were found to be missing.

    Examples
    --------
    >>> statement_of(pixel_spacing_of([()])[1]).spacing
    'missing'
    """
    codes = {problem.code for problem in problems}
    return Statement(
        spacing="missing" if "pixel-spacing-missing" in codes else "stated",
        thickness="missing" if "thickness-missing" in codes else "stated",
    )


def thickness_of(candidates: Sequence[float]) -> tuple[float, list[Problem]]:
    """Return the thickness in mm of the one slice there is: the first of SpacingBetweenSlices and SliceThickness."""
    for value in candidates:
        if value > 0 and np.isfinite(value):
            return value, []
    problem = Problem(
        code="thickness-missing",
        level="warning",
        text="a single slice without SpacingBetweenSlices and SliceThickness; 1 mm is assumed",
        remedy="Give the real spacing when you use this volume.",
    )
    return 1.0, [problem]
