"""The one composer: a kind's rows, the plan's facts and the user's metadata → the attributes of a series."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dicomseries.errors import MetadataError
from dicomseries.iod.conditions import Context, Values
from dicomseries.iod.demands import completed, item_faults
from dicomseries.iod.kind import Kind, PerInstance, Row
from dicomseries.metadata import Metadata
from dicomseries.standard.attribute import Attribute, attribute, tag_of, vr_of

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
    advice : tuple of str
        What a user should know about defaults left in place and terms the standard does not define.
    """

    shared: tuple[Attribute, ...]
    per_instance: tuple[str, ...]
    advice: tuple[str, ...] = ()


def compose(kind: Kind, facts: Mapping[str, Values], metadata: Metadata) -> Composition:
    """Return the attributes every instance of the series has.

    Parameters
    ----------
    kind : Kind
        The table.
    facts : mapping of str to tuple
        The plan's values by keyword: identity, dates, geometry (mm, LPS, as DS texts) and pixel format.
    metadata : Metadata
        The user's attributes; those without a row are added as they are.

    Raises
    ------
    MetadataError
        All that does not fit the kind, at once.

    Notes
    -----
    Types as in PS3.5 section 7.4: a Type 2 attribute without a value is written with zero length.

    Examples
    --------
    >>> from dicomseries.iod.kind import Fact
    >>> from dicomseries.values import PixelRules
    >>> kind = Kind(name="X", title="X Image", summary="an example", modality="OT", sop_class_uid="1.2",
    ...             pixels=PixelRules(), samples=(1,), rows=(Row("Rows", "1", Fact()),))
    >>> user = Metadata.from_mapping({"PatientID": "42"})
    >>> [one.keyword for one in compose(kind, {"Rows": (4,)}, user).shared]
    ['PatientID', 'Rows']
    """
    context = Context(facts=facts, metadata=metadata)
    shared: list[Attribute] = []
    faults: list[MetadataError] = item_faults(kind.sop_class_uid, metadata.attributes)
    for row in kind.rows:
        try:
            values = row.resolve(context)
        except MetadataError as fault:
            faults.append(fault)
            continue
        if values is not None:
            shared.append(_attribute(row, values, context))
    in_table = {row.keyword for row in kind.rows}
    others = [one for one in metadata.attributes if one.keyword not in in_table]
    others += (one for one in completed(kind.sop_class_uid, others, faults) if one.keyword not in in_table)
    if faults:
        raise MetadataError.together(faults)
    advice = (row.advice(context) for row in kind.rows)
    return Composition(
        shared=tuple(sorted([*shared, *others], key=lambda one: one.tag)),
        per_instance=_per_instance(kind),
        advice=(*(text for text in advice if text), *metadata.advice),
    )


def _per_instance(kind: Kind) -> tuple[str, ...]:
    keywords = [row.keyword for row in kind.rows if isinstance(row.source, PerInstance)]
    return tuple(sorted(keywords, key=tag_of))


def _attribute(row: Row, values: Values, context: Context) -> Attribute:
    """Return the row's attribute; where PS3.6 says "US or SS", the sign of the pixels decides (PS3.5 section 6.2)."""
    vr = vr_of(row.keyword)
    if vr == "US or SS":
        vr = "SS" if context.facts.get("PixelRepresentation") == (1,) else "US"
    return attribute(row.keyword, *values, vr=vr)
