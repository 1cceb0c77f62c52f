"""Ctrl-C in the middle of a write."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import dicomseries as dcs
from warm_python import warm_python

SOURCE_TREE = {**os.environ, "PYTHONPATH": str(Path(dcs.__file__).parents[1])}
ARGUMENTS = [
    "write",
    "big.npy",
    "deep/out",
    "--kind",
    "ct",
    "--spacing",
    "1",
    "1",
    "2",
    "--workers",
    "1",
]

# The command line sends itself the signal of Ctrl-C after its third file.
PROGRAM = """
import os, signal, sys
from dicomseries.cli import main
from dicomseries.sinks.directory import DirectorySink

put = DirectorySink.put

def put_and_interrupt(self, name, chunks):
    path = put(self, name, chunks)
    if name == "0003.dcm":
        os.kill(os.getpid(), signal.SIGINT)
    return path

DirectorySink.put = put_and_interrupt
sys.exit(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends Ctrl-C to a whole console")
def test_ctrl_c_ends_with_one_line_and_nothing_left(tmp_path):
    sparse = tmp_path / "big.npy"
    np.lib.format.open_memmap(sparse, mode="w+", dtype="int16", shape=(400, 256, 256))
    process = subprocess.run(
        [warm_python(), "-c", PROGRAM, *ARGUMENTS],
        cwd=tmp_path,
        env=SOURCE_TREE,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert process.returncode == 130, process.stderr
    assert process.stdout == ""
    assert process.stderr == "note: interrupted; nothing is left behind\n"
    assert [path.name for path in tmp_path.iterdir()] == ["big.npy"]
