"""Sequences of one item as tables: macros of the top level, and the functional groups of multi-frame objects.

A group is resolved to an attribute where all frames say the same, else to a `VaryingGroup`: the same item with holes
for what differs. PS3.3 section C.7.6.16 wants each functional group either shared or per frame, never both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from dicomseries.errors import MetadataError
from dicomseries.iod.conditions import ALWAYS, Condition, Context, Values
from dicomseries.iod.rows import Row, not_for_this_image
from dicomseries.standard.attribute import Attribute, attribute, tag_of, vr_of

__all__ = ["Group", "Leaf", "Part", "VaryingGroup", "attribute_of", "groups_of", "rows_of"]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A hole in an item: an attribute with another value in every frame.

    Parameters
    ----------
    keyword : str
        What is written.
    column : str
        The name under which the plan has the values.

    Examples
    --------
    >>> Leaf("EffectiveEchoTime", "EchoTime").tag == tag_of("EffectiveEchoTime")
    True
    """

    keyword: str
    column: str

    @property
    def tag(self) -> int:
        """Where it stands in its item."""
        return tag_of(self.keyword)


@dataclass(frozen=True, slots=True)
class VaryingGroup:
    """A sequence of one item that is not the same in all frames.

    Parameters
    ----------
    keyword : str
        Of the sequence.
    parts : tuple
        Fixed attributes, holes and further such sequences, in the order of their tags.

    Examples
    --------
    >>> position = VaryingGroup("PlanePositionSequence", (Leaf("ImagePositionPatient", "ImagePositionPatient"),))
    >>> list(position.columns)
    ['ImagePositionPatient']
    """

    keyword: str
    parts: tuple[Part, ...]

    @property
    def tag(self) -> int:
        """Where it stands in its item."""
        return tag_of(self.keyword)

    @property
    def columns(self) -> Iterator[str]:
        """The names of the columns that fill the holes."""
        for part in self.parts:
            if isinstance(part, Leaf):
                yield part.column
            elif isinstance(part, VaryingGroup):
                yield from part.columns


Part: TypeAlias = Attribute | Leaf | VaryingGroup
"""What an item with holes is made of."""


@dataclass(frozen=True, slots=True)
class Group:
    """A sequence of one item.

    Parameters
    ----------
    keyword : str
        Of the sequence.
    rows : tuple of Row or Group
        What its item holds.
    condition : Condition
        Where it is there at all.
    optional : bool
        Only there if the user gives one of its rows, or the plan has one that varies.

    Examples
    --------
    >>> from dicomseries.iod.rows import Fact
    >>> from dicomseries.metadata import Metadata
    >>> orientation = Group("PlaneOrientationSequence", (Row("ImageOrientationPatient", "1", Fact()),))
    >>> context = Context(facts={"ImageOrientationPatient": ("1", "0", "0", "0", "1", "0")}, metadata=Metadata())
    >>> [[one.keyword for one in item] for item in orientation.resolve(context, []).values]
    [['ImageOrientationPatient']]
    """

    keyword: str
    rows: tuple[Row | Group, ...]
    condition: Condition = ALWAYS
    optional: bool = False

    @property
    def tag(self) -> int:
        """Where it stands in its item."""
        return tag_of(self.keyword)

    def resolve(
        self, context: Context, faults: list[MetadataError]
    ) -> Attribute | VaryingGroup | None:
        """Return the sequence, with holes if something in it varies; None if it is not to be there.

        Parameters
        ----------
        context : Context
            Facts, metadata, and what varies.
        faults : list of MetadataError
            Takes what does not fit.
        """
        given = context.given(self.keyword)
        if given is not None:
            return self._as_given(given, context, faults)
        if not self.condition.holds(context) or (self.optional and not self._is_used(context)):
            faults += self._misplaced(context)
            return None
        parts: list[Part] = []
        for row in self.rows:
            if isinstance(row, Group):
                part: Part | None = row.resolve(context, faults)
            else:
                part = _part(row, context, faults)
            if part is not None:
                parts.append(part)
        parts.sort(key=lambda part: part.tag)
        fixed = tuple(part for part in parts if isinstance(part, Attribute))
        if len(fixed) == len(parts):
            return attribute(self.keyword, fixed)
        return VaryingGroup(self.keyword, tuple(parts))

    def _misplaced(self, context: Context) -> Iterator[MetadataError]:
        """Yield a fault for each attribute that the user has given although this image cannot have the sequence."""
        if not self.condition.admits(context):
            for row in rows_of((self,)):
                given = row.given(context)
                if given is not None:
                    yield not_for_this_image(row, given)

    def _as_given(self, given: Values, context: Context, faults: list[MetadataError]) -> Attribute:
        """Return the sequence as the user has given it, in place of ours; what varies has no place in it then."""
        faults += (
            MetadataError(
                code="sequence-given-and-varying",
                where=self.keyword,
                given=f"the sequence, and {row.keyword} for each volume or slice",
                expected="one of the two",
                remedy=f"Leave {self.keyword} out and give its attributes themselves.",
            )
            for row in rows_of((self,))
            if row.varies(context)
        )
        return attribute(self.keyword, *given)

    def _is_used(self, context: Context) -> bool:
        return any(context.given(group.keyword) is not None for group in groups_of((self,))) or any(
            row.varies(context) or row.given(context) is not None for row in rows_of((self,))
        )


def groups_of(groups: Sequence[Group]) -> Iterator[Group]:
    """Yield groups and the groups inside them.

    Examples
    --------
    >>> inner = Group("DiffusionGradientDirectionSequence", ())
    >>> [group.keyword for group in groups_of((Group("MRDiffusionSequence", (inner,)),))]
    ['MRDiffusionSequence', 'DiffusionGradientDirectionSequence']
    """
    for group in groups:
        yield group
        yield from groups_of(tuple(row for row in group.rows if isinstance(row, Group)))


def rows_of(groups: Sequence[Group]) -> Iterator[Row]:
    """Yield the rows of groups and of the groups inside them.

    Examples
    --------
    >>> from dicomseries.iod.rows import Fact
    >>> inner = Group("DiffusionGradientDirectionSequence", (Row("DiffusionGradientOrientation", "1C", Fact()),))
    >>> [row.keyword for row in rows_of((Group("MRDiffusionSequence", (inner,)),))]
    ['DiffusionGradientOrientation']
    """
    for group in groups:
        for row in group.rows:
            if isinstance(row, Group):
                yield from rows_of((row,))
            else:
                yield row


def _part(row: Row, context: Context, faults: list[MetadataError]) -> Part | None:
    if row.varies(context):
        return Leaf(row.keyword, row.column(context))
    try:
        values = row.resolve(context)
    except MetadataError as fault:
        faults.append(fault)
        return None
    return None if values is None else attribute_of(row, values, context)


def attribute_of(row: Row, values: tuple[object, ...], context: Context) -> Attribute:
    """Return the row's attribute; where PS3.6 says "US or SS", the sign of the pixels decides (PS3.5 section 6.2).

    Examples
    --------
    >>> from dicomseries.iod.rows import Fact
    >>> from dicomseries.metadata import Metadata
    >>> context = Context(facts={"PixelRepresentation": (1,)}, metadata=Metadata())
    >>> attribute_of(Row("PixelPaddingValue", "1C", Fact()), (-1,), context).vr
    'SS'
    """
    vr = vr_of(row.keyword)
    if vr == "US or SS":
        vr = "SS" if context.facts.get("PixelRepresentation") == (1,) else "US"
    return attribute(row.keyword, *values, vr=vr)  # type: ignore[arg-type]
