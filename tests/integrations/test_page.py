"""The page about networks runs with MONAI and TorchIO: `make integrations` installs them."""

from __future__ import annotations

import re
import warnings

import pytest

from docs.test_code_blocks import ROOT, execute

PAGE = ROOT / "docs" / "how-to" / "from-a-network.md"
LEFT_OUT = re.compile(r"<!-- not run: tests/integrations/test_page\.py [^>]*-->\n")

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    for package in ("torch", "monai", "torchio"):
        pytest.importorskip(package)


@pytest.mark.filterwarnings("ignore")
def test_the_blocks_with_monai_and_torchio_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text, count = LEFT_OUT.subn("", PAGE.read_text(encoding="utf-8"))
    assert count == 2
    (tmp_path / "page.md").write_text(text, encoding="utf-8")
    execute(tmp_path / "page.md")
