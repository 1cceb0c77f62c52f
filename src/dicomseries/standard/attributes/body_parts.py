"""Values of BodyPartExamined with the codes of their regions.

PS3.16 table L-1; the file is ``data/body_parts.json``, made by ``tools/make_standard_tables.py``.
"""

from __future__ import annotations

from typing import NamedTuple

from dicomseries.standard.read_table import read_table

__all__ = ["REGIONS", "Region"]


class Region(NamedTuple):
    """A region of the body.

    Parameters
    ----------
    code : str
        SNOMED CT code.
    is_paired : bool
        Whether there is a left and a right one.
    meaning : str
        Meaning of the code.
    """

    code: str
    is_paired: bool
    meaning: str


REGIONS: dict[str, Region] = {
    word: Region(entry["code"], entry["paired"], entry["meaning"])
    for word, entry in read_table("body_parts.json")["body parts"].items()
}
"""BodyPartExamined → region."""
