"""Modules and functional groups of image objects (PS3.3).

Types (PS3.5 section 7.4): 1 must have a value; 2 must be present and may be empty; 3 is optional.
C makes 1 and 2 depend on a condition, which the standard states in prose and these tables omit.
The tables are ``data/modules.json`` and ``data/functional_groups.json``, made by
``tools/make_standard_tables.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from dicomseries.standard.read_table import read_table

__all__ = [
    "FUNCTIONAL_GROUPS",
    "IOD_MODULES",
    "MANDATORY_GROUPS",
    "Requirement",
    "group_requirements",
    "mandatory_modules",
    "module_requirements",
]

_MODULE_TABLE = read_table("modules.json")
_GROUP_TABLE = read_table("functional_groups.json")

IOD_MODULES: dict[str, tuple[tuple[str, str], ...]] = {
    uid: tuple(usages.items()) for uid, usages in _MODULE_TABLE["objects"].items()
}
"""SOP Class UID → (module, usage): M mandatory, C conditional, U optional."""

FUNCTIONAL_GROUPS: dict[str, tuple[str, ...]] = {
    uid: tuple(groups) for uid, groups in _GROUP_TABLE["objects"].items()
}
"""SOP Class UID → sequences allowed in shared or per-frame functional groups (annex A)."""

MANDATORY_GROUPS: dict[str, tuple[str, ...]] = {
    uid: tuple(entry["groups"])
    for uid, entry in read_table("group_rules.json")["mandatory groups"].items()
}
"""SOP Class UID → functional groups of usage M, shared or in every frame."""


class Requirement(NamedTuple):
    """Type of one attribute in one module.

    Parameters
    ----------
    path : tuple of str
        Keywords from the top level down to the attribute; all but the last are sequences.
    type : str
        "1", "1C", "2", "2C" or "3".

    Examples
    --------
    >>> Requirement(path=("PatientName",), type="2").keyword
    'PatientName'
    """

    path: tuple[str, ...]
    type: str

    @property
    def keyword(self) -> str:
        """Keyword of the attribute itself."""
        return self.path[-1]

    @property
    def is_top_level(self) -> bool:
        """Whether the attribute is outside of any sequence."""
        return len(self.path) == 1


def mandatory_modules(sop_class_uid: str) -> tuple[str, ...]:
    """Return the modules of usage M.

    A class without a table has none.

    Examples
    --------
    >>> "ct-image" in mandatory_modules("1.2.840.10008.5.1.4.1.1.2")
    True
    """
    return tuple(key for key, usage in IOD_MODULES.get(sop_class_uid, ()) if usage == "M")


@cache
def module_requirements(module: str) -> tuple[Requirement, ...]:
    """Return the attributes of a module.

    Items of functional groups have another table (`group_requirements`).

    Parameters
    ----------
    module : str
        Name of a module in `IOD_MODULES`; others have no attributes.

    Returns
    -------
    tuple of Requirement
        All types at the top level, Types 1 and 2 inside sequences.

    Examples
    --------
    >>> Requirement(path=("RescaleSlope",), type="1") in module_requirements("ct-image")
    True
    """
    return tuple(_requirements(_MODULE_TABLE["modules"].get(module, {})))


@cache
def group_requirements(sop_class_uid: str, group: str) -> tuple[Requirement, ...]:
    """Return the attributes in an item of a functional group.

    Parameters
    ----------
    sop_class_uid : str
        The object class; the attributes of a few groups depend on it.
    group : str
        Keyword of the sequence; a group that is not in the tables has no attributes.

    Returns
    -------
    tuple of Requirement
        All types of the item itself, Types 1 and 2 inside its sequences.

    Examples
    --------
    >>> rows = group_requirements("1.2.840.10008.5.1.4.1.1.2.1", "PlanePositionSequence")
    >>> [row.keyword for row in rows]
    ['ImagePositionPatient']
    """
    differing = _GROUP_TABLE["groups that differ in an object"].get(sop_class_uid, {})
    attributes = differing.get(group) or _GROUP_TABLE["groups"].get(group, {})
    return tuple(_requirements(attributes))


def _requirements(
    attributes: Mapping[str, Any], path: tuple[str, ...] = ()
) -> Iterator[Requirement]:
    for keyword, entry in attributes.items():
        kind, items = (entry, {}) if isinstance(entry, str) else entry
        if not path or kind in {"1", "2"}:
            yield Requirement((*path, keyword), kind)
        yield from _requirements(items, (*path, keyword))
