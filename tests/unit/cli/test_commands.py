"""The commands: the call each makes of the façade, its output and its exit code."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import warnings
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import click
import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.cli import main
from dicomseries.cli.app import app
from dicomseries.errors import VerificationError
from dicomseries.iod import OFFERED
from dicomseries.sources import array_frames
from dicomseries.volume_axes import VolumeLayout

SOURCE_TREE = {**os.environ, "PYTHONPATH": str(Path(dcs.__file__).parents[1])}
KIND_NAMES = [kind.name for kind in OFFERED]
COMMANDS = ("demo", "write", "derive", "read", "list", "tags", "check", "doctor")


class Report:
    """Stands for a receipt or a plan."""

    every = ()

    def lines(self):
        return ["said"]

    def to_dict(self):
        return {"said": True}


@pytest.fixture
def calls(monkeypatch):
    """Replace the façade's functions by ones that note how they were called."""
    made = []

    def note(name, answer):
        def call(*arguments, **options):
            made.append((name, arguments, options))
            return answer

        monkeypatch.setattr(dcs, name, call, raising=False)

    note("write", Report())
    note("plan", Report())
    return made


def test_write_passes_every_option_on(calls, capsys, tmp_path):
    out = str(tmp_path / "out")
    words = (
        f"write a.npy {out} --kind ct --spacing 1 2 3 --origin -1 -2 -3 --direction 1 0 0 0 1 0 "
        "--axes zyx --orient upright --time-point 2 --times 0,2.5 --split time --units ms "
        "--values digits=3 --nan -1000 --clip -1000 3000 --set PatientID=42 --uid content "
        "--companion --compress jpegls --segmentation-type labelmap "
        "--now 2024-01-31T12:00:00 --workers 2 --overwrite --resume --no-verify --no-sync "
        f"--bids {tmp_path / 't1.json'}"
    )
    (tmp_path / "t1.json").write_text('{"EchoTime": 0.003}', encoding="utf-8")
    assert main(shlex.split(words)) == 0
    ((name, arguments, options),) = calls
    assert (name, arguments) == ("write", ("a.npy", out))
    assert options == {
        "kind": "ct",
        "spacing": (1, 2, 3),
        "origin": (-1, -2, -3),
        "direction": (1, 0, 0, 0, 1, 0),
        "axes": "zyx",
        "orient": "upright",
        "time_point": 2,
        "times": (0, 2.5),
        "values": "digits=3",
        "nan": -1000,
        "clip": (-1000, 3000),
        "units": "ms",
        "metadata": {"PatientID": "42"},
        "split": "time",
        "companion": True,
        "compression": "jpegls",
        "segmentation_type": "labelmap",
        "uid": "content",
        "now": datetime(2024, 1, 31, 12),  # noqa: DTZ001 - what the user said, no more
        "workers": 2,
        "bids": str(tmp_path / "t1.json"),
        "overwrite": True,
        "resume": True,
        "verify": False,
        "sync": False,
        "executor": None,
        "progress": None,
    }
    assert capsys.readouterr() == ("said\n", "")


def test_write_leaves_what_is_not_given_to_the_facade(calls, tmp_path):
    assert main(["write", "a.npy", str(tmp_path / "out"), "--kind", "MR"]) == 0
    assert calls[0][2] == {"kind": "MR", "executor": None, "progress": None}


def test_a_dry_run_plans_and_does_not_write(calls, capsys, tmp_path):
    assert (
        main(["write", "a.npy", str(tmp_path / "out"), "--kind", "ct", "--dry-run", "--json"]) == 0
    )
    assert [name for name, *_ in calls] == ["plan"]
    assert json.loads(capsys.readouterr().out) == {"said": True}


def test_a_dry_run_rejects_the_target_that_the_write_would_reject(calls, tmp_path):
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    assert main(["write", "a.npy", str(tmp_path), "--kind", "ct", "--dry-run"]) == 3
    assert not calls


