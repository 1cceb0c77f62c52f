"""Every verb in one process of Python's development mode, with each warning an error."""

from __future__ import annotations

import subprocess
import sys

import pytest

VERBS = """
import sys
from pathlib import Path

import numpy as np

import dicomseries as dcs
from dicomseries.cli import main

out = Path(sys.argv[1])
array = np.arange(60, dtype="int16").reshape(3, 4, 5)
common = {"spacing": (2.5, 3.5, 4.5)}
common["metadata"] = {"PatientID": "42", "BodyPartExamined": "CHEST"}
dcs.write(array, out / "int16", kind="CT", **common)
dcs.write(array / 7, out / "float64", kind="MR", **common)
dcs.write(array / 7, out / "map", kind="ParametricMap", **common)
dcs.write(array, out / "jpegls", kind="CT", compression="jpegls", **common)
dcs.write(array > 9, out / "seg", kind="Segmentation", like=out / "int16", segments={1: "Liver"})
for name in ("int16", "jpegls"):
    volume = dcs.read(out / name)
    assert np.array_equal(volume.array, array)
volume.derive(array + 1, description="One more").write(out / "derived")
names = [folder.name for folder in out.iterdir()]
assert len(names) == len(dcs.scan(out).series) == 6
assert dcs.tags(out / "int16").shared["PatientID"] == "42"
for name in names:
    findings = dcs.check(out / name, validators=False)
    assert [finding for finding in findings if finding.level == "error"] == []
sys.exit(main(["view", str(out / "int16"), "--html", str(out / "page.html")]))
"""


def test_every_verb_is_silent_in_development_mode(tmp_path):
    for package in ("highdicom", "imagecodecs"):
        pytest.importorskip(package)
    result = subprocess.run(
        [sys.executable, "-W", "error", "-X", "dev", "-c", VERBS, tmp_path],
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    # Other packages may complain when the interpreter ends: only ours is counted.
    assert "dicomseries" not in result.stderr
    assert (tmp_path / "page.html").stat().st_size > 10_000
