"""What a command says, and where."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pydicom
import pytest

from dicomseries.cli.option_spelling import on_command_line
from dicomseries.cli.output import Output, plain, table
from dicomseries.cli.progress import progress_bar
from dicomseries.cli.terminal import printable
from dicomseries.errors import DicomSeriesWarning, Message, MetadataError, OptionError, ReadError

PARTS = {
    "code": "axes-unknown",
    "where": "axes",
    "given": "'abc'",
    "expected": "letters",
    "remedy": "Pass `axes='zyx'`.",
}


def test_an_error_is_one_block_with_all_five_parts(capsys):
    Output().error(OptionError(**PARTS))
    seen = capsys.readouterr()
    assert seen.out == ""
    assert seen.err.splitlines() == [
        "error: axes unknown",
        "  where     --axes",
        "  given     'abc'",
        "  expected  letters",
        "  remedy    Pass --axes zyx.",
    ]


def test_an_error_is_one_object_on_stderr_with_json(capsys):
    Output(json=True).error(OptionError(**PARTS))
    seen = capsys.readouterr()
    assert seen.out == ""
    assert json.loads(seen.err)["error"] == {
        **PARTS,
        "class": "OptionError",
        "exit": 3,
        "remedy": "Pass --axes zyx.",
    }


def test_all_faults_of_an_error_are_shown(capsys):
    faults = [MetadataError(**PARTS | {"where": name}) for name in ("PatientID", "StudyDate")]
    Output().error(MetadataError.together(faults))
    assert capsys.readouterr().err.count("error: ") == 2
    Output(json=True).error(MetadataError.together(faults))
    shown = json.loads(capsys.readouterr().err)["error"]
    assert [fault["where"] for fault in shown["faults"]] == ["PatientID", "StudyDate"]


def test_a_folder_without_a_series_is_named_as_the_original_names_it(capsys):
    Output().error(ReadError(**PARTS | {"code": "no-series", "where": "scans"}))
    assert capsys.readouterr().err.startswith('error: "scans" does not contain a DICOM series\n')


@pytest.mark.parametrize(
    "error", [FileNotFoundError(2, "No such file", "x"), RuntimeError("odd"), ZeroDivisionError()]
)
def test_a_foreign_error_is_a_whole_block_too(capsys, error):
    Output().error(error)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[0] for line in lines] == ["error:", "where", "given", "expected", "remedy"]


def test_a_very_long_value_is_shortened(capsys):
    Output().error(OptionError(**PARTS | {"given": "9" * 100_000}))
    assert len(capsys.readouterr().err) < 1000


def test_quiet_keeps_answers_and_drops_reports(capsys):
    output = Output(quiet=True)
    output.result("done", {})
    output.answer("42", {})
    assert capsys.readouterr().out == "42\n"


def test_a_note_is_one_line(capsys):
    Output().note("two\nlines")
    Output(json=True).note("two\nlines")
    assert capsys.readouterr().err == 'note: two lines\n{"note": "two lines"}\n'


def test_json_is_strict_for_all_values():
    values = {
        "nan": float("nan"),
        "array": np.arange(3, dtype="int16"),
        "scalar": np.float32(0.5),
        "ds": pydicom.valuerep.DSfloat("1.50"),
        "is": pydicom.valuerep.IS("7"),
        "name": pydicom.valuerep.PersonName("Doe^Jane"),
        "none": None,
        "many": pydicom.multival.MultiValue(str, ["a", "b"]),
    }
    assert json.loads(json.dumps(plain(values), allow_nan=False)) == {
        "nan": "nan",
        "array": [0, 1, 2],
        "scalar": 0.5,
        "ds": 1.5,
        "is": 7,
        "name": "Doe^Jane",
        "none": None,
        "many": ["a", "b"],
    }


def test_columns_line_up_also_with_wide_characters():
    lines = table(("a", "b"), [("頭部", "1"), ("head", "2")]).splitlines()
    assert lines == ["a     b", "頭部  1", "head  2"]


def test_text_from_a_file_cannot_steer_the_terminal():
    assert "\x1b" not in table(("a",), [("\x1b[31mred",)])
    assert printable("a\r\nb") == r"a\r\nb"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pass `spacing=(1, 1, 2.5)`", "pass --spacing 1 1 2.5"),
        ("`spacing=`/`affine=`", "--spacing/--affine"),
        ("e.g. `space='RAS'`.", "e.g. --space RAS."),
        ("use `values=Digits(3)`", "use --values digits=3"),
        ("use `values=Exact()`", "use --values exact"),
        ("use `values=Lossless()`", "use --values lossless"),
        ("use `values=Rescale(per_slice=True)`", "use --values rescale,per-slice"),
        ("`Rescale(max_error=0.1, per_slice=True)`", "--values max-error=0.1,per-slice"),
        ("Pass `times=2.5`, or `times=[0, 2.5, 5.1]`.", "Pass --times 2.5, or --times 0,2.5,5.1."),
        ("pass `split='time'` or `companion=True`", "pass --split time or --companion"),
        ('Use `kind="SC"` with `units="Gy"`.', "Use --kind SC with --units Gy."),
        ("give `per_volume={'EchoTime': [4, 9]}`", "give --per-volume FILE"),
        ('Give `segments={1: {"label": "Liver"}}`.', "Give --segments FILE."),
        ("give `metadata={'RescaleType': 'HU'}`", "give --set RescaleType=HU"),
        ("the code in `metadata=` of another scheme", "the code in --meta of another scheme"),
        ("pass `uid={'StudyInstanceUID': '1.2'}`", "pass --uid StudyInstanceUID=1.2"),
        ("pass `nan=0`.", "pass --nan 0."),
        (
            "Pass `Digits(-2)` or `values=Rescale()`.",
            "Pass --values digits=-2 or --values rescale.",
        ),
        ("pass `verify=False` or `same_space=True`", "pass --no-verify or --same-space"),
        (
            'Pass `model={"name": "LesionNet", "version": "2.1"}`.',
            "Pass --model-name LesionNet --model-version 2.1.",
        ),
        ("`depth=3` is no option", "depth=3 is no option"),
        ("depth=3 is no option", "depth=3 is no option"),
    ],
)
def test_a_remedy_speaks_of_options(text, expected):
    assert on_command_line(Message(text)) == expected


def test_no_progress_is_shown_in_a_pipe(capsys):
    with progress_bar(Output()) as progress:
        assert progress is None
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("output", [Output(json=True), Output(quiet=True)])
def test_no_progress_is_shown_when_nobody_wants_it(monkeypatch, output):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with progress_bar(output) as progress:
        assert progress is None


def test_progress_is_shown_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with progress_bar(Output()) as progress:
        progress(3, 7, "writing")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("reports", "begins"),
    [
        ([(3, 7, "reading"), (7, 7, "reading")], 0),
        ([(7, 7, "reading"), (3, 7, "writing"), (7, 7, "writing"), (7, 7, "verifying")], 2),
        ([(7, 7, "writing"), (3, 7, "writing")], 1),
    ],
    ids=["one stage", "three stages", "the next series"],
)
def test_the_time_that_remains_is_that_of_the_stage(monkeypatch, reports, begins):
    from rich.progress import Progress

    resets = []
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr(Progress, "reset", lambda *_, **__: resets.append(True))
    with progress_bar(Output()) as progress:
        for report in reports:
            progress(*report)
    assert len(resets) == 1 + begins  # the first report begins the first stage


def test_a_message_reads_as_python_and_keeps_its_marks_when_pickled():
    error = OptionError(**PARTS | {"remedy": "Pass `nan=0`, not `rm`."})
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert copy.remedy == "Pass nan=0, not `rm`."
    assert on_command_line(copy.remedy) == "Pass --nan 0, not `rm`."


def test_a_warning_names_options_as_python_and_as_the_command_line_do():
    warning = DicomSeriesWarning("Volumes have no times. Pass `times=` in seconds.")
    assert str(warning) == "Volumes have no times. Pass times= in seconds."
    assert on_command_line(warning.args[0]) == "Volumes have no times. Pass --times in seconds."
