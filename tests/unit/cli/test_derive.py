"""The command line for arrays made from a series: what it takes, and what it prints."""

from __future__ import annotations

import inspect
import json
import re
import shlex
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from rich.cells import cell_len

import dicomseries as dcs
from dicomseries.cli import main
from dicomseries.cli.commands.derive_command import derive
from dicomseries.cli.commands.write_command import write
from dicomseries.cli.decision_table import decision_table, terminal_width
from dicomseries.cli.option_spelling import on_command_line
from dicomseries.cli.output import Output
from dicomseries.errors import Message, OptionError

SAID = (
    "--series 1.2 --derivation smoothing --description Denoised --model-name Net "
    "--model-version 2.1 --model-manufacturer Us --keep-private ACME "
    "--keep-private GEMS_01 --another-space"
)
UNDERSTOOD = {
    "like": "scan",
    "series": "1.2",
    "same_space": False,
    "derivation": "smoothing",
    "description": "Denoised",
    "model": {"name": "Net", "version": "2.1", "manufacturer": "Us"},
    "keep_private": ("ACME", "GEMS_01"),
}


class Report:
    """Stands for a receipt or a plan."""

    every = ()

    def lines(self):
        return ["written"]

    def to_dict(self):
        return {"said": True}


@pytest.fixture
def asked(monkeypatch):
    """Replace the façade's functions by ones that note what they were asked."""
    made = []
    for name in ("write", "plan"):
        monkeypatch.setattr(
            dcs,
            name,
            lambda *words, _name=name, **said: made.append((_name, words, said)) or Report(),
        )
    return made


# ------------------------------------------------------------------------- what the façade is asked
def test_all_statements_about_the_source_are_passed_on(asked, tmp_path):
    assert main(shlex.split(f"write a.npy {tmp_path}/out --like scan {SAID}")) == 0
    ((_, _, options),) = asked
    assert {name: options[name] for name in UNDERSTOOD} == UNDERSTOOD


def test_without_a_source_no_option_of_it_is_passed_on(asked, tmp_path):
    assert main(shlex.split(f"write a.npy {tmp_path}/out --kind ct")) == 0
    assert not set(UNDERSTOOD) & set(asked[0][2])


def test_options_of_a_source_that_are_not_given_are_not_passed_on(asked, tmp_path):
    assert main(shlex.split(f"write a.npy {tmp_path}/out --like scan")) == 0
    assert {name for name in UNDERSTOOD if name in asked[0][2]} == {"like"}


@pytest.mark.parametrize(("words", "kind"), [("", None), ("--kind Segmentation", "Segmentation")])
def test_the_kind_is_that_of_the_source_unless_another_is_given(asked, tmp_path, words, kind):
    assert main(shlex.split(f"derive scan a.npy {tmp_path}/out {words}")) == 0
    assert asked[0][2].get("kind") == kind


@pytest.mark.parametrize(
    "more",
    ["", SAID, "--spacing 1 2 3 --clip 0 9 --workers 2 --no-sync", "--dry-run --meta m.json"],
)
def test_derive_asks_for_the_same_as_write_like(asked, tmp_path, monkeypatch, more):
    monkeypatch.chdir(tmp_path)
    Path("m.json").write_text('{"PatientID": "42"}', encoding="utf-8")
    assert main(shlex.split(f"derive scan a.npy {tmp_path}/out {more}")) == 0
    assert main(shlex.split(f"write a.npy {tmp_path}/out --like scan {more}")) == 0
    assert asked[0] == asked[1]


def test_derive_has_every_option_of_write_with_the_same_default():
    own, others = (inspect.signature(one).parameters for one in (derive, write))
    assert list(own) == [
        "context",
        "like",
        *(name for name in others if name not in {"context", "like"}),
    ]
    assert all(own[name].default == one.default for name, one in others.items() if name != "like")


@pytest.mark.parametrize(
    ("text", "derivation"),
    [
        ("113087,DCM", ("113087", "DCM")),
        ("Gaussian blur", "Gaussian blur"),
        ("113088", "113088"),
        ("7, 99ACME, Bias field", ("7", "99ACME", "Bias field")),
    ],
)
def test_a_derivation_is_a_code_a_name_or_a_whole_code(asked, tmp_path, text, derivation):
    assert main(["derive", "scan", "a.npy", str(tmp_path / "out"), "--derivation", text]) == 0
    assert asked[0][2]["derivation"] == derivation


