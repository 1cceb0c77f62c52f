"""What a source says, held to the rules of `check` before any of it is handed on.

One policy, for values and for sequences: what breaks a rule is repaired where only one value can have been meant, else
left out, with all that is about it; an item that lacks what it must hold goes with its sequence. What ties the result
to its patient, its study and its images is never changed. Each case is told in the decisions and the advice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from dicomseries.derivation.attributes.completed_items import completed
from dicomseries.derivation.attributes.decisions import Decision, decided, shown
from dicomseries.derivation.attributes.diffusion_groups import in_groups, whole_diffusion
from dicomseries.derivation.rules.attribute_rules import rule_for
from dicomseries.derivation.source.source_facts import creator_of, creators_of
from dicomseries.derivation.source.source_series import SourceFrame, SourceSeries
from dicomseries.standard.attribute import Attribute, Item, Value, attribute, tag_of, vr_of
from dicomseries.standard.decimal_string import format_ds
from dicomseries.standard.multiplicity import allows_count, most_values, multiplicity
from dicomseries.standard.repairs import repaired_text, value_fault
from dicomseries.standard.requirements import Demand, demands_of, optional_modules
from dicomseries.standard.value_representations import (
    BINARY_RANGES,
    FLOAT_VRS,
    MULTI_LINE_VRS,
    TEXT_VRS,
    representations,
)

__all__ = ["KEPT", "TIES", "Screened", "screened", "told"]

KEPT = "kept although it breaks a rule"
"""Begins what is said of an attribute in `TIES` that is illegal."""

_SHARED = "SharedFunctionalGroupsSequence"

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
"""Handed on even if illegal: with another value, the result would be of another patient, study or space."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """A source without what breaks a rule.

    Parameters
    ----------
    source : SourceSeries
        As it may be handed on.
    outcomes : mapping of str to (str, str)
        Keyword of what was left out or repaired → its value in the source, and what became of it.
    wanted : set of str
        Those of them that would have been handed on.
    advice : tuple of str
        What the user should know: of what would have been handed on.
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
    """Return a source as far as it keeps the rules, and what was repaired or left out.

    Parameters
    ----------
    source : SourceSeries
        As it was read.
    sop_class_uid : str
        Of the result, whose modules say what items must hold.
    leave_out : collection of str
        Keywords that the user does not want, wherever they stand outside of plain sequences.
    keep_private : collection of str
        Creators whose private attributes the user wants.

    Notes
    -----
    PS3.5 section 6.2 (VR), 6.4 (VM) and 7.4 (types), PS3.3 annex C (enumerated values, conditions).

    Examples
    --------
    >>> from dicomseries.geometry import Grid
    >>> frame = SourceFrame(sop_class_uid="1.2", sop_instance_uid="1.3", position_lps=(0.0, 0.0, 0.0))
    >>> shared = (attribute("PatientSex", "0"), attribute("PatientAge", "7Y"))
    >>> source = SourceSeries(kind="CT", sop_class_uid="1.2", modality="CT", study_uid="1", series_uid="2",
    ...                 frame_of_reference_uid="3", grid=Grid(shape=(1, 4, 5), spacing_mm=(1, 1, 2)), frames=(frame,),
    ...                 shared=shared)
    >>> found = screened(source, "1.2.840.10008.5.1.4.1.1.2")
    >>> [(one.keyword, one.values) for one in found.source.shared]
    [('PatientAge', ('007Y',))]
    >>> found.outcomes["PatientSex"]
    ('0', 'dropped: it breaks a rule: 0 should be one of M, F, O')
    """
    screen = _Screen(
        demands=demands_of(sop_class_uid),
        leave_out=frozenset(leave_out),
        keep_private=frozenset(keep_private),
    )
    screen.creators |= creators_of(
        (*source.shared, *(one for frame in source.frames for one in frame.own))
    )
    source = in_groups(source, sop_class_uid)
    shared = tuple(screen.top_level(source.shared))
    frames = tuple(screen.frame(frame) for frame in source.frames)
    shared, frames = screen.with_whole_diffusion(shared, frames)
    homeless = screen.of_broken_modules(sop_class_uid)
    if homeless:
        shared = tuple(one for one in shared if not screen.is_homeless(one, homeless))
        frames = tuple(screen.without(frame, homeless) for frame in frames)
    unchanged = shared == source.shared and all(
        one is two for one, two in zip(frames, source.frames, strict=True)
    )
    return Screened(
        source=source if unchanged else replace(source, shared=shared, frames=frames),
        outcomes=screen.outcomes,
        wanted=frozenset(keyword for keyword in screen.outcomes if screen.is_wanted(keyword)),
        advice=tuple(screen.advice()),
    )


