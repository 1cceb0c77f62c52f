"""What a source says, attribute by attribute: one value for each of its frames, functional groups opened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from dicomseries.derivation.rules.attribute_rules import rule_for
from dicomseries.derivation.source.source_series import SourceSeries
from dicomseries.standard.attribute import Attribute, Item
from dicomseries.standard.modules import FUNCTIONAL_GROUPS, group_requirements

__all__ = ["SourceFact", "cleaned", "creators_of", "facts_of"]

_SHARED = "SharedFunctionalGroupsSequence"
_SHED = frozenset({"private", "signatures", "encoding"})
"""Entities that are left out of the items of sequences, too."""


@dataclass(frozen=True, kw_only=True)
class SourceFact:
    """One attribute of a source.

    Parameters
    ----------
    keyword : str
        Keyword, or the tag in parentheses where there is none.
    frames : tuple of Attribute or None
        As each frame has it, in the order of the source's frames; None where one does not.
    group : str
        The functional group it stands in; empty at the top level.

    Examples
    --------
    >>> own = Attribute("KVP", "DS", ("120",))
    >>> SourceFact(keyword="KVP", frames=(own, own)).constant == own
    True
    """

    keyword: str
    frames: tuple[Attribute | None, ...]
    group: str = ""

    @cached_property
    def constant(self) -> Attribute | None:
        """The attribute if all frames have the same; else None."""
        return self.frames[0] if len(set(self.frames)) == 1 else None

    @cached_property
    def first(self) -> Attribute:
        """The attribute as the first frame that has it has it."""
        return next(one for one in self.frames if one is not None)

    @property
    def is_empty(self) -> bool:
        """Whether no frame has a value."""
        return all(one is None or one.is_empty for one in self.frames)

    def renamed(self, keyword: str, frames: Sequence[Attribute | None]) -> SourceFact:
        """Return it under another keyword, out of its functional group."""
        return replace(self, keyword=keyword, frames=tuple(frames), group="")


def facts_of(source: SourceSeries) -> dict[str, SourceFact]:
    """Return all that a source says, by keyword.

    Parameters
    ----------
    source : SourceSeries
        Shared attributes, and those of each frame.

    Returns
    -------
    dict
        In the order of tags at the top level, then what functional groups hold. The shared functional groups are
        opened (PS3.3 section C.7.6.16); one with several items stays whole.

    Examples
    --------
    >>> from dicomseries.derivation.source.source_series import SourceFrame
    >>> from dicomseries.geometry import Grid
    >>> frames = tuple(
    ...     SourceFrame(sop_class_uid="1.2", sop_instance_uid=f"1.3.{z}", position_lps=(0.0, 0.0, 2.0 * z),
    ...                 own=(Attribute("SliceLocation", "DS", (str(z),)),))
    ...     for z in range(2)
    ... )
    >>> source = SourceSeries(kind="CT", sop_class_uid="1.2", modality="CT", study_uid="1", series_uid="2",
    ...                 frame_of_reference_uid="3", grid=Grid(shape=(2, 4, 5), spacing_mm=(1, 1, 2)), frames=frames,
    ...                 shared=(Attribute("KVP", "DS", ("120",)),))
    >>> found = facts_of(source)
    >>> found["KVP"].constant.values, found["SliceLocation"].constant
    (('120',), None)
    """
    count = len(source.frames)
    found: dict[str, SourceFact] = {}
    for one in source.shared:
        if one.keyword != _SHARED:
            found[one.keyword] = SourceFact(keyword=one.keyword, frames=(one,) * count)
    owns = [{one.keyword: one for one in frame.own} for frame in source.frames]
    has_groups = source.frames[0].frame_number is not None
    homes = {**(_homes(source.sop_class_uid) if has_groups else {}), **_stated_homes(source)}
    for keyword in dict.fromkeys(keyword for own in owns for keyword in own):
        frames = tuple(own.get(keyword) for own in owns)
        found[keyword] = SourceFact(keyword=keyword, frames=frames, group=homes.get(keyword, ""))
    for group, one in _opened(source.get(_SHARED)):
        found.setdefault(
            one.keyword, SourceFact(keyword=one.keyword, frames=(one,) * count, group=group)
        )
    return found


def _stated_homes(source: SourceSeries) -> dict[str, str]:
    """Return the functional group in which each attribute of a frame really stands."""
    groups = {group.keyword: group for frame in source.frames for group in frame.groups}
    items = {keyword: group.values[0] for keyword, group in groups.items() if group.values}
    return {
        one.keyword: keyword
        for keyword, item in items.items()
        if isinstance(item, tuple)
        for one in item
    }


def _homes(sop_class_uid: str) -> Mapping[str, str]:
    """Return the functional group of each attribute that stands in only one."""
    homes: dict[str, set[str]] = {}
    for group in FUNCTIONAL_GROUPS.get(sop_class_uid, ()):
        for requirement in group_requirements(sop_class_uid, group):
            homes.setdefault(requirement.path[0], set()).add(group)
    return {keyword: next(iter(groups)) for keyword, groups in homes.items() if len(groups) == 1}


def _opened(shared: Attribute | None) -> Iterator[tuple[str, Attribute]]:
    """Yield the attributes of the shared functional groups, each with its group."""
    for item in shared.values[:1] if shared is not None else ():
        for group in item if isinstance(item, tuple) else ():
            if len(group.values) != 1 or not isinstance(group.values[0], tuple):
                yield "", group
                continue
            yield from ((group.keyword, one) for one in group.values[0])


# ---------------------------------------------------------------------------------------------------------- private
def creators_of(attributes: Sequence[Attribute]) -> dict[int, str]:
    """Return who has reserved which blocks of private attributes (PS3.5 section 7.8.1).

    Returns
    -------
    dict
        Group and block as one integer → creator.

    Examples
    --------
    >>> creators_of([Attribute("(0029,0010)", "LO", ("ACME",))]) == {0x002910: "ACME"}
    True
    """
    found = {}
    for one in attributes:
        group, element = divmod(one.tag, 0x10000)
        if group % 2 and 0x10 <= element <= 0xFF and not one.is_empty:
            found[group << 8 | element] = str(one.values[0]).strip()
    return found


def creator_of(tag: int, creators: Mapping[int, str]) -> str:
    """Return the creator of a private attribute, or the one that it names itself; empty if there is none.

    Examples
    --------
    >>> creator_of(0x00291001, {0x002910: "ACME"}), creator_of(0x00290010, {0x002910: "ACME"})
    ('ACME', 'ACME')
    """
    group, element = divmod(tag, 0x10000)
    return creators.get(group << 8 | (element >> 8 if element > 0xFF else element), "")


def cleaned(own: Attribute, keep_private: Sequence[str]) -> Attribute:
    """Return an attribute without what must not stand in the items of a sequence: private ones and signatures.

    Parameters
    ----------
    own : Attribute
        Any; only sequences are looked into.
    keep_private : sequence of str
        Creators whose private attributes stay.

    Examples
    --------
    >>> item = (Attribute("CodeValue", "SH", ("1",)), Attribute("(0029,1010)", "UN", (b"x",)))
    >>> [one.keyword for one in cleaned(Attribute("ProcedureCodeSequence", "SQ", (item,)), ()).values[0]]
    ['CodeValue']
    """
    if own.vr != "SQ":
        return own
    items = (one for one in own.values if isinstance(one, tuple))
    return Attribute(
        own.keyword, own.vr, tuple(_cleaned_item(item, keep_private) for item in items)
    )


def _cleaned_item(item: Item, keep_private: Sequence[str]) -> Item:
    creators = creators_of(item)
    return tuple(
        cleaned(one, keep_private)
        for one in item
        if rule_for(one.keyword).entity not in _SHED
        or creator_of(one.tag, creators) in keep_private
    )
