"""A batch that is killed, or whose worker is lost, leaves the same bytes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.api.folders import batch_run
from dicomseries.batch import BatchJob, read_jobs
from warm_python import warm_python

FORM = {"kind": "CT", "spacing": [0.7, 0.9, 2.5], "uid": "content", "sync": False}


def make(folder: Path, count: int) -> Path:
    lines = [{"defaults": FORM}]
    for index in range(count):
        np.save(folder / f"{index}.npy", np.arange(60, dtype="int16").reshape(3, 4, 5) + index)
        line = {"source": f"{index}.npy", "out": f"out/{index}", "study": f"s{index // 3}"}
        lines.append(line)
    file = folder / "jobs.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return file


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The files of 24 jobs that nothing disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    dcs.batch(make(folder, 24))
    return digests(folder / "out")


def test_a_task_that_is_repeated_after_its_target_appeared_replaces_it(tmp_path, whole):
    file = make(tmp_path, 3)
    dcs.batch(file)
    before = digests(tmp_path / "out")
    job = read_jobs(file, {}).jobs[1]
    study = dcs.scan(tmp_path / "out/1").series[0].study_uid
    options = {**job.options, "uid": {"StudyInstanceUID": study, "others": "content"}}
    planned = batch_run.PlannedJob(
        job=BatchJob(place="job", number=1, source=job.source, out=job.out, options=options),
        id="1",
        inputs="",
        size=0,
    )
    first = batch_run._written_there(str(tmp_path), {"workers": 1}, planned)
    assert first["code"] == "target-not-empty"  # it was there before the batch began it
    second = batch_run._written_there(str(tmp_path), {"workers": 1}, planned)
    assert second["receipt"]["files"] == 3
    assert digests(tmp_path / "out") == before


KILLED = """
import os, signal, sys
import dicomseries as dcs

def kill(done, total, what):
    if done == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)

dcs.batch(sys.argv[1], progress=kill)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no kill -9")
def test_a_batch_that_is_killed_half_way_goes_on_with_the_same_bytes(tmp_path, whole):
    file = make(tmp_path, 24)
    ended = subprocess.run(
        [warm_python(), "-c", KILLED, str(file), "11"], capture_output=True, check=False
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert 11 <= len(list((tmp_path / "out").glob("[0-9]*"))) < 24
    report = dcs.batch(file, resume=True)
    assert (report.done, report.failed) == (24, 0)
    assert report.done_before >= 11
    assert digests(tmp_path / "out") == whole


CLUSTER = """
import os, signal, sys
import dicomseries as dcs
from distributed import Client, LocalCluster

def kill(done, total, what):
    if done == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    cluster = LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1",
                           dashboard_address=None, silence_logs=50)
    with Client(cluster) as client:
        report = dcs.batch(sys.argv[1], executor=client, progress=kill, resume=True)
        print(report.done, report.done_before, report.failed)
"""


@pytest.mark.endurance
@pytest.mark.timeout(3600)
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no kill -9")
def test_ten_thousand_jobs_on_a_cluster_killed_half_way_have_the_same_bytes(tmp_path):
    pytest.importorskip("distributed")
    count = int(os.environ.get("BATCH_JOBS", "10000"))
    folders = [tmp_path / name for name in ("whole", "killed")]
    files = []
    for folder in folders:
        folder.mkdir()
        files.append(make(folder, count))
    dcs.batch(files[0])
    program = tmp_path / "cluster.py"
    program.write_text(CLUSTER, encoding="utf-8")
    words = [sys.executable, str(program), str(files[1])]
    killed = subprocess.run([*words, str(count // 2)], capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    again = subprocess.run([*words, "-1"], capture_output=True, encoding="utf-8", check=True)
    done, done_before, failed = map(int, again.stdout.split())
    assert (done, failed) == (count, 0)
    assert done_before >= count // 2
    assert digests(folders[0] / "out") == digests(folders[1] / "out")
    with contextlib.suppress(FileNotFoundError):
        assert not list(Path(folders[1], "jobs.batch").glob(".begun-*"))
