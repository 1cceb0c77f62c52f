"""Spacing and grid of sorted slices.

Missing slices, uneven gaps, drift.
Scanners round the numbers they print: departures within this rounding are warnings. Slices whose
voxels lie elsewhere form no regular grid, and keep their planes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from dicomseries.errors import GeometryError
from dicomseries.geometry import Grid
from dicomseries.geometry_statement import Evenness, Statement
from dicomseries.reading.geometry.volume_sorting import same_place_mm, usual_gap
from dicomseries.reading.problems import Problem
from dicomseries.slice_planes import IRREGULARITIES

__all__ = [
    "SAME_DIRECTION",
    "drift_problems",
    "gap_problems",
    "grid_of",
    "moved_problems",
    "pixel_spacing_of",
    "repeated_problem",
    "statement_of",
    "thickness_of",
    "uneven_problems",
    "unit_normal",
]

Floats = npt.NDArray[np.float64]

SAME_DIRECTION = 1e-4
"""Largest difference of direction cosines within a series: four printed decimals."""

_EVEN = 1e-3
"""Departure from even places, as a fraction of the spacing, above which a warning is given."""
_WHOLE_GAP = 0.2
"""Departure of a gap from a whole number of steps, in steps, where slices are missing."""
_ROUNDED_COSINES = 5e-3
"""Departure from right-angled unit vectors that is corrected: cosines of two or three decimals."""


def unit_normal(axes: Floats) -> Floats:
    """Return the unit normal of cosines of rows and columns.

    Shape (2, 3).

    Examples
    --------
    >>> unit_normal(np.array([[0.99, 0.0, 0.0], [0.0, 0.99, 0.0]])).tolist()
    [0.0, 0.0, 1.0]
    """
    normal = np.cross(axes[0], axes[1])
    length = float(np.linalg.norm(normal))
    if length > 0:
        normal = normal / length
    return np.asarray(normal)


def gap_problems(
    names: Sequence[str], distances_mm: Floats, noun: str = "files"
) -> Iterator[Problem]:
    """Yield problems of the gaps between slices: repeated or missing ones.

    Parameters
    ----------
    names : sequence of str
        Of the slices.
    distances_mm : ndarray, shape (slices,)
        Along the normal, rising.
    noun : {"files", "frames"}
        For messages.

    Examples
    --------
    >>> [problem.code for problem in gap_problems("abcd", np.array([0, 2.5, 5, 10]))]
    ['slices-missing']
    """
    if len(names) == 1:
        return
    gaps = np.diff(distances_mm)
    usual = usual_gap(gaps)
    repeated = int((gaps <= same_place_mm(usual)).sum())
    if repeated:
        yield repeated_problem(len(names), len(names) - repeated, noun)
        return
    missing = np.round(gaps / usual).astype(int) - 1
    is_multiple = np.abs(gaps / usual - (missing + 1)) < _WHOLE_GAP
    if is_multiple.all() and missing.any() and missing.min() >= 0:
        index = int(np.argmax(missing > 0))
        count = int(missing.sum())
        yield Problem(
            code="slices-missing",
            level="error",
            text=f"{count} of {len(names) + count} slices are missing, "
            f"the first between {names[index]} and {names[index + 1]}",
            remedy="Copy or export the missing files, if there are such. "
            + IRREGULARITIES["slices-missing"].remedy,
        )


def uneven_problems(
    names: Sequence[str], distances_mm: Floats, evenness: Evenness
) -> Iterator[Problem]:
    """Yield a problem of slices beside their even places along the normal.

    Parameters
    ----------
    names : sequence of str
        Of the slices.
    distances_mm : ndarray, shape (slices,)
        Along the normal, rising; without missing slices.
    evenness : Evenness
        Of these slices.
    """
    gaps = np.diff(distances_mm)
    furthest = int(np.argmax(evenness.along_mm))
    departure = float(evenness.along_mm[furthest])
    if departure <= _EVEN * evenness.step_mm:
        return
    is_error = not evenness.are_along
    worst = int(np.argmax(np.abs(gaps - evenness.step_mm)))
    remedy = "Keep them: rounded positions of a scanner may stay."
    yield Problem(
        code="spacing-uneven",
        level=_level(is_error=is_error),
        text=f"the gap from {names[worst]} to {names[worst + 1]} is {gaps[worst]:.6g} mm, "
        f"the mean {evenness.step_mm:.6g} mm; {names[furthest]} is {departure:.3g} mm from its "
        "even place",
        remedy=IRREGULARITIES["spacing-uneven"].remedy if is_error else remedy,
    )


def _level(*, is_error: bool) -> Literal["error", "warning"]:
    return "error" if is_error else "warning"


def repeated_problem(
    count: int, places: int, noun: str = "files", tried: Sequence[str] = ()
) -> Problem:
    """Return the error for repeated places without complete volumes."""
    text = f"{count} {noun} share {places} places"
    if count % places == 0:
        text += f", {count // places} at each"
    text += ": several time points, echoes or copies in one series"
    if tried:
        text += f"; none of {', '.join(tried)} sorts them into complete volumes"
    remedy = "Read one file at a time, or export the series again with one volume per file."
    if noun == "files":
        remedy = "Move the files of one time point (or echo) to a separate folder, and read that."
    return Problem(code="positions-repeated", level="error", text=text, remedy=remedy)


def drift_problems(evenness: Evenness, pixel_mm: float) -> list[Problem]:
    """Return a problem if slices are sheared (tilted gantry).

    Parameters
    ----------
    evenness : Evenness
        Of the slices.
    pixel_mm : float
        The smaller pixel spacing.
    """
    drift = float(evenness.aside_mm.max())
    if drift <= max(_EVEN * evenness.step_mm, 1e-3 * pixel_mm):
        return []
    is_error = not evenness.are_above_each_other
    remedy = "Keep them: rounded positions and cosines of a scanner may stay."
    return [
        Problem(
            code="slices-sheared",
            level=_level(is_error=is_error),
            text=f"the slices shift {drift:.3g} mm sideways (gantry tilt, or rounded positions)",
            remedy=IRREGULARITIES["slices-sheared"].remedy if is_error else remedy,
        )
    ]


def moved_problems(positions_lps: Floats, volumes: int, pixel_mm: float) -> list[Problem]:
    """Return a problem if volumes have different positions.

    `positions_lps` has shape (slices, 3), volume by volume.
    """
    if volumes == 1:
        return []
    by_volume = positions_lps.reshape(volumes, -1, 3)
    shift = float(np.linalg.norm(by_volume - by_volume[0], axis=2).max())
    if shift <= 1e-2 * pixel_mm:
        return []
    return [
        Problem(
            code="volumes-moved",
            level=_level(is_error=shift > pixel_mm / 2),
            text=f"the volumes are up to {shift:.3g} mm away from the first one",
            remedy="Read each volume from a separate folder, and resample it to the grid of the "
            "first one.",
        )
    ]


def grid_of(
    shape: tuple[int, int, int], spacing_mm: Sequence[float], origin: Floats, axes: Floats
) -> Grid | Problem:
    """Return the grid of even slices, or a problem."""
    try:
        return Grid.from_spacing(
            shape,
            tuple(spacing_mm),
            origin=origin.tolist(),
            direction=axes.ravel(),
            tolerance=_ROUNDED_COSINES,
        )
    except GeometryError as error:
        remedy = _REMEDIES.get(error.code, "Export the slices again with a valid geometry.")
        text = f"{error.where}: {error.given}"
        return Problem(code=error.code, level="error", text=text, remedy=remedy)


_REMEDIES = {
    "shape-not-3d": "Export the image again: Rows or Columns is 0.",
    "geometry-not-finite": "Export the slices again: a position, orientation or spacing is not a "
    "finite number.",
    "spacing-not-positive": "Export the slices again: PixelSpacing and the gaps must be lengths "
    "above 0 mm.",
    "axes-not-right-angled": "Export the slices again: ImageOrientationPatient must be two "
    "right-angled unit vectors.",
    "position-not-printable": "Check the unit of positions and spacing; it must be mm.",
}
"""Remedies for a series; the remedies of `GeometryError` name options of `write`."""


def pixel_spacing_of(
    spacings: Sequence[Sequence[float]],
) -> tuple[tuple[float, float], list[Problem]]:
    """Return common row and column spacing in mm, and problems.

    Examples
    --------
    >>> pixel_spacing_of([(0.5, 0.75), (0.5, 0.75)])
    ((0.5, 0.75), [])
    """
    is_usable = all(len(pair) == 2 and bool(np.isfinite(pair).all()) for pair in spacings)
    if not is_usable or min(spacings[0]) <= 0:
        problem = Problem(
            code="pixel-spacing-missing",
            level="warning",
            text="PixelSpacing is missing or not two lengths above 0 mm; 1 mm is assumed",
            remedy="Give the real spacing when you use this volume.",
        )
        return (1.0, 1.0), [problem]
    row_mm, column_mm = map(float, spacings[0])
    difference = float(np.abs(np.array(spacings) - spacings[0]).max())
    if difference > _EVEN * min(row_mm, column_mm):
        problem = Problem(
            code="pixel-spacing-differs",
            level="error",
            text="PixelSpacing is not the same in all slices",
            remedy="Move the files that do not belong to the volume to another folder.",
        )
        return (row_mm, column_mm), [problem]
    return (row_mm, column_mm), []


def thickness_of(candidates_mm: Sequence[float]) -> tuple[float, list[Problem]]:
    """Return the thickness of a single slice in mm.

    The first usable length, or 1.
    """
    for length in candidates_mm:
        if length > 0 and np.isfinite(length):
            return length, []
    problem = Problem(
        code="thickness-missing",
        level="warning",
        text="a single slice without SpacingBetweenSlices and SliceThickness; 1 mm is assumed",
        remedy="Give the real spacing when you use this volume.",
    )
    return 1.0, [problem]


def statement_of(problems: Sequence[Problem]) -> Statement:
    """Return the parts of the geometry that the files state.

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
