"""Kind, facts and user metadata → attributes of a series."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter

from dicomseries.errors import MetadataError
from dicomseries.iod.attribute_requirements import completed, item_faults, with_empty
from dicomseries.iod.conditions import Context, Values
from dicomseries.iod.groups import Group, VaryingGroup, attribute_of, groups_of, rows_of
from dicomseries.iod.kind import Kind, PerInstance
from dicomseries.lazy_dataclass import dataclass
from dicomseries.metadata import Metadata
from dicomseries.standard.attributes.attribute import Attribute, attribute, tag_of
from dicomseries.standard.objects.modules import FUNCTIONAL_GROUPS

__all__ = ["Composition", "compose"]

_by_tag = attrgetter("tag")

_MIXED = frozenset(
    {
        "AcquisitionContrast",
        "ComplexImageComponent",
        "VolumeBasedCalculationTechnique",
        "VolumetricProperties",
    }
)
"""Attributes of an image that are MIXED where its frames differ (PS3.3 C.8.16.2, C.8.13.3.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """The attributes of a series, before any pixel.

    Parameters
    ----------
    shared : tuple of Attribute
        Equal in all instances, in the order of their tags; neither pixel data nor the file meta
        group.
    per_instance : tuple of str
        Keywords that differ between instances, in the order of their tags.
    groups : tuple of VaryingGroup
        The sequences among `per_instance`: items with holes.
    per_frame : tuple of VaryingGroup
        Functional groups that differ between frames, in the order of their tags (multi-frame
        kinds only).
    advice : tuple of str
        Advice about defaults in place and undefined terms.
    """

    shared: tuple[Attribute, ...]
    per_instance: tuple[str, ...]
    groups: tuple[VaryingGroup, ...] = ()
    per_frame: tuple[VaryingGroup, ...] = ()
    advice: tuple[str, ...] = ()


def compose(
    kind: Kind, facts: Mapping[str, Values], metadata: Metadata, varying: Collection[str] = ()
) -> Composition:
    """Return the attributes of a series.

    Parameters
    ----------
    kind : Kind
        The table.
    facts : mapping of str to tuple
        The plan's values by keyword: identity, dates, geometry (mm, LPS, as DS texts) and pixel
        format.
    metadata : Metadata
        The user's attributes; those without a row are added unchanged.
    varying : collection of str
        Keywords with a value of the plan for each instance, frame or volume.

    Raises
    ------
    MetadataError
        All faults at once.

    Notes
    -----
    Types as in PS3.5 section 7.4: a Type 2 attribute without a value is written with zero length.

    Examples
    --------
    >>> from dicomseries.iod.kind import Fact, Row
    >>> from dicomseries.values import PixelRules
    >>> kind = Kind(
    ...     name="X", title="X Image", summary="an example", modality="OT", sop_class_uid="1.2",
    ...     pixels=PixelRules(), samples=(1,), rows=(Row("Rows", "1", Fact()),),
    ... )
    >>> user = Metadata.from_mapping({"PatientID": "42"})
    >>> [attr.keyword for attr in compose(kind, {"Rows": (4,)}, user).shared]
    ['PatientID', 'Rows']
    """
    uid = kind.sop_class_uid
    users = [attr for attr in metadata.attributes if attr.keyword not in metadata.verbatim]
    faults = item_faults(uid, users)
    metadata = metadata.having(*with_empty(uid, users))
    context = Context(facts=facts, metadata=metadata, varying=frozenset(varying))

    shared = _resolved_rows(kind, context, faults)
    groups, varying_groups = _resolved_groups(kind.groups, context, faults)
    frames, varying_frames = _resolved_groups(kind.frames, context, faults)
    others = _without_row(kind, context, faults)
    if kind.is_multi_frame:
        faults += _varying_without_group(kind, context)
    if faults:
        raise MetadataError.together(faults)

    shared += groups
    for attr in others:
        # functional groups of the object class (annex A) without a row are shared by all frames
        if kind.is_multi_frame and attr.keyword in FUNCTIONAL_GROUPS.get(uid, ()):
            frames.append(attr)
        else:
            shared.append(attr)
    if frames or varying_frames:
        item = tuple(sorted(frames, key=_by_tag))
        shared.append(attribute("SharedFunctionalGroupsSequence", item))
    shared = list(_of_all_frames(shared, context))
    advice = [row.advice(context) for row in kind.all_rows]
    return Composition(
        shared=tuple(sorted(shared, key=_by_tag)),
        per_instance=_per_instance(kind, context, varying_groups),
        groups=varying_groups,
        per_frame=varying_frames,
        advice=(*filter(None, advice), *metadata.advice),
    )


def _of_all_frames(attributes: Iterable[Attribute], context: Context) -> Iterator[Attribute]:
    """Yield attributes that are equal in all frames, or MIXED."""
    for attr in attributes:
        if attr.keyword not in context.varying:
            yield attr
        elif attr.keyword in _MIXED:
            yield attribute(attr.keyword, "MIXED")


def _resolved_rows(kind: Kind, context: Context, faults: list[MetadataError]) -> list[Attribute]:
    """Return the top-level attributes that do not vary."""
    attributes = []
    for row in kind.rows:
        try:
            values = row.resolve(context)
        except MetadataError as fault:
            faults.append(fault)
            continue
        if values is not None:
            attributes.append(attribute_of(row, values, context))
    return attributes


def _resolved_groups(
    groups: Sequence[Group], context: Context, faults: list[MetadataError]
) -> tuple[list[Attribute], tuple[VaryingGroup, ...]]:
    """Return the fixed groups, and the varying ones by tag."""
    fixed, varying = [], []
    for group in groups:
        resolved = group.resolve(context, faults)
        if isinstance(resolved, Attribute):
            fixed.append(resolved)
        elif resolved is not None:
            varying.append(resolved)
    return fixed, tuple(sorted(varying, key=_by_tag))


def _without_row(kind: Kind, context: Context, faults: list[MetadataError]) -> list[Attribute]:
    """Return the user's attributes without a row, completed.

    Completed by the Type 2 attributes of their modules.
    """
    metadata = context.metadata
    known = {group.keyword for group in groups_of((*kind.groups, *kind.frames))}
    for row in kind.all_rows:
        known |= {row.keyword, row.given_as}
    others = [attr for attr in metadata.attributes if attr.keyword not in known]
    users = [attr for attr in others if attr.keyword not in metadata.verbatim]
    added = completed(kind.sop_class_uid, users, faults, written=known)
    return others + [attr for attr in added if metadata.get(attr.keyword) is None]


def _varying_without_group(kind: Kind, context: Context) -> list[MetadataError]:
    """Return faults of varying attributes outside of functional groups."""
    keywords: set[str] = set()
    for row in rows_of(kind.frames):
        keywords |= {row.keyword, row.given_as} - {""}
    listed = ", ".join(sorted(keywords))
    faults = []
    for keyword in sorted(context.varying - keywords):
        fault = MetadataError(
            code="attribute-not-per-frame",
            where=keyword,
            given="another value for each volume or slice",
            expected=f"an attribute in a functional group of {kind.name}: {listed}",
            remedy="Name one of these, give one value for all in `metadata=`, or write a classic "
            "kind.",
        )
        faults.append(fault)
    return faults


def _per_instance(kind: Kind, context: Context, groups: Sequence[VaryingGroup]) -> tuple[str, ...]:
    keywords = {group.keyword for group in groups}
    for row in kind.rows:
        if isinstance(row.source, PerInstance) and row.condition.holds(context):
            keywords.add(row.keyword)
    if not kind.is_multi_frame:
        keywords |= context.varying - {row.keyword for row in rows_of(kind.groups)}
    return tuple(sorted(keywords, key=tag_of))
