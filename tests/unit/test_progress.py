"""`progress=` of write and plan, and the bar of True."""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.errors import OptionError

ARRAY = np.arange(60, dtype="int16").reshape(3, 4, 5)
OPTIONS = {"kind": "CT", "spacing": (1, 1, 1)}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_true_shows_the_bar_on_a_terminal(monkeypatch, tmp_path):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    dcs.write(ARRAY, tmp_path / "out", progress=True, **OPTIONS)
    assert "writing" in terminal.getvalue()
    assert "3/3" in terminal.getvalue()
    assert sys.stderr is terminal


def test_true_shows_nothing_in_a_pipe(capsys, tmp_path):
    dcs.write(ARRAY, tmp_path / "out", progress=True, **OPTIONS)
    assert capsys.readouterr() == ("", "")


def test_a_notebook_shows_the_bar_without_a_package_for_widgets(monkeypatch):
    from rich.console import Console

    output = io.StringIO()
    monkeypatch.setattr(sys, "stderr", output)
    monkeypatch.setitem(sys.modules, "IPython", sys)
    monkeypatch.setattr(Console, "is_jupyter", True, raising=False)
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    dcs.plan(ARRAY.astype(float), progress=True, **OPTIONS)
    assert "reading" in output.getvalue()


@pytest.mark.parametrize("progress", [None, False])
def test_nothing_is_shown_without_progress(monkeypatch, progress):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    dcs.plan(ARRAY, progress=progress, **OPTIONS)
    assert terminal.getvalue() == ""


def test_a_callable_is_called_with_slices_and_stage(tmp_path):
    reports = []
    dcs.write(ARRAY, tmp_path / "out", progress=lambda *report: reports.append(report), **OPTIONS)
    assert reports[-1] == (3, 3, "writing")


def test_another_value_is_rejected_before_anything_is_read():
    with pytest.raises(OptionError) as caught:
        dcs.plan(ARRAY, progress="yes", **OPTIONS)
    assert caught.value.code == "progress-not-callable"


def test_the_version_is_that_of_the_installed_package():
    from importlib import metadata

    assert dcs.__version__ == metadata.version("dicomseries")
    assert "__version__" in dir(dcs)
