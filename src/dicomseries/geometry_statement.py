"""What a source states about its geometry: which parts, in which space, and how certain.

A `Grid` always has numbers. This record says which of them somebody stated, and which only stand in for what nobody
knows: a picture without a place gets a grid of 1 mm at 0, and must not be written as if it stood there.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Literal, Self

__all__ = ["ASSUMED", "STATED", "UNSTATED", "Certainty", "Lengths", "SpaceName", "Statement"]

Certainty = Literal["stated", "default", "assumed", "missing"]
"""How a part of a geometry is known:

============  ==================================================================================================
``stated``    by the user or the source
``default``   the number that an image class has when nobody set it (1 mm, 0, identity)
``assumed``   nobody said it; the documented convention holds (first voxel at 0, axial)
``missing``   nobody said it, and it is not written; the number is a stand-in
============  ==================================================================================================
"""

SpaceName = Literal["scanner", "aligned", "template"]
"""Whose coordinates they are: the scanner's, those of another image, or those of an atlas (MNI, Talairach)."""

Lengths = Literal["patient", "detector", "film", "ultrasound region", "ratio"]
"""Where row and column spacing hold: in the patient; at the detector; on the film; or only their ratio is known."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Statement:
    """What is known of the numbers of a grid.

    Parameters
    ----------
    spacing, thickness, origin, direction : Certainty
        How each part is known; `spacing` of rows and columns, `thickness` of a single slice. A grid whose origin is
        ``"missing"`` has no place in the patient.
    space : {"scanner", "aligned", "template"}
        Whose coordinates origin and direction are in.
    lengths : Lengths
        Where the spacing of rows and columns holds (PS3.3 sections 10.7 and C.8.5.5).
    source : str
        What states it, in the words of its format, for messages; may be empty.
    notes : tuple of str
        What the user should know of it; part of the receipt's advice.

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
        strange = {self.spacing, self.origin, self.direction} - {
            "stated",
            "default",
            "assumed",
            "missing",
        }
        if strange:
            message = f"a certainty is stated, default, assumed or missing, not {', '.join(sorted(strange))}"
            raise ValueError(message)

    def __repr__(self) -> str:
        """Return what is not as in a full statement."""
        differing = (one for one in fields(self) if getattr(self, one.name) != one.default)
        return f"Statement({', '.join(f'{one.name}={getattr(self, one.name)!r}' for one in differing)})"

    @property
    def has_place(self) -> bool:
        """Whether there is a place in space, so that an image plane may be written."""
        return self.origin != "missing"

    @property
    def has_lengths(self) -> bool:
        """Whether rows and columns have a spacing in mm."""
        return self.spacing != "missing" and self.lengths != "ratio"

    @property
    def is_measured(self) -> bool:
        """Whether a length on the picture is a length in the patient, so that a ruler may be shown."""
        return self.has_lengths and self.lengths in {"patient", "ultrasound region"}

    @property
    def is_placed_by_source(self) -> bool:
        """Whether origin and direction were stated, and are no convention or default."""
        return self.origin == "stated" and self.direction == "stated"

    @property
    def written(self) -> tuple[str, ...]:
        """What of it changes the files, beside the numbers themselves; nothing where all is written."""
        facts = {
            "no place": not self.has_place,
            "no measured spacing": not self.is_measured,
            "no thickness": self.thickness == "missing",
        }
        return tuple(name for name, holds in facts.items() if holds)

    def noting(self, *notes: str) -> Self:
        """Return the statement with further notes for the user.

        Examples
        --------
        >>> UNSTATED.noting("No ruler.").notes
        ('No ruler.',)
        """
        return replace(self, notes=(*self.notes, *notes))


STATED = Statement()
"""All of it is stated, in the scanner's space."""

ASSUMED = Statement(origin="assumed", direction="assumed")
"""Only the spacing is stated: the first voxel is at 0, the slices are axial."""

UNSTATED = Statement(spacing="missing", origin="missing", direction="missing")
"""Nothing is stated."""
