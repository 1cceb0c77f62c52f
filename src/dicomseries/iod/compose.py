"""The one composer: a kind's rows, the plan's facts and the user's metadata → the attributes of a series."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from dicomseries.errors import MetadataError
from dicomseries.iod.attribute_requirements import completed, item_faults, with_empty
from dicomseries.iod.conditions import Context, Values
from dicomseries.iod.groups import VaryingGroup, attribute_of, groups_of, rows_of
from dicomseries.iod.kind import Kind, PerInstance
from dicomseries.metadata import Metadata
from dicomseries.standard.attribute import Attribute, attribute, tag_of
from dicomseries.standard.modules import FUNCTIONAL_GROUPS

__all__ = ["Composition", "compose"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """The attributes of a series, before any pixel.

    Parameters
    ----------
    shared : tuple of Attribute
        Equal in all instances, in the order of their tags; neither pixel data nor the file meta group.
    per_instance : tuple of str
        Keywords that have another value in each instance, in the order of their tags.
    groups : tuple of VaryingGroup
        The sequences among `per_instance`: items with holes.
    per_frame : tuple of VaryingGroup
        Functional groups that differ from frame to frame, in the order of their tags (multi-frame kinds only).
    advice : tuple of str
        What a user should know about defaults left in place and terms the standard does not define.
    """

    shared: tuple[Attribute, ...]
    per_instance: tuple[str, ...]
    groups: tuple[VaryingGroup, ...] = ()
    per_frame: tuple[VaryingGroup, ...] = ()
    advice: tuple[str, ...] = ()


def compose(
    kind: Kind, facts: Mapping[str, Values], metadata: Metadata, varying: Collection[str] = ()
) -> Composition:
    """Return the attributes every instance of the series has.

    Parameters
    ----------
    kind : Kind
        The table.
    facts : mapping of str to tuple
        The plan's values by keyword: identity, dates, geometry (mm, LPS, as DS texts) and pixel format.
    metadata : Metadata
        The user's attributes; those without a row are added as they are.
    varying : collection of str
        Keywords whose values the plan has for each instance, frame or volume.

    Raises
    ------
    MetadataError
        All that does not fit the kind, at once.

    Notes
    -----
    Types as in PS3.5 section 7.4: a Type 2 attribute without a value is written with zero length.

    Examples
    --------
    >>> from dicomseries.iod.kind import Fact, Row
    >>> from dicomseries.values import PixelRules
    >>> kind = Kind(name="X", title="X Image", summary="an example", modality="OT", sop_class_uid="1.2",
    ...             pixels=PixelRules(), samples=(1,), rows=(Row("Rows", "1", Fact()),))
    >>> user = Metadata.from_mapping({"PatientID": "42"})
    >>> [one.keyword for one in compose(kind, {"Rows": (4,)}, user).shared]
    ['PatientID', 'Rows']
    """
    said = [one for one in metadata.attributes if one.keyword not in metadata.verbatim]
    metadata = metadata.having(*with_empty(kind.sop_class_uid, said))
    context = Context(facts=facts, metadata=metadata, varying=frozenset(varying))
    faults: list[MetadataError] = item_faults(kind.sop_class_uid, said)
    rows = _resolved(kind, context, faults)
    groups = [
        found for group in kind.groups if (found := group.resolve(context, faults)) is not None
    ]
    frames = [
        found for group in kind.frames if (found := group.resolve(context, faults)) is not None
    ]
    own = {name for row in kind.all_rows for name in (row.keyword, row.given_as)}
    own |= {group.keyword for group in groups_of((*kind.groups, *kind.frames))}
    others = [one for one in metadata.attributes if one.keyword not in own]
    begun = [one for one in others if one.keyword not in metadata.verbatim]
    others += (
        one
        for one in completed(kind.sop_class_uid, begun, faults, written=own)
        if metadata.get(one.keyword) is None
    )
    if kind.is_multi_frame:
        faults += _homeless(kind, context)
    if faults:
        raise MetadataError.together(faults)
    # a functional group that the table does not name, yet the object class has (annex A), is the user's for all frames
    free = FUNCTIONAL_GROUPS.get(kind.sop_class_uid, ()) if kind.is_multi_frame else ()
    frames += (one for one in others if one.keyword in free)
    fixed = [
        *rows,
        *_fixed(groups),
        *(one for one in others if one.keyword not in free),
        *_shared_groups(frames),
    ]
    advice = (row.advice(context) for row in kind.all_rows)
    return Composition(
        shared=tuple(
            sorted(
                (one for one in fixed if one.keyword not in context.varying),
                key=lambda one: one.tag,
            )
        ),
        per_instance=_per_instance(kind, context, groups),
        groups=_with_holes(groups),
        per_frame=_with_holes(frames),
        advice=(*(text for text in advice if text), *metadata.advice),
    )


def _resolved(kind: Kind, context: Context, faults: list[MetadataError]) -> list[Attribute]:
    """Return the attributes of the top level that do not vary."""
    found = []
    for row in kind.rows:
        try:
            values = row.resolve(context)
        except MetadataError as fault:
            faults.append(fault)
            continue
        if values is not None:
            found.append(attribute_of(row, values, context))
    return found


def _fixed(groups: Sequence[Attribute | VaryingGroup]) -> list[Attribute]:
    return [one for one in groups if isinstance(one, Attribute)]


def _with_holes(groups: Sequence[Attribute | VaryingGroup]) -> tuple[VaryingGroup, ...]:
    return tuple(
        sorted((one for one in groups if isinstance(one, VaryingGroup)), key=lambda one: one.tag)
    )


def _shared_groups(frames: Sequence[Attribute | VaryingGroup]) -> list[Attribute]:
    """Return the sequence of what all frames share (PS3.3 section C.7.6.16): one item, the functional groups in it."""
    if not frames:
        return []
    return [
        attribute(
            "SharedFunctionalGroupsSequence", tuple(sorted(_fixed(frames), key=lambda one: one.tag))
        )
    ]


def _homeless(kind: Kind, context: Context) -> list[MetadataError]:
    """Return a fault for each varying attribute that no functional group of the kind holds."""
    homes = sorted(
        {name for row in rows_of(kind.frames) for name in (row.keyword, row.given_as) if name}
    )
    return [
        MetadataError(
            code="attribute-not-per-frame",
            where=keyword,
            given="another value for each volume or slice",
            expected=f"an attribute that a functional group of {kind.name} holds: {', '.join(homes)}",
            remedy="Name one of these, give one value for all in `metadata=`, or write a classic kind.",
        )
        for keyword in sorted(context.varying - set(homes))
    ]


def _per_instance(
    kind: Kind, context: Context, groups: Sequence[Attribute | VaryingGroup]
) -> tuple[str, ...]:
    varying = (row for row in kind.rows if isinstance(row.source, PerInstance))
    keywords = {row.keyword for row in varying if row.condition.holds(context)}
    keywords |= {group.keyword for group in _with_holes(groups)}
    if not kind.is_multi_frame:
        keywords |= context.varying - {row.keyword for row in rows_of(kind.groups)}
    return tuple(sorted(keywords, key=tag_of))
