"""Starting is quick: a write imports only what it needs."""

from __future__ import annotations

import json
import subprocess
import sys

SLOW = (
    "PIL",
    "SimpleITK",
    "asyncio",
    "dask",
    "gdcm",
    "highdicom",
    "imagecodecs",
    "multiprocessing",
    "nibabel",
    "pydantic",
    "pydicom",
    "requests",
    "rich",
    "typer",
)
"""Packages that take longer to import than a small write takes."""

PROGRAM = """
import json, sys, tempfile
import numpy as np
import dicomseries as dcs
array = np.arange(60, dtype="int16").reshape(3, 4, 5)
with tempfile.TemporaryDirectory() as folder:
    receipt = dcs.write(array, f"{folder}/out", kind="CT", spacing=(1, 1, 2))
    read = dcs.read(f"{folder}/out")
    dcs.tags(f"{folder}/out")
    dcs.scan(f"{folder}/out")
assert receipt.max_error == 0 and (read.array == array).all()
print(json.dumps(sorted(sys.modules)))
"""


def test_a_write_and_a_read_of_integers_import_no_slow_package() -> None:
    program = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, encoding="utf-8", check=True
    )
    imported = {name.partition(".")[0] for name in json.loads(program.stdout)}
    assert {"numpy", "dicomseries"} <= imported
    assert imported.isdisjoint(SLOW), sorted(imported.intersection(SLOW))
