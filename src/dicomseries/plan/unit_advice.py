"""Advice about numbers that look like another unit, in the metadata, in columns and in times."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from dicomseries.iod import Kind
from dicomseries.metadata import Metadata, unit_advice
from dicomseries.plan.columns import Column, Extent
from dicomseries.standard.attribute import Attribute

__all__ = ["units_advice"]

_NUMERIC = frozenset({"DS", "IS", "FD", "FL", "SL", "SS", "UL", "US"})
_LONG_STEP_S = 100.0
_LONG_FRAME_S = 3600.0
"""Frames of PET last longer than those of other kinds."""


def units_advice(
    kind: Kind, extent: Extent, metadata: Metadata, columns: Sequence[Column]
) -> Iterator[str]:
    """Yield what a user should know of numbers that look like another unit.

    Parameters
    ----------
    kind : Kind
        Whose volumes may follow each other slowly.
    extent : Extent
        Its times are in seconds.
    metadata : Metadata
        What the user has given; what a source series says is not looked at.
    columns : sequence of Column
        What the user has given for each volume or slice.

    Examples
    --------
    >>> from dicomseries.iod import MR
    >>> user = Metadata.from_mapping({"EchoTime": 0.003})
    >>> list(units_advice(MR, Extent(volumes=1, slices=3), user, ()))
    ['EchoTime is 0.003 ms. Give it in ms, not in seconds, unless this is meant.']
    """
    said = (one for one in metadata.attributes if one.keyword not in metadata.verbatim)
    numbers: dict[str, list[float]] = {}
    for keyword, value in (*_numbers(said), *_of_columns(columns)):
        numbers.setdefault(keyword, []).append(value)
    yield from unit_advice(numbers)
    longest = max((after - before for before, after in pairwise(extent.times_s or ())), default=0.0)
    if longest > (_LONG_FRAME_S if kind.has_time_base else _LONG_STEP_S):
        yield f"Volumes follow each other by up to {longest:g} s. Give times= in seconds, unless this is meant."


def _numbers(attributes: Iterable[Attribute]) -> Iterator[tuple[str, float]]:
    for one in attributes:
        for value in one.values:
            if isinstance(value, tuple):
                yield from _numbers(value)
            elif one.vr in _NUMERIC and not isinstance(value, bytes) and value != "":
                yield one.keyword, float(value)


def _of_columns(columns: Sequence[Column]) -> Iterator[tuple[str, float]]:
    for column in (one for one in columns if one.vr in _NUMERIC):
        for values in {*column.values}:
            yield from _numbers([Attribute(column.keyword, column.vr, values)] if values else [])
