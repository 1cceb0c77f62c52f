"""Where an attribute of a source has its place in the result: at the top level, in a functional group, or nowhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from dicomseries.iod import Absent, Choice, Constant, Kind, Row, groups_of, rows_of
from dicomseries.standard.attribute import Attribute, vr_of
from dicomseries.standard.modules import FUNCTIONAL_GROUPS, IOD_MODULES, module_requirements

__all__ = ["AttributePlaces"]

_GATED = frozenset({"TriggerTime", "NominalInterval"})
"""A classic object says these alone; an enhanced one demands how it was gated beside them (C.7.6.16.2.7)."""

_ORIGINAL_ONLY = frozenset(one.keyword for one in module_requirements("mr-pulse-sequence"))
"""C.8.13.4: of Type 1C for ORIGINAL and MIXED images, and not to be in others; a result is DERIVED."""

_EXTENSIONS = frozenset(
    {"DiffusionBValue", "DiffusionGradientOrientation", "DiffusionDirectionality"}
)
"""What classic MR objects hold as a standard extension, and every reader of them looks for."""


@dataclass(frozen=True, kw_only=True)
class AttributePlaces:
    """What a kind has a place for.

    Parameters
    ----------
    kind : Kind
        Of the result.
    source_class : str
        SOP Class UID of the source: what extends it may extend a result of the same class.

    Examples
    --------
    >>> from dicomseries.iod import CT
    >>> AttributePlaces(kind=CT, source_class="1.2").has("KVP"), AttributePlaces(kind=CT, source_class="1.2").has("EchoTime")
    (True, False)
    """

    kind: Kind
    source_class: str

    @property
    def title(self) -> str:
        """What the result is, for people."""
        return f"{self.kind.title} object"

    @cached_property
    def _rows(self) -> dict[str, Row]:
        """The rows that hold an attribute, by either of its keywords; those of the top level first."""
        rows = [*self.kind.rows, *rows_of(self.kind.groups), *rows_of(self.kind.frames)]
        named = {row.given_as: row for row in reversed(rows) if row.given_as}
        return named | {row.keyword: row for row in reversed(rows)}

    @cached_property
    def _of_frames(self) -> frozenset[str]:
        return frozenset(
            name
            for row in rows_of(self.kind.frames)
            for name in (row.keyword, row.given_as)
            if name
        )

    @cached_property
    def _modules(self) -> frozenset[str]:
        modules = (
            module_requirements(module)
            for module, _ in IOD_MODULES.get(self.kind.sop_class_uid, ())
        )
        return frozenset(one.keyword for module in modules for one in module if one.is_top_level)

    @cached_property
    def groups(self) -> frozenset[str]:
        """Functional groups that may stand in the result."""
        if not self.kind.is_multi_frame:
            return frozenset()
        own = (group.keyword for group in groups_of(self.kind.frames))
        return frozenset((*FUNCTIONAL_GROUPS.get(self.kind.sop_class_uid, ()), *own))

    def row(self, keyword: str) -> Row | None:
        """Return the row that an attribute fills; None if there is none."""
        return self._rows.get(keyword)

    def obstacle(self, own: Attribute) -> str:
        """Return why an attribute cannot be handed on at all; empty if it can.

        Parameters
        ----------
        own : Attribute
            As the result would have it.
        """
        row = self.row(own.keyword)
        if row is not None and isinstance(row.source, Absent):
            return row.source.reason
        if (
            self.kind.is_multi_frame
            and own.keyword in _GATED
            and own.keyword == (row and row.given_as)
        ):
            return "the result would have to say how the scan was gated, which the source does not"
        if self.kind.is_multi_frame and own.keyword in _ORIGINAL_ONLY:
            return "only an image that a scanner made may say it (PS3.3 C.8.13.4)"
        if row is not None and isinstance(row.source, Constant) and own.values != row.source.values:
            return "the kind fixes it"
        if row is not None and row.given_as == own.keyword and not _is_number(own, row.keyword):
            return "its text is not the number that the result needs"
        return "" if self.has(own.keyword) else f"a {self.title} has no place for it"

    def has(self, keyword: str) -> bool:
        """Return whether an attribute has a place of its own, be it under another name."""
        is_extension = keyword in _EXTENSIONS and self.kind.name == "MR"
        return (
            keyword in self._rows or keyword in self._modules or is_extension or self.is_same_class
        )

    @property
    def is_same_class(self) -> bool:
        """Whether source and result are of one object class."""
        return self.source_class == self.kind.sop_class_uid

    def may_vary(self, keyword: str) -> bool:
        """Return whether an attribute may have another value in every slice."""
        return not self.kind.is_multi_frame or keyword in self._of_frames

    def unsaid(self, handed: Iterable[str]) -> tuple[str, ...]:
        """Return Type 2 attributes that the kind would demand of a user, but which a source may leave unsaid.

        Parameters
        ----------
        handed : iterable of str
            Keywords of what is handed on.
        """
        there = set(handed)
        rows = (
            row
            for row in self.kind.rows
            if isinstance(row.source, Choice) and row.source.demanded_where is not None
        )
        return tuple(
            row.keyword for row in rows if row.type in {"2", "2C"} and row.keyword not in there
        )


def _is_number(own: Attribute, keyword: str) -> bool:
    if vr_of(keyword) not in {"FD", "FL", "SL", "SS", "UL", "US"}:
        return True
    try:
        return bool([float(str(one)) for one in own.values])
    except ValueError:
        return False
