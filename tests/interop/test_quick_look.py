"""The page of `view` shows the content of the series, by every way of navigation."""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.api import view
from dicomseries.api.view import look
from judges.browser import BUILT
from judges.presence import absent
from judges.quick_look import user

OBLIQUE = (0.8, 0.36, -0.48, 0.0, 0.8, 0.6)
SHAPE = (7, 9, 11)
PATIENT = {"PatientName": "Doe^Jane", "PatientID": "42", "SeriesDescription": "Letters"}


@pytest.fixture(scope="module")
def someone():
    with user() as found:
        yield found


@pytest.fixture(scope="module")
def array():
    return np.random.default_rng(5).permutation(7 * 9 * 11).reshape(SHAPE).astype("int16") - 300


@pytest.fixture(scope="module")
def oblique(array, tmp_path_factory):
    out = tmp_path_factory.mktemp("series") / "mr"
    dcs.write(
        array,
        out,
        kind="MR",
        spacing=(1.5, 2.5, 4),
        origin=(-3, 7, 11),
        direction=OBLIQUE,
        metadata=PATIENT,
    )
    return out


@pytest.fixture(params=["in the page", "from the server"])
def site(request, oblique, monkeypatch):
    if request.param == "from the server":
        monkeypatch.setattr(view, "EMBEDDED_BYTES", 0)
    with closing(look(oblique).site()) as found:
        yield found


def test_the_value_and_the_place_under_the_cross_are_those_of_the_array(
    someone, site, array, oblique
):
    moves = [
        ("read",),
        ("focus", "Axial"),
        ("key", "ArrowDown"),
        ("read",),
        ("key", "ArrowRight", {"shiftKey": True}),
        ("key", "ArrowUp", {"shiftKey": True}),
        ("read",),
        ("focus", "Coronal"),
        ("key", "End"),
        ("read",),
        ("drag", "Sagittal", (0.5, 0.5), (0.31, 0.77)),
        ("read",),
        ("drag", "Axial", (0.5, 0.5), (0.9, 0.6), {"pointerType": "touch"}),
        ("read",),
        ("wheel", "Coronal", -100),
        ("read",),
        ("pinch", "Sagittal", 12),
        ("read",),
        ("type", '.pane[data-plane="Axial"] .slice', "0"),
        ("read",),
    ]
    found = [result for result in someone.does(site, *moves) if result]
    grid = dcs.read(oblique).grid
    for shown in found:
        slices, row, column = shown["index"]
        assert shown["values"] == [str(array[slices, row, column])]
        np.testing.assert_allclose(shown["lps"], grid.point(column, row, slices), atol=0.051)
    indices = [tuple(shown["index"]) for shown in found]
    assert indices[0] == (3, 4, 5)
    assert len(set(indices)) == len(indices), "each step moves the cross"


def test_the_pixels_are_the_voxels_through_the_window(someone, site, array):
    steps = [
        ("click", ".display .buttons button:nth-child(2)"),  # the cross away
        ("click", ".display .buttons button:nth-child(3)"),  # single voxels
        ("type", '[aria-label="Window centre"]', "0"),
        ("type", '[aria-label="Window width"]', "600"),
        ("pixels", "Axial", [[0.5, 0.5]]),
        ("read",),
        ("key", "i"),
        ("pixels", "Axial", [[0.5, 0.5]]),
    ]
    *_, [pixel], shown, _, [inverted] = someone.does(site, *steps)
    level = np.clip((array[3, 4, 5] - (-0.5 - 299.5)) / 599 * 255, 0, 255)
    assert shown["window"] == [0, 600]
    assert pixel == pytest.approx([level, level, level, 255], abs=1)
    assert inverted == pytest.approx([255 - level] * 3 + [255], abs=1)


def test_labels_show_the_sides_of_the_patient_and_titles_the_obliqueness(someone, site):
    steps = [("texts", f".pane .letter.{side}") for side in ("left", "right", "top", "bottom")]
    left, right, top, bottom = someone.does(site, *steps)
    assert [len(letters) for letters in (left, right, top, bottom)] == [3, 3, 3, 3]
    assert all("R" in letters for letters in left[:2])
    assert all("L" in letters for letters in right[:2])
    (titles,) = someone.does(site, ("texts", ".pane h2"))
    assert [re.sub(r"\d+", "N", title) for title in titles] == [
        f"{name}, oblique N°" for name in PLANES
    ]


PLANES = ("Axial", "Coronal", "Sagittal")


