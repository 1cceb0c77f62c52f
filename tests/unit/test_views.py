"""`view()` of a read volume: beside a running program, in notebooks, ended by `close`."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
import webbrowser
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.api.view import opened_in
from dicomseries.errors import MissingPackageError, OptionError, ReadError
from dicomseries.viewing.viewers import assets


@pytest.fixture
def volume(tmp_path):
    dcs.write(
        np.zeros((3, 4, 5), "int16"),
        tmp_path / 'a "b" & <c>',
        kind="CT",
        spacing=(1, 2, 3),
        verify=False,
    )
    return dcs.read(tmp_path / 'a "b" & <c>')


@pytest.fixture
def visited(monkeypatch):
    addresses = []
    monkeypatch.setattr(webbrowser, "open", addresses.append)
    return addresses


def got(address):
    with urllib.request.urlopen(address, timeout=60) as answer:  # noqa: S310 - our own
        return answer.read()


def test_the_call_returns_while_the_page_is_served_and_close_ends_it(volume, visited):
    view = volume.view()
    assert visited == [view.address]
    assert got(view.address).startswith(b"<!doctype html>")
    view.close()
    view.close()
    with pytest.raises(OSError, match="refused"):
        got(view.address)


def test_a_notebook_gets_a_frame_and_no_window(volume, visited, monkeypatch):
    shell = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=True))
    monkeypatch.setitem(sys.modules, "IPython", shell)
    with volume.view(height=300) as view:
        frame = view._repr_html_()
    assert visited == []
    assert f'src="{view.address}"' in frame
    assert 'height="300"' in frame
    assert "&quot;b&quot; &amp; &lt;c&gt;" in frame
    with volume.view(open_browser=True) as view:
        assert visited == [view.address]


def test_a_program_that_ends_ends_the_view(volume):
    script = f"import dicomseries as dcs; print(dcs.read({volume.path!r}).view(open_browser=False))"
    source_tree = {**os.environ, "PYTHONPATH": str(Path(dcs.__file__).parents[1])}
    process = subprocess.run(
        [sys.executable, "-c", script],
        env=source_tree,
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=60,
    )
    assert process.stdout.startswith("View('http://127.0.0.1:")
    assert process.stderr == ""


def test_what_cannot_be_shown_is_rejected_with_a_remedy(volume, monkeypatch, tmp_path):
    with pytest.raises(OptionError, match=r"niivue .*; dcmview .*; ohif "):
        volume.view("x")
    with pytest.raises(OptionError, match=r"npm pack @ohif/app@3\.13\.2"):
        volume.view("ohif", ohif_dist=str(tmp_path))
    monkeypatch.setattr(assets.metadata, "files", lambda _: None)
    for viewer, line in (("niivue", "dicomseries[view]"), ("dcmview", "dicomseries[dcmview]")):
        with pytest.raises(MissingPackageError, match="pip install") as caught:
            volume.view(viewer)
        assert line in caught.value.remedy


def test_ohif_opens_a_study_of_several_series_and_asks_which_of_several_studies(tmp_path):
    program = tmp_path / "ohif"
    program.mkdir()
    for name in ("index.html", "app-config.js"):
        (program / name).touch()
    array = np.zeros((3, 4, 5), "int16")
    study = tmp_path / "study"
    dcs.write(array, study / "ct", kind="CT", spacing=(1, 1, 2), metadata={"RescaleType": "HU"})
    receipt = dcs.write(array + 1, study / "other", like=study / "ct")
    with opened_in("ohif", str(study), program=str(program)) as viewer:
        assert f"StudyInstanceUIDs={receipt.study_uid}#" in viewer.address
    with pytest.raises(ReadError, match="given 2 series"):
        opened_in("niivue", str(study))
    dcs.write(array, study / "next", kind="CT", spacing=(1, 1, 2), metadata={"RescaleType": "HU"})
    with pytest.raises(ReadError, match="given 3 series"):
        opened_in("ohif", str(study), program=str(program))
