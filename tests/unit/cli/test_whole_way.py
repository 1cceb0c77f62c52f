"""The command line for real: write, find, check, read back."""

from __future__ import annotations

import json
import shlex

import numpy as np
import pydicom
import pytest

import dicomseries as dcs
from dicomseries.cli import main

OBLIQUE = ["--direction", "0.8", "0.6", "0", "0", "0", "-1", "--origin", "-12.5", "3.25", "40"]


@pytest.fixture
def volume(tmp_path, monkeypatch, rng):
    """A folder to work in, with ``volume.npy`` in it."""
    monkeypatch.chdir(tmp_path)
    array = rng.integers(-1000, 3000, (4, 5, 6), dtype="int16")
    np.save("volume.npy", array)
    return array


def run(capsys, words):
    """Run one command that must succeed and return its object."""
    code = main([*(words if isinstance(words, list) else shlex.split(words)), "--json"])
    seen = capsys.readouterr()
    assert code == 0, seen.err
    return json.loads(seen.out)


def write(capsys, *more):
    words = [
        "write",
        "volume.npy",
        "out",
        "--kind",
        "ct",
        "--spacing",
        "0.7",
        "1.1",
        "2.5",
        *OBLIQUE,
        *more,
    ]
    return run(capsys, words)


def test_what_was_written_is_listed_with_its_geometry(volume, capsys):
    receipt = write(capsys, "--set", "SeriesDescription=Head")
    (listed,) = run(capsys, "list .")["series"]
    assert listed["series_uid"] == receipt["series_uid"]
    assert listed["description"] == "Head"
    assert listed["size"] == [6, 5, 4]
    assert len(listed["files"]) == 4
    np.testing.assert_allclose(listed["spacing_mm"], (0.7, 1.1, 2.5), rtol=1e-9)
    assert main(["list", "."]) == 0
    assert "6x5x4" in capsys.readouterr().out


def test_what_was_written_passes_its_check_against_the_input(volume, capsys):
    write(capsys)
    words = ["check", "out", "--against", "volume.npy", "--spacing", "0.7", "1.1", "2.5", *OBLIQUE]
    assert run(capsys, words)["errors"] == 0


def test_a_check_against_a_bare_array_compares_the_values(volume, capsys):
    write(capsys)
    assert run(capsys, "check out --against volume.npy --no-validators")["errors"] == 0
    np.save("other.npy", volume + 1)
    assert main(shlex.split("check out --against other.npy --no-validators")) == 1


def test_a_check_against_another_array_finds_the_difference(volume, capsys):
    write(capsys)
    other = volume.copy()
    other[2, 1, 3] += 1
    np.save("other.npy", other)
    words = ["check", "out", "--against", "other.npy", "--spacing", "0.7", "1.1", "2.5", *OBLIQUE]
    assert main(words) == 1
    assert "error" in capsys.readouterr().out


@pytest.mark.parametrize(
    "name", ["a.npy", "a.npz", "a.nii.gz", "a.nrrd", "a.mha", "a.zarr", "a.tif"]
)
def test_a_series_is_read_to_a_file_and_written_from_it_again(volume, capsys, name):
    write(capsys)
    record = run(capsys, f"read out {name}")
    assert record["shape"] == [4, 5, 6]
    again = ["write", name, "again", "--kind", "ct"]
    if name == "a.npy":  # an array, and nothing beside it
        again += ["--spacing", "0.7", "1.1", "2.5", *OBLIQUE]
    run(capsys, again)
    first, second = dcs.read("out"), dcs.read("again")
    np.testing.assert_array_equal(second.array, volume)
    np.testing.assert_allclose(second.grid.affine(), first.grid.affine(), atol=1e-5)


def test_stored_values_are_read_on_request(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    np.save("volume.npy", np.linspace(-3.2, 3.2, 120).reshape(4, 5, 6))
    run(capsys, "write volume.npy out --kind mr --spacing 1 1 2")
    stored = run(capsys, "read out stored.npy --stored")
    real = run(capsys, "read out real.npy")
    assert np.issubdtype(np.load("stored.npy").dtype, np.integer)
    scaled = np.load("stored.npy") * stored["slope"] + stored["intercept"]
    np.testing.assert_allclose(np.load("real.npy"), scaled, atol=1e-9)
    assert (real["slope"], real["intercept"]) == (1, 0)


def test_tags_are_those_pydicom_reads(volume, capsys):
    write(capsys, "--set", "PatientName=Doe^Jane", "--set", "PatientID=42")
    first = min(dcs.scan("out").series[0].paths)
    found = run(capsys, ["tags", str(first)])
    assert found["PatientName"] == "Doe^Jane"
    assert found["PatientID"] == "42"
    assert found["SOPInstanceUID"] == pydicom.dcmread(first).SOPInstanceUID


def test_the_same_command_makes_the_same_bytes_again(volume, capsys):
    for out in ("one", "two"):
        words = "--kind ct --spacing 1 1 2 --uid content --now 2024-01-31T12:00:00"
        run(capsys, f"write volume.npy {out} {words}")
    one, two = (
        sorted(p.read_bytes() for p in dcs.scan(out).series[0].paths) for out in ("one", "two")
    )
    assert one == two


def test_a_dry_run_shows_the_plan_and_makes_nothing(volume, capsys, tmp_path):
    plan = run(capsys, "write volume.npy out --kind ct --spacing 1 1 2 --dry-run")
    assert plan
    assert main(shlex.split("write volume.npy out --kind ct --spacing 1 1 2 --dry-run")) == 0
    assert "4 files" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["volume.npy"]


def test_an_existing_series_is_replaced_only_on_request(volume, capsys):
    first = write(capsys)
    assert main(shlex.split("write volume.npy out --kind ct --spacing 1 1 2")) == 3
    capsys.readouterr()
    second = write(capsys, "--overwrite")
    (listed,) = run(capsys, "list out")["series"]
    assert listed["series_uid"] == second["series_uid"] != first["series_uid"]


def test_the_demo_proves_both_dtypes(tmp_path, capsys):
    assert main(["demo", str(tmp_path / "out")]) == 0
    text = capsys.readouterr().out
    assert text.count("(2.5, 3.5, 4.5) vs (2.5, 3.5, 4.5)") == 2
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["float64", "int16"]


@pytest.mark.parametrize(("dtype", "bound"), [("int16", 0.0), ("float64", 0.0005)])
def test_the_demo_of_one_dtype_keeps_its_bound(tmp_path, capsys, dtype, bound):
    (record,) = run(capsys, ["demo", str(tmp_path / "out"), dtype])["runs"]
    assert record["error_found"] <= record["max_error"] <= bound * (1 + 1e-9)
    assert record["found_files"] == 3
    assert record["spacing_read_mm"] == [2.5, 3.5, 4.5]
    assert record["tags"] > 40
    image = pydicom.dcmread(next((tmp_path / "out").iterdir()))
    assert image.Modality == "CT"
    assert image.ImageType[0] == "DERIVED"


def test_advice_speaks_of_options(volume, capsys):
    assert any("--set RescaleType=HU" in text for text in write(capsys)["advice"])
    assert (
        main(
            ["write", "volume.npy", "plan", "--kind", "ct", "--spacing", "1", "1", "2", "--dry-run"]
        )
        == 0
    )
    shown = capsys.readouterr().out
    assert "--set RescaleType=HU" in shown
    assert "metadata=" not in shown
