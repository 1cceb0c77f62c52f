"""Attributes of a derived series from its source."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from dicomseries.derivation.attributes.attribute_fit import (
    fitting_column,
    lost_values,
    obstacle_to,
    unmet_condition,
)
from dicomseries.derivation.attributes.attribute_places import AttributePlaces
from dicomseries.derivation.attributes.classic_names import CLASSIC_NAMES, OPENED, renamed_facts
from dicomseries.derivation.attributes.contributing_equipment import (
    Contribution,
    Model,
    contributing_equipment,
    series_description,
)
from dicomseries.derivation.attributes.decisions import (
    Decision,
    by_tag,
    drop_decision,
    rule_decision,
)
from dicomseries.derivation.attributes.facts_by_slice import ResultLayout, columns_by_tag, spread
from dicomseries.derivation.attributes.groups.diffusion_groups import partial_diffusion
from dicomseries.derivation.attributes.groups.gating_groups import (
    gating_attributes,
    incomplete_groups,
    lost_trigger_advice,
    ungated_triggers,
)
from dicomseries.derivation.attributes.groups.whole_groups import (
    group_facts,
    may_differ,
    orphans,
    without_flavour,
)
from dicomseries.derivation.attributes.pet_time_base import source_time_base, uncounted_time
from dicomseries.derivation.attributes.private_attributes import (
    is_kept_private,
    missing_creators,
    private_decisions,
)
from dicomseries.derivation.attributes.recomputed_attributes import (
    CHANGES,
    date_attributes,
    image_type,
    loss,
    type_of_derivation,
    worst,
    zone_of,
)
from dicomseries.derivation.attributes.rising_times import times_out_of_order
from dicomseries.derivation.rules.attribute_rules import Action, Rule, rule_for
from dicomseries.derivation.source.slice_matching import Matching
from dicomseries.derivation.source.source_facts import (
    SourceFact,
    by_keyword,
    cleaned,
    creators_of,
    facts_of,
    first_text,
    item_members,
    values_text,
)
from dicomseries.derivation.source.source_series import SourceSeries
from dicomseries.iod import Choice, Kind
from dicomseries.metadata import Metadata
from dicomseries.plan import Column
from dicomseries.standard.attributes.attribute import Attribute, Item, attribute
from dicomseries.standard.attributes.date_times import in_zone
from dicomseries.standard.objects.conditional_groups import FLAVOUR_GROUPS

__all__ = ["Inherited", "inherit"]

_UIDS = frozenset({"StudyInstanceUID", "FrameOfReferenceUID"})
"""Kept among the UIDs of the series, not as metadata."""

_TIME_BASE = "FrameReferenceTime and decay of PET count from it (PS3.3 C.8.9.4.1.5)"

_ADDED = ("ReferencedSeriesSequence", "DerivationDescription", "ContributingEquipmentSequence")
"""Attributes of every result, in the source or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inherited:
    """Attributes that a derived series has from its source.

    Parameters
    ----------
    metadata : Metadata
        The same in all slices and volumes.
    columns : tuple of Column
        Attributes that differ among them.
    groups : tuple of Column
        Whole functional groups that differ from frame to frame.
    decisions : tuple of Decision
        Outcome and reason for each attribute of the source, in the order of tags.
    advice : tuple of str
        Advice for the user.
    """

    metadata: Metadata
    columns: tuple[Column, ...] = ()
    groups: tuple[Column, ...] = ()
    decisions: tuple[Decision, ...] = ()
    advice: tuple[str, ...] = ()


