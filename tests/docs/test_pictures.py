"""Pictures show the result of the code beside them; deriving takes few lines."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

import dicomseries as dcs

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "pictures"
SPEED = "speed.png"
"""By `make bench` and benchmarks/plot.py; of each machine another."""
SHOWN = re.compile(r"!\[([^\]]+)\]\(([^)\s]+\.(?:png|svg))\)")


@pytest.fixture
def tool():
    pytest.importorskip("PIL")
    pytest.importorskip("scipy")
    return runpy.run_path(str(ROOT / "tools" / "make_pictures.py"))


def test_every_picture_is_what_its_tool_makes(tool):
    from PIL import Image

    viewers = runpy.run_path(str(ROOT / "tools" / "take_viewer_screenshots.py"))["NAMES"]
    assert {path.name for path in PICTURES.iterdir()} == {
        *tool["PICTURES_BY_NAME"],
        *tool["DRAWINGS_BY_NAME"],
        *tool["SCREENSHOTS"],
        *viewers,
        SPEED,
    }
    assert all((PICTURES / name).stat().st_size < 150_000 for name in tool["SCREENSHOTS"])
    for name, picture in tool["PICTURES_BY_NAME"].items():
        with Image.open(PICTURES / name) as committed:
            then, now = (
                np.asarray(image.convert("L"), dtype=float) for image in (committed, picture())
            )
        # The last digit of a float depends on the processor, and may shift a grey level by one.
        assert then.shape == now.shape, "run: python tools/make_pictures.py"
        assert np.abs(then - now).mean() < 0.2, "run: python tools/make_pictures.py"


def test_pictures_of_the_example_show_each_of_its_folders(tmp_path):
    pytest.importorskip("PIL")
    pytest.importorskip("SimpleITK")
    viewers = runpy.run_path(str(ROOT / "tools" / "take_viewer_screenshots.py"))
    viewers["examples"](tmp_path / "examples")
    look, names = Mock(), viewers["EXAMPLES"]
    assert list(viewers["shown"](look, tmp_path, names)) == names
    folders = [call.args[0] for call in look.call_args_list]
    assert sorted(folders) == sorted((tmp_path / "examples").iterdir())


def test_pictures_of_results_show_each_over_its_source(tmp_path):
    pytest.importorskip("PIL")
    viewers = runpy.run_path(str(ROOT / "tools" / "take_viewer_screenshots.py"))
    array = np.arange(60, dtype="int16").reshape(3, 4, 5)
    ct = dcs.write(array, tmp_path / "study" / "ct", kind="CT", spacing=(1, 2, 3), sync=False)
    like = {"like": tmp_path / "study" / "ct", "sync": False}
    seg = dcs.write(array > 30, tmp_path / "study" / "seg", kind="Segmentation", **like)
    pmap = dcs.write(
        array.astype("float32"), tmp_path / "study" / "map", kind="ParametricMap", **like
    )
    look = Mock()
    names = list(viewers["LAYERED"])
    assert list(viewers["shown"](look, tmp_path, names)) == names
    assert [call.args[1:] for call in look.show.call_args_list] == [
        (ct.series_uid, seg.series_uid, "mpr"),
        (ct.series_uid, seg.series_uid, ""),
        (ct.series_uid, pmap.series_uid, "mpr"),
    ]


def test_every_drawing_is_what_its_tool_makes(tool):
    assert tool["DRAWINGS_BY_NAME"]
    for name, grid in tool["DRAWINGS_BY_NAME"].items():
        committed = (PICTURES / name).read_text(encoding="utf-8")
        assert committed == tool["drawing"](grid), "run: python tools/make_pictures.py"


def test_every_picture_is_small_and_shown_with_words_for_those_who_cannot_see_it():
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    shown = {
        (path.parent / picture).resolve(): words
        for path in documents
        for words, picture in SHOWN.findall(path.read_text(encoding="utf-8"))
    }
    assert set(PICTURES.iterdir()) == set(shown)
    assert all(len(words.split()) > 5 for words in shown.values())
    assert all(path.stat().st_size < 150_000 for path in PICTURES.iterdir())


def test_from_a_series_to_a_denoised_one_takes_ten_lines():
    text = (ROOT / "docs" / "how-to" / "derive.md").read_text(encoding="utf-8")
    _, _, section = text.partition("## In ten lines\n")
    code = section.partition("```python\n")[2].partition("```")[0]
    assert "gaussian_filter(" in code
    assert ".write(" in code
    assert 5 < len([line for line in code.splitlines() if line.strip()]) <= 10
