"""`Statement`: known and unknown parts of a geometry; `Evenness`: rounding of stated positions.

A `Grid` always has numbers. `Statement` distinguishes stated numbers from placeholders: a picture
without a position gets a grid of 1 mm at 0, which must not be written as its geometry.

Files state positions and cosines in rounded numbers. Slices are regular if each voxel centre lies
within this rounding of its place on the grid, or within a hundredth of a voxel, which no reader
shows. Slicer has a limit of 1e-3 mm for corners, ITK warns from 1e-4 of the spacing, and both,
like dcm2niix and Cornerstone3D, read slices far beyond as even ones at their mean distance.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Literal, NamedTuple, Self, get_args

import numpy as np
import numpy.typing as npt

from dicomseries.lazy_dataclass import dataclass

__all__ = [
    "ASSUMED",
    "STATED",
    "UNSTATED",
    "Certainty",
    "Evenness",
    "Lengths",
    "SpaceName",
    "Statement",
    "evenness_of",
    "rounding_allowed_mm",
]

Floats = npt.NDArray[np.float64]

Certainty = Literal["stated", "default", "assumed", "missing"]
"""Certainty of a part of a geometry:

============  ==================================================================
``stated``    stated by the user or the source
``default``   default number of an image class (1 mm, 0, identity)
``assumed``   by the documented convention (first voxel at 0, axial)
``missing``   unknown and not written; the number is a placeholder
============  ==================================================================
"""

SpaceName = Literal["scanner", "aligned", "template"]
"""Coordinates of the scanner, of another image, or of an atlas (MNI, Talairach)."""

Lengths = Literal["patient", "detector", "film", "ultrasound region", "ratio"]
"""Place of row and column spacing; with ``ratio`` only their ratio is known."""

_NOT_SEEN = 0.01
"""Largest distance from the even place, as a fraction of the smallest voxel edge."""
_MOST_ROUNDED = 0.05
"""Largest part of the distance of slices that is rounding: OHIF and dcm2niix act from here."""
_MOST_ROUNDED_ASIDE = 0.1
"""Largest part of a pixel that is rounding, of a shift within the plane."""
_OF_A_UNIT = 1e-3
"""Part of the last decimal that is left out of account: rounded positions moved in float32."""
_MOST_DECIMALS = 8
"""Decimals of a position in mm from which no rounding matters."""
_UNIT_VECTORS = 1e-6
"""Departure of cosines from right-angled unit vectors below which they are not rounded."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Statement:
    """Certainty of the numbers of a grid.

    Parameters
    ----------
    spacing, thickness, origin, direction : Certainty
        Certainty of each part; `spacing` of rows and columns, `thickness` of a single slice. A
        grid with a ``"missing"`` origin has no position in the patient.
    space : {"scanner", "aligned", "template"}
        Coordinates of origin and direction.
    lengths : Lengths
        Place of the spacing of rows and columns (PS3.3 sections 10.7 and C.8.5.5).
    source : str
        Name of the stating field in the words of its format, for messages; may be empty.
    notes : tuple of str
        Notes for the user, in the receipt's advice.

    Raises
    ------
    ValueError
        If a certainty is none of the four.

    Examples
    --------
    >>> Statement().has_place, UNSTATED.has_place, UNSTATED.has_lengths
    (True, False, False)
    """

    spacing: Certainty = "stated"
    thickness: Certainty = "stated"
    origin: Certainty = "stated"
    direction: Certainty = "stated"
    space: SpaceName = "scanner"
    lengths: Lengths = "patient"
    source: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        unknown = {self.spacing, self.origin, self.direction} - set(get_args(Certainty))
        if unknown:
            names = ", ".join(sorted(unknown))
            message = f"a certainty is stated, default, assumed or missing, not {names}"
            raise ValueError(message)

    def __repr__(self) -> str:
        """Return the fields that differ from their defaults."""
        parts = []
        for field in fields(self):
            value = getattr(self, field.name)
            if value != field.default:
                parts.append(f"{field.name}={value!r}")
        return f"Statement({', '.join(parts)})"

    @property
    def has_place(self) -> bool:
        """Whether the position is known and may be written."""
        return self.origin != "missing"

    @property
    def has_lengths(self) -> bool:
        """Whether rows and columns have a spacing in mm."""
        return self.spacing != "missing" and self.lengths != "ratio"

    @property
    def is_measured(self) -> bool:
        """Whether lengths in the picture are lengths in the patient.

        Only then viewers may show a ruler.
        """
        return self.has_lengths and self.lengths in {"patient", "ultrasound region"}

    @property
    def is_placed_by_source(self) -> bool:
        """Whether origin and direction were stated."""
        return self.origin == "stated" and self.direction == "stated"

    @property
    def written(self) -> tuple[str, ...]:
        """Unknown parts that change the files.

        Beside the numbers themselves; empty if all is known.
        """
        facts = {
            "no place": not self.has_place,
            "no measured spacing": not self.is_measured,
            "no thickness": self.thickness == "missing",
        }
        return tuple(name for name, is_true in facts.items() if is_true)

    def noting(self, *notes: str) -> Self:
        """Return the statement with further notes.

        Examples
        --------
        >>> UNSTATED.noting("No ruler.").notes
        ('No ruler.',)
        """
        return replace(self, notes=(*self.notes, *notes))