def test_a_quiet_write_says_nothing(calls, capsys, tmp_path):
    assert main(["write", "a.npy", str(tmp_path / "out"), "--kind", "ct", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


def test_a_missing_kind_lists_the_kinds_one_a_line(capsys):
    assert main(["write", "a.npy", "out"]) == 2
    listed = capsys.readouterr().err
    assert all(
        re.search(rf"^\s+{name}\s+\w", listed, re.MULTILINE)
        for name in ("CT", "PT", "EnhancedMR", "ParametricMap", "Segmentation")
    )


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, click.Abort])
@pytest.mark.parametrize("json_flag", [[], ["--json"]])
def test_an_interrupt_ends_with_one_line(monkeypatch, capsys, interrupt, json_flag):
    def stop(*_, **__):
        raise interrupt

    monkeypatch.setattr(dcs, "scan", stop, raising=False)
    assert main(["list", ".", *json_flag]) == 130
    seen = capsys.readouterr()
    assert seen.out == ""
    assert len(seen.err.splitlines()) == 1
    assert "nothing is left behind" in seen.err


def test_a_bug_is_one_block_and_its_traceback_comes_with_debug(monkeypatch, capsys):
    def stumble(*_, **__):
        message = "stumbled"
        raise RuntimeError(message)

    monkeypatch.setattr(dcs, "scan", stumble, raising=False)
    assert main(["list", "."]) == 4
    assert "Traceback" not in capsys.readouterr().err
    assert main(["list", ".", "--debug"]) == 4
    seen = capsys.readouterr().err
    assert "Traceback" in seen
    assert "error: unforeseen" in seen


def test_a_failed_verification_is_a_failure(monkeypatch, tmp_path):
    def fail(*_, **__):
        raise VerificationError(
            code="not-as-asked", where="x", given="y", expected="z", remedy="Report it."
        )

    monkeypatch.setattr(dcs, "write", fail, raising=False)
    assert main(["write", "a.npy", str(tmp_path / "out"), "--kind", "ct"]) == 4


def test_each_warning_becomes_one_note(monkeypatch, capsys):
    def warn(*_, **__):
        for _ in range(3):
            warnings.warn("positions are\nrounded", UserWarning, stacklevel=1)
        warnings.warn("of no concern to a user", DeprecationWarning, stacklevel=1)
        return {}

    monkeypatch.setattr(dcs, "tags", warn, raising=False)
    assert main(["tags", "x"]) == 0
    assert capsys.readouterr().err == "note: positions are rounded\n"


def doctor_into(stdout):
    words = [sys.executable, "-m", "dicomseries", "doctor"]
    return subprocess.Popen(
        words, stdout=stdout, stderr=subprocess.PIPE, encoding="utf-8", env=SOURCE_TREE
    )


@pytest.mark.slow
def test_a_reader_that_closes_the_pipe_is_no_error():
    end, start = os.pipe()
    os.close(end)
    process = doctor_into(start)
    os.close(start)
    assert process.communicate(timeout=60) == (None, "")
    assert process.returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.slow
def test_a_full_disk_behind_stdout_is_one_block():
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        process = doctor_into(full)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 4
    assert err.count("error: ") == 1
    assert "Traceback" not in err
    assert "Exception ignored" not in err


def finding(level):
    return SimpleNamespace(
        id="GEO-001",
        level=level,
        part="PS3.3 C.7.6.2",
        where="0001.dcm",
        message="bent",
        remedy="Pass spacing=.",
    )


def findings(found=()):
    return dcs.Findings(
        found, checked=["pixels of 3 files"], not_checked=["dciodvfy: not installed"]
    )


