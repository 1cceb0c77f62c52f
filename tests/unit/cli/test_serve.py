"""``dicomseries serve``: an address for DICOMweb clients, which Ctrl-C takes back."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
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
    dcs.write(np.zeros((3, 4, 5), "int16"), "ct", kind="CT", spacing=(2.5, 3.5, 4.5), verify=False)
    return "ct"


@not_on_windows("Windows sends Ctrl-C to a whole console")
def test_the_server_prints_its_address_answers_there_and_ends_with_ctrl_c(series):
    process = subprocess.Popen(
        [sys.executable, "-m", "dicomseries", "serve", series, "--json"],
        env=SOURCE_TREE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    try:
        said = json.loads(process.stdout.readline())
        assert (said["series"], said["instances"]) == ("ct", 3)
        url = said["url"] + "studies"
        with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310 - our own
            assert json.load(answer)[0]["00201208"]["Value"] == [3]
    finally:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "", "")


def test_a_port_that_is_taken_is_rejected_with_a_remedy(series, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert run(["serve", series, "--port", str(taken.getsockname()[1])]) == 3
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Leave --port out" in shown.err


@pytest.mark.parametrize("where", ["nothing", "empty", "text"])
def test_what_holds_no_series_is_rejected(series, capsys, where):
    Path("empty").mkdir()
    Path("text").write_text("no DICOM", encoding="utf-8")
    assert run(["serve", where]) == 3
    assert f'"{where}" does not contain a DICOM series' in capsys.readouterr().err


def test_an_archive_is_served_for_as_long_as_the_command_runs(series, monkeypatch, capsys):
    path = shutil.make_archive("scans", "zip", series)
    answers = []

    def answer_once(server, poll_interval):
        url = json.loads(capsys.readouterr().out)["url"] + "studies"
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310 - our own
            answers.append(json.load(answer)[0]["00201208"]["Value"])
        thread.join()

    monkeypatch.setattr("socketserver.BaseServer.serve_forever", answer_once)
    assert run(["serve", path, "--json"]) == 0
    assert answers == [[3]]
