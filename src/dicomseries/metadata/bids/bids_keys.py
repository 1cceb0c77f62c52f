"""Keys of BIDS sidecars and their units, from ``data/bids_keys.json``.

``tools/make_bids_table.py`` makes the table from the schema of BIDS.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from dicomseries.standard.read_table import read_table

__all__ = ["is_bids_key", "unit_of_key"]


def is_bids_key(key: object) -> bool:
    """Return whether a key is defined by BIDS alone."""
    return key in _table()["keys that are no DICOM keywords"]


def unit_of_key(key: str) -> str:
    """Return the unit of a key's numbers; empty without one."""
    return str(_table()["units"].get(key, ""))


@cache
def _table() -> Any:
    return read_table("bids_keys.json", "dicomseries.metadata.bids")
