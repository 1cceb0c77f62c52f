"""The list of kinds, and how one is found by name."""

from __future__ import annotations

from dicomseries.errors import KindError
from dicomseries.iod.ct import CT
from dicomseries.iod.enhanced_mr import EnhancedMR
from dicomseries.iod.kind import Kind
from dicomseries.iod.mr import MR
from dicomseries.iod.multiframe_sc import MultiframeSC
from dicomseries.iod.parametric_map import ParametricMap
from dicomseries.iod.pt import PT
from dicomseries.iod.sc import SC

__all__ = ["KINDS", "find_kind"]

KINDS: tuple[Kind, ...] = (CT, MR, PT, SC, EnhancedMR, MultiframeSC, ParametricMap)
"""Every kind that can be written."""


def find_kind(name: object) -> Kind:
    """Return the kind of that name.

    Parameters
    ----------
    name : object
        The name in any case; a kind is returned as it is.

    Raises
    ------
    KindError
        If there is no such kind; the error lists them, one line each.

    Examples
    --------
    >>> find_kind("ct").title
    'CT Image'
    """
    if isinstance(name, Kind):
        return name
    wanted = name.strip().casefold() if isinstance(name, str) else ""
    for kind in KINDS:
        if kind.name.casefold() == wanted:
            return kind
    listed = "".join(f"\n  {kind.name}  {kind.summary}" for kind in KINDS)
    raise KindError(
        code="kind-unknown",
        where="kind",
        given=repr(name),
        expected="one of " + ", ".join(kind.name for kind in KINDS),
        remedy=f"Choose what the numbers are:{listed}",
    )
