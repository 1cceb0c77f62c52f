"""`write --report`: one page of its own that tells what was written, safely, from a few slices."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.api.report import report_page
from dicomseries.cli import main


@pytest.fixture
def written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    array = np.random.default_rng(0).normal(0, 50, (4, 7, 5))
    np.save("array.npy", array)
    return array


COMMAND = [
    "write",
    "array.npy",
    "out",
    "--kind",
    "ct",
    "--spacing",
    "1",
    "2",
    "3",
    "--report",
    "page.html",
]


class Page(HTMLParser):
    """Collects what a browser would fetch or run, and the text."""

    def __init__(self, text):
        super().__init__()
        self.tags: list[str] = []
        self.fetched: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.fetched += [
            value
            for name, value in attrs
            if name in {"src", "href"} and not value.startswith("data:")
        ]

    def handle_data(self, data):
        self.text += data


def test_the_page_tells_all_of_a_write_and_fetches_nothing(written, tmp_path):
    assert main([*COMMAND, "--set", "SeriesDescription=<script>x</script> it's"]) == 0
    page = Page((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert page.fetched == []
    assert "script" not in page.tags
    for title in (
        "What was written",
        "What it shows",
        "Where it is",
        "Values",
        "Findings",
        "The same again",
    ):
        assert title in page.text
    assert page.tags.count("img") == 3
    assert page.tags.count("svg") == 3
    assert dcs.scan("out").series[0].series_uid in page.text
    assert "dicomseries write array.npy out --kind ct" in page.text
    assert "'SeriesDescription=<script>x</script> it'" in page.text


def test_the_errors_of_the_page_are_those_of_the_files(written, tmp_path):
    assert main(COMMAND) == 0
    errors = dcs.read("out").array - written
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert f"from {errors.min():.6g} to {errors.max():.6g}" in html


def test_a_page_never_replaces_a_file_and_is_rejected_before_writing(written, tmp_path):
    (tmp_path / "page.html").write_text("mine", encoding="utf-8")
    assert main(COMMAND) == 3
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / "out").exists()


def test_a_derived_series_has_a_page_too(written, tmp_path):
    assert main(COMMAND) == 0
    derive = [
        "derive",
        "out",
        "array.npy",
        "new",
        "--derivation",
        "smoothing",
        "--report",
        "new.html",
    ]
    assert main(derive) == 0
    assert "Error, in the slices shown" in (tmp_path / "new.html").read_text(encoding="utf-8")


def test_clipped_and_replaced_voxels_are_no_errors(written):
    written[1, 2, 3] = np.nan
    receipt = dcs.write(written, "out", kind="CT", spacing=(1, 2, 3), nan=0, clip=(-20, 20))
    source = dcs.open_volume(written, spacing=(1, 2, 3))
    html = report_page(receipt, source, command="", clip=(-20, 20))
    low, high = map(float, re.findall(r"from (\S+) to ([^\"]+)", html)[-1])
    assert -receipt.max_error <= low <= high <= receipt.max_error
    assert "The same again" not in html


@pytest.mark.slow
def test_few_slices_of_a_large_source_are_read(written, monkeypatch):
    array = np.zeros((120, 4, 5), "int16")
    receipt = dcs.write(array, "out", kind="CT", spacing=(1, 2, 3))
    asked = []

    class Watched:
        shape, dtype, depth = array.shape, array.dtype, 1

        def read(self, start, stop):
            asked.append((start, stop))
            return array[start:stop]

    report_page(receipt, dcs.Volume(slabs=Watched(), grid=receipt.grid), command="")
    assert 0 < len(asked) < 50
    assert all(stop - start == 1 for start, stop in asked)