def told(decisions: Sequence[Decision], screening: Screened) -> tuple[Decision, ...]:
    """Return the decisions about a source with what was repaired and left out before them.

    Parameters
    ----------
    decisions : sequence of Decision
        About what was left of the source.
    screening : Screened
        What was done to it.

    Examples
    --------
    >>> screening = Screened(source=None, outcomes={"PatientSex": ("0", "dropped: it breaks a rule: ...")})
    >>> [one.outcome for one in told((), screening)]
    ['dropped: it breaks a rule: ...']
    """
    found = {one.attribute: one for one in decisions}
    for keyword, (text, outcome) in screening.outcomes.items():
        own, rule = found.get(keyword), rule_for(keyword.partition(".")[0].partition("[")[0])
        if "." in keyword or "[" in keyword or (own is not None and not own.is_kept):
            continue  # the advice tells of items; what the rules drop was no matter of its value
        is_kept = rule.is_kept or keyword in screening.wanted
        if own is None and not is_kept and not outcome.startswith("left out"):
            found[keyword] = decided(keyword, text, rule)
        else:
            found[keyword] = Decision(attribute=keyword, source=text, outcome=outcome)
    return tuple(sorted(found.values(), key=lambda one: tag_of(one.attribute.split()[0])))


@dataclass(kw_only=True)
class _Screen:
    """The rules for one result, and what they have found so far."""

    demands: Mapping[str, Demand]
    leave_out: frozenset[str]
    keep_private: frozenset[str] = frozenset()
    creators: dict[int, str] = field(default_factory=dict)
    outcomes: dict[str, tuple[str, str]] = field(default_factory=dict)
    known: dict[tuple[Attribute, str], Attribute | None] = field(default_factory=dict)

    def advice(self) -> Iterator[str]:
        for keyword, (text, outcome) in self.outcomes.items():
            if self.is_wanted(keyword) and not outcome.startswith("left out"):
                yield f"{keyword} of the source ({text or 'empty'}) is {outcome}."

    def is_wanted(self, path: str) -> bool:
        """Return whether an attribute would be handed on: by the rules, or as keep_private= names its creator."""
        last = path.rpartition(".")[2]
        if rule_for(last).entity == "private":
            return creator_of(tag_of(last), self.creators) in self.keep_private
        return rule_for(path.split(".", maxsplit=1)[0].split("[", maxsplit=1)[0]).is_kept

    # --------------------------------------------------------------------------------------------- where things stand
    def top_level(self, attributes: Iterable[Attribute]) -> Iterator[Attribute]:
        """Yield what stands outside of functional groups, and the shared groups."""
        for own in attributes:
            if own.keyword == _SHARED:
                items = (item for item in own.values if isinstance(item, tuple))
                yield Attribute(
                    own.keyword, own.vr, tuple(tuple(self.groups(item)) for item in items)
                )
                continue
            found = self.attribute(own)
            if found is not None:
                yield found

    def of_broken_modules(self, sop_class_uid: str) -> dict[str, str]:
        """Return the attributes of optional modules that have lost one which they must hold, and that one."""
        lost = {
            keyword
            for keyword, (_, outcome) in self.outcomes.items()
            if outcome.startswith("dropped")
        }
        found: dict[str, str] = {}
        for members in optional_modules(sop_class_uid):
            missing = next(
                (keyword for keyword, kind in members.items() if kind == "1" and keyword in lost),
                "",
            )
            if missing:
                found |= dict.fromkeys(members, missing)
        return found

    def is_homeless(self, own: Attribute, homeless: Mapping[str, str]) -> bool:
        """Return whether an attribute goes with its module, and note that."""
        missing = homeless.get(own.keyword)
        if missing is None:
            return False
        self._note(
            own.keyword, own, f"dropped: its module must hold {missing}, which is broken or empty"
        )
        return True

    def without(self, frame: SourceFrame, homeless: Mapping[str, str]) -> SourceFrame:
        """Return a frame without attributes that go with their module."""
        own = tuple(one for one in frame.own if not self.is_homeless(one, homeless))
        return frame if len(own) == len(frame.own) else replace(frame, own=own)

    def frame(self, frame: SourceFrame) -> SourceFrame:
        """Return a frame; the same object where nothing is wrong with it."""
        groups = tuple(self.groups(frame.groups))
        inside = {
            one.keyword
            for group in frame.groups
            for item in group.values[:1]
            for one in _members(item)
        }
        outside = tuple(self.top_level(one for one in frame.own if one.keyword not in inside))
        own = (*outside, *(one for group in groups for one in _members(group.values[0])))
        return (
            frame
            if own == frame.own and groups == frame.groups
            else replace(frame, own=own, groups=groups)
        )

    def with_whole_diffusion(
        self, shared: tuple[Attribute, ...], frames: tuple[SourceFrame, ...]
    ) -> tuple[tuple[Attribute, ...], tuple[SourceFrame, ...]]:
        """Return attributes of classic images without a kind of diffusion that they do not hold."""
        shared, frames, outcomes = whole_diffusion(shared, frames)
        self.outcomes = {**outcomes, **self.outcomes}
        return shared, frames

    def groups(self, groups: Iterable[Attribute]) -> Iterator[Attribute]:
        """Yield functional groups whose items are whole."""
        for group in groups:
            if group.keyword in self.leave_out:
                self._left_out(group)
                continue
            if (group, group.keyword) not in self.known:
                self.known[group, group.keyword] = self._group(group)
            found = self.known[group, group.keyword]
            if found is not None:
                yield found

    def _group(self, group: Attribute) -> Attribute | None:
        kept: list[Value] = []
        for item in group.values:
            members = tuple(one for one in _members(item) if not self._is_unwanted(one))
            screened_item = self._item(members, self._demand(group.keyword), group.keyword)
            whole, notes = completed(group.keyword, screened_item or ())
            for keyword, outcome in notes:
                before = next((one for one in members if one.keyword == keyword), None)
                self.outcomes.setdefault(
                    keyword, ("" if before is None else shown([before]), outcome)
                )
            if whole:
                kept.append(whole)
        return Attribute(group.keyword, group.vr, tuple(kept)) if kept else None

    def _is_unwanted(self, own: Attribute) -> bool:
        if own.keyword in self.leave_out:
            self._left_out(own)
            return True
        return False

    def _left_out(self, own: Attribute) -> None:
        self.outcomes.setdefault(own.keyword, (shown([own]), "left out: `metadata=` says None"))

    def _demand(self, keyword: str) -> Demand:
        return self.demands.get(keyword, Demand())

    # ----------------------------------------------------------------------------------------------------- attributes
    def attribute(self, own: Attribute) -> Attribute | None:
        """Return an attribute of the top level as it may be handed on; None to leave it out."""
        if self._is_unwanted(own):
            return None
        if (own, "") not in self.known:
            self.known[own, ""] = self._checked(own, self._demand(own.keyword), own.keyword)
        return self.known[own, ""]

    def _checked(self, own: Attribute, demand: Demand, path: str) -> Attribute | None:
        if own.is_empty and demand.type == "1" and path not in TIES:
            self._note(path, own, "dropped: it is empty, and must have a value (Type 1)")
            return None
        if own.vr == "SQ":
            return self._sequence(own, demand, path)
        found, fault = _legal(own)
        if not fault:
            return found
        if path in TIES:
            self.outcomes.setdefault(path, (shown([own]), f"{KEPT}: {fault}"))
            return own
        if found is None:
            self._note(path, own, f"dropped: it breaks a rule: {fault}")
            return None
        self._note(path, own, f"kept, repaired to {shown([found])}: {fault}")
        return found

    def _note(self, path: str, own: Attribute, outcome: str) -> None:
        self.outcomes.setdefault(path, (shown([own]), outcome))

    def _sequence(self, own: Attribute, demand: Demand, path: str) -> Attribute | None:
        if not own.values:
            return own
        items = [
            self._item(_members(item), demand, f"{path}[{index}]")
            for index, item in enumerate(own.values)
        ]
        kept = tuple(item for item in items if item is not None)
        if kept == own.values:
            return own
        if kept:
            return Attribute(own.keyword, own.vr, kept)
        self._note(
            path, own, "dropped: none of its items holds what it must (see the attributes in it)"
        )
        return None

    def _item(self, item: Sequence[Attribute], demand: Demand, path: str) -> Item | None:
        """Return an item as far as its attributes keep the rules; None if one that it must hold has no value."""
        kept: dict[str, Attribute] = {}
        self.creators |= creators_of(item)
        for own in item:
            found = self._checked(
                own, demand.inside.get(own.keyword, Demand()), f"{path}.{own.keyword}"
            )
            if found is not None:
                kept[own.keyword] = found
        for keyword, inner in demand.inside.items():
            found = kept.get(keyword)
            if inner.type == "1" and (found is None or found.is_empty):
                why = f"dropped: {path} must hold {keyword} with a value (Type 1)"
                self.outcomes.setdefault(
                    f"{path}.{keyword}", ("" if found is None else "(empty)", why)
                )
                return None
            if inner.type == "2" and found is None and " or " not in vr_of(keyword):
                kept[keyword] = attribute(keyword)
        same = len(kept) == len(item) and all(kept.get(own.keyword) is own for own in item)
        return tuple(item) if same else tuple(sorted(kept.values(), key=lambda one: one.tag))


