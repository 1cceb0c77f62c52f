"""Source attributes corrected or dropped by check's rules.

One policy for values and sequences: an illegal value is corrected if only one value can be meant,
else left out. An item without a required value is left out with its sequence. Attributes that tie
the result to its patient, its study and its images never change. Every case is in the decisions and
the advice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from operator import is_, is_not

from dicomseries.derivation.attributes.decisions import Decision, by_tag, rule_decision
from dicomseries.derivation.attributes.groups.completed_items import completed
from dicomseries.derivation.attributes.groups.diffusion_groups import in_groups, whole_diffusion
from dicomseries.derivation.attributes.legal_values import legal_attribute, long_code
from dicomseries.derivation.attributes.recomputed_attributes import with_parts
from dicomseries.derivation.rules.attribute_rules import rule_for
from dicomseries.derivation.source.source_facts import (
    by_keyword,
    creator_of,
    creators_of,
    first_item,
    item_members,
    values_text,
)
from dicomseries.derivation.source.source_series import SourceFrame, SourceSeries
from dicomseries.lazy_dataclass import dataclass
from dicomseries.standard.attributes.attribute import (
    Attribute,
    Item,
    Value,
    attribute,
    tag_of,
    vr_of,
)
from dicomseries.standard.attributes.value_representations import MAX_CHARS
from dicomseries.standard.objects.item_requirements import Demand, demands_of, optional_modules

__all__ = ["KEPT_ILLEGAL", "TIES", "Screened", "screened", "with_screening"]

KEPT_ILLEGAL = "kept although it breaks a rule"
"""Start of the outcome of an illegal attribute in `TIES`."""

_LEFT_OUT = "left out: `metadata=` says None"
_EMPTY = "dropped: it is empty, and absent or with a value (Type 1C)"
_SHARED_GROUPS = "SharedFunctionalGroupsSequence"

_CODES = ("CodeValue", "LongCodeValue", "URNCodeValue")
"""Attributes of which an item of a code has one (PS3.3 table 8.8-1)."""

_MAMMOGRAPHY = frozenset({"ViewModifierCodeSequence"})
"""Sequences that may be empty in mammograms alone (PS3.3 table C.8-73)."""

TIES = frozenset(
    {
        "AccessionNumber",
        "FrameOfReferenceUID",
        "IssuerOfPatientID",
        "LossyImageCompression",
        "PatientID",
        "PatientName",
        "SOPClassUID",
        "SOPInstanceUID",
        "SeriesInstanceUID",
        "StudyInstanceUID",
    }
)
"""Kept even if illegal: any change would move the result to another patient, study or space."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """A source with legal attributes.

    Parameters
    ----------
    source : SourceSeries
        The source without illegal attributes.
    outcomes : mapping of str to (str, str)
        Keyword of a corrected or dropped attribute → its value in the source, and its outcome.
    wanted : set of str
        Those of them that the result would have kept.
    advice : tuple of str
        Advice on the wanted ones.
    """

    source: SourceSeries
    outcomes: dict[str, tuple[str, str]] = field(default_factory=dict)
    wanted: frozenset[str] = frozenset()
    advice: tuple[str, ...] = ()


def screened(
    source: SourceSeries,
    sop_class_uid: str,
    *,
    leave_out: Collection[str] = (),
    keep_private: Collection[str] = (),
) -> Screened:
    """Return a source with legal attributes, and the outcomes.

    Parameters
    ----------
    source : SourceSeries
        The source.
    sop_class_uid : str
        Class of the result, whose modules require values in items.
    leave_out : collection of str
        Keywords that the user does not want, at the top level and in functional groups.
    keep_private : collection of str
        Creators of private attributes to keep.

    Notes
    -----
    PS3.5 sections 6.2 (VR), 6.4 (VM) and 7.4 (types), PS3.3 annex C (enumerated values,
    conditions).

    Examples
    --------
    >>> from dicomseries.geometry import Grid
    >>> frame = SourceFrame(
    ...     sop_class_uid="1.2", sop_instance_uid="1.3", position_lps=(0.0, 0.0, 0.0)
    ... )
    >>> source = SourceSeries(
    ...     kind="CT", sop_class_uid="1.2", modality="CT", study_uid="1", series_uid="2",
    ...     frame_of_reference_uid="3", grid=Grid(shape=(1, 4, 5), spacing_mm=(1, 1, 2)),
    ...     frames=(frame,),
    ...     shared=(attribute("PatientSex", "0"), attribute("PatientAge", "7Y")),
    ... )
    >>> screening = screened(source, "1.2.840.10008.5.1.4.1.1.2")
    >>> [(member.keyword, member.values) for member in screening.source.shared]
    [('PatientAge', ('007Y',))]
    >>> screening.outcomes["PatientSex"]
    ('0', 'dropped: it breaks a rule: 0 should be one of M, F, O')
    """
    screen = _Screen(
        demands=demands_of(sop_class_uid),
        leave_out=frozenset(leave_out),
        creators=creators_of(source.all_attributes()),
    )
    source = with_parts(in_groups(source, sop_class_uid), sop_class_uid)
    shared = tuple(screen.top_level(source.shared))
    frames = tuple(map(screen.frame, source.frames))
    shared, frames, diffusion_outcomes = whole_diffusion(shared, frames)
    screen.outcomes = diffusion_outcomes | screen.outcomes
    broken = screen.broken_modules(sop_class_uid)
    if broken:
        shared = screen.without_broken(shared, broken)
        changed = []
        for frame in frames:
            attributes = screen.without_broken(frame.attributes, broken)
            is_same = len(attributes) == len(frame.attributes)
            changed.append(frame if is_same else replace(frame, attributes=attributes))
        frames = tuple(changed)
    if shared != source.shared or any(map(is_not, frames, source.frames)):
        source = replace(source, shared=shared, frames=frames)
    wanted = [path for path in screen.outcomes if _is_wanted(path, screen.creators, keep_private)]
    advice = []
    for path in wanted:
        text, outcome = screen.outcomes[path]
        if outcome not in {_LEFT_OUT, _EMPTY}:  # these lose nothing
            advice.append(f"{path} of the source ({text or 'empty'}) is {outcome}.")
    return Screened(
        source=source, outcomes=screen.outcomes, wanted=frozenset(wanted), advice=tuple(advice)
    )


def _is_wanted(path: str, creators: Mapping[int, str], keep_private: Collection[str]) -> bool:
    """Return whether the result would keep an attribute."""
    keyword = path.rpartition(".")[2]
    if rule_for(keyword).entity == "private":
        return creator_of(tag_of(keyword), creators) in keep_private
    return rule_for(_top_keyword(path)).is_kept


def _top_keyword(path: str) -> str:
    return path.partition(".")[0].partition("[")[0]


def with_screening(decisions: Sequence[Decision], screening: Screened) -> tuple[Decision, ...]:
    """Return the decisions with corrected and dropped attributes.

    Parameters
    ----------
    decisions : sequence of Decision
        Decisions about the screened source.
    screening : Screened
        Outcomes of the screening.

    Examples
    --------
    >>> outcomes = {"PatientSex": ("0", "dropped: it breaks a rule: ...")}
    >>> screening = Screened(source=None, outcomes=outcomes)
    >>> [decision.outcome for decision in with_screening((), screening)]
    ['dropped: it breaks a rule: ...']
    """
    by_keyword = {decision.attribute: decision for decision in decisions}
    for path, (text, outcome) in screening.outcomes.items():
        keyword = _top_keyword(path)
        decision = by_keyword.get(path)
        if keyword != path or (decision is not None and not decision.is_kept):
            continue  # items are in the advice; an attribute dropped by a rule needs no reason
        rule = rule_for(keyword)
        is_kept = rule.is_kept or path in screening.wanted
        if decision is None and not is_kept and outcome != _LEFT_OUT:
            by_keyword[path] = rule_decision(path, text, rule)
        else:
            by_keyword[path] = Decision(attribute=path, source=text, outcome=outcome)
    return by_tag(by_keyword.values())


@dataclass(kw_only=True)
class _Screen:
    """Requirements of one result, and the outcomes so far."""

    demands: Mapping[str, Demand]
    leave_out: frozenset[str]
    creators: dict[int, str]
    outcomes: dict[str, tuple[str, str]] = field(default_factory=dict)
    known: dict[tuple[Attribute, str], Attribute | None] = field(default_factory=dict)

    # ----------------------------------------------------------------- top level, frames and groups
    def top_level(self, attributes: Iterable[Attribute]) -> Iterator[Attribute]:
        """Yield legal attributes of the top level, and groups."""
        for member in attributes:
            if member.keyword == _SHARED_GROUPS:
                items = [tuple(self._groups(item_members(item))) for item in member.values]
                yield Attribute(member.keyword, member.vr, tuple(items))
            elif not self._is_left_out(member):
                if (member, "") not in self.known:
                    demand = self._demand(member.keyword)
                    self.known[member, ""] = self._checked(member, demand, member.keyword)
                checked = self.known[member, ""]
                if checked is not None:
                    yield checked

    def frame(self, frame: SourceFrame) -> SourceFrame:
        """Return a frame with legal attributes.

        It is the same object if nothing changes.
        """
        inside: set[str] = set()
        for group in frame.groups:
            inside |= by_keyword(first_item(group)).keys()
        outside = [member for member in frame.attributes if member.keyword not in inside]
        groups = tuple(self._groups(frame.groups))
        attributes = list(self.top_level(outside))
        for group in groups:
            attributes += first_item(group)
        if tuple(attributes) == frame.attributes and groups == frame.groups:
            return frame
        return replace(frame, attributes=tuple(attributes), groups=groups)

    def _groups(self, groups: Iterable[Attribute]) -> Iterator[Attribute]:
        """Yield functional groups with complete items."""
        for group in groups:
            if not self._is_left_out(group):
                if (group, group.keyword) not in self.known:
                    self.known[group, group.keyword] = self._group(group)
                checked = self.known[group, group.keyword]
                if checked is not None:
                    yield checked

    def _group(self, group: Attribute) -> Attribute | None:
        items: list[Value] = []
        for item in group.values:
            members = [member for member in item_members(item) if not self._is_left_out(member)]
            checked = self._item(members, self._demand(group.keyword), group.keyword)
            complete, outcomes = completed(group.keyword, checked or ())
            for keyword, outcome in outcomes.items():
                before = by_keyword(members).get(keyword)
                self.outcomes.setdefault(keyword, (values_text([before]), outcome))
            if complete:
                items.append(complete)
        if items:
            return Attribute(group.keyword, group.vr, tuple(items))
        return None

    def _is_left_out(self, member: Attribute) -> bool:
        if member.keyword not in self.leave_out:
            return False
        self._note(member.keyword, member, _LEFT_OUT)
        return True

    def _demand(self, keyword: str) -> Demand:
        return self.demands.get(keyword, Demand())

    def _note(self, path: str, member: Attribute, outcome: str) -> None:
        self.outcomes.setdefault(path, (values_text([member]), outcome))

    # ------------------------------------------------------------------------- attributes and items
    def _checked(self, member: Attribute, demand: Demand, path: str) -> Attribute | None:
        """Return a legal attribute; None to leave it out."""
        if member.is_empty and demand.type in {"1", "1C"} and path not in TIES:
            why = _EMPTY
            if demand.type == "1":
                why = "dropped: it is empty, and must have a value (Type 1)"
            self._note(path, member, why)
            return None
        if member.vr == "SQ":
            return self._sequence(member, demand, path)
        legal, fault = legal_attribute(member)
        if not fault:
            return legal
        if path in TIES:
            self._note(path, member, f"{KEPT_ILLEGAL}: {fault}")
            return member
        if legal is None:
            self._note(path, member, f"dropped: it breaks a rule: {fault}")
            return None
        self._note(path, member, f"kept, corrected to {values_text([legal])}: {fault}")
        return legal

    def _sequence(self, sequence: Attribute, demand: Demand, path: str) -> Attribute | None:
        if not sequence.values:
            is_inside = path != sequence.keyword and sequence.keyword not in _MAMMOGRAPHY
            if is_inside or demand.type.startswith("2"):
                return sequence
            self._note(path, sequence, "dropped: it has no items, and needs one here")
            return None
        items: list[Value] = []
        for index, item in enumerate(sequence.values):
            checked = self._item(item_members(item), demand, f"{path}[{index}]")
            if checked is not None:
                items.append(checked)
        if tuple(items) == sequence.values:
            return sequence
        if items:
            return Attribute(sequence.keyword, sequence.vr, tuple(items))
        why = "dropped: none of its items has all required values (see the attributes in it)"
        self._note(path, sequence, why)
        return None

    def _item(self, item: Sequence[Attribute], demand: Demand, path: str) -> Item | None:
        """Return a legal item; None without a required value."""
        members: dict[str, Attribute] = {}
        self.creators |= creators_of(item)
        for member in self._long_codes(item, path):
            inner = demand.inside.get(member.keyword, Demand())
            checked = self._checked(member, inner, f"{path}.{member.keyword}")
            if checked is not None:
                members[member.keyword] = checked
        codes = [member for member in item if member.keyword in _CODES and not member.is_empty]
        if codes and members.keys().isdisjoint(_CODES):
            why = "dropped with its item, which is a code without a legal value"
            self.outcomes[f"{path}.{codes[0].keyword}"] = (values_text([codes[0]]), why)
            return None
        for keyword, inner in demand.inside.items():
            required = members.get(keyword)
            if inner.type == "1" and (required is None or required.is_empty):
                why = f"dropped: {path} must have {keyword} with a value (Type 1)"
                text = "" if required is None else "(empty)"
                self.outcomes.setdefault(f"{path}.{keyword}", (text, why))
                return None
            if inner.type == "2" and required is None and " or " not in vr_of(keyword):
                members[keyword] = attribute(keyword)
        if len(members) == len(item) and all(map(is_, members.values(), item)):
            return tuple(item)
        return tuple(sorted(members.values(), key=lambda member: member.tag))

    def _long_codes(self, item: Sequence[Attribute], path: str) -> Sequence[Attribute]:
        """Return the members of an item, with a code that is too long in its attribute."""
        known = by_keyword(item)
        code = known.get("CodeValue")
        if code is None or code.is_empty or not known.keys().isdisjoint(_CODES[1:]):
            return item
        longer = long_code(str(code.values[0]))
        if longer is None:
            return item
        why = f"more than {MAX_CHARS['SH']} characters"
        self._note(f"{path}.CodeValue", code, f"kept, as {longer.keyword}: {why}")
        return [longer if member is code else member for member in item]

    # ----------------------------------------------------------------------------- optional modules
    def broken_modules(self, sop_class_uid: str) -> dict[str, str]:
        """Return attributes of broken modules → the dropped attribute.

        Such a module is optional and requires the dropped attribute.
        """
        broken: dict[str, str] = {}
        for types in optional_modules(sop_class_uid):
            for keyword, kind in types.items():
                _, outcome = self.outcomes.get(keyword, ("", ""))
                if kind == "1" and outcome.startswith("dropped"):
                    broken |= dict.fromkeys(types, keyword)
                    break
        return broken

    def without_broken(
        self, attributes: Sequence[Attribute], broken: Mapping[str, str]
    ) -> tuple[Attribute, ...]:
        """Return attributes without those of broken modules."""
        left = []
        for member in attributes:
            if member.keyword in broken:
                missing = broken[member.keyword]
                why = f"dropped: its module requires {missing}, which is illegal or empty"
                self._note(member.keyword, member, why)
            else:
                left.append(member)
        return tuple(left)
