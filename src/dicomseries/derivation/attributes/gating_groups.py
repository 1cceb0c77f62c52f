"""Gating by the heart: whole in a result, or left out whole (PS3.3 sections C.8.3.1, C.7.6.16.2.7, C.7.6.18.1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dicomseries.derivation.source.source_facts import SourceFact
from dicomseries.iod import Default, Kind, Row
from dicomseries.plan import Column
from dicomseries.standard.attribute import Attribute, attribute

__all__ = ["gated", "incomplete_groups", "lost_triggers", "ungated"]

Handed = Mapping[str, Attribute | Column]

_GATINGS = frozenset({"CG", "PPG"})
"""Terms of ScanOptions for gating by the heart."""

_DELAY, _TECHNIQUE = "NominalCardiacTriggerDelayTime", "CardiacSynchronizationTechnique"


def gated(handed: Handed, facts: Mapping[str, SourceFact], kind: Kind) -> Iterator[Attribute]:
    """Yield what a classic MR image says of its gating beside what it has: ScanOptions and TriggerTime go together.

    Parameters
    ----------
    handed : mapping
        Keyword → what the result has so far.
    facts : mapping of str to SourceFact
        What the source says.
    kind : Kind
        Of the result.

    Examples
    --------
    >>> from dicomseries.iod.kinds.mr import MR
    >>> [(one.keyword, one.values) for one in gated({"ScanOptions": attribute("ScanOptions", "CG")}, {}, MR)]
    [('TriggerTime', ())]
    """
    if kind.name != "MR":
        return
    is_gated = bool(_words(handed.get("ScanOptions")) & _GATINGS)
    if "TriggerTime" in handed and not is_gated and _DELAY in facts:
        signal = facts.get("CardiacSignalSource")
        is_pulse = signal is not None and signal.first.values[:1] == ("PP",)
        yield attribute("ScanOptions", "PPG" if is_pulse else "CG")
    if is_gated and "TriggerTime" not in handed:
        yield attribute("TriggerTime")


def ungated(
    handed: Handed, facts: Mapping[str, SourceFact], kind: Kind
) -> Iterator[tuple[str, str]]:
    """Yield trigger times of a source that says it was not gated, and why they are not kept under classic names.

    Examples
    --------
    >>> from dicomseries.iod.kinds.mr import MR
    >>> none = attribute("CardiacSynchronizationTechnique", "NONE")
    >>> facts = {none.keyword: SourceFact(keyword=none.keyword, frames=(none,))}
    >>> [keyword for keyword, _ in ungated({"TriggerTime": attribute("TriggerTime", "40")}, facts, MR)]
    ['TriggerTime']
    """
    technique = facts.get(_TECHNIQUE)
    if kind.is_multi_frame or technique is None or technique.first.values != ("NONE",):
        return
    for keyword in ("TriggerTime", "NominalInterval"):
        if keyword in handed:
            yield keyword, f"it asks for a gated scan ({_TECHNIQUE} of the source is NONE)"


def lost_triggers(handed: Handed, facts: Mapping[str, SourceFact], kind: Kind) -> Iterator[str]:
    """Yield advice on trigger times of classic images that an enhanced one cannot take over.

    Examples
    --------
    >>> from dicomseries.iod.kinds.mr import MR
    >>> list(lost_triggers({}, {}, MR))
    []
    """
    own = facts.get("TriggerTime")
    has_place = kind.is_multi_frame and any(row.given_as == "TriggerTime" for row in kind.all_rows)
    if (
        has_place
        and own is not None
        and not own.is_empty
        and not {"TriggerTime", _DELAY} & handed.keys()
    ):
        yield (
            "TriggerTime of the source is left out, as the source does not say how the scan was gated. Give "
            f"TriggerTime, NominalInterval and {_TECHNIQUE} if you know that."
        )


def incomplete_groups(handed: Handed, kind: Kind) -> Iterator[tuple[str, str]]:
    """Yield members of optional functional groups that lack one with a value, and that one.

    Examples
    --------
    >>> from dicomseries.iod.kinds.enhanced_mr import EnhancedMR
    >>> list(incomplete_groups({"RRIntervalTimeNominal": attribute("RRIntervalTimeNominal", 900.0)}, EnhancedMR))
    [('RRIntervalTimeNominal', 'it asks for NominalCardiacTriggerDelayTime')]
    """
    for group in kind.frames:
        if not group.optional or group.keyword in handed:
            continue
        members = [row for row in group.rows if isinstance(row, Row)]
        for need in members:
            if (
                need.type == "1"
                and isinstance(need.source, Default)
                and not _names(need) & handed.keys()
            ):
                names = sorted(name for row in members for name in _names(row) & handed.keys())
                yield from ((name, f"it asks for {need.keyword}") for name in names)
                break


def _names(row: Row) -> set[str]:
    return {row.keyword, row.given_as} - {""}


def _words(own: Attribute | Column | None) -> set[object]:
    if own is None:
        return set()
    if isinstance(own, Attribute):
        return set(own.values)
    return {word for entry in own.values if entry for word in entry}