@pytest.mark.parametrize(
    "option",
    [
        "--series 1.2",
        "--derivation smoothing",
        "--description Text",
        "--model-name Net",
        "--model-version 2",
        "--model-manufacturer Us",
        "--keep-private ACME",
        "--another-space",
    ],
)
def test_an_option_about_a_source_that_is_not_named_is_a_wrong_command_line(
    asked, capsys, tmp_path, option
):
    assert main(shlex.split(f"write a.npy {tmp_path}/out --kind ct {option}")) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("error: option without like\n")
    assert f"Add --like SERIES, or leave {option.split()[0]} out." in shown
    assert not asked


@pytest.mark.parametrize("option", ["--model-version 2.1", "--model-manufacturer Us"])
def test_an_algorithm_has_a_name(asked, capsys, tmp_path, option):
    assert main(shlex.split(f"derive scan a.npy {tmp_path}/out {option}")) == 2
    assert "--model-name NAME" in capsys.readouterr().err
    assert not asked


def test_a_missing_input_shows_how_derive_is_used(capsys):
    assert main(["derive", "scan"]) == 2
    shown = capsys.readouterr().err
    assert "dicomseries derive" in shown
    assert "SOURCE" in shown


@pytest.mark.parametrize(
    ("text", "worded"),
    [
        ("pass `same_space=False` for it.", "pass --another-space for it."),
        (
            "Pass `like=`, or leave `keep_private=` out.",
            "Pass --like, or leave --keep-private out.",
        ),
        ("Pass `derivation='smoothing'`.", "Pass --derivation smoothing."),
        ('Write it as `("113087", "DCM", "Smoothing")`.', 'Write it as "113087,DCM,Smoothing".'),
    ],
)
def test_errors_speak_of_options(text, worded):
    assert on_command_line(Message(text)) == worded


def test_an_error_of_the_facade_ends_as_one_block_that_speaks_of_options(capsys):
    Output().error(
        OptionError(
            code="derivation-unknown",
            where="derivation",
            given="'guessing'",
            expected="one of 113087 'Smoothing'",
            remedy='Write a code of your own as `("7", "99ACME", "Guess")`.',
        )
    )
    assert capsys.readouterr().err.endswith(
        'remedy    Write a code of your own as "7,99ACME,Guess".\n'
    )


# ---------------------------------------------------------------------------------------- the table
DECISIONS = (
    ("SOPInstanceUID", "1.2.840.113619.2.30.1.1762295590.1623.978668949.886", "new: a new object"),
    (
        "PatientName",
        "Yamada^Tarou=山田^太郎=やまだ^たろう^" + "長" * 20,
        "kept: it is the same patient, whatever was " * 4,
    ),
    ("SharedFunctionalGroupsSequence", "1 item", "changed"),
    ("(0029,1010) ACME 1", "x" * 5000, "dropped: only its maker knows"),
    ("PatientID", "4\x1b[2J2", "kept: it is the same patient"),
)


@pytest.mark.parametrize("width", [80, 100, 140])
def test_no_line_of_the_table_is_longer_than_the_terminal_is_wide(width):
    lines = decision_table(DECISIONS, width).splitlines()
    assert max(map(cell_len, lines)) <= width
    assert not any(line.endswith(" ") for line in lines)


def test_the_table_holds_every_decision_whole():
    shown = decision_table(DECISIONS, 100)
    # Wrapped cells run on in the next line, so that words are what can be looked for.
    assert all(name.split()[0] in shown for name, _, _ in DECISIONS)
    assert sum(line.count("whatever") for line in shown.splitlines()) == 4
    assert "1.2.840.113619.2.30.1." in shown


def test_the_table_goes_by_the_entities_of_the_rules():
    lines = decision_table(DECISIONS, 100).splitlines()
    heads = [line for line in lines[1:] if not line.startswith(" ")]
    assert len(heads) == len(set(heads))
    assert heads.index("patient") < heads.index("private")
    patient = lines[lines.index("patient") + 1 :]
    assert [line.split()[0] for line in patient if line.startswith("  Patient")] == [
        "PatientName",
        "PatientID",
    ]


def test_columns_begin_at_the_same_place_in_every_line():
    lines = decision_table(DECISIONS, 100).splitlines()
    start = lines[0].index("in the result")
    begins = [
        line.index(word)
        for line in lines
        for word in ("new:", "dropped:", "changed")
        if word in line
    ]
    assert begins == [start] * 3


