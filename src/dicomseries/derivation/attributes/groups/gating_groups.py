"""Cardiac gating, kept as a unit.

PS3.3 sections C.8.3.1, C.7.6.16.2.7 and C.7.6.18.1.
"""

from __future__ import annotations

from collections.abc import Mapping

from dicomseries.derivation.source.source_facts import Facts
from dicomseries.iod import Default, Kind, Row
from dicomseries.plan import Column
from dicomseries.standard.attributes.attribute import Attribute, attribute

__all__ = ["gating_attributes", "incomplete_groups", "lost_trigger_advice", "ungated_triggers"]

ResultAttributes = Mapping[str, Attribute | Column]
"""Keyword → attribute of the result."""

_GATING_TERMS = frozenset({"CG", "PPG"})
"""Terms of ScanOptions for cardiac gating."""

_DELAY, _TECHNIQUE = "NominalCardiacTriggerDelayTime", "CardiacSynchronizationTechnique"


def gating_attributes(result: ResultAttributes, facts: Facts, kind: Kind) -> list[Attribute]:
    """Return missing ScanOptions or TriggerTime of a classic MR.

    Parameters
    ----------
    result : mapping
        Attributes of the result.
    facts : mapping of str to SourceFact
        Attributes of the source.
    kind : Kind
        Kind of the result.

    Examples
    --------
    >>> from dicomseries.iod.kinds.mr import MR
    >>> missing = gating_attributes({"ScanOptions": attribute("ScanOptions", "CG")}, {}, MR)
    >>> [(member.keyword, member.values) for member in missing]
    [('TriggerTime', ())]
    """
    if kind.name != "MR":
        return []
    is_gated = not _GATING_TERMS.isdisjoint(_terms(result.get("ScanOptions")))
    if is_gated and "TriggerTime" not in result:
        return [attribute("TriggerTime")]
    if not is_gated and "TriggerTime" in result and _DELAY in facts:
        signal = facts.get("CardiacSignalSource")
        is_pulse = signal is not None and signal.first.values[:1] == ("PP",)
        return [attribute("ScanOptions", "PPG" if is_pulse else "CG")]
    return []


def _terms(options: Attribute | Column | None) -> set[object]:
    if options is None:
        return set()
    if isinstance(options, Attribute):
        return set(options.values)
    terms: set[object] = set()
    for values in options.values:
        terms.update(values or ())
    return terms


def ungated_triggers(result: ResultAttributes, facts: Facts, kind: Kind) -> dict[str, str]:
    """Return trigger times of an ungated source, with reasons."""
    technique = facts.get(_TECHNIQUE)
    if kind.is_multi_frame or technique is None or technique.first.values != ("NONE",):
        return {}
    why = f"it requires a gated scan ({_TECHNIQUE} of the source is NONE)"
    return {keyword: why for keyword in ("TriggerTime", "NominalInterval") if keyword in result}


def lost_trigger_advice(result: ResultAttributes, facts: Facts, kind: Kind) -> str:
    """Return advice on lost trigger times; else empty."""
    trigger_time = facts.get("TriggerTime")
    is_lost = (
        kind.is_multi_frame
        and any(row.given_as == "TriggerTime" for row in kind.all_rows)
        and trigger_time is not None
        and not trigger_time.is_empty
        and "TriggerTime" not in result
        and _DELAY not in result
    )
    if not is_lost:
        return ""
    return (
        "TriggerTime of the source is left out, as the source does not state the gating of the "
        f"scan. Give TriggerTime, NominalInterval and {_TECHNIQUE} if you know it."
    )


def incomplete_groups(result: ResultAttributes, kind: Kind) -> dict[str, str]:
    """Return members of functional groups without a required one.

    Returns
    -------
    dict
        Keyword → reason to drop it.

    Examples
    --------
    >>> from dicomseries.iod.kinds.enhanced_mr import EnhancedMR
    >>> interval = attribute("RRIntervalTimeNominal", 900.0)
    >>> incomplete_groups({"RRIntervalTimeNominal": interval}, EnhancedMR)
    {'RRIntervalTimeNominal': 'it requires NominalCardiacTriggerDelayTime'}
    """
    incomplete: dict[str, str] = {}
    for group in kind.frames:
        if not group.optional or group.keyword in result:
            continue
        names: set[str] = set()
        missing = ""
        for row in group.rows:
            if not isinstance(row, Row):
                continue
            row_names = {row.keyword, row.given_as}
            names |= row_names
            is_required = row.type == "1" and isinstance(row.source, Default)
            if is_required and not missing and row_names.isdisjoint(result):
                missing = row.keyword
        if missing:
            incomplete |= dict.fromkeys(sorted(names & result.keys()), f"it requires {missing}")
    return incomplete