def inherit(
    source: SourceSeries,
    matching: Matching,
    *,
    kind: Kind,
    keep_private: Sequence[str] = (),
    description: str | None = None,
    moment: dt.datetime | None = None,
    model: Model | None = None,
    derivation: Item | None = None,
    software: str = "dicomseries",
    volumes: int | None = None,
    is_filtered: bool = True,
) -> Inherited:
    """Return the attributes of a derived series from its source.

    Parameters
    ----------
    source : SourceSeries
        Source of the array.
    matching : Matching
        Source slices of each slice.
    kind : Kind
        Kind of the result.
    keep_private : sequence of str
        Creators of private attributes to keep (PS3.5 section 7.8.1).
    description : str, optional
        SeriesDescription of the result.
    moment : datetime, optional
        Time of the result; written in the source's zone.
    model : Model, optional
        An algorithm behind the result.
    derivation : tuple of Attribute, optional
        Code of the derivation.
    software : str
        Name and version of this program.
    volumes : int, optional
        Volumes of the result; as many as the source's if not given.
    is_filtered : bool
        Whether the values may have been filtered, so that the source's kernel no longer holds.

    Returns
    -------
    Inherited
        The attributes that still hold, unchanged, legal or not.

    Notes
    -----
    PS3.3 section C.7.6.1.1.3 (derived images) and section A.1.2 (patient and study are the same in
    all their files).

    Examples
    --------
    >>> from dicomseries.derivation.source.source_series import SourceFrame
    >>> from dicomseries.geometry import Grid
    >>> from dicomseries.iod import CT
    >>> frame = SourceFrame(
    ...     sop_class_uid="1.2", sop_instance_uid="1.3", position_lps=(0.0, 0.0, 0.0)
    ... )
    >>> source = SourceSeries(
    ...     kind="CT", sop_class_uid=CT.sop_class_uid, modality="CT", study_uid="1",
    ...     series_uid="2", frame_of_reference_uid="3",
    ...     grid=Grid(shape=(1, 4, 5), spacing_mm=(1, 1, 2)), frames=(frame,),
    ...     shared=(attribute("WindowWidth", "400"), attribute("KVP", "120")),
    ... )
    >>> matching = Matching(relation="same grid", slices=((0,),), exact=(0,))
    >>> inherited = inherit(source, matching, kind=CT)
    >>> inherited.metadata.get("KVP").values, inherited.metadata.get("WindowWidth")
    (('120',), None)
    """
    result = _Result(
        source=source,
        facts=facts_of(source),
        layout=ResultLayout(
            matching=matching,
            source_slices=source.grid.shape[0],
            source_volumes=source.volumes,
            volumes=source.volumes if volumes is None else volumes,
        ),
        places=AttributePlaces(kind=kind, source_class=source.sop_class_uid),
        keep_private=tuple(keep_private),
        is_filtered=is_filtered,
    )
    result.keep_private_attributes()
    result.keep_attributes(except_for=result.keep_whole_groups())
    result.fill_empty()
    result.describe(description, model, derivation)
    result.drop_unsupported()
    result.state_loss()
    zone = zone_of(result.facts)
    local_moment = in_zone(moment, zone)
    if local_moment is not None and zone:
        result.constants |= by_keyword(date_attributes(local_moment))
    result.keep_time_base()
    contribution = Contribution(
        software=software,
        description=description or "",
        moment=local_moment,
        zone=zone,
        model=model,
    )
    equipment = contributing_equipment(result.facts, contribution)
    result.constants[equipment.keyword] = cleaned(equipment, keep_private)
    return Inherited(
        metadata=Metadata(attributes=tuple(result.constants.values())),
        columns=columns_by_tag(result.columns.values()),
        groups=columns_by_tag(result.groups.values()),
        decisions=by_tag(result.decisions.values()),
        advice=tuple(result.advice),
    )


