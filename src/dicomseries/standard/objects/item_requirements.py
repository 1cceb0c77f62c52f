"""Required contents of sequence items, as trees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from functools import cache

from dicomseries.lazy_dataclass import dataclass
from dicomseries.standard.objects.modules import (
    FUNCTIONAL_GROUPS,
    IOD_MODULES,
    group_requirements,
    module_requirements,
)

__all__ = ["Demand", "demands_of", "optional_modules"]

_STRICTER = {"1": 0, "2": 1, "1C": 2, "2C": 3, "3": 4}


@dataclass(slots=True)
class Demand:
    """Type of an attribute and required contents of its items.

    Examples
    --------
    >>> Demand().type
    '3'
    """

    type: str = "3"
    inside: dict[str, Demand] = field(default_factory=dict)


@cache
def demands_of(sop_class_uid: str) -> Mapping[str, Demand]:
    """Return the required contents of each sequence of a class.

    Parameters
    ----------
    sop_class_uid : str
        The object class; one without tables has no requirements.

    Returns
    -------
    mapping
        Keyword → its type and the attributes inside: of the top level, of functional groups, and
        of the sequences in these.

    Examples
    --------
    >>> demands = demands_of("1.2.840.10008.5.1.4.1.1.4.1")
    >>> demands["OperatingModeSequence"].inside["OperatingMode"].type
    '1'
    """
    roots: dict[str, Demand] = {}
    for module, _ in IOD_MODULES.get(sop_class_uid, ()):
        for requirement in module_requirements(module):
            _add(roots, requirement.path, requirement.type)
    for group in FUNCTIONAL_GROUPS.get(sop_class_uid, ()):
        for requirement in group_requirements(sop_class_uid, group):
            _add(roots, (group, *requirement.path), requirement.type)
            if len(requirement.path) > 1:
                _add(roots, requirement.path, requirement.type)
    return roots


@cache
def optional_modules(sop_class_uid: str) -> tuple[Mapping[str, str], ...]:
    """Return the attributes of optional modules with their types.

    Parameters
    ----------
    sop_class_uid : str
        The object class.

    Returns
    -------
    tuple of mapping
        One for each module of usage U or C: keyword → type of the attributes of no other module.

    Examples
    --------
    >>> modules = optional_modules("1.2.840.10008.5.1.4.1.1.2")
    >>> any("SynchronizationTrigger" in module for module in modules)
    True
    """
    usages = dict(IOD_MODULES.get(sop_class_uid, ()))
    homes: dict[str, set[str]] = {}
    for module in usages:
        for requirement in module_requirements(module):
            homes.setdefault(requirement.path[0], set()).add(module)
    optional = []
    for module, usage in usages.items():
        if usage == "M":
            continue
        types = {}
        for requirement in module_requirements(module):
            keyword = requirement.keyword
            if requirement.is_top_level and homes[keyword] == {module}:
                types[keyword] = requirement.type
        optional.append(types)
    return tuple(optional)


def _add(level: dict[str, Demand], path: tuple[str, ...], kind: str) -> None:
    """Add the attribute at the end of a path.

    The strictest of several types counts.
    """
    for keyword in path[:-1]:
        level = level.setdefault(keyword, Demand()).inside
    demand = level.setdefault(path[-1], Demand())
    if _STRICTER[kind] < _STRICTER[demand.type]:
        demand.type = kind
