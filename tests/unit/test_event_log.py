"""The logger `dicomseries`: what it says, and that it knows nothing of patients."""

from __future__ import annotations

import json
import logging

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.cli import main
from dicomseries.event_log import without_texts

PLANTED = "Zebedee"
TEXTS = {
    "PatientName": "Zebedee^Zoe",
    "PatientID": "ZEBEDEE-77",
    "PatientBirthDate": "19010203",
    "PatientComments": "Zebedee was here",
    "StudyDate": "20010203",
    "StudyTime": "121314",
    "StudyID": "Zebedee1",
    "StudyDescription": "head of Zebedee",
    "SeriesDescription": "Zebedee again",
    "AccessionNumber": "ZEBEDEE9",
    "ReferringPhysicianName": "Zebedee^Dr",
    "InstitutionName": "Zebedee Hospital",
    "OperatorsName": "Zebedee^Op",
    "ProtocolName": "Zebedee protocol",
    "PatientAddress": "Zebedee Street",
    "ImageComments": "Zebedee image",
    "ContentDate": "19020304",
    "AcquisitionDate": "19030405",
}
PRIVATE = ("zebedee", "zoe", "19010203", "20010203", "19020304", "19030405", "121314", "-77")
ARRAY = np.arange(60, dtype="int16").reshape(3, 4, 5)
GRID = {"kind": "CT", "spacing": (0.7, 0.7, 2.5)}


def leaks(records):
    text = "\n".join(f"{record.getMessage()} {record.args}" for record in records).lower()
    return [word for word in PRIVATE if word in text]


def test_no_level_has_patient_data_or_paths(caplog, tmp_path):
    caplog.set_level(logging.DEBUG, logger="dicomseries")
    folder = tmp_path / "Zebedee Zoe"
    folder.mkdir()
    np.save(folder / "zebedee.npy", ARRAY)
    dcs.write(folder / "zebedee.npy", folder / "scan", **GRID, metadata=TEXTS)
    scan = dcs.read(folder / "scan")
    dcs.check(folder / "scan", validators=False, against=ARRAY + 1)
    dcs.write(
        scan.array,
        folder / "derived",
        like=folder / "scan",
        model={"name": "Zebedee"},
        description="Zebedee result",
        keep_private=["ZEBEDEE PRIVATE"],
    )
    labels = {1: {"label": "Zebedee", "description": "of Zebedee"}}
    dcs.write(scan.array > 9, folder / "seg", like=scan, kind="Segmentation", segments=labels)
    with pytest.raises(dcs.DicomSeriesError):
        dcs.write(ARRAY, folder / "scan", **GRID, metadata=TEXTS)
    with pytest.raises(dcs.DicomSeriesError):
        dcs.read(folder / "nothing of Zebedee")
    assert {record.levelname for record in caplog.records} == {"DEBUG", "INFO", "WARNING"}
    assert len(caplog.records) > 20
    assert leaks(caplog.records) == []


@pytest.mark.parametrize(
    "sentence",
    [
        "SeriesTime of the source (20010203 121314) contradicts its acquisition (20010203 121314).",
        "StudyID differs within the source: Zebedee, Zoe B. The result has none.",
        "PatientName of the source (Zebedee^Zoe) is left out.",
        "The image of /data/zebedee/zoe.nii.gz has no place, nor has zebedee.nii.",
        'Give `segments={1: {"label": "Zebedee"}}`, not \'Zoe\'.',
        "The date is 19010203, or 1901-02-03, and the number 1.2.840.19010203.1.",
    ],
)
def test_values_in_sentences_are_hidden(sentence):
    shown = without_texts(sentence).lower()
    assert [word for word in (*PRIVATE, "1901") if word in shown] == []


def test_known_texts_are_hidden_wherever_they_are():
    assert without_texts("Zoe is Zebedee B, not Zoete", ["Zoe", "Zebedee B"]) == "… is …, not Zoete"


def test_ordinary_advice_stays_readable():
    sentence = "2000 s between volumes: `times=` is in seconds. Give `clip=(-1, 3)`, in mm2/s."
    assert without_texts(sentence) == sentence


def test_advice_is_a_warning_and_stages_are_information(caplog, tmp_path):
    caplog.set_level(logging.INFO, logger="dicomseries")
    receipt = dcs.write(ARRAY.astype("float32") / 7, tmp_path / "out", **GRID)
    warned = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warned) == len(receipt.advice) > 0
    assert not any("\n" in record.getMessage() for record in warned)
    dcs.read(tmp_path / "out")
    dcs.check(tmp_path / "out", validators=False)
    stages = " / ".join(r.getMessage() for r in caplog.records if r.levelno == logging.INFO)
    words = ("opened", "planned 3 files", "wrote 3 files", "verified", "published", "read 3 files")
    places = [stages.index(word) for word in (*words, "checked: 0 errors")]
    assert places == sorted(places)


def test_nothing_is_printed_without_configuration(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    receipt = dcs.write(ARRAY.astype("float32") / 7, tmp_path / "out", **GRID)
    assert receipt.advice
    assert capsys.readouterr() == ("", "")


def test_verbose_commands_log_on_stderr_and_leave_stdout_to_the_result(capsys, tmp_path):
    np.save(tmp_path / "a.npy", ARRAY)
    words = ["--kind", "ct", "--spacing", "0.7", "0.7", "2.5", "--json"]
    command = ["write", str(tmp_path / "a.npy")]
    assert main([*command, str(tmp_path / "out"), *words, "-v"]) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["files"] == 3
    lines = [json.loads(line) for line in shown.err.splitlines()]
    assert {line["level"] for line in lines if "log" in line} == {"info"}
    assert main([*command, str(tmp_path / "again"), *words[:-1], "-vv"]) == 0
    assert "\ndebug: write: " in capsys.readouterr().err
    assert main([*command, str(tmp_path / "third"), *words[:-1]]) == 0
    assert "info:" not in capsys.readouterr().err


def test_a_plan_logs_its_stages_and_advice(caplog):
    caplog.set_level(logging.INFO, logger="dicomseries")
    dcs.plan(ARRAY, **GRID, metadata=TEXTS)
    messages = [record.getMessage() for record in caplog.records]
    assert messages[:2] == [
        "plan: opened an array of 3x4x5, int16",
        "plan: planned 3 files of kind CT",
    ]
    assert any(message.startswith("advice: RescaleType") for message in messages)
    assert leaks(caplog.records) == []
