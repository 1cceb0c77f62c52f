"""Attributes of a source with the values of frames."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import chain

from dicomseries.derivation.rules.attribute_rules import rule_for
from dicomseries.derivation.source.source_series import SourceSeries
from dicomseries.lazy_dataclass import dataclass
from dicomseries.standard.attributes.attribute import Attribute, Item, Value
from dicomseries.standard.objects.modules import FUNCTIONAL_GROUPS, group_requirements

__all__ = [
    "Facts",
    "SourceFact",
    "block_of",
    "by_keyword",
    "cleaned",
    "creator_of",
    "creators_of",
    "facts_of",
    "first_item",
    "first_text",
    "item_members",
    "numbers_in",
    "text_of",
    "values_text",
]

_SHARED_GROUPS = "SharedFunctionalGroupsSequence"
_UNWANTED = frozenset({"private", "signatures", "encoding"})
"""Entities that are left out of the items of sequences, too."""


@dataclass(frozen=True, kw_only=True)
class SourceFact:
    """One attribute of a source.

    Parameters
    ----------
    keyword : str
        Keyword, or the tag in parentheses if there is none.
    frames : tuple of Attribute or None
        The attribute in each frame of the source; None where absent.
    group : str
        Its functional group; empty at the top level.

    Examples
    --------
    >>> kvp = Attribute("KVP", "DS", ("120",))
    >>> SourceFact(keyword="KVP", frames=(kvp, kvp)).constant == kvp
    True
    """

    keyword: str
    frames: tuple[Attribute | None, ...]
    group: str = ""

    @cached_property
    def constant(self) -> Attribute | None:
        """The attribute if equal in all frames; else None."""
        if len(set(self.frames)) == 1:
            return self.frames[0]
        return None

    @cached_property
    def different(self) -> tuple[Attribute, ...]:
        """The different attributes of the frames, in order."""
        return tuple(filter(None, dict.fromkeys(self.frames)))

    @property
    def first(self) -> Attribute:
        """The attribute of the first frame with it."""
        return self.different[0]

    @property
    def text(self) -> str:
        """The values of all frames as one text."""
        return values_text(self.frames)

    @property
    def is_empty(self) -> bool:
        """Whether no frame has a value."""
        return all(member.is_empty for member in self.different)

    def renamed(self, keyword: str, frames: Sequence[Attribute | None]) -> SourceFact:
        """Return it under another keyword, out of its functional group."""
        return replace(self, keyword=keyword, frames=tuple(frames), group="")


Facts = Mapping[str, SourceFact]
"""Facts of a source by keyword."""


def facts_of(source: SourceSeries) -> dict[str, SourceFact]:
    """Return the attributes of a source by keyword.

    Parameters
    ----------
    source : SourceSeries
        Shared attributes, and those of each frame.

    Returns
    -------
    dict
        Attributes of the top level by tag, then those in functional groups. Shared functional
        groups are opened (PS3.3 section C.7.6.16); a group of several items stays as it is.

    Examples
    --------
    >>> from dicomseries.derivation.source.source_series import SourceFrame
    >>> from dicomseries.geometry import Grid
    >>> frames = tuple(
    ...     SourceFrame(
    ...         sop_class_uid="1.2", sop_instance_uid=f"1.3.{z}", position_lps=(0.0, 0.0, 2.0 * z),
    ...         attributes=(Attribute("SliceLocation", "DS", (str(z),)),),
    ...     )
    ...     for z in range(2)
    ... )
    >>> source = SourceSeries(
    ...     kind="CT", sop_class_uid="1.2", modality="CT", study_uid="1", series_uid="2",
    ...     frame_of_reference_uid="3", grid=Grid(shape=(2, 4, 5), spacing_mm=(1, 1, 2)),
    ...     frames=frames, shared=(Attribute("KVP", "DS", ("120",)),),
    ... )
    >>> facts = facts_of(source)
    >>> facts["KVP"].constant.values, facts["SliceLocation"].constant
    (('120',), None)
    """
    count = len(source.frames)
    facts: dict[str, SourceFact] = {}
    for member in source.shared:
        if member.keyword != _SHARED_GROUPS:
            facts[member.keyword] = SourceFact(keyword=member.keyword, frames=(member,) * count)
    by_frame = [by_keyword(frame.attributes) for frame in source.frames]
    groups = _groups_by_member(source)
    for keyword in dict.fromkeys(chain.from_iterable(by_frame)):
        frames = tuple(members.get(keyword) for members in by_frame)
        facts[keyword] = SourceFact(keyword=keyword, frames=frames, group=groups.get(keyword, ""))
    for group in first_item(source.get(_SHARED_GROUPS)):
        members: Item = (group,)
        name = ""
        if len(group.values) == 1 and isinstance(group.values[0], tuple):
            members, name = group.values[0], group.keyword
        for member in members:
            fact = SourceFact(keyword=member.keyword, frames=(member,) * count, group=name)
            facts.setdefault(member.keyword, fact)
    return facts


def item_members(item: Value) -> Item:
    """Return the attributes of an item; else none."""
    if isinstance(item, tuple):
        return item
    return ()


def first_item(sequence: Attribute | None) -> Item:
    """Return the first item of a sequence; else none."""
    if sequence is None or not sequence.values:
        return ()
    return item_members(sequence.values[0])


def by_keyword(attributes: Iterable[Attribute]) -> dict[str, Attribute]:
    """Return attributes by their keywords."""
    return {member.keyword: member for member in attributes}


def first_text(member: Attribute | None) -> str:
    """Return the first value as text; empty without a value."""
    if member is None or member.is_empty:
        return ""
    return str(member.values[0]).strip()


def numbers_in(values: Iterable[object]) -> list[float]:
    """Return values as finite numbers; else none."""
    try:
        numbers = list(map(float, map(str, values)))
    except ValueError:
        return []
    if all(map(math.isfinite, numbers)):
        return numbers
    return []


def _groups_by_member(source: SourceSeries) -> dict[str, str]:
    """Return the only functional group of each attribute."""
    possible: dict[str, set[str]] = {}
    if source.is_multi_frame:
        for keyword in FUNCTIONAL_GROUPS.get(source.sop_class_uid, ()):
            for requirement in group_requirements(source.sop_class_uid, keyword):
                possible.setdefault(requirement.path[0], set()).add(keyword)
    groups = {keyword: next(iter(names)) for keyword, names in possible.items() if len(names) == 1}
    in_files: dict[str, Attribute] = {}
    for frame in source.frames:
        in_files |= by_keyword(frame.groups)
    for group in in_files.values():
        for member in first_item(group):
            groups[member.keyword] = group.keyword
    return groups


def text_of(facts: Facts, keyword: str) -> str:
    """Return the text of a constant attribute; else empty."""
    if keyword not in facts:
        return ""
    constant = facts[keyword].constant
    if constant is None or constant.is_empty or constant.vr == "SQ":
        return ""
    return "\\".join(str(value).strip() for value in constant.values)


def values_text(frames: Iterable[Attribute | None]) -> str:
    r"""Return the values of all frames as one text.

    Examples
    --------
    >>> first, second = Attribute("EchoTime", "DS", ("4.6",)), Attribute("EchoTime", "DS", ("9.2",))
    >>> values_text([first, first]), values_text([first, second, second])
    ('4.6', '4.6 … 9.2 (2 values)')
    """
    different = list(filter(None, dict.fromkeys(frames)))
    if not different:
        return ""
    first, last = _attribute_text(different[0]), _attribute_text(different[-1])
    if len(different) == 1:
        return first
    return f"{first} … {last} ({len(different)} values)"


def _attribute_text(member: Attribute) -> str:
    if member.vr == "SQ":
        if len(member.values) == 1:
            return "1 item"
        return f"{len(member.values)} items"
    if member.is_empty:
        return "(empty)"
    return "\\".join(map(_value_text, member.values))


def _value_text(value: Value) -> str:
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return str(value)


# --------------------------------------------------------------------------------------- private
def creators_of(attributes: Iterable[Attribute]) -> dict[int, str]:
    """Return the creators of private blocks (PS3.5 section 7.8.1).

    Returns
    -------
    dict
        Group and block as one integer → creator.

    Examples
    --------
    >>> creators_of([Attribute("(0029,0010)", "LO", ("ACME",))]) == {0x002910: "ACME"}
    True
    """
    creators = {}
    for member in attributes:
        group, element = divmod(member.tag, 0x10000)
        if group % 2 and 0x10 <= element <= 0xFF and not member.is_empty:
            creators[group << 8 | element] = str(member.values[0]).strip()
    return creators


def creator_of(tag: int, creators: Mapping[int, str]) -> str:
    """Return the creator of a private attribute; else empty.

    Examples
    --------
    >>> creator_of(0x00291001, {0x002910: "ACME"}), creator_of(0x00290010, {0x002910: "ACME"})
    ('ACME', 'ACME')
    """
    return creators.get(block_of(tag), "")


def block_of(tag: int) -> int:
    """Return group and block of a tag as integer."""
    group, element = divmod(tag, 0x10000)
    return group << 8 | (element >> 8 if element > 0xFF else element)


def cleaned(member: Attribute, keep_private: Sequence[str]) -> Attribute:
    """Return an attribute without private ones in its items.

    Signatures are left out, too.

    Parameters
    ----------
    member : Attribute
        Any attribute; only sequences change.
    keep_private : sequence of str
        Creators of private attributes that stay.

    Examples
    --------
    >>> item = (Attribute("CodeValue", "SH", ("1",)), Attribute("(0029,1010)", "UN", (b"x",)))
    >>> sequence = cleaned(Attribute("ProcedureCodeSequence", "SQ", (item,)), ())
    >>> [member.keyword for member in sequence.values[0]]
    ['CodeValue']
    """
    if member.vr != "SQ":
        return member
    items = []
    for item in member.values:
        if isinstance(item, tuple):
            creators = creators_of(item)
            items.append(
                tuple(
                    cleaned(inner, keep_private)
                    for inner in item
                    if rule_for(inner.keyword).entity not in _UNWANTED
                    or creator_of(inner.tag, creators) in keep_private
                )
            )
    return Attribute(member.keyword, member.vr, tuple(items))
