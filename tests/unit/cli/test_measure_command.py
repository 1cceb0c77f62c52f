"""``dicomseries measure``: tables, CSV, JSON, reports and wrong words."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.cli import main


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A folder with ``ct`` and ``seg``: a liver of 24 voxels."""
    folder = tmp_path_factory.mktemp("study")
    array = np.arange(3 * 6 * 8, dtype="int16").reshape(3, 6, 8)
    metadata = {"PatientID": "42", "RescaleType": "HU"}
    dcs.write(array, folder / "ct", kind="CT", spacing=(1, 1, 2), metadata=metadata)
    labels = np.zeros(array.shape, "uint8")
    labels[1, 1:4] = 1
    dcs.write(
        labels, folder / "seg", kind="Segmentation", like=folder / "ct", segments={1: "Liver"}
    )
    return folder


@pytest.fixture
def run(study, monkeypatch, capsys):
    """Run a command in the folder; return its exit code and its output."""

    def command(*words):
        monkeypatch.chdir(study)
        code = main(list(map(str, words)))
        return code, *capsys.readouterr()

    return command


def test_numbers_are_shown_and_nothing_is_written(run, study):
    code, text, _ = run("measure", "seg", "--source", "ct", "--percentiles", "50")
    assert code == 0
    assert "6 numbers of 1 segment, no report written" in text
    assert "Attenuation Coefficient, Median" in text
    assert "67.5" in text
    assert sorted(path.name for path in study.iterdir()) == ["ct", "seg"]


def test_a_report_is_written_and_read_as_csv_and_json(run, tmp_path):
    report, table = tmp_path / "report", tmp_path / "numbers.csv"
    words = ["--source", "ct", "--csv", table, "--model-name", "Net", "--description", "Liver"]
    code, text, _ = run("measure", "seg", report, *words, "--numbers", numbers_file(tmp_path))
    assert code == 0
    assert "verified: the report was read back and compared" in text
    assert dcs.tags(report)["SeriesDescription"] == "Liver (Net)"
    lines = table.read_text(encoding="utf-8")
    code, text, _ = run("measure", report, "--read", "--csv", "-")
    assert (code, text) == (0, lines)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert (rows[0]["quantity"], rows[0]["value"], rows[0]["unit"]) == ("Volume", "48", "mm3")
    assert (rows[-1]["quantity_code"], rows[-1]["value"]) == ("DCM:110830", "3.2")
    code, text, _ = run("measure", report, "--read", "--json")
    measured = json.loads(text)["measurements"]
    assert [row["value"] for row in measured] == [float(row["value"]) for row in rows]


def numbers_file(folder):
    path = folder / "further.toml"
    path.write_text('[Liver]\nElasticity = [3.2, "kPa"]\n', encoding="utf-8")
    return path


def test_json_holds_the_receipt_with_every_number(run, tmp_path):
    code, text, _ = run("measure", "seg", tmp_path / "report", "--source", "ct", "--json")
    receipt = json.loads(text)
    assert code == 0
    assert (receipt["verified"], receipt["measurements"][0]["value"]) == (True, 48)
    assert receipt["measurements"][1]["statistic"]["meaning"] == "Mean"
    assert receipt["instance_uid"] == dcs.tags(tmp_path / "report")["SOPInstanceUID"]


@pytest.mark.parametrize(
    ("words", "exit_code", "part"),
    [
        (["seg"], 2, "Add --source FOLDER"),
        (["seg", "--read", "--source", "ct"], 2, "--source or OUT beside --read"),
        (["seg", "--source", "ct", "--percentiles", "ten"], 2, "--percentiles 10,50,90"),
        (["seg", "--source", "ct", "--percentiles", "101"], 3, "numbers from 0 to 100"),
        (["seg", "--source", "ct", "--threshold", "0.5"], 3, "--threshold"),
        (["seg", "--source", "ct", "--units", "HU"], 3, "[hnsf'U]"),
        (["ct", "--source", "ct"], 3, "a Segmentation"),
        (["ct", "--read"], 3, "no measurements"),
        (["seg", "--source", "nowhere"], 3, "does not contain a DICOM series"),
    ],
)
def test_wrong_words_end_with_one_block_and_write_nothing(run, study, words, exit_code, part):
    code, text, errors = run("measure", *words)
    assert (code, text) == (exit_code, "")
    assert errors.startswith("error: ")
    assert "Traceback" not in errors
    assert part in errors
    assert sorted(path.name for path in study.iterdir()) == ["ct", "seg"]


def test_a_csv_file_is_not_replaced_without_overwrite(run, tmp_path):
    table = tmp_path / "numbers.csv"
    table.write_text("mine", encoding="utf-8")
    code, _, errors = run("measure", "seg", "--source", "ct", "--csv", table)
    assert (code, table.read_text(encoding="utf-8")) == (3, "mine")
    assert "numbers.csv" in errors
    code, _, _ = run("measure", "seg", "--source", "ct", "--csv", table, "--overwrite")
    assert code == 0
    assert table.read_text(encoding="utf-8").startswith("segment,label")


def test_list_shows_a_report_beside_images_without_a_size_or_a_note(run, study, tmp_path):
    dcs.measure(study / "seg", source=study / "ct", out=tmp_path / "report")
    code, text, errors = run("list", tmp_path)
    assert (code, errors) == (0, "")
    line = next(line for line in text.splitlines() if " SR " in line)
    assert line.split()[1:] == ["SR", "Measurements", "1", "no", "pixels"]
