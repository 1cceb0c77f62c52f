"""Sequences of one item: macros and functional groups.

A group is resolved to an attribute if it is the same in all frames, else to a `VaryingGroup`: the
same item with holes for the differences. PS3.3 section C.7.6.16 allows each functional group either
shared or per frame, never both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from dicomseries.errors import MetadataError
from dicomseries.iod.conditions import ALWAYS, Condition, Context, Values
from dicomseries.iod.rows import Row, not_for_this_image
from dicomseries.lazy_dataclass import dataclass
from dicomseries.standard.attributes.attribute import Attribute, attribute, tag_of, vr_of

__all__ = ["Group", "Leaf", "Part", "VaryingGroup", "attribute_of", "groups_of", "rows_of"]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A hole in an item, filled for each frame.

    Parameters
    ----------
    keyword : str
        Attribute that is written.
    column : str
        Name of the values in the plan.

    Examples
    --------
    >>> Leaf("EffectiveEchoTime", "EchoTime").tag == tag_of("EffectiveEchoTime")
    True
    """

    keyword: str
    column: str

    @property
    def tag(self) -> int:
        """Tag of the attribute."""
        return tag_of(self.keyword)


@dataclass(frozen=True, slots=True)
class VaryingGroup:
    """A sequence of one item that differs between frames.

    Parameters
    ----------
    keyword : str
        Of the sequence.
    parts : tuple
        Fixed attributes, holes and further such sequences, in the order of their tags.

    Examples
    --------
    >>> hole = Leaf("ImagePositionPatient", "ImagePositionPatient")
    >>> list(VaryingGroup("PlanePositionSequence", (hole,)).columns)
    ['ImagePositionPatient']
    """

    keyword: str
    parts: tuple[Part, ...]

    @property
    def tag(self) -> int:
        """Tag of the sequence."""
        return tag_of(self.keyword)

    @property
    def columns(self) -> Iterator[str]:
        """Names of the columns for the holes."""
        for part in self.parts:
            if isinstance(part, Leaf):
                yield part.column
            elif isinstance(part, VaryingGroup):
                yield from part.columns


Part: TypeAlias = Attribute | Leaf | VaryingGroup
"""Part of an item with holes."""


@dataclass(frozen=True, slots=True)
class Group:
    """A sequence of one item.

    Parameters
    ----------
    keyword : str
        Of the sequence.
    rows : tuple of Row or Group
        Contents of its item.
    condition : Condition
        Condition of the sequence.
    optional : bool
        Whether it is there only if the user sets one of its rows, or one varies.

    Examples
    --------
    >>> from dicomseries.iod.rows import Fact
    >>> from dicomseries.metadata import Metadata
    >>> row = Row("ImageOrientationPatient", "1", Fact())
    >>> orientation = Group("PlaneOrientationSequence", (row,))
    >>> facts = {"ImageOrientationPatient": ("1", "0", "0", "0", "1", "0")}
    >>> context = Context(facts=facts, metadata=Metadata())
    >>> ((attr,),) = orientation.resolve(context, []).values
    >>> attr.keyword
    'ImageOrientationPatient'
    """

    keyword: str
    rows: tuple[Row | Group, ...]
    condition: Condition = ALWAYS
    optional: bool = False

    @property
    def tag(self) -> int:
        """Tag of the sequence."""
        return tag_of(self.keyword)

    def resolve(
        self, context: Context, faults: list[MetadataError]
    ) -> Attribute | VaryingGroup | None:
        """Return the sequence, with holes if it varies.

        None if it is not to be there.

        Parameters
        ----------
        context : Context
            Facts, metadata, and varying keywords.
        faults : list of MetadataError
            Takes the faults.
        """
        items = context.user_values(self.keyword)
        if items is not None:
            return self._as_given(items, context, faults)
        if not self.condition.holds(context) or (self.optional and not self._is_used(context)):
            faults += self._misplaced(context)
            return None
        parts: list[Part] = []
        for row in self.rows:
            part: Part | None
            if isinstance(row, Group):
                part = row.resolve(context, faults)
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
        """Yield a fault for each attribute of an impossible sequence."""
        if not self.condition.admits(context):
            for row in rows_of((self,)):
                user_values = row.user_values(context)
                if user_values is not None:
                    yield not_for_this_image(row, user_values)

    def _as_given(self, items: Values, context: Context, faults: list[MetadataError]) -> Attribute:
        """Return the sequence set by the user.

        Its attributes cannot vary then.
        """
        for row in rows_of((self,)):
            if row.varies(context):
                fault = MetadataError(
                    code="sequence-given-and-varying",
                    where=self.keyword,
                    given=f"the sequence, and {row.keyword} for each volume or slice",
                    expected="one of the two",
                    remedy=f"Leave {self.keyword} out and give its attributes themselves.",
                )
                faults.append(fault)
        return attribute(self.keyword, *items)

    def _is_used(self, context: Context) -> bool:
        for group in groups_of((self,)):
            if context.user_values(group.keyword) is not None:
                return True
        for row in rows_of((self,)):
            if row.varies(context) or row.user_values(context) is not None:
                return True
        return False


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
        yield from groups_of([row for row in group.rows if isinstance(row, Group)])


def rows_of(groups: Sequence[Group]) -> Iterator[Row]:
    """Yield the rows of groups, at all depths.

    Examples
    --------
    >>> from dicomseries.iod.rows import Fact
    >>> gradient = Row("DiffusionGradientOrientation", "1C", Fact())
    >>> inner = Group("DiffusionGradientDirectionSequence", (gradient,))
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
    """Return the row's attribute.

    For a VR "US or SS" the sign of the pixels decides (PS3.5 section 6.2).

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