def test_attributes_of_one_outcome_stand_together_and_its_reason_is_given_once():
    names = ("PatientID", "PatientName", "PatientSex", "PatientComments")
    rows = [
        (name, "1", why) for name, why in zip(names, ["kept: so", "dropped: so"] * 2, strict=True)
    ]
    shown = [line.split() for line in decision_table(rows, 100).splitlines()[2:]]
    assert [line[0] for line in shown] == [
        "PatientID",
        "PatientSex",
        "PatientName",
        "PatientComments",
    ]
    assert [" ".join(line[2:]) for line in shown] == [
        "kept: so",
        "kept: as above",
        "dropped: so",
        "dropped: as above",
    ]


def test_reasons_speak_of_options():
    shown = decision_table(
        [
            (
                "(0029,0010) ACME",
                "3 attributes",
                Message("dropped: `keep_private=` names whom to keep"),
            )
        ],
        100,
    )
    assert "--keep-private names" in shown


def test_a_value_cannot_steer_the_terminal():
    assert "\x1b" not in decision_table(DECISIONS, 100)


def test_a_very_long_value_is_shortened_in_the_table():
    assert 100 < decision_table(DECISIONS, 100).count("x") < 200


def test_an_attribute_that_no_rule_knows_is_shown_all_the_same():
    assert "odd thing" in decision_table([("odd thing", "1", "dropped")], 80)


@pytest.mark.parametrize(("columns", "width"), [("20", 80), ("101", 101), ("900", 140)])
def test_lines_follow_the_terminal_within_reason(monkeypatch, columns, width):
    monkeypatch.setenv("COLUMNS", columns)
    assert terminal_width() == width


def planned(kind, decisions):
    return SimpleNamespace(
        kind=kind, decisions=decisions, lines=lambda: [f"{kind} plan"], others=()
    )


def test_a_dry_run_ends_with_the_table_once_for_all_series(monkeypatch, capsys, tmp_path):
    map_, shown = planned("ParametricMap", DECISIONS), planned("CT", DECISIONS)
    plan = SimpleNamespace(every=(map_, shown), to_dict=dict)
    monkeypatch.setattr(dcs, "plan", lambda *_, **__: plan)
    assert main(shlex.split(f"derive scan a.npy {tmp_path}/out --companion --dry-run")) == 0
    text = capsys.readouterr().out
    places = [text.index(words) for words in ("ParametricMap plan", "CT plan", "in the result,")]
    assert places == sorted(places)
    assert text.count("in the result, and why") == 1


def test_a_dry_run_without_a_source_has_no_table(monkeypatch, capsys, tmp_path):
    plan = SimpleNamespace(every=(planned("CT", ()),), to_dict=dict)
    monkeypatch.setattr(dcs, "plan", lambda *_, **__: plan)
    assert main(shlex.split(f"write a.npy {tmp_path}/out --kind ct --dry-run")) == 0
    assert capsys.readouterr().out == "CT plan\n"