def _members(item: Value) -> tuple[Attribute, ...]:
    return item if isinstance(item, tuple) else ()


# ------------------------------------------------------------------------------------------------------ single values
def _legal(own: Attribute) -> tuple[Attribute | None, str]:
    """Return an attribute as it may be written and what is wrong with it; None for what cannot be repaired."""
    found, fault = _of_right_vr(own)
    for step in (_of_right_count, _of_legal_texts):
        if found is None:
            return None, fault
        found, more = step(found)
        fault = fault or more
    return found, fault


def _of_right_vr(own: Attribute) -> tuple[Attribute | None, str]:
    allowed = representations(own.tag)
    if not allowed or own.vr in allowed or own.vr == "UN":
        return own, ""
    vr = min(allowed)
    fault = f"VR {own.vr} where {' or '.join(sorted(allowed))} is right"
    try:
        return Attribute(
            own.keyword, vr, tuple(_converted(value, vr) for value in own.values)
        ), fault
    except (ValueError, OverflowError):
        return None, fault


def _converted(value: Value, vr: str) -> Value:
    """Return a value as another value representation has it."""
    if isinstance(value, (bytes, tuple)):
        message = f"no {vr}"
        raise ValueError(message)  # noqa: TRY004 - the value, not its type, does not fit
    if vr in FLOAT_VRS:
        return float(value)
    if vr in BINARY_RANGES:
        low, high = BINARY_RANGES[vr]
        number = int(value)
        if low <= number <= high:
            return number
    elif vr in TEXT_VRS:
        return format_ds(value) if isinstance(value, float) and vr == "DS" else str(value)
    message = f"no {vr}"
    raise ValueError(message)


