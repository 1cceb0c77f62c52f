"""`inherit`: the attributes of a derived series that come from its source, by the table of rules."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

from dicomseries.derivation.attributes import recomputed_attributes
from dicomseries.derivation.attributes.attribute_places import AttributePlaces
from dicomseries.derivation.attributes.classic_names import classic_facts, opened_facts
from dicomseries.derivation.attributes.contributing_equipment import (
    Contribution,
    Model,
    contributing_equipment,
    series_description,
)
from dicomseries.derivation.attributes.decisions import MISSED, Decision, decided, dropped, shown
from dicomseries.derivation.attributes.diffusion_groups import partial_diffusion
from dicomseries.derivation.attributes.facts_by_slice import ResultLayout, spread
from dicomseries.derivation.attributes.gating_groups import (
    gated,
    incomplete_groups,
    lost_triggers,
    ungated,
)
from dicomseries.derivation.attributes.pet_time_base import source_time_base
from dicomseries.derivation.attributes.private_attributes import (
    kept_private,
    private_decisions,
    unknown_creators,
)
from dicomseries.derivation.attributes.rising_times import disordered
from dicomseries.derivation.attributes.whole_groups import (
    group_facts,
    may_differ,
    orphans,
    without_flavour,
)
from dicomseries.derivation.rules.attribute_rules import Rule, rule_for
from dicomseries.derivation.source.slice_matching import Matching
from dicomseries.derivation.source.source_facts import SourceFact, cleaned, facts_of
from dicomseries.derivation.source.source_series import SourceSeries
from dicomseries.iod import Choice, Kind
from dicomseries.metadata import Metadata
from dicomseries.plan import Column
from dicomseries.standard.attribute import Attribute, attribute, tag_of
from dicomseries.standard.conditional_groups import FLAVOUR_GROUPS
from dicomseries.standard.moments import date_text, in_zone, time_text
from dicomseries.standard.series_level import ONE_PER_SERIES

__all__ = ["Inherited", "inherit"]

_BY_UID = frozenset({"StudyInstanceUID", "FrameOfReferenceUID"})
"""Kept, but not as metadata: they are among the UIDs of the series."""

_BASES = frozenset({"RepetitionTime", "AcquisitionDate", "AcquisitionTime"})
"""Of what is said of each volume, that which one value for all does not contradict."""

_TIME_BASE = "FrameReferenceTime and decay of PET count from it (PS3.3 C.8.9.4.1.5)"

_ADDED = ("ReferencedSeriesSequence", "DerivationDescription", "ContributingEquipmentSequence")
"""What every result says, whether or not the source says it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inherited:
    """What a derived series has from its source.

    Parameters
    ----------
    metadata : Metadata
        The same in all slices and volumes.
    columns : tuple of Column
        What differs among them.
    groups : tuple of Column
        Functional groups that differ from frame to frame, whole.
    decisions : tuple of Decision
        What became of each attribute of the source and why, in the order of tags.
    advice : tuple of str
        What the user should know.

    Examples
    --------
    >>> Inherited(metadata=Metadata()).columns
    ()
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
    software: str = "dicomseries",
    volumes: int | None = None,
    is_filtered: bool = True,
) -> Inherited:
    """Return what a derived series says because its source says it.

    Parameters
    ----------
    source : SourceSeries
        Where the array comes from.
    matching : Matching
        How its slices lie to those of the source.
    kind : Kind
        Of the result.
    keep_private : sequence of str
        Creators whose private attributes are kept (PS3.5 section 7.8.1).
    description : str, optional
        SeriesDescription of the result.
    moment : datetime, optional
        When it is made; written in the source's zone.
    model : Model, optional
        An algorithm that took part.
    software : str
        Name and version of this program.
    volumes : int, optional
        Of the result; as many as the source has if not given.
    is_filtered : bool
        Whether the values may have been filtered, so that the source's kernel is theirs no more.

    Returns
    -------
    Inherited
        What is true still, as the source has it: legal or not, nothing is corrected.

    Notes
    -----
    PS3.3 section C.7.6.1.1.3 (derived images) and section A.1.2 (patient and study are the same in all their files).

    Examples
    --------
    >>> from dicomseries.derivation.source.source_series import SourceFrame
    >>> from dicomseries.geometry import Grid
    >>> from dicomseries.iod import CT
    >>> frame = SourceFrame(sop_class_uid="1.2", sop_instance_uid="1.3", position_lps=(0.0, 0.0, 0.0))
    >>> shared = (attribute("PatientID", "42"), attribute("WindowWidth", "400"), attribute("KVP", "120"))
    >>> source = SourceSeries(kind="CT", sop_class_uid=CT.sop_class_uid, modality="CT", study_uid="1", series_uid="2",
    ...                 frame_of_reference_uid="3", grid=Grid(shape=(1, 4, 5), spacing_mm=(1, 1, 2)), frames=(frame,),
    ...                 shared=shared)
    >>> found = inherit(source, Matching(relation="same grid", slices=((0,),), exact=(0,)), kind=CT)
    >>> found.metadata.get("KVP").values, found.metadata.get("WindowWidth")
    (('120',), None)
    >>> [one.outcome for one in found.decisions if one.attribute == "WindowWidth"]
    ['by the values: it names the quantity and how to look at it, which the table of values decides']
    """
    facts = facts_of(source)
    layout = ResultLayout(
        matching=matching,
        source_slices=source.grid.shape[0],
        source_volumes=source.volumes,
        volumes=source.volumes if volumes is None else volumes,
    )
    ledger = _Ledger(
        source=source,
        facts=facts,
        layout=layout,
        places=AttributePlaces(kind=kind, source_class=source.sop_class_uid),
        keep_private=tuple(keep_private),
        is_filtered=is_filtered,
    )
    ledger.settle_all()
    ledger.fill_verbatim()
    ledger.describe(description, model)
    ledger.agree()
    ledger.admit_loss()
    zone = recomputed_attributes.zone_of(facts)
    local = in_zone(moment, zone)
    ledger.date(local, zone)
    ledger.keep_time_base()
    ledger.contribute(
        Contribution(
            software=software, description=description or "", moment=local, zone=zone, model=model
        )
    )
    return ledger.inherited()


@dataclass(kw_only=True)
class _Ledger:
    """What has been decided so far."""

    source: SourceSeries
    facts: dict[str, SourceFact]
    layout: ResultLayout
    places: AttributePlaces
    keep_private: tuple[str, ...]
    is_filtered: bool
    handed: dict[str, Attribute] = field(default_factory=dict)
    columns: dict[str, Column] = field(default_factory=dict)
    groups: dict[str, Column] = field(default_factory=dict)
    decisions: dict[str, Decision] = field(default_factory=dict)
    advice: list[str] = field(default_factory=list)

    @property
    def kind(self) -> Kind:
        return self.places.kind

    def inherited(self) -> Inherited:
        """Return all of it."""
        ordered = sorted(self.decisions.values(), key=lambda one: tag_of(one.attribute.split()[0]))
        return Inherited(
            metadata=Metadata(attributes=tuple(self.handed.values())),
            columns=tuple(sorted(self.columns.values(), key=lambda one: tag_of(one.keyword))),
            groups=tuple(sorted(self.groups.values(), key=lambda one: tag_of(one.keyword))),
            decisions=tuple(ordered),
            advice=tuple(self.advice),
        )

    # ------------------------------------------------------------------------------------------- what the source has
    def settle_all(self) -> None:
        """Decide upon every attribute of the source."""
        private = {
            one.keyword: one
            for one in self.facts.values()
            if rule_for(one.keyword).entity == "private"
        }
        for fact in kept_private(self.source, private.values(), self.keep_private):
            self._hand(fact, replace(rule_for(fact.keyword), action="keep"))
        for decision in private_decisions(self.source, private.values(), self.keep_private):
            self.decisions[decision.attribute] = decision
        self.advice += unknown_creators(self.source, private.values(), self.keep_private)
        public = [one for one in self.facts.values() if one.keyword not in private]
        whole = self._whole_groups()
        for fact in public:
            if fact.keyword not in whole:
                self._settle(fact)

    def _settle(self, fact: SourceFact) -> None:
        rule = self._rule(fact)
        if rule.is_verbatim or rule.action == "keep forever":
            self._keep_always(fact, rule)
        elif rule.action == "keep":
            self._keep(fact, rule)
        elif rule.action == "change" and fact.keyword in recomputed_attributes.CHANGES:
            self._change(fact, rule)
        else:
            self._note(fact, decided(fact.keyword, shown(fact.frames), rule))

    def _rule(self, fact: SourceFact) -> Rule:
        """Return the rule of an attribute; in a functional group that is not kept it is the group's."""
        if fact.group and rule_for(fact.group).action in {"drop", "add", "change"}:
            return rule_for(fact.group)
        return rule_for(fact.keyword)

    def _note(self, fact: SourceFact, decision: Decision) -> None:
        self.decisions.setdefault(fact.keyword, decision)

    def _keep_always(self, fact: SourceFact, rule: Rule) -> None:
        text = shown(fact.frames)
        own = recomputed_attributes.worst(fact) if rule.action == "keep forever" else fact.first
        row = self.kind.row(fact.keyword)
        if own.is_empty and row is not None and row.must_have_value:
            self._note(fact, dropped(fact.keyword, text, "it is empty"))
            return
        note = ""
        if fact.constant is None:
            note = f"{shown([own])} for all, as it must not differ"
            self.advice.append(
                f"{fact.keyword} differs within the source: {text}. The result has one value for all."
            )
        if fact.keyword not in _BY_UID:
            self.handed[fact.keyword] = cleaned(own, self.keep_private)
        self._note(fact, decided(fact.keyword, text, rule, note))

    def _change(self, fact: SourceFact, rule: Rule) -> None:
        made = recomputed_attributes.CHANGES[fact.keyword](self.source, self.facts, self.kind)
        if made is not None:
            self.handed[fact.keyword] = made
        note = "" if made is None else "\\".join(map(str, made.values))
        self._note(fact, decided(fact.keyword, shown(fact.frames), rule, note))

    def _keep(self, fact: SourceFact, rule: Rule) -> None:
        missed = self._missed(rule)
        if missed:
            self._note(fact, dropped(fact.keyword, shown(fact.frames), f"{missed} ({rule.why})"))
            return
        if fact.keyword in _BY_UID:
            self._note(fact, decided(fact.keyword, shown(fact.frames), rule))
            return
        for one in self._called(fact):
            if one.keyword == fact.keyword or one.keyword not in self.facts:
                self._hand(one, rule, of=fact)

    def _called(self, fact: SourceFact) -> list[SourceFact]:
        """Return an attribute under the names that the result has for it."""
        if self.source.frames[0].frame_number is None:
            return [fact]
        return list(opened_facts(fact) if self.kind.is_multi_frame else classic_facts(fact)) or [
            fact
        ]

    def _missed(self, rule: Rule) -> str:
        """Return which condition of a rule does not hold; empty if it holds."""
        matching = self.layout.matching
        holds = {
            "always": True,
            "same space": matching.relation != "another space",
            "same grid": matching.relation == "same grid" or matching.same_pixels,
            "same slice": any(one is not None for one in matching.exact),
            "unfiltered": not self.is_filtered,
        }
        return "" if holds[rule.when] else MISSED[rule.when]

    def _hand(self, fact: SourceFact, rule: Rule, of: SourceFact | None = None) -> None:
        """Hand an attribute on if it has a place, once for all or slice by slice."""
        of = of or fact
        is_private = rule.entity == "private"
        text = shown(of.frames)
        obstacle = "" if is_private else self._obstacle(fact)
        found = None if obstacle else spread(fact, self.layout, by_place=rule.when == "same slice")
        if isinstance(found, Column):
            found, obstacle = self._fitting(found)
        if found is None:
            self._note(
                of, dropped(of.keyword, text, obstacle or f"{MISSED['same slice']} ({rule.why})")
            )
            return
        if isinstance(found, Column):
            self.columns[found.keyword] = replace(found, values=tuple(found.values))
        else:
            self.handed[found.keyword] = cleaned(found, self.keep_private)
        note = "" if fact.keyword == of.keyword else f"as {fact.keyword}"
        if not is_private:
            self._note(of, decided(of.keyword, text, rule, note))

    def _obstacle(self, fact: SourceFact) -> str:
        """Return why an attribute cannot be handed on, wherever the slices lie; empty if it can."""
        row = self.places.row(fact.keyword)
        if fact.is_empty and not (
            row and row.keyword == fact.keyword and _may_be_empty(row.type, row.source)
        ):
            return "it is empty"
        if fact.group and self.kind.is_multi_frame and row is None:
            return f"no functional group of a {self.places.title} holds it by itself"
        if self._is_one_for_volumes(fact):
            return "the volumes of the result are counted anew"
        if fact.keyword == "SliceThickness" and not _are_positive(fact.frames):
            return "it is no thickness"
        return next(
            filter(None, (self.places.obstacle(one) for one in {*fact.frames} if one is not None)),
            "",
        )

    def _is_one_for_volumes(self, fact: SourceFact) -> bool:
        over_time = fact.keyword in self.kind.over_time and fact.keyword not in _BASES
        return over_time and self.layout.volumes > 1 and fact.constant is not None

    def _fitting(self, column: Column) -> tuple[Column | None, str]:
        """Return a column as the kind can have it, or None and why it cannot."""
        if column.keyword in ONE_PER_SERIES:
            return None, "it differs from slice to slice, and is one for all files of a series"
        if not self.places.may_vary(column.keyword):
            return (
                None,
                f"it differs from slice to slice, and no functional group of a {self.places.title} holds it",
            )
        row = self.kind.row(
            column.keyword
        )  # in a functional group, an attribute without a value leaves its item out
        values = tuple(
            None if one is None or not any(part != "" for part in one) else one
            for one in column.values
        )
        must_be_whole = column.keyword == "SliceThickness" or (row is not None and row.type == "1")
        must_be_whole = must_be_whole or (
            self.kind.is_multi_frame and self.places.row(column.keyword) is not None
        )
        if must_be_whole and None in values:
            return None, "it is not known of all slices of the result, and all must have it"
        if row is not None and row.type in {"2", "2C"}:
            values = tuple(() if one is None else one for one in values)
        return replace(column, values=values), ""

    # ------------------------------------------------------------------------------------------- functional groups
    def _whole_groups(self) -> frozenset[str]:
        """Hand on functional groups whole; return the keywords of what is settled by that."""
        done: set[str] = set()
        for group, fact in group_facts(self.source).items():
            items = (one.values for one in {*fact.frames} if one is not None)
            members = {
                one.keyword
                for values in items
                for item in values
                if isinstance(item, tuple)
                for one in item
            }
            if group in self.places.groups and self._hand_whole(group, fact, members):
                done |= {
                    group,
                    *(
                        one
                        for one in members
                        if one in self.facts and self.facts[one].group == group
                    ),
                }
        return frozenset(done)

    def _hand_whole(self, group: str, fact: SourceFact, members: Collection[str]) -> bool:
        """Hand a functional group on with all its members; return whether that can be."""
        rules = [rule_for(keyword) for keyword in (group, *members)]
        if not all(rule.is_kept and not self._missed(rule) for rule in rules):
            return False
        if fact.constant is None and not may_differ(self.kind, group):
            return False
        found = spread(fact, self.layout, by_place=any(rule.when == "same slice" for rule in rules))
        if found is None or (isinstance(found, Column) and not may_differ(self.kind, group)):
            return False
        if isinstance(found, Column):
            self.groups[group] = found
        else:
            self.handed[group] = cleaned(found, self.keep_private)
        for keyword in members:
            own = self.facts.get(keyword)
            if own is not None and own.group == group:
                self._note(
                    own, decided(keyword, shown(own.frames), rule_for(keyword), f"in {group}")
                )
        return True

    # ------------------------------------------------------------------------------------------- what must agree
    def agree(self) -> None:
        """Leave out what asks for something that the result does not have, and times that do not rise."""
        there: dict[str, Attribute | Column] = {**self.handed, **self.columns, **self.groups}
        partial = partial_diffusion(there, is_multi_frame=self.kind.is_multi_frame)
        alone = (
            *orphans(there),
            *partial,
            *incomplete_groups(there, self.kind),
            *ungated(there, self.facts, self.kind),
        )
        for keyword, why in alone:
            there.pop(keyword, None)
            self._take_back(keyword, f"{why}, which the result does not have")
        own, row = self.handed.get("ImageType"), self.kind.row("ImageType")
        if (
            own is not None
            and row is not None
            and isinstance(row.source, Choice)
            and self.kind.is_multi_frame
        ):
            kept = without_flavour(own, tuple(map(str, row.source.values)), there)
            if kept is not own:
                self.handed["ImageType"] = kept
                self.advice.append(
                    f"ImageType is not {own.values[2]!s} as in the source, as the result has no "
                    f"{FLAVOUR_GROUPS[str(own.values[2])]}."
                )
        for keyword in (
            disordered(self.handed, self.columns, self.layout)
            if not self.kind.is_multi_frame
            else ()
        ):
            there.pop(keyword, None)
            self._take_back(keyword, "it does not rise from volume to volume (TIM-003)")
        for own in gated(there, self.facts, self.kind):
            self._add(own.keyword, own)
        self.advice += lost_triggers(there, self.facts, self.kind)

    def _take_back(self, keyword: str, why: str) -> None:
        self.handed.pop(keyword, None)
        self.columns.pop(keyword, None)
        self.groups.pop(keyword, None)
        fact = self.facts.get(keyword)
        text = "" if fact is None else shown(fact.frames)
        self.decisions[keyword] = dropped(keyword, text, why)
        self.advice.append(f"{keyword} of the source is left out: {why}.")

    # ------------------------------------------------------------------------------------------- what is added
    def fill_verbatim(self) -> None:
        """Leave empty what the source does not say of patient and study, and may leave unsaid: defaults are ours."""
        for row in self.kind.rows:
            if (
                row.type == "2"
                and rule_for(row.keyword).is_verbatim
                and row.keyword not in self.facts
            ):
                self.handed[row.keyword] = attribute(row.keyword)
        for keyword in self.places.unsaid((*self.handed, *self.columns)):
            self.handed[keyword] = attribute(keyword)

    def describe(self, description: str | None, model: Model | None) -> None:
        """Name the series, and say what kind of image it is."""
        before = self.facts.get("SeriesDescription")
        text = "" if before is None or before.is_empty else str(before.first.values[0])
        self._add(
            "SeriesDescription",
            attribute("SeriesDescription", series_description(text, description, model)),
        )
        if "ImageType" not in self.facts:
            made = recomputed_attributes.image_type(self.source, self.facts, self.kind)
            if made is not None:
                self.handed["ImageType"] = made
        sources = "DerivationImageSequence" if self.kind.is_multi_frame else "SourceImageSequence"
        for keyword in (*_ADDED, sources):
            if keyword not in self.facts:
                self.decisions[keyword] = decided(
                    keyword, "", replace(rule_for(keyword), action="add")
                )

    def admit_loss(self) -> None:
        """Say that the source has been compressed with loss where it does not say so itself."""
        for own in recomputed_attributes.loss(self.source, self.facts):
            self._add(own.keyword, own)
        word = self.handed.get("LossyImageCompression")
        if (
            word is not None
            and word.values == ("01",)
            and "LossyImageCompressionRatio" not in self.handed
        ):
            self.advice.append(
                "The source has been compressed with loss and does not say how much; "
                'give `metadata={"LossyImageCompressionRatio": ...}` if it is known.'
            )

    def date(self, moment: dt.datetime | None, zone: str) -> None:
        """Write the dates of the result in the zone in which those of the source are."""
        if moment is None or not zone:
            return
        date, time = date_text(moment), time_text(moment.replace(microsecond=0))
        for name in ("Series", "Content", "InstanceCreation"):
            self.handed[f"{name}Date"] = attribute(f"{name}Date", date)
            self.handed[f"{name}Time"] = attribute(f"{name}Time", time)

    def keep_time_base(self) -> None:
        """Keep the source's SeriesDate and SeriesTime, where the times that are kept count from them."""
        base = source_time_base(self.source, self.facts, self.kind)
        if base is None:
            return
        for keyword, text in {"SeriesDate": base.date, "SeriesTime": base.time}.items():
            own = attribute(keyword, text)
            self.handed[keyword] = own
            is_same = self.facts[keyword].constant == own
            rule = replace(
                rule_for(keyword), action="keep" if is_same else "change", why=_TIME_BASE
            )
            note = "" if is_same else text
            self.decisions[keyword] = decided(
                keyword, shown(self.facts[keyword].frames), rule, note
            )
        self.advice += [base.advice] if base.advice else []

    def contribute(self, contribution: Contribution) -> None:
        """Add who has made the source and the result."""
        own = contributing_equipment(self.facts, contribution)
        self.handed[own.keyword] = cleaned(own, self.keep_private)

    def _add(self, keyword: str, own: Attribute) -> None:
        self.handed[keyword] = own
        before = self.facts.get(keyword)
        rule = rule_for(keyword)
        note = "\\".join(map(str, own.values))
        self.decisions[keyword] = decided(
            keyword,
            "" if before is None else shown(before.frames),
            replace(rule, action="change" if before else "add"),
            note,
        )


def _may_be_empty(kind: str, source: object) -> bool:
    """Return whether a row takes an empty value from the source, rather than one of the writer's own."""
    return kind in {"2", "2C"} and isinstance(source, Choice)


def _are_positive(frames: Iterable[Attribute | None]) -> bool:
    try:
        return all(
            float(str(value)) > 0 for one in frames if one is not None for value in one.values
        )
    except ValueError:
        return False
