"""List of kinds, and search by name."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Literal, TypeAlias

from dicomseries.errors import KindError
from dicomseries.iod.kind import Kind
from dicomseries.iod.kinds.ct import CT
from dicomseries.iod.kinds.enhanced_ct import EnhancedCT
from dicomseries.iod.kinds.enhanced_mr import EnhancedMR
from dicomseries.iod.kinds.mr import MR
from dicomseries.iod.kinds.multiframe_sc import MultiframeSC
from dicomseries.iod.kinds.not_offered import NOT_OFFERED, OTHER_NAMES
from dicomseries.iod.kinds.parametric_map import ParametricMap
from dicomseries.iod.kinds.pt import PT
from dicomseries.iod.kinds.sc import SC
from dicomseries.iod.kinds.segmentation import Segmentation
from dicomseries.iod.kinds.xray_3d import XRay3D

__all__ = ["KINDS", "OFFERED", "OTHER_SPELLINGS", "KindName", "find_kind"]

KINDS: tuple[Kind, ...] = (
    CT,
    MR,
    PT,
    SC,
    EnhancedCT,
    EnhancedMR,
    MultiframeSC,
    XRay3D,
    ParametricMap,
)
"""Kinds made from their table alone."""

OFFERED: tuple[Kind, ...] = (*KINDS, Segmentation)
"""All kinds; the frames of a segmentation are made by `dicomseries.segmentation`."""

KindName: TypeAlias = Literal[
    "CT",
    "MR",
    "PT",
    "SC",
    "EnhancedCT",
    "EnhancedMR",
    "MultiframeSC",
    "XRay3D",
    "ParametricMap",
    "Segmentation",
    # The same in lower case and with hyphens.
    "ct",
    "mr",
    "pt",
    "sc",
    "enhancedct",
    "enhanced-ct",
    "enhancedmr",
    "enhanced-mr",
    "multiframesc",
    "multiframe-sc",
    "xray3d",
    "xray-3d",
    "parametricmap",
    "parametric-map",
    "segmentation",
    # Other names of one meaning.
    "SEG",
    "seg",
    "PET",
    "pet",
    "MRI",
    "mri",
]
"""Names of kinds that editors complete and type checkers know; others are found as well."""

OTHER_SPELLINGS = {"seg": Segmentation, "pet": PT, "mri": MR}
"""Common name of one meaning, in lower case → kind."""

_SUFFIXES = ("storage", "image", "series")
"""Endings of the standard's names that our names lack."""


def find_kind(name: object) -> Kind:
    """Return the kind of that name.

    Parameters
    ----------
    name : object
        The name in any case, with or without blanks, hyphens and underscores; ``"seg"``,
        ``"pet"``, ``"mri"``; the standard's name or the UID of its SOP class; or a kind.

    Raises
    ------
    KindError
        If there is no such kind, with a list of all; or if it is not offered, with the reason.

    Examples
    --------
    >>> find_kind("ct").title, find_kind("enhanced-mr").title
    ('CT Image', 'Enhanced MR Image')
    """
    if isinstance(name, Kind):
        return name
    wanted = _plain(name) if isinstance(name, str) else ""
    for kind in OFFERED:
        if kind.name.casefold() == wanted:
            return kind
    if wanted in OTHER_SPELLINGS:
        return OTHER_SPELLINGS[wanted]
    short = _without_suffixes(wanted)
    for not_offered in NOT_OFFERED:
        if wanted in not_offered.names or short in not_offered.names:
            raise KindError(
                code="kind-not-offered",
                where="kind",
                given=repr(name),
                expected=f"a kind that an array can fill: {not_offered.reason}",
                remedy=not_offered.remedy,
            )
    standard_kind = _of_standard_name(short)
    if standard_kind is None:
        raise _unknown(name, _suggested(short))
    return standard_kind


def _of_standard_name(wanted: str) -> Kind | None:
    """Return the kind of a SOP class by its name or UID."""
    for kind in OFFERED:
        is_only_class = wanted == kind.sop_class_uid and not kind.sop_classes
        if is_only_class or wanted == _without_suffixes(_plain(kind.title)):
            return kind
    return None


def _unknown(name: object, suggested: Kind | None) -> KindError:
    if suggested is not None:
        names = ", ".join(kind.name for kind in OFFERED)
        expected, remedy = f"one of {names}", f"Did you mean {suggested.name}?"
    else:
        width = max(len(kind.name) for kind in OFFERED)
        listed = "".join(f"\n  {kind.name:<{width}}  {kind.summary}" for kind in OFFERED)
        expected, remedy = "a kind of this list", f"Choose what the numbers are.{listed}"
    return KindError(
        code="kind-unknown", where="kind", given=repr(name), expected=expected, remedy=remedy
    )


def _suggested(wanted: str) -> Kind | None:
    """Return the kind with a similar or an alternative name."""
    names = {kind.name.casefold(): kind for kind in OFFERED}
    for kind in OFFERED:
        if any(wanted == uid for _, _, uid in kind.sop_classes):
            return kind
    if wanted in OTHER_NAMES:
        return names[OTHER_NAMES[wanted].casefold()]
    names |= OTHER_SPELLINGS
    names |= {name: names[kind.casefold()] for name, kind in OTHER_NAMES.items()}
    similar = get_close_matches(wanted, names, n=3, cutoff=0.75)
    kinds = [names[name] for name in similar if name[0] == wanted[0]]
    if not kinds or any(kind is not kinds[0] for kind in kinds):
        return None
    return kinds[0]


def _without_suffixes(name: str) -> str:
    for suffix in _SUFFIXES:
        if name != suffix:
            name = name.removesuffix(suffix)
    return name


def _plain(name: str) -> str:
    return name.casefold().translate(str.maketrans("", "", " -_"))