@pytest.mark.parametrize(
    ("levels", "code"), [((), 0), (("warning",), 0), (("warning", "error"), 1)]
)
def test_check_ends_with_one_where_there_are_errors(monkeypatch, capsys, levels, code):
    monkeypatch.setattr(
        dcs, "check", lambda *_, **__: findings(map(finding, levels)), raising=False
    )
    assert main(["check", "out"]) == code
    text = capsys.readouterr().out
    assert text.endswith("checked: pixels of 3 files\nnot checked: dciodvfy: not installed\n")
    assert text.count("GEO-001") == len(levels)
    assert main(["check", "out", "--json"]) == code
    record = json.loads(capsys.readouterr().out)
    assert record["errors"] == levels.count("error")
    assert [found["level"] for found in record["findings"]] == list(levels)
    assert (record["checked"], record["not_checked"]) == (
        ["pixels of 3 files"],
        ["dciodvfy: not installed"],
    )


def test_check_compares_with_an_input_whose_geometry_is_given(monkeypatch):
    asked = {}
    monkeypatch.setattr(
        dcs, "open_volume", lambda source, **options: (source, options["spacing"]), raising=False
    )
    monkeypatch.setattr(
        dcs,
        "check",
        lambda path, **options: asked.update(options, path=path) or findings(),
        raising=False,
    )
    assert main(shlex.split("check out --against a.npy --spacing 1 2 3 --series 1.2")) == 0
    assert (asked["path"], asked["series"], asked["against"]) == (
        "out",
        "1.2",
        ("a.npy", (1, 2, 3)),
    )
    assert main(shlex.split("check out --max-error 0.1 --nan -5 --clip 0 9 --no-validators")) == 0
    assert asked | {"max_error": 0.1, "nan": -5, "clip": (0, 9), "validators": False} == asked


def test_check_says_once_what_is_wrong_with_many_files(monkeypatch, capsys):
    found = [
        SimpleNamespace(**vars(finding("error")) | {"where": f"{index:04}.dcm"})
        for index in range(400)
    ]
    monkeypatch.setattr(dcs, "check", lambda *_, **__: findings(found), raising=False)
    assert main(["check", "out"]) == 1
    text = capsys.readouterr().out
    assert "0000.dcm and 399 more" in text
    assert "400 errors" in text
    assert main(["check", "out", "--json"]) == 1
    assert len(json.loads(capsys.readouterr().out)["findings"]) == 400


def test_every_check_is_listed_and_explained(capsys):
    assert main(["check", "--list", "--json"]) == 0
    checks = json.loads(capsys.readouterr().out)["checks"]
    assert len(checks) > 10
    assert main(["check", "--explain", checks[0]["id"].lower()]) == 0
    assert checks[0]["summary"].split()[0] in capsys.readouterr().out


def series(count, description=""):
    return SimpleNamespace(
        series_uid=f"1.2.{count}",
        choice=f"1.2.{count}",
        part="",
        objects=(),
        left_out=(),
        planes=None,
        stacks=(),
        has_images=True,
        study_uid="1.2",
        kind="CT",
        modality="CT",
        description=description,
        number=1,
        rows=4,
        columns=5,
        grid=dcs.Grid(shape=(count, 4, 5), spacing_mm=(2.5, 3.5, 4.5)),
        frames=count,
        volumes=None,
        times_s=None,
        layout=VolumeLayout(),
        segments={},
        paths=tuple(f"{index}.dcm" for index in range(count)),
        problems=(
            SimpleNamespace(
                code="gap", level="warning", text="a slice is missing", remedy="Find it."
            ),
        ),
    )


