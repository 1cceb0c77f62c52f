"""Times that would not rise with the result's volumes.

PS3.3 sections C.8.9.4 and C.7.6.18.1.
"""

from __future__ import annotations

from collections.abc import Mapping

from dicomseries.derivation.attributes.facts_by_slice import ResultLayout
from dicomseries.derivation.source.source_facts import first_text
from dicomseries.plan import Column
from dicomseries.standard.attributes.attribute import Attribute
from dicomseries.standard.objects.rising_volumes import (
    OTHER_VOLUMES,
    RISING,
    first_not_rising,
    moment_number,
)

__all__ = ["times_out_of_order"]


def times_out_of_order(
    constants: Mapping[str, Attribute], columns: Mapping[str, Column], layout: ResultLayout
) -> list[str]:
    """Return keywords of times that do not rise.

    Parameters
    ----------
    constants : mapping of str to Attribute
        Attributes of the result, equal in all slices.
    columns : mapping of str to Column
        Attributes of the result that differ.
    layout : ResultLayout
        Slices and volumes of the result.

    Examples
    --------
    >>> from dicomseries.derivation.source.slice_matching import Matching
    >>> matching = Matching(relation="same grid", slices=((0,),), exact=(0,))
    >>> layout = ResultLayout(matching=matching, source_slices=1, source_volumes=2, volumes=2)
    >>> times = Column(keyword="TriggerTime", per="volume", values=(("5",), ("0",)), vr="DS")
    >>> times_out_of_order({}, {"TriggerTime": times}, layout)
    ['TriggerTime']
    """
    if layout.volumes < 2:
        return []
    out_of_order = []
    slices = len(layout.matching.exact)
    for keywords, is_strict in RISING.items():
        differing = [keyword for keyword in keywords if keyword in columns]
        if not differing or (not is_strict and not OTHER_VOLUMES.isdisjoint(columns)):
            continue
        starts = []
        for volume in range(layout.volumes):
            moments = []
            for frame in range(volume * slices, (volume + 1) * slices):
                texts = [_text(name, frame, slices, constants, columns) for name in keywords]
                moments.append(_number(texts))
            starts.append(min(moments))
        if first_not_rising(starts, is_strict=is_strict) is not None:
            out_of_order += differing
    return out_of_order


def _text(
    keyword: str,
    frame: int,
    slices: int,
    constants: Mapping[str, Attribute],
    columns: Mapping[str, Column],
) -> str:
    if keyword not in columns:
        return first_text(constants.get(keyword))
    values = columns[keyword].at(frame, slices=slices)
    if values:
        return str(values[0]).strip()
    return ""


def _number(texts: list[str]) -> float:
    if len(texts) > 1:
        return moment_number(texts[0], texts[1])
    try:
        return float(texts[0] or 0)
    except ValueError:
        return 0.0
