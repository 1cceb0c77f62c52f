"""Required attributes inside sequences and in optional modules.

The rows of a kind fill its mandatory modules. Further attributes of the user have other rules: the
items of sequences must be complete, and one attribute of an optional module (PS3.3 section A.1.3)
needs the others of that module.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import cache

from dicomseries.errors import MetadataError
from dicomseries.standard.attributes.attribute import Attribute, Item, Value, attribute
from dicomseries.standard.objects.modules import (
    IOD_MODULES,
    Requirement,
    mandatory_modules,
    module_requirements,
)

__all__ = ["completed", "item_faults", "with_empty"]


def item_faults(sop_class_uid: str, attributes: Sequence[Attribute]) -> list[MetadataError]:
    """Return missing values in the items of sequences.

    Parameters
    ----------
    sop_class_uid : str
        The object class; one without tables has no requirements.
    attributes : sequence of Attribute
        The user's attributes.

    Notes
    -----
    PS3.5 section 7.4: Type 1 needs a value; a sequence of Type 3 has an item, or is left out.
    `with_empty` adds Type 2.

    Examples
    --------
    >>> code = attribute("ProcedureCodeSequence", (attribute("CodeValue", "1"),))
    >>> [fault.where for fault in item_faults("1.2.840.10008.5.1.4.1.1.2", [code])]
    ['ProcedureCodeSequence[0].CodeMeaning']
    """
    nested, optional = _of_sequences(sop_class_uid)
    faults: dict[str, MetadataError] = {}
    for attr in attributes:
        keyword = attr.keyword
        if attr.vr == "SQ" and not attr.values and keyword in optional:
            faults[keyword] = _no_item(keyword)
        for requirement in nested.get(keyword, ()):
            if requirement.type != "1":
                continue
            for where in _lacking(attr, requirement.path[1:], keyword):
                faults.setdefault(where, _missing(where, "in its sequence", keyword))
    return list(faults.values())


def with_empty(sop_class_uid: str, attributes: Sequence[Attribute]) -> tuple[Attribute, ...]:
    """Return attributes completed by empty Type 2 ones in items.

    Parameters
    ----------
    sop_class_uid : str
        The object class; one without tables has no requirements.
    attributes : sequence of Attribute
        The user's attributes.

    Returns
    -------
    tuple of Attribute
        The attributes that changed.

    Notes
    -----
    PS3.5 section 7.4.3: an attribute of Type 2 has zero length if its value is unknown.

    Examples
    --------
    >>> drug = (attribute("Radiopharmaceutical", "FDG"),)
    >>> sequence = attribute("RadiopharmaceuticalInformationSequence", drug)
    >>> (completed_sequence,) = with_empty("1.2.840.10008.5.1.4.1.1.128", [sequence])
    >>> [attr.keyword for attr in completed_sequence.values[0]]
    ['Radiopharmaceutical', 'RadionuclideCodeSequence']
    """
    nested, _ = _of_sequences(sop_class_uid)
    changed: list[Attribute] = []
    for attr in attributes:
        filled = attr
        for requirement in nested.get(attr.keyword, ()):
            if requirement.type == "2":
                filled = _filled(filled, requirement.path[1:])
        if filled != attr:
            changed.append(filled)
    return tuple(changed)


def _filled(sequence: Attribute, path: Sequence[str]) -> Attribute:
    """Return a sequence with an empty attribute in each item."""
    items: list[Value] = []
    for item in sequence.values:
        items.append(_item_filled(item, path) if isinstance(item, tuple) else item)
    return attribute(sequence.keyword, *items)


def _item_filled(item: Item, path: Sequence[str]) -> Item:
    filled = _find(item, path[0])
    if len(path) == 1:
        filled = filled or attribute(path[0])
    elif filled is None:
        return item
    else:
        filled = _filled(filled, path[1:])
    others = [attr for attr in item if attr.keyword != filled.keyword]
    return tuple(sorted((*others, filled), key=lambda attr: attr.tag))


def completed(
    sop_class_uid: str,
    attributes: Sequence[Attribute],
    faults: list[MetadataError],
    written: Collection[str] = (),
) -> tuple[Attribute, ...]:
    """Return the missing empty attributes of optional modules.

    Missing Type 1 attributes are faults. An optional module is used if the user sets an attribute
    that no mandatory module has.

    Parameters
    ----------
    sop_class_uid : str
        The object class.
    attributes : sequence of Attribute
        The user's attributes without a row.
    faults : list of MetadataError
        Takes the missing Type 1 attributes.
    written : collection of str
        Keywords filled by the rows of the kind.

    Notes
    -----
    PS3.3 section A.1.3.3 (user option modules), PS3.5 section 7.4.3 (Type 2).

    Examples
    --------
    >>> faults = []
    >>> sponsor = attribute("ClinicalTrialSponsorName", "Us")
    >>> added = completed("1.2.840.10008.5.1.4.1.1.2", [sponsor], faults)
    >>> [attr.keyword for attr in added]
    ['ClinicalTrialProtocolName', 'ClinicalTrialSiteID', 'ClinicalTrialSiteName']
    >>> [fault.where for fault in faults]
    ['ClinicalTrialProtocolID']
    """
    by_keyword = {attr.keyword: attr for attr in attributes}
    added: dict[str, Attribute] = {}
    for module, requirements in _optional_modules(sop_class_uid).items():
        used = [row.keyword for row in requirements if row.keyword in by_keyword]
        if not used:
            continue
        for requirement in requirements:
            keyword = requirement.keyword
            if keyword in written:
                continue
            attr = by_keyword.get(keyword)
            if requirement.type == "1" and (attr is None or attr.is_empty):
                reason = f"in the module {module}, to which {used[0]} belongs"
                faults.append(_missing(keyword, reason, used[0]))
            elif requirement.type == "2" and attr is None:
                added[keyword] = attribute(keyword)
    return tuple(added.values())


@cache
def _of_sequences(sop_class_uid: str) -> tuple[dict[str, list[Requirement]], frozenset[str]]:
    """Return requirements inside sequences, and the optional sequences."""
    nested: dict[str, list[Requirement]] = {}
    types: dict[str, set[str]] = {}
    for module, _ in IOD_MODULES.get(sop_class_uid, ()):
        for requirement in module_requirements(module):
            if requirement.is_top_level:
                types.setdefault(requirement.keyword, set()).add(requirement.type)
            else:
                nested.setdefault(requirement.path[0], []).append(requirement)
    optional = frozenset(keyword for keyword, kinds in types.items() if kinds == {"3"})
    return nested, optional


@cache
def _optional_modules(sop_class_uid: str) -> dict[str, tuple[Requirement, ...]]:
    """Return the top level of each user option module.

    Attributes of mandatory modules are left out.
    """
    usages = dict(IOD_MODULES.get(sop_class_uid, ()))
    mandatory: set[str] = set()
    for module in mandatory_modules(sop_class_uid):
        mandatory |= {row.keyword for row in module_requirements(module)}
    optional = {}
    for module, usage in usages.items():
        if usage == "U":
            rows = [row for row in module_requirements(module) if row.is_top_level]
            optional[module] = tuple(row for row in rows if row.keyword not in mandatory)
    return optional


def _lacking(sequence: Attribute, path: Sequence[str], where: str) -> Iterator[str]:
    """Yield the places of missing values below a sequence."""
    for index, item in enumerate(sequence.values):
        place = f"{where}[{index}].{path[0]}"
        attr = None
        if isinstance(item, tuple):
            attr = _find(item, path[0])
        if len(path) == 1:
            if attr is None or attr.is_empty:
                yield place
        elif attr is not None:
            yield from _lacking(attr, path[1:], place)


def _find(item: Item, keyword: str) -> Attribute | None:
    return next((attr for attr in item if attr.keyword == keyword), None)


def _missing(where: str, place: str, cause: str) -> MetadataError:
    return MetadataError(
        code="value-missing",
        where=where,
        given="none",
        expected=f"a value, as it is of Type 1 {place}",
        remedy=f"Give it, or leave {cause} out.",
    )


def _no_item(keyword: str) -> MetadataError:
    return MetadataError(
        code="sequence-empty",
        where=keyword,
        given="no item",
        expected="one item or more: a sequence of Type 3 is not empty",
        remedy="Leave it out.",
    )