def test_list_prints_one_row_a_series(monkeypatch, capsys):
    found = SimpleNamespace(series=(series(3, "Thorax"), series(12)), skipped=2, problems=())
    monkeypatch.setattr(dcs, "scan", lambda _, **__: found, raising=False)
    assert main(["list", "scans"]) == 0
    seen = capsys.readouterr()
    rows = seen.out.splitlines()
    assert rows[1].split() == ["1.2.3", "CT", "Thorax", "5x4x3", "2.5", "3.5", "4.5", "3"]
    assert rows[3] == "2 files skipped: not DICOM"
    assert seen.err.count("note: ") == 2
    assert main(["list", "scans", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["skipped"] == 2
    assert [len(one["files"]) for one in record["series"]] == [3, 12]
    assert record["series"][0]["problems"][0]["code"] == "gap"


def test_list_says_what_is_more_than_one_slice_a_file(monkeypatch, capsys):
    timed = SimpleNamespace(**vars(series(12)) | {"volumes": 4, "times_s": (0, 2.5, 5, 7.5)})
    framed = SimpleNamespace(
        **vars(series(1)) | {"frames": 40, "segments": {1: "Liver", 2: "Spleen"}}
    )
    many = SimpleNamespace(
        **vars(series(2)) | {"volumes": 3, "segments": dict.fromkeys(range(1, 9), "x")}
    )
    found = SimpleNamespace(series=(timed, framed, many), skipped=0, problems=())
    monkeypatch.setattr(dcs, "scan", lambda _, **__: found, raising=False)
    assert main(["list", "scans"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert rows[1].endswith("  4 volumes in 7.5 s")
    assert rows[2].endswith("  2 segments (1 Liver, 2 Spleen), 40 frames")
    assert rows[3].endswith("  3 volumes, 8 segments")
    assert main(["list", "scans", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["series"]
    assert [one["volumes"] for one in listed] == [4, 1, 3]
    assert (listed[0]["times_s"], listed[1]["times_s"]) == ([0, 2.5, 5, 7.5], None)
    assert (listed[1]["frames"], listed[1]["segments"]) == (40, {"1": "Liver", "2": "Spleen"})


def test_tags_can_leave_private_ones_out(monkeypatch, capsys):
    found = {"PatientID": "42", "(0029,1010) ACME": b"\x00\x01"}
    monkeypatch.setattr(dcs, "tags", lambda *_, **__: found, raising=False)
    assert main(["tags", "x", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"PatientID": "42", "(0029,1010) ACME": "0001"}
    assert main(["tags", "x", "--no-private"]) == 0
    assert capsys.readouterr().out == "PatientID: 42\n"


@pytest.mark.parametrize(("flags", "values"), [([], "real"), (["--stored"], "stored")])
def test_read_saves_what_was_asked_for(monkeypatch, capsys, tmp_path, flags, values):
    asked = {}
    array = np.arange(60, dtype="int16").reshape(3, 4, 5)
    grid = dcs.Grid(shape=(3, 4, 5), spacing_mm=(2.5, 3.5, 4.5))
    tags = SimpleNamespace(shared={}, paths=())
    tags.of_volumes = lambda *_: tags
    volume = dcs.SeriesVolume(slabs=array_frames(array), tags=tags, grid=grid)
    monkeypatch.setattr(
        dcs,
        "read",
        lambda path, **options: asked.update(options, path=path) or volume,
        raising=False,
    )
    out = tmp_path / "volume.npz"
    assert main(["read", "scans", str(out), "--series", "1.2", "--json", *flags]) == 0
    assert asked == {
        "path": "scans",
        "progress": None,
        "series": "1.2",
        "values": values,
        "slices": None,
        "stack": None,
        "even": None,
        "onto": None,
        "resample": None,
        "fill": None,
        "same_space": False,
        "workers": None,
        "storage_options": None,
    }
    assert json.loads(capsys.readouterr().out)["shape"] == [3, 4, 5]
    with np.load(out) as saved:
        np.testing.assert_array_equal(saved["array"], array)


@pytest.fixture
def timed(monkeypatch):
    """Let `read` return two volumes of three slices, 2.5 s apart."""
    array = np.arange(120, dtype="int16").reshape(6, 4, 5)
    grid = dcs.Grid(shape=(3, 4, 5), spacing_mm=(2.5, 3.5, 4.5))
    tags = SimpleNamespace(shared={}, paths=())
    tags.of_volumes = lambda *_: tags
    volume = dcs.SeriesVolume(
        slabs=array_frames(array), tags=tags, grid=grid, volumes=2, times_s=(0, 2.5)
    )
    monkeypatch.setattr(dcs, "read", lambda *_, **__: volume, raising=False)
    return volume


def test_read_saves_all_volumes_with_their_times(timed, capsys, tmp_path):
    out = tmp_path / "volumes.npz"
    assert main(["read", "scans", str(out)]) == 0
    assert "2 volumes of 3 x 4 x 5 int16" in capsys.readouterr().out
    with np.load(out) as saved:
        np.testing.assert_array_equal(saved["array"], timed.array)
        assert saved["times_s"].tolist() == [0, 2.5]
    assert main(["read", "scans", str(out), "--overwrite", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["shape"], record["volumes"], record["times_s"]) == ([2, 3, 4, 5], 2, [0, 2.5])


def test_read_saves_the_one_volume_that_is_chosen(timed, capsys, tmp_path):
    out = tmp_path / "one.npz"
    assert main(["read", "scans", str(out), "--time-point", "1", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["shape"], record["volumes"], record["times_s"]) == ([3, 4, 5], 1, None)
    with np.load(out) as saved:
        np.testing.assert_array_equal(saved["array"], timed.array[1])


@pytest.mark.parametrize(
    ("text", "slices"),
    [
        ("1:", slice(1, None)),
        ("0:3:2", slice(0, 3, 2)),
        ("-2:", slice(-2, None)),
        (":", slice(None)),
        ("2", 2),
    ],
)
def test_read_asks_for_the_slices_that_are_named(timed, monkeypatch, tmp_path, text, slices):
    asked = {}
    monkeypatch.setattr(
        dcs, "read", lambda *_, **options: asked.update(options) or timed, raising=False
    )
    assert (
        main(["read", "scans", str(tmp_path / "a.npz"), f"--slices={text}", "--workers", "2"]) == 0
    )
    assert (asked["slices"], asked["workers"]) == (slices, 2)


@pytest.mark.parametrize("text", ["a", "1:2:3:4", "", "1.5:2", "1,2"])
def test_read_rejects_slices_that_it_cannot_read(timed, capsys, tmp_path, text):
    assert main(["read", "scans", str(tmp_path / "a.npz"), "--slices", text]) == 3
    assert "--slices 0:400:4" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("index", ["2", "-1"])
def test_read_rejects_a_volume_that_is_not_there(timed, capsys, tmp_path, index):
    assert main(["read", "scans", str(tmp_path / "a.npz"), "--time-point", index]) == 3
    assert "0 to 1" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_doctor_never_fails_and_names_the_pip_line(monkeypatch, capsys):
    from dicomseries.cli.commands import doctor_command

    monkeypatch.setattr(doctor_command, "_version", lambda name: "" if name == "nibabel" else "1.0")
    monkeypatch.setattr("dicomseries.checks.find_program", lambda _: None)
    assert main(["doctor"]) == 0
    assert "pip install nibabel" in capsys.readouterr().out
    assert main(["doctor", "--json"]) == 0
    parts = {part["name"]: part for part in json.loads(capsys.readouterr().out)["parts"]}
    assert not parts["nibabel"]["here"]
    assert not parts["dciodvfy"]["here"]
    assert parts["numpy"]["here"]


def test_without_a_command_the_help_comes_and_the_code_of_usage(capsys):
    assert main([]) == 2
    seen = capsys.readouterr()
    assert seen.out == ""
    assert all(name in seen.err for name in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_examples_that_parse(capsys, command):
    assert main([command, "--help"]) == 0
    text = capsys.readouterr().out
    examples = re.findall(
        rf"^ *dicomseries ({command} .*|{command})$", text.partition("Examples:")[2], re.MULTILINE
    )
    assert examples
    known = app.get_command(click.Context(app), command)
    for example in examples:
        words = [word for word in shlex.split(example.partition("|")[0])[1:] if word != "--json"]
        known.make_context(command, words)


@pytest.mark.parametrize("command", ["write", "derive"])
def test_help_fits_a_screen_and_names_the_help_with_all_options(capsys, command):
    assert main([command, "--help"]) == 0
    text = capsys.readouterr().out
    assert len(text.splitlines()) <= 56
    assert all(name in text for name in ("--kind", "--set", "--help-all", *KIND_NAMES))
    assert "--storage-options" not in text


@pytest.mark.parametrize(
    ("command", "flag"), [("write", "--help-all"), ("derive", "--help-all"), ("check", "--help")]
)
def test_long_help_comes_in_sections_that_leave_out_no_option(capsys, command, flag):
    assert main([command, flag]) == 0
    text = capsys.readouterr().out
    sections = re.findall(r"^(\w.*):$", text, re.MULTILINE)
    assert sections[0] == "Arguments"
    assert len(sections) == len(set(sections)) > 2
    for parameter in app.get_command(click.Context(app), command).params:
        assert not parameter.opts[0].startswith("--") or f"  {parameter.opts[0]} " in text


def test_help_of_write_lists_every_kind(capsys):
    assert main(["write", "--help-all"]) == 0
    listed = capsys.readouterr().out.partition("Kinds:")[2].partition("Examples:")[0]
    assert re.findall(r"^ {4}(\w+)", listed, re.MULTILINE) == KIND_NAMES


def test_help_is_light():
    heavy = (
        "SimpleITK",
        "dask",
        "h5py",
        "highdicom",
        "nibabel",
        "rich",
        "tifffile",
        "torch",
        "xarray",
        "zarr",
    )
    code = f"""
import sys
from dicomseries.cli import main
main(["write", "--help"])
sys.exit(", ".join(name for name in {heavy!r} if name in sys.modules) or None)
"""
    ended = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        encoding="utf-8",
        check=False,
        env=SOURCE_TREE,
    )
    assert ended.stderr.strip() == ""
    assert ended.returncode == 0


def test_the_package_can_be_run_as_a_module():
    words = [sys.executable, "-m", "dicomseries", "--version"]
    ended = subprocess.run(
        words, capture_output=True, encoding="utf-8", check=False, env=SOURCE_TREE
    )
    assert ended.returncode == 0
    assert ended.stdout.startswith("dicomseries ")


@pytest.mark.parametrize(
    ("words", "command", "remedy"),
    [
        (
            ["write", "a.npy", "out", "--spacing", "1", "1"],
            "dicomseries write",
            "Write 3 values after --spacing",
        ),
        (
            ["derive", "a", "b.npy", "out", "--origin", "1,1,1"],
            "dicomseries derive",
            "Write 3 values after --origin",
        ),
        (["write", "a.npy", "out", "--kind"], "dicomseries write", "See dicomseries write --help"),
    ],
)
def test_an_option_with_too_few_values_names_its_command_and_what_to_type(
    capsys, words, command, remedy
):
    assert main([*words, "--json"]) == 2
    error = json.loads(capsys.readouterr().err)["error"]
    assert error["where"] == command
    assert error["remedy"].startswith(remedy)


def test_tags_of_many_slices_stay_readable(tmp_path, capsys):
    array = np.arange(100 * 4 * 5, dtype="int16").reshape(100, 4, 5)
    dcs.write(array, tmp_path / "out", kind="CT", spacing=(1, 1, 2), sync=False)
    assert main(["tags", str(tmp_path / "out")]) == 0
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) < 400
    assert "…, [0.0, 0.0, 198.0]] (100 values)" in shown
    assert main(["tags", str(tmp_path / "out"), "--all"]) == 0
    assert "[0.0, 0.0, 100.0]" in capsys.readouterr().out


def test_an_unknown_kind_names_the_option(capsys, tmp_path):
    np.save(tmp_path / "v.npy", np.zeros((2, 3, 4), "int16"))
    words = ["write", str(tmp_path / "v.npy"), str(tmp_path / "out"), "--spacing", "1", "1", "1"]
    assert main([*words, "--kind", "foo"]) == 3
    assert "  where     --kind\n" in capsys.readouterr().err
    assert main([*words, "--kind", "foo", "--json"]) == 3
    assert json.loads(capsys.readouterr().err)["error"]["where"] == "kind"
