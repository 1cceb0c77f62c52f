"""`send` and `list` on the command line: exit codes, JSON, and no secret anywhere."""

from __future__ import annotations

import json

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.cli import main
from dicomseries.network.dicomweb import WebPeer
from dicomseries.network.dimse import DimsePeer
from fake_archive import ARRAY, URL

TOKEN = "Bearer s3cr3t-t0ken"  # noqa: S105 - of a test


def test_a_series_is_sent_with_a_line_of_counts(archive, ct, capsys):
    assert main(["send", str(ct), URL]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"5 of 5 instances in {URL}: 5 stored, ")
    assert main(["send", str(ct), URL, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["counts"] == {"present": 5}
    assert len(record["instances"]) == 5
    assert len(archive.sent) == 5


def test_a_partial_failure_exits_with_4_and_lists_what_is_there(archive, ct, tmp_path, capsys):
    archive.lost_after = 2
    receipt = tmp_path / "sent.json"
    assert main(["send", str(ct), URL, "--receipt", str(receipt)]) == 4
    answer = capsys.readouterr()
    assert "2 stored, 3 failed" in answer.out
    assert "error: instances not stored" in answer.err
    assert json.loads(receipt.read_text(encoding="utf-8"))["counts"] == {"stored": 2, "failed": 3}
    archive.kept.clear()
    archive.sent.clear()
    assert main(["send", str(ct), URL, "--json"]) == 4
    answer = capsys.readouterr()
    assert answer.out == ""
    error = json.loads(answer.err.splitlines()[-1])["error"]
    assert error["receipt"]["counts"] == {"stored": 2, "failed": 3}
    assert [entry["outcome"] for entry in error["receipt"]["instances"]] == ["failed"] * 3


def test_ctrl_c_says_what_the_archive_has_kept(archive, ct, capsys):
    archive.interrupt_after = 3
    assert main(["send", str(ct), URL]) == 130
    assert f"interrupted; {URL} has kept 3 of 5 instances" in capsys.readouterr().err


def test_ctrl_c_in_a_write_says_what_the_archive_has_kept(archive, tmp_path, capsys):
    archive.interrupt_after = 3
    np.save(tmp_path / "array.npy", ARRAY)
    words = ["write", str(tmp_path / "array.npy"), URL, "--kind", "ct", "--spacing", "1", "1", "2"]
    assert main(words) == 130
    assert "has kept 3 of 5 instances" in capsys.readouterr().err


def test_a_dry_run_sends_nothing(archive, ct, capsys):
    assert main(["send", str(ct), URL, "--dry-run"]) == 0
    assert "5 to send; nothing was sent" in capsys.readouterr().out
    assert not archive.sent


def test_the_calling_title_is_part_of_the_url(ct, monkeypatch, capsys):
    urls = []

    def at(url, options):
        urls.append((url, dict(options)))
        raise KeyboardInterrupt

    monkeypatch.setattr(DimsePeer, "at", at)
    words = ["send", str(ct), URL, "--calling", "ME", "--timeout", "5", "--associations", "2"]
    assert main(words) == 130
    assert urls == [(f"{URL}?calling=ME", {"timeout": 5.0, "associations": 2})]
    assert main(["send", str(ct), "https://host/dicom-web", "--calling", "ME"]) == 2
    assert "calling" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "options"),
    [
        (TOKEN, {"auth": TOKEN}),
        (
            "X-Api-Key: s3cr3t\nX-Site: north\n",
            {"headers": {"X-Api-Key": "s3cr3t", "X-Site": "north"}},
        ),
    ],
)
def test_secrets_come_from_a_file(ct, tmp_path, monkeypatch, text, options):
    given = []

    def at(_, settings):
        given.append(dict(settings))
        raise KeyboardInterrupt

    monkeypatch.setattr(WebPeer, "at", at)
    path = tmp_path / "auth.txt"
    path.write_text(text, encoding="utf-8")
    words = ["send", str(ct), "https://host/dicom-web", "--auth-file", str(path)]
    assert main(words) == 130
    assert given == [options]


def test_a_secret_on_the_command_line_is_rejected_and_not_shown(ct, capsys):
    words = ["send", str(ct), "https://host/dicom-web", "--storage-options", f"auth={TOKEN}"]
    assert main(words) == 2
    answer = capsys.readouterr()
    assert "s3cr3t" not in answer.out + answer.err
    assert "DICOMSERIES_AUTHORIZATION" in answer.err


def test_an_auth_file_that_is_neither_is_rejected_without_its_content(ct, tmp_path, capsys):
    path = tmp_path / "auth.txt"
    path.write_text(f"{TOKEN}\nand more\n", encoding="utf-8")
    words = ["send", str(ct), "https://host/dicom-web", "--auth-file", str(path)]
    assert main(words) == 2
    assert "s3cr3t" not in capsys.readouterr().err
    assert main([*words[:-1], str(tmp_path / "absent.txt")]) == 2


def test_studies_and_series_of_an_archive_are_listed(archive, ct, capsys):
    receipt = dcs.send(ct, URL)
    [study] = dcs.find(URL)
    assert main(["list", URL]) == 0
    text = capsys.readouterr().out
    assert study.url in text
    assert f"1 study in {URL}" in text
    assert main(["list", study.url, "--json"]) == 0
    [entry] = json.loads(capsys.readouterr().out)["entries"]
    assert entry["series_uid"] == receipt.instances[0].series_uid
    assert main(["list", entry["url"]]) == 0
    assert "7x6x5" in capsys.readouterr().out


def test_filters_are_for_archives_alone(ct, capsys):
    assert main(["list", str(ct), "--patient", "42"]) == 2
    assert "filter without archive" in capsys.readouterr().err


def test_a_page_about_a_write_shows_the_series_in_the_archive(archive, tmp_path, capsys):
    np.save(tmp_path / "array.npy", ARRAY)
    words = ["write", str(tmp_path / "array.npy"), URL, "--kind", "ct", "--spacing", "1", "1", "2"]
    assert main([*words, "--report", str(tmp_path / "page.html"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["delivery"]["counts"] == {"stored": 5}
    assert "data:image/png" in (tmp_path / "page.html").read_text(encoding="utf-8")
    assert len(archive.kept) == 5


def test_a_report_of_numbers_and_a_picture_are_sent(archive, ct, tmp_path):
    seg = tmp_path / "seg"
    dcs.write((ARRAY > 0).astype("uint8"), seg, kind="Segmentation", like=ct, sync=False)
    receipt = dcs.measure(seg, source=ct, out=URL)
    assert (receipt.out, len(archive.kept)) == (URL, 1)
    picture = dcs.picture(seg, ct, URL)
    assert picture.delivery.is_complete
    assert len(archive.kept) == 1 + picture.files
