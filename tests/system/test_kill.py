"""kill -9 at any moment: no target, and the next write succeeds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import dicomseries as dcs
from systems import not_on_windows

SHAPE = (120, 200, 210)
SPACING = (0.7, 0.9, 2.5)

# Forks a child for each try: one start of Python for all. A child reports the rename ahead;
# tries go on until enough of them were killed before that.
KILLER = """
import json, os, random, signal, sys, time
import numpy as np, dicomseries as dcs

write = dcs.write  # imported here, once for all children
array, out = np.load(sys.argv[1]), sys.argv[2]
kills, spacing = int(sys.argv[3]), json.loads(sys.argv[4])
moments, usual, early, late = random.Random(0), 1.0, [], []

def start(index):
    heard, said = os.pipe()
    child = os.fork()
    if child == 0:
        sys.addaudithook(lambda event, _: os.write(said, b"r") if event == "os.rename" else None)
        write(array, f"{out}/{index}", kind="CT", spacing=spacing)
        os._exit(0)
    os.close(said)
    return child, heard

for index in range(-3, 10 * kills):
    started = time.perf_counter()
    child, heard = start(index)
    if index < 0:
        os.waitpid(child, 0)
        # The least of three: the first is often slow.
        usual = min(usual, time.perf_counter() - started)
        assert os.read(heard, 1) == b"r"
        os.close(heard)
        continue
    time.sleep(moments.uniform(0, usual))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    (late if os.read(heard, 1) else early).append(index)
    os.close(heard)
    if len(early) == kills:
        break
print(json.dumps([early, late]))
"""


@not_on_windows("the writes run in forked processes")
@pytest.mark.parametrize("kills", [12, pytest.param(50, marks=pytest.mark.endurance)])
def test_a_write_killed_at_random_moments_leaves_no_target_and_the_next_one_succeeds(
    tmp_path, kills
):
    volume = np.random.default_rng(0).integers(-1024, 3071, SHAPE).astype("int16")
    np.save(tmp_path / "volume.npy", volume)
    out = tmp_path / "out"
    out.mkdir()
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            KILLER,
            tmp_path / "volume.npy",
            out,
            str(kills),
            json.dumps(SPACING),
        ],
        check=True,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(Path(dcs.__file__).parents[1])},
    )
    early, late = json.loads(done.stdout)
    assert len(early) == kills
    assert [index for index in early if (out / str(index)).exists()] == []
    # A kill after the rename has begun finds no target or the whole one.
    for index in late:
        if (out / str(index)).exists():
            assert np.array_equal(dcs.read(out / str(index)).array, volume)
    hidden = [path.name for path in out.iterdir() if path.name.startswith(".")]
    assert (
        len(hidden) > kills // 4
    )  # the kills came in the middle of the work, and left it out of sight

    again = early[-1]
    dcs.write(volume, out / str(again), kind="CT", spacing=SPACING)
    assert np.array_equal(dcs.read(out / str(again)).array, volume)
    assert not list(out.glob(f".{again}.*"))
