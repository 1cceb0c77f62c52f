"""Times of the source that would not rise from volume to volume of the result (PS3.3 C.8.9.4, C.7.6.18.1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dicomseries.derivation.attributes.facts_by_slice import ResultLayout
from dicomseries.plan import Column
from dicomseries.standard.attribute import Attribute
from dicomseries.standard.rising import RISING, first_not_rising, moment_number

__all__ = ["disordered"]

_OTHER_VOLUMES = frozenset(
    {
        "ComplexImageComponent",
        "DiffusionBValue",
        "DiffusionGradientOrientation",
        "EchoNumbers",
        "EchoTime",
        "InversionTime",
    }
)
"""Volumes that differ in one of these are no time points, and may have been acquired in any order."""


def disordered(
    handed: Mapping[str, Attribute], columns: Mapping[str, Column], layout: ResultLayout
) -> Iterator[str]:
    """Yield the keywords of times that differ and do not rise with the volumes.

    Parameters
    ----------
    handed : mapping of str to Attribute
        The same for all slices.
    columns : mapping of str to Column
        What differs.
    layout : ResultLayout
        Slices and volumes of the result.

    Examples
    --------
    >>> from dicomseries.derivation.source.slice_matching import Matching
    >>> matching = Matching(relation="same grid", slices=((0,),), exact=(0,))
    >>> layout = ResultLayout(matching=matching, source_slices=1, source_volumes=2, volumes=2)
    >>> times = Column(keyword="TriggerTime", per="volume", values=(("5",), ("0",)), vr="DS")
    >>> list(disordered({}, {"TriggerTime": times}, layout))
    ['TriggerTime']
    """
    slices = len(layout.matching.exact)
    for keywords, is_strict in RISING.items():
        if not is_strict and not _OTHER_VOLUMES.isdisjoint(columns):
            continue
        there = [keyword for keyword in keywords if keyword in columns]
        if not there or layout.volumes < 2:
            continue
        starts = []
        for volume in range(layout.volumes):
            frames = range(volume * slices, (volume + 1) * slices)
            texts = (
                [_text(keyword, frame, slices, handed, columns) for keyword in keywords]
                for frame in frames
            )
            starts.append(min(_number(one) for one in texts))
        if first_not_rising(starts, is_strict=is_strict) is not None:
            yield from there


def _text(
    keyword: str,
    frame: int,
    slices: int,
    handed: Mapping[str, Attribute],
    columns: Mapping[str, Column],
) -> str:
    column, own = columns.get(keyword), handed.get(keyword)
    values = (
        column.at(frame, slices=slices)
        if column is not None
        else own.values
        if own is not None
        else ()
    )
    return str(values[0]).strip() if values else ""


def _number(texts: list[str]) -> float:
    if len(texts) > 1:
        return moment_number(texts[0], texts[1])
    try:
        return float(texts[0] or 0)
    except ValueError:
        return 0.0
