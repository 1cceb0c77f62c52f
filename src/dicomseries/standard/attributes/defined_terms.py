"""Enumerated values and defined terms by keyword (PS3.3 annex C).

*Enumerated values* are closed lists: any other value is an error. *Defined terms* may be extended
by anyone (PS3.5 section 7.3): another term is legal, but more often a typing error. Lists that
depend on the object class are in the rows of the kind. PresentationLUTShape is INVERSE in
MONOCHROME1 images only, which this package does not write. The table is ``data/terms.json``.
"""

from __future__ import annotations

from dicomseries.standard.read_table import read_table

__all__ = ["DEFINED", "ENUMERATED"]

_TABLE = read_table("terms.json")

ENUMERATED: dict[str, tuple[str, ...]] = {
    keyword: tuple(terms) for keyword, terms in _TABLE["enumerated"].items()
}
"""Keyword → the only values allowed."""

DEFINED: dict[str, tuple[str, ...]] = {
    keyword: tuple(terms) for keyword, terms in _TABLE["defined"].items()
}
"""Keyword → the terms of the standard; others are legal."""
