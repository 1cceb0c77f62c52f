"""What the frames of a source say, spread over the slices and volumes of the result by geometry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from dicomseries.derivation.source.slice_matching import Matching
from dicomseries.derivation.source.source_facts import SourceFact
from dicomseries.plan import Column
from dicomseries.standard.attribute import Attribute

__all__ = ["ResultLayout", "spread"]

Per = Literal["volume", "slice", "frame"]
Entries = Sequence[Attribute | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultLayout:
    """How the frames of source and result lie to each other.

    Parameters
    ----------
    matching : Matching
        Of the slices.
    source_slices, source_volumes : int
        The source's frames are volumes · slices, slices running fastest.
    volumes : int
        Of the result. Other than the source's, a frame comes from all volumes together.

    Examples
    --------
    >>> matching = Matching(relation="same grid", slices=((0,), (1,)), exact=(0, 1))
    >>> ResultLayout(matching=matching, source_slices=2, source_volumes=3, volumes=1).is_paired
    False
    """

    matching: Matching
    source_slices: int
    source_volumes: int
    volumes: int

    @property
    def is_paired(self) -> bool:
        """Whether each volume of the result comes from one of the source, in order."""
        return self.volumes == self.source_volumes

    def rows(self, frames: Entries) -> list[list[Attribute | None]]:
        """Return what is true of each slice of the result, one row for each volume of the source."""
        starts = range(0, self.source_slices * self.source_volumes, self.source_slices)
        exact = self.matching.exact
        return [
            [None if index is None else frames[start + index] for index in exact]
            for start in starts
        ]

    def of_volumes(self, frames: Entries) -> list[Attribute | None] | None:
        """Return what is true of all slices of each volume of the source; None where its slices differ."""
        starts = range(0, self.source_slices * self.source_volumes, self.source_slices)
        parts = [frames[start : start + self.source_slices] for start in starts]
        return [part[0] for part in parts] if all(_is_even(part) for part in parts) else None


def spread(fact: SourceFact, layout: ResultLayout, *, by_place: bool) -> Attribute | Column | None:
    """Return what an attribute of the source says of the result.

    Parameters
    ----------
    fact : SourceFact
        One value for each frame of the source.
    layout : ResultLayout
        Which slices lie in the plane of which.
    by_place : bool
        Whether even what all frames say alike is true only of a slice in the place of one of them.

    Returns
    -------
    Attribute, Column or None
        One value for all; one for each volume, slice or frame, without one where no slice of the source lies in
        the same place; None where nothing is true any more.

    Examples
    --------
    >>> heights = tuple(Attribute("SliceLocation", "DS", (text,)) for text in ("0", "2", "4"))
    >>> matching = Matching(relation="same space", slices=((2,), (0, 1)), exact=(2, None))
    >>> layout = ResultLayout(matching=matching, source_slices=3, source_volumes=1, volumes=1)
    >>> spread(SourceFact(keyword="SliceLocation", frames=heights), layout, by_place=True).values
    (('4',), None)
    """
    if fact.constant is not None and not by_place:
        return fact.constant
    volumes = None if by_place or not layout.is_paired else layout.of_volumes(fact.frames)
    if volumes is not None:
        return _settled(fact, "volume", volumes)
    rows = layout.rows(fact.frames)
    if _is_even(rows):
        return _settled(fact, "slice", rows[0])
    return (
        _settled(fact, "frame", [one for row in rows for one in row]) if layout.is_paired else None
    )


def _settled(fact: SourceFact, per: Per, entries: Entries) -> Attribute | Column | None:
    if _is_even(entries):
        return entries[0]
    values = tuple(None if one is None else one.values for one in entries)
    return Column(keyword=fact.keyword, per=per, values=values, vr=fact.first.vr)


def _is_even(entries: Sequence[object]) -> bool:
    return all(one == entries[0] for one in entries)
