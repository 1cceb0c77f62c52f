"""Write metadata/bids/bids_units.py from the schema of BIDS (package bidsschematools)."""

from __future__ import annotations

import json
import textwrap
from importlib import resources
from pathlib import Path
from typing import Any

from pydicom.datadict import keyword_dict

TABLE = Path(__file__).parent.parent / "src" / "dicomseries" / "metadata" / "bids" / "bids_units.py"

HEAD = '''"""Units of BIDS keys, and BIDS keys that are no DICOM keywords: made by `tools/make_bids_table.py`."""

from __future__ import annotations

__all__ = ["BIDS_KEYS", "BIDS_UNITS", "BIDS_VERSION"]
'''


def table() -> str:
    """Return the text of the module."""
    schema = json.loads(
        resources.files("bidsschematools").joinpath("data/schema.json").read_text(encoding="utf-8")
    )
    objects: dict[str, Any] = schema["objects"]["metadata"]
    units = {
        one["name"]: unit
        for one in objects.values()
        if (unit := _unit(one)) and one["name"].isidentifier()
    }
    keys = sorted({one["name"] for one in objects.values()} - set(keyword_dict))
    lines = "\n".join(f'    "{key}": "{unit}",' for key, unit in sorted(units.items()))
    words = textwrap.indent(textwrap.fill(" ".join(keys), 110, break_long_words=False), "    ")
    return (
        f"{HEAD}\n"
        f'BIDS_VERSION = "{schema["bids_version"]}"\n"""Of the specification."""\n\n'
        f'BIDS_UNITS = {{\n{lines}\n}}\n"""Key of a sidecar → unit of its numbers."""\n\n'
        f'_WORDS = """\n{words}\n"""\n\nBIDS_KEYS = frozenset(_WORDS.split())\n'
        '"""Keys of sidecars that are no keywords of DICOM."""\n'
    )


def _unit(definition: Any) -> str:
    """Return the unit of a definition, or of the first of its forms that has one."""
    if isinstance(definition, dict):
        if isinstance(definition.get("unit"), str):
            return str(definition["unit"])
        parts = [definition.get("items"), *(definition.get("anyOf") or ())]
        return next((unit for part in parts if (unit := _unit(part))), "")
    return ""


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8")
    print(TABLE)
