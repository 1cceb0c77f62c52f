"""A batch writes what single writes do, goes on after a stop, and reports."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.api.folders import batch_run
from dicomseries.batch import read_jobs
from dicomseries.cli import main
from dicomseries.errors import OptionError, TargetError

COMMON = {"kind": "CT", "spacing": [0.7, 0.9, 2.5], "uid": "content", "sync": False}


def make(folder: Path, count: int, **more: object) -> Path:
    """Make arrays and their list of jobs: two for each study."""
    lines: list[object] = [{"defaults": {**COMMON, **more}}]
    for index in range(count):
        array = np.arange(60, dtype="int16").reshape(3, 4, 5) + index
        np.save(folder / f"{index}.npy", array)
        patient = f"P{index // 2}"
        job = {"source": f"{index}.npy", "out": f"out/{index}", "study": patient}
        lines.append({**job, "PatientID": patient})
    file = folder / "jobs.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return file


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*.dcm"))
    }


def study_of(folder: Path) -> str:
    return dcs.scan(folder).series[0].study_uid


def test_a_batch_writes_the_bytes_of_single_writes(tmp_path):
    report = dcs.batch(make(tmp_path, 4))
    assert (report.done, report.failed, report.series, report.files) == (4, 0, 4, 12)
    assert report.kinds == {"CT": 4}
    for index in range(4):
        uid = {"StudyInstanceUID": study_of(tmp_path / f"out/{index}"), "others": "content"}
        dcs.write(
            tmp_path / f"{index}.npy",
            tmp_path / f"single/{index}",
            **{**COMMON, "uid": uid, "metadata": {"PatientID": f"P{index // 2}"}},
        )
    assert digests(tmp_path / "out") == digests(tmp_path / "single")


def test_jobs_of_one_key_share_the_study_and_nothing_else(tmp_path):
    dcs.batch(make(tmp_path, 4))
    studies = [study_of(tmp_path / f"out/{index}") for index in range(4)]
    assert studies[0] == studies[1] != studies[2] == studies[3]
    scanned = dcs.scan(tmp_path / "out").series
    assert len({series.series_uid for series in scanned}) == 4


def test_the_same_key_in_another_dataset_is_another_study(tmp_path):
    for name, first in (("a", 0), ("b", 7)):
        folder = tmp_path / name
        folder.mkdir()
        file = make(folder, 2)
        np.save(folder / "0.npy", np.full((3, 4, 5), first, "int16"))
        dcs.batch(file)
    assert study_of(tmp_path / "a/out/0") != study_of(tmp_path / "b/out/0")
    for name in ("c", "d"):
        folder = tmp_path / name
        folder.mkdir()
        dcs.batch(make(folder, 2, uid="random"), namespace="doi:10.1/x")
    assert study_of(tmp_path / "c/out/0") == study_of(tmp_path / "d/out/0")
    assert study_of(tmp_path / "c/out/1") != study_of(tmp_path / "a/out/1")


def test_a_frame_of_reference_is_shared_only_where_it_is_stated(tmp_path):
    jobs = []
    for index, frame in enumerate(("one", "one", "")):
        np.save(tmp_path / f"{index}.npy", np.full((3, 4, 5), index, "int16"))
        job = {"source": str(tmp_path / f"{index}.npy"), "out": str(tmp_path / f"o{index}")}
        jobs.append({**job, "frame_of_reference": frame})
    dcs.batch(jobs, records=tmp_path / "record", **COMMON)
    frames = [dcs.tags(tmp_path / f"o{index}")["FrameOfReferenceUID"] for index in range(3)]
    assert frames[0] == frames[1] != frames[2]


def test_done_jobs_are_skipped_and_others_run_again(tmp_path):
    file = make(tmp_path, 6)
    broken = tmp_path / "3.npy"
    content = broken.read_bytes()
    broken.write_bytes(content[:100])  # found when it is opened
    first = dcs.batch(file)
    assert (first.done, first.failed, first.not_run) == (5, 1, 0)
    assert [row.job for row in first.failures] == ["jobs.jsonl, line 5"]
    broken.write_bytes(content)
    shutil.rmtree(tmp_path / "out/1")
    before = (tmp_path / "out/0/0001.dcm").stat().st_mtime_ns
    with pytest.raises(TargetError) as error:
        dcs.batch(file)
    assert error.value.code == "batch-begun-before"
    again = dcs.batch(file, resume=True)
    assert (again.done, again.done_before, again.failed) == (6, 4, 0)
    assert (tmp_path / "out/0/0001.dcm").stat().st_mtime_ns == before
    studies = {study_of(tmp_path / f"out/{index}") for index in (2, 3)}
    assert len(studies) == 1


def test_a_changed_input_of_a_done_job_is_not_passed_over(tmp_path):
    file = make(tmp_path, 2)
    dcs.batch(file)
    np.save(tmp_path / "1.npy", np.zeros((3, 4, 6), "int16"))
    with pytest.raises(OptionError) as error:
        dcs.batch(file, resume=True)
    assert error.value.code == "target-not-empty"
    report = dcs.batch(file, resume=True, dry_run=True, overwrite=True)
    assert (len(report.planned), report.done_before) == (2, 0)  # other options: other jobs


def test_what_was_begun_before_a_kill_is_written_again(tmp_path):
    file = make(tmp_path, 4)
    dcs.batch(file)
    whole = digests(tmp_path / "out")
    record = tmp_path / "jobs.batch/record.jsonl"
    lines = record.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if '"done"' not in line]
    done = [line for line in lines if '"done"' in line]
    # Two targets are there whose lines a kill has cut off, one half written.
    record.write_text("".join([*kept, *done[:2], done[2][:40]]), encoding="utf-8")
    report = dcs.batch(file, resume=True)
    assert (report.done, report.done_before) == (4, 2)
    assert digests(tmp_path / "out") == whole


def test_failed_jobs_can_be_given_again_and_keep_their_study(tmp_path):
    file = make(tmp_path, 4, uid="random")
    content = (tmp_path / "1.npy").read_bytes()
    (tmp_path / "1.npy").write_bytes(content[:100])
    report = dcs.batch(file)
    failed = tmp_path / "jobs.batch/failed.jsonl"
    assert report.failed == len(failed.read_text(encoding="utf-8").splitlines()) == 1
    (tmp_path / "1.npy").write_bytes(content)
    assert dcs.batch(failed).done == 1
    assert study_of(tmp_path / "out/1") == study_of(tmp_path / "out/0")
    dates = {dcs.tags(tmp_path / f"out/{index}")["StudyTime"] for index in range(4)}
    assert len(dates) == 1


def test_stop_on_error_begins_no_further_job(tmp_path):
    file = make(tmp_path, 12)
    (tmp_path / "0.npy").write_bytes((tmp_path / "0.npy").read_bytes()[:100])
    report = dcs.batch(file, keep_going=False, workers=1)
    assert (report.done, report.failed, report.not_run) == (0, 1, 11)
    assert report.summary == "0 of 12 jobs done, 1 failed, 11 not run"


def test_ctrl_c_ends_the_jobs_under_way_and_the_batch_goes_on_later(tmp_path):
    file = make(tmp_path, 10)
    seen = []

    def interrupt(done: int, total: int, what: str) -> None:
        seen.append((total, what))
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="resume=True"):
        dcs.batch(file, workers=2, progress=interrupt)
    assert set(seen) == {(10, "writing series")}
    report = json.loads((tmp_path / "jobs.batch/report.json").read_text(encoding="utf-8"))
    targets = [path for path in (tmp_path / "out").iterdir() if not path.name.startswith(".")]
    assert 3 <= report["done"] == len(targets) < 10
    assert dcs.batch(file, resume=True).done == 10


def test_an_unforeseen_error_of_one_job_does_not_end_the_others(tmp_path, monkeypatch):
    write = batch_run.write

    def failing(source: str, out: str, **keywords: object) -> object:
        if out.endswith("2"):
            message = "a fault of ours"
            raise RuntimeError(message)
        return write(source, out, **keywords)

    monkeypatch.setattr(batch_run, "write", failing)
    report = dcs.batch(make(tmp_path, 4))
    assert (report.done, report.failed) == (3, 1)
    assert report.failures[0].code == "unforeseen"
    assert "a fault of ours" in report.failures[0].reason


def test_two_batches_do_not_use_one_record(tmp_path):
    file = make(tmp_path, 2)

    def nested(done: int, total: int, what: str) -> None:
        with pytest.raises(TargetError) as error:
            dcs.batch(file, resume=True)
        assert error.value.code == "batch-under-way"

    assert dcs.batch(file, progress=nested).done == 2


def test_the_reports_have_every_job_and_the_commonest_advice(tmp_path):
    file = make(tmp_path, 5, kind="MR")
    (tmp_path / "4.npy").write_bytes(b"<script>")
    report = dcs.batch(file)
    folder = tmp_path / "jobs.batch"
    with (folder / "report.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    assert [row["state"] for row in rows] == ["done"] * 4 + ["failed"]
    assert sum(int(row["bytes"]) for row in rows) == report.bytes > 0
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "http" not in page.replace("http-equiv", "")
    assert "<script" not in page
    assert str(tmp_path / "out" / "0") in page
    assert report.advice[0][1] == 4
    record = (folder / "record.jsonl").read_text(encoding="utf-8")
    receipts = list(map(json.loads, record.splitlines()))
    done = [entry for entry in receipts if "done" in entry]
    assert {entry["receipt"]["series_uid"] for entry in done} == {
        series.series_uid for series in dcs.scan(tmp_path / "out").series
    }
    assert "P0" not in (folder / "report.csv").read_text(encoding="utf-8")


def test_a_result_is_derived_from_a_series_of_the_same_batch(tmp_path):
    array = np.arange(60, dtype="int16").reshape(3, 4, 5)
    np.save(tmp_path / "ct.npy", array)
    np.save(tmp_path / "mask.npy", (array > 30).astype("uint8"))
    jobs = [
        {"source": "mask.npy", "out": "seg", "kind": "seg", "like": "ct", "segments": ["Liver"]},
        {"source": "ct.npy", "out": "ct", "kind": "CT", "spacing": [1, 1, 2.5]},
    ]
    file = tmp_path / "jobs.jsonl"
    file.write_text("\n".join(map(json.dumps, jobs)), encoding="utf-8")
    report = dcs.batch(file)
    assert report.kinds == {"Segmentation": 1, "CT": 1}
    assert study_of(tmp_path / "seg") == study_of(tmp_path / "ct")
    assert dcs.batch(file, resume=True).done_before == 2


def test_the_command_writes_goes_on_and_says_how_it_ended(tmp_path, capsys):
    file = make(tmp_path, 4)
    (tmp_path / "3.npy").write_bytes((tmp_path / "3.npy").read_bytes()[:100])
    assert main(["batch", str(file), "--dry-run"]) == 0
    assert capsys.readouterr().out.startswith("4 jobs to write")
    assert not (tmp_path / "out").exists()
    assert main(["batch", str(file), "--json"]) == 4
    shown = json.loads(capsys.readouterr().out)
    assert (shown["done"], shown["failed"]) == (3, 1)
    assert main(["batch", str(file), "--resume", "--stop-on-error"]) == 4
    assert "3 of 4 jobs done (3 before this run), 1 failed" in capsys.readouterr().out
    np.save(tmp_path / "3.npy", np.zeros((3, 4, 5), "int16"))
    assert main(["batch", str(file), "--resume"]) == 0
    assert main(["batch", str(tmp_path / "none.jsonl")]) == 3


def test_ctrl_c_on_the_command_line_says_how_to_go_on(tmp_path, capsys, monkeypatch):
    file = make(tmp_path, 4)
    write = batch_run.write

    def interrupted(source: str, out: str, **keywords: object) -> object:
        if out.endswith("2"):
            raise KeyboardInterrupt
        return write(source, out, **keywords)

    monkeypatch.setattr(batch_run, "write", interrupted)
    assert main(["batch", str(file), "--workers", "1"]) == 130
    note = "note: interrupted; 2 of 4 jobs done, 2 not run; go on with --resume"
    assert note in capsys.readouterr().err.splitlines()
    monkeypatch.setattr(batch_run, "write", write)
    assert main(["batch", str(file), "--resume"]) == 0


def test_secrets_of_urls_and_stores_are_in_no_record(tmp_path):
    file = make(tmp_path, 1)
    line = {"source": "0.npy", "out": "memory://user:hidden8@bucket/series?token=hidden8"}
    file.write_text(json.dumps({**line, **COMMON}), encoding="utf-8")
    dcs.batch(file, storage_options={"key": "hidden8"})
    for path in (tmp_path / "jobs.batch").iterdir():
        if path.name != "failed.jsonl":  # has the jobs as the user wrote them
            assert "hidden8" not in path.read_text(encoding="utf-8"), path.name


def test_jobs_without_options_of_their_own_share_those_of_all(tmp_path):
    file = make(tmp_path, 3)
    text = file.read_text(encoding="utf-8").replace('"PatientID"', '"study"')
    file.write_text(text, encoding="utf-8")
    first, second, _ = read_jobs(file, {}).jobs
    assert first.options is second.options
