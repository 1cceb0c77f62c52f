"""Promises about packages, modules and names: what `ls` shows is the architecture."""

from __future__ import annotations

import collections
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "dicomseries"
RECORD = ROOT / "docs" / "decisions" / "0015-packages-and-floors.md"
FORMATS = {"hdf5", "metaimage", "nifti", "npy", "nrrd", "tiff", "zarr_store"}
"""Modules with a reader and a writer of one file format, which mirror each other's name."""


def test_a_module_name_is_used_once_but_for_file_formats():
    stems = [path.stem for path in SOURCE.rglob("*.py") if not path.stem.startswith("__")]
    repeated = {name for name, count in collections.Counter(stems).items() if count > 1}
    assert repeated - FORMATS == set()


def test_the_record_of_floors_is_what_the_import_contract_says():
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = pyproject["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    contract = [set(re.findall(r"\w+", layer)) - {"__main__"} for layer in layers]
    rows = re.findall(r"^\| (\d+) \| ([^|]+) \|", RECORD.read_text(encoding="utf-8"), re.MULTILINE)
    record = [set(re.findall(r"`(\w+)/?`", packages)) for _, packages in rows]
    assert record == [packages for packages in contract if packages]
    assert [int(floor) for floor, _ in rows] == list(range(len(rows), 0, -1))