STATED = Statement()
"""All parts are stated, in the scanner's space."""

ASSUMED = Statement(origin="assumed", direction="assumed")
"""Only the spacing is stated: the first voxel is at 0, the slices are axial."""

UNSTATED = Statement(spacing="missing", origin="missing", direction="missing")
"""Nothing is stated."""


# ------------------------------------------------------------------------------- even slices
class Evenness(NamedTuple):
    """How far slices are from even places along their normal.

    `step_mm` is the mean distance of slices. `along_mm` and `aside_mm`, of shape (slices,), are the
    distances from the even places along the normal and in the plane; up to `allowed_mm` and
    `allowed_aside_mm` they are rounding of the stated numbers, or too small to be seen.
    """

    step_mm: float
    along_mm: Floats
    aside_mm: Floats
    allowed_mm: float
    allowed_aside_mm: float

    @property
    def are_along(self) -> bool:
        """Whether the distances between slices are equal."""
        return float(self.along_mm.max()) <= self.allowed_mm

    @property
    def are_above_each_other(self) -> bool:
        """Whether no slice is shifted in its plane."""
        return float(self.aside_mm.max()) <= self.allowed_aside_mm


def evenness_of(
    positions_lps: Floats,
    axes: Floats,
    pixel_mm: float,
    places: npt.NDArray[np.intp] | None = None,
) -> Evenness:
    """Return how far slices are from even places.

    Parameters
    ----------
    positions_lps : ndarray, shape (slices, 3)
        ImagePositionPatient in LPS mm, at least two, rising along the normal.
    axes : ndarray, shape (2, 3)
        Cosines of rows and columns (ImageOrientationPatient).
    pixel_mm : float
        The smaller pixel spacing.
    places : ndarray of int, shape (slices,), optional
        Place of each slice on the grid, where some have none; 0, 1, 2, … by default.

    Examples
    --------
    >>> axes = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    >>> at = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 2.01], [0.0, 0.0, 4.0]])
    >>> evenness = evenness_of(at, axes, 0.7)
    >>> evenness.step_mm, round(float(evenness.along_mm.max()), 6), evenness.are_along
    (2.0, 0.01, True)
    """
    normal = np.cross(axes[0], axes[1])
    normal = normal / (float(np.linalg.norm(normal)) or 1.0)
    steps = positions_lps - positions_lps[0]
    distances = positions_lps @ normal
    along = distances - distances[0]
    if places is None:
        places = np.arange(len(along))
    step = float(along[-1]) / int(places[-1])
    aside = np.linalg.norm(steps - np.outer(along, normal), axis=1)
    edge = min(pixel_mm, abs(step))
    turned = _unit_of_cosines(axes) * abs(float(along[-1]))
    return Evenness(
        step_mm=step,
        along_mm=np.abs(along - places * step),
        aside_mm=np.asarray(aside, np.float64),
        allowed_mm=rounding_allowed_mm(positions_lps, edge, abs(step)),
        allowed_aside_mm=rounding_allowed_mm(positions_lps, edge, pixel_mm, _MOST_ROUNDED_ASIDE)
        + min(turned, pixel_mm / 2),
    )


def rounding_allowed_mm(
    positions_lps: Floats, edge_mm: float, length_mm: float, most: float = _MOST_ROUNDED
) -> float:
    """Return the distance from an even place that is no irregularity, in mm.

    Parameters
    ----------
    positions_lps : ndarray, shape (slices, 3)
        As stated: the decimals of their differences are counted, as some scanners move rounded
        positions together.
    edge_mm : float
        The smallest edge of a voxel.
    length_mm : float
        Its edge in the direction of the departure.
    most : float
        Largest part of this edge that is rounding.

    Examples
    --------
    >>> rounding_allowed_mm(np.array([[0.0, 0.0, 1.25], [0.0, 0.0, 2.5]]), 0.5, 1.25)
    0.017320508075688773
    >>> rounding_allowed_mm(np.array([[0.0, 0.0, 1.2], [0.0, 0.0, 2.5]]), 0.5, 1.25)
    0.0625
    """
    # A position, and the first and last one that set the grid, are each rounded to half a unit.
    rounded = np.sqrt(3.0) * _last_unit(positions_lps - positions_lps[0], _OF_A_UNIT)
    return float(max(_NOT_SEEN * edge_mm, min(rounded, most * length_mm)))


def _unit_of_cosines(axes: Floats) -> float:
    """Return the unit of the last decimal of rounded cosines; 0 if they are exact."""
    if float(np.abs(axes @ axes.T - np.eye(2)).max()) <= _UNIT_VECTORS:
        return 0.0
    return _last_unit(axes)


def _last_unit(numbers: Floats, part: float = 0.0) -> float:
    """Return the unit of the last decimal that any number has.

    Up to `part` of the unit is left out of account.

    Examples
    --------
    >>> _last_unit(np.array([1.0, 2.5, -0.25])), _last_unit(np.array([1.0, 2.50004]), 1e-3)
    (0.01, 0.1)
    """
    for decimals in range(_MOST_DECIMALS):
        unit = float(10.0**-decimals)
        if float(np.abs(np.round(numbers, decimals) - numbers).max()) < max(1e-9, part * unit):
            return unit
    return float(10.0**-_MOST_DECIMALS)
