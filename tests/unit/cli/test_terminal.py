"""Terminals get fitted tables and a plane in half blocks; pipes get plain forms."""

from __future__ import annotations

import re
import sys

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.cli import main
from dicomseries.cli.terminal import half_blocks
from dicomseries.drawing import PreviewPlane

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def terminal(capsys, monkeypatch):
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _: True)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("COLUMNS", "70")


@pytest.fixture
def series(tmp_path):
    array = np.arange(3 * 8 * 6, dtype="int16").reshape(3, 8, 6)
    dcs.write(
        array,
        tmp_path / "series",
        kind="CT",
        spacing=(1, 1, 3),
        metadata={"SeriesDescription": "[red]Denoised"},
    )
    np.save(tmp_path / "array.npy", array)
    return tmp_path / "series"


def said(capsys, *words):
    code = main([*map(str, words)])
    return code, capsys.readouterr().out


def test_a_table_on_a_terminal_fits_it_and_loses_nothing(terminal, capsys, series):
    code, out = said(capsys, "list", series)
    text = ESCAPE.sub("", out)
    assert code == 0
    assert "\x1b[" in out
    assert max(map(len, text.splitlines())) <= 70
    uid = dcs.scan(series).series[0].series_uid
    folded = [line.split()[0] for line in text.splitlines() if re.match(r"[\d.]+(\s|$)", line)]
    assert "".join(folded) == uid
    assert "[red]" in text  # text of a series is no markup


def test_in_a_pipe_tables_are_plain_and_previews_are_left_out(capsys, series):
    _, plain = said(capsys, "list", series)
    _, previewed = said(capsys, "list", series, "--preview")
    assert plain == previewed
    assert "\x1b" not in plain


def test_json_has_neither_table_nor_picture(terminal, capsys, series, tmp_path):
    command = [
        "write",
        tmp_path / "array.npy",
        tmp_path / "out",
        "--kind",
        "ct",
        "--spacing",
        "1",
        "1",
        "3",
    ]
    code, out = said(capsys, *command, "--preview", "--json")
    assert code == 0
    assert "\x1b" not in out
    assert out.startswith("{")


def test_a_receipt_on_a_terminal_is_a_table_with_a_picture(terminal, capsys, series, tmp_path):
    command = [
        "write",
        tmp_path / "array.npy",
        tmp_path / "out",
        "--kind",
        "ct",
        "--spacing",
        "1",
        "1",
        "3",
    ]
    code, out = said(capsys, *command, "--preview")
    assert code == 0
    assert "series UID" in out
    assert "▀" in out


@pytest.mark.parametrize("command", ["list", "read"])
def test_a_preview_is_shown(terminal, capsys, series, tmp_path, command):
    more = [tmp_path / "back.npy"] if command == "read" else []
    assert "▀" in said(capsys, command, series, *more, "--preview")[1]


def test_a_terminal_without_colour_gets_no_picture(terminal, capsys, series, monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.delenv("COLORTERM")
    code, out = said(capsys, "list", series, "--preview")
    assert code == 0
    assert "▀" not in out


def test_findings_are_a_table_on_a_terminal(terminal, capsys, series):
    path = sorted(series.iterdir())[1]
    path.unlink()
    code, out = said(capsys, "check", series, "--no-validators")
    assert code in {0, 1}
    assert "how to fix it" in ESCAPE.sub("", out)


def test_half_blocks_show_every_pixel_in_mm_aspect(terminal):
    pixels = np.array([[0, 255], [255, 0]], np.uint8)
    text = half_blocks(PreviewPlane(name="slice 0", pixels=pixels, size_mm=(2, 2)))
    lines = ESCAPE.sub("", text).splitlines()
    assert lines == ["▀" * 48] * 24 + ["slice 0"]
    wide = half_blocks(PreviewPlane(name="slice 0", pixels=pixels, size_mm=(4, 1)))
    assert ESCAPE.sub("", wide).splitlines() == ["▀" * 48] * 6 + ["slice 0"]
