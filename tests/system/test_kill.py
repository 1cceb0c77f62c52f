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

# Forks a child for each try: one start of Python for all. A child reports the rename to the target
# ahead; tries go on until enough of them were killed before that, and enough of these in the middle
# of the work, which a busy machine begins later.
KILLER = """
import json, os, random, signal, sys, time
import numpy as np, dicomseries as dcs

out, kills, work = sys.argv[1], int(sys.argv[2]), sys.argv[3]
exec(work)  # defines write(out): here, once for all children
moments, usual, early, late = random.Random(0), 1.0, [], []

def hidden():
    return sum(name.startswith(".") for name in os.listdir(out))

def start(index):
    heard, said = os.pipe()
    child = os.fork()
    if child == 0:
        def hook(event, names):
            if event == "os.rename" and os.path.basename(os.fspath(names[1])) == str(index):
                os.write(said, b"r")

        sys.addaudithook(hook)
        write(f"{out}/{index}")
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
    if len(early) >= kills and hidden() > kills // 4:
        break
print(json.dumps([early, late]))
"""


SERIES = f"""
array, write_series = np.load({{source!r}}), dcs.write

def write(out):
    write_series(array, out, kind="CT", spacing={SPACING})
"""

RESULT = """
write_result = dcs.write_result

def write(out):
    write_result({source!r}, out, masks={masks!r}, measure=True, picture={{"slices": "key"}})

write({warm!r})  # imports what it needs
"""
PARTS = {"segmentation", "measurements", "picture"}


def killed_writes(out, kills, work):
    """Return the folders of writes killed before and after the rename began."""
    out.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", KILLER, out, str(kills), work],
        check=True,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(Path(dcs.__file__).parents[1])},
    )
    early, late = json.loads(done.stdout)
    assert len(early) >= kills
    hidden = [path.name for path in out.iterdir() if path.name.startswith(".")]
    # The kills came in the middle of the work, and left it out of sight.
    assert len(hidden) > kills // 4
    return [[out / str(index) for index in indices] for indices in (early, late)]


@not_on_windows("the writes run in forked processes")
@pytest.mark.parametrize("kills", [12, pytest.param(50, marks=pytest.mark.endurance)])
def test_a_write_killed_at_random_moments_leaves_no_target_and_the_next_one_succeeds(
    tmp_path, kills
):
    volume = np.random.default_rng(0).integers(-1024, 3071, SHAPE).astype("int16")
    np.save(tmp_path / "volume.npy", volume)
    work = SERIES.format(source=str(tmp_path / "volume.npy"))
    early, late = killed_writes(tmp_path / "out", kills, work)
    assert [target for target in early if target.exists()] == []
    # A kill after the rename has begun finds no target or the whole one.
    for target in late:
        if target.exists():
            assert np.array_equal(dcs.read(target).array, volume)

    again = early[-1]
    dcs.write(volume, again, kind="CT", spacing=SPACING)
    assert np.array_equal(dcs.read(again).array, volume)
    assert not list(again.parent.glob(f".{again.name}.*"))


@pytest.mark.endurance
@not_on_windows("the writes run in forked processes")
def test_a_result_killed_at_random_moments_is_there_with_all_its_series_or_not_at_all(tmp_path):
    pytest.importorskip("highdicom")
    shape = (40, 120, 130)
    image = np.random.default_rng(0).integers(-1024, 3071, shape).astype("int16")
    ct, masks = tmp_path / "ct", tmp_path / "masks.npy"
    dcs.write(image, ct, kind="CT", spacing=SPACING, metadata={"RescaleType": "HU"})
    labels = np.zeros(shape, "uint8")
    labels[5:20, 30:60, 40:80], labels[15:35, 50:100, 10:70] = 1, 2
    np.save(masks, labels)
    work = RESULT.format(source=str(ct), masks=str(masks), warm=str(tmp_path / "warm"))
    early, late = killed_writes(tmp_path / "out", 40, work)
    assert [target for target in early if target.exists()] == []
    for target in late:
        if target.exists():
            assert {path.name for path in target.iterdir()} == PARTS
            assert np.array_equal(dcs.read(target / "segmentation").array, labels)

    again = early[-1]
    receipt = dcs.write_result(ct, again, masks=masks, measure=True, picture={"slices": "key"})
    assert {path.name for path in again.iterdir()} == PARTS
    assert receipt.verified
    assert not list(again.parent.glob(f".{again.name}.*"))
