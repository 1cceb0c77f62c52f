"""A short sample of `make fuzz` passes, and its limits detect planted faults."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fuzz import corpus

RUN = Path(__file__).with_name("run.py")
PLANTED = """
import os, signal, sys
sys.path.insert(0, {tests!r})
from fuzz import watch
def case(number, folder):
    if number == 1:
        raise KeyError("planted")
    if number == 2:
        os.kill(os.getpid(), signal.SIGSEGV)
    if number == 3:
        bytearray(400 << 20)
    if number == 5:
        while True:
            pass
    return watch.Outcome(group="planted", words=["done"])
watch.MOST_CPU_S, watch._HUNG_CPU_S, watch.MOST_BYTES = 2.0, 3.0, 300 << 20
totals = watch.run_many(case, range(8), seconds=60, workers=2)
for number, fault in sorted(totals.faults):
    print(number, fault)
print(totals.cases, totals.words["planted", "done"])
"""


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], capture_output=True, encoding="utf-8", check=False, timeout=200
    )


def test_the_files_that_mutations_begin_with_are_the_same_at_every_run(tmp_path: Path):
    """Else the number of a case would not repeat it."""
    for files in (corpus.dicom_files, corpus.input_files):
        assert files(tmp_path / "a" / files.__name__) == files(tmp_path / "b" / files.__name__)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the cases run in forked processes")
@pytest.mark.parametrize("cases", [80, pytest.param(2000, marks=pytest.mark.endurance)])
def test_a_sample_of_the_cases_finds_nothing(cases: int):
    done = run(str(RUN), "--cases", str(cases), "--seconds", "150", "--seed", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "failed" in done.stdout


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the cases run in forked processes")
def test_the_watch_sees_exceptions_crashes_memory_and_hangs():
    done = run("-c", PLANTED.format(tests=str(RUN.parents[1])))
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines[:-1]] == ["1", "2", "3", "5"], (
        done.stdout + done.stderr
    )
    assert "KeyError" in lines[0]
    assert signal.SIGSEGV.name in lines[1]
    assert "MiB" in lines[2]
    assert "no end" in lines[3]
    assert lines[-1] in {"8 4", "8 5"}
