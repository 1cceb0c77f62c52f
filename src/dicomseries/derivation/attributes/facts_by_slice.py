"""Values of a source attribute in slices and volumes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Literal

from dicomseries.derivation.source.slice_matching import Matching
from dicomseries.derivation.source.source_facts import SourceFact
from dicomseries.lazy_dataclass import dataclass
from dicomseries.plan import Column
from dicomseries.standard.attributes.attribute import Attribute, tag_of

__all__ = ["ResultLayout", "columns_by_tag", "spread"]

Entries = Sequence[Attribute | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultLayout:
    """Slices and volumes of source and result.

    Parameters
    ----------
    matching : Matching
        Source slices of each slice.
    source_slices, source_volumes : int
        Slices of each volume, and volumes, of the source.
    volumes : int
        Volumes of the result. If not as many as the source's, a frame comes from all volumes.
    """

    matching: Matching
    source_slices: int
    source_volumes: int
    volumes: int

    @property
    def is_paired(self) -> bool:
        """Whether each volume comes from one of the source."""
        return self.volumes == self.source_volumes

    @property
    def has_same_volumes(self) -> bool:
        """Whether each volume comes from one of the source.

        Of slices or pictures that match none of the source, the number must be the source's.
        """
        is_matched = self.matching.relation != "another space"
        return self.is_paired and (is_matched or len(self.matching.exact) == self.source_slices)

    def source_rows(self, frames: Entries) -> list[Entries]:
        """Return the entries of each volume of the source."""
        starts = range(0, self.source_slices * self.source_volumes, self.source_slices)
        return [frames[start : start + self.source_slices] for start in starts]


def spread(fact: SourceFact, layout: ResultLayout, *, by_place: bool) -> Attribute | Column | None:
    """Return the values of a source attribute in the result.

    Parameters
    ----------
    fact : SourceFact
        One value for each frame of the source.
    layout : ResultLayout
        Slices and volumes of source and result.
    by_place : bool
        Whether even a constant value holds only for slices in the plane of a source slice.

    Returns
    -------
    Attribute, Column or None
        One value for all; or a value for each volume, slice or frame, none without a source slice
        in the same plane; None if nothing holds any more.

    Examples
    --------
    >>> texts = ("0", "2", "4")
    >>> heights = tuple(Attribute("SliceLocation", "DS", (text,)) for text in texts)
    >>> matching = Matching(relation="same space", slices=((2,), (0, 1)), exact=(2, None))
    >>> layout = ResultLayout(matching=matching, source_slices=3, source_volumes=1, volumes=1)
    >>> spread(SourceFact(keyword="SliceLocation", frames=heights), layout, by_place=True).values
    (('4',), None)
    """
    if fact.constant is not None and not by_place:
        return fact.constant
    source_rows = layout.source_rows(fact.frames)
    if not by_place and layout.is_paired and all(map(_is_even, source_rows)):
        return _column(fact, "volume", [row[0] for row in source_rows])
    exact = layout.matching.exact
    rows = []
    for row in source_rows:
        rows.append([None if index is None else row[index] for index in exact])
    if _is_even(rows):
        return _column(fact, "slice", rows[0])
    if not layout.is_paired:
        return None
    return _column(fact, "frame", list(chain.from_iterable(rows)))


def columns_by_tag(columns: Iterable[Column]) -> tuple[Column, ...]:
    """Return columns in the order of their tags."""
    return tuple(sorted(columns, key=lambda column: tag_of(column.keyword)))


def _is_even(entries: Sequence[object]) -> bool:
    return all(entry == entries[0] for entry in entries)


def _column(
    fact: SourceFact, per: Literal["volume", "slice", "frame"], entries: Entries
) -> Attribute | Column | None:
    if _is_even(entries):
        return entries[0]
    values = tuple(None if entry is None else entry.values for entry in entries)
    return Column(keyword=fact.keyword, per=per, values=values, vr=fact.first.vr)
