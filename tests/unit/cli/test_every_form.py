"""The command line run on time, diffusion, floats, frames, labels and units."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.cli import main

SPACING = "--spacing 0.7 1.1 2.5"
TIMED = f"write timed.npy out --kind mr --axes tzyx {SPACING}"
FLOATS = f"write floats.npy out --kind mr {SPACING}"
LABELS = f"write labels.npy out --kind segmentation {SPACING}"


@pytest.fixture
def arrays(tmp_path, monkeypatch, rng):
    """A folder to work in, with four volumes over time, floats with NaN, and labels."""
    monkeypatch.chdir(tmp_path)
    made = {
        "timed": rng.integers(0, 1000, (4, 3, 5, 6), dtype="int16"),
        "floats": rng.normal(0, 1, (3, 5, 6)).astype("float32"),
        "labels": rng.integers(0, 3, (3, 5, 6), dtype="uint8"),
        "counts": rng.gamma(0.5, 900.0, (3, 5, 6)).astype("float32"),
    }
    made["floats"][1, 2, 3] = np.nan
    for name, array in made.items():
        np.save(f"{name}.npy", array)
    return made


def run(capsys, words):
    """Run one command that must succeed and return its object."""
    code = main([*shlex.split(words), "--json"])
    seen = capsys.readouterr()
    assert code == 0, seen.err
    return json.loads(seen.out)


def refused(capsys, words, code=3):
    """Run a command that must fail with one block and no folder; return the block."""
    assert main(shlex.split(words)) == code
    seen = capsys.readouterr()
    assert seen.out == ""
    assert seen.err.startswith("error: ")
    assert "Traceback" not in seen.err
    return seen.err


# --------------------------------------------------------------------------------------------- time
@pytest.mark.parametrize(
    ("times", "seconds"),
    [("2.5", (0, 2.5, 5, 7.5)), ("0,2,5,9.5", (0, 2, 5, 9.5)), ("10,12,15,19", (0, 2, 5, 9))],
)
def test_times_are_written_read_and_listed(arrays, capsys, times, seconds):
    receipt = run(capsys, f"{TIMED} --times {times}")
    assert (receipt["volumes"], receipt["files"], receipt["others"]) == (4, 12, [])
    back = dcs.read("out")
    np.testing.assert_array_equal(back.array, arrays["timed"])
    assert back.times_s == pytest.approx(seconds)
    (listed,) = run(capsys, "list out")["series"]
    assert (listed["volumes"], listed["frames"], len(listed["files"])) == (4, 12, 12)
    assert listed["times_s"] == pytest.approx(seconds)
    assert listed["size"] == [6, 5, 3]


@pytest.mark.parametrize(("times", "code"), [("soon", 2), ("1,2", 3), ("0,1,1,2", 3), ("-1", 3)])
def test_times_that_do_not_fit_are_rejected(arrays, capsys, tmp_path, times, code):
    assert "error: times " in refused(capsys, f"{TIMED} --times {times}", code)
    assert not (tmp_path / "out").exists()


def test_a_series_for_each_volume_is_written_on_request(arrays, capsys):
    receipt = run(capsys, f"{TIMED} --times 2.5 --split time")
    every = [receipt, *receipt["others"]]
    assert [one["out"] for one in every] == [f"out/time-{number:04}" for number in (1, 2, 3, 4)]
    assert len({one["series_uid"] for one in every}) == 4
    assert (
        len({(one["study_uid"], one["frame_of_reference_uid"], one["slope"]) for one in every}) == 1
    )
    for one, asked in zip(every, arrays["timed"], strict=True):
        np.testing.assert_array_equal(dcs.read(one["out"]).array, asked)


def test_only_time_can_be_split(arrays, capsys):
    assert "--split time" in refused(capsys, f"{TIMED} --split echoes")


def test_a_dry_run_shows_the_first_of_many_series_and_a_line_for_each_other(
    arrays, capsys, tmp_path
):
    assert main(shlex.split(f"{TIMED} --split time --dry-run")) == 0
    text = capsys.readouterr().out
    assert text.count("\nattributes\n") == 1
    assert [line.rpartition(" in ")[2] for line in text.splitlines()[-3:]] == [
        "time-0002",
        "time-0003",
        "time-0004",
    ]
    plan = run(capsys, f"{TIMED} --split time --dry-run")
    assert len(plan["others"]) == 3
    assert plan["others"][0]["attributes"]["SeriesDescription"] == "time 2 of 4"
    assert not (tmp_path / "out").exists()


def test_one_time_point_is_written_without_an_axis(arrays, capsys):
    assert run(capsys, f"{TIMED} --time-point 2")["volumes"] == 1
    np.testing.assert_array_equal(dcs.read("out").array, arrays["timed"][2])


def test_all_volumes_or_one_are_read_to_a_file(arrays, capsys):
    run(capsys, f"{TIMED} --times 2.5")
    assert run(capsys, "read out all.npz")["shape"] == [4, 3, 5, 6]
    again = dcs.open_volume("all.npz")
    np.testing.assert_array_equal(again.array, arrays["timed"])
    assert again.times_s == (0, 2.5, 5, 7.5)
    run(capsys, "read out one.npy --time-point 3")
    np.testing.assert_array_equal(np.load("one.npy"), arrays["timed"][3])
    assert "0 to 3" in refused(capsys, "read out none.npy --time-point 4")


def test_a_series_of_volumes_is_checked_against_its_input(arrays, capsys):
    run(capsys, f"{TIMED} --times 2.5")
    against = f"check out --against timed.npy --axes tzyx {SPACING} --no-validators"
    assert run(capsys, against)["errors"] == 0
    arrays["timed"][3, 1, 2, 4] += 1
    np.save("timed.npy", arrays["timed"])
    assert main(shlex.split(against)) == 1


# --------------------------------------------------------------------------------------- per volume
@pytest.mark.parametrize("form", ["toml", "json"])
def test_attributes_of_each_volume_come_from_a_file(arrays, capsys, tmp_path, form):
    echoes = [4.6, 9.2, 13.8, 18.4]
    equals = {"toml": f"EchoTime = {echoes}", "json": json.dumps({"EchoTime": echoes})}[form]
    (tmp_path / f"echoes.{form}").write_text(equals, encoding="utf-8")
    run(capsys, f"{TIMED} --per-volume echoes.{form}")
    found = run(capsys, "tags out")
    assert found["EchoTime"] == [echo for echo in echoes for _ in range(3)]
    plan = run(capsys, f"{TIMED} --per-volume echoes.{form} --overwrite --dry-run")
    assert "EchoTime" in plan["per_instance"]


@pytest.mark.parametrize(
    "content", ["EchoTime = [1, 2]", "EchoTime = 5", "Echo = [1, 2, 3, 4]", "EchoTime = ["]
)
def test_attributes_that_do_not_fit_the_volumes_are_rejected(arrays, capsys, tmp_path, content):
    (tmp_path / "echoes.toml").write_text(content, encoding="utf-8")
    refused(capsys, f"{TIMED} --per-volume echoes.toml")
    assert not (tmp_path / "out").exists()


@pytest.fixture
def weighted(arrays, tmp_path):
    """b-values and directions beside the arrays."""
    (tmp_path / "bval").write_text("0 1000 1000 2000\n", encoding="utf-8")
    (tmp_path / "bvec").write_text("0 1 0 0\n0 0 1 0\n0 0 0 1\n", encoding="utf-8")


def test_gradients_of_fsl_become_attributes(weighted, capsys):
    run(capsys, f"{TIMED} --bvals bval --bvecs bvec")
    found = dcs.tags("out")
    assert found["DiffusionBValue"][::3] == (0, 1000, 1000, 2000)
    # The axes of the array are those of the patient, a positive frame: FSL's first component points
    # against x.
    assert found["DiffusionGradientOrientation"][3::3] == ([-1, 0, 0], [0, 1, 0], [0, 0, 1])
    assert (
        "DiffusionBValue"
        in run(capsys, f"{TIMED} --bvals bval --bvecs bvec --overwrite --dry-run")["per_instance"]
    )


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ("--bvals bval", 2),
        ("--bvecs bvec", 2),
        ("--bvals gone --bvecs bvec", 3),
        ("--bvals bvec --bvecs bval", 3),
    ],
)
def test_gradients_that_are_not_whole_are_rejected(weighted, capsys, tmp_path, options, code):
    refused(capsys, f"{TIMED} {options}", code)
    assert not (tmp_path / "out").exists()


def test_gradients_of_another_image_are_rejected(weighted, capsys):
    assert "gradient counts differ" in refused(capsys, f"{FLOATS} --bvals bval --bvecs bvec")


# ------------------------------------------------------------------------------------------- floats
def test_floats_are_kept_bit_for_bit_with_their_unit(arrays, capsys):
    receipt = run(capsys, f"{FLOATS} --values lossless --units mm2/s")
    assert (receipt["kind"], receipt["files"], receipt["max_error"]) == ("ParametricMap", 1, 0)
    assert dcs.read("out").array.tobytes() == arrays["floats"].tobytes()
    assert run(capsys, "tags out")["MeasurementUnitsCodeSequence"][0]["CodeValue"] == "mm2/s"


@pytest.mark.parametrize("units", ["°", "''", "a-code-of-more-than-sixteen"])
def test_units_that_are_no_code_are_rejected(arrays, capsys, units):
    refused(capsys, f"{FLOATS} --values lossless --units {units}")


def test_a_companion_is_written_beside_the_map(arrays, capsys):
    receipt = run(capsys, f"{FLOATS} --companion --nan 0")
    (shown,) = receipt["others"]
    assert (receipt["out"], receipt["kind"], receipt["max_error"]) == (
        "out/map",
        "ParametricMap",
        0,
    )
    assert (Path(shown["out"]), shown["kind"], shown["replaced"]) == (Path("out/display"), "MR", 1)
    assert dcs.read("out/map").array.tobytes() == arrays["floats"].tobytes()
    errors = np.abs(dcs.read("out/display").array - np.nan_to_num(arrays["floats"]))
    assert errors.max() <= shown["max_error"]


def test_a_plan_shows_the_companion_in_full(arrays, capsys):
    assert main(shlex.split(f"{FLOATS} --companion --nan 0 --dry-run")) == 0
    text = capsys.readouterr().out
    assert text.count("\nattributes\n") == 2
    assert [
        one["kind"] for one in run(capsys, f"{FLOATS} --companion --nan 0 --dry-run")["others"]
    ] == ["MR"]


def test_integers_need_no_companion(arrays, capsys):
    shown = refused(capsys, f"write labels.npy out --kind mr {SPACING} --companion")
    assert "Leave --companion out." in shown


def test_each_slice_of_pet_has_its_slope_on_request(arrays, capsys):
    words = f"write counts.npy out --kind pt {SPACING} --values rescale,per-slice"
    receipt = run(capsys, words)
    assert len(set(run(capsys, "tags out")["RescaleSlope"])) == 3
    assert np.abs(dcs.read("out").array - arrays["counts"]).max() <= receipt["max_error"]
    assert "--kind PT" in refused(capsys, words.replace("out --kind pt", "x --kind ct"))


def test_advice_of_every_series_speaks_of_options(arrays, capsys):
    receipt = run(capsys, f"{FLOATS} --companion --nan 0 --units ms")
    for one in (receipt, *receipt["others"]):
        assert not [text for text in one["advice"] if "metadata=" in text]


# --------------------------------------------------------------------------------- frames and kinds
def test_frames_of_one_file_are_listed_and_shown(arrays, capsys):
    demanded = "--set ApplicableSafetyStandardAgency=IEC"
    run(capsys, f"{TIMED.replace('--kind mr', '--kind enhanced-mr')} --times 2.5 {demanded}")
    assert main(["list", "out"]) == 0
    row = capsys.readouterr().out.splitlines()[1]
    assert row.split()[1] == "EnhancedMR"
    assert row.endswith("4 volumes in 7.5 s, 12 frames")
    assert run(capsys, "tags out")["TemporalPositionIndex"] == [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]
    assert run(capsys, "check out --no-validators")["errors"] == 0
    run(capsys, "read out back.npy")
    np.testing.assert_array_equal(np.load("back.npy"), arrays["timed"])


def test_what_a_kind_demands_is_asked_for_all_at_once_as_options(arrays, capsys):
    shown = refused(capsys, f"write labels.npy out --kind enhancedct {SPACING}")
    assert "--set RescaleType=" in shown
    assert "--set IrradiationEventUID=" in shown


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("rtdose", "treatment plan"), ("enhanced-pet", "half-life"), ("us", "MultiframeSC")],
)
def test_a_kind_that_is_not_offered_says_why(arrays, capsys, kind, reason):
    assert reason in refused(capsys, f"write labels.npy out --kind {kind} {SPACING}")


def test_an_unknown_kind_is_answered_with_a_list_of_them(arrays, capsys):
    shown = refused(capsys, f"write labels.npy out --kind scan {SPACING}")
    assert all(
        f"\n              {name} " in shown for name in ("CT", "EnhancedCT", "ParametricMap")
    )


# ------------------------------------------------------------------------------------------- labels
@pytest.mark.parametrize("form", ["binary", "labelmap"])
def test_labels_are_written_with_their_names(arrays, capsys, tmp_path, form):
    pytest.importorskip("highdicom")
    (tmp_path / "organs.toml").write_text(
        '1 = "Liver"\n[2]\nlabel = "Spleen"\ntype = "Spleen"\n', encoding="utf-8"
    )
    run(capsys, f"{LABELS} --segments organs.toml --segmentation-type {form}")
    np.testing.assert_array_equal(dcs.read("out").array, arrays["labels"])
    (listed,) = run(capsys, "list out")["series"]
    assert listed["segments"]["1"] == "Liver"
    assert listed["segments"]["2"] == "Spleen"
    assert (
        run(capsys, f"{LABELS} --segments organs.toml --overwrite --dry-run")["kind"]
        == "Segmentation"
    )


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ("--segments gone.toml", "--segments gone.toml"),
        ("--segments bad.toml", "segments["),
        ("--segmentation-type fractions", "labelmap"),
        ("--segmentation-type fractional", "one mask for each label"),
        ("--companion", "--companion"),
    ],
)
def test_labels_that_are_asked_for_wrongly_are_rejected(arrays, capsys, tmp_path, options, named):
    pytest.importorskip("highdicom")
    (tmp_path / "bad.toml").write_text('liver = "Liver"\n', encoding="utf-8")
    assert named in refused(capsys, f"{LABELS} {options}")
    assert not (tmp_path / "out").exists()


def test_segments_are_rejected_of_what_holds_no_labels(arrays, capsys, tmp_path):
    (tmp_path / "organs.toml").write_text('1 = "Liver"\n', encoding="utf-8")
    assert "Leave --segments out" in refused(capsys, f"{FLOATS} --segments organs.toml")
