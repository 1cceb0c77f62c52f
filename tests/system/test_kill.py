"""kill -9 at any moment: no target, and the next write succeeds."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

import dicomseries as dcs

KILLS = 50
CODE = """
import sys, numpy as np, dicomseries as dcs
array = np.load(sys.argv[1], mmap_mode="r")
print("ready", flush=True)
dcs.write(array, sys.argv[2], kind="CT", spacing=(1, 2, 3))
"""


def visible(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def killed_write(array: Path, out: Path, delay: float) -> bool:
    """Start a write in a process of its own and kill it after `delay` s; return whether it was still at work."""
    source = Path(dcs.__file__).parents[1]
    process = subprocess.Popen(
        [sys.executable, "-c", CODE, str(array), str(out)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(source)},
    )
    with process:
        process.stdout.readline()
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
    return process.returncode == -signal.SIGKILL


def test_a_write_killed_at_50_random_moments_leaves_no_target_and_the_next_one_succeeds(tmp_path):
    volume = np.random.default_rng(0).integers(-1024, 3071, (160, 200, 210)).astype("int16")
    np.save(tmp_path / "volume.npy", volume)
    folder = tmp_path / "out"
    folder.mkdir()
    started = time.perf_counter()
    dcs.write(volume, folder / "whole", kind="CT", spacing=(1, 2, 3))
    usual = time.perf_counter() - started
    moments = random.Random(0)
    at_work = 0
    for index in range(KILLS):
        target = folder / f"series-{index}"
        if killed_write(tmp_path / "volume.npy", target, moments.uniform(0, usual)):
            at_work += 1
            # the very last moment, between the rename and the end of the process, shows a whole series
            assert not target.exists() or len(visible(target)) == len(volume)
    assert at_work >= KILLS // 2
    survivor = next(f"series-{i}" for i in range(KILLS) if not (folder / f"series-{i}").exists())
    dcs.write(volume, folder / survivor, kind="CT", spacing=(1, 2, 3))
    assert np.array_equal(dcs.read(folder / survivor).array, volume)
    assert not list(folder.glob(f".{survivor}.*"))
