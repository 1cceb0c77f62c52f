"""kill -9 at any moment: no target, and the next write succeeds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

import dicomseries as dcs

KILLS = 50
SHAPE = (120, 200, 210)
SPACING = (0.7, 0.9, 2.5)

# Forks a child for each kill, so that 50 of them cost one start of Python.
KILLER = """
import json, os, random, signal, sys, time
import numpy as np, dicomseries as dcs

array, out, kills, spacing = np.load(sys.argv[1]), sys.argv[2], int(sys.argv[3]), json.loads(sys.argv[4])
moments, usual, at_work = random.Random(0), 1.0, []
for index in range(-3, kills):
    started = time.perf_counter()
    child = os.fork()
    if child == 0:
        dcs.write(array, f"{out}/{index}", kind="CT", spacing=spacing)
        os._exit(0)
    if index < 0:
        os.waitpid(child, 0)
        usual = min(usual, time.perf_counter() - started)  # the least of three: the first one is often held up
        continue
    time.sleep(moments.uniform(0, usual))
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        at_work.append(index)
print(json.dumps(at_work))
"""


def test_a_write_killed_at_50_random_moments_leaves_no_target_and_the_next_one_succeeds(tmp_path):
    volume = np.random.default_rng(0).integers(-1024, 3071, SHAPE).astype("int16")
    np.save(tmp_path / "volume.npy", volume)
    out = tmp_path / "out"
    out.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", KILLER, tmp_path / "volume.npy", out, str(KILLS), json.dumps(SPACING)],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(dcs.__file__).parents[1])},
    )
    killed = json.loads(done.stdout)
    assert len(killed) > KILLS // 2
    visible = {path.name for path in out.iterdir() if not path.name.startswith(".")}
    # Between the rename and its own end a write has a target, a whole one.
    late = [index for index in killed if str(index) in visible]
    assert len(late) < len(killed) // 4
    assert all(len(list((out / str(index)).iterdir())) == len(volume) for index in late)
    hidden = [path.name for path in out.iterdir() if path.name.startswith(".")]
    assert len(hidden) > KILLS // 4  # the kills came in the middle of the work, and left it out of sight

    again = next(index for index in killed if str(index) not in visible)
    dcs.write(volume, out / str(again), kind="CT", spacing=SPACING)
    assert np.array_equal(dcs.read(out / str(again)).array, volume)
    assert not list(out.glob(f".{again}.*"))
