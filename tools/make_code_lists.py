"""Make the list of codes from pydicom's.

Run it as ``python tools/make_code_lists.py``. A second run changes nothing.
"""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from pydicom.sr.codedict import codes
from table_files import write_table

FILE = (
    Path(__file__).parents[1] / "src" / "dicomseries" / "derivation" / "data" / "derivations.json"
)


def main() -> None:
    """Write CID 7203 "Image Derivation": CodeValue → CodeMeaning."""
    group = codes.cid7203
    concepts = [getattr(group, name) for name in group.dir()]
    meanings = {concept.value: concept.meaning for concept in concepts}
    table = {
        "source": f"pydicom {version('pydicom')}",
        "made by": "tools/make_code_lists.py",
        "derivations": dict(sorted(meanings.items())),
    }
    write_table(FILE, table)


if __name__ == "__main__":
    main()