def test_window_colours_and_planes_are_chosen_by_key_and_drag(someone, site):
    steps = [
        ("read",),
        ("drag", "Axial", (0.5, 0.5), (0.7, 0.4), {"button": 2}),
        ("read",),
        ("key", "r"),
        ("read",),
        ("key", "m"),
        ("key", "c"),
        ("texts", ".pane h2"),
        ("key", "c"),
        ("texts", ".pane h2"),
        ("key", "d"),
        ("theme",),
        ("key", "d"),
        ("theme",),
    ]
    answers = [answer for answer in someone.does(site, *steps) if answer is not None]
    before, dragged, again, coronal, every, light, dark = answers
    assert dragged["window"][1] > before["window"][1]
    assert dragged["window"][0] > before["window"][0]
    assert dragged["index"] == before["index"], "the right button leaves the cross where it is"
    assert again == before
    assert len(coronal) == 1
    assert coronal[0].startswith("Coronal")
    assert len(every) == 3
    assert (light, dark) == ("light", "dark")


def test_attributes_are_searched_and_follow_the_slice_and_findings_are_listed(someone, site):
    steps = [
        ("until", ".attributes", "PatientName"),
        ("type", "[type=search]", "patient name"),
        ("texts", ".attributes div"),
        ("type", "[type=search]", "instancenumber"),
        ("texts", ".attributes dd"),
        ("focus", "Axial"),
        ("key", "ArrowDown"),
        ("until", ".attributes dd", "5"),
        ("texts", ".attributes dd"),
        ("click", "#tab-Findings"),
        ("until", ".findings", "nothing wrong"),
        ("texts", "[role=tabpanel]"),
    ]
    answers = [answer for answer in someone.does(site, *steps) if answer is not None]
    assert answers == [["PatientNameDoe^Jane"], ["4"], ["5"], ["check found nothing wrong."]]


def test_a_picture_has_true_proportions(someone, site):
    (pane,) = someone.does(site, ("box", '.pane[data-plane="Axial"] canvas'))
    inside = [0.01 * at for at in range(101)]
    (across, down) = someone.does(
        site,
        ("pixels", "Coronal", [[x, 0.5] for x in inside]),
        ("pixels", "Coronal", [[0.5, y] for y in inside]),
    )
    (coronal,) = someone.does(site, ("box", '.pane[data-plane="Coronal"] canvas'))
    width, height = (sum(pixel[3] > 0 for pixel in line) / 101 for line in (across, down))
    assert pane["height"] > pane["width"] > 400
    assert width * coronal["width"] / (height * coronal["height"]) == pytest.approx(
        11 * 1.5 / (7 * 4), rel=0.06
    )


def test_time_points_go_by_key_and_slider(someone, tmp_path):
    array = np.arange(4 * 2 * 3 * 5, dtype="int16").reshape(4, 2, 3, 5)
    times = {"axes": "tzyx", "times": [0, 2.5, 5, 7.5]}
    dcs.write(array, tmp_path / "t", kind="MR", spacing=(1, 2, 3), metadata=PATIENT, **times)
    steps = [
        ("read",),
        ("key", "ArrowRight"),
        ("read",),
        ("type", ".volumes input", "3"),
        ("read",),
        ("texts", ".volumes p"),
    ]
    first, second, last, [text] = [
        one for one in someone.does(look(tmp_path / "t").site(), *steps) if one is not None
    ]
    at = tuple(first["index"])
    assert [shown["values"] for shown in (first, second, last)] == [
        [str(array[t][at])] for t in (0, 1, 3)
    ]
    assert text == "Time7.5 s  (4 / 4)"


def test_a_segmentation_lies_over_its_series_with_its_names(someone, oblique, tmp_path):
    pytest.importorskip("highdicom")
    labels = np.zeros(SHAPE, "uint8")
    labels[2:5, 3:6, 4:7] = 1
    labels[3, 4, 5] = 2
    dcs.write(
        labels,
        tmp_path / "seg",
        kind="Segmentation",
        like=oblique,
        segments={1: "Liver", 2: "Lesion"},
    )
    steps = [
        ("read",),
        ("focus", "Axial"),
        ("key", "ArrowDown"),
        ("read",),
        ("key", "Home"),
        ("read",),
        ("texts", ".label"),
        ("type", '[aria-label="Opacity of the overlay"]', "1"),
        ("key", "x"),
        ("key", "p"),
        ("key", "r"),
    ]
    answers = [
        one
        for one in someone.does(look(oblique, overlay=tmp_path / "seg").site(), *steps)
        if one is not None
    ]
    lesion, liver, outside, names = answers
    assert [one["texts"][1] for one in (lesion, liver, outside)] == ["2 Lesion", "1 Liver", "0"]
    assert names == ["1  Liver", "2  Lesion"]


@pytest.mark.parametrize(
    ("array", "options", "value"),
    [
        (np.full((1, 1, 1), 7, "int16"), {"kind": "SC"}, "7"),
        (np.full((2, 3, 4), 2.5), {"kind": "CT", "metadata": PATIENT}, None),
        (
            np.random.default_rng(1).uniform(-1, 1, (2, 3, 4)).astype("float32"),
            {"kind": "ParametricMap"},
            None,
        ),
        (
            np.arange(72, dtype="uint8").reshape(2, 3, 4, 3),
            {"kind": "SC", "axes": "zyxc"},
            ["66", "67", "68"],
        ),
    ],
    ids=["one voxel", "constant", "floats", "colour"],
)
def test_every_form_of_array_is_shown(someone, tmp_path, array, options, value):
    dcs.write(array, tmp_path / "s", spacing=(1, 2, 3), **{"metadata": PATIENT, **options})
    (shown,) = someone.does(look(tmp_path / "s").site(), ("read",))
    back = dcs.read(tmp_path / "s").array
    expected = back[tuple(shown["index"])]
    given = shown["values"][0]
    assert (list(map(float, given)) if isinstance(given, list) else float(given)) == pytest.approx(
        expected, rel=1e-15
    )