# ----------------------------------------------------------------------------------------- for real
@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder to work in, with a scan of one slice, and an array that was made from it."""
    monkeypatch.chdir(tmp_path)
    Path("scan").mkdir()
    shutil.copy(get_testdata_file("CT_small.dcm"), "scan/CT_small.dcm")
    np.save("halved.npy", dcs.read("scan").array // 2)
    return tmp_path


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
    assert seen.err.count("error: ") == 1, seen.err
    assert "Traceback" not in seen.err
    assert not Path("out").exists()
    return seen.err


def test_a_derived_series_belongs_to_the_study_and_says_how_it_was_made(folder, capsys):
    receipt = run(capsys, "derive scan halved.npy out --derivation smoothing --description Halved")
    source, result = dcs.read("scan"), dcs.read("out")
    np.testing.assert_array_equal(result.array, np.load("halved.npy"))
    assert result.grid.spacing_mm == source.grid.spacing_mm
    assert receipt["kind"] == "CT"
    assert receipt["study_uid"] == source.tags.shared["StudyInstanceUID"]
    assert receipt["series_uid"] != source.tags.shared["SeriesInstanceUID"]
    tags = run(capsys, "tags out")
    assert (tags["PatientID"], tags["SeriesDescription"]) == (
        source.tags.shared["PatientID"],
        "Halved",
    )
    assert main(["check", "out", "--against", "halved.npy"]) == 0


def test_the_dry_run_of_a_real_scan_accounts_for_every_attribute_of_it(folder, capsys):
    record = run(capsys, "derive scan halved.npy out --dry-run")
    said = {one["attribute"].split()[0] for one in record["decisions"]}
    # Pixels and padding are no attributes to hand on; private ones are reported by creator.
    scan = dcmread("scan/CT_small.dcm", stop_before_pixels=True)
    assert not {one.keyword for one in scan if not one.tag.is_private} - said
    creators = {
        f"({one.tag.group:04X},{one.tag.element:04X})" for one in scan if one.tag.is_private_creator
    }
    assert len(creators) > 5
    assert not creators - said
    assert all(re.match(r"\w+", one["outcome"]) for one in record["decisions"])
    assert not Path("out").exists()


def test_the_dry_run_of_a_real_scan_is_readable_at_100_columns(folder, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    assert main(shlex.split("derive scan halved.npy out --dry-run")) == 0
    text = capsys.readouterr().out
    table = text[text.index("attribute  ") :].splitlines()
    assert max(map(cell_len, table)) <= 100
    patient = next(line for line in table if line.startswith("  PatientID "))
    assert re.fullmatch(r"  PatientID +1CT1 +kept: as above", patient)


def test_a_folder_with_several_series_is_answered_with_a_list_of_them(folder, capsys):
    shutil.copy(get_testdata_file("MR_small.dcm"), "scan/MR_small.dcm")
    uids = [one.series_uid for one in dcs.scan("scan").series]
    shown = refused(capsys, "derive scan halved.npy out")
    assert all(uid in shown for uid in uids)
    assert "Choose one with --series, e.g. --series " in shown
    (ct,) = (one.series_uid for one in dcs.scan("scan").series if one.kind == "CT")
    assert run(capsys, f"derive scan halved.npy out --series {ct}")["kind"] == "CT"


def test_a_shape_that_is_not_the_scans_is_rejected_with_both_and_the_ways_out(folder, capsys):
    np.save("cropped.npy", np.load("halved.npy")[:, 3:, :7])
    shown = refused(capsys, "derive scan cropped.npy out")
    assert "(1, 125, 7)" in shown
    assert "(1, 128, 128)" in shown
    assert all(
        option in shown for option in ("--affine", "--spacing", "--origin", "--another-space")
    )


def test_an_unknown_derivation_is_answered_with_the_list(folder, capsys):
    shown = refused(capsys, "derive scan halved.npy out --derivation guesswork")
    assert "113087 'Smoothing'" in shown
    assert "derivation=" not in shown


def test_a_folder_without_a_series_is_no_source(folder, capsys):
    assert "does not contain a DICOM series" in refused(capsys, "derive nowhere halved.npy out")


def test_what_the_user_says_wins_over_the_source(folder, capsys):
    run(capsys, "derive scan halved.npy out --set PatientComments=mine --set SeriesNumber=901")
    tags = run(capsys, "tags out")
    assert (tags["PatientComments"], int(tags["SeriesNumber"])) == ("mine", 901)


def test_an_array_at_another_place_gets_a_new_frame_of_reference(folder, capsys):
    source = dcs.read("scan").tags.shared["FrameOfReferenceUID"]
    assert run(capsys, "derive scan halved.npy same")["frame_of_reference_uid"] == source
    elsewhere = run(capsys, "derive scan halved.npy other --another-space")
    assert elsewhere["frame_of_reference_uid"] != source


def test_the_private_attributes_of_a_creator_are_kept_when_asked_for(folder, capsys):
    run(capsys, "derive scan halved.npy without")
    run(capsys, "derive scan halved.npy with --keep-private GEMS_IDEN_01")
    creators = [
        {name for name in run(capsys, f"tags {out}") if "GEMS" in name}
        for out in ("without", "with")
    ]
    assert not creators[0]
    assert creators[1]
    assert all("GEMS_IDEN_01" in name for name in creators[1])


def test_the_model_that_made_it_is_named_in_the_result(folder, capsys):
    pytest.importorskip("highdicom")
    np.save("mask.npy", (np.load("halved.npy") > 500).astype("uint8"))
    words = "--kind segmentation --model-name LesionNet --model-version 2.1 --model-manufacturer Us"
    receipt = run(capsys, f"derive scan mask.npy out {words}")
    assert receipt["kind"] == "Segmentation"
    assert "LesionNet" in json.dumps(run(capsys, "tags out"))


def test_what_is_left_out_is_not_taken_over_from_the_source(asked, capsys):
    assert (
        main(
            [
                "derive",
                "scan",
                "a.npy",
                "out",
                "--leave-out",
                "KVP",
                "--leave-out",
                "PatientAge",
                "--set",
                "PatientID=4",
            ]
        )
        == 0
    )
    ((_, _, said),) = asked
    assert said["metadata"] == {"PatientID": "4", "KVP": None, "PatientAge": None}


def test_leaving_out_without_a_source_is_rejected(asked, capsys):
    assert main(["write", "a.npy", "out", "--kind", "ct", "--leave-out", "KVP"]) == 2
    assert "--like" in capsys.readouterr().err
    assert not asked