def _of_right_count(own: Attribute) -> tuple[Attribute | None, str]:
    allowed = multiplicity(own.tag)
    is_counted = (
        own.vr in TEXT_VRS - MULTI_LINE_VRS or own.vr in BINARY_RANGES or own.vr in FLOAT_VRS
    )
    if allowed is None or not is_counted or own.is_empty or allows_count(allowed, len(own.values)):
        return own, ""
    fault = f"{len(own.values)} values where {allowed} are allowed"
    most = most_values(allowed)
    if (
        most is not None
        and len(own.values) > most
        and all(value in {"", "0", 0} for value in own.values[most:])
    ):
        return replace(own, values=own.values[:most]), fault
    return None, fault


def _of_legal_texts(own: Attribute) -> tuple[Attribute | None, str]:
    if own.vr not in TEXT_VRS:
        return own, ""
    fault = ""
    values: list[Value] = []
    for value in own.values:
        text = str(value)
        wanted = value_fault(own.keyword, own.vr, text)
        fault = fault or (f"{_short(text)} should be {wanted}" if wanted else "")
        repaired = repaired_text(own.keyword, own.vr, text) if wanted else text
        if repaired is None:
            return None, fault
        values.append(repaired)
    return (replace(own, values=tuple(values)) if fault else own), fault


def _short(text: str) -> str:
    plain = "".join(char if char.isprintable() else "?" for char in text)
    return plain if len(plain) <= 40 else f"{plain[:39]}…"
