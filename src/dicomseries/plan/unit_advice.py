"""Advice about numbers that look like another unit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from dicomseries.iod import Kind
from dicomseries.metadata import Metadata, unit_advice
from dicomseries.plan.columns import Column, Extent
from dicomseries.standard.attributes.attribute import Attribute

__all__ = ["units_advice"]

_NUMERIC = frozenset({"DS", "IS", "FD", "FL", "SL", "SS", "UL", "US"})
_LONG_STEP_S = 100.0
_LONG_FRAME_S = 3600.0
"""Frames of PET last longer than those of other kinds."""


def units_advice(
    kind: Kind, extent: Extent, metadata: Metadata, columns: Sequence[Column]
) -> Iterator[str]:
    """Yield advice about numbers that look like another unit.

    Parameters
    ----------
    kind : Kind
        Its volumes may be far apart in time (PET).
    extent : Extent
        With times in seconds.
    metadata : Metadata
        The user's attributes; those of a source series are not checked.
    columns : sequence of Column
        The user's attributes of each volume or slice.
    """
    attributes = list(metadata.without(*metadata.verbatim).attributes)
    for column in columns:
        for values in {*column.values}:
            if values and column.vr in _NUMERIC:
                attributes.append(Attribute(column.keyword, column.vr, values))
    numbers: dict[str, list[float]] = {}
    for keyword, value in _numbers(attributes):
        numbers.setdefault(keyword, []).append(value)
    yield from unit_advice(numbers)
    longest = np.diff(extent.times_s or ()).max(initial=0.0)
    limit = _LONG_FRAME_S if kind.has_time_base else _LONG_STEP_S
    if longest > limit:
        yield _long_step(longest, extent.times_s or ())


def _long_step(longest: float, times_s: Sequence[float]) -> str:
    steps = np.diff(times_s)
    if np.allclose(steps, longest):
        return (
            f"{longest:g} s between volumes: `times=` is in seconds. If it was in milliseconds, "
            f"give `times={longest / 1000:g}`."
        )
    return (
        f"Up to {longest:g} s between volumes: `times=` is in seconds. If it was in milliseconds, "
        "divide it by 1000."
    )


def _numbers(attributes: Iterable[Attribute]) -> Iterator[tuple[str, float]]:
    for attribute in attributes:
        for value in attribute.values:
            if isinstance(value, tuple):
                yield from _numbers(value)
            elif attribute.vr in _NUMERIC and not isinstance(value, bytes) and value != "":
                yield attribute.keyword, float(value)
