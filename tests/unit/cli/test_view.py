"""``dicomseries view``: a page, a picture, or a server that Ctrl-C ends."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.cli.app import run
from systems import not_on_windows

SOURCE_TREE = {**os.environ, "PYTHONPATH": str(Path(dcs.__file__).parents[1])}


@pytest.fixture
def series(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    array = np.arange(60, dtype="int16").reshape(3, 4, 5)
    metadata = {"PatientName": "Doe^Jane", "PatientID": "42"}
    dcs.write(array, "ct", kind="CT", spacing=(2.5, 3.5, 4.5), metadata=metadata, verify=False)
    return "ct"


def test_page_and_picture_are_written_and_named(series, capsys):
    pytest.importorskip("PIL")
    from PIL import Image

    assert run(["view", series, "--html", "a.html", "--png", "a.png", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"series": "ct", "html": "a.html", "png": "a.png"}
    page = Path("a.html").read_text(encoding="utf-8")
    assert "Doe^Jane" in page
    assert "http" not in page.replace("Content-Security-Policy", "").replace("http-equiv", "")
    with Image.open("a.png") as picture:
        pixels = np.asarray(picture)
    assert pixels.shape[1] > 3 * 360
    assert pixels.std() > 10
    assert sorted(path.name for path in Path().iterdir()) == ["a.html", "a.png", "ct"]


def test_a_picture_shows_the_overlay_in_its_colours_where_it_lies(series, capsys):
    pytest.importorskip("PIL")
    from PIL import Image

    labels = np.zeros((3, 4, 5), "uint8")
    labels[2, 1, 1:3], labels[2, 3, 4] = 1, 2
    segments = {1: {"label": "Left part"}, 2: {"label": "Rest"}}
    dcs.write(labels, "seg", kind="Segmentation", like="ct", segments=segments, verify=False)
    dcs.write(labels * 100, "map", kind="CT", like="ct", values="exact", verify=False)
    colours = {}
    for name, overlay in {"alone": [], "seg": ["seg"], "map": ["map"]}.items():
        words = [word for path in overlay for word in ("--overlay", path)]
        assert run(["view", series, *words, "--png", f"{name}.png"]) == 0
        with Image.open(f"{name}.png") as picture:
            pixels = np.asarray(picture)[28:408, 8:368].astype(int)  # the axial plane
        colours[name] = pixels[np.ptp(pixels, axis=2) > 90]
    # With labels the plane is the last slice, where they lie; orange is (230, 159, 0).
    assert len(colours["alone"]) < 200 < len(colours["seg"])
    assert (np.abs(np.diff(colours["seg"][:, :2].mean(axis=0))) < 90).all()
    assert len(colours["map"]) > 200


def test_a_file_that_is_there_is_kept_unless_it_may_be_replaced(series, capsys):
    Path("a.html").write_text("mine", encoding="utf-8")
    assert run(["view", series, "--html", "a.html"]) == 3
    assert "--overwrite" in capsys.readouterr().err
    assert Path("a.html").read_text(encoding="utf-8") == "mine"
    assert run(["view", series, "--html", "a.html", "--overwrite"]) == 0
    assert Path("a.html").read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize(
    "words", [["nothing"], ["."], ["ct", "--series", "1.2.3"], ["ct", "--overlay", "empty"]]
)
def test_what_is_no_series_is_rejected_before_a_file_exists(series, capsys, words):
    Path("empty").mkdir()
    where = ["empty"] if words == ["."] else words
    assert run(["view", *where, "--html", "a.html"]) == 3
    assert "dicomseries" not in capsys.readouterr().out
    assert not Path("a.html").exists()


@not_on_windows("Windows sends Ctrl-C to a whole console")
def test_the_server_prints_its_address_answers_it_and_ends_with_ctrl_c(series):
    process = subprocess.Popen(
        [sys.executable, "-m", "dicomseries", "view", series, "--no-open", "--json"],
        env=SOURCE_TREE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    try:
        address = json.loads(process.stdout.readline())["url"]
        with urllib.request.urlopen(address, timeout=60) as answer:  # noqa: S310 - our own
            assert answer.read().startswith(b"<!doctype html>")
    finally:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "", "")


@pytest.mark.parametrize(
    ("words", "code", "way_out"),
    [
        (["--viewer", "paint"], 3, "niivue (planes and 3D of one volume)"),
        (["--viewer", "ohif"], 3, "npm pack @ohif/app@3.13.2"),
        (["--ohif-dist", "ct"], 3, "npm pack @ohif/app@3.13.2"),
        (["--viewer", "niivue", "--html", "a.html"], 2, "Leave out --html"),
        (["--viewer", "niivue", "--overlay", "ct", "--png", "a.png"], 2, "--overlay and --png"),
        (["--viewer", "niivue", "--series", "1.2.3"], 3, "Choose one"),
    ],
)
def test_another_viewer_is_rejected_with_a_remedy(series, capsys, words, code, way_out):
    assert run(["view", series, *words]) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert way_out in shown.err
    assert not Path("a.html").exists()


def test_a_viewer_that_is_not_installed_is_named_with_the_pip_line(series, capsys, monkeypatch):
    monkeypatch.setattr("importlib.metadata.files", lambda _: None)
    assert run(["view", series, "--viewer", "dcmview"]) == 3
    assert 'pip install "dicomseries[dcmview]"' in capsys.readouterr().err
    assert run(["view", series, "--viewer", "niivue", "--json"]) == 3
    error = json.loads(capsys.readouterr().err)["error"]
    assert (error["code"], error["expected"]) == (
        "package-missing",
        "jupyterlab-niivue",
    )


@not_on_windows("Windows sends Ctrl-C to a whole console")
def test_another_viewer_ends_with_ctrl_c_too(series):
    Path("ohif").mkdir()
    for name in ("index.html", "app-config.js"):
        Path("ohif", name).write_text("", encoding="utf-8")
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "dicomseries",
            "view",
            series,
            "--ohif-dist",
            "ohif",
            "--no-open",
            "--json",
        ],
        env=SOURCE_TREE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    try:
        assert "/viewer?StudyInstanceUIDs=" in json.loads(process.stdout.readline())["url"]
    finally:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "", "")


def test_series_and_overlay_may_be_archives(series, capsys):
    path = shutil.make_archive("scans", "zip", series)
    assert run(["view", path, "--overlay", path, "--html", "a.html", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["series"] == path
    assert "Doe^Jane" in Path("a.html").read_text(encoding="utf-8")
