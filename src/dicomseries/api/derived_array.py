"""An array that is derived from a series, ready to be written."""

from __future__ import annotations

import os
from typing import Unpack

from dicomseries import api
from dicomseries.api.write import write
from dicomseries.lazy_dataclass import dataclass
from dicomseries.options import PlanKeywords, WriteKeywords, with_options
from dicomseries.plan import SeriesPlan
from dicomseries.reports import Receipt
from dicomseries.short_repr import short_text
from dicomseries.sources import MaskSource

__all__ = ["Derivation"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Derivation:
    """An array and its source series, ready to be written.

    Parameters
    ----------
    array : array, path or Volume
        The result.
    options : dict
        The keyword arguments of `dicomseries.write`, `like` among them.

    Examples
    --------
    >>> from dicomseries.api import read
    >>> from pydicom.data import get_testdata_file
    >>> volume = read(get_testdata_file("CT_small.dcm"))
    >>> volume.derive(volume.array // 2, description="Halved")
    Derivation of (1, 128, 128) with like, axes, description
    """

    array: MaskSource
    options: WriteKeywords

    def __repr__(self) -> str:
        shape = getattr(self.array, "shape", type(self.array).__name__)
        names = [name for name, value in self.options.items() if value is not None]
        return short_text(f"Derivation of {shape} with {', '.join(names)}")

    @with_options("write")
    def write(self, out: str | os.PathLike[str], **options: Unpack[WriteKeywords]) -> Receipt:
        """Write the derived series; options as in `dicomseries.write`."""
        return write(self.array, out, **(self.options | options))

    @with_options("plan")
    def plan(self, **options: Unpack[PlanKeywords]) -> SeriesPlan:
        """Return the plan of `write`; options as in `dicomseries.plan`."""
        return api.plan(self.array, **(self.options | options))
