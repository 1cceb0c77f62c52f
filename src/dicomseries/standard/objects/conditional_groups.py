"""Conditions of Types 1C and 2C inside functional groups.

Conditions for ORIGINAL images alone are not included: a derived image may keep such a group in
part. The table is ``data/group_rules.json``, which is kept by hand.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from dicomseries.lazy_dataclass import dataclass
from dicomseries.standard.read_table import read_table

__all__ = ["FAMILIES", "FLAVOUR_GROUPS", "GROUP_NEEDS", "WHOLE_GROUPS", "Need", "unmet"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """An attribute that needs others in the same item.

    Parameters
    ----------
    keyword : str
        The attribute with the need.
    partners : tuple of str
        Attributes that must have a value beside it.
    values : tuple of str
        Values with the need; empty means any value.
    unless : tuple of str
        Values without the need.

    Examples
    --------
    >>> need = Need(keyword="ASLCrusherFlag", values=("YES",), partners=("ASLCrusherFlowLimit",))
    >>> need.asks("YES")
    True
    """

    keyword: str
    partners: tuple[str, ...]
    values: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()

    def asks(self, value: str) -> bool:
        """Return whether this value needs the partners."""
        return value not in self.unless and (not self.values or value in self.values)


def unmet(
    group: str, values: Mapping[str, str], filled: Collection[str]
) -> Iterator[tuple[Need, str]]:
    """Yield each unmet need with its first missing partner.

    Parameters
    ----------
    group : str
        Keyword of the functional group.
    values : mapping of str to str
        Attributes of the item with their first value as text; sequences with any text.
    filled : collection of str
        Attributes of the item that have a value.

    Examples
    --------
    >>> values = {"DiffusionDirectionality": "BMATRIX"}
    >>> [partner for _, partner in unmet("MRDiffusionSequence", values, ())]
    ['DiffusionBMatrixSequence']
    """
    for need in GROUP_NEEDS.get(group, ()):
        if need.keyword in values and need.asks(values[need.keyword]):
            missing = [partner for partner in need.partners if partner not in filled]
            if missing:
                yield need, missing[0]


def _needs(entries: list[dict[str, str | list[str]]]) -> Iterator[Need]:
    for entry in entries:
        yield Need(
            keyword=str(entry["keyword"]),
            partners=tuple(entry["partners"]),
            values=tuple(entry.get("values", ())),
            unless=tuple(entry.get("unless", ())),
        )


_TABLE = read_table("group_rules.json")

GROUP_NEEDS: Mapping[str, tuple[Need, ...]] = {
    group: tuple(_needs(entry["needs"])) for group, entry in _TABLE["conditions"].items()
}
"""Functional group → needs inside its items."""

WHOLE_GROUPS: Mapping[str, tuple[str, ...]] = {
    group: tuple(keywords) for group, keywords in _TABLE["whole groups"].items()
}
"""Functional group → its main attributes: an item without one of them is empty of meaning."""

FAMILIES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    keyword: (entry["needs"], tuple(entry["members"]))
    for keyword, entry in _TABLE["families"].items()
}
"""Attribute (unless NO or NONE) → the attribute it needs, and all to be left out without that.

Multi-energy data (PS3.3 A.38.1.4.1, C.8.2.2) need a real world value mapping, which maps stored
values; respiratory motion compensation (C.7.6.18.2) needs the source of its signal.
"""

FLAVOUR_GROUPS: Mapping[str, str] = _TABLE["flavours"]
"""Value 3 of ImageType and FrameType → its functional group (PS3.3 table A.36-2)."""
