"""Places for source attributes in a kind of result.

An attribute is at the top level, in a functional group, or nowhere.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property

from dicomseries.derivation.source.source_facts import numbers_in
from dicomseries.iod import Absent, Choice, Constant, Kind, Row, groups_of, rows_of
from dicomseries.lazy_dataclass import dataclass
from dicomseries.standard.attributes.attribute import Attribute, vr_of
from dicomseries.standard.objects.modules import FUNCTIONAL_GROUPS, IOD_MODULES, module_requirements

__all__ = ["AttributePlaces"]

_GATED = frozenset({"TriggerTime", "NominalInterval"})
"""Classic attributes beside which an enhanced object requires the gating (C.7.6.16.2.7)."""

_ORIGINAL_ONLY = {
    frozenset(
        requirement.keyword for requirement in module_requirements("mr-pulse-sequence")
    ): "C.8.13.4",
    frozenset(
        requirement.keyword for requirement in module_requirements("bulk-motion-synchronization")
    ): "C.7.6.18.3",
}
"""Type 1C for ORIGINAL and MIXED images, not allowed in derived ones."""

_EXTENSIONS = frozenset(
    {"DiffusionBValue", "DiffusionGradientOrientation", "DiffusionDirectionality"}
)
"""Standard extension of classic MR objects that every reader looks for."""

_NUMBER_VRS = frozenset({"FD", "FL", "SL", "SS", "UL", "US"})


@dataclass(frozen=True, kw_only=True)
class AttributePlaces:
    """Places for attributes in a kind.

    Parameters
    ----------
    kind : Kind
        Kind of the result.
    source_class : str
        SOP Class UID of the source: its extensions are allowed in a result of the same class.

    Examples
    --------
    >>> from dicomseries.iod import CT
    >>> places = AttributePlaces(kind=CT, source_class="1.2")
    >>> places.has("KVP"), places.has("EchoTime")
    (True, False)
    """

    kind: Kind
    source_class: str

    @property
    def title(self) -> str:
        """Name of the result, for people."""
        return f"{self.kind.title} object"

    @cached_property
    def groups(self) -> frozenset[str]:
        """Functional groups that the result may have."""
        if not self.kind.is_multi_frame:
            return frozenset()
        groups = [group.keyword for group in groups_of(self.kind.frames)]
        return frozenset((*FUNCTIONAL_GROUPS.get(self.kind.sop_class_uid, ()), *groups))

    def row(self, keyword: str) -> Row | None:
        """Return the row of an attribute; None without one."""
        return self._rows.get(keyword)

    @cached_property
    def _rows(self) -> dict[str, Row]:
        """Rows by either keyword, those of the top level first."""
        rows = [*self.kind.rows, *rows_of(self.kind.groups), *rows_of(self.kind.frames)]
        by_name = {row.given_as: row for row in reversed(rows) if row.given_as}
        return by_name | {row.keyword: row for row in reversed(rows)}

    def obstacle(self, member: Attribute) -> str:
        """Return the obstacle to an attribute; else empty."""
        row = self.row(member.keyword)
        source = None if row is None else row.source
        if isinstance(source, Absent):
            return source.reason
        classic_of = row if row is not None and row.given_as == member.keyword else None
        if self.kind.is_multi_frame:
            if classic_of is not None and member.keyword in _GATED:
                return "the result would have to state the gating, which the source does not"
            for keywords, section in _ORIGINAL_ONLY.items():
                if member.keyword in keywords:
                    return f"only an original image may have it (PS3.3 {section})"
        if isinstance(source, Constant) and member.values != source.values:
            return "the kind fixes it"
        if classic_of is not None and not _is_number(member, classic_of.keyword):
            return "its text is not the number that the result needs"
        return "" if self.has(member.keyword) else f"a {self.title} has no place for it"

    def has(self, keyword: str) -> bool:
        """Return whether an attribute has a place, under any name."""
        return (
            keyword in self._rows
            or keyword in self._module_keywords
            or (keyword in _EXTENSIONS and self.kind.name == "MR")
            or self.source_class == self.kind.sop_class_uid
        )

    @cached_property
    def _module_keywords(self) -> frozenset[str]:
        keywords: set[str] = set()
        for module, _ in IOD_MODULES.get(self.kind.sop_class_uid, ()):
            for requirement in module_requirements(module):
                if requirement.is_top_level:
                    keywords.add(requirement.keyword)
        return frozenset(keywords)

    def may_vary(self, keyword: str) -> bool:
        """Return whether an attribute may differ from slice to slice."""
        if not self.kind.is_multi_frame:
            return True
        return any(keyword in {row.keyword, row.given_as} for row in rows_of(self.kind.frames))

    def unstated(self, keywords: Collection[str]) -> list[str]:
        """Return Type 2 attributes that a source may lack.

        The kind would require them from a user.

        Parameters
        ----------
        keywords : collection of str
            Attributes of the result.
        """
        unstated = []
        for row in self.kind.rows:
            if row.type not in {"2", "2C"} or row.keyword in keywords:
                continue
            if isinstance(row.source, Choice) and row.source.demanded_where is not None:
                unstated.append(row.keyword)
        return unstated


def _is_number(member: Attribute, keyword: str) -> bool:
    if vr_of(keyword) not in _NUMBER_VRS:
        return True
    return bool(numbers_in(member.values))
