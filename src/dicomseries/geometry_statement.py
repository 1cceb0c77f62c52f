"""`Statement`: known and unknown parts of a geometry.

A `Grid` always has numbers. This record distinguishes stated numbers from placeholders: a picture
without a position gets a grid of 1 mm at 0, which must not be written as its geometry.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Literal, Self, get_args

from dicomseries.lazy_dataclass import dataclass

__all__ = ["ASSUMED", "STATED", "UNSTATED", "Certainty", "Lengths", "SpaceName", "Statement"]

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
