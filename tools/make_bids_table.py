"""Make the table of BIDS keys from its schema.

The schema comes from the package bidsschematools. Run it with ``python tools/make_bids_table.py``.
A second run changes nothing.
"""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

from pydicom.datadict import keyword_dict
from table_files import table_text

SOURCE = Path(__file__).parents[1] / "src" / "dicomseries"
TABLE = SOURCE / "metadata" / "bids" / "data" / "bids_keys.json"


def table() -> str:
    """Return the text of the file."""
    file = resources.files("bidsschematools").joinpath("data/schema.json")
    schema = json.loads(file.read_text(encoding="utf-8"))
    units = {}
    names = set()
    for definition in schema["objects"]["metadata"].values():
        name, unit = definition["name"], _unit(definition)
        names.add(name)
        if unit and name.isidentifier():
            units[name] = unit
    return table_text(
        {
            "source": f"schema of BIDS {schema['bids_version']}",
            "made by": "tools/make_bids_table.py",
            "units": dict(sorted(units.items())),
            "keys that are no DICOM keywords": sorted(names - set(keyword_dict)),
        }
    )


def _unit(definition: Any) -> str:
    """Return the unit of a definition or its first form."""
    if not isinstance(definition, dict):
        return ""
    if isinstance(definition.get("unit"), str):
        return str(definition["unit"])
    for part in (definition.get("items"), *(definition.get("anyOf") or ())):
        unit = _unit(part)
        if unit:
            return unit
    return ""


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8")
    print(TABLE)
