"""What the modules of an object class demand of attributes that users add: inside sequences, and in optional modules.

The rows of a kind fill its mandatory modules. What a user adds besides has rules of its own: an item of a sequence
must be whole, and whoever gives one attribute of an optional module (PS3.3 section A.1.3) must give its others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import cache

from dicomseries.errors import MetadataError
from dicomseries.standard.attribute import Attribute, Item, attribute
from dicomseries.standard.modules import IOD_MODULES, Requirement, module_requirements

__all__ = ["completed", "item_faults", "with_empty"]


def item_faults(sop_class_uid: str, attributes: Sequence[Attribute]) -> list[MetadataError]:
    """Return the values that are missing in the items of sequences.

    Parameters
    ----------
    sop_class_uid : str
        The object class; one without tables demands nothing.
    attributes : sequence of Attribute
        What the user has given.

    Notes
    -----
    PS3.5 section 7.4: Type 1 needs a value; a sequence of Type 3 that is there has an item. `with_empty` adds what is
    of Type 2.

    Examples
    --------
    >>> code = attribute("ProcedureCodeSequence", (attribute("CodeValue", "1"),))
    >>> [fault.where for fault in item_faults("1.2.840.10008.5.1.4.1.1.2", [code])]
    ['ProcedureCodeSequence[0].CodeMeaning']
    """
    nested, optional = _of_sequences(sop_class_uid)
    faults: dict[str, MetadataError] = {}
    for one in attributes:
        if one.vr == "SQ" and not one.values and one.keyword in optional:
            faults[one.keyword] = _no_item(one.keyword)
        for requirement in nested.get(one.keyword, ()):
            if requirement.type != "1":
                continue
            for where in _lacking(one, requirement.path[1:], one.keyword):
                faults.setdefault(where, _missing(where, one.keyword))
    return list(faults.values())


def with_empty(sop_class_uid: str, attributes: Sequence[Attribute]) -> tuple[Attribute, ...]:
    """Return the attributes with empty ones of Type 2 in the items of sequences that lack them.

    Parameters
    ----------
    sop_class_uid : str
        The object class; one without tables demands nothing.
    attributes : sequence of Attribute
        What the user has given.

    Returns
    -------
    tuple of Attribute
        Those that have changed.

    Notes
    -----
    PS3.5 section 7.4.3: an attribute of Type 2 is there, with zero length if it is not known.

    Examples
    --------
    >>> drug = attribute("RadiopharmaceuticalInformationSequence", (attribute("Radiopharmaceutical", "FDG"),))
    >>> (found,) = with_empty("1.2.840.10008.5.1.4.1.1.128", [drug])
    >>> [one.keyword for one in found.values[0]]
    ['Radiopharmaceutical', 'RadionuclideCodeSequence']
    """
    nested, _ = _of_sequences(sop_class_uid)
    changed: list[Attribute] = []
    for one in attributes:
        found = one
        for requirement in nested.get(one.keyword, ()):
            if requirement.type == "2":
                found = _filled(found, requirement.path[1:])
        if found != one:
            changed.append(found)
    return tuple(changed)


def _filled(sequence: Attribute, path: Sequence[str]) -> Attribute:
    """Return a sequence with an empty attribute at the end of the path, in each item that lacks it."""
    items = [
        _item_filled(item, path) if isinstance(item, tuple) else item for item in sequence.values
    ]
    return attribute(sequence.keyword, *items)


def _item_filled(item: Item, path: Sequence[str]) -> Item:
    found = _find(item, path[0])
    if len(path) == 1:
        own = found or attribute(path[0])
    elif found is None:
        return item
    else:
        own = _filled(found, path[1:])
    others = (one for one in item if one.keyword != own.keyword)
    return tuple(sorted((*others, own), key=lambda one: one.tag))


def completed(
    sop_class_uid: str,
    attributes: Sequence[Attribute],
    faults: list[MetadataError],
    written: Collection[str] = (),
) -> tuple[Attribute, ...]:
    """Return the empty Type 2 attributes that the optional modules in use still need; what needs a value is a fault.

    An optional module is in use if the user has given an attribute that no mandatory module has.

    Parameters
    ----------
    sop_class_uid : str
        The object class.
    attributes : sequence of Attribute
        What the user has given beside the rows of the kind.
    faults : list of MetadataError
        Takes the Type 1 attributes that lack.
    written : collection of str
        Keywords that the rows of the kind fill, whatever the user gives.

    Notes
    -----
    PS3.3 section A.1.3.3 (user option modules), PS3.5 section 7.4.3 (Type 2).

    Examples
    --------
    >>> faults = []
    >>> added = completed("1.2.840.10008.5.1.4.1.1.2", [attribute("ClinicalTrialSponsorName", "Us")], faults)
    >>> [one.keyword for one in added], [fault.where for fault in faults]
    (['ClinicalTrialProtocolName', 'ClinicalTrialSiteID', 'ClinicalTrialSiteName'], ['ClinicalTrialProtocolID'])
    """
    there = {one.keyword: one for one in attributes}
    added: dict[str, Attribute] = {}
    for module, requirements in _optional_modules(sop_class_uid).items():
        used = next((one.keyword for one in requirements if one.keyword in there), None)
        for requirement in requirements if used else ():
            found = there.get(requirement.keyword)
            if requirement.keyword in written:
                continue
            if requirement.type == "1" and (found is None or found.is_empty):
                faults.append(_missing_of_module(requirement.keyword, module, str(used)))
            elif requirement.type == "2" and found is None:
                added[requirement.keyword] = attribute(requirement.keyword)
    return tuple(added.values())


@cache
def _of_sequences(sop_class_uid: str) -> tuple[dict[str, list[Requirement]], frozenset[str]]:
    """Return what stands inside each sequence, and the sequences that are of Type 3 wherever they are."""
    nested: dict[str, list[Requirement]] = {}
    types: dict[str, set[str]] = {}
    for module, _ in IOD_MODULES.get(sop_class_uid, ()):
        for requirement in module_requirements(module):
            if requirement.is_top_level:
                types.setdefault(requirement.keyword, set()).add(requirement.type)
            else:
                nested.setdefault(requirement.path[0], []).append(requirement)
    return nested, frozenset(keyword for keyword, found in types.items() if found == {"3"})


@cache
def _optional_modules(sop_class_uid: str) -> dict[str, tuple[Requirement, ...]]:
    """Return the top level of each user option module, without what mandatory modules have too."""
    usages = dict(IOD_MODULES.get(sop_class_uid, ()))
    known = {
        one.keyword
        for module, usage in usages.items()
        if usage == "M"
        for one in module_requirements(module)
    }
    return {
        module: tuple(
            one
            for one in module_requirements(module)
            if one.is_top_level and one.keyword not in known
        )
        for module, usage in usages.items()
        if usage == "U"
    }


def _lacking(sequence: Attribute, path: Sequence[str], where: str) -> Iterator[str]:
    """Yield the places below a sequence where an attribute has no value."""
    for index, item in enumerate(sequence.values):
        place = f"{where}[{index}].{path[0]}"
        found = _find(item, path[0]) if isinstance(item, tuple) else None
        if len(path) > 1:
            yield from _lacking(found, path[1:], place) if found else ()
        elif found is None or found.is_empty:
            yield place


def _find(item: Item, keyword: str) -> Attribute | None:
    return next((one for one in item if one.keyword == keyword), None)


def _missing(where: str, sequence: str) -> MetadataError:
    return MetadataError(
        code="value-missing",
        where=where,
        given="none",
        expected="a value, as it is of Type 1 in its sequence",
        remedy=f"Give it, or leave {sequence} out.",
    )


def _missing_of_module(keyword: str, module: str, used: str) -> MetadataError:
    return MetadataError(
        code="value-missing",
        where=keyword,
        given="none",
        expected=f"a value, as it is of Type 1 in the module {module}, to which {used} belongs",
        remedy=f"Give it, or leave {used} out.",
    )


def _no_item(keyword: str) -> MetadataError:
    return MetadataError(
        code="sequence-empty",
        where=keyword,
        given="no item",
        expected="one item or more: a sequence of Type 3 that is there is not empty",
        remedy="Leave it out.",
    )