@pytest.mark.parametrize("size", [(1280, 800), (390, 844), (320, 640), (900, 700)], ids=str)
def test_nothing_runs_over_the_side(someone, site, size):
    overflow, boxes = someone.does(site, ("overflow",), ("texts", ".pane h2"), size=size)
    assert overflow <= 0
    assert len(boxes) == (3 if size[0] > 760 else 1)


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", [(1280, 800), (390, 844)], ids=str)
def test_axe_finds_no_barrier(someone, oblique, monkeypatch, theme, size):
    if not (BUILT / "dist" / "axe.min.js").is_file():
        absent("axe-core", "run `make viewers`")
    site = look(oblique).site()
    # The page's policy allows no other script; the test needs one.
    monkeypatch.setattr(
        "dicomseries.viewing.server.served_policy",
        lambda: "default-src * 'unsafe-inline' data: blob:",
    )
    open_page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", site.page)
    judged = replace(
        site, page=open_page.replace("</body>", '<script src="/test/axe.js"></script></body>')
    )
    turns = [("key", "d")] if theme == "light" else []
    sheets = [
        step
        for name in ("Findings", "Keys", "Attributes")
        for step in (("click", f"#tab-{name}"), ("axe",))
    ]
    answers = someone.does(judged, *turns, *sheets, size=size)
    assert [answer for answer in answers if answer] == []


def test_the_page_asks_for_nothing_but_its_planes_and_records(someone, oblique, monkeypatch):
    monkeypatch.setattr(view, "EMBEDDED_BYTES", 0)
    someone.asked.clear()
    with closing(look(oblique).site()) as site:
        someone.does(
            site, ("focus", "Axial"), ("key", "ArrowDown"), ("until", ".findings", "nothing")
        )
    assert all(
        re.fullmatch(r"|attributes|findings|voxels/0/[012]/\d+/0", path) for path in someone.asked
    )
    someone.asked.clear()
    monkeypatch.undo()
    someone.does(look(oblique).site(), ("focus", "Axial"), ("key", "ArrowDown"))
    assert someone.asked == [""]


def test_what_a_header_says_is_shown_and_never_run(someone, array, tmp_path):
    evil = "</script><img src=x onerror=alert(1)>{{SCRIPT}}"
    dcs.write(
        array,
        tmp_path / "s",
        kind="SC",
        spacing=(1, 1, 1),
        metadata={**PATIENT, "SeriesDescription": evil},
    )
    site = look(tmp_path / "s").site()
    title, found = someone.does(site, ("texts", "h1"), ("read",))
    assert evil in title[0]
    assert found["values"] == [str(array[tuple(found["index"])])]


def test_what_was_assumed_is_shown_with_the_picture(someone, tmp_path):
    dcs.write(np.arange(40, dtype="uint8").reshape(5, 8), tmp_path / "s", kind="SC")
    with pytest.warns(dcs.DicomSeriesWarning):
        site = look(tmp_path / "s").site()
    notes, ruler, planes = someone.does(
        site, ("texts", ".notes li"), ("texts", ".scale:not([hidden])"), ("texts", ".pane h2")
    )
    assert len(notes) == 2
    assert notes[0].startswith("The picture has no ImagePositionPatient: its place in the patient")
    assert "no pixel spacing is stated" in notes[1].lower()
    assert ruler == []
    assert "Axial" not in " ".join(planes)


def test_a_slice_that_cannot_be_read_says_why(someone, array, tmp_path, monkeypatch):
    dcs.write(array, tmp_path / "s", kind="SC", spacing=(1, 1, 1), metadata=PATIENT)
    monkeypatch.setattr(view, "EMBEDDED_BYTES", 0)
    site = look(tmp_path / "s").site()
    broken = sorted((tmp_path / "s").glob("*.dcm"))[4]
    broken.write_bytes(broken.read_bytes()[:-40])
    steps = [
        ("focus", "Axial"),
        ("until", '[data-plane="Coronal"] .fault', "expected"),
        ("texts", ".pane .fault"),
    ]
    *_, shown = someone.does(site, *steps, ("key", "ArrowDown"), ("texts", ".pane .fault"))
    assert len([text for text in shown if broken.name in text]) == 3
    assert site.answer("voxels/0/0/4/0").status == 500
    assert site.answer("voxels/0/0/3/0").status == 200
