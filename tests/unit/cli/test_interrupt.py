"""Ctrl-C in the middle of a real write."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import dicomseries as dcs

SOURCE_TREE = {**os.environ, "PYTHONPATH": str(Path(dcs.__file__).parents[1])}
WORDS = [
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


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends Ctrl-C to a whole console")
def test_ctrl_c_ends_with_one_line_and_nothing_left(tmp_path):
    np.lib.format.open_memmap(
        tmp_path / "big.npy", mode="w+", dtype="int16", shape=(400, 512, 512)
    )  # sparse on disk
    process = subprocess.Popen(
        [sys.executable, "-m", "dicomseries", *WORDS],
        cwd=tmp_path,
        env=SOURCE_TREE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("deep/.out.partial-*/*")) and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert out == ""
    assert err == "note: interrupted; nothing is left behind\n"
    assert [path.name for path in tmp_path.iterdir()] == ["big.npy"]
