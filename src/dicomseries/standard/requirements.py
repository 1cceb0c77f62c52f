"""What the items of sequences must hold, as a tree for each sequence of an object class (PS3.3 annexes A and C)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from dicomseries.standard.modules import (
    FUNCTIONAL_GROUPS,
    IOD_MODULES,
    Requirement,
    group_requirements,
    module_requirements,
)

__all__ = ["Demand", "demands_of", "optional_modules"]

_STRICTER = {"1": 0, "2": 1, "1C": 2, "2C": 3, "3": 4}


@dataclass(slots=True)
class Demand:
    """The type of an attribute, and what the items of it must hold if it is a sequence.

    Examples
    --------
    >>> Demand().type
    '3'
    """

    type: str = "3"
    inside: dict[str, Demand] = field(default_factory=dict)


@cache
def demands_of(sop_class_uid: str) -> Mapping[str, Demand]:
    """Return what each sequence of an object class demands of its items, wherever it stands.

    Parameters
    ----------
    sop_class_uid : str
        The object class; one without tables demands nothing.

    Returns
    -------
    mapping
        Keyword → its type and what is inside: attributes of the top level, functional groups, and what stands in these.

    Examples
    --------
    >>> demands_of("1.2.840.10008.5.1.4.1.1.4.1")["OperatingModeSequence"].inside["OperatingMode"].type
    '1'
    """
    roots: dict[str, Demand] = {}
    for module, _ in IOD_MODULES.get(sop_class_uid, ()):
        for requirement in module_requirements(module):
            _add(roots, requirement.path, requirement.type)
    for group, requirement in _of_groups(sop_class_uid):
        _add(roots, (group, *requirement.path), requirement.type)
        if len(requirement.path) > 1:
            _add(roots, requirement.path, requirement.type)
    return roots


@cache
def optional_modules(sop_class_uid: str) -> tuple[Mapping[str, str], ...]:
    """Return the attributes of each module that need not be there, with their types.

    Parameters
    ----------
    sop_class_uid : str
        The object class.

    Returns
    -------
    tuple of mapping
        One for each module of usage U or C: keyword → type, of attributes that stand in no other module.

    Examples
    --------
    >>> any("SynchronizationTrigger" in module for module in optional_modules("1.2.840.10008.5.1.4.1.1.2"))
    True
    """
    usages = dict(IOD_MODULES.get(sop_class_uid, ()))
    homes: dict[str, set[str]] = {}
    for module in usages:
        for requirement in module_requirements(module):
            homes.setdefault(requirement.path[0], set()).add(module)
    return tuple(
        {
            one.keyword: one.type
            for one in module_requirements(module)
            if one.is_top_level and homes[one.keyword] == {module}
        }
        for module, usage in usages.items()
        if usage != "M"
    )


def _of_groups(sop_class_uid: str) -> Iterator[tuple[str, Requirement]]:
    for group in FUNCTIONAL_GROUPS.get(sop_class_uid, ()):
        for requirement in group_requirements(sop_class_uid, group):
            yield group, requirement


def _add(level: dict[str, Demand], path: tuple[str, ...], kind: str) -> None:
    """Add the demand at the end of a path; the strictest of several counts."""
    for keyword in path[:-1]:
        level = level.setdefault(keyword, Demand()).inside
    found = level.setdefault(path[-1], Demand())
    if _STRICTER[kind] < _STRICTER[found.type]:
        found.type = kind
