"""The page about the way from a CT to OHIF runs with an Orthanc on loopback."""

from __future__ import annotations

import json
import re
import urllib.request
from pathlib import Path

import numpy as np

import dicomseries as dcs
from docs.test_code_blocks import ROOT, execute
from judges.orthanc import orthanc_server

PAGE = ROOT / "docs" / "how-to" / "from-ct-to-ohif.md"
ADDRESS = "http://orthanc.example:8042"
SERVED = re.compile(r"<!-- not run: tests/docs/test_ct_to_ohif\.py [^>]*-->\n")


def test_the_study_of_the_page_is_in_orthanc_as_it_was_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with orthanc_server() as address:
        text = SERVED.sub("", PAGE.read_text(encoding="utf-8")).replace(ADDRESS, address)
        (tmp_path / "page.md").write_text(text, encoding="utf-8")
        execute(tmp_path / "page.md")
        fetch(address, tmp_path / "fetched")
    for name in ("ct", "seg"):
        sent = dcs.read(tmp_path / "study" / name)
        series = sent.tags["SeriesInstanceUID"]
        stored = dcs.read(tmp_path / "fetched", series=series)
        assert np.array_equal(stored.array, sent.array)
        assert stored.grid == sent.grid


def fetch(address: str, folder: Path) -> None:
    folder.mkdir()
    with urllib.request.urlopen(f"{address}/instances") as answer:  # noqa: S310
        for number, instance in enumerate(json.load(answer)):
            with urllib.request.urlopen(f"{address}/instances/{instance}/file") as file:  # noqa: S310
                (folder / f"{number}.dcm").write_bytes(file.read())