@dataclass(kw_only=True)
class _Result:
    """Attributes of the result so far, and the decisions."""

    source: SourceSeries
    facts: dict[str, SourceFact]
    layout: ResultLayout
    places: AttributePlaces
    keep_private: tuple[str, ...]
    is_filtered: bool
    constants: dict[str, Attribute] = field(default_factory=dict)
    columns: dict[str, Column] = field(default_factory=dict)
    groups: dict[str, Column] = field(default_factory=dict)
    decisions: dict[str, Decision] = field(default_factory=dict)
    advice: list[str] = field(default_factory=list)

    @property
    def kind(self) -> Kind:
        return self.places.kind

    def attributes(self) -> dict[str, Attribute | Column]:
        return {**self.constants, **self.columns, **self.groups}

    def keep_private_attributes(self) -> None:
        """Keep the private attributes of the named creators."""
        creators = creators_of(self.source.all_attributes())
        facts = self.facts.values()
        private = [fact for fact in facts if rule_for(fact.keyword).entity == "private"]
        for fact in private:
            if is_kept_private(fact, creators, self.keep_private):
                obstacle = self._place(fact, rule_for(fact.keyword))
                if obstacle:
                    self._drop(fact, obstacle)
        for decision in private_decisions(private, creators, self.keep_private):
            self.decisions[decision.attribute] = decision
        self.advice += missing_creators(private, creators, self.keep_private)

    def keep_whole_groups(self) -> set[str]:
        """Keep whole functional groups; return the settled keywords."""
        settled: set[str] = set()
        for group, fact in group_facts(self.source).items():
            members: set[str] = set()
            for sequence in fact.different:
                for item in sequence.values:
                    members |= by_keyword(item_members(item)).keys()
            if group in self.places.groups and self._keep_group(fact, members):
                settled.add(group)
                for keyword in members:
                    member = self.facts.get(keyword)
                    if member is not None and member.group == group:
                        settled.add(keyword)
                        self._decide(member, rule_for(keyword), f"in {group}")
        return settled

    def _keep_group(self, fact: SourceFact, members: set[str]) -> bool:
        """Keep a functional group if possible; return whether kept."""
        by_place = False
        for rule in map(rule_for, (fact.keyword, *members)):
            if not rule.is_kept or self._unmet(rule):
                return False
            by_place = by_place or rule.when == "same slice"
        can_differ = may_differ(self.kind, fact.keyword)
        if fact.constant is None and not can_differ:
            return False
        values = spread(fact, self.layout, by_place=by_place)
        if values is None or (isinstance(values, Column) and not can_differ):
            return False
        if isinstance(values, Column):
            self.groups[fact.keyword] = values
        else:
            self.constants[fact.keyword] = cleaned(values, self.keep_private)
        return True

    def keep_attributes(self, *, except_for: set[str]) -> None:
        """Decide on every other public attribute of the source."""
        for fact in self.facts.values():
            rule = rule_for(fact.keyword)
            if rule.entity == "private" or fact.keyword in except_for:
                continue
            if fact.group and rule_for(fact.group).action in {"drop", "add"}:
                rule = rule_for(fact.group)
            if rule.is_verbatim or rule.action == "keep forever":
                self._keep_always(fact, rule)
            elif rule.action == "keep":
                self._keep(fact, rule)
            elif rule.action == "change" and fact.keyword in CHANGES:
                changed = CHANGES[fact.keyword](self.source, self.facts, self.kind)
                note = ""
                if changed is not None:
                    self.constants[fact.keyword] = changed
                    note = "\\".join(map(str, changed.values))
                self._decide(fact, rule, note)
            else:
                self._decide(fact, rule)

    def _keep_always(self, fact: SourceFact, rule: Rule) -> None:
        value = worst(fact) if rule.action == "keep forever" else fact.first
        row = self.kind.row(fact.keyword)
        if value.is_empty and row is not None and row.must_have_value:
            self._drop(fact, "it is empty")
            return
        note = ""
        if fact.constant is None:
            note = f"{values_text([value])} for all, as it must not differ"
            self.advice.append(
                f"{fact.keyword} differs within the source: {fact.text}. The result "
                "has one value for all."
            )
        if fact.keyword not in _UIDS:
            self.constants[fact.keyword] = cleaned(value, self.keep_private)
        self._decide(fact, rule, note)

    def _keep(self, fact: SourceFact, rule: Rule) -> None:
        unmet = self._unmet(rule)
        if unmet:
            self._drop(fact, f"{unmet} ({rule.why})")
            return
        if fact.keyword in _UIDS:
            self._decide(fact, rule)
            return
        renamed = [fact]
        if self.source.is_multi_frame:
            names = OPENED if self.kind.is_multi_frame else CLASSIC_NAMES
            renamed = renamed_facts(fact, names) or [fact]
        for candidate in renamed:
            note = ""
            if candidate.keyword != fact.keyword:
                if candidate.keyword in self.facts:
                    continue
                note = f"as {candidate.keyword}"
            obstacle = obstacle_to(candidate, self.places, self.layout.volumes) or self._place(
                candidate, rule
            )
            if obstacle:
                self._drop(fact, obstacle)
            else:
                self._decide(fact, rule, note)

    def _unmet(self, rule: Rule) -> str:
        return unmet_condition(rule, self.layout, is_filtered=self.is_filtered)

    def _place(self, fact: SourceFact, rule: Rule) -> str:
        """Keep the values of an attribute; return any obstacle."""
        values = spread(fact, self.layout, by_place=rule.when == "same slice")
        obstacle = lost_values(rule, self.layout) if values is None else ""
        if isinstance(values, Column):
            values, obstacle = fitting_column(values, self.places)
        if isinstance(values, Column):
            self.columns[values.keyword] = values
        elif values is not None:
            self.constants[values.keyword] = cleaned(values, self.keep_private)
        return obstacle

    def _decide(self, fact: SourceFact, rule: Rule, note: str = "") -> None:
        self.decisions.setdefault(fact.keyword, rule_decision(fact.keyword, fact.text, rule, note))

    def _drop(self, fact: SourceFact, why: str) -> None:
        self.decisions.setdefault(fact.keyword, drop_decision(fact.keyword, fact.text, why))

    def fill_empty(self) -> None:
        """Leave attributes empty that the source may lack."""
        for row in self.kind.rows:
            is_verbatim = row.type == "2" and rule_for(row.keyword).is_verbatim
            if is_verbatim and row.keyword not in self.facts:
                self.constants[row.keyword] = attribute(row.keyword)
        for keyword in self.places.unstated({*self.constants, *self.columns}):
            self.constants[keyword] = attribute(keyword)

    def describe(
        self, description: str | None, model: Model | None, derivation: Item | None
    ) -> None:
        """Add description, image type and the decisions about references."""
        before = self.facts.get("SeriesDescription")
        text = first_text(before.first) if before else ""
        self._add(attribute("SeriesDescription", series_description(text, description, model)))
        if "ImageType" not in self.facts:
            made = image_type(self.source, self.facts, self.kind)
            if made is not None:
                self.constants["ImageType"] = made
        image = self.constants.get("ImageType")
        for member in type_of_derivation(derivation, image, self.kind):
            self._add(member)
        images = "DerivationImageSequence" if self.kind.is_multi_frame else "SourceImageSequence"
        for keyword in (*_ADDED, images):
            if keyword not in self.facts:
                rule = replace(rule_for(keyword), action="add")
                self.decisions[keyword] = rule_decision(keyword, "", rule)

    def drop_unsupported(self) -> None:
        """Drop attributes without required ones, and falling times."""
        attributes = self.attributes()
        unsupported = {
            **orphans(attributes),
            **partial_diffusion(attributes, self.facts, is_multi_frame=self.kind.is_multi_frame),
            **incomplete_groups(attributes, self.kind),
            **ungated_triggers(attributes, self.facts, self.kind),
            **uncounted_time(self.source, self.facts, self.kind),
        }
        for keyword, why in unsupported.items():
            self._take_back(keyword, f"{why}, which the result does not have")
        if not self.kind.is_multi_frame:
            for keyword in times_out_of_order(self.constants, self.columns, self.layout):
                self._take_back(keyword, "it does not rise from volume to volume (TIM-003)")
        self._drop_flavour()
        for member in gating_attributes(self.attributes(), self.facts, self.kind):
            self._add(member)
        advice = lost_trigger_advice(self.attributes(), self.facts, self.kind)
        if advice:
            self.advice.append(advice)

    def _take_back(self, keyword: str, why: str) -> None:
        """Drop an attribute of the result again."""
        self.constants.pop(keyword, None)
        self.columns.pop(keyword, None)
        self.groups.pop(keyword, None)
        self.decisions[keyword] = drop_decision(keyword, self._source_text(keyword), why)
        self.advice.append(f"{keyword} of the source is left out: {why}.")

    def _drop_flavour(self) -> None:
        """Drop the flavour of ImageType without its group."""
        before, row = self.constants.get("ImageType"), self.kind.row("ImageType")
        if before is None or row is None or not isinstance(row.source, Choice):
            return
        default = tuple(map(str, row.source.values))
        after = without_flavour(before, default, self.attributes().keys())
        if self.kind.is_multi_frame and after is not before:
            self.constants["ImageType"] = after
            flavour = str(before.values[2])
            self.advice.append(
                f"ImageType is not {flavour} as in the source, as the result has no "
                f"{FLAVOUR_GROUPS[flavour]}."
            )

    def state_loss(self) -> None:
        """State a lossy compression of the source."""
        for member in loss(self.source, self.facts):
            self._add(member)
        flag = self.constants.get("LossyImageCompression")
        ratio = self.constants.get("LossyImageCompressionRatio")
        if flag is not None and flag.values == ("01",) and ratio is None:
            self.advice.append(
                "The source has been compressed with loss and does not state the ratio; give "
                '`metadata={"LossyImageCompressionRatio": ...}` if you know it.'
            )

    def keep_time_base(self) -> None:
        """Keep the source's SeriesDate and SeriesTime for PET times."""
        base = source_time_base(self.source, self.facts, self.kind)
        if base is None:
            return
        for keyword, text in {"SeriesDate": base.date, "SeriesTime": base.time}.items():
            member, fact = attribute(keyword, text), self.facts[keyword]
            self.constants[keyword] = member
            action: Action = "keep"
            note = ""
            if fact.constant != member:
                action, note = "change", text
            rule = replace(rule_for(keyword), action=action, why=_TIME_BASE)
            self.decisions[keyword] = rule_decision(keyword, fact.text, rule, note)
        if base.advice:
            self.advice.append(base.advice)

    def _add(self, member: Attribute) -> None:
        """Add an attribute of the result, or change the source's."""
        self.constants[member.keyword] = member
        action: Action = "change" if member.keyword in self.facts else "add"
        rule = replace(rule_for(member.keyword), action=action)
        note = "\\".join(map(str, member.values))
        text = self._source_text(member.keyword)
        self.decisions[member.keyword] = rule_decision(member.keyword, text, rule, note)

    def _source_text(self, keyword: str) -> str:
        return self.facts[keyword].text if keyword in self.facts else ""
